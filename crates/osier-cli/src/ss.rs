//! (being written) Every socket of a running osier.

use crate::exit::{Failure, Outcome};

/// What may follow `osier ss`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {}

pub(crate) fn run(_args: Args) -> Outcome {
    Err(Failure::usage("`osier ss` is not built yet").remedy("`osier --help` lists what is"))
}
