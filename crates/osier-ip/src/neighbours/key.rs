//! How is a neighbour named? By its link and its address, in 17 bytes that hash at once.

use crate::packet::LinkId;
use core::hash::{Hash, Hasher};
use core::net::{IpAddr, Ipv6Addr};

/// A neighbour of ours.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Key {
    /// An IPv4 address in its mapped form (RFC 4291 §2.5.5.2), which no IPv6 neighbour has.
    address: [u8; 16],
    link: u8,
}

impl Key {
    /// The neighbour with this address on this link.
    #[inline]
    pub(crate) fn new(link: LinkId, address: IpAddr) -> Key {
        let address = match address {
            IpAddr::V4(v4) => v4.to_ipv6_mapped().octets(),
            IpAddr::V6(v6) => v6.octets(),
        };
        Key { address, link: link.0 }
    }

    /// Its address.
    pub(crate) fn address(&self) -> IpAddr {
        Ipv6Addr::from(self.address).to_canonical()
    }

    /// Its link.
    pub(crate) fn link(&self) -> LinkId {
        LinkId(self.link)
    }
}

impl Hash for Key {
    #[inline]
    fn hash<H: Hasher>(&self, state: &mut H) {
        state.write(&self.address);
        state.write_u8(self.link);
    }
}
