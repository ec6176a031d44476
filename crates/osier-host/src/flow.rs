//! To which connection does a segment belong? (RFC 9293 §3.3.1: a connection is a pair of sockets)
//!
//! One table of ids, which grows in steps (`steps.rs`). The hash is keyed (SipHash-1-3): a peer
//! chooses addresses and ports and could else choose them to collide. The zone of a link-local
//! IPv6 address is not part of the key. Where the names of flows are kept says [`Host::flow`].

use crate::connections::Connections;
use crate::half_open::Handshakes;
use crate::host::Host;
use crate::secrets::Key;
use crate::steps::StepTable;
use crate::time_wait::TimeWaits;
use core::hash::{BuildHasher, Hash, Hasher};
use core::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
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
        FlowKey::between((local.ip(), remote.ip()), (local.port(), remote.port()))
    }

    /// The name of the connection between these addresses, ours and theirs, and these ports.
    #[inline]
    pub(crate) fn between(addresses: (IpAddr, IpAddr), ports: (u16, u16)) -> Option<FlowKey> {
        let ports = u32::from(ports.0) << 16 | u32::from(ports.1);
        match addresses {
            (IpAddr::V4(local), IpAddr::V4(remote)) => {
                let mut key = [0; 12];
                key[..4].copy_from_slice(&local.octets());
                key[4..8].copy_from_slice(&remote.octets());
                key[8..].copy_from_slice(&ports.to_be_bytes());
                Some(FlowKey::V4(V4(key)))
            }
            (IpAddr::V6(local), IpAddr::V6(remote)) => {
                let mut key = [0; 36];
                key[..16].copy_from_slice(&local.octets());
                key[16..32].copy_from_slice(&remote.octets());
                key[32..].copy_from_slice(&ports.to_be_bytes());
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

    /// Our port and theirs.
    pub(crate) const fn ports(&self) -> (u16, u16) {
        match self {
            FlowKey::V4(V4([.., a, b, c, d])) | FlowKey::V6(V6([.., a, b, c, d])) => {
                (u16::from_be_bytes([*a, *b]), u16::from_be_bytes([*c, *d]))
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

    /// Whether both flows are between the same two addresses.
    #[inline]
    pub(crate) fn is_between_hosts_of(&self, other: &FlowKey) -> bool {
        match (self, other) {
            (FlowKey::V4(V4(one)), FlowKey::V4(V4(two))) => {
                one.first_chunk::<8>() == two.first_chunk()
            }
            (FlowKey::V6(V6(one)), FlowKey::V6(V6(two))) => {
                one.first_chunk::<32>() == two.first_chunk()
            }
            (FlowKey::V4(_), FlowKey::V6(_)) | (FlowKey::V6(_), FlowKey::V4(_)) => false,
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

impl Hash for FlowKey {
    #[inline]
    fn hash<H: Hasher>(&self, state: &mut H) {
        state.write(self.as_bytes());
    }
}

/// Hashes with the host's own key.
#[derive(Clone, Copy)]
pub(crate) struct Keyed(pub(crate) Key);

impl Keyed {
    /// Of a flow: the same as by way of [`Hash`], in one go.
    #[inline]
    fn of(&self, key: &FlowKey) -> u64 {
        SipHasher13::new_with_key(&self.0).hash(key.as_bytes())
    }
}

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

/// The table. It holds ids only; the names are kept once, by whom the ids lead to, and `key_of`
/// tells them.
#[derive(Clone, Debug)]
pub(crate) struct Flows {
    /// The flow that was asked for last: segments of one flow come in runs.
    last: Option<Last>,
    table: StepTable,
    keyed: Keyed,
}

/// A flow that was asked for, what its name hashes to, and whom it leads to, if to anybody.
#[derive(Clone, Debug)]
struct Last {
    key: FlowKey,
    hash: u64,
    tenant: Option<Tenant>,
}

impl Flows {
    pub(crate) const fn new(key: Key) -> Self {
        Flows { last: None, table: StepTable::new(), keyed: Keyed(key) }
    }

    /// Who holds a flow, and remembers the answer.
    #[inline(always)]
    pub(crate) fn find<'a>(
        &mut self,
        key: &FlowKey,
        key_of: impl Fn(Tenant) -> Option<&'a FlowKey>,
    ) -> Option<Tenant> {
        if let Some(Last { key: last, tenant: Some(tenant), .. }) = &self.last
            && *last == *key
        {
            return Some(*tenant);
        }
        let hash = self.hash(key);
        let tenant = self.look(hash, key, key_of);
        self.last = Some(Last { key: *key, hash, tenant });
        tenant
    }

    pub(crate) fn get<'a>(
        &self,
        key: &FlowKey,
        key_of: impl Fn(Tenant) -> Option<&'a FlowKey>,
    ) -> Option<Tenant> {
        self.look(self.hash(key), key, key_of)
    }

    fn look<'a>(
        &self,
        hash: u64,
        key: &FlowKey,
        key_of: impl Fn(Tenant) -> Option<&'a FlowKey>,
    ) -> Option<Tenant> {
        let is = |packed| key_of(Packed(packed).into()).is_some_and(|other| *other == *key);
        self.table.find(hash, is).map(|packed| Packed(packed).into())
    }

    #[inline(always)]
    fn hash(&self, key: &FlowKey) -> u64 {
        match &self.last {
            Some(last) if last.key == *key => last.hash,
            Some(_) | None => self.keyed.of(key),
        }
    }

    /// Leads a flow to something, in the place of whatever it led to.
    pub(crate) fn insert<'a>(
        &mut self,
        key: &FlowKey,
        tenant: Tenant,
        key_of: impl Fn(Tenant) -> Option<&'a FlowKey>,
    ) {
        let keyed = self.keyed;
        let hash_of = |packed| key_of(Packed(packed).into()).map(|key| keyed.of(key));
        let packed = Packed::from(tenant).0;
        if let Some(last) = self.last.as_mut().filter(|last| last.key == *key) {
            match last.tenant.replace(tenant) {
                Some(before) => self.table.replace(last.hash, Packed::from(before).0, packed),
                None => self.table.add(last.hash, packed, hash_of),
            }
            return;
        }
        let hash = self.keyed.of(key);
        self.last = Some(Last { key: *key, hash, tenant: Some(tenant) });
        match self.look(hash, key, &key_of) {
            Some(before) => self.table.replace(hash, Packed::from(before).0, packed),
            None => self.table.add(hash, packed, hash_of),
        }
    }

    /// Forgets a flow that leads to `tenant`; one that leads elsewhere by now stays.
    pub(crate) fn remove<'a>(
        &mut self,
        key: &FlowKey,
        tenant: Tenant,
        key_of: impl Fn(Tenant) -> Option<&'a FlowKey>,
    ) {
        let (hash, keyed) = (self.hash(key), self.keyed);
        let hash_of = |packed| key_of(Packed(packed).into()).map(|key| keyed.of(key));
        let taken = self.table.take(hash, Packed::from(tenant).0, hash_of);
        if taken && let Some(last) = self.last.as_mut().filter(|last| last.key == *key) {
            last.tenant = None;
        }
    }

    pub(crate) fn len(&self) -> usize {
        self.table.len()
    }

    /// Octets that are allocated.
    pub(crate) fn octets(&self) -> usize {
        self.table.octets()
    }
}

impl Host {
    /// Who holds a flow, and remembers the answer.
    #[inline(always)]
    pub(crate) fn find_flow(&mut self, key: &FlowKey) -> Option<Tenant> {
        let Host { flows, connections, handshakes, time_waits, .. } = self;
        flows.find(key, |tenant| name_of(connections, handshakes, time_waits, tenant))
    }

    /// Who holds a flow.
    pub(crate) fn flow(&self, key: &FlowKey) -> Option<Tenant> {
        let Host { flows, connections, handshakes, time_waits, .. } = self;
        flows.get(key, |tenant| name_of(connections, handshakes, time_waits, tenant))
    }

    /// Leads a flow to something that knows its name, in the place of whatever it led to.
    pub(crate) fn lead_flow(&mut self, key: &FlowKey, tenant: Tenant) {
        let Host { flows, connections, handshakes, time_waits, .. } = self;
        flows.insert(key, tenant, |tenant| name_of(connections, handshakes, time_waits, tenant));
    }

    /// Forgets a flow that leads to `tenant`; one that leads elsewhere by now stays.
    pub(crate) fn forget_flow(&mut self, key: &FlowKey, tenant: Tenant) {
        let Host { flows, connections, handshakes, time_waits, .. } = self;
        flows.remove(key, tenant, |tenant| name_of(connections, handshakes, time_waits, tenant));
    }
}

/// The name of the flow that leads to a tenant.
#[inline]
fn name_of<'a>(
    connections: &'a Connections,
    handshakes: &'a Handshakes,
    time_waits: &'a TimeWaits,
    tenant: Tenant,
) -> Option<&'a FlowKey> {
    match tenant {
        Tenant::Connection(id) => connections.sockets.get(id).map(|socket| &socket.key),
        Tenant::HalfOpen(id) => handshakes.entries.get(id).map(|handshake| &handshake.key),
        Tenant::TimeWait(id) => time_waits.entries.get(id).map(|entry| &entry.key),
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
        let key_of = |_| Some(&key);
        flows.insert(&key, Tenant::Connection(5), key_of);
        flows.insert(&key, Tenant::TimeWait(9), key_of);
        flows.remove(&key, Tenant::Connection(5), key_of);
        assert_eq!(flows.find(&key, key_of), Some(Tenant::TimeWait(9)));
        assert_eq!(flows.find(&key, key_of), Some(Tenant::TimeWait(9)));
        flows.remove(&key, Tenant::TimeWait(9), key_of);
        assert_eq!(flows.find(&key, key_of), None);
        flows.insert(&key, Tenant::HalfOpen(1), key_of);
        assert_eq!(flows.find(&key, key_of), Some(Tenant::HalfOpen(1)));
        flows.insert(&key, Tenant::Connection(1), key_of);
        assert_eq!(flows.find(&key, key_of), Some(Tenant::Connection(1)));
        assert_eq!(flows.len(), 1);
    }
}
