//! Which socket is bound to this address and port?
//!
//! For listeners and for UDP alike: an exact address comes before an unspecified one, and the
//! unspecified IPv6 address also takes IPv4 unless it is told not to (RFC 3493 §5.3). Two sockets
//! that could take the same packet cannot both be bound, unless both agree to share.

use crate::flow::{FlowKey, Keyed};
use crate::spread::Spread;
use core::hash::BuildHasher;
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

/// Whether a listener takes connections to the host's own addresses only.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Reach {
    /// To the host's own addresses.
    #[default]
    Own,
    /// To anybody's, where the host stands in for others ([`Host::set_claim`]).
    ///
    /// [`Host::set_claim`]: crate::Host::set_claim
    Everybody,
}

/// Whether several sockets may be bound to one address and port (SO_REUSEPORT).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Share {
    /// No.
    #[default]
    Alone,
    /// Yes, if all of them say so: each flow goes to one of them, by a hash of its name.
    WithOthers,
}

/// Who is bound where.
#[derive(Clone, Debug)]
pub(crate) struct Bindings {
    by_port: HashMap<u16, SmallVec<[Binding; 1]>, Spread>,
    keyed: Keyed,
}

/// The key of those who are bound to every port.
const EVERY_PORT: u16 = 0;

/// What a socket is to be bound to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Wanted {
    /// Port 0: every port.
    pub(crate) at: SocketAddr,
    pub(crate) v6: V6Binding,
    pub(crate) reach: Reach,
    pub(crate) share: Share,
}

impl Wanted {
    /// One address and port of our own, for one socket.
    pub(crate) const fn alone(at: SocketAddr, v6: V6Binding) -> Self {
        Wanted { at, v6, reach: Reach::Own, share: Share::Alone }
    }
}

#[derive(Clone, Copy, Debug)]
struct Binding {
    to: Wanted,
    id: u32,
}

impl Binding {
    /// How well the binding suits packets to `ip`: 0 is best. `None`: not at all.
    fn takes(&self, ip: IpAddr) -> Option<u8> {
        match (self.to.at.ip(), ip) {
            (own, ip) if own == ip => Some(0),
            (own, ip) if own.is_unspecified() && own.is_ipv4() == ip.is_ipv4() => Some(1),
            (IpAddr::V6(own), IpAddr::V4(_)) => {
                (own.is_unspecified() && self.to.v6 == V6Binding::Dual).then_some(2)
            }
            _ => None,
        }
    }

    fn conflicts(&self, other: &Binding) -> bool {
        let overlap =
            self.takes(other.to.at.ip()).is_some() || other.takes(self.to.at.ip()).is_some();
        let shared = self.to.share == Share::WithOthers && other.to.share == Share::WithOthers;
        overlap && !shared
    }
}

impl Bindings {
    pub(crate) fn new(keyed: Keyed) -> Self {
        Bindings { by_port: HashMap::default(), keyed }
    }

    /// The socket that takes packets to an address of ours.
    pub(crate) fn find(&self, to: SocketAddr) -> Option<u32> {
        let at_port = self.by_port.get(&to.port())?;
        let suiting = at_port.iter().filter_map(|b| Some((b.takes(to.ip())?, b.id)));
        suiting.min().map(|(_, id)| id)
    }

    /// The listener that takes a new flow; `reach` says whose address it is to. One that is bound
    /// to the port comes before one that is bound to every port.
    pub(crate) fn find_for(&self, key: &FlowKey, reach: Reach) -> Option<u32> {
        let to = key.local();
        let ports = [to.port(), EVERY_PORT];
        let mut lists = ports.into_iter().filter_map(|port| self.by_port.get(&port));
        lists.find_map(|bound| {
            let suits = |b: &Binding| match reach {
                Reach::Everybody if b.to.reach == Reach::Own => None,
                Reach::Everybody | Reach::Own => b.takes(to.ip()),
            };
            let best = bound.iter().filter_map(suits).min()?;
            let mut equals = bound.iter().filter(|b| suits(b) == Some(best));
            let count = equals.clone().count();
            let pick = if count > 1 { self.keyed.hash_one(key) as usize % count } else { 0 };
            equals.nth(pick).map(|b| b.id)
        })
    }

    /// Whether a socket could be bound so without taking another's packets.
    pub(crate) fn is_free(&self, to: Wanted) -> bool {
        let wanted = Binding { to, id: 0 };
        let at_port = self.by_port.get(&to.at.port());
        at_port.is_none_or(|bound| !bound.iter().any(|b| b.conflicts(&wanted)))
    }

    /// Whether any socket is bound to this port.
    pub(crate) fn holds_port(&self, port: u16) -> bool {
        self.by_port.contains_key(&port)
    }

    pub(crate) fn insert(&mut self, to: Wanted, id: u32) {
        self.by_port.entry(to.at.port()).or_default().push(Binding { to, id });
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
    use super::{Bindings, Reach, Share, V6Binding, Wanted};
    use crate::flow::{FlowKey, Keyed};
    use core::net::SocketAddr;

    fn at(text: &str) -> SocketAddr {
        text.parse().unwrap()
    }

    #[test]
    fn an_exact_address_comes_before_an_unspecified_one() {
        let mut bindings = Bindings::new(Keyed([0; 16]));
        bindings.insert(Wanted::alone(at("[::]:80"), V6Binding::Dual), 1);
        bindings.insert(Wanted::alone(at("0.0.0.0:80"), V6Binding::Dual), 2);
        bindings.insert(Wanted::alone(at("10.0.0.1:80"), V6Binding::Dual), 3);
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
        bindings.insert(Wanted::alone(at("[::]:80"), V6Binding::V6Only), 1);
        assert_eq!(bindings.find(at("10.0.0.1:80")), None);
        assert!(bindings.is_free(Wanted::alone(at("0.0.0.0:80"), V6Binding::Dual)));
        bindings.insert(Wanted::alone(at("[::]:81"), V6Binding::Dual), 2);
        assert_eq!(bindings.find(at("10.0.0.1:81")), Some(2));
        assert!(!bindings.is_free(Wanted::alone(at("0.0.0.0:81"), V6Binding::Dual)));
    }

    #[test]
    fn two_sockets_that_could_take_the_same_packet_cannot_both_be_bound() {
        let mut bindings = Bindings::new(Keyed([0; 16]));
        bindings.insert(Wanted::alone(at("10.0.0.1:80"), V6Binding::Dual), 1);
        let free = |text| bindings.is_free(Wanted::alone(at(text), V6Binding::Dual));
        for taken in ["10.0.0.1:80", "0.0.0.0:80", "[::]:80"] {
            assert!(!free(taken), "{taken}");
        }
        for other in ["10.0.0.2:80", "10.0.0.1:81", "[::1]:80"] {
            assert!(free(other), "{other}");
        }
    }

    fn flow(local: &str, remote: u32) -> FlowKey {
        let remote = SocketAddr::from((core::net::Ipv4Addr::from(remote), 4_000));
        FlowKey::new(at(local), remote).unwrap()
    }

    #[test]
    fn flows_are_spread_over_those_who_share_a_port_and_each_stays_with_its_own() {
        let mut bindings = Bindings::new(Keyed([0; 16]));
        let shared =
            Wanted { share: Share::WithOthers, ..Wanted::alone(at("0.0.0.0:80"), V6Binding::Dual) };
        assert!(bindings.is_free(shared));
        for id in 0..4 {
            assert!(bindings.is_free(shared));
            bindings.insert(shared, id);
        }
        assert!(!bindings.is_free(Wanted::alone(at("0.0.0.0:80"), V6Binding::Dual)));
        let mut counts = [0; 4];
        for n in 0..4_000 {
            let key = flow("10.0.0.1:80", n);
            let id = bindings.find_for(&key, Reach::Own).unwrap();
            assert_eq!(bindings.find_for(&key, Reach::Own), Some(id));
            counts[id as usize] += 1;
        }
        assert!(counts.iter().all(|count| (800..1_200).contains(count)), "{counts:?}");
    }

    #[test]
    fn whoever_is_bound_to_every_port_gets_what_nobody_else_takes() {
        let mut bindings = Bindings::new(Keyed([0; 16]));
        bindings.insert(Wanted::alone(at("0.0.0.0:80"), V6Binding::Dual), 1);
        let every =
            Wanted { reach: Reach::Everybody, ..Wanted::alone(at("[::]:0"), V6Binding::Dual) };
        bindings.insert(every, 2);
        let find = |local, reach| bindings.find_for(&flow(local, 9), reach);
        assert_eq!(find("10.0.0.1:80", Reach::Own), Some(1));
        assert_eq!(find("10.0.0.1:81", Reach::Own), Some(2));
        // To somebody else's address the first does not reach.
        assert_eq!(find("198.51.100.1:80", Reach::Everybody), Some(2));
        assert!(!bindings.is_free(Wanted { at: at("0.0.0.0:0"), ..every }));
    }
}
