//! Through which doors do packets pass between links and transports?
//!
//! Feed frames to [`Layer::on_frame`], packets to [`Layer::wrap`] and [`Layer::submit`], time to
//! [`Layer::on_deadline`]; drain [`Layer::poll_event`], then take [`Layer::poll_transmit`] while
//! the device has room. Each door is a table of contents; the work is in the files named in
//! `lib.rs`.

use crate::addresses::{Addresses, Claim};
use crate::conflict::Probes;
use crate::envelope::Enclosed;
use crate::icmp::Rates;
use crate::identification::Identification;
use crate::link::Link;
use crate::neighbours::{Key, Neighbours};
use crate::outbox::Outbox;
use crate::output::{Hop, Next};
use crate::packet::{Cidr, Delivered, ErrorToSend, LinkConfig, LinkId, Route, ToSend};
use crate::reason::{Notes, Reason, Recording};
use crate::recent::Recent;
use crate::routes::Routes;
use alloc::collections::VecDeque;
use alloc::vec::Vec;
use bytes::Bytes;
use core::net::{IpAddr, Ipv4Addr};
use osier_time::Instant;
use osier_wire::ethernet::MacAddr;
use osier_wire::link::Medium;
use osier_wire::{Frame, Received};

/// Events that may wait to be taken; more are lost and counted. A host that drains them after
/// each batch never has so many.
const EVENTS_MAX: usize = 1024;

/// The IP layer of one host: links, addresses, neighbours, routes, ICMP.
#[derive(Clone, Debug)]
pub struct Layer {
    pub(crate) links: Vec<Link>,
    pub(crate) addresses: Addresses,
    pub(crate) routes: Routes,
    pub(crate) recent: Recent,
    pub(crate) neighbours: Neighbours,
    pub(crate) probes: Probes,
    pub(crate) identification: Identification,
    pub(crate) rates: Rates,
    pub(crate) outbox: Outbox,
    pub(crate) events: VecDeque<Event>,
    pub(crate) notes: Notes,
}

/// Where a frame goes whose link and IP headers are written. The transport appends its header to
/// `frame.head` and its text to `frame.payload` (together exactly `ToSend::len` bytes) and then
/// gives it to [`Layer::submit`].
#[derive(Clone, Copy, Debug)]
pub struct Wrapped {
    /// The link on which it will leave.
    pub link: LinkId,
    /// Where the transport header starts, for one thing.
    pub enclosed: Enclosed,
    /// Who takes it from us.
    pub(crate) next: Next,
}

/// What the layer tells its host.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Event {
    /// Nobody answers for this next hop; what waited for it was dropped.
    NeighbourUnreachable(IpAddr),
    /// Somebody else on the link answers for an address of ours, or for one that
    /// [`Layer::probe_address`] asked about (RFC 5227 §2.1.1 and §2.4, RFC 4862 §5.4).
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

/// Links, addresses and routes.
impl Layer {
    /// The first link is the loopback: packets to our own addresses leave on it, and what arrives
    /// on it never crossed a wire.
    pub const LOOPBACK: LinkId = LinkId(0);

    /// A layer without links. `seed` drives what must differ between hosts (IPv4 identification,
    /// hash keys): a secret in production.
    pub fn new(seed: u64) -> Self {
        Layer {
            links: Vec::new(),
            addresses: Addresses::default(),
            routes: Routes::default(),
            recent: Recent::default(),
            neighbours: Neighbours::new(seed),
            probes: Probes::default(),
            identification: Identification::new(seed),
            rates: Rates::new(seed),
            outbox: Outbox::default(),
            events: VecDeque::new(),
            notes: Notes::new(Recording::Off),
        }
    }

    /// Adds a link; the first is [`Layer::LOOPBACK`] and gets its addresses as any other
    /// (`127.0.0.1/8`, `::1/128`). On Ethernet the link-local IPv6 address that follows from the
    /// MAC is added at once (RFC 4291 Appendix A).
    ///
    /// # Panics
    /// Beyond 256 links, and where the first is an Ethernet.
    pub fn add_link(&mut self, config: LinkConfig) -> LinkId {
        let id = LinkId(u8::try_from(self.links.len()).expect("a host has at most 256 links"));
        let loopback = id == Layer::LOOPBACK;
        assert!(!loopback || config.medium == Medium::Ip, "the first link is the loopback");
        let link = Link { config };
        if let Some(address) = link.link_local() {
            self.attach(id, Cidr { address: IpAddr::V6(address), prefix_len: 64 });
        }
        self.links.push(link);
        id
    }

    /// Gives a link an address; the network of its prefix is reached on the link. A gratuitous
    /// ARP or an unsolicited neighbour advertisement follows.
    pub fn add_address(&mut self, _now: Instant, link: LinkId, cidr: Cidr) {
        self.probes.remove(link, cidr.address);
        self.attach(link, cidr);
        self.announce(link, cidr.address);
    }

    /// Takes an address from a link, and the route to its network.
    pub fn remove_address(&mut self, link: LinkId, address: IpAddr) {
        self.recent.forget();
        if let Some(own) = self.addresses.remove(link, address) {
            self.routes.remove(&Route { network: own.cidr, gateway: None, link });
        }
    }

    /// Asks whether somebody else uses an address that is not ours yet: an ARP probe (RFC 5227
    /// §2.1.1) or a solicitation for duplicate address detection (RFC 4862 §5.4.2). A rival comes
    /// as [`Event::AddressConflict`], within 10 s. How often to ask and how long to wait (a second
    /// or two is usual) is the owner's choice. Nothing is asked on a link without stations.
    pub fn probe_address(&mut self, now: Instant, link: LinkId, address: IpAddr) {
        self.send_probe(now, link, address);
    }

    /// Says for whom packets are taken, and as whom they may be sent, besides our own addresses.
    pub fn set_claim(&mut self, claim: Claim) {
        self.recent.forget();
        self.addresses.claim = claim;
    }

    /// Whether packets may be sent from this address: it is ours, or we stand in for its host.
    pub fn may_speak_as(&self, address: IpAddr) -> bool {
        self.addresses.may_speak_as(address)
    }

    /// Adds a route; it replaces one to the same network over the same link.
    pub fn add_route(&mut self, route: Route) {
        self.recent.forget();
        self.routes.add(route);
        if let Some(gateway) = route.gateway {
            self.neighbours.add_gateway(Key::new(route.link, gateway));
        }
    }

    fn attach(&mut self, link: LinkId, cidr: Cidr) {
        self.remove_address(link, cidr.address);
        self.addresses.add(link, cidr);
        self.routes.add(Route { network: cidr, gateway: None, link });
    }
}

/// What arrives.
impl Layer {
    /// A frame arrived. What is for a transport comes back at once, and the frame then holds the
    /// datagram alone; what the layer answers itself
    /// (ARP, neighbour discovery, echo) waits in [`Layer::poll_transmit`]. A packet may be for a
    /// group: a transport that speaks to one peer asks [`Layer::is_ours`].
    #[inline]
    pub fn on_frame(
        &mut self,
        now: Instant,
        link: LinkId,
        frame: &mut Received,
    ) -> Option<Delivered> {
        self.receive(now, link, frame)
    }

    /// Time has reached [`Layer::next_deadline`]: neighbours are asked again or given up. The work
    /// is bounded by the neighbours in doubt.
    pub fn on_deadline(&mut self, now: Instant) {
        self.ask_again(now);
    }
}

/// What is to be sent.
impl Layer {
    /// Writes link and IP headers for a packet into an empty frame.
    ///
    /// # Errors
    /// [`Unreachable`], as it says; counted.
    #[inline]
    pub fn wrap(
        &mut self,
        _now: Instant,
        packet: &ToSend,
        frame: &mut Frame,
    ) -> Result<Wrapped, Unreachable> {
        match self.way(packet) {
            Ok(hop) => Ok(self.write_headers(hop, packet, frame)),
            Err(error) => Err(self.refuse(packet, error)),
        }
    }

    /// Gives a wrapped packet back, complete. Where the neighbour is known it is the caller's to
    /// send at once, on the link returned; else it is taken, and waits in a bounded queue until
    /// the neighbour is known, or is dropped with a counted reason.
    #[inline]
    pub fn submit(&mut self, now: Instant, wrapped: Wrapped, frame: &mut Frame) -> Option<LinkId> {
        self.dispatch(now, (wrapped.link, &wrapped.next), wrapped.enclosed.fit, frame)
    }

    /// Tells the sender of a datagram, as [`Layer::on_frame`] leaves it in its frame, what became
    /// of it, where RFC 1122 §3.2.2 and the rate limit allow; a reason says what was done.
    pub fn send_error(&mut self, now: Instant, datagram: &Bytes, error: ErrorToSend) {
        self.report(now, datagram, error);
    }

    /// Sends an echo request with an identifier and a sequence number; the answer comes as
    /// [`Delivered::EchoReply`].
    ///
    /// # Errors
    /// [`Unreachable`], as it says.
    pub fn send_echo(
        &mut self,
        now: Instant,
        dst: IpAddr,
        id_and_seq: (u16, u16),
        data: Bytes,
    ) -> Result<(), Unreachable> {
        self.ask_echo(now, dst, id_and_seq, data)
    }
}

/// What the layer hands out.
impl Layer {
    /// A frame of the layer's own, or one whose neighbour is now known.
    #[inline]
    pub fn poll_transmit(&mut self, _now: Instant) -> Option<(LinkId, Frame)> {
        self.outbox.pop()
    }

    /// Whether [`Layer::poll_transmit`] has a frame.
    #[inline]
    pub fn wants_transmit(&self) -> bool {
        !self.outbox.is_empty()
    }

    /// The next event, if any.
    #[inline]
    pub fn poll_event(&mut self) -> Option<Event> {
        self.events.pop_front()
    }

    /// Whether [`Layer::poll_event`] has one.
    #[inline]
    pub fn has_event(&self) -> bool {
        !self.events.is_empty()
    }

    /// When [`Layer::on_deadline`] is to be called, if ever.
    #[inline]
    pub fn next_deadline(&self) -> Option<Instant> {
        self.neighbours.next_deadline()
    }

    /// The account of decisions, to be drained by the host after each door.
    pub fn notes_mut(&mut self) -> &mut Notes {
        &mut self.notes
    }

    /// The counters by name.
    pub fn counters(&self) -> impl Iterator<Item = (&'static str, u64)> + '_ {
        self.notes.counters()
    }

    pub(crate) fn raise(&mut self, event: Event) {
        if self.events.len() < EVENTS_MAX {
            self.events.push_back(event);
        } else {
            self.notes.push(Reason::EventsFull);
        }
    }
}

/// Getters.
impl Layer {
    /// Whether `address` is one of ours.
    #[inline]
    pub fn is_ours(&self, address: IpAddr) -> bool {
        self.addresses.is_ours(address)
    }

    /// Whether `address` is that of a group or a broadcast, of a link of ours too: nobody to open
    /// a connection with (RFC 9293 §3.9.1.1 [MUST-46]).
    pub fn is_group(&self, address: IpAddr) -> bool {
        let broadcast =
            |v4: Ipv4Addr| v4.is_broadcast() || self.addresses.broadcast_link(v4).is_some();
        address.is_multicast() || matches!(address, IpAddr::V4(v4) if broadcast(v4))
    }

    /// A transport hears nothing from `dst` any more: whether the next hop is still there is asked
    /// with the next packet (RFC 9293 §3.8.3 [MUST-20], RFC 1122 §3.3.1.4).
    pub fn doubt(&mut self, dst: IpAddr) {
        if let Ok(Hop { link, to: Next::Neighbour(address) }) = self.hop(None, dst) {
            self.neighbours.doubt(Key::new(link, address));
        }
    }

    /// Our addresses, each with its link.
    pub fn addresses(&self) -> impl Iterator<Item = (LinkId, Cidr)> + '_ {
        self.addresses.iter().map(|own| (own.link, own.cidr))
    }

    /// The address to send from to `dst` (RFC 6724 in its simplest form: the one of the link that
    /// the route takes).
    ///
    /// # Errors
    /// [`Unreachable`], as it says.
    pub fn source_for(&self, dst: IpAddr) -> Result<IpAddr, Unreachable> {
        self.pick_source(dst)
    }

    /// [`Layer::source_for`], and [`Layer::link_towards`], for whoever opens one connection after
    /// the other.
    ///
    /// # Errors
    /// [`Unreachable`], as it says.
    pub fn reach(&mut self, dst: IpAddr) -> Result<(IpAddr, LinkId), Unreachable> {
        if let Some(known) = self.recent.reach(dst) {
            return Ok(known);
        }
        let (src, link) = (self.pick_source(dst)?, self.hop(None, dst)?.link);
        self.recent.set_reach(dst, src, link);
        Ok((src, link))
    }

    /// The MTU of the first link towards `dst`, and what its device offers.
    ///
    /// # Errors
    /// [`Unreachable`], as it says.
    pub fn link_towards(&self, dst: IpAddr) -> Result<(LinkId, &LinkConfig), Unreachable> {
        let id = self.hop(None, dst)?.link;
        let link = self.links.get(usize::from(id.0)).ok_or(Unreachable::NoRoute)?;
        Ok((id, &link.config))
    }

    /// Link and next hop towards `dst`: whom [`Event::NeighbourUnreachable`] would name. For a
    /// group and on a link without stations it is `dst` itself.
    ///
    /// # Errors
    /// [`Unreachable`], as it says.
    pub fn next_hop(&self, dst: IpAddr) -> Result<(LinkId, IpAddr), Unreachable> {
        let hop = self.hop(None, dst)?;
        match hop.to {
            Next::Neighbour(address) => Ok((hop.link, address)),
            Next::All => Ok((hop.link, dst)),
        }
    }

    /// Our station address on a link.
    #[inline]
    pub(crate) fn mac(&self, link: LinkId) -> Option<MacAddr> {
        self.links.get(usize::from(link.0)).and_then(Link::mac)
    }

    pub(crate) fn is_our_mac(&self, link: LinkId, mac: MacAddr) -> bool {
        self.mac(link) == Some(mac)
    }
}

#[cfg(test)]
mod tests;
