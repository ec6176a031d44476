//! When may the next segment leave? Pacing: octets leave at a rate, a quantum at a time
//! (draft-ietf-ccwg-bbr, "Pacing Rate" and "Send Quantum").
//!
//! A timer for each segment would cost more than the segment; so at least what the rate gives in a
//! millisecond is released at once, and the next release waits until all of it is paid for. A
//! release that comes late makes up for it, by one quantum at most. It knows no clock and no
//! timer: it is told `now`, and says when to come back.

use osier_time::{Duration, Instant};

/// What is released at a time: at least what the rate gives in this.
const QUANTUM: Duration = Duration::from_millis(1);

/// ... and at least so many segments, so that a receiver that acknowledges every other one does.
const QUANTUM_SEGMENTS: u32 = 2;

/// Octets that leave in a second at least: below a segment in a few seconds nothing would work.
const RATE_MIN: u64 = 500;

/// The pace of one connection. Octets, and octets in a second.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Pacer {
    rate: u64,
    /// The user's limit; `u64::MAX`: none.
    limit: u64,
    quantum: u32,
    /// What may still leave of the latest release.
    left: u32,
    /// When all that has left is paid for.
    paid_at: Instant,
}

impl Pacer {
    /// A pace of `rate` octets in a second, with segments of `mss` octets of text.
    pub(crate) fn new(rate: u64, mss: u32) -> Self {
        let mut pacer =
            Pacer { rate: 0, limit: u64::MAX, quantum: 0, left: 0, paid_at: Instant::ZERO };
        pacer.set_rate(rate, mss);
        pacer
    }

    /// The pace.
    pub(crate) const fn rate(&self) -> u64 {
        self.rate
    }

    /// Another pace, from the next release on.
    pub(crate) fn set_rate(&mut self, rate: u64, mss: u32) {
        self.rate = rate.min(self.limit).max(RATE_MIN);
        let worth = u32::try_from(self.worth(QUANTUM)).unwrap_or(u32::MAX);
        self.quantum = worth.max(mss.saturating_mul(QUANTUM_SEGMENTS)).min(u32::MAX / 2);
    }

    /// The user's limit; [`u64::MAX`]: none.
    pub(crate) const fn limit_rate(&self) -> u64 {
        self.limit
    }

    /// Whether a user limits it.
    pub(crate) const fn is_limited(&self) -> bool {
        self.limit != u64::MAX
    }

    /// The next rates are held below `limit`.
    pub(crate) fn limit(&mut self, limit: Option<u64>) {
        self.limit = limit.unwrap_or(u64::MAX);
    }

    /// Octets that may leave now; 0: none before [`Pacer::next_release`].
    pub(crate) fn allowance(&mut self, now: Instant) -> u32 {
        if now >= self.paid_at {
            // Whoever comes late is owed what the rate would have given, up to a quantum.
            let late = self.worth(now - self.paid_at).min(u64::from(self.quantum)) as u32;
            self.left = self.quantum + late;
            self.paid_at = now - self.time_for(late);
        }
        self.left
    }

    /// `octets` left. The last segment of a release may go a little beyond it: it is paid for all
    /// the same.
    pub(crate) fn on_sent(&mut self, octets: u32) {
        self.left = self.left.saturating_sub(octets);
        self.paid_at += self.time_for(octets);
    }

    /// When everything is paid for, and more may leave.
    pub(crate) const fn next_release(&self) -> Instant {
        self.paid_at
    }

    /// Octets that the rate gives in `time`.
    fn worth(&self, time: Duration) -> u64 {
        self.rate.saturating_mul(time.as_micros().min(1_000_000)) / 1_000_000
    }

    fn time_for(&self, octets: u32) -> Duration {
        Duration::from_nanos(u64::from(octets) * 1_000_000_000 / self.rate)
    }
}

#[cfg(test)]
mod tests {
    use super::Pacer;
    use osier_time::{Duration, Instant};

    const MSS: u32 = 1_000;

    fn at(micros: u64) -> Instant {
        Instant::from_secs(1) + Duration::from_micros(micros)
    }

    /// Sends as much as may leave in each microsecond for `millis`, and says how much that was.
    fn run(pacer: &mut Pacer, millis: u64) -> u64 {
        let mut sent = 0;
        for micro in 0..millis * 1_000 {
            while pacer.allowance(at(micro)) > 0 {
                pacer.on_sent(MSS);
                sent += u64::from(MSS);
            }
        }
        sent
    }

    #[test]
    fn a_release_is_a_millisecond_worth_and_the_next_comes_when_it_is_paid_for() {
        let mut pacer = Pacer::new(10_000_000, MSS);
        let _ = pacer.allowance(at(0));
        pacer.on_sent(20_000);
        assert_eq!(pacer.allowance(at(10)), 0);
        // What was let go at first and what it was late: two quanta, of which one was owed before.
        assert_eq!(pacer.next_release(), at(1_000));
        assert_eq!(pacer.allowance(at(999)), 0);
        assert_eq!(pacer.allowance(at(1_000)), 10_000);
    }

    #[test]
    fn at_a_low_rate_a_release_is_two_segments() {
        let mut pacer = Pacer::new(10_000, MSS);
        assert_eq!(pacer.quantum, 2 * MSS);
        let _ = pacer.allowance(at(0));
        pacer.on_sent(MSS);
        assert!(pacer.allowance(at(0)) > 0, "the second segment goes with the first");
    }

    #[test]
    fn in_the_long_run_the_rate_is_kept() {
        for rate in [100_000, 1_250_000, 12_500_000] {
            let sent = run(&mut Pacer::new(rate, MSS), 1_000);
            let bursts = 3 * rate / 1_000 + 5 * u64::from(MSS);
            assert!((rate..=rate + bursts).contains(&sent), "{sent} octets at {rate} in a second");
        }
    }

    #[test]
    fn a_timer_that_is_always_half_a_millisecond_late_does_not_slow_it_down() {
        let mut pacer = Pacer::new(10_000_000, MSS);
        let (mut now, mut sent) = (0, 0);
        while now < 1_000_000 {
            while pacer.allowance(at(now)) > 0 {
                pacer.on_sent(MSS);
                sent += u64::from(MSS);
            }
            now = (pacer.next_release() - at(0)).as_micros() + 500;
        }
        assert!(sent >= 9_980_000, "{sent}");
    }

    #[test]
    fn a_silence_earns_no_more_than_one_quantum() {
        let mut pacer = Pacer::new(10_000_000, MSS);
        let _ = pacer.allowance(at(0));
        pacer.on_sent(20_000);
        assert_eq!(pacer.allowance(at(60_000_000)), 20_000);
    }

    #[test]
    fn a_rate_of_nothing_and_one_beyond_all_are_borne() {
        let mut slow = Pacer::new(0, MSS);
        let _ = slow.allowance(at(0));
        slow.on_sent(u32::MAX);
        assert!(slow.next_release() > at(0));
        let mut fast = Pacer::new(u64::MAX, MSS);
        assert!(fast.allowance(at(0)) > 1 << 30);
        fast.on_sent(1 << 30);
        assert!(fast.next_release() <= at(0) + Duration::from_nanos(1));
    }
}
