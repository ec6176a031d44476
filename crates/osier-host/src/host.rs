//! Through which doors does the world reach a host?
//!
//! Feed a batch of inputs (`on_frame`, `on_deadline`, verbs), drain [`Host::poll_event`], then take
//! [`Host::poll_transmit`] only while the device has room; then wait for the device, the next verb
//! or [`Host::next_deadline`].

use crate::account::{Note, SocketInfo};
use crate::config::{Config, Keys};
use crate::ids::{ConnectionId, Error, Event, ListenerId, UdpId};
use alloc::vec::Vec;
use bytes::Bytes;
use core::net::{IpAddr, SocketAddr};
use osier_ip::{Cidr, LinkConfig, LinkId, Route};
use osier_tcp::{Nagle, Recording, Text};
use osier_time::Instant;
use osier_wire::{Frame, Received};

/// One computer as a value.
#[derive(Clone, Debug)]
pub struct Host {}

#[expect(clippy::todo, unused_variables, clippy::needless_pass_by_value, reason = "stubs")]
impl Host {
    /// A host with one link, [`Host::LOOPBACK`].
    pub fn new(config: Config, keys: Keys) -> Self {
        todo!()
    }
    /// The link of frames that the host sends to itself. Whoever takes such a frame from
    /// `poll_transmit` gives it back to `on_frame` with the same link.
    pub const LOOPBACK: LinkId = LinkId(0);

    /// Adds a link.
    pub fn add_link(&mut self, config: LinkConfig) -> LinkId {
        todo!()
    }
    /// Gives a link an address.
    pub fn add_address(&mut self, now: Instant, link: LinkId, cidr: Cidr) {
        todo!()
    }
    /// Adds a route.
    pub fn add_route(&mut self, route: Route) {
        todo!()
    }

    /// A frame arrived.
    pub fn on_frame(&mut self, now: Instant, link: LinkId, frame: Received) {
        todo!()
    }
    /// Time has reached [`Host::next_deadline`]. Says whether more is due: one call does a bounded
    /// amount of work.
    pub fn on_deadline(&mut self, now: Instant) {
        todo!()
    }
    /// The next event, if any.
    pub fn poll_event(&mut self) -> Option<Event> {
        todo!()
    }
    /// The next frame to send, and on which link.
    pub fn poll_transmit(&mut self, now: Instant) -> Option<(LinkId, Frame)> {
        todo!()
    }
    /// When [`Host::on_deadline`] is to be called, if ever.
    pub fn next_deadline(&self) -> Option<Instant> {
        todo!()
    }

    /// Listens. An unspecified IPv6 address also accepts IPv4 (v4-mapped). Port 0: an ephemeral one.
    /// `backlog` bounds the accept queue; a full one drops, never resets.
    pub fn listen(&mut self, at: SocketAddr, backlog: usize) -> Result<ListenerId, Error> {
        todo!()
    }
    /// Takes the next connection whose handshake is done: with whom, too.
    pub fn accept(&mut self, listener: ListenerId) -> Option<(ConnectionId, SocketAddr)> {
        todo!()
    }
    /// Stops listening; connections that nobody accepted are reset.
    pub fn close_listener(&mut self, now: Instant, listener: ListenerId) {
        todo!()
    }
    /// Where a listener listens.
    pub fn listener_addr(&self, listener: ListenerId) -> Option<SocketAddr> {
        todo!()
    }
    /// Opens a connection. [`Event::Connected`] or [`Event::Closed`] follows.
    pub fn connect(
        &mut self,
        now: Instant,
        remote: SocketAddr,
        local: Option<SocketAddr>,
    ) -> Result<ConnectionId, Error> {
        todo!()
    }
    /// Copies received text into `into`.
    pub fn read(&mut self, now: Instant, id: ConnectionId, into: &mut [u8]) -> Text<usize> {
        todo!()
    }
    /// Takes received text without a copy.
    pub fn read_chunk(&mut self, now: Instant, id: ConnectionId, max: usize) -> Text<Bytes> {
        todo!()
    }
    /// Copies received text into `into` and leaves it.
    pub fn peek(&mut self, id: ConnectionId, into: &mut [u8]) -> Text<usize> {
        todo!()
    }
    /// Queues a copy of `text`; says how much was taken. [`Error::WouldBlock`] where nothing.
    pub fn write(&mut self, id: ConnectionId, text: &[u8]) -> Result<usize, Error> {
        todo!()
    }
    /// Queues `chunks` without a copy, as far as there is room; takes what it queues off their
    /// front and says how many bytes that was.
    pub fn write_chunks(&mut self, id: ConnectionId, chunks: &mut [Bytes]) -> Result<usize, Error> {
        todo!()
    }
    /// We write no more: FIN (half-close).
    pub fn shutdown(&mut self, now: Instant, id: ConnectionId) -> Result<(), Error> {
        todo!()
    }
    /// The owner lets go of the id; the connection ends by itself.
    pub fn release(&mut self, now: Instant, id: ConnectionId) {
        todo!()
    }
    /// Breaks the connection off with a RST; the id is let go.
    pub fn abort(&mut self, now: Instant, id: ConnectionId) {
        todo!()
    }
    /// Our end.
    pub fn local_addr(&self, id: ConnectionId) -> Option<SocketAddr> {
        todo!()
    }
    /// Their end.
    pub fn peer_addr(&self, id: ConnectionId) -> Option<SocketAddr> {
        todo!()
    }

    /// Binds a UDP socket. Port 0: an ephemeral one.
    pub fn udp_bind(&mut self, at: SocketAddr) -> Result<UdpId, Error> {
        todo!()
    }
    /// Restricts a UDP socket to one peer.
    pub fn udp_connect(&mut self, id: UdpId, to: SocketAddr) -> Result<(), Error> {
        todo!()
    }
    /// Sends a datagram.
    pub fn udp_send(
        &mut self,
        now: Instant,
        id: UdpId,
        to: Option<SocketAddr>,
        data: Bytes,
    ) -> Result<(), Error> {
        todo!()
    }
    /// Takes a datagram that arrived. [`Error::WouldBlock`] where there is none.
    pub fn udp_receive(&mut self, id: UdpId) -> Result<(Bytes, SocketAddr), Error> {
        todo!()
    }
    /// Looks at the datagram that `udp_receive` would take.
    pub fn udp_peek(&self, id: UdpId) -> Option<(&Bytes, SocketAddr)> {
        todo!()
    }
    /// Where a UDP socket is bound.
    pub fn udp_addr(&self, id: UdpId) -> Option<SocketAddr> {
        todo!()
    }
    /// Closes a UDP socket.
    pub fn udp_close(&mut self, id: UdpId) {
        todo!()
    }
    /// Sends an echo request (ping).
    pub fn ping(
        &mut self,
        now: Instant,
        to: IpAddr,
        id_and_seq: (u16, u16),
        data: Bytes,
    ) -> Result<(), Error> {
        todo!()
    }

    /// Whether [`Host::poll_transmit`] may have a frame: cheap, and `false` is certain. Who calls a
    /// verb wakes the driver only if this says so, or if [`Host::next_deadline`] came nearer.
    pub fn wants_transmit(&self) -> bool {
        todo!()
    }
    /// Turns Nagle's algorithm on or off (TCP_NODELAY).
    pub fn set_nagle(&mut self, id: ConnectionId, nagle: Nagle) -> Result<(), Error> {
        todo!()
    }
    /// Whether Nagle's algorithm is on.
    pub fn nagle(&self, id: ConnectionId) -> Result<Nagle, Error> {
        todo!()
    }
    /// Sets the time to live or hop limit that a connection sends with.
    pub fn set_hop_limit(&mut self, id: ConnectionId, hops: u8) -> Result<(), Error> {
        todo!()
    }
    /// The time to live or hop limit that a connection sends with.
    pub fn hop_limit(&self, id: ConnectionId) -> Result<u8, Error> {
        todo!()
    }
    /// Starts or stops keeping notes; counters are always on.
    pub fn set_recording(&mut self, recording: Recording) {
        todo!()
    }
    /// Takes the oldest note of the doors called so far.
    pub fn take_note(&mut self) -> Option<Note> {
        todo!()
    }
    /// A connection as `ss` shows it.
    pub fn info(&self, id: ConnectionId) -> Option<SocketInfo> {
        todo!()
    }
    /// Every socket as `ss` shows it: listeners, half-open ones, connections, TIME-WAIT, UDP.
    pub fn sockets(&self) -> Vec<SocketInfo> {
        todo!()
    }
    /// Every counter of every layer, by name.
    pub fn counters(&self) -> Vec<(&'static str, u64)> {
        todo!()
    }
}
