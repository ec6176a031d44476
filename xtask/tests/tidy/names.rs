//! Does each file say what it is for, and does each name say something?

use crate::absences::words;
use crate::rule::{Place, Rule};
use crate::tree::{Source, Tree};

/// An opening shorter than this asks no question.
const OPENING_CHARS: usize = 25;

pub(crate) const OPENING: Rule = Rule {
    says: "Every file opens with `//!`: the question it answers, the RFC section it follows, \
           what it does not do.",
    why: "A reader who looks for a behaviour opens ten files; the first line sends them on.",
    remedy: "Write one to five lines at the very top, a whole sentence first.",
};

pub(crate) fn openings(tree: &Tree) -> Vec<Place> {
    let lacks = |source: &&Source| {
        let lines = source.text.lines().take_while(|line| line.starts_with("//!"));
        let opening: String = lines.collect();
        opening.len() < OPENING_CHARS || opening.contains("(being written)")
    };
    let files = tree.sources.iter().filter(lacks);
    files.map(|source| Place::new(&source.path, 1, "no opening sentence")).collect()
}

const EMPTY: [&str; 9] =
    ["util", "utils", "common", "helper", "helpers", "base", "manager", "context", "misc"];

pub(crate) const EMPTY_NAMES: Rule = Rule {
    says: "Nothing is called util, common, helpers, base, misc, Manager or Context.",
    why: "Such a name says where something was put, not what it is, and gathers whatever else \
          has no place.",
    remedy: "Name the thing by the RFC's or Linux's word for it, or by what it knows; what fits \
             nowhere usually belongs to one of its two callers.",
};

/// Files, folders and modules by their whole name, types by each word of it.
pub(crate) fn empty_names(tree: &Tree) -> Vec<Place> {
    let mut places = Vec::new();
    for source in &tree.sources {
        let parts = source.path.trim_end_matches(".rs").split('/');
        for part in parts.filter(|part| EMPTY.contains(part)) {
            places.push(Place::new(&source.path, 1, format!("a file or folder `{part}`")));
        }
        for named in &source.facts.named {
            let words = words(&named.name);
            let is_empty = if named.is_module {
                EMPTY.contains(&named.name.as_str())
            } else {
                words.iter().any(|word| EMPTY.contains(&word.as_str()))
            };
            if is_empty {
                places.push(Place::new(&source.path, named.line, format!("`{}`", named.name)));
            }
        }
    }
    places
}

pub(crate) const CITATIONS: Rule = Rule {
    says: "An RFC is cited in one form: `RFC 9293 §3.10.7.4`.",
    why: "The table of requirements and the reader both find the code by searching for it.",
    remedy: "Write `RFC`, a space, the number, a space, `§` and the section; a step after a \
             comma: `// RFC 9293 §3.10.7.4, fifth: check the ACK field [MUST-…]`.",
};

/// Looks into comments only; a citation broken over two lines is left alone.
pub(crate) fn citations(tree: &Tree) -> Vec<Place> {
    let mut places = Vec::new();
    for source in tree.sources.iter().filter(|source| source.path.starts_with("crates/")) {
        for (number, line) in (1..).zip(source.text.lines()) {
            let Some((_, comment)) = line.split_once("//") else { continue };
            if let Some(found) = odd_citation(comment) {
                places.push(Place::new(&source.path, number, format!("`{found}`")));
            }
        }
    }
    places
}

fn odd_citation(comment: &str) -> Option<String> {
    let lower = comment.to_ascii_lowercase();
    for (at, _) in lower.match_indices("rfc") {
        let before = lower[..at].chars().next_back();
        if before.is_some_and(|c| c.is_alphanumeric() || "/_-`.".contains(c)) {
            continue; // a path, a link or a name
        }
        let after = &lower[at + 3..];
        let digits = |s: &str| s.chars().take_while(char::is_ascii_digit).count();
        let glued = digits(after) > 0 || (after.starts_with('-') && digits(&after[1..]) > 0);
        let spaced = after.strip_prefix(' ').filter(|rest| digits(rest) > 0);
        let rest = spaced.map_or("", |rest| &rest[digits(rest)..]);
        let rest = rest.trim_start_matches([',', ' ']);
        let worded = ["section ", "sec. ", "s. ", "chapter "].iter().any(|w| rest.starts_with(w));
        let small = spaced.is_some() && !comment[at..].starts_with("RFC");
        if glued || worded || small {
            return Some(comment[at..].chars().take(24).collect());
        }
    }
    None
}

mod tests {
    use super::*;

    fn count(check: fn(&Tree) -> Vec<Place>, path: &str, text: &str) -> usize {
        check(&Tree::of([(path, text)])).len()
    }

    #[test]
    fn a_file_without_an_opening_is_found() {
        let path = "crates/osier-ip/src/a.rs";
        assert_eq!(
            count(openings, path, "// A plain comment is no opening that rustdoc shows."),
            1
        );
        assert_eq!(count(openings, path, "//! Routes."), 1);
        assert_eq!(count(openings, path, "//! Which way does a packet leave? RFC 1122 §3.3.1."), 0);
    }

    #[test]
    fn an_empty_name_is_found_in_a_path_a_module_and_a_type() {
        assert_eq!(count(empty_names, "crates/osier-ip/src/util.rs", ""), 1);
        assert_eq!(count(empty_names, "crates/osier/tests/common/mod.rs", ""), 1);
        let text = "mod helpers {}\nstruct RouteManager;\nstruct Contextual;\nmod utility {}";
        assert_eq!(count(empty_names, "crates/osier-ip/src/a.rs", text), 2);
    }

    #[test]
    fn using_the_context_of_a_future_is_no_empty_name() {
        let text = "fn poll(cx: &mut Context<'_>) {}\nuse std::task::Context;";
        assert_eq!(count(empty_names, "crates/osier/src/a.rs", text), 0);
    }

    #[test]
    fn an_odd_citation_is_found() {
        let rfc = "RFC";
        for odd in [
            format!("{rfc}9293 §3.4"),
            format!("{rfc}-9293"),
            format!("{rfc} 9293, section 3.4"),
            format!("{rfc} 9293 Section 3.4"),
            format!("{} 9293", rfc.to_lowercase()),
        ] {
            assert!(odd_citation(&odd).is_some(), "{odd}");
        }
    }

    #[test]
    fn the_one_form_and_links_are_left_alone() {
        for good in [
            " RFC 9293 §3.10.7.4, fifth: check the ACK field [MUST-9]",
            " the RFC says so",
            " docs/rfc/9293.md and https://www.rfc-editor.org/rfc/rfc9293.html",
            " RFC 6298 (section by section)",
        ] {
            assert_eq!(odd_citation(good), None, "{good}");
        }
    }
}
