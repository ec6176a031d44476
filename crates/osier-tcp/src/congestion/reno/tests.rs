//! What does Reno promise, by RFC 5681 and RFC 3465?

use super::Reno;
use crate::congestion::{Acked, Congestion, Start};
use osier_time::Instant;

const MSS: u32 = 1_000;

fn new_reno() -> Congestion {
    let start = Start { now: Instant::ZERO, segments: 10, mss: MSS, seed: 0 };
    Congestion::new(crate::config::Algorithm::Reno, start)
}

fn open() -> Reno {
    Reno::new(10, MSS)
}

/// One acknowledgment of `acked` octets, with a full window in flight before.
fn full(reno: &mut Reno, acked: u32) {
    let in_flight_before = reno.window.cwnd;
    used(reno, acked, in_flight_before);
}

fn used(reno: &mut Reno, acked: u32, in_flight_before: u32) {
    let (now, outstanding, rtt, mss) = (Instant::ZERO, in_flight_before, None, MSS);
    reno.on_ack(&Acked { now, acked, in_flight_before, outstanding, rtt, mss });
}

/// A window's worth of acknowledgments, two segments each, in one batch: what is in flight falls
/// from one to the next.
fn round(reno: &mut Reno) {
    let mut in_flight = reno.window.cwnd;
    while in_flight > 0 {
        let acked = in_flight.min(2 * MSS);
        used(reno, acked, in_flight);
        in_flight -= acked;
    }
}

/// RFC 6928.
#[test]
fn a_connection_opens_with_ten_segments() {
    assert_eq!((open().window.cwnd, open().window.ssthresh), (10 * MSS, u32::MAX));
    assert_eq!(Reno::new(1, 536).window.cwnd, 536);
    assert_eq!(Reno::new(0, 0).window.cwnd, 1, "never zero, or nothing could ever be sent");
}

/// RFC 5681 §3.1.
#[test]
fn slow_start_doubles_the_window_in_a_round() {
    let mut reno = open();
    for segments in [20, 40, 80, 160] {
        round(&mut reno);
        assert_eq!(reno.window.cwnd, segments * MSS);
    }
}

#[test]
fn one_acknowledgment_of_a_super_segment_counts_in_full() {
    let mut reno = open();
    full(&mut reno, 10 * MSS);
    assert_eq!(reno.window.cwnd, 20 * MSS);
}

/// RFC 5681 §3.1, RFC 3465 §2.1.
#[test]
fn congestion_avoidance_adds_a_segment_in_a_round() {
    let mut reno = open();
    reno.on_loss(40 * MSS, MSS);
    reno.window.on_recovery_over();
    assert_eq!(reno.window.cwnd, 20 * MSS);
    for segments in [21, 22, 23, 24] {
        round(&mut reno);
        assert_eq!(reno.window.cwnd, segments * MSS);
    }
}

#[test]
fn slow_start_ends_at_ssthresh() {
    let mut reno = open();
    reno.on_loss(24 * MSS, MSS);
    reno.window.on_recovery_over();
    reno.window.cwnd = 10 * MSS;
    full(&mut reno, 10 * MSS);
    assert_eq!(reno.window.cwnd, 12 * MSS);
}

#[test]
fn a_window_that_is_not_used_does_not_grow() {
    let mut reno = open();
    for _ in 0..100 {
        used(&mut reno, 2 * MSS, 2 * MSS);
    }
    assert_eq!(reno.window.cwnd, 10 * MSS);
    let mut reno = open();
    reno.on_loss(40 * MSS, MSS);
    reno.window.on_recovery_over();
    for _ in 0..100 {
        used(&mut reno, 2 * MSS, 18 * MSS);
    }
    assert_eq!(reno.window.cwnd, 20 * MSS);
}

#[test]
fn use_of_long_ago_does_not_let_it_grow() {
    let mut reno = open();
    full(&mut reno, MSS);
    for _ in 0..40 {
        used(&mut reno, MSS, MSS);
    }
    let settled = reno.window.cwnd;
    for _ in 0..40 {
        used(&mut reno, MSS, MSS);
    }
    assert_eq!(reno.window.cwnd, settled);
}

/// RFC 5681 §3.1, equation 4, and §3.2; the window is not inflated.
#[test]
fn a_loss_halves_what_was_in_flight_and_nothing_grows_until_it_is_repaired() {
    let mut reno = open();
    reno.on_loss(10 * MSS, MSS);
    assert_eq!((reno.window.cwnd, reno.window.ssthresh), (5 * MSS, 5 * MSS));
    round(&mut reno);
    round(&mut reno);
    assert_eq!(reno.window.cwnd, 5 * MSS);
    reno.window.on_recovery_over();
    round(&mut reno);
    assert_eq!(reno.window.cwnd, 6 * MSS);
}

/// RFC 5681 §3.1, equation 4: max(FlightSize / 2, 2 * SMSS).
#[test]
fn ssthresh_is_never_less_than_two_segments() {
    let mut reno = open();
    reno.on_loss(MSS, MSS);
    assert_eq!(reno.window.ssthresh, 2 * MSS);
}

/// RFC 5681 §3.1: the loss window; ssthresh is cut once for one flight.
#[test]
fn a_timeout_leaves_one_segment_and_a_second_one_does_not_cut_again() {
    let mut reno = open();
    reno.on_timeout(10 * MSS, MSS);
    assert_eq!((reno.window.cwnd, reno.window.ssthresh), (MSS, 5 * MSS));
    reno.on_timeout(MSS, MSS);
    assert_eq!((reno.window.cwnd, reno.window.ssthresh), (MSS, 5 * MSS));
    reno.window.on_recovery_over();
    reno.on_timeout(6 * MSS, MSS);
    assert_eq!((reno.window.cwnd, reno.window.ssthresh), (MSS, 3 * MSS));
}

#[test]
fn a_timeout_in_fast_recovery_is_of_the_same_loss() {
    let mut reno = open();
    reno.on_loss(20 * MSS, MSS);
    reno.on_timeout(4 * MSS, MSS);
    assert_eq!((reno.window.cwnd, reno.window.ssthresh), (MSS, 10 * MSS));
}

/// RFC 3465 §2.3.
#[test]
fn after_a_timeout_one_acknowledgment_is_worth_one_segment() {
    let mut reno = open();
    reno.on_timeout(40 * MSS, MSS);
    full(&mut reno, 19 * MSS);
    assert_eq!(reno.window.cwnd, 2 * MSS);
    full(&mut reno, 2 * MSS);
    assert_eq!(reno.window.cwnd, 3 * MSS);
    reno.window.on_recovery_over();
    full(&mut reno, 3 * MSS);
    assert_eq!(reno.window.cwnd, 6 * MSS);
}

/// RFC 5681 §4.1.
#[test]
fn after_idleness_the_window_is_the_initial_one_and_remembers_what_was_learnt() {
    let mut reno = open();
    round(&mut reno);
    round(&mut reno);
    reno.on_loss(80 * MSS, MSS);
    reno.window.on_recovery_over();
    reno.window.on_idle();
    assert_eq!((reno.window.cwnd, reno.window.ssthresh), (10 * MSS, 40 * MSS));
    let mut small = open();
    small.on_timeout(20 * MSS, MSS);
    small.window.on_idle();
    assert_eq!(small.window.cwnd, MSS, "never larger than it was");
}

/// RFC 5681 §3.1.
#[test]
fn a_smaller_segment_shrinks_the_window_by_the_same_ratio() {
    let mut reno = open();
    reno.window.set_mss(500);
    assert_eq!(reno.window.cwnd, 5_000);
    reno.window.set_mss(9_000);
    assert_eq!(reno.window.cwnd, 9_000, "one segment at least");
}

#[test]
fn no_window_outgrows_what_a_peer_can_offer() {
    let mut reno = open();
    for _ in 0..100 {
        full(&mut reno, u32::MAX);
    }
    assert_eq!(reno.window.cwnd, 1 << 30);
}

#[test]
fn the_enum_passes_everything_on() {
    let mut congestion = new_reno();
    congestion.on_loss(10 * MSS, MSS);
    congestion.on_recovery_over();
    congestion.set_mss(500);
    congestion.on_idle();
    let (now, rtt, mss) = (Instant::ZERO, None, 500);
    let (in_flight_before, outstanding) = (2_500, 0);
    congestion.on_ack(&Acked { now, acked: 2_500, in_flight_before, outstanding, rtt, mss });
    assert_eq!((congestion.window(), congestion.ssthresh()), (5_000, 5_000));
    congestion.on_timeout(5_000, 5_000, 500);
    assert_eq!((congestion.window(), congestion.ssthresh()), (500, 2_500));
}
