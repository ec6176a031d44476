//! Which bytes does a transport checksum cover, and who fills it at last? (RFC 1071)
//!
//! Finds the headers in a frame and fills a checksum that was left partial.

use super::{Checksum, Offload};
use crate::checksum::Sum;
use crate::link::Medium;
use crate::{Frame, HEAD_MAX, Protocol, Received, ip, tcp, udp};

/// Fills the transport checksum of a frame that left it [`Checksum::Partial`]. A descriptor that
/// points outside the headers, which we never write, leaves the frame as it is.
pub fn finish(frame: &mut Frame) {
    let Checksum::Partial { start, offset } = frame.offload.checksum else { return };
    let (start, offset) = (usize::from(start), usize::from(offset));
    let Some(covered) = frame.head.as_slice().get(start..) else { return };
    if covered.len() < offset + 2 {
        return;
    }
    let sum = frame.payload.iter().fold(Sum::of(covered), |sum, chunk| sum.and(chunk));
    put_u16(frame.head.as_mut_slice(), start + offset, field(sum, offset));
    frame.offload.checksum = Checksum::Filled;
}

/// What goes into a checksum field at this offset.
pub(super) fn field(sum: Sum, offset: usize) -> u16 {
    // RFC 768: zero would say that there is no checksum. UDP alone has its field there.
    let udp = offset == udp::CHECKSUM_OFFSET;
    if udp { sum.checksum_udp() } else { sum.checksum() }
}

/// How many bytes of a frame that came in are to be its head if it goes out, and with which
/// descriptor. The header length in the descriptor is a hint where it comes from a kernel (it is
/// how much lies in one piece there), so the headers are read.
pub(crate) fn outgoing(received: &Received, medium: Medium) -> (usize, Offload) {
    let bytes = &received.bytes[..];
    let whole = bytes.len().min(HEAD_MAX);
    let (Some(mut gso), Some(headers)) = (received.offload.gso, Headers::find(bytes, medium))
    else {
        let checksum = match received.offload.checksum {
            Checksum::Verified => Checksum::Filled,
            other => other,
        };
        return (whole, Offload { checksum, gso: None });
    };
    gso.header_len = headers.payload as u16;
    let offset = match headers.protocol {
        Protocol::TCP => tcp::CHECKSUM_OFFSET,
        _ => udp::CHECKSUM_OFFSET,
    };
    let checksum = Checksum::Partial { start: headers.transport as u16, offset: offset as u16 };
    (headers.payload, Offload { checksum, gso: Some(gso) })
}

/// Where the headers of a TCP or UDP frame lie.
pub(super) struct Headers {
    /// Where the IP header starts.
    pub network: usize,
    /// Where the transport header starts.
    pub transport: usize,
    /// Where the payload starts; at most [`HEAD_MAX`].
    pub payload: usize,
    /// TCP or UDP.
    pub protocol: Protocol,
}

impl Headers {
    /// Finds them, if they are there; lengths and checksums are not looked at.
    pub(super) fn find(bytes: &[u8], medium: Medium) -> Option<Headers> {
        let network = medium.header_len();
        let datagram = bytes.get(network..)?;
        let (protocol, len) = match ip::Header::parse_quoted(datagram).ok()? {
            (ip::Header::V4(header), len) => (header.protocol, len),
            (ip::Header::V6(header), len) => {
                let upper = header.upper_layer(&datagram[len..]).ok()?;
                (upper.protocol, len + upper.offset)
            }
        };
        Headers::read(bytes, [network, network + len], protocol)
    }

    /// Reads the length of the transport header.
    pub(super) fn read(bytes: &[u8], at: [usize; 2], protocol: Protocol) -> Option<Headers> {
        let [network, transport] = at;
        let segment = bytes.get(transport..)?;
        let len = match protocol {
            Protocol::TCP => usize::from(segment.get(12)? >> 4) * 4,
            Protocol::UDP => udp::HEADER_LEN,
            _ => return None,
        };
        let payload = transport + len;
        let least = if protocol == Protocol::TCP { tcp::HEADER_LEN } else { udp::HEADER_LEN };
        let fits = len >= least && payload <= bytes.len() && payload <= HEAD_MAX;
        fits.then_some(Headers { network, transport, payload, protocol })
    }

    /// Writes into `head` what depends on the length of the payload: the length fields and the
    /// checksum of an IPv4 header, and the pseudo-header's sum in place of the transport's.
    pub(super) fn set_payload_len(&self, head: &mut [u8], payload_len: usize) {
        let segment_len = self.payload - self.transport + payload_len;
        let addresses = if head[self.network] >> 4 == 4 {
            let header = &mut head[self.network..self.transport];
            let total = header.len() + segment_len;
            put_u16(header, 2, total as u16);
            put_u16(header, 10, 0);
            put_u16(header, 10, Sum::of(header).checksum());
            &header[12..20]
        } else {
            let header = &mut head[self.network..self.transport];
            put_u16(header, 4, (header.len() - 40 + segment_len) as u16);
            &header[8..40]
        };
        let seed = Sum::pseudo_header_of(addresses, self.protocol, segment_len).partial();
        let transport = &mut head[self.transport..];
        if self.protocol == Protocol::UDP {
            put_u16(transport, 4, segment_len as u16);
            put_u16(transport, udp::CHECKSUM_OFFSET, seed);
        } else {
            put_u16(transport, tcp::CHECKSUM_OFFSET, seed);
        }
    }
}

pub(super) fn get_u16(bytes: &[u8], at: usize) -> u16 {
    u16::from_be_bytes([bytes[at], bytes[at + 1]])
}

pub(super) fn put_u16(bytes: &mut [u8], at: usize, value: u16) {
    bytes[at..at + 2].copy_from_slice(&value.to_be_bytes());
}
