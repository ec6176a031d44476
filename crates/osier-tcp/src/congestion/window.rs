//! What have all loss-based algorithms in common? The window, slow start, and whether the window is
//! used at all: RFC 5681 §3.1 (by octets as RFC 3465 has it), §4.1 (after idleness).
//!
//! What RFC 5681 calls inflation during fast recovery is not here: what is in flight is counted
//! without what has left the network, which comes to the same.

use super::Acked;

/// RFC 5681 §3.1: ssthresh is at least two segments.
const SSTHRESH_SEGMENTS: u32 = 2;

/// No window grows beyond the largest that window scaling can offer (RFC 7323 §2.3).
const WINDOW_MAX: u32 = 1 << 30;

/// The congestion window.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Window {
    pub(super) cwnd: u32,
    pub(super) ssthresh: u32,
    pub(super) mss: u32,
    used: Use,
    pub(super) repair: Repair,
    initial_segments: u8,
    /// L: segments by which one acknowledgment may open the window in slow start.
    pub(super) limit: u32,
    pub(super) cut_from: CutFrom,
}

/// From what a loss cuts, where the window was not used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum CutFrom {
    /// From the window (RFC 9438 §4.6 leaves that choice where an unused window does not grow).
    Window,
    /// From what was in flight (RFC 5681 §3.1, equation 4).
    Flight,
}

/// Which loss is being repaired?
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Repair {
    None,
    FastRecovery,
    Timeout,
}

/// How the window may grow by an acknowledgment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Growth {
    /// Not at all: a loss is being repaired.
    Repairing,
    /// Not at all: it is not used.
    Unused,
    /// In slow start, by so many octets.
    SlowStart(u32),
    /// By the algorithm's rule of congestion avoidance.
    Avoidance,
}

impl Window {
    /// An open window of so many segments.
    pub(super) fn new(initial_segments: u8, mss: u32) -> Self {
        let mss = mss.max(1);
        let cwnd = u32::from(initial_segments.max(1)).saturating_mul(mss).min(WINDOW_MAX);
        Window {
            cwnd,
            ssthresh: u32::MAX,
            mss,
            used: Use::of_round(cwnd),
            repair: Repair::None,
            initial_segments: initial_segments.max(1),
            limit: u32::MAX,
            cut_from: CutFrom::Window,
        }
    }

    /// An acknowledgment of new octets: how may the window grow?
    pub(super) fn on_ack(&mut self, ack: &Acked) -> Growth {
        self.mss = ack.mss.max(1);
        self.used.on_ack(ack.acked, ack.in_flight_before, self.cwnd);
        let in_flight = self.used.most_in_flight();
        if self.repair == Repair::FastRecovery {
            return Growth::Repairing;
        }
        // A window that is not used says nothing about the path, and does not grow. In slow start
        // it may run ahead of its use by a factor of two, since it doubles in a round.
        match self.cwnd < self.ssthresh {
            true if self.cwnd < in_flight.saturating_mul(2) => {
                Growth::SlowStart(self.slow_start_octets(ack.acked))
            }
            false if self.cwnd < in_flight.saturating_add(self.mss) => Growth::Avoidance,
            true | false => Growth::Unused,
        }
    }

    /// RFC 5681 §3.1, equation 2, counted in octets (RFC 3465 §2.2).
    fn slow_start_octets(&self, acked: u32) -> u32 {
        match self.repair {
            // RFC 3465 §2.3: after a timeout one acknowledgment may cover a great deal that
            // arrived long ago, so L is one segment.
            Repair::Timeout => acked.min(self.mss),
            // Linux differs: no L (RFC 5681 says one segment, RFC 9406 eight). A receiver that
            // merges segments acknowledges up to 64 KiB at once, and would hold slow start down
            // to a crawl.
            Repair::None | Repair::FastRecovery => acked.min(self.mss.saturating_mul(self.limit)),
        }
    }

    /// Slow start: up to ssthresh.
    pub(super) fn slow_start(&mut self, octets: u32) {
        self.cwnd = self.cwnd.saturating_add(octets).min(self.ssthresh).min(WINDOW_MAX);
    }

    /// Congestion avoidance.
    pub(super) fn set(&mut self, cwnd: u32) {
        self.cwnd = cwnd.min(WINDOW_MAX);
    }

    /// What was in flight when a loss was found, or the window, where it was used as far as whole
    /// segments go (RFC 9438 §4.6 leaves the choice where an unused window does not grow). A
    /// moment at which less was in flight (acknowledgments come in batches) does not matter, nor
    /// does what a recovery that ends right now had in flight.
    pub(super) fn flight(&self, in_flight: u32) -> u32 {
        let most = self.used.most_in_flight().max(in_flight);
        let used = most.saturating_add(self.mss) > self.cwnd || self.cut_from == CutFrom::Window;
        if used || self.used == Use::of_round(self.cwnd) { self.cwnd } else { most }
    }

    /// Fast recovery begins: ssthresh is to be this, and the window with it.
    pub(super) fn on_loss(&mut self, ssthresh: u32, mss: u32) {
        self.cut(ssthresh, mss);
        self.cwnd = self.ssthresh;
        self.repair = Repair::FastRecovery;
    }

    /// The retransmission timer expired: the loss window, one full segment. `ssthresh` counts
    /// where no loss was being repaired: RFC 5681 §3.1 holds it constant when the same flight is
    /// lost once more.
    pub(super) fn on_timeout(&mut self, ssthresh: u32, mss: u32) {
        if self.repair == Repair::None {
            self.cut(ssthresh, mss);
        }
        self.cwnd = self.mss;
        self.repair = Repair::Timeout;
    }

    fn cut(&mut self, ssthresh: u32, mss: u32) {
        self.mss = mss.max(1);
        self.ssthresh = ssthresh.max(SSTHRESH_SEGMENTS.saturating_mul(self.mss));
    }

    pub(super) fn on_recovery_over(&mut self) {
        self.repair = Repair::None;
        self.used = Use::of_round(self.cwnd);
    }

    pub(super) fn on_idle(&mut self) {
        // RFC 5681 §4.1: the restart window is min(IW, cwnd). RFC 2861 §2: what was learnt stays
        // in ssthresh.
        self.ssthresh = self.ssthresh.max(self.cwnd / 4 * 3);
        self.cwnd = self.cwnd.min(self.initial());
        self.used = Use::of_round(self.cwnd);
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

    /// The initial window.
    pub(super) fn initial(&self) -> u32 {
        u32::from(self.initial_segments).saturating_mul(self.mss)
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
