//! What is in a packet, layer by layer?
//!
//! Read by osier-wire's own parsers, as a host reads it; what they refuse is said to be unreadable,
//! with their reason. Numbers are those of the wire.

use osier_lab::Launch;
use osier_wire::checksum::Sum;
use osier_wire::ethernet::{self, EtherType};
use osier_wire::link::Medium;
use osier_wire::tcp::{self, Flags};
use osier_wire::{Protocol, arp, icmpv4, icmpv6, ip, udp};

/// One layer: its name, and its fields.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Layer {
    /// `IPv4`.
    pub name: &'static str,
    /// `ttl 64`, one line each.
    pub fields: Vec<String>,
}

/// The layers of a frame, the outermost first.
pub fn layers(frame: &[u8], medium: Medium) -> Vec<Layer> {
    let mut layers = Vec::new();
    match medium {
        Medium::Ip => of_ip(frame, &mut layers),
        Medium::Ethernet(_) => of_ethernet(frame, &mut layers),
    }
    layers
}

/// A packet in a few words: `SYN,ACK`, `ACK 512 octets`, `ARP who has 10.0.0.2?`.
pub fn summary(launch: &Launch) -> String {
    if let Some(segment) = osier_lab::look(&launch.octets, launch.medium) {
        let flags = segment.header.flags;
        return match segment.len {
            0 => flags.to_string(),
            len => format!("{flags} {len} octets"),
        };
    }
    let layers = layers(&launch.octets, launch.medium);
    let last = layers.last().map(|layer| (layer.name, layer.fields.first()));
    match last {
        Some((name, Some(field))) => format!("{name} {field}"),
        Some((name, None)) => name.to_owned(),
        None => "an empty frame".to_owned(),
    }
}

fn of_ethernet(frame: &[u8], layers: &mut Vec<Layer>) {
    let (header, len) = match ethernet::Header::parse(frame) {
        Ok(read) => read,
        Err(error) => return layers.push(unreadable("Ethernet", &error)),
    };
    let what = match header.ethertype {
        EtherType::ARP => "ARP",
        EtherType::IPV4 => "IPv4",
        EtherType::IPV6 => "IPv6",
        _ => "unknown",
    };
    let fields = vec![
        format!("from {}", header.src),
        format!("to {}", header.dst),
        format!("type {:#06x} ({what})", header.ethertype.0),
    ];
    layers.push(Layer { name: "Ethernet", fields });
    let payload = frame.get(len..).unwrap_or_default();
    match header.ethertype {
        EtherType::ARP => layers.push(of_arp(payload)),
        EtherType::IPV4 | EtherType::IPV6 => of_ip(payload, layers),
        _ => {}
    }
}

fn of_arp(payload: &[u8]) -> Layer {
    let packet = match arp::Packet::parse(payload) {
        Ok((packet, _)) => packet,
        Err(error) => return unreadable("ARP", &error),
    };
    let first = match packet.operation {
        arp::Operation::Request => format!("who has {}?", packet.target_ip),
        arp::Operation::Reply => format!("{} is at {}", packet.sender_ip, packet.sender_mac),
    };
    let fields = vec![
        first,
        format!("sender {} at {}", packet.sender_ip, packet.sender_mac),
        format!("target {} at {}", packet.target_ip, packet.target_mac),
    ];
    Layer { name: "ARP", fields }
}

fn of_ip(packet: &[u8], layers: &mut Vec<Layer>) {
    let (header, body) = match ip::Header::parse(packet) {
        Ok(read) => read,
        Err(error) => return layers.push(unreadable("IP", &error)),
    };
    let payload = packet.get(body).unwrap_or_default();
    let (layer, protocol, at, whole) = match &header {
        ip::Header::V4(v4) => {
            let mut fields = vec![
                format!("{} to {}", v4.src, v4.dst),
                format!("protocol {}, ttl {}", v4.protocol, v4.ttl),
                format!("length {} with {} of header", packet.len(), header.len()),
                format!("identification {:#06x}, tos {:#04x}", v4.identification, v4.tos),
            ];
            if v4.dont_fragment {
                fields.push("don't fragment".to_owned());
            }
            if v4.is_fragment() {
                let more = if v4.more_fragments { "more follow" } else { "the last" };
                fields.push(format!("fragment at {}, {more}", v4.fragment_offset));
            }
            (Layer { name: "IPv4", fields }, v4.protocol, 0, !v4.is_fragment())
        }
        ip::Header::V6(v6) => {
            let fields = vec![
                format!("{} to {}", v6.src, v6.dst),
                format!("next header {}, hop limit {}", v6.next_header, v6.hop_limit),
                format!("length {} with {} of header", packet.len(), header.len()),
                format!("flow {:#07x}, class {:#04x}", v6.flow_label, v6.traffic_class),
            ];
            let layer = Layer { name: "IPv6", fields };
            match v6.upper_layer(payload) {
                Ok(upper) => (layer, upper.protocol, upper.offset, upper.fragment.is_none()),
                Err(_) => (layer, Protocol::IPV6_NO_NEXT, 0, false),
            }
        }
    };
    layers.push(layer);
    let payload = payload.get(at..).unwrap_or_default();
    if whole {
        layers.extend(of_transport(protocol, &header, payload));
    }
}

fn of_transport(protocol: Protocol, ip: &ip::Header, payload: &[u8]) -> Option<Layer> {
    match protocol {
        Protocol::TCP => Some(of_tcp(ip, payload)),
        Protocol::UDP => Some(match udp::Header::parse(payload) {
            Ok((header, _)) => Layer {
                name: "UDP",
                fields: vec![
                    format!("port {} to {}", header.src_port, header.dst_port),
                    format!("{} octets", header.payload_len),
                ],
            },
            Err(error) => unreadable("UDP", &error),
        }),
        Protocol::ICMP => Some(match icmpv4::Message::parse(payload) {
            Ok((message, _)) => Layer { name: "ICMP", fields: vec![format!("{message:?}")] },
            Err(error) => unreadable("ICMP", &error),
        }),
        Protocol::ICMPV6 => Some(match icmpv6::Message::parse(payload) {
            Ok((message, _)) => Layer { name: "ICMPv6", fields: vec![format!("{message:?}")] },
            Err(error) => unreadable("ICMPv6", &error),
        }),
        _ => None,
    }
}

fn of_tcp(ip: &ip::Header, payload: &[u8]) -> Layer {
    let (header, len) = match tcp::Header::parse(payload) {
        Ok(read) => read,
        Err(error) => return unreadable("TCP", &error),
    };
    let text = payload.len() - len;
    let sum = Sum::pseudo_header(ip.src(), ip.dst(), Protocol::TCP, payload.len());
    let right = if sum.and(payload).verifies() { "right" } else { "wrong" };
    let mut fields = vec![
        format!("port {} to {}", header.src_port, header.dst_port),
        format!("{}", header.flags),
        format!("sequence number {}", header.seq.0),
    ];
    if header.flags.contains(Flags::ACK) {
        fields.push(format!("acknowledgment {}", header.ack.0));
    }
    fields.push(format!("window {}", header.window));
    fields.push(format!("{text} octets of text, checksum {right}"));
    if header.flags.contains(Flags::URG) {
        fields.push(format!("urgent pointer {}", header.urgent));
    }
    fields.extend(options(&header.options));
    Layer { name: "TCP", fields }
}

fn options(options: &tcp::Options) -> Vec<String> {
    let mut fields = Vec::new();
    fields.extend(options.mss.map(|mss| format!("option: MSS {mss}")));
    fields.extend(options.window_scale.map(|by| format!("option: window scale {by}")));
    if options.sack_permitted {
        fields.push("option: SACK permitted".to_owned());
    }
    let stamps = options.timestamps;
    fields.extend(stamps.map(|t| format!("option: timestamp {}, echo {}", t.value, t.echo)));
    let blocks = options.sack.as_slice().iter();
    fields.extend(blocks.map(|(left, right)| format!("option: SACK {} to {}", left.0, right.0)));
    let unknown = options.unknown.iter();
    fields.extend(unknown.map(|(kind, data)| format!("option {kind}: {} octets", data.len())));
    fields
}

fn unreadable(name: &'static str, error: &osier_wire::Error) -> Layer {
    Layer { name, fields: vec![format!("unreadable: {error}")] }
}

#[cfg(test)]
mod tests {
    use super::{layers, summary};
    use crate::source::Source;
    use crate::{Mark, Player};
    use osier_wire::link::Medium;

    const SWITCHED: &str = "title = 'x'
length = '1s'
[hosts.a]
address = '10.0.0.1/24'
[hosts.b]
address = '10.0.0.2/24'
[switches.s]
[[links]]
between = ['a', 's']
delay = '1ms'
[[links]]
between = ['s', 'b']
delay = '1ms'
[[programs]]
on = 'b'
server = 80
[[programs]]
on = 'a'
client = 'b:80'
";

    #[test]
    fn a_question_for_an_address_and_a_syn_are_read_layer_by_layer() {
        let source = Source { file: "x.toml".into(), text: SWITCHED.into() };
        let mut player = Player::new(source, 1).expect("it is well formed");
        while player.forward_to(Mark::Packet) {}
        let frames = player.run().world().frames();
        let said: Vec<String> = frames.iter().map(summary).collect();
        assert_eq!(said[0], "ARP who has 10.0.0.2?");
        let syn = said.iter().position(|said| said == "SYN").expect("it calls");
        let read = layers(&frames[syn].octets, frames[syn].medium);
        let names: Vec<&str> = read.iter().map(|layer| layer.name).collect();
        assert_eq!(names, ["Ethernet", "IPv4", "TCP"]);
        let fields: Vec<&str> = read.iter().flat_map(|l| &l.fields).map(String::as_str).collect();
        for wanted in
            ["10.0.0.1 to 10.0.0.2", "SYN", "option: MSS 1460", "0 octets of text, checksum right"]
        {
            assert!(fields.contains(&wanted), "{wanted} in {fields:#?}");
        }
    }

    #[test]
    fn what_cannot_be_read_is_said_to_be_so_and_nothing_panics() {
        for len in 0..64 {
            for octet in [0, 0x45, 0x60, 0xff] {
                let frame = vec![octet; len];
                for medium in [Medium::Ip, Medium::Ethernet(osier_wire::MacAddr::UNSPECIFIED)] {
                    assert!(!layers(&frame, medium).is_empty());
                }
            }
        }
    }
}
