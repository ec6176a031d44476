//! Which way leads to a destination? (RFC 1122 §3.3.1: longest prefix, then the gateway)
//!
//! A short list, longest prefix first. Whether a destination is one of our own addresses is asked
//! before, in `output.rs`.

use crate::packet::{Cidr, Route};
use alloc::vec::Vec;
use core::net::IpAddr;

/// The routes of a host.
#[derive(Clone, Debug, Default)]
pub(crate) struct Routes {
    /// Longest prefix first; of equal length, in the order they came.
    routes: Vec<Route>,
}

impl Routes {
    /// Adds a route; it replaces one to the same network over the same link.
    pub(crate) fn add(&mut self, route: Route) {
        let same = |r: &Route| r.link == route.link && r.network.same_network(&route.network);
        self.routes.retain(|r| !same(r));
        let shorter = |r: &Route| r.network.prefix_len < route.network.prefix_len;
        let at = self.routes.iter().position(shorter).unwrap_or(self.routes.len());
        self.routes.insert(at, route);
    }

    /// Removes what [`Routes::add`] added.
    pub(crate) fn remove(&mut self, route: &Route) {
        self.routes.retain(|r| r.link != route.link || !r.network.same_network(&route.network));
    }

    /// The route with the longest prefix that matches.
    #[inline]
    pub(crate) fn find(&self, dst: IpAddr) -> Option<&Route> {
        self.routes.iter().find(|route| route.network.contains(dst))
    }
}

impl Cidr {
    /// Whether `address` lies in this network.
    #[inline]
    pub fn contains(&self, address: IpAddr) -> bool {
        match (self.address, address) {
            (IpAddr::V4(network), IpAddr::V4(address)) => {
                let differ = network.to_bits() ^ address.to_bits();
                differ.checked_shr(32 - u32::from(self.prefix_len.min(32))).unwrap_or(0) == 0
            }
            (IpAddr::V6(network), IpAddr::V6(address)) => {
                let differ = network.to_bits() ^ address.to_bits();
                differ.checked_shr(128 - u32::from(self.prefix_len.min(128))).unwrap_or(0) == 0
            }
            (IpAddr::V4(_), IpAddr::V6(_)) | (IpAddr::V6(_), IpAddr::V4(_)) => false,
        }
    }

    /// Whether both name the same network, whatever their host bits.
    fn same_network(&self, other: &Cidr) -> bool {
        self.prefix_len == other.prefix_len && self.contains(other.address)
    }
}

#[cfg(test)]
mod tests {
    use super::Routes;
    use crate::packet::{Cidr, LinkId, Route};
    use core::net::IpAddr;

    fn route(network: &str, prefix_len: u8, link: u8) -> Route {
        let network = Cidr { address: ip(network), prefix_len };
        Route { network, gateway: None, link: LinkId(link) }
    }

    fn ip(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    #[test]
    fn the_longest_prefix_wins_in_whatever_order_routes_came() {
        let mut routes = Routes::default();
        routes.add(route("0.0.0.0", 0, 1));
        routes.add(route("10.1.2.0", 24, 3));
        routes.add(route("10.1.0.0", 16, 2));
        routes.add(route("::", 0, 4));
        let link = |dst: &str| routes.find(ip(dst)).map(|r| r.link.0);
        assert_eq!(link("10.1.2.3"), Some(3));
        assert_eq!(link("10.1.3.3"), Some(2));
        assert_eq!(link("192.0.2.1"), Some(1));
        assert_eq!(link("2001:db8::1"), Some(4));
    }

    #[test]
    fn without_a_route_there_is_none() {
        let mut routes = Routes::default();
        routes.add(route("10.1.2.0", 24, 3));
        assert_eq!(routes.find(ip("10.1.3.1")), None);
        assert_eq!(routes.find(ip("::ffff:10.1.2.1")), None);
    }

    #[test]
    fn a_second_route_to_the_same_network_replaces_the_first() {
        let mut routes = Routes::default();
        routes.add(route("10.1.2.0", 24, 3));
        routes.add(Route { gateway: Some(ip("10.9.9.9")), ..route("10.1.2.77", 24, 3) });
        assert_eq!(routes.find(ip("10.1.2.1")).unwrap().gateway, Some(ip("10.9.9.9")));
        assert_eq!(routes.routes.len(), 1);
    }

    #[test]
    fn a_prefix_may_be_as_long_as_the_address_or_empty() {
        let host = Cidr { address: ip("10.0.0.1"), prefix_len: 32 };
        assert!(host.contains(ip("10.0.0.1")) && !host.contains(ip("10.0.0.0")));
        let host = Cidr { address: ip("fd00::1"), prefix_len: 128 };
        assert!(host.contains(ip("fd00::1")) && !host.contains(ip("fd00::")));
        let all = Cidr { address: ip("::"), prefix_len: 0 };
        assert!(all.contains(ip("fd00::1")) && !all.contains(ip("10.0.0.1")));
    }
}
