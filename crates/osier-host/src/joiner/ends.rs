//! Between which ends does a frame travel?
//!
//! Reads as far as the ports. Does not verify anything: a frame that lies about itself carries
//! comments in vain.

use super::Way;
use crate::account::Flow;
use core::net::SocketAddr;
use osier_wire::ip::Header;
use osier_wire::link::Medium;
use osier_wire::{Protocol, ipv6};

/// The flow of a TCP or UDP frame, seen from our end; `None` for others and for fragments that
/// do not hold the ports.
pub(super) fn flow_of(frame: &[u8], medium: Medium, way: Way) -> Option<Flow> {
    let datagram = frame.get(medium.header_len()..)?;
    let (header, len) = Header::parse_quoted(datagram).ok()?;
    let payload = datagram.get(len..)?;
    let (protocol, at) = match &header {
        Header::V4(v4) => (v4.protocol, 0),
        Header::V6(v6) => transport_of(v6, payload)?,
    };
    if protocol != Protocol::TCP && protocol != Protocol::UDP {
        return None;
    }
    let ports: &[u8; 4] = payload.get(at..)?.first_chunk()?;
    let port = |at: usize| u16::from_be_bytes([ports[at], ports[at + 1]]);
    let src = SocketAddr::new(header.src(), port(0));
    let dst = SocketAddr::new(header.dst(), port(2));
    Some(match way {
        Way::In => Flow { protocol, local: dst, remote: src },
        Way::Out => Flow { protocol, local: src, remote: dst },
    })
}

fn transport_of(header: &ipv6::Header, payload: &[u8]) -> Option<(Protocol, usize)> {
    let upper = header.upper_layer(payload).ok()?;
    Some((upper.protocol, upper.offset))
}
