//! One measurement, in a process of its own.
//!
//! The process moves to a network of its own, keeps itself and its children to one core, makes the
//! device, starts the program at the kernel's side, and tells its parent line by line what it saw.
//! When it ends, however it does, network, device and program are gone.

use super::far::{self, Part, Place, READY};
use super::stack::{Stack, cidr};
use super::works::Work;
use super::{Asked, Direction, Sort, processor};
use crate::bench::setup::Setup;
use crate::exit::{Failure, Outcome};
use osier_device::tuntap::{Config, OffloadMode};
use osier_device::{TunTap, interface, netns, process};
use osier_wire::MacAddr;
use std::io::{BufRead, BufReader};
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

const KERNEL: IpAddr = IpAddr::V4(Ipv4Addr::new(10, 71, 0, 1));
const OSIER: IpAddr = IpAddr::V4(Ipv4Addr::new(10, 71, 0, 2));
const PORT: u16 = 7;
const PREFIX: u8 = 24;
const DEVICE: &str = "osier0";
/// Locally administered.
const MAC: MacAddr = MacAddr([2, 0, 0, 0, 0, 0x71]);

/// The warm-up goes on until one piece of it has taken so long.
const WARM: Duration = Duration::from_millis(100);

/// How long a timed round should take.
const ROUND: Duration = Duration::from_millis(500);

/// What is to be done.
pub(super) struct Measurement<'a> {
    pub(super) sort: Sort,
    pub(super) direction: Direction,
    pub(super) offload: OffloadMode,
    pub(super) setup: &'a Setup,
}

/// The part of the program at the kernel's side, where this process is that.
pub(super) fn far(asked: &Asked) -> Option<Outcome> {
    let part: Part = asked.far.as_deref()?.parse().ok()?;
    let play = || -> Outcome {
        process::end_with_parent()?;
        Ok(far::play(part, Place::Listen(SocketAddr::new(KERNEL, PORT)))?)
    };
    Some(play())
}

impl Measurement<'_> {
    /// Moves to a network of its own and takes the rounds, each told in a line.
    pub(super) fn rounds(&self, rounds: u16) -> Outcome {
        enter()?;
        if let Some(part) = self.direction.verifying() {
            self.work(part)?.0.verify()?;
        }
        let (mut work, far) = self.work(self.direction.part())?;
        let units = warm_up(&mut work, self.direction)?;
        for _ in 0..rounds {
            let (packets, cpu) = (work.packets(), processor::nanoseconds(&[far.0.id()]));
            let start = Instant::now();
            work.advance(units)?;
            let wall = start.elapsed().as_nanos();
            let spent = processor::nanoseconds(&[far.0.id()]).zip(cpu).map_or(0, |(b, a)| b - a);
            let now = work.packets();
            let (received, sent) = (now.received - packets.received, now.sent - packets.sent);
            println!("{units} {wall} {spent} {received} {sent}");
        }
        Ok(())
    }

    /// Does so many units and says how many packets passed: what callgrind watches.
    pub(super) fn units(&self, units: u64) -> Outcome {
        enter()?;
        let (mut work, _far) = self.work(self.direction.part())?;
        work.advance(units)?;
        let packets = work.packets();
        println!("{} {}", packets.received, packets.sent);
        Ok(())
    }

    /// The device, the program, a connection between them and us.
    fn work(&self, part: Part) -> Result<(Work, Far), Failure> {
        let offload = self.offload;
        let config = match self.sort {
            Sort::Tun => Config { offload, ..Config::tun(DEVICE) },
            Sort::Tap => Config { offload, ..Config::tap(DEVICE, MAC) },
        };
        let device = TunTap::open(&Config { mtu: Some(self.setup.mtu.into()), ..config })?;
        // The kernel would look for routers on the new link. Where this is refused it does.
        let _ = std::fs::write(format!("/proc/sys/net/ipv6/conf/{DEVICE}/disable_ipv6"), "1");
        interface::add_address(DEVICE, KERNEL, PREFIX)?;
        interface::set_up(DEVICE)?;
        let far = Far::start(part, self.sort)?;
        let stack = Stack::new(device, cidr(OSIER), self.setup.window);
        Ok((Work::begin(stack, self.direction, SocketAddr::new(KERNEL, PORT))?, far))
    }
}

fn enter() -> Outcome {
    netns::enter_private_network()?;
    // It was perhaps forgotten when this process got other rights.
    process::end_with_parent()?;
    Ok(process::stay_on_one_core()?)
}

/// Does more and more until things stay as they are; how many units will take a round's time?
fn warm_up(work: &mut Work, direction: Direction) -> Result<u64, Failure> {
    let mut units = if direction == Direction::Rr { 64 } else { 1 << 20 };
    loop {
        let start = Instant::now();
        work.advance(units)?;
        let took = start.elapsed();
        if took >= WARM {
            let share = ROUND.as_secs_f64() / took.as_secs_f64();
            return Ok(((units as f64 * share) as u64).max(1));
        }
        units *= 2;
    }
}

/// The program at the kernel's side; it ends with this value.
pub(super) struct Far(Child);

impl Far {
    fn start(part: Part, sort: Sort) -> Result<Far, Failure> {
        let mut command = Command::new(std::env::current_exe()?);
        command.args(["bench", sort.name(), "--far", &part.to_string()]);
        let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).spawn()?;
        let out = child.stdout.take().map(BufReader::new);
        let far = Far(child);
        let mut line = String::new();
        out.map(|mut out| out.read_line(&mut line)).transpose()?;
        match line.trim() == READY {
            true => Ok(far),
            false => Err(Failure::refused("the program at the kernel's side does not start")),
        }
    }
}

impl Drop for Far {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}
