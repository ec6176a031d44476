//! Does a connection that is given a pace keep to it?

mod pair;

use osier_tcp::{Config, Timer};
use osier_time::{Duration, Instant};
use pair::{Fate, Pair, Who, pattern};

/// 10 Mbit/s.
const RATE: u64 = 1_250_000;

fn paced() -> Pair {
    let config = Config { initial_window: 255, gso_max: 65_536, ..Config::default() };
    let mut pair = Pair::connected_with(config.clone(), config);
    pair.a.connection().set_pacing_rate(Some(RATE));
    pair
}

fn text_sent(pair: &Pair) -> Vec<(Instant, u64)> {
    let text = pair.log.iter().filter(|entry| entry.from == Who::A);
    text.map(|entry| (entry.at, entry.segment.text.len() as u64))
        .filter(|sent| sent.1 > 0)
        .collect()
}

#[test]
fn text_leaves_in_small_groups_and_the_rate_is_kept() {
    let mut pair = paced();
    let start = pair.now;
    pair.transfer(Who::A, &pattern(250_000), Duration::from_secs(5));
    let took = (pair.now - start).as_millis();
    // 200 ms at this rate, and a way of 10 ms.
    assert!((200..=220).contains(&took), "{took} ms");
    let sent = text_sent(&pair);
    let together = sent.chunk_by(|a, b| a.0 == b.0).map(|group| group.len()).max().unwrap();
    assert!(together <= 5, "{together} segments left at one time");
}

#[test]
fn while_the_pace_is_spent_nothing_wants_to_be_sent_and_an_alarm_is_set() {
    let mut pair = paced();
    pair.write(Who::A, &pattern(100_000));
    assert!(!pair.a.connection().wants_transmit());
    let (timer, due) = pair.a.connection().next_timer().expect("an alarm");
    assert_eq!(timer, Timer::Pace);
    assert!(due <= pair.now + Duration::from_millis(3), "{due}");
    let before = text_sent(&pair).len();
    pair.run_for(Duration::from_millis(5));
    assert!(text_sent(&pair).len() > before, "the alarm brings text back");
}

#[test]
fn a_paced_connection_that_waits_for_its_alarm_does_not_probe_the_peers_window() {
    let mut pair = paced();
    pair.a.connection().set_pacing_rate(Some(1_000));
    pair.transfer(Who::A, &pattern(10_000), Duration::from_secs(30));
    let probes = pair.a.reasons.iter().filter(|reason| reason.to_string().starts_with("probe"));
    assert_eq!(probes.map(|reason| reason.to_string()).collect::<Vec<_>>(), [""; 0]);
}

#[test]
fn what_is_sent_again_is_paced_too() {
    let mut pair = paced();
    let mut nth = 0;
    pair.rule = Box::new(move |from, segment| {
        nth += u32::from(from == Who::A && !segment.text.is_empty());
        if (20..60).contains(&nth) && !segment.text.is_empty() { Fate::Drop } else { Fate::Deliver }
    });
    pair.transfer(Who::A, &pattern(250_000), Duration::from_secs(5));
    let sent = text_sent(&pair);
    for (n, first) in sent.iter().enumerate() {
        let in_10_ms = sent[n..].iter().take_while(|s| s.0 < first.0 + Duration::from_millis(10));
        let octets: u64 = in_10_ms.map(|s| s.1).sum();
        // What the rate gives, and two releases of two segments.
        assert!(octets <= RATE / 100 + 5 * 1_460, "{octets} octets in 10 ms from {}", first.0);
    }
}

#[test]
fn a_pace_asked_for_before_the_handshake_is_kept_after_it() {
    let mut pair = Pair::new(Config::default(), Config::default());
    pair.b.role = pair::Role::Listen;
    pair.connect(Who::A);
    pair.a.connection().set_pacing_rate(Some(RATE / 10));
    pair.run_for(Duration::from_millis(100));
    let start = pair.now;
    pair.transfer(Who::A, &pattern(50_000), Duration::from_secs(5));
    assert!(pair.now - start >= Duration::from_millis(370), "{}", pair.now - start);
}
