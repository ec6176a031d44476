//! How do frames pass between us and a wire without a pass through the kernel's stack?
//!
//! By AF_XDP (the kernel's `Documentation/networking/af_xdp.rst`): a program on the interface
//! (`program.rs`) hands what is for our link address to a socket whose rings and frames are memory
//! that we share with the kernel, and what we send lies there, too: a batch of frames costs one
//! system call. What is for groups is everybody's: it goes on to the kernel, and we hear it by a
//! packet socket beside (`packet.rs`), as we do what came by another queue than the first.
//!
//! There are no offloads: every frame is what a wire carries. A sender on the same machine (the
//! other end of a veth) must be told to sum: `ethtool -K FAR tx off`. Nor do the kernel's queueing
//! disciplines see what we send.
//!
//! Not here: more than one queue, frames in several pieces (jumbo frames).

mod open;
mod program;

pub use open::Config;

use crate::buffer::Slabs;
use crate::device::{Device, Properties, Readiness};
use crate::framed::RING;
use crate::packet::{PacketSocket, Room, explain};
use crate::sys::xdp::{LONGEST, RECEIVING, SENDING, Shared};
use osier_wire::offload::{Offload, split};
use osier_wire::{Frame, Received};
use rustix::io::Errno;
use std::collections::VecDeque;
use std::io;
use std::os::fd::OwnedFd;

/// How often the kernel is told of frames, before they wait for the next turn: it sends 32 at a
/// time, and no more are there.
const KICKS: u32 = SENDING / 32 + 1;

/// Our station on the wire of an interface, past the kernel's stack.
#[derive(Debug)]
pub struct XdpSocket {
    /// The program is on the interface as long as this is open.
    _attached: OwnedFd,
    shared: Shared,
    /// For groups, for other queues, and to learn what becomes of the interface.
    beside: PacketSocket,
    properties: Properties,
    slabs: Slabs,
    /// At most [`RING`] frames.
    ring: VecDeque<Frame>,
    /// Whether the kernel has yet to be told of frames.
    untold: bool,
    /// Whether our readiness tells of room.
    room: Room,
    /// Frames that were fetched since the kernel was asked what it dropped.
    fetched: usize,
    /// What it had dropped then.
    dropped: u64,
    lost: u64,
}

impl XdpSocket {
    /// The name of the interface when it was opened.
    pub fn name(&self) -> &str {
        self.beside.name()
    }
}

impl Device for XdpSocket {
    fn properties(&self) -> Properties {
        self.properties
    }

    fn receive(&mut self, into: &mut Vec<Received>, budget: usize) -> io::Result<usize> {
        let slabs = &mut self.slabs;
        let n = self.shared.receive(budget, |bytes| {
            let bytes = slabs.put(bytes.len(), |buffer| buffer.extend_from_slice(bytes));
            into.push(Received { bytes, offload: Offload::NONE });
        });
        self.fetched += n;
        if self.fetched >= RECEIVING as usize / 4 {
            self.fetched = 0;
            let dropped = self.shared.drops()?;
            self.lost += dropped - std::mem::replace(&mut self.dropped, dropped);
        }
        Ok(n + self.beside.receive(into, budget - n)?)
    }

    fn lost(&mut self) -> u64 {
        std::mem::take(&mut self.lost) + self.beside.lost()
    }

    fn room(&mut self) -> usize {
        RING.saturating_sub(self.ring.len())
    }

    fn transmit(&mut self, frame: Frame) -> io::Result<()> {
        if self.room() == 0 {
            return Err(io::ErrorKind::WouldBlock.into());
        }
        if frame.offload == Offload::NONE {
            if frame.len() > LONGEST {
                return Err(io::ErrorKind::InvalidInput.into());
            }
            self.ring.push_back(frame);
        } else {
            self.ring.extend(split(&frame).filter(|part| part.len() <= LONGEST));
        }
        self.hand_over();
        // A flush is to come; only what it leaves has to be waited for.
        if self.room() == 0 { self.watch() } else { Ok(()) }
    }

    fn flush(&mut self) -> io::Result<()> {
        let told = self.tell();
        self.watch()?;
        told
    }

    /// Readable where there is anything to do. Never writable.
    fn readiness(&self) -> Readiness<'_> {
        self.beside.readiness()
    }
}

impl XdpSocket {
    /// Tells the kernel of frames, until it has sent them or cannot.
    fn tell(&mut self) -> io::Result<()> {
        self.hand_over();
        for _ in 0..KICKS {
            if !self.untold {
                break;
            }
            match self.shared.kick() {
                Ok(()) => self.untold = false,
                // Some are on their way, and there are more.
                Err(e) if e.kind() == io::ErrorKind::WouldBlock => (),
                Err(e) if is_full(&e) => break,
                Err(e) => {
                    self.untold = false;
                    return Err(explain(self.beside.name(), e));
                }
            }
            self.hand_over();
        }
        Ok(())
    }

    /// Waits for room while frames wait for it. The kernel says so at once while it is the driver
    /// that is full, and is asked again.
    fn watch(&mut self) -> io::Result<()> {
        let wanted = match self.untold || !self.ring.is_empty() {
            true => Room::Wanted,
            false => Room::NotNeeded,
        };
        if wanted != self.room {
            self.beside.wait_for_room_at(self.shared.fd(), wanted)?;
            self.room = wanted;
        }
        Ok(())
    }

    /// Puts frames where the kernel will take them from.
    fn hand_over(&mut self) {
        while let Some(frame) = self.ring.front() {
            if !self.shared.send(frame) {
                break;
            }
            self.ring.pop_front();
            self.untold = true;
        }
    }
}

/// Whether the driver has no room now.
fn is_full(e: &io::Error) -> bool {
    let errno = e.raw_os_error().map(Errno::from_raw_os_error);
    matches!(errno, Some(Errno::BUSY | Errno::NOBUFS))
}
