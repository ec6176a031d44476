//! What did the peer report, and what is therefore lost? RFC 2018 §5, RFC 6675 §4.
//!
//! A report repeats earlier ones (RFC 2018 §4), so what the last one said is remembered and
//! skipped: the work follows what changes. A block that makes no sense is ignored, and so is the
//! report of a duplicate (RFC 2883), which tells of nothing that is lost.

use super::DUP_THRESH;
use super::ack::AckArrived;
use super::records::{Records, Standing};
use osier_time::{Duration, Instant};
use osier_wire::SeqNumber;
use osier_wire::tcp::SackBlocks;

/// What was reported.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Scoreboard {
    /// The blocks of the latest acknowledgment, without senseless ones.
    seen: SackBlocks,
    /// Behind the last octet reported.
    highest: Option<SeqNumber>,
    /// What lies before this was judged: it is reported, lost, or was sent again.
    judged: Option<SeqNumber>,
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
    /// SND.UNA moved.
    pub(super) fn on_una(&mut self, una: SeqNumber) {
        self.highest = self.highest.filter(|seq| seq.after(una));
        self.judged = self.judged.filter(|seq| seq.after(una));
    }

    /// An acknowledgment brings its blocks.
    pub(super) fn on_blocks(
        &mut self,
        now: Instant,
        ack: &AckArrived,
        records: &mut Records,
    ) -> Reported {
        let mut reported = Reported::default();
        if ack.sack.is_empty() && self.seen.is_empty() {
            return reported;
        }
        let una = ack.ack.max(ack.una_before);
        let before = core::mem::replace(&mut self.seen, SackBlocks::NONE);
        for &(left, right) in ack.sack.as_slice() {
            let sensible = left.after(una) && left.before(right) && right.at_or_before(ack.nxt);
            if !sensible {
                continue;
            }
            self.seen.push(left, right);
            self.highest = Some(self.highest.map_or(right, |highest| highest.max(right)));
            let Some(left) = news((left, right), &before, ack.mss) else { continue };
            let (octets, sent_at) = records.sack(left, right);
            reported.octets += octets;
            let rtt = sent_at.map(|sent_at| now - sent_at);
            reported.rtt = reported.rtt.into_iter().chain(rtt).min();
        }
        reported
    }

    /// RFC 6675 §4, IsLost: marks what is lost and was sent only once. Says how many octets.
    pub(super) fn mark_lost(&mut self, records: &mut Records, mss: u32) -> u32 {
        let Some(border) = self.border_of_loss(records, mss) else { return 0 };
        let from = self.judged.or_else(|| records.first().map(|first| first.from));
        self.judged = Some(border);
        from.map_or(0, |from| records.lose_between(from, border))
    }

    /// The peer has dropped what it reported (RFC 2018 §8).
    pub(super) fn forget(&mut self) {
        *self = Scoreboard::default();
    }

    /// What lies before this and is not reported is lost: DupThresh segments above it are
    /// reported, or more octets than DupThresh - 1 full segments have.
    fn border_of_loss(&self, records: &Records, mss: u32) -> Option<SeqNumber> {
        let (mut octets, mut segments) = (0, 0);
        for record in records.backwards_from(self.highest?) {
            if self.judged.is_some_and(|judged| record.from.at_or_before(judged)) {
                return None;
            }
            if record.standing == Standing::Sacked {
                octets += record.len();
                segments += record.segments();
            }
            if segments >= DUP_THRESH || octets > (DUP_THRESH - 1) * mss {
                return Some(record.from);
            }
        }
        None
    }
}

/// Where the part of a block begins that the blocks before did not cover; `None` where they
/// covered all. Blocks grow at their end. One segment more is looked at again, since of a segment
/// reported in part nothing was marked.
fn news((left, right): (SeqNumber, SeqNumber), before: &SackBlocks, mss: u32) -> Option<SeqNumber> {
    for &(old_left, old_right) in before.as_slice() {
        if left.at_or_after(old_left) && left.before(old_right) {
            return right.after(old_right).then(|| left.max(old_right - mss));
        }
    }
    Some(left)
}

#[cfg(test)]
mod tests {}
