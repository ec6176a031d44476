//! (being written) ICMP echo.

use crate::exit::{Failure, Outcome};

/// What may follow `osier ping`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {}

pub(crate) fn run(_args: Args) -> Outcome {
    Err(Failure::usage("`osier ping` is not built yet").remedy("`osier --help` lists what is"))
}
