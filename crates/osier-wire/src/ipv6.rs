//! What does an IPv6 header look like, and what lies behind its extensions? (RFC 8200 §3, §4)
//!
//! The fixed header, and a walk over the extension headers to the upper layer. Fragments are
//! described, not reassembled; jumbograms (RFC 2675) are not read.

use crate::ip::HOP_LIMIT;
use crate::{Error, Protocol};
use core::net::Ipv6Addr;
use core::ops::Range;
use zerocopy::big_endian::{U16, U32};
use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout, Unaligned};

/// Bytes of the fixed header.
pub const HEADER_LEN: usize = 40;

/// How many extension headers we walk. RFC 8200 §4.1 recommends each at most once, destination
/// options twice: that is five before the upper layer, and a few more for those who differ.
pub const MAX_EXTENSIONS: usize = 8;

/// The fields of an IPv6 header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Header {
    /// Source address.
    pub src: Ipv6Addr,
    /// Destination address.
    pub dst: Ipv6Addr,
    /// What follows: an extension header or the upper layer.
    pub next_header: Protocol,
    /// How many hops are left.
    pub hop_limit: u8,
    /// DSCP in the high six bits (RFC 2474), ECN in the low two (RFC 3168).
    pub traffic_class: u8,
    /// Flow label (RFC 6437), 20 bits.
    pub flow_label: u32,
    /// Bytes behind the fixed header, extension headers included.
    pub payload_len: u16,
}

impl Header {
    /// A header with nothing special about it: a hop limit of 64.
    #[inline]
    pub const fn new(src: Ipv6Addr, dst: Ipv6Addr, next: Protocol, payload_len: u16) -> Self {
        let (hop_limit, traffic_class, flow_label) = (HOP_LIMIT, 0, 0);
        Header { src, dst, next_header: next, hop_limit, traffic_class, flow_label, payload_len }
    }

    /// Reads the fixed header and checks its length; the range is what follows, without what a
    /// link may have padded behind it.
    ///
    /// # Errors
    /// [`Error::Truncated`] where the datagram is longer than the bytes; [`Error::BadVersion`].
    #[inline]
    pub fn parse(bytes: &[u8]) -> Result<(Header, Range<usize>), Error> {
        let (header, start) = Header::parse_quoted(bytes)?;
        let end = start + usize::from(header.payload_len);
        if bytes.len() < end {
            return Err(Error::Truncated);
        }
        Ok((header, start..end))
    }

    /// Reads a header out of an ICMP error, where the payload may be cut off. It begins at the
    /// returned length.
    ///
    /// # Errors
    /// [`Error::Truncated`] below 40 bytes; [`Error::BadVersion`].
    #[inline]
    pub fn parse_quoted(bytes: &[u8]) -> Result<(Header, usize), Error> {
        let (wire, _) = Layout::ref_from_prefix(bytes).map_err(|_| Error::Truncated)?;
        let first = wire.version_class_flow.get();
        if first >> 28 != 6 {
            return Err(Error::BadVersion);
        }
        let header = Header {
            src: wire.src.into(),
            dst: wire.dst.into(),
            next_header: Protocol(wire.next_header),
            hop_limit: wire.hop_limit,
            traffic_class: (first >> 20) as u8,
            flow_label: first & 0xf_ffff,
            payload_len: wire.payload_len.get(),
        };
        Ok((header, HEADER_LEN))
    }

    /// Bytes that [`emit`](Header::emit) fills: 40.
    #[inline]
    #[allow(clippy::len_without_is_empty)]
    pub const fn len(&self) -> usize {
        HEADER_LEN
    }

    /// Writes the header. A flow label beyond 20 bits is cut to them.
    ///
    /// # Panics
    /// Where `out` is shorter than [`len`](Header::len).
    #[inline]
    pub fn emit(&self, out: &mut [u8]) {
        let first = 6 << 28 | u32::from(self.traffic_class) << 20 | self.flow_label & 0xf_ffff;
        let wire = Layout {
            version_class_flow: U32::new(first),
            payload_len: U16::new(self.payload_len),
            next_header: self.next_header.0,
            hop_limit: self.hop_limit,
            src: self.src.octets(),
            dst: self.dst.octets(),
        };
        out[..HEADER_LEN].copy_from_slice(wire.as_bytes());
    }

    /// Walks the extension headers in `payload` (the bytes behind this header) to the upper
    /// layer, or to the first fragment header of a datagram that is really in pieces.
    ///
    /// # Errors
    /// [`Error::Truncated`] where an extension header exceeds the payload;
    /// [`Error::BadExtension`] for hop-by-hop options that are not first, an option that says it
    /// must be understood, and a routing header with segments left; [`Error::TooMany`] beyond
    /// [`MAX_EXTENSIONS`].
    #[inline]
    pub fn upper_layer(&self, payload: &[u8]) -> Result<Upper, Error> {
        match self.next_header {
            next @ (Protocol::TCP | Protocol::UDP | Protocol::ICMPV6) => {
                Ok(Upper { protocol: next, offset: 0, fragment: None })
            }
            next => walk(next, payload),
        }
    }
}

/// What lies behind the extension headers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Upper {
    /// The first protocol that is not an extension header that we know; of a fragment, what its
    /// fragment header names.
    pub protocol: Protocol,
    /// Where it starts, from the end of the fixed header.
    pub offset: usize,
    /// Set where the datagram is in pieces. An atomic fragment (RFC 6946) is whole: it is `None`.
    pub fragment: Option<Fragment>,
}

/// A fragment header (RFC 8200 §4.5).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fragment {
    /// The same in all fragments of one datagram.
    pub identification: u32,
    /// Where the piece lies in the fragmentable part, in bytes; a multiple of 8.
    pub offset: u16,
    /// This is not the last piece.
    pub more: bool,
}

#[cold]
fn walk(first: Protocol, payload: &[u8]) -> Result<Upper, Error> {
    let mut protocol = first;
    let mut offset = 0;
    for _ in 0..MAX_EXTENSIONS {
        let rest = &payload[offset..];
        let len = match protocol {
            // RFC 8200 §4.3: hop-by-hop options come first or not at all.
            Protocol::HOP_BY_HOP if offset != 0 => return Err(Error::BadExtension),
            Protocol::HOP_BY_HOP | Protocol::IPV6_DESTINATION => skip_options(rest)?,
            Protocol::IPV6_ROUTING => skip_routing(rest)?,
            Protocol::IPV6_FRAGMENT => {
                let fragment = read_fragment(rest)?;
                if fragment.more || fragment.offset != 0 {
                    let (protocol, offset) = (Protocol(rest[0]), offset + FRAGMENT_LEN);
                    return Ok(Upper { protocol, offset, fragment: Some(fragment) });
                }
                FRAGMENT_LEN
            }
            _ => return Ok(Upper { protocol, offset, fragment: None }),
        };
        protocol = Protocol(rest[0]);
        offset += len;
    }
    Err(Error::TooMany)
}

/// Length of an extension header that counts in units of 8 beyond the first.
fn extension_len(rest: &[u8]) -> Result<usize, Error> {
    let len = match rest {
        [_, units, ..] => (usize::from(*units) + 1) * 8,
        _ => return Err(Error::Truncated),
    };
    if rest.len() < len { Err(Error::Truncated) } else { Ok(len) }
}

/// Hop-by-hop or destination options, of which we understand the padding only.
fn skip_options(rest: &[u8]) -> Result<usize, Error> {
    let len = extension_len(rest)?;
    let mut options = &rest[2..len];
    while let [kind, after @ ..] = options {
        // RFC 8200 §4.2: Pad1 has no length; the two high bits of a kind that is not understood
        // say whether it may be skipped.
        options = match (kind, after) {
            (0, _) => after,
            (kind, _) if kind & 0xc0 != 0 => return Err(Error::BadExtension),
            (_, [n, data @ ..]) => data.get(usize::from(*n)..).ok_or(Error::BadLength)?,
            (_, []) => return Err(Error::BadLength),
        };
    }
    Ok(len)
}

/// RFC 8200 §4.4: a routing header whose type is not known is ignored where no segment is left.
fn skip_routing(rest: &[u8]) -> Result<usize, Error> {
    let len = extension_len(rest)?;
    if rest[3] == 0 { Ok(len) } else { Err(Error::BadExtension) }
}

const FRAGMENT_LEN: usize = 8;

fn read_fragment(rest: &[u8]) -> Result<Fragment, Error> {
    match *rest {
        [_, _, hi, lo, a, b, c, d, ..] => Ok(Fragment {
            identification: u32::from_be_bytes([a, b, c, d]),
            offset: u16::from_be_bytes([hi, lo]) & !0b111,
            more: lo & 1 != 0,
        }),
        _ => Err(Error::Truncated),
    }
}

/// A header in which the length is still open: what the datagrams of one flow have in common.
#[derive(Clone, Copy, Debug)]
pub struct Template([u8; HEADER_LEN]);

impl Template {
    /// What `header` has in common with others.
    pub fn of(header: &Header) -> Template {
        let mut bytes = [0; HEADER_LEN];
        header.emit(&mut bytes);
        Template(bytes)
    }

    /// Writes the header of a datagram.
    #[inline]
    pub fn emit(&self, payload_len: u16, out: &mut [u8; HEADER_LEN]) {
        *out = self.0;
        out[4..6].copy_from_slice(&payload_len.to_be_bytes());
    }
}

/// The header as it lies on the wire.
#[derive(FromBytes, IntoBytes, Immutable, KnownLayout, Unaligned)]
#[repr(C)]
struct Layout {
    version_class_flow: U32,
    payload_len: U16,
    next_header: u8,
    hop_limit: u8,
    src: [u8; 16],
    dst: [u8; 16],
}

#[cfg(test)]
mod tests {
    extern crate std;

    use super::{Fragment, HEADER_LEN, Header, MAX_EXTENSIONS, Upper};
    use crate::{Error, Protocol, ip};
    use core::net::Ipv6Addr;
    use proptest::prelude::*;
    use std::vec::Vec;

    /// 2001:db8::1 -> 2001:db8::2, TCP, hop limit 64, flow label 0xbeef5, class 0x2a, no payload.
    const HEADER: [u8; 40] = [
        0x62, 0xab, 0xee, 0xf5, 0, 0, 6, 64, 0x20, 0x01, 0x0d, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
        0, 1, 0x20, 0x01, 0x0d, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2,
    ];

    fn behind(next_header: Protocol, payload: &[u8]) -> Result<Upper, Error> {
        let (header, _) = Header::parse(&HEADER).unwrap();
        Header { next_header, ..header }.upper_layer(payload)
    }

    #[test]
    fn a_known_header_reads_and_is_written_back_byte_for_byte() {
        let (header, payload) = Header::parse(&HEADER).unwrap();
        assert_eq!(header.traffic_class, 0x2a);
        assert_eq!(header.flow_label, 0xbeef5);
        assert_eq!((header.next_header, header.hop_limit), (Protocol::TCP, 64));
        assert_eq!(header.src, "2001:db8::1".parse::<Ipv6Addr>().unwrap());
        assert_eq!(payload, 40..40);
        let mut out = [0xee; HEADER_LEN];
        header.emit(&mut out);
        assert_eq!(out, HEADER);
    }

    #[test]
    fn a_damaged_header_is_refused_and_says_why() {
        let mut bytes = HEADER;
        bytes[0] = 0x42;
        assert_eq!(Header::parse(&bytes), Err(Error::BadVersion));
        assert_eq!(Header::parse(&HEADER[..39]), Err(Error::Truncated));
        bytes = HEADER;
        bytes[5] = 1;
        assert_eq!(Header::parse(&bytes), Err(Error::Truncated));
        assert!(Header::parse_quoted(&bytes).is_ok());
    }

    #[test]
    fn extension_headers_are_walked_to_the_upper_layer() {
        let payload = [
            43, 0, 5, 2, 0, 0, 1, 0, // hop-by-hop: router alert (RFC 2711), PadN
            60, 0, 0, 0, 0, 0, 0, 0, // routing, no segment left
            44, 1, 1, 12, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, // destination options: PadN
            58, 0, 0, 0, 1, 2, 3, 4, // an atomic fragment
            128, 0,
        ];
        let upper = behind(Protocol::HOP_BY_HOP, &payload).unwrap();
        assert_eq!(upper, Upper { protocol: Protocol::ICMPV6, offset: 40, fragment: None });
    }

    #[test]
    fn the_walk_ends_at_a_real_fragment() {
        let fragment = |units: u16, more: u16| {
            let [hi, lo] = (units << 3 | more).to_be_bytes();
            behind(Protocol::IPV6_FRAGMENT, &[6, 0, hi, lo, 0, 0, 0, 7, 1]).unwrap()
        };
        for (units, more) in [(0, 1), (9, 0), (0x1fff, 1)] {
            let upper = fragment(units, more);
            assert_eq!((upper.protocol, upper.offset), (Protocol::TCP, 8));
            let (identification, offset, more) = (7, units * 8, more == 1);
            assert_eq!(upper.fragment, Some(Fragment { identification, offset, more }));
        }
    }

    #[test]
    fn what_may_not_be_skipped_is_not() {
        // RFC 8200 §4.2: an unknown option whose high bits are not 00.
        let must_know = [6, 0, 0x40, 4, 0, 0, 0, 0];
        assert_eq!(behind(Protocol::IPV6_DESTINATION, &must_know), Err(Error::BadExtension));
        let may_skip = [6, 0, 0x1e, 4, 0, 0, 0, 0];
        assert!(behind(Protocol::IPV6_DESTINATION, &may_skip).is_ok());
        // §4.4: a routing header with segments left.
        assert_eq!(
            behind(Protocol::IPV6_ROUTING, &[6, 0, 0, 1, 0, 0, 0, 0]),
            Err(Error::BadExtension)
        );
        // §4.3: hop-by-hop options that are not first.
        let second = [0, 0, 1, 4, 0, 0, 0, 0, 6, 0, 1, 4, 0, 0, 0, 0];
        assert_eq!(behind(Protocol::IPV6_DESTINATION, &second), Err(Error::BadExtension));
    }

    #[test]
    fn headers_that_exceed_the_payload_or_the_bound_are_refused() {
        assert_eq!(behind(Protocol::IPV6_DESTINATION, &[6]), Err(Error::Truncated));
        assert_eq!(
            behind(Protocol::IPV6_DESTINATION, &[6, 1, 1, 4, 0, 0, 0, 0]),
            Err(Error::Truncated)
        );
        assert_eq!(behind(Protocol::IPV6_FRAGMENT, &[6, 0, 0, 0, 0, 0, 0]), Err(Error::Truncated));
        // An option that runs past its header, and one without a length.
        assert_eq!(
            behind(Protocol::IPV6_DESTINATION, &[6, 0, 1, 5, 0, 0, 0, 0]),
            Err(Error::BadLength)
        );
        assert_eq!(
            behind(Protocol::IPV6_DESTINATION, &[6, 0, 0, 0, 0, 0, 0, 1]),
            Err(Error::BadLength)
        );
        let chain = [60, 0, 1, 4, 0, 0, 0, 0].repeat(MAX_EXTENSIONS);
        assert_eq!(behind(Protocol::IPV6_DESTINATION, &chain), Err(Error::TooMany));
    }

    prop_compose! {
        fn headers()(
            src: Ipv6Addr, dst: Ipv6Addr, next_header: u8, hop_limit: u8, traffic_class: u8,
            flow_label in 0..1u32 << 20, payload_len in 0..1600u16,
        ) -> Header {
            let next_header = Protocol(next_header);
            Header { src, dst, next_header, hop_limit, traffic_class, flow_label, payload_len }
        }
    }

    proptest! {
        #[test]
        fn what_is_emitted_reads_back(header in headers()) {
            let mut out = std::vec![0; header.len() + usize::from(header.payload_len)];
            header.emit(&mut out);
            let payload = header.len()..out.len();
            prop_assert_eq!(Header::parse(&out), Ok((header, payload.clone())));
            prop_assert_eq!(ip::Header::parse(&out), Ok((ip::Header::V6(header), payload)));
        }

        #[test]
        fn no_bytes_make_it_panic(mut bytes: Vec<u8>, next in 0..64u8) {
            let _ = Header::parse(&bytes);
            for byte in bytes.iter_mut().step_by(8) {
                *byte = [0, 43, 44, 60, 60, 60, 60, 6][usize::from(*byte % 8)];
            }
            if let Ok(upper) = behind(Protocol(next), &bytes) {
                prop_assert!(upper.offset <= bytes.len());
            }
        }
    }
}
