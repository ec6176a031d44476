//! Which programs do the tests need, which are missing, and may we install them?
//!
//! A program counts as there if it is found, whoever installed it; what is missing comes from
//! Debian's packages or, for cargo's own tools, with `cargo install` at a fixed version. Without
//! permission, or where the system would refuse, nothing is tried: one command to type is
//! printed instead.

use std::fs;
use std::io::{self, BufRead as _, IsTerminal as _, Write as _};

use crate::arguments::{Permission, TestOptions};
use crate::command::{cargo, find, program, run, succeeds};
use crate::steps::Outcome;

/// Debian's package, and a program of it by which we know that it is there.
const PACKAGES: [(&str, &str); 13] = [
    ("curl", "curl"),
    ("tshark", "tshark"),
    ("tcpdump", "tcpdump"),
    ("iproute2", "ip"),
    ("iputils-ping", "ping"),
    ("ethtool", "ethtool"),
    ("nftables", "nft"),
    ("iperf3", "iperf3"),
    ("apache2-utils", "ab"),
    ("wrk", "wrk"),
    ("socat", "socat"),
    ("valgrind", "valgrind"),
    ("g++", "g++"), // libFuzzer is C++
];

/// A tool of cargo's, its version, and the subcommand by which we know that it is there.
const CARGO_TOOLS: [(&str, &str, &str); 2] =
    [("cargo-deny", "0.20.2", "deny"), ("cargo-fuzz", "0.13.2", "fuzz")];

/// The step that sees to the programs of Debian's packages.
pub(crate) fn packages(options: &TestOptions) -> Outcome {
    let missing = missing_packages();
    if missing.is_empty() {
        println!("all {} programs are here", PACKAGES.len());
        return Outcome::Passed;
    }
    println!("missing: {}", missing.join(" "));
    let list = missing.join(" ");
    let by_hand = format!(
        "{}apt-get update && {0}apt-get install -y --no-install-recommends {list}",
        if is_root() { "" } else { "sudo " }
    );
    let remedy = format!("Type this once, then run it again:\n\n    {by_hand}\n");
    if find("apt-get").is_none() {
        return Outcome::Refused(format!("This is no Debian: install what has `{list}` there."));
    }
    if !is_root() || !may_install(options, &format!("Install {list} from Debian's packages?")) {
        return Outcome::Refused(remedy);
    }
    match apt_get_install(&missing) {
        Ok(()) if missing_packages().is_empty() => Outcome::Passed,
        Ok(()) => Outcome::Refused(format!("Still missing: {}.", missing_packages().join(" "))),
        Err(why) => Outcome::Refused(format!("{why}\n{remedy}")),
    }
}

fn missing_packages() -> Vec<&'static str> {
    let missing = PACKAGES.iter().filter(|(_, program)| find(program).is_none());
    missing.map(|(package, _)| *package).collect()
}

fn apt_get_install(packages: &[&str]) -> Result<(), String> {
    let apt =
        |words: &[&str]| run(program("apt-get", words).env("DEBIAN_FRONTEND", "noninteractive"));
    apt(&["update", "-qq"])?;
    apt(&[
        ["install", "-qq", "-o", "Dpkg::Use-Pty=0", "-y", "--no-install-recommends"].as_slice(),
        packages,
    ]
    .concat())
}

/// The step that sees to cargo's tools.
pub(crate) fn cargo_tools(options: &TestOptions) -> Outcome {
    let missing = missing_tools();
    if missing.is_empty() {
        println!("all {} tools are here", CARGO_TOOLS.len());
        return Outcome::Passed;
    }
    // A debug build takes a third of the time and is fast enough for what we ask of it.
    let mut words = vec!["install", "--locked", "--debug"];
    words.extend(missing.iter().map(String::as_str));
    let question = format!("Install {} with cargo?", missing.join(" "));
    if !may_install(options, &question) {
        let by_hand = words.join(" ");
        let remedy = format!("Type this once, then run it again:\n\n    cargo {by_hand}\n");
        return Outcome::Refused(remedy);
    }
    match run(&mut cargo(&words)) {
        Ok(()) if missing_tools().is_empty() => Outcome::Passed,
        Ok(()) => Outcome::Refused("Put the `bin` folder of cargo install on the PATH.".to_owned()),
        Err(why) => Outcome::Refused(format!("{why}\nIs cargo's registry reached from here?")),
    }
}

/// `name@version` of each tool that cargo does not find.
fn missing_tools() -> Vec<String> {
    let is_here = |word: &str| succeeds(&mut cargo(&[word, "--version"]));
    let missing = CARGO_TOOLS.iter().filter(|(_, _, word)| !is_here(word));
    missing.map(|(name, version, _)| format!("{name}@{version}")).collect()
}

fn may_install(options: &TestOptions, question: &str) -> bool {
    match options.install {
        Permission::Given => true,
        Permission::Ask if !io::stdin().is_terminal() => false,
        Permission::Ask => {
            print!("{question} [y/N] ");
            let _ = io::stdout().flush(); // a question that cannot be shown is answered by no
            let mut answer = String::new();
            let _ = io::stdin().lock().read_line(&mut answer);
            matches!(answer.trim(), "y" | "Y" | "yes")
        }
    }
}

/// Is the effective user root? Asked of /proc, which needs no system call of ours.
pub(crate) fn is_root() -> bool {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let ids = status.lines().find_map(|line| line.strip_prefix("Uid:")).unwrap_or_default();
    ids.split_whitespace().nth(1) == Some("0")
}

/// What keeps us from making a network namespace with a TAP in it; `None` if nothing does.
///
/// Root needs no user namespace; anybody else does. What is made here ends with the command.
pub(crate) fn missing_privilege() -> Option<String> {
    let tap = ["--net", "ip", "tuntap", "add", "osier-try", "mode", "tap"];
    let as_user = [["--user", "--map-root-user"].as_slice(), &tap].concat();
    if succeeds(&mut program("unshare", if is_root() { &tap } else { &as_user })) {
        return None;
    }
    let remedy = if is_root() {
        "in a container, add `--cap-add NET_ADMIN --cap-add SYS_ADMIN --device /dev/net/tun`"
    } else {
        "run it as root, or allow user namespaces and give /dev/net/tun the mode 0666"
    };
    Some(format!("the kernel refused us a network namespace with a TAP in it: {remedy}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn options(install: Permission) -> TestOptions {
        TestOptions { install, fuzz: None, only: Vec::new(), in_ci: false }
    }

    #[test]
    fn permission_that_was_given_asks_nothing() {
        assert!(may_install(&options(Permission::Given), "?"));
    }

    #[test]
    fn a_program_in_an_sbin_folder_or_on_the_path_is_found_and_another_is_not() {
        assert!(find("sh").is_some());
        assert!(find("no-such-program").is_none());
    }
}
