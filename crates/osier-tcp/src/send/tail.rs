//! Where does text wait that was written in small pieces? In line while it is a few octets, which
//! a request often is; else in a buffer that grows.

use crate::segment::Short;
use bytes::{Buf, Bytes, BytesMut};

/// So many octets lie in line: what fits into the place that the buffer's handle takes anyway.
const SHORT_MAX: usize = Short::MAX;

/// The text of small writes, to be sent and to be kept until it is acknowledged.
#[derive(Clone, Debug)]
pub(super) enum Tail {
    /// `bytes[from..to]`.
    Short { from: u8, to: u8, bytes: [u8; SHORT_MAX] },
    /// Everything else.
    Long(BytesMut),
}

impl Tail {
    /// No text, no memory.
    pub(super) const EMPTY: Tail = Tail::Short { from: 0, to: 0, bytes: [0; SHORT_MAX] };

    #[inline]
    pub(super) fn len(&self) -> usize {
        match self {
            Tail::Short { from, to, .. } => usize::from(to - from),
            Tail::Long(text) => text.len(),
        }
    }

    #[inline]
    pub(super) fn as_slice(&self) -> &[u8] {
        match self {
            Tail::Short { from, to, bytes } => &bytes[usize::from(*from)..usize::from(*to)],
            Tail::Long(text) => text,
        }
    }

    /// Appends what there is room for without an allocation, and says how much that was.
    #[inline]
    pub(super) fn append(&mut self, text: &[u8]) -> usize {
        match self {
            Tail::Short { to, bytes, .. } => {
                let at = usize::from(*to);
                let taken = text.len().min(SHORT_MAX - at);
                // What does not fit as a whole goes to a buffer as a whole.
                if taken < text.len() {
                    return 0;
                }
                bytes[at..at + taken].copy_from_slice(text);
                *to += taken as u8;
                taken
            }
            Tail::Long(tail) => {
                let taken = text.len().min(tail.capacity() - tail.len());
                tail.extend_from_slice(&text[..taken]);
                taken
            }
        }
    }

    /// Moves what lies in line to a buffer with room for `size` octets.
    pub(super) fn lengthen(&mut self, size: usize) {
        let mut longer = BytesMut::with_capacity(size.max(self.len()));
        longer.extend_from_slice(self.as_slice());
        *self = Tail::Long(longer);
    }

    /// Whether a buffer is there.
    pub(super) const fn is_long(&self) -> bool {
        matches!(self, Tail::Long(_))
    }

    /// Octets of memory besides the handle.
    #[cfg(test)]
    pub(super) fn allocated(&self) -> usize {
        match self {
            Tail::Short { .. } => 0,
            Tail::Long(tail) => tail.capacity(),
        }
    }

    /// Takes all text out; the spare capacity stays.
    pub(super) fn freeze(&mut self) -> Bytes {
        match self {
            Tail::Short { .. } => {
                let text = Bytes::copy_from_slice(self.as_slice());
                *self = Tail::EMPTY;
                text
            }
            Tail::Long(tail) => tail.split().freeze(),
        }
    }

    /// Drops octets at the front.
    #[inline]
    pub(super) fn advance(&mut self, n: usize) {
        match self {
            Tail::Short { from, .. } => *from += n as u8,
            Tail::Long(tail) => tail.advance(n),
        }
    }
}
