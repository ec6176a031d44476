//! How long is the way without a queue? BBR.min_rtt and ProbeRTT (draft-ietf-ccwg-bbr, "ProbeRTT").

use super::{Bbr, State};
use crate::congestion::Delivery;
use osier_time::{Duration, Instant};

/// BBR.MinRTTFilterLen.
const MIN_RTT_KEPT: Duration = Duration::from_secs(10);

/// BBR.ProbeRTTInterval.
const PROBE_INTERVAL: Duration = Duration::from_secs(5);

/// BBR.ProbeRTTDuration.
const PROBE_DURATION: Duration = Duration::from_millis(200);

/// The shortest round trip, and when to look for it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct MinRtt {
    /// BBR.min_rtt and BBR.min_rtt_stamp.
    shortest: Option<Duration>,
    since: Instant,
    /// BBR.probe_rtt_min_delay and its stamp.
    recent: Option<Duration>,
    recent_since: Instant,
    /// BBR.probe_rtt_expired.
    expired: bool,
    /// BBR.probe_rtt_done_stamp, BBR.probe_rtt_round_done.
    done_at: Option<Instant>,
    round_done: bool,
    /// BBR.idle_restart.
    pub(super) idle_restart: bool,
}

impl MinRtt {
    pub(super) const fn new(now: Instant, rtt: Option<Duration>) -> Self {
        MinRtt {
            shortest: rtt,
            since: now,
            recent: None,
            recent_since: now,
            expired: false,
            done_at: None,
            round_done: false,
            idle_restart: false,
        }
    }

    /// The first round trip measured; says whether it is.
    pub(super) fn learn(&mut self, rtt: Duration) -> bool {
        let first = self.shortest.is_none();
        self.shortest = self.shortest.or(Some(rtt));
        first
    }

    /// BBR.min_rtt.
    pub(super) const fn get(&self) -> Option<Duration> {
        self.shortest
    }
}

impl Bbr {
    /// UpdateMinRTT.
    pub(super) fn update_min_rtt(&mut self, ack: &Delivery) {
        let known = &mut self.min_rtt;
        known.expired = ack.now > known.recent_since + PROBE_INTERVAL;
        if let Some(rtt) = ack.sample.rtt
            && (known.expired || known.recent.is_none_or(|recent| rtt < recent))
        {
            (known.recent, known.recent_since) = (Some(rtt), ack.now);
        }
        let Some(recent) = known.recent else { return };
        let expired = ack.now > known.since + MIN_RTT_KEPT;
        if expired || known.shortest.is_none_or(|shortest| recent < shortest) {
            (known.shortest, known.since) = (Some(recent), known.recent_since);
        }
    }

    /// CheckProbeRTT.
    pub(super) fn check_probe_rtt(&mut self, ack: &Delivery) {
        let due = self.min_rtt.expired && !self.min_rtt.idle_restart;
        if self.state != State::ProbeRtt && due {
            self.save_cwnd();
            self.state = State::ProbeRtt;
            self.min_rtt.done_at = None;
            self.cycle.stop();
            self.rounds.begin();
        }
        if self.state == State::ProbeRtt {
            self.during_probe_rtt(ack);
        }
        self.min_rtt.idle_restart = false;
    }

    /// HandleProbeRTT.
    fn during_probe_rtt(&mut self, ack: &Delivery) {
        if self.min_rtt.done_at.is_none() {
            if ack.in_flight <= self.probe_rtt_window() {
                self.min_rtt.done_at = Some(ack.now + PROBE_DURATION);
                self.min_rtt.round_done = false;
                self.rounds.begin();
            }
            return;
        }
        self.min_rtt.round_done |= self.rounds.start;
        if self.min_rtt.round_done {
            self.check_probe_rtt_done(ack.now);
        }
    }

    /// CheckProbeRTTDone and ExitProbeRTT.
    pub(super) fn check_probe_rtt_done(&mut self, now: Instant) {
        if self.min_rtt.done_at.is_none_or(|done| now <= done) {
            return;
        }
        self.min_rtt.recent_since = now;
        self.restore_cwnd();
        self.bounds.reset_short();
        if self.pipe.reached {
            // What is in flight is below what the path holds: there is nothing to drain.
            self.start_down(now);
            self.start_cruise();
        } else {
            self.state = State::Startup;
        }
    }
}
