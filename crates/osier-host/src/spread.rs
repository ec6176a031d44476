//! How do numbers that nobody outside chooses find their place in a table?
//!
//! Ports that programs of the host are bound to: a peer may ask for any port, but none gets into
//! the table by that, so its hash needs no secret and may be a multiplication.
//! What a peer chooses is hashed with a key (`flow.rs`).

use core::hash::{BuildHasherDefault, Hasher};

/// Builds the hashes of a table.
pub(crate) type Spread = BuildHasherDefault<Multiply>;

/// 2^64 divided by the golden ratio, odd (Knuth, Sorting and Searching, §6.4): neighbours come to
/// lie far apart, and the lowest bits of two numbers differ where those of the hashes do.
const FACTOR: u64 = 0x9E37_79B9_7F4A_7C15;

/// One hash.
#[derive(Clone, Default)]
pub(crate) struct Multiply(u64);

impl Multiply {
    #[inline]
    fn add(&mut self, number: u64) {
        self.0 = (self.0 ^ number).wrapping_mul(FACTOR);
    }
}

impl Hasher for Multiply {
    fn write(&mut self, bytes: &[u8]) {
        bytes.iter().for_each(|byte| self.add(u64::from(*byte)));
    }

    #[inline]
    fn write_u16(&mut self, port: u16) {
        self.add(u64::from(port));
    }

    #[inline]
    fn write_u32(&mut self, id: u32) {
        self.add(u64::from(id));
    }

    #[inline]
    fn finish(&self) -> u64 {
        self.0
    }
}

#[cfg(test)]
mod tests {
    use super::Spread;
    use alloc::collections::BTreeSet;
    use core::hash::BuildHasher;

    #[test]
    fn no_two_ports_share_a_place_in_a_table_of_all_and_hardly_any_the_highest_bits() {
        let hash = |port: u16| Spread::default().hash_one(port);
        let places: BTreeSet<u16> = (0..=u16::MAX).map(|port| hash(port) as u16).collect();
        assert_eq!(places.len(), 1 << 16);
        let highest = |n: u16| (0..=u16::MAX).filter(|port| hash(*port) >> 57 == n.into()).count();
        assert!((0..128).map(highest).all(|alike| (400..=600).contains(&alike)));
    }
}
