//! Which TCP options does nobody here know? (RFC 9293 §3.1 [MUST-6]: they are ignored)
//!
//! They are kept as they came, so that what is written again is what was read. Hardly any segment
//! has one, so they lie apart, and a segment without costs a pointer.

use super::options::{END, MSS, NOP, Options, SACK, SACK_PERMITTED, TIMESTAMPS, WINDOW_SCALE};
use alloc::boxed::Box;
use core::fmt;

const MAX_LEN: usize = Options::MAX_LEN;

/// Options that are not known here, as bytes: kind, length, data, one after the other.
#[derive(Clone, PartialEq, Eq)]
pub struct UnknownOptions(Option<Box<Kept>>);

#[derive(Clone, PartialEq, Eq)]
struct Kept {
    /// Not zero.
    len: u8,
    bytes: [u8; MAX_LEN],
}

impl UnknownOptions {
    /// No option.
    pub const NONE: UnknownOptions = UnknownOptions(None);

    /// Adds an option at the end; says `false`, and adds nothing, where it does not fit into 40
    /// bytes with the others, or where it would be read back as one of the known options.
    pub fn push(&mut self, kind: u8, data: &[u8]) -> bool {
        let (from, len) = (self.as_slice().len(), 2 + data.len());
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
        let kept = self.0.get_or_insert_with(|| Box::new(Kept { len: 0, bytes: [0; MAX_LEN] }));
        kept.bytes[from] = kind;
        kept.bytes[from + 1] = len as u8;
        kept.bytes[from + 2..from + len].copy_from_slice(data);
        kept.len += len as u8;
        true
    }

    /// The options as they are on the wire.
    #[inline]
    pub fn as_slice(&self) -> &[u8] {
        self.0.as_ref().map_or(&[], |kept| &kept.bytes[..usize::from(kept.len)])
    }

    /// Whether there is none.
    #[inline]
    pub const fn is_empty(&self) -> bool {
        self.0.is_none()
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
