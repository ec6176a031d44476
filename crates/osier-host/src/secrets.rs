//! Which key does each use of a host's secret get?
//!
//! One secret, one derived key for each purpose, so that what one use lets a peer see (an ISN, a
//! port) says nothing about another. Derived with SipHash-2-4 from both halves of the secret.

use crate::config::Keys;
use core::hash::Hasher;
use siphasher::sip::SipHasher24;

/// A key of SipHash.
pub(crate) type Key = [u8; 16];

/// What a key is for.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Purpose {
    /// The flow table.
    Flows,
    /// Tables of listeners, UDP sockets and paths.
    Tables,
    /// Initial sequence numbers (RFC 6528).
    Isn,
    /// Timestamp offsets (RFC 7323 §5.4).
    Timestamps,
    /// Ephemeral ports (RFC 6056).
    Ports,
    /// The seed of the IP layer.
    Ip,
    /// SYN cookies (RFC 4987), unless a key is given.
    SynCookies,
    /// Fast Open cookies (RFC 7413).
    FastOpen,
}

/// The key for a purpose.
pub(crate) fn derive(keys: &Keys, purpose: Purpose) -> Key {
    let (first, second) = keys.secret.split_at(16);
    let mut first_half = [0; 16];
    first_half.copy_from_slice(first);
    let mut key = [0; 16];
    for (n, half) in key.chunks_exact_mut(8).enumerate() {
        let mut hasher = SipHasher24::new_with_key(&first_half);
        hasher.write(second);
        hasher.write(&[purpose as u8, n as u8]);
        half.copy_from_slice(&hasher.finish().to_le_bytes());
    }
    key
}

/// SipHash-2-4 of some bytes.
pub(crate) fn hash(key: &Key, parts: &[&[u8]]) -> u64 {
    let mut hasher = SipHasher24::new_with_key(key);
    if let [one] = parts {
        return hasher.hash(one);
    }
    for part in parts {
        hasher.write(part);
    }
    hasher.finish()
}

#[cfg(test)]
mod tests {
    use super::{Purpose, derive};
    use crate::config::Keys;

    #[test]
    fn each_purpose_has_a_key_of_its_own_and_both_halves_of_the_secret_count() {
        let keys = Keys::from_seed(1);
        let isn = derive(&keys, Purpose::Isn);
        assert_eq!(isn, derive(&keys, Purpose::Isn));
        assert_ne!(isn, derive(&keys, Purpose::Ports));
        for at in [0, 15, 16, 31] {
            let mut other = keys;
            other.secret[at] ^= 1;
            assert_ne!(isn, derive(&other, Purpose::Isn), "octet {at} counts");
        }
    }
}
