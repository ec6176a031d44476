//! Where does text wait that the user wrote and the peer has not acknowledged?
//!
//! RFC 9293 §3.9.1.2 (SEND) queues it here, and it stays until SND.UNA passes it, since it may
//! have to be sent again. Large writes are kept as the chunks they are; small ones are gathered
//! into a growing tail. Octets are named by their offset from the front, which is SND.UNA.
//! Sequence numbers, SYN and FIN are the caller's.

use super::tail::Tail;
use crate::segment::{Short, Transmit};
use alloc::collections::VecDeque;
use bytes::{Buf, Bytes};
use osier_wire::Chunks;

/// Text shorter than this is copied rather than kept as a chunk of its own: moving so few octets
/// costs less than the record of a chunk, and a short slice may pin a large buffer.
const COPY_BELOW: usize = 512;

/// A tail shorter than this is copied into a segment and stays open for more; a longer one is
/// frozen into a chunk. So the number of chunks is bounded by the octets, however small the
/// writes.
const FREEZE_FROM: usize = 1024;

/// The smallest and the largest tail: a tiny write allocates little, and a chunk is no larger
/// than what one super-segment can carry.
const TAIL_MIN: usize = 512;
const TAIL_MAX: usize = 64 * 1024;

/// Ends of records that are kept; beyond it records run together.
const RECORDS_MAX: usize = 4_096;

/// The text between SND.UNA and the last octet written. Holds no memory while empty.
#[derive(Clone, Debug)]
pub(crate) struct Buffer {
    chunks: VecDeque<Chunk>,
    /// Small writes, behind all chunks.
    tail: Tail,
    /// The position of the front and of the tail: octets since the connection began, on a
    /// circle of 2^32.
    front: u32,
    tail_at: u32,
    /// Octets that have never been sent.
    unsent: u32,
    limit: u32,
    /// Where records end, as positions: only of a user who marks them.
    records: Option<VecDeque<u32>>,
}

#[derive(Clone, Debug)]
struct Chunk {
    /// The position of the first octet.
    at: u32,
    text: Bytes,
}

impl Buffer {
    /// An empty buffer that takes up to `limit` octets.
    pub(crate) fn new(limit: u32) -> Self {
        Buffer {
            chunks: VecDeque::new(),
            tail: Tail::EMPTY,
            front: 0,
            tail_at: 0,
            unsent: 0,
            limit,
            records: None,
        }
    }

    /// Octets held: sent and unacknowledged, and unsent.
    pub(crate) fn len(&self) -> u32 {
        // Writes are clipped to `room`, so the tail is shorter than 2^32.
        self.tail_at.wrapping_sub(self.front) + self.tail.len() as u32
    }

    /// Octets that have never been sent: the last of those held.
    #[inline]
    pub(crate) const fn unsent(&self) -> u32 {
        self.unsent
    }

    /// `octets` more are sent for the first time.
    pub(crate) const fn on_sent(&mut self, octets: u32) {
        self.unsent -= octets;
    }

    /// Whether everything written was acknowledged.
    pub(crate) fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Octets that can still be written.
    pub(crate) fn room(&self) -> u32 {
        self.limit.saturating_sub(self.len())
    }

    /// The most octets that are kept.
    pub(crate) const fn limit(&self) -> u32 {
        self.limit
    }

    /// Changes the limit. What is held already stays, even where it exceeds the new limit.
    pub(crate) const fn set_limit(&mut self, limit: u32) {
        self.limit = limit;
    }

    /// A record ends here: no segment will carry text from both sides of it.
    pub(crate) fn end_record(&mut self) {
        let end = self.front.wrapping_add(self.len());
        let records = self.records.get_or_insert_default();
        if records.len() < RECORDS_MAX && records.back() != Some(&end) {
            records.push_back(end);
        }
    }

    /// Octets from `offset` on to the end of the record that it lies in; `None`: there is no end.
    pub(crate) fn record_left(&self, offset: u32) -> Option<u32> {
        let records = self.records.as_ref()?;
        let ends = records.iter().map(|end| end.wrapping_sub(self.front));
        ends.into_iter().find(|end| *end > offset).map(|end| end - offset)
    }

    /// Whether the user has marked no end of a record.
    #[inline]
    pub(crate) const fn is_one_record(&self) -> bool {
        self.records.is_none()
    }

    /// Forgets the ends that are acknowledged.
    fn forget_records(&mut self) {
        let (front, len) = (self.front, self.len());
        let Some(records) = self.records.as_mut() else { return };
        let is_past = |end: u32| end.wrapping_sub(front) == 0 || end.wrapping_sub(front) > len;
        while records.front().copied().is_some_and(is_past) {
            records.pop_front();
        }
        if records.is_empty() {
            self.records = None;
        }
    }

    /// Queues a copy of the front of `text` and says how many octets were taken.
    pub(crate) fn push_copy(&mut self, text: &[u8]) -> usize {
        let taken = text.len().min(self.room() as usize);
        self.unsent += taken as u32;
        self.append(&text[..taken]);
        taken
    }

    /// Copies text, which there is room for, behind what is held.
    fn append(&mut self, mut rest: &[u8]) {
        loop {
            rest = &rest[self.tail.append(rest)..];
            if rest.is_empty() {
                return;
            }
            if self.tail.is_long() {
                self.freeze_tail();
            }
            self.tail.lengthen(self.tail_size_for(rest.len()));
        }
    }

    /// Queues the front of `chunk` without copying it, takes it off `chunk`, and says how many
    /// octets were taken. Text shorter than a chunk is worth is copied.
    pub(crate) fn push_chunk(&mut self, chunk: &mut Bytes) -> usize {
        let taken = chunk.len().min(self.room() as usize);
        self.unsent += taken as u32;
        if taken < COPY_BELOW {
            self.append(&chunk[..taken]);
            chunk.advance(taken);
        } else {
            self.freeze_tail();
            self.chunks.push_back(Chunk { at: self.tail_at, text: chunk.split_to(taken) });
            self.tail_at = self.tail_at.wrapping_add(taken as u32);
        }
        taken
    }

    /// Puts the octets from `offset` on, counted from the front, into an empty transmit; `max` of
    /// them, or as many as there are.
    #[inline]
    pub(crate) fn gather(&mut self, offset: u32, max: u32, into: &mut Transmit) {
        let tail = self.tail.as_slice();
        if self.chunks.is_empty() && tail.len() < FREEZE_FROM {
            let from = (offset as usize).min(tail.len());
            let text = &tail[from..tail.len().min(from + max as usize)];
            if text.len() <= Short::MAX {
                into.short.set(text);
            } else {
                into.payload.push(Bytes::copy_from_slice(text));
            }
            return;
        }
        self.gather_chunks(offset, max, &mut into.payload);
    }

    fn gather_chunks(&mut self, offset: u32, max: u32, gathered: &mut Chunks) {
        let mut left = max.min(self.len().saturating_sub(offset)) as usize;
        let start = self.front.wrapping_add(offset);
        let tail_offset = self.tail_at.wrapping_sub(self.front);
        if left > (tail_offset.saturating_sub(offset)) as usize && self.tail.len() >= FREEZE_FROM {
            self.freeze_tail();
        }
        let mut at = start;
        for chunk in self.chunks.range(self.chunk_of(offset)..) {
            if left == 0 {
                return;
            }
            let skip = at.wrapping_sub(chunk.at) as usize;
            let take = left.min(chunk.text.len() - skip);
            gathered.push(chunk.text.slice(skip..skip + take));
            at = at.wrapping_add(take as u32);
            left -= take;
        }
        if left > 0 {
            let skip = at.wrapping_sub(self.tail_at) as usize;
            gathered.push(Bytes::copy_from_slice(&self.tail.as_slice()[skip..skip + left]));
        }
    }

    /// The peer has acknowledged `n` more octets of text: they leave the front. More than there
    /// are means all.
    #[inline(always)]
    pub(crate) fn acked(&mut self, n: u32) {
        if self.chunks.is_empty() && n as usize >= self.tail.len() {
            let all = self.tail.len() as u32;
            self.tail_at = self.tail_at.wrapping_add(all);
            self.front = self.tail_at;
            self.tail = Tail::EMPTY;
            self.records = None;
            return;
        }
        self.acked_in_part(n.min(self.len()));
        self.forget_records();
    }

    fn acked_in_part(&mut self, mut left: u32) {
        self.front = self.front.wrapping_add(left);
        while let Some(chunk) = self.chunks.front_mut().filter(|_| left > 0) {
            let len = chunk.text.len() as u32;
            if len > left {
                chunk.text.advance(left as usize);
                chunk.at = chunk.at.wrapping_add(left);
                return;
            }
            left -= len;
            self.chunks.pop_front();
        }
        self.tail.advance(left as usize);
        self.tail_at = self.tail_at.wrapping_add(left);
        if self.is_empty() {
            self.chunks = VecDeque::new();
            self.tail = Tail::EMPTY;
        }
    }

    /// The index of the chunk that holds `offset`, or how many chunks there are.
    fn chunk_of(&self, offset: u32) -> usize {
        // The first chunk that starts behind `offset` follows the one that holds it.
        let behind = |chunk: &Chunk| chunk.at.wrapping_sub(self.front) <= offset;
        let next = self.chunks.partition_point(behind);
        match self.tail_at.wrapping_sub(self.front) <= offset {
            true => self.chunks.len(),
            false => next - 1,
        }
    }

    /// Makes the tail a chunk; its spare capacity stays the tail's.
    fn freeze_tail(&mut self) {
        if self.tail.len() == 0 {
            return;
        }
        let text = self.tail.freeze();
        let len = text.len() as u32;
        self.chunks.push_back(Chunk { at: self.tail_at, text });
        self.tail_at = self.tail_at.wrapping_add(len);
    }

    /// As much as is held or about to be written, whichever is more: who has written little gets
    /// a small tail, and the unused part is never more than about what is used.
    fn tail_size_for(&self, writing: usize) -> usize {
        writing.max(self.len() as usize).clamp(TAIL_MIN, TAIL_MAX).next_power_of_two()
    }
}

#[cfg(test)]
mod tests;
