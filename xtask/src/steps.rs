//! Which steps does `cargo xtask test` take, and what does each run?
//!
//! Cheap and telling ones first. A step that cannot run says so: in CI that is a failure, at
//! home it is counted as skipped.

use std::fs;
use std::time::Duration;

use crate::arguments::TestOptions;
use crate::command::{cargo, listen, root, run};
use crate::install;

/// How a step ended.
pub(crate) enum Outcome {
    /// All was well.
    Passed,
    /// Something was found wrong; what, in a few words.
    Failed(String),
    /// It could not or should not run here; why.
    Skipped(String),
    /// The system refused what all later steps need; the remedy.
    Refused(String),
}

/// One step.
pub(crate) struct Step {
    /// Its word for `--only`.
    pub(crate) name: &'static str,
    /// What it does, in half a line.
    pub(crate) does: &'static str,
    /// Does it.
    pub(crate) run: fn(&TestOptions) -> Outcome,
}

/// In the order in which they are taken.
pub(crate) const STEPS: [Step; 11] = [
    Step { name: "packages", does: "programs from Debian's packages", run: install::packages },
    Step { name: "tools", does: "cargo-deny and cargo-fuzz", run: install::cargo_tools },
    Step { name: "fmt", does: "the format is rustfmt's", run: fmt },
    Step { name: "clippy", does: "no warning of clippy's or the compiler's", run: clippy },
    Step { name: "tests", does: "all tests that need no privilege, tidy among them", run: tests },
    Step {
        name: "bench",
        does: "the table beside other stacks, and some of these, build",
        run: bench,
    },
    Step { name: "docs", does: "the documentation builds without a warning", run: docs },
    Step { name: "deny", does: "licences, sources and advisories of dependencies", run: deny },
    Step { name: "build", does: "the release build of `osier`", run: build },
    Step { name: "interop", does: "against the Linux kernel in namespaces", run: interop },
    Step { name: "fuzz", does: "a short fuzz of every target", run: fuzz },
];

/// How long an answer about advisories is waited for; their database is not part of the project.
const ADVISORIES_LIMIT: Duration = Duration::from_secs(60);

fn outcome(result: Result<(), String>) -> Outcome {
    match result {
        Ok(()) => Outcome::Passed,
        Err(why) => Outcome::Failed(why),
    }
}

/// Cannot run here: loud, and in CI a failure.
fn cannot(options: &TestOptions, why: String) -> Outcome {
    let line = "!".repeat(78);
    eprintln!("{line}\nNOT TESTED: {why}\n{line}");
    if options.in_ci { Outcome::Failed(why) } else { Outcome::Skipped(why) }
}

fn fmt(_: &TestOptions) -> Outcome {
    outcome(run(&mut cargo(&["fmt", "--all", "--check"])))
}

fn clippy(_: &TestOptions) -> Outcome {
    let words = ["clippy", "--workspace", "--all-targets", "--all-features", "--"];
    outcome(run(cargo(&words).args(["-D", "warnings"])))
}

fn tests(_: &TestOptions) -> Outcome {
    outcome(run(&mut cargo(&["test", "--workspace", "--all-features", "--no-fail-fast"])))
}

/// The workspace `bench/`: its tests, and the peers that need no C compiler and few crates.
fn bench(_: &TestOptions) -> Outcome {
    let at = ["--manifest-path", "bench/Cargo.toml", "--target-dir", "target/bench"];
    let mut test = cargo(&["test"]);
    test.args(at).args(["--package", "bench-table", "--package", "bench-work"]);
    if let Err(why) = run(&mut test) {
        return Outcome::Failed(why);
    }
    let mut check = cargo(&["check"]);
    check.args(at).args(["--package", "peer-relay", "--package", "peer-kernel"]);
    outcome(run(check.args(["--package", "peer-smoltcp"])))
}

fn docs(_: &TestOptions) -> Outcome {
    let words = ["doc", "--workspace", "--all-features", "--no-deps"];
    outcome(run(cargo(&words).env("RUSTDOCFLAGS", "-D warnings")))
}

/// Bans, licences and sources need no network; the advisories do, and are told apart from it.
fn deny(_: &TestOptions) -> Outcome {
    let words = ["deny", "check", "--hide-inclusion-graph", "bans", "licenses", "sources"];
    if let Err(why) = run(&mut cargo(&words)) {
        return Outcome::Failed(why);
    }
    match listen(&mut cargo(&["deny", "check", "advisories"]), ADVISORIES_LIMIT) {
        Ok((true, _)) => println!("advisories ok"),
        Ok((false, said)) if !said.contains("failed to fetch advisory database") => {
            eprint!("{said}");
            return Outcome::Failed("an advisory speaks of a dependency".to_owned());
        }
        Ok(_) => println!("advisories: their database is not reachable from here; not checked"),
        Err(why) => println!("advisories: {why}; not checked"),
    }
    Outcome::Passed
}

fn build(_: &TestOptions) -> Outcome {
    outcome(run(&mut cargo(&["build", "--release", "--package", "osier-cli"])))
}

/// The tests of `crates/osier-cli/tests/interop_*.rs` are ignored by a plain `cargo test`.
fn interop(options: &TestOptions) -> Outcome {
    let folder = root().join("crates/osier-cli/tests");
    if rust_files(&folder).iter().all(|name| !name.starts_with("interop")) {
        return cannot(options, "there is no interop_*.rs in crates/osier-cli/tests".to_owned());
    }
    if let Some(why) = install::missing_privilege() {
        return cannot(options, why);
    }
    // Each test brings its own namespaces, so a few may wait for the kernel side by side.
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let threads = format!("--test-threads={cores}");
    let mut command = cargo(&["test", "--release", "--package", "osier-cli", "--no-fail-fast"]);
    command.args(["--test", "interop*", "--", "--ignored", &threads]);
    outcome(run(&mut command))
}

/// `-s none`: sanitizers need a nightly compiler, coverage counters do not, and the engine has
/// no unsafe code for a sanitizer to watch.
fn fuzz(options: &TestOptions) -> Outcome {
    let Some(time) = options.fuzz else { return Outcome::Skipped("--skip-fuzz".to_owned()) };
    let targets = rust_files(&root().join("fuzz/fuzz_targets"));
    if targets.is_empty() {
        return cannot(options, "there is no target in fuzz/fuzz_targets".to_owned());
    }
    let limit = format!("-max_total_time={}", time.as_secs());
    for target in &targets {
        let words = ["fuzz", "run", "--sanitizer", "none", target, "--", &limit];
        let mut command = cargo(&words);
        command.args(["-verbosity=0", "-print_final_stats=1"]);
        if let Err(why) = run(&mut command) {
            return Outcome::Failed(why);
        }
    }
    println!("{} targets, {} s each: nothing found", targets.len(), time.as_secs());
    Outcome::Passed
}

/// The names, without `.rs`, of the Rust files right in a folder, sorted; none if it is not there.
fn rust_files(folder: &std::path::Path) -> Vec<String> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let names = entries.filter_map(|entry| entry.file_name().into_string().ok());
    let mut names: Vec<String> =
        names.filter_map(|name| Some(name.strip_suffix(".rs")?.to_owned())).collect();
    names.sort();
    names
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cannot_run_is_skipped_at_home_and_fails_in_ci() {
        let options = |in_ci| TestOptions {
            install: crate::arguments::Permission::Ask,
            fuzz: None,
            only: Vec::new(),
            in_ci,
        };
        assert!(matches!(cannot(&options(false), String::new()), Outcome::Skipped(_)));
        assert!(matches!(cannot(&options(true), String::new()), Outcome::Failed(_)));
    }

    #[test]
    fn every_fuzz_target_is_a_program_of_its_manifest() {
        let manifest = fs::read_to_string(root().join("fuzz/Cargo.toml")).expect("it is there");
        let targets = rust_files(&root().join("fuzz/fuzz_targets"));
        assert!(!targets.is_empty());
        for target in targets {
            let path = format!("path = \"fuzz_targets/{target}.rs\"");
            assert!(manifest.contains(&path), "fuzz/Cargo.toml has no [[bin]] with {path}");
        }
    }
}
