//! Does the end of what was written go as its user wants? (RFC 9293 §3.9.1.2; Linux: TCP_CORK,
//! MSG_MORE, MSG_EOR)

mod pair;

use osier_tcp::{Config, Cork, End, Nagle, Segment};
use osier_time::Duration;
use osier_wire::tcp::Flags;
use pair::{Pair, Who, pattern};

/// Less than the shortest retransmission timeout.
const SOON: Duration = Duration::from_millis(100);

fn write(pair: &mut Pair, len: usize, end: End) {
    let text = pattern(len);
    assert_eq!(pair.a.connection().write_ending(&text, end), Ok(len));
    pair.flush();
}

/// The lengths of the segments with text, and which of them are pushed.
fn texts(pair: &Pair) -> Vec<(usize, bool)> {
    let told = |s: &Segment| (s.text.len(), s.flags.contains(Flags::PSH));
    pair.sent(Who::A).filter(|s| !s.text.is_empty()).map(told).collect()
}

#[test]
fn what_is_to_be_followed_by_more_waits_for_it_and_is_not_pushed() {
    let mut pair = Pair::connected();
    write(&mut pair, 40, End::More);
    pair.run_for(SOON);
    assert_eq!(texts(&pair), []);
    write(&mut pair, 60, End::Push);
    assert_eq!(texts(&pair), [(100, true)]);
    pair.run_for(SOON);
    write(&mut pair, 1_500, End::More);
    pair.run_for(SOON);
    // The full segment goes; its acknowledgment lets the rest go.
    assert_eq!(texts(&pair)[1..], [(1_448, false), (52, false)]);
}

#[test]
fn more_that_never_comes_is_not_waited_for_longer_than_a_timeout() {
    let mut pair = Pair::connected();
    write(&mut pair, 40, End::More);
    pair.run_for(Duration::from_millis(500));
    assert_eq!(texts(&pair), [(40, true)]);
}

#[test]
fn a_cork_holds_short_segments_until_it_is_drawn_or_nagle_is_turned_off() {
    let mut pair = Pair::connected();
    for draw in [0, 1] {
        pair.a.connection().set_cork(Cork::In);
        write(&mut pair, 40, End::Push);
        write(&mut pair, 40, End::Push);
        pair.run_for(SOON);
        assert_eq!(texts(&pair).len(), draw);
        match draw {
            0 => pair.a.connection().set_cork(Cork::Out),
            _ => pair.a.connection().set_nagle(Nagle::Off),
        }
        pair.flush();
        pair.run_for(SOON);
        assert_eq!(texts(&pair)[draw], (80, true));
    }
}

#[test]
fn no_segment_carries_text_of_two_records_sent_or_sent_again() {
    for lost in [false, true] {
        let mut pair = Pair::connected_with(Config::default(), Config::default());
        if lost {
            let mut left = 3;
            pair.rule = Box::new(move |from, segment| {
                let drop = from == Who::A && !segment.text.is_empty() && left > 0;
                left -= i32::from(drop);
                if drop { pair::Fate::Drop } else { pair::Fate::Deliver }
            });
        }
        write(&mut pair, 400, End::Record);
        write(&mut pair, 500, End::Record);
        write(&mut pair, 600, End::Push);
        pair.run_for(Duration::from_secs(10));
        let sent = texts(&pair);
        assert_eq!(sent[..2], [(400, true), (500, true)][..2], "Nagle holds only what is last");
        assert!(sent.iter().all(|(len, pushed)| [400, 500, 600].contains(len) && *pushed));
        assert_eq!(pair.b.received.len(), 1_500);
    }
}
