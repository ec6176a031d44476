//! Do two ends agree on explicit congestion notification, and listen to it? (RFC 3168 §6.1)

mod pair;

use osier_tcp::{Algorithm, Config, Ecn, Offer, Reason, Segment, Sending, TcpInfo};
use osier_time::Duration;
use osier_wire::ip::Ecn as Field;
use osier_wire::tcp::Flags;
use pair::puppet::Puppet;
use pair::{Fate, InFlight, Pair, Role, Who, pattern};

const ASK: Flags = Flags(Flags::ECE.0 | Flags::CWR.0);

fn with(ecn: Ecn) -> Config {
    let config = Config::default();
    Config { sending: Sending { ecn, ..config.sending }, ..config }
}

/// Both ask; `gso_max` is of super-segments.
fn agreed(congestion: Algorithm) -> Pair {
    let config = Config { congestion, gso_max: 65_536, ..with(Ecn::On) };
    let mut pair = Pair::connected_with(config.clone(), config);
    pair.log.clear();
    pair
}

fn ecn_flags(entry: &InFlight) -> Flags {
    Flags(entry.segment.flags.0 & ASK.0)
}

/// The ECN flags of SYN and SYN,ACK, and whether text may be marked.
fn handshake(a: Ecn, b: Ecn) -> (Flags, Flags, bool) {
    let mut pair = Pair::connected_with(with(a), with(b));
    pair.transfer(Who::A, &pattern(5_000), Duration::from_secs(1));
    let text = pair.log.iter().filter(|entry| !entry.segment.text.is_empty());
    let marked = text.map(|entry| entry.ecn == Field::Ect0).collect::<Vec<_>>();
    assert!(marked.iter().all(|ect| *ect == marked[0]), "all text is alike");
    (ecn_flags(&pair.log[0]), ecn_flags(&pair.log[1]), marked[0])
}

#[test]
fn it_is_used_where_one_end_asks_and_the_other_does_not_refuse() {
    for answers in [Ecn::On, Ecn::WhenAsked] {
        assert_eq!(handshake(Ecn::On, answers), (ASK, Flags::ECE, true));
    }
    assert_eq!(handshake(Ecn::On, Ecn::Off), (ASK, Flags::NONE, false));
}

#[test]
fn by_default_nobody_asks_as_on_linux() {
    assert_eq!(Config::default().sending.ecn, Ecn::WhenAsked);
    for asks_not in [Ecn::WhenAsked, Ecn::Off] {
        assert_eq!(handshake(asks_not, Ecn::On), (Flags::NONE, Flags::NONE, false));
    }
}

#[test]
fn a_syn_that_stays_unanswered_is_followed_by_one_that_does_not_ask() {
    let mut pair = Pair::new(with(Ecn::On), with(Ecn::On));
    pair.b.role = Role::Listen;
    let mut first = true;
    pair.rule =
        Box::new(move |_, _| if core::mem::take(&mut first) { Fate::Drop } else { Fate::Deliver });
    pair.connect(Who::A);
    pair.run_for(Duration::from_secs(3));
    pair.transfer(Who::A, &pattern(5_000), Duration::from_secs(1));
    let syns = pair.log.iter().filter(|entry| entry.segment.syn()).map(ecn_flags);
    assert_eq!(syns.collect::<Vec<_>>(), [ASK, Flags::NONE, Flags::NONE]);
    assert!(pair.log.iter().all(|entry| entry.ecn == Field::NotEct));
}

/// RFC 3168 §6.1.4, §6.1.5, §6.1.6.
#[test]
fn only_new_text_may_be_marked() {
    let mut pair = agreed(Algorithm::Cubic);
    let mut nth = 0;
    pair.rule = Box::new(move |from, segment| {
        nth += u32::from(from == Who::A && !segment.text.is_empty());
        if nth == 5 { Fate::Drop } else { Fate::Deliver }
    });
    pair.transfer(Who::A, &pattern(60_000), Duration::from_secs(5));
    let mut seen = pair.log[0].segment.seq;
    let mut again = 0;
    for entry in &pair.log {
        let text = entry.from == Who::A && !entry.segment.text.is_empty();
        let new = text && entry.segment.seq.at_or_after(seen);
        again += u32::from(text && !new);
        seen = if new { entry.segment.end() } else { seen };
        let expected = if new { Field::Ect0 } else { Field::NotEct };
        assert_eq!(entry.ecn, expected, "{:?} {}", entry.from, entry.segment.seq);
    }
    assert!(again > 0, "something was sent again");
}

#[test]
fn a_mark_is_echoed_until_cwr_and_cuts_the_window_once() {
    for algorithm in Algorithm::ALL {
        let mut pair = agreed(algorithm);
        pair.transfer(Who::A, &pattern(60_000), Duration::from_secs(5));
        pair.run_for(Duration::from_secs(1));
        pair.log.clear();
        let now = pair.now;
        let window = |pair: &mut Pair| pair.a.connection().info(now).unwrap().snd_cwnd;
        let before = window(&mut pair);
        // Two marks in one window.
        let mut nth = 0;
        pair.marks = Box::new(move |_, _| {
            nth += 1;
            nth == 3 || nth == 5
        });
        pair.transfer(Who::A, &pattern(20_000), Duration::from_secs(5));
        pair.run_for(Duration::from_millis(200));
        let echoes = pair.a.reasons.iter().filter(|r| matches!(r, Reason::MarkEchoed)).count();
        assert_eq!(echoes, 1, "{algorithm}: once a window");
        assert!(pair.b.has_reason(&Reason::CongestionMarked));
        let after = window(&mut pair);
        assert!(after < before, "{algorithm}: {before} -> {after}");
        assert_eq!(pair.a.connection().info(now).unwrap().total_retrans, 0);
        // The next new text says CWR, once, and the echo ends.
        pair.log.clear();
        pair.transfer(Who::A, &pattern(20_000), Duration::from_secs(5));
        pair.run_for(Duration::from_millis(200));
        let cwr: Vec<bool> = pair
            .log
            .iter()
            .filter(|entry| entry.from == Who::A && !entry.segment.text.is_empty())
            .map(|entry| entry.segment.flags.contains(Flags::CWR))
            .collect();
        assert_eq!(cwr.iter().filter(|cwr| **cwr).count(), 1, "{algorithm}");
        assert!(cwr[0], "{algorithm}: on the first");
        let last = pair.log.iter().rfind(|entry| entry.from == Who::B).unwrap();
        assert_eq!(ecn_flags(last), Flags::NONE, "{algorithm}");
    }
}

#[test]
fn a_path_that_marks_slows_a_sender_down_without_a_loss() {
    for algorithm in Algorithm::ALL {
        let mut pair = agreed(algorithm);
        let mut nth = 0;
        pair.marks = Box::new(move |from, _| {
            nth += u32::from(from == Who::A);
            nth % 50 == 0
        });
        let start = pair.now;
        pair.transfer(Who::A, &pattern(2_000_000), Duration::from_secs(60));
        let took = (pair.now - start).as_millis();
        assert!(took > 500, "{algorithm}: {took} ms");
        let now = pair.now;
        assert_eq!(pair.a.connection().info(now).unwrap().total_retrans, 0);
        let echoes = pair.a.reasons.iter().filter(|r| matches!(r, Reason::MarkEchoed)).count();
        assert!(echoes > 5, "{algorithm}: {echoes}");
    }
}

#[test]
fn a_loss_says_cwr_too() {
    let mut pair = agreed(Algorithm::Cubic);
    let mut nth = 0;
    pair.rule = Box::new(move |from, segment| {
        nth += u32::from(from == Who::A && !segment.text.is_empty());
        if nth == 5 { Fate::Drop } else { Fate::Deliver }
    });
    pair.transfer(Who::A, &pattern(100_000), Duration::from_secs(5));
    let said = pair.sent(Who::A).filter(|segment| segment.flags.contains(Flags::CWR)).count();
    assert_eq!(said, 1);
}

#[test]
fn whoever_has_not_agreed_does_not_listen() {
    let mut pair = Pair::connected();
    pair.write(Who::A, &pattern(10_000));
    let echo = pair.log.iter().rfind(|entry| entry.from == Who::B).unwrap();
    let mut segment = echo.segment.clone();
    segment.flags |= Flags::ECE;
    pair.inject_marked(Who::A, segment, Field::Ce);
    pair.run_for(Duration::from_secs(1));
    assert!(!pair.a.has_reason(&Reason::MarkEchoed));
    assert!(!pair.a.has_reason(&Reason::CongestionMarked));
    assert!(pair.sent(Who::A).all(|segment| !segment.flags.intersects(ASK)));
}

const MSS: u32 = 1_460;

/// B has ten segments in flight to an A that is spoken for by hand.
fn ten_in_flight(congestion: Algorithm) -> Puppet {
    let offer = Offer { window_scale: false, timestamps: false, sack: true };
    let config = Config { offer, congestion, ..with(Ecn::On) };
    let mut puppet = Puppet::new(Config { send_buffer: (1 << 20).into(), ..config });
    puppet.pair.write(Who::B, &pattern(100 * MSS as usize));
    assert_eq!(puppet.info().unacked, 10);
    puppet
}

/// A acknowledges so many segments of all that B ever sent.
fn ack(puppet: &Puppet, segments: u32, flags: Flags) -> Segment {
    let mut segment = puppet.segment(Flags::ACK | flags, b"");
    segment.ack += segments * MSS;
    segment
}

/// The same, and reports the segments from `left` to `right`.
fn report(puppet: &Puppet, segments: u32, (left, right): (u32, u32), flags: Flags) -> Segment {
    let mut segment = ack(puppet, segments, flags);
    segment.options.sack.push(puppet.ack + left * MSS, puppet.ack + right * MSS);
    segment
}

fn windows(puppet: &mut Puppet) -> (u8, u32, u32) {
    let TcpInfo { ca_state, snd_ssthresh, snd_cwnd, .. } = puppet.info();
    (ca_state, snd_ssthresh, snd_cwnd)
}

/// RFC 3168 §6.1.2, RFC 9438 §4.6, RFC 5681 §3.1.
#[test]
fn an_acknowledgment_with_ece_cuts_the_window_and_does_not_open_it() {
    for (algorithm, cut) in [(Algorithm::Cubic, 7), (Algorithm::Reno, 5)] {
        let mut puppet = ten_in_flight(algorithm);
        puppet.give(ack(&puppet, 2, Flags::ECE));
        assert_eq!(windows(&mut puppet), (2, cut, cut), "{algorithm}");
        for segments in 3..=10 {
            puppet.give(ack(&puppet, segments, Flags::ECE));
            assert_eq!(windows(&mut puppet), (2, cut, cut), "{algorithm}: {segments}");
        }
        // What was sent since, and said CWR, has arrived.
        puppet.give(ack(&puppet, 12, Flags::NONE));
        assert_eq!(puppet.info().ca_state, 0, "{algorithm}");
        assert!(puppet.info().snd_cwnd >= cut, "{algorithm}");
    }
}

#[test]
fn an_old_echo_says_nothing() {
    let mut puppet = ten_in_flight(Algorithm::Cubic);
    puppet.give(ack(&puppet, 2, Flags::NONE));
    puppet.give(ack(&puppet, 1, Flags::ECE));
    assert_eq!(puppet.info().ca_state, 0);
}

/// RFC 3168 §6.1.2: at most once in a window of data, for a mark or for a loss.
#[test]
fn a_loss_in_a_window_that_was_cut_for_a_mark_does_not_cut_it_again() {
    for (algorithm, cut) in [(Algorithm::Cubic, 7), (Algorithm::Reno, 5)] {
        let mut puppet = ten_in_flight(algorithm);
        puppet.give(ack(&puppet, 2, Flags::ECE));
        puppet.give(report(&puppet, 2, (3, 7), Flags::ECE));
        assert_eq!(windows(&mut puppet).0, 3, "{algorithm}");
        assert_eq!(puppet.info().snd_ssthresh, cut, "{algorithm}");
        let all = puppet.pair.sent(Who::B).map(Segment::end);
        let end = all.reduce(|one, other| if other.after(one) { other } else { one }).unwrap();
        let mut all = ack(&puppet, 0, Flags::NONE);
        all.ack = end;
        puppet.give(all);
        assert_eq!(windows(&mut puppet).1, cut, "{algorithm}");
        assert!(puppet.info().snd_cwnd >= cut, "{algorithm}: the window may grow again");
    }
}

#[test]
fn a_timeout_in_a_window_that_was_cut_for_a_mark_leaves_the_threshold() {
    let mut puppet = ten_in_flight(Algorithm::Cubic);
    puppet.give(ack(&puppet, 2, Flags::ECE));
    puppet.pair.run_for(Duration::from_secs(1));
    assert_eq!(windows(&mut puppet), (4, 7, 1));
}

#[test]
fn a_mark_in_a_window_that_was_cut_for_a_loss_does_not_cut_it_again() {
    for found_by in [Flags::NONE, Flags::ECE] {
        let mut puppet = ten_in_flight(Algorithm::Cubic);
        puppet.give(report(&puppet, 2, (3, 7), found_by));
        puppet.give(report(&puppet, 2, (3, 8), Flags::ECE));
        assert_eq!(puppet.info().snd_ssthresh, 7);
        // The end of what was in flight then: the recovery is over, the cut is not forgotten.
        puppet.give(ack(&puppet, 10, Flags::ECE));
        assert_eq!(puppet.info().snd_ssthresh, 7);
    }
}

#[test]
fn a_loss_in_the_window_after_a_mark_cuts_again() {
    let mut puppet = ten_in_flight(Algorithm::Cubic);
    puppet.give(ack(&puppet, 10, Flags::ECE));
    assert_eq!((puppet.info().unacked, puppet.info().snd_ssthresh), (7, 7));
    puppet.give(report(&puppet, 10, (11, 15), Flags::NONE));
    assert_eq!(windows(&mut puppet).0, 3);
    assert_eq!(puppet.info().snd_ssthresh, 4);
}

/// Linux: what an acknowledgment with ECE delivers counts.
#[test]
fn what_arrived_with_an_echo_is_counted() {
    let mut puppet = ten_in_flight(Algorithm::Cubic);
    puppet.give(ack(&puppet, 2, Flags::NONE));
    assert_eq!((puppet.info().delivered, puppet.info().delivered_ce), (3, 0));
    puppet.give(report(&puppet, 4, (5, 6), Flags::ECE));
    assert_eq!((puppet.info().delivered, puppet.info().delivered_ce), (6, 3));
    puppet.give(ack(&puppet, 6, Flags::NONE));
    assert_eq!((puppet.info().delivered, puppet.info().delivered_ce), (7, 3));
}
