//! What follows from the model: pace, quantum and window (draft-ietf-ccwg-bbr, "Updating Control
//! Parameters").

use super::path::worth;
use super::{Bbr, Gain, State, octets, part};
use crate::congestion::Delivery;
use osier_time::Duration;

/// BBR.PacingMarginPercent: the pace stays 1 % below the bandwidth.
const MARGIN: Gain = (99, 100);

/// C.send_quantum: what the pace gives in this ...
const QUANTUM: Duration = Duration::from_millis(1);

/// ... at most a super-segment, at least two segments.
const QUANTUM_MAX: u64 = 65_536;
const QUANTUM_SEGMENTS: u32 = 2;

/// BBR.offload_budget: one at the device, one on its way out, one waiting to be acknowledged.
const BUDGET_QUANTA: u32 = 3;

/// BBR.MinPipeCwnd: a receiver that acknowledges every other segment does not stall.
const MIN_PIPE_SEGMENTS: u32 = 4;

/// While probing upwards, so many segments more, or a small bandwidth could not grow at all.
const UP_SEGMENTS: u32 = 2;

/// As if the round trip were so long, before one is measured.
const NOMINAL_RTT: Duration = Duration::from_millis(1);

impl Bbr {
    /// InitPacingRate.
    pub(super) fn init_pacing_rate(&mut self, rtt: Option<Duration>) {
        let rtt = rtt.unwrap_or(NOMINAL_RTT).max(Duration::from_micros(1));
        let nominal = u64::from(self.initial_cwnd) * 1_000_000 / rtt.as_micros();
        self.pacing_rate = part(nominal, State::Startup.pacing_gain());
    }

    /// UpdateControlParameters.
    pub(super) fn update_control(&mut self, ack: &Delivery) {
        self.set_pacing_rate(self.state.pacing_gain());
        self.set_window(ack);
    }

    /// SetPacingRateWithGain.
    pub(super) fn set_pacing_rate(&mut self, gain: Gain) {
        let rate = part(part(self.bandwidth.bounded, gain), MARGIN);
        if self.pipe.reached || rate > self.pacing_rate {
            self.pacing_rate = rate;
        }
    }

    /// SetCwnd.
    fn set_window(&mut self, ack: &Delivery) {
        let max = self.max_inflight();
        let grown = self.cwnd.saturating_add(ack.sample.newly_acked);
        if self.pipe.reached {
            self.cwnd = grown.min(max);
        } else if self.cwnd < max || ack.sample.total < u64::from(self.initial_cwnd) {
            self.cwnd = grown;
        }
        self.cwnd = self.cwnd.max(self.min_pipe());
        if self.state == State::ProbeRtt {
            self.cwnd = self.cwnd.min(self.probe_rtt_window());
        }
        self.cwnd = self.cwnd.min(self.bound());
    }

    /// BoundCwndForModel.
    pub(super) fn bound(&self) -> u32 {
        let long = match self.state {
            State::Down | State::Refill | State::Up => self.bounds.inflight_long,
            State::Cruise | State::ProbeRtt => self.inflight_with_headroom(),
            State::Startup | State::Drain => u32::MAX,
        };
        long.min(self.bounds.inflight_short).max(self.min_pipe())
    }

    /// UpdateMaxInflight.
    fn max_inflight(&self) -> u32 {
        let bdp = self.bdp_of(self.bandwidth.bounded, self.state.cwnd_gain());
        self.with_budget(bdp.saturating_add(self.aggregation.extra()))
    }

    /// Inflight.
    pub(super) fn inflight(&self, bw: u64, gain: Gain) -> u32 {
        self.with_budget(self.bdp_of(bw, gain))
    }

    /// QuantizationBudget.
    fn with_budget(&self, inflight: u32) -> u32 {
        let quantum = octets(worth(self.pacing_rate, QUANTUM).min(QUANTUM_MAX));
        let quantum = quantum.max(self.mss.saturating_mul(QUANTUM_SEGMENTS));
        let inflight = inflight.max(quantum * BUDGET_QUANTA).max(self.min_pipe());
        match self.state {
            State::Up => inflight.saturating_add(self.mss * UP_SEGMENTS),
            State::Startup | State::Drain | State::ProbeRtt => inflight,
            State::Down | State::Cruise | State::Refill => inflight,
        }
    }

    /// BBR.MinPipeCwnd.
    pub(super) fn min_pipe(&self) -> u32 {
        self.mss.saturating_mul(MIN_PIPE_SEGMENTS)
    }

    /// ProbeRTTCwnd.
    pub(super) fn probe_rtt_window(&self) -> u32 {
        let half = self.bdp_of(self.bandwidth.bounded, State::ProbeRtt.cwnd_gain());
        half.max(self.min_pipe())
    }
}
