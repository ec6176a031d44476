//! What crosses the seam between a connection and its host?
//!
//! Segments without ports and addresses: those name the connection, and the host knows them.
//! [`Segment`] is RFC 9293 §3.3.1's "segment variables"; [`Transmit`] is a segment to be sent,
//! with what the host needs to know to send it.

use bytes::Bytes;
use osier_time::Instant;
use osier_wire::ip::Ecn;
use osier_wire::tcp::{Flags, Options};
use osier_wire::{Chunks, SeqNumber};

/// A segment (RFC 9293 §3.3.1): SEG.SEQ, SEG.ACK, SEG.WND, SEG.UP and the rest of the header.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Segment {
    /// SEG.SEQ: the first sequence number of the segment.
    pub seq: SeqNumber,
    /// SEG.ACK: the next sequence number that the sender of the segment expects.
    pub ack: SeqNumber,
    /// The control bits.
    pub flags: Flags,
    /// SEG.WND as it stands in the header, not scaled.
    pub window: u16,
    /// SEG.UP: the urgent pointer, as an offset from SEG.SEQ.
    pub urgent: u16,
    /// The options.
    pub options: Options,
    /// The text, a slice of the frame it came in. Empty in a [`Transmit`].
    pub text: Bytes,
}

impl Segment {
    /// Whether the SYN bit is set.
    pub fn syn(&self) -> bool {
        self.flags.contains(Flags::SYN)
    }

    /// Whether the ACK bit is set.
    pub fn has_ack(&self) -> bool {
        self.flags.contains(Flags::ACK)
    }

    /// Whether the RST bit is set.
    pub fn rst(&self) -> bool {
        self.flags.contains(Flags::RST)
    }

    /// Whether the FIN bit is set.
    pub fn fin(&self) -> bool {
        self.flags.contains(Flags::FIN)
    }

    /// SEG.LEN: sequence space occupied, SYN and FIN counted (RFC 9293 §3.4).
    pub fn len(&self) -> u32 {
        // Text is bounded by the 64 KiB of an IP datagram.
        self.text.len() as u32 + u32::from(self.syn()) + u32::from(self.fin())
    }

    /// Whether the segment occupies no sequence space.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The sequence number after the last one that the segment occupies.
    pub fn end(&self) -> SeqNumber {
        self.seq + self.len()
    }
}

/// What the host knows of a segment's journey besides its bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Arrived {
    /// The ECN field of the IP header (RFC 3168).
    pub ecn: Ecn,
    /// Time to live or hop limit on arrival.
    pub hop_limit: u8,
    /// Text bytes in each of the segments that the device merged into this one; 0 where it merged
    /// none. Delayed acknowledgments count segments by it.
    pub gso_size: u16,
    /// How much memory the host has for it.
    pub memory: Memory,
}

/// How much memory a host has for what its connections keep.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Memory {
    /// Enough.
    #[default]
    Plenty,
    /// Windows shrink, and what is kept is copied out of larger buffers.
    Short,
    /// Text out of order is dropped, too.
    Tight,
    /// All text is dropped.
    Full,
}

impl Arrived {
    /// How many segments of a wire `text` bytes stand for.
    pub fn segments(self, text: usize) -> u32 {
        match self.gso_size {
            0 => 1,
            size => (text as u32).div_ceil(u32::from(size)).max(1),
        }
    }
}

/// A few octets of text, in line: a copy of them costs less than the record of a chunk.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Short {
    len: u8,
    bytes: [u8; Short::MAX],
}

impl Short {
    /// So many octets at most.
    pub const MAX: usize = 22;

    /// The text.
    #[inline]
    pub fn as_slice(&self) -> &[u8] {
        &self.bytes[..usize::from(self.len)]
    }

    /// Octets of it.
    pub const fn len(&self) -> usize {
        self.len as usize
    }

    /// Whether there is none.
    pub const fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Holds this text, which is at most [`Short::MAX`] long, instead of what it held.
    #[inline]
    pub(crate) fn set(&mut self, text: &[u8]) {
        self.bytes[..text.len()].copy_from_slice(text);
        self.len = text.len() as u8;
    }
}

/// A segment to be sent.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Transmit {
    /// The header; its `text` is empty.
    pub segment: Segment,
    /// The text, where it is short; then `payload` is empty.
    pub short: Short,
    /// The text, as a gather list.
    pub payload: Chunks,
    /// Text bytes of each segment on the wire where `payload` is to be cut, else 0.
    pub gso_size: u16,
    /// The ECN field to send with (RFC 3168).
    pub ecn: Ecn,
    /// Whether routers may not fragment the datagram (path MTU discovery, RFC 1191).
    pub dont_fragment: bool,
    /// Whether this is a probe of a larger path MTU, which passes the host's cache unclipped
    /// (RFC 4821).
    pub mtu_probe: bool,
    /// Not to be sent before; [`Instant::ZERO`] for "now".
    pub not_before: Instant,
}

impl Transmit {
    /// Makes it empty, to be written anew.
    #[inline]
    pub fn clear(&mut self) {
        let Segment { seq, ack, flags, window, urgent, options, text } = &mut self.segment;
        (*seq, *ack, *flags, *window, *urgent) = Default::default();
        if !options.is_plain() {
            *options = Options::default();
        }
        options.timestamps = None;
        text.clear();
        self.short.len = 0;
        self.payload.clear();
        (self.gso_size, self.ecn, self.dont_fragment) = Default::default();
        (self.mtu_probe, self.not_before) = (false, Instant::ZERO);
    }
}

/// What kind of ICMP error quotes one of our segments (RFC 5927 §2, RFC 9293 §3.9.2.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IcmpKind {
    /// Network or host unreachable, source route failed, TTL exceeded, parameter problem: a hint
    /// that may pass.
    Soft,
    /// Protocol or port unreachable.
    Hard,
}

/// Whether what an ICMP error reports is believed (RFC 5927 §4.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Belief {
    /// It quotes what is in flight: whoever sent it has seen that.
    Believed,
    /// It could be anybody's.
    Ignored,
}
