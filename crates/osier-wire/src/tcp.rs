//! What does a TCP segment look like? (RFC 9293 §3.1; options: RFC 7323, RFC 2018)
//!
//! Layout, flags and options, as bytes and as values. What they mean is osier-tcp's business.

mod fast_open;
mod opening;
mod options;
mod unknown;

use crate::{Error, SeqNumber};
use core::fmt;
use core::ops::{BitOr, BitOrAssign};
use zerocopy::big_endian::{U16, U32};
use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout, Unaligned};

pub use fast_open::{FastOpen, FastOpenCookie, FastOpenForm};
pub use options::{Options, SackBlocks, Shape, Timestamps};
pub use unknown::UnknownOptions;

/// Bytes of a header without options.
pub const HEADER_LEN: usize = 20;

/// Where the checksum is, from the first byte of the header.
pub const CHECKSUM_OFFSET: usize = 16;

/// The control bits of a segment, with the bits of ECN and the reserved ones (RFC 9293 §3.1).
#[derive(Clone, Copy, Default, PartialEq, Eq, Hash)]
pub struct Flags(pub u16);

impl Flags {
    /// No bit set.
    pub const NONE: Flags = Flags(0);
    /// No more data from the sender.
    pub const FIN: Flags = Flags(0x001);
    /// Synchronize sequence numbers.
    pub const SYN: Flags = Flags(0x002);
    /// Reset the connection.
    pub const RST: Flags = Flags(0x004);
    /// Push function.
    pub const PSH: Flags = Flags(0x008);
    /// The acknowledgment field is significant.
    pub const ACK: Flags = Flags(0x010);
    /// The urgent pointer is significant.
    pub const URG: Flags = Flags(0x020);
    /// ECN echo (RFC 3168).
    pub const ECE: Flags = Flags(0x040);
    /// Congestion window reduced (RFC 3168).
    pub const CWR: Flags = Flags(0x080);
    /// Accurate ECN (RFC 9768); kept, not yet used.
    pub const AE: Flags = Flags(0x100);
    /// All twelve bits beside the data offset, the three reserved ones included; they are kept.
    pub const ALL: Flags = Flags(0xfff);

    /// Whether all bits of `other` are set here.
    pub const fn contains(self, other: Flags) -> bool {
        self.0 & other.0 == other.0
    }

    /// Whether any bit of `other` is set here.
    pub const fn intersects(self, other: Flags) -> bool {
        self.0 & other.0 != 0
    }
}

impl BitOr for Flags {
    type Output = Flags;
    fn bitor(self, other: Flags) -> Flags {
        Flags(self.0 | other.0)
    }
}

impl BitOrAssign for Flags {
    fn bitor_assign(&mut self, other: Flags) {
        self.0 |= other.0;
    }
}

/// Prints the names of the set bits: `SYN,ACK`.
impl fmt::Display for Flags {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const NAMES: [(Flags, &str); 9] = [
            (Flags::SYN, "SYN"),
            (Flags::FIN, "FIN"),
            (Flags::RST, "RST"),
            (Flags::PSH, "PSH"),
            (Flags::ACK, "ACK"),
            (Flags::URG, "URG"),
            (Flags::ECE, "ECE"),
            (Flags::CWR, "CWR"),
            (Flags::AE, "AE"),
        ];
        let mut gap = "";
        for (_, name) in NAMES.iter().filter(|(bit, _)| self.contains(*bit)) {
            write!(f, "{gap}{name}")?;
            gap = ",";
        }
        Ok(())
    }
}

impl fmt::Debug for Flags {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// The fields of a TCP header.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Header {
    /// Source port.
    pub src_port: u16,
    /// Destination port.
    pub dst_port: u16,
    /// SEG.SEQ.
    pub seq: SeqNumber,
    /// SEG.ACK; significant when [`Flags::ACK`] is set, kept in any case.
    pub ack: SeqNumber,
    /// Control bits.
    pub flags: Flags,
    /// SEG.WND as it stands in the header, not scaled.
    pub window: u16,
    /// SEG.UP; significant when [`Flags::URG`] is set, kept in any case.
    pub urgent: u16,
    /// The options.
    pub options: Options,
}

impl Header {
    /// Reads a header; the text is what follows the returned length. The checksum is the
    /// caller's to verify, with [`Sum`](crate::checksum::Sum).
    ///
    /// Options never make a segment unreadable [MUST-7]: see [`Options::parse`].
    ///
    /// # Errors
    /// [`Error::Truncated`] where the bytes end before the data offset says the header does;
    /// [`Error::BadLength`] where it says less than 20 bytes.
    #[inline]
    pub fn parse(bytes: &[u8]) -> Result<(Header, usize), Error> {
        let (fixed, options) = Fixed::parse(bytes)?;
        let Fixed { src_port, dst_port, seq, ack, flags, window, urgent } = fixed;
        let header_len = HEADER_LEN + options.len();
        let options = Options::parse(options);
        let header = Header { src_port, dst_port, seq, ack, flags, window, urgent, options };
        Ok((header, header_len))
    }

    /// Bytes that [`emit`](Header::emit) fills: 20 and the options, at most 60.
    #[inline]
    #[allow(clippy::len_without_is_empty)]
    pub fn len(&self) -> usize {
        HEADER_LEN + self.options.len()
    }

    /// Writes the header, its checksum zero.
    ///
    /// # Panics
    /// Where `out` is shorter than [`len`](Header::len).
    #[inline]
    pub fn emit(&self, out: &mut [u8]) {
        let Header { src_port, dst_port, seq, ack, flags, window, urgent, .. } = *self;
        let fixed = Fixed { src_port, dst_port, seq, ack, flags, window, urgent };
        fixed.emit(&self.options, &mut out[..self.len()]);
    }
}

/// The fields of a TCP header that every segment has.
#[derive(Clone, Copy, Debug)]
pub struct Fixed {
    /// Source port.
    pub src_port: u16,
    /// Destination port.
    pub dst_port: u16,
    /// SEG.SEQ.
    pub seq: SeqNumber,
    /// SEG.ACK.
    pub ack: SeqNumber,
    /// Control bits.
    pub flags: Flags,
    /// SEG.WND.
    pub window: u16,
    /// SEG.UP.
    pub urgent: u16,
}

impl Fixed {
    /// Reads the fields, and finds the bytes of the options, which [`Options::parse`] reads; the
    /// text follows them.
    ///
    /// # Errors
    /// As [`Header::parse`].
    #[inline]
    pub fn parse(bytes: &[u8]) -> Result<(Fixed, &[u8]), Error> {
        let (wire, _) = Layout::ref_from_prefix(bytes).map_err(|_| Error::Truncated)?;
        let offset_flags = wire.offset_flags.get();
        let header_len = usize::from(offset_flags >> 12) * 4;
        if header_len < HEADER_LEN {
            return Err(Error::BadLength);
        }
        let options = bytes.get(HEADER_LEN..header_len).ok_or(Error::Truncated)?;
        let fixed = Fixed {
            src_port: wire.src_port.get(),
            dst_port: wire.dst_port.get(),
            seq: SeqNumber(wire.seq.get()),
            ack: SeqNumber(wire.ack.get()),
            flags: Flags(offset_flags & Flags::ALL.0),
            window: wire.window.get(),
            urgent: wire.urgent.get(),
        };
        Ok((fixed, options))
    }

    /// Writes a header with these options into `out`, which it fills, its checksum zero.
    ///
    /// # Panics
    /// Where `out` is not 20 bytes and [`Options::len`] long.
    #[inline]
    pub fn emit(&self, options: &Options, out: &mut [u8]) {
        self.emit_as(options, options.shape(), out);
    }

    /// [`Fixed::emit`] where the shape of the options is known.
    ///
    /// # Panics
    /// As [`Fixed::emit`].
    #[inline]
    pub fn emit_as(&self, options: &Options, shape: Shape, out: &mut [u8]) {
        let words = (out.len() / 4) as u16;
        let (fixed, rest) = out.split_at_mut(HEADER_LEN);
        let wire = Layout {
            src_port: U16::new(self.src_port),
            dst_port: U16::new(self.dst_port),
            seq: U32::new(self.seq.0),
            ack: U32::new(self.ack.0),
            offset_flags: U16::new(words << 12 | self.flags.0 & Flags::ALL.0),
            window: U16::new(self.window),
            checksum: U16::ZERO,
            urgent: U16::new(self.urgent),
        };
        fixed.copy_from_slice(wire.as_bytes());
        options.emit_as(shape, rest);
    }
}

/// What an ICMP error is sure to quote of a segment: its first eight bytes (RFC 792).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Quoted {
    /// Source port: ours, as it was our segment.
    pub src_port: u16,
    /// Destination port.
    pub dst_port: u16,
    /// SEG.SEQ, by which RFC 5927 §4.1 tells an error from a forgery.
    pub seq: SeqNumber,
}

impl Quoted {
    /// Reads the first eight bytes of a quoted segment.
    ///
    /// # Errors
    /// [`Error::Truncated`] where there are fewer.
    pub fn parse(bytes: &[u8]) -> Result<Quoted, Error> {
        match bytes.first_chunk() {
            Some(&[a, b, c, d, e, f, g, h]) => Ok(Quoted {
                src_port: u16::from_be_bytes([a, b]),
                dst_port: u16::from_be_bytes([c, d]),
                seq: SeqNumber(u32::from_be_bytes([e, f, g, h])),
            }),
            None => Err(Error::Truncated),
        }
    }
}

/// The header as it lies on the wire.
#[derive(FromBytes, IntoBytes, Immutable, KnownLayout, Unaligned)]
#[repr(C)]
struct Layout {
    src_port: U16,
    dst_port: U16,
    seq: U32,
    ack: U32,
    offset_flags: U16,
    window: U16,
    checksum: U16,
    urgent: U16,
}

#[cfg(test)]
mod tests;
