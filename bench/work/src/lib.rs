//! What work is a peer given, and how does it tell what it took?
//!
//! A peer is a program of its own: `peer-smoltcp --work rr --mtu 1500` prepares both ends, warms
//! up, does one timed round and prints one line of JSON. Rounds of several peers can so be taken in
//! turn (`bench/table`). With `--units N` it does so much and prints nothing: what callgrind
//! watches. A peer implements [`Peer`]; the words of its command line are in `task.rs`. The work is
//! that of `osier bench` (`crates/osier-cli/src/bench`).
#![forbid(unsafe_code)]

mod pattern;
mod task;

pub use pattern::{Checker, READ, WRITTEN, pattern};
pub use task::{Between, Checksums, Copies, Link, Sockets, Task, TimeWait, Work};

use std::process::ExitCode;
use std::time::{Duration, Instant};
use task::Run;

/// The warm-up goes on until one piece of it has taken so long.
const WARM: Duration = Duration::from_millis(60);

/// How long a timed round should take.
const ROUND: Duration = Duration::from_millis(350);

/// Bytes of the pass that looks at every one of them: it sends more than the largest window.
const VERIFIED: u64 = 16 << 20;

/// Why a peer does not do a task.
#[derive(Debug)]
pub enum Stop {
    /// It has no such thing; the table leaves the field out and says why.
    Cannot(String),
    /// Its two ends did not agree: a mistake of the benchmark's or the peer's.
    Wrong(String),
}

/// What is done with the bytes of `bulk` that were read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Payload {
    /// They are counted.
    Counted,
    /// Each is held against the one that was written.
    Verified,
}

/// Two ends of another stack, joined and ready.
pub trait Peer: Sized {
    /// Its word on the command line of `cargo xtask bench`.
    const NAME: &'static str;

    /// What kind of sockets it has.
    const SOCKETS: Sockets = Sockets::Own;

    /// Whether a program can lend it text and look at text where it lies.
    const COPIES: Copies = Copies::Both;

    /// Whether it joins the kernel by a device.
    const BETWEEN: &'static [Between] = &[Between::Memory];

    /// Name, version and configuration, in a line that stands under the table.
    fn describe() -> String;

    /// Two ends that are ready to do the task.
    fn begin(task: &Task) -> Result<Self, Stop>;

    /// Does so many units more: bytes, exchanges, connections.
    fn advance(&mut self, units: u64, payload: Payload) -> Result<(), Stop>;

    /// Other processes that take part: their processor time counts.
    fn processes(&self) -> Vec<u32> {
        Vec::new()
    }
}

/// The whole program of a peer.
pub fn main<P: Peer>() -> ExitCode {
    let run = match task::parse(std::env::args().skip(1)) {
        Ok(run) => run,
        Err(wrong) => {
            eprintln!("peer-{}: {wrong}", P::NAME);
            return ExitCode::from(2);
        }
    };
    match carry_out::<P>(&run) {
        Ok(line) => {
            print!("{line}");
            ExitCode::SUCCESS
        }
        Err(Stop::Cannot(why)) => {
            println!("{{\"peer\":\"{}\",\"cannot\":\"{why}\"}}", P::NAME);
            ExitCode::SUCCESS
        }
        Err(Stop::Wrong(what)) => {
            eprintln!("peer-{}: {what}", P::NAME);
            ExitCode::FAILURE
        }
    }
}

fn carry_out<P: Peer>(run: &Run) -> Result<String, Stop> {
    if let Run::Round(task) | Run::Units(task, _) | Run::Verify(task) = run
        && task.sockets != P::SOCKETS
    {
        let why = match P::SOCKETS {
            Sockets::Own => "it has no tokio sockets",
            Sockets::Tokio => "it has tokio's streams alone: see the rows of tokio",
        };
        return Err(Stop::Cannot(why.to_owned()));
    }
    if let Run::Round(task) | Run::Units(task, _) | Run::Verify(task) = run
        && task.copies == Copies::None
        && P::COPIES == Copies::Both
    {
        return Err(Stop::Cannot("its streams are copied in and out here".to_owned()));
    }
    if let Run::Round(task) | Run::Units(task, _) | Run::Verify(task) = run
        && !P::BETWEEN.contains(&task.between)
    {
        let why = match task.between {
            Between::Memory => "it joins other stacks, by devices of the kernel's",
            Between::Device => "it has no device of the kernel's here",
        };
        return Err(Stop::Cannot(why.to_owned()));
    }
    match run {
        Run::Describe => Ok(format!("{}\n", P::describe())),
        Run::Units(task, units) => {
            P::begin(task)?.advance(*units, Payload::Counted)?;
            Ok(String::new())
        }
        Run::Verify(task) => {
            P::begin(task)?.advance(VERIFIED, Payload::Verified)?;
            Ok(format!("{{\"peer\":\"{}\",\"verified\":{VERIFIED}}}\n", P::NAME))
        }
        Run::Round(task) => {
            let mut peer = P::begin(task)?;
            let (units, took) = round(task.work.first_units(), &mut peer)?;
            let wall = units as f64 / took.wall;
            let cpu = took.cpu.map_or("null".to_owned(), |s| format!("{:.1}", units as f64 / s));
            Ok(format!(
                "{{\"peer\":\"{}\",\"units\":{units},\"units_per_second_median\":{wall:.1},\
                 \"units_per_cpu_second_median\":{cpu}}}\n",
                P::NAME
            ))
        }
    }
}

/// Seconds of a round.
#[derive(Clone, Copy)]
struct Took {
    /// By the clock on the wall.
    wall: f64,
    /// In processor time of this thread, where the kernel tells it: what others take away on a
    /// machine that is shared does not show in it.
    cpu: Option<f64>,
}

/// Warms up, doubling the work, and times one round of about [`ROUND`].
fn round<P: Peer>(first: u64, peer: &mut P) -> Result<(u64, Took), Stop> {
    let mut units = first;
    let warm = loop {
        let start = Instant::now();
        peer.advance(units, Payload::Counted)?;
        let elapsed = start.elapsed();
        if elapsed >= WARM {
            break elapsed;
        }
        units *= 2;
    };
    let share = ROUND.as_secs_f64() / warm.as_secs_f64();
    let units = ((units as f64 * share) as u64).max(1);
    let others = peer.processes();
    let (cpu, start) = (on_processors(&others), Instant::now());
    peer.advance(units, Payload::Counted)?;
    let wall = start.elapsed().as_secs_f64();
    let cpu = on_processors(&others).zip(cpu).map(|(now, then)| (now - then) as f64 / 1e9);
    Ok((units, Took { wall, cpu: cpu.filter(|&seconds| seconds > 0.0) }))
}

/// Nanoseconds that this thread and the others have been on a processor, where the kernel tells.
fn on_processors(others: &[u32]) -> Option<u64> {
    let own = on_processor("thread-self");
    others.iter().map(|pid| on_processor(&pid.to_string())).fold(own, |sum, n| Some(sum? + n?))
}

fn on_processor(who: &str) -> Option<u64> {
    let text = std::fs::read_to_string(format!("/proc/{who}/schedstat")).ok()?;
    text.split(' ').next()?.parse().ok()
}
