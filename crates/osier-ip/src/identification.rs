//! Which identification does an IPv4 datagram get? (RFC 791 §3.2, RFC 6864, RFC 7739)
//!
//! Counters, chosen and offset by a keyed hash of the destination: one destination sees a counter
//! and can tell fragments apart, but nothing of what others are sent. No clock is involved.

use crate::hash::Keyed;
use alloc::vec::Vec;
use core::net::Ipv4Addr;

/// How many counters there are. Two destinations share one with a chance of 1 in this.
const COUNTERS: usize = 1024;

/// The counters of one host.
#[derive(Clone, Debug)]
pub(crate) struct Identification {
    hash: Keyed,
    counters: Vec<u16>,
    /// The destination asked for last, with its hash: packets come in trains.
    last: (Ipv4Addr, u64),
}

impl Identification {
    /// Counters that start anywhere.
    pub(crate) fn new(seed: u64) -> Self {
        let hash = Keyed::new(seed, b"identification");
        let counters = (0..COUNTERS as u64).map(|n| hash.of(&n.to_le_bytes()) as u16).collect();
        let nowhere = Ipv4Addr::UNSPECIFIED;
        Identification { hash, counters, last: (nowhere, hash.of(&nowhere.octets())) }
    }

    /// The first of `count` identifications for datagrams to `dst`.
    pub(crate) fn take(&mut self, dst: Ipv4Addr, count: u16) -> u16 {
        if self.last.0 != dst {
            self.last = (dst, self.hash.of(&dst.octets()));
        }
        let hash = self.last.1;
        let counter = &mut self.counters[hash as usize % COUNTERS];
        let offset = (hash >> 48) as u16;
        let first = counter.wrapping_add(offset);
        *counter = counter.wrapping_add(count);
        first
    }
}

#[cfg(test)]
mod tests {
    use super::Identification;
    use core::net::Ipv4Addr;

    #[test]
    fn one_destination_sees_a_counter_and_two_see_different_ones() {
        let mut ids = Identification::new(1);
        let (a, b) = (Ipv4Addr::new(10, 0, 0, 1), Ipv4Addr::new(10, 0, 0, 2));
        let first = ids.take(a, 1);
        let other = ids.take(b, 1);
        assert_eq!(ids.take(a, 3), first.wrapping_add(1));
        assert_eq!(ids.take(a, 1), first.wrapping_add(4));
        assert_ne!(other, first.wrapping_add(1));
    }

    #[test]
    fn another_seed_gives_another_start() {
        let dst = Ipv4Addr::new(10, 0, 0, 1);
        assert_ne!(Identification::new(1).take(dst, 1), Identification::new(2).take(dst, 1));
    }
}
