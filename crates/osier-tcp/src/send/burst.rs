//! How much may go in one burst? (Linux: `tcp_tso_autosize`)
//!
//! A super-segment leaves at the speed of the link. It carries what the path takes in about a
//! millisecond, and so is long where the path is fast and short where it is slow; half of the
//! congestion window and half of the peer's at most, so that acknowledgments keep coming.

use osier_time::Duration;

/// What a burst depends on. Octets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Path {
    /// Text in a full segment.
    pub(crate) mss: u32,
    /// The congestion window and its threshold.
    pub(crate) cwnd: u32,
    pub(crate) ssthresh: u32,
    /// Max(SND.WND): the largest window that the peer has offered so far.
    pub(crate) max_window: u32,
    /// Smoothed round-trip time, once measured.
    pub(crate) srtt: Option<Duration>,
}

/// A burst lasts for a 1024th part of a second.
const PART_OF_A_SECOND: u64 = 1_024;

/// By how much faster than a window each round trip text may leave, in hundredths: in slow start,
/// where the window doubles, and later.
const SLOW_START: u64 = 200;
const AVOIDANCE: u64 = 120;

/// The text of one super-segment at most: whole segments, at least one. `gso_max` is the device's
/// limit, `least` the segments that may go however slow the path is.
pub(crate) fn octets(path: &Path, gso_max: u32, least: u8) -> u32 {
    let Path { mss, cwnd, .. } = *path;
    let bound = gso_max.min(cwnd / 2).min(path.max_window / 2);
    if bound < 2 * mss {
        return mss;
    }
    let worth = per_millisecond(path).max(u32::from(least) * mss);
    (bound.min(worth) / mss * mss).max(mss)
}

/// The longest burst that there can be towards this peer, however fast the path is.
pub(crate) fn longest(mss: u32, max_window: u32, gso_max: u32) -> u32 {
    (gso_max.min(max_window / 2) / mss * mss).max(mss)
}

/// About how much the path takes in a millisecond.
fn per_millisecond(path: &Path) -> u32 {
    let Some(srtt) = path.srtt.filter(|srtt| !srtt.is_zero()) else { return u32::MAX };
    let ratio = if path.cwnd < path.ssthresh / 2 { SLOW_START } else { AVOIDANCE };
    // A window is at most 2^30 octets: the product is below 2^68 / 2^10 = 2^58.
    let in_a_second = u64::from(path.cwnd) * ratio / 100 * (1_000_000_000 / PART_OF_A_SECOND);
    u32::try_from(in_a_second / srtt.as_nanos()).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::{Path, longest, octets};
    use osier_time::Duration;

    fn path(cwnd: u32, millis: u64) -> Path {
        Path {
            mss: 1_000,
            cwnd,
            ssthresh: u32::MAX,
            max_window: 60_000,
            srtt: Some(Duration::from_millis(millis)),
        }
    }

    #[test]
    fn a_slow_path_gets_two_segments_and_a_fast_one_what_it_takes_in_a_millisecond() {
        assert_eq!(octets(&path(10_000, 100), 64_000, 2), 2_000);
        assert_eq!(octets(&path(40_000, 10), 64_000, 2), 7_000);
        assert_eq!(octets(&path(10_000, 100), 64_000, 10), 5_000);
    }

    #[test]
    fn no_burst_is_longer_than_half_of_either_window_or_the_device_takes() {
        assert_eq!(octets(&path(50_000, 1), 64_000, 2), 25_000);
        assert_eq!(octets(&path(500_000, 1), 64_000, 2), 30_000);
        assert_eq!(octets(&path(500_000, 1), 9_500, 2), 9_000);
        assert_eq!(octets(&path(3_000, 100), 64_000, 2), 1_000);
    }

    #[test]
    fn the_longest_is_half_of_the_peers_window_in_whole_segments() {
        assert_eq!(longest(1_000, 32_896, 64_000), 16_000);
        assert_eq!(longest(1_000, 500_000, 9_500), 9_000);
        assert_eq!(longest(1_000, 500, 0), 1_000);
    }

    #[test]
    fn without_a_device_that_cuts_it_is_one_segment() {
        assert_eq!(octets(&path(500_000, 1), 0, 2), 1_000);
    }
}
