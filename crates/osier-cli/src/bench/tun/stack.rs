//! A host over a TUN or TAP, driven by the one thread that uses it.
//!
//! No runtime and no task: a batch of frames in, events out to who calls, frames out while there is
//! room, then a wait for the device or the next alarm. The clock is the machine's own, read once a
//! turn.

use crate::exit::Failure;
use osier_device::{Device, Readiness, TunTap};
use osier_host::{Config, Event, Host, Keys};
use osier_ip::{Cidr, LinkConfig, LinkId};
use osier_time::{Duration, Instant};
use osier_wire::{Frame, Received};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use std::net::{IpAddr, SocketAddr};

/// Frames of a batch: as the driver of the sockets has them in a turn.
const BATCH: usize = 64;

/// No wait is longer: a far end that is gone is noticed.
const GLANCE: Duration = Duration::from_secs(1);

/// After so long without a frame it is a failure.
const SILENCE: Duration = Duration::from_secs(20);

/// The host, its device, and what passed between them.
#[derive(Debug)]
pub(super) struct Stack {
    pub(super) host: Host,
    device: TunTap,
    link: LinkId,
    started: std::time::Instant,
    heard: Instant,
    inbox: Vec<Received>,
    frame: Frame,
    pub(super) packets: Packets,
}

/// Packets of the path's MTU that passed, however many of them a frame held.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Packets {
    pub(super) received: u64,
    pub(super) sent: u64,
}

impl Stack {
    pub(super) fn new(device: TunTap, address: Cidr, window: u32) -> Stack {
        let (receive_buffer, send_buffer) = (window.into(), window.into());
        let tcp = osier_tcp::Config { receive_buffer, send_buffer, ..Default::default() };
        let mut host = Host::new(Config { tcp, ..Config::default() }, Keys::from_seed(71));
        let osier_device::Properties { medium, mtu, offloads } = device.properties();
        let link = host.add_link(LinkConfig { medium, mtu, offloads });
        host.add_address(Instant::ZERO, link, address);
        let (started, heard) = (std::time::Instant::now(), Instant::ZERO);
        let (inbox, frame) = (Vec::with_capacity(BATCH), Frame::default());
        let packets = Packets::default();
        Stack { host, device, link, started, heard, inbox, frame, packets }
    }

    pub(super) fn now(&self) -> Instant {
        Instant::ZERO + Duration::from(self.started.elapsed())
    }

    /// Opens a connection and waits until it is there.
    pub(super) fn connect(&mut self, to: SocketAddr) -> Result<osier_host::ConnectionId, Failure> {
        let now = self.now();
        let opened = self.host.connect(now, to, None).map_err(|error| unexpected(&error))?;
        loop {
            self.turn()?;
            match self.host.poll_event() {
                Some(Event::Connected(id)) if id == opened => return Ok(id),
                Some(event) => return Err(unexpected(&event)),
                None => (),
            }
        }
    }

    /// Sends what there is, waits where there was nothing to do, and takes what has come. The
    /// events are the caller's to take.
    pub(super) fn turn(&mut self) -> Result<Instant, Failure> {
        let now = self.now();
        self.say(now)?;
        self.wait(now)?;
        self.hear()
    }

    fn hear(&mut self) -> Result<Instant, Failure> {
        let received = self.device.receive(&mut self.inbox, BATCH)?;
        let now = self.now();
        if received > 0 {
            self.heard = now;
        } else if now.since(self.heard) > SILENCE {
            return Err(Failure::refused("nothing came through the device for too long"));
        }
        let segments = |frame: &Received| segments(frame.offload.gso, frame.bytes.len());
        self.packets.received += self.inbox.iter().map(segments).sum::<u64>();
        self.host.on_lost(now, self.device.lost());
        self.host.on_frames(now, self.link, &mut self.inbox);
        if self.host.next_deadline().is_some_and(|due| due <= now) {
            self.host.on_deadline(now);
        }
        Ok(now)
    }

    fn say(&mut self, now: Instant) -> Result<(), Failure> {
        for _ in 0..BATCH {
            if self.device.room() == 0
                || self.host.poll_transmit_into(now, &mut self.frame).is_none()
            {
                break;
            }
            self.packets.sent += segments(self.frame.offload.gso, self.frame.len());
            self.device.transmit(std::mem::take(&mut self.frame))?;
        }
        Ok(self.device.flush()?)
    }

    /// Waits for a frame or the next alarm, unless the host has more to say.
    fn wait(&self, now: Instant) -> Result<(), Failure> {
        let Readiness::Fd(fd) = self.device.readiness() else { return Ok(()) };
        let until = match self.host.next_deadline() {
            _ if self.host.wants_transmit() => Duration::ZERO,
            Some(due) => due.since(now).min(GLANCE),
            None => GLANCE,
        };
        let timeout = Timespec {
            tv_sec: until.as_secs().cast_signed(),
            tv_nsec: (until.as_nanos() % 1_000_000_000).cast_signed(),
        };
        match poll(&mut [PollFd::new(&fd, PollFlags::IN)], Some(&timeout)) {
            Ok(_) | Err(rustix::io::Errno::INTR) => Ok(()),
            Err(errno) => Err(errno.into()),
        }
    }
}

/// How many packets of the path's MTU a frame is.
fn segments(gso: Option<osier_wire::offload::Gso>, len: usize) -> u64 {
    let of = |gso: osier_wire::offload::Gso| {
        len.saturating_sub(gso.header_len.into()).div_ceil(usize::from(gso.size).max(1)) as u64
    };
    gso.map_or(1, of)
}

/// The address of an end of the link.
pub(super) fn cidr(address: IpAddr) -> Cidr {
    Cidr { address, prefix_len: 24 }
}

/// What happened is not what must happen on a link that loses nothing.
pub(super) fn unexpected(what: &impl std::fmt::Debug) -> Failure {
    Failure::bug(format!("osier and the kernel did not agree: {what:?}"))
}
