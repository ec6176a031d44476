//! How are keys that a peer may choose hashed? With SipHash and a secret of this host.
//!
//! One key for tables, one derivation per purpose, all from the seed that the owner gives.

use core::hash::{BuildHasher, Hasher};
use siphasher::sip::SipHasher13;

/// A keyed hash: a peer that does not know the seed cannot make two keys collide.
#[derive(Clone, Copy)]
pub(crate) struct Keyed {
    secret: [u64; 2],
}

impl Keyed {
    /// The hash of this host for one purpose; different purposes are unrelated.
    pub(crate) fn new(seed: u64, purpose: &[u8]) -> Keyed {
        let derive = |lane: u64| {
            let mut hasher = SipHasher13::new_with_keys(seed, lane);
            hasher.write(purpose);
            hasher.finish()
        };
        Keyed { secret: [derive(0), derive(1)] }
    }

    /// The hash of these bytes.
    pub(crate) fn of(&self, bytes: &[u8]) -> u64 {
        let mut hasher = self.build_hasher();
        hasher.write(bytes);
        hasher.finish()
    }
}

impl BuildHasher for Keyed {
    type Hasher = SipHasher13;

    fn build_hasher(&self) -> SipHasher13 {
        SipHasher13::new_with_keys(self.secret[0], self.secret[1])
    }
}

impl core::fmt::Debug for Keyed {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("Keyed(secret)")
    }
}
