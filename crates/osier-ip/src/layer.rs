//! Through which doors do packets pass between links and transports?

use crate::packet::{Cidr, Delivered, LinkConfig, LinkId, Route, ToSend};
use core::net::IpAddr;
use osier_time::Instant;
use osier_wire::ethernet::MacAddr;
use osier_wire::{Frame, Received};

/// The IP layer of one host: links, addresses, neighbours, routes, ICMP.
#[derive(Clone, Debug)]
pub struct Layer {}

/// A frame whose link and IP headers are written. The transport appends its header to
/// `frame.head` and its text to `frame.payload` (together exactly `ToSend::len` bytes) and then
/// gives it to [`Layer::submit`].
#[derive(Clone, Debug)]
pub struct Wrapped {
    /// The link on which it will leave.
    pub link: LinkId,
    /// Bytes of `frame.head` in front of the transport header.
    pub transport_at: u16,
    /// The frame so far.
    pub frame: Frame,
}

/// What the layer tells its host.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Event {
    /// Nobody answers for this next hop; what waited for it was dropped.
    NeighbourUnreachable(IpAddr),
    /// Somebody else on the link answers for an address of ours (RFC 5227 §2.4, RFC 4862 §5.4).
    AddressConflict {
        /// The address.
        address: IpAddr,
        /// Who answers for it.
        mac: MacAddr,
    },
}

/// Why a packet cannot be sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unreachable {
    /// No route leads there.
    NoRoute,
    /// Longer than the MTU of its link, and not to be fragmented.
    TooBig {
        /// The MTU.
        mtu: usize,
    },
    /// The source is not an address of ours, or the destination may not be sent to.
    BadAddress,
}

#[expect(clippy::todo, unused_variables, clippy::needless_pass_by_value, reason = "stubs")]
impl Layer {
    /// A layer without links. `seed` drives what must differ between hosts (IPv4 identification).
    pub fn new(seed: u64) -> Self {
        todo!()
    }
    /// Adds a link.
    pub fn add_link(&mut self, config: LinkConfig) -> LinkId {
        todo!()
    }
    /// Gives a link an address; the network of its prefix is reached on the link. A gratuitous
    /// ARP or an unsolicited neighbour advertisement follows.
    pub fn add_address(&mut self, now: Instant, link: LinkId, cidr: Cidr) {
        todo!()
    }
    /// Adds a route.
    pub fn add_route(&mut self, route: Route) {
        todo!()
    }
    /// A frame arrived. What is for a transport comes back at once; what the layer answers itself
    /// (ARP, neighbour discovery, echo) waits in [`Layer::poll_transmit`].
    pub fn on_frame(&mut self, now: Instant, link: LinkId, frame: Received) -> Option<Delivered> {
        todo!()
    }
    /// Time has reached [`Layer::next_deadline`]: neighbours are asked again or given up.
    pub fn on_deadline(&mut self, now: Instant) {
        todo!()
    }
    /// Whether `address` is one of ours.
    pub fn is_ours(&self, address: IpAddr) -> bool {
        todo!()
    }
    /// The address to send from to `dst` (RFC 6724 in its simplest form: the one of the link that
    /// the route takes).
    pub fn source_for(&self, dst: IpAddr) -> Result<IpAddr, Unreachable> {
        todo!()
    }
    /// The MTU of the first link towards `dst`, and what its device offers.
    pub fn link_towards(&self, dst: IpAddr) -> Result<(LinkId, &LinkConfig), Unreachable> {
        todo!()
    }
    /// Writes link and IP headers for a packet.
    pub fn wrap(&mut self, now: Instant, packet: &ToSend) -> Result<Wrapped, Unreachable> {
        todo!()
    }
    /// Gives a wrapped packet back, complete. It comes out at once where the neighbour is known;
    /// else it waits, in a bounded queue, until it is, or is dropped with a counted reason.
    pub fn submit(&mut self, now: Instant, wrapped: Wrapped) -> Option<(LinkId, Frame)> {
        todo!()
    }
    /// A frame of the layer's own, or one whose neighbour is now known.
    pub fn poll_transmit(&mut self, now: Instant) -> Option<(LinkId, Frame)> {
        todo!()
    }
    /// The next event, if any.
    pub fn poll_event(&mut self) -> Option<Event> {
        todo!()
    }
    /// When [`Layer::on_deadline`] is to be called, if ever.
    pub fn next_deadline(&self) -> Option<Instant> {
        todo!()
    }
}
