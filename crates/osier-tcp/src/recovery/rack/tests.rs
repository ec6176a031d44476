//! What does RACK promise, by RFC 8985 §6?

use super::{Arrival, Circumstances, Rack};
use crate::recovery::records::{Delivered, Order};
use crate::recovery::{Found, Phase};
use osier_time::{Duration, Instant};
use osier_wire::SeqNumber;

const ISS: SeqNumber = SeqNumber(u32::MAX - 3_000);

fn ms(n: u64) -> Duration {
    Duration::from_millis(n)
}

fn at(n: u64) -> Instant {
    Instant::from_millis(n)
}

fn arrival(now: u64) -> Arrival {
    Arrival { now: at(now), min_rtt: Some(ms(40)), echoed: None }
}

fn delivered(sent_at: u64, end: u32, resent: u8) -> Delivered {
    let mut order = Order::default();
    (0..sent_at).for_each(|_| _ = order.advance());
    Delivered { sent_at: at(sent_at), order, end: ISS + end, resent }
}

fn given(phase: Phase, segments_sacked: u32) -> Circumstances {
    Circumstances { phase, segments_sacked, min_rtt: Some(ms(40)), srtt: Some(ms(50)) }
}

fn window(rack: &Rack, phase: Phase, segments_sacked: u32) -> Duration {
    rack.reordering_window(&given(phase, segments_sacked))
}

/// A path on which segments overtook each other.
fn disordered() -> Rack {
    let mut rack = Rack::new();
    rack.on_delivered(&arrival(50), &delivered(5, 2_000, 0));
    rack.on_delivered(&arrival(51), &delivered(4, 1_000, 0));
    rack
}

#[test]
fn what_one_acknowledgment_shows_to_be_overtaken_counts_once() {
    let mut rack = disordered();
    rack.on_delivered(&arrival(51), &delivered(3, 500, 0));
    rack.count_reordering();
    assert_eq!(rack.reordering_seen(), 1);
    // The next brings nothing of the kind, the one after it does.
    rack.on_delivered(&arrival(52), &delivered(6, 3_000, 0));
    rack.count_reordering();
    assert_eq!(rack.reordering_seen(), 1);
    rack.on_delivered(&arrival(53), &delivered(2, 250, 0));
    rack.count_reordering();
    assert_eq!(rack.reordering_seen(), 2);
}

/// §6.2, step 2.
#[test]
fn the_newest_is_what_was_sent_last_of_all_that_arrived() {
    let mut rack = Rack::new();
    assert_eq!(rack.overdue(at(9), &given(Phase::Open, 0)), None, "nothing has arrived");
    rack.on_delivered(&arrival(50), &delivered(5, 1_000, 0));
    rack.on_delivered(&arrival(52), &delivered(4, 500, 0));
    rack.on_delivered(&arrival(55), &delivered(5, 3_000, 0));
    let overdue = rack.overdue(at(56), &given(Phase::FastRecovery, 0)).unwrap();
    assert_eq!(overdue.newest.1, ISS + 3_000);
    assert_eq!(rack.rtt, ms(50));
}

/// §6.2, step 2, would have it 50 ms: the round trip of what was sent last.
#[test]
fn linux_takes_the_round_trip_of_what_is_last_in_sequence() {
    let mut rack = Rack::new();
    rack.on_delivered(&arrival(100), &delivered(50, 1_000, 1));
    assert_eq!(rack.rtt, ms(50));
    rack.on_delivered(&arrival(100), &delivered(5, 2_000, 0));
    assert_eq!(rack.rtt, ms(95), "sent before, and behind it in sequence");
    assert_eq!(rack.newest.map(|newest| newest.1), Some(ISS + 1_000), "still what was sent last");
}

/// §6.2, step 2: less than the shortest round trip, or an older stamp echoed.
#[test]
fn what_was_sent_twice_and_arrives_too_soon_is_the_first_transmission() {
    let mut rack = Rack::new();
    rack.on_delivered(&arrival(50), &delivered(20, 1_000, 1));
    assert_eq!(rack.newest, None);
    let echo = Arrival { echoed: Some(ms(60)), ..arrival(100) };
    rack.on_delivered(&echo, &delivered(50, 1_000, 1));
    assert_eq!(rack.newest, None, "the echo is 60 ms old, the retransmission 50");
    let echo = Arrival { echoed: Some(ms(50)), ..arrival(100) };
    rack.on_delivered(&echo, &delivered(50, 1_000, 1));
    assert_eq!(rack.newest.map(|newest| newest.1), Some(ISS + 1_000));
}

/// §6.2, step 3.
#[test]
fn who_arrives_below_what_has_arrived_was_overtaken_unless_sent_twice() {
    assert_eq!(window(&disordered(), Phase::FastRecovery, 9), ms(10));
    let mut repaired = Rack::new();
    repaired.on_delivered(&arrival(50), &delivered(5, 2_000, 0));
    repaired.on_delivered(&arrival(91), &delivered(51, 1_000, 1));
    assert_eq!(window(&repaired, Phase::FastRecovery, 9), ms(0));
    repaired.on_spurious(Found::Timeout);
    assert_eq!(window(&repaired, Phase::FastRecovery, 9), ms(0));
    assert_eq!(
        repaired.overdue(at(99), &given(Phase::Open, 0)),
        None,
        "nothing is known to be new"
    );
    repaired.on_spurious(Found::Reports);
    assert_eq!(window(&repaired, Phase::FastRecovery, 9), ms(10));
}

/// §6.2, step 4.
#[test]
fn on_a_path_that_keeps_order_three_reports_or_a_recovery_need_no_time() {
    let rack = Rack::new();
    assert_eq!(window(&rack, Phase::Open, 2), ms(10));
    assert_eq!(window(&rack, Phase::Open, 3), ms(0));
    assert_eq!(window(&rack, Phase::FastRecovery, 0), ms(0));
    assert_eq!(window(&rack, Phase::Loss, 0), ms(0));
    assert_eq!(window(&disordered(), Phase::Open, 3), ms(10));
}

/// §6.2, step 4.
#[test]
fn a_duplicate_widens_the_window_once_in_a_round_and_up_to_a_round_trip() {
    let mut rack = disordered();
    for (round, width) in [(1, 20), (2, 30), (3, 40), (4, 50), (5, 50)] {
        rack.on_duplicate_reported(ISS + round * 1_000);
        rack.on_duplicate_reported(ISS + round * 1_000 + 500);
        rack.on_una(ISS + round * 1_000 - 1);
        rack.on_duplicate_reported(ISS + round * 1_000 + 700);
        assert_eq!(window(&rack, Phase::Open, 3), ms(width), "round {round}");
        rack.on_una(ISS + round * 1_000);
    }
    (0..15).for_each(|_| rack.on_recovery_over());
    assert_eq!(window(&rack, Phase::Open, 3), ms(50));
    rack.on_recovery_over();
    assert_eq!(window(&rack, Phase::Open, 3), ms(10), "16 recoveries without a duplicate");
}

#[test]
fn a_peer_that_reports_duplicates_forever_gains_nothing() {
    let mut rack = disordered();
    for round in 1..2_000 {
        rack.on_duplicate_reported(ISS + round);
        rack.on_una(ISS + round);
    }
    assert_eq!(window(&rack, Phase::Open, 3), ms(50));
}

/// §6.3.
#[test]
fn when_the_timer_expires_what_is_a_round_trip_and_the_window_old_is_lost() {
    assert_eq!(Rack::new().lost_on_timeout(at(300), &given(Phase::Open, 0)), at(300));
    let rack = disordered();
    assert_eq!(rack.lost_on_timeout(at(300), &given(Phase::Open, 0)), at(300 - 47 - 10));
}
