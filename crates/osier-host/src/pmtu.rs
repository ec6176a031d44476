//! How large a packet does the path to an address take? (RFC 1191 §6, RFC 8201 §5)
//!
//! What routers reported, for ten minutes each. The connection that a report quotes learns of it
//! at once; others towards the same address when they next send, by the epoch. A connection that
//! was told of a small path is not told when the report expires: it probes by itself (RFC 4821),
//! and what it finds is kept here for those to come.

use crate::flow::{FlowKey, Keyed};
use crate::links::packet_octets;
use crate::ready::Ready;
use crate::slots::Slots;
use core::net::IpAddr;
use hashbrown::HashMap;
use osier_tcp::PathMtuChange;
use osier_time::{Duration, Instant};

/// How long a report is believed (RFC 1191 §6.3: ten minutes).
const LIFETIME: Duration = Duration::from_secs(600);

/// Paths that are remembered at most; the oldest goes. Only small ones are, and few are.
const PATHS_MAX: usize = 1_024;

/// The cache.
#[derive(Clone, Debug)]
pub(crate) struct Paths {
    by_address: HashMap<IpAddr, u32, Keyed>,
    paths: Slots<Path>,
    /// The oldest report first.
    order: Ready,
    epoch: u32,
}

#[derive(Clone, Debug)]
struct Path {
    address: IpAddr,
    mtu: u32,
    until: Instant,
}

impl Paths {
    pub(crate) fn new(keyed: Keyed) -> Self {
        let by_address = HashMap::with_hasher(keyed);
        Paths { by_address, paths: Slots::new(), order: Ready::new(), epoch: 0 }
    }

    /// Changes with each report: who has seen this epoch has nothing to look up.
    #[inline]
    pub(crate) const fn epoch(&self) -> u32 {
        self.epoch
    }

    /// The largest packet that the path to `address` takes, where a report says.
    pub(crate) fn get(&self, now: Instant, address: IpAddr) -> Option<u32> {
        let path = self.paths.get(*self.by_address.get(&address)?)?;
        (now < path.until).then_some(path.mtu)
    }

    /// A router reports that the path to `address` takes at most `mtu` octets. A report of more
    /// than is known already is not believed.
    pub(crate) fn report(&mut self, now: Instant, address: IpAddr, mtu: u32) {
        if self.get(now, address).is_some_and(|known| known <= mtu) {
            return;
        }
        self.forget(address);
        if self.paths.len() >= PATHS_MAX
            && let Some(path) = self.order.front().and_then(|id| self.paths.get(id))
        {
            self.forget(path.address);
        }
        let id = self.paths.insert(Path { address, mtu, until: now + LIFETIME });
        self.by_address.insert(address, id);
        self.order.push_back(id);
        self.epoch = self.epoch.wrapping_add(1);
    }

    /// A connection sends segments of so many octets from now on, TCP header included. That a probe
    /// arrived is known for certain (RFC 4821 §5.2): a report of less is out of date.
    #[cold]
    pub(crate) fn learn(
        &mut self,
        now: Instant,
        key: &FlowKey,
        (octets, why): (u16, PathMtuChange),
    ) {
        let address = key.remote().ip();
        let mtu = packet_octets(key, octets);
        if why == PathMtuChange::Probed && self.get(now, address).is_some_and(|known| known < mtu) {
            self.forget(address);
            self.report(now, address, mtu);
        }
    }

    fn forget(&mut self, address: IpAddr) {
        if let Some(id) = self.by_address.remove(&address) {
            self.paths.remove(id);
            self.order.remove(id);
        }
    }

    pub(crate) fn len(&self) -> usize {
        self.paths.len()
    }
}

#[cfg(test)]
mod tests {
    use super::{LIFETIME, PATHS_MAX, Paths};
    use crate::flow::{FlowKey, Keyed};
    use core::net::{IpAddr, Ipv4Addr};
    use osier_tcp::PathMtuChange;
    use osier_time::{Duration, Instant};

    fn address(n: u32) -> IpAddr {
        IpAddr::V4(Ipv4Addr::from(0x0a00_0000 + n))
    }

    #[test]
    fn the_smallest_report_counts_until_it_expires() {
        let mut paths = Paths::new(Keyed([1; 16]));
        let now = Instant::from_secs(9);
        paths.report(now, address(1), 1_400);
        paths.report(now + Duration::from_secs(1), address(1), 1_450);
        assert_eq!(paths.get(now, address(1)), Some(1_400));
        let epoch = paths.epoch();
        paths.report(now, address(1), 1_300);
        assert_ne!(epoch, paths.epoch());
        assert_eq!(paths.get(now, address(1)), Some(1_300));
        assert_eq!(paths.get(now + LIFETIME, address(1)), None);
        paths.report(now + LIFETIME, address(1), 1_450);
        assert_eq!(paths.get(now + LIFETIME, address(1)), Some(1_450));
    }

    #[test]
    fn a_probe_that_arrived_refutes_a_report_and_nothing_else_does() {
        let mut paths = Paths::new(Keyed([1; 16]));
        let now = Instant::from_secs(9);
        let local = ([10, 0, 0, 9], 80).into();
        let key = FlowKey::new(local, (address(1), 80).into()).unwrap();
        paths.learn(now, &key, (1_280, PathMtuChange::Probed));
        assert_eq!(paths.get(now, address(1)), None, "nothing was reported");
        paths.report(now, address(1), 1_000);
        for why in [PathMtuChange::Reported, PathMtuChange::BlackHole] {
            paths.learn(now, &key, (1_280, why));
        }
        paths.learn(now, &key, (900, PathMtuChange::Probed));
        assert_eq!(paths.get(now, address(1)), Some(1_000));
        paths.learn(now, &key, (1_280, PathMtuChange::Probed));
        assert_eq!(paths.get(now, address(1)), Some(1_300));
    }

    #[test]
    fn no_number_of_reports_makes_the_cache_grow_beyond_its_bound() {
        let mut paths = Paths::new(Keyed([1; 16]));
        for n in 0..3 * PATHS_MAX as u32 {
            paths.report(Instant::ZERO, address(n), 1_400);
        }
        assert_eq!(paths.len(), PATHS_MAX);
        assert_eq!(paths.get(Instant::ZERO, address(0)), None);
        assert_eq!(paths.get(Instant::ZERO, address(3 * PATHS_MAX as u32 - 1)), Some(1_400));
    }
}
