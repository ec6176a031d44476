//! Which floor does a crate stand on, and what may it stand on?
//!
//! The table is that of `docs/ARCHITECTURE.md`; crates that do not exist yet have their floor
//! already. A crate that is not in the table has no floor and is refused.

use crate::manifest::Manifest;
use crate::rule::{Place, Rule};
use crate::tree::Tree;

/// Every crate under `crates/`, now and planned.
const TABLE: [(u8, &str); 18] = [
    (6, "osier-cli"),
    (5, "osier-sim"),
    (5, "osier-drill"),
    (5, "osier-packetdrill"),
    (5, "osier-prove"),
    (5, "osier-watch"),
    (4, "osier"),
    (4, "osier-lab"),
    (4, "osier-posix"),
    (3, "osier-host"),
    (3, "osier-device"),
    (3, "osier-explain"),
    (2, "osier-tcp"),
    (2, "osier-ip"),
    (2, "osier-pcap"),
    (2, "osier-ladder"),
    (1, "osier-wire"),
    (1, "osier-time"),
];

/// Who may depend on a crate of others that brings the outside world in.
const OUTSIDERS: [(&str, &[&str]); 12] = [
    ("tokio", &["osier", "osier-sim", "osier-cli"]),
    ("axum", &["osier", "osier-sim", "osier-cli"]),
    ("hyper", &["osier", "osier-sim", "osier-cli"]),
    ("libc", &["osier-device", "osier-packetdrill"]),
    ("nix", &["osier-device", "osier-packetdrill"]),
    // osier-posix holds the kernel's sockets beside its own, in a test.
    ("rustix", &["osier-device", "osier-packetdrill", "osier-posix", "osier", "osier-cli"]),
    ("getrandom", FLOOR_4_AND_UP),
    ("rand", FLOOR_4_AND_UP),
    ("log", FLOOR_4_AND_UP),
    ("tracing", FLOOR_4_AND_UP),
    ("metrics", FLOOR_4_AND_UP),
    ("parking_lot", FLOOR_4_AND_UP),
];

const FLOOR_4_AND_UP: &[&str] =
    &["osier", "osier-lab", "osier-sim", "osier-drill", "osier-packetdrill", "osier-prove", CLI];
const CLI: &str = "osier-cli";

/// The floor of a crate in `crates/`.
pub(crate) fn floor(krate: &str) -> Option<u8> {
    TABLE.iter().find(|(_, name)| *name == krate).map(|(floor, _)| *floor)
}

pub(crate) const FLOORS: Rule = Rule {
    says: "A crate uses only crates on lower floors.",
    why: "What a reader has to know before a crate is what stands below it. A dependency upwards \
          or sideways makes two crates one, and the engine can no longer be taken alone.",
    remedy: "Move the shared type down (osier-wire, osier-time), or pass it in as an argument \
             from the floor above; tests that need two crates live on a floor above both. A new \
             crate gets its floor in docs/ARCHITECTURE.md and in xtask/tests/tidy/floors.rs.",
};

/// Dependencies of all kinds: a test that looks upwards ties the crates as much.
pub(crate) fn crates_point_down(tree: &Tree) -> Vec<Place> {
    let mut places = Vec::new();
    for manifest in tree.manifests.iter().filter(|m| m.path.starts_with("crates/")) {
        let Some(own) = floor(&manifest.krate) else {
            let what = format!("`{}` has no floor", manifest.krate);
            places.push(Place::new(&manifest.path, 1, what));
            continue;
        };
        for dependency in &manifest.dependencies {
            let Some(other) = floor(&dependency.name) else { continue };
            if other >= own {
                let what = format!(
                    "`{}` (floor {own}) depends on `{}` (floor {other})",
                    manifest.krate, dependency.name
                );
                places.push(Place::new(&manifest.path, dependency.line, what));
            }
        }
    }
    places
}

pub(crate) const OUTSIDE: Rule = Rule {
    says: "The runtime, libc, random sources and loggers are dependencies of few crates.",
    why: "tokio belongs to floors 4 and up, libc to osier-device: so the engine runs in a \
          laboratory, in a checker, in a kernel, the same bytes from the same seed every time.",
    remedy: "Take `now`, seeds and frames as arguments and let the floor above ask the system. \
             The table is OUTSIDERS in xtask/tests/tidy/floors.rs.",
};

/// Dependencies from outside, for the program and for its tests.
pub(crate) fn outside_crates_stay_on_their_floor(tree: &Tree) -> Vec<Place> {
    let in_crates = |m: &&Manifest| m.path.starts_with("crates/");
    let mut places = Vec::new();
    for manifest in tree.manifests.iter().filter(in_crates) {
        for dependency in &manifest.dependencies {
            let family = dependency.name.split(['-', '_']).next().unwrap_or("");
            let known = |name: &str| name == dependency.name || name == family;
            let Some((_, allowed)) = OUTSIDERS.iter().find(|(name, _)| known(name)) else {
                continue;
            };
            if !allowed.contains(&manifest.krate.as_str()) {
                let what = format!("`{}` depends on `{}`", manifest.krate, dependency.name);
                places.push(Place::new(&manifest.path, dependency.line, what));
            }
        }
    }
    places
}

pub(crate) const LINTS: Rule = Rule {
    says: "Every crate has `[lints] workspace = true`.",
    why: "A crate without it is silently held to nothing: no missing_docs, no clippy table.",
    remedy: "Add the two lines to the manifest.",
};

/// The fuzz targets and the benchmark of others are workspaces of their own and cannot inherit.
pub(crate) fn crates_take_the_workspace_lints(tree: &Tree) -> Vec<Place> {
    let inherits = |m: &&Manifest| !["fuzz", "bench"].contains(&m.krate.as_str());
    let without = tree.manifests.iter().filter(inherits).filter(|m| !m.workspace_lints);
    without.map(|m| Place::new(&m.path, 1, "no `[lints] workspace = true`")).collect()
}

mod tests {
    use super::*;

    fn tree_of(krate: &str, manifest: &str) -> Tree {
        Tree::of([(format!("crates/{krate}/Cargo.toml").as_str(), manifest)])
    }

    #[test]
    fn a_sibling_and_an_upper_crate_are_refused_and_a_lower_one_is_not() {
        let manifest = "[dependencies]\nosier-wire.workspace = true\nosier-ip.workspace = true\n\
            [dev-dependencies]\nosier-host = { path = \"../osier-host\" }\n";
        let places = crates_point_down(&tree_of("osier-tcp", manifest));
        let lines: Vec<usize> = places.iter().map(|p| p.line).collect();
        assert_eq!(lines, [3, 5]);
        assert!(places[0].what.contains("osier-ip"));
    }

    #[test]
    fn a_crate_without_a_floor_is_refused() {
        let places = crates_point_down(&tree_of("osier-attic", "[dependencies]\n"));
        assert!(places[0].what.contains("no floor"));
    }

    #[test]
    fn tokio_and_its_family_are_refused_in_the_host_and_taken_in_the_cli() {
        let manifest = "[dependencies]\ntokio = \"1\"\ntokio-util = \"1\"\ngetrandom = \"1\"\n";
        assert_eq!(outside_crates_stay_on_their_floor(&tree_of("osier-host", manifest)).len(), 3);
        assert_eq!(outside_crates_stay_on_their_floor(&tree_of("osier-cli", manifest)), []);
    }

    #[test]
    fn a_crate_without_the_lints_is_found() {
        assert_eq!(crates_take_the_workspace_lints(&tree_of("osier-ip", "[package]\n")).len(), 1);
    }
}
