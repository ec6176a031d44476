//! What does a packet say that the stack has sent?
//!
//! The same types as a script's, with everything said, in the numbers of the wire.

use crate::ast::Word;
use crate::ast::packet::{Body, Datagram, Direction, Icmp, IpFields, Packet, Quoted, Segment, Tos};
use crate::packet::build::Ends;
use crate::packet::options;
use crate::span::Span;
use osier_wire::checksum::Sum;
use osier_wire::{Protocol, icmpv4, icmpv6, ip, tcp, udp};
use std::net::SocketAddr;

/// A packet that was seen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seen {
    /// Where it goes, with its ports (zero for ICMP).
    pub ends: Ends,
    /// What it says.
    pub packet: Packet,
    /// Whether its payload is zeros, as all payload of scripts is.
    pub plain: bool,
}

/// Reads a packet.
///
/// # Errors
/// Why it is none, in words: a stack that sends such a thing has failed whatever the script says.
pub fn see(octets: &[u8]) -> Result<Seen, String> {
    let (header, payload) = ip::Header::parse(octets).map_err(|error| format!("IP: {error}"))?;
    let payload = &octets[payload];
    let (protocol, tos, hops, flow_label) = match &header {
        ip::Header::V4(v4) => (v4.protocol, v4.tos, v4.ttl, None),
        ip::Header::V6(v6) => (v6.next_header, v6.traffic_class, v6.hop_limit, Some(v6.flow_label)),
    };
    let mut sum = header.pseudo_header(protocol, payload.len());
    if protocol == Protocol::ICMP {
        sum = Sum::ZERO;
    }
    if !sum.and(payload).verifies() {
        return Err(format!("the checksum of the {protocol} packet is wrong"));
    }
    let (body, ports, text) = match protocol {
        Protocol::TCP => segment(payload)?,
        Protocol::UDP => datagram(payload)?,
        Protocol::ICMP | Protocol::ICMPV6 => icmp(protocol, payload)?,
        other => return Err(format!("a packet of protocol {other} that no script can expect")),
    };
    let ip = IpFields { tos: Tos::Octet(tos), ttl: Some(hops), flow_label };
    let ends = Ends {
        src: SocketAddr::new(header.src(), ports.0),
        dst: SocketAddr::new(header.dst(), ports.1),
    };
    let plain = text.iter().all(|octet| *octet == 0);
    Ok(Seen { ends, packet: Packet { direction: Direction::Outbound, ip, body }, plain })
}

type Read<'a> = (Body, (u16, u16), &'a [u8]);

fn segment(octets: &[u8]) -> Result<Read<'_>, String> {
    let (header, len) = tcp::Header::parse(octets).map_err(|error| format!("TCP: {error}"))?;
    let text = &octets[len..];
    let segment = Segment {
        ports: (0, 0),
        flags: header.flags,
        ace: None,
        seq: header.seq.0,
        len: u16::try_from(text.len()).map_err(|_| "a segment of more than 65,535 octets")?,
        ack: header.ack.0,
        window: Some(header.window),
        urgent: header.urgent,
        options: Some(options::read(&octets[tcp::HEADER_LEN..len])),
    };
    Ok((Body::Tcp(segment), (header.src_port, header.dst_port), text))
}

fn datagram(octets: &[u8]) -> Result<Read<'_>, String> {
    let (header, text) = udp::Header::parse(octets).map_err(|error| format!("UDP: {error}"))?;
    let body = Body::Udp(Datagram { ports: (0, 0), len: header.payload_len });
    Ok((body, (header.src_port, header.dst_port), &octets[text]))
}

/// Only type and code are compared: what is quoted is not looked into.
fn icmp(protocol: Protocol, octets: &[u8]) -> Result<Read<'_>, String> {
    let least = if protocol == Protocol::ICMP { icmpv4::HEADER_LEN } else { icmpv6::HEADER_LEN };
    if octets.len() < least {
        return Err("an ICMP message without a whole header".to_owned());
    }
    let word = |text: String| Word { at: Span::default(), text };
    let message = Icmp {
        kind: word(format!("type_{}", octets[0])),
        code: Some(word(format!("code_{}", octets[1]))),
        mtu: None,
        id: u16::from_be_bytes([octets[4], octets[5]]),
        quoted: Quoted::Open,
    };
    Ok((Body::Icmp(message), (0, 0), &[]))
}
