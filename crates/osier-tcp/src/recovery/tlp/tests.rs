//! What does the tail loss probe promise, by RFC 8985 §7?

use super::{Answer, ForProbe, ProbeOf, Tlp};
use osier_time::{Duration, Instant};
use osier_wire::SeqNumber;

const NOW: Instant = Instant::from_secs(1);
const END: SeqNumber = SeqNumber(500);

fn ms(n: u64) -> Duration {
    Duration::from_millis(n)
}

fn sent(of: ProbeOf) -> Tlp {
    let mut tlp = Tlp::new();
    tlp.on_sent(END, of);
    tlp
}

fn ack(ack: SeqNumber, acked: u32) -> ForProbe {
    ForProbe { ack, acked, duplicate: None, reports: false }
}

/// §7.2.
#[test]
fn a_probe_is_due_after_two_round_trips_and_what_the_peer_may_hold_back() {
    let mut tlp = Tlp::new();
    for (srtt, held_back, wait) in [
        (Some(ms(30)), ms(0), ms(60)),
        (Some(ms(30)), ms(200), ms(260)),
        (None, ms(200), ms(1_000)),
        (Some(Duration::from_micros(20)), ms(0), ms(2)),
    ] {
        tlp.schedule(NOW, srtt, held_back);
        assert_eq!(tlp.due(), Some(NOW + wait));
    }
    tlp.cancel();
    assert_eq!(tlp.due(), None);
}

/// §7.3: one probe at a time, and none without a round trip measured since.
#[test]
fn no_probe_follows_a_probe_until_it_is_answered_and_a_round_trip_measured() {
    let mut tlp = sent(ProbeOf::NewText);
    tlp.schedule(NOW, Some(ms(30)), ms(0));
    assert_eq!(tlp.due(), None);
    tlp.on_rtt();
    tlp.schedule(NOW, Some(ms(30)), ms(0));
    assert_eq!(tlp.due(), None, "still unanswered");
    tlp.on_ack(&ack(END, 100));
    tlp.schedule(NOW, Some(ms(30)), ms(0));
    assert!(tlp.due().is_some());
    let mut tlp = sent(ProbeOf::NewText);
    tlp.on_ack(&ack(END, 100));
    tlp.schedule(NOW, Some(ms(30)), ms(0));
    assert_eq!(tlp.due(), None, "no round trip measured");
}

/// §7.4.2.
#[test]
fn an_acknowledgment_beyond_a_repeated_segment_says_that_it_had_been_lost() {
    let mut tlp = sent(ProbeOf::LastSegment);
    assert_eq!(tlp.on_ack(&ack(END - 1, 100)), Answer::None);
    assert_eq!(tlp.on_ack(&ack(END, 1)), Answer::None, "of the one or of the other");
    assert_eq!(tlp.on_ack(&ack(END + 10, 10)), Answer::LossRepaired);
    assert_eq!(tlp.on_ack(&ack(END + 20, 10)), Answer::None, "once");
}

/// §7.4.1, the two signs that both arrived.
#[test]
fn a_duplicate_or_a_bare_repetition_says_that_nothing_was_lost() {
    let twice = ForProbe { duplicate: Some(END), reports: true, ..ack(END, 0) };
    let beyond = ForProbe { duplicate: Some(END), reports: true, ..ack(END + 10, 10) };
    for sign in [twice, beyond, ack(END, 0)] {
        let mut tlp = sent(ProbeOf::LastSegment);
        assert!(tlp.explains(Some(END)));
        assert_eq!(tlp.on_ack(&sign), Answer::None, "{sign:?}");
        assert_eq!(tlp.on_ack(&ack(END + 20, 20)), Answer::None);
    }
    let mut tlp = sent(ProbeOf::LastSegment);
    let other = ForProbe { duplicate: Some(END - 300), reports: true, ..ack(END, 0) };
    assert_eq!(tlp.on_ack(&other), Answer::None);
    assert_eq!(tlp.on_ack(&ack(END + 20, 20)), Answer::LossRepaired, "of another segment");
}

#[test]
fn a_probe_of_new_text_repairs_nothing() {
    let mut tlp = sent(ProbeOf::NewText);
    assert_eq!(tlp.on_ack(&ack(END + 10, 10)), Answer::None);
    assert!(!sent(ProbeOf::NewText).explains(Some(END)));
}

/// §7.1.
#[test]
fn a_recovery_forgets_the_probe() {
    let mut tlp = sent(ProbeOf::LastSegment);
    tlp.reset();
    assert_eq!(tlp.on_ack(&ack(END + 10, 10)), Answer::None);
}
