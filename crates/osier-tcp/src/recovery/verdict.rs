//! What does an acknowledgment mean, all told?
//!
//! Takes in what it says (records, RACK, the probe, the estimate of the round trip), then
//! concludes: was the loss none, is a recovery over, is something newly lost, does one begin?

use super::rack::{Arrival, Circumstances, Rack};
use super::records::{Delivered, Record, Standing};
use super::spurious::{Doubt, Evidence, Finding};
use super::tlp::{Answer, ForProbe};
use super::{AckArrived, Cause, Duplicate, Found, Phase, Recovery, SackUse, Turn, sack};
use osier_time::{Duration, Instant};
use osier_wire::SeqNumber;

/// What an acknowledgment says, before anything is concluded from it.
pub(super) struct News {
    /// Octets newly acknowledged.
    pub(super) acked: u32,
    /// Octets newly reported.
    pub(super) sacked: u32,
    /// The round trip measured.
    pub(super) rtt: Option<Duration>,
}

/// How a verdict is reached.
impl Recovery {
    pub(super) fn take_in(&mut self, now: Instant, ack: &AckArrived) -> News {
        let arrival = Arrival { now, min_rtt: self.rtt.min(), echoed: ack.echoed_rtt };
        let covered = {
            let mut told = tell(&mut self.rack, &mut self.doubt, &arrival);
            self.records.on_una(now, ack.ack, &mut told)
        };
        self.rack.count_reordering();
        let mut news = News { acked: covered.octets, sacked: 0, rtt: covered.rtt };
        if self.sack == SackUse::On {
            let reported = {
                let mut told = tell(&mut self.rack, &mut self.doubt, &arrival);
                self.scoreboard.on_blocks(now, ack, &mut self.records, &mut told)
            };
            self.rack.count_reordering();
            news.sacked = reported.octets;
            news.rtt = news.rtt.or(reported.rtt);
        }
        if covered.octets > 0 {
            self.rto.on_progress();
            self.rack.on_una(ack.ack);
            match self.phase {
                Phase::Open => self.newreno.reset(),
                Phase::FastRecovery | Phase::Loss => self.newreno.on_progress(covered.never_resent),
            }
            // RFC 7323 §4.1: an echo counts only where SND.UNA moves.
            news.rtt = covered.rtt.or(ack.echoed_rtt).or(news.rtt);
        } else if self.sack == SackUse::Off && ack.kind == Duplicate::Yes {
            self.newreno.on_duplicate(self.records.in_flight(), ack.mss);
        }
        if let Some(rtt) = news.rtt {
            self.on_rtt(rtt);
        }
        news
    }

    /// Tells the probe, and RACK of a duplicate that no probe explains.
    pub(super) fn hear_of_probe(&mut self, ack: &AckArrived, acked: u32) -> Answer {
        if self.sack == SackUse::Off {
            return Answer::None;
        }
        let duplicate = sack::duplicate(ack).map(|(_, right)| right);
        self.duplicates_reported += u32::from(duplicate.is_some());
        if duplicate.is_some() && !self.tlp.explains(duplicate) {
            self.rack.on_duplicate_reported(ack.nxt);
        }
        let reports = !ack.sack.is_empty();
        self.tlp.on_ack(&ForProbe { ack: ack.ack, acked, duplicate, reports })
    }

    /// Whether what is being repaired was no loss. If so, it ends here: what counts as lost and was
    /// not sent again is in flight, and is judged anew.
    pub(super) fn inquire(
        &mut self,
        now: Instant,
        ack: &AckArrived,
        acked: u32,
        delivered: u32,
    ) -> Option<Turn> {
        let doubt = self.doubt.as_mut()?;
        let evidence = Evidence {
            now,
            ack: ack.ack,
            acked,
            delivered,
            echoed: ack.echoed_rtt.filter(|_| acked > 0),
            resent_in_flight: self.records.counts().resent_in_flight,
        };
        if doubt.on_ack(&evidence) == Finding::Loss {
            return None;
        }
        let found = doubt.found();
        self.end_recovery();
        self.recover = None;
        self.records.acquit();
        self.rack.on_spurious(found);
        Some(Turn::Spurious(found))
    }

    pub(super) fn turn(&mut self, now: Instant, ack: &AckArrived, acked: u32) -> Turn {
        let over = self.recovery_is_over(ack);
        let found = match self.sack {
            SackUse::On => self.detect(now) > 0,
            SackUse::Off => self.detect_by_duplicates(ack.mss, acked),
        };
        match self.phase {
            Phase::Open if found && self.records.is_probe_lost_alone() => {
                self.spare_probe(ack.nxt);
                Turn::ProbeTooLong
            }
            Phase::Open if found => {
                self.begin_fast_recovery(ack.nxt);
                if over { Turn::NextLoss } else { Turn::LossFound }
            }
            _ if over => Turn::RecoveryOver,
            Phase::FastRecovery if acked > 0 => Turn::PartialAck,
            Phase::Open | Phase::FastRecovery | Phase::Loss => Turn::None,
        }
    }

    /// Whether everything in flight when the loss was found is acknowledged by now.
    fn recovery_is_over(&mut self, ack: &AckArrived) -> bool {
        let Some(recover) = self.recover else { return false };
        if ack.ack.after(recover) {
            self.recover = None;
        }
        if self.phase == Phase::Open || ack.ack.before(recover) {
            return false;
        }
        self.end_recovery();
        self.rack.on_recovery_over();
        true
    }

    fn end_recovery(&mut self) {
        self.phase = Phase::Open;
        self.prr = None;
        self.doubt = None;
        self.newreno.reset();
    }

    /// RFC 8985 §6.2, step 5: marks what is lost, and sets the reordering timer. Says how many
    /// octets are newly lost.
    pub(super) fn detect(&mut self, now: Instant) -> u32 {
        let before = self.records.counts().lost;
        let overdue = self.rack.overdue(now, &self.circumstances());
        let deadline = overdue.and_then(|overdue| self.records.lose_overdue(&overdue));
        self.rack.set_deadline(deadline);
        self.records.counts().lost - before
    }

    /// RFC 5681 §3.2 and RFC 6582 §3.2: the third duplicate and each partial acknowledgment.
    fn detect_by_duplicates(&mut self, mss: u32, acked: u32) -> bool {
        let shown = match self.phase {
            // RFC 6582 §3.2 (1): not for what was outstanding before an earlier recovery, whose
            // own retransmissions can draw duplicates.
            Phase::Open => self.newreno.shows_loss() && self.recover.is_none(),
            // RFC 6582 §3.2, partial acknowledgment: what now comes first was sent before the
            // segment just repaired and has not arrived, so it is lost too.
            Phase::FastRecovery => acked > 0,
            Phase::Loss => false,
        };
        let once = |first: &Record| first.standing == Standing::InFlight && first.resent == 0;
        // A probe of the path MTU is longer than the others, and is lost whole.
        let whole = |first: &Record| once(first).then(|| first.segment().max(mss));
        if let Some(segment) = self.records.first().and_then(whole).filter(|_| shown) {
            self.records.lose_first(segment);
        }
        shown
    }

    /// A probe of the path MTU is lost, and nothing else. Without reports, duplicates that are
    /// still to come must not seem to tell of another loss (RFC 6582 §3.2 (1)).
    pub(super) fn spare_probe(&mut self, nxt: SeqNumber) {
        if self.sack == SackUse::Off {
            self.recover = Some(nxt);
            self.newreno.reset();
        }
    }

    pub(super) fn begin_fast_recovery(&mut self, nxt: SeqNumber) {
        self.phase = Phase::FastRecovery;
        self.prr = None;
        self.doubt = Some(Doubt::new(Found::Reports, nxt));
        self.recover = Some(nxt);
        self.cause = match self.sack {
            SackUse::On => Cause::Overtaken,
            SackUse::Off => Cause::Fast,
        };
        self.tlp.reset();
    }

    pub(super) fn circumstances(&self) -> Circumstances {
        Circumstances {
            phase: self.phase,
            segments_sacked: self.records.counts().sacked_segments,
            min_rtt: self.rtt.min(),
            srtt: self.rtt.smoothed(),
        }
    }

    /// RFC 8985 §7.2: a probe needs SACK, and makes sense only while nothing is known to be
    /// missing.
    pub(super) fn may_probe(&self) -> bool {
        self.sack == SackUse::On
            && self.phase == Phase::Open
            && !self.records.is_empty()
            && self.records.counts().sacked == 0
    }

    pub(super) fn schedule_probe(&mut self, now: Instant, mss: u32) {
        if !self.may_probe() {
            return self.tlp.cancel();
        }
        // TLP.max_ack_delay: of less than two full segments an acknowledgment may be held back.
        // Linux: 200 ms, the floor of the retransmission timer.
        let lone = self.in_flight() < mss.saturating_mul(2);
        let held_back = if lone { self.rto.min() } else { Duration::ZERO };
        self.tlp.schedule(now, self.rtt.smoothed(), held_back);
    }
}

/// Who hears of each piece that is newly known to have arrived.
fn tell<'a>(
    rack: &'a mut Rack,
    doubt: &'a mut Option<Doubt>,
    arrival: &'a Arrival,
) -> impl FnMut(&Delivered) + 'a {
    move |delivered| {
        rack.on_delivered(arrival, delivered);
        if let Some(doubt) = doubt {
            doubt.on_delivered(delivered);
        }
    }
}
