//! How long may a function, a file, a line be; how wide a signature, a struct?
//!
//! The limits stand on the maximum because that is where code bases of this kind go wrong: their
//! medians are all fine, and the one function that receives a packet has a thousand lines.

use crate::rule::{Place, Rule};
use crate::tree::{Source, Tree};

const FUNCTION_LINES: usize = 70;
const FUNCTION_PARAMETERS: usize = 6;
const STRUCT_FIELDS: usize = 20;
const FILE_LINES: usize = 400;
const LINE_CHARS: usize = 100;

pub(crate) const FUNCTION: Rule = Rule {
    says: "A function has at most 70 lines, tests included.",
    why: "It fits on a screen, so that it can be read without scrolling back for a brace.",
    remedy: "Cut along the steps its comments name, each a function named after its step; the \
             long one becomes their table of contents.",
};

pub(crate) fn functions(tree: &Tree) -> Vec<Place> {
    each(tree, |source, places| {
        for f in source.facts.functions.iter().filter(|f| f.lines > FUNCTION_LINES) {
            let what = format!("`{}` has {} lines", f.name, f.lines);
            places.push(Place::new(&source.path, f.line, what));
        }
    })
}

pub(crate) const PARAMETERS: Rule = Rule {
    says: "A function takes at most 6 parameters, self included.",
    why: "Nobody remembers the order of seven; some of them always travel together.",
    remedy: "Name the group: a struct of those that travel together, or move the function to \
             the type that owns them.",
};

pub(crate) fn parameters(tree: &Tree) -> Vec<Place> {
    each(tree, |source, places| {
        for f in source.facts.functions.iter().filter(|f| f.parameters > FUNCTION_PARAMETERS) {
            let what = format!("`{}` takes {} parameters", f.name, f.parameters);
            places.push(Place::new(&source.path, f.line, what));
        }
    })
}

pub(crate) const FIELDS: Rule = Rule {
    says: "A struct has at most 20 fields.",
    why: "A record of fifty fields is a program's globals under another name.",
    remedy: "Find the fields that change together and make them a part with its own invariants.",
};

pub(crate) fn fields(tree: &Tree) -> Vec<Place> {
    each(tree, |source, places| {
        for named in source.facts.named.iter().filter(|n| n.fields > STRUCT_FIELDS) {
            let what = format!("`{}` has {} fields", named.name, named.fields);
            places.push(Place::new(&source.path, named.line, what));
        }
    })
}

pub(crate) const FILE: Rule = Rule {
    says: "A file has at most 400 lines without its tests.",
    why: "A file answers one question, the one in its `//!` opening. Longer ones answer several.",
    remedy: "Split by question into a folder; tests of a long file go to `name/tests.rs` behind \
             `#[cfg(test)] mod tests;`.",
};

pub(crate) fn files(tree: &Tree) -> Vec<Place> {
    each(tree, |source, places| {
        let lines = program_lines(source);
        if lines > FILE_LINES {
            places.push(Place::new(&source.path, FILE_LINES, format!("{lines} lines")));
        }
    })
}

/// How many lines of the file are compiled into the program.
pub(crate) fn program_lines(source: &Source) -> usize {
    let lines = source.text.lines().count();
    (1..=lines).filter(|line| !source.test_line(*line)).count()
}

pub(crate) const LINE: Rule = Rule {
    says: "A line has at most 100 characters.",
    why: "Two files fit side by side on a screen, and a review on half of one.",
    remedy: "`cargo fmt` breaks code; break comments and strings by hand.",
};

pub(crate) fn lines(tree: &Tree) -> Vec<Place> {
    each(tree, |source, places| {
        for (number, line) in (1..).zip(source.text.lines()) {
            let chars = line.chars().count();
            if chars > LINE_CHARS {
                places.push(Place::new(&source.path, number, format!("{chars} characters")));
            }
        }
    })
}

fn each(tree: &Tree, look: impl Fn(&Source, &mut Vec<Place>)) -> Vec<Place> {
    let mut places = Vec::new();
    for source in &tree.sources {
        look(source, &mut places);
    }
    places
}

mod tests {
    use super::*;

    fn count(check: fn(&Tree) -> Vec<Place>, text: &str) -> usize {
        check(&Tree::of([("crates/osier-tcp/src/a.rs", text)])).len()
    }

    #[test]
    fn a_function_of_71_lines_is_found_and_one_of_70_is_not() {
        let function = |lines: usize| format!("fn f() {{\n{}}}\n", "g();\n".repeat(lines - 2));
        assert_eq!(count(functions, &function(70)), 0);
        assert_eq!(count(functions, &function(71)), 1);
    }

    #[test]
    fn a_method_with_seven_parameters_is_found() {
        let text = |n: usize| format!("impl A {{ fn f(&self, {}) {{}} }}", "_: u8,".repeat(n));
        assert_eq!(count(parameters, &text(5)), 0);
        assert_eq!(count(parameters, &text(6)), 1);
        let of_c = format!("extern \"C\" fn f({}) {{}}", "_: u8,".repeat(7));
        assert_eq!(count(parameters, &of_c), 0, "its signature is another program's");
    }

    #[test]
    fn a_struct_of_21_fields_is_found() {
        let text = |n: usize| format!("struct S({});", "u8,".repeat(n));
        assert_eq!(count(fields, &text(20)), 0);
        assert_eq!(count(fields, &text(21)), 1);
    }

    #[test]
    fn a_file_of_401_lines_is_found_but_tests_do_not_count() {
        let code = "const _: u8 = 0;\n";
        let tests = format!("#[cfg(test)]\nmod tests {{\n{}}}\n", code.repeat(500));
        assert_eq!(count(files, &code.repeat(400)), 0);
        assert_eq!(count(files, &code.repeat(401)), 1);
        assert_eq!(count(files, &(code.repeat(399) + &tests)), 0);
    }

    #[test]
    fn a_line_of_101_characters_is_found_and_umlauts_count_once() {
        assert_eq!(count(lines, &format!("//{}", "ü".repeat(98))), 0);
        assert_eq!(count(lines, &format!("//{}", "ü".repeat(99))), 1);
    }
}
