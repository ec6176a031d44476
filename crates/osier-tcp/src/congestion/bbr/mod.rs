//! How much and how fast, by a model of the path? BBR, version 3 (draft-ietf-ccwg-bbr).
//!
//! ```text
//! path.rs       what the path takes: bandwidth, round trip, aggregation, rounds
//! bounds.rs     what loss says: how much is too much, for now and for longer; undo of it
//! startup.rs    Startup and Drain: double until no more comes out, then let the queue run empty
//! probe_bw.rs   ProbeBW: down, cruise, refill, up
//! probe_rtt.rs  ProbeRTT: how long is the way without a queue?
//! control.rs    what follows: pace, quantum, window
//! mod.rs        the states, their gains, and the order of events
//! ```
//!
//! It is told what was delivered, how fast, and what was lost, with each acknowledgment that
//! delivers something. All in integers.

mod bounds;
mod control;
mod path;
mod probe_bw;
mod probe_rtt;
mod startup;

use super::Delivery;
use crate::rate::{Limited, Lost};
use bounds::{Bounds, LossRound, Undo};
use osier_time::{Duration, Instant};
use path::{Aggregation, Bandwidth, Rounds};
use probe_bw::Cycle;
use probe_rtt::MinRtt;
use startup::FullPipe;

/// A part of a whole.
type Gain = (u64, u64);

/// BBR's record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Bbr {
    state: State,
    /// C.cwnd, and BBR.prior_cwnd: the last one not bent by a recovery or ProbeRTT.
    cwnd: u32,
    prior_cwnd: u32,
    /// C.InitialCwnd.
    initial_cwnd: u32,
    /// C.SMSS.
    mss: u32,
    /// C.pacing_rate, octets in a second.
    pacing_rate: u64,
    bandwidth: Bandwidth,
    rounds: Rounds,
    aggregation: Aggregation,
    bounds: Bounds,
    losses: LossRound,
    undo: Undo,
    pipe: FullPipe,
    cycle: Cycle,
    min_rtt: MinRtt,
    episode: Episode,
    /// Where the next "random" number comes from.
    seed: u32,
}

/// BBR.state.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum State {
    Startup,
    Drain,
    /// ProbeBW_DOWN and its kin.
    Down,
    Cruise,
    Refill,
    Up,
    ProbeRtt,
}

/// Whether a loss is being repaired.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Episode {
    None,
    /// Since this round.
    FastRecovery(u64),
    Timeout,
}

impl State {
    /// BBR.pacing_gain.
    const fn pacing_gain(self) -> Gain {
        match self {
            // 4 ln 2: the rate doubles in each round.
            State::Startup => (277, 100),
            State::Drain => (1, 2),
            State::Down => (9, 10),
            State::Cruise | State::Refill | State::ProbeRtt => (1, 1),
            State::Up => (5, 4),
        }
    }

    /// BBR.cwnd_gain.
    const fn cwnd_gain(self) -> Gain {
        match self {
            State::Startup | State::Drain | State::Down | State::Cruise | State::Refill => (2, 1),
            State::Up => (9, 4),
            State::ProbeRtt => (1, 2),
        }
    }

    /// IsInAProbeBWState.
    const fn is_probe_bw(self) -> bool {
        match self {
            State::Down | State::Cruise | State::Refill | State::Up => true,
            State::Startup | State::Drain | State::ProbeRtt => false,
        }
    }

    /// IsProbingBW: whether it tries to send more than before.
    const fn is_probing(self) -> bool {
        match self {
            State::Startup | State::Refill | State::Up => true,
            State::Drain | State::Down | State::Cruise | State::ProbeRtt => false,
        }
    }
}

/// Events.
impl Bbr {
    /// OnInit. `rtt`: the round trip, where one was measured; `seed`: anything, so that two
    /// connections do not probe at the same time.
    pub(super) fn new(now: Instant, cwnd: u32, mss: u32, rtt: Option<Duration>, seed: u32) -> Self {
        let mut bbr = Bbr {
            state: State::Startup,
            cwnd,
            prior_cwnd: 0,
            initial_cwnd: cwnd,
            mss: mss.max(1),
            pacing_rate: 0,
            bandwidth: Bandwidth::default(),
            rounds: Rounds::default(),
            aggregation: Aggregation::new(now),
            bounds: Bounds::default(),
            losses: LossRound::default(),
            undo: Undo::default(),
            pipe: FullPipe::default(),
            cycle: Cycle::new(now),
            min_rtt: MinRtt::new(now, rtt),
            episode: Episode::None,
            seed,
        };
        bbr.init_pacing_rate(rtt);
        bbr
    }

    /// Another control has found a window of `cwnd`: no less is sent at first.
    pub(super) fn take_over(&mut self, cwnd: u32) {
        let grown = u64::from(cwnd) * self.pacing_rate / u64::from(self.cwnd.max(1));
        self.pacing_rate = self.pacing_rate.max(grown);
        self.cwnd = cwnd;
    }

    /// UpdateOnACK: an acknowledgment delivered something. Says whether what is sent now is to
    /// count as limited by its user, since we hold it back ourselves.
    pub(super) fn on_delivery(&mut self, ack: &Delivery) -> Limited {
        self.mss = ack.mss.max(1);
        if let Some(rtt) = ack.sample.rtt.or(ack.rtt) {
            self.on_round_trip(rtt);
        }
        self.rounds.on_delivery(ack, self.cwnd);
        self.update_latest_delivery(ack);
        self.update_max_bw(ack);
        self.update_congestion_signals();
        self.update_aggregation(ack);
        self.check_full_pipe(ack);
        self.check_startup_done(ack);
        self.check_drain_done(ack);
        self.update_cycle(ack);
        self.update_min_rtt(ack);
        self.check_probe_rtt(ack);
        self.advance_latest_delivery(ack);
        self.update_control(ack);
        if self.state == State::ProbeRtt { Limited::ByUser } else { Limited::ByNetwork }
    }

    /// A round trip was measured: the first one tells more than a guess.
    pub(super) fn on_round_trip(&mut self, rtt: Duration) {
        if self.min_rtt.learn(rtt) {
            self.init_pacing_rate(Some(rtt));
        }
    }

    /// HandleLostPacket.
    pub(super) fn on_lost(&mut self, now: Instant, lost: &Lost) {
        self.note_loss(lost.delivered);
        if self.cycle.awaits_feedback {
            self.judge_loss(now, lost);
        }
    }

    /// The network marks congestion (RFC 3168). The draft leaves the answer open; here it is that
    /// to more loss than is tolerated.
    pub(super) fn on_mark(&mut self, now: Instant, in_flight: u32) {
        match self.state {
            State::Startup => self.leave_startup(),
            State::Refill | State::Up => self.on_too_much(now, in_flight, Limited::ByNetwork),
            State::Drain | State::Down | State::Cruise | State::ProbeRtt => self.lower_bounds(),
        }
        self.cwnd = self.cwnd.min(self.bound());
    }

    /// OnEnterFastRecovery.
    pub(super) fn on_fast_recovery(&mut self) {
        self.save_cwnd();
        self.save_for_undo();
        self.episode = Episode::FastRecovery(self.rounds.count);
    }

    /// OnEnterRTO, with `in_flight` octets still believed to be in flight.
    pub(super) fn on_timeout(&mut self, in_flight: u32, mss: u32) {
        self.save_cwnd();
        if self.episode == Episode::None {
            self.save_for_undo();
        }
        self.episode = Episode::Timeout;
        self.mss = mss.max(1);
        self.cwnd = in_flight.saturating_add(self.mss);
    }

    /// The loss is repaired.
    pub(super) fn on_recovery_over(&mut self) {
        self.episode = Episode::None;
        self.restore_cwnd();
    }

    /// HandleSpuriousLossDetection: it was none.
    pub(super) fn on_spurious(&mut self) {
        self.on_recovery_over();
        self.undo_loss();
    }

    /// HandleRestartFromIdle: text is to be sent after there was none.
    pub(super) fn on_restart(&mut self, now: Instant) {
        self.min_rtt.idle_restart = true;
        self.aggregation.restart(now);
        if self.state.is_probe_bw() {
            self.set_pacing_rate((1, 1));
        } else if self.state == State::ProbeRtt {
            self.check_probe_rtt_done(now);
        }
    }

    /// The path takes segments of another size.
    pub(super) fn set_mss(&mut self, mss: u32) {
        self.mss = mss.max(1);
        self.cwnd = self.cwnd.max(self.mss);
    }
}

/// Getters.
impl Bbr {
    /// C.cwnd.
    pub(super) const fn window(&self) -> u32 {
        self.cwnd
    }

    /// The window that a recovery leads back to; `u32::MAX`: there was none.
    pub(super) const fn good_window(&self) -> u32 {
        if self.prior_cwnd == 0 { u32::MAX } else { self.prior_cwnd }
    }

    /// C.InitialCwnd and C.SMSS.
    pub(super) const fn initial(&self) -> (u32, u32) {
        (self.initial_cwnd, self.mss)
    }

    /// C.pacing_rate.
    pub(super) const fn pacing_rate(&self) -> u64 {
        self.pacing_rate
    }

    /// A number that is as good as random, below `n`.
    fn dice(&mut self, n: u32) -> u32 {
        // A linear congruence modulo 2^32, of which the upper bits are good.
        self.seed = self.seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        ((u64::from(self.seed) * u64::from(n)) >> 32) as u32
    }
}

/// A part of something, rounded down.
const fn part(octets: u64, (of, whole): Gain) -> u64 {
    octets.saturating_mul(of) / whole
}

fn octets(n: u64) -> u32 {
    u32::try_from(n).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests;
