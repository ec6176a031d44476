//! Who is the other end where the system grants no network of our own?
//!
//! osier again: a second host in this process, with a client on it, at the end of a link in
//! memory. Nothing is simulated but the wire: it carries a frame at once and loses none.

use super::Args;
use super::end::End;
use super::kernel::{ADDRESS, PREFIX};
use super::web::{Acted, Client};
use crate::exit::Failure;
use osier_device::Properties;
use osier_device::mem::Wire;
use osier_ip::Cidr;
use osier_tcp::State;
use osier_time::{Duration, Instant};
use osier_wire::link::Medium;
use osier_wire::{Frame, MacAddr, Received};
use std::net::SocketAddr;

/// The link address of the other host.
const MAC: MacAddr = MacAddr([0x02, 0x6f, 0x73, 0x69, 0x65, 0x01]);

/// The MTU of the link, as that of Ethernet.
pub(crate) const MTU: usize = 1500;

/// The other host with its client.
#[derive(Debug)]
pub(crate) struct Memory {
    end: End,
    client: Client,
    wire: Wire,
    server: SocketAddr,
    address: SocketAddr,
}

impl Memory {
    /// A host whose client has asked for a connection.
    pub(crate) fn new(now: Instant, args: &Args, server: SocketAddr) -> Result<Self, Failure> {
        let cidr = Cidr { address: ADDRESS, prefix_len: PREFIX };
        let mut end = End::new(now, cidr, MAC, MTU);
        let client = Client::new(&mut end, now, server, args.close).map_err(refused)?;
        let address =
            client.address(&end).ok_or_else(|| Failure::bug("a client without address"))?;
        let wire = Wire::new(&Properties::plain(Medium::Ethernet(MAC), MTU));
        Ok(Memory { end, client, wire, server, address })
    }

    /// Its state now.
    pub(crate) fn state(&self) -> State {
        self.end.state(self.address.port(), self.server)
    }

    /// Gives it a frame.
    pub(crate) fn deliver(&mut self, now: Instant, frame: &Frame) {
        let mut arrived = Vec::new();
        self.wire.carry(frame, |frame| arrived.push(frame));
        arrived.into_iter().for_each(|frame| self.end.receive(now, frame));
    }

    /// The next frame that it sends; where it has none, its client acts first.
    pub(crate) fn take(&mut self, now: Instant) -> Result<Option<Received>, Failure> {
        self.end.keep_time(now);
        loop {
            if let Some(frame) = self.end.transmit(now) {
                let mut sent = Vec::new();
                self.wire.carry(&frame, |frame| sent.push(frame));
                return Ok(sent.pop());
            }
            if self.client.act(&mut self.end, now).map_err(refused)? == Acted::No {
                return Ok(None);
            }
        }
    }

    /// When it has something to do, if nothing comes before.
    pub(crate) fn next_deadline(&self) -> Option<Instant> {
        self.end.host.next_deadline()
    }

    /// How long its end will stay in TIME-WAIT.
    pub(crate) fn time_wait(&self, now: Instant) -> Duration {
        self.end.time_wait(now, self.address.port(), self.server)
    }

    /// How many octets its client was answered with.
    pub(crate) fn got(&self) -> usize {
        self.client.got()
    }
}

fn refused(e: osier_host::Error) -> Failure {
    Failure::bug(format!("the host in memory refused its client: {e:?}"))
}
