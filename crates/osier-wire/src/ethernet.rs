//! What does an Ethernet II frame look like? (RFC 894, RFC 2464)
//!
//! Addresses and the 14-byte header. VLAN tags and 802.3 length fields are not read: a frame that
//! has one shows an [`EtherType`] that nobody asks for.

use crate::Error;
use core::fmt;
use core::net::{Ipv4Addr, Ipv6Addr};
use zerocopy::big_endian::U16;
use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout, Unaligned};

/// Bytes of an Ethernet header.
pub const HEADER_LEN: usize = 14;

/// The header of an Ethernet II frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Header {
    /// Destination address.
    pub dst: MacAddr,
    /// Source address.
    pub src: MacAddr,
    /// What the frame carries.
    pub ethertype: EtherType,
}

impl Header {
    /// Reads the header; the payload is what follows the returned length.
    ///
    /// # Errors
    /// [`Error::Truncated`] below 14 bytes.
    #[inline]
    pub fn parse(bytes: &[u8]) -> Result<(Header, usize), Error> {
        let (wire, _) = Layout::ref_from_prefix(bytes).map_err(|_| Error::Truncated)?;
        let header = Header {
            dst: MacAddr(wire.dst),
            src: MacAddr(wire.src),
            ethertype: EtherType(wire.ethertype.get()),
        };
        Ok((header, HEADER_LEN))
    }

    /// Bytes that [`emit`](Header::emit) fills: 14.
    #[inline]
    #[allow(clippy::len_without_is_empty)]
    pub const fn len(&self) -> usize {
        HEADER_LEN
    }

    /// Writes the header.
    ///
    /// # Panics
    /// Where `out` is shorter than [`len`](Header::len).
    #[inline]
    pub fn emit(&self, out: &mut [u8]) {
        let wire =
            Layout { dst: self.dst.0, src: self.src.0, ethertype: U16::new(self.ethertype.0) };
        out[..HEADER_LEN].copy_from_slice(wire.as_bytes());
    }
}

/// The type field of an Ethernet header.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct EtherType(pub u16);

impl EtherType {
    /// IPv4 (RFC 894).
    pub const IPV4: EtherType = EtherType(0x0800);
    /// ARP (RFC 826).
    pub const ARP: EtherType = EtherType(0x0806);
    /// IPv6 (RFC 2464 §3).
    pub const IPV6: EtherType = EtherType(0x86dd);
}

/// An Ethernet address.
#[derive(Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MacAddr(pub [u8; 6]);

impl MacAddr {
    /// Everybody on the link.
    pub const BROADCAST: MacAddr = MacAddr([0xff; 6]);

    /// All zeros: no address, as in the target of an ARP request.
    pub const UNSPECIFIED: MacAddr = MacAddr([0; 6]);

    /// Whether this names a group; the broadcast address is one.
    #[inline]
    pub const fn is_multicast(self) -> bool {
        self.0[0] & 1 != 0
    }

    /// Whether this is [`MacAddr::BROADCAST`].
    #[inline]
    pub const fn is_broadcast(self) -> bool {
        matches!(self.0, [0xff, 0xff, 0xff, 0xff, 0xff, 0xff])
    }

    /// The group address that carries an IPv4 multicast group (RFC 1112 §6.4).
    pub const fn of_ipv4_group(group: Ipv4Addr) -> MacAddr {
        let [_, b, c, d] = group.octets();
        MacAddr([0x01, 0x00, 0x5e, b & 0x7f, c, d])
    }

    /// The group address that carries an IPv6 multicast group (RFC 2464 §7).
    pub const fn of_ipv6_group(group: Ipv6Addr) -> MacAddr {
        let [.., a, b, c, d] = group.octets();
        MacAddr([0x33, 0x33, a, b, c, d])
    }
}

impl fmt::Display for MacAddr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [a, b, c, d, e, g] = self.0;
        write!(f, "{a:02x}:{b:02x}:{c:02x}:{d:02x}:{e:02x}:{g:02x}")
    }
}

impl fmt::Debug for MacAddr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// The header as it lies on the wire.
#[derive(FromBytes, IntoBytes, Immutable, KnownLayout, Unaligned)]
#[repr(C)]
struct Layout {
    dst: [u8; 6],
    src: [u8; 6],
    ethertype: U16,
}

#[cfg(test)]
mod tests {
    extern crate std;

    use super::{EtherType, HEADER_LEN, Header, MacAddr};
    use crate::Error;
    use core::net::{Ipv4Addr, Ipv6Addr};
    use proptest::prelude::*;
    use std::string::ToString;
    use std::vec::Vec;

    #[test]
    fn a_broadcast_arp_frame_reads_as_one() {
        let bytes = [
            0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x02, 0x00, 0x5e, 0x10, 0x00, 0x01, 0x08, 0x06,
            0xaa,
        ];
        let (header, len) = Header::parse(&bytes).unwrap();
        assert!(header.dst.is_broadcast() && header.dst.is_multicast());
        assert!(!header.src.is_broadcast() && !header.src.is_multicast());
        assert_eq!(header.src.to_string(), "02:00:5e:10:00:01");
        assert_eq!(header.ethertype, EtherType::ARP);
        assert_eq!(len, 14);
        assert_eq!(Header::parse(&bytes[..13]), Err(Error::Truncated));
    }

    #[test]
    fn an_ip_group_maps_to_its_ethernet_group() {
        // RFC 1112 §6.4: the low 23 bits; RFC 2464 §7: the low 32.
        let v4 = MacAddr::of_ipv4_group(Ipv4Addr::new(239, 129, 2, 3));
        assert_eq!(v4.to_string(), "01:00:5e:01:02:03");
        let v6 = MacAddr::of_ipv6_group("ff02::1:ff28:9c5a".parse::<Ipv6Addr>().unwrap());
        assert_eq!(v6.to_string(), "33:33:ff:28:9c:5a");
    }

    proptest! {
        #[test]
        fn what_is_emitted_reads_back(dst: [u8; 6], src: [u8; 6], ethertype: u16) {
            let ethertype = EtherType(ethertype);
            let header = Header { dst: MacAddr(dst), src: MacAddr(src), ethertype };
            let mut out = [0; HEADER_LEN];
            header.emit(&mut out);
            prop_assert_eq!(Header::parse(&out), Ok((header, header.len())));
        }

        #[test]
        fn any_bytes_of_full_length_are_a_header_and_shorter_ones_are_not(bytes: Vec<u8>) {
            prop_assert_eq!(Header::parse(&bytes).is_ok(), bytes.len() >= HEADER_LEN);
        }
    }
}
