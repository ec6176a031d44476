//! How does a packet leave? (RFC 1122 §3.3.1; RFC 791, RFC 8200 for the headers)
//!
//! A route gives link and next hop, `wrap` writes the headers, `submit` finds the neighbour. What
//! exceeds the MTU and is no super-frame is refused, never fragmented.

use crate::addresses::is_link_local;
use crate::layer::{Event, Layer, Unreachable, Wrapped};
use crate::neighbours::{Claim, Due, Key};
use crate::packet::{Fragment, LinkConfig, LinkId, ToSend};
use crate::reason::Reason;
use core::net::IpAddr;
use osier_time::Instant;
use osier_wire::{Frame, MacAddr, Protocol, ip, ipv4, ipv6};

/// The longest IP packet, whatever a link says: the length field of IPv4 ends here.
pub(crate) const LENGTH_MAX: usize = 65_535;

/// The way to a destination.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Hop {
    pub(crate) link: LinkId,
    pub(crate) to: Next,
}

/// Who takes a packet from us.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Next {
    /// All who hear it, or whoever is at the other end of a link without stations.
    All,
    /// The neighbour with this address.
    Neighbour(IpAddr),
}

/// Whether a packet is within the MTU of its link.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fit {
    /// It is.
    Whole,
    /// Only as a super-frame, which the device cuts.
    IfCut,
}

impl Layer {
    /// The way from `src`, which matters for link-local destinations only, to `dst`.
    pub(crate) fn hop(&self, src: Option<IpAddr>, dst: IpAddr) -> Result<Hop, Unreachable> {
        if dst.is_unspecified() {
            return Err(Unreachable::BadAddress);
        }
        if self.addresses.is_ours(dst) {
            return Ok(Hop { link: Layer::LOOPBACK, to: Next::All });
        }
        if dst.is_loopback() {
            return Err(Unreachable::BadAddress);
        }
        if let Some(link) = self.group_link(src, dst)? {
            return Ok(Hop { link, to: Next::All });
        }
        if let (true, Some(link)) = (is_link_local(dst), src.and_then(|src| self.link_of(src))) {
            return Ok(Hop { link, to: Next::Neighbour(dst) });
        }
        let route = self.routes.find(dst).ok_or(Unreachable::NoRoute)?;
        Ok(Hop { link: route.link, to: Next::Neighbour(route.gateway.unwrap_or(dst)) })
    }

    /// The link on which a broadcast or multicast goes out; `None` for any other destination.
    #[inline]
    fn group_link(&self, src: Option<IpAddr>, dst: IpAddr) -> Result<Option<LinkId>, Unreachable> {
        if let IpAddr::V4(v4) = dst {
            if let Some(link) = self.addresses.broadcast_link(v4) {
                return Ok(Some(link));
            }
            if !v4.is_multicast() && !v4.is_broadcast() {
                // RFC 1122 §3.2.1.3: class E and network 0 are nobody.
                let nobody = v4.octets()[0] == 0 || v4.octets()[0] >= 240;
                return if nobody { Err(Unreachable::BadAddress) } else { Ok(None) };
            }
        } else if !dst.is_multicast() {
            return Ok(None);
        }
        let by_source = src.and_then(|src| self.link_of(src));
        let link = by_source.or_else(|| self.addresses.first_link(dst));
        link.map(Some).ok_or(Unreachable::NoRoute)
    }

    /// The link of an address of ours, unless it is the loopback.
    fn link_of(&self, src: IpAddr) -> Option<LinkId> {
        self.addresses.find(src).map(|own| own.link).filter(|link| *link != Layer::LOOPBACK)
    }

    /// RFC 6724 in its simplest form.
    pub(crate) fn pick_source(&self, dst: IpAddr) -> Result<IpAddr, Unreachable> {
        // To one of our addresses we speak as that address.
        if self.addresses.find(dst).is_some() {
            return Ok(dst);
        }
        let hop = self.hop(None, dst)?;
        let towards = match hop.to {
            Next::Neighbour(next) if !is_link_local(next) || is_link_local(dst) => next,
            Next::Neighbour(_) | Next::All => dst,
        };
        let source = self.addresses.source_on(hop.link, towards);
        source.or_else(|| self.addresses.source_anywhere(dst)).ok_or(Unreachable::BadAddress)
    }

    /// The way of a packet, where it may be sent and fits.
    #[inline]
    pub(crate) fn way(&mut self, packet: &ToSend) -> Result<Hop, Unreachable> {
        let hop = match self.recent.way(packet.src, packet.dst) {
            Some(hop) => hop,
            None => self.find_way(packet.src, packet.dst)?,
        };
        self.check_len(hop, packet)?;
        Ok(hop)
    }

    fn find_way(&mut self, src: IpAddr, dst: IpAddr) -> Result<Hop, Unreachable> {
        if src.is_ipv4() != dst.is_ipv4() || !self.addresses.may_speak_as(src) {
            return Err(Unreachable::BadAddress);
        }
        let hop = self.hop(Some(src), dst)?;
        if src.is_loopback() && hop.link != Layer::LOOPBACK {
            return Err(Unreachable::BadAddress);
        }
        self.recent.set_way(src, dst, hop);
        Ok(hop)
    }

    /// Counts why a packet is not sent.
    #[cold]
    pub(crate) fn refuse(&mut self, packet: &ToSend, error: Unreachable) -> Unreachable {
        self.notes.push(match error {
            Unreachable::NoRoute => Reason::NoRoute,
            Unreachable::BadAddress => Reason::BadAddress,
            Unreachable::TooBig { mtu } => {
                Reason::TooBig { len: packet.len as u32, mtu: mtu as u32 }
            }
        });
        error
    }

    /// Counts why a packet on a way that was found is not sent: it is too long for the link.
    #[cold]
    pub(crate) fn refuse_len(&mut self, link: LinkId, len: usize) -> Unreachable {
        let mtu = self.links.get(usize::from(link.0)).map_or(0, |link| link.config.mtu);
        self.notes.push(Reason::TooBig { len: len as u32, mtu: mtu as u32 });
        Unreachable::TooBig { mtu }
    }

    /// Writes link and IP headers on a way that was found and is wide enough.
    pub(crate) fn write_headers(
        &mut self,
        hop: Hop,
        packet: &ToSend,
        frame: &mut Frame,
    ) -> Wrapped {
        let envelope = self.envelope(hop, packet);
        let enclosed = self.write(&envelope, packet.len, frame);
        Wrapped { link: hop.link, next: envelope.next(), enclosed }
    }

    /// Whether the packet fits the first link, or is a super-frame that its device will cut.
    #[inline]
    pub(crate) fn check_len(&self, hop: Hop, packet: &ToSend) -> Result<(), Unreachable> {
        let link = self.links.get(usize::from(hop.link.0)).ok_or(Unreachable::NoRoute)?;
        let header = if packet.dst.is_ipv4() { ipv4::HEADER_LEN } else { ipv6::HEADER_LEN };
        let (len, mtu) = (header + packet.len, link.config.mtu.min(LENGTH_MAX));
        if len <= mtu || len <= longest_cut(&link.config, packet) {
            Ok(())
        } else {
            Err(Unreachable::TooBig { mtu })
        }
    }

    /// Finds the neighbour, or lets the frame wait for it.
    #[inline]
    pub(crate) fn dispatch(
        &mut self,
        now: Instant,
        (link, next): (LinkId, &Next),
        fit: Fit,
        frame: &mut Frame,
    ) -> Option<LinkId> {
        if fit == Fit::IfCut && frame.offload.gso.is_none() {
            self.refuse_long(link, core::mem::take(frame));
            return None;
        }
        if let Next::Neighbour(address) = *next {
            let key = Key::new(link, address);
            let Some(mac) = self.neighbours.find(now, key) else {
                self.wait(now, key, core::mem::take(frame));
                return None;
            };
            frame.head.as_mut_slice()[..6].copy_from_slice(&mac.0);
        }
        Some(link)
    }

    /// Lets a frame wait for its neighbour.
    #[cold]
    fn wait(&mut self, now: Instant, key: Key, frame: Frame) {
        if let Some(Due::Ask(key, believed)) =
            self.neighbours.wait(now, key, frame, &mut self.notes)
        {
            self.ask(key, believed);
        }
    }

    /// `wrap` took a long packet on the word that it would be a super-frame, and it is none.
    #[cold]
    #[expect(clippy::needless_pass_by_value, reason = "the frame ends here")]
    fn refuse_long(&mut self, link: LinkId, frame: Frame) {
        self.refuse_len(link, frame.len());
    }

    /// Neighbours are asked again or given up.
    pub(crate) fn ask_again(&mut self, now: Instant) {
        while let Some(due) = self.neighbours.on_deadline(now, &mut self.notes) {
            match due {
                Due::Ask(key, believed) => self.ask(key, believed),
                Due::Failed(key) => self.raise(Event::NeighbourUnreachable(key.address())),
            }
        }
    }

    fn ask(&mut self, key: Key, believed: Option<MacAddr>) {
        self.notes.push(Reason::NeighbourAsked { attempt: self.neighbours.questions(key) });
        match key.address() {
            IpAddr::V4(target) => self.ask_arp(key.link(), target, believed),
            IpAddr::V6(target) => self.ask_ndp(key.link(), target, believed),
        }
    }

    /// A neighbour says who it is: what waited for it can go.
    pub(crate) fn hear_neighbour(&mut self, now: Instant, who: (Key, MacAddr), claim: Claim) {
        for mut frame in self.neighbours.hear(now, who, claim, &mut self.notes) {
            frame.head.as_mut_slice()[..6].copy_from_slice(&who.1.0);
            self.send(who.0.link(), frame);
        }
    }

    /// A frame that is complete, for `poll_transmit`.
    pub(crate) fn send(&mut self, link: LinkId, frame: Frame) {
        if self.outbox.push(link, frame).is_err() {
            self.notes.push(Reason::OutboxFull);
        }
    }
}

/// How long a packet the device takes to cut it; 0 where it cuts none.
pub(crate) fn longest_cut(link: &LinkConfig, packet: &ToSend) -> usize {
    let cuts = match (packet.protocol, packet.dst) {
        (Protocol::TCP, IpAddr::V4(_)) => link.offloads.tso_v4,
        (Protocol::TCP, IpAddr::V6(_)) => link.offloads.tso_v6,
        (Protocol::UDP, _) => link.offloads.uso,
        _ => false,
    };
    let most = link.offloads.max_frame.saturating_sub(link.medium.header_len());
    if cuts { most.min(LENGTH_MAX) } else { 0 }
}

/// The header of a packet, but for IPv4's identification.
#[inline]
pub(crate) fn ip_header(packet: &ToSend) -> ip::Header {
    let len = packet.len as u16;
    let header = ip::Header::new(packet.src, packet.dst, packet.protocol, len);
    let mut header = header.expect("a way leads between addresses of one version");
    match &mut header {
        ip::Header::V4(header) => {
            header.ttl = hop_limit(packet);
            header.tos = packet.tos;
            header.dont_fragment = packet.fragment == Fragment::Never;
        }
        ip::Header::V6(header) => {
            header.hop_limit = hop_limit(packet);
            header.traffic_class = packet.tos;
        }
    }
    header
}

/// RFC 1112 §6.1: to a group, one hop unless the sender wants more.
#[inline]
fn hop_limit(packet: &ToSend) -> u8 {
    packet.hop_limit.unwrap_or(if packet.dst.is_multicast() { 1 } else { ip::HOP_LIMIT })
}
