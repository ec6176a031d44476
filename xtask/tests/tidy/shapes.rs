//! Has the code one of the shapes we do not build: a catch-all over states, a lone trait,
//! a boxed `dyn` where segments pass, a program below its tests?

use std::collections::BTreeMap;

use crate::rule::{Place, Rule};
use crate::tree::{Source, Tree};

pub(crate) const TESTS_LAST: Rule = Rule {
    says: "A `#[cfg(test)]` module is the last thing in its file.",
    why: "A file reads top-down, the important thing first; what follows the tests is missed.",
    remedy: "Move the test module to the end of the file.",
};

pub(crate) fn tests_last(tree: &Tree) -> Vec<Place> {
    let late = |source: &Source| {
        let lines = source.facts.after_tests.clone();
        let path = source.path.clone();
        lines.into_iter().map(move |line| Place::new(&path, line, "stands below the tests"))
    };
    tree.sources.iter().filter(|source| !source.is_test).flat_map(late).collect()
}

pub(crate) const NO_WILD_STATE: Rule = Rule {
    says: "A match over TCP states names every state.",
    why: "RFC 9293 says for each of the eleven states what happens. A `_ =>` arm says it for \
          those that one has not thought of.",
    remedy: "Write the states out, joined by `|` where they behave alike.",
};

pub(crate) fn states_are_all_named(tree: &Tree) -> Vec<Place> {
    let mut places = Vec::new();
    for source in tree.of_crates(&["osier-tcp", "osier-host"]) {
        let wild = source.facts.wild_states.iter().filter(|line| !source.test_line(**line));
        places.extend(wild.map(|line| Place::new(&source.path, *line, "a catch-all arm")));
    }
    places
}

pub(crate) const LONE_TRAIT: Rule = Rule {
    says: "A trait has more than one implementation.",
    why: "A trait with one implementation is a detour: the reader looks for the choice that \
          nobody makes.",
    remedy: "Use the type itself; make it a trait on the day the second implementation comes. \
             A closed set of choices is an enum.",
};

/// An implementation in a macro or in a test counts; so does a blanket one.
pub(crate) fn lone_traits(tree: &Tree) -> Vec<Place> {
    let mut count: BTreeMap<&str, usize> = BTreeMap::new();
    for name in tree.sources.iter().flat_map(|s| &s.facts.implementations) {
        *count.entry(name.name.as_str()).or_default() += 1;
    }
    let mut places = Vec::new();
    for source in tree.sources.iter().filter(|source| source.path.starts_with("crates/")) {
        for named in source.facts.traits.iter().filter(|named| !source.test_line(named.line)) {
            let found = count.get(named.name.as_str()).copied().unwrap_or(0);
            if found < 2 && !in_a_macro(tree, &named.name) {
                let what = format!("`{}` has {found} implementations", named.name);
                places.push(Place::new(&source.path, named.line, what));
            }
        }
    }
    places
}

/// `impl Trait for $type`, which no syntax tree shows.
fn in_a_macro(tree: &Tree, name: &str) -> bool {
    let needle = format!("{name} for $");
    tree.sources.iter().any(|source| source.text.contains(&needle))
}

pub(crate) const NO_DYN: Rule = Rule {
    says: "There is no `Box<dyn …>` on the segment path.",
    why: "It is an allocation and an indirect call for each segment, and it hides who is called.",
    remedy: "Use an enum of the few kinds there are, or a type parameter at the door.",
};

pub(crate) fn boxed_dyn(tree: &Tree) -> Vec<Place> {
    let path = ["osier-wire", "osier-time", "osier-tcp", "osier-ip", "osier-host", "osier-device"];
    let mut places = Vec::new();
    for source in tree.of_crates(&path) {
        let boxed = source.facts.boxed_dyn.iter().filter(|line| !source.test_line(**line));
        places.extend(boxed.map(|line| Place::new(&source.path, *line, "`Box<dyn …>`")));
    }
    places
}

mod tests {
    use super::*;

    const PATH: &str = "crates/osier-tcp/src/a.rs";

    #[test]
    fn a_function_below_the_tests_is_found() {
        let text = "#[cfg(test)]\nmod tests {}\nfn late() {}\n";
        assert_eq!(tests_last(&Tree::of([(PATH, text)]))[0].line, 3);
        let text = "#[cfg(test)]\nmod tests;\nfn not_late() {}\n";
        assert_eq!(tests_last(&Tree::of([(PATH, text)])), []);
    }

    #[test]
    fn a_catch_all_over_states_is_found_and_one_over_numbers_is_not() {
        let text = "fn f() { match s {\n State::Closed => 1,\n _ => 2,\n} }\n\
            fn g() { match n {\n 1 => 1,\n _ => 2,\n} }\n\
            fn h() { match s {\n State::Listen => 1,\n other => 2,\n} }\n";
        let lines: Vec<usize> =
            states_are_all_named(&Tree::of([(PATH, text)])).iter().map(|p| p.line).collect();
        assert_eq!(lines, [3, 11]);
    }

    #[test]
    fn a_lone_trait_is_found_across_files_and_macros_count() {
        let one = "pub trait A {}\nimpl A for u8 {}\npub trait B {}\nimpl B for u8 {}\n";
        let two = "impl crate::A for u16 {}\ntrait C {}\nmacro_rules! m { () => { \
            impl C for $t {} } }\n";
        let tree = Tree::of([(PATH, one), ("crates/osier-tcp/src/b.rs", two)]);
        let places = lone_traits(&tree);
        assert_eq!(places.len(), 1);
        assert_eq!((places[0].line, places[0].what.contains("`B`")), (3, true));
    }

    #[test]
    fn a_boxed_dyn_is_found() {
        let text = "struct A(Box<dyn Write>);\nfn b(x: Box<u8>, y: &dyn Write) {}\n";
        assert_eq!(boxed_dyn(&Tree::of([(PATH, text)])).len(), 1);
        assert_eq!(boxed_dyn(&Tree::of([("crates/osier/src/a.rs", text)])), []);
    }
}
