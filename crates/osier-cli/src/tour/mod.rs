//! How does a newcomer see a TCP connection live?
//!
//! By a real one. A child of this process, in a network of its own, puts osier at one end of a TAP
//! and the Linux kernel at the other; a program fetches a page, and every frame is held while both
//! ends are asked for their state. Where the system refuses such a network, both ends are osier.
//!
//! | where is … | file |
//! | --- | --- |
//! | the child, Ctrl-C, the exit code | `supervise.rs` |
//! | the loop that moves frames and tells of them | `walk.rs` |
//! | osier's end, and its web server and client | `end.rs`, `web.rs` |
//! | the other end: the kernel, or osier again | `far.rs`, `kernel.rs`, `memory.rs` |
//! | the program that fetches the page, held and let go | `program.rs` |
//! | a frame read, and what it means for the connection | `sight.rs`, `track.rs` |
//! | the sentence for each step, with its RFC section | `story.rs`, `label.rs` |
//! | the screen, Enter, the capture, time without holds | `screen.rs`, `capture.rs`, `clock.rs` |
//! | the ladder as SVG and HTML | `drawings.rs` |
//! | the first and the last words | `words.rs` |

mod capture;
mod clock;
mod drawings;
mod end;
mod far;
mod kernel;
mod label;
mod memory;
mod program;
mod screen;
mod sight;
mod story;
mod supervise;
mod track;
mod walk;
mod web;
mod words;

use crate::exit::Outcome;
use clap::ValueEnum;
use std::path::PathBuf;

/// What may follow `osier` alone.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct Args {
    /// Wait for Enter after each step; the times do not count the waiting
    #[arg(long)]
    step: bool,
    /// Who closes first, and so has to wait in TIME-WAIT
    #[arg(long, value_name = "WHO", value_enum, default_value_t = Closer::Server)]
    close: Closer,
    /// No colour, and no characters but ASCII
    #[arg(long)]
    plain: bool,
    /// Draw it to this file as well, for a slide
    #[arg(long, value_name = "FILE.svg")]
    svg: Option<PathBuf>,
    /// Write it to this file as well, as one page for a browser
    #[arg(long, value_name = "FILE.html")]
    html: Option<PathBuf>,
}

/// Who closes first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Closer {
    /// The program that asks for the page
    Client,
    /// osier, which serves it
    Server,
}

/// The tour, or a part of it that another osier process started this one for.
pub(crate) fn run(args: &Args) -> Outcome {
    supervise::run(args)
}
