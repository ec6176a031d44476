//! How long is a round trip? RFC 6298 §2: SRTT and RTTVAR, in integers.

use osier_time::Duration;

/// RFC 6298 §2.3: alpha is 1/8 and beta is 1/4.
const ALPHA_DIVISOR: u32 = 8;
const BETA_DIVISOR: u32 = 4;

/// No round trip is longer than four minutes, or the scaled figures would overflow.
const SAMPLE_MAX: u32 = 1 << 28;

/// The estimator. All in microseconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Rtt {
    /// SRTT times eight, so that no fraction is lost; 0 before the first sample.
    srtt: u32,
    /// RTTVAR times four.
    rttvar: u32,
    min: u32,
}

impl Rtt {
    /// A round trip `R` was measured.
    pub(super) fn on_sample(&mut self, sample: Duration) {
        // A link in memory takes no time at all; one microsecond keeps "no sample yet" apart.
        let r = u32::try_from(sample.as_micros()).unwrap_or(SAMPLE_MAX).clamp(1, SAMPLE_MAX);
        if self.srtt == 0 {
            // RFC 6298 §2.2 [MUST]: SRTT <- R, RTTVAR <- R/2.
            *self = Rtt { srtt: r * ALPHA_DIVISOR, rttvar: r * BETA_DIVISOR / 2, min: r };
            return;
        }
        // RFC 6298 §2.3 [MUST]: RTTVAR first, with the old SRTT.
        let error = (self.srtt / ALPHA_DIVISOR).abs_diff(r);
        self.rttvar = self.rttvar - self.rttvar / BETA_DIVISOR + error;
        self.srtt = self.srtt - self.srtt / ALPHA_DIVISOR + r;
        self.min = self.min.min(r);
    }

    /// SRTT.
    pub(super) fn smoothed(&self) -> Option<Duration> {
        self.known(self.srtt / ALPHA_DIVISOR)
    }

    /// RTTVAR.
    pub(super) fn deviation(&self) -> Option<Duration> {
        self.known(self.rttvar / BETA_DIVISOR)
    }

    /// The shortest round trip.
    pub(super) fn min(&self) -> Option<Duration> {
        self.known(self.min)
    }

    /// SRTT, and four times RTTVAR, in microseconds: what the timeout is made of.
    pub(super) const fn terms(&self) -> (u32, u32) {
        (self.srtt / ALPHA_DIVISOR, self.rttvar)
    }

    fn known(&self, micros: u32) -> Option<Duration> {
        (self.srtt != 0).then_some(Duration::from_micros(u64::from(micros)))
    }
}

#[cfg(test)]
mod tests {
    use super::Rtt;
    use osier_time::Duration;

    fn ms(n: u64) -> Duration {
        Duration::from_millis(n)
    }

    #[test]
    fn before_the_first_sample_nothing_is_known() {
        let rtt = Rtt::default();
        assert_eq!((rtt.smoothed(), rtt.deviation(), rtt.min()), (None, None, None));
    }

    /// RFC 6298 §2.2.
    #[test]
    fn the_first_sample_is_the_estimate_and_half_of_it_the_deviation() {
        let mut rtt = Rtt::default();
        rtt.on_sample(ms(100));
        assert_eq!(rtt.smoothed(), Some(ms(100)));
        assert_eq!(rtt.deviation(), Some(ms(50)));
        assert_eq!(rtt.min(), Some(ms(100)));
    }

    /// RFC 6298 §2.3: RTTVAR = 3/4 * 50 + 1/4 * |100 - 180| = 57.5; SRTT = 7/8 * 100 + 1/8 * 180
    /// = 110. The deviation is taken from the old SRTT.
    #[test]
    fn a_later_sample_moves_the_deviation_by_a_quarter_and_the_estimate_by_an_eighth() {
        let mut rtt = Rtt::default();
        rtt.on_sample(ms(100));
        rtt.on_sample(ms(180));
        assert_eq!(rtt.deviation(), Some(Duration::from_micros(57_500)));
        assert_eq!(rtt.smoothed(), Some(ms(110)));
        // And downwards: RTTVAR = 3/4 * 57.5 + 1/4 * |110 - 30| = 63.125; SRTT = 100.
        rtt.on_sample(ms(30));
        assert_eq!(rtt.deviation(), Some(Duration::from_micros(63_125)));
        assert_eq!(rtt.smoothed(), Some(ms(100)));
        assert_eq!(rtt.min(), Some(ms(30)));
    }

    #[test]
    fn a_steady_path_is_measured_exactly_and_its_deviation_dies_away() {
        let mut rtt = Rtt::default();
        for _ in 0..100 {
            rtt.on_sample(Duration::from_micros(12_345));
        }
        assert_eq!(rtt.smoothed(), Some(Duration::from_micros(12_345)));
        assert_eq!(rtt.deviation(), Some(Duration::ZERO));
    }

    #[test]
    fn a_round_trip_of_no_time_and_one_of_all_time_are_borne() {
        let mut rtt = Rtt::default();
        rtt.on_sample(Duration::ZERO);
        assert!(rtt.smoothed().is_some());
        for _ in 0..1000 {
            rtt.on_sample(Duration::MAX);
        }
        for _ in 0..1000 {
            rtt.on_sample(Duration::ZERO);
        }
        assert!(rtt.smoothed().is_some_and(|srtt| srtt < ms(1)));
    }
}
