//! How does osier do beside others, in one run?
//!
//! Runs the programs in turn, a round of each and then the next round of each, so that what the
//! machine does to one it does to all; tells medians, spread, and ratios of rounds that were taken
//! side by side. `cargo xtask bench` builds the programs and calls this one.
//!
//! | where is … | file |
//! | --- | --- |
//! | the rows, and what each program is told for one | `rows.rs` |
//! | a round of a program; its instructions | `run.rs` |
//! | medians, ratios, the table, JSON | `report.rs` |
//! | the table in Markdown | `markdown.rs` |
//! | the plot of cost against connections | `plot.rs` |
//! | the machine and its load | `machine.rs` |
#![forbid(unsafe_code)]

mod arguments;
mod machine;
mod markdown;
mod plot;
mod report;
mod rows;
mod run;

use arguments::Arguments;
use report::{By, Figures};
use rows::Row;
use run::{No, Stack};
use std::process::ExitCode;

/// Rows beside many connections, where a round may take long, are run so often at most.
const ROUNDS_OF_MANY: usize = 3;

/// What lwIP does relative to smoltcp at bulk-1500 where both are at their best: 21.5 and 23.0
/// Gbit/s. Less than two thirds of it means that lwIP was not built or configured as it should be.
const LWIP_TO_SMOLTCP: f64 = 21.5 / 23.0;

fn main() -> ExitCode {
    let asked = arguments::parse(std::env::args().skip(1))
        .and_then(|arguments| Ok((rows::chosen(&arguments.rows)?, arguments)));
    let (rows, arguments) = match asked {
        Ok(asked) => asked,
        Err(wrong) => {
            eprintln!("bench-table: {wrong}");
            return ExitCode::from(2);
        }
    };
    match tabulate(&rows, &arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(why) => {
            eprintln!("bench-table: {why}");
            ExitCode::FAILURE
        }
    }
}

fn tabulate(rows: &[&Row], arguments: &Arguments) -> Result<(), String> {
    let stacks = stacks(arguments);
    if !arguments.json {
        head(arguments);
    }
    let mut done = Vec::new();
    for row in rows {
        let all = measure(row, &stacks, arguments);
        let said = match arguments.json {
            true => report::machine(row, &all),
            false => report::text(row, &all) + "\n",
        };
        print!("{said}");
        done.push((*row, all));
    }
    foot(&stacks, &done, arguments);
    if arguments.markdown {
        print!("\n{}", markdown::table(&done));
    }
    match &arguments.svg {
        Some(file) => plot::draw(file, &done),
        None => Ok(()),
    }
}

/// osier, then the peers.
fn stacks(arguments: &Arguments) -> Vec<Stack> {
    let of = |name: &str| arguments.programs.join(format!("peer-{name}"));
    let osier =
        Stack { name: "osier".to_owned(), program: arguments.osier.clone(), streams: of("osier") };
    let peer = |name: &String| Stack { name: name.clone(), program: of(name), streams: of(name) };
    std::iter::once(osier).chain(arguments.peers.iter().map(peer)).collect()
}

fn head(arguments: &Arguments) {
    println!("{}; load {:.1}", machine::describe(), machine::load().unwrap_or_default());
    println!(
        "Both ends in one thread, a link in memory, IPv4, one copy in and one out where the API\n\
         has them; for `tun` a stack in user space and the kernel's TCP in a network of their\n\
         own, on one core, processor time of both. {} rounds of each in turn. `of a CPU`: per\n\
         second of the own processor time, without what others took of a busy machine. `×`: how\n\
         many times as fast osier is (median of the ratios of rounds taken side by side; below 1\n\
         it is slower).\n",
        arguments.rounds
    );
    for (name, why) in &arguments.missing {
        println!("{name} could not be built here, and is left out: {why}\n");
    }
}

/// Every stack at one row.
fn measure(row: &Row, stacks: &[Stack], arguments: &Arguments) -> Vec<Figures> {
    let rounds = match row.idle {
        1_000.. => arguments.rounds.min(ROUNDS_OF_MANY),
        _ => arguments.rounds,
    };
    let begin = |stack: &Stack| Figures {
        name: stack.name.clone(),
        rounds: stack.verify(row).map(|()| Vec::new()),
        instructions: None,
    };
    let mut all: Vec<Figures> = stacks.iter().map(begin).collect();
    for _ in 0..rounds {
        for (stack, figures) in stacks.iter().zip(&mut all) {
            let Ok(done) = &mut figures.rounds else { continue };
            match stack.round(row) {
                Ok(round) => done.push(round),
                Err(no) => figures.rounds = Err(no),
            }
        }
    }
    for (stack, figures) in stacks.iter().zip(&mut all) {
        if arguments.instructions && figures.rounds.is_ok() {
            match stack.instructions(row) {
                Ok(counted) => figures.instructions = counted,
                Err(No::Cannot(why) | No::Failed(why)) => {
                    eprintln!("{}, {}: not counted: {why}", row.name, stack.name);
                }
            }
        }
    }
    all
}

/// Configurations, and whether the run counts.
fn foot(stacks: &[Stack], done: &[(&Row, Vec<Figures>)], arguments: &Arguments) {
    let verdict = lwip_is_itself(done);
    if arguments.json {
        let told: Vec<String> = stacks.iter().map(Stack::describe).collect();
        let line = serde_json::json!({
            "machine": machine::describe(), "load": machine::load(), "stacks": told,
            "missing": arguments.missing, "void": verdict.as_ref().is_some_and(|v| v.is_err()),
        });
        println!("{line}");
        return;
    }
    for stack in stacks {
        println!("{}", stack.describe());
    }
    println!(
        "gvisor: fixed figures, of another day and another machine with two cores (Go, 2026-08)"
    );
    match verdict {
        Some(Ok(said)) => println!("\n{said}"),
        Some(Err(said)) => println!("\nTHIS RUN IS VOID: {said}"),
        None => {}
    }
    println!("Load at the end: {:.1}.", machine::load().unwrap_or_default());
}

/// Does lwIP do what it can? `Err`: it does not, and nothing may be concluded from this run.
fn lwip_is_itself(done: &[(&Row, Vec<Figures>)]) -> Option<Result<String, String>> {
    let (_, all) = done.iter().find(|(row, _)| row.name == "bulk-1500")?;
    let of = |name: &str| all.iter().find(|figures| figures.name == name);
    let (lwip, smoltcp) = (of("lwip")?, of("smoltcp")?);
    let times = lwip.times(smoltcp, By::Cpu).or(lwip.times(smoltcp, By::Wall))?;
    let least = LWIP_TO_SMOLTCP * 2.0 / 3.0;
    let said = format!(
        "lwIP does {times:.2} times smoltcp's bulk-1500; a run below {least:.2}, two thirds of \
         what it did when both were tuned, is void"
    );
    Some(if times < least { Err(said) } else { Ok(said) })
}
