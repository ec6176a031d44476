//! What do the records promise, whatever a peer reports?

extern crate std;

use super::{Records, Standing};
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

/// They tile what is outstanding, and the counts agree with them.
pub(in crate::recovery) fn check(records: &Records) {
    let of = |standing| {
        let with = records.records.iter().filter(|record| record.standing == standing);
        with.map(super::Record::len).sum::<u32>()
    };
    for (record, next) in records.records.iter().zip(records.records.iter().skip(1)) {
        assert_eq!(record.to, next.from, "a gap or an overlap");
    }
    assert!(records.records.iter().all(|record| record.from.before(record.to)), "an empty record");
    assert_eq!(records.lost, of(Standing::Lost));
    assert_eq!(records.sacked, of(Standing::Sacked));
    assert_eq!(records.in_flight(), of(Standing::InFlight));
    let lost_before = |r: &&super::Record| r.from.before(records.lost_from);
    let skipped = records.records.iter().filter(lost_before);
    assert!(records.lost == 0 || skipped.clone().all(|r| r.standing != Standing::Lost));
    assert_eq!(records.is_empty(), records.records.capacity() == 0, "memory for nothing");
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

#[test]
fn only_what_is_in_flight_and_was_sent_once_can_be_found_lost() {
    let mut records = sent(6);
    records.sack(ISS + MSS, ISS + 2 * MSS);
    records.lose_first(MSS);
    records.retransmitted(at(9), ISS, ISS + MSS);
    assert_eq!(records.lose_between(ISS, ISS + 2 * MSS), 0);
    records.sack(ISS + 3 * MSS, ISS + 6 * MSS);
    assert_eq!(records.lose_between(ISS, ISS + 3 * MSS), 1_000);
    assert_eq!(picture(&records), [(1_000, 'r'), (1_000, 's'), (1_000, 'L'), (3_000, 's')]);
    assert_eq!(records.lose_between(ISS, ISS + 3 * MSS), 0);
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
