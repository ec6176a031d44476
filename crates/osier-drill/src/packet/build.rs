//! Which octets is this packet? (RFC 791, RFC 8200, RFC 9293 §3.1, RFC 768, RFC 792, RFC 4443)
//!
//! Numbers are those of the wire by now. Payload is zeros. Headers are written by osier-wire, but
//! for TCP options, which are written as the script has them.

use crate::ast::packet::{Body, Datagram, Icmp, IpFields, Packet, Quoted, Segment, Tos};
use crate::packet::icmp::{self, Version};
use crate::packet::options::{self, OPTIONS_MAX};
use osier_wire::checksum::Sum;
use osier_wire::{Protocol, SeqNumber, icmpv4, icmpv6, ip, ipv4, ipv6, tcp, udp};
use std::net::{IpAddr, SocketAddr};

/// TTL of packets whose script says nothing: the largest.
const TTL: u8 = 255;

/// Where a packet comes from and goes to, with the ports that it has unless the script says others.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ends {
    /// From here.
    pub src: SocketAddr,
    /// To there.
    pub dst: SocketAddr,
}

/// The octets of a packet. A message whose names its version of ICMP does not know is written as
/// type 0, code 0; `check` has refused it before.
pub fn build(packet: &Packet, ends: Ends) -> Vec<u8> {
    let (protocol, mut transport) = match &packet.body {
        Body::Tcp(segment) => (Protocol::TCP, tcp_octets(segment, ends)),
        Body::Udp(datagram) => (Protocol::UDP, udp_octets(*datagram, ends)),
        Body::Icmp(message) => icmp_octets(message, ends),
    };
    let header = ip_header(packet.ip, ends, protocol, transport.len());
    let pseudo = header.pseudo_header(protocol, transport.len());
    let (sum, offset) = match protocol {
        Protocol::TCP => (pseudo, tcp::CHECKSUM_OFFSET),
        Protocol::UDP => (pseudo, udp::CHECKSUM_OFFSET),
        // RFC 792 has no pseudo-header, RFC 4443 §2.3 has.
        Protocol::ICMP => (Sum::ZERO, icmpv4::CHECKSUM_OFFSET),
        _ => (pseudo, icmpv6::CHECKSUM_OFFSET),
    };
    let checksum = sum.and(&transport).checksum_udp();
    transport[offset..offset + 2].copy_from_slice(&checksum.to_be_bytes());
    let mut octets = vec![0; header.len()];
    header.emit(&mut octets);
    octets.extend_from_slice(&transport);
    octets
}

fn ip_header(fields: IpFields, ends: Ends, protocol: Protocol, len: usize) -> ip::Header {
    let tos = match fields.tos {
        Tos::Open | Tos::Ect01 => 0,
        Tos::Ecn(ecn) => ecn.mark(0),
        Tos::Octet(octet) => octet,
    };
    let hops = fields.ttl.unwrap_or(TTL);
    let payload_len = u16::try_from(len).unwrap_or(u16::MAX);
    match (ends.src.ip(), ends.dst.ip()) {
        (IpAddr::V6(src), IpAddr::V6(dst)) => ip::Header::V6(ipv6::Header {
            hop_limit: hops,
            traffic_class: tos,
            flow_label: fields.flow_label.unwrap_or(0),
            ..ipv6::Header::new(src, dst, protocol, payload_len)
        }),
        (src, dst) => ip::Header::V4(ipv4::Header {
            ttl: hops,
            tos,
            ..ipv4::Header::new(to_v4(src), to_v4(dst), protocol, payload_len)
        }),
    }
}

/// Ends are of one version: that a v4 address meets a v6 one does not happen.
fn to_v4(address: IpAddr) -> std::net::Ipv4Addr {
    match address {
        IpAddr::V4(address) => address,
        IpAddr::V6(address) => address.to_ipv4_mapped().unwrap_or(std::net::Ipv4Addr::UNSPECIFIED),
    }
}

fn ports(said: (u16, u16), ends: Ends) -> (u16, u16) {
    let or = |said: u16, own: u16| if said == 0 { own } else { said };
    (or(said.0, ends.src.port()), or(said.1, ends.dst.port()))
}

fn tcp_octets(segment: &Segment, ends: Ends) -> Vec<u8> {
    let (src_port, dst_port) = ports(segment.ports, ends);
    let header = tcp::Header {
        src_port,
        dst_port,
        seq: SeqNumber(segment.seq),
        ack: SeqNumber(segment.ack),
        flags: segment.flags,
        window: segment.window.unwrap_or(0),
        urgent: segment.urgent,
        options: tcp::Options::default(),
    };
    let mut options = options::write(segment.options.as_deref().unwrap_or(&[]));
    options.truncate(OPTIONS_MAX);
    let mut out = vec![0; tcp::HEADER_LEN];
    header.emit(&mut out);
    let words = (tcp::HEADER_LEN + options.len()) / 4;
    // RFC 9293 §3.1: the data offset is the high half of the thirteenth octet.
    out[12] = out[12] & 0x0f | (words as u8) << 4;
    out.extend_from_slice(&options[..words * 4 - tcp::HEADER_LEN]);
    out.resize(out.len() + usize::from(segment.len), 0);
    out
}

fn udp_octets(datagram: Datagram, ends: Ends) -> Vec<u8> {
    let (src_port, dst_port) = ports(datagram.ports, ends);
    let header = udp::Header { src_port, dst_port, payload_len: datagram.len };
    let mut out = vec![0; udp::HEADER_LEN + usize::from(datagram.len)];
    header.emit(&mut out);
    out
}

/// A message and what it quotes: a packet of ours, which went the other way.
fn icmp_octets(message: &Icmp, ends: Ends) -> (Protocol, Vec<u8>) {
    let (version, protocol) = match ends.dst.ip() {
        IpAddr::V4(_) => (Version::V4, Protocol::ICMP),
        IpAddr::V6(_) => (Version::V6, Protocol::ICMPV6),
    };
    let (kind, code) = icmp::numbers(version, message).unwrap_or((0, 0));
    let rest = match message.mtu {
        // RFC 1191 §4: the low half; RFC 4443 §3.2: all of it.
        Some(mtu) => mtu.to_be_bytes(),
        None => [(message.id >> 8) as u8, message.id as u8, 0, 0],
    };
    let mut out = vec![kind, code, 0, 0];
    out.extend(rest);
    match message.quoted {
        Quoted::Raw(len) => out.resize(usize::from(len).max(out.len()), 0),
        Quoted::Open => quote(&mut out, Protocol::TCP, (0, 0), ends),
        Quoted::Tcp { seq, len } => quote(&mut out, Protocol::TCP, (seq, len), ends),
        Quoted::Udp(len) => quote(&mut out, Protocol::UDP, (0, len), ends),
    }
    (protocol, out)
}

/// The IP header and the first eight octets of the transport header of a packet of ours (RFC 792).
fn quote(out: &mut Vec<u8>, protocol: Protocol, (seq, len): (u32, u16), ends: Ends) {
    let ours = Ends { src: ends.dst, dst: ends.src };
    let transport = match protocol {
        Protocol::TCP => tcp::HEADER_LEN,
        _ => udp::HEADER_LEN,
    };
    let header = ip_header(IpFields::default(), ours, protocol, transport + usize::from(len));
    let from = out.len();
    out.resize(from + header.len(), 0);
    header.emit(&mut out[from..]);
    out.extend(ours.src.port().to_be_bytes());
    out.extend(ours.dst.port().to_be_bytes());
    match protocol {
        Protocol::TCP => out.extend(seq.to_be_bytes()),
        _ => out.extend([(len >> 8) as u8, len as u8, 0, 0]),
    }
}
