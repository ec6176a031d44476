//! Who has this IPv4 address on this Ethernet? (RFC 826)
//!
//! The packet for Ethernet and IPv4, the only pair in use. What to believe of it is osier-ip's
//! business.

use crate::Error;
use crate::ethernet::{EtherType, MacAddr};
use core::net::Ipv4Addr;
use zerocopy::big_endian::U16;
use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout, Unaligned};

/// Bytes of an ARP packet for Ethernet and IPv4.
pub const PACKET_LEN: usize = 28;

/// Hardware type "Ethernet" (RFC 826, ar$hrd).
const ETHERNET: u16 = 1;

/// An ARP packet for Ethernet and IPv4.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Packet {
    /// A question or an answer.
    pub operation: Operation,
    /// Ethernet address of who sends this packet.
    pub sender_mac: MacAddr,
    /// IPv4 address of who sends this packet; unspecified in a probe (RFC 5227 §1.1).
    pub sender_ip: Ipv4Addr,
    /// Ethernet address of who is asked; all zeros in a request.
    pub target_mac: MacAddr,
    /// IPv4 address that is asked for.
    pub target_ip: Ipv4Addr,
}

/// What an ARP packet does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operation {
    /// Asks who has the target address.
    Request,
    /// Says that the sender has its address.
    Reply,
}

impl Packet {
    /// Reads a packet; bytes past the returned length are link padding.
    ///
    /// # Errors
    /// [`Error::Truncated`] below 28 bytes; [`Error::Unsupported`] for another hardware, protocol
    /// or operation.
    pub fn parse(bytes: &[u8]) -> Result<(Packet, usize), Error> {
        let (wire, _) = Layout::ref_from_prefix(bytes).map_err(|_| Error::Truncated)?;
        let ours = wire.hardware == ETHERNET
            && wire.protocol == EtherType::IPV4.0
            && wire.hardware_len == 6
            && wire.protocol_len == 4;
        let operation = match (ours, wire.operation.get()) {
            (true, 1) => Operation::Request,
            (true, 2) => Operation::Reply,
            _ => return Err(Error::Unsupported),
        };
        let packet = Packet {
            operation,
            sender_mac: MacAddr(wire.sender_mac),
            sender_ip: wire.sender_ip.into(),
            target_mac: MacAddr(wire.target_mac),
            target_ip: wire.target_ip.into(),
        };
        Ok((packet, PACKET_LEN))
    }

    /// Bytes that [`emit`](Packet::emit) fills: 28.
    #[allow(clippy::len_without_is_empty)]
    pub const fn len(&self) -> usize {
        PACKET_LEN
    }

    /// Writes the packet.
    ///
    /// # Panics
    /// Where `out` is shorter than [`len`](Packet::len).
    pub fn emit(&self, out: &mut [u8]) {
        let operation = match self.operation {
            Operation::Request => 1,
            Operation::Reply => 2,
        };
        let wire = Layout {
            hardware: U16::new(ETHERNET),
            protocol: U16::new(EtherType::IPV4.0),
            hardware_len: 6,
            protocol_len: 4,
            operation: U16::new(operation),
            sender_mac: self.sender_mac.0,
            sender_ip: self.sender_ip.octets(),
            target_mac: self.target_mac.0,
            target_ip: self.target_ip.octets(),
        };
        out[..PACKET_LEN].copy_from_slice(wire.as_bytes());
    }
}

/// The packet as it lies on the wire.
#[derive(FromBytes, IntoBytes, Immutable, KnownLayout, Unaligned)]
#[repr(C)]
struct Layout {
    hardware: U16,
    protocol: U16,
    hardware_len: u8,
    protocol_len: u8,
    operation: U16,
    sender_mac: [u8; 6],
    sender_ip: [u8; 4],
    target_mac: [u8; 6],
    target_ip: [u8; 4],
}

#[cfg(test)]
mod tests {
    extern crate std;

    use super::{Operation, PACKET_LEN, Packet};
    use crate::{Error, MacAddr};
    use core::net::Ipv4Addr;
    use proptest::prelude::*;
    use std::vec::Vec;

    /// Who has 10.71.0.2? Tell 10.71.0.1, at 02:00:00:00:00:01; padded to an Ethernet minimum.
    const REQUEST: [u8; 46] = {
        let mut bytes = [0; 46];
        let head: [u8; 28] = [
            0, 1, 8, 0, 6, 4, 0, 1, 2, 0, 0, 0, 0, 1, 10, 71, 0, 1, 0, 0, 0, 0, 0, 0, 10, 71, 0, 2,
        ];
        let mut i = 0;
        while i < 28 {
            bytes[i] = head[i];
            i += 1;
        }
        bytes
    };

    #[test]
    fn a_padded_request_reads_without_its_padding() {
        let (packet, len) = Packet::parse(&REQUEST).unwrap();
        assert_eq!(packet.operation, Operation::Request);
        assert_eq!(packet.sender_mac, MacAddr([2, 0, 0, 0, 0, 1]));
        assert_eq!(packet.sender_ip, Ipv4Addr::new(10, 71, 0, 1));
        assert_eq!(packet.target_mac, MacAddr::UNSPECIFIED);
        assert_eq!(packet.target_ip, Ipv4Addr::new(10, 71, 0, 2));
        assert_eq!(len, PACKET_LEN);
        let mut out = [0xee; PACKET_LEN];
        packet.emit(&mut out);
        assert_eq!(out, REQUEST[..PACKET_LEN]);
    }

    #[test]
    fn another_hardware_protocol_length_or_operation_is_not_ours() {
        for (at, value) in [(1, 6), (2, 0x86), (4, 8), (5, 16), (7, 3), (7, 0), (6, 1)] {
            let mut bytes = REQUEST;
            bytes[at] = value;
            assert_eq!(Packet::parse(&bytes), Err(Error::Unsupported), "byte {at}");
        }
        assert_eq!(Packet::parse(&REQUEST[..27]), Err(Error::Truncated));
    }

    proptest! {
        #[test]
        fn what_is_emitted_reads_back(
            reply: bool, macs: [[u8; 6]; 2], sender_ip: Ipv4Addr, target_ip: Ipv4Addr,
        ) {
            let operation = if reply { Operation::Reply } else { Operation::Request };
            let [sender_mac, target_mac] = macs.map(MacAddr);
            let packet = Packet { operation, sender_mac, sender_ip, target_mac, target_ip };
            let mut out = [0; PACKET_LEN];
            packet.emit(&mut out);
            prop_assert_eq!(Packet::parse(&out), Ok((packet, packet.len())));
        }

        #[test]
        fn no_bytes_make_it_panic(bytes: Vec<u8>, start in 0..28usize) {
            let _ = Packet::parse(&bytes);
            let mut near = REQUEST;
            for (to, from) in near[start..].iter_mut().zip(&bytes) {
                *to = *from;
            }
            let _ = Packet::parse(&near);
        }
    }
}
