//! How do frames pass between us and the kernel through a TAP or TUN interface?
//!
//! We hold the far end of a cable that is plugged into the kernel: what it sends out of the
//! interface we read, what we write arrives there. A TAP carries Ethernet frames, a TUN bare IP
//! packets. Each frame has a `virtio_net_hdr` in front (`vnet.rs`), by which checksums and
//! segmentation can be left to the other side; towards the kernel that always works, from it as
//! far as [`OffloadMode`] allows. See the kernel's `Documentation/networking/tuntap.rst`.

mod open;

pub use crate::framed::RING;
pub(crate) use open::checked;
pub use open::{Config, OffloadMode, Queue, TUN_NODE};

use crate::device::{Device, Properties, Readiness};
use crate::framed::Framed;
use osier_wire::{Frame, Received};
use rustix::io::Errno;
use std::io;

/// Our end of a TAP or TUN interface.
#[derive(Debug)]
pub struct TunTap {
    frames: Framed,
    name: String,
    properties: Properties,
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
            match self.frames.read() {
                Ok(Some(frame)) => into.push(frame),
                Ok(None) => return Ok(n),
                // What has been read is not lost; the error comes again with the next call.
                Err(_) if n > 0 => return Ok(n),
                Err(e) => return Err(explain(&self.name, e)),
            }
        }
        Ok(budget)
    }

    fn room(&mut self) -> usize {
        self.frames.room()
    }

    fn transmit(&mut self, frame: Frame) -> io::Result<()> {
        self.frames.transmit(frame).map_err(|e| explain(&self.name, e))
    }

    fn flush(&mut self) -> io::Result<()> {
        self.frames.flush().map_err(|e| explain(&self.name, e))
    }

    fn readiness(&self) -> Readiness<'_> {
        Readiness::Fd(self.frames.fd())
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
