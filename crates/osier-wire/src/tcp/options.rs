//! Which options does a TCP segment carry? (RFC 9293 §3.1, §3.2; RFC 7323, RFC 2018)
//!
//! All options as values and as bytes, laid out as Linux lays them out. Which of them count in
//! which segment is osier-tcp's business.

use super::UnknownOptions;
use super::opening::Opening;
use crate::SeqNumber;
use core::fmt;

/// The options of a segment.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Options {
    /// Maximum segment size in bytes (RFC 9293 §3.7.1).
    pub mss: Option<u16>,
    /// Window scale shift (RFC 7323 §2), as sent; may exceed 14.
    pub window_scale: Option<u8>,
    /// SACK permitted (RFC 2018 §2).
    pub sack_permitted: bool,
    /// Timestamps (RFC 7323 §3).
    pub timestamps: Option<Timestamps>,
    /// SACK blocks (RFC 2018 §3).
    pub sack: SackBlocks,
    /// All others, as they came.
    pub unknown: UnknownOptions,
}

const MAX_LEN: usize = Options::MAX_LEN;

pub(super) const END: u8 = 0;
pub(super) const NOP: u8 = 1;
pub(super) const MSS: u8 = 2;
pub(super) const WINDOW_SCALE: u8 = 3;
pub(super) const SACK_PERMITTED: u8 = 4;
pub(super) const SACK: u8 = 5;
pub(super) const TIMESTAMPS: u8 = 8;

impl Options {
    /// As many bytes of options as the data offset can say: 60 less the fixed 20.
    pub const MAX_LEN: usize = 40;

    /// Reads options. What is wrong with them never spoils the segment (RFC 9293 §3.1, MUST-7):
    /// where a length is below 2 or exceeds the bytes, reading stops and what came before counts.
    /// A known kind with a length that is not its own is kept as an unknown one. Of two options
    /// of one kind the last counts.
    #[inline]
    pub fn parse(bytes: &[u8]) -> Options {
        let mut options = Options::default();
        options.read(bytes);
        options
    }

    /// [`Options::parse`] in place, where there are none yet.
    #[inline(always)]
    pub fn read(&mut self, bytes: &[u8]) {
        match bytes {
            [] => {}
            // Nearly every segment of an established connection has these twelve bytes, or none.
            &[NOP, NOP, TIMESTAMPS, 10, a, b, c, d, e, f, g, h] => {
                self.timestamps = Some(Timestamps {
                    value: u32::from_be_bytes([a, b, c, d]),
                    echo: u32::from_be_bytes([e, f, g, h]),
                });
            }
            _ if Opening::read(bytes, self) => {}
            _ => self.read_all(bytes),
        }
    }

    fn read_all(&mut self, mut bytes: &[u8]) {
        while let [kind, after @ ..] = bytes {
            match (*kind, after) {
                (END, _) => return,
                (NOP, _) => bytes = after,
                (kind, [len @ 2..=255, ..]) if usize::from(*len) <= bytes.len() => {
                    let (option, rest) = bytes.split_at(usize::from(*len));
                    if !self.read_known(option) {
                        self.unknown.push(kind, &option[2..]);
                    }
                    bytes = rest;
                }
                // RFC 9293 §3.1 [MUST-7]: an illegal length.
                _ => return,
            }
        }
    }

    /// Reads one option; says `false` where its kind, or its length for the kind, is not known.
    fn read_known(&mut self, option: &[u8]) -> bool {
        match *option {
            [MSS, 4, a, b] => self.mss = Some(u16::from_be_bytes([a, b])),
            [WINDOW_SCALE, 3, shift] => self.window_scale = Some(shift),
            [SACK_PERMITTED, 2] => self.sack_permitted = true,
            [TIMESTAMPS, 10, a, b, c, d, e, f, g, h] => {
                self.timestamps = Some(Timestamps {
                    value: u32::from_be_bytes([a, b, c, d]),
                    echo: u32::from_be_bytes([e, f, g, h]),
                });
            }
            [SACK, 10 | 18 | 26 | 34, ref blocks @ ..] => {
                self.sack = SackBlocks::NONE;
                for &[a, b, c, d, e, f, g, h] in blocks.as_chunks().0 {
                    let left = SeqNumber(u32::from_be_bytes([a, b, c, d]));
                    self.sack.push(left, SeqNumber(u32::from_be_bytes([e, f, g, h])));
                }
            }
            _ => return false,
        }
        true
    }

    /// Bytes that [`emit`](Options::emit) fills: a multiple of four, at most 40.
    #[inline]
    #[allow(clippy::len_without_is_empty)]
    pub fn len(&self) -> usize {
        self.len_as(self.shape())
    }

    /// [`Options::len`] where the shape is known.
    #[inline]
    pub fn len_as(&self, shape: Shape) -> usize {
        match shape {
            Shape::Empty => 0,
            Shape::Stamps(_) => STAMPS_LEN,
            Shape::Opening(_) => Opening::LEN,
            Shape::Many => self.plan().len.next_multiple_of(4),
        }
    }

    /// What there is to be written, for [`Options::emit_as`].
    #[inline]
    pub fn shape(&self) -> Shape {
        match (self.is_plain(), self.timestamps) {
            (true, None) => Shape::Empty,
            (true, Some(stamps)) => Shape::Stamps(stamps),
            (false, _) => Opening::of(self).map_or(Shape::Many, Shape::Opening),
        }
    }

    /// Writes the options in Linux's order: MSS, SACK-permitted and timestamps, window scale,
    /// SACK, each aligned to four bytes with NOPs; unknown ones last; then NOPs up to a multiple
    /// of four.
    ///
    /// Where that exceeds 40 bytes the NOPs are left out; where it still does, they stay, and as
    /// many SACK blocks are written as fit, and the unknown options if they then fit.
    ///
    /// # Panics
    /// Where `out` is shorter than [`len`](Options::len).
    #[inline]
    pub fn emit(&self, out: &mut [u8]) {
        self.emit_as(self.shape(), out);
    }

    /// [`Options::emit`] where the shape is known.
    ///
    /// # Panics
    /// As [`Options::emit`].
    #[inline]
    pub fn emit_as(&self, shape: Shape, out: &mut [u8]) {
        match shape {
            Shape::Empty => {}
            Shape::Stamps(Timestamps { value, echo }) => {
                let ([a, b, c, d], [e, f, g, h]) = (value.to_be_bytes(), echo.to_be_bytes());
                let option = [NOP, NOP, TIMESTAMPS, 10, a, b, c, d, e, f, g, h];
                out[..STAMPS_LEN].copy_from_slice(&option);
            }
            Shape::Opening(opening) => out[..Opening::LEN].copy_from_slice(&opening.bytes()),
            Shape::Many => self.emit_all(out),
        }
    }

    /// Whether there are no options but timestamps: so is nearly every segment of an established
    /// connection.
    #[inline]
    pub fn is_plain(&self) -> bool {
        self.sack.is_empty()
            && self.mss.is_none()
            && self.window_scale.is_none()
            && !self.sack_permitted
            && self.unknown.is_empty()
    }

    fn emit_all(&self, out: &mut [u8]) {
        let plan = self.plan();
        let mut out = Writer { out, at: 0 };
        self.emit_handshake(&plan, &mut out);
        if plan.blocks > 0 {
            let blocks = &self.sack.as_slice()[..plan.blocks];
            plan.align(&mut out, 2);
            out.put(&[SACK, 2 + 8 * plan.blocks as u8]);
            for (left, right) in blocks {
                out.put(&left.0.to_be_bytes());
                out.put(&right.0.to_be_bytes());
            }
        }
        if plan.unknown {
            out.put(self.unknown.as_slice());
        }
        out.out[out.at..plan.len.next_multiple_of(4)].fill(NOP);
    }

    #[inline]
    fn emit_handshake(&self, plan: &Plan, out: &mut Writer<'_>) {
        if let Some(mss) = self.mss {
            out.put(&[MSS, 4]);
            out.put(&mss.to_be_bytes());
        }
        if self.sack_permitted {
            // Linux lets SACK-permitted take the place of the NOPs in front of timestamps.
            if self.timestamps.is_none() {
                plan.align(out, 2);
            }
            out.put(&[SACK_PERMITTED, 2]);
        }
        if let Some(Timestamps { value, echo }) = self.timestamps {
            if !self.sack_permitted {
                plan.align(out, 2);
            }
            out.put(&[TIMESTAMPS, 10]);
            out.put(&value.to_be_bytes());
            out.put(&echo.to_be_bytes());
        }
        if let Some(shift) = self.window_scale {
            plan.align(out, 1);
            out.put(&[WINDOW_SCALE, 3, shift]);
        }
    }

    /// Decides what is written, and how.
    #[inline]
    fn plan(&self) -> Plan {
        let blocks = self.sack.as_slice().len();
        let fixed = self.fixed_len(Spacing::Aligned);
        let sack = if blocks == 0 { 0 } else { 4 + 8 * blocks };
        let len = fixed + sack + self.unknown.as_slice().len();
        if len <= MAX_LEN {
            return Plan { spacing: Spacing::Aligned, blocks, unknown: true, len };
        }
        self.plan_tight()
    }

    #[cold]
    fn plan_tight(&self) -> Plan {
        let (blocks, unknown) = (self.sack.as_slice().len(), self.unknown.as_slice().len());
        let sack = if blocks == 0 { 0 } else { 2 + 8 * blocks };
        let len = self.fixed_len(Spacing::Packed) + sack + unknown;
        if len <= MAX_LEN {
            return Plan { spacing: Spacing::Packed, blocks, unknown: true, len };
        }
        let mut len = self.fixed_len(Spacing::Aligned);
        let blocks = blocks.min((MAX_LEN - len).saturating_sub(4) / 8);
        if blocks > 0 {
            len += 4 + 8 * blocks;
        }
        let fits = len + unknown <= MAX_LEN;
        let len = if fits { len + unknown } else { len };
        Plan { spacing: Spacing::Aligned, blocks, unknown: fits, len }
    }

    /// Bytes of all options but SACK and unknown ones; at most 20.
    #[inline]
    fn fixed_len(&self, spacing: Spacing) -> usize {
        let (aligned, packed) = match (self.sack_permitted, self.timestamps.is_some()) {
            (false, false) => (0, 0),
            (true, false) => (4, 2),
            (false, true) => (12, 10),
            (true, true) => (12, 12),
        };
        let mss = if self.mss.is_some() { 4 } else { 0 };
        let scale = self.window_scale.is_some();
        match spacing {
            Spacing::Aligned => mss + aligned + if scale { 4 } else { 0 },
            Spacing::Packed => mss + packed + if scale { 3 } else { 0 },
        }
    }
}

/// What there is to be written: nearly every segment of an established connection has timestamps
/// and nothing else, or nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    /// Nothing.
    Empty,
    /// Timestamps alone.
    Stamps(Timestamps),
    /// What nearly every SYN has.
    Opening(Opening),
    /// Something else.
    Many,
}

/// Bytes of timestamps with the NOPs in front.
const STAMPS_LEN: usize = 12;

/// How options are to be written.
struct Plan {
    spacing: Spacing,
    /// How many SACK blocks.
    blocks: usize,
    /// Whether the unknown options are written.
    unknown: bool,
    /// How many bytes, without padding at the end.
    len: usize,
}

impl Plan {
    #[inline]
    fn align(&self, out: &mut Writer<'_>, nops: usize) {
        if self.spacing == Spacing::Aligned {
            out.put(&[NOP, NOP][..nops]);
        }
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Spacing {
    /// Each option ends at a multiple of four, by NOPs in front of it.
    Aligned,
    /// No NOPs.
    Packed,
}

struct Writer<'a> {
    out: &'a mut [u8],
    at: usize,
}

impl Writer<'_> {
    #[inline]
    fn put(&mut self, bytes: &[u8]) {
        self.out[self.at..self.at + bytes.len()].copy_from_slice(bytes);
        self.at += bytes.len();
    }
}

/// TSval and TSecr (RFC 7323 §3.2).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Timestamps {
    /// TSval: the sender's clock.
    pub value: u32,
    /// TSecr: the peer's clock, echoed.
    pub echo: u32,
}

/// Up to four blocks `[left, right)` of received data (RFC 2018 §3).
#[derive(Clone, Copy, Default, PartialEq, Eq)]
pub struct SackBlocks {
    len: u8,
    blocks: [(SeqNumber, SeqNumber); SackBlocks::MAX],
}

impl SackBlocks {
    /// As many blocks as fit into 40 bytes of options.
    pub const MAX: usize = 4;

    /// No block.
    pub const NONE: SackBlocks = SackBlocks { len: 0, blocks: [(SeqNumber(0), SeqNumber(0)); 4] };

    /// Adds a block at the end; says `false`, and adds nothing, where there are four already.
    pub fn push(&mut self, left: SeqNumber, right: SeqNumber) -> bool {
        let at = usize::from(self.len);
        if at == Self::MAX {
            return false;
        }
        self.blocks[at] = (left, right);
        self.len += 1;
        true
    }

    /// The blocks, first to last.
    pub fn as_slice(&self) -> &[(SeqNumber, SeqNumber)] {
        &self.blocks[..usize::from(self.len)]
    }

    /// Whether there is none.
    pub const fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Keeps the first `n` blocks at most.
    pub fn truncate(&mut self, n: usize) {
        self.len = self.len.min(u8::try_from(n).unwrap_or(u8::MAX));
        for block in &mut self.blocks[usize::from(self.len)..] {
            *block = (SeqNumber(0), SeqNumber(0));
        }
    }
}

impl fmt::Debug for SackBlocks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.as_slice().fmt(f)
    }
}
