//! What a broken rule says: the rule, why it exists, what to do, and each place.

use std::fmt::Write as _;

/// One rule of `docs/STYLE.md` or `docs/ARCHITECTURE.md`.
pub(crate) struct Rule {
    /// The rule as one sentence.
    pub(crate) says: &'static str,
    /// What goes wrong where it is not kept.
    pub(crate) why: &'static str,
    /// The usual way out.
    pub(crate) remedy: &'static str,
}

/// One place that breaks a rule.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Place {
    /// Path from the root of the project.
    pub(crate) file: String,
    /// Counted from 1.
    pub(crate) line: usize,
    /// What stands there.
    pub(crate) what: String,
}

impl Place {
    /// A place that breaks a rule.
    pub(crate) fn new(file: &str, line: usize, what: impl Into<String>) -> Self {
        Self { file: file.to_owned(), line, what: what.into() }
    }
}

/// Fails the test, with a message that teaches, if any place breaks the rule.
#[track_caller]
pub(crate) fn hold(rule: &Rule, places: Vec<Place>) {
    assert!(places.is_empty(), "\n{}", lesson(rule, places));
}

fn lesson(rule: &Rule, mut places: Vec<Place>) -> String {
    places.sort();
    places.dedup();
    let mut text = format!("tidy: {}\n", rule.says);
    for place in &places {
        let _ = writeln!(text, "  {}:{}: {}", place.file, place.line, place.what);
    }
    let _ = writeln!(text, "why: {}\ndo:  {}", rule.why, rule.remedy);
    text
}

#[test]
fn a_lesson_names_the_place_the_rule_the_reason_and_the_way_out() {
    let rule = Rule { says: "No x.", why: "x hurts.", remedy: "Use y." };
    let text =
        lesson(&rule, vec![Place::new("a/b.rs", 7, "an x"), Place::new("a/b.rs", 7, "an x")]);
    assert_eq!(text, "tidy: No x.\n  a/b.rs:7: an x\nwhy: x hurts.\ndo:  Use y.\n");
}
