//! One script, from its text to its verdict.
//!
//! What the `osier drill` command and the tests call. Files are read by whoever calls.

use crate::config::{Config, Over};
use crate::osier::Osier;
use crate::parse::parse;
use crate::plan::plan;
use crate::run::{Failure, FailureKind, Run, run};
use crate::settings::Read;
use crate::span::{Error, Fault};
use crate::stack::Stack;
use core::convert::Infallible;

/// What came of a script.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// The stack does what it says.
    Passed(Run),
    /// It does not.
    Failed(Run, Box<Failure>),
    /// The script cannot be run: it is wrong, or asks for what is not built.
    Refused(Error),
}

/// Runs a script against osier.
pub fn against_osier(source: &str, config: Config, read: &mut Read<'_>) -> Verdict {
    against(source, config, read, Osier::new)
}

/// Runs a script against the stack that `make` makes for it.
pub fn against<S: Stack>(
    source: &str,
    config: Config,
    read: &mut Read<'_>,
    make: impl FnOnce(&Config) -> S,
) -> Verdict {
    let made = against_made(source, config, read, |config| Ok::<S, Infallible>(make(config)));
    made.unwrap_or_else(|never| match never {})
}

/// Runs a script against the stack that `make` makes for it, if it can.
///
/// # Errors
/// Why it cannot.
pub fn against_made<S: Stack, E>(
    source: &str,
    mut config: Config,
    read: &mut Read<'_>,
    make: impl FnOnce(&Config) -> Result<S, E>,
) -> Result<Verdict, E> {
    let planned = parse(source, &config.defines).and_then(|script| {
        config.take(&script.options)?;
        plan(&script, &config, read)
    });
    let plan = match planned {
        Ok(plan) => plan,
        Err(error) => return Ok(Verdict::Refused(error)),
    };
    let mut stack = make(&config)?;
    let mut run = run(&plan, &config, &mut stack);
    Ok(match run.failure.take() {
        None => Verdict::Passed(run),
        Some(failure) => match failure.kind {
            FailureKind::Differs => Verdict::Failed(run, Box::new(failure)),
            FailureKind::Malformed => refused(Fault::Malformed, failure),
            FailureKind::Unsupported => refused(Fault::Unsupported, failure),
        },
    })
}

/// Why Linux does not do what a script of ours says, where its head tells: `// differs-from-linux:`
/// and the reason, which goes on in the lines of comment behind it.
pub fn differs_from_linux(source: &str) -> Option<String> {
    let mut head = source.lines().take_while(|line| line.starts_with("//"));
    let first = head.find_map(|line| line.strip_prefix("// differs-from-linux:"))?;
    let rest = head.map(|line| line.trim_start_matches('/').trim());
    Some([first.trim()].into_iter().chain(rest).collect::<Vec<_>>().join(" "))
}

/// Which version of IP a script says that it is for; nothing where it cannot be read.
pub fn said_over(source: &str) -> Option<Over> {
    let script = parse(source, &Config::new(Over::V4).defines).ok()?;
    Config::said_over(&script.options).ok()?
}

fn refused(fault: Fault, failure: Failure) -> Verdict {
    Verdict::Refused(Error { fault, at: failure.at, says: failure.says })
}

/// Scripts that no TCP passes, with the line in which each must fail: part of every run of every
/// runner, so that a runner that sees nothing cannot report success.
const MUST_FAIL: [(&str, u32); 3] = [
    // RFC 9293 §3.5: our SYN,ACK acknowledges the peer's ISN and one more.
    ("+0 > S. 0:0(0) ack 2 <...>", 5),
    // Nothing answers before it is asked.
    ("+1 > S. 0:0(0) ack 1 <...>", 5),
    // RFC 9293 §3.10.7.2: a listener does not close because a SYN came.
    ("+0 > S. 0:0(0) ack 1 <...>\n+0 read(3, ..., 1) = 1", 6),
];

const BEFORE: &str = "0 socket(..., SOCK_STREAM, IPPROTO_TCP) = 3\n+0 bind(3, ..., ...) = 0\n\
                      +0 listen(3, 1) = 0\n+0 < S 0:0(0) win 1000 <mss 1000>\n";

/// Whether scripts that must fail do, each where it must, against the stack that `make` makes.
pub fn can_fail<S: Stack>(over: Over, make: impl Fn(&Config) -> S) -> bool {
    MUST_FAIL.iter().all(|(wrong, line)| {
        let source = format!("{BEFORE}{wrong}");
        match against(&source, Config::new(over), &mut |_| None, &make) {
            Verdict::Failed(_, failure) => failure.at.line == *line,
            Verdict::Passed(_) | Verdict::Refused(_) => false,
        }
    })
}

/// Over which versions of IP a script is run that is called so: as with packetdrill's own, a name
/// that ends with `v4` or `v6` says that it is for this one.
pub fn versions(name: &str, script: Option<Over>) -> Vec<Over> {
    let stem = name.strip_suffix(".pkt").unwrap_or(name);
    let fits = |over: &Over| match over {
        Over::V6 => !stem.ends_with("v4"),
        Over::V4 | Over::Mapped => !stem.ends_with("v6"),
    };
    match script {
        Some(over) => vec![over],
        None => Over::ALL.into_iter().filter(fits).collect(),
    }
}
