//! What leaves the records when SND.UNA moves? (RFC 9293 §3.10.7.4 fifth; RFC 6298 §3)

use super::{Delivered, Records, Standing};
use alloc::collections::VecDeque;
use osier_time::{Duration, Instant};
use osier_wire::SeqNumber;

/// What an acknowledgment covered.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(in crate::recovery) struct Covered {
    /// Octets.
    pub(in crate::recovery) octets: u32,
    /// Octets of them that were sent only once.
    pub(in crate::recovery) never_resent: u32,
    /// The round trip of the oldest octet that it newly tells of; by Karn's rule only where
    /// nothing of it was sent twice.
    pub(in crate::recovery) rtt: Option<Duration>,
}

impl Records {
    /// Everything before `ack` arrived; `told` hears of what was not known before.
    pub(in crate::recovery) fn on_una(
        &mut self,
        now: Instant,
        ack: SeqNumber,
        told: &mut impl FnMut(&Delivered),
    ) -> Covered {
        let mut covered = Covered::default();
        let mut oldest = None;
        while let Some(mut first) = self.records.front().copied().filter(|r| r.from.before(ack)) {
            let octets = ack.min(first.to).since(first.from);
            covered.octets += octets;
            self.counts.remove(&first);
            match first.standing {
                Standing::InFlight => oldest = oldest.or(Some(first.sent_at)),
                Standing::Sacked | Standing::Lost => {}
            }
            if first.standing != Standing::Sacked {
                self.note_delivered(&first, octets);
                told(&Delivered { end: first.from + octets, ..first.delivered() });
            }
            if first.resent == 0 {
                covered.never_resent += octets;
            }
            first.from += octets;
            if first.from == first.to {
                self.records.pop_front();
            } else {
                self.counts.add(&first);
                self.records[0] = first;
            }
        }
        if self.records.is_empty() && covered.octets > 0 {
            self.resent = VecDeque::new();
        }
        // Neither cursor may fall so far behind that it seems to be ahead.
        self.judged = self.judged.max(ack);
        self.lost_from = self.lost_from.max(ack);
        while self.resent.front().is_some_and(|resent| resent.ends_by(ack)) {
            self.resent.pop_front();
        }
        // RFC 6298 §3 [MUST]: no sample from what was sent twice. Nor from what waited behind it
        // in the peer's hands.
        let samples = covered.never_resent == covered.octets;
        covered.rtt = oldest.filter(|_| samples).map(|sent_at| now - sent_at);
        covered
    }

    /// [`Records::on_una`] where everything is in flight and was sent once.
    #[inline(always)]
    pub(in crate::recovery) fn on_una_in_order(
        &mut self,
        now: Instant,
        ack: SeqNumber,
        mut told: impl FnMut(&Delivered),
    ) -> Covered {
        if let Some(only) = self.records.take_only(ack) {
            told(&only.delivered());
            (self.judged, self.lost_from) = (self.judged.max(ack), self.lost_from.max(ack));
            let (octets, rtt) = (only.len(), Some(now - only.sent_at));
            return Covered { octets, never_resent: octets, rtt };
        }
        self.cover_in_order(now, ack, told)
    }

    #[inline(never)]
    fn cover_in_order(
        &mut self,
        now: Instant,
        ack: SeqNumber,
        mut told: impl FnMut(&Delivered),
    ) -> Covered {
        let mut covered = Covered::default();
        let mut oldest = None;
        while let Some(first) = self.records.front_mut().filter(|r| r.from.before(ack)) {
            let end = ack.min(first.to);
            covered.octets += end.since(first.from);
            oldest = oldest.or(Some(first.sent_at));
            told(&Delivered { end, ..first.delivered() });
            first.from = end;
            if first.from == first.to {
                self.records.pop_front();
            }
        }
        // Neither cursor may fall so far behind that it seems to be ahead.
        (self.judged, self.lost_from) = (self.judged.max(ack), self.lost_from.max(ack));
        covered.never_resent = covered.octets;
        covered.rtt = oldest.map(|sent_at| now - sent_at);
        covered
    }
}
