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

/// Whether what a script waits for may come at once, without any delay.
fn passes_at_once(time: &str) -> bool {
    let source = format!(
        "0 socket(..., SOCK_STREAM, IPPROTO_TCP) = 3\n+0 bind(3, ..., ...) = 0\n\
         +0 listen(3, 1) = 0\n+0 < S 0:0(0) win 1000 <mss 1000>\n{time} > S. 0:0(0) ack 1 <...>"
    );
    let verdict = against_osier(&source, Config::new(Over::V4), &mut |_| None);
    matches!(verdict, Verdict::Passed(_))
}

#[test]
fn what_leaves_at_once_is_not_what_was_expected_as_much_later_as_the_tolerance() {
    assert!(passes_at_once("+.003"));
    assert!(!passes_at_once("+.004") && !passes_at_once("+.004~+.008"));
    assert!(passes_at_once("+0~+.008"));
}
