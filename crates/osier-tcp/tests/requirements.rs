//! Does a connection keep what RFC 9293 asks of it, where no other test shows it?
//!
//! One test for a requirement, named in its comment as in appendix B; `docs/rfc/9293.md` has the
//! list of all.

mod pair;

use bytes::Bytes;
use osier_tcp::{
    Config, Ending, Event, IcmpKind, KeepAlive, Nagle, Notes, Offer, Reason, Recording, Segment,
    State, Trouble,
};
use osier_time::{Duration, Instant};
use osier_wire::SeqNumber;
use osier_wire::tcp::Flags;
use pair::puppet::Puppet;
use pair::{Fate, Pair, Role, Who, pattern};

const SOON: Duration = Duration::from_millis(100);
const HOUR: Duration = Duration::from_secs(3_600);

fn plain(config: &Config) -> Config {
    let offer = Offer { window_scale: false, timestamps: false, sack: true };
    Config { offer, ..config.clone() }
}

/// [MUST-1].
#[test]
fn a_window_beyond_32767_is_no_negative_number() {
    let mut puppet = Puppet::plain();
    let mut wide = puppet.segment(Flags::ACK, b"");
    wide.window = 0xFFFF;
    puppet.give(wide);
    assert_eq!(puppet.info().snd_wnd, 0xFFFF);
    puppet.b().write(b"x").unwrap();
    puppet.pair.flush();
    assert_eq!(puppet.pair.sent(Who::B).last().unwrap().text.as_ref(), b"x");
}

/// [MUST-14, SHLD-5, MAY-3, MUST-65].
#[test]
fn every_syn_says_the_mss_and_nothing_else_does() {
    let a = Config { mss: 1_400, ..Config::default() };
    let mut pair = Pair::connected_with(a, Config { mss: 1_300, ..Config::default() });
    pair.transfer(Who::A, &pattern(100_000), HOUR);
    pair.close(Who::A);
    pair.close(Who::B);
    pair.run_for(SOON);
    for entry in &pair.log {
        let told = match (entry.segment.syn(), entry.from) {
            (false, _) => None,
            (true, Who::A) => Some(1_400),
            (true, Who::B) => Some(1_300),
        };
        assert_eq!(entry.segment.options.mss, told, "{:?}", entry.segment);
    }
}

/// [MUST-14, MUST-16]: the peer's MSS counts without options, which take their room from the text.
#[test]
fn text_and_options_together_keep_to_the_peers_mss() {
    for (timestamps, full) in [(true, 988), (false, 1_000)] {
        let offer = Offer { timestamps, ..Config::default().offer };
        let small = Config { mss: 1_000, ..Config::default() };
        let mut pair = Pair::connected_with(Config { offer, ..Config::default() }, small);
        pair.transfer(Who::A, &pattern(100_000), HOUR);
        let longest = pair.sent(Who::A).map(|segment| segment.text.len()).max();
        assert_eq!(longest, Some(full));
    }
}

/// [MUST-11]: by a RST a passive open goes back to LISTEN, and an active one is refused.
#[test]
fn a_reset_in_syn_received_leads_back_to_where_it_came_from() {
    let mut pair = Pair::new(Config::default(), Config::default());
    pair.b.role = Role::Listen;
    pair.connect(Who::A);
    pair.run_for(Duration::from_millis(10));
    assert_eq!(pair.b.state(), State::SynReceived);
    let after_syn = pair.sent(Who::A).next().unwrap().end();
    let rst = Segment { seq: after_syn, flags: Flags::RST, ..Segment::default() };
    pair.inject(Who::B, rst);
    assert_eq!(pair.b.state(), State::Listen);

    let mut pair = Pair::new(Config::default(), Config::default());
    pair.connect(Who::A);
    pair.connect(Who::B);
    pair.run_for(Duration::from_millis(10));
    assert_eq!(pair.b.state(), State::SynReceived);
    let rst = Segment { seq: SeqNumber(1_001), flags: Flags::RST, ..Segment::default() };
    pair.inject(Who::B, rst);
    assert_eq!(pair.b.events.last(), Some(&Event::Closed(Ending::Refused)));
}

/// B in each state in which it has a record, with A spoken for by hand.
fn in_every_state() -> Vec<(State, Pair)> {
    let states = [
        State::Established,
        State::FinWait1,
        State::FinWait2,
        State::CloseWait,
        State::Closing,
        State::LastAck,
    ];
    let reach = |state| {
        let mut pair = Pair::connected();
        match state {
            State::FinWait1 => {
                pair.rule = Box::new(|_, _| Fate::Drop);
                pair.close(Who::B);
            }
            State::FinWait2 => pair.close(Who::B),
            State::CloseWait => pair.close(Who::A),
            State::Closing => {
                pair.rule = Box::new(|_, segment| match segment.fin() {
                    true => Fate::Deliver,
                    false => Fate::Drop,
                });
                pair.close(Who::A);
                pair.close(Who::B);
            }
            State::LastAck => {
                pair.close(Who::A);
                pair.run_for(SOON);
                pair.rule = Box::new(|_, _| Fate::Drop);
                pair.close(Who::B);
            }
            _ => {}
        }
        pair.run_for(Duration::from_millis(25));
        assert_eq!(pair.b.state(), state);
        (state, pair)
    };
    states.into_iter().map(reach).collect()
}

/// RFC 9293 §3.10.7.4, second, in every state; [SHLD-2]: also where the RST has text; [MUST-12].
#[test]
fn a_reset_ends_the_connection_in_every_state() {
    for text in [&b""[..], b"why"] {
        for (state, mut pair) in in_every_state() {
            let last = pair.sent(Who::B).last().unwrap();
            let (seq, text) = (last.ack, Bytes::from_static(text));
            let rst = Segment { seq, flags: Flags::RST, text, ..Segment::default() };
            pair.inject(Who::B, rst);
            assert_eq!(pair.b.state(), State::Closed, "in {state}");
            assert_eq!(pair.b.events.last(), Some(&Event::Closed(Ending::Reset)), "in {state}");
        }
    }
}

/// [MUST-12]: who closed in order is told so, who was reset is told so.
#[test]
fn the_user_learns_whether_it_ended_in_order() {
    let mut pair = Pair::connected();
    pair.close(Who::A);
    pair.run_for(SOON);
    pair.close(Who::B);
    pair.run_for(SOON);
    assert_eq!(pair.b.events.last(), Some(&Event::Closed(Ending::InOrder)));
    assert!(pair.a.events.contains(&Event::Closed(Ending::InOrder)));
}

/// [MUST-20, SHLD-11, SHLD-9, SHLD-10]: R1 after three repetitions, R2 after fifteen, and never in
/// less than 100 s.
#[test]
fn after_three_timeouts_the_owner_is_told_and_after_fifteen_it_is_over() {
    for config in [Config::linux(), Config::rfc()] {
        let mut pair = Pair::connected_with(config, Config::default());
        pair.rule = Box::new(|_, _| Fate::Drop);
        pair.write(Who::A, b"anybody?");
        let (start, trouble) = (pair.now, Event::Trouble(Trouble::Unanswered));
        while !pair.a.events.contains(&trouble) {
            assert!(pair.step(start + HOUR));
        }
        let again = pair.sent(Who::A).filter(|s| !s.text.is_empty()).count() - 1;
        assert!((3..=4).contains(&again), "{again} repetitions, a probe of the tail among them");
        while pair.a.state() != State::Closed {
            assert!(pair.step(start + HOUR), "never given up");
        }
        assert!(pair.now - start >= Duration::from_secs(100), "{}", pair.now - start);
        assert_eq!(pair.a.events.last(), Some(&Event::Closed(Ending::TimedOut)));
    }
}

/// [MUST-22]: R1 and R2 for a SYN, too.
#[test]
fn an_attempt_tells_of_trouble_before_it_is_given_up() {
    let mut pair = Pair::new(Config::default(), Config::default());
    pair.rule = Box::new(|_, _| Fate::Drop);
    pair.connect(Who::A);
    pair.run_for(HOUR);
    let told = [Event::Trouble(Trouble::Unanswered), Event::Closed(Ending::TimedOut)];
    assert_eq!(pair.a.events, told);
}

/// [MUST-47, SHLD-25, MUST-56]: told, and no more than that.
#[test]
fn a_soft_error_is_told_and_ends_nothing() {
    let mut puppet = Puppet::plain();
    puppet.b().write(b"in flight").unwrap();
    puppet.pair.flush();
    let (ack, mut notes) = (puppet.ack, Notes::new(Recording::Off));
    puppet.b().on_icmp(IcmpKind::Soft, ack, &mut notes);
    assert_eq!(puppet.b().poll_event(), Some(Event::Trouble(Trouble::Unreachable)));
    assert_eq!(puppet.b().state(), State::Established);
}

/// As Linux: what the network said is the better answer.
#[test]
fn an_attempt_that_the_network_called_hopeless_ends_as_unreachable() {
    let mut pair = Pair::new(Config::default(), Config::default());
    pair.rule = Box::new(|_, _| Fate::Drop);
    pair.connect(Who::A);
    let mut notes = Notes::new(Recording::Off);
    pair.a.connection().on_icmp(IcmpKind::Soft, SeqNumber(1_000), &mut notes);
    assert_eq!(pair.a.state(), State::SynSent);
    pair.run_for(HOUR);
    assert_eq!(pair.a.events.first(), Some(&Event::Trouble(Trouble::Unreachable)));
    assert_eq!(pair.a.events.last(), Some(&Event::Closed(Ending::Unreachable)));
}

/// [MUST-25, MUST-28].
#[test]
fn keep_alive_is_off_unless_asked_for_and_then_waits_two_hours() {
    for config in [Config::linux(), Config::rfc()] {
        let mut pair = Pair::connected_with(config.clone(), config.clone());
        let sent = pair.log.len();
        pair.run_for(HOUR * 72);
        assert_eq!(pair.log.len(), sent, "nobody asked for a sign of life");

        let keep_alive = Some(KeepAlive::default());
        let mut pair = Pair::connected_with(Config { keep_alive, ..config.clone() }, config);
        let sent = pair.log.len();
        pair.run_for(HOUR * 2 - Duration::from_secs(1));
        assert_eq!(pair.log.len(), sent);
        pair.run_for(Duration::from_secs(2));
        assert!(pair.log.len() > sent);
    }
}

fn every_ten_seconds() -> Option<KeepAlive> {
    let interval = Duration::from_secs(10);
    Some(KeepAlive { idle: interval, interval, probes: 3 })
}

/// [MUST-24, MUST-27].
#[test]
fn keep_alive_is_turned_on_and_off_for_each_connection() {
    let mut pair = Pair::connected();
    let now = pair.now;
    pair.a.connection().set_keep_alive(now, every_ten_seconds());
    pair.flush();
    let sent = pair.sent(Who::A).count();
    pair.run_for(Duration::from_secs(35));
    assert_eq!(pair.sent(Who::A).count(), sent + 3, "one every ten seconds");
    let now = pair.now;
    pair.a.connection().set_keep_alive(now, None);
    pair.flush();
    pair.run_for(HOUR);
    assert_eq!(pair.sent(Who::A).count(), sent + 3);
}

/// [MUST-26]: neither while text is in flight nor where something was heard.
#[test]
fn keep_alive_asks_only_where_nothing_is_in_flight_and_nothing_was_heard() {
    let config = Config { keep_alive: every_ten_seconds(), ..Config::default() };
    let mut pair = Pair::connected_with(config, Config::default());
    for _ in 0..20 {
        pair.run_for(Duration::from_secs(7));
        pair.write(Who::B, b"here I am");
    }
    assert!(!pair.a.has_reason(&Reason::KeepAliveProbe { attempt: 0 }));
    pair.rule = Box::new(|_, _| Fate::Drop);
    pair.write(Who::A, b"in flight");
    pair.run_for(Duration::from_secs(25));
    assert!(!pair.a.has_reason(&Reason::KeepAliveProbe { attempt: 0 }));
}

/// [SHLD-12], [MUST-29].
#[test]
fn a_keep_alive_probe_carries_no_text_and_one_lost_answer_ends_nothing() {
    let config = Config { keep_alive: every_ten_seconds(), ..Config::default() };
    let mut pair = Pair::connected_with(config, Config::default());
    let before = pair.sent(Who::A).count();
    let mut lost = 0;
    pair.rule = Box::new(move |from, _| {
        lost += u32::from(from == Who::B);
        if from == Who::B && lost <= 2 { Fate::Drop } else { Fate::Deliver }
    });
    pair.run_for(Duration::from_secs(100));
    assert_eq!(pair.states(), (State::Established, State::Established));
    let probes: Vec<&Segment> = pair.sent(Who::A).skip(before).collect();
    assert!(probes.len() >= 5);
    assert!(probes.iter().all(|probe| probe.text.is_empty() && probe.flags == Flags::ACK));
    assert_eq!(pair.b.received, b"");
}

/// B has 5,000 octets in flight when A takes its window back to `window`.
fn shrunk_to(window: u16) -> Puppet {
    let mut puppet = Puppet::new(plain(&Config { nagle: Nagle::Off, ..Config::default() }));
    puppet.b().write(&pattern(5_000)).unwrap();
    puppet.pair.flush();
    assert_eq!(puppet.info().unacked, 4);
    let mut shrunk = puppet.segment(Flags::ACK, b"");
    shrunk.window = window;
    puppet.give(shrunk);
    puppet
}

/// [MUST-34, SHLD-15, SHLD-16].
#[test]
fn a_window_that_shrinks_stops_new_text_and_not_what_is_in_flight() {
    let mut puppet = shrunk_to(3_000);
    let (una, before) = (puppet.ack, puppet.pair.log.len());
    puppet.b().write(&pattern(5_000)).unwrap();
    puppet.pair.flush();
    puppet.pair.run_for(Duration::from_secs(3));
    let sent: Vec<&Segment> = puppet.pair.log[before..].iter().map(|e| &e.segment).collect();
    assert!(sent.iter().all(|segment| segment.end().at_or_before(una + 5_000)), "nothing new");
    assert!(sent.iter().any(|segment| segment.seq == una), "the oldest goes again");
    // What fits is acknowledged, the window opens, and all goes on.
    puppet.ack += 5_000;
    let answer = puppet.give(puppet.segment(Flags::ACK, b""));
    assert_eq!(answer.first().map(|segment| segment.seq), Some(una + 5_000));
}

/// [SHLD-17], [MUST-35], [MUST-37]: it is probed for as long as the peer answers, and no longer.
#[test]
fn a_window_that_shrinks_to_nothing_ends_no_connection_while_the_peer_answers() {
    for window in [0, 1_000] {
        let mut puppet = shrunk_to(window);
        let mut answer = puppet.segment(Flags::ACK, b"");
        answer.window = window;
        let mut seen = puppet.pair.log.len();
        let end = puppet.pair.now + HOUR * 24;
        while puppet.pair.step(end) {
            if puppet.pair.log.len() > seen {
                puppet.give(answer.clone());
                seen = puppet.pair.log.len();
            }
        }
        assert_eq!(puppet.b().state(), State::Established, "window {window}");
        let probes = seen;
        assert!(probes > 24 * 20, "{probes} probes, one every two minutes at least");
        puppet.pair.run_for(HOUR * 24);
        assert_eq!(puppet.b().state(), State::Closed, "the peer has fallen silent");
    }
}

/// [MUST-36, MUST-37, SHLD-29, SHLD-30, MAY-8].
#[test]
fn a_closed_window_is_probed_for_ever_with_growing_patience() {
    let config = Config { receive_buffer: 20_000.into(), ..Config::default() };
    let mut pair = Pair::connected_with(Config::default(), config);
    pair.b.reads = false;
    pair.write(Who::A, &pattern(100_000));
    pair.run_for(HOUR * 24);
    assert_eq!(pair.states(), (State::Established, State::Established));
    let probe = |entry: &&pair::InFlight| entry.from == Who::A;
    let times: Vec<Instant> = pair.log.iter().filter(probe).map(|entry| entry.at).collect();
    let waits: Vec<Duration> = times.windows(2).map(|two| two[1] - two[0]).collect();
    let last = &waits[waits.len() - 20..];
    assert!(last.iter().all(|wait| *wait == Duration::from_secs(120)), "{last:?}");
    let growing = &waits[waits.len() - 700..];
    assert!(growing.windows(2).all(|two| two[0] <= two[1]), "never more often than before");
}

/// [MUST-66]: and an acknowledgment, which lets B send, too.
#[test]
fn a_reset_and_an_acknowledgment_are_heard_behind_a_closed_window() {
    let mut puppet =
        Puppet::new(plain(&Config { receive_buffer: 1_000.into(), ..Config::default() }));
    puppet.pair.b.reads = false;
    puppet.give(puppet.segment(Flags::ACK, &[7; 1_000]));
    puppet.seq += 1_000;
    assert_eq!(puppet.pair.sent(Who::B).last().unwrap().window, 0);
    puppet.b().write(b"one").unwrap();
    puppet.pair.flush();
    puppet.ack += 3;
    // The text finds no room; the acknowledgment that travels with it counts.
    puppet.give(puppet.segment(Flags::ACK, b"more"));
    assert_eq!(puppet.info().unacked, 0);
    assert_eq!(puppet.b().readable(), 1_000);
    puppet.give(puppet.segment(Flags::RST, b""));
    assert_eq!(puppet.b().state(), State::Closed);
}

/// [MUST-58, MUST-59]: what is queued is processed before anything is acknowledged.
#[test]
fn segments_that_come_together_are_acknowledged_once() {
    let mut puppet = Puppet::plain();
    let (now, before) = (puppet.pair.now, puppet.pair.log.len());
    let mut notes = Notes::new(Recording::Off);
    for n in 0..8 {
        let mut segment = puppet.segment(Flags::ACK, &[7; 1_460]);
        segment.seq += n * 1_460;
        puppet.b().on_segment(now, &mut segment, osier_tcp::Arrived::default(), &mut notes);
    }
    puppet.pair.flush();
    let acks: Vec<SeqNumber> = puppet.pair.log[before..].iter().map(|e| e.segment.ack).collect();
    assert_eq!(acks, [puppet.seq + 8 * 1_460]);
}

/// [MUST-60, MUST-61, SHLD-27, SHLD-28]: nobody can ask for PSH, so the last of what is queued has
/// it and nothing waits for more.
#[test]
fn the_last_of_what_is_queued_is_pushed_and_the_rest_goes_in_full_segments() {
    let mut pair = Pair::connected_with(plain(&Config::default()), Config::default());
    for _ in 0..20 {
        pair.a.connection().write(&pattern(500)).unwrap();
    }
    pair.flush();
    pair.run_for(SOON);
    let texts: Vec<&Segment> = pair.sent(Who::A).filter(|s| !s.text.is_empty()).collect();
    let (last, full) = texts.split_last().unwrap();
    assert!(full.iter().all(|s| s.text.len() == 1_460 && !s.flags.contains(Flags::PSH)));
    assert!(last.flags.contains(Flags::PSH));
    assert_eq!(pair.b.received.len(), 10_000, "nothing was kept back");
}

/// [MUST-40]: less than half a second, in either profile.
#[test]
fn an_acknowledgment_is_never_held_back_for_half_a_second() {
    for config in [Config::linux(), Config::rfc()] {
        let mut puppet = Puppet::new(plain(&config));
        for _ in 0..40 {
            let now = puppet.pair.now;
            puppet.give(puppet.segment(Flags::ACK, b"x"));
            puppet.seq += 1;
            puppet.pair.run_for(Duration::from_millis(499));
            let last = puppet.pair.log.last().unwrap();
            assert_eq!(last.segment.ack, puppet.seq);
            assert!(last.at - now < Duration::from_millis(500));
        }
    }
}

/// [MAY-1, SHLD-3]: a user who closes both ways at once leaves nothing unsaid to the peer.
#[test]
fn a_half_duplex_close_with_text_unread_resets() {
    let mut pair = Pair::connected();
    pair.b.reads = false;
    pair.write(Who::A, b"unread");
    pair.run_for(SOON);
    let (now, mut notes) = (pair.now, Notes::new(Recording::Off));
    pair.b.connection().release(now, &mut notes);
    pair.flush();
    assert!(pair.sent(Who::B).last().unwrap().rst());
    pair.run_for(SOON);
    assert_eq!(pair.a.state(), State::Closed);
}

/// [MAY-12]: RFC 5961 §5. A duplicate acknowledgment of everything that reports a duplicate (RFC
/// 2883 §4) is heard though nothing is in flight any more: it widens what RACK calls reordering.
#[test]
fn a_duplicate_reported_after_everything_was_acknowledged_is_still_heard() {
    let mut puppet = Puppet::plain();
    puppet.b().write(&pattern(1_460)).unwrap();
    puppet.pair.flush();
    puppet.pair.run_for(Duration::from_millis(900));
    assert!(puppet.info().total_retrans > 0, "sent again");
    let first = puppet.ack;
    puppet.ack += 1_460;
    puppet.give(puppet.segment(Flags::ACK, b""));
    assert_eq!(puppet.info().unacked, 0);
    let mut report = puppet.segment(Flags::ACK, b"");
    report.options.sack.push(first, puppet.ack);
    puppet.give(report);
    assert_eq!(puppet.info().dsack_dups, 1);
}

/// The timer for the SYN has gone off and the device has no room yet: an answer that comes now
/// still counts.
#[test]
fn an_answer_that_comes_while_the_syn_is_due_again_counts() {
    let mut notes = Notes::new(Recording::Off);
    let opening = osier_tcp::Opening { iss: SeqNumber(7), ..osier_tcp::Opening::default() };
    let config = Config::default();
    let mut attempt = osier_tcp::Connection::connect(Instant::ZERO, &config, opening, &mut notes);
    assert!(attempt.poll_transmit(Instant::ZERO, &mut notes).is_some());
    let later = Instant::from_secs(1);
    attempt.on_deadline(later, &mut notes);
    assert!(attempt.wants_transmit());
    let (seq, ack) = (SeqNumber(90), SeqNumber(8));
    let flags = Flags::SYN | Flags::ACK;
    let mut syn_ack = Segment { seq, ack, flags, window: 1_000, ..Segment::default() };
    attempt.on_segment(later, &mut syn_ack, osier_tcp::Arrived::default(), &mut notes);
    assert_eq!(attempt.state(), State::Established);
}

/// A peer that lies: text beyond its own FIN. However it comes, the peer has closed.
#[test]
fn text_beyond_a_fin_does_not_hide_it() {
    for order in [[1, 2, 0], [2, 1, 0]] {
        let mut puppet = Puppet::plain();
        for n in order {
            let flags = if n == 1 { Flags::ACK | Flags::FIN } else { Flags::ACK };
            let mut segment = puppet.segment(flags, b"0123456789");
            segment.seq += 10 * n;
            puppet.give(segment);
        }
        assert_eq!(puppet.pair.b.state(), State::CloseWait, "{order:?}");
        assert_eq!(puppet.b().read(&mut [0; 9]), osier_tcp::Text::End, "{order:?}");
    }
}
