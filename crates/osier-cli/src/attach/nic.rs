//! Which sort of device stands behind a link of the command line?
//!
//! A closed choice, made once; every frame goes through a match and no table of functions.

use osier_device::{Device, PacketSocket, Properties, Readiness, TunTap, XdpSocket};
use osier_wire::{Frame, Received};
use std::io;

/// The device of a link.
#[derive(Debug)]
pub(crate) enum Nic {
    /// Of `tap:` and `tun:`.
    TunTap(TunTap),
    /// Of `packet:`.
    Packet(PacketSocket),
    /// Of `xdp:`.
    Xdp(Box<XdpSocket>),
}

/// The same call of whichever it is.
macro_rules! each {
    ($nic:expr, $device:ident => $call:expr) => {
        match $nic {
            Nic::TunTap($device) => $call,
            Nic::Packet($device) => $call,
            Nic::Xdp($device) => $call,
        }
    };
}

impl Device for Nic {
    fn properties(&self) -> Properties {
        each!(self, device => device.properties())
    }

    fn receive(&mut self, into: &mut Vec<Received>, budget: usize) -> io::Result<usize> {
        each!(self, device => device.receive(into, budget))
    }

    fn lost(&mut self) -> u64 {
        each!(self, device => device.lost())
    }

    fn room(&mut self) -> usize {
        each!(self, device => device.room())
    }

    fn transmit(&mut self, frame: Frame) -> io::Result<()> {
        each!(self, device => device.transmit(frame))
    }

    fn flush(&mut self) -> io::Result<()> {
        each!(self, device => device.flush())
    }

    fn readiness(&self) -> Readiness<'_> {
        each!(self, device => device.readiness())
    }
}
