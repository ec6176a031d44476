//! What does CUBIC promise, by RFC 9438?

extern crate std;

use super::super::window::CutFrom;
use super::{Cubic, cube_root};
use crate::congestion::Acked;
use osier_time::{Duration, Instant};
use proptest::prelude::*;
use std::vec::Vec;

const MSS: u32 = 1_000;
const RTT: Duration = Duration::from_millis(100);

/// A connection past its first slow start: the window was cut from so many segments, and is used.
struct Flow {
    cubic: Cubic,
    now: Instant,
    rtt: Duration,
}

impl Flow {
    fn cut_from(segments: u32, rtt: Duration) -> Flow {
        let mut cubic = Cubic::new(10, MSS);
        cubic.window.cwnd = segments * MSS;
        cubic.on_loss(segments * MSS, MSS);
        cubic.window.on_recovery_over();
        Flow { cubic, now: Instant::from_secs(1), rtt }
    }

    fn segments(&self) -> f64 {
        f64::from(self.cubic.window.cwnd) / f64::from(MSS)
    }

    /// A round trip in which a whole window is acknowledged, two segments at a time.
    fn round(&mut self) {
        let window = self.cubic.window.cwnd;
        let acks = window.div_ceil(2 * MSS);
        for _ in 0..acks {
            self.now += self.rtt / u64::from(acks);
            self.ack(window / acks, self.cubic.window.cwnd);
        }
    }

    fn ack(&mut self, acked: u32, in_flight_before: u32) {
        let (now, rtt, mss, outstanding) = (self.now, Some(self.rtt), MSS, in_flight_before);
        self.cubic.on_ack(&Acked { now, acked, in_flight_before, outstanding, rtt, mss });
    }

    fn run_for(&mut self, time: Duration) {
        let until = self.now + time;
        while self.now < until {
            self.round();
        }
    }
}

#[test]
fn the_cube_root_is_the_largest_integer_whose_cube_is_not_more() {
    let exact = [(0, 0), (1, 1), (7, 1), (8, 2), (26, 2), (27, 3), (1_000_000, 100)];
    for (n, root) in exact {
        assert_eq!(cube_root(n), root, "of {n}");
    }
    assert_eq!(cube_root(u64::MAX), 2_642_245);
}

/// §4.6.
#[test]
fn a_loss_cuts_the_window_to_seven_tenths() {
    let flow = Flow::cut_from(100, RTT);
    assert_eq!((flow.cubic.window.cwnd, flow.cubic.window.ssthresh), (70 * MSS, 70 * MSS));
    assert_eq!(Flow::cut_from(2, RTT).cubic.window.ssthresh, 2 * MSS, "two segments at least");
}

/// §4.2: from 700 of 1000 segments the plateau is K = cbrt(300 / 0.4) = 9.09 s away; the window is
/// W_max - 0.4 * (K - t)^3 until then, and grows beyond it as it came.
#[test]
fn the_window_follows_the_cube_of_time() {
    let mut flow = Flow::cut_from(1_000, RTT);
    let k: f64 = 9.086;
    for seconds in 1..15 {
        flow.run_for(Duration::from_secs(1));
        let t = (flow.now - Instant::from_secs(1)).as_millis() as f64 / 1e3;
        let curve = 1_000.0 + 0.4 * (t - k).powi(3);
        let off = (flow.segments() - curve).abs();
        assert!(off < 0.02 * curve, "after {seconds} s {} and not {curve}", flow.segments());
    }
}

/// §4.3: with a short round trip Reno would be faster than the curve, and CUBIC is as fast as one
/// with the cut of 0.7 and the growth of 9/17 of a segment in a round; from the old window on, of a
/// whole segment.
#[test]
fn on_a_short_path_the_window_is_that_of_reno() {
    let mut flow = Flow::cut_from(20, Duration::from_millis(10));
    assert!((flow.segments() - 14.0).abs() < 0.01);
    (0..10).for_each(|_| flow.round());
    assert!((flow.segments() - (14.0 + 10.0 * 9.0 / 17.0)).abs() < 0.3, "{}", flow.segments());
    (0..2).for_each(|_| flow.round());
    let at_the_old = flow.segments();
    assert!((at_the_old - 20.0).abs() < 0.5, "{at_the_old}");
    (0..10).for_each(|_| flow.round());
    assert!((flow.segments() - at_the_old - 10.0).abs() < 0.7, "{}", flow.segments());
}

/// §4.7.
#[test]
fn who_loses_below_the_last_height_aims_lower() {
    let mut flow = Flow::cut_from(1_000, RTT);
    flow.cubic.on_loss(700 * MSS, MSS);
    assert_eq!(flow.cubic.curve.w_max, 700 * MSS * 17 / 20);
    flow.cubic.window.on_recovery_over();
    flow.cubic.window.cwnd = 900 * MSS;
    flow.cubic.on_loss(900 * MSS, MSS);
    assert_eq!(flow.cubic.curve.w_max, 900 * MSS, "above it, at the height reached");
}

/// §4.6: by what was in flight, not by a window that nobody used; or by that window, which does not
/// grow while it is unused.
#[test]
fn an_unused_window_is_cut_by_its_use() {
    let mut flow = Flow::cut_from(1_000, RTT);
    let mut whole = Flow::cut_from(1_000, RTT);
    whole.cubic.on_loss(95 * MSS, MSS);
    assert_eq!(whole.cubic.window.cwnd, 490 * MSS);
    flow.cubic.window.cut_from = CutFrom::Flight;
    for _ in 0..1_000 {
        flow.ack(10 * MSS, 100 * MSS);
    }
    assert_eq!(flow.cubic.window.cwnd, 700 * MSS, "it does not grow either");
    flow.cubic.on_loss(95 * MSS, MSS);
    assert_eq!(flow.cubic.window.cwnd, 70 * MSS);
}

/// §5.8.
#[test]
fn time_in_which_the_window_is_not_used_does_not_count() {
    let mut flow = Flow::cut_from(1_000, RTT);
    flow.run_for(Duration::from_secs(2));
    let before = flow.segments();
    for _ in 0..200 {
        flow.now += RTT;
        flow.ack(10 * MSS, 10 * MSS);
    }
    (0..3).for_each(|_| flow.round());
    assert!(flow.segments() < before * 1.05, "{before} and 20 s later {}", flow.segments());
}

/// §4.8.
#[test]
fn after_a_timeout_slow_start_ends_at_seven_tenths_and_the_curve_begins_flat() {
    let mut flow = Flow::cut_from(1_000, RTT);
    flow.cubic.window.cwnd = 100 * MSS;
    flow.cubic.on_timeout(100 * MSS, MSS);
    assert_eq!((flow.cubic.window.cwnd, flow.cubic.window.ssthresh), (MSS, 70 * MSS));
    flow.cubic.on_timeout(MSS, MSS);
    assert_eq!(flow.cubic.window.ssthresh, 70 * MSS, "of the same flight");
    flow.cubic.window.on_recovery_over();
    (0..8).for_each(|_| flow.round());
    assert!((70.0..71.0).contains(&flow.segments()), "{}", flow.segments());
    assert_eq!(flow.cubic.curve.k, 0);
    assert!(flow.cubic.curve.w_max <= 71 * MSS);
}

/// RFC 9438 §4.4: however far the curve has run ahead, half as much again in a round trip.
#[test]
fn in_a_round_trip_the_window_grows_by_half_at_most() {
    let mut flow = Flow::cut_from(100, RTT);
    flow.round();
    // The curve goes on while acknowledgments stay away, as on a path that was cut off.
    flow.now += Duration::from_secs(600);
    let before = flow.cubic.window.cwnd;
    flow.round();
    let after = flow.cubic.window.cwnd;
    assert!(after > before + before / 4, "{before} then {after}");
    assert!(after <= before + before / 2 + MSS, "{before} then {after}");
}

/// RFC 9406 §4.3: a later slow start knows where to end, and delay does not slow it.
#[test]
fn hystart_is_for_the_first_slow_start() {
    let grown = |mut flow: Flow| {
        let before = flow.cubic.window.cwnd;
        for (acks, millis) in [(200, 40), (400, 80)] {
            flow.rtt = Duration::from_millis(millis);
            for _ in 0..acks {
                flow.ack(MSS, flow.cubic.window.cwnd);
            }
        }
        flow.cubic.window.cwnd - before
    };
    let first = Flow { cubic: Cubic::new(10, MSS), now: Instant::ZERO, rtt: RTT };
    let mut later = Flow::cut_from(10_000, RTT);
    later.cubic.on_timeout(7_000 * MSS, MSS);
    later.cubic.window.on_recovery_over();
    later.cubic.window.cwnd = 10 * MSS;
    assert!(grown(first) < 500 * MSS, "slowed");
    assert_eq!(grown(later), 600 * MSS);
}

#[test]
fn while_a_loss_is_repaired_nothing_grows() {
    let mut flow = Flow::cut_from(100, RTT);
    flow.cubic.on_loss(70 * MSS, MSS);
    (0..10).for_each(|_| flow.round());
    assert_eq!(flow.cubic.window.cwnd, 49 * MSS);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    /// Newton's method against its definition.
    #[test]
    fn the_cube_root_holds_for_every_number(n in any::<u64>(), shift in 0..64u32) {
        let n = n >> shift;
        let root = cube_root(n);
        prop_assert!(u128::from(root).pow(3) <= u128::from(n));
        prop_assert!(u128::from(root + 1).pow(3) > u128::from(n));
    }

    /// Whatever comes, the window stays between a segment and the largest there is, grows by no
    /// more than a half in an acknowledgment of a window, and a cut is one.
    #[test]
    fn no_history_upsets_the_window(
        mss in 1..9_000u32,
        events in prop::collection::vec((0..8u8, 0..200_000_000u32, 0..100_000u64), 1..200),
    ) {
        let mut cubic = Cubic::new(10, mss);
        let mut now = Instant::ZERO;
        let seen: Vec<_> = events;
        for (kind, octets, millis) in seen {
            now += Duration::from_millis(millis);
            let before = cubic.window.cwnd;
            let rtt = Some(Duration::from_millis(millis % 3_000));
            let (in_flight_before, outstanding) = (before, before);
            match kind {
                0..5 => {
                    let acked = octets.min(before);
                    cubic.on_ack(&Acked { now, acked, in_flight_before, outstanding, rtt, mss });
                    prop_assert!(cubic.window.cwnd >= before.min(1 << 30));
                    prop_assert!(cubic.window.cwnd <= before.saturating_mul(2) + mss);
                }
                5 => {
                    cubic.on_loss(before, mss);
                    prop_assert!(cubic.window.cwnd <= before.max(2 * mss));
                    cubic.window.on_recovery_over();
                }
                6 => {
                    cubic.on_timeout(before, mss);
                    prop_assert_eq!(cubic.window.cwnd, mss);
                    cubic.window.on_recovery_over();
                }
                _ => cubic.on_idle(),
            }
            prop_assert!((1..=1 << 30).contains(&cubic.window.cwnd));
        }
    }
}
