//! How is time written beside a ladder, and how much room does a gap get?
//!
//! Room grows with the logarithm of a gap, because a handshake on a machine takes microseconds, a
//! delayed acknowledgment 40 ms and TIME-WAIT a minute, and all three may be in one drawing.

use osier_time::Duration;

/// From here on a gap is not drawn but folded, and its length written.
pub(crate) const FOLD_FROM: Duration = Duration::from_millis(100);

/// From here on an arrow slopes: it takes a row to leave and a row to arrive.
pub(crate) const SLOPE_FROM: Duration = Duration::from_millis(1);

/// The most rows between the row where an arrow leaves and the row where it arrives.
const MAX_FLIGHT_ROWS: usize = 3;

/// How many rows lie between two steps that are `gap` apart, which is less than [`FOLD_FROM`].
pub(crate) fn gap_rows(gap: Duration) -> usize {
    match gap.as_micros() {
        0..100 => 0,
        100..1_000 => 1,
        1_000..10_000 => 2,
        _ => 3,
    }
}

/// How many rows a sloped arrow that takes `delay` falls, beyond the one that makes it slope.
pub(crate) fn flight_rows(delay: Duration) -> usize {
    match delay.as_millis() {
        0..10 => 0,
        10..100 => 1,
        100..1_000 => 2,
        _ => MAX_FLIGHT_ROWS,
    }
}

/// Time since the first step, with four figures at most where it matters, rounded down.
pub(crate) fn stamp(since: Duration) -> String {
    let micros = since.as_micros();
    match micros {
        0..1_000 => format!("{micros} µs"),
        1_000..1_000_000 => format!("{} ms", four_figures(micros)),
        1_000_000..1_000_000_000 => format!("{} s", four_figures(micros / 1_000)),
        _ => format!("{} s", micros / 1_000_000),
    }
}

/// `thousandths` of a unit: 1.204, 12.04, 120.4.
fn four_figures(thousandths: u64) -> String {
    let whole = thousandths / 1_000;
    let rest = thousandths % 1_000;
    match whole {
        0..10 => format!("{whole}.{rest:03}"),
        10..100 => format!("{whole}.{:02}", rest / 10),
        _ => format!("{whole}.{}", rest / 100),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stamp_has_the_unit_and_the_figures_that_a_reader_wants() {
        let stamp = |nanos| stamp(Duration::from_nanos(nanos));
        assert_eq!(stamp(0), "0 µs");
        assert_eq!(stamp(999_999), "999 µs");
        assert_eq!(stamp(1_204_567), "1.204 ms");
        assert_eq!(stamp(12_045_678), "12.04 ms");
        assert_eq!(stamp(212_345_678), "212.3 ms");
        assert_eq!(stamp(1_204_567_890), "1.204 s");
        assert_eq!(stamp(60_000_000_000), "60.00 s");
        assert_eq!(stamp(999_999_999_999), "999.9 s");
        assert_eq!(stamp(3_600_000_000_000), "3600 s");
    }

    #[test]
    fn room_grows_with_the_logarithm_of_the_gap() {
        let rows = |micros| gap_rows(Duration::from_micros(micros));
        assert_eq!([50, 500, 5_000, 50_000, 99_999].map(rows), [0, 1, 2, 3, 3]);
        let rows = |millis| flight_rows(Duration::from_millis(millis));
        assert_eq!([1, 30, 300, 3_000, 300_000].map(rows), [0, 1, 2, 3, 3]);
    }
}
