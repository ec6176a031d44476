//! How does the window grow and shrink? RFC 5681 §3.1 (slow start and congestion avoidance, by
//! octets as RFC 3465 has it), §3.2 and RFC 6582 (the cut), §4.1 (after idleness).
//!
//! What RFC 5681 calls inflation during fast recovery is not here: what is in flight is counted
//! without what has left the network, which comes to the same.

use super::Acked;

/// RFC 5681 §3.1: ssthresh is at least two segments.
const SSTHRESH_SEGMENTS: u32 = 2;

/// No window grows beyond the largest that window scaling can offer (RFC 7323 §2.3).
const WINDOW_MAX: u32 = 1 << 30;

/// Reno's record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Reno {
    cwnd: u32,
    ssthresh: u32,
    mss: u32,
    /// Octets acknowledged in congestion avoidance since cwnd last grew.
    acked: u32,
    use_of_window: Use,
    repair: Repair,
    initial_segments: u8,
}

/// Which loss is being repaired?
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Repair {
    None,
    FastRecovery,
    Timeout,
}

impl Reno {
    /// An open window of so many segments.
    pub(super) fn new(initial_segments: u8, mss: u32) -> Self {
        let mss = mss.max(1);
        // RFC 6928 §2 also bounds it by 14600 octets, which matters for an MSS beyond 1460.
        // Linux differs: ten segments, however large, and so do we.
        let cwnd = u32::from(initial_segments.max(1)).saturating_mul(mss).min(WINDOW_MAX);
        Reno {
            cwnd,
            ssthresh: u32::MAX,
            mss,
            acked: 0,
            use_of_window: Use::of_round(cwnd),
            repair: Repair::None,
            initial_segments: initial_segments.max(1),
        }
    }

    pub(super) const fn window(&self) -> u32 {
        self.cwnd
    }

    pub(super) const fn ssthresh(&self) -> u32 {
        self.ssthresh
    }

    pub(super) fn on_ack(&mut self, ack: &Acked) {
        self.mss = ack.mss.max(1);
        self.use_of_window.on_ack(ack.acked, ack.in_flight_before, self.cwnd);
        let in_flight = self.use_of_window.most_in_flight();
        if self.repair == Repair::FastRecovery {
            return;
        }
        // A window that is not used says nothing about the path, and does not grow. In slow start
        // it may run ahead of its use by a factor of two, since it doubles in a round.
        if self.cwnd < self.ssthresh {
            if self.cwnd < in_flight.saturating_mul(2) {
                self.slow_start(ack.acked);
            }
        } else if self.cwnd < in_flight.saturating_add(self.mss) {
            self.avoid_congestion(ack.acked);
        }
    }

    /// RFC 5681 §3.1, equation 2, counted in octets (RFC 3465 §2.2).
    fn slow_start(&mut self, acked: u32) {
        let growth = match self.repair {
            // RFC 3465 §2.3: after a timeout one acknowledgment may cover a great deal that
            // arrived long ago, so L is one segment.
            Repair::Timeout => acked.min(self.mss),
            // Linux differs: no L (RFC 3465 says two segments). A receiver that merges segments
            // acknowledges up to 64 KiB at once, and would hold slow start down to a crawl.
            Repair::None | Repair::FastRecovery => acked,
        };
        self.cwnd = self.cwnd.saturating_add(growth).min(self.ssthresh).min(WINDOW_MAX);
    }

    /// RFC 5681 §3.1: one segment for each window of octets acknowledged (RFC 3465 §2.1).
    fn avoid_congestion(&mut self, acked: u32) {
        self.acked = self.acked.saturating_add(acked);
        if self.acked >= self.cwnd {
            self.acked = (self.acked - self.cwnd).min(self.cwnd);
            self.cwnd = self.cwnd.saturating_add(self.mss).min(WINDOW_MAX);
        }
    }

    pub(super) fn on_loss(&mut self, in_flight: u32, mss: u32) {
        self.cut(in_flight, mss);
        self.cwnd = self.ssthresh;
        self.repair = Repair::FastRecovery;
    }

    pub(super) fn on_timeout(&mut self, in_flight: u32, mss: u32) {
        // RFC 5681 §3.1: ssthresh is held constant when the same flight is lost once more.
        if self.repair == Repair::None {
            self.cut(in_flight, mss);
        }
        // The loss window: one full segment.
        self.cwnd = self.mss;
        self.acked = 0;
        self.repair = Repair::Timeout;
    }

    /// RFC 5681 §3.1, equation 4.
    fn cut(&mut self, in_flight: u32, mss: u32) {
        self.mss = mss.max(1);
        self.ssthresh = (in_flight / 2).max(SSTHRESH_SEGMENTS.saturating_mul(self.mss));
        self.acked = 0;
    }

    pub(super) fn on_recovery_over(&mut self) {
        self.repair = Repair::None;
        self.use_of_window = Use::of_round(self.cwnd);
    }

    pub(super) fn on_idle(&mut self) {
        // RFC 5681 §4.1: the restart window is min(IW, cwnd). RFC 2861 §2: what was learnt stays
        // in ssthresh.
        self.ssthresh = self.ssthresh.max(self.cwnd / 4 * 3);
        let initial = u32::from(self.initial_segments).saturating_mul(self.mss);
        self.cwnd = self.cwnd.min(initial);
        self.use_of_window = Use::of_round(self.cwnd);
    }

    pub(super) fn set_mss(&mut self, mss: u32) {
        let (old, new) = (self.mss, mss.max(1));
        self.mss = new;
        if new < old {
            // RFC 5681 §3.1: reduced by the ratio of the sizes, so that no burst of small
            // segments leaves at once.
            let cwnd = u64::from(self.cwnd) * u64::from(new) / u64::from(old);
            self.cwnd = (cwnd as u32).max(new);
        } else {
            self.cwnd = self.cwnd.max(new);
        }
    }
}

/// How much of the window was used: the most that was in flight in this round and in the one
/// before. A round is a window of octets acknowledged. (When acknowledgments come in batches,
/// only the first of them finds the window full.)
#[derive(Clone, Debug, PartialEq, Eq)]
struct Use {
    left: u32,
    now: u32,
    before: u32,
}

impl Use {
    const fn of_round(cwnd: u32) -> Self {
        Use { left: cwnd, now: 0, before: 0 }
    }

    fn on_ack(&mut self, acked: u32, in_flight_before: u32, cwnd: u32) {
        self.now = self.now.max(in_flight_before);
        self.left = self.left.saturating_sub(acked);
        if self.left == 0 {
            *self = Use { left: cwnd, now: 0, before: self.now };
        }
    }

    fn most_in_flight(&self) -> u32 {
        self.now.max(self.before)
    }
}

#[cfg(test)]
mod tests;
