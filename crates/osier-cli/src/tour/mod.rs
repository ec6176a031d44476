//! How does a newcomer see a TCP connection live?
//!
//! (being written)

use crate::exit::{Failure, Outcome};
use clap::ValueEnum;

/// What may follow `osier` alone.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct Args {
    /// Wait for Enter after each step; times do not count the waiting
    #[arg(long)]
    step: bool,
    /// Who closes first, and so has to wait in TIME-WAIT
    #[arg(long, value_name = "WHO", value_enum, default_value_t = Closer::Server)]
    close: Closer,
    /// No colour and no characters but ASCII
    #[arg(long)]
    plain: bool,
}

/// Who closes first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Closer {
    /// The kernel's side
    Client,
    /// osier's side
    Server,
}

pub(crate) fn run(_args: &Args) -> Outcome {
    Err(Failure::usage("the tour is not built yet").remedy("`osier --help` lists what is"))
}
