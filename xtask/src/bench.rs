//! How does osier do beside other stacks? `cargo xtask bench` builds them, and the table runs them.
//!
//! The peers and the table are the workspace `bench/`, outside the project's own, so that nobody
//! who only builds or tests osier fetches another stack. Each peer is built by itself: one that
//! cannot be built here is named with the reason, and the others go on. Not here: the rows
//! themselves and what is measured in them (`bench/table`, `bench/work`).

use std::path::PathBuf;
use std::process::{Command, ExitCode, Stdio};

use crate::arguments::BenchOptions;
use crate::command::{cargo, root};

/// The peers, in the order of the table.
pub(crate) const PEERS: [&str; 6] =
    ["smoltcp", "lwip", "kernel", "netstack-smoltcp", "ipstack", "relay"];

/// The rows: a word of the command line is the whole name of one, or its first part.
pub(crate) const ROWS: [&str; 24] = [
    "bulk-1500",
    "bulk-1500-off",
    "bulk-9000",
    "bulk-9000-off",
    "bulk-65535",
    "bulk-65535-off",
    "bulk-65535-lent",
    "bulk-whole",
    "rr",
    "rr-100",
    "rr-1000",
    "rr-10000",
    "crr",
    "crr-dropped",
    "crr-1000",
    "crr-10000",
    "tokio-in",
    "tokio-out",
    "tokio-rr",
    "tokio-crr",
    "tun-in",
    "tun-out",
    "tun-1500-in",
    "tun-1500-out",
];

/// A row that is told apart from the table: its load is a program of its own (`bench/http`).
pub(crate) const HTTP: &str = "http";

/// Is this a row, or the first part of some?
pub(crate) fn is_row(word: &str) -> bool {
    let means = |row: &str| {
        row.strip_prefix(word).is_some_and(|rest| rest.is_empty() || rest.starts_with('-'))
    };
    word == HTTP || ROWS.iter().any(|row| means(row))
}

/// Builds what is asked for and runs the table.
pub(crate) fn bench(options: &BenchOptions) -> ExitCode {
    let is_http = |row: &String| row == HTTP;
    let table = match options.rows.iter().all(is_http) && !options.rows.is_empty() {
        true => ExitCode::SUCCESS,
        false => tabulate(options),
    };
    if table == ExitCode::SUCCESS && options.rows.iter().any(is_http) { http() } else { table }
}

/// axum on osier's listener and on the kernel's.
fn http() -> ExitCode {
    let run = build(&in_bench("bench-http")).and_then(|()| {
        let program = target().join("bench/release/bench-http");
        Command::new(program).status().map_err(|error| format!("it does not start: {error}"))
    });
    match run {
        Ok(status) if status.success() => ExitCode::SUCCESS,
        Ok(_) => ExitCode::FAILURE,
        Err(why) => {
            eprintln!("cargo xtask bench http: {why}");
            ExitCode::FAILURE
        }
    }
}

/// The rows of the table.
fn tabulate(options: &BenchOptions) -> ExitCode {
    let osier = build(&["--package", "osier-cli"]);
    let table = osier.and_then(|()| build(&in_bench("bench-table")));
    if let Err(why) = table {
        eprintln!("cargo xtask bench: {why}");
        return ExitCode::FAILURE;
    }
    let programs = target().join("bench").join("release");
    let mut command = Command::new(programs.join("bench-table"));
    command.arg("--osier").arg(target().join("release/osier"));
    command.arg("--programs").arg(&programs).args(options.rows.iter().filter(|row| *row != HTTP));
    // For its rows of tokio's streams. Without it they say that it does not start.
    if let Err(why) = build(&in_bench("bench-streams")) {
        eprintln!("osier's own streams cannot be built here: {why}");
    }
    let mut built = Vec::new();
    for peer in &options.against {
        match build(&in_bench(&format!("peer-{peer}"))) {
            Ok(()) => built.push(peer.as_str()),
            Err(why) => {
                eprintln!("{peer} cannot be built here: {why}; the others go on");
                command.args(["--missing", peer, &why]);
            }
        }
    }
    if !built.is_empty() {
        command.args(["--against", &built.join(",")]);
    }
    if let Some(rounds) = options.rounds {
        command.args(["--rounds", &rounds.to_string()]);
    }
    command.args(options.json.then_some("--json"));
    command.args(options.markdown.then_some("--markdown"));
    command.args(options.instructions.then_some("--instructions"));
    if let Some(file) = &options.svg {
        command.arg("--svg").arg(file);
    }
    match command.status() {
        Ok(status) if status.success() => ExitCode::SUCCESS,
        Ok(_) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("cargo xtask bench: the table does not start: {error}");
            ExitCode::FAILURE
        }
    }
}

fn in_bench(package: &str) -> [&str; 5] {
    ["--manifest-path", "bench/Cargo.toml", "--package", package, "--quiet"]
}

/// A release build for the baseline of the processor family, whatever flags are set around us.
/// What is said goes to standard error: standard output is the table's.
fn build(words: &[&str]) -> Result<(), String> {
    let mut command = cargo(&["build", "--release"]);
    command.args(words).env_remove("RUSTFLAGS").env_remove("CARGO_ENCODED_RUSTFLAGS");
    if words.contains(&"--manifest-path") {
        command.arg("--target-dir").arg(target().join("bench"));
    }
    eprintln!("$ cargo build --release {}", words.join(" "));
    let run = command.stdout(Stdio::null()).stderr(Stdio::piped()).output();
    let run = run.map_err(|error| format!("cargo does not start: {error}"))?;
    if run.status.success() {
        return Ok(());
    }
    let said = String::from_utf8_lossy(&run.stderr);
    let why = said.lines().find(|line| line.starts_with("error")).unwrap_or("no reason given");
    Err(format!("`cargo build --release {}`: {why}", words.join(" ")))
}

/// Where cargo puts what it builds.
fn target() -> PathBuf {
    std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root().join("target"), PathBuf::from)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    #[test]
    fn the_rows_are_those_of_the_table() {
        let text = fs::read_to_string(root().join("bench/table/src/rows.rs")).expect("its rows");
        let (_, table) = text.split_once("pub(crate) const ROWS").expect("the table of rows");
        let (table, _) = table.split_once("\n];").expect("its end");
        // A name is the first string after `name: ` or the name of a function.
        let names: Vec<&str> = ["name: ", "bulk(", "idle(", "tokio(", "tun("]
            .iter()
            .flat_map(|word| table.split(*word).skip(1))
            .filter_map(|rest| rest.trim_start().strip_prefix('"')?.split('"').next())
            .collect();
        let mut sorted = (names.clone(), ROWS.to_vec());
        sorted.0.sort_unstable();
        sorted.1.sort_unstable();
        assert_eq!(sorted.0, sorted.1);
    }

    #[test]
    fn the_peers_are_the_folders_of_bench_peers() {
        let entries = fs::read_dir(root().join("bench/peers")).expect("the folder of peers");
        let name = |entry: fs::DirEntry| entry.file_name().into_string().expect("UTF-8");
        let mut folders: Vec<String> = entries.flatten().map(name).collect();
        folders.sort();
        let mut peers = PEERS.to_vec();
        peers.sort_unstable();
        assert_eq!(folders, peers);
    }
}
