//! What is common to IPv4 and IPv6? (RFC 791, RFC 8200)
//!
//! Protocol numbers, the ECN field, and one value that is a header of either version.

use crate::checksum::Sum;
use crate::{Error, ipv4, ipv6};
use core::fmt;
use core::net::IpAddr;
use core::ops::Range;

/// Time to live and hop limit of what does not say otherwise (RFC 1700, and Linux's).
pub const HOP_LIMIT: u8 = 64;

/// An IP header of either version.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Header {
    /// IPv4.
    V4(ipv4::Header),
    /// IPv6; [`ipv6::Header::upper_layer`] skips its extension headers.
    V6(ipv6::Header),
}

impl Header {
    /// A header with nothing special about it, of the version of both addresses; `None` where they
    /// differ.
    #[inline]
    pub const fn new(src: IpAddr, dst: IpAddr, protocol: Protocol, len: u16) -> Option<Header> {
        match (src, dst) {
            (IpAddr::V4(src), IpAddr::V4(dst)) => {
                Some(Header::V4(ipv4::Header::new(src, dst, protocol, len)))
            }
            (IpAddr::V6(src), IpAddr::V6(dst)) => {
                Some(Header::V6(ipv6::Header::new(src, dst, protocol, len)))
            }
            (IpAddr::V4(_), IpAddr::V6(_)) | (IpAddr::V6(_), IpAddr::V4(_)) => None,
        }
    }

    /// Reads a header of the version that the first four bits name; the range is the payload.
    ///
    /// # Errors
    /// [`Error::BadVersion`] where they name neither; else as [`ipv4::Header::parse`] and
    /// [`ipv6::Header::parse`].
    #[inline]
    pub fn parse(bytes: &[u8]) -> Result<(Header, Range<usize>), Error> {
        match bytes.first().map(|b| b >> 4) {
            Some(4) => ipv4::Header::parse(bytes).map(|(h, r)| (Header::V4(h), r)),
            Some(6) => ipv6::Header::parse(bytes).map(|(h, r)| (Header::V6(h), r)),
            Some(_) => Err(Error::BadVersion),
            None => Err(Error::Truncated),
        }
    }

    /// Reads a header out of an ICMP error, where the payload is cut off and an IPv4 checksum may
    /// be stale: neither is checked. The payload begins at the returned length.
    ///
    /// # Errors
    /// As [`Header::parse`], but never [`Error::BadChecksum`].
    #[inline]
    pub fn parse_quoted(bytes: &[u8]) -> Result<(Header, usize), Error> {
        match bytes.first().map(|b| b >> 4) {
            Some(4) => ipv4::Header::parse_quoted(bytes).map(|(h, n)| (Header::V4(h), n)),
            Some(6) => ipv6::Header::parse_quoted(bytes).map(|(h, n)| (Header::V6(h), n)),
            Some(_) => Err(Error::BadVersion),
            None => Err(Error::Truncated),
        }
    }

    /// Bytes that [`emit`](Header::emit) fills.
    #[inline]
    #[allow(clippy::len_without_is_empty)]
    pub fn len(&self) -> usize {
        match self {
            Header::V4(h) => h.len(),
            Header::V6(h) => h.len(),
        }
    }

    /// Writes the header.
    ///
    /// # Panics
    /// Where `out` is shorter than [`len`](Header::len).
    #[inline]
    pub fn emit(&self, out: &mut [u8]) {
        match self {
            Header::V4(h) => h.emit(out),
            Header::V6(h) => h.emit(out),
        }
    }

    /// Source address.
    #[inline]
    pub fn src(&self) -> IpAddr {
        match self {
            Header::V4(h) => IpAddr::V4(h.src),
            Header::V6(h) => IpAddr::V6(h.src),
        }
    }

    /// Destination address.
    #[inline]
    pub fn dst(&self) -> IpAddr {
        match self {
            Header::V4(h) => IpAddr::V4(h.dst),
            Header::V6(h) => IpAddr::V6(h.dst),
        }
    }

    /// The ECN field.
    #[inline]
    pub fn ecn(&self) -> Ecn {
        match self {
            Header::V4(h) => Ecn::of(h.tos),
            Header::V6(h) => Ecn::of(h.traffic_class),
        }
    }

    /// Time to live, or hop limit.
    #[inline]
    pub fn hop_limit(&self) -> u8 {
        match self {
            Header::V4(h) => h.ttl,
            Header::V6(h) => h.hop_limit,
        }
    }

    /// The sum of the pseudo-header for `len` bytes of transport header and payload.
    #[inline]
    pub fn pseudo_header(&self, protocol: Protocol, len: usize) -> Sum {
        match self {
            Header::V4(h) => Sum::pseudo_header_v4(h.src, h.dst, protocol, len),
            Header::V6(h) => Sum::pseudo_header_v6(h.src, h.dst, protocol, len),
        }
    }
}

/// A protocol number: the protocol field of IPv4, the next header field of IPv6.
#[derive(Clone, Copy, Default, PartialEq, Eq, Hash)]
pub struct Protocol(pub u8);

impl Protocol {
    /// IPv6 hop-by-hop options (RFC 8200 §4.3).
    pub const HOP_BY_HOP: Protocol = Protocol(0);
    /// ICMP for IPv4 (RFC 792).
    pub const ICMP: Protocol = Protocol(1);
    /// TCP (RFC 9293).
    pub const TCP: Protocol = Protocol(6);
    /// UDP (RFC 768).
    pub const UDP: Protocol = Protocol(17);
    /// IPv6 routing header (RFC 8200 §4.4).
    pub const IPV6_ROUTING: Protocol = Protocol(43);
    /// IPv6 fragment header (RFC 8200 §4.5).
    pub const IPV6_FRAGMENT: Protocol = Protocol(44);
    /// ICMP for IPv6 (RFC 4443).
    pub const ICMPV6: Protocol = Protocol(58);
    /// IPv6: nothing follows (RFC 8200 §4.7).
    pub const IPV6_NO_NEXT: Protocol = Protocol(59);
    /// IPv6 destination options (RFC 8200 §4.6).
    pub const IPV6_DESTINATION: Protocol = Protocol(60);
}

impl fmt::Display for Protocol {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Protocol::ICMP => f.write_str("ICMP"),
            Protocol::TCP => f.write_str("TCP"),
            Protocol::UDP => f.write_str("UDP"),
            Protocol::ICMPV6 => f.write_str("ICMPv6"),
            Protocol(n) => write!(f, "protocol {n}"),
        }
    }
}

impl fmt::Debug for Protocol {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// The ECN field: the low two bits of TOS or traffic class (RFC 3168 §5).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum Ecn {
    /// The transport does not understand ECN.
    #[default]
    NotEct = 0,
    /// ECN-capable transport, codepoint ECT(1) (L4S: RFC 9331).
    Ect1 = 1,
    /// ECN-capable transport, codepoint ECT(0).
    Ect0 = 2,
    /// Congestion experienced: a router marked the packet where it would have dropped it.
    Ce = 3,
}

impl Ecn {
    /// The field in a TOS or traffic class octet.
    #[inline]
    pub const fn of(tos: u8) -> Ecn {
        match tos & 0b11 {
            0 => Ecn::NotEct,
            1 => Ecn::Ect1,
            2 => Ecn::Ect0,
            _ => Ecn::Ce,
        }
    }

    /// The two bits.
    #[inline]
    pub const fn bits(self) -> u8 {
        self as u8
    }

    /// A TOS or traffic class octet with its ECN field replaced by this.
    #[inline]
    pub const fn mark(self, tos: u8) -> u8 {
        tos & !0b11 | self.bits()
    }
}
