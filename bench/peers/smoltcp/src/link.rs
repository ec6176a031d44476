//! A link in memory: frames lie in buffers that are used again, and cross in batches.

use bench_work::{Checksums, Link, Task};
use smoltcp::phy::{
    Checksum, ChecksumCapabilities, Device, DeviceCapabilities, Medium, RxToken, TxToken,
};
use smoltcp::time::Instant;
use std::collections::VecDeque;

/// Frames that cross in one go, as in `osier bench`.
const BATCH: usize = 64;

/// Octets of the longest IPv4 packet, and so of a super-segment that crosses whole.
const LONGEST: usize = 65_535;

/// A buffer as long as the longest frame, and how much of it is one.
pub(crate) struct Frame {
    buffer: Box<[u8]>,
    len: usize,
}

/// One end of the link.
pub(crate) struct Port {
    capabilities: DeviceCapabilities,
    longest: usize,
    /// What is to cross.
    pub(crate) out: Vec<Frame>,
    inward: VecDeque<Frame>,
    /// Buffers for what is sent.
    unused: Vec<Box<[u8]>>,
    /// Buffers of what was received; they go back to the other end.
    used: Vec<Box<[u8]>>,
}

impl Port {
    pub(crate) fn new(task: &Task) -> Result<Port, String> {
        let longest = if task.link == Link::Whole { LONGEST } else { usize::from(task.mtu) };
        let mut capabilities = DeviceCapabilities::default();
        capabilities.medium = Medium::Ip;
        capabilities.max_transmission_unit = usize::from(task.mtu);
        capabilities.checksum = ChecksumCapabilities::default();
        if task.link == Link::Whole {
            super_segments(&mut capabilities)?;
        }
        if task.checksums == Checksums::Off || task.link == Link::Whole {
            capabilities.checksum.tcp = Checksum::None;
            capabilities.checksum.ipv4 = Checksum::None;
        }
        let (out, inward) = (Vec::new(), VecDeque::new());
        Ok(Port { capabilities, longest, out, inward, unused: Vec::new(), used: Vec::new() })
    }

    /// Lets what waits cross to the other end, and says how many frames did.
    pub(crate) fn cross(&mut self, to: &mut Port) -> usize {
        self.unused.append(&mut to.used);
        let crossed = self.out.len();
        to.inward.extend(self.out.drain(..));
        crossed
    }
}

/// Lets it hand out super-segments.
#[cfg(feature = "whole")]
fn super_segments(capabilities: &mut DeviceCapabilities) -> Result<(), String> {
    capabilities.segmentation.tcpv4 = std::num::NonZeroUsize::new(LONGEST);
    Ok(())
}

#[cfg(not(feature = "whole"))]
fn super_segments(_: &mut DeviceCapabilities) -> Result<(), String> {
    Err("in a build of its own only: docs/performance.md".to_owned())
}

impl Device for Port {
    type RxToken<'a> = Arrived<'a>;
    type TxToken<'a> = Slot<'a>;

    fn receive(&mut self, _: Instant) -> Option<(Arrived<'_>, Slot<'_>)> {
        let frame = self.inward.pop_front()?;
        let Port { longest, out, unused, used, .. } = self;
        Some((Arrived { frame, used }, Slot { longest: *longest, out, unused }))
    }

    fn transmit(&mut self, _: Instant) -> Option<Slot<'_>> {
        let Port { longest, out, unused, .. } = self;
        (out.len() < BATCH).then(|| Slot { longest: *longest, out, unused })
    }

    fn capabilities(&self) -> DeviceCapabilities {
        self.capabilities.clone()
    }
}

/// A frame that has come.
pub(crate) struct Arrived<'a> {
    frame: Frame,
    used: &'a mut Vec<Box<[u8]>>,
}

impl RxToken for Arrived<'_> {
    fn consume<R, F: FnOnce(&[u8]) -> R>(self, f: F) -> R {
        let result = f(&self.frame.buffer[..self.frame.len]);
        self.used.push(self.frame.buffer);
        result
    }
}

/// Room for a frame.
pub(crate) struct Slot<'a> {
    longest: usize,
    out: &'a mut Vec<Frame>,
    unused: &'a mut Vec<Box<[u8]>>,
}

impl TxToken for Slot<'_> {
    fn consume<R, F: FnOnce(&mut [u8]) -> R>(self, len: usize, f: F) -> R {
        let longest = self.longest;
        let mut buffer = self.unused.pop().unwrap_or_else(|| vec![0; longest].into_boxed_slice());
        let result = f(&mut buffer[..len]);
        self.out.push(Frame { buffer, len });
        result
    }
}
