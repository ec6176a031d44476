//! Does anything in a script panic us? Our own scripts with words and characters lost, doubled,
//! exchanged, and numbers made extreme: read, planned and run, whatever comes of it.
//!
//! A few thousand in `cargo test`; a million with
//! `cargo test --release -p osier-drill --test mutations -- --ignored`.

use osier_drill::config::{Config, Over};
use osier_drill::drill::against_osier;
use std::path::Path;

/// Mutations in an ordinary run.
const FEW: u64 = 1_500;

/// Mutations on record.
const MANY: u64 = 1_000_000;

/// Numbers that lie at an edge of something.
const EXTREMES: [&str; 12] = [
    "0",
    "-1",
    "1",
    "255",
    "256",
    "65535",
    "65536",
    "4294967295",
    "4294967296",
    "9223372036854775807",
    "99999999999999999999",
    "0xffffffff",
];

/// Words that belong somewhere.
const WORDS: [&str; 24] = [
    "...",
    "<...>",
    "~",
    "*",
    "+",
    "`",
    "\"",
    "%{",
    "}%",
    "{",
    "}",
    "[",
    "]",
    "(",
    ")",
    "//",
    "/*",
    "ack",
    "win",
    "urg",
    "sack 1:2",
    "TS val 1 ecr 2",
    "SOL_TCP",
    "é",
];

/// A small generator (xorshift64*), so that a seed is a mutation.
struct Lots(u64);

impl Lots {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d)
    }

    fn below(&mut self, n: usize) -> usize {
        (self.next() % n.max(1) as u64) as usize
    }
}

fn scripts() -> Vec<String> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("scripts");
    let mut found = Vec::new();
    for subject in std::fs::read_dir(root).unwrap() {
        for file in std::fs::read_dir(subject.unwrap().path()).unwrap() {
            found.push(std::fs::read_to_string(file.unwrap().path()).unwrap());
        }
    }
    found.sort();
    found
}

/// Pieces of a script: words, numbers, blanks, marks.
fn pieces(text: &str) -> Vec<String> {
    let mut pieces: Vec<String> = Vec::new();
    let mut last = None;
    for c in text.chars() {
        let class = (c.is_alphabetic() || c == '_', c.is_numeric(), c.is_whitespace());
        match pieces.last_mut() {
            Some(piece) if last == Some(class) && class != (false, false, false) => piece.push(c),
            _ => pieces.push(c.to_string()),
        }
        last = Some(class);
    }
    pieces
}

fn mutate(text: &str, other: &str, lots: &mut Lots) -> String {
    let mut all = pieces(text);
    for _ in 0..=lots.below(4) {
        let at = lots.below(all.len());
        let to = lots.below(all.len());
        match lots.below(8) {
            0 => drop(all.remove(at)),
            1 => all.insert(at, all[to].clone()),
            2 => all.swap(at, to),
            3 => all[at] = EXTREMES[lots.below(EXTREMES.len())].to_owned(),
            4 => all[at] = WORDS[lots.below(WORDS.len())].to_owned(),
            5 => all.truncate(at.max(1)),
            6 => {
                let borrowed = pieces(other);
                let from = lots.below(borrowed.len());
                all.splice(at..at, borrowed[from..].iter().take(20).cloned());
            }
            _ => {
                let numbers: Vec<usize> = (0..all.len())
                    .filter(|n| all[*n].starts_with(|c: char| c.is_ascii_digit()))
                    .collect();
                let Some(at) = numbers.get(lots.below(numbers.len())) else { continue };
                all[*at] = EXTREMES[lots.below(EXTREMES.len())].to_owned();
            }
        }
        if all.is_empty() {
            break;
        }
    }
    all.concat()
}

fn try_mutations(count: u64) {
    let scripts = scripts();
    for seed in 1..=count {
        let mut lots = Lots(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15));
        let text = &scripts[lots.below(scripts.len())];
        let other = &scripts[lots.below(scripts.len())];
        let mutated = mutate(text, other, &mut lots);
        let over = Over::ALL[lots.below(Over::ALL.len())];
        let run = || against_osier(&mutated, Config::new(over), &mut |_| None);
        let outcome = std::panic::catch_unwind(run);
        assert!(outcome.is_ok(), "mutation {seed} over {}:\n{mutated}", over.name());
    }
}

#[test]
fn no_mutated_script_panics() {
    try_mutations(FEW);
}

#[test]
#[ignore = "minutes"]
fn no_mutated_script_of_a_million_panics() {
    try_mutations(MANY);
}
