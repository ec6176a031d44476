//! Does a real kernel take our frames and we its, through TAP and TUN?
//!
//! Each test runs in a child of its own, which enters a private network before anything else: so
//! they need no root, may run side by side, and leave nothing behind. Where that is refused the
//! tests say so, and fail if `CI=true`. An argument selects tests by a part of their name.
#![allow(clippy::disallowed_methods, reason = "a test may wait for the kernel")]

mod kernel {
    pub(crate) mod af_xdp;
    pub(crate) mod checks;
    pub(crate) mod frames;
    pub(crate) mod offload;
    pub(crate) mod packet;
    pub(crate) mod refusals;
    pub(crate) mod setup;
    pub(crate) mod tap;
}

use kernel::checks::CHECKS;
use std::process::{Command, ExitCode};

/// Set for the child to the name of its test.
pub(crate) const CHILD: &str = "OSIER_KERNEL_TEST";

/// In place of a test's name: open a TAP, here and now, and tell what comes of it.
pub(crate) const OPEN_ONLY: &str = "open";

/// The child's exit code where a privilege is missing.
const REFUSED: u8 = 77;

fn main() -> ExitCode {
    if let Ok(name) = std::env::var(CHILD) {
        return child(&name);
    }
    let words: Vec<String> = std::env::args().skip(1).filter(|a| !a.starts_with('-')).collect();
    let list = std::env::args().any(|a| a == "--list");
    let (mut failed, mut not_run) = (false, 0);
    for (name, _) in CHECKS {
        if !words.is_empty() && !words.iter().any(|word| name.contains(word.as_str())) {
            continue;
        }
        if list {
            println!("{name}: test");
            continue;
        }
        match run(name) {
            Outcome::Passed => (),
            Outcome::Failed => failed = true,
            Outcome::NotRun => not_run += 1,
        }
    }
    if not_run > 0 {
        println!("\n{not_run} TESTS WERE NOT RUN for want of a privilege, as said above.");
        // A build server must not mistake this for a success.
        failed |= std::env::var("CI").is_ok_and(|ci| ci == "true");
    }
    if failed { ExitCode::FAILURE } else { ExitCode::SUCCESS }
}

#[derive(PartialEq, Eq)]
enum Outcome {
    Passed,
    Failed,
    NotRun,
}

fn run(name: &str) -> Outcome {
    let me = std::env::current_exe().expect("a process knows its own file");
    let output = Command::new(me).env(CHILD, name).output().expect("we can run ourselves");
    let said = String::from_utf8_lossy(&output.stderr);
    match output.status.code() {
        Some(0) => {
            println!("test {name} ... ok");
            Outcome::Passed
        }
        Some(code) if code == i32::from(REFUSED) => {
            println!("test {name} ... NOT RUN: {}", said.trim());
            Outcome::NotRun
        }
        _ => {
            println!("test {name} ... FAILED ({})\n{said}", output.status);
            Outcome::Failed
        }
    }
}

fn child(name: &str) -> ExitCode {
    if name == OPEN_ONLY {
        kernel::refusals::open_and_tell();
        return ExitCode::SUCCESS;
    }
    // Programs for the kernel are refused in a user namespace, even to its root.
    let entered = match name.starts_with("af_xdp") {
        true => osier_device::netns::renew_private_network(),
        false => osier_device::netns::enter_private_network().map(|_| ()),
    };
    if let Err(e) = entered {
        eprintln!("{e}");
        return ExitCode::from(REFUSED);
    }
    if let Err(e) = std::fs::OpenOptions::new().read(true).write(true).open("/dev/net/tun") {
        eprintln!("/dev/net/tun cannot be opened: {e}");
        return ExitCode::from(REFUSED);
    }
    let (_, check) = CHECKS.iter().find(|(n, _)| *n == name).expect("the name of a check");
    check();
    ExitCode::SUCCESS
}
