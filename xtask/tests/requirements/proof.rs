//! Does a test that a page names exist, and does a plain `cargo test` run it?

use super::page::{Proof, Row};
use super::root;
use super::rule::Place;
use std::fs;
use std::path::PathBuf;

/// Where the files lie that pages name.
pub(crate) struct Tests {
    root: PathBuf,
}

impl Tests {
    pub(crate) fn of_this_project() -> Self {
        Tests { root: root() }
    }

    /// The proofs of a row that are none.
    pub(crate) fn dead(&self, page: &str, row: &Row) -> Vec<Place> {
        let Proof::Tests(tests) = &row.proof else { return Vec::new() };
        let wrong = tests.iter().filter_map(|(path, test)| self.wrong(path, test));
        wrong.map(|what| Place::new(page, row.line, format!("{}: {what}", row.id))).collect()
    }

    fn wrong(&self, path: &str, test: &str) -> Option<String> {
        let path = if test.is_empty() { path.to_owned() } else { format!("crates/{path}") };
        let Ok(text) = fs::read_to_string(self.root.join(&path)) else {
            return Some(format!("there is no {path}"));
        };
        match find(&text, test) {
            _ if test.is_empty() => None,
            Found::Runs => None,
            Found::Ignored => Some(format!("{path}: `{test}` is ignored by a plain cargo test")),
            Found::NoTest => Some(format!("{path}: `{test}` has no #[test]")),
            Found::Nothing => Some(format!("{path} has no test `{test}`")),
        }
    }
}

/// What a file has under the name of a test.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Found {
    Runs,
    Ignored,
    NoTest,
    Nothing,
}

/// Looks for `fn name(` and at the attributes above it. Read as text, since proptest's tests
/// stand inside a macro.
fn find(text: &str, name: &str) -> Found {
    let lines: Vec<&str> = text.lines().map(str::trim).collect();
    let starts = ["fn ", "async fn ", "pub fn ", "pub(crate) fn "];
    let is_it = |line: &str| {
        let after = starts.iter().find_map(|start| line.strip_prefix(start));
        after.and_then(|rest| rest.strip_prefix(name)).is_some_and(|rest| rest.starts_with('('))
    };
    let Some(at) = lines.iter().position(|line| is_it(line)) else { return Found::Nothing };
    let above = lines[..at].iter().rev().take_while(|line| {
        let ends_item = line.is_empty() || line.ends_with(['{', '}', ';']);
        !ends_item
    });
    let above: Vec<&str> = above.copied().collect();
    let has = |words: &[&str]| above.iter().any(|line| words.iter().any(|w| line.starts_with(w)));
    match (has(&["#[test]", "#[tokio::test"]), has(&["#[ignore"])) {
        (false, _) => Found::NoTest,
        (true, true) => Found::Ignored,
        (true, false) => Found::Runs,
    }
}

#[cfg(test)]
mod tests {
    use super::super::page::rows;
    use super::*;

    const FILE: &str = "#[test]\nfn runs() {\n}\n\n/// Words.\n#[test]\n#[ignore = \"slow\"]\n\
                        fn sleeps() {\n}\n\nfn asks() {\n}\n// fn gone() {}\n\
                        proptest! {\n    #[test]\n    fn any(x: u8) {\n    }\n}\n\
                        #[tokio::test]\nasync fn waits() {\n}\n";

    #[test]
    fn a_test_is_told_from_a_function_and_from_one_that_never_runs() {
        assert_eq!(find(FILE, "runs"), Found::Runs);
        assert_eq!(find(FILE, "any"), Found::Runs);
        assert_eq!(find(FILE, "waits"), Found::Runs);
        assert_eq!(find(FILE, "sleeps"), Found::Ignored);
        assert_eq!(find(FILE, "asks"), Found::NoTest);
        assert_eq!(find(FILE, "gone"), Found::Nothing);
        assert_eq!(find(FILE, "run"), Found::Nothing, "a part of a name is no name");
    }

    #[test]
    fn a_proof_that_is_gone_is_noticed() {
        let tests = Tests::of_this_project();
        let dead = |proof: &str| {
            let row = format!("| §1-1 | x | both | {proof} |");
            let rows = rows(&row);
            assert_eq!(rows.len(), 1, "{row}");
            tests.dead("x.md", &rows[0]).len()
        };
        assert_eq!(dead("`osier-tcp/src/stray.rs: a_stray_reset_is_never_answered`"), 0);
        assert_eq!(dead("`osier-tcp/src/stray.rs: answer`"), 1);
        assert_eq!(dead("`osier-tcp/src/stray.rs: no_such_test`"), 1);
        assert_eq!(dead("`osier-tcp/src/gone.rs: a_stray_reset_is_never_answered`"), 1);
        assert_eq!(dead("`drill: crates/osier-drill/scripts/gone.pkt`"), 1);
        assert_eq!(dead("exception: nobody ever needed it"), 0);
    }
}
