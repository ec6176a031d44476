//! What does it cost to have frames pass through user space at all? Two kernels' TCP in two
//! networks, a TUN in each, and between them a loop that reads here and writes there.
//!
//! It is the measure for a stack over a TUN: the relay does nothing with a frame, but each passes
//! twice between kernel and user space. Source, sink and relay share one core.
#![forbid(unsafe_code)]

use bench_devices::{Far, Gauge, LONGEST, TunTap, be_far, descriptor, enter, tun, wrong};
use bench_work::{Between, Payload, Peer, Stop, Task, Work};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;
use std::process::ExitCode;

/// The kernel that receives, and the kernel that sends.
const SINK: [u8; 4] = [10, 71, 0, 1];
const SOURCE: [u8; 4] = [10, 71, 0, 2];

/// Frames that are taken from one side before the other is looked at.
const BATCH: usize = 64;

/// After so long without a frame it is a failure.
const SILENCE: Timespec = Timespec { tv_sec: 20, tv_nsec: 0 };

struct Relay {
    task: Task,
    path: Option<Path>,
    buffer: Vec<u8>,
}

/// Both devices and programs.
struct Path {
    ends: [TunTap; 2],
    gauge: Gauge,
    source: Far,
}

impl Peer for Relay {
    const NAME: &'static str = "relay";
    const BETWEEN: &'static [Between] = &[Between::Device];

    fn describe() -> String {
        "relay: between the kernel's TCP and the kernel's TCP (CUBIC both), in two networks, a \
         loop that reads a frame from one TUN and writes it to the other; no work of its own; the \
         same work stands for both ways; release, fat LTO, one unit"
            .to_owned()
    }

    fn begin(task: &Task) -> Result<Relay, Stop> {
        if ![Work::Bulk, Work::Out].contains(&task.work) {
            return Err(Stop::Cannot("streams only".to_owned()));
        }
        Ok(Relay { task: *task, path: None, buffer: vec![0; LONGEST] })
    }

    fn advance(&mut self, units: u64, payload: Payload) -> Result<(), Stop> {
        let path = match &mut self.path {
            Some(path) => path,
            none => none.insert(Path::new(&self.task, &Gauge::part(payload, units))?),
        };
        path.gauge.want(units);
        while !path.gauge.is_full() {
            let [a, b] = &path.ends;
            let moved = pass(a, b, &mut self.buffer)? + pass(b, a, &mut self.buffer)?;
            path.wait(moved)?;
        }
        Ok(())
    }

    fn processes(&self) -> Vec<u32> {
        self.path.iter().flat_map(|path| [path.gauge.id(), path.source.id()]).collect()
    }
}

impl Path {
    fn new(task: &Task, part: &str) -> Result<Path, Stop> {
        let Task { link, mtu, .. } = *task;
        enter()?;
        let near = tun("relay0", link, mtu, SINK)?;
        let gauge = Gauge::of(Far::listen(part, SINK)?);
        // The device stays ours; its network is that of the program.
        bench_devices::renew_private_network().map_err(wrong)?;
        let far = tun("relay1", link, mtu, SOURCE)?;
        let source = Far::connect("source", SINK)?;
        Ok(Path { ends: [near, far], gauge, source })
    }

    /// Waits for a frame, and hears what the program says.
    fn wait(&mut self, moved: usize) -> Result<(), Stop> {
        let [a, b] = self.ends.each_ref().map(descriptor);
        let gauge = self.gauge.fd();
        let mut all = [a, b, gauge].map(|fd| PollFd::from_borrowed_fd(fd, PollFlags::IN));
        let now = Timespec { tv_sec: 0, tv_nsec: 0 };
        let ready = poll(&mut all, Some(if moved == 0 { &SILENCE } else { &now }));
        let said = !all[2].revents().is_empty();
        if ready.map_err(wrong)? == 0 && moved == 0 {
            return Err(wrong("nothing came for too long"));
        }
        if said { self.gauge.read() } else { Ok(()) }
    }
}

/// Lets what waits at one device go out by the other, and says how many frames did.
fn pass(from: &TunTap, to: &TunTap, buffer: &mut [u8]) -> Result<usize, Stop> {
    for moved in 0..BATCH {
        let len = match rustix::io::read(descriptor(from), &mut *buffer) {
            Ok(len) => len,
            Err(Errno::AGAIN | Errno::INTR) => return Ok(moved),
            Err(errno) => return Err(wrong(errno)),
        };
        match rustix::io::write(descriptor(to), &buffer[..len]) {
            // A frame that finds no room is lost, as on any wire.
            Ok(_) | Err(Errno::AGAIN | Errno::NOBUFS | Errno::INTR) => (),
            Err(errno) => return Err(wrong(errno)),
        }
    }
    Ok(BATCH)
}

fn main() -> ExitCode {
    be_far().unwrap_or_else(bench_work::main::<Relay>)
}
