//! When is now? A `u64` of nanoseconds since a moment that the owner of the clock chose.
//!
//! Instants of different owners cannot be compared; nothing here tries to.

use crate::Duration;
use core::fmt;
use core::num::NonZeroU64;
use core::ops::{Add, AddAssign, Sub};

/// A point in time: nanoseconds since the start that the owner of the clock chose.
///
/// Kept as that number and one, which is never zero: an `Option<Instant>` takes no more than an
/// `Instant`, and there are many.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Instant(NonZeroU64);

impl Instant {
    /// The start of time.
    pub const ZERO: Instant = Instant(NonZeroU64::MIN);
    /// The end of time; as a deadline, "never".
    pub const MAX: Instant = Instant(NonZeroU64::MAX);

    /// The instant `n` nanoseconds after the start.
    pub const fn from_nanos(n: u64) -> Self {
        Instant(NonZeroU64::MIN.saturating_add(n))
    }

    /// The instant `n` microseconds after the start.
    pub const fn from_micros(n: u64) -> Self {
        Instant::from_nanos(n.saturating_mul(1_000))
    }

    /// The instant `n` milliseconds after the start.
    pub const fn from_millis(n: u64) -> Self {
        Instant::from_nanos(n.saturating_mul(1_000_000))
    }

    /// The instant `n` seconds after the start.
    pub const fn from_secs(n: u64) -> Self {
        Instant::from_nanos(n.saturating_mul(1_000_000_000))
    }

    /// Nanoseconds since the start.
    pub const fn as_nanos(self) -> u64 {
        self.0.get() - 1
    }

    /// Whole microseconds since the start.
    pub const fn as_micros(self) -> u64 {
        self.as_nanos() / 1_000
    }

    /// Whole milliseconds since the start.
    pub const fn as_millis(self) -> u64 {
        self.as_nanos() / 1_000_000
    }

    /// How long after `earlier` this is, or zero where it is not after.
    pub const fn since(self, earlier: Instant) -> Duration {
        Duration::from_nanos(self.0.get().saturating_sub(earlier.0.get()))
    }
}

impl Default for Instant {
    fn default() -> Instant {
        Instant::ZERO
    }
}

impl Add<Duration> for Instant {
    type Output = Instant;
    fn add(self, d: Duration) -> Instant {
        Instant(self.0.saturating_add(d.as_nanos()))
    }
}

impl AddAssign<Duration> for Instant {
    fn add_assign(&mut self, d: Duration) {
        *self = *self + d;
    }
}

impl Sub<Duration> for Instant {
    type Output = Instant;
    fn sub(self, d: Duration) -> Instant {
        Instant(
            NonZeroU64::new(self.0.get().saturating_sub(d.as_nanos())).unwrap_or(NonZeroU64::MIN),
        )
    }
}

impl Sub for Instant {
    type Output = Duration;
    fn sub(self, earlier: Instant) -> Duration {
        self.since(earlier)
    }
}

/// Prints seconds with microseconds: `1.000212`.
impl fmt::Display for Instant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let nanos = self.as_nanos();
        write!(f, "{}.{:06}", nanos / 1_000_000_000, nanos % 1_000_000_000 / 1_000)
    }
}

impl fmt::Debug for Instant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}s")
    }
}

#[cfg(test)]
mod tests {
    use super::{Duration, Instant};

    #[test]
    fn the_distance_between_two_instants_is_a_duration() {
        let t = Instant::from_secs(1);
        assert_eq!(t + Duration::from_millis(5) - t, Duration::from_millis(5));
        assert_eq!(t - (t + Duration::from_millis(5)), Duration::ZERO);
    }

    #[test]
    fn nothing_is_before_the_start_and_an_instant_that_may_be_missing_takes_no_more() {
        let t = Instant::from_nanos(5);
        assert_eq!(t - Duration::from_nanos(5), Instant::ZERO);
        assert_eq!(t - Duration::from_nanos(6), Instant::ZERO);
        assert_eq!((Instant::ZERO.as_nanos(), Instant::default()), (0, Instant::ZERO));
        assert_eq!(Instant::from_nanos(u64::MAX), Instant::MAX);
        assert_eq!(size_of::<Option<Instant>>(), size_of::<Instant>());
    }

    #[test]
    fn the_end_of_time_stays_the_end_of_time() {
        assert_eq!(Instant::MAX + Duration::from_secs(1), Instant::MAX);
    }
}
