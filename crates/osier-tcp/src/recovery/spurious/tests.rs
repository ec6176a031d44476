//! What do Eifel and F-RTO promise, by RFC 3522 and RFC 5682?

use super::{Doubt, Evidence, Finding};
use crate::recovery::Found;
use crate::recovery::records::{Delivered, Order};
use osier_time::{Duration, Instant};
use osier_wire::SeqNumber;

const ISS: SeqNumber = SeqNumber(u32::MAX - 2_000);
const RESENT_AT: Instant = Instant::from_secs(1);

/// A flight of ten segments of 1000; the first was sent again.
fn doubt(found: Found) -> Doubt {
    let mut doubt = Doubt::new(found, ISS + 10_000);
    doubt.on_retransmitted(RESENT_AT);
    doubt.on_retransmitted(RESENT_AT + Duration::from_millis(5));
    doubt
}

/// 30 ms later `acked` octets are acknowledged, up to this one.
fn evidence(ack: u32, acked: u32) -> Evidence {
    Evidence {
        now: RESENT_AT + Duration::from_millis(30),
        ack: ISS + ack,
        acked,
        delivered: acked,
        echoed: None,
        resent_in_flight: 0,
    }
}

fn echoing(millis: u64, resent_in_flight: u32) -> Evidence {
    let echoed = Some(Duration::from_millis(millis));
    Evidence { echoed, resent_in_flight, ..evidence(1_000, 1_000) }
}

fn delivered(end: u32, resent: u8) -> Delivered {
    let (sent_at, order) = (Instant::ZERO, Order::default());
    Delivered { sent_at, order, end: ISS + end, resent }
}

/// RFC 3522 §3.2.
#[test]
fn a_stamp_older_than_the_retransmission_says_that_it_was_needless() {
    for found in [Found::Reports, Found::Timeout] {
        assert_eq!(doubt(found).on_ack(&echoing(31, 0)), Finding::Spurious);
        let mut lost = doubt(found);
        assert_eq!(lost.on_ack(&echoing(30, 0)), Finding::Loss, "of the retransmission itself");
        assert_eq!(lost.on_ack(&echoing(90, 0)), Finding::Loss, "the first one decides");
    }
}

#[test]
fn before_anything_was_sent_again_nothing_can_be_needless() {
    let mut doubt = Doubt::new(Found::Reports, ISS + 10_000);
    assert_eq!(doubt.on_ack(&echoing(500, 0)), Finding::Loss);
}

#[test]
fn while_another_retransmission_is_unanswered_it_is_not_decided() {
    let mut doubt = doubt(Found::Reports);
    assert_eq!(doubt.on_ack(&echoing(31, 1_000)), Finding::Loss);
    assert_eq!(doubt.on_ack(&echoing(31, 0)), Finding::Spurious);
}

/// RFC 5682 §3.1: step 2b, then 3b.
#[test]
fn without_stamps_new_text_asks_and_what_was_never_sent_again_answers() {
    let mut doubt = doubt(Found::Timeout);
    doubt.on_delivered(&delivered(1_000, 1));
    assert_eq!(doubt.on_ack(&evidence(1_000, 1_000)), Finding::Loss);
    assert!(doubt.asks());
    doubt.on_delivered(&delivered(2_000, 0));
    assert_eq!(doubt.on_ack(&evidence(2_000, 1_000)), Finding::Spurious);
}

/// RFC 5682 §3.1: step 3a.
#[test]
fn an_answer_that_tells_only_of_the_new_text_says_that_it_was_a_loss() {
    let mut doubt = doubt(Found::Timeout);
    doubt.on_ack(&evidence(1_000, 1_000));
    doubt.on_delivered(&delivered(11_000, 0));
    let report = Evidence { delivered: 1_000, ..evidence(1_000, 0) };
    assert_eq!(doubt.on_ack(&report), Finding::Loss);
    assert!(!doubt.asks());
    doubt.on_delivered(&delivered(2_000, 0));
    assert_eq!(doubt.on_ack(&evidence(2_000, 1_000)), Finding::Loss, "it is settled");
}

/// RFC 5682 §2.1: step 2a, and the note that an acknowledgment of all is no sign.
#[test]
fn a_first_answer_that_does_not_move_or_covers_all_settles_it() {
    let report = Evidence { delivered: 1_000, ..evidence(0, 0) };
    for first in [report, evidence(10_000, 10_000)] {
        let mut doubt = doubt(Found::Timeout);
        assert_eq!(doubt.on_ack(&first), Finding::Loss);
        assert!(!doubt.asks());
        doubt.on_delivered(&delivered(2_000, 0));
        assert_eq!(doubt.on_ack(&evidence(2_000, 1_000)), Finding::Loss);
    }
    let mut nothing = doubt(Found::Timeout);
    nothing.on_ack(&evidence(0, 0));
    nothing.on_ack(&evidence(1_000, 1_000));
    assert!(nothing.asks(), "an acknowledgment that says nothing settles nothing");
}

#[test]
fn f_rto_is_for_timeouts_and_asks_once() {
    let mut reports = doubt(Found::Reports);
    reports.on_ack(&evidence(1_000, 1_000));
    assert!(!reports.asks());
    let mut again = doubt(Found::Timeout);
    again.on_ack(&evidence(1_000, 1_000));
    again.on_timeout_again(ISS + 12_000);
    assert!(!again.asks());
    let mut cannot = doubt(Found::Timeout);
    cannot.on_ack(&evidence(1_000, 1_000));
    cannot.cannot_ask();
    cannot.on_delivered(&delivered(2_000, 0));
    assert_eq!(cannot.on_ack(&evidence(2_000, 1_000)), Finding::Loss);
}
