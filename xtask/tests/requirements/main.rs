//! Is every requirement of the RFCs proven by a test, or excepted with a reason?
//!
//! Each page of `docs/rfc/` has a table for one RFC: what it asks of a host, in our words, and the
//! test that proves that osier does it. Held here: no requirement of RFC 9293 is missing, no row is
//! without a proof or a reason, every named test exists and runs, and the counts of the index are
//! right. Whether a test proves what its row says needs a reader.
#![forbid(unsafe_code)]

mod page;
mod proof;
mod rfc9293;
#[path = "../tidy/rule.rs"]
mod rule;

use page::Row;
use proof::Tests;
use rule::{Place, Rule, hold};
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

/// Where the pages lie.
const FOLDER: &str = "docs/rfc";

/// The page that lists the others, with their counts.
const INDEX: &str = "docs/rfc/README.md";

/// The pages by their RFC's number, as path and text.
static PAGES: LazyLock<BTreeMap<u16, (String, String)>> = LazyLock::new(read_pages);

const FORM: Rule = Rule {
    says: "Each row of docs/rfc is `| id | requirement | profile | proof |`.",
    why: "A row that is not understood is a requirement that nobody watches.",
    remedy: "The profile is `linux`, `rfc` or `both`. The proof is `crate/path.rs: test_name` in \
             backticks, several joined by commas; or `drill: crates/…/name.pkt` in backticks; or \
             exception: and the reason, in at least four words.",
};

const IDS: Rule = Rule {
    says: "Each requirement stands in its page once, or once for each profile.",
    why: "Of two rows that say the same, one will be out of date.",
    remedy: "Where RFC 9293 lists an id more than once, tell the rows apart: `MUST-15 (IPv4)`. \
             Elsewhere an id is its section and a number: `§3.2-1`. A row for `rfc` alone needs a \
             row for `linux` with the test that pins the difference, and the other way round.",
};

const COMPLETE: Rule = Rule {
    says: "docs/rfc/9293.md has MUST-1 to 69, SHLD-1 to 31, MAY-1 to 18 and REC-1.",
    why: "What is not listed is not watched.",
    remedy: "Write the row, with the test that proves it or with an honest exception.",
};

const PROOFS: Rule = Rule {
    says: "Every test that docs/rfc names exists and is run by a plain `cargo test`.",
    why: "A proof that is gone, or never runs, proves nothing.",
    remedy: "`osier-tcp/tests/close.rs: name` is `fn name` with #[test] (and without #[ignore]) in \
             crates/osier-tcp/tests/close.rs. Name the test as it is called now, or another that \
             proves the same, or write it.",
};

const COUNTS: Rule = Rule {
    says: "docs/rfc/README.md lists each page with how many rows are proven and excepted.",
    why: "It is the one figure that readers quote.",
    remedy: "Write the row as it is given here.",
};

#[test]
fn every_row_is_understood() {
    let places = PAGES.values().flat_map(|(name, text)| page::misread(name, text));
    hold(&FORM, places.collect());
}

#[test]
fn every_requirement_stands_once() {
    let mut places = Vec::new();
    for (rfc, (name, rows)) in rows() {
        places.extend(page::doubled(&name, &rows));
        places.extend(page::unpinned(&name, &rows));
        places.extend(match rfc {
            9293 => rfc9293::unknown(&name, &rows),
            _ => page::without_a_section(&name, &rows),
        });
    }
    hold(&IDS, places);
}

#[test]
fn no_requirement_of_rfc_9293_is_missing() {
    let pages = rows();
    let (name, rows) = &pages[&9293];
    hold(&COMPLETE, rfc9293::missing(name, rows));
}

#[test]
fn every_proof_exists_and_runs() {
    let tests = Tests::of_this_project();
    let mut places = Vec::new();
    for (name, rows) in rows().values() {
        places.extend(rows.iter().flat_map(|row| tests.dead(name, row)));
    }
    hold(&PROOFS, places);
}

#[test]
fn the_index_counts_right() {
    let index = fs::read_to_string(root().join(INDEX)).unwrap_or_default();
    let mut places = Vec::new();
    for (rfc, (_, rows)) in rows() {
        let expected = page::line_of_index(rfc, &rows);
        if !index.lines().any(|line| line.starts_with(&expected)) {
            places.push(Place::new(INDEX, 1, format!("a row should start {expected}")));
        }
    }
    for (line, rfc) in page::listed(&index) {
        if !PAGES.contains_key(&rfc) {
            places.push(Place::new(INDEX, line, format!("there is no {FOLDER}/{rfc}.md")));
        }
    }
    hold(&COUNTS, places);
}

/// The rows of each page.
fn rows() -> BTreeMap<u16, (String, Vec<Row>)> {
    let read = |(name, text): &(String, String)| (name.clone(), page::rows(text));
    PAGES.iter().map(|(rfc, page)| (*rfc, read(page))).collect()
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("xtask has a parent").to_owned()
}

fn read_pages() -> BTreeMap<u16, (String, String)> {
    let entries = fs::read_dir(root().join(FOLDER)).expect("docs/rfc");
    let page = |entry: fs::DirEntry| {
        let name = entry.file_name().into_string().ok()?;
        let rfc = name.strip_suffix(".md")?.parse().ok()?;
        let text = fs::read_to_string(entry.path()).ok()?;
        Some((rfc, (format!("{FOLDER}/{name}"), text)))
    };
    entries.flatten().filter_map(page).collect()
}
