//! Does text get through where full segments vanish without a word? (RFC 4821 §7.7)

mod pair;

use osier_tcp::{Config, Ending, Event, MtuProbing, ProbingMode, Reason, Sending, State};
use osier_time::Duration;
use pair::{Fate, Pair, Who, pattern, wide};

const LONG: Duration = Duration::from_secs(3_600);

/// The wire takes no more than so much text in a segment.
fn swallowing(config: Config, longest: usize) -> Pair {
    let mut pair = Pair::connected_with(config, wide());
    pair.rule = Box::new(
        move |_, segment| {
            if segment.text.len() > longest { Fate::Drop } else { Fate::Deliver }
        },
    );
    pair
}

fn mss(pair: &mut Pair) -> u32 {
    pair.a.connection().info(pair.now).unwrap().snd_mss
}

#[test]
fn text_gets_through_a_path_that_swallows_full_segments() {
    let mut pair = swallowing(wide(), 1_100);
    let start = pair.now;
    pair.transfer(Who::A, &pattern(200_000), LONG);
    let took = pair.now - start;
    // Timeouts of 220, 440 and 880 ms, and a probe before them.
    assert!(took < Duration::from_secs(4), "{took}");
    assert!(pair.a.has_reason(&Reason::BlackHole { mss: 0 }));
    for _ in 0..40 {
        pair.transfer(Who::A, &pattern(60_000), LONG);
        pair.run_for(Duration::from_millis(300));
    }
    // RFC 4821 §7.3: what is between the two sizes is found by probes.
    let found = mss(&mut pair);
    assert!((1_092..=1_100).contains(&found), "{found}");
}

#[test]
fn where_nothing_is_suspected_the_connection_is_given_up_in_the_end() {
    let off = MtuProbing { mode: ProbingMode::Off, ..MtuProbing::default() };
    let sending = Sending { mtu_probing: off, ..wide().sending };
    let mut pair = swallowing(Config { sending, retries: 6, ..wide() }, 1_100);
    pair.write(Who::A, &pattern(20_000));
    pair.run_for(LONG);
    assert!(pair.a.events.contains(&Event::Closed(Ending::TimedOut)));
}

#[test]
fn after_an_outage_full_segments_are_tried_again_and_stay() {
    let mut pair = Pair::connected_with(wide(), wide());
    pair.rule = Box::new(|_, _| Fate::Drop);
    pair.write(Who::A, &pattern(50_000));
    pair.run_for(Duration::from_secs(3));
    assert_eq!(mss(&mut pair), 1_024 - 12);
    pair.rule = Box::new(|_, _| Fate::Deliver);
    pair.run_for(Duration::from_secs(20));
    for _ in 0..2 {
        pair.transfer(Who::A, &pattern(50_000), LONG);
        assert_eq!(mss(&mut pair), 1_448);
        pair.run_for(Duration::from_secs(1_000));
    }
    assert_eq!(pair.states(), (State::Established, State::Established));
}

/// RFC 4821 §7.6: a probe that vanishes stalls nothing.
#[test]
fn a_real_black_hole_stalls_a_connection_once() {
    let mut pair = swallowing(wide(), 1_100);
    let mut stalls = 0;
    for _ in 0..60 {
        // Every half minute some text.
        let before = pair.now;
        pair.transfer(Who::A, &pattern(20_000), LONG);
        stalls += u32::from(pair.now - before > Duration::from_secs(1));
        pair.run_for(Duration::from_secs(30));
    }
    assert_eq!(stalls, 1);
    assert!(mss(&mut pair) >= 1_012);
}

/// A path that lets a probe pass and swallows what follows is not tried again and again.
#[test]
fn a_path_that_swallows_most_full_segments_stalls_a_connection_once_in_ten_minutes() {
    let mut pair = Pair::connected_with(wide(), wide());
    let mut lets_pass = 0;
    pair.rule = Box::new(move |_, segment| {
        let full = segment.text.len() > 1_012;
        lets_pass += u32::from(full);
        // Each twentieth passes; of those that are sent one by one, all.
        if full && lets_pass % 20 != 19 { Fate::Drop } else { Fate::Deliver }
    });
    let (start, mut stalls) = (pair.now, 0);
    while pair.now - start < Duration::from_secs(1_200) {
        let before = pair.now;
        pair.transfer(Who::A, &pattern(50_000), LONG);
        stalls += u32::from(pair.now - before > Duration::from_secs(1));
        pair.run_for(Duration::from_secs(10));
    }
    assert!(stalls <= 4, "{stalls}");
}

/// RFC 4821 §7.7: half, and half again, where even the base does not pass.
#[test]
fn a_path_that_takes_less_than_the_base_is_given_half_of_it() {
    let mut pair = swallowing(wide(), 400);
    pair.transfer(Who::A, &pattern(50_000), LONG);
    let found = mss(&mut pair);
    assert!((200..=400).contains(&found), "{found}");
    assert_eq!(pair.states(), (State::Established, State::Established));
}

#[test]
fn a_small_segment_that_vanishes_is_no_sign_of_a_black_hole() {
    let mut pair = Pair::connected_with(wide(), wide());
    pair.rule = Box::new(|_, _| Fate::Drop);
    pair.write(Who::A, b"hello");
    pair.run_for(Duration::from_secs(10));
    assert_eq!(mss(&mut pair), 1_448);
}
