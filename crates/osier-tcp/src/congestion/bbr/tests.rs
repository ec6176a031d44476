//! Does BBR do what the draft says, state by state?

extern crate std;

use super::{Bbr, Episode, State};
use crate::congestion::{Delivery, Detection};
use crate::rate::{Limited, Lost, Sample};
use osier_time::{Duration, Instant};
use std::vec::Vec;

const MSS: u32 = 1_000;

/// Acknowledgments in a round.
const PARTS: u32 = 10;

/// A flow over a path of 20 ms, told of its deliveries.
struct Flow {
    bbr: Bbr,
    now: Instant,
    total: u64,
    /// Octets in a second that the path delivers, and octets that are in flight.
    rate: u64,
    in_flight: u32,
    rtt: Duration,
    limited: Limited,
    /// Lost in each acknowledgment's round trip, and new pieces of it.
    lost: u32,
    pieces: u32,
}

impl Flow {
    fn new() -> Flow {
        let now = Instant::from_secs(1);
        Flow {
            bbr: Bbr::new(now, 10 * MSS, MSS, Some(Duration::from_millis(20)), 7),
            now,
            total: 0,
            rate: 500_000,
            in_flight: 10 * MSS,
            rtt: Duration::from_millis(20),
            limited: Limited::ByNetwork,
            lost: 0,
            pieces: 0,
        }
    }

    /// A tenth of a round is acknowledged.
    fn ack(&mut self) {
        self.now += self.rtt / u64::from(PARTS);
        let newly_acked = self.in_flight / PARTS;
        self.total += u64::from(newly_acked);
        let sample = Sample {
            total: self.total,
            newly_acked,
            prior: self.total.saturating_sub(u64::from(self.in_flight)),
            delivered: self.in_flight,
            rate: self.rate,
            limited: self.limited,
            in_flight_then: self.in_flight,
            lost: self.lost,
            newly_lost: self.pieces * MSS,
            pieces_lost: self.pieces,
            rtt: Some(self.rtt),
        };
        let (in_flight_before, in_flight) = (self.in_flight, self.in_flight);
        let detection = Detection::Each;
        let rtt = None;
        let now = self.now;
        self.bbr.on_delivery(&Delivery {
            now,
            sample,
            in_flight_before,
            in_flight,
            rtt,
            mss: MSS,
            detection,
        });
    }

    fn round(&mut self) {
        (0..PARTS).for_each(|_| self.ack());
    }

    /// Goes on until it is in `state`.
    fn until(&mut self, state: State) {
        for _ in 0..100_000 {
            if self.bbr.state == state {
                return;
            }
            self.ack();
        }
        panic!("never in {state:?} but in {:?}", self.bbr.state);
    }

    /// Through Startup on a path of 10 MB/s, whose bandwidth-delay product is 200 segments.
    fn cruising() -> Flow {
        let mut flow = Flow::new();
        (flow.rate, flow.in_flight) = (10_000_000, 200 * MSS);
        flow.until(State::Cruise);
        flow
    }

    fn lose(&mut self, segments_lost_since: u32, in_flight_then: u32) {
        let (lost, limited) = (segments_lost_since * MSS, self.limited);
        let delivered = self.total;
        self.bbr.on_lost(self.now, &Lost { octets: MSS, in_flight_then, lost, delivered, limited });
    }
}

#[test]
fn startup_goes_on_as_long_as_the_bandwidth_grows_by_a_quarter() {
    let mut flow = Flow::new();
    for _ in 0..10 {
        flow.round();
        assert_eq!(flow.bbr.state, State::Startup);
        flow.rate = flow.rate * 13 / 10;
        flow.in_flight = flow.in_flight * 13 / 10;
    }
    let rounds = (1..10).take_while(|_| {
        flow.round();
        flow.bbr.state == State::Startup
    });
    assert!((2..=4).contains(&rounds.count()), "three rounds without growth end it");
    assert!(flow.bbr.pipe.reached);
}

#[test]
fn a_user_who_sends_little_does_not_end_startup() {
    let mut flow = Flow::new();
    flow.limited = Limited::ByUser;
    (0..50).for_each(|_| flow.round());
    assert_eq!(flow.bbr.state, State::Startup);
}

#[test]
fn the_pace_in_startup_doubles_the_rate_and_only_grows() {
    let mut flow = Flow::new();
    flow.rate = 10_000_000;
    flow.ack();
    flow.ack();
    assert_eq!(flow.bbr.pacing_rate(), 10_000_000 * 277 / 100 * 99 / 100);
    let before = flow.bbr.pacing_rate();
    flow.rate = 1_000;
    flow.ack();
    assert_eq!(flow.bbr.pacing_rate(), before);
}

#[test]
fn startup_ends_when_a_round_of_recovery_loses_more_than_two_percent_in_six_pieces() {
    for (pieces_in_a_round, ends) in [(5, false), (6, true)] {
        let mut flow = Flow::new();
        (flow.rate, flow.in_flight) = (10_000_000, 300 * MSS);
        flow.round();
        flow.bbr.on_fast_recovery();
        flow.lost = 7 * MSS;
        for n in 0..25 {
            flow.rate = flow.rate * 13 / 10;
            flow.pieces = u32::from(n % PARTS < pieces_in_a_round);
            flow.ack();
        }
        assert_eq!(flow.bbr.state != State::Startup, ends, "{pieces_in_a_round} pieces");
        assert_eq!(flow.bbr.bounds.inflight_long != u32::MAX, ends);
    }
}

#[test]
fn drain_lasts_until_no_more_is_in_flight_than_the_path_holds() {
    let mut flow = Flow::new();
    (flow.rate, flow.in_flight) = (10_000_000, 400 * MSS);
    flow.until(State::Drain);
    flow.ack();
    assert_eq!(flow.bbr.state, State::Drain);
    assert_eq!(flow.bbr.pacing_rate(), 10_000_000 / 2 * 99 / 100);
    flow.in_flight = 200 * MSS;
    flow.ack();
    assert!(flow.bbr.state.is_probe_bw());
}

#[test]
fn drain_ends_after_three_rounds_at_the_latest() {
    let mut flow = Flow::new();
    (flow.rate, flow.in_flight) = (10_000_000, 400 * MSS);
    flow.until(State::Drain);
    (0..5).for_each(|_| flow.round());
    assert!(flow.bbr.state.is_probe_bw());
}

#[test]
fn it_cruises_refills_for_a_round_probes_and_goes_down_again() {
    let mut flow = Flow::cruising();
    assert_eq!(flow.bbr.pacing_rate(), 9_900_000);
    let cruise = flow.now;
    flow.until(State::Refill);
    // 63 rounds of 20 ms, before the two or three seconds are over.
    let waited = (flow.now - cruise).as_millis();
    assert!((1_100..=1_300).contains(&waited), "{waited} ms");
    let refill = flow.now;
    flow.until(State::Up);
    assert!((flow.now - refill).as_millis() <= 22);
    assert_eq!(flow.bbr.pacing_rate(), 10_000_000 * 5 / 4 * 99 / 100);
    // Nothing more comes out: three rounds, then down.
    let up = flow.now;
    flow.until(State::Down);
    let probed = (flow.now - up).as_millis();
    assert!((40..=90).contains(&probed), "{probed} ms");
    assert_eq!(flow.bbr.pacing_rate(), 10_000_000 * 9 / 10 * 99 / 100);
}

#[test]
fn on_a_long_path_it_waits_two_to_three_seconds_and_the_seed_says_how_long() {
    let waits: Vec<u64> = (0..20)
        .map(|seed| {
            let mut flow = Flow::new();
            flow.rtt = Duration::from_millis(100);
            let rtt = Some(flow.rtt);
            flow.bbr = Bbr::new(flow.now, 10 * MSS, MSS, rtt, seed * 1_000_003);
            (flow.rate, flow.in_flight) = (10_000_000, 1_000 * MSS);
            flow.until(State::Cruise);
            let cruise = flow.now;
            flow.until(State::Refill);
            (flow.now - cruise).as_millis()
        })
        .collect();
    assert!(waits.iter().all(|wait| (2_000..=3_100).contains(wait)), "{waits:?}");
    assert!(waits.iter().any(|wait| *wait < 2_500) && waits.iter().any(|wait| *wait > 2_500));
}

#[test]
fn more_than_two_percent_lost_while_probing_bounds_what_may_be_in_flight() {
    let mut flow = Flow::cruising();
    flow.until(State::Up);
    // The fourth of 250 segments is less than 2 %, the sixth more: the bound is where it crossed.
    flow.lose(4, 250 * MSS);
    assert_eq!(flow.bbr.state, State::Up);
    flow.lose(6, 250 * MSS);
    assert_eq!(flow.bbr.state, State::Down);
    let bound = flow.bbr.bounds.inflight_long;
    assert!((249 * MSS..=250 * MSS).contains(&bound), "{bound}");
    flow.in_flight = 240 * MSS;
    flow.ack();
    assert!(flow.bbr.window() <= bound);
}

#[test]
fn the_bound_is_not_below_seven_tenths_of_the_target() {
    let mut flow = Flow::cruising();
    flow.until(State::Up);
    flow.lose(6, 50 * MSS);
    assert_eq!(flow.bbr.bounds.inflight_long, 140 * MSS);
}

#[test]
fn one_probe_is_judged_once_and_a_limited_user_is_not_bounded() {
    let mut flow = Flow::cruising();
    flow.until(State::Up);
    flow.limited = Limited::ByUser;
    flow.lose(6, 250 * MSS);
    assert_eq!((flow.bbr.state, flow.bbr.bounds.inflight_long), (State::Down, u32::MAX));
    flow.limited = Limited::ByNetwork;
    flow.lose(12, 250 * MSS);
    assert_eq!(flow.bbr.bounds.inflight_long, u32::MAX);
}

#[test]
fn room_is_left_for_others_below_the_bound() {
    let mut flow = Flow::cruising();
    flow.until(State::Up);
    flow.lose(6, 250 * MSS);
    (flow.in_flight, flow.rate) = (150 * MSS, 7_500_000);
    flow.until(State::Cruise);
    flow.round();
    let bound = u64::from(flow.bbr.bounds.inflight_long);
    assert!(u64::from(flow.bbr.window()) <= bound * 85 / 100 + 1);
}

#[test]
fn a_lossy_round_of_cruising_slows_down_to_what_was_delivered() {
    let mut flow = Flow::cruising();
    flow.round();
    (flow.rate, flow.in_flight) = (9_500_000, 190 * MSS);
    flow.lose(1, 200 * MSS);
    (0..3).for_each(|_| flow.round());
    // The best of the round in which it was lost, and of the next.
    assert!(flow.bbr.bounds.bw_short <= 10_000_000);
    flow.lose(1, 190 * MSS);
    (0..3).for_each(|_| flow.round());
    assert_eq!(flow.bbr.bounds.bw_short, 9_500_000);
    // Twice seven tenths of the window it had, which is more than was delivered.
    assert_eq!(flow.bbr.bounds.inflight_short, 420 * MSS * 49 / 100);
    assert_eq!(flow.bbr.pacing_rate(), 9_405_000);
    // Worse than seven tenths at a time it does not get.
    (flow.rate, flow.in_flight) = (1_000_000, 20 * MSS);
    flow.round();
    flow.lose(1, 190 * MSS);
    (0..3).for_each(|_| flow.round());
    assert_eq!(flow.bbr.bounds.bw_short, 6_650_000);
    // The next probe begins without it.
    flow.until(State::Refill);
    assert_eq!(flow.bbr.bounds.bw_short, u64::MAX);
}

#[test]
fn the_round_of_a_loss_is_over_when_what_was_sent_after_it_was_heard_of_arrives() {
    let mut flow = Flow::cruising();
    // It is told by the next acknowledgment, a tenth of a round.
    flow.total += 20 * u64::from(MSS);
    flow.lose(1, 200 * MSS);
    flow.total -= 20 * u64::from(MSS);
    flow.ack();
    let acks = (1..100).find(|_| {
        flow.ack();
        flow.bbr.losses.start
    });
    assert_eq!(acks, Some(PARTS));
}

#[test]
fn after_five_seconds_it_looks_for_the_shortest_way_with_half_the_window() {
    let mut flow = Flow::cruising();
    let start = flow.now;
    flow.until(State::ProbeRtt);
    let waited = (flow.now - start).as_millis();
    assert!((4_000..=5_100).contains(&waited), "{waited}");
    assert_eq!(flow.bbr.window(), 100 * MSS);
    let before = flow.bbr.prior_cwnd;
    (flow.in_flight, flow.rate, flow.limited) = (70 * MSS, 5_000_000, Limited::ByUser);
    flow.rtt = Duration::from_millis(15);
    let probe = flow.now;
    flow.until(State::Cruise);
    let probed = (flow.now - probe).as_millis();
    assert!((200..=240).contains(&probed), "{probed}");
    assert_eq!(flow.bbr.min_rtt.get(), Some(Duration::from_millis(15)));
    assert!(flow.bbr.window() > before / 2, "the window is back");
    assert_eq!(flow.bbr.bandwidth.max(), 10_000_000, "what was seen meanwhile does not count");
}

#[test]
fn a_shorter_round_trip_seen_meanwhile_saves_the_search() {
    let mut flow = Flow::cruising();
    for n in 0..100 {
        flow.rtt = Duration::from_micros(20_000 - n * 20);
        (0..10).for_each(|_| flow.round());
        assert_ne!(flow.bbr.state, State::ProbeRtt);
    }
}

#[test]
fn a_timeout_leaves_one_segment_and_its_end_gives_the_window_back() {
    let mut flow = Flow::cruising();
    let before = flow.bbr.window();
    flow.bbr.on_timeout(3 * MSS, MSS);
    assert_eq!(flow.bbr.window(), 4 * MSS);
    flow.bbr.on_timeout(0, MSS);
    assert_eq!(flow.bbr.window(), MSS);
    flow.bbr.on_recovery_over();
    assert_eq!((flow.bbr.window(), flow.bbr.episode), (before, Episode::None));
}

#[test]
fn a_loss_that_was_none_takes_back_the_bounds_and_goes_on_probing() {
    let mut flow = Flow::cruising();
    flow.until(State::Up);
    flow.bbr.on_fast_recovery();
    flow.lose(6, 250 * MSS);
    assert_eq!(flow.bbr.state, State::Down);
    flow.bbr.on_spurious();
    assert_eq!(flow.bbr.state, State::Refill);
    assert_eq!(flow.bbr.bounds, super::Bounds::default());
}

#[test]
fn startup_left_for_a_loss_that_was_none_is_entered_again() {
    let mut flow = Flow::new();
    (flow.rate, flow.in_flight) = (10_000_000, 300 * MSS);
    flow.round();
    flow.bbr.on_fast_recovery();
    (flow.lost, flow.pieces) = (7 * MSS, 1);
    flow.until(State::Drain);
    flow.bbr.on_spurious();
    assert_eq!((flow.bbr.state, flow.bbr.pipe.reached), (State::Startup, false));
}

#[test]
fn after_a_silence_it_goes_on_at_exactly_the_bandwidth() {
    let mut flow = Flow::cruising();
    flow.until(State::Up);
    flow.now += Duration::from_secs(60);
    flow.bbr.on_restart(flow.now);
    assert_eq!(flow.bbr.pacing_rate(), 9_900_000);
    flow.ack();
    assert_ne!(flow.bbr.state, State::ProbeRtt, "the silence has emptied the queue");
}

#[test]
fn a_bandwidth_is_forgotten_after_two_cycles() {
    let mut flow = Flow::cruising();
    (flow.rate, flow.in_flight) = (5_000_000, 100 * MSS);
    for _ in 0..3 {
        flow.until(State::Up);
        flow.until(State::Cruise);
    }
    assert_eq!(flow.bbr.bandwidth.max(), 5_000_000);
}

#[test]
fn the_smallest_and_the_largest_figures_are_borne() {
    for (rate, in_flight) in [(1, MSS), (u64::MAX / 1_000_000_000, u32::MAX / 2)] {
        let mut flow = Flow::new();
        (flow.rate, flow.in_flight) = (rate, in_flight);
        (0..500).for_each(|_| flow.round());
        assert!(flow.bbr.window() >= 4 * MSS);
        flow.lose(u32::MAX / MSS, in_flight);
        flow.bbr.on_timeout(u32::MAX, u32::MAX / 8);
        flow.bbr.on_spurious();
        (0..10).for_each(|_| flow.round());
    }
}
