//! What was lost, and what is to be sent again? RFC 6298, RFC 8985 with SACK (RFC 2018), RFC 6582
//! without.
//!
//! ```text
//! rtt.rs       how long is a round trip?                       RFC 6298 §2
//! rto.rs       how long to wait before the oldest is resent?   RFC 6298 §2, §5
//! ack.rs       the words: what an acknowledgment brings, and what it means
//! records.rs   what was sent when, and where does it stand?
//! sack.rs      what did the peer report?                       RFC 2018 §5, RFC 2883
//! rack.rs      what of the rest is lost, judged by time?       RFC 8985 §6
//! delivery.rs  how fast does the network deliver?           draft-ietf-ccwg-bbr
//! tlp.rs       when to ask after the end of a flight?          RFC 8985 §7
//! prr.rs       how fast may be sent while it is repaired?      RFC 9937
//! spurious.rs  was the loss none?                              RFC 3522, RFC 5682
//! newreno.rs   what do duplicates tell where nobody reports?   RFC 5681 §3.2, RFC 6582
//! undisturbed.rs  the same, while nothing is missing
//! verdict.rs   what does an acknowledgment mean, all told?
//! figures.rs   what is it asked for by those who only look?
//! mod.rs       the account: an acknowledgment in, a verdict out
//! ```
//!
//! Each octet between SND.UNA and SND.NXT is in flight, reported (SACKed), or lost and waiting to
//! be sent again; how many are in flight is RFC 6675's pipe. SYN and FIN are octets like others.
//! How much may be sent is `congestion/`'s question; the timers themselves are the caller's.

mod ack;
mod delivery;
mod figures;
mod newreno;
mod prr;
mod rack;
mod records;
mod rto;
mod rtt;
mod sack;
mod spurious;
mod tlp;
mod undisturbed;
mod verdict;

pub(crate) use ack::{
    AckArrived, AckOutcome, Alarm, Cause, Duplicate, Found, Measure, Phase, Retransmission,
    SackUse, Turn,
};
pub(crate) use records::Census;
pub(crate) use tlp::ProbeOf;

use crate::config::RtoConfig;
use newreno::NewReno;
use osier_time::{Duration, Instant};
use osier_wire::SeqNumber;
use prr::{Good, Progress, Prr};
use rack::Rack;
use records::{Records, Standing};
use rto::Rto;
use rtt::Rtt;
use sack::Scoreboard;
use spurious::Doubt;
use tlp::{Answer, Tlp};

/// RFC 5681 §3.2 and RFC 8985 §6.2: after so many duplicates, a loss and not reordering.
const DUP_THRESH: u32 = 3;

/// The longest range that is offered for one retransmission: what one super-segment can carry.
const RANGE_MAX: u32 = 65_535;

/// The record of what is unacknowledged.
#[derive(Clone, Debug)]
pub(crate) struct Recovery {
    records: Records,
    sack: SackUse,
    scoreboard: Scoreboard,
    rack: Rack,
    tlp: Tlp,
    newreno: NewReno,
    /// In fast recovery, once it is known how far the window is to fall.
    prr: Option<Prr>,
    /// While something is repaired: whether that is needed.
    doubt: Option<Doubt>,
    rtt: Rtt,
    rto: Rto,
    phase: Phase,
    /// RecoveryPoint of RFC 6675, `recover` of RFC 6582: SND.NXT when the latest loss was found,
    /// until SND.UNA is beyond it.
    recover: Option<SeqNumber>,
    /// What the next retransmission is, if it is the first since the loss was found.
    cause: Cause,
    retransmitted_total: u64,
    duplicates_reported: u32,
}

/// Events.
impl Recovery {
    /// Nothing sent yet.
    #[inline(always)]
    pub(crate) fn new(config: RtoConfig, sack: SackUse) -> Self {
        Recovery {
            records: Records::default(),
            sack,
            scoreboard: Scoreboard::default(),
            rack: Rack::new(),
            tlp: Tlp::new(),
            newreno: NewReno::default(),
            prr: None,
            doubt: None,
            rtt: Rtt::default(),
            rto: Rto::new(config),
            phase: Phase::Open,
            recover: None,
            cause: Cause::Fast,
            retransmitted_total: 0,
            duplicates_reported: 0,
        }
    }

    /// `[from, to)` was sent for the first time, cut into segments of `mss` octets of text.
    #[inline]
    pub(crate) fn on_sent(&mut self, now: Instant, from: SeqNumber, to: SeqNumber, mss: u32) {
        self.records.push(now, from, to, mss);
        self.count_sent(to.since(from));
        self.schedule_probe(now, mss);
    }

    /// An acceptable acknowledgment arrived: old, duplicate or new.
    #[inline]
    pub(crate) fn on_ack(&mut self, now: Instant, ack: &AckArrived) -> AckOutcome {
        if ack.ack.after(ack.una_before) && ack.sack.is_empty() && self.is_undisturbed() {
            return self.on_undisturbed_ack(now, ack.ack, ack.mss);
        }
        self.on_any_ack(now, ack)
    }

    /// [`Recovery::on_ack`] in full.
    fn on_any_ack(&mut self, now: Instant, ack: &AckArrived) -> AckOutcome {
        let in_flight_before = self.in_flight();
        let known_before = self.records.counts().sacked + self.newreno.departed();
        let news = self.take_in(now, ack);
        let known = self.records.counts().sacked + self.newreno.departed();
        let delivered = (news.acked + known).saturating_sub(known_before);
        let found = self.inquire(now, ack, news.acked, delivered);
        let probe = self.hear_of_probe(ack, news.acked);
        let lost_before = self.records.counts().lost;
        let turn = match found.unwrap_or_else(|| self.turn(now, ack, news.acked)) {
            Turn::None if probe == Answer::LossRepaired && self.phase == Phase::Open => {
                Turn::ProbeRepaired
            }
            turn => turn,
        };
        let lost = match turn {
            Turn::ProbeTooLong => 0,
            _ => self.records.counts().lost.saturating_sub(lost_before),
        };
        let in_flight = self.in_flight();
        if let Some(prr) = &mut self.prr {
            let good = if news.acked > 0 && lost == 0 { Good::Yes } else { Good::No };
            prr.on_ack(&Progress { delivered, in_flight, good, mss: ack.mss });
        }
        if !self.may_probe() {
            self.tlp.cancel();
        } else if news.acked > 0 {
            self.schedule_probe(now, ack.mss);
        }
        let verdict::News { acked, sacked, rtt } = news;
        AckOutcome { acked, sacked, delivered, lost, rtt, in_flight_before, turn }
    }

    /// Congestion control has answered the loss that was found: `ssthresh` octets shall be in
    /// flight when it is repaired. `delivered`: what the acknowledgment that showed it delivered.
    pub(crate) fn on_window_cut(&mut self, ssthresh: u32, delivered: u32, mss: u32) {
        if self.phase != Phase::FastRecovery {
            return;
        }
        let in_flight = self.in_flight();
        let recover_fs = in_flight + self.records.counts().lost + delivered;
        let mut prr = Prr::new(ssthresh, recover_fs);
        prr.on_ack(&Progress { delivered, in_flight, good: Good::No, mss });
        prr.force_first(mss);
        self.prr = Some(prr);
    }

    /// [`Recovery::alarm`] is due, or the retransmission timer is, whichever is earlier.
    pub(crate) fn on_alarm(&mut self, now: Instant) -> Alarm {
        let in_flight_before = self.in_flight();
        match self.rack.deadline() {
            // RFC 8985 §6.3: what was suspicious is lost now.
            Some(due) if due <= now => {
                let lost = self.detect(now);
                match (self.phase, self.records.end()) {
                    (Phase::Open, Some(_)) if lost > 0 && self.records.is_probe_lost_alone() => {
                        Alarm::ProbeTooLong
                    }
                    (Phase::Open, Some(nxt)) if lost > 0 => {
                        self.begin_fast_recovery(nxt);
                        Alarm::LossFound { in_flight_before }
                    }
                    _ if lost > 0 => Alarm::MoreLost,
                    _ => Alarm::Nothing,
                }
            }
            Some(_) => Alarm::Nothing,
            None if self.tlp.due().is_some() => {
                self.tlp.cancel();
                Alarm::Probe
            }
            None => Alarm::Nothing,
        }
    }

    /// `[from, to)`, which [`Recovery::next_retransmission`] or [`Recovery::last_segment`]
    /// offered, or the front of it, was sent again.
    pub(crate) fn on_retransmitted(&mut self, now: Instant, from: SeqNumber, to: SeqNumber) {
        self.retransmitted_total += u64::from(self.records.retransmitted(now, from, to));
        self.count_sent(to.since(from));
        if let Some(doubt) = &mut self.doubt {
            doubt.on_retransmitted(now);
        }
        if self.cause == Cause::Fast {
            self.cause = Cause::Recovery;
        }
    }

    /// What was just sent was a tail loss probe.
    pub(crate) fn on_probe_sent(&mut self, of: ProbeOf) {
        if let Some(end) = self.records.end() {
            self.tlp.on_sent(end, of);
        }
    }

    /// The retransmission timer expired: what was not reported counts as lost if it is old enough,
    /// the first of it always; and the next timeout is twice as long.
    pub(crate) fn on_rto(&mut self, now: Instant) {
        let Some(end) = self.records.end() else { return };
        // RFC 6298 §5.5: back off the timer [MUST].
        self.rto.on_timeout();
        if self.records.first().is_some_and(|first| first.standing == Standing::Sacked) {
            // RFC 2018 §8: the peer has dropped what it reported, or it would have acknowledged
            // it. RFC 6675 §5.1 lets what is reported count after a timeout otherwise.
            self.records.forget_sacked();
            self.scoreboard.forget();
            self.records.lose_all();
        } else if self.sack == SackUse::On {
            let sent_before = self.rack.lost_on_timeout(now, &self.circumstances());
            self.records.lose_first_and_older_than(sent_before);
        } else {
            self.records.lose_all();
        }
        match &mut self.doubt {
            Some(doubt) if self.phase == Phase::Loss => doubt.on_timeout_again(end),
            _ => self.doubt = Some(Doubt::new(Found::Timeout, end)),
        }
        self.phase = Phase::Loss;
        self.prr = None;
        // RFC 6675 §5.1 and RFC 6582 §3.2 (4): no fast recovery until this point is acknowledged.
        self.recover = Some(end);
        self.newreno.reset();
        self.tlp.reset();
        self.cause = Cause::Timeout;
    }

    fn count_sent(&mut self, octets: u32) {
        if let Some(prr) = &mut self.prr {
            prr.on_sent(octets);
        }
    }

    /// What was just sent for the first time, `octets` of it, is a probe of the path MTU (RFC
    /// 4821); 0: its fate is known, or never will be.
    pub(crate) fn on_mtu_probe(&mut self, octets: u32) {
        self.records.set_probing(octets);
    }

    /// The path takes segments of `mss` octets of text only: what is in flight and longer is to be
    /// sent again at once (RFC 1191 §6.4). Nothing was lost to congestion.
    pub(crate) fn on_path_mtu(&mut self, mss: u32) {
        self.records.lose_longer_than(mss);
        if self.phase == Phase::Open {
            self.cause = Cause::PathMtu;
        }
    }

    /// What is in flight was not taken, whatever became of it: it is to be sent again at once
    /// (RFC 7413 §4.2: text of a SYN). Nothing was lost to congestion.
    pub(crate) fn on_unheard(&mut self) {
        self.records.lose_all();
        if self.phase == Phase::Open {
            self.cause = Cause::Unheard;
        }
    }
}

/// Actions.
impl Recovery {
    /// The next range to be sent again, if any: the first one that is lost, at most what a
    /// super-segment carries.
    pub(crate) fn next_retransmission(&self) -> Option<Retransmission> {
        if self.asks_with_new_text() {
            return None;
        }
        let (from, to) = self.records.first_lost(RANGE_MAX)?;
        Some(Retransmission { from, to, cause: self.cause })
    }

    /// Whether new text is to find out if more is to be sent again (RFC 5682 §2.1, step 2b).
    pub(crate) fn asks_with_new_text(&self) -> bool {
        self.doubt.as_ref().is_some_and(Doubt::asks)
    }

    /// There is none, or no room for it.
    pub(crate) fn cannot_ask(&mut self) {
        if let Some(doubt) = &mut self.doubt {
            doubt.cannot_ask();
        }
    }

    /// Whether anything is to be sent again.
    pub(crate) fn has_lost(&self) -> bool {
        self.records.has_lost()
    }

    /// The last segment sent, which a tail loss probe repeats where there is nothing new.
    pub(crate) fn last_segment(&self) -> Option<(SeqNumber, SeqNumber)> {
        self.records.last_segment()
    }

    /// When [`Recovery::on_alarm`] is to be called: to mark what is suspicious as lost, or to
    /// probe (RFC 8985 §8: never both).
    pub(crate) fn alarm(&self) -> Option<Instant> {
        self.rack.deadline().or(self.tlp.due())
    }
}

/// Getters.
impl Recovery {
    /// Octets in the network: sent and neither acknowledged, nor reported, nor lost (RFC 6675 §2,
    /// pipe).
    #[inline(always)]
    pub(crate) fn in_flight(&self) -> u32 {
        self.records.in_flight().saturating_sub(self.newreno.departed())
    }

    /// So much may be in flight, where congestion control allows `cwnd`: in fast recovery what is,
    /// and what proportional rate reduction adds (RFC 9937).
    pub(crate) fn window(&self, cwnd: u32) -> u32 {
        match &self.prr {
            Some(prr) => self.in_flight().saturating_add(prr.allowance()),
            None => cwnd,
        }
    }

    /// Whether everything sent is acknowledged.
    pub(crate) fn is_empty(&self) -> bool {
        self.records.is_empty()
    }

    /// How long to wait for an acknowledgment from now on (RFC 6298).
    pub(crate) fn rto(&self) -> Duration {
        self.rto.current()
    }

    /// How often in a row the timer has expired without progress.
    pub(crate) const fn attempts(&self) -> u8 {
        self.rto.attempts()
    }

    /// The peer has answered, and there is a reason why it acknowledges nothing.
    pub(crate) const fn on_answer(&mut self) {
        self.rto.on_progress();
    }

    /// Whether a loss is being repaired.
    pub(crate) const fn phase(&self) -> Phase {
        self.phase
    }

    /// The smoothed round trip, once one was measured.
    pub(crate) fn srtt(&self) -> Option<Duration> {
        self.rtt.smoothed()
    }

    /// Its mean deviation.
    pub(crate) fn rttvar(&self) -> Option<Duration> {
        self.rtt.deviation()
    }

    /// Segments sent again.
    pub(crate) const fn retransmitted_total(&self) -> u64 {
        self.retransmitted_total
    }
}

#[cfg(test)]
mod tests;
