//! Which blocks does an acknowledgment report, and in which order? RFC 2018 §4; RFC 2883 §4 for
//! duplicates.
//!
//! First a duplicate, once; then the block that the latest segment is part of; then the blocks
//! reported before, latest first, so that each is reported several times and a lost
//! acknowledgment does no harm; then others while there is room.

use super::reassembly::{Range, Reassembly};
use osier_wire::SeqNumber;
use osier_wire::tcp::SackBlocks;

/// What arrived lately, newest first. A sequence number inside each block is enough, as the
/// blocks themselves grow and merge.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct SackHistory {
    recent: [SeqNumber; SackBlocks::MAX],
    len: u8,
    duplicate: Option<Range>,
}

impl SackHistory {
    /// Nothing has arrived out of order.
    pub(crate) fn new() -> Self {
        SackHistory::default()
    }

    /// Text arrived out of order and is now part of the block `[left, right)`.
    pub(crate) fn on_received(&mut self, left: SeqNumber, right: SeqNumber) {
        // RFC 2018 §4: the block of the latest segment comes first [MUST].
        let size = right.since(left);
        let mut kept = [left; SackBlocks::MAX];
        let mut len = 1;
        for &old in self.recent() {
            if len < kept.len() && !old.in_window(left, size) {
                kept[len] = old;
                len += 1;
            }
        }
        self.recent = kept;
        self.len = len as u8;
    }

    /// `[left, right)` arrived though it had been received before (RFC 2883 §4).
    pub(crate) fn on_duplicate(&mut self, left: SeqNumber, right: SeqNumber) {
        // One duplicate is reported in each acknowledgment; of several the first is kept.
        self.duplicate = self.duplicate.or(Some((left, right)));
    }

    /// Whether an acknowledgment has nothing to report.
    #[inline]
    pub(crate) fn is_silent(&self, text: &Reassembly) -> bool {
        self.duplicate.is_none() && self.len == 0 && text.holes() == 0
    }

    /// The blocks for the acknowledgment that is being built: at most `room` of them. A duplicate
    /// is reported once (RFC 2883 §4), so this takes it.
    pub(crate) fn blocks(&mut self, nxt: SeqNumber, text: &Reassembly, room: usize) -> SackBlocks {
        let mut blocks = SackBlocks::NONE;
        if let Some((left, right)) = self.duplicate.take() {
            blocks.push(left, right);
            // RFC 2883 §4: the block that contains the duplicate follows it, where there is one.
            if let Some((left, right)) = text.block_of(nxt, left) {
                self.on_received(left, right);
            }
        }
        let duplicates = blocks.as_slice().len();
        if text.holes() > 0 {
            let recent = self.recent().iter().filter_map(|seq| text.block_of(nxt, *seq));
            for (left, right) in recent.chain(text.blocks().take(SackBlocks::MAX)) {
                if !blocks.as_slice()[duplicates..].contains(&(left, right)) {
                    blocks.push(left, right);
                }
            }
        } else {
            self.len = 0;
        }
        blocks.truncate(room);
        blocks
    }

    fn recent(&self) -> &[SeqNumber] {
        &self.recent[..usize::from(self.len)]
    }
}

#[cfg(test)]
mod tests;
