//! Does text get through where full segments vanish without a word? (RFC 4821 §7.7)

mod pair;

use osier_tcp::{BlackHole, Config, Ending, Event, Reason, Sending, State};
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
    assert_eq!(mss(&mut pair), 1_024 - 12);
}

#[test]
fn where_nothing_is_suspected_the_connection_is_given_up_in_the_end() {
    let sending = Sending { black_hole: BlackHole::Ignore, ..wide().sending };
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

#[test]
fn a_real_black_hole_is_tried_again_only_after_ten_minutes() {
    let mut pair = swallowing(wide(), 1_100);
    let mut stalls = 0;
    for _ in 0..15 {
        // Every half minute some text.
        let before = pair.now;
        pair.transfer(Who::A, &pattern(20_000), LONG);
        stalls += u32::from(pair.now - before > Duration::from_secs(1));
        pair.run_for(Duration::from_secs(30));
    }
    assert_eq!(stalls, 2, "at first, and once when it might have been an outage");
}

#[test]
fn a_small_segment_that_vanishes_is_no_sign_of_a_black_hole() {
    let mut pair = Pair::connected_with(wide(), wide());
    pair.rule = Box::new(|_, _| Fate::Drop);
    pair.write(Who::A, b"hello");
    pair.run_for(Duration::from_secs(10));
    assert_eq!(mss(&mut pair), 1_448);
}
