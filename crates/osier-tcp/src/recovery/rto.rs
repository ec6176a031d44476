//! How long to wait for an acknowledgment? RFC 6298 §2 (the timeout), §3 (Karn), §5.5 to §5.7.
//!
//! When the timer is started, restarted and stopped (§5.1 to §5.3) is the caller's.

use super::Recovery;
use super::rtt::Rtt;
use crate::config::{Floor, RtoConfig};
use osier_time::Duration;

/// RFC 6298 §5.7: three seconds.
const AFTER_SYN_TIMEOUT: u32 = 3_000_000;

/// RFC 6298 §2: G, the step of our clock; timestamps count milliseconds.
const CLOCK: u32 = 1_000;

/// The timeout. All in microseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Rto {
    /// Before backing off.
    base: u32,
    min: u32,
    max: u32,
    floor: Floor,
    /// How often it was doubled.
    backoff: u8,
    attempts: u8,
}

impl Rto {
    pub(super) fn new(config: RtoConfig) -> Self {
        let micros = |d: Duration| u32::try_from(d.as_micros()).unwrap_or(u32::MAX);
        // RFC 6298 §2.1: before the first measurement, one second [SHOULD].
        let (min, max) = (micros(config.min), micros(config.max));
        let floor = config.floor;
        Rto { base: micros(config.initial).min(max), min, max, floor, backoff: 0, attempts: 0 }
    }

    /// The timeout as it is now.
    #[inline]
    pub(super) fn current(&self) -> Duration {
        if self.backoff == 0 {
            return Duration::from_micros(u64::from(self.base));
        }
        let factor = 1u64.checked_shl(u32::from(self.backoff)).unwrap_or(u64::MAX);
        // RFC 6298 §5.5: a maximum may bound it.
        let micros = u64::from(self.base).saturating_mul(factor).min(u64::from(self.max));
        Duration::from_micros(micros)
    }

    /// Its floor.
    pub(super) fn min(&self) -> Duration {
        Duration::from_micros(u64::from(self.min))
    }

    /// How often it was doubled.
    pub(super) const fn backoff(&self) -> u8 {
        self.backoff
    }

    /// How often in a row it has expired.
    pub(super) const fn attempts(&self) -> u8 {
        self.attempts
    }

    /// A round trip was measured, by Karn's rule never on what was sent twice (unless a timestamp
    /// tells which): the timeout follows it, and backing off ends (RFC 6298 §5, last note).
    pub(super) fn on_sample(&mut self, rtt: &Rtt) {
        let (srtt, four_rttvar) = rtt.terms();
        // RFC 6298 §2.3: SRTT + max(G, 4*RTTVAR), at least one second [SHOULD]. Linux differs: the
        // floor is under the second term, so that a peer may hold an acknowledgment back on a path
        // of any length, and it is 200 ms.
        let base = match self.floor {
            Floor::Deviations => srtt.saturating_add(four_rttvar.max(self.min)),
            Floor::Timeout => srtt.saturating_add(four_rttvar.max(CLOCK)).max(self.min),
        };
        self.base = base.min(self.max);
        self.backoff = 0;
    }

    /// It expired.
    pub(super) const fn on_timeout(&mut self) {
        // RFC 6298 §5.5 [MUST].
        self.backoff = self.backoff.saturating_add(1);
        self.attempts = self.attempts.saturating_add(1);
    }

    /// Something new was acknowledged: the peer is there. The timeout stays backed off until
    /// there is a measurement (RFC 6298 §3).
    pub(super) const fn on_progress(&mut self) {
        self.attempts = 0;
    }

    /// RFC 6298 §5.7.
    pub(super) fn on_syn_timeout(&mut self) {
        self.base = self.base.max(AFTER_SYN_TIMEOUT).min(self.max);
        self.backoff = 0;
    }
}

impl Recovery {
    /// The SYN timed out in the handshake. RFC 6298 §5.7: the timer starts with three seconds for
    /// text [MUST], until a round trip is measured.
    pub(crate) fn on_syn_timeout(&mut self) {
        self.rto.on_syn_timeout();
    }

    /// A round trip was measured outside of the records: by the handshake of a half-open
    /// connection.
    pub(crate) fn on_rtt(&mut self, rtt: Duration) {
        self.rtt.on_sample(rtt);
        self.rto.on_sample(&self.rtt);
        self.tlp.on_rtt();
    }
}

#[cfg(test)]
mod tests {
    use super::Rto;
    use crate::config::{Config, Floor, RtoConfig};
    use crate::recovery::rtt::Rtt;
    use osier_time::Duration;

    fn ms(n: u64) -> Duration {
        Duration::from_millis(n)
    }

    fn with_floor(min: Duration) -> Rto {
        Rto::new(RtoConfig { initial: ms(1_000), min, floor: Floor::Deviations, max: ms(60_000) })
    }

    fn sampled(samples: &[u64]) -> Rtt {
        let mut rtt = Rtt::default();
        samples.iter().for_each(|sample| rtt.on_sample(ms(*sample)));
        rtt
    }

    /// RFC 6298 §2.1.
    #[test]
    fn before_the_first_sample_the_timeout_is_the_initial_one() {
        assert_eq!(with_floor(ms(200)).current(), ms(1_000));
    }

    /// RFC 6298 §2.2: SRTT + 4 * RTTVAR = 100 + 4 * 50; §2.3: 110 + 4 * 57.5.
    #[test]
    fn the_timeout_is_the_estimate_and_four_deviations() {
        let mut rto = with_floor(Duration::ZERO);
        rto.on_sample(&sampled(&[100]));
        assert_eq!(rto.current(), ms(300));
        rto.on_sample(&sampled(&[100, 180]));
        assert_eq!(rto.current(), ms(340));
    }

    #[test]
    fn the_floor_is_under_the_deviations_as_in_linux() {
        let mut rto = with_floor(ms(200));
        rto.on_sample(&sampled(&[12; 100]));
        assert_eq!(rto.current(), ms(212));
        // Deviations beyond the floor count in full: 110 + 230.
        rto.on_sample(&sampled(&[100, 180]));
        assert_eq!(rto.current(), ms(340));
    }

    /// RFC 6298 §2.4, by the letter.
    #[test]
    fn the_rfc_has_its_floor_of_a_second_under_the_whole_timeout() {
        let mut rto = Rto::new(Config::rfc().rto);
        rto.on_sample(&sampled(&[12; 100]));
        assert_eq!(rto.current(), ms(1_000));
        rto.on_sample(&sampled(&[900; 100]));
        assert_eq!(rto.current(), ms(1_000));
        rto.on_sample(&sampled(&[1_200; 100]));
        assert_eq!(rto.current(), ms(1_201), "and at least a step of the clock above");
    }

    /// RFC 6298 §5.5.
    #[test]
    fn each_expiry_doubles_the_timeout_up_to_the_ceiling() {
        let mut rto = with_floor(ms(200));
        let mut waits = [0; 8];
        for wait in &mut waits {
            *wait = rto.current().as_secs();
            rto.on_timeout();
        }
        assert_eq!(waits, [1, 2, 4, 8, 16, 32, 60, 60]);
        assert_eq!(rto.attempts(), 8);
        (0..300).for_each(|_| rto.on_timeout());
        assert_eq!((rto.current(), rto.attempts()), (ms(60_000), u8::MAX));
    }

    /// RFC 6298 §3.
    #[test]
    fn progress_forgets_the_attempts_and_only_a_sample_ends_the_backing_off() {
        let mut rto = with_floor(ms(200));
        rto.on_timeout();
        rto.on_timeout();
        rto.on_progress();
        assert_eq!((rto.attempts(), rto.current()), (0, ms(4_000)));
        rto.on_sample(&sampled(&[100]));
        assert_eq!(rto.current(), ms(300));
    }

    /// RFC 6298 §5.7.
    #[test]
    fn after_a_syn_that_timed_out_text_starts_with_three_seconds() {
        let mut rto = with_floor(ms(200));
        rto.on_syn_timeout();
        assert_eq!(rto.current(), ms(3_000));
        rto.on_sample(&sampled(&[100]));
        assert_eq!(rto.current(), ms(300), "until a round trip is measured");
    }
}
