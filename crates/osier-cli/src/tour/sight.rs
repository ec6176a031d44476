//! What is this frame?
//!
//! Read as far as the tour tells of it: an ARP packet, a TCP segment, or something else. What a
//! segment means in its connection is `track.rs`'s business.

use osier_wire::ethernet::{EtherType, Header as Ethernet};
use osier_wire::tcp::{Flags, Options};
use osier_wire::{Protocol, SeqNumber, arp, ip, tcp};
use std::net::SocketAddr;

/// What a frame is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Sight {
    /// A question for a link address, or the answer.
    Arp(arp::Packet),
    /// A TCP segment.
    Segment(Box<Segment>),
    /// Anything else.
    Other,
}

/// A TCP segment and whose it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Segment {
    pub(crate) from: SocketAddr,
    pub(crate) to: SocketAddr,
    pub(crate) seq: SeqNumber,
    pub(crate) ack: SeqNumber,
    pub(crate) flags: Flags,
    /// The window field as it stands, not yet scaled.
    pub(crate) window: u16,
    pub(crate) options: Options,
    pub(crate) text: Vec<u8>,
}

impl Segment {
    /// Whether all these bits are set.
    pub(crate) fn has(&self, flags: Flags) -> bool {
        self.flags.contains(flags)
    }

    /// Numbers that it takes: one for each octet, one for a SYN, one for a FIN.
    pub(crate) fn len(&self) -> u32 {
        let text = u32::try_from(self.text.len()).unwrap_or(u32::MAX);
        text + u32::from(self.has(Flags::SYN)) + u32::from(self.has(Flags::FIN))
    }

    /// The number behind its last.
    pub(crate) fn end(&self) -> SeqNumber {
        self.seq + self.len()
    }
}

/// Reads an Ethernet frame.
pub(crate) fn see(frame: &[u8]) -> Sight {
    let Ok((ethernet, at)) = Ethernet::parse(frame) else { return Sight::Other };
    let packet = &frame[at..];
    match ethernet.ethertype {
        EtherType::ARP => match arp::Packet::parse(packet) {
            Ok((arp, _)) => Sight::Arp(arp),
            Err(_) => Sight::Other,
        },
        EtherType::IPV4 | EtherType::IPV6 => {
            segment(packet).map_or(Sight::Other, |segment| Sight::Segment(Box::new(segment)))
        }
        _ => Sight::Other,
    }
}

fn segment(packet: &[u8]) -> Option<Segment> {
    let (header, within) = ip::Header::parse(packet).ok()?;
    let protocol = match &header {
        ip::Header::V4(v4) => v4.protocol,
        ip::Header::V6(v6) => v6.next_header,
    };
    if protocol != Protocol::TCP {
        return None;
    }
    let bytes = packet.get(within)?;
    let (tcp, text_at) = tcp::Header::parse(bytes).ok()?;
    Some(Segment {
        from: SocketAddr::new(header.src(), tcp.src_port),
        to: SocketAddr::new(header.dst(), tcp.dst_port),
        seq: tcp.seq,
        ack: tcp.ack,
        flags: tcp.flags,
        window: tcp.window,
        options: tcp.options,
        text: bytes[text_at..].to_vec(),
    })
}
