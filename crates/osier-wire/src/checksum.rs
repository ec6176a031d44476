//! What is the internet checksum of these bytes? (RFC 1071; RFC 9293 §3.1; RFC 8200 §8.1)
//!
//! A [`Sum`] is the ones' complement sum so far, over any number of chunks of any length; from it
//! come the three forms that are written: the checksum, the seed for a device that will finish it,
//! and the verdict on what was received.

#[cfg(all(target_arch = "x86_64", any(unix, windows)))]
mod wide;

use crate::Protocol;
use core::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// A ones' complement sum over bytes, to be continued.
///
/// RFC 1071 §2(B): the sum does not depend on byte order, so words are added as a little-endian
/// machine reads them and the two octets of the result are swapped at the end.
#[derive(Clone, Copy, Debug, Default)]
pub struct Sum {
    /// Starts below 2^36 (a pseudo-header) and grows by less than 2^33 a chunk: 2^30 chunks fit.
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
        let more = add_words(bytes);
        // RFC 1071 §2(B): a chunk that starts on an odd address counts with its octets swapped.
        let more = if self.odd { u64::from(fold(more).swap_bytes()) } else { fold_to_33(more) };
        Sum { words: self.words + more, odd: self.odd != (bytes.len() % 2 == 1) }
    }

    /// This sum, of an even number of bytes, continued over a word that stands in network order.
    #[inline]
    #[must_use]
    pub const fn and_word(self, word: u32) -> Sum {
        Sum { words: self.words + word.swap_bytes() as u64, odd: self.odd }
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
        self.words != 0 && self.words.is_multiple_of(0xffff)
    }
}

#[inline]
fn protocol_and_len(protocol: Protocol, len: usize) -> u64 {
    u64::from(u16::from_le_bytes([0, protocol.0])) + u64::from((len as u32).swap_bytes())
}

/// Folds the carries in until 16 bits are left. Ones' complement addition counts modulo 2^16 - 1,
/// and comes to zero only where nothing but zeros was added; else to all ones.
#[inline]
const fn fold(sum: u64) -> u16 {
    // Each half added to the other carries into it what the other has carried out.
    let halves = (sum.wrapping_add(sum.rotate_left(32)) >> 32) as u32;
    (halves.wrapping_add(halves.rotate_left(16)) >> 16) as u16
}

#[inline]
const fn fold_to_33(sum: u64) -> u64 {
    (sum & 0xffff_ffff) + (sum >> 32)
}

/// A sum of the bytes as little-endian words, the last one padded with zeros; equal to theirs
/// modulo 2^16 - 1, and zero only where all bytes are.
#[inline]
fn add_words(bytes: &[u8]) -> u64 {
    let (sum, rest) = if bytes.len() < SHORT { (0, bytes) } else { add_most(bytes) };
    sum + add_rest(rest)
}

/// The sum of all whole blocks, and what follows them.
#[inline(never)]
fn add_most(bytes: &[u8]) -> (u64, &[u8]) {
    #[cfg(all(target_arch = "x86_64", any(unix, windows)))]
    if let Some(added) = wide::add_most(bytes) {
        return added;
    }
    add_most_plainly(bytes)
}

/// [`add_most`] with the vectors that every processor of the target has.
fn add_most_plainly(bytes: &[u8]) -> (u64, &[u8]) {
    let (blocks, rest) = bytes.as_chunks::<BLOCK>();
    (blocks.chunks(MOST_BLOCKS).map(add_blocks).sum(), rest)
}

/// Below so many bytes, headers alone for instance, adding up the lanes of vectors at the end costs
/// more than they save.
const SHORT: usize = 96;

/// Two vectors of 16 bytes: what one turn of the loop takes.
const BLOCK: usize = 32;
const LANES: usize = BLOCK / 4;

/// So many 16-bit words can be added up in 32 bits.
const MOST_BLOCKS: usize = 1 << 16;

/// The sum of the blocks' 16-bit words, with three vector instructions for 16 bytes instead of
/// four: `all` adds up the 32-bit words and loses what overflows, `high` their upper halves, which
/// do not overflow. `all - high * 2^16`, in which what was lost cancels, is then the sum of the
/// lower halves. The lanes are independent, so the compiler takes four at a time.
#[inline]
fn add_blocks(blocks: &[[u8; BLOCK]]) -> u64 {
    let (mut all, mut high) = ([0u32; LANES], [0u32; LANES]);
    for block in blocks {
        for (i, word) in block.as_chunks::<4>().0.iter().enumerate() {
            let word = u32::from_le_bytes(*word);
            all[i] = all[i].wrapping_add(word);
            high[i] = high[i].wrapping_add(word >> 16);
        }
    }
    let lanes = all.iter().zip(&high);
    lanes.map(|(all, high)| u64::from(all.wrapping_sub(high << 16)) + u64::from(*high)).sum()
}

/// The sum of a few bytes.
#[inline]
fn add_rest(bytes: &[u8]) -> u64 {
    let (words, rest) = bytes.as_chunks::<8>();
    let mut sum = 0u64;
    for word in words {
        // What is carried out comes in again at the other end: modulo 2^16 - 1 it counts the same.
        let (added, carry) = sum.overflowing_add(u64::from_le_bytes(*word));
        sum = added + u64::from(carry);
    }
    let last = match (bytes.last_chunk(), rest.len()) {
        (_, 0) => 0,
        // Of the last eight bytes those that are left.
        (Some(end), left) => u64::from_le_bytes(*end) >> (64 - 8 * left),
        (None, left) => {
            let mut word = [0; 8];
            word[..left].copy_from_slice(rest);
            u64::from_le_bytes(word)
        }
    };
    fold_to_33(sum) + fold_to_33(last)
}

#[cfg(test)]
mod tests {
    extern crate std;

    use super::Sum;
    use crate::Protocol;
    use core::net::{Ipv4Addr, Ipv6Addr};
    use proptest::prelude::*;
    use std::vec::Vec;

    /// RFC 1071 §1 word for word: 16-bit words in network order, end-around carry.
    fn by_the_book(bytes: &[u8]) -> u16 {
        let mut sum = 0u16;
        for pair in bytes.chunks(2) {
            let word = u16::from_be_bytes([pair[0], *pair.get(1).unwrap_or(&0)]);
            let (added, carry) = sum.overflowing_add(word);
            sum = added + u16::from(carry);
        }
        sum
    }

    /// Bytes without a pattern, the same on every run.
    fn noise(len: usize) -> Vec<u8> {
        let mut state = 0x2545_f491u32;
        let step = |_| {
            state ^= state << 13;
            state ^= state >> 17;
            state ^= state << 5;
            (state >> 24) as u8
        };
        (0..len).map(step).collect()
    }

    #[test]
    fn the_example_of_rfc_1071_sums_to_ddf2() {
        // RFC 1071 §3.
        let bytes = [0x00, 0x01, 0xf2, 0x03, 0xf4, 0xf5, 0xf6, 0xf7];
        assert_eq!(Sum::of(&bytes).partial(), 0xddf2);
        assert_eq!(Sum::of(&bytes).checksum(), 0x220d);
    }

    #[test]
    fn every_length_at_every_alignment_agrees_with_the_book() {
        let bytes = noise(700);
        for start in 0..9 {
            for end in start..bytes.len() {
                let part = &bytes[start..end];
                assert_eq!(Sum::of(part).partial(), by_the_book(part), "{start}..{end}");
            }
        }
    }

    #[test]
    fn the_plain_form_agrees_with_the_one_for_this_processor() {
        let bytes = noise(5_000);
        for len in 0..bytes.len() {
            let (sum, rest) = super::add_most_plainly(&bytes[..len]);
            let plain = super::Sum { words: sum + super::add_rest(rest), odd: false };
            let (sum, rest) = super::add_most(&bytes[..len]);
            let dispatched = super::Sum { words: sum + super::add_rest(rest), odd: false };
            assert_eq!(plain.partial(), dispatched.partial(), "{len}");
        }
    }

    #[test]
    fn a_sum_in_three_chunks_of_any_length_is_the_sum_of_the_whole() {
        let bytes = noise(150);
        let whole = Sum::of(&bytes).partial();
        for a in 0..bytes.len() {
            for b in a..bytes.len() {
                let sum = Sum::of(&bytes[..a]).and(&bytes[a..b]).and(&bytes[b..]);
                assert_eq!(sum.partial(), whole, "cut at {a} and {b}");
            }
        }
    }

    #[test]
    fn all_ones_as_long_as_a_packet_can_be_lose_no_carry() {
        for len in [65_535, 65_534, (2 << 20) + 70] {
            let bytes = std::vec![0xff; len];
            assert_eq!(Sum::of(&bytes).partial(), by_the_book(&bytes));
        }
        assert_eq!(Sum::of(&[0; 64]).partial(), 0);
    }

    #[test]
    fn a_pseudo_header_sums_as_the_bytes_of_its_figure() {
        // RFC 9293 §3.1, figure 2: addresses, zero, protocol, length.
        let (src, dst) = (Ipv4Addr::new(192, 0, 2, 1), Ipv4Addr::new(198, 51, 100, 7));
        let figure = [192, 0, 2, 1, 198, 51, 100, 7, 0, 6, 0x12, 0x34];
        let sum = Sum::pseudo_header_v4(src, dst, Protocol::TCP, 0x1234);
        assert_eq!(sum.partial(), by_the_book(&figure));
        assert_eq!(
            Sum::pseudo_header(src.into(), dst.into(), Protocol::TCP, 0x1234).partial(),
            by_the_book(&figure)
        );
        // RFC 8200 §8.1: addresses, a length of 32 bits, three zeros, next header.
        let src: Ipv6Addr = "2001:db8:1:2:3:4:5:6".parse().unwrap();
        let dst: Ipv6Addr = "fe80::dead:beef".parse().unwrap();
        let mut figure = std::vec::Vec::new();
        figure.extend(src.octets());
        figure.extend(dst.octets());
        figure.extend([0, 1, 0x23, 0x45, 0, 0, 0, 58]);
        let sum = Sum::pseudo_header_v6(src, dst, Protocol::ICMPV6, 0x12345);
        assert_eq!(sum.partial(), by_the_book(&figure));
        assert_eq!(
            Sum::pseudo_header(src.into(), dst.into(), Protocol::ICMPV6, 0x12345).partial(),
            by_the_book(&figure)
        );
    }

    proptest! {
        #[test]
        fn any_bytes_in_any_chunks_agree_with_the_book(chunks: Vec<Vec<u8>>) {
            let sum = chunks.iter().fold(Sum::ZERO, |sum, chunk| sum.and(chunk));
            prop_assert_eq!(sum.partial(), by_the_book(&chunks.concat()));
        }

        #[test]
        fn a_filled_checksum_verifies_and_one_flipped_bit_does_not(
            mut bytes in proptest::collection::vec(any::<u8>(), 2..200), at: usize, bit in 0..8u8,
        ) {
            bytes[..2].fill(0);
            let checksum = Sum::of(&bytes).checksum();
            bytes[..2].copy_from_slice(&checksum.to_be_bytes());
            prop_assert!(Sum::of(&bytes).verifies() || bytes.iter().all(|b| *b == 0));
            let at = at % bytes.len();
            bytes[at] ^= 1 << bit;
            prop_assert!(!Sum::of(&bytes).verifies());
        }
    }
}
