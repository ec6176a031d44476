//! What did the peer report? RFC 2018 §5, and RFC 2883 for duplicates.
//!
//! A report repeats earlier ones (RFC 2018 §4), so what the last one said is remembered and
//! skipped: the work follows what changes. A block that makes no sense is ignored. What follows
//! for the loss of the rest is `rack.rs`'s question.

use super::ack::AckArrived;
use super::records::{Delivered, Records};
use osier_time::{Duration, Instant};
use osier_wire::SeqNumber;
use osier_wire::tcp::SackBlocks;

/// What was reported.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Scoreboard {
    /// The blocks of the latest acknowledgment, without senseless ones.
    seen: SackBlocks,
}

/// The news of an acknowledgment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Reported {
    /// Octets newly reported.
    pub(super) octets: u32,
    /// The round trip of what was sent latest of them.
    pub(super) rtt: Option<Duration>,
}

impl Scoreboard {
    /// An acknowledgment brings its blocks; `told` hears of what they deliver.
    pub(super) fn on_blocks(
        &mut self,
        now: Instant,
        ack: &AckArrived,
        records: &mut Records,
        told: &mut impl FnMut(&Delivered),
    ) -> Reported {
        let mut reported = Reported::default();
        if ack.sack.is_empty() && self.seen.is_empty() {
            return reported;
        }
        let una = ack.ack.max(ack.una_before);
        let before = core::mem::replace(&mut self.seen, SackBlocks::NONE);
        let mut news = [None; SackBlocks::MAX];
        for (place, &(left, right)) in news.iter_mut().zip(ack.sack.as_slice()) {
            let sensible = left.after(una) && left.before(right) && right.at_or_before(ack.nxt);
            if sensible {
                self.seen.push(left, right);
                *place = since((left, right), &before, ack.mss).map(|left| (left, right));
            }
        }
        // The latest comes first in an acknowledgment; told by number, a lower one that was
        // reported late for want of an acknowledgment does not look overtaken.
        news.sort_unstable_by_key(|block| block.map(|(left, _)| left.since(una)));
        for block in news.into_iter().flatten() {
            let (octets, sent_at) = records.on_report(block, told);
            reported.octets += octets;
            let rtt = sent_at.map(|sent_at| now - sent_at);
            reported.rtt = reported.rtt.into_iter().chain(rtt).min();
        }
        reported
    }

    /// Whether the latest acknowledgment reported nothing.
    pub(super) fn is_empty(&self) -> bool {
        self.seen.is_empty()
    }

    /// The peer has dropped what it reported (RFC 2018 §8).
    pub(super) fn forget(&mut self) {
        *self = Scoreboard::default();
    }
}

/// RFC 2883 §4: the duplicate that an acknowledgment reports: its first block, where that lies
/// below the acknowledgment or within the second block.
pub(super) fn duplicate(ack: &AckArrived) -> Option<(SeqNumber, SeqNumber)> {
    let blocks = ack.sack.as_slice();
    let &(left, right) = blocks.first()?;
    let within = |&(l, r): &(SeqNumber, SeqNumber)| left.at_or_after(l) && right.at_or_before(r);
    let reported = right.at_or_before(ack.ack) || blocks.get(1).is_some_and(within);
    (left.before(right) && reported).then_some((left, right))
}

/// Where the part of a block begins that the blocks before did not cover; `None` where they
/// covered all. Blocks grow at their end. One segment more is looked at again, since of a segment
/// reported in part nothing was marked.
fn since(
    (left, right): (SeqNumber, SeqNumber),
    before: &SackBlocks,
    mss: u32,
) -> Option<SeqNumber> {
    for &(old_left, old_right) in before.as_slice() {
        if left.at_or_after(old_left) && left.before(old_right) {
            return right.after(old_right).then(|| left.max(old_right - mss));
        }
    }
    Some(left)
}
