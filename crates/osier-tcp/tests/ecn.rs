//! Do two ends agree on explicit congestion notification, and listen to it? (RFC 3168 §6.1)

mod pair;

use osier_tcp::{Algorithm, Config, Ecn, Reason, Sending};
use osier_time::Duration;
use osier_wire::ip::Ecn as Field;
use osier_wire::tcp::Flags;
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
