//! To which connection does a segment belong? (RFC 9293 §3.3.1: a connection is a pair of sockets)
//!
//! One table for each version of IP, since there may be many entries and the short addresses need
//! not pay for the long ones. The hash is keyed (SipHash-1-3): a peer chooses addresses and ports
//! and could else choose them to collide. The zone of a link-local IPv6 address is not part of the
//! key. The table doubles when it is full; growing in steps is still to come.

use crate::secrets::Key;
use core::hash::{BuildHasher, Hash, Hasher};
use core::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use hashbrown::HashMap;
use siphasher::sip::SipHasher13;

/// Local address, remote address, local port, remote port of IPv4.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct V4([u8; 12]);

/// Local address, remote address, local port, remote port of IPv6.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct V6([u8; 36]);

/// The name of a connection: both its ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum FlowKey {
    V4(V4),
    V6(V6),
}

impl FlowKey {
    /// The name of the connection between these ends; `None` where their versions differ.
    #[inline]
    pub(crate) fn new(local: SocketAddr, remote: SocketAddr) -> Option<FlowKey> {
        let ports = (local.port().to_be_bytes(), remote.port().to_be_bytes());
        match (local.ip(), remote.ip()) {
            (IpAddr::V4(local), IpAddr::V4(remote)) => {
                let mut key = [0; 12];
                key[..4].copy_from_slice(&local.octets());
                key[4..8].copy_from_slice(&remote.octets());
                key[8..10].copy_from_slice(&ports.0);
                key[10..].copy_from_slice(&ports.1);
                Some(FlowKey::V4(V4(key)))
            }
            (IpAddr::V6(local), IpAddr::V6(remote)) => {
                let mut key = [0; 36];
                key[..16].copy_from_slice(&local.octets());
                key[16..32].copy_from_slice(&remote.octets());
                key[32..34].copy_from_slice(&ports.0);
                key[34..].copy_from_slice(&ports.1);
                Some(FlowKey::V6(V6(key)))
            }
            _ => None,
        }
    }

    /// Our end.
    pub(crate) fn local(&self) -> SocketAddr {
        self.ends().0
    }

    /// Their end.
    pub(crate) fn remote(&self) -> SocketAddr {
        self.ends().1
    }

    /// Our end and theirs.
    #[inline]
    pub(crate) fn ends(&self) -> (SocketAddr, SocketAddr) {
        match self {
            FlowKey::V4(V4([a, b, c, d, e, f, g, h, p, q, r, s])) => (
                SocketAddr::from((Ipv4Addr::new(*a, *b, *c, *d), u16::from_be_bytes([*p, *q]))),
                SocketAddr::from((Ipv4Addr::new(*e, *f, *g, *h), u16::from_be_bytes([*r, *s]))),
            ),
            FlowKey::V6(V6(key)) => {
                let address = |from: usize| {
                    let mut octets = [0; 16];
                    octets.copy_from_slice(&key[from..from + 16]);
                    Ipv6Addr::from(octets)
                };
                let port = |at: usize| u16::from_be_bytes([key[at], key[at + 1]]);
                let local = SocketAddr::from((address(0), port(32)));
                (local, SocketAddr::from((address(16), port(34))))
            }
        }
    }

    /// Both addresses as bytes, for a keyed hash.
    pub(crate) fn addresses(&self) -> &[u8] {
        match self {
            FlowKey::V4(V4(key)) => &key[..8],
            FlowKey::V6(V6(key)) => &key[..32],
        }
    }

    /// The name as bytes, for a keyed hash.
    pub(crate) const fn as_bytes(&self) -> &[u8] {
        match self {
            FlowKey::V4(V4(key)) => key,
            FlowKey::V6(V6(key)) => key,
        }
    }
}

impl Hash for V4 {
    #[inline]
    fn hash<H: Hasher>(&self, state: &mut H) {
        state.write(&self.0);
    }
}

impl Hash for V6 {
    #[inline]
    fn hash<H: Hasher>(&self, state: &mut H) {
        state.write(&self.0);
    }
}

/// Hashes with the host's own key.
#[derive(Clone, Copy)]
pub(crate) struct Keyed(pub(crate) Key);

impl BuildHasher for Keyed {
    type Hasher = SipHasher13;

    #[inline]
    fn build_hasher(&self) -> SipHasher13 {
        SipHasher13::new_with_key(&self.0)
    }
}

impl core::fmt::Debug for Keyed {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("Keyed(secret)")
    }
}

/// What a flow leads to: an id in one of three arenas.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Tenant {
    Connection(u32),
    HalfOpen(u32),
    TimeWait(u32),
}

/// A [`Tenant`] in four bytes: the kind in the lowest two bits.
#[derive(Clone, Copy, Debug)]
struct Packed(u32);

impl From<Tenant> for Packed {
    #[inline]
    fn from(tenant: Tenant) -> Self {
        match tenant {
            Tenant::Connection(id) => Packed(id << 2),
            Tenant::HalfOpen(id) => Packed(id << 2 | 1),
            Tenant::TimeWait(id) => Packed(id << 2 | 2),
        }
    }
}

impl From<Packed> for Tenant {
    #[inline]
    fn from(Packed(packed): Packed) -> Self {
        match packed & 0b11 {
            0 => Tenant::Connection(packed >> 2),
            1 => Tenant::HalfOpen(packed >> 2),
            _ => Tenant::TimeWait(packed >> 2),
        }
    }
}

/// The table.
#[derive(Clone, Debug)]
pub(crate) struct Flows {
    /// The flow that was found last: segments of one flow come in runs.
    last: Option<(FlowKey, Tenant)>,
    v4: HashMap<V4, Packed, Keyed>,
    v6: HashMap<V6, Packed, Keyed>,
}

impl Flows {
    pub(crate) fn new(key: Key) -> Self {
        let (v4, v6) = (HashMap::with_hasher(Keyed(key)), HashMap::with_hasher(Keyed(key)));
        Flows { last: None, v4, v6 }
    }

    /// Who holds a flow, and remembers the answer.
    #[inline]
    pub(crate) fn find(&mut self, key: &FlowKey) -> Option<Tenant> {
        if let Some((last, tenant)) = &self.last
            && last == key
        {
            return Some(*tenant);
        }
        let found = self.get(key)?;
        self.last = Some((*key, found));
        Some(found)
    }

    #[inline]
    pub(crate) fn get(&self, key: &FlowKey) -> Option<Tenant> {
        match key {
            FlowKey::V4(key) => self.v4.get(key).copied().map(Tenant::from),
            FlowKey::V6(key) => self.v6.get(key).copied().map(Tenant::from),
        }
    }

    /// Leads a flow to something, in the place of whatever it led to.
    pub(crate) fn insert(&mut self, key: FlowKey, tenant: Tenant) {
        self.last = None;
        match key {
            FlowKey::V4(key) => self.v4.insert(key, tenant.into()),
            FlowKey::V6(key) => self.v6.insert(key, tenant.into()),
        };
    }

    /// Forgets a flow that leads to `tenant`; one that leads elsewhere by now stays.
    pub(crate) fn remove(&mut self, key: &FlowKey, tenant: Tenant) {
        if self.get(key) != Some(tenant) {
            return;
        }
        self.last = None;
        match key {
            FlowKey::V4(key) => self.v4.remove(key),
            FlowKey::V6(key) => self.v6.remove(key),
        };
    }

    pub(crate) fn len(&self) -> usize {
        self.v4.len() + self.v6.len()
    }
}

#[cfg(test)]
mod tests {
    use super::{FlowKey, Flows, Tenant};
    use core::net::SocketAddr;

    fn key(local: &str, remote: &str) -> FlowKey {
        FlowKey::new(local.parse().unwrap(), remote.parse().unwrap()).unwrap()
    }

    #[test]
    fn a_key_gives_back_the_ends_it_was_made_of() {
        for (local, remote) in
            [("10.1.2.3:80", "192.0.2.200:40001"), ("[fd71::2]:443", "[2001:db8::9]:1")]
        {
            let ends = key(local, remote).ends();
            assert_eq!(ends, (local.parse().unwrap(), remote.parse().unwrap()));
        }
        let (v4, v6): (SocketAddr, SocketAddr) =
            ("1.2.3.4:5".parse().unwrap(), "[::1]:5".parse().unwrap());
        assert!(FlowKey::new(v4, v6).is_none());
    }

    #[test]
    fn a_flow_that_leads_elsewhere_by_now_is_not_forgotten() {
        let mut flows = Flows::new([7; 16]);
        let key = key("10.0.0.1:80", "10.0.0.2:999");
        flows.insert(key, Tenant::Connection(5));
        flows.insert(key, Tenant::TimeWait(9));
        flows.remove(&key, Tenant::Connection(5));
        assert_eq!(flows.find(&key), Some(Tenant::TimeWait(9)));
        assert_eq!(flows.find(&key), Some(Tenant::TimeWait(9)));
        flows.remove(&key, Tenant::TimeWait(9));
        assert_eq!(flows.find(&key), None);
        flows.insert(key, Tenant::HalfOpen(1));
        assert_eq!(flows.find(&key), Some(Tenant::HalfOpen(1)));
        flows.insert(key, Tenant::Connection(1));
        assert_eq!(flows.find(&key), Some(Tenant::Connection(1)));
        assert_eq!(flows.len(), 1);
    }

    #[test]
    fn an_entry_is_small() {
        assert!(size_of::<(super::V4, super::Packed)>() <= 16);
        assert!(size_of::<(super::V6, super::Packed)>() <= 40);
        assert!(size_of::<FlowKey>() <= 37);
    }
}
