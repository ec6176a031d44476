//! How do frames pass between us and the kernel through a TAP or TUN interface?
//!
//! We hold the far end of a cable that is plugged into the kernel: what it sends out of the
//! interface we read, what we write arrives there. A TAP carries Ethernet frames, a TUN bare IP
//! packets. Each frame has a `virtio_net_hdr` in front (`vnet.rs`), by which checksums and
//! segmentation can be left to the other side; towards the kernel that always works, from it as
//! far as [`OffloadMode`] allows. See the kernel's `Documentation/networking/tuntap.rst`.

mod open;

pub use open::{Config, OffloadMode, Queue, TUN_NODE};

use crate::buffer::{COPY_BELOW, Slabs};
use crate::device::{Device, Properties, Readiness};
use crate::fit::{Fit, fit};
use crate::{sys, vnet};
use bytes::{Buf, Bytes};
use osier_wire::link::Offloads;
use osier_wire::offload::{split, split_unsummed};
use osier_wire::{Frame, Received};
use rustix::io::Errno;
use std::collections::VecDeque;
use std::io::{self, IoSlice};
use std::os::fd::{AsFd, OwnedFd};

/// Frames that wait here at most, after the kernel said "not now". It rarely does: its own queue
/// is the socket's send buffer, without a limit unless somebody set one.
pub const RING: usize = 64;

/// Pieces of a frame in one gathering write; a frame of more is made contiguous first. The kernel
/// takes 1024, but an array of these is cleared for each frame.
const PIECES: usize = 48;

/// Our end of a TAP or TUN interface.
#[derive(Debug)]
pub struct TunTap {
    fd: OwnedFd,
    name: String,
    properties: Properties,
    slabs: Slabs,
    /// Bytes of the longest frame that the kernel may hand us, with the vnet header.
    longest: usize,
    /// What the kernel takes from us, whatever the host was offered.
    accepts: Offloads,
    /// At most [`RING`] frames, and what one super-frame more was cut into.
    ring: VecDeque<Frame>,
}

impl TunTap {
    /// The name of the interface at the kernel's side.
    pub fn name(&self) -> &str {
        &self.name
    }
}

impl Device for TunTap {
    fn properties(&self) -> Properties {
        self.properties
    }

    fn receive(&mut self, into: &mut Vec<Received>, budget: usize) -> io::Result<usize> {
        for n in 0..budget {
            match self.read() {
                Ok(Some(frame)) => into.push(frame),
                Ok(None) => return Ok(n),
                // What has been read is not lost; the error comes again with the next call.
                Err(_) if n > 0 => return Ok(n),
                Err(e) => return Err(e),
            }
        }
        Ok(budget)
    }

    fn room(&mut self) -> usize {
        RING.saturating_sub(self.ring.len())
    }

    fn transmit(&mut self, frame: Frame) -> io::Result<()> {
        if self.room() == 0 {
            return Err(io::ErrorKind::WouldBlock.into());
        }
        match fit(&frame.offload, &self.accepts) {
            Fit::Split => {
                self.ring.extend(split(&frame));
                self.flush()
            }
            Fit::SplitUnsummed => {
                self.ring.extend(split_unsummed(&frame));
                self.flush()
            }
            Fit::AsItIs => {
                if !self.ring.is_empty() || self.write(&frame)? == Written::NotNow {
                    self.ring.push_back(frame);
                }
                Ok(())
            }
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        while let Some(frame) = self.ring.pop_front() {
            if self.write(&frame)? == Written::NotNow {
                self.ring.push_front(frame);
                break;
            }
        }
        Ok(())
    }

    fn readiness(&self) -> Readiness<'_> {
        Readiness::Fd(self.fd.as_fd())
    }
}

/// Whether the kernel took a frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Written {
    Yes,
    NotNow,
}

impl TunTap {
    /// Reads one frame, if one waits.
    fn read(&mut self) -> io::Result<Option<Received>> {
        let slab = self.slabs.room_for(self.longest);
        let read = loop {
            match sys::read::read_into(self.fd.as_fd(), slab) {
                Err(e) if e.kind() == io::ErrorKind::Interrupted => (),
                Err(e) if e.kind() == io::ErrorKind::WouldBlock => return Ok(None),
                Err(e) => return Err(explain(&self.name, e)),
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
        loop {
            match rustix::io::writev(&self.fd, &pieces[..used]) {
                Ok(_) => return Ok(Written::Yes),
                Err(Errno::INTR) => (),
                Err(Errno::AGAIN | Errno::NOBUFS) => return Ok(Written::NotNow),
                Err(e) => return Err(explain(&self.name, e.into())),
            }
        }
    }
}

/// What the kernel's answer to a read or a write means on a TAP or TUN.
///
/// The kinds tell a driver what to do: `NetworkDown` may pass, `NotConnected` is for good, and
/// `InvalidInput` concerns this frame alone.
fn explain(name: &str, e: io::Error) -> io::Error {
    let (kind, sentence) = match e.raw_os_error().map(Errno::from_raw_os_error) {
        Some(Errno::IO) => (
            io::ErrorKind::NetworkDown,
            format!("the interface {name} is down; bring it up: sudo ip link set {name} up"),
        ),
        Some(Errno::BADFD | Errno::NODEV) => (
            io::ErrorKind::NotConnected,
            format!("the interface {name} was deleted; start again to have it made anew"),
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
