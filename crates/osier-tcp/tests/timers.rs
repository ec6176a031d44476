//! Does the retransmission timer run when it should, and does the window open as it should?
//!
//! RFC 6298 §5, RFC 5681 §3.1, RFC 6928: what is sent when, seen from outside.

mod pair;

use osier_tcp::{Algorithm, Config, Notes, Offer, Reason, Recording, Timer};
use osier_time::{Duration, Instant};
use osier_wire::tcp::Flags;
use pair::puppet::Puppet;
use pair::{Fate, Pair, Role, Who, pattern};

/// When B's retransmission timer is due, where it runs first of all.
fn due(puppet: &mut Puppet) -> Option<Instant> {
    puppet.b().next_timer().filter(|(timer, _)| *timer == Timer::Retransmit).map(|due| due.1)
}

/// Without SACK no other alarm of recovery comes before it.
fn without_sack() -> Puppet {
    let offer = Offer { window_scale: false, timestamps: false, sack: false };
    Puppet::new(Config { offer, ..Config::default() })
}

/// RFC 6298 §5.1 to §5.3.
#[test]
fn the_timer_starts_with_text_anew_with_progress_and_stops_when_all_is_acknowledged() {
    let mut puppet = without_sack();
    assert_eq!(due(&mut puppet), None, "nothing is in flight");
    puppet.b().write(&pattern(3 * 1_460)).unwrap();
    puppet.pair.flush();
    let first = due(&mut puppet).expect("it runs");
    assert!(first > puppet.pair.now);

    puppet.pair.run_for(Duration::from_millis(50));
    puppet.b().write(&pattern(1_460)).unwrap();
    puppet.pair.flush();
    assert_eq!(due(&mut puppet), Some(first), "more text does not restart it");

    puppet.ack += 1_460;
    puppet.give(puppet.segment(Flags::ACK, b""));
    let (now, rto) = (puppet.pair.now, Duration::from_micros(puppet.info().rto.into()));
    assert_eq!(due(&mut puppet), Some(now + rto), "progress does");

    puppet.ack += 3 * 1_460;
    puppet.give(puppet.segment(Flags::ACK, b""));
    assert_eq!(due(&mut puppet), None, "nothing is in flight any more");
}

/// RFC 6298 §5.4 to §5.6: the earliest segment, then twice the patience, again and again.
#[test]
fn each_expiry_sends_the_earliest_segment_and_doubles_the_wait() {
    let mut puppet = without_sack();
    puppet.b().write(&pattern(3 * 1_460)).unwrap();
    puppet.pair.flush();
    let before = puppet.pair.log.len();
    let start = puppet.pair.now;
    puppet.pair.run_for(Duration::from_secs(10));
    let again = &puppet.pair.log[before..];
    assert!(again.len() >= 4);
    assert!(again.iter().all(|entry| entry.segment.seq == puppet.ack), "the earliest");
    let times = core::iter::once(start).chain(again.iter().map(|entry| entry.at));
    let times: Vec<Instant> = times.collect();
    let waits: Vec<Duration> = times.windows(2).map(|two| two[1] - two[0]).collect();
    assert!(waits.windows(2).all(|two| two[1] == two[0] * 2), "{waits:?}");
}

/// RFC 6298 §5.7: three seconds for the first text where the SYN timed out. Without timestamps
/// nobody knows which SYN was answered, so there is no measurement to go by (§3).
#[test]
fn after_a_syn_that_timed_out_the_first_text_waits_three_seconds() {
    let offer = Offer { window_scale: true, timestamps: false, sack: true };
    let mut pair = Pair::new(Config { offer, ..Config::default() }, Config::default());
    pair.b.role = Role::Listen;
    let mut lost = 0;
    pair.rule = Box::new(move |_, segment| {
        lost += u32::from(segment.flags == Flags::SYN);
        if segment.flags == Flags::SYN && lost == 1 { Fate::Drop } else { Fate::Deliver }
    });
    pair.connect(Who::A);
    pair.run_for(Duration::from_secs(2));
    pair.rule = Box::new(|_, _| Fate::Drop);
    pair.write(Who::A, b"text");
    let sent = pair.now;
    while !pair.a.has_reason(&Reason::RtoExpired { rto: Duration::ZERO }) {
        assert!(pair.step(sent + Duration::from_secs(10)));
    }
    assert!(pair.now - sent >= Duration::from_secs(3), "{}", pair.now - sent);
}

/// RFC 5681 §3.1, RFC 6928 §2: an initial window of one segment where the SYN was lost.
#[test]
fn after_a_lost_syn_the_window_opens_with_one_segment() {
    let mut pair = Pair::new(Config::default(), Config::default());
    pair.b.role = Role::Listen;
    let mut lost = 0;
    pair.rule = Box::new(move |_, segment| {
        lost += u32::from(segment.flags == Flags::SYN);
        if segment.flags == Flags::SYN && lost == 1 { Fate::Drop } else { Fate::Deliver }
    });
    pair.connect(Who::A);
    pair.run_for(Duration::from_secs(2));
    pair.write(Who::A, &pattern(50_000));
    assert_eq!(pair.sent(Who::A).filter(|segment| !segment.text.is_empty()).count(), 1);
}

/// RFC 5681 §3.1 and §4.2: however much the peer's window allows, no more than cwnd is in flight;
/// and however large cwnd is, no more than the peer's window.
#[test]
fn no_more_is_in_flight_than_the_smaller_window_allows() {
    let mut puppet = Puppet::plain();
    puppet.b().write(&pattern(100_000)).unwrap();
    puppet.pair.flush();
    assert_eq!(puppet.info().unacked, 10, "cwnd");
    let mut narrow = puppet.segment(Flags::ACK, b"");
    narrow.ack += 10 * 1_460;
    narrow.window = 4_000;
    let before = puppet.pair.log.len();
    puppet.give(narrow);
    let octets: usize = puppet.pair.log[before..].iter().map(|e| e.segment.text.len()).sum();
    assert!((2 * 1_460..=4_000).contains(&octets), "{octets}");
}

/// RFC 5681 §4.2: not more than one acknowledgment for each segment, a window update apart.
#[test]
fn a_segment_draws_one_acknowledgment_at_most() {
    let mut pair = Pair::connected();
    let mut n = 0;
    pair.rule = Box::new(move |from, segment| {
        n += u32::from(from == Who::A && !segment.text.is_empty());
        if from == Who::A && n % 7 == 3 { Fate::Drop } else { Fate::Deliver }
    });
    pair.transfer(Who::A, &pattern(300_000), Duration::from_secs(600));
    let texts = pair.sent(Who::A).filter(|segment| !segment.text.is_empty()).count();
    let acks = pair.sent(Who::B).filter(|segment| !segment.syn()).count();
    assert!(acks <= texts, "{acks} acknowledgments of {texts} segments");
}

/// RFC 5681 §3.1: Reno doubles the window in a round of slow start, and after a loss adds a segment
/// in a round.
#[test]
fn reno_doubles_below_the_threshold_and_adds_a_segment_above_it() {
    let offer = Offer { window_scale: true, timestamps: false, sack: true };
    let config = Config { congestion: Algorithm::Reno, offer, ..Config::default() };
    let mut puppet = Puppet::new(config);
    let round = |puppet: &mut Puppet| {
        puppet.b().write(&pattern(400_000)).unwrap();
        puppet.pair.flush();
        let window = puppet.info().snd_cwnd;
        let end = puppet.pair.sent(Who::B).last().unwrap().end();
        while puppet.ack != end {
            puppet.ack += end.since(puppet.ack).min(2 * 1_460);
            let mut ack = puppet.segment(Flags::ACK, b"");
            ack.window = 0xFFFF;
            // What an acknowledgment lets go belongs to the next round.
            puppet.give(ack);
        }
        (window, puppet.info().snd_cwnd)
    };
    let (before, after) = round(&mut puppet);
    assert_eq!((before, after), (10, 20));
}

/// RFC 8985 §7.3: a probe starts the retransmission timer anew, sent or not.
#[test]
fn a_probe_starts_the_retransmission_timer_anew() {
    let mut puppet = Puppet::plain();
    puppet.b().write(&pattern(14_600)).unwrap();
    puppet.pair.flush();
    let rto = Duration::from_micros(puppet.info().rto.into());
    let before = puppet.pair.log.len();
    puppet.pair.run_for(Duration::from_millis(600));
    let sent: Vec<Instant> = puppet.pair.log[before..].iter().map(|entry| entry.at).collect();
    assert_eq!(sent[1] - sent[0], rto, "from the probe to the timeout");
}

/// RFC 4015 §3.2: when a timeout proves needless the window is what it was, and still no more
/// leaves at once than an initial window.
#[test]
fn no_burst_follows_a_timeout_that_was_needless() {
    let mut pair = Pair::connected();
    pair.transfer(Who::A, &pattern(400_000), Duration::from_secs(60));
    let before = pair.a.connection().info(pair.now).unwrap().snd_cwnd;
    assert!(before > 100, "{before}");
    pair.stall(Duration::from_millis(300));
    pair.write(Who::A, &pattern(60 * 1_448));
    while !pair.a.has_reason(&Reason::RtoExpired { rto: Duration::ZERO }) {
        assert!(pair.step(pair.now + Duration::from_secs(5)));
    }
    pair.write(Who::A, &pattern(800_000));
    let undone = |pair: &Pair| pair.a.has_reason(&Reason::CutUndone { cwnd: 0, ssthresh: 0 });
    while !undone(&pair) {
        assert!(pair.step(pair.now + Duration::from_secs(5)));
    }
    let now = pair.now;
    let burst = pair.log.iter().filter(|entry| entry.at == now && entry.from == Who::A).count();
    assert!((1..=11).contains(&burst), "{burst} segments at once");
}

/// RFC 3042 §2: the congestion window is left alone.
#[test]
fn limited_transmit_leaves_the_congestion_window_alone() {
    let mut puppet = Puppet::plain();
    puppet.b().write(&pattern(100_000)).unwrap();
    puppet.pair.flush();
    let cwnd = puppet.info().snd_cwnd;
    for n in 1..=2 {
        let mut duplicate = puppet.segment(Flags::ACK, b"");
        let left = puppet.ack + 1_460;
        duplicate.options.sack.push(left, left + n * 1_460);
        assert_eq!(puppet.give(duplicate).len(), 1, "one new segment");
        assert_eq!(puppet.info().snd_cwnd, cwnd);
    }
}

/// RFC 8985 §7.3: the alarm of a tail loss probe rings, and before the probe is taken for sending
/// the acknowledgment is there after all.
#[test]
fn a_tail_probe_for_what_was_acknowledged_meanwhile_is_not_sent() {
    for text in [0, 100] {
        let mut puppet = Puppet::plain();
        puppet.b().write(&pattern(text)).unwrap();
        puppet.pair.close(Who::B);
        puppet.pair.flush();
        let sent = puppet.pair.log.len();
        let (_, due) = puppet.b().next_timer().unwrap();
        puppet.pair.now = due;
        puppet.pair.b.connection().on_deadline(due, &mut Notes::new(Recording::Off));
        puppet.ack += text as u32 + 1;
        let answers = puppet.give(puppet.segment(Flags::ACK, b""));
        assert_eq!(answers, [], "after {sent} segments, nothing is in flight");
    }
}
