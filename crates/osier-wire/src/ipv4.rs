//! What does an IPv4 header look like? (RFC 791 §3.1)
//!
//! The header with its options as bytes. Fragments are described, not reassembled; options are
//! kept, not interpreted.

use crate::checksum::Sum;
use crate::ip::HOP_LIMIT;
use crate::{Error, Protocol};
use alloc::boxed::Box;
use core::fmt;
use core::net::Ipv4Addr;
use core::ops::Range;
use zerocopy::big_endian::U16;
use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout, Unaligned};

/// Bytes of a header without options.
pub const HEADER_LEN: usize = 20;

const DONT_FRAGMENT: u16 = 0x4000;
const MORE_FRAGMENTS: u16 = 0x2000;
const OFFSET: u16 = 0x1fff;

/// The fields of an IPv4 header.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Header {
    /// Source address.
    pub src: Ipv4Addr,
    /// Destination address.
    pub dst: Ipv4Addr,
    /// What the payload is.
    pub protocol: Protocol,
    /// Time to live: how many hops are left.
    pub ttl: u8,
    /// DSCP in the high six bits (RFC 2474), ECN in the low two (RFC 3168).
    pub tos: u8,
    /// Identification, the same in all fragments of one datagram.
    pub identification: u16,
    /// Routers may not cut the datagram.
    pub dont_fragment: bool,
    /// This is not the last fragment.
    pub more_fragments: bool,
    /// Where the payload lies in the unfragmented one, in bytes; a multiple of 8.
    pub fragment_offset: u16,
    /// Bytes of payload behind the header.
    pub payload_len: u16,
    /// The options, as they came.
    pub options: Options,
}

impl Header {
    /// The header of a whole datagram that routers may not cut, with nothing special about it: no
    /// options, a time to live of 64.
    #[inline]
    pub const fn new(src: Ipv4Addr, dst: Ipv4Addr, protocol: Protocol, payload_len: u16) -> Self {
        Header {
            src,
            dst,
            protocol,
            ttl: HOP_LIMIT,
            tos: 0,
            identification: 0,
            dont_fragment: true,
            more_fragments: false,
            fragment_offset: 0,
            payload_len,
            options: Options::NONE,
        }
    }

    /// Reads a header, verifies its checksum and lengths; the range is the payload, without what
    /// a link may have padded behind it.
    ///
    /// # Errors
    /// [`Error::Truncated`] where the datagram is longer than the bytes; [`Error::BadVersion`],
    /// [`Error::BadLength`] and [`Error::BadChecksum`] as they say.
    #[inline]
    pub fn parse(bytes: &[u8]) -> Result<(Header, Range<usize>), Error> {
        let (header, start) = Header::parse_quoted(bytes)?;
        // RFC 1122 §3.2.1.2: verify the header checksum, discard silently where it is wrong.
        if !header_sum(&bytes[..start]).verifies() {
            return Err(Error::BadChecksum);
        }
        let end = start + usize::from(header.payload_len);
        if bytes.len() < end {
            return Err(Error::Truncated);
        }
        Ok((header, start..end))
    }

    /// Reads a header out of an ICMP error, where the payload is cut off and the checksum may be
    /// stale: neither is checked. The payload begins at the returned length.
    ///
    /// # Errors
    /// As [`Header::parse`], but never [`Error::BadChecksum`].
    #[inline]
    pub fn parse_quoted(bytes: &[u8]) -> Result<(Header, usize), Error> {
        let (wire, _) = Layout::ref_from_prefix(bytes).map_err(|_| Error::Truncated)?;
        if wire.version_ihl >> 4 != 4 {
            return Err(Error::BadVersion);
        }
        let header_len = usize::from(wire.version_ihl & 0x0f) * 4;
        if header_len < HEADER_LEN {
            return Err(Error::BadLength);
        }
        let payload_len = wire.total_len.get().checked_sub(header_len as u16);
        let payload_len = payload_len.ok_or(Error::BadLength)?;
        let options = match bytes.get(HEADER_LEN..header_len) {
            Some(bytes) => Options::new(bytes),
            None => return Err(Error::Truncated),
        };
        let fragment = wire.fragment.get();
        let header = Header {
            src: wire.src.into(),
            dst: wire.dst.into(),
            protocol: Protocol(wire.protocol),
            ttl: wire.ttl,
            tos: wire.tos,
            identification: wire.identification.get(),
            dont_fragment: fragment & DONT_FRAGMENT != 0,
            more_fragments: fragment & MORE_FRAGMENTS != 0,
            fragment_offset: (fragment & OFFSET) * 8,
            payload_len,
            options,
        };
        Ok((header, header_len))
    }

    /// Whether this datagram is a part of a larger one.
    #[inline]
    pub const fn is_fragment(&self) -> bool {
        self.more_fragments || self.fragment_offset != 0
    }

    /// Bytes that [`emit`](Header::emit) fills: 20 and the options.
    #[inline]
    #[allow(clippy::len_without_is_empty)]
    pub fn len(&self) -> usize {
        HEADER_LEN + self.options.as_slice().len()
    }

    /// Writes the header with its checksum. A total length beyond 65,535 is a bug of the caller
    /// and is written as 65,535.
    ///
    /// # Panics
    /// Where `out` is shorter than [`len`](Header::len).
    #[inline]
    pub fn emit(&self, out: &mut [u8]) {
        let len = self.len();
        let out = &mut out[..len];
        let mut fragment = self.fragment_offset / 8;
        if self.dont_fragment {
            fragment |= DONT_FRAGMENT;
        }
        if self.more_fragments {
            fragment |= MORE_FRAGMENTS;
        }
        let wire = Layout {
            version_ihl: 0x40 | (len / 4) as u8,
            tos: self.tos,
            total_len: U16::new(self.payload_len.saturating_add(len as u16)),
            identification: U16::new(self.identification),
            fragment: U16::new(fragment),
            ttl: self.ttl,
            protocol: self.protocol.0,
            checksum: U16::ZERO,
            src: self.src.octets(),
            dst: self.dst.octets(),
        };
        out[..HEADER_LEN].copy_from_slice(wire.as_bytes());
        if !self.options.is_empty() {
            out[HEADER_LEN..].copy_from_slice(self.options.as_slice());
        }
        let checksum = header_sum(out).checksum();
        out[10..12].copy_from_slice(&checksum.to_be_bytes());
    }
}

/// A header without options in which length and identification are still open: what the datagrams
/// of one flow have in common.
#[derive(Clone, Copy, Debug)]
pub struct Template {
    bytes: [u8; HEADER_LEN],
    sum: Sum,
}

impl Template {
    /// What `header` has in common with others; its options are left out.
    pub fn of(header: &Header) -> Template {
        let mut bytes = [0; HEADER_LEN];
        let open = Header { payload_len: 0, identification: 0, options: Options::NONE, ..*header };
        open.emit(&mut bytes);
        // Without its length and its checksum.
        (bytes[2], bytes[3]) = (0, 0);
        (bytes[10], bytes[11]) = (0, 0);
        Template { bytes, sum: header_sum(&bytes) }
    }

    /// Writes the header of a datagram with its checksum.
    #[inline]
    pub fn emit(&self, payload_len: u16, identification: u16, out: &mut [u8; HEADER_LEN]) {
        *out = self.bytes;
        let total = payload_len.saturating_add(HEADER_LEN as u16);
        let word = u32::from(total) << 16 | u32::from(identification);
        out[2..6].copy_from_slice(&word.to_be_bytes());
        out[10..12].copy_from_slice(&self.sum.and_word(word).checksum().to_be_bytes());
    }
}

/// The sum of a header; nearly every one is of the fixed length, whose sum needs no loop.
#[inline]
fn header_sum(header: &[u8]) -> Sum {
    match <&[u8; HEADER_LEN]>::try_from(header) {
        Ok(plain) => Sum::of(plain),
        Err(_) => long_header_sum(header),
    }
}

#[cold]
fn long_header_sum(header: &[u8]) -> Sum {
    Sum::of(header)
}

/// The options of a header as bytes, padded to a multiple of four. Hardly any packet has some, so
/// they lie apart, and a header without costs a pointer.
#[derive(Clone, PartialEq, Eq)]
pub struct Options(Option<Box<Kept>>);

#[derive(Clone, PartialEq, Eq)]
struct Kept {
    /// Not zero.
    len: u8,
    bytes: [u8; Options::MAX],
}

impl Options {
    /// As many bytes of options as the header length can say: 60 less the fixed 20.
    pub const MAX: usize = 40;

    /// No options.
    pub const NONE: Options = Options(None);

    /// These bytes, padded with end-of-list to a multiple of four; what exceeds
    /// [`Options::MAX`] is left off.
    #[inline]
    pub fn new(bytes: &[u8]) -> Options {
        if bytes.is_empty() { Options::NONE } else { Options::copied(bytes) }
    }

    #[cold]
    fn copied(bytes: &[u8]) -> Options {
        let n = bytes.len().min(Options::MAX);
        let mut kept = Kept { len: n.next_multiple_of(4) as u8, bytes: [0; Options::MAX] };
        kept.bytes[..n].copy_from_slice(&bytes[..n]);
        Options(Some(Box::new(kept)))
    }

    /// The bytes.
    #[inline]
    pub fn as_slice(&self) -> &[u8] {
        self.0.as_ref().map_or(&[], |kept| &kept.bytes[..usize::from(kept.len)])
    }

    /// Whether there is none.
    #[inline]
    pub const fn is_empty(&self) -> bool {
        self.0.is_none()
    }
}

impl Default for Options {
    fn default() -> Self {
        Options::NONE
    }
}

impl fmt::Debug for Options {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.as_slice().fmt(f)
    }
}

/// The header as it lies on the wire.
#[derive(FromBytes, IntoBytes, Immutable, KnownLayout, Unaligned)]
#[repr(C)]
struct Layout {
    version_ihl: u8,
    tos: u8,
    total_len: U16,
    identification: U16,
    fragment: U16,
    ttl: u8,
    protocol: u8,
    checksum: U16,
    src: [u8; 4],
    dst: [u8; 4],
}

#[cfg(test)]
mod tests {
    extern crate std;

    use super::{HEADER_LEN, Header, Options, Template};
    use crate::{Ecn, Error, Protocol, checksum::Sum, ip};
    use core::net::Ipv4Addr;
    use proptest::prelude::*;
    use std::vec::Vec;

    /// 192.168.0.1 -> 192.168.0.199, UDP, DF, 95 bytes of payload; its checksum worked out by hand.
    const HEADER: [u8; 20] = [
        0x45, 0x00, 0x00, 0x73, 0x00, 0x00, 0x40, 0x00, 0x40, 0x11, 0xb8, 0x61, 0xc0, 0xa8, 0x00,
        0x01, 0xc0, 0xa8, 0x00, 0xc7,
    ];

    fn datagram() -> Vec<u8> {
        let mut bytes = HEADER.to_vec();
        bytes.resize(0x73, 0);
        bytes
    }

    fn fix_checksum(bytes: &mut [u8]) {
        let len = usize::from(bytes[0] & 15) * 4;
        bytes[10..12].fill(0);
        let checksum = Sum::of(&bytes[..len]).checksum();
        bytes[10..12].copy_from_slice(&checksum.to_be_bytes());
    }

    #[test]
    fn a_known_header_reads_and_is_written_back_byte_for_byte() {
        let (header, payload) = Header::parse(&datagram()).unwrap();
        assert_eq!(header.src, Ipv4Addr::new(192, 168, 0, 1));
        assert_eq!(header.dst, Ipv4Addr::new(192, 168, 0, 199));
        assert_eq!((header.protocol, header.ttl, header.tos), (Protocol::UDP, 64, 0));
        assert!(header.dont_fragment && !header.is_fragment() && header.options.is_empty());
        assert_eq!(payload, 20..0x73);
        let mut out = [0xee; HEADER_LEN];
        header.emit(&mut out);
        assert_eq!(out, HEADER);
    }

    #[test]
    fn padding_of_the_link_is_not_payload() {
        let mut bytes = datagram();
        bytes.extend([0xaa; 9]);
        assert_eq!(Header::parse(&bytes).unwrap().1, 20..0x73);
    }

    #[test]
    fn a_damaged_header_is_refused_and_says_why() {
        let cases: [(usize, u8, Error); 5] = [
            (0, 0x65, Error::BadVersion),
            (0, 0x44, Error::BadLength),
            (3, 19, Error::BadLength),
            (3, 0x74, Error::Truncated),
            (0, 0x4f, Error::BadChecksum),
        ];
        for (at, value, error) in cases {
            let mut bytes = datagram();
            bytes[at] = value;
            if error != Error::BadChecksum {
                fix_checksum(&mut bytes);
            }
            assert_eq!(Header::parse(&bytes), Err(error), "byte {at} = {value:#x}");
        }
        let mut bytes = datagram();
        bytes[8] -= 1;
        assert_eq!(Header::parse(&bytes), Err(Error::BadChecksum));
        assert_eq!(Header::parse_quoted(&bytes[..28]).unwrap().0.ttl, 63);
        assert_eq!(Header::parse(&HEADER[..19]), Err(Error::Truncated));
        assert_eq!(ip::Header::parse(&[0x50; 60]), Err(Error::BadVersion));
        assert_eq!(ip::Header::parse(&[]), Err(Error::Truncated));
    }

    #[test]
    fn options_are_padded_to_whole_words() {
        // Router alert (RFC 2113), and a lone NOP.
        assert_eq!(Options::new(&[0x94, 4, 0, 0]).as_slice(), [0x94, 4, 0, 0]);
        assert_eq!(Options::new(&[1]).as_slice(), [1, 0, 0, 0]);
        assert_eq!(Options::new(&[1; 50]).as_slice(), [1; 40]);
    }

    #[test]
    fn the_ecn_field_is_the_low_two_bits() {
        for (bits, ecn) in [Ecn::NotEct, Ecn::Ect1, Ecn::Ect0, Ecn::Ce].into_iter().enumerate() {
            assert_eq!(ecn.bits(), bits as u8);
            assert_eq!(Ecn::of(0xb8 | bits as u8), ecn);
            assert_eq!(ecn.mark(0xbb), 0xb8 | bits as u8);
        }
    }

    prop_compose! {
        fn headers()(
            addresses: (Ipv4Addr, Ipv4Addr), protocol: u8, ttl: u8, tos: u8, identification: u16,
            dont_fragment: bool, more_fragments: bool, offset in 0..0x2000u16,
            payload_len in 0..1600u16, options in proptest::collection::vec(any::<u8>(), 0..=40),
        ) -> Header {
            Header {
                src: addresses.0, dst: addresses.1, protocol: Protocol(protocol), ttl, tos,
                identification, dont_fragment, more_fragments, fragment_offset: offset * 8,
                payload_len, options: Options::new(&options),
            }
        }
    }

    proptest! {
        /// A header from a template is the header.
        #[test]
        fn a_template_writes_what_emit_writes(
            ends in any::<([u8; 4], [u8; 4])>(), fields in any::<(u8, u8, u8, bool, u16, u16)>()
        ) {
            let (tos, ttl, protocol, dont_fragment, identification, payload_len) = fields;
            let header = Header {
                src: ends.0.into(),
                dst: ends.1.into(),
                protocol: Protocol(protocol),
                ttl,
                tos,
                identification,
                dont_fragment,
                more_fragments: false,
                fragment_offset: 0,
                payload_len,
                options: Options::NONE,
            };
            let (mut emitted, mut filled) = ([0; HEADER_LEN], [0; HEADER_LEN]);
            header.emit(&mut emitted);
            Template::of(&header).emit(payload_len, identification, &mut filled);
            prop_assert_eq!(emitted, filled);
        }

        #[test]
        fn what_is_emitted_reads_back(header in headers()) {
            let mut out = std::vec![0; header.len() + usize::from(header.payload_len)];
            header.emit(&mut out);
            let payload = header.len()..out.len();
            prop_assert_eq!(Header::parse(&out), Ok((header.clone(), payload.clone())));
            let both = ip::Header::V4(header);
            prop_assert_eq!(ip::Header::parse(&out), Ok((both.clone(), payload)));
            let mut again = std::vec![0; both.len()];
            both.emit(&mut again);
            prop_assert_eq!(&again[..], &out[..both.len()]);
        }

        #[test]
        fn no_bytes_make_it_panic(mut bytes: Vec<u8>, first in 0x40..0x50u8) {
            let _ = ip::Header::parse_quoted(&bytes);
            if bytes.len() >= HEADER_LEN {
                bytes[0] = first;
                bytes[2] = 0;
                let len = usize::from(first & 15) * 4;
                if (HEADER_LEN..=bytes.len()).contains(&len) {
                    fix_checksum(&mut bytes);
                }
            }
            if let Ok((header, payload)) = Header::parse(&bytes) {
                prop_assert!(payload.end <= bytes.len());
                prop_assert_eq!(header.len(), payload.start);
            }
        }
    }
}
