//! Which files does the project have, and to which crate does each belong?
//!
//! Reads `crates/`, `xtask/`, `fuzz/` and `bench/`; a tree can also be made of strings, for the
//! rules' own tests.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use crate::facts::{self, Facts};
use crate::manifest::Manifest;

/// One `.rs` file.
pub(crate) struct Source {
    /// Path from the root of the project, with `/`.
    pub(crate) path: String,
    /// The crate it belongs to: `osier-tcp`, `xtask`, `fuzz`.
    pub(crate) krate: String,
    /// The whole text.
    pub(crate) text: String,
    /// Only compiled for tests: in `tests/`, `benches/`, or behind `#[cfg(test)] mod …;`.
    pub(crate) is_test: bool,
    /// What `syn` found in it.
    pub(crate) facts: Facts,
}

impl Source {
    /// Is this line compiled for tests only?
    pub(crate) fn test_line(&self, line: usize) -> bool {
        self.is_test || self.facts.test_ranges.iter().any(|range| range.contains(&line))
    }

    /// Is this file the root of a library or a program (and not of a test)?
    pub(crate) fn is_crate_root(&self) -> bool {
        let main = self.path.ends_with("/src/main.rs") || self.path.contains("/src/bin/");
        main || self.path.ends_with("/src/lib.rs")
    }

    /// The module path inside `src`: `send/mod.rs` is `["send"]`, `lib.rs` is `[]`.
    pub(crate) fn module(&self) -> Vec<String> {
        let Some((_, inside)) = self.path.split_once("/src/") else { return Vec::new() };
        let mut parts: Vec<String> =
            inside.trim_end_matches(".rs").split('/').map(str::to_owned).collect();
        if matches!(parts.last().map(String::as_str), Some("mod" | "lib" | "main")) {
            parts.pop();
        }
        parts
    }
}

/// The project, read.
pub(crate) struct Tree {
    /// Every `.rs` file, sorted by path.
    pub(crate) sources: Vec<Source>,
    /// Every manifest below the root one.
    pub(crate) manifests: Vec<Manifest>,
}

impl Tree {
    /// Reads the project that this test was built from.
    pub(crate) fn of_this_project() -> Self {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("xtask has a parent");
        let mut paths = Vec::new();
        for top in ["crates", "xtask", "fuzz", "bench"] {
            walk(&root.join(top), &mut paths);
        }
        let read = |path: &PathBuf| {
            let name = path.strip_prefix(root).expect("walked from the root");
            let text =
                fs::read_to_string(path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
            (name.to_str().expect("paths here are UTF-8").to_owned(), text)
        };
        let files: Vec<(String, String)> = paths.iter().map(read).collect();
        let tree = Self::of(files.iter().map(|(path, text)| (path.as_str(), text.as_str())));
        assert!(tree.sources.len() > 10, "the walk from {} found the project", root.display());
        tree
    }

    /// A tree of the given files; what is no manifest is taken for Rust.
    pub(crate) fn of<'a>(files: impl IntoIterator<Item = (&'a str, &'a str)>) -> Self {
        let mut tree = Self { sources: Vec::new(), manifests: Vec::new() };
        for (path, text) in files {
            let krate = path.trim_start_matches("crates/").split('/').next().unwrap_or("");
            if path.ends_with("Cargo.toml") {
                tree.manifests.push(Manifest::parse(path, krate, text));
            } else {
                tree.sources.push(Source {
                    path: path.to_owned(),
                    krate: krate.to_owned(),
                    text: text.to_owned(),
                    is_test: in_a_test_folder(path),
                    facts: facts::read(path, text),
                });
            }
        }
        tree.sources.sort_by(|a, b| a.path.cmp(&b.path));
        tree.mark_test_modules();
        tree
    }

    /// The files of the crates that `wanted` picks.
    pub(crate) fn of_crates<'a>(&'a self, wanted: &'a [&str]) -> impl Iterator<Item = &'a Source> {
        self.sources.iter().filter(move |source| wanted.contains(&source.krate.as_str()))
    }

    /// `#[cfg(test)] mod name;` makes the file of that module, and all below it, tests.
    fn mark_test_modules(&mut self) {
        let mut stems = BTreeSet::new();
        for source in &self.sources {
            let folder = source.path.trim_end_matches(".rs");
            let folder = ["/mod", "/lib", "/main"]
                .iter()
                .find_map(|end| folder.strip_suffix(end))
                .unwrap_or(folder);
            stems.extend(source.facts.test_modules.iter().map(|name| format!("{folder}/{name}")));
        }
        for source in &mut self.sources {
            let below = |stem: &String| {
                source.path == format!("{stem}.rs") || source.path.starts_with(&format!("{stem}/"))
            };
            source.is_test |= stems.iter().any(below);
        }
    }
}

fn in_a_test_folder(path: &str) -> bool {
    path.split('/').any(|part| matches!(part, "tests" | "benches" | "examples"))
}

fn walk(folder: &Path, found: &mut Vec<PathBuf>) {
    let Ok(entries) = fs::read_dir(folder) else { return };
    let mut paths: Vec<PathBuf> = entries.filter_map(|entry| Some(entry.ok()?.path())).collect();
    paths.sort();
    for path in paths {
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or("");
        if path.is_dir() && !matches!(name, "target" | "corpus" | "artifacts") {
            walk(&path, found);
        } else if name == "Cargo.toml" || name.ends_with(".rs") {
            found.push(path);
        }
    }
}

#[test]
fn a_file_behind_cfg_test_is_a_test() {
    let tree = Tree::of([
        ("crates/osier-tcp/src/close/mod.rs", "//! Q\n#[cfg(test)]\nmod pairs;\nmod abort;"),
        ("crates/osier-tcp/src/close/pairs.rs", "//! Q"),
        ("crates/osier-tcp/src/close/pairs/far.rs", "//! Q"),
        ("crates/osier-tcp/src/close/abort.rs", "//! Q"),
        ("crates/osier-tcp/tests/walk.rs", "//! Q"),
    ]);
    let tests: Vec<&str> =
        tree.sources.iter().filter(|s| s.is_test).map(|s| s.path.as_str()).collect();
    assert_eq!(
        tests,
        [
            "crates/osier-tcp/src/close/pairs.rs",
            "crates/osier-tcp/src/close/pairs/far.rs",
            "crates/osier-tcp/tests/walk.rs"
        ]
    );
}

#[test]
fn a_file_knows_its_module() {
    let tree = Tree::of([
        ("crates/osier-tcp/src/lib.rs", ""),
        ("crates/osier-tcp/src/send/mod.rs", ""),
        ("crates/osier-tcp/src/send/nagle.rs", ""),
    ]);
    let modules: Vec<String> = tree.sources.iter().map(|s| s.module().join("::")).collect();
    assert_eq!(modules, ["", "send", "send::nagle"]);
}
