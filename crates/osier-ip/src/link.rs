//! What is known of one link, and what does an Ethernet frame of ours start with?
//!
//! Its configuration, its Ethernet address, and the link-local address that follows from it
//! (RFC 4291 Appendix A). Which IP addresses it has is in `addresses.rs`.

use crate::packet::LinkConfig;
use core::net::{Ipv4Addr, Ipv6Addr};
use osier_wire::ethernet::{self, EtherType};
use osier_wire::link::Medium;
use osier_wire::{Frame, MacAddr};

/// A link of the host.
#[derive(Clone, Debug)]
pub(crate) struct Link {
    /// What the owner said of it.
    pub(crate) config: LinkConfig,
}

impl Link {
    /// Our address on it, where it is Ethernet.
    #[inline]
    pub(crate) fn mac(&self) -> Option<MacAddr> {
        match self.config.medium {
            Medium::Ethernet(mac) => Some(mac),
            Medium::Ip => None,
        }
    }

    /// The link-local IPv6 address that follows from our Ethernet address.
    pub(crate) fn link_local(&self) -> Option<Ipv6Addr> {
        // RFC 4291 Appendix A: ff:fe in the middle, the universal/local bit inverted.
        let MacAddr([a, b, c, d, e, f]) = self.mac()?;
        let word = |high: u8, low: u8| u16::from_be_bytes([high, low]);
        let interface = [word(a ^ 2, b), word(c, 0xff), word(0xfe, d), word(e, f)];
        let [g, h, i, j] = interface;
        Some(Ipv6Addr::new(0xfe80, 0, 0, 0, g, h, i, j))
    }
}

/// A frame with an Ethernet header and nothing else.
pub(crate) fn ethernet_frame(src: MacAddr, dst: MacAddr, ethertype: EtherType) -> Frame {
    let mut frame = Frame::default();
    let header = ethernet::Header { dst, src, ethertype };
    header.emit(frame.head.grow(ethernet::HEADER_LEN));
    frame
}

/// The Ethernet address of an IPv4 destination that is not one neighbour.
pub(crate) fn group_mac_v4(dst: Ipv4Addr) -> MacAddr {
    if dst.is_multicast() { MacAddr::of_ipv4_group(dst) } else { MacAddr::BROADCAST }
}

#[cfg(test)]
mod tests {
    use super::Link;
    use crate::packet::LinkConfig;
    use core::net::Ipv6Addr;
    use osier_wire::MacAddr;
    use osier_wire::link::{Medium, Offloads};

    #[test]
    fn the_link_local_address_follows_from_the_mac() {
        let medium = Medium::Ethernet(MacAddr([0x34, 0x56, 0x78, 0x9a, 0xbc, 0xde]));
        let offloads = Offloads::none(medium, 1500);
        let link = Link { config: LinkConfig { medium, mtu: 1500, offloads } };
        // The example of RFC 2464 §4.
        let expected: Ipv6Addr = "fe80::3656:78ff:fe9a:bcde".parse().unwrap();
        assert_eq!(link.link_local(), Some(expected));
    }
}
