//! Is there more to be had? ProbeBW: down, cruise, refill, up (draft-ietf-ccwg-bbr, "ProbeBW").

use super::{Bbr, State};
use crate::congestion::Delivery;
use crate::rate::Limited;
use osier_time::{Duration, Instant};

/// BBR waits between two and three seconds before it probes again ...
const WAIT: Duration = Duration::from_secs(2);
const WAIT_MORE_MILLIS: u32 = 1_000;

/// ... or as many rounds as Reno would take to grow by as much, at most so many.
const RENO_ROUNDS_MAX: u32 = 63;

/// The slope of inflight_longterm doubles in each round, so many times.
const UP_ROUNDS_MAX: u8 = 30;

/// Where the cycle stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Cycle {
    feedback: Feedback,
    /// BBR.is_bw_probe_sample: what is delivered now was sent while probing, and nothing has been
    /// concluded yet.
    pub(super) awaits_feedback: bool,
    /// BBR.bw_probe_up_acked, BBR.probe_up_acked_per_inc, BBR.bw_probe_up_rounds.
    up_acked: u32,
    acked_per_step: u32,
    up_rounds: u8,
    /// BBR.rounds_since_probe_up.
    pub(super) rounds_since_up: u32,
    /// BBR.bw_probe_wait, BBR.cycle_stamp.
    wait: Duration,
    since: Instant,
    /// BBR.prev_probe_too_high, BBR.prev_probe_precautionary.
    pub(super) too_high: bool,
    precautionary: bool,
}

/// BBR.ack_phase: what acknowledgments tell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Feedback {
    /// Nothing of a probe.
    None,
    Refilling,
    /// A probe has begun.
    Starting,
    /// What it found.
    Coming,
    /// The probe is over, and some of what it sent is still to be heard of.
    Stopping,
}

/// Whether the state was changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Moved {
    Yes,
    No,
}

impl Cycle {
    pub(super) const fn new(now: Instant) -> Self {
        Cycle {
            feedback: Feedback::None,
            awaits_feedback: false,
            up_acked: 0,
            acked_per_step: u32::MAX,
            up_rounds: 0,
            rounds_since_up: 0,
            wait: Duration::ZERO,
            since: now,
            too_high: false,
            precautionary: false,
        }
    }

    /// What is heard from now on is of before ProbeRTT.
    pub(super) fn stop(&mut self) {
        self.feedback = Feedback::Stopping;
    }
}

/// The states.
impl Bbr {
    /// UpdateProbeBWCyclePhase.
    pub(super) fn update_cycle(&mut self, ack: &Delivery) {
        if !self.pipe.reached || self.adapt_long_term(ack) == Moved::Yes {
            return;
        }
        let state = self.state;
        match state {
            State::Down if self.is_time_to_probe(ack.now) => self.start_refill(),
            State::Down if self.is_time_to_cruise(ack) => self.state = State::Cruise,
            State::Cruise if self.is_time_to_probe(ack.now) => self.start_refill(),
            State::Refill if self.rounds.start => {
                self.cycle.awaits_feedback = true;
                self.start_up(ack);
            }
            State::Up if self.is_time_to_go_down(ack) => {
                self.cycle.too_high = false;
                self.start_down(ack.now);
            }
            State::Down | State::Cruise | State::Refill | State::Up => {}
            State::Startup | State::Drain | State::ProbeRtt => {}
        }
    }

    /// StartProbeBW_DOWN.
    pub(super) fn start_down(&mut self, now: Instant) {
        self.losses.reset();
        self.cycle.acked_per_step = u32::MAX;
        // PickProbeWait.
        self.cycle.rounds_since_up = self.dice(2);
        let more = Duration::from_millis(u64::from(self.dice(WAIT_MORE_MILLIS)));
        self.cycle.wait = WAIT + more;
        self.cycle.since = now;
        self.cycle.feedback = Feedback::Stopping;
        self.rounds.begin();
        self.state = State::Down;
    }

    /// StartProbeBW_CRUISE.
    pub(super) fn start_cruise(&mut self) {
        self.state = State::Cruise;
    }

    /// StartProbeBW_REFILL.
    pub(super) fn start_refill(&mut self) {
        self.bounds.reset_short();
        (self.cycle.up_rounds, self.cycle.up_acked) = (0, 0);
        self.cycle.precautionary = false;
        self.cycle.feedback = Feedback::Refilling;
        self.rounds.begin();
        self.state = State::Refill;
    }

    /// StartProbeBW_UP.
    fn start_up(&mut self, ack: &Delivery) {
        self.cycle.feedback = Feedback::Starting;
        self.rounds.begin();
        self.pipe.reset();
        self.pipe.baseline = ack.sample.rate;
        self.state = State::Up;
        self.steepen();
    }
}

/// When to change them.
impl Bbr {
    /// IsTimeToProbeBW.
    fn is_time_to_probe(&self, now: Instant) -> bool {
        let reno_rounds = (self.target_inflight() / self.mss).min(RENO_ROUNDS_MAX);
        now > self.cycle.since + self.cycle.wait || self.cycle.rounds_since_up >= reno_rounds
    }

    /// IsTimeToCruise: the queue has run empty, and there is room for others.
    fn is_time_to_cruise(&self, ack: &Delivery) -> bool {
        ack.in_flight <= self.inflight_with_headroom()
            && ack.in_flight <= self.inflight(self.bandwidth.max(), (1, 1))
    }

    /// IsTimeToGoDown.
    fn is_time_to_go_down(&mut self, ack: &Delivery) -> bool {
        let long = self.bounds.inflight_long;
        if self.cycle.too_high && ack.in_flight >= long {
            self.cycle.precautionary = true;
            return true;
        }
        if self.rounds.is_window_full() && self.cwnd >= long {
            // The bandwidth is limited by the bound, not by the path.
            self.pipe.reset();
            self.pipe.baseline = ack.sample.rate;
            return false;
        }
        self.pipe.now
    }
}

/// The bound for longer than a cycle.
impl Bbr {
    /// AdaptLongTermModel.
    fn adapt_long_term(&mut self, ack: &Delivery) -> Moved {
        if self.rounds.start && self.hear_round(ack) == Moved::Yes {
            return Moved::Yes;
        }
        let long = self.bounds.inflight_long;
        if long == u32::MAX || Self::shows_too_much(&ack.sample, ack.detection) {
            return Moved::No;
        }
        self.bounds.inflight_long = long.max(ack.sample.in_flight_then);
        if self.state == State::Up {
            self.raise_long(ack);
        }
        Moved::No
    }

    /// A round is over: what do acknowledgments tell from now on?
    fn hear_round(&mut self, ack: &Delivery) -> Moved {
        match self.cycle.feedback {
            Feedback::Starting => self.cycle.feedback = Feedback::Coming,
            Feedback::Stopping => {
                self.cycle.awaits_feedback = false;
                self.cycle.feedback = Feedback::None;
                if !self.state.is_probe_bw() {
                    return Moved::No;
                }
                if ack.sample.limited == Limited::ByNetwork {
                    self.bandwidth.advance();
                }
                // The cautious probe did no harm: probe again, at once and for longer.
                if self.cycle.precautionary && !self.cycle.too_high {
                    self.start_refill();
                    return Moved::Yes;
                }
            }
            Feedback::None | Feedback::Refilling | Feedback::Coming => {}
        }
        Moved::No
    }

    /// RaiseInflightLongtermSlope.
    fn steepen(&mut self) {
        self.cycle.acked_per_step = (self.cwnd >> self.cycle.up_rounds).max(self.mss);
        self.cycle.up_rounds = (self.cycle.up_rounds + 1).min(UP_ROUNDS_MAX);
    }

    /// ProbeInflightLongtermUpward.
    fn raise_long(&mut self, ack: &Delivery) {
        if !self.rounds.is_window_full() || self.cwnd < self.bounds.inflight_long {
            return;
        }
        self.cycle.up_acked = self.cycle.up_acked.saturating_add(ack.sample.newly_acked);
        let steps = self.cycle.up_acked / self.cycle.acked_per_step;
        self.cycle.up_acked -= steps * self.cycle.acked_per_step;
        let more = steps.saturating_mul(self.mss);
        self.bounds.inflight_long = self.bounds.inflight_long.saturating_add(more);
        if self.rounds.start {
            self.steepen();
        }
    }
}
