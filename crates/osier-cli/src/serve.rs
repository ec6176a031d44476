//! (being written) Serve HTTP, echo and discard over osier.

use crate::exit::{Failure, Outcome};

/// What may follow `osier serve`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {}

pub(crate) fn run(_args: Args) -> Outcome {
    Err(Failure::usage("`osier serve` is not built yet").remedy("`osier --help` lists what is"))
}
