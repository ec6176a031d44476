//! What is a time stamp of some resolution in nanoseconds?
//!
//! draft-ietf-opsawg-pcapng §4.2, if_tsresol and if_tsoffset. Results are held to what 64 bits of
//! nanoseconds since 1970 can say; nothing overflows, whatever the file claims.

use osier_time::Duration;

const NANOS_PER_SECOND: u128 = 1_000_000_000;

/// The length of a tick, as the option has it: seven bits n, and one for 10^-n s or 2^-n s.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Resolution(pub(super) u8);

impl Resolution {
    /// What holds where a file says nothing.
    pub(super) const MICROSECONDS: Resolution = Resolution(6);

    /// `ticks` since the time that is `offset` seconds after 1970.
    pub(super) fn since_1970(self, ticks: u64, offset: i64) -> Duration {
        let nanos = self.nanos(ticks).min(i128::MAX as u128 / 2) as i128;
        let offset = i128::from(offset) * NANOS_PER_SECOND as i128;
        let sum = (nanos + offset).max(0);
        Duration::from_nanos(u64::try_from(sum).unwrap_or(u64::MAX))
    }

    /// Rounded down to whole nanoseconds.
    fn nanos(self, ticks: u64) -> u128 {
        let ticks = u128::from(ticks);
        let exponent = u32::from(self.0 & 0x7f);
        if self.0 & 0x80 != 0 {
            return (ticks * NANOS_PER_SECOND) >> exponent;
        }
        match exponent {
            0..=9 => ticks * 10_u128.pow(9 - exponent),
            // Finer than a nanosecond: 10^19 and more of them are more than 64 bits can count.
            10..=28 => ticks / 10_u128.pow(exponent - 9),
            _ => ticks / 10_u128.pow(20),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ticks_of_every_kind_become_nanoseconds() {
        let nanos = |code, ticks| Resolution(code).since_1970(ticks, 0).as_nanos();
        assert_eq!(nanos(6, 7), 7_000);
        assert_eq!(nanos(9, 7), 7);
        assert_eq!(nanos(0, 3), 3_000_000_000);
        assert_eq!(nanos(12, 1_999), 1); // picoseconds, rounded down
        assert_eq!(nanos(127, u64::MAX), 0);
        assert_eq!(nanos(0x80, 2), 2_000_000_000); // 2^-0
        assert_eq!(nanos(0x80 | 10, 512), 500_000_000); // 512 of 1024
        assert_eq!(nanos(0x80 | 127, u64::MAX), 0);
        assert_eq!(nanos(28, u64::MAX), 1); // 1.8e19 of 1e-28 s = 1.8 ns
        assert_eq!(nanos(29, u64::MAX), 0);
    }

    #[test]
    fn an_offset_moves_time_and_the_ends_of_time_hold() {
        let second = 1_000_000;
        let micro = Resolution::MICROSECONDS;
        assert_eq!(micro.since_1970(second, 2).as_nanos(), 3_000_000_000);
        assert_eq!(micro.since_1970(second, -1).as_nanos(), 0);
        assert_eq!(micro.since_1970(second, i64::MIN).as_nanos(), 0);
        assert_eq!(micro.since_1970(second, i64::MAX).as_nanos(), u64::MAX);
        assert_eq!(Resolution(0).since_1970(u64::MAX, i64::MAX).as_nanos(), u64::MAX);
    }
}
