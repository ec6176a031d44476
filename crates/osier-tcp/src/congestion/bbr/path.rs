//! What does the path take? BBR.max_bw, BBR.extra_acked and packet-timed rounds
//! (draft-ietf-ccwg-bbr, "Updating Network Path Model Parameters").

use super::{Bbr, octets};
use crate::congestion::Delivery;
use crate::rate::Limited;
use osier_time::{Duration, Instant};

/// BBR.ExtraAckedFilterLen: ten rounds, as two halves of five.
const AGGREGATION_HALF: u64 = 5;

/// BBR.max_bw and the filter behind it: the best of this cycle and of the one before. Octets in a
/// second.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Bandwidth {
    before: u64,
    now: u64,
    /// BBR.bw: what the bounds leave of the best.
    pub(super) bounded: u64,
}

impl Bandwidth {
    /// BBR.max_bw.
    pub(super) fn max(&self) -> u64 {
        self.before.max(self.now)
    }

    /// UpdateMaxBw.
    fn on_sample(&mut self, rate: u64) {
        self.now = self.now.max(rate);
    }

    /// AdvanceMaxBwFilter. A cycle without a sample does not count.
    pub(super) fn advance(&mut self) {
        if self.now > 0 {
            self.before = core::mem::take(&mut self.now);
        }
    }
}

/// BBR.round_count and its kin: a round is over when something is delivered that was sent after its
/// start.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Rounds {
    pub(super) count: u64,
    /// BBR.round_start: this acknowledgment begins one.
    pub(super) start: bool,
    /// BBR.next_round_delivered.
    next: u64,
    /// C.delivered.
    delivered: u64,
    /// C.is_cwnd_limited, in this round and in the one before.
    full_now: bool,
    full_before: bool,
}

impl Rounds {
    pub(super) fn on_delivery(&mut self, ack: &Delivery, cwnd: u32) {
        self.delivered = ack.sample.total;
        self.full_now |= ack.in_flight_before.saturating_add(ack.mss) > cwnd;
        self.start = ack.sample.prior >= self.next;
        if self.start {
            self.begin();
            self.count += 1;
            self.full_before = core::mem::take(&mut self.full_now);
        }
    }

    /// StartRound.
    pub(super) fn begin(&mut self) {
        self.next = self.delivered;
    }

    /// C.is_cwnd_limited.
    pub(super) const fn is_window_full(&self) -> bool {
        self.full_now || self.full_before
    }
}

/// BBR.extra_acked: by how much acknowledgments run ahead of the bandwidth, since they come in
/// clumps.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Aggregation {
    start: Instant,
    delivered: u64,
    /// The most in the half of the window under way, and in the one before.
    now: u32,
    before: u32,
    half_since: u64,
}

impl Aggregation {
    pub(super) const fn new(now: Instant) -> Self {
        Aggregation { start: now, delivered: 0, now: 0, before: 0, half_since: 0 }
    }

    pub(super) fn restart(&mut self, now: Instant) {
        self.start = now;
    }

    /// BBR.extra_acked.
    pub(super) fn extra(&self) -> u32 {
        self.now.max(self.before)
    }
}

impl Bbr {
    pub(super) fn update_max_bw(&mut self, ack: &Delivery) {
        if self.rounds.start {
            self.cycle.rounds_since_up = self.cycle.rounds_since_up.saturating_add(1);
        }
        let rate = ack.sample.rate;
        let counts = rate >= self.bandwidth.max() || ack.sample.limited == Limited::ByNetwork;
        if rate > 0 && counts {
            self.bandwidth.on_sample(rate);
        }
    }

    /// UpdateACKAggregation.
    pub(super) fn update_aggregation(&mut self, ack: &Delivery) {
        let bandwidth = self.bandwidth.bounded;
        let aggregation = &mut self.aggregation;
        let half = if self.pipe.reached { AGGREGATION_HALF } else { 1 };
        if self.rounds.start && self.rounds.count >= aggregation.half_since + half {
            aggregation.half_since = self.rounds.count;
            aggregation.before = core::mem::take(&mut aggregation.now);
            if !self.pipe.reached {
                aggregation.before = 0;
            }
        }
        let mut expected = worth(bandwidth, ack.now - aggregation.start);
        if aggregation.delivered <= expected {
            aggregation.delivered = 0;
            aggregation.start = ack.now;
            expected = 0;
        }
        aggregation.delivered += u64::from(ack.sample.newly_acked);
        let extra = octets(aggregation.delivered - expected).min(self.cwnd);
        aggregation.now = aggregation.now.max(extra);
    }

    /// BDPMultiple, of the bandwidth `bw`.
    pub(super) fn bdp_of(&self, bw: u64, gain: super::Gain) -> u32 {
        match self.min_rtt.get() {
            None => self.initial_cwnd,
            Some(rtt) => octets(super::part(worth(bw, rtt), gain)),
        }
    }
}

/// Octets that a bandwidth gives in `time`.
pub(super) fn worth(bandwidth: u64, time: Duration) -> u64 {
    let octets = u128::from(bandwidth) * u128::from(time.as_nanos()) / 1_000_000_000;
    u64::try_from(octets).unwrap_or(u64::MAX)
}
