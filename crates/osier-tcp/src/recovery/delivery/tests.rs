//! Is the rate of delivery what the network delivered?

use crate::config::{Floor, RtoConfig};
use crate::rate::{Limited, Sample};
use crate::recovery::{AckArrived, Duplicate, Measure, Recovery, SackUse};
use osier_time::{Duration, Instant};
use osier_wire::SeqNumber;
use osier_wire::tcp::SackBlocks;

const MSS: u32 = 1_000;
const ISS: SeqNumber = SeqNumber(u32::MAX - 4_500);

/// A sender whose rate of delivery is measured, with segments numbered from 0.
struct Sender {
    recovery: Recovery,
    una: SeqNumber,
    nxt: SeqNumber,
}

fn at(ms: u64) -> Instant {
    Instant::from_secs(1) + Duration::from_millis(ms)
}

impl Sender {
    fn new() -> Sender {
        let ms = Duration::from_millis;
        let config = RtoConfig {
            initial: ms(1_000),
            min: ms(200),
            floor: Floor::Deviations,
            max: ms(120_000),
        };
        let mut recovery = Recovery::new(config, SackUse::On);
        recovery.measure(at(0), Measure::Yes);
        Sender { recovery, una: ISS, nxt: ISS }
    }

    fn send(&mut self, ms: u64, segments: u32) {
        let from = self.nxt;
        self.nxt += segments * MSS;
        self.recovery.on_sent(at(ms), from, self.nxt, MSS);
    }

    fn resend(&mut self, ms: u64, segment: u32) {
        let from = ISS + segment * MSS;
        self.recovery.on_retransmitted(at(ms), from, from + MSS);
    }

    /// An acknowledgment of all before segment `to`, and a report.
    fn gets(&mut self, ms: u64, to: u32, report: Option<(u32, u32)>) -> Option<Sample> {
        let mut sack = SackBlocks::NONE;
        if let Some((left, right)) = report {
            sack.push(ISS + left * MSS, ISS + right * MSS);
        }
        let (ack, una_before) = (ISS + to * MSS, self.una);
        self.una = ack;
        let nxt = self.nxt;
        let kind = Duplicate::No;
        let arrived = AckArrived { ack, una_before, nxt, sack, kind, echoed_rtt: None, mss: MSS };
        self.recovery.on_ack(at(ms), &arrived);
        self.recovery.take_sample(at(ms))
    }
}

/// Ten segments in each 10 ms, of which the network delivers one in a millisecond.
#[test]
fn the_rate_is_what_was_delivered_between_a_segments_sending_and_its_acknowledgment() {
    let mut sender = Sender::new();
    sender.send(0, 10);
    for n in 1..=10 {
        let sample = sender.gets(10 + u64::from(n), n, None).unwrap();
        // All of the first flight left at once: what counts is how long its delivery took.
        assert_eq!(sample.delivered, n * MSS);
        assert_eq!(sample.rate, u64::from(n * MSS) * 1_000 / (10 + u64::from(n)));
        sender.send(10 + u64::from(n), 1);
    }
    for n in 11..=40 {
        let sample = sender.gets(10 + u64::from(n), n, None).unwrap();
        // What was sent in 20 ms, counted from the segment that was delivered before, was not sent
        // at a faster rate than that.
        let expected = if n > 20 { 1_000_000 } else { 10_000_000 / u64::from(n) };
        assert_eq!((sample.delivered, sample.rate), (10 * MSS, expected), "segment {n}");
        assert_eq!(sample.rtt, Some(Duration::from_millis(10)));
        assert_eq!((sample.in_flight_then, sample.newly_acked), (10 * MSS, MSS));
        sender.send(10 + u64::from(n), 1);
    }
}

#[test]
fn acknowledgments_that_come_all_at_once_do_not_feign_a_faster_path() {
    let mut sender = Sender::new();
    for ms in 0..10 {
        sender.send(ms, 1);
    }
    sender.gets(10, 1, None);
    // The other nine were sent over 9 ms, and come within one.
    let sample = sender.gets(11, 10, None).unwrap();
    assert!(sample.rate <= 1_000_000, "{}", sample.rate);
}

#[test]
fn a_report_is_a_delivery_and_is_not_counted_again_when_it_is_acknowledged() {
    let mut sender = Sender::new();
    sender.send(0, 1);
    sender.send(1, 1);
    let reported = sender.gets(10, 0, Some((1, 2))).unwrap();
    assert_eq!((reported.newly_acked, reported.total), (MSS, u64::from(MSS)));
    let both = sender.gets(11, 2, None).unwrap();
    assert_eq!((both.newly_acked, both.total), (MSS, 2 * u64::from(MSS)));
}

#[test]
fn what_was_sent_twice_measures_no_round_trip_and_no_rate_beyond_belief() {
    let mut sender = Sender::new();
    sender.send(0, 5);
    sender.gets(10, 0, Some((1, 5)));
    assert_eq!(sender.recovery.take_losses().len(), 1);
    sender.resend(11, 0);
    // 1 ms after it left: the first one was late, not lost.
    let sample = sender.gets(12, 5, None).unwrap();
    assert_eq!((sample.rtt, sample.rate), (None, 0));
}

#[test]
fn a_loss_is_told_with_what_was_in_flight_when_it_was_sent() {
    let mut sender = Sender::new();
    sender.send(0, 4);
    sender.send(1, 4);
    // The fifth, of the second transmission, is lost.
    let sample = sender.gets(12, 4, Some((5, 8))).unwrap();
    let [lost] = sender.recovery.take_losses()[..] else { panic!("one loss") };
    assert_eq!((lost.octets, lost.lost, lost.in_flight_then), (MSS, MSS, 8 * MSS));
    // Four before it and three behind it have arrived: what tells of the loss is counted.
    assert_eq!(lost.delivered, 7 * u64::from(MSS));
    assert_eq!((sample.newly_lost, sample.pieces_lost, sample.lost), (MSS, 1, MSS));
    assert!(sender.recovery.take_losses().is_empty());
}

#[test]
fn pieces_lost_are_counted_where_they_do_not_touch() {
    let mut sender = Sender::new();
    sender.send(0, 10);
    sender.gets(10, 1, Some((3, 4)));
    let sample = sender.gets(11, 1, Some((7, 10))).unwrap();
    assert_eq!(sample.newly_lost, 5 * MSS);
    assert_eq!(sample.pieces_lost, 2);
}

#[test]
fn what_is_sent_after_a_want_of_text_is_marked_until_the_gap_has_left_the_network() {
    let mut sender = Sender::new();
    sender.send(0, 2);
    sender.recovery.on_nothing_to_send();
    sender.send(5, 1);
    assert_eq!(sender.gets(10, 2, None).unwrap().limited, Limited::ByNetwork);
    sender.send(10, 1);
    assert_eq!(sender.gets(15, 3, None).unwrap().limited, Limited::ByUser);
    assert_eq!(sender.recovery.is_limited(), Some(false));
    sender.send(15, 1);
    assert_eq!(sender.gets(20, 4, None).unwrap().limited, Limited::ByUser);
    assert_eq!(sender.gets(25, 5, None).unwrap().limited, Limited::ByNetwork);
}

#[test]
fn segments_too_long_for_the_path_are_no_loss() {
    let mut sender = Sender::new();
    sender.send(0, 4);
    sender.recovery.on_path_mtu(MSS / 2);
    assert!(sender.recovery.take_losses().is_empty());
    for half in 0..8 {
        let from = ISS + half * MSS / 2;
        sender.recovery.on_retransmitted(at(1), from, from + MSS / 2);
    }
    assert_eq!(sender.gets(11, 4, None).unwrap().lost, 0);
}

#[test]
fn nothing_is_kept_of_what_is_delivered() {
    let mut sender = Sender::new();
    for round in 0..100 {
        sender.send(round * 10, 10);
        sender.gets(round * 10 + 9, (round as u32 + 1) * 10, None);
    }
    let sampler = sender.recovery.records.sampler().unwrap();
    assert_eq!((sampler.sent.len(), sampler.sent.capacity()), (0, 0));
}

#[test]
fn what_nobody_asks_for_is_not_measured() {
    let mut sender = Sender::new();
    sender.recovery.measure(at(0), Measure::No);
    sender.send(0, 3);
    assert_eq!(sender.gets(10, 3, None), None);
    assert_eq!(sender.recovery.is_limited(), None);
}
