//! Do two ends open a connection as RFC 9293 §3.5 draws it?

mod pair;

use bytes::Bytes;
use osier_tcp::{Config, Ending, Event, Offer, Reason, Segment, State, Trouble};
use osier_time::Duration;
use osier_wire::SeqNumber;
use osier_wire::tcp::Flags;
use pair::{Fate, Pair, Role, Who, pattern};

fn listening() -> Pair {
    let mut pair = Pair::new(Config::default(), Config::default());
    pair.b.role = Role::Listen;
    pair
}

#[test]
fn three_segments_open_a_connection() {
    let mut pair = listening();
    pair.connect(Who::A);
    pair.run_for(Duration::from_secs(1));
    assert_eq!(pair.states(), (State::Established, State::Established));
    let flags: Vec<Flags> = pair.log.iter().map(|entry| entry.segment.flags).collect();
    assert_eq!(flags, [Flags::SYN, Flags::SYN | Flags::ACK, Flags::ACK]);
    let numbers: Vec<_> = pair.log.iter().map(|e| (e.segment.seq.0, e.segment.ack.0)).collect();
    assert_eq!(numbers[0].0, 1_000);
    assert_eq!(numbers[1], (u32::MAX - 500, 1_001));
    assert_eq!(numbers[2], (1_001, u32::MAX - 499));
    assert!(pair.a.events.contains(&Event::Established));
    assert!(pair.b.events.contains(&Event::Established));
}

#[test]
fn the_round_trip_of_the_handshake_is_measured_at_both_ends() {
    let mut pair = Pair::connected();
    for who in [Who::A, Who::B] {
        let now = pair.now;
        let rtt = pair.end(who).connection().info(now).unwrap().rtt;
        assert_eq!(rtt, 20_000, "{who:?}");
    }
}

#[test]
fn a_lost_syn_is_sent_again_after_one_second_then_two() {
    let mut pair = listening();
    let mut drops = 2;
    pair.rule = Box::new(move |_, segment| {
        let drop = segment.flags == Flags::SYN && drops > 0;
        drops -= i32::from(drop);
        if drop { Fate::Drop } else { Fate::Deliver }
    });
    pair.connect(Who::A);
    pair.run_for(Duration::from_secs(5));
    assert_eq!(pair.states(), (State::Established, State::Established));
    let at: Vec<u64> = pair.log.iter().map(|entry| entry.at.as_millis()).take(3).collect();
    assert_eq!(at, [1_000, 2_000, 4_000]);
}

#[test]
fn a_lost_syn_ack_is_sent_again() {
    let mut pair = listening();
    let mut first = true;
    pair.rule = Box::new(move |from, _| {
        let drop = from == Who::B && std::mem::take(&mut first);
        if drop { Fate::Drop } else { Fate::Deliver }
    });
    pair.connect(Who::A);
    pair.run_for(Duration::from_secs(3));
    assert_eq!(pair.states(), (State::Established, State::Established));
}

#[test]
fn a_lost_third_ack_is_made_good_by_the_first_text() {
    let mut pair = listening();
    let mut acks = 0;
    pair.rule = Box::new(move |from, segment| {
        acks += i32::from(from == Who::A && !segment.syn());
        if from == Who::A && acks == 1 && !segment.syn() { Fate::Drop } else { Fate::Deliver }
    });
    pair.connect(Who::A);
    pair.run_for(Duration::from_millis(50));
    assert_eq!(pair.states(), (State::Established, State::SynReceived));
    pair.transfer(Who::A, b"hello", Duration::from_secs(2));
    assert_eq!(pair.states(), (State::Established, State::Established));
}

#[test]
fn nobody_answers_and_the_attempt_fails_after_six_retries() {
    let mut pair = listening();
    pair.rule = Box::new(|_, _| Fate::Drop);
    pair.connect(Who::A);
    pair.run_for(Duration::from_secs(200));
    let trouble = Event::Trouble(Trouble::Unanswered);
    assert_eq!(pair.a.events, [trouble, Event::Closed(Ending::TimedOut)]);
    assert_eq!(pair.sent(Who::A).count(), 7);
    // 1 + 2 + 4 + 8 + 16 + 32 + 64 seconds: Linux gives up after 127 s too.
    assert_eq!(pair.a.state(), State::Closed);
}

#[test]
fn a_refused_connection_says_so_at_once() {
    let mut pair = Pair::new(Config::default(), Config::default());
    pair.connect(Who::A);
    pair.run_for(Duration::from_millis(30));
    assert_eq!(pair.a.events, [Event::Closed(Ending::Refused)]);
    assert!(pair.b.has_reason(&Reason::StrayReset));
}

/// RFC 9293 §3.5, figure 8.
#[test]
fn both_call_at_once_and_one_connection_opens() {
    let mut pair = Pair::new(Config::default(), Config::default());
    pair.connect(Who::A);
    pair.connect(Who::B);
    pair.run_for(Duration::from_secs(1));
    assert_eq!(pair.states(), (State::Established, State::Established));
    let text = pattern(100_000);
    pair.transfer(Who::A, &text, Duration::from_secs(20));
    pair.transfer(Who::B, &text, Duration::from_secs(20));
}

#[test]
fn both_call_at_once_and_the_first_syn_acks_are_lost() {
    let mut pair = Pair::new(Config::default(), Config::default());
    let mut drops = 2;
    pair.rule = Box::new(move |_, segment| {
        let drop = segment.flags == Flags::SYN | Flags::ACK && drops > 0;
        drops -= i32::from(drop);
        if drop { Fate::Drop } else { Fate::Deliver }
    });
    pair.connect(Who::A);
    pair.connect(Who::B);
    pair.run_for(Duration::from_secs(5));
    assert_eq!(pair.states(), (State::Established, State::Established));
}

/// RFC 9293 §3.5, figure 9: an old duplicate SYN meets a listener; the other end resets it.
#[test]
fn a_stale_syn_opens_nothing() {
    let mut pair = listening();
    pair.inject(
        Who::B,
        Segment { seq: SeqNumber(90), flags: Flags::SYN, window: 1_000, ..Segment::default() },
    );
    pair.run_for(Duration::from_millis(100));
    assert_eq!(pair.b.state(), State::Listen);
    assert!(pair.b.has_reason(&Reason::ResetByPeer));
}

/// The same while the other end is itself in SYN-SENT: the wrong acknowledgment is reset, and
/// its own SYN then opens the connection.
#[test]
fn a_stale_syn_before_the_real_one_is_reset_and_the_real_one_opens() {
    let mut pair = listening();
    pair.rule = Box::new(|_, _| Fate::Drop);
    pair.connect(Who::A);
    pair.rule = Box::new(|_, _| Fate::Deliver);
    pair.inject(
        Who::B,
        Segment { seq: SeqNumber(90), flags: Flags::SYN, window: 1_000, ..Segment::default() },
    );
    pair.run_for(Duration::from_secs(3));
    assert_eq!(pair.states(), (State::Established, State::Established));
}

#[test]
fn options_hold_only_where_both_offer_them() {
    let none = Offer { window_scale: false, timestamps: false, sack: false };
    let plain = Config { offer: none, ..Config::default() };
    for (a, b) in [(plain.clone(), Config::default()), (Config::default(), plain)] {
        let mut pair = Pair::connected_with(a, b);
        for who in [Who::A, Who::B] {
            let now = pair.now;
            assert_eq!(pair.end(who).connection().info(now).unwrap().options, 0);
        }
        pair.transfer(Who::A, &pattern(300_000), Duration::from_secs(30));
    }
}

#[test]
fn a_segment_that_acknowledges_what_a_half_open_end_never_sent_is_reset() {
    let mut pair = listening();
    pair.inject(
        Who::B,
        Segment { seq: SeqNumber(90), flags: Flags::SYN, window: 1_000, ..Segment::default() },
    );
    let ack = Segment {
        seq: SeqNumber(91),
        ack: SeqNumber(5),
        flags: Flags::ACK,
        text: Bytes::from_static(b"x"),
        ..Segment::default()
    };
    pair.inject(Who::B, ack);
    let rst = pair.sent(Who::B).last().unwrap();
    assert_eq!((rst.flags, rst.seq), (Flags::RST, SeqNumber(5)));
}
