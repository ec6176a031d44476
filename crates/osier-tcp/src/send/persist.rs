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
mod tests {
    use super::Persist;
    use osier_time::Duration;

    const RTO: Duration = Duration::from_millis(300);
    const MAX: Duration = Duration::from_secs(120);

    /// RFC 9293 §3.8.6.1 [SHLD-29, SHLD-30].
    #[test]
    fn the_first_probe_waits_one_timeout_and_each_later_one_twice_as_long() {
        let mut persist = Persist::new();
        for wait in [300, 600, 1_200, 2_400] {
            assert_eq!(persist.interval(RTO, MAX), Duration::from_millis(wait));
            persist.on_probe();
        }
    }

    #[test]
    fn the_interval_ends_at_the_ceiling_however_often_is_probed() {
        let mut persist = Persist::new();
        for _ in 0..1_000 {
            persist.on_probe();
        }
        assert_eq!(persist.interval(RTO, MAX), MAX);
        assert_eq!(persist.attempts(), u8::MAX);
    }

    /// RFC 9293 §3.8.6.1 [MUST-37].
    #[test]
    fn an_answer_shows_that_the_peer_lives_and_does_not_shorten_the_interval() {
        let mut persist = Persist::new();
        persist.on_probe();
        persist.on_probe();
        assert_eq!(persist.attempts(), 2);
        persist.on_answer();
        assert_eq!(persist.attempts(), 0);
        assert_eq!(persist.interval(RTO, MAX), RTO * 4);
        persist.on_window_open();
        assert_eq!(persist.interval(RTO, MAX), RTO);
    }
}
