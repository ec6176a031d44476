//! How long are functions and files, and how many assertions has a function? For information.
//!
//! Nothing here is required: a number that is a goal gets gamed. What is not a test is counted.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use crate::sizes::program_lines;
use crate::tree::{Source, Tree};

/// What is added up for one crate.
#[derive(Default)]
struct Sum {
    files: Vec<usize>,
    functions: Vec<usize>,
    assertions: usize,
    bools: usize,
    tests: usize,
}

impl Sum {
    fn add(&mut self, source: &Source) {
        let facts = &source.facts;
        let asserts = |name: &str| name.starts_with("assert") || name.starts_with("debug_assert");
        let is_assertion = |p: &&crate::facts::PathUse| {
            p.is_macro && p.segments.last().is_some_and(|s| asserts(s))
        };
        let in_program = |line: usize| !source.test_line(line);
        if !source.is_test {
            self.files.push(program_lines(source));
        }
        for function in facts.functions.iter().filter(|f| in_program(f.line)) {
            self.functions.push(function.lines);
            self.bools += function.bools;
        }
        self.assertions +=
            facts.paths.iter().filter(is_assertion).filter(|p| in_program(p.line)).count();
        self.tests += source.text.matches("#[test]").count();
        self.tests += source.text.matches("#[tokio::test").count();
    }

    fn row(&mut self, name: &str) -> String {
        self.files.sort_unstable();
        self.functions.sort_unstable();
        let at = |sorted: &[usize], percent: usize| {
            sorted.get((sorted.len() * percent / 100).min(sorted.len().max(1) - 1)).copied()
        };
        let (files, functions) = (&self.files, &self.functions);
        let number = |n: Option<usize>| n.unwrap_or(0);
        let density = self.assertions * 100 / functions.len().max(1);
        format!(
            "{name:<18} {:>5} {:>6} {:>6} {:>6} {:>5} {:>5} {:>5} {:>3}.{:02} {:>5} {:>5}",
            files.len(),
            files.iter().sum::<usize>(),
            number(at(files, 50)),
            functions.len(),
            number(at(functions, 50)),
            number(at(functions, 90)),
            number(functions.last().copied()),
            density / 100,
            density % 100,
            self.bools,
            self.tests,
        )
    }
}

/// A table, one line a crate.
pub(crate) fn report(tree: &Tree) -> String {
    let mut sums: BTreeMap<&str, Sum> = BTreeMap::new();
    for source in &tree.sources {
        sums.entry(source.krate.as_str()).or_default().add(source);
    }
    let mut text = String::from(
        "tidy, for information (tests not counted):\n\
         crate              files  lines median functions p50   p90   max asserts bools tests\n",
    );
    for (name, sum) in &mut sums {
        let _ = writeln!(text, "{}", sum.row(name));
    }
    text.push_str(
        "(lines, median: of files; p50, p90, max: lines of functions; asserts: per function)",
    );
    text
}

#[test]
fn the_report_counts_the_program_and_not_its_tests() {
    let text = "fn a() {\n assert!(true);\n assert_eq!(1, 1);\n}\n\
        #[cfg(test)]\nmod tests {\n #[test]\n fn t() { assert!(true); }\n}\n";
    let report = report(&Tree::of([("crates/osier-ip/src/a.rs", text)]));
    let row = report.lines().find(|line| line.starts_with("osier-ip")).expect("a row");
    let cells: Vec<&str> = row.split_whitespace().collect();
    assert_eq!(cells, ["osier-ip", "1", "4", "4", "1", "4", "4", "4", "2.00", "0", "1"]);
}
