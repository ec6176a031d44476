//! Do the documents still tell the truth, as far as a test can see?
//!
//! Held here: what a document names exists; every `Linux differs` of the code stands in the table
//! of ARCHITECTURE; README tells of each command what the command line tells of it; links lead
//! somewhere; no text speaks of one particular machine. What a sentence means needs a reader.
#![forbid(unsafe_code)]

#[path = "tidy/rule.rs"]
mod rule;

use rule::{Place, Rule, hold};
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

/// The map of the project.
const ARCHITECTURE: &str = "docs/ARCHITECTURE.md";

/// A map that is longer than this is not read.
const ARCHITECTURE_MAX: usize = 200;

/// Every text of the project, by its path from the root.
static TEXTS: LazyLock<BTreeMap<String, String>> = LazyLock::new(read_project);

const NAMES: Rule = Rule {
    says: "What a document names exists.",
    why: "A map that shows a street which is gone is worse than none.",
    remedy: "Correct the document with the code. `osier-tcp/x.rs: f` means `fn f` in \
             crates/osier-tcp/src/x.rs, which may be written out, as tests/ must be; a path from \
             the root is taken as it is.",
};

const LENGTH: Rule = Rule {
    says: "ARCHITECTURE.md has at most 200 lines.",
    why: "It is read in one sitting, or not at all.",
    remedy: "Move details into the `//!` of the file that they are about.",
};

const LINKS: Rule = Rule {
    says: "Every link within the project leads to a file, and to a heading of it.",
    why: "A reader who follows it finds nothing.",
    remedy: "Correct the link. A heading's anchor is its words in lower case joined by `-`.",
};

const DEVIATIONS: Rule = Rule {
    says: "Every `Linux differs` in the code has its row under \"Limits and deviations\".",
    why: "Where we leave the RFC, users shall read it in one place.",
    remedy: "Add a row to the table of docs/ARCHITECTURE.md, or take the stale one out: as many \
             rows for a file as the file has marks.",
};

const COMMANDS: Rule = Rule {
    says: "README says `works` of the commands that are built and `planned` of the others.",
    why: "A README that promises more than there is costs trust once, for good.",
    remedy: "Correct the table of commands in README.md, or the `(not built yet)` in \
             crates/osier-cli/src/main.rs.",
};

const MACHINES: Rule = Rule {
    says: "No text speaks of one particular machine or of a host that readers cannot open.",
    why: "What works only where it was written does not work.",
    remedy: "Use a path from the root of the project; a new public host goes into HOSTS here.",
};

#[test]
fn what_a_document_names_exists() {
    let named = documents().flat_map(|(name, text)| missing(name, text));
    // The tests of tidy have made-up trees in them.
    let code = TEXTS.iter().filter(|(name, _)| !name.ends_with(".md") && !name.contains("/tidy/"));
    let unwritten = code.flat_map(|(name, text)| unwritten(name, text));
    hold(&NAMES, named.chain(unwritten).collect());
}

#[test]
fn the_architecture_is_short_enough_to_be_read() {
    let lines = TEXTS[ARCHITECTURE].lines().count();
    let too_long = (lines > ARCHITECTURE_MAX).then(|| format!("{lines} lines"));
    hold(&LENGTH, too_long.map(|what| Place::new(ARCHITECTURE, lines, what)).into_iter().collect());
}

#[test]
fn every_link_leads_somewhere() {
    hold(&LINKS, documents().flat_map(|(name, text)| dead_links(name, text)).collect());
}

#[test]
fn every_deviation_is_told() {
    let code = TEXTS.iter().filter(|(name, _)| name.starts_with("crates/") && !is_test(name));
    let marks = code.flat_map(|(name, text)| {
        text.lines().filter(|line| line.contains("Linux differs")).map(|_| name.clone())
    });
    let rows = TEXTS[ARCHITECTURE].lines().filter_map(row_of_deviation);
    hold(&DEVIATIONS, unequal(&marks.collect::<Vec<_>>(), &rows.collect::<Vec<_>>()));
}

#[test]
fn the_readme_tells_of_each_command_what_the_command_line_tells() {
    let code = built(&TEXTS["crates/osier-cli/src/main.rs"]);
    assert!(code.len() > 5, "the commands were found in main.rs: {code:?}");
    hold(&COMMANDS, untrue(&code, &TEXTS["README.md"]));
}

#[test]
fn no_text_speaks_of_one_machine() {
    hold(&MACHINES, TEXTS.iter().flat_map(|(name, text)| machine_words(name, text)).collect());
}

/// Markdown, by name.
fn documents() -> impl Iterator<Item = (&'static str, &'static str)> {
    let pairs = TEXTS.iter().map(|(name, text)| (name.as_str(), text.as_str()));
    pairs.filter(|(name, _)| name.ends_with(".md"))
}

fn is_test(name: &str) -> bool {
    name.contains("/tests/") || name.ends_with("/tests.rs")
}

fn numbered(text: &str) -> impl Iterator<Item = (usize, &str)> {
    (1..).zip(text.lines())
}

/// Files and functions that a document names and the project does not have.
fn missing(document: &str, text: &str) -> Vec<Place> {
    let mut places = Vec::new();
    let mut fenced = false;
    for (line, words) in numbered(text) {
        fenced ^= words.starts_with("```");
        let spans = words.split('`').skip(1).step_by(2).filter(|_| !fenced);
        for span in spans {
            let (path, function) = span.split_once(": ").unwrap_or((span, ""));
            let Some(path) = path_of(path) else { continue };
            if let Err(what) = find(&path, function) {
                places.push(Place::new(document, line, what));
            }
        }
    }
    places
}

/// The path from the root that a code span names, if it names one.
fn path_of(span: &str) -> Option<String> {
    let plain = |c: char| c.is_ascii_alphanumeric() || "/._-".contains(c);
    let (first, rest) = span.split_once('/')?;
    if !span.chars().all(plain) || rest.contains("..") {
        return None;
    }
    match first {
        "crates" | "docs" | "xtask" | "fuzz" => Some(span.to_owned()),
        _ if !first.starts_with("osier") => None,
        _ if rest.starts_with("src/") || rest.starts_with("tests/") => {
            Some(format!("crates/{span}"))
        }
        _ => Some(format!("crates/{first}/src/{rest}")),
    }
}

fn find(path: &str, function: &str) -> Result<(), String> {
    if path.ends_with('/') {
        let inside = TEXTS.keys().any(|name| name.starts_with(path));
        return inside.then_some(()).ok_or(format!("there is no folder {path}"));
    }
    let text = TEXTS.get(path).ok_or(format!("there is no file {path}"))?;
    let defines = |line: &str| {
        let after = line.split("fn ").nth(1).and_then(|rest| rest.strip_prefix(function));
        after.is_some_and(|rest| rest.starts_with(['(', '<']))
    };
    let found = function.is_empty() || text.lines().any(defines);
    found.then_some(()).ok_or(format!("{path} has no function `{function}`"))
}

/// Documents that code sends a reader to and that nobody has written.
fn unwritten(file: &str, text: &str) -> Vec<Place> {
    let folder = ["docs", "/"].concat();
    let mut places = Vec::new();
    for (line, words) in numbered(text) {
        for rest in words.split(&folder).skip(1) {
            let end = rest.find(|c: char| !(c.is_ascii_alphanumeric() || "/._-".contains(c)));
            let path = folder.clone() + rest[..end.unwrap_or(rest.len())].trim_end_matches('.');
            if path.ends_with(".md") && !TEXTS.contains_key(&path) {
                places.push(Place::new(file, line, format!("there is no {path}")));
            }
        }
    }
    places
}

/// Links of a document, `[…](target)` and `[…]: target`, that lead nowhere.
fn dead_links(document: &str, text: &str) -> Vec<Place> {
    let folder = document.rsplit_once('/').map_or("", |(folder, _)| folder);
    let mut places = Vec::new();
    for (line, words) in numbered(text) {
        let inline = words.split("](").skip(1).filter_map(|rest| rest.split(')').next());
        let below = words.split_once("]: ").filter(|_| words.starts_with('[')).map(|pair| pair.1);
        for target in inline.chain(below).filter(|target| !target.contains("://")) {
            let (path, anchor) = target.split_once('#').unwrap_or((target, ""));
            let file = if path.is_empty() { document.to_owned() } else { join(folder, path) };
            let known = TEXTS.get(&file);
            let there = known.is_some_and(|text| anchor.is_empty() || has_heading(text, anchor));
            if !there {
                places.push(Place::new(document, line, format!("{target} leads nowhere")));
            }
        }
    }
    places
}

fn join(folder: &str, path: &str) -> String {
    let mut parts: Vec<&str> = folder.split('/').filter(|part| !part.is_empty()).collect();
    for part in path.split('/') {
        match part {
            ".." => drop(parts.pop()),
            "." => {}
            part => parts.push(part),
        }
    }
    parts.join("/")
}

fn has_heading(text: &str, anchor: &str) -> bool {
    let slug = |heading: &str| {
        let kept = heading.trim().chars().filter(|c| c.is_alphanumeric() || " -_".contains(*c));
        kept.collect::<String>().to_lowercase().replace(' ', "-")
    };
    text.lines().filter(|line| line.starts_with('#')).any(|line| {
        let heading = line.trim_start_matches('#');
        slug(heading) == anchor
    })
}

/// The file that a row of the table of deviations is about.
fn row_of_deviation(line: &str) -> Option<String> {
    let cells: Vec<&str> = line.split('|').map(str::trim).collect();
    let [_, first, rfc, ours, _] = cells[..] else { return None };
    let path = path_of(first.strip_prefix('`')?.strip_suffix('`')?)?;
    (!rfc.is_empty() && !ours.is_empty()).then_some(path)
}

/// Files that stand more often in one list than in the other.
fn unequal(marks: &[String], rows: &[String]) -> Vec<Place> {
    let count = |list: &[String], file: &String| list.iter().filter(|one| *one == file).count();
    let files = marks.iter().chain(rows);
    let places = files.filter_map(|file| {
        let (in_code, told) = (count(marks, file), count(rows, file));
        let what = format!("{in_code} × `Linux differs`, {told} rows in {ARCHITECTURE}");
        (in_code != told).then(|| Place::new(file, 1, what))
    });
    places.collect()
}

/// Each subcommand of main.rs, in lower case, and whether it is built.
fn built(main: &str) -> Vec<(String, bool)> {
    let body = main.split("enum Command {").nth(1).and_then(|rest| rest.split('}').next());
    let mut commands = Vec::new();
    let mut is_built = true;
    for line in body.unwrap_or_default().lines().map(str::trim) {
        match line.split_once('(') {
            Some((name, _)) if !line.starts_with("//") => {
                commands.push((name.to_lowercase(), std::mem::replace(&mut is_built, true)));
            }
            _ => is_built &= !line.contains("(not built yet)"),
        }
    }
    commands
}

/// Commands of which README says something else, or nothing.
fn untrue(commands: &[(String, bool)], readme: &str) -> Vec<Place> {
    let mut places = Vec::new();
    for (name, is_built) in commands {
        let state = if *is_built { "works" } else { "planned" };
        let first = format!("| `osier {name}` |");
        let row = numbered(readme).find(|(_, line)| line.starts_with(&first));
        let (line, told) = row.unwrap_or((1, ""));
        if !told.ends_with(&format!("| {state} |")) {
            places.push(Place::new("README.md", line, format!("`osier {name}`: {state}")));
        }
    }
    places
}

/// Hosts that a reader may be sent to: public ones, and addresses of our own examples.
const HOSTS: [&str; 10] = [
    "github.com",
    "keepachangelog.com",
    "semver.org",
    "www.apache.org",
    "www.rfc-editor.org",
    // The name spaces of SVG and XHTML, which nobody follows.
    "www.w3.org",
    "datatracker.ietf.org",
    "localhost",
    "10.71.0.2",
    "127.0.0.1",
];

/// Folders of one user or one machine, in two halves: this file does not name them either.
const FOLDERS: [[&str; 2]; 4] = [["/ho", "me/"], ["/ro", "ot/"], ["/Us", "ers/"], ["/wo", "rk/"]];

fn machine_words(name: &str, text: &str) -> Vec<Place> {
    let mut places = Vec::new();
    let folders = FOLDERS.map(|halves| halves.concat());
    for (line, words) in numbered(text) {
        let folder = folders.iter().find(|folder| words.contains(*folder));
        places.extend(folder.map(|folder| Place::new(name, line, format!("names {folder}"))));
        for rest in words.split("://").skip(1).filter(|_| words.contains("http")) {
            let end = rest.find(|c: char| !(c.is_ascii_alphanumeric() || ".-".contains(c)));
            let host = &rest[..end.unwrap_or(rest.len())];
            if !host.is_empty() && !HOSTS.contains(&host) && !host.ends_with(".example") {
                places.push(Place::new(name, line, format!("sends a reader to {host}")));
            }
        }
    }
    places
}

fn read_project() -> BTreeMap<String, String> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("xtask has a parent");
    let mut texts = BTreeMap::new();
    let mut folders = vec![PathBuf::new()];
    while let Some(folder) = folders.pop() {
        let entries = fs::read_dir(root.join(&folder)).expect("a folder of the project");
        for entry in entries.flatten() {
            let path = folder.join(entry.file_name());
            let name = entry.file_name();
            if entry.path().is_dir() {
                let made = ["target", ".git", "corpus", "artifacts"].iter().any(|n| name == **n);
                folders.extend((!made).then_some(path));
            } else if let Ok(text) = fs::read_to_string(entry.path()) {
                texts.insert(path.to_string_lossy().into_owned(), text);
            }
        }
    }
    texts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_a_function_and_a_folder_that_are_gone_are_noticed() {
        let gone = "`osier-tcp/gone.rs` `osier-tcp/transmit.rs: gone` `osier-tcp/gone/`";
        assert_eq!(missing("x.md", gone).len(), 3);
        assert_eq!(missing("x.md", "`osier-tcp/transmit.rs: next`, `xtask/src/`"), []);
        assert_eq!(missing("x.md", "`a/b` `crates/*/src` `cargo run -p x`"), []);
    }

    #[test]
    fn a_document_that_code_names_and_nobody_wrote_is_noticed() {
        let folder = ["docs", "/"].concat();
        let code = format!("//! See `{folder}gone.md` and {folder}STYLE.md.");
        assert_eq!(unwritten("x.rs", &code).len(), 1);
    }

    #[test]
    fn a_word_inside_a_longer_name_is_no_function() {
        assert!(find("crates/osier-tcp/src/transmit.rs", "nex").is_err());
    }

    #[test]
    fn a_dead_link_and_a_dead_anchor_are_noticed() {
        let text = "[a](docs/STYLE.md) [b](docs/STYLE.md#a-file) [c](https://github.com/x)";
        assert_eq!(dead_links("README.md", text), []);
        assert_eq!(dead_links("docs/STYLE.md", "[a](../README.md)"), []);
        assert_eq!(dead_links("README.md", "[a](STYLE.md)").len(), 1);
        assert_eq!(dead_links("README.md", "[a](docs/STYLE.md#no-such-heading)").len(), 1);
    }

    #[test]
    fn a_deviation_without_a_row_and_a_row_without_a_deviation_are_noticed() {
        let row = row_of_deviation("| `osier-tcp/timeout.rs` | says | does |").unwrap();
        assert_eq!(row, "crates/osier-tcp/src/timeout.rs");
        assert_eq!(row_of_deviation("| `osier-tcp/timeout.rs` | only two |"), None);
        let one = std::slice::from_ref(&row);
        assert!(unequal(one, one).is_empty());
        assert!(!unequal(&[row.clone(), row.clone()], one).is_empty());
        assert!(!unequal(&[], one).is_empty());
    }

    #[test]
    fn a_promise_that_is_not_kept_is_noticed() {
        let main = "enum Command {\n /// Serve\n Serve(A),\n /// Lab (not built yet)\n Lab(R),\n}";
        let commands = built(main);
        assert_eq!(commands, [("serve".to_owned(), true), ("lab".to_owned(), false)]);
        let true_table = "| `osier serve` | x | works |\n| `osier lab` | y | planned |";
        assert_eq!(untrue(&commands, true_table), []);
        assert_eq!(untrue(&commands, &true_table.replace("planned", "works")).len(), 1);
        assert_eq!(untrue(&commands, "").len(), 2);
    }

    #[test]
    fn a_folder_of_one_machine_and_an_unknown_host_are_noticed() {
        let folder = format!("cd {}me/x", "/ho");
        assert_eq!(machine_words("a.md", &folder).len(), 1);
        let mirror = ["https", "://", "mirror.internal/x"].concat();
        assert_eq!(machine_words("a.toml", &mirror).len(), 1);
        assert_eq!(machine_words("a.rs", "\"http://{host}/\" https://github.com/x"), []);
    }
}
