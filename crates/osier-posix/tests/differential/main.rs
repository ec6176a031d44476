//! Does a program see the same of osier as of the Linux kernel?
//!
//! A seed draws a script of socket calls for two programs. One plays it on the kernel, over a TUN
//! in a private network, then on osier; the other is osier both times. What both see is compared
//! at quiescent points; docs/differential.md says what that is, and which differences are known.
//!
//! `OSIER_SCRIPTS=10000` plays so many, `OSIER_SCRIPT=17` one and writes it down,
//! `OSIER_SCRIPT=17:2,5` only these calls of it. Where a private network is refused the test says
//! so, and fails if `CI=true`.
#![allow(clippy::disallowed_methods, reason = "a test may wait for the kernel")]

mod accepted;
mod bulk;
mod campaign;
mod compare;
mod draw;
mod kernel;
mod osier;
mod play;
mod script;
mod shrink;
mod sockets;
mod world;

use campaign::Counts;
use std::process::{Child, Command, ExitCode, Stdio};

/// Scripts of an ordinary run, and of one with `OSIER_LONG=1`.
const SCRIPTS: u64 = 250;
const SCRIPTS_LONG: u64 = 10_000;

/// Scripts for which a further process is worth its start.
const EACH: u64 = 100;

/// Set for a child to the seeds it plays: `FIRST+NUMBER`.
const CHILD: &str = "OSIER_DIFFERENTIAL_SEEDS";

/// The child's exit code where a privilege is missing.
const REFUSED: u8 = 77;

fn main() -> ExitCode {
    if let Ok(seeds) = std::env::var(CHILD) {
        return child(&seeds);
    }
    if std::env::args().any(|a| a == "--list") {
        println!("a_program_sees_the_same_of_osier_as_of_the_kernel: test");
        return ExitCode::SUCCESS;
    }
    let number = |name: &str| std::env::var(name).ok().map(|n| n.parse().expect(name));
    let long = std::env::var("OSIER_LONG").is_ok_and(|long| long == "1");
    let scripts = number("OSIER_SCRIPTS").unwrap_or(if long { SCRIPTS_LONG } else { SCRIPTS });
    let first = number("OSIER_FIRST").unwrap_or(0);
    let one = std::env::var("OSIER_SCRIPT").is_ok();
    let cores = std::thread::available_parallelism().map_or(1, |n| n.get() as u64);
    let children = if one { 1 } else { (scripts / EACH).clamp(1, cores) };
    let each = scripts.div_ceil(children);
    let seeds = (0..children).map(|n| (first + n * each, each.min(scripts - n * each)));
    let children: Vec<Child> = seeds.map(start).collect();
    tell(children)
}

fn start((first, number): (u64, u64)) -> Child {
    let me = std::env::current_exe().expect("a process knows its own file");
    let mut child = Command::new(me);
    child.env(CHILD, format!("{first}+{number}")).stdout(Stdio::piped()).stderr(Stdio::piped());
    child.spawn().expect("we can run ourselves")
}

fn tell(children: Vec<Child>) -> ExitCode {
    let (mut counts, mut failed) = (Counts::default(), false);
    for child in children {
        let output = child.wait_with_output().expect("we started it");
        let errors = String::from_utf8_lossy(&output.stderr);
        if output.status.code() == Some(i32::from(REFUSED)) {
            println!("the differential test ... NOT RUN: {}", errors.trim());
            println!("\nTHE DIFFERENTIAL TEST WAS NOT RUN for want of a privilege, as said above.");
            // A build server must not mistake this for a success.
            let is_ci = std::env::var("CI").is_ok_and(|ci| ci == "true");
            return if is_ci { ExitCode::FAILURE } else { ExitCode::SUCCESS };
        }
        for line in String::from_utf8_lossy(&output.stdout).lines() {
            if !counts.add_line(line) {
                println!("{line}");
            }
        }
        eprint!("{errors}");
        failed |= !output.status.success();
    }
    print!("{counts}");
    if failed || counts.failed > 0 { ExitCode::FAILURE } else { ExitCode::SUCCESS }
}

fn child(seeds: &str) -> ExitCode {
    if let Err(e) = osier_device::netns::enter_private_network() {
        eprintln!("{e}");
        return ExitCode::from(REFUSED);
    }
    if let Err(e) = std::fs::OpenOptions::new().read(true).write(true).open("/dev/net/tun") {
        eprintln!("/dev/net/tun cannot be opened: {e}");
        return ExitCode::from(REFUSED);
    }
    let mut cable = kernel::Cable::new();
    if let Ok(one) = std::env::var("OSIER_SCRIPT") {
        return campaign::play_one(&mut cable, &one);
    }
    let (first, number) = seeds.split_once('+').expect("FIRST+NUMBER");
    let first: u64 = first.parse().expect("a number");
    let number: u64 = number.parse().expect("a number");
    campaign::play_many(&mut cable, first..first + number)
}
