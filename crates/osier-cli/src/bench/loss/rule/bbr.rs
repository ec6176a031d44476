//! BBR from the end of Startup on, in packets: the bounds that loss sets, the cycle of ProbeBW,
//! ProbeRTT (draft-ietf-ccwg-bbr). Methods are named where the draft has one for what they do.

use super::flow::{Flow, Sample, Sent};
use super::{Dice, Path, QUANTUM, Rule};

/// BBR.LossThresh, BBR.Beta, BBR.Headroom, and 1 - BBR.PacingMarginPercent.
const LOSS_THRESH: f64 = 0.02;
const BETA: f64 = 0.7;
const HEADROOM: f64 = 0.85;
const MARGIN: f64 = 0.99;

/// BBR.MinPipeCwnd.
const MIN_PIPE: f64 = 4.0;

#[derive(Clone, Copy, PartialEq)]
enum State {
    Down,
    Cruise,
    Refill,
    Up,
    ProbeRtt,
}

/// BBR.ack_phase.
#[derive(Clone, Copy, PartialEq)]
enum Feedback {
    None,
    Starting,
    Coming,
    Stopping,
}

/// BBR, from the end of Startup on.
pub(super) struct Bbr {
    path: Path,
    rule: Rule,
    dice: Dice,
    state: State,
    /// BBR.max_bw of the cycle before and of this one, and BBR.bw.
    max_bw: [f64; 2],
    bw: f64,
    pub(super) cwnd: f64,
    /// BBR.next_round_delivered; whether the window was full in this round and in the last.
    round_end: u64,
    full: [bool; 2],
    bounds: Bounds,
    cycle: Cycle,
    rtt_probe: RttProbe,
}

/// Bounds and the signals that they follow.
struct Bounds {
    bw_short: f64,
    in_short: f64,
    in_long: f64,
    bw_latest: f64,
    in_latest: f64,
    round_end: u64,
    lost: bool,
}

/// The cycle of ProbeBW.
struct Cycle {
    feedback: Feedback,
    awaits: bool,
    too_high: bool,
    precautionary: bool,
    rounds: f64,
    wait_until: f64,
    up_acked: f64,
    up_step: f64,
    up_rounds: i32,
    /// BBR.full_bw, and the rounds since it was.
    plateau: (f64, u32),
}

struct RttProbe {
    last: f64,
    done_at: Option<f64>,
    round_done: bool,
    cwnd_before: f64,
}

impl Bbr {
    pub(super) fn new(path: Path, rule: Rule, seed: u64) -> Bbr {
        let rate = path.packets_per_s;
        let bounds = Bounds {
            bw_short: f64::INFINITY,
            in_short: f64::INFINITY,
            in_long: f64::INFINITY,
            bw_latest: 0.0,
            in_latest: 0.0,
            round_end: 0,
            lost: false,
        };
        let cycle = Cycle {
            feedback: Feedback::None,
            awaits: false,
            too_high: false,
            precautionary: false,
            rounds: 0.0,
            wait_until: 2.0,
            up_acked: 0.0,
            up_step: f64::INFINITY,
            up_rounds: 0,
            plateau: (0.0, 0),
        };
        let rtt_probe = RttProbe { last: 0.0, done_at: None, round_done: false, cwnd_before: 0.0 };
        Bbr {
            path,
            rule,
            dice: Dice(!seed),
            state: State::Cruise,
            max_bw: [rate, 0.0],
            bw: rate,
            cwnd: 2.0 * rate * path.round_trip,
            round_end: 0,
            full: [false; 2],
            bounds,
            cycle,
            rtt_probe,
        }
    }

    fn max_bw(&self) -> f64 {
        self.max_bw[0].max(self.max_bw[1])
    }

    fn bdp(&self) -> f64 {
        self.bw * self.path.round_trip
    }

    pub(super) fn pace(&self) -> f64 {
        let gain = match self.state {
            State::Down => 0.9,
            State::Cruise | State::Refill | State::ProbeRtt => 1.0,
            State::Up => 1.25,
        };
        let margin = if self.rule == Rule::NoMargin { 1.0 } else { MARGIN };
        self.bw * gain * margin
    }

    /// Whether it sends less than it might on purpose, so that samples say nothing.
    pub(super) fn holds_back(&self) -> bool {
        self.state == State::ProbeRtt
    }

    /// InflightWithHeadroom.
    fn with_headroom(&self) -> f64 {
        let long = self.bounds.in_long;
        (long * HEADROOM).min(long - 1.0).max(MIN_PIPE)
    }

    /// HandleLostPacket.
    pub(super) fn on_lost(&mut self, flow: &Flow, sent: &Sent) {
        if !self.bounds.lost {
            self.bounds.round_end = flow.delivered;
        }
        self.bounds.lost = true;
        let lost = (flow.lost - sent.lost) as f64;
        if !self.cycle.awaits || lost <= sent.in_flight * LOSS_THRESH {
            return;
        }
        // HandleInflightTooHigh, at InflightAtLoss.
        self.cycle.too_high = true;
        self.cycle.awaits = false;
        let before = sent.in_flight - 1.0;
        let prefix = (LOSS_THRESH * before - (lost - 1.0)) / (1.0 - LOSS_THRESH);
        if !sent.limited {
            let target = self.bdp().min(self.cwnd);
            self.bounds.in_long = (before + prefix.max(0.0)).max(target * BETA);
        }
        if self.state == State::Up {
            self.down(flow);
        }
    }

    /// UpdateOnACK.
    pub(super) fn on_ack(&mut self, flow: &Flow, sample: &Sample) {
        self.full[0] |= sample.full;
        let round = sample.prior >= self.round_end;
        if round {
            self.round_end = flow.delivered;
            self.full = [false, self.full[0]];
            self.cycle.rounds += 1.0;
        }
        if sample.rate >= self.max_bw() || !sample.limited {
            self.max_bw[1] = self.max_bw[1].max(sample.rate);
        }
        let loss_round = self.hear_losses(flow, sample);
        if round {
            self.look_for_plateau(sample);
        }
        self.update_cycle(flow, sample, round);
        self.probe_rtt(flow, round);
        if loss_round {
            (self.bounds.bw_latest, self.bounds.in_latest) = (sample.rate, sample.delivered);
        }
        self.bw = self.max_bw().min(self.bounds.bw_short);
        self.set_window(sample);
    }

    /// UpdateLatestDeliverySignals and UpdateCongestionSignals: whether a round of loss is over.
    fn hear_losses(&mut self, flow: &Flow, sample: &Sample) -> bool {
        let (max_bw, probing) = (self.max_bw(), matches!(self.state, State::Refill | State::Up));
        let (bounds, cwnd) = (&mut self.bounds, self.cwnd);
        bounds.bw_latest = bounds.bw_latest.max(sample.rate);
        bounds.in_latest = bounds.in_latest.max(sample.delivered);
        if sample.prior < bounds.round_end {
            return false;
        }
        bounds.round_end = flow.delivered;
        if std::mem::take(&mut bounds.lost) && !probing {
            bounds.bw_short = bounds.bw_latest.max(BETA * bounds.bw_short.min(max_bw));
            let window = if bounds.in_short.is_finite() { bounds.in_short } else { cwnd };
            bounds.in_short = bounds.in_latest.max(BETA * window);
        }
        true
    }

    /// CheckFullBWReached.
    fn look_for_plateau(&mut self, sample: &Sample) {
        let (best, rounds) = self.cycle.plateau;
        if !sample.limited {
            let grown = sample.rate >= best * 1.25;
            self.cycle.plateau = if grown { (sample.rate, 0) } else { (best, rounds + 1) };
        }
    }

    /// UpdateProbeBWCyclePhase.
    fn update_cycle(&mut self, flow: &Flow, sample: &Sample, round: bool) {
        if round && self.hear_round(flow, sample) {
            return;
        }
        let long = self.bounds.in_long;
        if sample.lost <= sample.in_flight_then * LOSS_THRESH && long.is_finite() {
            self.bounds.in_long = long.max(sample.in_flight_then);
            if self.state == State::Up {
                self.raise_long(sample, round);
            }
        }
        let reno = self.bdp().min(self.cwnd).min(63.0);
        let due = flow.now > self.cycle.wait_until || self.cycle.rounds >= reno;
        let drained = flow.in_flight <= self.with_headroom()
            && flow.in_flight <= self.max_bw() * self.path.round_trip;
        let state = self.state;
        match state {
            State::Down | State::Cruise if due => self.refill(flow),
            State::Down if drained => self.state = State::Cruise,
            State::Refill if round => self.up(flow, sample),
            State::Up if self.is_time_to_go_down(flow, sample) => {
                self.cycle.too_high = false;
                self.down(flow);
            }
            State::Down | State::Cruise | State::Refill | State::Up | State::ProbeRtt => {}
        }
    }

    /// AdaptLongTermModel, once a round: whether it probes again at once.
    fn hear_round(&mut self, flow: &Flow, sample: &Sample) -> bool {
        match self.cycle.feedback {
            Feedback::Starting => self.cycle.feedback = Feedback::Coming,
            Feedback::Stopping => {
                (self.cycle.awaits, self.cycle.feedback) = (false, Feedback::None);
                if self.state == State::ProbeRtt {
                    return false;
                }
                if !sample.limited && self.max_bw[1] > 0.0 {
                    self.max_bw = [self.max_bw[1], 0.0];
                }
                if self.cycle.precautionary && !self.cycle.too_high {
                    self.refill(flow);
                    return true;
                }
            }
            Feedback::None | Feedback::Coming => {}
        }
        false
    }

    /// ProbeInflightLongtermUpward.
    fn raise_long(&mut self, sample: &Sample, round: bool) {
        let full = self.full[0] || self.full[1];
        if !full || self.cwnd < self.bounds.in_long {
            return;
        }
        self.cycle.up_acked += sample.newly;
        let steps = (self.cycle.up_acked / self.cycle.up_step).floor();
        self.cycle.up_acked -= steps * self.cycle.up_step;
        self.bounds.in_long += steps;
        if round {
            self.steepen();
        }
    }

    fn steepen(&mut self) {
        self.cycle.up_step = (self.cwnd / 2f64.powi(self.cycle.up_rounds)).max(1.0);
        self.cycle.up_rounds = (self.cycle.up_rounds + 1).min(30);
    }

    fn is_time_to_go_down(&mut self, flow: &Flow, sample: &Sample) -> bool {
        let long = self.bounds.in_long;
        if self.cycle.too_high && flow.in_flight >= long {
            self.cycle.precautionary = true;
            return true;
        }
        if (self.full[0] || self.full[1]) && self.cwnd >= long {
            self.cycle.plateau = (sample.rate, 0);
            return false;
        }
        self.cycle.plateau.1 >= 3
    }

    fn down(&mut self, flow: &Flow) {
        let bounds = &mut self.bounds;
        (bounds.lost, bounds.bw_latest, bounds.in_latest) = (false, 0.0, 0.0);
        self.cycle.up_step = f64::INFINITY;
        self.cycle.rounds = (self.dice.next() * 2.0).floor();
        self.cycle.wait_until = flow.now + 2.0 + self.dice.next();
        self.cycle.feedback = Feedback::Stopping;
        self.round_end = flow.delivered;
        self.state = State::Down;
    }

    fn refill(&mut self, flow: &Flow) {
        (self.bounds.bw_short, self.bounds.in_short) = (f64::INFINITY, f64::INFINITY);
        (self.cycle.up_rounds, self.cycle.up_acked) = (0, 0.0);
        self.cycle.precautionary = false;
        self.cycle.feedback = Feedback::None;
        self.round_end = flow.delivered;
        self.state = State::Refill;
    }

    fn up(&mut self, flow: &Flow, sample: &Sample) {
        self.cycle.awaits = true;
        self.cycle.feedback = Feedback::Starting;
        self.round_end = flow.delivered;
        self.cycle.plateau = (sample.rate, 0);
        self.state = State::Up;
        self.steepen();
    }

    /// CheckProbeRTT.
    fn probe_rtt(&mut self, flow: &Flow, round: bool) {
        let probe = &mut self.rtt_probe;
        if self.state != State::ProbeRtt {
            if flow.now <= probe.last + 5.0 {
                return;
            }
            (probe.done_at, probe.cwnd_before) = (None, self.cwnd);
            self.state = State::ProbeRtt;
            self.cycle.feedback = Feedback::Stopping;
            self.round_end = flow.delivered;
        }
        let half = (self.bw * self.path.round_trip / 2.0).max(MIN_PIPE);
        match probe.done_at {
            None if flow.in_flight <= half => {
                (probe.done_at, probe.round_done) = (Some(flow.now + 0.2), false);
                self.round_end = flow.delivered;
            }
            Some(done) if (probe.round_done || round) && flow.now > done => {
                probe.last = flow.now;
                self.cwnd = self.cwnd.max(probe.cwnd_before);
                (self.bounds.bw_short, self.bounds.in_short) = (f64::INFINITY, f64::INFINITY);
                self.down(flow);
                self.state = State::Cruise;
            }
            Some(_) => probe.round_done |= round,
            None => {}
        }
    }

    /// SetCwnd.
    fn set_window(&mut self, sample: &Sample) {
        let (gain, more, long) = match self.state {
            State::Down | State::Refill => (2.0, 0.0, self.bounds.in_long),
            State::Up => (2.25, 2.0, self.bounds.in_long),
            State::Cruise => (2.0, 0.0, self.with_headroom()),
            State::ProbeRtt => (0.5, 0.0, self.with_headroom()),
        };
        let max = (gain * self.bdp()).max(3.0 * (self.pace() * QUANTUM).max(2.0)) + more;
        self.cwnd = (self.cwnd + sample.newly).min(max).max(MIN_PIPE);
        if self.state == State::ProbeRtt {
            self.cwnd = self.cwnd.min((self.bdp() / 2.0).max(MIN_PIPE));
        }
        self.cwnd = self.cwnd.min(long.min(self.bounds.in_short).max(MIN_PIPE));
    }
}
