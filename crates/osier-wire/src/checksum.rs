//! What is the internet checksum of these bytes? (RFC 1071; RFC 9293 §3.1; RFC 8200 §8.1)
//!
//! A [`Sum`] is the ones' complement sum so far, over any number of chunks of any length; from it
//! come the three forms that are written: the checksum, the seed for a device that will finish it,
//! and the verdict on what was received.

use crate::Protocol;
use core::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// A ones' complement sum over bytes, to be continued.
///
/// RFC 1071 §2(B): the sum does not depend on byte order, so words are added as a little-endian
/// machine reads them and the two octets of the result are swapped at the end.
#[derive(Clone, Copy, Debug, Default)]
pub struct Sum {
    /// Starts below 2^36 (a pseudo-header) and grows by less than 2^16 a chunk: 2^47 chunks fit.
    words: u64,
    /// An odd number of bytes so far: the next byte is the second octet of its word.
    odd: bool,
}

impl Sum {
    /// Of no bytes.
    pub const ZERO: Sum = Sum { words: 0, odd: false };

    /// The sum of these bytes.
    #[inline]
    pub fn of(bytes: &[u8]) -> Sum {
        Sum::ZERO.and(bytes)
    }

    /// This sum, continued over more bytes. Chunks of odd length may be followed by others.
    #[inline]
    #[must_use]
    pub fn and(self, bytes: &[u8]) -> Sum {
        let more = fold(add_words(bytes));
        // RFC 1071 §2(B): a chunk that starts on an odd address counts with its octets swapped.
        let more = if self.odd { more.swap_bytes() } else { more };
        Sum { words: self.words + u64::from(more), odd: self.odd != (bytes.len() % 2 == 1) }
    }

    /// The sum of the pseudo-header for `len` bytes of transport header and payload over IPv4
    /// (RFC 9293 §3.1).
    #[inline]
    pub fn pseudo_header_v4(src: Ipv4Addr, dst: Ipv4Addr, protocol: Protocol, len: usize) -> Sum {
        let words = u64::from(u32::from_le_bytes(src.octets()))
            + u64::from(u32::from_le_bytes(dst.octets()));
        Sum { words: words + protocol_and_len(protocol, len), odd: false }
    }

    /// The sum of the pseudo-header for `len` bytes of upper-layer header and payload over IPv6
    /// (RFC 8200 §8.1).
    #[inline]
    pub fn pseudo_header_v6(src: Ipv6Addr, dst: Ipv6Addr, protocol: Protocol, len: usize) -> Sum {
        let mut words = protocol_and_len(protocol, len);
        for octets in [src.octets(), dst.octets()] {
            for word in octets.as_chunks::<4>().0 {
                words += u64::from(u32::from_le_bytes(*word));
            }
        }
        Sum { words, odd: false }
    }

    /// The sum of the pseudo-header, of which the addresses are given as they lie in an IP header.
    #[inline]
    pub(crate) fn pseudo_header_of(addresses: &[u8], protocol: Protocol, len: usize) -> Sum {
        let mut sum = Sum::of(addresses);
        sum.words += protocol_and_len(protocol, len);
        sum
    }

    /// The sum of the pseudo-header between two addresses of the same version.
    ///
    /// # Panics
    /// Where the versions differ: a bug of ours.
    #[inline]
    pub fn pseudo_header(src: IpAddr, dst: IpAddr, protocol: Protocol, len: usize) -> Sum {
        match (src, dst) {
            (IpAddr::V4(src), IpAddr::V4(dst)) => Sum::pseudo_header_v4(src, dst, protocol, len),
            (IpAddr::V6(src), IpAddr::V6(dst)) => Sum::pseudo_header_v6(src, dst, protocol, len),
            _ => panic!("a datagram has addresses of one version"),
        }
    }

    /// The sum folded to 16 bits, not complemented: what the field holds while the checksum is
    /// [`Partial`](crate::offload::Checksum::Partial).
    #[inline]
    pub const fn partial(self) -> u16 {
        fold(self.words).swap_bytes()
    }

    /// The checksum: the complement of the folded sum. The bytes summed held zero in its place.
    #[inline]
    pub const fn checksum(self) -> u16 {
        !self.partial()
    }

    /// The checksum as UDP writes it: never zero, which would say that there is none (RFC 768).
    #[inline]
    pub const fn checksum_udp(self) -> u16 {
        match self.checksum() {
            0 => 0xffff,
            sum => sum,
        }
    }

    /// Whether a sum over received bytes, their checksum included, says that they are intact.
    #[inline]
    pub const fn verifies(self) -> bool {
        self.partial() == 0xffff
    }
}

fn protocol_and_len(protocol: Protocol, len: usize) -> u64 {
    u64::from(u16::from_le_bytes([0, protocol.0])) + u64::from((len as u32).swap_bytes())
}

/// Folds the carries in until 16 bits are left.
const fn fold(sum: u64) -> u16 {
    let sum = (sum & 0xffff_ffff) + (sum >> 32);
    let sum = (sum & 0xffff_ffff) + (sum >> 32);
    let sum = (sum & 0xffff) + (sum >> 16);
    let sum = (sum & 0xffff) + (sum >> 16);
    sum as u16
}

/// The sum of the bytes as 32-bit little-endian words, the last one padded with zeros.
fn add_words(bytes: &[u8]) -> u64 {
    let (blocks, rest) = bytes.as_chunks::<64>();
    let mut lanes = [0u64; 16];
    for block in blocks {
        for (lane, word) in lanes.iter_mut().zip(block.as_chunks::<4>().0) {
            *lane += u64::from(u32::from_le_bytes(*word));
        }
    }
    let mut sum: u64 = lanes.iter().sum();
    let (words, tail) = rest.as_chunks::<4>();
    for word in words {
        sum += u64::from(u32::from_le_bytes(*word));
    }
    let mut last = [0; 4];
    last[..tail.len()].copy_from_slice(tail);
    sum + u64::from(u32::from_le_bytes(last))
}
