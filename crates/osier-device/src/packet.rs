//! How do frames pass between us and a wire through an interface that the kernel has already?
//!
//! By a packet socket (packet(7)) that is bound to it: we are one more station on its wire, with a
//! link address of our own, beside the kernel. The kernel's own end of that interface hears nothing
//! of us nor we of it; whoever is at the other end of the cable does. A vnet header in front of
//! each frame (`vnet.rs`) carries checksums and super-frames as on a TAP: the kernel, or the card,
//! cuts what we send, and what it has merged (GRO) comes whole.
//!
//! Not here: several sockets that share an interface (PACKET_FANOUT), a ring in shared memory
//! (TPACKET_V3); frames with a VLAN tag, which are dropped.

mod open;

pub use open::Config;

use crate::device::{Device, Properties, Readiness};
use crate::framed::Framed;
use crate::{interface, sys};
use osier_wire::{Frame, Received};
use rustix::event::epoll;
use rustix::io::Errno;
use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

/// Bytes that may wait in the kernel until we fetch them, with what it needs to keep them: what
/// the windows of a few fast connections may have on the way. What comes then is dropped, and
/// counted.
pub const RECEIVE_QUEUE: usize = 8 << 20;

/// Bytes that may wait in the kernel until the wire takes them.
pub const SEND_QUEUE: usize = 2 << 20;

/// Bytes of the kernel's memory that a waiting frame takes beside its own, at most: a page.
const UPKEEP: usize = 4096;

/// Our station on the wire of an interface.
#[derive(Debug)]
pub struct PacketSocket {
    frames: Framed,
    /// What is waited for: the socket, whether it can be read, is in error, or, while frames wait
    /// here, can be written.
    waits: OwnedFd,
    watched: epoll::EventFlags,
    name: String,
    pub(crate) index: u32,
    properties: Properties,
    /// Bytes that the kernel keeps for us at most.
    queue: usize,
    /// Bytes that were fetched since the kernel was asked what it dropped, with its upkeep.
    fetched: usize,
    lost: u64,
}

/// What is always waited for. The kernel reports an interface that goes away as an error.
const READABLE: epoll::EventFlags = epoll::EventFlags::IN;

/// Whether somebody waits for room.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Room {
    Wanted,
    NotNeeded,
}

impl PacketSocket {
    /// The name of the interface when it was opened.
    pub fn name(&self) -> &str {
        &self.name
    }
}

impl Device for PacketSocket {
    fn properties(&self) -> Properties {
        self.properties
    }

    fn receive(&mut self, into: &mut Vec<Received>, budget: usize) -> io::Result<usize> {
        let mut n = 0;
        while n < budget {
            match self.frames.read() {
                Ok(Some(frame)) => {
                    self.fetched += frame.bytes.len() + UPKEEP;
                    into.push(frame);
                    n += 1;
                }
                Ok(None) => break,
                Err(e) => self.go_on_after(e)?,
            }
        }
        // Whoever filled the queue must have been fetched since: so a drop is not overlooked.
        if self.fetched >= self.queue / 4 {
            self.fetched = 0;
            self.lost += u64::from(sys::packet::take_drops(self.frames.fd())?);
        }
        Ok(n)
    }

    fn lost(&mut self) -> u64 {
        std::mem::take(&mut self.lost)
    }

    fn room(&mut self) -> usize {
        self.frames.room()
    }

    fn transmit(&mut self, frame: Frame) -> io::Result<()> {
        let sent = self.frames.transmit(frame);
        self.watch()?;
        sent.map_err(|e| explain(&self.name, e))
    }

    fn flush(&mut self) -> io::Result<()> {
        let sent = self.frames.flush();
        self.watch()?;
        sent.map_err(|e| explain(&self.name, e))
    }

    /// Readable where there is anything to do: frames wait, there is room again, or the interface
    /// has gone. Never writable.
    fn readiness(&self) -> Readiness<'_> {
        Readiness::Fd(self.waits.as_fd())
    }
}

impl PacketSocket {
    /// What to do about an error of a read. Each is told once: nothing else will say that the
    /// interface has gone.
    fn go_on_after(&mut self, e: io::Error) -> io::Result<()> {
        match e.raw_os_error().map(Errno::from_raw_os_error) {
            // Down for a while, or for good. Its name may have changed, its number does not.
            Some(Errno::NETDOWN) => match interface::by_index(self.index)? {
                Some(_) => Ok(()),
                None => Err(gone(&self.name)),
            },
            // A super-frame of a kind that a vnet header has no word for.
            Some(Errno::INVAL) => {
                self.lost += 1;
                Ok(())
            }
            _ => Err(explain(&self.name, e)),
        }
    }

    /// Has our readiness tell of another socket, too.
    pub(crate) fn wait_also_for(&self, other: BorrowedFd<'_>) -> io::Result<()> {
        Ok(epoll::add(&self.waits, other, epoll::EventData::new_u64(1), READABLE)?)
    }

    /// Whether it tells of room at that socket.
    pub(crate) fn wait_for_room_at(&self, other: BorrowedFd<'_>, room: Room) -> io::Result<()> {
        let wanted = match room {
            Room::Wanted => READABLE | epoll::EventFlags::OUT,
            Room::NotNeeded => READABLE,
        };
        Ok(epoll::modify(&self.waits, other, epoll::EventData::new_u64(1), wanted)?)
    }

    /// Waits for room while frames wait for it, and only then: else every frame that left would
    /// wake us.
    fn watch(&mut self) -> io::Result<()> {
        let wanted = match self.frames.waits() {
            true => READABLE | epoll::EventFlags::OUT,
            false => READABLE,
        };
        if wanted != self.watched {
            let data = epoll::EventData::new_u64(0);
            epoll::modify(&self.waits, self.frames.fd(), data, wanted)?;
            self.watched = wanted;
        }
        Ok(())
    }
}

fn gone(name: &str) -> io::Error {
    let sentence = format!(
        "the interface {name} is gone: it was deleted, or moved to another network namespace; \
         start again when it is back"
    );
    io::Error::new(io::ErrorKind::NotConnected, sentence)
}

/// What the kernel's answer to a write means; the kinds are those of a TAP (`tuntap.rs`).
pub(crate) fn explain(name: &str, e: io::Error) -> io::Error {
    let (kind, sentence) = match e.raw_os_error().map(Errno::from_raw_os_error) {
        Some(Errno::NETDOWN) => (
            io::ErrorKind::NetworkDown,
            format!("the interface {name} is down; bring it up: sudo ip link set {name} up"),
        ),
        Some(Errno::NXIO | Errno::NODEV) => return gone(name),
        Some(Errno::MSGSIZE) => (
            io::ErrorKind::InvalidInput,
            format!("{name} has a smaller MTU now; start again to have it known"),
        ),
        Some(Errno::INVAL) => (
            io::ErrorKind::InvalidInput,
            format!("the kernel refused a frame on {name} as malformed; this is a bug of osier"),
        ),
        _ => return e,
    };
    io::Error::new(kind, sentence)
}

#[cfg(test)]
mod tests;
