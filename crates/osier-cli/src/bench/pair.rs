//! Two hosts, and the link between them.
//!
//! The hosts' time is virtual: who measures says how it passes, so that two runs of the same work
//! do the same. Frames cross in batches as large as a device's ring might hold, and each host is
//! driven as its doors want it: a batch in, events out, then frames while there is room.

use super::setup::Setup;
use crate::exit::Failure;
use bytes::Bytes;
use osier_device::Medium;
use osier_device::mem::Wire;
use osier_host::{Config, ConnectionId, Error, Event, Host, Keys, ListenerId};
use osier_ip::{Cidr, LinkConfig, LinkId};
use osier_tcp::Text;
use osier_time::{Duration, Instant};
use osier_wire::{Frame, Received};
use std::net::{IpAddr, Ipv4Addr, SocketAddr};

/// Frames that cross in one go: what a busy driver finds when it looks.
const BATCH: usize = 64;

const CLIENT: Ipv4Addr = Ipv4Addr::new(10, 71, 0, 1);
const SERVER: Ipv4Addr = Ipv4Addr::new(10, 71, 0, 2);
const PORT: u16 = 7;
const BACKLOG: usize = 128;

/// Virtual time between two idle connections that are opened.
const OPENING_TIME: Duration = Duration::from_micros(10);

/// One of the two.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Side {
    Client,
    Server,
}

/// A host, and its direction of the link.
pub(super) struct End {
    host: Host,
    link: LinkId,
    wire: Wire,
    /// What is being sent.
    frame: Frame,
}

/// Both.
pub(super) struct Pair {
    now: Instant,
    client: End,
    server: End,
    listener: ListenerId,
    /// Frames on their way; empty between two calls.
    crossing: Vec<Received>,
}

impl Pair {
    /// Two hosts; the server listens, and the idle connections that were asked for are there.
    pub(super) fn new(setup: &Setup) -> Result<Pair, Failure> {
        let client = End::new(CLIENT, setup, 1);
        let mut server = End::new(SERVER, setup, 2);
        let at = SocketAddr::new(IpAddr::V4(SERVER), PORT);
        let listener = server.host.listen(at, BACKLOG).map_err(|error| unexpected(&error))?;
        let now = Instant::from_secs(1);
        let crossing = Vec::with_capacity(BATCH);
        let mut pair = Pair { now, client, server, listener, crossing };
        for _ in 0..setup.idle {
            pair.open()?;
            pair.pass(OPENING_TIME);
        }
        Ok(pair)
    }

    /// Opens a connection and says what both hosts call it.
    pub(super) fn open(&mut self) -> Result<(ConnectionId, ConnectionId), Failure> {
        let client = self.connect()?;
        self.cross(Side::Client);
        Ok((client, self.accept()?))
    }

    /// Connects, up to the event that says so: the acknowledgment of it is still to be sent.
    pub(super) fn connect(&mut self) -> Result<ConnectionId, Failure> {
        let to = SocketAddr::new(IpAddr::V4(SERVER), PORT);
        let opened = self.client.host.connect(self.now, to, None);
        let client = opened.map_err(|error| unexpected(&error))?;
        self.cross(Side::Client);
        self.cross(Side::Server);
        expect(self.event(Side::Client), Event::Connected(client))?;
        Ok(client)
    }

    /// Accepts the connection that has arrived.
    pub(super) fn accept(&mut self) -> Result<ConnectionId, Failure> {
        expect(self.event(Side::Server), Event::Acceptable(self.listener))?;
        let accepted = self.server.host.accept(self.listener);
        Ok(accepted.ok_or_else(|| unexpected(&"no connection to accept"))?.0)
    }

    /// Lets frames of one side cross to the other, and says how many did.
    pub(super) fn cross(&mut self, from: Side) -> usize {
        let now = self.now;
        let Pair { client, server, crossing, .. } = self;
        let (from, to) = match from {
            Side::Client => (client, server),
            Side::Server => (server, client),
        };
        while crossing.len() < BATCH {
            if from.host.poll_transmit_into(now, &mut from.frame).is_none() {
                break;
            }
            from.wire.carry(&from.frame, |frame| crossing.push(frame));
        }
        let crossed = crossing.len();
        to.host.on_frames(now, to.link, crossing);
        crossed
    }

    /// Lets time pass for both.
    pub(super) fn pass(&mut self, time: Duration) {
        self.now += time;
        for end in [&mut self.client, &mut self.server] {
            if end.host.next_deadline().is_some_and(|due| due <= self.now) {
                end.host.on_deadline(self.now);
            }
        }
    }

    /// The next event of one side.
    pub(super) fn event(&mut self, of: Side) -> Option<Event> {
        self.host(of).poll_event()
    }

    /// Writes as much of `text` as there is room for.
    pub(super) fn write(
        &mut self,
        by: Side,
        id: ConnectionId,
        text: &[u8],
    ) -> Result<usize, Failure> {
        match self.host(by).write(id, text) {
            Ok(taken) => Ok(taken),
            Err(Error::WouldBlock) => Ok(0),
            Err(error) => Err(unexpected(&error)),
        }
    }

    /// Writes as much of a chunk as there is room for, without a copy, and takes that off it.
    pub(super) fn write_chunk(
        &mut self,
        by: Side,
        id: ConnectionId,
        chunk: &mut Bytes,
    ) -> Result<usize, Failure> {
        match self.host(by).write_chunks(id, std::slice::from_mut(chunk)) {
            Ok(taken) => Ok(taken),
            Err(Error::WouldBlock) => Ok(0),
            Err(error) => Err(unexpected(&error)),
        }
    }

    /// Takes text as a slice of the frame that it came in.
    pub(super) fn read_chunk(&mut self, by: Side, id: ConnectionId, max: usize) -> Text<Bytes> {
        let now = self.now;
        self.host(by).read_chunk(now, id, max)
    }

    /// Reads what there is.
    pub(super) fn read(&mut self, by: Side, id: ConnectionId, into: &mut [u8]) -> Text<usize> {
        let now = self.now;
        self.host(by).read(now, id, into)
    }

    /// One side writes no more.
    pub(super) fn shutdown(&mut self, by: Side, id: ConnectionId) -> Result<(), Failure> {
        let now = self.now;
        self.host(by).shutdown(now, id).map_err(|error| unexpected(&error))
    }

    /// One side is done with a connection.
    pub(super) fn release(&mut self, by: Side, id: ConnectionId) {
        let now = self.now;
        self.host(by).release(now, id);
    }

    /// One of the hosts.
    pub(super) fn host(&mut self, which: Side) -> &mut Host {
        match which {
            Side::Client => &mut self.client.host,
            Side::Server => &mut self.server.host,
        }
    }
}

impl End {
    fn new(address: Ipv4Addr, setup: &Setup, seed: u64) -> End {
        let (device, offloads) = setup.device();
        let wire = Wire::new(&device);
        // Windows of a fixed size, so that figures of different days can be compared.
        let (receive_buffer, send_buffer) = (setup.window.into(), setup.window.into());
        let tcp = osier_tcp::Config { receive_buffer, send_buffer, ..Default::default() };
        let mut host = Host::new(Config { tcp, ..Config::default() }, Keys::from_seed(seed));
        let link = host.add_link(LinkConfig { medium: Medium::Ip, mtu: device.mtu, offloads });
        let cidr = Cidr { address: IpAddr::V4(address), prefix_len: 24 };
        host.add_address(Instant::ZERO, link, cidr);
        End { host, link, wire, frame: Frame::default() }
    }
}

/// What happened is not what must happen on a link that loses nothing.
pub(super) fn unexpected(what: &impl std::fmt::Debug) -> Failure {
    Failure::bug(format!("the benchmark's hosts did not agree: {what:?}"))
}

/// Holds an event against the one that must come.
pub(super) fn expect(event: Option<Event>, expected: Event) -> Result<(), Failure> {
    if event == Some(expected) { Ok(()) } else { Err(unexpected(&(event, expected))) }
}
