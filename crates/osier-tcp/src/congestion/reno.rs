//! How does the window grow and shrink in Reno? RFC 5681 §3.1, congestion avoidance (by octets as
//! RFC 3465 has it), and the cut by a half. The rest is `window.rs`.

use super::Acked;
use super::window::{Growth, Window};

/// Reno's record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Reno {
    pub(super) window: Window,
    /// Octets acknowledged in congestion avoidance since cwnd last grew.
    acked: u32,
}

impl Reno {
    /// An open window of so many segments.
    pub(super) fn new(initial_segments: u8, mss: u32) -> Self {
        Reno { window: Window::new(initial_segments, mss), acked: 0 }
    }

    pub(super) fn on_ack(&mut self, ack: &Acked) {
        match self.window.on_ack(ack) {
            Growth::SlowStart(octets) => self.window.slow_start(octets),
            Growth::Avoidance => self.avoid_congestion(ack.acked),
            Growth::Repairing | Growth::Unused => {}
        }
    }

    /// RFC 5681 §3.1: one segment for each window of octets acknowledged (RFC 3465 §2.1).
    fn avoid_congestion(&mut self, acked: u32) {
        let cwnd = self.window.cwnd;
        self.acked = self.acked.saturating_add(acked);
        if self.acked >= cwnd {
            self.acked = (self.acked - cwnd).min(cwnd);
            self.window.set(cwnd.saturating_add(self.window.mss));
        }
    }

    /// RFC 5681 §3.1, equation 4: half of what was in flight.
    pub(super) fn on_loss(&mut self, in_flight: u32, mss: u32) {
        self.window.on_loss(in_flight / 2, mss);
        self.acked = 0;
    }

    pub(super) fn on_timeout(&mut self, in_flight: u32, mss: u32) {
        self.window.on_timeout(in_flight / 2, mss);
        self.acked = 0;
    }
}

#[cfg(test)]
mod tests;
