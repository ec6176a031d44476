//! What does HyStart++ promise, by RFC 9406?

use super::{HyStart, Pace};
use crate::congestion::Acked;
use osier_time::{Duration, Instant};

const MSS: u32 = 1_000;

/// A round of `acks` acknowledgments of a segment each, all with this round trip. Says by how much
/// the last one lets the window grow.
fn round(hystart: &mut HyStart, acks: u32, millis: u64) -> Pace {
    let mut pace = Pace::Grow(0);
    for n in 0..acks {
        pace = hystart.on_ack(
            &Acked {
                now: Instant::ZERO,
                acked: MSS,
                in_flight_before: acks * MSS,
                // What is sent meanwhile is acknowledged in the next round.
                outstanding: if n == 0 { acks * MSS } else { 0 },
                rtt: Some(Duration::from_millis(millis)),
                mss: MSS,
            },
            MSS,
        );
        if pace == Pace::Enough {
            break;
        }
    }
    pace
}

/// After a round of 40 ms and one that lasts longer.
fn after(millis: u64) -> (HyStart, Pace) {
    let mut hystart = HyStart::new();
    round(&mut hystart, 10, 40);
    round(&mut hystart, 10, 40);
    let pace = round(&mut hystart, 10, millis);
    (hystart, pace)
}

#[test]
fn a_steady_round_trip_never_ends_slow_start() {
    let mut hystart = HyStart::new();
    for _ in 0..50 {
        assert_eq!(round(&mut hystart, 20, 40), Pace::Grow(MSS));
    }
}

/// §4.2: by an eighth of the round trip, at least 4 ms and at most 16.
#[test]
fn a_round_that_lasts_an_eighth_longer_slows_the_growth_to_a_quarter() {
    assert_eq!(after(44).1, Pace::Grow(MSS));
    assert_eq!(after(45).1, Pace::Grow(MSS / 4));
    let mut short = HyStart::new();
    round(&mut short, 10, 2);
    round(&mut short, 10, 2);
    assert_eq!(round(&mut short, 10, 5), Pace::Grow(MSS), "less than 4 ms more");
    assert_eq!(round(&mut short, 10, 9), Pace::Grow(MSS / 4));
    let mut long = HyStart::new();
    round(&mut long, 10, 400);
    round(&mut long, 10, 400);
    assert_eq!(round(&mut long, 10, 416), Pace::Grow(MSS / 4), "16 ms and not 50");
}

/// §4.2: eight samples at least.
#[test]
fn a_few_slow_acknowledgments_are_no_queue() {
    let mut hystart = HyStart::new();
    round(&mut hystart, 10, 40);
    round(&mut hystart, 10, 40);
    assert_eq!(round(&mut hystart, 7, 80), Pace::Grow(MSS));
}

/// §4.2: CSS_ROUNDS.
#[test]
fn after_five_slow_rounds_slow_start_is_over() {
    let (mut hystart, _) = after(50);
    for n in 1..5 {
        assert_eq!(round(&mut hystart, 10, 50), Pace::Grow(MSS / 4), "round {n}");
    }
    assert_eq!(round(&mut hystart, 10, 50), Pace::Enough);
}

/// §4.2: the round trip falls below what it was when the growth was slowed.
#[test]
fn when_the_queue_was_a_mirage_slow_start_goes_on_at_full_pace() {
    let (mut hystart, _) = after(50);
    round(&mut hystart, 10, 50);
    assert_eq!(round(&mut hystart, 10, 41), Pace::Grow(MSS));
    for _ in 0..10 {
        assert_eq!(round(&mut hystart, 10, 41), Pace::Grow(MSS));
    }
}
