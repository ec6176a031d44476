//! What does somebody on the wire see of a frame?
//!
//! Addresses, ports and the TCP header, where the frame has them; nothing is verified. For rules
//! ("the third ACK"), traces and hostile peers.

use core::net::SocketAddr;
use osier_wire::link::Medium;
use osier_wire::{Protocol, ip, tcp};

/// A TCP segment as it lies in a frame.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sight {
    /// Who sent it.
    pub src: SocketAddr,
    /// To whom.
    pub dst: SocketAddr,
    /// Its header.
    pub header: tcp::Header,
    /// Where in the frame the TCP header starts.
    pub tcp_at: usize,
    /// Octets of text.
    pub len: usize,
}

/// The TCP segment in a frame, if it is one and not a fragment.
pub fn look(frame: &[u8], medium: Medium) -> Option<Sight> {
    let network = medium.header_len();
    let datagram = frame.get(network..)?;
    let (header, body) = ip::Header::parse(datagram).ok()?;
    let payload = datagram.get(body.clone())?;
    let at = match &header {
        ip::Header::V4(v4) if v4.protocol == Protocol::TCP && !v4.is_fragment() => 0,
        ip::Header::V4(_) => return None,
        ip::Header::V6(v6) => {
            let upper = v6.upper_layer(payload).ok()?;
            if upper.protocol != Protocol::TCP || upper.fragment.is_some() {
                return None;
            }
            upper.offset
        }
    };
    let (segment, len) = tcp::Header::parse(payload.get(at..)?).ok()?;
    Some(Sight {
        src: SocketAddr::new(header.src(), segment.src_port),
        dst: SocketAddr::new(header.dst(), segment.dst_port),
        len: payload.len() - at - len,
        header: segment,
        tcp_at: network + body.start + at,
    })
}
