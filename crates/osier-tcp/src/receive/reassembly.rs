//! In which order does text reach the user? RFC 9293 §3.10.7.4, seventh: process the segment text.
//!
//! Text at RCV.NXT goes to the row that the user reads, and pulls after it what waited for it.
//! Text beyond a hole waits in islands, `[left, right)` each, with a hole before every one. Where
//! texts overlap, what was received first stays. RCV.NXT, the window, SYN and FIN are the
//! caller's; it clips the text to the window.

use super::pieces::{COPY_BELOW, FRAME, Pieces};
use alloc::collections::VecDeque;
use bytes::{Buf, Bytes};
use osier_wire::SeqNumber;

/// Islands that are kept at most. A path that loses one segment in fifty has five in the window
/// of 250 segments; a peer that makes a thousand holes on purpose gains nothing by more.
const ISLANDS_MAX: usize = 1024;

/// Out-of-order slices that are kept at most: so many, and one more for each so many octets of
/// the limit. Full segments are larger than that, so only text in crumbs meets this bound.
const PIECES_MIN: usize = 64;
const PIECE_OCTETS: usize = 256;

/// Text between what the user has read and the last octet received.
#[derive(Clone, Debug)]
pub(crate) struct Reassembly {
    ready: Pieces,
    /// In order of sequence, none touching another.
    islands: VecDeque<Island>,
    /// Octets and slices in all islands.
    waiting: u32,
    waiting_pieces: u32,
    limit: u32,
}

#[derive(Clone, Debug)]
struct Island {
    left: SeqNumber,
    right: SeqNumber,
    pieces: Pieces,
}

/// A range of sequence numbers `[left, right)`.
pub(crate) type Range = (SeqNumber, SeqNumber);

/// What became of a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Inserted {
    /// It reached RCV.NXT.
    InOrder {
        /// Octets that RCV.NXT moves by, with what waited behind the text.
        advanced: u32,
        /// What it did to the first hole.
        gap: Gap,
        /// The first part of it that had been received before (RFC 2883).
        duplicate: Option<Range>,
    },
    /// It waits behind a hole.
    OutOfOrder {
        /// The island that it is part of now: `[left, right)`.
        left: SeqNumber,
        /// Its end.
        right: SeqNumber,
        /// The first part of it that had been received before (RFC 2883).
        duplicate: Option<Range>,
    },
    /// All of it had been received before.
    Duplicate {
        /// Its first octet.
        left: SeqNumber,
        /// Behind its last octet.
        right: SeqNumber,
    },
    /// It was dropped: a bound is reached. (Or it was empty.)
    NoRoom,
}

/// What text in order did to the hole before text that waits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Gap {
    /// Nothing waited.
    None,
    /// The first hole is smaller now.
    Narrowed,
    /// The first hole is filled, and what waited behind it came along.
    Filled,
}

impl Reassembly {
    /// Nothing received; keeps up to `limit` octets in order, and as many out of order.
    pub(crate) fn new(limit: u32) -> Self {
        Reassembly {
            ready: Pieces::default(),
            islands: VecDeque::new(),
            waiting: 0,
            waiting_pieces: 0,
            limit,
        }
    }

    /// Changes the limit. What is held already stays, even where it is more.
    pub(crate) const fn set_limit(&mut self, limit: u32) {
        self.limit = limit;
    }

    /// Text arrived at `seq`, where `nxt` is RCV.NXT. A part before `nxt` is a duplicate.
    pub(crate) fn insert(&mut self, nxt: SeqNumber, seq: SeqNumber, mut text: Bytes) -> Inserted {
        let right = seq + text.len() as u32;
        if text.is_empty() {
            return Inserted::NoRoom;
        }
        if right.at_or_before(nxt) {
            return Inserted::Duplicate { left: seq, right };
        }
        if seq.after(nxt) {
            return self.insert_out_of_order(nxt, seq, text);
        }
        let before = (seq != nxt).then_some((seq, nxt));
        text.advance(nxt.since(seq) as usize);
        text.truncate(self.limit.saturating_sub(self.ready.len()) as usize);
        if text.is_empty() {
            return Inserted::NoRoom;
        }
        if self.islands.is_empty() {
            let advanced = text.len() as u32;
            self.ready.push(text);
            return Inserted::InOrder { advanced, gap: Gap::None, duplicate: before };
        }
        self.insert_in_order(nxt, text, before)
    }

    /// Moves text to the user's buffer, and says how many octets.
    pub(crate) fn read(&mut self, into: &mut [u8]) -> usize {
        self.ready.read(into)
    }

    /// Takes up to `max` octets as the slice of the frame they came in.
    pub(crate) fn read_chunk(&mut self, max: usize) -> Option<Bytes> {
        self.ready.take(max)
    }

    /// Copies text to the user's buffer and leaves it to be read again.
    pub(crate) fn peek(&self, into: &mut [u8]) -> usize {
        self.ready.peek(into)
    }

    /// Whether nothing waits behind a hole.
    #[inline]
    pub(crate) fn is_in_order(&self) -> bool {
        self.islands.is_empty()
    }

    /// Octets of text in order that fit.
    #[inline]
    pub(crate) const fn room(&self) -> u32 {
        self.limit.saturating_sub(self.ready.len())
    }

    /// [`Reassembly::insert`] at RCV.NXT, of text that fits, where nothing waits behind a hole.
    #[inline]
    pub(crate) fn push_in_order(&mut self, text: &mut Bytes) {
        self.ready.push_from(text);
    }

    /// Octets in order that the user can read.
    pub(crate) const fn ready(&self) -> u32 {
        self.ready.len()
    }

    /// Octets that wait behind a hole.
    #[cfg(test)]
    pub(crate) const fn out_of_order(&self) -> u32 {
        self.waiting
    }

    /// Octets of memory that all of it keeps alive.
    #[inline]
    pub(crate) fn pinned(&self) -> u32 {
        if self.islands.is_empty() {
            return self.ready.pinned();
        }
        let islands =
            self.islands.len() * size_of::<Island>() + self.waiting_pieces as usize * FRAME;
        self.ready.pinned() + self.waiting + islands as u32
    }

    /// How many holes there are, one before each block.
    pub(crate) fn holes(&self) -> usize {
        self.islands.len()
    }

    /// The blocks out of order, in order of sequence.
    pub(crate) fn blocks(&self) -> impl Iterator<Item = Range> + '_ {
        self.islands.iter().map(|island| (island.left, island.right))
    }

    /// The block that `seq` lies in, if any.
    pub(crate) fn block_of(&self, nxt: SeqNumber, seq: SeqNumber) -> Option<Range> {
        let distance = seq.since(nxt);
        let at = self.islands.partition_point(|island| island.right.since(nxt) <= distance);
        let island = self.islands.get(at).filter(|island| island.left.since(nxt) <= distance)?;
        Some((island.left, island.right))
    }

    fn insert_in_order(
        &mut self,
        nxt: SeqNumber,
        mut text: Bytes,
        mut duplicate: Option<Range>,
    ) -> Inserted {
        let end = nxt + text.len() as u32;
        let mut at = nxt;
        let mut gap = Gap::Narrowed;
        while self.islands.front().is_some_and(|island| island.left.at_or_before(end)) {
            let Some(island) = self.islands.pop_front() else { break };
            gap = Gap::Filled;
            duplicate = duplicate.or_else(|| overlap((at, end), &island));
            self.waiting -= island.right.since(island.left);
            self.waiting_pieces -= island.pieces.count() as u32;
            self.ready.push(split_front(&mut text, island.left.since(at)));
            text.advance(text.len().min(island.right.since(island.left) as usize));
            self.ready.append(island.pieces);
            at = island.right;
        }
        at += text.len() as u32;
        self.ready.push(text);
        self.free_if_empty();
        Inserted::InOrder { advanced: at.since(nxt), gap, duplicate }
    }

    fn insert_out_of_order(&mut self, nxt: SeqNumber, seq: SeqNumber, text: Bytes) -> Inserted {
        let right = seq + text.len() as u32;
        // The islands that the text overlaps or touches: those that end at or after its start and
        // start at or before its end.
        let (from, to) = (seq.since(nxt), right.since(nxt));
        let first = self.islands.partition_point(|island| island.right.since(nxt) < from);
        if let Some(island) = self.islands.get(first) {
            let (left, right_of_it) = (island.left.since(nxt), island.right.since(nxt));
            if left <= from && to <= right_of_it {
                return Inserted::Duplicate { left: seq, right };
            }
        }
        let touched = self.islands.range(first..).take_while(|i| i.left.since(nxt) <= to).count();
        let too_many = self.waiting_pieces as usize + touched >= self.pieces_max();
        if self.waiting.saturating_add(text.len() as u32) > self.limit || too_many {
            return Inserted::NoRoom;
        }
        match touched {
            0 if self.islands.len() >= ISLANDS_MAX => return Inserted::NoRoom,
            0 => self.new_island(first, seq, text),
            1 if self.islands[first].right == seq => self.lengthen(first, text),
            _ => return self.merge(first..first + touched, seq, text),
        }
        let Island { left, right, .. } = self.islands[first];
        Inserted::OutOfOrder { left, right, duplicate: None }
    }

    /// Text with a hole on either side.
    fn new_island(&mut self, at: usize, left: SeqNumber, text: Bytes) {
        let right = left + text.len() as u32;
        self.waiting += text.len() as u32;
        self.waiting_pieces += 1;
        let mut pieces = Pieces::default();
        pieces.push(unpinned(text));
        self.islands.insert(at, Island { left, right, pieces });
    }

    /// Text that continues an island: what follows a lost segment mostly does.
    fn lengthen(&mut self, at: usize, text: Bytes) {
        let island = &mut self.islands[at];
        self.waiting += text.len() as u32;
        self.waiting_pieces -= island.pieces.count() as u32;
        island.right += text.len() as u32;
        island.pieces.push(text);
        self.waiting_pieces += island.pieces.count() as u32;
    }

    /// Text that overlaps or joins islands: they and the text become one.
    fn merge(
        &mut self,
        islands: core::ops::Range<usize>,
        seq: SeqNumber,
        mut text: Bytes,
    ) -> Inserted {
        let end = seq + text.len() as u32;
        let mut duplicate = None;
        let first = islands.start;
        let left = self.islands[first].left;
        let mut all = Island { left: left.min(seq), right: seq, pieces: Pieces::default() };
        for island in self.islands.drain(islands) {
            duplicate = duplicate.or_else(|| overlap((seq, end), &island));
            self.waiting -= island.right.since(island.left);
            self.waiting_pieces -= island.pieces.count() as u32;
            if island.left.after(all.right) {
                let hole = split_front(&mut text, island.left.since(all.right));
                all.pieces.push(unpinned(hole));
            }
            let covered = island.right.since(island.left.max(seq));
            text.advance(text.len().min(covered as usize));
            all.pieces.append(island.pieces);
            all.right = island.right;
        }
        all.right += text.len() as u32;
        if !text.is_empty() {
            all.pieces.push(unpinned(text));
        }
        let (left, right) = (all.left, all.right);
        self.waiting += right.since(left);
        self.waiting_pieces += all.pieces.count() as u32;
        self.islands.insert(first, all);
        Inserted::OutOfOrder { left, right, duplicate }
    }

    fn pieces_max(&self) -> usize {
        PIECES_MIN + self.limit as usize / PIECE_OCTETS
    }

    fn free_if_empty(&mut self) {
        if self.islands.is_empty() {
            self.islands = VecDeque::new();
        }
    }
}

/// The part of an island that lies in a range.
fn overlap((left, right): Range, island: &Island) -> Option<Range> {
    let (left, right) = (left.max(island.left), right.min(island.right));
    left.before(right).then_some((left, right))
}

/// Takes up to `n` octets off the front.
fn split_front(text: &mut Bytes, n: u32) -> Bytes {
    text.split_to(text.len().min(n as usize))
}

/// The text itself, or a copy of a text that would pin much more than itself. Out of order, it may
/// have to wait for long.
fn unpinned(text: Bytes) -> Bytes {
    if text.len() < COPY_BELOW { Bytes::copy_from_slice(&text) } else { text }
}

#[cfg(test)]
mod tests;
