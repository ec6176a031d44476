//! Which port does a socket get that asked for any? (RFC 6056)
//!
//! Algorithm 3 (§3.3.3): where the search starts is a keyed hash of the destination plus a counter,
//! so that ports to one destination follow each other, which keeps old ones unused for long, and
//! say nothing about ports to another. Whether a port is free is the caller's to say.

use crate::config::Keys;
use crate::secrets::{Key, Purpose, derive, hash};
use core::net::{IpAddr, SocketAddr};

/// Where the search for a free port goes on.
#[derive(Clone)]
pub(crate) struct Ports {
    key: Key,
    first: u16,
    count: u16,
    next: u32,
    /// The latest destination, and what it hashes to: the next is often the same.
    latest: Option<(IpAddr, SocketAddr, u64)>,
}

impl Ports {
    /// `range`: the first and the last ephemeral port.
    pub(crate) fn new(keys: &Keys, range: (u16, u16)) -> Self {
        let (first, last) = range;
        let key = derive(keys, Purpose::Ports);
        // RFC 6056 §3.3.3: the counter starts at random.
        let next = hash(&key, &[]) as u32;
        Ports {
            key,
            first,
            count: last.saturating_sub(first).saturating_add(1),
            next,
            latest: None,
        }
    }

    /// A free port for a connection from `local` to `remote`.
    pub(crate) fn towards(
        &mut self,
        local: IpAddr,
        remote: SocketAddr,
        is_free: impl FnMut(u16) -> bool,
    ) -> Option<u16> {
        let offset = match self.latest {
            Some((from, to, offset)) if (from, to) == (local, remote) => offset,
            Some(_) | None => {
                let offset = self.offset(local, remote)?;
                self.latest = Some((local, remote, offset));
                offset
            }
        };
        self.search(offset, is_free)
    }

    /// Where the search for a port to a destination starts; `None` where the versions differ.
    fn offset(&self, local: IpAddr, remote: SocketAddr) -> Option<u64> {
        let port = remote.port().to_be_bytes();
        match (local, remote.ip()) {
            (IpAddr::V4(local), IpAddr::V4(remote)) => {
                Some(hash(&self.key, &[&local.octets(), &remote.octets(), &port]))
            }
            (IpAddr::V6(local), IpAddr::V6(remote)) => {
                Some(hash(&self.key, &[&local.octets(), &remote.octets(), &port]))
            }
            _ => None,
        }
    }

    /// A free port for a socket without a destination.
    pub(crate) fn anywhere(&mut self, is_free: impl FnMut(u16) -> bool) -> Option<u16> {
        let offset = hash(&self.key, &[&self.next.to_le_bytes()]);
        self.search(offset, is_free)
    }

    fn search(&mut self, offset: u64, mut is_free: impl FnMut(u16) -> bool) -> Option<u16> {
        for _ in 0..self.count {
            let at = (offset as u32).wrapping_add(self.next) % u32::from(self.count);
            self.next = self.next.wrapping_add(1);
            let port = self.first + at as u16;
            if is_free(port) {
                return Some(port);
            }
        }
        None
    }
}

impl core::fmt::Debug for Ports {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "Ports({} from {})", self.count, self.first)
    }
}

#[cfg(test)]
mod tests {
    use super::Ports;
    use crate::config::Keys;
    use alloc::collections::BTreeSet;
    use core::net::{IpAddr, SocketAddr};

    const LOCAL: IpAddr = IpAddr::V4(core::net::Ipv4Addr::new(10, 0, 0, 1));

    fn remote(port: u16) -> SocketAddr {
        ([10, 0, 0, 2], port).into()
    }

    #[test]
    fn every_port_of_the_range_comes_before_any_comes_again() {
        let mut ports = Ports::new(&Keys::from_seed(1), (40_000, 40_099));
        let seen: BTreeSet<u16> =
            (0..100).filter_map(|_| ports.towards(LOCAL, remote(80), |_| true)).collect();
        assert_eq!(seen.len(), 100);
        assert!(seen.iter().all(|port| (40_000..=40_099).contains(port)));
    }

    #[test]
    fn a_port_in_use_is_passed_over_and_a_full_range_gives_none() {
        let mut ports = Ports::new(&Keys::from_seed(1), (40_000, 40_003));
        for _ in 0..10 {
            assert_eq!(ports.towards(LOCAL, remote(80), |port| port == 40_002), Some(40_002));
        }
        assert_eq!(ports.towards(LOCAL, remote(80), |_| false), None);
        assert_eq!(ports.anywhere(|_| false), None);
    }

    #[test]
    fn the_whole_range_and_a_range_of_one_work() {
        let mut all = Ports::new(&Keys::from_seed(1), (0, u16::MAX));
        assert!(all.anywhere(|_| true).is_some());
        let mut one = Ports::new(&Keys::from_seed(1), (u16::MAX, u16::MAX));
        assert_eq!(one.anywhere(|_| true), Some(u16::MAX));
    }

    #[test]
    fn ports_to_two_destinations_are_not_neighbours() {
        let mut ports = Ports::new(&Keys::from_seed(1), (32_768, 60_999));
        let one = ports.towards(LOCAL, remote(80), |_| true).unwrap();
        let other = ports.towards(LOCAL, remote(81), |_| true).unwrap();
        assert!(one.abs_diff(other) > 1, "{one} and {other}");
    }
}
