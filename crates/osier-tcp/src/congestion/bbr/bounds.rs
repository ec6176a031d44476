//! What does loss say of the path? Bounds of inflight and bandwidth, for as long as a cycle and
//! for longer (draft-ietf-ccwg-bbr, "Updating the Model Upon Packet Loss").

use super::{Bbr, Episode, State, octets, part};
use crate::congestion::{Delivery, Detection};
use crate::rate::{Limited, Lost, Sample};
use osier_time::Instant;

/// BBR.LossThresh: 2 %.
pub(super) const LOSS_THRESH: (u64, u64) = (2, 100);

/// BBR.Beta: 0.7.
const BETA: (u64, u64) = (7, 10);

/// BBR.Headroom: 0.15.
const HEADROOM: (u64, u64) = (15, 100);

/// The bounds; the largest number stands for none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Bounds {
    /// BBR.inflight_longterm.
    pub(super) inflight_long: u32,
    /// BBR.inflight_shortterm.
    pub(super) inflight_short: u32,
    /// BBR.bw_shortterm.
    pub(super) bw_short: u64,
}

impl Default for Bounds {
    fn default() -> Self {
        Bounds { inflight_long: u32::MAX, inflight_short: u32::MAX, bw_short: u64::MAX }
    }
}

impl Bounds {
    /// ResetShortTermModel.
    pub(super) fn reset_short(&mut self) {
        *self = Bounds { inflight_long: self.inflight_long, ..Bounds::default() };
    }
}

/// What the latest round showed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct LossRound {
    /// BBR.loss_round_delivered.
    end: u64,
    /// BBR.loss_round_start: this acknowledgment begins one.
    pub(super) start: bool,
    /// BBR.is_loss_in_round.
    lost: bool,
    /// How many pieces were lost in it.
    pub(super) pieces: u32,
    /// BBR.bw_latest and BBR.inflight_latest.
    bw_latest: u64,
    pub(super) inflight_latest: u32,
}

impl LossRound {
    /// ResetCongestionSignals.
    pub(super) fn reset(&mut self) {
        (self.lost, self.bw_latest, self.inflight_latest) = (false, 0, 0);
    }
}

/// What is given back when a loss was none.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Undo {
    /// BBR.undo_state: left because of the loss.
    pub(super) state: Option<State>,
    bounds: Bounds,
}

/// Signals of each acknowledgment.
impl Bbr {
    /// UpdateLatestDeliverySignals.
    pub(super) fn update_latest_delivery(&mut self, ack: &Delivery) {
        let (losses, sample) = (&mut self.losses, &ack.sample);
        losses.bw_latest = losses.bw_latest.max(sample.rate);
        losses.inflight_latest = losses.inflight_latest.max(sample.delivered);
        losses.pieces = losses.pieces.saturating_add(sample.pieces_lost);
        losses.start = sample.prior >= losses.end;
        if losses.start {
            losses.end = sample.total;
        }
    }

    /// AdvanceLatestDeliverySignals.
    pub(super) fn advance_latest_delivery(&mut self, ack: &Delivery) {
        if self.losses.start {
            self.losses.bw_latest = ack.sample.rate;
            self.losses.inflight_latest = ack.sample.delivered;
            self.losses.pieces = 0;
        }
        // BoundBWForModel.
        self.bandwidth.bounded = self.bandwidth.max().min(self.bounds.bw_short);
    }

    /// UpdateCongestionSignals: once a round, slow down towards what the path delivers.
    pub(super) fn update_congestion_signals(&mut self) {
        if !self.losses.start {
            return;
        }
        if core::mem::take(&mut self.losses.lost) && !self.state.is_probing() {
            self.lower_bounds();
        }
    }

    /// InitLowerBounds and LossLowerBounds.
    pub(super) fn lower_bounds(&mut self) {
        let bounds = &mut self.bounds;
        if bounds.bw_short == u64::MAX {
            bounds.bw_short = self.bandwidth.max();
        }
        if bounds.inflight_short == u32::MAX {
            bounds.inflight_short = self.cwnd;
        }
        bounds.bw_short = self.losses.bw_latest.max(part(bounds.bw_short, BETA));
        let cut = octets(part(u64::from(bounds.inflight_short), BETA));
        bounds.inflight_short = self.losses.inflight_latest.max(cut);
    }
}

/// Losses.
impl Bbr {
    /// NoteLoss: the first loss of a round begins another, so that the best of a whole round trip
    /// is known when it is over. `delivered`: C.delivered. (What undo needs is saved when the
    /// recovery begins.)
    pub(super) fn note_loss(&mut self, delivered: u64) {
        if !self.losses.lost {
            self.losses.end = delivered;
        }
        self.losses.lost = true;
    }

    /// HandleLostPacket, for what was sent while it probed for bandwidth.
    pub(super) fn judge_loss(&mut self, now: Instant, lost: &Lost) {
        if too_much(lost.lost, lost.in_flight_then) {
            self.on_too_much(now, inflight_at_loss(lost), lost.limited);
        }
    }

    /// IsInflightTooHigh.
    pub(super) fn shows_too_much(sample: &Sample, detection: Detection) -> bool {
        match detection {
            Detection::Each => too_much(sample.lost, sample.in_flight_then),
            Detection::OneInARound => sample.lost > 0,
        }
    }

    /// HandleInflightTooHigh: with `in_flight` octets, too many of them were lost.
    pub(super) fn on_too_much(&mut self, now: Instant, in_flight: u32, limited: Limited) {
        self.cycle.too_high = true;
        // Once for each probe.
        self.cycle.awaits_feedback = false;
        if limited == Limited::ByNetwork {
            let least = octets(part(u64::from(self.target_inflight()), BETA));
            self.bounds.inflight_long = in_flight.max(least);
        }
        if self.state == State::Up {
            self.undo.state = Some(State::Up);
            self.start_down(now);
        }
    }

    /// TargetInflight.
    pub(super) fn target_inflight(&self) -> u32 {
        self.bdp_of(self.bandwidth.bounded, (1, 1)).min(self.cwnd)
    }

    /// InflightWithHeadroom: so that others find room, too.
    pub(super) fn inflight_with_headroom(&self) -> u32 {
        let long = self.bounds.inflight_long;
        if long == u32::MAX {
            return long;
        }
        let headroom = octets(part(u64::from(long), HEADROOM)).max(self.mss);
        long.saturating_sub(headroom).max(self.min_pipe())
    }
}

/// Undo.
impl Bbr {
    /// SaveStateUponLoss.
    pub(super) fn save_for_undo(&mut self) {
        self.undo = Undo { state: None, bounds: self.bounds.clone() };
    }

    /// HandleSpuriousLossDetection.
    pub(super) fn undo_loss(&mut self) {
        let Undo { state, bounds: saved } = core::mem::take(&mut self.undo);
        self.losses.lost = false;
        self.pipe.reset();
        let bounds = &mut self.bounds;
        bounds.bw_short = bounds.bw_short.max(saved.bw_short);
        bounds.inflight_short = bounds.inflight_short.max(saved.inflight_short);
        bounds.inflight_long = bounds.inflight_long.max(saved.inflight_long);
        // Where it was probing for bandwidth, it probes again.
        let probes_rtt = self.state == State::ProbeRtt;
        if state == Some(State::Startup) && self.state != State::Startup {
            self.pipe.reached = false;
            self.state = if probes_rtt { self.state } else { State::Startup };
        } else if state == Some(State::Up) && self.state != State::Up && !probes_rtt {
            self.start_refill();
        }
    }

    /// SaveCwnd.
    pub(super) fn save_cwnd(&mut self) {
        let unbent = self.episode == Episode::None && self.state != State::ProbeRtt;
        self.prior_cwnd = if unbent { self.cwnd } else { self.prior_cwnd.max(self.cwnd) };
    }

    /// RestoreCwnd.
    pub(super) fn restore_cwnd(&mut self) {
        self.cwnd = self.cwnd.max(self.prior_cwnd);
    }
}

/// Whether more than the threshold of what was in flight is lost.
fn too_much(lost: u32, in_flight: u32) -> bool {
    u64::from(lost) * LOSS_THRESH.1 > u64::from(in_flight) * LOSS_THRESH.0
}

/// InflightAtLoss: how much was in flight when losses crossed the threshold, which may have been in
/// the middle of a super-segment. With L the threshold, (lost_prev + x) / (inflight_prev + x) = L
/// gives x.
fn inflight_at_loss(lost: &Lost) -> u32 {
    let before = u64::from(lost.in_flight_then.saturating_sub(lost.octets));
    let lost_before = u64::from(lost.lost.saturating_sub(lost.octets));
    let (of, whole) = LOSS_THRESH;
    let prefix = (before * of).saturating_sub(lost_before * whole) / (whole - of);
    octets(before + prefix)
}
