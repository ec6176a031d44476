//! Which addresses are ours, and what kind of address is that? (RFC 1122 §3.2.1.3, RFC 4291 §2)
//!
//! The static addresses of all links. The weak host model, as on Linux: an address of ours is ours
//! on whatever link a packet for it arrives; ARP and neighbour discovery answer for it on its own
//! link only. Routes are elsewhere.

use crate::packet::{Cidr, LinkId};
use alloc::vec::Vec;
use core::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use osier_time::Instant;
use osier_wire::icmpv6::solicited_node;

/// One of our addresses.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Own {
    /// The link that it belongs to.
    pub(crate) link: LinkId,
    /// The address and its network.
    pub(crate) cidr: Cidr,
    /// When we last told a rival that it is ours (RFC 5227 §2.4).
    pub(crate) defended: Option<Instant>,
}

/// All addresses of a host: a few, so they lie in a list.
#[derive(Clone, Debug, Default)]
pub(crate) struct Addresses {
    own: Vec<Own>,
    /// Whom we stand in for.
    pub(crate) claim: Claim,
}

/// For whom a host takes packets, and as whom it sends, besides itself.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Claim {
    /// For nobody.
    #[default]
    Nothing,
    /// For every single host: a gateway that ends the connections of others (Linux:
    /// `IP_TRANSPARENT`, and a route that leads them here). Echo requests to others are not
    /// answered, and errors about their packets are not sent.
    Everybody,
}

/// What a destination is to us.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Audience {
    /// Us alone.
    Unicast,
    /// A broadcast address or a group that we belong to.
    Group,
    /// Somebody for whom we stand in.
    Claimed,
    /// Others.
    Others,
}

impl Addresses {
    /// Adds one; says whether it is new.
    pub(crate) fn add(&mut self, link: LinkId, cidr: Cidr) {
        self.remove(link, cidr.address);
        self.own.push(Own { link, cidr, defended: None });
    }

    /// Removes one, and returns it with its network.
    pub(crate) fn remove(&mut self, link: LinkId, address: IpAddr) -> Option<Own> {
        let at = self.own.iter().position(|o| o.link == link && o.cidr.address == address)?;
        Some(self.own.remove(at))
    }

    /// All of them.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &Own> {
        self.own.iter()
    }

    /// The entry of an address of ours.
    #[inline]
    pub(crate) fn find(&self, address: IpAddr) -> Option<&Own> {
        self.own.iter().find(|own| own.cidr.address == address)
    }

    /// The entry of an address of ours on this link.
    pub(crate) fn on_link(&mut self, link: LinkId, address: IpAddr) -> Option<&mut Own> {
        self.own.iter_mut().find(|own| own.link == link && own.cidr.address == address)
    }

    /// Whether the address is one of ours. Of 127.0.0.0/8 all are, once one is.
    #[inline]
    pub(crate) fn is_ours(&self, address: IpAddr) -> bool {
        self.find(address).is_some()
            || (matches!(address, IpAddr::V4(v4) if v4.is_loopback())
                && self
                    .own
                    .iter()
                    .any(|own| own.cidr.address.is_loopback() && own.cidr.address.is_ipv4()))
    }

    /// Whether a host with this address would be a neighbour on the link.
    pub(crate) fn is_neighbour(&self, link: LinkId, address: IpAddr) -> bool {
        self.own.iter().any(|own| own.link == link && own.cidr.contains(address))
    }

    /// The link whose directed broadcast address this is.
    pub(crate) fn broadcast_link(&self, address: Ipv4Addr) -> Option<LinkId> {
        let is_its = |own: &&Own| match own.cidr.address {
            // RFC 3021: a network of 31 bits has no broadcast address.
            IpAddr::V4(ours) if own.cidr.prefix_len <= 30 && !ours.is_loopback() => {
                ours.to_bits() | (u32::MAX >> own.cidr.prefix_len) == address.to_bits()
            }
            IpAddr::V4(_) | IpAddr::V6(_) => false,
        };
        self.own.iter().find(is_its).map(|own| own.link)
    }

    /// For whom a packet to this IPv4 address is.
    #[inline]
    pub(crate) fn audience_v4(&self, dst: Ipv4Addr) -> Audience {
        if self.is_ours(IpAddr::V4(dst)) {
            Audience::Unicast
        } else if dst.is_broadcast() || dst == ALL_SYSTEMS || self.broadcast_link(dst).is_some() {
            Audience::Group
        } else {
            self.audience_elsewhere(IpAddr::V4(dst))
        }
    }

    /// For whom a packet to this IPv6 address is that came in on `link`.
    #[inline]
    pub(crate) fn audience_v6(&self, link: LinkId, dst: Ipv6Addr) -> Audience {
        if !dst.is_multicast() {
            return match self.find(IpAddr::V6(dst)) {
                Some(_) => Audience::Unicast,
                None => self.audience_elsewhere(IpAddr::V6(dst)),
            };
        }
        // RFC 4291 §2.8: all nodes, and the solicited-node group of each address.
        let asked = |own: &Own| match own.cidr.address {
            IpAddr::V6(ours) => own.link == link && solicited_node(ours) == dst,
            IpAddr::V4(_) => false,
        };
        let ours = dst == ALL_NODES || dst == ALL_NODES_HERE || self.own.iter().any(asked);
        if ours { Audience::Group } else { Audience::Others }
    }

    fn audience_elsewhere(&self, dst: IpAddr) -> Audience {
        match self.claim {
            Claim::Everybody if !is_no_source(dst) => Audience::Claimed,
            Claim::Everybody | Claim::Nothing => Audience::Others,
        }
    }

    /// Whether packets may be sent from this address.
    pub(crate) fn may_speak_as(&self, src: IpAddr) -> bool {
        self.is_ours(src) || (self.claim == Claim::Everybody && !is_no_source(src))
    }

    /// The best source on `link` towards a next hop (RFC 6724 §5, rules 2 and 8 only).
    pub(crate) fn source_on(&self, link: LinkId, towards: IpAddr) -> Option<IpAddr> {
        let candidates = self.own.iter().filter(|own| own.link == link);
        best_source(candidates, towards)
    }

    /// The best source on any link but the loopback.
    pub(crate) fn source_anywhere(&self, towards: IpAddr) -> Option<IpAddr> {
        best_source(self.own.iter().filter(|own| !own.cidr.address.is_loopback()), towards)
    }

    /// The first link but the loopback that has an address of this version.
    pub(crate) fn first_link(&self, like: IpAddr) -> Option<LinkId> {
        let of_version = |own: &&Own| {
            own.cidr.address.is_ipv4() == like.is_ipv4() && !own.cidr.address.is_loopback()
        };
        self.own.iter().find(of_version).map(|own| own.link)
    }
}

fn best_source<'a>(own: impl Iterator<Item = &'a Own>, towards: IpAddr) -> Option<IpAddr> {
    let narrow = is_link_local(towards);
    let candidates = own.filter(|own| own.cidr.address.is_ipv4() == towards.is_ipv4());
    // `max_by_key` takes the last of equals; the first address of a link is to win.
    let rank = |own: &Own| {
        let same_scope = is_link_local(own.cidr.address) == narrow;
        (same_scope, own.cidr.contains(towards))
    };
    let mut best: Option<&Own> = None;
    for own in candidates {
        if best.is_none_or(|best| rank(own) > rank(best)) {
            best = Some(own);
        }
    }
    best.map(|own| own.cidr.address)
}

/// All systems on this subnet: the one IPv4 group that every host belongs to (RFC 1112 §4).
const ALL_SYSTEMS: Ipv4Addr = Ipv4Addr::new(224, 0, 0, 1);

/// All nodes on this link (RFC 4291 §2.7.1).
pub(crate) const ALL_NODES: Ipv6Addr = Ipv6Addr::new(0xff02, 0, 0, 0, 0, 0, 0, 1);

/// All nodes on this interface (RFC 4291 §2.7.1).
const ALL_NODES_HERE: Ipv6Addr = Ipv6Addr::new(0xff01, 0, 0, 0, 0, 0, 0, 1);

/// Whether the address is good on its own link only, where IPv6 lets a route not decide.
#[inline]
pub(crate) fn is_link_local(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(_) => false,
        IpAddr::V6(v6) => v6.is_unicast_link_local(),
    }
}

/// Whether nobody may be the sender of a packet with this source: RFC 1122 §3.2.1.3 for IPv4,
/// RFC 4291 §2.5.2, §2.5.3 and §2.7 for IPv6. Whether it is one of ours is another question.
#[inline]
pub(crate) fn is_no_source(src: IpAddr) -> bool {
    match src {
        IpAddr::V4(v4) => {
            let first = v4.octets()[0];
            // 0/8 this network, 127/8 loopback, 224/4 multicast, 240/4 reserved and broadcast.
            first == 0 || first == 127 || first >= 224
        }
        IpAddr::V6(v6) => {
            v6.is_multicast()
                || v6.is_unspecified()
                || v6.is_loopback()
                || v6.to_ipv4_mapped().is_some()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Addresses, Audience, is_no_source};
    use crate::packet::{Cidr, LinkId};
    use core::net::IpAddr;

    fn ip(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    fn host() -> Addresses {
        let mut addresses = Addresses::default();
        for (link, address, prefix_len) in [
            (0, "127.0.0.1", 8),
            (0, "::1", 128),
            (1, "fe80::5", 64),
            (1, "10.0.0.5", 24),
            (1, "fd00::5", 64),
            (2, "10.0.1.5", 31),
        ] {
            addresses.add(LinkId(link), Cidr { address: ip(address), prefix_len });
        }
        addresses
    }

    #[test]
    fn every_address_of_the_loopback_network_is_ours() {
        assert!(host().is_ours(ip("127.9.9.9")));
        assert!(!host().is_ours(ip("10.0.0.6")));
        assert!(!Addresses::default().is_ours(ip("127.0.0.1")));
    }

    #[test]
    fn a_directed_broadcast_belongs_to_its_link_and_31_bits_have_none() {
        assert_eq!(host().broadcast_link("10.0.0.255".parse().unwrap()), Some(LinkId(1)));
        assert_eq!(host().broadcast_link("10.0.1.5".parse().unwrap()), None);
        assert_eq!(host().broadcast_link("127.255.255.255".parse().unwrap()), None);
    }

    #[test]
    fn a_group_is_ours_only_if_an_address_of_the_link_is_in_it() {
        let of = |dst: &str| host().audience_v6(LinkId(1), dst.parse().unwrap());
        assert_eq!(of("ff02::1"), Audience::Group);
        assert_eq!(of("ff02::1:ff00:5"), Audience::Group);
        assert_eq!(of("ff02::1:ff00:6"), Audience::Others);
        assert_eq!(of("fd00::5"), Audience::Unicast);
        let elsewhere = host().audience_v6(LinkId(2), "ff02::1:ff00:5".parse().unwrap());
        assert_eq!(elsewhere, Audience::Others);
    }

    #[test]
    fn a_source_has_the_scope_of_its_destination() {
        let source = |dst: &str| host().source_on(LinkId(1), ip(dst));
        assert_eq!(source("fe80::9"), Some(ip("fe80::5")));
        assert_eq!(source("fd00::9"), Some(ip("fd00::5")));
        assert_eq!(source("2001:db8::9"), Some(ip("fd00::5")));
        assert_eq!(source("192.0.2.9"), Some(ip("10.0.0.5")));
    }

    #[test]
    fn no_packet_may_come_from_a_group_or_from_nowhere() {
        for src in ["0.0.0.0", "0.1.2.3", "127.0.0.1", "224.0.0.1", "240.0.0.1", "255.255.255.255"]
        {
            assert!(is_no_source(ip(src)), "{src}");
        }
        for src in ["::", "::1", "ff02::1", "::ffff:10.0.0.1"] {
            assert!(is_no_source(ip(src)), "{src}");
        }
        for src in ["10.0.0.1", "223.255.255.255", "fe80::1", "2001:db8::1"] {
            assert!(!is_no_source(ip(src)), "{src}");
        }
    }

    #[test]
    fn who_stands_in_for_everybody_takes_what_is_for_a_single_host_and_sends_as_one() {
        let mut host = host();
        assert!(!host.may_speak_as(ip("198.51.100.7")));
        host.claim = super::Claim::Everybody;
        for single in ["198.51.100.7", "2001:db8::7"] {
            let audience = match ip(single) {
                IpAddr::V4(v4) => host.audience_v4(v4),
                IpAddr::V6(v6) => host.audience_v6(LinkId(1), v6),
            };
            assert_eq!(audience, Audience::Claimed, "{single}");
            assert!(host.may_speak_as(ip(single)), "{single}");
        }
        for nobody in ["0.0.0.0", "127.0.0.1", "224.0.0.251", "255.255.255.255", "240.0.0.1"] {
            let IpAddr::V4(v4) = ip(nobody) else { panic!("IPv4") };
            assert_ne!(host.audience_v4(v4), Audience::Claimed, "{nobody}");
        }
        assert!(!host.may_speak_as(ip("224.0.0.251")));
    }
}
