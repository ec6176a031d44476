//! Which socket is bound to this address and port?
//!
//! For listeners and for UDP alike: an exact address comes before an unspecified one, and the
//! unspecified IPv6 address also takes IPv4 unless it is told not to (RFC 3493 §5.3). Two sockets
//! that could take the same packet cannot both be bound.

use crate::flow::Keyed;
use core::net::{IpAddr, SocketAddr};
use hashbrown::HashMap;
use smallvec::SmallVec;

/// Whether the unspecified IPv6 address also takes IPv4 (RFC 3493 §5.3, IPV6_V6ONLY).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum V6Binding {
    /// It does: the default, as on Linux.
    #[default]
    Dual,
    /// It does not.
    V6Only,
}

/// Who is bound where.
#[derive(Clone, Debug)]
pub(crate) struct Bindings {
    by_port: HashMap<u16, SmallVec<[Binding; 1]>, Keyed>,
}

#[derive(Clone, Copy, Debug)]
struct Binding {
    ip: IpAddr,
    v6: V6Binding,
    id: u32,
}

impl Binding {
    /// How well the binding suits packets to `ip`: 0 is best. `None`: not at all.
    fn takes(&self, ip: IpAddr) -> Option<u8> {
        match (self.ip, ip) {
            (own, ip) if own == ip => Some(0),
            (own, ip) if own.is_unspecified() && own.is_ipv4() == ip.is_ipv4() => Some(1),
            (IpAddr::V6(own), IpAddr::V4(_)) => {
                (own.is_unspecified() && self.v6 == V6Binding::Dual).then_some(2)
            }
            _ => None,
        }
    }

    fn overlaps(&self, other: &Binding) -> bool {
        self.takes(other.ip).is_some() || other.takes(self.ip).is_some()
    }
}

impl Bindings {
    pub(crate) fn new(keyed: Keyed) -> Self {
        Bindings { by_port: HashMap::with_hasher(keyed) }
    }

    /// The socket that takes packets to `to`.
    pub(crate) fn find(&self, to: SocketAddr) -> Option<u32> {
        let at_port = self.by_port.get(&to.port())?;
        let suiting = at_port.iter().filter_map(|b| Some((b.takes(to.ip())?, b.id)));
        suiting.min().map(|(_, id)| id)
    }

    /// Whether a socket could be bound to `at` without taking another's packets.
    pub(crate) fn is_free(&self, at: SocketAddr, v6: V6Binding) -> bool {
        let wanted = Binding { ip: at.ip(), v6, id: 0 };
        let at_port = self.by_port.get(&at.port());
        at_port.is_none_or(|bound| !bound.iter().any(|b| b.overlaps(&wanted)))
    }

    /// Whether any socket is bound to this port.
    pub(crate) fn holds_port(&self, port: u16) -> bool {
        self.by_port.contains_key(&port)
    }

    pub(crate) fn insert(&mut self, at: SocketAddr, v6: V6Binding, id: u32) {
        self.by_port.entry(at.port()).or_default().push(Binding { ip: at.ip(), v6, id });
    }

    pub(crate) fn remove(&mut self, at: SocketAddr, id: u32) {
        let Some(bound) = self.by_port.get_mut(&at.port()) else { return };
        bound.retain(|b| b.id != id);
        if bound.is_empty() {
            self.by_port.remove(&at.port());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Bindings, V6Binding};
    use crate::flow::Keyed;
    use core::net::SocketAddr;

    fn at(text: &str) -> SocketAddr {
        text.parse().unwrap()
    }

    #[test]
    fn an_exact_address_comes_before_an_unspecified_one() {
        let mut bindings = Bindings::new(Keyed([0; 16]));
        bindings.insert(at("[::]:80"), V6Binding::Dual, 1);
        bindings.insert(at("0.0.0.0:80"), V6Binding::Dual, 2);
        bindings.insert(at("10.0.0.1:80"), V6Binding::Dual, 3);
        assert_eq!(bindings.find(at("10.0.0.1:80")), Some(3));
        assert_eq!(bindings.find(at("10.0.0.2:80")), Some(2));
        assert_eq!(bindings.find(at("[fd00::1]:80")), Some(1));
        assert_eq!(bindings.find(at("10.0.0.1:81")), None);
        bindings.remove(at("0.0.0.0:80"), 2);
        assert_eq!(bindings.find(at("10.0.0.2:80")), Some(1));
    }

    #[test]
    fn the_unspecified_ipv6_address_takes_ipv4_unless_told_not_to() {
        let mut bindings = Bindings::new(Keyed([0; 16]));
        bindings.insert(at("[::]:80"), V6Binding::V6Only, 1);
        assert_eq!(bindings.find(at("10.0.0.1:80")), None);
        assert!(bindings.is_free(at("0.0.0.0:80"), V6Binding::Dual));
        bindings.insert(at("[::]:81"), V6Binding::Dual, 2);
        assert_eq!(bindings.find(at("10.0.0.1:81")), Some(2));
        assert!(!bindings.is_free(at("0.0.0.0:81"), V6Binding::Dual));
    }

    #[test]
    fn two_sockets_that_could_take_the_same_packet_cannot_both_be_bound() {
        let mut bindings = Bindings::new(Keyed([0; 16]));
        bindings.insert(at("10.0.0.1:80"), V6Binding::Dual, 1);
        let free = |text| bindings.is_free(at(text), V6Binding::Dual);
        for taken in ["10.0.0.1:80", "0.0.0.0:80", "[::]:80"] {
            assert!(!free(taken), "{taken}");
        }
        for other in ["10.0.0.2:80", "10.0.0.1:81", "[::1]:80"] {
            assert!(free(other), "{other}");
        }
    }
}
