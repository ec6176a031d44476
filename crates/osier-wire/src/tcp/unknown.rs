//! Which TCP options does nobody here know? (RFC 9293 §3.2 [MUST-6]: they are ignored)
//!
//! They are kept as they came, so that what is written again is what was read.

use super::options::{END, MSS, NOP, Options, SACK, SACK_PERMITTED, TIMESTAMPS, WINDOW_SCALE};
use core::fmt;

const MAX_LEN: usize = Options::MAX_LEN;

/// Options that are not known here, as bytes: kind, length, data, one after the other.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct UnknownOptions {
    len: u8,
    bytes: [u8; MAX_LEN],
}

impl UnknownOptions {
    /// No option.
    pub const NONE: UnknownOptions = UnknownOptions { len: 0, bytes: [0; MAX_LEN] };

    /// Adds an option at the end; says `false`, and adds nothing, where it does not fit into 40
    /// bytes with the others, or where it would be read back as one of the known options.
    pub fn push(&mut self, kind: u8, data: &[u8]) -> bool {
        let (from, len) = (usize::from(self.len), 2 + data.len());
        let known = match kind {
            END | NOP => true,
            MSS => len == 4,
            WINDOW_SCALE => len == 3,
            SACK_PERMITTED => len == 2,
            SACK => matches!(len, 10 | 18 | 26 | 34),
            TIMESTAMPS => len == 10,
            _ => false,
        };
        if known || from + len > MAX_LEN {
            return false;
        }
        self.bytes[from] = kind;
        self.bytes[from + 1] = len as u8;
        self.bytes[from + 2..from + len].copy_from_slice(data);
        self.len += len as u8;
        true
    }

    /// The options as they are on the wire.
    #[inline]
    pub fn as_slice(&self) -> &[u8] {
        &self.bytes[..usize::from(self.len)]
    }

    /// Whether there is none.
    #[inline]
    pub const fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Kind and data of each option, in order.
    pub fn iter(&self) -> impl Iterator<Item = (u8, &[u8])> {
        let mut rest = self.as_slice();
        core::iter::from_fn(move || {
            let &[kind, len, ..] = rest else { return None };
            let (option, after) = rest.split_at(usize::from(len));
            rest = after;
            Some((kind, &option[2..]))
        })
    }
}

impl Default for UnknownOptions {
    fn default() -> Self {
        UnknownOptions::NONE
    }
}

impl fmt::Debug for UnknownOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.iter()).finish()
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
