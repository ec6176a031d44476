//! (being written) Two hosts back to back in one thread.

use crate::exit::{Failure, Outcome};

/// What may follow `osier bench`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {}

pub(crate) fn run(_args: Args) -> Outcome {
    Err(Failure::usage("`osier bench` is not built yet").remedy("`osier --help` lists what is"))
}
