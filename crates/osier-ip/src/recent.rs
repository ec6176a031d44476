//! What was decided about the last packet? The next one is likely to be of the same train.
//!
//! One answer each way, compared instead of searched for; a change of addresses or routes forgets
//! both. Which neighbour the last packet went to is kept by the cache in `neighbours.rs`.

use crate::output::Hop;
use crate::packet::{LinkId, Packet};
use core::net::IpAddr;
use core::ops::Range;
use osier_wire::checksum::Sum;
use osier_wire::{Ecn, Received, ethernet, ipv4};

/// The bit in the first octet of IPv4's flags and fragment offset.
const DONT_FRAGMENT: u8 = 0x40;

/// The last answers.
#[derive(Clone, Debug, Default)]
pub(crate) struct Recent {
    /// From this source, which is ours, to this destination a packet went this way.
    way: Option<(IpAddr, IpAddr, Hop)>,
    /// Whoever wants to reach this destination does it from this source, by this link.
    reach: Option<(IpAddr, IpAddr, LinkId)>,
    /// From this link, a packet from this source to this destination was for us alone, and its
    /// source a plausible one.
    welcome: Option<(LinkId, IpAddr, IpAddr)>,
    /// What was found out about the last packet of IPv4 for us alone.
    found: Option<Found>,
    /// How often addresses or routes have changed.
    epoch: u32,
}

/// What was found out about a packet whose header had no options and was no fragment's.
#[derive(Clone, Debug)]
struct Found {
    packet: Packet,
    /// Source and destination as they lie in the header.
    addresses: [u8; 8],
    link_header: LinkHeader,
}

/// What lay in front of an IP header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum LinkHeader {
    /// Nothing.
    None,
    /// This.
    Ethernet([u8; ethernet::HEADER_LEN]),
}

impl LinkHeader {
    /// Whether a frame begins with it; what follows, then.
    #[inline]
    fn strip<'f>(&self, frame: &'f [u8]) -> Option<&'f [u8]> {
        match self {
            LinkHeader::None => Some(frame),
            LinkHeader::Ethernet(header) => frame.strip_prefix(header),
        }
    }
}

impl Recent {
    /// The way of the last packet, if it went between the same addresses.
    #[inline]
    pub(crate) fn way(&self, src: IpAddr, dst: IpAddr) -> Option<Hop> {
        match self.way {
            Some((s, d, hop)) if s == src && d == dst => Some(hop),
            _ => None,
        }
    }

    /// Source and link of whoever asked last, if it was for the same destination.
    #[inline]
    pub(crate) fn reach(&self, dst: IpAddr) -> Option<(IpAddr, LinkId)> {
        self.reach.filter(|(d, ..)| *d == dst).map(|(_, src, link)| (src, link))
    }

    /// Whether the last packet was let in from the same link and address to the same address.
    #[inline]
    pub(crate) fn is_welcome(&self, link: LinkId, src: IpAddr, dst: IpAddr) -> bool {
        matches!(self.welcome, Some((l, s, d)) if l == link && s == src && d == dst)
    }

    /// The packet that a frame brings and where in the frame its datagram lies, where its headers
    /// are those of the last one in all that decides what becomes of it.
    #[inline]
    pub(crate) fn repeats(&self, link: LinkId, frame: &Received) -> Option<(Packet, Range<usize>)> {
        let Found { packet, addresses, link_header } = self.found.as_ref()?;
        let datagram = link_header.strip(&frame.bytes)?;
        let header = datagram.first_chunk::<{ ipv4::HEADER_LEN }>()?;
        let &[0x45, tos, a, b, _, _, flags, offset, hop_limit, protocol, _, _, ref ends @ ..] =
            header
        else {
            return None;
        };
        let same = ends == addresses
            && link == packet.link
            && protocol == packet.protocol.0
            && (flags & !DONT_FRAGMENT) | offset == 0;
        let len = usize::from(u16::from_be_bytes([a, b]));
        let fits = (header.len()..=datagram.len()).contains(&len);
        if !(same && fits && Sum::of(header).verifies()) {
            return None;
        }
        let mut packet = packet.clone();
        (packet.ecn, packet.hop_limit) = (Ecn::of(tos), hop_limit);
        packet.take_offload(frame.offload);
        let start = frame.bytes.len() - datagram.len();
        Some((packet, start..start + len))
    }

    /// This was found out about a packet for us alone from a plausible source.
    pub(crate) fn set_found(&mut self, packet: &Packet, frame: &[u8], at: usize) {
        let (front, datagram) = frame.split_at(at);
        let link_header = match <[u8; ethernet::HEADER_LEN]>::try_from(front) {
            Ok(header) => LinkHeader::Ethernet(header),
            Err(_) => LinkHeader::None,
        };
        let ends = datagram.get(12..).and_then(<[u8]>::first_chunk);
        self.found =
            ends.map(|ends| Found { packet: packet.clone(), addresses: *ends, link_header });
    }

    /// A packet went this way.
    pub(crate) fn set_way(&mut self, src: IpAddr, dst: IpAddr, hop: Hop) {
        self.way = Some((src, dst, hop));
    }

    /// This destination is reached so.
    pub(crate) fn set_reach(&mut self, dst: IpAddr, src: IpAddr, link: LinkId) {
        self.reach = Some((dst, src, link));
    }

    /// A packet for us alone was let in.
    pub(crate) fn set_welcome(&mut self, link: LinkId, src: IpAddr, dst: IpAddr) {
        self.welcome = Some((link, src, dst));
    }

    /// Which state of addresses and routes this is.
    #[inline]
    pub(crate) const fn epoch(&self) -> u32 {
        self.epoch
    }

    /// Addresses or routes have changed.
    pub(crate) fn forget(&mut self) {
        *self = Recent { epoch: self.epoch.wrapping_add(1), ..Recent::default() };
    }
}
