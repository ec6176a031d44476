//! What do the records promise, whatever a peer reports?

extern crate std;

use super::acknowledged::Covered;
use super::{Delivered, Order, Overdue, Records, Standing};
use osier_time::{Duration, Instant};
use osier_wire::SeqNumber;
use std::vec::Vec;

const ISS: SeqNumber = SeqNumber(u32::MAX - 5_000);
const MSS: u32 = 1_000;

fn at(ms: u64) -> Instant {
    Instant::from_millis(ms)
}

/// So many segments, sent as one.
fn sent(segments: u32) -> Records {
    let mut records = Records::default();
    records.push(at(0), ISS, ISS + segments * MSS, MSS);
    records
}

/// Each record: length, and `.` in flight, `s` reported, `L` lost, `r` sent again.
fn picture(records: &Records) -> Vec<(u32, char)> {
    check(records);
    let standing = |record: &super::Record| match record.standing {
        Standing::InFlight if record.resent > 0 => 'r',
        Standing::InFlight => '.',
        Standing::Sacked => 's',
        Standing::Lost => 'L',
    };
    records.records.iter().map(|record| (record.len(), standing(record))).collect()
}

impl Records {
    fn acknowledge(&mut self, now: Instant, ack: SeqNumber) -> Covered {
        self.on_una(now, ack, &mut |_| {})
    }

    fn sack(&mut self, left: SeqNumber, right: SeqNumber) -> (u32, Option<Instant>) {
        self.on_report((left, right), &mut |_| {})
    }
}

/// They tile what is outstanding, and the counts agree with them.
pub(in crate::recovery) fn check(records: &Records) {
    let with = |standing| records.records.iter().filter(move |r| r.standing == standing);
    let of = |standing| with(standing).map(super::Record::len).sum::<u32>();
    let again = with(Standing::InFlight).filter(|r| r.resent > 0);
    assert_eq!(records.counts.resent_in_flight, again.map(super::Record::len).sum::<u32>());
    let reported = with(Standing::Sacked).map(super::Record::segments).sum::<u32>();
    assert_eq!(records.counts.sacked_segments, reported);
    for (record, next) in records.records.iter().zip(records.records.iter().skip(1)) {
        assert_eq!(record.to, next.from, "a gap or an overlap");
    }
    assert!(records.records.iter().all(|record| record.from.before(record.to)), "an empty record");
    assert_eq!(records.counts.lost, of(Standing::Lost));
    assert_eq!(records.counts.sacked, of(Standing::Sacked));
    assert_eq!(records.in_flight(), of(Standing::InFlight));
    let lost_before = |r: &&super::Record| r.from.before(records.lost_from);
    let skipped = records.records.iter().filter(lost_before);
    let judged = records.records.iter().filter(|r| r.to.at_or_before(records.judged));
    let waits = |r: &super::Record| r.standing == Standing::InFlight && r.resent == 0;
    assert!(!judged.clone().any(waits), "passed over without a verdict");
    assert!(records.counts.lost == 0 || skipped.clone().all(|r| r.standing != Standing::Lost));
    assert!(!records.is_empty() || !records.records.holds_memory(), "memory for nothing");
}

/// How many records there are.
pub(in crate::recovery) fn count(records: &Records) -> usize {
    records.records.len()
}

#[test]
fn a_super_segment_is_one_record_until_a_report_divides_it() {
    let mut records = sent(10);
    assert_eq!(picture(&records), [(10_000, '.')]);
    assert_eq!(records.first().unwrap().segments(), 10);
    assert_eq!(records.sack(ISS + 3 * MSS, ISS + 5 * MSS), (2_000, Some(at(0))));
    assert_eq!(picture(&records), [(3_000, '.'), (2_000, 's'), (5_000, '.')]);
    assert_eq!(records.in_flight(), 8_000);
    assert_eq!(records.sack(ISS + 2 * MSS, ISS + 10 * MSS), (6_000, Some(at(0))));
    assert_eq!(picture(&records), [(2_000, '.'), (1_000, 's'), (2_000, 's'), (5_000, 's')]);
    assert_eq!(records.sack(ISS + 2 * MSS, ISS + 10 * MSS), (0, None));
}

#[test]
fn a_peer_that_reports_crumbs_divides_nothing_below_a_segment() {
    let mut records = sent(10);
    for n in (0..10_000).step_by(7) {
        records.sack(ISS + n, ISS + n + 3);
    }
    assert_eq!(picture(&records), [(10_000, '.')]);
    assert_eq!(records.sack(ISS + 1, ISS + 3_999), (2_000, Some(at(0))));
    assert_eq!(picture(&records), [(1_000, '.'), (2_000, 's'), (7_000, '.')]);
}

#[test]
fn the_short_last_segment_of_a_record_is_a_whole_one() {
    let mut records = Records::default();
    records.push(at(0), ISS, ISS + 2_300, MSS);
    records.push(at(1), ISS + 2_300, ISS + 2_301, MSS);
    assert_eq!(records.sack(ISS + 2_000, ISS + 2_300), (300, Some(at(0))));
    assert_eq!(records.sack(ISS + 2_300, ISS + 2_301), (1, Some(at(1))));
    assert_eq!(picture(&records), [(2_000, '.'), (300, 's'), (1, 's')]);
}

#[test]
fn an_acknowledgment_takes_records_off_the_front_and_shortens_the_next() {
    let mut records = sent(2);
    records.push(at(5), ISS + 2_000, ISS + 4_000, MSS);
    let covered = records.acknowledge(at(30), ISS + 2_500);
    assert_eq!((covered.octets, covered.never_resent), (2_500, 2_500));
    assert_eq!(covered.rtt, Some(Duration::from_millis(30)), "of the oldest");
    assert_eq!(picture(&records), [(1_500, '.')]);
    assert_eq!(records.acknowledge(at(31), ISS + 2_500).octets, 0);
    assert_eq!(records.acknowledge(at(31), ISS).octets, 0, "an old one");
    let covered = records.acknowledge(at(35), ISS + 4_000);
    assert_eq!(covered.rtt, Some(Duration::from_millis(30)));
    assert_eq!(picture(&records), []);
}

/// RFC 6298 §3 [MUST].
#[test]
fn what_was_sent_twice_is_no_measure_and_what_waited_behind_it_neither() {
    let mut records = sent(4);
    records.lose_first(MSS);
    records.retransmitted(at(100), ISS, ISS + MSS);
    assert_eq!(records.acknowledge(at(150), ISS + MSS).rtt, None);
    let mut records = sent(4);
    records.lose_first(MSS);
    records.retransmitted(at(100), ISS, ISS + MSS);
    let covered = records.acknowledge(at(150), ISS + 4 * MSS);
    assert_eq!((covered.octets, covered.never_resent, covered.rtt), (4_000, 3_000, None));
}

/// RFC 6298 §3 [MUST]: which of two transmissions a report is of cannot be told either.
#[test]
fn the_report_of_what_was_sent_twice_is_no_measure() {
    let mut records = sent(4);
    records.lose_all();
    records.retransmitted(at(100), ISS + MSS, ISS + 2 * MSS);
    assert_eq!(records.sack(ISS + MSS, ISS + 2 * MSS), (MSS, None));
    assert_eq!(records.sack(ISS + 2 * MSS, ISS + 3 * MSS), (MSS, Some(at(0))), "sent once");
}

#[test]
fn what_was_reported_earlier_is_no_measure_of_now() {
    let mut records = sent(1);
    records.push(at(50), ISS + MSS, ISS + 2 * MSS, MSS);
    records.sack(ISS, ISS + MSS);
    let covered = records.acknowledge(at(80), ISS + 2 * MSS);
    assert_eq!(covered.rtt, Some(Duration::from_millis(30)));
    let mut records = sent(1);
    records.sack(ISS, ISS + MSS);
    assert_eq!(records.acknowledge(at(80), ISS + MSS).rtt, None);
}

/// Overdue is what was sent before the n-th transmission, and a millisecond ago.
fn overdue(now: u64, newest: u32, end: u32) -> Overdue {
    let mut order = Order::default();
    (0..newest).for_each(|_| _ = order.advance());
    Overdue { now: at(now), newest: (order, ISS + end * MSS), wait: Duration::from_millis(1) }
}

#[test]
fn what_was_sent_before_something_that_arrived_is_lost_once_it_is_old_enough() {
    let mut records = Records::default();
    for n in 0..4 {
        records.push(at(u64::from(n)), ISS + n * MSS, ISS + (n + 1) * MSS, MSS);
    }
    records.sack(ISS + 3 * MSS, ISS + 4 * MSS);
    let next = records.lose_overdue(&overdue(2, 4, 4));
    assert_eq!(next, Some(at(3)), "the third, sent at 2, may be on its way until then");
    assert_eq!(picture(&records), [(1_000, 'L'), (1_000, 'L'), (1_000, '.'), (1_000, 's')]);
    assert_eq!(records.lose_overdue(&overdue(3, 4, 4)), None);
    assert_eq!(picture(&records)[2], (1_000, 'L'));
}

#[test]
fn of_what_was_sent_at_once_the_end_decides() {
    let mut records = sent(6);
    records.sack(ISS + 3 * MSS, ISS + 4 * MSS);
    assert_eq!(records.lose_overdue(&overdue(9, 1, 4)), None);
    assert_eq!(picture(&records), [(3_000, 'L'), (1_000, 's'), (2_000, '.')]);
}

/// RFC 8985 §6.2: retransmissions are judged like everything else, by when they were sent.
#[test]
fn what_was_sent_again_is_lost_again_when_something_sent_later_arrives() {
    let mut records = sent(4);
    records.sack(ISS + 2 * MSS, ISS + 3 * MSS);
    records.lose_overdue(&overdue(5, 1, 3));
    records.retransmitted(at(6), ISS, ISS + MSS);
    records.retransmitted(at(8), ISS + MSS, ISS + 2 * MSS);
    records.push(at(8), ISS + 4 * MSS, ISS + 5 * MSS, MSS);
    assert_eq!(records.lose_overdue(&overdue(20, 1, 3)), None);
    assert_eq!(records.counts.lost, 0, "nothing sent after the retransmissions has arrived");
    assert_eq!(records.counts.resent_in_flight, 2_000);
    records.sack(ISS + 4 * MSS, ISS + 5 * MSS);
    assert_eq!(records.lose_overdue(&overdue(20, 4, 5)), None);
    let lost_again = [(1_000, 'L'), (1_000, 'L'), (1_000, 's'), (1_000, 'L'), (1_000, 's')];
    assert_eq!(picture(&records), lost_again);
    assert_eq!(records.counts.resent_in_flight, 0);
}

#[test]
fn a_retransmission_that_arrived_waits_for_nothing() {
    let mut records = sent(4);
    records.sack(ISS + 3 * MSS, ISS + 4 * MSS);
    records.lose_overdue(&overdue(5, 1, 4));
    for n in 0..3 {
        records.retransmitted(at(6 + u64::from(n)), ISS + n * MSS, ISS + (n + 1) * MSS);
    }
    records.sack(ISS + MSS, ISS + 3 * MSS);
    assert_eq!(records.lose_overdue(&overdue(20, 4, 3)), None);
    assert_eq!(picture(&records)[0], (1_000, 'L'));
    assert!(records.resent.is_empty(), "those that arrived are forgotten");
}

#[test]
fn what_is_delivered_is_told_once_and_with_what_was_known_of_it() {
    let mut records = sent(4);
    records.lose_first(MSS);
    records.retransmitted(at(7), ISS, ISS + MSS);
    let mut told: Vec<Delivered> = Vec::new();
    records.on_report((ISS + 2 * MSS, ISS + 3 * MSS), &mut |d| told.push(*d));
    records.on_report((ISS + 2 * MSS, ISS + 3 * MSS), &mut |d| told.push(*d));
    records.on_una(at(9), ISS + 4 * MSS, &mut |d| told.push(*d));
    let seen = |d: &Delivered| (d.sent_at, d.end.since(ISS) / MSS, d.resent);
    let told: Vec<_> = told.iter().map(seen).collect();
    assert_eq!(told, [(at(0), 3, 0), (at(7), 1, 1), (at(0), 2, 0), (at(0), 4, 0)]);
}

#[test]
fn what_is_sent_again_and_again_is_remembered_once() {
    let mut records = sent(4);
    for n in 0..1_000 {
        records.retransmitted(at(n), ISS + 3 * MSS, ISS + 4 * MSS);
        assert!(records.resent.len() <= 2 * 2 + 16, "{}", records.resent.len());
    }
    assert_eq!(picture(&records), [(3_000, '.'), (1_000, 'r')]);
}

/// RFC 8985 §6.3.
#[test]
fn a_timeout_loses_the_first_and_what_is_as_old() {
    let mut records = sent(1);
    for n in 1..4 {
        records.push(at(u64::from(n)), ISS + n * MSS, ISS + (n + 1) * MSS, MSS);
    }
    records.lose_first_and_older_than(at(2));
    assert_eq!(picture(&records), [(1_000, 'L'), (1_000, 'L'), (1_000, 'L'), (1_000, '.')]);
    let mut young = sent(2);
    young.sack(ISS + MSS, ISS + 2 * MSS);
    young.lose_first_and_older_than(Instant::ZERO);
    assert_eq!(picture(&young), [(1_000, 'L'), (1_000, 's')]);
}

#[test]
fn what_is_acquitted_is_in_flight_and_waits_for_a_verdict_again() {
    let mut records = sent(4);
    records.sack(ISS + 3 * MSS, ISS + 4 * MSS);
    records.lose_overdue(&overdue(5, 1, 4));
    records.retransmitted(at(6), ISS, ISS + MSS);
    records.retransmitted(at(7), ISS + MSS, ISS + 2 * MSS);
    records.lose_first(MSS);
    records.acquit();
    assert_eq!(picture(&records), [(1_000, 'r'), (1_000, 'r'), (1_000, '.'), (1_000, 's')]);
    records.lose_overdue(&overdue(7, 3, 4));
    assert_eq!(picture(&records)[..3], [(1_000, 'L'), (1_000, 'r'), (1_000, 'L')]);
    records.lose_overdue(&overdue(9, 4, 4));
    assert_eq!(picture(&records)[1], (1_000, 'L'), "what was sent again too, in its order");
}

#[test]
fn the_first_lost_range_is_offered_whole_and_in_whole_segments() {
    let mut records = sent(10);
    assert_eq!(records.first_lost(9_999), None);
    records.sack(ISS + 8 * MSS, ISS + 9 * MSS);
    records.lose_all();
    assert_eq!(records.first_lost(65_535), Some((ISS, ISS + 8 * MSS)));
    assert_eq!(records.first_lost(2_500), Some((ISS, ISS + 2 * MSS)));
    assert_eq!(records.retransmitted(at(1), ISS, ISS + 3 * MSS), 3);
    assert_eq!(records.first_lost(65_535), Some((ISS + 3 * MSS, ISS + 8 * MSS)));
    assert_eq!(records.retransmitted(at(2), ISS + 3 * MSS, ISS + 8 * MSS), 5);
    assert_eq!(records.first_lost(65_535), Some((ISS + 9 * MSS, ISS + 10 * MSS)));
    records.retransmitted(at(3), ISS + 9 * MSS, ISS + 10 * MSS);
    assert_eq!(records.first_lost(65_535), None);
    let again = [(3_000, 'r'), (5_000, 'r'), (1_000, 's'), (1_000, 'r')];
    assert_eq!(picture(&records), again);
}

#[test]
fn records_that_were_sent_apart_are_offered_together() {
    let mut records = Records::default();
    for n in 0..5 {
        records.push(at(0), ISS + n * MSS, ISS + (n + 1) * MSS, MSS);
    }
    records.lose_all();
    assert_eq!(records.first_lost(65_535), Some((ISS, ISS + 5 * MSS)));
    assert_eq!(records.first_lost(3_999), Some((ISS, ISS + 3 * MSS)));
    // Sent again by a clip that falls inside a record.
    records.retransmitted(at(1), ISS, ISS + 1_500);
    assert_eq!(picture(&records)[..3], [(1_000, 'r'), (500, 'r'), (500, 'L')]);
    assert_eq!(records.first_lost(65_535), Some((ISS + 1_500, ISS + 5 * MSS)));
}

#[test]
fn what_is_lost_again_is_offered_again() {
    let mut records = sent(3);
    records.lose_all();
    records.retransmitted(at(1), ISS, ISS + 3 * MSS);
    assert_eq!(records.in_flight(), 3_000);
    records.lose_all();
    assert_eq!((records.in_flight(), records.first_lost(9_999)), (0, Some((ISS, ISS + 3 * MSS))));
}

#[test]
fn a_report_of_what_counted_as_lost_ends_the_wish_to_send_it() {
    let mut records = sent(3);
    records.lose_all();
    assert_eq!(records.sack(ISS, ISS + 2 * MSS).0, 2_000);
    assert_eq!(records.first_lost(9_999), Some((ISS + 2 * MSS, ISS + 3 * MSS)));
    records.forget_sacked();
    assert_eq!(picture(&records), [(2_000, '.'), (1_000, 'L')]);
}
