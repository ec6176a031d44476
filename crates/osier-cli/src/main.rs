//! What can a user type after `osier`?
//!
//! One file for each subcommand, with its arguments and `run`; no subcommand is the tour. Here the
//! words are told apart and an outcome becomes an exit code, nothing else.
#![forbid(unsafe_code)]

mod addr;
mod attach;
mod bench;
mod control;
mod drill;
mod exit;
mod heap;
mod lab;
mod link;
mod nc;
mod ping;
mod runtime;
mod serve;
mod ss;
mod tour;

use clap::{Parser, Subcommand};
use exit::Outcome;
use std::process::ExitCode;

/// A TCP/IP stack in user space. Without a subcommand: a tour, in which a real Linux kernel and
/// osier open, use and close a TCP connection, each step explained.
#[derive(Debug, Parser)]
#[command(name = "osier", version, args_conflicts_with_subcommands = true)]
struct CommandLine {
    #[command(subcommand)]
    command: Option<Command>,
    #[command(flatten)]
    tour: tour::Args,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Serve HTTP, echo and discard over osier
    Serve(serve::Args),
    /// Netcat over osier: stdin to a connection, the connection to stdout
    Nc(nc::Args),
    /// Ask a host whether it is there (ICMP echo)
    Ping(ping::Args),
    /// Show every socket of a running osier
    Ss(ss::Args),
    /// Measure the engine: two hosts back to back in one thread
    Bench(bench::Args),
    /// Run scenarios on simulated networks, drawn and judged
    Lab(lab::Args),
    /// Check the engine against every order of events (not built yet)
    Prove(Rest),
    /// Run packetdrill's scripts in virtual time, without any right
    Drill(drill::Args),
    /// Tell a capture as a story (not built yet)
    Explain(Rest),
    /// Run an unmodified program on osier's sockets (not built yet)
    Run(Rest),
    /// Stand between a network and the world (not built yet)
    Gateway(Rest),
}

/// Whatever follows a subcommand that is not built yet.
#[derive(Debug, clap::Args)]
struct Rest {
    #[arg(hide = true, trailing_var_arg = true, allow_hyphen_values = true)]
    words: Vec<String>,
}

fn main() -> ExitCode {
    exit::report_panics();
    heap::keep();
    let line = CommandLine::parse();
    exit::code(match line.command {
        None => tour::run(&line.tour),
        Some(command) => run(command),
    })
}

fn run(command: Command) -> Outcome {
    match command {
        Command::Serve(args) => serve::run(&args),
        Command::Nc(args) => nc::run(&args),
        Command::Ping(args) => ping::run(&args),
        Command::Ss(args) => ss::run(&args),
        Command::Bench(args) => bench::run(args),
        Command::Lab(args) => lab::run(&args),
        Command::Prove(rest) => not_built("prove", &rest),
        Command::Drill(args) => drill::run(&args),
        Command::Explain(rest) => not_built("explain", &rest),
        Command::Run(rest) => not_built("run", &rest),
        Command::Gateway(rest) => not_built("gateway", &rest),
    }
}

fn not_built(name: &str, _rest: &Rest) -> Outcome {
    Err(exit::Failure::usage(format!("`osier {name}` is not built yet"))
        .remedy("`osier --help` lists what is"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_command_line_is_consistent() {
        CommandLine::command().debug_assert();
    }

    #[test]
    fn a_subcommand_that_is_not_built_takes_any_words_and_says_so() {
        let line = CommandLine::try_parse_from(["osier", "prove", "--hosts", "3", "-x"]).unwrap();
        let failure = run(line.command.unwrap()).unwrap_err();
        assert_eq!(failure.code(), exit::Code::Usage);
        assert!(failure.to_string().starts_with("`osier prove` is not built yet"));
    }

    #[test]
    fn options_of_the_tour_do_not_mix_with_subcommands() {
        assert!(CommandLine::try_parse_from(["osier", "--plain", "serve"]).is_err());
        assert!(CommandLine::try_parse_from(["osier", "--plain"]).is_ok());
    }
}
