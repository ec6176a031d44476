//! (being written) Netcat over osier.

use crate::exit::{Failure, Outcome};

/// What may follow `osier nc`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {}

pub(crate) fn run(_args: Args) -> Outcome {
    Err(Failure::usage("`osier nc` is not built yet").remedy("`osier --help` lists what is"))
}
