//! How fast is osier over a real device, to the kernel's TCP?
//!
//! osier's host, driven by one thread without a runtime (`stack.rs`), a TUN or TAP of the kernel's,
//! and at its other side a small program on the kernel's sockets (`far.rs`), all on one core and in
//! a network that the process makes for itself. The device is taken both ways: with the vnet
//! header's offload, by which super-segments of 64 KiB pass whole and unsummed, and as a wire that
//! carries nothing longer than the MTU. Each measurement is a process of its own (`inside.rs`).
//!
//! What is counted under callgrind is osier's own work, in user space: neither what the kernel does
//! in a call nor the program at the other side is seen. A packet is one that carries text; the
//! acknowledgments that it causes, either way, are in its figure.

mod far;
mod inside;
mod processor;
mod report;
mod stack;
mod works;

use super::{Args, Rate, callgrind};
use crate::exit::{Failure, Outcome};
use inside::Measurement;
use osier_device::tuntap::OffloadMode;
use std::process::{Command, Stdio};

/// Which measurements, and hidden words for the processes that make them.
#[derive(Debug, clap::Args)]
pub(super) struct Asked {
    /// For tun and tap: only this way
    #[arg(long, value_enum, value_name = "WAY")]
    direction: Option<Direction>,
    /// For tun and tap: only with the vnet header's offload, or only without
    #[arg(long, value_enum, value_name = "WHETHER")]
    offload: Option<Offload>,
    /// Be the process that measures
    #[arg(long, hide = true)]
    inside: bool,
    /// Be the program at the kernel's side
    #[arg(long, hide = true, value_name = "PART")]
    pub(super) far: Option<String>,
}

/// Which way.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(super) enum Direction {
    /// A stream from the kernel to osier
    In,
    /// A stream from osier to the kernel
    Out,
    /// A request of one byte from osier, a response of one byte
    Rr,
}

/// Whether the device takes and gives super-segments, unsummed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(super) enum Offload {
    /// By its vnet header
    On,
    /// Nothing longer than the MTU, all summed
    Off,
}

/// Which device.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Sort {
    Tun,
    Tap,
}

/// One measurement.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Case {
    sort: Sort,
    direction: Direction,
    offload: Offload,
}

/// What was seen of it.
#[derive(Clone, Debug)]
struct Figures {
    wall: Rate,
    cpu: Option<Rate>,
    /// Units for each packet that carried text.
    per_packet: f64,
    /// Of a packet with text, of a packet whichever way, where they were counted.
    instructions: Option<(f64, f64)>,
}

impl Sort {
    const fn name(self) -> &'static str {
        match self {
            Sort::Tun => "tun",
            Sort::Tap => "tap",
        }
    }
}

impl Direction {
    const fn name(self) -> &'static str {
        match self {
            Direction::In => "in",
            Direction::Out => "out",
            Direction::Rr => "rr",
        }
    }

    /// Units of the short and of the long run under callgrind.
    const fn counted(self) -> (u64, u64) {
        match self {
            Direction::In | Direction::Out => (16 << 20, 64 << 20),
            Direction::Rr => (2_000, 8_000),
        }
    }
}

impl Offload {
    const fn name(self) -> &'static str {
        match self {
            Offload::On => "on",
            Offload::Off => "off",
        }
    }

    const fn mode(self) -> OffloadMode {
        match self {
            Offload::On => OffloadMode::Segmentation,
            Offload::Off => OffloadMode::None,
        }
    }
}

/// All that is asked for over a device of this sort, or what this process is there for.
pub(super) fn run(sort: Sort, args: &Args) -> Outcome {
    let asked = &args.device;
    if let Some(outcome) = inside::far(asked) {
        return outcome;
    }
    let cases = cases(sort, asked);
    if let ([case], true) = (&cases[..], asked.inside) {
        let Case { direction, offload, .. } = *case;
        let (offload, setup) = (offload.mode(), &args.setup);
        let measurement = Measurement { sort, direction, offload, setup };
        return match args.units {
            Some(units) => measurement.units(units),
            None => measurement.rounds(args.rounds),
        };
    }
    let mut table = report::Table::new(args, sort);
    for case in cases {
        table.row(case, &measure(case, args)?);
    }
    table.end();
    Ok(())
}

fn cases(sort: Sort, asked: &Asked) -> Vec<Case> {
    let directions = [Direction::In, Direction::Out, Direction::Rr];
    let of = |offload| directions.map(|direction| Case { sort, direction, offload });
    let wanted = |case: &Case| {
        asked.direction.is_none_or(|direction| case.direction == direction)
            && asked.offload.is_none_or(|offload| case.offload == offload)
    };
    [Offload::On, Offload::Off].into_iter().flat_map(of).filter(wanted).collect()
}

fn measure(case: Case, args: &Args) -> Result<Figures, Failure> {
    let mut command = Command::new(std::env::current_exe()?);
    command.args(words(case, args)).args(["--rounds", &args.rounds.to_string()]);
    let said = command.stdin(Stdio::null()).stderr(Stdio::inherit()).output()?;
    if !said.status.success() {
        // It has said why.
        let code = said.status.code().and_then(|code| u8::try_from(code).ok());
        return Err(Failure::silent(code.unwrap_or(3)));
    }
    let instructions = match args.instructions && case.offload == Offload::Off {
        true => Some(instructions(case, args)?),
        false => None,
    };
    report::figures(&String::from_utf8_lossy(&said.stdout), case.direction, instructions)
        .ok_or_else(|| Failure::bug(format!("a measurement said {said:?}")))
}

/// The words by which this program makes one measurement.
fn words(case: Case, args: &Args) -> Vec<String> {
    let Case { sort, direction, offload } = case;
    let words = ["bench", sort.name(), "--direction", direction.name(), "--offload"];
    let all = words.into_iter().chain([offload.name(), "--inside"]).map(str::to_owned);
    all.chain(args.setup.words()).collect()
}

/// Instructions of osier's, in user space: of each packet with text, and of each packet.
fn instructions(case: Case, args: &Args) -> Result<(f64, f64), Failure> {
    let (short, long) = case.direction.counted();
    let count = |units: u64| -> Result<(f64, f64, f64), Failure> {
        let mut words = words(case, args);
        words.extend(["--units".to_owned(), units.to_string()]);
        let (instructions, said) = callgrind::count(&words)?;
        let packets = report::numbers(&said);
        let [received, sent] = packets[..] else {
            return Err(Failure::bug(format!("a measurement said {said:?}")));
        };
        let with_text = if case.direction == Direction::Out { sent } else { received };
        Ok((instructions as f64, with_text, received + sent))
    };
    let (little, much) = (count(short)?, count(long)?);
    let difference = much.0 - little.0;
    Ok((difference / (much.1 - little.1), difference / (much.2 - little.2)))
}
