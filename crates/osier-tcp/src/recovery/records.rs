//! What was sent, when, and where does it stand?
//!
//! The records tile `[SND.UNA, SND.NXT)`: one for each transmission, super-segments included,
//! divided where a report or a loss falls inside. Divisions by the peer's word are made at the
//! borders of segments only, so there are never more records than segments sent. What is lost is
//! decided elsewhere; which records were sent before a moment is answered by `by_time.rs`.

mod acknowledged;
mod by_time;
mod counts;
mod measured;
mod queue;

pub(super) use by_time::{Order, Overdue};
pub(crate) use counts::Census;
pub(super) use counts::Counts;

use super::delivery::{Sampler, Turn};
use alloc::boxed::Box;
use alloc::collections::VecDeque;
use by_time::Resent;
use osier_time::Instant;
use osier_wire::SeqNumber;
use queue::Queue;

/// Where a record stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Standing {
    /// In the network, as far as we know.
    InFlight,
    /// The peer reported it (RFC 2018): it holds it out of order.
    Sacked,
    /// Lost, and to be sent again.
    Lost,
}

/// Consecutive segments sent together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Record {
    pub(super) from: SeqNumber,
    pub(super) to: SeqNumber,
    /// When it was sent last.
    pub(super) sent_at: Instant,
    order: Order,
    /// Text in each segment but the last.
    mss: u16,
    /// How often it was sent again.
    pub(super) resent: u8,
    pub(super) standing: Standing,
}

impl Record {
    pub(super) const fn len(&self) -> u32 {
        self.to.since(self.from)
    }

    /// Octets of each segment but the last.
    pub(super) fn segment(&self) -> u32 {
        u32::from(self.mss)
    }

    /// Segments of the wire.
    pub(super) fn segments(&self) -> u32 {
        self.len().div_ceil(u32::from(self.mss))
    }

    const fn delivered(&self) -> Delivered {
        let Record { sent_at, order, to: end, resent, .. } = *self;
        Delivered { sent_at, order, end, resent }
    }
}

/// All records. Holds no memory while everything is acknowledged.
#[derive(Clone, Debug, Default)]
pub(super) struct Records {
    records: Queue,
    counts: Counts,
    /// No record before this is lost.
    lost_from: SeqNumber,
    /// That of the latest transmission.
    order: Order,
    /// Nothing before this that was sent once waits for a verdict.
    judged: SeqNumber,
    /// What was sent again, in the order of sending.
    resent: VecDeque<Resent>,
    /// The rate of delivery, where somebody asks for it.
    sampler: Option<Box<Sampler>>,
}

/// What the peer is now known to have, and was not known to have before: a record or a part of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Delivered {
    /// When it was sent last.
    pub(super) sent_at: Instant,
    /// As which transmission that was.
    pub(super) order: Order,
    /// Behind its last octet.
    pub(super) end: SeqNumber,
    /// How often it was sent again.
    pub(super) resent: u8,
}

impl Records {
    /// `[from, to)` was sent for the first time.
    #[inline]
    pub(super) fn push(&mut self, now: Instant, from: SeqNumber, to: SeqNumber, mss: u32) {
        debug_assert!(self.end().is_none_or(|end| end == from), "records tile what is sent");
        let mss = u16::try_from(mss).unwrap_or(u16::MAX).max(1);
        if self.records.is_empty() {
            (self.judged, self.lost_from) = (from, from);
        }
        if from.before(to) {
            let order = self.order.advance();
            let standing = Standing::InFlight;
            let record = Record { from, to, sent_at: now, order, mss, resent: 0, standing };
            self.records.push_back(record);
            self.note_sent(now, to.since(from), Turn::First);
        }
    }

    /// The peer holds `[left, right)`, which lies within what is outstanding; `told` hears of what
    /// was not known before. Says how many octets are news, and when the latest of them was sent
    /// that were sent once.
    pub(super) fn on_report(
        &mut self,
        (left, right): (SeqNumber, SeqNumber),
        told: &mut impl FnMut(&Delivered),
    ) -> (u32, Option<Instant>) {
        let (mut octets, mut latest) = (0, None);
        let mut index = self.index_of(left);
        while let Some(record) = self.records.get(index).filter(|record| record.from.before(right))
        {
            index += 1;
            let Some((from, to)) = whole_segments(record, left, right) else { continue };
            if record.standing == Standing::Sacked {
                continue;
            }
            // Divided at the front, the part that is meant follows.
            index -= usize::from(!self.divide(index - 1, from));
            self.divide(index, to);
            let record = self.stands(index, Standing::Sacked);
            index += 1;
            told(&record.delivered());
            self.note_delivered(&record, record.len());
            octets += record.len();
            if record.resent == 0 {
                latest = latest.max(Some(record.sent_at));
            }
        }
        (octets, latest)
    }

    /// The first segment of the first record is lost.
    pub(super) fn lose_first(&mut self, mss: u32) {
        if let Some(first) = self.records.front() {
            self.divide(0, first.from + mss.max(1));
            self.lose(0);
        }
    }

    /// Everything is lost that was not reported.
    pub(super) fn lose_all(&mut self) {
        for index in 0..self.records.len() {
            self.lose(index);
        }
        self.resent = VecDeque::new();
    }

    /// Segments longer than `mss` do not fit the path any more: what is in flight of them is lost.
    pub(super) fn lose_longer_than(&mut self, mss: u32) {
        let mss = u16::try_from(mss).unwrap_or(u16::MAX).max(1);
        for index in 0..self.records.len() {
            let record = &mut self.records[index];
            let too_long = record.mss > mss && record.len() > u32::from(mss);
            if too_long && record.standing != Standing::Sacked {
                record.mss = mss;
                self.lose(index);
            }
        }
        self.forget_stale_resent();
        // RFC 1191 §6.4: no sign of congestion.
        self.forgive();
    }

    /// Nothing counts as reported any more.
    pub(super) fn forget_sacked(&mut self) {
        for index in 0..self.records.len() {
            if self.records[index].standing == Standing::Sacked {
                self.stands(index, Standing::InFlight);
            }
        }
    }

    /// Whether everything is in flight and was sent once, and nobody asks for the rate of delivery.
    #[inline(always)]
    pub(super) fn are_plain(&self) -> bool {
        self.counts == Counts::default() && self.resent.is_empty() && self.sampler.is_none()
    }

    /// Whether anything is lost and not sent again.
    pub(super) fn has_lost(&self) -> bool {
        self.counts.lost > 0
    }

    /// The first range that is lost: consecutive records up to `max` octets, or a part of one in
    /// whole segments.
    pub(super) fn first_lost(&self, max: u32) -> Option<(SeqNumber, SeqNumber)> {
        if self.counts.lost == 0 {
            return None;
        }
        let lost = |record: &&Record| record.standing == Standing::Lost;
        let mut records = self.records.from(self.index_of(self.lost_from)).skip_while(|r| !lost(r));
        let first = records.next()?;
        let mut to = first.to;
        if first.len() > max {
            to = first.from + max / u32::from(first.mss) * u32::from(first.mss);
        }
        for record in records.take_while(|record| lost(record) && record.mss == first.mss) {
            if record.to.since(first.from) > max {
                break;
            }
            to = record.to;
        }
        Some((first.from, to))
    }

    /// `[from, to)` was sent again. Says how many segments that were.
    pub(super) fn retransmitted(&mut self, now: Instant, from: SeqNumber, to: SeqNumber) -> u32 {
        let first_lost = self.first_lost(0).map(|(from, _)| from);
        let order = self.order.advance();
        let mut segments = 0;
        let mut index = self.index_of(from);
        index += usize::from(self.divide(index, from));
        while self.records.get(index).is_some_and(|record| record.from.before(to)) {
            self.divide(index, to);
            let mut record = self.records[index];
            self.counts.remove(&record);
            self.note_resent(record.order, record.len());
            if record.standing == Standing::Lost {
                record.standing = Standing::InFlight;
            }
            (record.sent_at, record.order) = (now, order);
            record.resent = record.resent.saturating_add(1);
            self.counts.add(&record);
            self.records[index] = record;
            segments += record.segments();
            index += 1;
        }
        if first_lost == Some(from) {
            self.lost_from = to;
        }
        self.remember_resent(Resent { from, to, order });
        self.note_sent(now, to.since(from), Turn::Again);
        segments
    }

    /// Octets outstanding that are neither lost nor reported.
    #[inline]
    pub(super) fn in_flight(&self) -> u32 {
        self.outstanding() - self.counts.lost - self.counts.sacked
    }

    /// Octets from SND.UNA to SND.NXT.
    #[inline]
    pub(super) fn outstanding(&self) -> u32 {
        self.end().map_or(0, |end| end.since(self.una()))
    }

    /// How much of it stands how.
    pub(super) fn counts(&self) -> &Counts {
        &self.counts
    }

    pub(super) fn is_empty(&self) -> bool {
        self.records.is_empty()
    }

    /// SND.NXT, where anything is outstanding.
    pub(super) fn end(&self) -> Option<SeqNumber> {
        self.records.back().map(|last| last.to)
    }

    pub(super) fn first(&self) -> Option<&Record> {
        self.records.front()
    }

    /// The last segment.
    pub(super) fn last_segment(&self) -> Option<(SeqNumber, SeqNumber)> {
        let last = self.records.back()?;
        let octets = (last.len() - 1) % u32::from(last.mss) + 1;
        Some((last.to - octets, last.to))
    }

    fn una(&self) -> SeqNumber {
        self.first().map_or(SeqNumber(0), |first| first.from)
    }

    /// The first record that ends after `seq`.
    fn index_of(&self, seq: SeqNumber) -> usize {
        let una = self.una();
        if seq.at_or_before(una) {
            return 0;
        }
        self.records.partition_point(|record| record.to.since(una) <= seq.since(una))
    }

    fn lose(&mut self, index: usize) {
        let record = self.records[index];
        if record.standing != Standing::InFlight {
            return;
        }
        if self.counts.lost == 0 || record.from.before(self.lost_from) {
            self.lost_from = record.from;
        }
        self.stands(index, Standing::Lost);
        self.note_lost(&record);
    }

    /// Gives a record another standing, and keeps the counts. Hands out a copy.
    fn stands(&mut self, index: usize, standing: Standing) -> Record {
        let record = Record { standing, ..self.records[index] };
        self.counts.remove(&self.records[index]);
        self.counts.add(&record);
        self.records[index] = record;
        record
    }

    /// Divides a record; says whether `at` lies inside it at all.
    fn divide(&mut self, index: usize, at: SeqNumber) -> bool {
        let Some(record) = self.records.get_mut(index) else { return false };
        if !(at.after(record.from) && at.before(record.to)) {
            return false;
        }
        let whole = *record;
        let back = Record { from: at, ..whole };
        record.to = at;
        let front = *record;
        self.records.insert(index + 1, back);
        // Divided inside a segment, there is one segment more.
        self.counts.remove(&whole);
        self.counts.add(&front);
        self.counts.add(&back);
        true
    }
}

/// The whole segments of a record that lie in `[left, right)`.
fn whole_segments(
    record: &Record,
    left: SeqNumber,
    right: SeqNumber,
) -> Option<(SeqNumber, SeqNumber)> {
    let mss = u32::from(record.mss);
    let (mut from, mut to) = (record.from, record.to);
    if left.after(from) {
        from += left.since(record.from).next_multiple_of(mss);
    }
    if right.before(to) {
        to = record.from + right.since(record.from) / mss * mss;
    }
    from.before(to).then_some((from, to))
}

#[cfg(test)]
pub(super) mod tests;
