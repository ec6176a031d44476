//! What does a crate's `Cargo.toml` depend on, and at which line?
//!
//! Reads only as much TOML as our manifests use: sections, and keys at the start of a line.

/// One dependency as a manifest declares it.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Dependency {
    /// The package's name, also where the manifest renames it.
    pub(crate) name: String,
    /// Counted from 1.
    pub(crate) line: usize,
    /// Under `[dev-dependencies]`.
    pub(crate) dev: bool,
}

/// What the rules ask of a `Cargo.toml`.
pub(crate) struct Manifest {
    /// Path from the root of the project.
    pub(crate) path: String,
    /// The folder's name, which is the crate's.
    pub(crate) krate: String,
    /// Every dependency of every kind.
    pub(crate) dependencies: Vec<Dependency>,
    /// `[lints] workspace = true` is there.
    pub(crate) workspace_lints: bool,
}

impl Manifest {
    /// Reads a manifest.
    pub(crate) fn parse(path: &str, krate: &str, text: &str) -> Self {
        let mut manifest = Self {
            path: path.to_owned(),
            krate: krate.to_owned(),
            dependencies: Vec::new(),
            workspace_lints: false,
        };
        let mut section = String::new();
        for (line, row) in (1..).zip(text.lines()) {
            let row = row.split('#').next().unwrap_or("").trim();
            if let Some(header) = row.strip_prefix('[') {
                section = header.trim_end_matches(']').to_owned();
                if let Some((kind, name)) = section.rsplit_once("dependencies.") {
                    manifest.depend(name, line, kind.ends_with("dev-"));
                }
            } else if let Some((key, value)) = row.split_once('=') {
                let (key, value) = (key.trim(), value.trim());
                manifest.workspace_lints |=
                    section == "lints" && key == "workspace" && value == "true";
                if section.ends_with("dependencies") {
                    let name = renamed(value).unwrap_or(key.split('.').next().unwrap_or(key));
                    manifest.depend(name, line, section.ends_with("dev-dependencies"));
                }
            }
        }
        manifest
    }

    fn depend(&mut self, name: &str, line: usize, dev: bool) {
        let name = name.trim_matches('"').to_owned();
        self.dependencies.push(Dependency { name, line, dev });
    }
}

/// The real name in `{ package = "name", … }`.
fn renamed(value: &str) -> Option<&str> {
    let (_, after) = value.split_once("package")?;
    after.trim_start().strip_prefix('=')?.trim_start().strip_prefix('"')?.split('"').next()
}

#[test]
fn every_kind_of_dependency_is_seen() {
    let text = "[package]\nname = \"x\"\n[lints]\nworkspace = true\n[dependencies]\n\
        a.workspace = true # why\nb = { version = \"1\", package = \"tokio\" }\n\
        [target.'cfg(unix)'.dependencies]\nc = \"1\"\n[dev-dependencies]\nd = \"1\"\n\
        [dependencies.e]\nversion = \"1\"\n[features]\nf = []\n";
    let manifest = Manifest::parse("crates/x/Cargo.toml", "x", text);
    let seen: Vec<(&str, usize, bool)> =
        manifest.dependencies.iter().map(|d| (d.name.as_str(), d.line, d.dev)).collect();
    let expected =
        [("a", 6, false), ("tokio", 7, false), ("c", 9, false), ("d", 11, true), ("e", 12, false)];
    assert_eq!(seen, expected);
    assert!(manifest.workspace_lints);
}
