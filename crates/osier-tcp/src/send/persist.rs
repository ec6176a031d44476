//! When is a zero window probed? RFC 9293 §3.8.6.1.
//!
//! The first probe goes out when the window has been zero for the retransmission timeout
//! [SHLD-29], later ones at intervals that double [SHLD-30]. As long as the peer answers, the
//! connection stays open [MUST-37]; how many unanswered probes are too many is the caller's.

use osier_time::Duration;

/// Probing of a zero window.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Persist {
    /// Probes since the window closed: the exponent of the interval.
    probes: u8,
    /// Probes since the peer's last answer.
    unanswered: u8,
}

impl Persist {
    /// The window has just closed.
    pub(crate) const fn new() -> Self {
        Persist { probes: 0, unanswered: 0 }
    }

    /// How long to wait before the next probe, by the present RTO.
    pub(crate) fn interval(&self, rto: Duration, max: Duration) -> Duration {
        let factor = 1u64.checked_shl(u32::from(self.probes)).unwrap_or(u64::MAX);
        rto.saturating_mul(factor).min(max)
    }

    /// A probe was sent.
    pub(crate) const fn on_probe(&mut self) {
        self.probes = self.probes.saturating_add(1);
        self.unanswered = self.unanswered.saturating_add(1);
    }

    /// The peer answered, its window still zero: it is alive, and the interval stays as long as
    /// it has become.
    pub(crate) const fn on_answer(&mut self) {
        self.unanswered = 0;
    }

    /// The window opened: all over.
    pub(crate) const fn on_window_open(&mut self) {
        *self = Persist::new();
    }

    /// Probes that the peer has not answered.
    pub(crate) const fn attempts(&self) -> u8 {
        self.unanswered
    }
}

#[cfg(test)]
mod tests {}
