//! How are many scripts played, counted and told of?

use crate::compare::{Verdict, compare, row};
use crate::kernel::{Cable, Grace, Kernel};
use crate::osier::Osier;
use crate::play::{Seen, play};
use crate::script::Script;
use crate::shrink::shrink;
use crate::world::Places;
use crate::{accepted::ACCEPTED, draw};
use std::fmt;
use std::ops::Range;
use std::process::ExitCode;

/// Scripts that fail before one process of a campaign stops.
const FAILURES_MAX: u64 = 8;

/// The mark of the line in which a process tells its counts.
const COUNTS: &str = "counts:";

/// What a campaign has come to.
#[derive(Clone, Debug, Default)]
pub(crate) struct Counts {
    pub(crate) scripts: u64,
    pub(crate) failed: u64,
    steps: u64,
    /// Scripts that were played a second time, more slowly, and did not differ then.
    again: u64,
    /// Scripts that were compared up to a bulk call that left text on its way.
    left: u64,
    known: Vec<u64>,
}

impl Counts {
    fn add(&mut self, verdict: &Verdict) {
        self.scripts += 1;
        self.steps += verdict.steps as u64;
        self.failed += u64::from(!verdict.unknown.is_empty());
        self.left += verdict.left;
        self.known.resize(ACCEPTED.len(), 0);
        for row in &verdict.known {
            self.known[*row] += 1;
        }
    }

    /// Adds what a process told of itself; `false`: it is a line for the reader.
    pub(crate) fn add_line(&mut self, line: &str) -> bool {
        let Some(line) = line.strip_prefix(COUNTS) else { return false };
        let mut numbers = line.split_whitespace().map(|n| n.parse::<u64>().expect("a number"));
        let mut next = || numbers.next().unwrap_or(0);
        self.scripts += next();
        self.failed += next();
        self.steps += next();
        self.again += next();
        self.left += next();
        self.known.resize(ACCEPTED.len(), 0);
        self.known.iter_mut().for_each(|known| *known += next());
        true
    }

    fn tell(&self) {
        let Counts { scripts, failed, steps, again, left, .. } = self;
        let known: Vec<String> = self.known.iter().map(u64::to_string).collect();
        println!("{COUNTS} {scripts} {failed} {steps} {again} {left} {}", known.join(" "));
    }
}

impl fmt::Display for Counts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "{} scripts, {} calls compared, {} scripts differ; {} looked different until the \
             kernel was given more time; {} were compared up to text left on its way",
            self.scripts, self.steps, self.failed, self.again, self.left
        )?;
        for (row, met) in ACCEPTED.iter().zip(&self.known) {
            writeln!(f, "{met:>8} times a known difference: {}", row.name)?;
        }
        Ok(())
    }
}

/// Plays a script on both, and compares.
fn both(cable: &mut Cable, script: &Script, grace: Grace) -> (Vec<Seen>, Vec<Seen>, Verdict) {
    let (subject, peer, port) = cable.places(script.wire);
    let places = Places { wire: script.wire, subject, peer, port };
    let kernel = play(script, places, Kernel::new(cable, peer, grace));
    let osier = std::panic::catch_unwind(|| play(script, places, Osier::new(subject, 1)));
    let panicked = |_| vec![Seen::of_a_panic(); script.steps.len()];
    let osier = osier.unwrap_or_else(panicked);
    let verdict = compare(script, &kernel, &osier);
    (kernel, osier, verdict)
}

/// Plays the scripts of these seeds.
pub(crate) fn play_many(cable: &mut Cable, seeds: Range<u64>) -> ExitCode {
    let mut counts = Counts::default();
    for seed in seeds {
        let script = draw::script(seed);
        let (_, _, mut verdict) = both(cable, &script, Grace::SHORT);
        if !verdict.unknown.is_empty() {
            verdict = both(cable, &script, Grace::LONG).2;
            counts.again += u64::from(verdict.unknown.is_empty());
        }
        counts.add(&verdict);
        if !verdict.unknown.is_empty() {
            let least = shrink(&script, |less| differs(cable, less));
            write_down(cable, seed, &least);
        }
        if counts.failed >= FAILURES_MAX {
            println!("seed {seed}: too many differences, the rest is not played");
            break;
        }
    }
    counts.tell();
    ExitCode::SUCCESS
}

/// Whether a script differs, and does so again when the kernel is given time.
fn differs(cable: &mut Cable, script: &Script) -> bool {
    let differs = |cable: &mut Cable, grace| !both(cable, script, grace).2.unknown.is_empty();
    differs(cable, Grace::SHORT) && differs(cable, Grace::LONG)
}

/// Plays one script, `SEED` or `SEED:CALL,CALL…`, and writes it down.
pub(crate) fn play_one(cable: &mut Cable, one: &str) -> ExitCode {
    let (seed, calls) = one.split_once(':').map_or((one, None), |(a, b)| (a, Some(b)));
    let seed = seed.parse().expect("OSIER_SCRIPT is a seed");
    let mut script = draw::script(seed);
    if let Some(calls) = calls {
        let calls: Vec<u16> = calls.split(',').map(|n| n.parse().expect("a number")).collect();
        script.steps.retain(|step| calls.contains(&step.number));
    }
    let differs = write_down(cable, seed, &script);
    if differs { ExitCode::FAILURE } else { ExitCode::SUCCESS }
}

/// Tells a script, what came of each call, and how to play it again. Whether it differs.
fn write_down(cable: &mut Cable, seed: u64, script: &Script) -> bool {
    let (kernel, osier, verdict) = both(cable, script, Grace::LONG);
    println!("\nscript {seed}, {:?}:", script.wire);
    for (at, step) in script.steps.iter().enumerate() {
        println!("{step}");
        for (item, kernel) in &kernel[at].items {
            let ours = osier[at].items.iter().find(|(other, _)| other == item);
            let ours = ours.map_or("-", |(_, ours)| ours.as_str());
            if kernel == ours {
                println!("        {item:?}: {kernel}");
            } else {
                println!("    >>> {item:?}: kernel {kernel}, osier {ours}");
            }
        }
        if at + 1 == verdict.steps && !verdict.unknown.is_empty() {
            break;
        }
    }
    for known in &verdict.known {
        println!("    known: {}: {}", row(*known).name, row(*known).reason);
    }
    let calls: Vec<String> = script.steps.iter().map(|step| step.number.to_string()).collect();
    println!(
        "again: OSIER_SCRIPT={seed}:{} cargo test -p osier-posix --test differential\n",
        calls.join(",")
    );
    !verdict.unknown.is_empty()
}
