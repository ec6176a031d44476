//! How is a row of received slices kept? As they came, except small ones, which are copied.
//!
//! A slice pins the whole buffer of the frame it came in. A short one that waits beside others is
//! therefore copied: memory is then at most a small multiple of the octets that are accounted.

use alloc::collections::VecDeque;
use bytes::{Buf, Bytes, BytesMut};

/// A quarter of the 2 KiB that a device commonly gives a frame: text shorter than this pins more
/// than four times its size, and to copy it costs less than to keep a record of it.
pub(super) const COPY_BELOW: usize = 512;

/// What a device commonly gives a frame.
pub(super) const FRAME: usize = 2048;

/// Small texts are gathered in buffers that grow with what is waiting, between these sizes.
const GATHER_MIN: usize = 512;
const GATHER_MAX: usize = 4096;

/// Contiguous text, first octet first. A single slice needs no memory besides itself, and an
/// empty row none.
#[derive(Clone, Debug, Default)]
pub(super) struct Pieces {
    /// Empty only where everything is.
    first: Bytes,
    rest: VecDeque<Bytes>,
    /// Copies of small texts, behind all others.
    small: BytesMut,
    len: u32,
    /// Octets of memory that the slices keep alive, and those of them that are the first one's.
    pinned: u32,
    first_pins: u32,
}

/// What a slice of this length keeps alive: a device commonly gives a frame 2 KiB, and small texts
/// are gathered in buffers that are at most as large again.
const fn pins(len: usize) -> u32 {
    if len > FRAME { len as u32 } else { FRAME as u32 }
}

impl Pieces {
    /// Octets in the row.
    pub(super) const fn len(&self) -> u32 {
        self.len
    }

    /// Slices in the row.
    pub(super) fn count(&self) -> usize {
        let small = usize::from(!self.small.is_empty());
        usize::from(!self.first.is_empty()) + self.rest.len() + small
    }

    /// [`Pieces::push`] of text, of which there is some; takes it away.
    #[inline]
    pub(super) fn push_from(&mut self, text: &mut Bytes) {
        if !self.first.is_empty() {
            return self.push(core::mem::take(text));
        }
        core::mem::swap(&mut self.first, text);
        self.len += self.first.len() as u32;
        self.first_pins = pins(self.first.len());
        self.pinned += self.first_pins;
    }

    /// Adds text at the end.
    #[inline]
    pub(super) fn push(&mut self, text: Bytes) {
        if text.is_empty() {
            return;
        }
        // The text was clipped to a window of less than 2^32.
        self.len += text.len() as u32;
        if self.first.is_empty() {
            self.first_pins = pins(text.len());
            self.pinned += self.first_pins;
            self.first = text;
        } else if text.len() < COPY_BELOW {
            self.gather(&text);
        } else {
            self.freeze_small();
            self.pinned += pins(text.len());
            self.rest.push_back(text);
        }
    }

    /// Octets of memory that the row keeps alive.
    pub(super) const fn pinned(&self) -> u32 {
        self.pinned
    }

    /// Moves all of `other` to the end.
    pub(super) fn append(&mut self, mut other: Pieces) {
        if self.first.is_empty() {
            *self = other;
            return;
        }
        self.push(core::mem::take(&mut other.first));
        while let Some(piece) = other.rest.pop_front() {
            self.push(piece);
        }
        self.push(other.small.freeze());
    }

    /// Takes up to `max` octets off the front: at most one slice.
    pub(super) fn take(&mut self, max: usize) -> Option<Bytes> {
        if self.first.is_empty() || max == 0 {
            return None;
        }
        let taken = self.first.split_to(max.min(self.first.len()));
        self.len -= taken.len() as u32;
        self.refill_first();
        Some(taken)
    }

    /// Moves octets off the front into `into`, and says how many.
    #[inline]
    pub(super) fn read(&mut self, into: &mut [u8]) -> usize {
        if let Some(room) = into.get_mut(..self.first.len())
            && self.first.len() == self.len as usize
        {
            // All there is, in one slice: what a program that keeps up finds.
            room.copy_from_slice(&self.first);
            self.forget_first();
            return core::mem::take(&mut self.len) as usize;
        }
        let mut filled = 0;
        while filled < into.len() && !self.first.is_empty() {
            let now = self.first.len().min(into.len() - filled);
            into[filled..filled + now].copy_from_slice(&self.first[..now]);
            filled += now;
            if now < self.first.len() {
                self.first.advance(now);
                break;
            }
            self.next_first();
        }
        self.len -= filled as u32;
        filled
    }

    /// Copies octets of the front into `into`, and says how many.
    pub(super) fn peek(&self, into: &mut [u8]) -> usize {
        let rest = self.rest.iter().map(|piece| &piece[..]);
        let mut filled = 0;
        for piece in core::iter::once(&self.first[..]).chain(rest).chain([&self.small[..]]) {
            let now = piece.len().min(into.len() - filled);
            into[filled..filled + now].copy_from_slice(&piece[..now]);
            filled += now;
        }
        filled
    }

    /// The first slice was all there is, and is used up: the frame that it lay in is let go.
    #[inline]
    fn forget_first(&mut self) {
        self.first = Bytes::new();
        (self.pinned, self.first_pins) = (0, 0);
    }

    /// The first piece is used up: the next one becomes it.
    #[inline]
    fn next_first(&mut self) {
        if self.rest.len() > 1
            && let Some(next) = self.rest.pop_front()
        {
            self.pinned -= self.first_pins;
            self.first_pins = pins(next.len());
            self.first = next;
            return;
        }
        self.first.clear();
        self.refill_first();
    }

    /// The next piece becomes the first, once that is used up.
    fn refill_first(&mut self) {
        if !self.first.is_empty() {
            return;
        }
        if self.rest.is_empty() && self.small.is_empty() {
            return self.forget_first();
        }
        self.first = match self.rest.pop_front() {
            Some(next) => next,
            None => self.take_small(),
        };
        self.pinned -= self.first_pins;
        self.first_pins = if self.first.is_empty() { 0 } else { pins(self.first.len()) };
        if self.rest.is_empty() && self.rest.capacity() > 0 {
            self.rest = VecDeque::new();
        }
    }

    fn gather(&mut self, text: &[u8]) {
        if self.small.capacity() - self.small.len() < text.len() {
            self.freeze_small();
            self.pinned += FRAME as u32;
            let size = (self.len as usize).clamp(GATHER_MIN, GATHER_MAX).max(text.len());
            self.small = BytesMut::with_capacity(size);
        }
        self.small.extend_from_slice(text);
    }

    fn freeze_small(&mut self) {
        if !self.small.is_empty() {
            let small = self.take_small();
            self.rest.push_back(small);
        }
    }

    fn take_small(&mut self) -> Bytes {
        let small = core::mem::take(&mut self.small).freeze();
        if !small.is_empty() {
            self.pinned += pins(small.len()) - FRAME as u32;
        }
        small
    }
}

#[cfg(test)]
impl Pieces {
    /// Memory that is allocated besides the slices themselves.
    pub(super) fn capacity(&self) -> usize {
        self.rest.capacity() + self.small.capacity()
    }
}
