//! How does the window grow and shrink in CUBIC? RFC 9438, in integers, with HyStart++ (RFC 9406).
//!
//! After a loss the window falls to seven tenths. Then it follows a cubic curve over time, fast at
//! first, flat where the loss had come, then fast again; but never less than Reno would have.

use super::Acked;
use super::hystart::{HyStart, Pace};
use super::window::{Growth, Repair, Window};
use osier_time::{Duration, Instant};

/// RFC 9438 §4.6: beta_cubic is 0.7.
const BETA: (u64, u64) = (7, 10);

/// RFC 9438 §4.7: fast convergence, (1 + beta_cubic) / 2.
const FAST_CONVERGENCE: (u64, u64) = (17, 20);

/// RFC 9438 §4.3: alpha_cubic, 3 * (1 - beta_cubic) / (1 + beta_cubic).
const ALPHA: (u64, u64) = (9, 17);

/// W_est is kept in so small parts of an octet, or its growth by each acknowledgment would be lost.
const PARTS: u64 = 1_024;

/// The curve is not followed further than 17 minutes from its middle, where it is beyond any
/// window.
const REACH: u64 = 1 << 20;

/// CUBIC's record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Cubic {
    pub(super) window: Window,
    hystart: HyStart,
    curve: Curve,
    last_ack: Instant,
    rtt: Duration,
}

/// What the window follows in congestion avoidance. Octets, and milliseconds.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Curve {
    /// W_max.
    w_max: u32,
    /// cwnd_prior: before the latest cut.
    cwnd_prior: u32,
    /// K.
    k: u64,
    /// t_epoch: when congestion avoidance began, if it has.
    epoch: Option<Instant>,
    /// W_est.
    w_est: u64,
    cut: Cut,
}

/// What congestion avoidance follows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Cut {
    /// Fast recovery, or the first slow start.
    Loss,
    /// A timeout.
    Timeout,
}

impl Cubic {
    /// An open window of so many segments.
    pub(super) fn new(initial_segments: u8, mss: u32) -> Self {
        Cubic {
            window: Window::new(initial_segments, mss),
            hystart: HyStart::new(),
            curve: Curve { w_max: 0, cwnd_prior: 0, k: 0, epoch: None, w_est: 0, cut: Cut::Loss },
            last_ack: Instant::ZERO,
            rtt: Duration::ZERO,
        }
    }

    pub(super) fn on_ack(&mut self, ack: &Acked) {
        self.rtt = ack.rtt.unwrap_or(self.rtt);
        let since_last = ack.now - core::mem::replace(&mut self.last_ack, ack.now);
        match self.window.on_ack(ack) {
            Growth::SlowStart(octets) => self.slow_start(ack, octets),
            Growth::Avoidance => {
                let cwnd = self.curve.next(ack, &self.window, self.rtt);
                self.window.set(cwnd);
            }
            // RFC 9438 §5.8: time in which the window was not used does not count.
            Growth::Unused => self.curve.stand_still(since_last),
            Growth::Repairing => {}
        }
    }

    fn slow_start(&mut self, ack: &Acked, octets: u32) {
        // RFC 9406 §4.3: for the first slow start only; a later one knows where to end.
        if self.window.ssthresh != u32::MAX {
            return self.window.slow_start(octets);
        }
        match self.hystart.on_ack(ack, octets) {
            Pace::Grow(octets) => self.window.slow_start(octets),
            Pace::Enough => self.window.ssthresh = self.window.cwnd,
        }
    }

    /// RFC 9438 §4.6.
    pub(super) fn on_loss(&mut self, in_flight: u32, mss: u32) {
        let flight = self.window.flight(in_flight);
        self.curve.on_cut(flight, Cut::Loss);
        self.window.on_loss(part(flight, BETA), mss);
    }

    /// RFC 9438 §4.8.
    pub(super) fn on_timeout(&mut self, in_flight: u32, mss: u32) {
        let flight = self.window.flight(in_flight);
        if self.window.repair == Repair::None {
            self.curve.on_cut(flight, Cut::Timeout);
        }
        self.curve.cut = Cut::Timeout;
        self.window.on_timeout(part(flight, BETA), mss);
    }

    pub(super) fn on_idle(&mut self) {
        self.window.on_idle();
        self.curve.epoch = None;
    }
}

impl Curve {
    /// The window is cut from `flight` octets.
    fn on_cut(&mut self, flight: u32, cut: Cut) {
        // RFC 9438 §4.7: a window that did not come as far as the last time makes room for others.
        self.w_max = if flight < self.w_max { part(flight, FAST_CONVERGENCE) } else { flight };
        self.cwnd_prior = flight;
        self.epoch = None;
        self.cut = cut;
    }

    /// RFC 9438 §4.2 to §4.5: the window after an acknowledgment in congestion avoidance.
    fn next(&mut self, ack: &Acked, window: &Window, rtt: Duration) -> u32 {
        let (cwnd, mss) = (window.cwnd, window.mss);
        let epoch = match self.epoch {
            Some(epoch) => epoch,
            None => self.begin(ack.now, cwnd, mss),
        };
        let t = ack.now - epoch;
        self.grow_reno(ack.acked, cwnd, mss);
        let reno = u32::try_from(self.w_est / PARTS).unwrap_or(u32::MAX);
        if self.at(t, mss) < reno {
            // RFC 9438 §4.3: the Reno-friendly region.
            return cwnd.max(reno);
        }
        // RFC 9438 §4.4 and §4.5: towards where the curve is in a round trip, at most half as
        // much again.
        let target = self.at(t + rtt, mss).clamp(cwnd, cwnd.saturating_add(cwnd / 2));
        let growth = u64::from(target - cwnd) * u64::from(ack.acked) / u64::from(cwnd.max(1));
        cwnd.saturating_add(u32::try_from(growth).unwrap_or(u32::MAX)).min(target)
    }

    /// Congestion avoidance begins.
    fn begin(&mut self, now: Instant, cwnd: u32, mss: u32) -> Instant {
        // RFC 9438 §4.8: after a timeout K is 0 and W_max the window; and where the window is
        // beyond W_max already, as in §4.2.
        if self.cut == Cut::Timeout || self.w_max <= cwnd {
            self.w_max = cwnd;
        }
        self.cut = Cut::Loss;
        // K = cubic root of (W_max - cwnd_epoch) / C, with C = 0.4 segments per cubic second.
        let lacking = u64::from(self.w_max - cwnd);
        self.k = cube_root(lacking * 2_500_000_000 / u64::from(mss));
        self.w_est = u64::from(cwnd) * PARTS;
        self.epoch = Some(now);
        now
    }

    /// W_cubic(t) = C * (t - K)^3 + W_max.
    fn at(&self, t: Duration, mss: u32) -> u32 {
        let t = t.as_millis();
        let distance = t.abs_diff(self.k).min(REACH);
        let cube = distance * distance * distance / 1_000_000;
        let octets = u32::try_from(cube * u64::from(mss) * 4 / 10_000).unwrap_or(u32::MAX);
        match t < self.k {
            true => self.w_max.saturating_sub(octets),
            false => self.w_max.saturating_add(octets),
        }
    }

    /// RFC 9438 §4.3: W_est grows by alpha segments for each window acknowledged, and by one
    /// segment as soon as it is where the last cut was.
    fn grow_reno(&mut self, acked: u32, cwnd: u32, mss: u32) {
        let segments = u64::from(acked) * u64::from(mss) * PARTS / u64::from(cwnd.max(1));
        let below = self.w_est < u64::from(self.cwnd_prior) * PARTS;
        self.w_est += if below { segments * ALPHA.0 / ALPHA.1 } else { segments };
    }

    fn stand_still(&mut self, time: Duration) {
        if let Some(epoch) = &mut self.epoch {
            *epoch += time;
        }
    }
}

fn part(octets: u32, (of, whole): (u64, u64)) -> u32 {
    (u64::from(octets) * of / whole) as u32
}

/// The largest integer whose cube is not more than `n`: Newton's method, from above.
fn cube_root(n: u64) -> u64 {
    if n == 0 {
        return 0;
    }
    // A power of two that is not less than the root.
    let mut root = 1u64 << (u64::BITS - n.leading_zeros()).div_ceil(3);
    loop {
        let next = (2 * root + n / (root * root)) / 3;
        if next >= root {
            return root;
        }
        root = next;
    }
}

#[cfg(test)]
mod tests;
