//! How does a contributor, or CI, check the whole project with one command? `cargo xtask test`.
//!
//! | where is … | file |
//! | --- | --- |
//! | the words of the command line | `arguments.rs` |
//! | the steps, their order, what each runs | `steps.rs` |
//! | Debian's packages and cargo's tools, and the permission to install them | `install.rs` |
//! | a child process, its output and its end | `command.rs` |
//! | other stacks at the same work, beside osier | `bench.rs` |
//! | the unmodified packetdrill, its scripts and what is expected of each | `packetdrill.rs` |
//!
//! Only the standard library is used, so that the chores build in a second. It does not format
//! or fix anything: it tells.
#![forbid(unsafe_code)]

mod arguments;
mod bench;
mod command;
mod install;
mod packetdrill;
mod steps;

use std::process::ExitCode;
use std::time::Instant;

use arguments::{Chore, TestOptions};
use steps::{Outcome, STEPS, Step};

/// A step found something wrong.
const FAILED: u8 = 1;
/// The words of the command line are wrong.
const USAGE: u8 = 2;
/// The system refused; the remedy has been printed.
const REFUSED: u8 = 3;

fn main() -> ExitCode {
    match arguments::parse(std::env::args().skip(1)) {
        Ok(Chore::Help) => {
            print!("{}", arguments::help());
            ExitCode::SUCCESS
        }
        Ok(Chore::Test(options)) => test(&options),
        Ok(Chore::Bench(options)) => bench::bench(&options),
        Ok(Chore::BenchHelp) => {
            print!("{}", arguments::bench_help());
            ExitCode::SUCCESS
        }
        Ok(Chore::Packetdrill(options)) => packetdrill::judge(&options),
        Err(wrong) => {
            eprintln!("cargo xtask: {wrong}\n`cargo xtask --help` names all words.");
            ExitCode::from(USAGE)
        }
    }
}

/// Runs the steps in order; a failed one does not keep the next from telling its own.
fn test(options: &TestOptions) -> ExitCode {
    let start = Instant::now();
    let mut lines = Vec::new();
    let (mut passed, mut failed, mut skipped) = (0, 0, 0);
    for step in STEPS.iter().filter(|step| options.runs(step.name)) {
        println!("\n==> {}: {}", step.name, step.does);
        let (outcome, line) = timed(step, options);
        lines.push(line);
        match outcome {
            Outcome::Passed => passed += 1,
            Outcome::Failed(_) => failed += 1,
            Outcome::Skipped(_) => skipped += 1,
            Outcome::Refused(remedy) => {
                eprintln!("\ncargo xtask test stops here. {remedy}");
                return ExitCode::from(REFUSED);
            }
        }
    }
    println!("\nsteps, in {:.0} s:\n{}\n", start.elapsed().as_secs_f32(), lines.join("\n"));
    let skips = if skipped > 0 { format!(", {skipped} skipped") } else { String::new() };
    println!("{passed} passed, {failed} failed{skips}");
    if failed > 0 { ExitCode::from(FAILED) } else { ExitCode::SUCCESS }
}

/// Runs one step and prints how it ended; the same line stands in the summary.
fn timed(step: &Step, options: &TestOptions) -> (Outcome, String) {
    let start = Instant::now();
    let outcome = (step.run)(options);
    let (word, why) = match &outcome {
        Outcome::Passed => ("ok", ""),
        Outcome::Failed(why) => ("FAILED", why.as_str()),
        Outcome::Skipped(why) => ("SKIPPED", why.as_str()),
        Outcome::Refused(_) => ("REFUSED", ""),
    };
    let seconds = start.elapsed().as_secs_f32();
    let line = format!("  {:<8} {word:<8} {seconds:>6.1} s  {why}", step.name);
    println!("{}", line.trim());
    (outcome, line.trim_end().to_owned())
}
