//! Which way does a packet leave a router, and what does its sender hear if it cannot? (RFC 1812
//! §5, RFC 8200 §5)
//!
//! Forwards between links without stations (frames begin with the IP header): counts the time to
//! live down, and tells the sender of a packet that is too long or whose time is up. It has no
//! neighbours to ask for, no fragments to make and no limit to its errors but one for each packet.

use bytes::{Bytes, BytesMut};
use core::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use osier_ip::Cidr;
use osier_wire::checksum::Sum;
use osier_wire::{Protocol, icmpv4, icmpv6, ip, ipv4, ipv6};

/// Octets of a packet that an ICMP error quotes: a header and what TCP needs to know it by.
const QUOTED: usize = 128;

/// Internetwork control, as errors are marked (RFC 1812 §4.3.2.5).
const TOS: u8 = 0xc0;

/// A router.
#[derive(Clone, Debug, Default)]
pub(crate) struct Router {
    /// What each port is: the longest packet, and our addresses there.
    pub(crate) ports: Vec<Port>,
    routes: Vec<(Cidr, usize)>,
}

/// A port of a router.
#[derive(Clone, Debug)]
pub(crate) struct Port {
    pub(crate) mtu: usize,
    pub(crate) addresses: Vec<IpAddr>,
}

/// Why a packet goes no further.
enum Refusal {
    TooBig(usize),
    TimeExceeded,
}

impl Router {
    pub(crate) fn add_port(&mut self, mtu: usize) -> usize {
        self.ports.push(Port { mtu, addresses: Vec::new() });
        self.ports.len() - 1
    }

    /// Gives a port an address, and the network behind it.
    pub(crate) fn add_address(&mut self, port: usize, cidr: Cidr) {
        self.ports[port].addresses.push(cidr.address);
        self.add_route(cidr, port);
    }

    /// Packets for a network leave by this port; the longest prefix wins.
    pub(crate) fn add_route(&mut self, network: Cidr, port: usize) {
        self.routes.push((network, port));
        self.routes.sort_by_key(|(cidr, _)| std::cmp::Reverse(cidr.prefix_len));
    }

    /// A packet arrived on a port.
    pub(crate) fn on_frame(&self, port: usize, packet: &Bytes, out: &mut Vec<(usize, Bytes)>) {
        let Ok((header, _)) = ip::Header::parse(packet) else { return };
        let Some(way) = self.way(header.dst()) else { return };
        let refusal = if header.hop_limit() <= 1 {
            Refusal::TimeExceeded
        } else if packet.len() > self.ports[way].mtu {
            Refusal::TooBig(self.ports[way].mtu)
        } else {
            out.push((way, counted_down(packet)));
            return;
        };
        if let Some(error) = self.error(port, &header, packet, &refusal)
            && let Some(back) = self.way(header.src())
        {
            out.push((back, error));
        }
    }

    fn way(&self, dst: IpAddr) -> Option<usize> {
        self.routes.iter().find(|(cidr, _)| contains(cidr, dst)).map(|(_, port)| *port)
    }

    fn error(
        &self,
        port: usize,
        header: &ip::Header,
        packet: &Bytes,
        refusal: &Refusal,
    ) -> Option<Bytes> {
        let quoted = &packet[..packet.len().min(QUOTED)];
        let of_family = |address: &&IpAddr| address.is_ipv4() == header.src().is_ipv4();
        let from = *self.ports[port].addresses.iter().find(of_family)?;
        match (header, from) {
            (ip::Header::V4(header), IpAddr::V4(src)) if header.protocol != Protocol::ICMP => {
                let message = match refusal {
                    // Fragments are not made, so every packet counts as one that forbids them.
                    Refusal::TooBig(mtu) => icmpv4::Message::DestinationUnreachable {
                        code: icmpv4::unreachable::FRAGMENTATION_NEEDED,
                        next_hop_mtu: *mtu as u16,
                    },
                    Refusal::TimeExceeded => icmpv4::Message::TimeExceeded { code: 0 },
                };
                Some(packet_v4(src, header.src, &message, quoted))
            }
            (ip::Header::V6(header), IpAddr::V6(src)) if header.next_header != Protocol::ICMPV6 => {
                let message = match refusal {
                    Refusal::TooBig(mtu) => icmpv6::Message::PacketTooBig { mtu: *mtu as u32 },
                    Refusal::TimeExceeded => icmpv6::Message::TimeExceeded { code: 0 },
                };
                Some(packet_v6(src, header.src, &message, quoted))
            }
            _ => None,
        }
    }
}

/// An IPv4 packet with a message in it.
fn packet_v4(src: Ipv4Addr, dst: Ipv4Addr, message: &icmpv4::Message, quoted: &[u8]) -> Bytes {
    let header = ipv4::Header {
        src,
        dst,
        protocol: Protocol::ICMP,
        ttl: 64,
        tos: TOS,
        identification: 0,
        dont_fragment: false,
        more_fragments: false,
        fragment_offset: 0,
        payload_len: (message.len() + quoted.len()) as u16,
        options: ipv4::Options::NONE,
    };
    let mut octets = vec![0; message.len()];
    message.emit(&mut octets);
    octets.extend_from_slice(quoted);
    let sum = Sum::of(&octets).checksum();
    put(&mut octets, icmpv4::CHECKSUM_OFFSET, sum);
    packet(&ip::Header::V4(header), &octets)
}

/// An IPv6 packet with a message in it.
fn packet_v6(src: Ipv6Addr, dst: Ipv6Addr, message: &icmpv6::Message, quoted: &[u8]) -> Bytes {
    let len = message.len() + quoted.len();
    let header = ipv6::Header {
        src,
        dst,
        next_header: Protocol::ICMPV6,
        hop_limit: 64,
        traffic_class: 0,
        flow_label: 0,
        payload_len: len as u16,
    };
    let mut octets = vec![0; message.len()];
    message.emit(&mut octets);
    octets.extend_from_slice(quoted);
    let seed = Sum::pseudo_header_v6(src, dst, Protocol::ICMPV6, len);
    let sum = seed.and(&octets).checksum();
    put(&mut octets, icmpv6::CHECKSUM_OFFSET, sum);
    packet(&ip::Header::V6(header), &octets)
}

fn packet(header: &ip::Header, body: &[u8]) -> Bytes {
    let mut packet = vec![0; header.len()];
    header.emit(&mut packet);
    packet.extend_from_slice(body);
    packet.into()
}

/// The packet with one hop less to live.
fn counted_down(packet: &Bytes) -> Bytes {
    let mut packet = BytesMut::from(&packet[..]);
    if packet[0] >> 4 == 6 {
        packet[7] -= 1;
        return packet.freeze();
    }
    packet[8] -= 1;
    let len = usize::from(packet[0] & 0xf) * 4;
    put(&mut packet, 10, 0);
    let sum = Sum::of(&packet[..len]).checksum();
    put(&mut packet, 10, sum);
    packet.freeze()
}

fn put(octets: &mut [u8], at: usize, value: u16) {
    octets[at..at + 2].copy_from_slice(&value.to_be_bytes());
}

/// Whether an address lies in a network.
fn contains(network: &Cidr, address: IpAddr) -> bool {
    let bits = u32::from(network.prefix_len);
    match (network.address, address) {
        (IpAddr::V4(net), IpAddr::V4(address)) => {
            let differ = u32::from(net) ^ u32::from(address);
            bits == 0 || differ >> 32u32.saturating_sub(bits) == 0
        }
        (IpAddr::V6(net), IpAddr::V6(address)) => {
            let differ = u128::from(net) ^ u128::from(address);
            bits == 0 || differ >> 128u32.saturating_sub(bits) == 0
        }
        _ => false,
    }
}
