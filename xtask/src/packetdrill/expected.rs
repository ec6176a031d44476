//! What is expected of each script, and what came of it?
//!
//! `expected.txt` names the scripts that the Linux kernel passes in every variant, with what osier
//! does: `passes`, `differs` (with a reason in docs/rfc/packetdrill.md), or `unsupported`.

use super::run::Verdict;
use std::collections::BTreeMap;
use std::fmt;

/// What is expected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Expectation {
    /// It passes in every variant.
    Passes,
    /// It does not, for a reason that is written down.
    Differs,
    /// It needs what osier does not have, and is not run.
    Unsupported,
}

/// A script.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Script {
    /// `folder/name.pkt`.
    pub(crate) name: String,
    pub(crate) expectation: Expectation,
}

impl Script {
    fn parse(line: &str) -> Option<Script> {
        let (name, word) = line.split_once(' ')?;
        let expectation = match word.trim() {
            "passes" => Expectation::Passes,
            "differs" => Expectation::Differs,
            "unsupported" => Expectation::Unsupported,
            _ => return None,
        };
        Some(Script { name: name.to_owned(), expectation })
    }

    fn folder(&self) -> &str {
        self.name.rsplit_once('/').map_or("", |(folder, _)| folder)
    }
}

/// The scripts, in the order of their names.
pub(crate) fn all() -> Vec<Script> {
    include_str!("expected.txt").lines().filter_map(Script::parse).collect()
}

/// What came of them.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    /// By folder: passed, failed, not run.
    folders: BTreeMap<String, [usize; 3]>,
    /// What was expected otherwise.
    surprises: Vec<String>,
    /// What passes although a difference is written down.
    better: Vec<String>,
}

impl Tally {
    /// One more.
    pub(crate) fn add(&mut self, script: &Script, verdict: &Verdict) {
        let row = self.folders.entry(script.folder().to_owned()).or_default();
        match verdict {
            Verdict::Passed => row[0] += 1,
            Verdict::Failed(_) => row[1] += 1,
            Verdict::NotRun => row[2] += 1,
        }
        match (script.expectation, verdict) {
            (Expectation::Passes, Verdict::Failed(why)) => {
                self.surprises.push(format!("{} fails:\n{why}", script.name));
            }
            (Expectation::Differs, Verdict::Passed) => self.better.push(script.name.clone()),
            _ => {}
        }
    }

    /// Whether all is as it should be.
    pub(crate) fn is_as_expected(&self) -> bool {
        self.surprises.is_empty()
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{:<24} {:>6} {:>6} {:>11}", "folder", "passed", "failed", "unsupported")?;
        let mut sum = [0; 3];
        for (folder, row) in &self.folders {
            writeln!(f, "{folder:<24} {:>6} {:>6} {:>11}", row[0], row[1], row[2])?;
            sum = [sum[0] + row[0], sum[1] + row[1], sum[2] + row[2]];
        }
        writeln!(f, "{:<24} {:>6} {:>6} {:>11}", "all", sum[0], sum[1], sum[2])?;
        for name in &self.better {
            writeln!(f, "passes now: {name}; expected.txt and its page say otherwise")?;
        }
        for surprise in &self.surprises {
            writeln!(f, "FAILED: {surprise}")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::{Expectation, Script, Tally, all};
    use crate::command::root;
    use crate::packetdrill::run::Verdict;

    #[test]
    fn every_script_that_the_kernel_passes_is_expected_to_do_something() {
        assert_eq!(all().len(), 124);
        let lines = include_str!("expected.txt").lines().filter(|line| !line.starts_with('#'));
        assert_eq!(lines.count(), 124, "a line that means nothing");
        let unsupported = |script: &Script| script.expectation == Expectation::Unsupported;
        assert!(all().into_iter().filter(unsupported).count() <= 10);
    }

    #[test]
    fn what_does_not_pass_has_its_reason_on_the_page_and_what_passes_has_none() {
        let page = root().join("docs/rfc/packetdrill.md");
        let page = std::fs::read_to_string(page).expect("docs/rfc/packetdrill.md");
        for script in all() {
            let named = page.contains(&format!("`{}`", script.name));
            assert_eq!(named, script.expectation != Expectation::Passes, "{}", script.name);
        }
    }

    #[test]
    fn a_script_that_should_pass_and_fails_is_a_failure_and_the_other_way_round_is_news() {
        let script = |expectation| Script { name: "a/b.pkt".to_owned(), expectation };
        let failed = Verdict::Failed("why".to_owned());
        let mut tally = Tally::default();
        tally.add(&script(Expectation::Differs), &failed);
        tally.add(&script(Expectation::Differs), &Verdict::Passed);
        assert!(tally.is_as_expected() && tally.to_string().contains("passes now: a/b.pkt"));
        tally.add(&script(Expectation::Passes), &failed);
        assert!(!tally.is_as_expected());
    }
}
