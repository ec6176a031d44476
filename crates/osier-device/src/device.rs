//! What can every device do?
//!
//! A device moves frames and judges nothing: it knows no protocol beyond what checksum and
//! segmentation offload need. It waits for nothing either. Who drives it learns from
//! [`Device::readiness`] how to sleep until there is something to do.

use osier_wire::link::{Medium, Offloads};
use osier_wire::{Frame, Received};
use std::io;
use std::os::fd::BorrowedFd;
use std::task::Waker;

/// Frames in and out. No method blocks.
pub trait Device: Send {
    /// What the host must know of the link before it writes a frame.
    fn properties(&self) -> Properties;

    /// Appends up to `budget` frames that wait and says how many; 0 means that none waits.
    ///
    /// # Errors
    /// The device is gone or was taken down; the text says what to do about it.
    fn receive(&mut self, into: &mut Vec<Received>, budget: usize) -> io::Result<usize>;

    /// How many frames were dropped on their way to [`receive`](Device::receive) since the last
    /// call, because they were not fetched in time, as far as the device knows of them.
    fn lost(&mut self) -> u64 {
        0
    }

    /// How many frames [`transmit`](Device::transmit) will accept now.
    fn room(&mut self) -> usize;

    /// Takes a frame. To be called only while [`room`](Device::room) is not 0.
    ///
    /// # Errors
    /// The frame is lost: the device is gone or was taken down (the text says what to do about
    /// it), or there was no room ([`io::ErrorKind::WouldBlock`]).
    fn transmit(&mut self, frame: Frame) -> io::Result<()>;

    /// Hands on what [`transmit`](Device::transmit) accepted and could not hand on at once.
    /// Frames that still cannot go stay, and it is no error.
    ///
    /// # Errors
    /// As [`transmit`](Device::transmit).
    fn flush(&mut self) -> io::Result<()>;

    /// How to wait for this device.
    fn readiness(&self) -> Readiness<'_>;

    /// For [`Readiness::Waker`]: whom to wake when a frame can be received, room appears, or the
    /// other end is gone. Set it first and look afterwards, or a wake is lost. Others ignore it.
    fn set_waker(&mut self, _waker: &Waker) {}
}

/// What the host must know of a link before it writes a frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Properties {
    /// What lies in front of the IP header, with the link address of our end.
    pub medium: Medium,
    /// The longest IP packet, in bytes.
    pub mtu: usize,
    /// What the device does to frames that go out.
    pub offloads: Offloads,
}

impl Properties {
    /// A plain link: every frame is what a wire would carry.
    pub const fn plain(medium: Medium, mtu: usize) -> Self {
        Properties { medium, mtu, offloads: Offloads::none(medium, mtu) }
    }

    /// A link that takes checksums and segmentation off the host.
    pub const fn offloaded(medium: Medium, mtu: usize) -> Self {
        Properties { medium, mtu, offloads: Offloads::all(medium) }
    }
}

/// How to sleep until a device has something to do.
#[derive(Debug)]
pub enum Readiness<'a> {
    /// Readable: frames wait. Writable: there is room.
    Fd(BorrowedFd<'a>),
    /// There is no file descriptor; the device calls the waker of [`Device::set_waker`].
    Waker,
}
