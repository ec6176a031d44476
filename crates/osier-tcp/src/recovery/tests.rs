//! What does recovery promise, by RFC 6298, 6582 and 6675?

extern crate std;

use super::records::tests::{check, count};
use super::{
    AckArrived, AckOutcome, Alarm, Cause, Duplicate, Found, Phase, ProbeOf, Recovery, SackUse, Turn,
};
use crate::config::{Floor, RtoConfig};
use osier_time::{Duration, Instant};
use osier_wire::SeqNumber;
use osier_wire::tcp::SackBlocks;
use proptest::prelude::*;
use std::collections::{BTreeSet, VecDeque};
use std::vec;
use std::vec::Vec;

const MSS: u32 = 1_000;
const ISS: SeqNumber = SeqNumber(u32::MAX - 4_500);

fn ms(n: u64) -> Duration {
    Duration::from_millis(n)
}

/// A sender whose segments are numbered from 0.
#[derive(Debug)]
struct Sender {
    recovery: Recovery,
    now: Instant,
    una: SeqNumber,
    nxt: SeqNumber,
    echo: Option<Duration>,
}

impl Sender {
    fn new(sack: SackUse) -> Self {
        let config = RtoConfig {
            initial: ms(1_000),
            min: ms(200),
            floor: Floor::Deviations,
            max: ms(120_000),
        };
        let recovery = Recovery::new(config, sack);
        Sender { recovery, now: Instant::from_secs(1), una: ISS, nxt: ISS, echo: None }
    }

    /// Sends so many segments, one by one.
    fn sends(sack: SackUse, segments: u32) -> Self {
        let mut sender = Sender::new(sack);
        (0..segments).for_each(|_| sender.send(MSS));
        sender
    }

    fn send(&mut self, octets: u32) {
        let from = self.nxt;
        self.nxt += octets;
        self.recovery.on_sent(self.now, from, self.nxt, MSS);
    }

    fn wait(&mut self, millis: u64) {
        self.now += ms(millis);
    }

    /// An acknowledgment of segments up to `to`, and of the blocks.
    fn gets(&mut self, to: u32, blocks: &[(u32, u32)]) -> AckOutcome {
        let mut sack = SackBlocks::NONE;
        for (left, right) in blocks {
            sack.push(ISS + left * MSS, ISS + right * MSS);
        }
        self.gets_ack(ISS + to * MSS, sack)
    }

    fn gets_ack(&mut self, ack: SeqNumber, sack: SackBlocks) -> AckOutcome {
        let duplicate = ack == self.una && self.una != self.nxt;
        let arrived = AckArrived {
            ack,
            una_before: self.una,
            nxt: self.nxt,
            sack,
            kind: if duplicate { Duplicate::Yes } else { Duplicate::No },
            echoed_rtt: self.echo,
            mss: MSS,
        };
        let mut in_full = self.recovery.clone();
        let outcome = self.recovery.on_ack(self.now, &arrived);
        // Whatever way was taken, it leads where the long one does.
        assert_eq!(outcome, in_full.on_any_ack(self.now, &arrived));
        assert_eq!(std::format!("{:?}", self.recovery), std::format!("{in_full:?}"));
        self.una = self.una.max(ack);
        self.check();
        outcome
    }

    fn gets_duplicates(&mut self, n: u32) {
        for _ in 0..n {
            self.gets(0, &[]);
        }
    }

    /// Sends again what is offered, up to so many segments; says which, and why.
    fn resends(&mut self, segments: u32) -> Option<(u32, u32, Cause)> {
        let offered = self.recovery.next_retransmission()?;
        let to = offered.to.min(offered.from + segments * MSS);
        self.recovery.on_retransmitted(self.now, offered.from, to);
        self.check();
        Some((offered.from.since(ISS) / MSS, to.since(ISS) / MSS, offered.cause))
    }

    fn in_flight(&self) -> u32 {
        self.recovery.in_flight() / MSS
    }

    fn check(&self) {
        let records = &self.recovery.records;
        check(records);
        assert_eq!(records.outstanding(), self.nxt.since(self.una));
        assert_eq!(records.first().map(|first| first.from), records.end().map(|_| self.una));
        assert_eq!(records.end().unwrap_or(self.nxt), self.nxt);
        assert!(self.recovery.in_flight() <= records.outstanding());
    }
}

// Without SACK: RFC 5681 §3.2, RFC 6582.

/// RFC 5681 §3.2, step 2.
#[test]
fn the_third_duplicate_shows_a_loss_and_the_first_segment_is_sent_again() {
    let mut sender = Sender::sends(SackUse::Off, 10);
    assert_eq!(sender.gets(0, &[]).turn, Turn::None);
    assert_eq!(sender.gets(0, &[]).turn, Turn::None);
    assert_eq!(sender.recovery.next_retransmission(), None);
    let third = sender.gets(0, &[]);
    assert_eq!((third.turn, third.in_flight_before), (Turn::LossFound, 8_000));
    assert_eq!(sender.recovery.phase(), Phase::FastRecovery);
    assert_eq!(sender.resends(9), Some((0, 1, Cause::Fast)));
    assert_eq!(sender.resends(9), None);
    assert_eq!(sender.gets(0, &[]).turn, Turn::None, "the fourth changes nothing");
    assert_eq!(sender.recovery.next_retransmission(), None);
}

/// RFC 3042: the first two duplicates let new segments go, since what they tell of has left.
#[test]
fn each_duplicate_says_that_a_segment_has_left_the_network() {
    let mut sender = Sender::sends(SackUse::Off, 10);
    for in_flight in [9, 8] {
        sender.gets(0, &[]);
        assert_eq!(sender.in_flight(), in_flight);
    }
    // Another three and one known to be lost.
    sender.gets(0, &[]);
    assert_eq!(sender.in_flight(), 6);
    sender.resends(1);
    assert_eq!(sender.in_flight(), 7);
    for _ in 0..50 {
        sender.gets(0, &[]);
    }
    assert_eq!(sender.in_flight(), 1, "what was sent again is still on its way");
}

/// RFC 6582 §3.2, step 3: a full acknowledgment.
#[test]
fn an_acknowledgment_of_everything_ends_the_recovery() {
    let mut sender = Sender::sends(SackUse::Off, 5);
    sender.gets_duplicates(4);
    sender.resends(1);
    sender.send(MSS);
    let outcome = sender.gets(5, &[]);
    assert_eq!((outcome.turn, outcome.acked), (Turn::RecoveryOver, 5_000));
    assert_eq!((sender.recovery.phase(), sender.in_flight()), (Phase::Open, 1));
}

/// RFC 6582 §3.2, step 3: partial acknowledgments. Segments 0, 4 and 7 of ten are lost.
#[test]
fn a_partial_acknowledgment_shows_the_next_loss() {
    let mut sender = Sender::sends(SackUse::Off, 10);
    sender.gets_duplicates(7);
    assert_eq!(sender.resends(1), Some((0, 1, Cause::Fast)));
    assert_eq!(sender.in_flight(), 3, "4, 7 and what was sent again");
    assert_eq!(sender.gets(4, &[]).turn, Turn::PartialAck);
    assert_eq!(sender.in_flight(), 1, "7, since 4 is now known to be lost");
    assert_eq!(sender.resends(9), Some((4, 5, Cause::Recovery)));
    assert_eq!(sender.gets(7, &[]).turn, Turn::PartialAck);
    assert_eq!(sender.resends(9), Some((7, 8, Cause::Recovery)));
    assert_eq!(sender.in_flight(), 1);
    assert_eq!(sender.gets(10, &[]).turn, Turn::RecoveryOver);
}

/// RFC 6582 §3.2, steps 1 and 4: retransmissions of what had arrived draw duplicates.
#[test]
fn duplicates_that_follow_a_timeout_show_no_loss_until_something_newer_is_acknowledged() {
    let mut sender = Sender::sends(SackUse::Off, 4);
    sender.recovery.on_rto(sender.now);
    assert_eq!(sender.resends(4), Some((0, 4, Cause::Timeout)));
    assert_eq!(sender.gets(4, &[]).turn, Turn::RecoveryOver);
    (0..6).for_each(|_| sender.send(MSS));
    for _ in 0..5 {
        assert_eq!(sender.gets(4, &[]).turn, Turn::None);
    }
    assert_eq!(sender.gets(5, &[]).turn, Turn::None);
    sender.gets(5, &[]);
    sender.gets(5, &[]);
    assert_eq!(sender.gets(5, &[]).turn, Turn::LossFound);
}

#[test]
fn reordering_of_two_places_is_no_loss() {
    let mut sender = Sender::sends(SackUse::Off, 10);
    sender.gets(0, &[]);
    sender.gets(0, &[]);
    assert_eq!(sender.gets(3, &[]).turn, Turn::None);
    assert_eq!(sender.in_flight(), 7);
    // The count begins anew.
    sender.gets(3, &[]);
    assert_eq!(sender.gets(3, &[]).turn, Turn::None);
}

// With SACK: RFC 2018, RFC 6675.

/// RFC 6675 §4, IsLost.
#[test]
fn a_segment_is_lost_when_three_above_it_are_reported() {
    let mut sender = Sender::sends(SackUse::On, 10);
    assert_eq!(sender.gets(0, &[(1, 2)]).turn, Turn::None);
    assert_eq!(sender.gets(0, &[(1, 3)]).turn, Turn::None);
    assert_eq!(sender.in_flight(), 8);
    let third = sender.gets(0, &[(1, 4)]);
    assert_eq!((third.turn, third.sacked, third.in_flight_before), (Turn::LossFound, 1_000, 8_000));
    assert_eq!(sender.in_flight(), 6);
    assert_eq!(sender.resends(9), Some((0, 1, Cause::Overtaken)));
    assert_eq!(sender.in_flight(), 7);
}

#[test]
fn one_report_of_a_super_segment_shows_the_loss_at_once() {
    let mut sender = Sender::new(SackUse::On);
    sender.send(40 * MSS);
    assert_eq!(sender.gets(0, &[(1, 40)]).turn, Turn::LossFound);
    assert_eq!(sender.resends(9), Some((0, 1, Cause::Overtaken)));
    assert_eq!(sender.gets(40, &[]).turn, Turn::RecoveryOver);
}

#[test]
fn reports_without_duplicates_as_rfc_5681_counts_them_are_enough() {
    let mut sender = Sender::sends(SackUse::On, 10);
    for _ in 0..9 {
        assert_eq!(sender.gets(0, &[]).turn, Turn::None, "a duplicate that reports nothing");
    }
}

#[test]
fn small_segments_count_as_segments() {
    let mut sender = Sender::new(SackUse::On);
    (0..5).for_each(|_| sender.send(10));
    let mut sack = SackBlocks::NONE;
    sack.push(ISS + 10, ISS + 30);
    assert_eq!(sender.gets_ack(ISS, sack).turn, Turn::None);
    let mut sack = SackBlocks::NONE;
    sack.push(ISS + 10, ISS + 40);
    assert_eq!(sender.gets_ack(ISS, sack).turn, Turn::LossFound);
}

/// Segments 0, 3 and 4 of twelve are lost. RFC 8985 §6.2, step 4: once a loss is known on a path
/// that keeps order, one segment above a hole is enough.
#[test]
fn all_holes_are_offered_first_to_last_and_each_once() {
    let mut sender = Sender::sends(SackUse::On, 12);
    sender.gets(0, &[(1, 3)]);
    assert_eq!(sender.resends(9), None, "two above the first hole are not enough");
    sender.gets(0, &[(5, 6), (1, 3)]);
    assert_eq!(sender.resends(1), Some((0, 1, Cause::Overtaken)));
    assert_eq!(sender.resends(1), Some((3, 4, Cause::Overtaken)));
    assert_eq!(sender.resends(1), Some((4, 5, Cause::Overtaken)));
    assert_eq!(sender.in_flight(), 9, "six never reported and three sent again");
    sender.gets(0, &[(5, 12), (1, 3)]);
    assert_eq!(sender.resends(9), None);
    assert_eq!(sender.gets(3, &[(5, 12)]).turn, Turn::PartialAck);
    assert_eq!(sender.resends(9), None, "it is on its way");
    assert_eq!(sender.gets(12, &[]).turn, Turn::RecoveryOver);
}

/// RFC 8985 §3.1: what was sent again has arrived, so what was sent before it and has not is lost,
/// though nothing above it can be reported.
#[test]
fn a_loss_at_the_end_of_the_flight_is_repaired_without_the_timer() {
    let mut sender = Sender::sends(SackUse::On, 8);
    sender.gets(0, &[(1, 7)]);
    sender.wait(10);
    assert_eq!(sender.resends(9), Some((0, 1, Cause::Overtaken)));
    sender.wait(10);
    assert_eq!(sender.gets(7, &[]).turn, Turn::PartialAck);
    assert_eq!(sender.resends(9), Some((7, 8, Cause::Overtaken)));
    assert_eq!(sender.gets(8, &[]).turn, Turn::RecoveryOver);
}

#[test]
fn what_is_sent_in_recovery_and_lost_is_found_when_it_is_over() {
    let mut sender = Sender::sends(SackUse::On, 5);
    sender.gets(0, &[(1, 5)]);
    sender.resends(1);
    (0..5).for_each(|_| sender.send(MSS));
    assert_eq!(sender.gets(5, &[(6, 8)]).turn, Turn::RecoveryOver);
    assert_eq!(sender.gets(5, &[(6, 9)]).turn, Turn::LossFound);
    assert_eq!(sender.resends(1), Some((5, 6, Cause::Overtaken)));
}

#[test]
fn a_recovery_may_end_as_the_next_one_begins() {
    let mut sender = Sender::sends(SackUse::On, 5);
    sender.gets(0, &[(1, 5)]);
    sender.resends(1);
    (0..5).for_each(|_| sender.send(MSS));
    assert_eq!(sender.gets(5, &[(6, 9)]).turn, Turn::NextLoss);
    assert_eq!(sender.recovery.phase(), Phase::FastRecovery);
    assert_eq!(sender.resends(1), Some((5, 6, Cause::Overtaken)));
}

// RFC 8985.

/// A sender that has measured a round trip of 40 ms, and has ten more segments in flight.
fn measured() -> Sender {
    let mut sender = Sender::sends(SackUse::On, 1);
    sender.wait(40);
    assert_eq!(sender.gets(1, &[]).rtt, Some(ms(40)));
    for _ in 0..10 {
        sender.send(MSS);
        sender.wait(1);
    }
    sender
}

/// §6.2, step 4: fewer than three reported, so the path may have reordered by a quarter of the
/// round trip; §6.3: the timer.
#[test]
fn a_single_report_shows_a_loss_a_quarter_of_the_round_trip_later() {
    let mut sender = measured();
    sender.wait(31);
    let first = sender.gets(1, &[(2, 3)]);
    assert_eq!((first.turn, first.rtt), (Turn::None, Some(ms(40))));
    assert_eq!(sender.recovery.alarm(), Some(sender.now + ms(9)), "sent 1 ms earlier");
    sender.wait(8);
    assert_eq!(sender.recovery.on_alarm(sender.now), Alarm::Nothing);
    sender.wait(1);
    let found = sender.recovery.on_alarm(sender.now);
    assert_eq!(found, Alarm::LossFound { in_flight_before: 9_000 });
    assert_eq!(sender.recovery.phase(), Phase::FastRecovery);
    assert_eq!(sender.resends(9), Some((1, 2, Cause::Overtaken)));
    assert_eq!(sender.gets(11, &[]).turn, Turn::RecoveryOver);
}

/// §6.2, steps 3 and 4.
#[test]
fn on_a_path_that_reorders_three_reports_are_not_enough_and_time_is() {
    let mut sender = measured();
    sender.wait(31);
    sender.gets(1, &[(2, 3)]);
    assert_eq!(sender.gets(3, &[]).turn, Turn::None, "it was only late");
    assert_eq!(sender.gets(3, &[(4, 11)]).turn, Turn::None, "seven reports");
    assert_eq!(sender.recovery.alarm(), Some(sender.now + ms(1)), "8 ms, of which 7 are over");
    sender.wait(1);
    assert_eq!(sender.recovery.on_alarm(sender.now), Alarm::LossFound { in_flight_before: 1_000 });
}

/// A retransmission that is lost again is found again, as long as something is sent after it.
#[test]
fn a_lost_retransmission_is_sent_again_without_the_timer() {
    let mut sender = measured();
    sender.wait(30);
    assert_eq!(sender.gets(1, &[(2, 11)]).turn, Turn::LossFound);
    for _ in 0..3 {
        assert_eq!(sender.resends(1), Some((1, 2, Cause::Overtaken)));
        let sent_after = sender.nxt.since(ISS) / MSS;
        sender.send(MSS);
        sender.wait(40);
        assert_eq!(sender.gets(1, &[(2, sent_after)]).turn, Turn::None);
        assert_eq!(sender.resends(1), None, "it is on its way");
        assert_eq!(sender.gets(1, &[(2, sent_after + 1)]).lost, MSS);
    }
    assert_eq!(sender.recovery.phase(), Phase::FastRecovery);
    assert_eq!(sender.recovery.retransmitted_total(), 3);
}

/// RFC 8985 §7.2 to §7.4.
#[test]
fn after_two_round_trips_of_silence_the_end_of_the_flight_is_asked_after() {
    let mut sender = measured();
    let last_sent = sender.now - ms(1);
    assert_eq!(sender.recovery.alarm(), Some(last_sent + ms(80)));
    sender.wait(79);
    assert_eq!(sender.recovery.on_alarm(sender.now), Alarm::Probe);
    let (from, to) = sender.recovery.last_segment().unwrap();
    assert_eq!((from, to), (ISS + 10 * MSS, ISS + 11 * MSS));
    sender.recovery.on_retransmitted(sender.now, from, to);
    sender.recovery.on_probe_sent(ProbeOf::LastSegment);
    assert_eq!(sender.recovery.alarm(), None, "one probe, and then the timer");
    sender.wait(40);
    // All ten are lost but for the probe, which shows it.
    let answer = sender.gets(1, &[(10, 11)]);
    assert_eq!((answer.turn, answer.lost), (Turn::LossFound, 9_000));
    assert_eq!(sender.resends(20), Some((1, 10, Cause::Overtaken)));
}

/// RFC 8985 §7.4.2: the last segment was lost, and the probe was it.
#[test]
fn a_loss_that_the_probe_repaired_counts_as_one() {
    let mut sender = measured();
    sender.wait(30);
    sender.gets(10, &[]);
    sender.wait(200);
    assert_eq!(sender.recovery.on_alarm(sender.now), Alarm::Probe);
    let (from, to) = sender.recovery.last_segment().unwrap();
    sender.recovery.on_retransmitted(sender.now, from, to);
    sender.recovery.on_probe_sent(ProbeOf::LastSegment);
    sender.send(MSS);
    sender.wait(40);
    assert_eq!(sender.gets(11, &[]).turn, Turn::None, "it may be of the first transmission");
    assert_eq!(sender.gets(12, &[]).turn, Turn::ProbeRepaired);
}

#[test]
fn while_something_is_reported_or_being_repaired_no_probe_is_due() {
    let mut sender = measured();
    sender.wait(30);
    sender.gets(1, &[(2, 5)]);
    assert_eq!(sender.recovery.alarm(), None, "fast recovery");
    let mut sender = measured();
    sender.recovery.on_rto(sender.now);
    sender.resends(1);
    assert_eq!(sender.recovery.alarm(), None, "the timer has expired");
    let mut sender = Sender::sends(SackUse::Off, 5);
    sender.wait(10);
    sender.gets(1, &[]);
    assert_eq!(sender.recovery.alarm(), None, "no SACK");
}

// RFC 3522, RFC 5682.

#[test]
fn a_segment_that_was_only_overtaken_ends_the_recovery_and_teaches_patience() {
    let mut sender = measured();
    sender.wait(31);
    assert_eq!(sender.gets(1, &[(2, 6)]).turn, Turn::LossFound);
    sender.resends(1);
    sender.wait(2);
    sender.echo = Some(ms(44));
    let spurious = sender.gets(6, &[]);
    assert_eq!((spurious.turn, spurious.acked), (Turn::Spurious(Found::Reports), 5_000));
    assert_eq!((sender.recovery.phase(), sender.in_flight()), (Phase::Open, 5));
    assert_eq!(sender.gets(6, &[(7, 10)]).turn, Turn::None, "three reports are not enough now");
}

#[test]
fn after_a_needless_timeout_nothing_more_is_sent_again() {
    let mut sender = measured();
    sender.wait(300);
    sender.recovery.on_rto(sender.now);
    assert_eq!(sender.resends(1), Some((1, 2, Cause::Timeout)));
    assert_eq!(sender.in_flight(), 1);
    sender.wait(5);
    sender.echo = Some(ms(310));
    assert_eq!(sender.gets(3, &[]).turn, Turn::Spurious(Found::Timeout));
    assert_eq!((sender.recovery.phase(), sender.in_flight()), (Phase::Open, 8));
    assert_eq!(sender.resends(9), None);
    assert_eq!(sender.gets(11, &[]).acked, 8_000);
}

/// RFC 5682 §2.1, for a peer without timestamps.
#[test]
fn new_text_finds_out_that_a_timeout_was_needless() {
    for sack in [SackUse::On, SackUse::Off] {
        let mut sender = Sender::sends(sack, 5);
        sender.wait(1_000);
        sender.recovery.on_rto(sender.now);
        sender.resends(1);
        sender.wait(5);
        assert_eq!(sender.gets(1, &[]).turn, Turn::None);
        assert!(sender.recovery.asks_with_new_text());
        assert_eq!(sender.resends(9), None);
        sender.send(MSS);
        sender.send(MSS);
        assert_eq!(sender.gets(2, &[]).turn, Turn::Spurious(Found::Timeout));
        assert_eq!(sender.in_flight(), 5);
    }
}

/// RFC 2018 §4: blocks are repeated.
#[test]
fn a_report_repeated_is_no_news() {
    let mut sender = Sender::sends(SackUse::On, 20);
    assert_eq!(sender.gets(0, &[(5, 7)]).sacked, 2_000);
    assert_eq!(sender.gets(0, &[(5, 7)]).sacked, 0);
    assert_eq!(sender.gets(0, &[(9, 12), (5, 7)]).sacked, 3_000);
    assert_eq!(sender.gets(0, &[(4, 8), (9, 12)]).sacked, 2_000);
    assert_eq!(sender.gets(0, &[]).sacked, 0);
    assert_eq!(sender.gets(0, &[(4, 12)]).sacked, 1_000);
}

/// RFC 2883: a duplicate says nothing of what is lost.
#[test]
fn the_report_of_a_duplicate_is_passed_over() {
    let mut sender = Sender::sends(SackUse::On, 10);
    let outcome = sender.gets(4, &[(1, 3)]);
    assert_eq!((outcome.acked, outcome.sacked), (4_000, 0));
    let outcome = sender.gets(4, &[(6, 7), (6, 8)]);
    assert_eq!(outcome.sacked, 2_000);
}

#[test]
fn blocks_that_make_no_sense_are_ignored() {
    let mut sender = Sender::sends(SackUse::On, 10);
    sender.gets(2, &[]);
    let before = count(&sender.recovery.records);
    // Beyond SND.NXT, backwards, empty, from SND.UNA itself.
    let outcome = sender.gets(2, &[(5, 11), (6, 5), (7, 7), (2, 9)]);
    assert_eq!((outcome.sacked, outcome.turn), (0, Turn::None));
    assert_eq!(count(&sender.recovery.records), before);
    let mut far = SackBlocks::NONE;
    far.push(ISS + (1 << 31), ISS + (1 << 31) + 1);
    assert_eq!(sender.gets_ack(sender.una, far).sacked, 0);
}

#[test]
fn without_agreement_on_sack_its_blocks_mean_nothing() {
    let mut sender = Sender::sends(SackUse::Off, 10);
    assert_eq!(sender.gets(0, &[(1, 9)]).sacked, 0);
    assert_eq!(sender.in_flight(), 9, "a duplicate all the same");
}

#[test]
fn an_old_acknowledgment_moves_nothing_back() {
    let mut sender = Sender::sends(SackUse::On, 10);
    sender.gets(6, &[]);
    let outcome = sender.gets(3, &[(4, 5), (7, 8)]);
    assert_eq!((outcome.acked, outcome.sacked, outcome.rtt), (0, 1_000, Some(ms(0))));
    assert_eq!(sender.in_flight(), 3);
}

// The timer: RFC 6298.

/// RFC 6298 §5.4 to §5.6.
#[test]
fn when_the_timer_expires_everything_is_lost_and_the_wait_doubles() {
    let mut sender = Sender::sends(SackUse::Off, 4);
    assert_eq!(sender.recovery.rto(), ms(1_000));
    sender.recovery.on_rto(sender.now);
    assert_eq!((sender.recovery.rto(), sender.recovery.attempts()), (ms(2_000), 1));
    assert_eq!((sender.in_flight(), sender.recovery.phase()), (0, Phase::Loss));
    assert_eq!(sender.resends(1), Some((0, 1, Cause::Timeout)));
    assert_eq!(sender.in_flight(), 1);
    sender.recovery.on_rto(sender.now);
    assert_eq!((sender.recovery.rto(), sender.recovery.attempts()), (ms(4_000), 2));
    assert_eq!(sender.resends(1), Some((0, 1, Cause::Timeout)), "the first once more");
    assert_eq!(sender.resends(3), Some((1, 4, Cause::Timeout)));
    assert_eq!(sender.recovery.retransmitted_total(), 5);
}

#[test]
fn a_timer_without_anything_in_flight_changes_nothing() {
    let mut sender = Sender::new(SackUse::On);
    sender.recovery.on_rto(sender.now);
    assert_eq!((sender.recovery.attempts(), sender.recovery.phase()), (0, Phase::Open));
    assert!(sender.recovery.is_empty());
}

/// RFC 6675 §5.1: what was reported need not be sent again.
#[test]
fn a_timeout_spares_what_was_reported() {
    let mut sender = Sender::sends(SackUse::On, 6);
    sender.gets(0, &[(2, 4)]);
    sender.wait(1);
    sender.recovery.on_rto(sender.now);
    assert_eq!(sender.resends(9), Some((0, 2, Cause::Timeout)));
    assert_eq!(sender.resends(9), Some((4, 6, Cause::Timeout)));
    assert_eq!(sender.gets(4, &[]).turn, Turn::None);
    assert_eq!(sender.gets(6, &[]).turn, Turn::RecoveryOver);
}

/// RFC 2018 §8: a receiver may drop what it has reported.
#[test]
fn a_receiver_that_dropped_what_it_reported_gets_it_again() {
    let mut sender = Sender::sends(SackUse::On, 6);
    sender.gets(0, &[(1, 3)]);
    sender.wait(1);
    sender.recovery.on_rto(sender.now);
    assert_eq!(sender.resends(1), Some((0, 1, Cause::Timeout)));
    assert_eq!(sender.gets(1, &[]).turn, Turn::None, "1 and 2 should have come along");
    sender.recovery.cannot_ask();
    assert_eq!(sender.resends(9), Some((3, 6, Cause::Timeout)));
    sender.recovery.on_rto(sender.now);
    assert_eq!(sender.resends(9), Some((1, 6, Cause::Timeout)));
    assert_eq!(sender.gets(1, &[(2, 3)]).sacked, 1_000, "a new report counts");
}

/// RFC 6675 §5.1: no fast recovery until everything of before the timeout is acknowledged.
#[test]
fn after_a_timeout_reports_start_no_fast_recovery() {
    let mut sender = Sender::sends(SackUse::On, 10);
    sender.recovery.on_rto(sender.now);
    sender.resends(2);
    assert_eq!(sender.gets(1, &[(4, 9)]).turn, Turn::None);
    assert_eq!(sender.recovery.phase(), Phase::Loss);
    sender.recovery.cannot_ask();
    assert_eq!(sender.resends(9), Some((2, 4, Cause::Timeout)));
    assert_eq!(sender.gets(10, &[]).turn, Turn::RecoveryOver);
}

/// RFC 6298 §3 [MUST], and RFC 7323 §4.1.
#[test]
fn what_was_sent_twice_is_measured_by_its_echo_only() {
    let mut sender = Sender::sends(SackUse::On, 2);
    sender.wait(1_000);
    sender.recovery.on_rto(sender.now);
    sender.resends(9);
    sender.wait(30);
    let unmeasured = sender.gets(1, &[]);
    assert_eq!((unmeasured.rtt, sender.recovery.srtt()), (None, None));
    assert_eq!((sender.recovery.rto(), sender.recovery.attempts()), (ms(2_000), 0));
    sender.echo = Some(ms(30));
    assert_eq!(sender.gets(2, &[]).rtt, Some(ms(30)));
    assert_eq!(sender.recovery.rto(), ms(230), "the backing off is over");
}

#[test]
fn an_echo_counts_only_when_something_new_is_acknowledged_and_nothing_better_is_known() {
    let mut sender = Sender::sends(SackUse::Off, 2);
    sender.wait(40);
    sender.echo = Some(ms(77));
    assert_eq!(sender.gets(0, &[]).rtt, None);
    assert_eq!(sender.gets(1, &[]).rtt, Some(ms(40)));
}

#[test]
fn the_round_trip_is_measured_by_acknowledgments_and_reports() {
    let mut sender = Sender::sends(SackUse::On, 5);
    sender.wait(100);
    assert_eq!(sender.gets(1, &[]).rtt, Some(ms(100)));
    assert_eq!((sender.recovery.srtt(), sender.recovery.rttvar()), (Some(ms(100)), Some(ms(50))));
    assert_eq!(sender.recovery.rto(), ms(300));
    sender.wait(20);
    assert_eq!(sender.gets(1, &[(3, 4)]).rtt, Some(ms(120)));
    sender.recovery.on_rtt(ms(60));
    assert_eq!(sender.recovery.rtt.min(), Some(ms(60)));
}

/// RFC 6298 §5.7.
#[test]
fn a_syn_that_timed_out_leaves_three_seconds_for_text() {
    let mut sender = Sender::new(SackUse::On);
    sender.send(1);
    sender.recovery.on_syn_timeout();
    sender.recovery.on_retransmitted(sender.now, ISS, ISS + 1);
    assert_eq!(sender.gets_ack(ISS + 1, SackBlocks::NONE).acked, 1);
    assert_eq!(sender.recovery.rto(), ms(3_000));
}

/// RFC 1191 §6.4.
#[test]
fn on_a_narrower_path_what_is_too_long_is_sent_again_without_a_loss_being_found() {
    let mut sender = Sender::sends(SackUse::On, 3);
    sender.send(100);
    sender.recovery.on_path_mtu(600);
    assert_eq!(sender.recovery.phase(), Phase::Open);
    assert_eq!(sender.recovery.in_flight(), 100);
    assert_eq!(sender.resends(9), Some((0, 3, Cause::PathMtu)));
    assert_eq!(sender.recovery.retransmitted_total(), 6);
}

// Properties.

/// An event that a peer or the timer can bring, honest or not. In hundreds of octets.
#[derive(Clone, Debug)]
enum Event {
    Send(u32),
    Ack(u32, Vec<(u32, u32)>),
    Resend(u32),
    Timeout,
    Alarm,
    Probe,
    PathMtu(u32),
}

fn event() -> impl Strategy<Value = Event> {
    let block = (0..200u32, 0..60u32);
    let blocks = prop::collection::vec(block, 0..4);
    prop_oneof![
        3 => (1..80u32).prop_map(Event::Send),
        4 => ((0..30u32), blocks).prop_map(|(ack, blocks)| Event::Ack(ack, blocks)),
        3 => (1..50u32).prop_map(Event::Resend),
        1 => Just(Event::Timeout),
        2 => Just(Event::Alarm),
        1 => Just(Event::Probe),
        1 => (300..1_200u32).prop_map(Event::PathMtu),
    ]
}

fn sack_use() -> impl Strategy<Value = SackUse> {
    prop_oneof![Just(SackUse::On), Just(SackUse::Off)]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    /// Whatever the peer says, the records tile what is outstanding, the counts agree with them,
    /// and they are no more than the segments sent.
    #[test]
    fn nothing_that_a_peer_says_upsets_the_records(
        sack in sack_use(),
        events in prop::collection::vec(event(), 1..80),
    ) {
        let mut sender = Sender::new(sack);
        let mut segments = 0;
        for event in events {
            sender.wait(7);
            match event {
                Event::Send(hundreds) => {
                    sender.send(hundreds * 100);
                    segments += (hundreds * 100).div_ceil(300);
                }
                Event::Ack(ahead, blocks) => {
                    let mut sack = SackBlocks::NONE;
                    for (left, len) in blocks {
                        let left = sender.una + left * 100;
                        sack.push(left, left + len * 100);
                    }
                    let most = sender.nxt.since(sender.una);
                    let before = sender.recovery.in_flight();
                    let outcome = sender.gets_ack(sender.una + most.min(ahead * 100), sack);
                    prop_assert_eq!(outcome.acked, most.min(ahead * 100));
                    prop_assert_eq!(outcome.in_flight_before, before);
                }
                Event::Resend(hundreds) => {
                    if let Some(offered) = sender.recovery.next_retransmission() {
                        prop_assert!(offered.from.before(offered.to));
                        let to = offered.to.min(offered.from + hundreds * 100);
                        sender.recovery.on_retransmitted(sender.now, offered.from, to);
                        segments += 2;
                    }
                }
                Event::Timeout => sender.recovery.on_rto(sender.now),
                Event::Alarm => {
                    sender.recovery.on_alarm(sender.now);
                }
                Event::Probe => {
                    if let Some((from, to)) = sender.recovery.last_segment() {
                        sender.recovery.on_retransmitted(sender.now, from, to);
                        sender.recovery.on_probe_sent(ProbeOf::LastSegment);
                        segments += 2;
                    }
                }
                Event::PathMtu(mss) => sender.recovery.on_path_mtu(mss),
            }
            sender.check();
            prop_assert!(count(&sender.recovery.records) <= segments as usize);
        }
    }

    /// Over a path that loses and swaps, in both directions, everything arrives in the end, and
    /// nothing is sent again that was reported.
    #[test]
    fn everything_lost_is_offered_until_it_arrives(
        sack in sack_use(),
        fate in prop::collection::vec(0..100u8, 64..256),
        loss in 0..40u8,
        segments in 1..120u32,
    ) {
        let mut path = Path::new(sack, fate, loss);
        for _ in 0..4_000 {
            path.turn(segments);
            if path.sender.una == ISS + segments * MSS {
                break;
            }
        }
        prop_assert_eq!(path.sender.una, ISS + segments * MSS);
        prop_assert_eq!(path.sender.in_flight(), 0);
        prop_assert!(path.sender.recovery.is_empty());
        if loss == 0 {
            prop_assert_eq!(path.timeouts, 0);
            prop_assert_eq!(path.sender.recovery.retransmitted_total(), 0);
        }
    }
}

/// A sender with a window of ten segments, a receiver, and a path whose fates are given.
struct Path {
    sender: Sender,
    /// Segments on their way, by number, and those that the receiver holds.
    flying: VecDeque<u32>,
    held: BTreeSet<u32>,
    /// What the sender was told that the receiver holds.
    reported: BTreeSet<u32>,
    timeouts: u32,
    answers: VecDeque<(u32, Vec<(u32, u32)>)>,
    fate: Vec<u8>,
    loss: u8,
    at: usize,
}

impl Path {
    fn new(sack: SackUse, fate: Vec<u8>, loss: u8) -> Self {
        Path {
            sender: Sender::new(sack),
            flying: VecDeque::new(),
            held: BTreeSet::new(),
            reported: BTreeSet::new(),
            timeouts: 0,
            answers: VecDeque::new(),
            fate,
            loss,
            at: 0,
        }
    }

    /// Everybody does what can be done now; where nothing can, the timer expires.
    fn turn(&mut self, segments: u32) {
        self.sender.wait(10);
        let mut sent = false;
        while self.sender.in_flight() < 10 {
            if let Some((from, to, _)) = self.sender.resends(1) {
                assert_eq!(to, from + 1);
                assert!(!self.reported.contains(&from), "{from} was reported");
                self.flying.push_back(from);
            } else if self.sender.nxt != ISS + segments * MSS {
                self.flying.push_back(self.sender.nxt.since(ISS) / MSS);
                self.sender.send(MSS);
            } else {
                break;
            }
            sent = true;
        }
        if !sent && self.flying.is_empty() && self.answers.is_empty() {
            self.sender.recovery.on_rto(self.sender.now);
            self.timeouts += 1;
            return;
        }
        self.arrive();
        for (ack, blocks) in core::mem::take(&mut self.answers) {
            if self.survives() {
                self.sender.gets(ack, &blocks);
                if self.sender.recovery.sack == SackUse::On {
                    self.reported.extend(blocks.into_iter().flat_map(|(left, right)| left..right));
                }
            }
        }
    }

    fn arrive(&mut self) {
        let mut arrivals: Vec<u32> = core::mem::take(&mut self.flying).into();
        if self.loss > 0 && arrivals.len() > 1 && self.fate[self.at % self.fate.len()] > 80 {
            arrivals.swap(0, 1);
        }
        for segment in arrivals {
            if self.survives() {
                self.held.insert(segment);
                let answer = self.answer(segment);
                self.answers.push_back(answer);
            }
        }
    }

    fn survives(&mut self) -> bool {
        self.at += 1;
        // Shifted each time around, so that nothing is lost with the period of the fates forever.
        self.fate[(self.at + self.at / self.fate.len()) % self.fate.len()] >= self.loss
    }

    /// The acknowledgment, and the blocks with that of the latest segment first.
    fn answer(&self, latest: u32) -> (u32, Vec<(u32, u32)>) {
        let nxt = (0..).find(|n| !self.held.contains(n)).unwrap_or(0);
        let mut blocks: Vec<(u32, u32)> = vec![];
        for &n in self.held.range(nxt..) {
            match blocks.last_mut().filter(|block| block.1 == n) {
                Some(block) => block.1 = n + 1,
                None => blocks.push((n, n + 1)),
            }
        }
        blocks.sort_by_key(|block| !(block.0 <= latest && latest < block.1));
        blocks.truncate(3);
        (nxt, blocks)
    }
}
