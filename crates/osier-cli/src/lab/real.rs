//! How does the kernel take part in a scenario?
//!
//! It stands in the place of one host: what that host would send the kernel sends, by a TAP or TUN
//! interface. Everything else of the scenario is osier's, links and their faults included. Time is
//! that of the clock. Here the clock, the device and the world are brought together; who plays the
//! programs of that host is in `players.rs`, what the kernel is asked for in `door.rs`.

use super::door::Door;
use super::players::Players;
use crate::exit::Failure;
use crate::link::Link;
use osier_lab::Framing;
use osier_lab::scenario::{Guest, Order, Run, Scenario};
use osier_time::Duration;
use rustix::event::{Timespec, epoll};
use std::os::fd::{AsFd, OwnedFd};
use std::time::{Instant, SystemTime, UNIX_EPOCH};

/// What the device is known by among what is waited for; sockets have the numbers from 1.
pub(super) const DEVICE: u64 = 0;

/// Things that are taken from the system's list of what is ready at once.
const READY_MAX: usize = 64;

/// The kernel in the place of one host.
#[derive(Debug, clap::Args)]
pub(super) struct Real {
    /// Let the kernel stand for one host, on tap:NAME or tun:NAME, in real time
    #[arg(long, value_name = "LINK", conflicts_with = "save")]
    pub(super) link: Option<Link>,
    /// For which host the kernel stands [default: the first that connects]
    #[arg(long, value_name = "HOST", requires = "link")]
    pub(super) kernel: Option<String>,
    /// Leave the programs of that host to you: curl, nc, ssh
    #[arg(long, requires = "link")]
    pub(super) by_hand: bool,
}

impl Real {
    /// Where the kernel is to stand.
    pub(super) fn guest(&self, link: &Link) -> Result<Guest<'_>, Failure> {
        let framing = match link {
            Link::Tap(_) => Framing::Ethernet,
            Link::Tun(_) => Framing::Ip,
            Link::Packet(_) | Link::Xdp(_) => {
                return Err(Failure::usage(format!(
                    "the kernel is not at the other end of {link}"
                ))
                .remedy("write --link tap:osier0: it must be one that osier makes"));
            }
            Link::Mem => {
                return Err(Failure::usage("the kernel is not at the other end of `mem`")
                    .remedy("write --link tap:osier0, or leave --link out"));
            }
        };
        Ok(Guest { host: self.kernel.as_deref(), framing })
    }
}

/// Secrets of its own for every run: the kernel remembers the connections of the one before.
pub(super) fn fresh_seed() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::from(since.subsec_nanos()) >> 4
}

/// Runs a scenario in which the kernel takes part.
pub(super) fn run(
    scenario: &Scenario,
    seed: u64,
    link: &Link,
    real: &Real,
) -> Result<Run, Failure> {
    let ready = epoll::create(epoll::CreateFlags::CLOEXEC)?;
    let mut door = Door::open(scenario, link)?;
    watch(&ready, &door, DEVICE, epoll::EventFlags::IN)?;
    let mut run = Run::begin(scenario, seed, Order::Written);
    let mut players = Players::new(run.guest_programs(), ready, real.by_hand)?;
    announce(scenario, link, &door, &players);
    let start = Instant::now();
    while !run.is_over() {
        let passed = Duration::from(start.elapsed());
        run.advance(passed);
        for frame in door.receive()? {
            run.hand_in(frame);
        }
        players.go_on(Run::beginning() + passed)?;
        // What takes no time on its way arrives now.
        run.advance(passed);
        while let Some(frame) = run.poll_out() {
            door.send(frame)?;
        }
        let next = [run.next_at(), players.next_at(), Some(scenario.length())];
        let next = next.into_iter().flatten().min().unwrap_or_default();
        let wait = next.saturating_sub(Duration::from(start.elapsed()));
        for number in what_is_ready(players.ready(), wait)? {
            players.stir(number);
        }
    }
    for (program, tally) in players.finish() {
        run.report(program, tally);
    }
    Ok(run)
}

/// Waits until something is ready, or for so long; says what is.
fn what_is_ready(ready: &OwnedFd, most: Duration) -> Result<Vec<u64>, Failure> {
    let nanos = most.as_nanos();
    // The whole milliseconds that the system counts in, or one more.
    let nanos = nanos.next_multiple_of(1_000_000);
    let time = Timespec {
        tv_sec: (nanos / 1_000_000_000) as i64,
        tv_nsec: (nanos % 1_000_000_000) as i64,
    };
    let mut events = Vec::with_capacity(READY_MAX);
    match epoll::wait(ready, rustix::buffer::spare_capacity(&mut events), Some(&time)) {
        Ok(_) | Err(rustix::io::Errno::INTR) => {}
        Err(error) => return Err(error.into()),
    }
    Ok(events.iter().map(|event: &epoll::Event| event.data.u64()).collect())
}

/// Has a thing watched by a number of its own.
pub(super) fn watch(
    ready: &OwnedFd,
    what: impl AsFd,
    number: u64,
    flags: epoll::EventFlags,
) -> Result<(), Failure> {
    Ok(epoll::add(ready, what, epoll::EventData::new_u64(number), flags)?)
}

fn announce(scenario: &Scenario, link: &Link, door: &Door, players: &Players) {
    let host = scenario.guest().unwrap_or_default();
    let addresses: Vec<String> =
        scenario.guest_addresses().iter().map(|cidr| cidr.address.to_string()).collect();
    let (addresses, length) = (addresses.join(" and "), scenario.length());
    eprintln!("osier lab: the kernel stands for `{host}`, {addresses} on {link}, for {length}");
    for step in door.steps() {
        eprintln!("  {step}");
    }
    if scenario.sets_guest() {
        eprintln!("  what the scenario sets at `{host}` is not so there: the kernel has its own");
    }
    for sentence in players.to_do() {
        eprintln!("  {sentence}");
    }
}
