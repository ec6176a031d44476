//! How does a stack reach the network of a simulation?
//!
//! A device for `osier`: what goes out is given to the links at once, and what comes in is handed
//! over when its time has come. It sleeps on tokio's clock, whose steps are whole milliseconds: a
//! packet that arrives between two of them is handed over at the later.

use crate::network::{Boot, Network, Taken};
use osier::device::mem::Wire;
use osier::device::{Device, Medium, Properties, Readiness};
use osier_time::Instant;
use osier_wire::{Frame, Received};
use std::io;
use std::pin::Pin;
use std::task::{Context, Waker};
use tokio::time::Sleep;

/// What the hosts are joined by: packets of an Ethernet's length, nothing done by hardware.
const PROPERTIES: Properties = Properties::plain(Medium::Ip, 1_500);

/// Frames that are taken at once. The links bound what is under way.
const ROOM: usize = 64;

/// The network card of a host, from one start to the next crash.
pub(crate) struct Port {
    network: Network,
    owner: (usize, Boot),
    wire: Wire,
    waker: Option<Waker>,
    sleep: Option<Pin<Box<Sleep>>>,
}

impl Port {
    pub(crate) fn new(network: Network, owner: (usize, Boot)) -> Port {
        Port { network, owner, wire: Wire::new(&PROPERTIES), waker: None, sleep: None }
    }

    /// Whether it is before that time, at which we will then be woken.
    fn is_before(&mut self, at: Instant) -> bool {
        let at = self.network.at(at);
        let Some(waker) = &self.waker else { return true };
        let sleep = self.sleep.get_or_insert_with(|| Box::pin(tokio::time::sleep_until(at)));
        if sleep.deadline() != at {
            sleep.as_mut().reset(at);
        }
        sleep.as_mut().poll(&mut Context::from_waker(waker)).is_pending()
    }
}

impl Device for Port {
    fn properties(&self) -> Properties {
        PROPERTIES
    }

    fn receive(&mut self, into: &mut Vec<Received>, budget: usize) -> io::Result<usize> {
        loop {
            match self.network.take(self.owner, into, budget)? {
                Taken::Packets(count) => return Ok(count),
                Taken::NoneBefore(None) => return Ok(0),
                Taken::NoneBefore(Some(at)) if self.is_before(at) => return Ok(0),
                Taken::NoneBefore(Some(_)) => {}
            }
        }
    }

    fn room(&mut self) -> usize {
        ROOM
    }

    fn transmit(&mut self, frame: Frame) -> io::Result<()> {
        let (network, owner) = (&self.network, self.owner);
        self.wire.carry(&frame, |packet| network.send(owner, &packet.bytes));
        Ok(())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }

    fn readiness(&self) -> Readiness<'_> {
        Readiness::Waker
    }

    fn set_waker(&mut self, waker: &Waker) {
        self.waker = Some(waker.clone());
        self.network.set_waker(self.owner, waker);
    }
}
