//! How much work is it for osier to move a byte, to answer a request, to make a connection?
//!
//! Two hosts back to back in one thread, over a link in memory. Every frame that crosses is one of
//! a plain wire, no longer than the MTU: super-segments are cut and summed in software on the
//! sender's side, and the receiver verifies each frame. What is measured is both hosts, the link's
//! cutting, summing and one copy, and the application's reads and writes. Wall-clock figures swing
//! on a shared machine; instructions do not, so those are what limits are set in
//! (`docs/performance.md`). `loss` is of another kind: what the protocol makes of a path that
//! loses, in the lab's time, in `loss.rs`; `lab` is how
//! fast the lab itself is; `tun` and `tap` go over devices of the kernel's to its own TCP
//! (`tun/`). Other stacks are not measured here.

mod bulk;
mod callgrind;
mod clock;
mod crr;
mod lab;
mod loss;
mod pair;
mod report;
mod rr;
mod setup;
mod tun;

use crate::exit::{Failure, Outcome};
use report::{Figures, Rate};
use setup::Setup;

/// What may follow `osier bench`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// What to measure; where nothing is said, bulk, rr and crr
    #[arg(value_enum)]
    work: Vec<Subject>,
    /// One JSON object a line instead of a table
    #[arg(long)]
    json: bool,
    /// Count instructions, too, under valgrind's callgrind
    #[arg(long)]
    instructions: bool,
    /// Timed rounds, of which the median and the best are told
    #[arg(long, value_name = "N", default_value_t = 5,
          value_parser = clap::value_parser!(u16).range(1..))]
    rounds: u16,
    #[command(flatten)]
    setup: Setup,
    #[command(flatten)]
    device: tun::Asked,
    /// Do so many units of one work and print nothing: what callgrind watches
    #[arg(long, hide = true, value_name = "N")]
    units: Option<u64>,
}

/// What can be measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum Subject {
    /// A stream of bytes in one direction, over one connection
    Bulk,
    /// A request of one byte and a response of one byte, over one connection
    Rr,
    /// A connection for each request: connect, one byte each way, close by both
    Crr,
    /// Goodput where the path loses or reorders, in virtual time; takes most of a minute
    Loss,
    /// How fast the lab itself is: connections a second, and seconds a second of one fast flow
    Lab,
    /// Streams and requests over a TUN to the kernel's TCP, on one core
    Tun,
    /// The same over a TAP
    Tap,
}

impl Subject {
    /// The work that is timed and counted.
    const fn work(self) -> Option<Work> {
        match self {
            Subject::Bulk => Some(Work::Bulk),
            Subject::Rr => Some(Work::Rr),
            Subject::Crr => Some(Work::Crr),
            Subject::Loss | Subject::Lab | Subject::Tun | Subject::Tap => None,
        }
    }
}

impl Subject {
    /// The device that it is measured over, where there is one.
    const fn device(self) -> Option<tun::Sort> {
        match self {
            Subject::Tun => Some(tun::Sort::Tun),
            Subject::Tap => Some(tun::Sort::Tap),
            Subject::Bulk | Subject::Rr | Subject::Crr | Subject::Loss | Subject::Lab => None,
        }
    }
}

/// A kind of work.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Work {
    /// A stream of bytes in one direction, over one connection
    Bulk,
    /// A request of one byte and a response of one byte, over one connection
    Rr,
    /// A connection for each request: connect, one byte each way, close by both
    Crr,
}

impl Work {
    const ALL: [Work; 3] = [Work::Bulk, Work::Rr, Work::Crr];

    /// Two hosts, ready to do it.
    fn begin(self, setup: &Setup) -> Result<Bench, Failure> {
        Ok(match self {
            Work::Bulk => Bench::Bulk(bulk::Bulk::begin(setup)?),
            Work::Rr => Bench::Rr(rr::Rr::begin(setup)?),
            Work::Crr => Bench::Crr(crr::Crr::begin(setup)?),
        })
    }

    /// Units of one timed round; before the first, as many that are not timed.
    const fn round(self) -> u64 {
        match self {
            Work::Bulk => 256 << 20,
            Work::Rr => 200_000,
            Work::Crr => 20_000,
        }
    }

    /// Units of the short and of the long run under callgrind: the short one reaches the state in
    /// which things stay, and the difference is what counts.
    const fn counted(self) -> (u64, u64) {
        match self {
            Work::Bulk => (8 << 20, 40 << 20),
            Work::Rr => (2_000, 12_000),
            Work::Crr => (crr::STEADY + 1_000, crr::STEADY + 4_000),
        }
    }
}

/// Two hosts at work.
enum Bench {
    Bulk(bulk::Bulk),
    Rr(rr::Rr),
    Crr(crr::Crr),
}

impl Bench {
    /// Does so many units more.
    fn advance(&mut self, units: u64) -> Outcome {
        match self {
            Bench::Bulk(bulk) => bulk.advance(units, bulk::Payload::Counted),
            Bench::Rr(rr) => rr.advance(units),
            Bench::Crr(crr) => crr.advance(units),
        }
    }

    /// Connections in TIME-WAIT, where there is more than one connection.
    fn time_wait(&mut self) -> Option<u64> {
        match self {
            Bench::Crr(crr) => Some(crr.time_wait()),
            Bench::Bulk(_) | Bench::Rr(_) => None,
        }
    }
}

#[expect(clippy::needless_pass_by_value, reason = "as every subcommand")]
pub(crate) fn run(args: Args) -> Outcome {
    let works: Vec<Work> = match &args.work[..] {
        [] => Work::ALL.to_vec(),
        subjects => subjects.iter().filter_map(|subject| subject.work()).collect(),
    };
    let devices = || args.work.iter().filter_map(|subject| subject.device());
    if let Some(units) = args.units {
        if args.work == [Subject::Lab] {
            return lab::live(units);
        }
        if let Some(sort) = devices().next() {
            return tun::run(sort, &args);
        }
        let [work] = works[..] else { return Err(Failure::usage("--units is for one work")) };
        return work.begin(&args.setup)?.advance(units);
    }
    if !works.is_empty() {
        let mut table = report::Table::new(args.json, args.setup);
        for work in works {
            table.row(&measure(work, &args)?);
        }
        table.end();
    }
    for sort in devices() {
        tun::run(sort, &args)?;
    }
    if args.work.contains(&Subject::Loss) {
        loss::run(args.json)?;
    }
    if args.work.contains(&Subject::Lab) { lab::run(args.json) } else { Ok(()) }
}

fn measure(work: Work, args: &Args) -> Result<Figures, Failure> {
    if work == Work::Bulk {
        bulk::verify(&args.setup)?;
    }
    let instructions = match args.instructions {
        true => Some(callgrind::instructions(work, &args.setup)?),
        false => None,
    };
    let mut bench = work.begin(&args.setup)?;
    bench.advance(work.round())?;
    let mut rounds = Vec::new();
    for _ in 0..args.rounds {
        let clock = clock::Start::now();
        bench.advance(work.round())?;
        rounds.push(clock.per_second(work.round()));
    }
    let (wall, cpu): (Vec<f64>, Vec<Option<f64>>) = rounds.into_iter().unzip();
    let cpu: Option<Vec<f64>> = cpu.into_iter().collect();
    let (rate, cpu) = (Rate::of(wall), cpu.map(Rate::of));
    Ok(Figures { work, instructions, rate, cpu, time_wait: bench.time_wait() })
}

#[cfg(test)]
mod tests {
    use super::setup::{Checksums, Copies, MTU_MIN, Segments};
    use super::*;

    #[test]
    fn each_work_does_what_it_is_asked_for() {
        for work in Work::ALL {
            for mtu in [MTU_MIN, 1500, u16::MAX] {
                let mut bench = work.begin(&Setup::of(mtu)).unwrap();
                let units = if work == Work::Bulk { 300_000 } else { 100 };
                bench.advance(units).unwrap();
                bench.advance(units + 1).unwrap();
            }
        }
    }

    #[test]
    fn the_bulk_that_arrives_is_what_was_written() {
        bulk::verify(&Setup::of(1500)).unwrap();
    }

    #[test]
    fn it_arrives_without_copies_over_links_that_vouch_for_it_and_beside_idle_connections() {
        for copies in [Copies::Both, Copies::None] {
            bulk::verify(&Setup { copies, ..Setup::of(65_535) }).unwrap();
        }
        for segments in [Segments::Cut, Segments::Whole] {
            let setup = Setup { checksums: Checksums::Off, segments, idle: 3, ..Setup::of(9000) };
            bulk::verify(&setup).unwrap();
            for work in [Work::Rr, Work::Crr] {
                work.begin(&setup).unwrap().advance(50).unwrap();
            }
        }
    }
}
