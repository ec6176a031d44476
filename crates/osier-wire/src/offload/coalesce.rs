//! Which frames that came in could have been one? (generic receive offload)
//!
//! Consecutive segments of one TCP flow become one super-frame where cutting that again gives
//! back the very same frames; whatever would be lost by merging is a reason not to merge.

use super::finish::{Headers, get_u16};
use super::split::segment_id;
use super::{Checksum, Gso, GsoKind, Offload};
use crate::ethernet::EtherType;
use crate::link::Medium;
use crate::tcp::Flags;
use crate::{Protocol, Received, ip, tcp};
use alloc::vec::Vec;
use bytes::Bytes;

/// The longest IP packet that a super-frame may become: its length field has 16 bits.
const MAX_PACKET: usize = 65_535;

/// Merges consecutive segments of one TCP flow into super-frames; all other frames pass as they
/// are, and the order stays. Checksums of what is merged have been verified.
pub fn coalesce(medium: Medium, frames: impl IntoIterator<Item = Received>) -> Vec<Received> {
    let mut out = Vec::new();
    let mut run: Option<Run> = None;
    for frame in frames {
        let segment = Segment::read(&frame, medium);
        if let (Some(run), Some(segment)) = (&mut run, &segment)
            && run.accepts(segment)
        {
            run.push(segment);
            continue;
        }
        out.extend(run.take().map(Run::merge));
        match segment {
            Some(segment) => run = Some(Run::new(frame, segment)),
            None => out.push(frame),
        }
    }
    out.extend(run.map(Run::merge));
    out
}

/// A segment that may be merged with its neighbours.
struct Segment {
    bytes: Bytes,
    headers: Headers,
    flags: Flags,
    seq: u32,
    text_len: usize,
}

impl Segment {
    fn read(frame: &Received, medium: Medium) -> Option<Segment> {
        let bytes = &frame.bytes[..];
        if frame.offload.gso.is_some() || !carries_ip(bytes, medium) {
            return None;
        }
        let network = medium.header_len();
        let (header, range) = ip::Header::parse(bytes.get(network..)?).ok()?;
        let plain = match &header {
            ip::Header::V4(h) => h.protocol == Protocol::TCP && !h.is_fragment(),
            ip::Header::V6(h) => h.next_header == Protocol::TCP,
        };
        // Padding of the link would be lost.
        if !plain || network + range.end != bytes.len() {
            return None;
        }
        let headers = Headers::read(bytes, [network, network + range.start], Protocol::TCP)?;
        let tcp = &bytes[headers.transport..];
        let flags = Flags(get_u16(tcp, 12) & Flags::ALL.0);
        let text_len = bytes.len() - headers.payload;
        let ordinary = flags.contains(Flags::ACK)
            && !flags.intersects(Flags::SYN | Flags::RST | Flags::URG)
            && text_len > 0;
        (ordinary && intact(frame, &header, tcp)).then(|| Segment {
            bytes: frame.bytes.clone(),
            seq: u32::from_be_bytes([tcp[4], tcp[5], tcp[6], tcp[7]]),
            headers,
            flags,
            text_len,
        })
    }

    /// Whether no segment may follow this one in a super-frame.
    fn ends_run(&self, size: usize) -> bool {
        self.text_len < size || self.flags.intersects(Flags::FIN | Flags::PSH)
    }
}

fn carries_ip(bytes: &[u8], medium: Medium) -> bool {
    match medium {
        Medium::Ip => true,
        Medium::Ethernet(_) => bytes.get(12..14).is_some_and(|ethertype| {
            let ethertype = EtherType(get_u16(ethertype, 0));
            ethertype == EtherType::IPV4 || ethertype == EtherType::IPV6
        }),
    }
}

/// Whether the checksum is right, and is the one that would be written again.
fn intact(frame: &Received, header: &ip::Header, tcp: &[u8]) -> bool {
    match frame.offload.checksum {
        Checksum::Partial { .. } | Checksum::Verified => true,
        Checksum::Filled => {
            // All ones verify where zero does, and nobody computes them.
            get_u16(tcp, tcp::CHECKSUM_OFFSET) != 0xffff
                && header.pseudo_header(Protocol::TCP, tcp.len()).and(tcp).verifies()
        }
    }
}

/// Segments that belong together so far.
struct Run {
    frame: Received,
    first: Segment,
    /// The texts of the segments after the first.
    texts: Vec<Bytes>,
    /// Bytes of text in all segments.
    len: usize,
    /// The flags of the last segment.
    last: Flags,
    /// No segment may follow.
    ended: bool,
}

impl Run {
    fn new(frame: Received, first: Segment) -> Run {
        let (len, last) = (first.text_len, first.flags);
        let ended = first.ends_run(len);
        Run { frame, first, texts: Vec::new(), len, last, ended }
    }

    fn accepts(&self, next: &Segment) -> bool {
        let first = &self.first;
        let (at, end) = (first.headers.network, first.headers.payload);
        !self.ended
            && next.text_len <= first.text_len
            && next.seq == first.seq.wrapping_add(self.len as u32)
            && end - at + self.len + next.text_len <= MAX_PACKET
            && !next.flags.contains(Flags::CWR)
            && next.headers.transport == first.headers.transport
            && next.headers.payload == end
            && self.same_headers(next)
    }

    /// Whether all fields agree but those that [`split`](super::split) writes anew.
    fn same_headers(&self, next: &Segment) -> bool {
        let Headers { network, transport, payload, .. } = self.first.headers;
        let (a, b) = (&self.first.bytes[..payload], &next.bytes[..payload]);
        let same = |from: usize, to: usize| a[from..to] == b[from..to];
        let network_agrees = if a[network] >> 4 == 4 {
            // All but total length, identification and checksum.
            let id = segment_id(&a[network..], 1 + self.texts.len());
            same(0, network + 2)
                && get_u16(b, network + 4) == id
                && same(network + 6, network + 10)
                && same(network + 12, transport)
        } else {
            // All but the payload length.
            same(0, network + 4) && same(network + 6, transport)
        };
        // All but the sequence number, the checksum and three flags.
        let free = !(Flags::FIN | Flags::PSH | Flags::CWR).0;
        network_agrees
            && same(transport, transport + 4)
            && same(transport + 8, transport + 12)
            && self.first.flags.0 & free == next.flags.0 & free
            && same(transport + 14, transport + 16)
            && same(transport + 18, payload)
    }

    fn push(&mut self, next: &Segment) {
        self.texts.push(next.bytes.slice(next.headers.payload..));
        self.len += next.text_len;
        self.last = next.flags;
        self.ended = next.ends_run(self.first.text_len);
    }

    fn merge(self) -> Received {
        if self.texts.is_empty() {
            return self.frame;
        }
        let Headers { network, transport, payload, .. } = self.first.headers;
        let mut bytes = Vec::with_capacity(payload + self.len);
        bytes.extend_from_slice(&self.first.bytes);
        for text in &self.texts {
            bytes.extend_from_slice(text);
        }
        let ends = (self.last.0 & (Flags::FIN | Flags::PSH).0) as u8;
        bytes[transport + 13] |= ends;
        self.first.headers.set_payload_len(&mut bytes, self.len);
        let kind = if bytes[network] >> 4 == 4 { GsoKind::TcpV4 } else { GsoKind::TcpV6 };
        let (size, header_len) = (self.first.text_len as u16, payload as u16);
        let checksum =
            Checksum::Partial { start: transport as u16, offset: tcp::CHECKSUM_OFFSET as u16 };
        let offload = Offload { checksum, gso: Some(Gso { kind, size, header_len }) };
        Received { bytes: bytes.into(), offload }
    }
}
