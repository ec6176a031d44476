//! Is osier-tcp built from the ground up, and is there no circle in its imports?
//!
//! Words, mechanisms, the record, events, doors: a module knows those below it. Imports are taken
//! from `use` and from paths that begin with `crate`, `super` or `self`; what only tests import
//! does not count. A folder's own `mod.rs` and its children may know each other.

use std::collections::{BTreeMap, BTreeSet};

use crate::facts::PathUse;
use crate::rule::{Place, Rule};
use crate::tree::{Source, Tree};

/// From the ground up.
const LAYERS: [(&str, &[&str]); 5] = [
    ("words", &["segment", "state", "timers", "options", "reason", "event", "config", "rate"]),
    (
        "mechanisms",
        &["send", "receive", "recovery", "congestion", "timestamps", "keepalive", "tally"],
    ),
    ("the record", &["tcb"]),
    (
        "events",
        &[
            "handshake",
            "segment_arrives",
            "close",
            "timeout",
            "loss",
            "path_mtu",
            "pace",
            "sendable",
            "room",
            "model",
            "transmit",
            "stray",
            "info",
        ],
    ),
    ("doors", &["connection"]),
];

/// Mechanisms that do not know each other.
const STRANGERS: [&str; 4] = ["send", "receive", "recovery", "congestion"];

fn layer(module: &str) -> Option<usize> {
    LAYERS.iter().position(|(_, modules)| modules.contains(&module))
}

/// One module imports from another.
struct Edge {
    from: Vec<String>,
    to: Vec<String>,
    file: String,
    line: usize,
}

pub(crate) const LAYERS_HOLD: Rule = Rule {
    says: "In osier-tcp a module uses only what stands below it: words, mechanisms, the record, \
           events, doors.",
    why: "A mechanism that knows the state machine cannot be read or tested without it, and one \
          circle makes all its files one file.",
    remedy: "Return a verdict or a number instead of calling upwards; let the event that knows \
             both pass it on. Send, receive, recovery and congestion meet in the record or in an \
             event only. A new module gets its place in LAYERS in xtask/tests/tidy/layers.rs.",
};

pub(crate) fn tcp_points_down(tree: &Tree) -> Vec<Place> {
    let mut places = Vec::new();
    for source in modules_of_tcp(tree).filter(|source| !source.is_test) {
        let module = source.module();
        if module.first().is_some_and(|top| layer(top).is_none()) {
            let what = format!("`{}` is in no layer", module[0]);
            places.push(Place::new(&source.path, 1, what));
        }
    }
    for edge in edges(tree) {
        let (from, to) = (&edge.from[0], &edge.to[0]);
        let (Some(own), Some(other)) = (layer(from), layer(to)) else { continue };
        let strangers = STRANGERS.contains(&from.as_str()) && STRANGERS.contains(&to.as_str());
        if other > own || (strangers && from != to) {
            let what = format!("`{from}` ({}) uses `{to}` ({})", LAYERS[own].0, LAYERS[other].0);
            places.push(Place::new(&edge.file, edge.line, what));
        }
    }
    places
}

pub(crate) const NO_CIRCLE: Rule = Rule {
    says: "No modules of osier-tcp import each other in a circle.",
    why: "The files of a circle can only be understood together; a circle of twenty files is one \
          file of ten thousand lines.",
    remedy: "Move what both need into a third module below them, or pass it as an argument.",
};

pub(crate) fn tcp_has_no_circle(tree: &Tree) -> Vec<Place> {
    let edges = edges(tree);
    let mut places = Vec::new();
    for of_files in [false, true] {
        let name = |path: &[String]| if of_files { path.join("::") } else { path[0].clone() };
        let mut graph: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        for edge in &edges {
            let family = edge.from.starts_with(&edge.to) || edge.to.starts_with(&edge.from);
            if !family && name(&edge.from) != name(&edge.to) {
                graph.entry(name(&edge.from)).or_default().insert(name(&edge.to));
            }
        }
        let Some(circle) = circle(&graph) else { continue };
        let first = edges.iter().find(|e| name(&e.from) == circle[0] && name(&e.to) == circle[1]);
        let (file, line) = first.map_or(("crates/osier-tcp", 1), |e| (e.file.as_str(), e.line));
        places.push(Place::new(file, line, circle.join(" -> ")));
    }
    places
}

fn modules_of_tcp(tree: &Tree) -> impl Iterator<Item = &Source> {
    tree.of_crates(&["osier-tcp"]).filter(|source| source.path.contains("/src/"))
}

/// Every import between two different modules, `lib.rs` left out.
fn edges(tree: &Tree) -> Vec<Edge> {
    let modules: BTreeSet<Vec<String>> = modules_of_tcp(tree).map(Source::module).collect();
    let exports = exports(tree, &modules);
    let mut edges = Vec::new();
    for source in modules_of_tcp(tree).filter(|source| !source.module().is_empty()) {
        for path in source.facts.paths.iter().filter(|path| !source.test_line(path.line)) {
            let Some(mut target) = absolute(path, &source.module(), &modules) else { continue };
            if let Some(real) = exports.get(&target) {
                target.clone_from(real);
            }
            let to = longest_module(&target, &modules);
            if !to.is_empty() && to != source.module() {
                let (from, file) = (source.module(), source.path.clone());
                edges.push(Edge { from, to, file, line: path.line });
            }
        }
    }
    edges
}

/// Where each re-exported name really comes from: `crate::Connection` -> its module.
fn exports(tree: &Tree, modules: &BTreeSet<Vec<String>>) -> BTreeMap<Vec<String>, Vec<String>> {
    let mut exports = BTreeMap::new();
    for source in modules_of_tcp(tree) {
        for path in &source.facts.paths {
            let Some(name) = &path.export else { continue };
            if let Some(target) = absolute(path, &source.module(), modules) {
                let mut public = source.module();
                public.push(name.clone());
                exports.insert(public, target);
            }
        }
    }
    exports
}

/// The path from the crate's root, or `None` for one that leads out of the crate.
fn absolute(
    path: &PathUse,
    own: &[String],
    modules: &BTreeSet<Vec<String>>,
) -> Option<Vec<String>> {
    let (first, rest) = path.segments.split_first()?;
    let mut base = own.to_vec();
    match first.as_str() {
        "crate" => base.clear(),
        "self" => {}
        "super" => {
            base.pop();
        }
        child => {
            base.push(child.to_owned());
            // A child module named without `self`, as in `pub use active::Active`.
            return modules.contains(&base).then(|| [&base, rest].concat());
        }
    }
    let ups = rest.iter().take_while(|segment| *segment == "super").count();
    base.truncate(base.len().saturating_sub(ups));
    base.extend_from_slice(&rest[ups..]);
    Some(base)
}

fn longest_module(path: &[String], modules: &BTreeSet<Vec<String>>) -> Vec<String> {
    let lengths = (0..=path.len()).rev();
    let found = lengths.map(|length| &path[..length]).find(|prefix| modules.contains(*prefix));
    found.unwrap_or_default().to_vec()
}

/// A way from a module back to itself, its first and last name the same.
fn circle(graph: &BTreeMap<String, BTreeSet<String>>) -> Option<Vec<String>> {
    let mut done = BTreeSet::new();
    for start in graph.keys() {
        let mut trail = Vec::new();
        if let Some(found) = walk(start, graph, &mut trail, &mut done) {
            return Some(found);
        }
    }
    None
}

fn walk(
    node: &str,
    graph: &BTreeMap<String, BTreeSet<String>>,
    trail: &mut Vec<String>,
    done: &mut BTreeSet<String>,
) -> Option<Vec<String>> {
    if let Some(at) = trail.iter().position(|name| name == node) {
        return Some([&trail[at..], &[node.to_owned()]].concat());
    }
    if done.contains(node) {
        return None;
    }
    trail.push(node.to_owned());
    for next in graph.get(node).into_iter().flatten() {
        if let Some(found) = walk(next, graph, trail, done) {
            return Some(found);
        }
    }
    trail.pop();
    done.insert(node.to_owned());
    None
}

mod tests {
    use super::*;

    fn tcp(files: &[(&str, &str)]) -> Tree {
        let named: Vec<(String, &str)> = files
            .iter()
            .map(|(name, text)| (format!("crates/osier-tcp/src/{name}.rs"), *text))
            .collect();
        Tree::of(named.iter().map(|(path, text)| (path.as_str(), *text)))
    }

    #[test]
    fn a_mechanism_that_knows_an_event_is_found() {
        let tree = tcp(&[("send/nagle", "use crate::transmit::now;"), ("transmit", "")]);
        let mut places = tcp_points_down(&tree);
        places.dedup();
        assert_eq!(places.len(), 1);
        assert_eq!(places[0].what, "`send` (mechanisms) uses `transmit` (events)");
    }

    #[test]
    fn two_mechanisms_are_strangers_but_files_of_one_folder_are_not() {
        let text = "use crate::{receive::Window, segment::Segment};\nfn f() { super::nagle::g() }";
        let files =
            [("send/window", text), ("send/nagle", ""), ("receive/mod", ""), ("segment", "")];
        let mut places = tcp_points_down(&tcp(&files));
        places.dedup();
        assert_eq!(places.iter().map(|p| p.line).collect::<Vec<_>>(), [1]);
    }

    #[test]
    fn a_name_passed_on_by_the_root_is_followed_to_its_module() {
        let files = [
            ("lib", "mod connection;\npub use connection::Connection;"),
            ("connection", ""),
            ("tcb", "use crate::Connection;"),
        ];
        assert_eq!(
            tcp_points_down(&tcp(&files))[0].what,
            "`tcb` (the record) uses `connection` (doors)"
        );
    }

    #[test]
    fn a_module_without_a_layer_is_found() {
        assert_eq!(tcp_points_down(&tcp(&[("attic", "")]))[0].what, "`attic` is in no layer");
    }

    #[test]
    fn a_circle_of_three_events_is_found_and_what_tests_import_is_not() {
        let files = [
            ("close/mod", "use crate::timeout;"),
            ("timeout", "fn f() { crate::transmit::g() }"),
            ("transmit", "use super::close::X;"),
            ("stray", "#[cfg(test)]\nmod tests { use crate::transmit::X; }"),
        ];
        let places = tcp_has_no_circle(&tcp(&files));
        assert_eq!(places[0].what, "close -> timeout -> transmit -> close");
        let files = [("stray", files[3].1), ("transmit", "use crate::stray::X;")];
        assert_eq!(tcp_has_no_circle(&tcp(&files)), []);
    }

    #[test]
    fn a_circle_inside_a_folder_is_found_and_a_parent_may_know_its_children() {
        let files = [("send/a", "use super::b::B;"), ("send/b", "use crate::send::a::A;")];
        assert_eq!(tcp_has_no_circle(&tcp(&files))[0].what, "send::a -> send::b -> send::a");
        let files = [("send/mod", "mod a;\nuse a::A;"), ("send/a", "use super::Verdict;")];
        assert_eq!(tcp_has_no_circle(&tcp(&files)), []);
    }
}
