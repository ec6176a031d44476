//! Does osier do what our own scripts say? `scripts/<subject>/*.pkt`, by the headings of the RFCs.
//!
//! Each names its section in its head, runs over IPv4, IPv6 and mapped addresses unless its name
//! says otherwise, and fails against a stack that does nothing.

mod deaf_stack;

use deaf_stack::Deaf;
use osier_drill::config::{Config, Over};
use osier_drill::drill::{Verdict, against, against_osier, can_fail, said_over, versions};
use osier_drill::osier::Osier;
use osier_drill::report;
use std::path::{Path, PathBuf};

/// As many as there are at least: a directory that is not found must not look like success.
const SCRIPTS_MIN: usize = 200;

fn scripts() -> Vec<(PathBuf, String)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("scripts");
    let mut found = Vec::new();
    for subject in std::fs::read_dir(root).expect("the scripts are beside the tests") {
        for file in std::fs::read_dir(subject.unwrap().path()).unwrap() {
            let path = file.unwrap().path();
            let text = std::fs::read_to_string(&path).unwrap();
            found.push((path, text));
        }
    }
    found.sort();
    assert!(found.len() >= SCRIPTS_MIN, "{} scripts", found.len());
    found
}

fn runs() -> impl Iterator<Item = (String, String, Over)> {
    scripts().into_iter().flat_map(|(path, text)| {
        let name = path.display().to_string();
        let overs = versions(&name, said_over(&text));
        overs.into_iter().map(move |over| (name.clone(), text.clone(), over))
    })
}

#[test]
fn osier_passes_every_script() {
    let mut failed = Vec::new();
    for (name, text, over) in runs() {
        match against_osier(&text, Config::new(over), &mut |_| None) {
            Verdict::Passed(_) => {}
            Verdict::Failed(run, failure) => failed.push(format!(
                "[{}] {}{}",
                over.name(),
                report::failure(&name, &failure),
                report::verbose(&run.trace)
            )),
            Verdict::Refused(error) => failed.push(format!("[{}] {name}:{error}\n", over.name())),
        }
    }
    assert!(failed.is_empty(), "{} runs failed\n{}", failed.len(), failed.join("\n"));
}

#[test]
fn a_stack_that_does_nothing_fails_every_script() {
    for (name, text, over) in runs() {
        let verdict = against(&text, Config::new(over), &mut |_| None, |_| Deaf::new());
        assert!(matches!(verdict, Verdict::Failed(..)), "{name}: {verdict:?}");
    }
}

#[test]
fn scripts_that_must_fail_fail() {
    for over in Over::ALL {
        assert!(can_fail(over, Osier::new));
        assert!(!can_fail(over, |_| Deaf::new()), "a deaf stack fails, but not where it must");
    }
}

#[test]
fn every_script_says_which_section_it_is_about() {
    for (path, text) in scripts() {
        let head: String = text.lines().take_while(|line| line.starts_with("//")).collect();
        assert!(head.contains("RFC ") && head.contains('§'), "{}", path.display());
    }
}
