//! When is the pipe full? Startup and Drain (draft-ietf-ccwg-bbr, "Startup", "Drain").

use super::{Bbr, Episode, State, part};
use crate::congestion::{Delivery, Detection};
use crate::rate::Limited;

/// The bandwidth grows as long as it does by a quarter in a round.
const GROWTH: (u64, u64) = (5, 4);

/// So many rounds without growth, and the pipe is full.
const PLATEAU_ROUNDS: u8 = 3;

/// BBRStartupFullLossCnt.
const LOST_PIECES: u32 = 6;

/// Drain ends after so many rounds, whatever is in flight.
const DRAIN_ROUNDS: u64 = 3;

/// Looks for a plateau of the bandwidth.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct FullPipe {
    /// BBR.full_bw.
    pub(super) baseline: u64,
    /// BBR.full_bw_count.
    rounds: u8,
    /// BBR.full_bw_now: since it began to look.
    pub(super) now: bool,
    /// BBR.full_bw_reached: ever.
    pub(super) reached: bool,
    /// BBR.drain_start_round.
    drain_since: u64,
}

impl FullPipe {
    /// ResetFullBW.
    pub(super) fn reset(&mut self) {
        (self.baseline, self.rounds, self.now) = (0, 0, false);
    }
}

impl Bbr {
    /// CheckFullBWReached.
    pub(super) fn check_full_pipe(&mut self, ack: &Delivery) {
        let limited = ack.sample.limited == Limited::ByUser;
        if self.pipe.now || !self.rounds.start || limited {
            return;
        }
        if ack.sample.rate >= part(self.pipe.baseline, GROWTH) {
            self.pipe.reset();
            self.pipe.baseline = ack.sample.rate;
            return;
        }
        self.pipe.rounds += 1;
        if self.pipe.rounds >= PLATEAU_ROUNDS {
            (self.pipe.now, self.pipe.reached) = (true, true);
        }
    }

    /// CheckStartupDone.
    pub(super) fn check_startup_done(&mut self, ack: &Delivery) {
        if self.state != State::Startup {
            return;
        }
        if self.loses_too_much(ack) {
            self.undo.state = Some(State::Startup);
            self.leave_startup();
        }
        if self.pipe.reached {
            self.state = State::Drain;
            self.pipe.drain_since = self.rounds.count;
        }
    }

    /// The pipe is more than full, and this much fits into it.
    pub(super) fn leave_startup(&mut self) {
        self.pipe.reached = true;
        let bdp = self.bdp_of(self.bandwidth.bounded, (1, 1));
        self.bounds.inflight_long = bdp.max(self.losses.inflight_latest);
    }

    /// CheckStartupHighLoss: in fast recovery for a round, and in it more than the threshold is
    /// lost, in several pieces.
    fn loses_too_much(&self, ack: &Delivery) -> bool {
        let Episode::FastRecovery(since) = self.episode else { return false };
        if self.pipe.reached {
            return false;
        }
        let too_much = Self::shows_too_much(&ack.sample, ack.detection);
        match ack.detection {
            Detection::OneInARound => too_much,
            Detection::Each => {
                let round_over = self.losses.start && self.rounds.count > since;
                round_over && too_much && self.losses.pieces >= LOST_PIECES
            }
        }
    }

    /// CheckDrainDone.
    pub(super) fn check_drain_done(&mut self, ack: &Delivery) {
        if self.state != State::Drain {
            return;
        }
        let drained = ack.in_flight <= self.inflight(self.bandwidth.bounded, (1, 1));
        if drained || self.rounds.count > self.pipe.drain_since + DRAIN_ROUNDS {
            self.start_down(ack.now);
        }
    }
}
