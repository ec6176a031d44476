//! What does a UDP datagram look like? (RFC 768; over IPv6: RFC 8200 §8.1)
//!
//! The header and its length rules. The checksum is filled and verified by the caller, with
//! [`Sum`](crate::checksum::Sum): it covers a pseudo-header.

use crate::Error;
use core::ops::Range;
use zerocopy::big_endian::U16;
use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout, Unaligned};

/// Bytes of a UDP header.
pub const HEADER_LEN: usize = 8;

/// Where the checksum is, from the first byte of the header.
pub const CHECKSUM_OFFSET: usize = 6;

/// The fields of a UDP header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Header {
    /// Source port; zero where no answer is expected.
    pub src_port: u16,
    /// Destination port.
    pub dst_port: u16,
    /// Bytes of payload behind the header; at most 65,527.
    pub payload_len: u16,
}

impl Header {
    /// Reads a header; the range is the payload, which may end before the bytes do.
    ///
    /// # Errors
    /// [`Error::Truncated`] where there are fewer bytes than the length field says;
    /// [`Error::BadLength`] where that is less than 8.
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
    /// [`Error::Truncated`] below 8 bytes; [`Error::BadLength`] as [`Header::parse`].
    #[inline]
    pub fn parse_quoted(bytes: &[u8]) -> Result<(Header, usize), Error> {
        let (wire, _) = Layout::ref_from_prefix(bytes).map_err(|_| Error::Truncated)?;
        let payload_len = wire.len.get().checked_sub(HEADER_LEN as u16);
        let header = Header {
            src_port: wire.src_port.get(),
            dst_port: wire.dst_port.get(),
            payload_len: payload_len.ok_or(Error::BadLength)?,
        };
        Ok((header, HEADER_LEN))
    }

    /// Bytes that [`emit`](Header::emit) fills: 8.
    #[inline]
    #[allow(clippy::len_without_is_empty)]
    pub const fn len(&self) -> usize {
        HEADER_LEN
    }

    /// Writes the header, its checksum zero. A length beyond 65,535 is a bug of the caller and is
    /// written as 65,535.
    ///
    /// # Panics
    /// Where `out` is shorter than [`len`](Header::len).
    #[inline]
    pub fn emit(&self, out: &mut [u8]) {
        let wire = Layout {
            src_port: U16::new(self.src_port),
            dst_port: U16::new(self.dst_port),
            len: U16::new(self.payload_len.saturating_add(HEADER_LEN as u16)),
            checksum: U16::ZERO,
        };
        out[..HEADER_LEN].copy_from_slice(wire.as_bytes());
    }
}

/// Whether the sender of a datagram filled its checksum. One that did not wrote zero, which is
/// legal over IPv4 (RFC 768) and not over IPv6 (RFC 8200 §8.1). Bytes too short to say: no.
#[inline]
pub fn has_checksum(bytes: &[u8]) -> bool {
    bytes.get(CHECKSUM_OFFSET..HEADER_LEN).is_some_and(|field| field != [0, 0])
}

/// The header as it lies on the wire.
#[derive(FromBytes, IntoBytes, Immutable, KnownLayout, Unaligned)]
#[repr(C)]
struct Layout {
    src_port: U16,
    dst_port: U16,
    len: U16,
    checksum: U16,
}

#[cfg(test)]
mod tests {
    extern crate std;

    use super::{CHECKSUM_OFFSET, HEADER_LEN, Header, has_checksum};
    use crate::checksum::Sum;
    use crate::{Error, Protocol};
    use core::net::Ipv4Addr;
    use proptest::prelude::*;
    use std::vec::Vec;

    #[test]
    fn a_datagram_ends_where_its_length_says() {
        // 53 -> 40000, two bytes of payload, then a byte of nobody.
        let bytes = [0, 53, 0x9c, 0x40, 0, 10, 0, 0, b'h', b'i', 0xff];
        let (header, payload) = Header::parse(&bytes).unwrap();
        assert_eq!(header, Header { src_port: 53, dst_port: 40_000, payload_len: 2 });
        assert_eq!(&bytes[payload], b"hi");
        assert!(!has_checksum(&bytes));
        assert_eq!(Header::parse(&bytes[..9]), Err(Error::Truncated));
        assert_eq!(Header::parse_quoted(&bytes[..8]), Ok((header, 8)));
        assert_eq!(Header::parse(&bytes[..7]), Err(Error::Truncated));
    }

    #[test]
    fn a_length_shorter_than_the_header_is_bad() {
        for len in 0..8 {
            assert_eq!(Header::parse(&[0, 1, 0, 2, 0, len, 0, 0]), Err(Error::BadLength));
        }
    }

    #[test]
    fn a_checksum_that_comes_to_zero_is_written_as_all_ones() {
        // The payload is chosen so that everything sums to all ones.
        let (src, dst) = (Ipv4Addr::new(1, 2, 3, 4), Ipv4Addr::new(5, 6, 7, 8));
        let header = Header { src_port: 1, dst_port: 2, payload_len: 2 };
        let mut bytes = [0; 10];
        header.emit(&mut bytes);
        let pseudo = Sum::pseudo_header_v4(src, dst, Protocol::UDP, bytes.len());
        let missing = !pseudo.and(&bytes).partial();
        bytes[8..].copy_from_slice(&missing.to_be_bytes());
        let sum = pseudo.and(&bytes);
        assert_eq!((sum.checksum(), sum.checksum_udp()), (0, 0xffff));
        bytes[CHECKSUM_OFFSET..HEADER_LEN].copy_from_slice(&sum.checksum_udp().to_be_bytes());
        assert!(has_checksum(&bytes) && pseudo.and(&bytes).verifies());
    }

    proptest! {
        #[test]
        fn what_is_emitted_reads_back(src_port: u16, dst_port: u16, payload in 0..2000u16) {
            let header = Header { src_port, dst_port, payload_len: payload };
            let mut out = std::vec![0; header.len() + usize::from(payload)];
            header.emit(&mut out);
            prop_assert_eq!(Header::parse(&out), Ok((header, 8..out.len())));
        }

        #[test]
        fn no_bytes_make_it_panic(bytes: Vec<u8>) {
            if let Ok((header, payload)) = Header::parse(&bytes) {
                prop_assert!(payload.end <= bytes.len());
                prop_assert_eq!(payload.len(), usize::from(header.payload_len));
            }
            has_checksum(&bytes);
        }
    }
}
