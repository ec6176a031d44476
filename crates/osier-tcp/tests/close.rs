//! Do two ends take leave as RFC 9293 §3.6 draws it, and does a break tell both?

mod pair;

use osier_tcp::{
    Config, Ending, Event, Notes, Reason, Recording, Segment, State, Text, WriteError,
};
use osier_time::{Duration, Instant};
use osier_wire::SeqNumber;
use osier_wire::tcp::Flags;
use pair::{Fate, Pair, Role, Who, pattern};

const SOON: Duration = Duration::from_millis(100);

#[test]
fn four_segments_close_a_connection_and_the_first_to_close_waits() {
    let mut pair = Pair::connected();
    let before = pair.log.len();
    pair.close(Who::A);
    pair.run_for(SOON);
    assert_eq!(pair.states(), (State::FinWait2, State::CloseWait));
    pair.close(Who::B);
    pair.run_for(SOON);
    assert_eq!(pair.states(), (State::TimeWait, State::Closed));
    let flags: Vec<_> = pair.log[before..].iter().map(|e| (e.from, e.segment.flags)).collect();
    let fin = Flags::FIN | Flags::ACK;
    let expected = [(Who::A, fin), (Who::B, Flags::ACK), (Who::B, fin), (Who::A, Flags::ACK)];
    assert_eq!(flags, expected);
    pair.run_for(Duration::from_secs(59));
    assert_eq!(pair.a.state(), State::TimeWait);
    pair.run_for(Duration::from_secs(2));
    assert_eq!(pair.a.state(), State::Closed);
}

#[test]
fn after_half_a_close_text_still_flows_the_other_way() {
    let mut pair = Pair::connected();
    pair.close(Who::A);
    pair.run_for(SOON);
    let text = pattern(200_000);
    pair.transfer(Who::B, &text, Duration::from_secs(20));
    assert_eq!(pair.a.connection().write(b"x"), Err(WriteError::Closing));
    pair.close(Who::B);
    pair.run_for(SOON);
    assert_eq!(pair.states(), (State::TimeWait, State::Closed));
    assert!(pair.b.events.contains(&Event::Closed(Ending::InOrder)));
}

/// RFC 9293 §3.6, figure 13.
#[test]
fn fins_that_cross_lead_both_through_closing_to_time_wait() {
    let mut pair = Pair::connected();
    pair.close(Who::A);
    pair.close(Who::B);
    pair.run_for(Duration::from_millis(11));
    assert_eq!(pair.states(), (State::Closing, State::Closing));
    pair.run_for(SOON);
    assert_eq!(pair.states(), (State::TimeWait, State::TimeWait));
}

#[test]
fn a_fin_waits_for_the_text_before_it_and_arrives_after_it() {
    let mut pair = Pair::connected();
    let text = pattern(400_000);
    let mut written = 0;
    while written < text.len() {
        written += pair.write(Who::A, &text[written..]);
        pair.run_for(Duration::from_millis(10));
    }
    pair.close(Who::A);
    pair.run_for(Duration::from_secs(10));
    assert_eq!(pair.b.received, text);
    assert_eq!(pair.b.connection().read(&mut [0; 10]), Text::End);
    assert_eq!(pair.states(), (State::FinWait2, State::CloseWait));
}

#[test]
fn a_fin_that_overtakes_text_waits_for_it() {
    let mut pair = Pair::connected();
    let mut first = true;
    pair.rule = Box::new(move |_, segment| {
        let text = !segment.text.is_empty() && std::mem::take(&mut first);
        if text { Fate::Delay(Duration::from_millis(50)) } else { Fate::Deliver }
    });
    pair.write(Who::A, b"first");
    pair.close(Who::A);
    pair.run_for(Duration::from_millis(15));
    assert_eq!(pair.b.state(), State::Established);
    pair.run_for(SOON);
    assert_eq!(pair.b.received, b"first");
    assert_eq!(pair.b.state(), State::CloseWait);
}

#[test]
fn a_lost_fin_is_sent_again() {
    for lost in [Who::A, Who::B] {
        let mut pair = Pair::connected();
        let mut first = true;
        pair.rule = Box::new(move |from, segment| {
            let drop = from == lost && segment.fin() && std::mem::take(&mut first);
            if drop { Fate::Drop } else { Fate::Deliver }
        });
        pair.close(Who::A);
        pair.run_for(Duration::from_secs(1));
        pair.close(Who::B);
        pair.run_for(Duration::from_secs(1));
        assert_eq!(pair.states(), (State::TimeWait, State::Closed), "{lost:?}");
    }
}

#[test]
fn the_last_ack_lost_is_repeated_from_time_wait_which_starts_anew() {
    let mut pair = Pair::connected();
    pair.close(Who::A);
    pair.run_for(SOON);
    let mut first = true;
    pair.rule = Box::new(move |from, _| {
        let drop = from == Who::A && std::mem::take(&mut first);
        if drop { Fate::Drop } else { Fate::Deliver }
    });
    pair.close(Who::B);
    pair.run_for(Duration::from_millis(50));
    assert_eq!(pair.states(), (State::TimeWait, State::LastAck));
    let Role::TimeWait(wait) = &pair.a.role else { panic!() };
    let now = pair.now;
    let deadline = wait.deadline(now);
    pair.run_for(Duration::from_secs(1));
    assert_eq!(pair.states(), (State::TimeWait, State::Closed));
    let Role::TimeWait(wait) = &pair.a.role else { panic!() };
    assert!(wait.deadline(now) > deadline);
}

fn abort(pair: &mut Pair, who: Who) {
    let mut notes = Notes::new(Recording::Off);
    pair.end(who).connection().abort(&mut notes);
    pair.flush();
}

#[test]
fn an_abort_tells_the_peer_with_a_reset_it_believes() {
    let mut pair = Pair::connected();
    pair.write(Who::A, b"lost");
    abort(&mut pair, Who::A);
    pair.run_for(SOON);
    assert_eq!(pair.states(), (State::Closed, State::Closed));
    assert!(pair.b.events.contains(&Event::Closed(Ending::Reset)));
    // What had arrived can still be read; then the break shows.
    assert_eq!(pair.b.received, b"lost");
    assert_eq!(pair.b.connection().read(&mut [0; 4]), Text::Broken(Ending::Reset));
    assert_eq!(pair.b.connection().write(b"x"), Err(WriteError::Broken(Ending::Reset)));
}

#[test]
fn letting_go_with_text_unread_resets() {
    let mut pair = Pair::connected();
    pair.b.reads = false;
    pair.write(Who::A, b"never read");
    pair.run_for(SOON);
    let (now, mut notes) = (pair.now, Notes::new(Recording::Off));
    pair.b.connection().release(now, &mut notes);
    pair.flush();
    pair.run_for(SOON);
    assert!(pair.a.events.contains(&Event::Closed(Ending::Reset)));
}

#[test]
fn text_for_a_user_who_has_gone_is_answered_with_a_reset() {
    let mut pair = Pair::connected();
    let (now, mut notes) = (pair.now, Notes::new(Recording::Off));
    pair.b.connection().release(now, &mut notes);
    pair.flush();
    pair.run_for(SOON);
    assert_eq!(pair.b.state(), State::FinWait2);
    pair.write(Who::A, b"anybody there?");
    pair.run_for(SOON);
    assert!(pair.a.events.contains(&Event::Closed(Ending::Reset)));
    assert_eq!(pair.b.state(), State::Closed);
}

/// RFC 5961 §3.2: a peer that has not received our FIN would doubt a RST behind it.
#[test]
fn the_reset_for_a_user_who_has_gone_stands_where_the_peer_expects_it() {
    let mut pair = Pair::connected();
    let (now, mut notes) = (pair.now, Notes::new(Recording::Off));
    pair.rule = Box::new(|from, segment| {
        let fin = from == Who::B && segment.flags.contains(Flags::FIN);
        if fin { Fate::Drop } else { Fate::Deliver }
    });
    pair.b.connection().release(now, &mut notes);
    pair.flush();
    pair.write(Who::A, b"anybody there?");
    pair.run_for(SOON);
    assert!(pair.a.events.contains(&Event::Closed(Ending::Reset)), "{:?}", pair.a.events);
}

#[test]
fn nobody_waits_forever_in_fin_wait_2_for_a_user_who_has_gone() {
    let mut pair = Pair::connected();
    let (now, mut notes) = (pair.now, Notes::new(Recording::Off));
    pair.b.connection().release(now, &mut notes);
    pair.flush();
    pair.run_for(Duration::from_secs(59));
    assert_eq!(pair.b.state(), State::FinWait2);
    pair.run_for(Duration::from_secs(3));
    assert_eq!(pair.b.state(), State::Closed);
}

fn segment(seq: SeqNumber, ack: SeqNumber, flags: Flags) -> Segment {
    Segment { seq, ack, flags, window: 1_000, ..Segment::default() }
}

/// What B expects next, and what it has sent.
fn numbers_of_b(pair: &Pair) -> (SeqNumber, SeqNumber) {
    let last = pair.sent(Who::A).last().unwrap();
    (last.end(), last.ack)
}

/// RFC 5961 §3.
#[test]
fn a_reset_counts_only_at_exactly_the_number_expected() {
    let mut pair = Pair::connected();
    let (expected, ack) = numbers_of_b(&pair);
    pair.inject(Who::B, segment(expected + 1, ack, Flags::RST));
    assert_eq!(pair.b.state(), State::Established);
    assert!(pair.b.has_reason(&Reason::ChallengeAck));
    let sent = pair.sent(Who::B).count();
    pair.inject(Who::B, segment(expected + (1 << 30), ack, Flags::RST));
    assert_eq!(pair.b.state(), State::Established);
    assert_eq!(pair.sent(Who::B).count(), sent, "a RST outside the window is not answered");
    pair.inject(Who::B, segment(expected, ack, Flags::RST));
    assert_eq!(pair.b.state(), State::Closed);
}

/// RFC 5961 §4.
#[test]
fn a_syn_in_the_window_draws_a_challenge_ack() {
    let mut pair = Pair::connected();
    let (expected, ack) = numbers_of_b(&pair);
    pair.inject(Who::B, segment(expected + 10, ack, Flags::SYN));
    assert_eq!(pair.b.state(), State::Established);
    let challenge = pair.sent(Who::B).last().unwrap();
    assert_eq!((challenge.flags, challenge.ack), (Flags::ACK, expected));
    // A second one within half a second is not worth another.
    let sent = pair.sent(Who::B).count();
    pair.inject(Who::B, segment(expected + 10, ack, Flags::SYN));
    assert_eq!(pair.sent(Who::B).count(), sent);
}

/// RFC 9293 §3.5.2: A has crashed and opens anew from the same port; B still holds the old half.
#[test]
fn a_crashed_peer_that_opens_anew_finds_the_half_open_connection_out() {
    let mut pair = Pair::connected();
    pair.a.role = Role::Closed;
    pair.a.iss = 400;
    pair.connect(Who::A);
    pair.run_for(SOON);
    assert!(pair.b.events.contains(&Event::Closed(Ending::Reset)), "{:?}", pair.b.events);
}

/// RFC 1337.
#[test]
fn a_reset_does_not_assassinate_time_wait() {
    let mut pair = Pair::connected();
    pair.close(Who::A);
    pair.run_for(SOON);
    pair.close(Who::B);
    pair.run_for(SOON);
    let (seq, ack) = (pair.sent(Who::B).last().unwrap().end(), SeqNumber(0));
    pair.inject(Who::A, segment(seq, ack, Flags::RST));
    assert_eq!(pair.a.state(), State::TimeWait);
}

/// RFC 9293 §3.10.7.4 [MAY-2], RFC 6191.
#[test]
fn a_newer_syn_reopens_from_time_wait_and_an_older_one_does_not() {
    let mut pair = Pair::connected();
    pair.close(Who::A);
    pair.run_for(SOON);
    pair.close(Who::B);
    pair.run_for(SOON);
    let next = pair.sent(Who::B).last().unwrap().end();
    pair.inject(Who::A, segment(next - 100, SeqNumber(0), Flags::SYN));
    assert_eq!(pair.a.state(), State::TimeWait);
    pair.inject(Who::A, segment(next + 100, SeqNumber(0), Flags::SYN));
    assert_eq!(pair.a.state(), State::SynReceived);
}

#[test]
fn a_silent_peer_ends_the_connection_by_the_user_timeout() {
    let config = Config { user_timeout: Some(Duration::from_secs(10)), ..Config::default() };
    let mut pair = Pair::connected_with(config, Config::default());
    pair.rule = Box::new(|_, _| Fate::Drop);
    pair.write(Who::A, b"anybody?");
    let start = pair.now;
    while pair.a.state() != State::Closed {
        assert!(pair.step(Instant::from_secs(60)), "never given up");
    }
    assert_eq!(pair.now - start, Duration::from_secs(10));
    assert!(pair.a.events.contains(&Event::Closed(Ending::TimedOut)));
}

/// RFC 5482: also where nothing is in flight because the peer's window is closed.
#[test]
fn a_peer_that_falls_silent_behind_a_closed_window_ends_the_connection_by_the_user_timeout() {
    let a = Config { user_timeout: Some(Duration::from_secs(10)), ..Config::default() };
    let b = Config { receive_buffer: 20_000.into(), ..Config::default() };
    let mut pair = Pair::connected_with(a, b);
    pair.b.reads = false;
    pair.write(Who::A, &pattern(100_000));
    pair.run_for(Duration::from_secs(60));
    assert_eq!(pair.a.state(), State::Established, "whoever answers probes is alive");
    pair.rule = Box::new(|_, _| Fate::Drop);
    pair.run_for(Duration::from_secs(25));
    assert_eq!(pair.a.state(), State::Closed);
    assert!(pair.a.events.contains(&Event::Closed(Ending::TimedOut)));
}

#[test]
fn a_close_in_syn_received_of_a_simultaneous_open_ends_in_order() {
    let mut pair = Pair::new(Config::default(), Config::default());
    pair.connect(Who::A);
    pair.connect(Who::B);
    while pair.a.state() != State::SynReceived {
        assert!(pair.step(Instant::from_secs(5)));
    }
    pair.close(Who::A);
    assert_eq!(pair.a.state(), State::FinWait1);
    pair.run_for(Duration::from_secs(1));
    assert_eq!(pair.states(), (State::FinWait2, State::CloseWait));
    pair.close(Who::B);
    pair.run_for(SOON);
    assert_eq!(pair.states(), (State::TimeWait, State::Closed));
}
