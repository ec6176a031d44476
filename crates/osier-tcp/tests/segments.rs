//! What does a single odd segment do to an open connection, or to a handshake?
//!
//! RFC 9293 §3.10.7.4 check by check, with RFC 5961 and RFC 7323. Each segment is made by hand.

mod pair;

use osier_tcp::{
    Arrived, Belief, Config, Connection, Event, HalfOpen, IcmpKind, Notes, Offer, Opening,
    Progress, Reason, Recording, Segment, State, Text,
};
use osier_time::{Duration, Instant};
use osier_wire::SeqNumber;
use osier_wire::tcp::{Flags, Options, Timestamps};
use pair::puppet::Puppet;
use pair::{Pair, Who, pattern};

#[test]
fn an_acknowledgment_of_what_was_never_sent_is_answered_and_dropped() {
    let mut puppet = Puppet::plain();
    let mut segment = puppet.segment(Flags::ACK, b"text");
    segment.ack = puppet.ack + 1;
    let answer = puppet.give(segment);
    assert_eq!(answer.len(), 1);
    assert_eq!((answer[0].flags, answer[0].ack), (Flags::ACK, puppet.seq));
    assert_eq!(puppet.pair.b.received, b"", "its text is not taken");
}

/// RFC 5961 §5.
#[test]
fn an_acknowledgment_older_than_any_window_brings_no_text() {
    let mut puppet = Puppet::plain();
    let mut segment = puppet.segment(Flags::ACK, b"forged");
    segment.ack = puppet.ack - 2_000_000;
    puppet.give(segment);
    assert_eq!(puppet.pair.b.received, b"");
    assert!(puppet.pair.b.has_reason(&Reason::AckTooOld { ack: SeqNumber(0) }));
    let mut old = puppet.segment(Flags::ACK, b"honest");
    old.ack = puppet.ack - 1;
    puppet.give(old);
    assert_eq!(puppet.pair.b.received, b"honest");
}

#[test]
fn a_segment_without_ack_brings_nothing() {
    let mut puppet = Puppet::plain();
    let answer = puppet.give(puppet.segment(Flags::NONE, b"text"));
    assert!(answer.is_empty());
    assert_eq!(puppet.pair.b.received, b"");
}

/// RFC 7323 §5.
#[test]
fn a_segment_with_an_older_timestamp_is_acknowledged_and_dropped() {
    let mut puppet = Puppet::new(Config::default());
    let stamp =
        |value| Options { timestamps: Some(Timestamps { value, echo: 0 }), ..Options::default() };
    // The SYN's TSval was the offset of A, 1000, plus its clock in milliseconds.
    let mut old = puppet.segment(Flags::ACK, b"old");
    old.options = stamp(1_500);
    let answer = puppet.give(old);
    assert_eq!(answer.len(), 1, "PAWS answers with an acknowledgment");
    assert_eq!(puppet.pair.b.received, b"");
    let mut new = puppet.segment(Flags::ACK, b"new");
    new.options = stamp(900_000);
    puppet.give(new);
    assert_eq!(puppet.pair.b.received, b"new");
}

#[test]
fn a_segment_without_a_timestamp_is_taken_as_linux_takes_it() {
    let mut puppet = Puppet::new(Config::default());
    puppet.give(puppet.segment(Flags::ACK, b"plain"));
    assert_eq!(puppet.pair.b.received, b"plain");
}

#[test]
fn text_beyond_the_window_is_cut_off_and_its_fin_with_it() {
    let offer = Offer { window_scale: false, timestamps: false, sack: true };
    let mut puppet = Puppet::new(Config { offer, receive_buffer: 5.into(), ..Config::default() });
    puppet.pair.b.reads = false;
    let answer = puppet.give(puppet.segment(Flags::ACK | Flags::FIN, b"12345678"));
    assert_eq!(answer.last().unwrap().ack, puppet.seq + 5);
    assert_eq!(puppet.pair.b.state(), State::Established, "the FIN did not fit");
    let mut into = [0; 20];
    assert_eq!(puppet.b().read(&mut into), Text::Got(5));
}

#[test]
fn text_partly_known_brings_only_what_is_new() {
    let mut puppet = Puppet::plain();
    puppet.give(puppet.segment(Flags::ACK, b"abcd"));
    puppet.give(puppet.segment(Flags::ACK, b"abcdefgh"));
    assert_eq!(puppet.pair.b.received, b"abcdefgh");
}

/// Two stacks that answer each other's empty answers would never end.
#[test]
fn empty_segments_out_of_place_are_answered_twice_a_second_at_most() {
    let mut puppet = Puppet::plain();
    let mut stale = puppet.segment(Flags::ACK, b"");
    stale.seq = puppet.seq - 10;
    assert_eq!(puppet.give(stale.clone()).len(), 1);
    assert_eq!(puppet.give(stale.clone()).len(), 0);
    puppet.pair.run_for(Duration::from_millis(501));
    assert_eq!(puppet.give(stale).len(), 1);
    // A duplicate with text is the sign of a lost acknowledgment, and always answered.
    puppet.give(puppet.segment(Flags::ACK, b"text"));
    for _ in 0..3 {
        assert_eq!(puppet.give(puppet.segment(Flags::ACK, b"text")).len(), 1);
    }
}

/// RFC 2883: the duplicate is reported.
#[test]
fn a_duplicate_is_reported_in_a_sack_block() {
    let mut puppet = Puppet::plain();
    puppet.give(puppet.segment(Flags::ACK, b"text"));
    let answer = puppet.give(puppet.segment(Flags::ACK, b"text"));
    assert_eq!(answer[0].options.sack.as_slice(), [(puppet.seq, puppet.seq + 4)]);
}

/// RFC 2018 §4.
#[test]
fn text_beyond_a_hole_is_reported_at_once_in_a_sack_block() {
    let mut puppet = Puppet::plain();
    let mut beyond = puppet.segment(Flags::ACK, b"beyond");
    beyond.seq += 100;
    let answer = puppet.give(beyond);
    assert_eq!(answer[0].ack, puppet.seq);
    assert_eq!(answer[0].options.sack.as_slice(), [(puppet.seq + 100, puppet.seq + 106)]);
}

/// RFC 5681 §2: an acknowledgment that changes the window is no duplicate.
#[test]
fn window_updates_are_not_taken_for_duplicates() {
    let mut puppet = Puppet::plain();
    let text = pattern(20_000);
    puppet.b().write(&text).unwrap();
    puppet.pair.flush();
    for n in 1..6 {
        let mut update = puppet.segment(Flags::ACK, b"");
        update.window -= n;
        puppet.give(update);
    }
    assert!(!puppet.pair.b.has_reason(&Reason::OvertakenRetransmit { seq: SeqNumber(0) }));
    let mut same = puppet.segment(Flags::ACK, b"");
    same.window -= 5;
    for _ in 0..3 {
        puppet.give(same.clone());
    }
    // SACK was agreed on and nothing was reported: duplicates alone prove nothing.
    let mut sacked = same;
    sacked.options.sack.push(puppet.ack + 1460, puppet.ack + 5 * 1460);
    puppet.give(sacked);
    assert!(puppet.pair.b.has_reason(&Reason::OvertakenRetransmit { seq: SeqNumber(0) }));
}

/// The same without SACK, where duplicates count.
#[test]
fn without_sack_only_true_duplicates_count() {
    let offer = Offer { window_scale: false, timestamps: false, sack: false };
    let mut puppet = Puppet::new(Config { offer, ..Config::default() });
    puppet.b().write(&pattern(20_000)).unwrap();
    puppet.pair.flush();
    for n in 1..9 {
        let mut update = puppet.segment(Flags::ACK, b"");
        update.window -= n;
        puppet.give(update);
    }
    assert!(!puppet.pair.b.has_reason(&Reason::FastRetransmit { seq: SeqNumber(0) }));
    let mut same = puppet.segment(Flags::ACK, b"");
    same.window -= 8;
    for _ in 0..3 {
        puppet.give(same.clone());
    }
    assert!(puppet.pair.b.has_reason(&Reason::FastRetransmit { seq: SeqNumber(0) }));
}

/// RFC 6298 §5.4, RFC 5681 §3.1; and RFC 8985 §7.3: a probe goes before it, once.
#[test]
fn after_a_timeout_one_segment_goes_and_the_window_has_fallen_to_one() {
    let mut puppet = Puppet::plain();
    puppet.b().write(&pattern(14_600)).unwrap();
    puppet.pair.flush();
    let before = puppet.pair.log.len();
    puppet.pair.run_for(Duration::from_millis(350));
    let again: Vec<_> = puppet.pair.log[before..].iter().map(|e| e.segment.seq).collect();
    assert_eq!(again, [puppet.ack + 9 * 1460, puppet.ack], "the last as a probe, then the oldest");
    let info = puppet.info();
    assert_eq!((info.snd_cwnd, info.retransmits), (1, 1));
    assert!(info.snd_ssthresh < 10);
}

/// RFC 5681 §4.1.
#[test]
fn after_an_idle_time_the_window_starts_anew() {
    let mut pair = Pair::connected();
    pair.transfer(Who::A, &pattern(1 << 20), Duration::from_secs(60));
    let grown = pair.a.connection().info(pair.now).unwrap().snd_cwnd;
    pair.run_for(Duration::from_secs(5));
    pair.write(Who::A, b"x");
    let restarted = pair.a.connection().info(pair.now).unwrap().snd_cwnd;
    assert!(restarted <= 10 && restarted < grown, "{grown} then {restarted}");
}

#[test]
fn an_acknowledgment_that_travels_with_text_is_not_sent_again_alone() {
    let mut pair = Pair::connected();
    pair.transfer(Who::A, &pattern(100_000), Duration::from_secs(60));
    pair.run_for(Duration::from_secs(1));
    pair.write(Who::A, b"question");
    pair.run_for(Duration::from_millis(12));
    let before = pair.sent(Who::B).count();
    pair.write(Who::B, b"answer");
    pair.run_for(Duration::from_secs(1));
    assert_eq!(pair.sent(Who::B).count(), before + 1);
}

#[test]
fn a_reader_who_makes_room_tells_the_peer_at_once() {
    let offer = Offer { window_scale: false, timestamps: false, sack: true };
    let mut puppet =
        Puppet::new(Config { offer, receive_buffer: 65_535.into(), ..Config::default() });
    puppet.pair.b.reads = false;
    let segment = puppet.segment(Flags::ACK, &[7; 60_000]);
    // The window of 65535 octets is nearly full; half of it and more becomes free in one read.
    puppet.give(segment);
    let before = puppet.pair.log.len();
    let mut into = vec![0; 60_000];
    assert_eq!(puppet.b().read(&mut into), Text::Got(60_000));
    puppet.pair.flush();
    let update = &puppet.pair.log[before..];
    assert_eq!(update.len(), 1, "a window update");
    assert!(update[0].segment.window > 60_000);
}

/// RFC 1191 §6.4.
#[test]
fn a_narrower_path_is_used_at_once_and_what_was_too_long_is_cut_anew() {
    let mut puppet = Puppet::plain();
    puppet.b().write(&pattern(5 * 1460)).unwrap();
    puppet.pair.flush();
    let before = puppet.pair.log.len();
    let cwnd = puppet.info().snd_cwnd;
    let mut notes = Notes::new(Recording::Off);
    assert_eq!(puppet.b().on_path_mtu(1_020, None, &mut notes), Belief::Believed);
    puppet.pair.flush();
    let again: Vec<_> = puppet.pair.log[before..].iter().map(|e| e.segment.text.len()).collect();
    assert!(!again.is_empty() && again.iter().all(|len| *len <= 1_000), "{again:?}");
    assert_eq!(puppet.info().snd_mss, 1_000);
    assert!(puppet.info().snd_cwnd >= cwnd.min(10), "nothing was cut");
    // A wider one than we use changes nothing (RFC 1191 §6.3: only a probe may tell).
    puppet.b().on_path_mtu(9_000, None, &mut notes);
    assert_eq!(puppet.info().snd_mss, 1_000);
}

/// RFC 5927 §4.1.
#[test]
fn a_report_of_a_narrower_path_is_believed_only_if_it_quotes_what_is_in_flight() {
    let mut puppet = Puppet::plain();
    let mut notes = Notes::new(Recording::Off);
    let una = puppet.ack;
    let report = |puppet: &mut Puppet, notes: &mut Notes, seq| {
        puppet.b().on_path_mtu(1_020, Some(seq), notes)
    };
    // Nothing is in flight.
    assert_eq!(report(&mut puppet, &mut notes, una), Belief::Ignored);
    puppet.b().write(&pattern(3 * 1460)).unwrap();
    puppet.pair.flush();
    for seq in [una - 1, una + 3 * 1460, una + (1 << 31)] {
        assert_eq!(report(&mut puppet, &mut notes, seq), Belief::Ignored);
    }
    assert_eq!(puppet.info().snd_mss, 1_460);
    assert_eq!(notes.count(&Reason::IcmpOutsideFlight), 4);
    assert_eq!(report(&mut puppet, &mut notes, una + 1460), Belief::Believed);
    assert_eq!(puppet.info().snd_mss, 1_000);
}

/// RFC 5927 §4: in a synchronized state every ICMP error is a hint.
#[test]
fn an_icmp_error_does_not_end_an_open_connection_but_ends_an_attempt() {
    let mut puppet = Puppet::plain();
    puppet.b().write(b"in flight").unwrap();
    puppet.pair.flush();
    let mut notes = Notes::new(Recording::Off);
    let ack = puppet.ack;
    puppet.b().on_icmp(IcmpKind::Hard, ack, &mut notes);
    assert_eq!(puppet.b().state(), State::Established);
    assert_eq!(notes.count(&Reason::SoftError), 1);
    puppet.b().on_icmp(IcmpKind::Hard, ack + 100_000, &mut notes);
    assert_eq!(notes.count(&Reason::IcmpOutsideFlight), 1);

    let opening = Opening { iss: SeqNumber(7), ts_offset: 0 };
    let mut attempt = Connection::connect(Instant::ZERO, &Config::default(), opening, &mut notes);
    attempt.on_icmp(IcmpKind::Soft, SeqNumber(7), &mut notes);
    attempt.on_icmp(IcmpKind::Hard, SeqNumber(8), &mut notes);
    assert_eq!(attempt.state(), State::SynSent, "soft, or not about our SYN");
    attempt.on_icmp(IcmpKind::Hard, SeqNumber(7), &mut notes);
    assert_eq!(attempt.state(), State::Closed);
}

fn half_open(notes: &mut Notes) -> HalfOpen {
    let mut syn = Segment { seq: SeqNumber(90), flags: Flags::SYN, ..Segment::default() };
    syn.options.timestamps = Some(Timestamps { value: 5_000, echo: 0 });
    let opening = Opening { iss: SeqNumber(400), ts_offset: 0 };
    let mut half = HalfOpen::new(Instant::ZERO, &syn, &Config::default(), opening, notes);
    assert!(half.poll_transmit(Instant::ZERO, &Config::default()).is_some());
    half
}

fn third(flags: Flags, seq: u32, stamp: u32) -> Segment {
    let mut segment =
        Segment { seq: SeqNumber(seq), ack: SeqNumber(401), flags, ..Segment::default() };
    segment.options.timestamps = Some(Timestamps { value: stamp, echo: 0 });
    segment
}

#[test]
fn a_half_open_connection_takes_only_the_ack_that_fits() {
    let mut notes = Notes::new(Recording::Off);
    let mut half = half_open(&mut notes);
    let cases = [
        (third(Flags::ACK, 91, 4_999), Progress::Waiting, "an older timestamp"),
        (third(Flags::ACK, 90, 5_000), Progress::Waiting, "before the window"),
        (third(Flags::ACK, 91 + 70_000, 5_000), Progress::Waiting, "beyond the window"),
        (third(Flags::NONE, 91, 5_000), Progress::Waiting, "no ACK"),
        (third(Flags::RST, 92, 5_000), Progress::Waiting, "a RST that is a guess (RFC 5961)"),
        (Segment { ack: SeqNumber(402), ..third(Flags::ACK, 91, 5_000) }, Progress::Stray, "ack"),
        (third(Flags::ACK, 91, 5_000), Progress::Complete, "the right one"),
        (third(Flags::RST, 91, 5_000), Progress::Over, "the right RST"),
    ];
    for (segment, progress, what) in cases {
        assert_eq!(half.on_segment(&segment, &mut notes), progress, "{what}");
    }
}

/// RFC 5961 §3: in SYN-SENT a RST counts only with the acknowledgment of our SYN.
#[test]
fn a_reset_without_the_right_ack_does_not_end_an_attempt() {
    let mut notes = Notes::new(Recording::Off);
    let opening = Opening { iss: SeqNumber(7), ts_offset: 0 };
    let mut attempt = Connection::connect(Instant::ZERO, &Config::default(), opening, &mut notes);
    assert!(attempt.poll_transmit(Instant::ZERO, &mut notes).is_some());
    let rst = Segment { flags: Flags::RST, ..Segment::default() };
    let mut arrives = |mut segment: Segment| {
        attempt.on_segment(Instant::ZERO, &mut segment, Arrived::default(), &mut notes);
        attempt.state()
    };
    assert_eq!(arrives(rst.clone()), State::SynSent);
    let flags = Flags::RST | Flags::ACK;
    assert_eq!(arrives(Segment { flags, ack: SeqNumber(9), ..rst.clone() }), State::SynSent);
    assert_eq!(arrives(Segment { flags, ack: SeqNumber(8), ..rst }), State::Closed);
}

/// RFC 6191 §2 and RFC 7323 §5: an older timestamp keeps the old connection's ghost out.
#[test]
fn a_syn_with_an_older_timestamp_does_not_reopen_from_time_wait() {
    let mut pair = Pair::connected();
    pair.close(Who::A);
    pair.run_for(Duration::from_millis(100));
    pair.close(Who::B);
    pair.run_for(Duration::from_millis(100));
    assert_eq!(pair.a.state(), State::TimeWait);
    let last = pair.sent(Who::B).last().unwrap().clone();
    let stamp = last.options.timestamps.unwrap().value;
    let syn = |seq: SeqNumber, value| {
        let options =
            Options { timestamps: Some(Timestamps { value, echo: 0 }), ..Options::default() };
        Segment { seq, flags: Flags::SYN, window: 1_000, options, ..Segment::default() }
    };
    pair.inject(Who::A, syn(last.end() + 1_000, stamp - 1));
    assert_eq!(pair.a.state(), State::TimeWait);
    pair.inject(Who::A, syn(last.end() - 1_000, stamp + 1));
    assert_eq!(pair.a.state(), State::SynReceived, "newer by its timestamp");
}

#[test]
fn recovery_sends_no_more_than_the_cut_window_allows() {
    let mut puppet = Puppet::plain();
    // Grow the window well beyond the initial one.
    let text = pattern(200_000);
    let mut written = puppet.b().write(&text).unwrap();
    puppet.pair.flush();
    for _ in 0..20 {
        let sent = puppet.pair.sent(Who::B).last().unwrap().end();
        puppet.ack = sent;
        written += puppet.b().write(&text[written % text.len()..]).unwrap();
        puppet.give(puppet.segment(Flags::ACK, b""));
    }
    let in_flight = puppet.info().unacked * 1460;
    assert!(in_flight > 40 * 1460, "{in_flight}");
    // Everything but the last quarter is lost.
    let mut report = puppet.segment(Flags::ACK, b"");
    report.options.sack.push(puppet.ack + in_flight / 4 * 3, puppet.ack + in_flight);
    let again = puppet.give(report);
    let cwnd = puppet.info().snd_cwnd * 1460;
    let octets: usize = again.iter().map(|segment| segment.text.len()).sum();
    assert!(cwnd <= in_flight / 2 + 1460, "cut to half: {cwnd} of {in_flight}");
    assert!(octets as u32 <= cwnd + 1460, "{octets} sent again with a window of {cwnd}");
    assert!(puppet.pair.b.events.iter().all(|event| !matches!(event, Event::Closed(_))));
}

/// RFC 5961 §4.2: inside the window, before it and beyond it.
#[test]
fn a_syn_anywhere_draws_a_challenge_ack() {
    let mut puppet = Puppet::plain();
    for offset in [0, 10, 1 << 30, 0x8000_0000 + 5, u32::MAX - 1_000] {
        let mut syn = puppet.segment(Flags::SYN, b"");
        syn.seq += offset;
        let answer = puppet.give(syn);
        assert_eq!(answer.len(), 1, "offset {offset}");
        assert_eq!((answer[0].flags, answer[0].ack), (Flags::ACK, puppet.seq), "offset {offset}");
        assert_eq!(puppet.b().state(), State::Established);
        puppet.pair.run_for(Duration::from_secs(1));
    }
}

/// RFC 1337 §2, hazards H1 and H3: old text and old acknowledgments are answered, and the RST that
/// such an answer may draw changes nothing.
#[test]
fn an_old_segment_in_time_wait_is_acknowledged_and_changes_nothing() {
    let mut pair = Pair::connected();
    pair.write(Who::B, b"text");
    pair.run_for(Duration::from_millis(100));
    pair.close(Who::A);
    pair.run_for(Duration::from_millis(100));
    pair.close(Who::B);
    pair.run_for(Duration::from_millis(100));
    assert_eq!(pair.a.state(), State::TimeWait);
    let last = pair.sent(Who::B).last().unwrap().clone();
    let expected = last.end();
    for (seq, text) in [(expected - 6, &b"text"[..]), (expected - 2, b""), (expected + 9, b"")] {
        let text = bytes::Bytes::copy_from_slice(text);
        let sent = pair.sent(Who::A).count();
        pair.inject(Who::A, Segment { seq, text, flags: Flags::ACK, ..last.clone() });
        let answer = pair.sent(Who::A).last().unwrap();
        assert_eq!(pair.sent(Who::A).count(), sent + 1);
        assert_eq!((answer.flags, answer.ack), (Flags::ACK, expected));
        let rst = Segment { seq: expected, flags: Flags::RST, ..Segment::default() };
        pair.inject(Who::A, rst);
        assert_eq!(pair.a.state(), State::TimeWait);
    }
    assert_eq!(pair.a.received, b"text", "once");
}
