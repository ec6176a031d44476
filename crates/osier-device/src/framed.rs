//! How do frames pass through a file descriptor of the kernel's, each with a vnet header in front?
//!
//! One frame a system call, on a TAP, a TUN or a packet socket alike: they differ in how they are
//! opened and in what an error means, which is said where they are. What the kernel does not take
//! whole is cut here; what it does not take now waits here, within a bound.

use crate::buffer::{COPY_BELOW, Slabs};
use crate::fit::{Fit, fit};
use crate::{sys, vnet};
use bytes::{Buf, Bytes};
use osier_wire::link::Offloads;
use osier_wire::offload::{Split, split, split_unsummed};
use osier_wire::{Frame, Received};
use rustix::io::Errno;
use std::collections::VecDeque;
use std::io::{self, IoSlice};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

/// Frames that wait here at most, after the kernel said "not now". It rarely does: its own queue
/// is the socket's send buffer.
pub const RING: usize = 64;

/// Bytes of the longest super-frame behind its link header: the longest IP packet.
pub(crate) const SUPER: usize = 65_535;

/// Bytes that a frame may be longer than link header and MTU: two VLAN tags.
pub(crate) const VLAN: usize = 8;

/// Pieces of a frame in one gathering write; a frame of more is made contiguous first. The kernel
/// takes 1024, but an array of these is cleared for each frame.
const PIECES: usize = 48;

/// The descriptor, and the frames on their way to it.
#[derive(Debug)]
pub(crate) struct Framed {
    fd: OwnedFd,
    slabs: Slabs,
    /// Bytes of the longest frame that the kernel may hand us, with the vnet header.
    longest: usize,
    /// What the kernel takes from us, whatever the host was offered.
    accepts: Offloads,
    /// At most [`RING`] frames, and what one super-frame more was cut into.
    ring: VecDeque<Frame>,
}

impl Framed {
    /// Frames of up to `longest` bytes, vnet header included, from a descriptor that does not
    /// block; towards it those that fit what it `accepts`.
    pub(crate) fn new(fd: OwnedFd, longest: usize, accepts: Offloads) -> Self {
        Framed { fd, slabs: Slabs::new(longest), longest, accepts, ring: VecDeque::new() }
    }

    pub(crate) fn fd(&self) -> BorrowedFd<'_> {
        self.fd.as_fd()
    }

    /// How many frames more may come.
    pub(crate) fn room(&self) -> usize {
        RING.saturating_sub(self.ring.len())
    }

    /// Whether frames wait for the kernel.
    pub(crate) fn waits(&self) -> bool {
        !self.ring.is_empty()
    }

    /// Reads one frame, if one waits. An error is the kernel's own.
    pub(crate) fn read(&mut self) -> io::Result<Option<Received>> {
        let slab = self.slabs.room_for(self.longest);
        let read = loop {
            match sys::read::read_into(self.fd.as_fd(), slab) {
                Err(e) if e.kind() == io::ErrorKind::Interrupted => (),
                Err(e) if e.kind() == io::ErrorKind::WouldBlock => return Ok(None),
                Err(e) => return Err(e),
                Ok(read) => break read,
            }
        };
        let mut bytes = if read < COPY_BELOW {
            let own = Bytes::copy_from_slice(slab);
            slab.clear();
            own
        } else {
            slab.split().freeze()
        };
        let Some(header) = bytes.first_chunk().copied() else {
            return Err(io::Error::new(io::ErrorKind::InvalidData, "a frame without its header"));
        };
        bytes.advance(vnet::LEN);
        let offload = vnet::parse(header, &bytes);
        Ok(Some(Received { bytes, offload }))
    }

    /// Takes a frame, as [`Device::transmit`](crate::Device::transmit) does. An error is the
    /// kernel's own, or `WouldBlock`: the frame is lost.
    pub(crate) fn transmit(&mut self, frame: Frame) -> io::Result<()> {
        if self.room() == 0 {
            return Err(io::ErrorKind::WouldBlock.into());
        }
        match fit(&frame.offload, &self.accepts) {
            Fit::Split => self.cut(split(&frame)),
            Fit::SplitUnsummed => self.cut(split_unsummed(&frame)),
            Fit::AsItIs => {
                if !self.ring.is_empty() || self.write(&frame)? == Written::NotNow {
                    self.ring.push_back(frame);
                }
                Ok(())
            }
        }
    }

    /// Cuts a frame, each piece straight into the buffer that it is written from. A piece that is
    /// lost is told of; those behind it wait.
    fn cut(&mut self, mut pieces: Split<'_>) -> io::Result<()> {
        let offload = pieces.left_undone();
        let header = vnet::emit(&offload);
        let mut lost = Ok(());
        while let Some(len) = pieces.next_len() {
            let slab = self.slabs.room_for(vnet::LEN + len);
            slab.extend_from_slice(&header);
            pieces.append_next(slab);
            let written = match self.ring.is_empty() && lost.is_ok() {
                true => write(self.fd.as_fd(), &[IoSlice::new(slab)]),
                false => Ok(Written::NotNow),
            };
            match written {
                Ok(Written::Yes) => slab.clear(),
                Ok(Written::NotNow) => {
                    let mut waits = Frame { offload, ..Frame::default() };
                    waits.payload.push(slab.split().freeze().slice(vnet::LEN..));
                    self.ring.push_back(waits);
                }
                Err(e) => {
                    slab.clear();
                    lost = Err(e);
                }
            }
        }
        lost
    }

    /// Hands on what waits, as far as the kernel takes it.
    pub(crate) fn flush(&mut self) -> io::Result<()> {
        while let Some(frame) = self.ring.pop_front() {
            if self.write(&frame)? == Written::NotNow {
                self.ring.push_front(frame);
                break;
            }
        }
        Ok(())
    }

    /// Writes one frame.
    fn write(&mut self, frame: &Frame) -> io::Result<Written> {
        let header = vnet::emit(&frame.offload);
        let whole;
        let mut pieces = [IoSlice::new(&[]); PIECES];
        pieces[0] = IoSlice::new(&header);
        let used = if frame.payload.len() + 2 <= PIECES {
            let mut used = 1;
            for part in frame.parts() {
                pieces[used] = IoSlice::new(part);
                used += 1;
            }
            used
        } else {
            whole = self.slabs.gather(frame);
            pieces[1] = IoSlice::new(&whole);
            2
        };
        write(self.fd.as_fd(), &pieces[..used])
    }
}

/// Writes the pieces of one frame, its vnet header first.
fn write(fd: BorrowedFd<'_>, pieces: &[IoSlice<'_>]) -> io::Result<Written> {
    loop {
        match rustix::io::writev(fd, pieces) {
            Ok(_) => return Ok(Written::Yes),
            Err(Errno::INTR) => (),
            Err(Errno::AGAIN) => return Ok(Written::NotNow),
            // A queue behind the kernel's has dropped it, and nobody will say when there is
            // room again.
            Err(Errno::NOBUFS) => return Err(io::ErrorKind::WouldBlock.into()),
            Err(e) => return Err(e.into()),
        }
    }
}

/// Whether the kernel took a frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Written {
    Yes,
    NotNow,
}
