//! Runs many seeds of the swarm, or replays one.
//!
//! `cargo run --profile swarm -p osier-lab --example swarm -- --seeds 100000`
//! `cargo run --profile swarm -p osier-lab --example swarm -- --seed 17`
//!
//! A seed that fails prints one line that replays it, and leaves `swarm-SEED.pcapng` (every frame
//! of every host with its reasons) and `swarm-SEED.txt` (the ladder) in the working directory.
#![forbid(unsafe_code)]

use osier_lab::swarm::{Case, Seen};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::process::ExitCode;

/// Before the seed.
const REPLAY: &str = "cargo run --profile swarm -p osier-lab --example swarm -- --seed";

fn main() -> ExitCode {
    let (mut first, mut count, mut replay) = (0, 2_000, None);
    let mut arguments = std::env::args().skip(1);
    while let Some(argument) = arguments.next() {
        let mut number = || arguments.next().and_then(|n| n.parse().ok());
        match (argument.as_str(), number()) {
            ("--seeds", Some(n)) => count = n,
            ("--from", Some(n)) => first = n,
            ("--seed", Some(n)) => replay = Some(n),
            _ => {
                eprintln!("swarm [--from N] [--seeds N] | --seed N");
                return ExitCode::from(2);
            }
        }
    }
    match replay {
        Some(seed) => one(seed),
        None => many(first, count),
    }
}

fn many(first: u64, count: u64) -> ExitCode {
    let (mut sum, mut failed, mut longest) = (Seen::default(), 0, (0, 0));
    for seed in first..first + count {
        match attempt(seed) {
            Ok(seen) => {
                sum.done += seen.done;
                sum.failed += seen.failed;
                sum.octets += seen.octets;
                sum.frames += seen.frames;
                sum.millis += seen.millis;
                longest = longest.max((seen.frames, seed));
            }
            Err(what) => {
                failed += 1;
                println!("seed {seed}: {what}");
                println!("  replay: {REPLAY} {seed}");
                leave(seed);
            }
        }
        let done = seed + 1 - first;
        if done.is_multiple_of(5_000) {
            println!("{done} seeds, {failed} failed");
        }
    }
    println!("{count} seeds from {first}: {failed} failed; {sum:?}, longest {longest:?}");
    if failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn attempt(seed: u64) -> Result<Seen, String> {
    let run = AssertUnwindSafe(|| Case::draw(seed).run().map_err(|failure| failure.to_string()));
    catch_unwind(run).unwrap_or_else(|_| Err("panicked".to_owned()))
}

fn one(seed: u64) -> ExitCode {
    println!("{}", Case::draw(seed).title);
    leave(seed);
    match attempt(seed) {
        Ok(seen) => {
            println!("{seen:?}");
            ExitCode::SUCCESS
        }
        Err(what) => {
            println!("seed {seed}: {what}");
            ExitCode::FAILURE
        }
    }
}

/// Runs it again with everything written down.
fn leave(seed: u64) {
    let mut case = Case::draw(seed);
    case.record();
    let ended = catch_unwind(AssertUnwindSafe(|| case.run()));
    if let Ok(Err(failure)) = ended {
        println!("  {failure}");
    }
    let (capture, ladder) = (format!("swarm-{seed}.pcapng"), format!("swarm-{seed}.txt"));
    let written = std::fs::File::create(&capture)
        .and_then(|file| case.world.write_capture(std::io::BufWriter::new(file)))
        .and_then(|()| std::fs::write(&ladder, case.world.ladder()));
    match written {
        Ok(()) => println!("  left {capture} and {ladder}"),
        Err(error) => println!("  nothing left behind: {error}"),
    }
}
