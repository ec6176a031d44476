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
    mut config: Config,
    read: &mut Read<'_>,
    make: impl FnOnce(&Config) -> S,
) -> Verdict {
    let planned = parse(source, &config.defines).and_then(|script| {
        config.take(&script.options)?;
        plan(&script, &config, read)
    });
    let plan = match planned {
        Ok(plan) => plan,
        Err(error) => return Verdict::Refused(error),
    };
    let mut stack = make(&config);
    let mut run = run(&plan, &config, &mut stack);
    match run.failure.take() {
        None => Verdict::Passed(run),
        Some(failure) => match failure.kind {
            FailureKind::Differs => Verdict::Failed(run, Box::new(failure)),
            FailureKind::Malformed => refused(Fault::Malformed, failure),
            FailureKind::Unsupported => refused(Fault::Unsupported, failure),
        },
    }
}

fn refused(fault: Fault, failure: Failure) -> Verdict {
    Verdict::Refused(Error { fault, at: failure.at, says: failure.says })
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
