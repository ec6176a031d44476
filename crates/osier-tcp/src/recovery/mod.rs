//! What was lost, and what is to be sent again? RFC 6298, RFC 5681 §3.2 with RFC 6582, RFC 2018
//! with RFC 6675.
//!
//! ```text
//! rtt.rs       how long is a round trip?                       RFC 6298 §2
//! rto.rs       how long to wait before the oldest is resent?   RFC 6298 §2, §5
//! ack.rs       the words: what an acknowledgment brings, and what it means
//! records.rs   what was sent when, and where does it stand?
//! sack.rs      what did the peer report, and what is lost?     RFC 2018 §5, RFC 6675 §4
//! mod.rs       the account: an acknowledgment in, a verdict out
//! ```
//!
//! Each octet between SND.UNA and SND.NXT is in flight, reported (SACKed), or lost and waiting to
//! be sent again; how many are in flight is RFC 6675's pipe. SYN and FIN are octets like others.
//! How much may be sent is `congestion/`'s question; the timer itself is the caller's.

mod ack;
mod records;
mod rto;
mod rtt;
mod sack;

pub(crate) use ack::{
    AckArrived, AckOutcome, Cause, Duplicate, Phase, Retransmission, SackUse, Turn,
};

use crate::config::RtoConfig;
use osier_time::{Duration, Instant};
use osier_wire::SeqNumber;
use records::{Record, Records, Standing};
use rto::Rto;
use rtt::Rtt;
use sack::Scoreboard;

/// RFC 5681 §3.2 and RFC 6675 §2: after so many duplicates, a loss and not reordering.
const DUP_THRESH: u32 = 3;

/// The longest range that is offered for one retransmission: what one super-segment can carry.
const RANGE_MAX: u32 = 65_535;

/// The record of what is unacknowledged.
#[derive(Clone, Debug)]
pub(crate) struct Recovery {
    records: Records,
    sack: SackUse,
    scoreboard: Scoreboard,
    rtt: Rtt,
    rto: Rto,
    phase: Phase,
    /// RecoveryPoint of RFC 6675, `recover` of RFC 6582: SND.NXT when the latest loss was found,
    /// until SND.UNA is beyond it.
    recover: Option<SeqNumber>,
    /// Duplicate acknowledgments in a row; without SACK only.
    duplicates: u32,
    /// Octets that left the network as duplicates tell; without SACK only.
    departed: u32,
    /// What the next retransmission is, if it is the first since the loss was found.
    cause: Cause,
    retransmitted_total: u64,
}

impl Recovery {
    /// Nothing sent yet.
    pub(crate) fn new(config: RtoConfig, sack: SackUse) -> Self {
        Recovery {
            records: Records::default(),
            sack,
            scoreboard: Scoreboard::default(),
            rtt: Rtt::default(),
            rto: Rto::new(config),
            phase: Phase::Open,
            recover: None,
            duplicates: 0,
            departed: 0,
            cause: Cause::Fast,
            retransmitted_total: 0,
        }
    }

    /// `[from, to)` was sent for the first time, cut into segments of `mss` octets of text.
    pub(crate) fn on_sent(&mut self, now: Instant, from: SeqNumber, to: SeqNumber, mss: u32) {
        self.records.push(now, from, to, mss);
    }

    /// An acceptable acknowledgment arrived: old, duplicate or new.
    pub(crate) fn on_ack(&mut self, now: Instant, ack: &AckArrived) -> AckOutcome {
        let in_flight_before = self.in_flight();
        let acked = self.records.acknowledge(now, ack.ack);
        let mut rtt = acked.rtt;
        if acked.octets > 0 {
            self.rto.on_progress();
            self.duplicates = 0;
            self.departed = match self.phase {
                Phase::Open => 0,
                // What is acknowledged now was counted as departed, but for what was sent again.
                Phase::FastRecovery | Phase::Loss => {
                    self.departed.saturating_sub(acked.never_resent)
                }
            };
            self.scoreboard.on_una(ack.ack);
            // RFC 7323 §4.1: an echo counts only where SND.UNA moves.
            rtt = rtt.or(ack.echoed_rtt);
        }
        let mut sacked = 0;
        if self.sack == SackUse::On {
            let reported = self.scoreboard.on_blocks(now, ack, &mut self.records);
            sacked = reported.octets;
            rtt = rtt.or(reported.rtt);
        } else if ack.kind == Duplicate::Yes && acked.octets == 0 {
            self.on_duplicate(ack.mss);
        }
        if let Some(rtt) = rtt {
            self.on_rtt(rtt);
        }
        let turn = self.turn(ack, acked.octets);
        AckOutcome { acked: acked.octets, sacked, rtt, in_flight_before, turn }
    }

    /// The next range to be sent again, if any: the first one that is lost, at most what a
    /// super-segment carries.
    pub(crate) fn next_retransmission(&self) -> Option<Retransmission> {
        let (from, to) = self.records.first_lost(RANGE_MAX)?;
        Some(Retransmission { from, to, cause: self.cause })
    }

    /// Whether anything is to be sent again.
    pub(crate) fn has_lost(&self) -> bool {
        self.records.has_lost()
    }

    /// `[from, to)`, which [`Recovery::next_retransmission`] offered, or the front of it, was
    /// sent again.
    pub(crate) fn on_retransmitted(&mut self, now: Instant, from: SeqNumber, to: SeqNumber) {
        self.retransmitted_total += u64::from(self.records.retransmitted(now, from, to));
        if self.cause == Cause::Fast {
            self.cause = Cause::Recovery;
        }
    }

    /// The retransmission timer expired: everything that was not reported counts as lost, and
    /// the next timeout is twice as long.
    pub(crate) fn on_rto(&mut self, _now: Instant) {
        let Some(end) = self.records.end() else { return };
        // RFC 6298 §5.5: back off the timer [MUST].
        self.rto.on_timeout();
        if self.records.first().is_some_and(|first| first.standing == Standing::Sacked) {
            // RFC 2018 §8: the peer has dropped what it reported, or it would have acknowledged
            // it. RFC 6675 §5.1 lets what is reported count after a timeout otherwise.
            self.records.forget_sacked();
            self.scoreboard.forget();
        }
        self.records.lose_all();
        self.phase = Phase::Loss;
        // RFC 6675 §5.1 and RFC 6582 §3.2 (4): no fast recovery until this point is acknowledged.
        self.recover = Some(end);
        self.duplicates = 0;
        self.departed = 0;
        self.cause = Cause::Timeout;
    }

    /// The path takes segments of `mss` octets of text only: what is in flight and longer is to be
    /// sent again at once (RFC 1191 §6.4). Nothing was lost to congestion.
    pub(crate) fn on_path_mtu(&mut self, mss: u32) {
        self.records.lose_longer_than(mss);
        if self.phase == Phase::Open {
            self.cause = Cause::PathMtu;
        }
    }

    /// The SYN timed out in the handshake. RFC 6298 §5.7: the timer starts with three seconds for
    /// text [MUST], until a round trip is measured.
    pub(crate) fn on_syn_timeout(&mut self) {
        self.rto.on_syn_timeout();
    }

    /// A round trip was measured outside of the records: by the handshake of a half-open
    /// connection.
    pub(crate) fn on_rtt(&mut self, rtt: Duration) {
        self.rtt.on_sample(rtt);
        self.rto.on_sample(&self.rtt);
    }

    /// Octets in the network: sent and neither acknowledged, nor reported, nor lost (RFC 6675 §2,
    /// pipe).
    pub(crate) fn in_flight(&self) -> u32 {
        self.records.in_flight().saturating_sub(self.departed)
    }

    /// Whether everything sent is acknowledged.
    pub(crate) fn is_empty(&self) -> bool {
        self.records.is_empty()
    }

    /// When the oldest unacknowledged octet was sent last.
    #[allow(dead_code, reason = "RACK asks for it, and so does whoever shows a connection")]
    pub(crate) fn oldest_sent_at(&self) -> Option<Instant> {
        self.records.first().map(|first| first.sent_at)
    }

    /// How long to wait for an acknowledgment from now on (RFC 6298).
    pub(crate) fn rto(&self) -> Duration {
        self.rto.current()
    }

    /// How often in a row the timer has expired without progress.
    pub(crate) const fn attempts(&self) -> u8 {
        self.rto.attempts()
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

    /// The shortest round trip measured.
    #[allow(dead_code, reason = "HyStart++ and BBR ask for it")]
    pub(crate) fn min_rtt(&self) -> Option<Duration> {
        self.rtt.min()
    }

    /// Segments sent again.
    pub(crate) const fn retransmitted_total(&self) -> u64 {
        self.retransmitted_total
    }

    /// RFC 5681 §3.2: each duplicate says that a segment has left the network. The lost one has
    /// not, as far as duplicates tell.
    fn on_duplicate(&mut self, mss: u32) {
        self.duplicates = self.duplicates.saturating_add(1);
        let most = self.records.in_flight().saturating_sub(mss);
        self.departed = self.departed.saturating_add(mss).min(most);
    }

    fn turn(&mut self, ack: &AckArrived, acked: u32) -> Turn {
        if let Some(recover) = self.recover {
            if ack.ack.after(recover) {
                self.recover = None;
            }
            if self.phase != Phase::Open && ack.ack.at_or_after(recover) {
                self.phase = Phase::Open;
                self.departed = 0;
                return Turn::RecoveryOver;
            }
        }
        let phase = self.phase;
        match phase {
            Phase::Open if self.loss_shows(ack) => {
                self.begin_fast_recovery(ack);
                Turn::LossFound
            }
            Phase::FastRecovery => self.go_on_with_recovery(ack, acked),
            Phase::Open | Phase::Loss => Turn::None,
        }
    }

    fn go_on_with_recovery(&mut self, ack: &AckArrived, acked: u32) -> Turn {
        if self.sack == SackUse::On {
            self.scoreboard.mark_lost(&mut self.records, ack.mss);
        }
        if acked == 0 {
            return Turn::None;
        }
        // RFC 6582 §3.2, partial acknowledgment: what now comes first was sent before the segment
        // just repaired and has not arrived, so it is lost too. With SACK this also repairs the
        // end of a flight, above which nothing can be reported (what RFC 6675 §4 has rule 4 for).
        self.lose_first(ack.mss);
        Turn::PartialAck
    }

    /// Whether this acknowledgment is the one that shows a loss.
    fn loss_shows(&mut self, ack: &AckArrived) -> bool {
        match self.sack {
            SackUse::On => self.scoreboard.mark_lost(&mut self.records, ack.mss) > 0,
            // RFC 6582 §3.2 (1): not for what was outstanding before an earlier recovery, whose
            // own retransmissions can draw duplicates.
            SackUse::Off => self.duplicates >= DUP_THRESH && self.recover.is_none(),
        }
    }

    fn begin_fast_recovery(&mut self, ack: &AckArrived) {
        self.phase = Phase::FastRecovery;
        self.recover = Some(ack.nxt);
        self.cause = Cause::Fast;
        if self.sack == SackUse::Off {
            self.lose_first(ack.mss);
        }
    }

    /// The first segment is lost, if it was sent once and is not known to be lost.
    fn lose_first(&mut self, mss: u32) {
        let once = |first: &Record| first.standing == Standing::InFlight && first.resent == 0;
        if self.records.first().is_some_and(once) {
            self.records.lose_first(mss);
        }
    }
}

#[cfg(test)]
mod tests;
