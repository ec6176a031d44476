//! Is urgent text announced, delivered in line, and told of? (RFC 9293 §3.8.5, RFC 6093)

mod pair;

use osier_tcp::{Config, Event};
use osier_time::Duration;
use osier_wire::tcp::Flags;
use pair::puppet::Puppet;
use pair::{Pair, Who, pattern, wide};

fn write_urgent(pair: &mut Pair, text: &[u8]) {
    assert_eq!(pair.a.connection().write_urgent(text), Ok(text.len()));
    pair.flush();
}

/// [MUST-30, MUST-32, MUST-33]
#[test]
fn urgent_text_comes_in_line_and_the_user_is_told_how_far_it_reaches() {
    let mut pair = Pair::connected();
    pair.b.reads = false;
    pair.write(Who::A, b"calm ");
    write_urgent(&mut pair, b"stop!");
    pair.run_for(Duration::from_millis(200));
    assert!(pair.b.events.contains(&Event::Urgent));
    assert_eq!(pair.b.connection().urgent_mark(), Some(10));
    let mut into = [0; 6];
    pair.b.connection().read(&mut into);
    assert_eq!(&into, b"calm s");
    assert_eq!(pair.b.connection().urgent_mark(), Some(4), "so much is left");
    pair.b.read_all();
    assert_eq!(pair.b.received, b"top!");
    assert_eq!(pair.b.connection().urgent_mark(), None);
    // Further on the user is told again, once for each mark.
    pair.b.events.clear();
    write_urgent(&mut pair, b"again");
    pair.write(Who::A, b"and calm");
    pair.run_for(Duration::from_millis(200));
    assert_eq!(pair.b.events.iter().filter(|event| **event == Event::Urgent).count(), 1);
    assert_eq!(pair.b.connection().urgent_mark(), Some(5));
    let last = pair.sent(Who::A).last().unwrap();
    assert!(!last.flags.contains(Flags::URG), "acknowledged, it is not urgent any more");
}

/// [MUST-31, MUST-62]
#[test]
fn urgent_text_may_be_longer_than_any_pointer_and_each_segment_points_behind_it() {
    let gso = Config { gso_max: 60_000, ..wide() };
    let mut pair = Pair::connected_with(gso, wide());
    let text = pattern(200_000);
    write_urgent(&mut pair, &text);
    pair.run_for(Duration::from_secs(2));
    assert_eq!(pair.b.received, text);
    let end = pair.sent(Who::A).last().unwrap().end();
    let mut pointed = 0;
    for segment in pair.sent(Who::A).filter(|segment| segment.flags.contains(Flags::URG)) {
        let reach = end.since(segment.seq);
        assert_eq!(u32::from(segment.urgent), reach.min(65_535), "at {}", segment.seq);
        pointed += 1;
    }
    let texts = pair.sent(Who::A).filter(|segment| !segment.text.is_empty()).count();
    assert!(pointed >= texts, "{pointed} of {texts}");
}

/// RFC 9293 §3.8.5: the pointer gets through where text does not.
#[test]
fn a_closed_window_does_not_hold_the_pointer_back() {
    let narrow = Config { receive_buffer: 4_000.into(), ..Config::default() };
    let mut pair = Pair::connected_with(wide(), narrow);
    pair.b.reads = false;
    pair.write(Who::A, &pattern(10_000));
    pair.run_for(Duration::from_millis(100));
    assert_eq!(pair.b.connection().urgent_mark(), None);
    write_urgent(&mut pair, b"!");
    pair.run_for(Duration::from_millis(100));
    assert_eq!(pair.b.connection().urgent_mark(), Some(10_001));
}

#[test]
fn an_old_pointer_changes_nothing() {
    let mut puppet = Puppet::plain();
    puppet.pair.b.reads = false;
    let mut segment = puppet.segment(Flags::ACK | Flags::URG, b"0123456789");
    segment.urgent = 8;
    puppet.give(segment.clone());
    assert_eq!(puppet.b().urgent_mark(), Some(8));
    puppet.pair.b.events.clear();
    segment.urgent = 5;
    segment.seq += 2;
    puppet.give(segment);
    assert_eq!(puppet.b().urgent_mark(), Some(8));
    assert!(!puppet.pair.b.events.contains(&Event::Urgent));
    // One that points at what was read announces nothing.
    puppet.pair.b.read_all();
    let mut behind = puppet.segment(Flags::ACK | Flags::URG, b"");
    behind.seq += 10;
    puppet.give(behind);
    assert_eq!(puppet.b().urgent_mark(), None);
}

/// Sequence numbers come round; a mark that was read does not.
#[test]
fn a_mark_that_was_read_does_not_come_back_after_two_gibibytes() {
    let offer = osier_tcp::Offer { window_scale: true, timestamps: false, sack: true };
    let mut puppet = Puppet::new(Config { offer, ..wide() });
    let mut urgent = puppet.segment(Flags::ACK | Flags::URG, b"!");
    urgent.urgent = 1;
    puppet.give(urgent);
    puppet.seq += 1;
    assert!(puppet.pair.b.events.contains(&Event::Urgent));
    let much = bytes::Bytes::from(vec![7; 1 << 19]);
    for _ in 0..(1 << 12) + 8 {
        let mut segment = puppet.segment(Flags::ACK, b"");
        segment.text = much.clone();
        puppet.give(segment);
        puppet.seq += 1 << 19;
        puppet.pair.b.received.clear();
        puppet.pair.log.clear();
    }
    assert_eq!(puppet.b().urgent_mark(), None);
    puppet.pair.b.events.clear();
    let mut urgent = puppet.segment(Flags::ACK | Flags::URG, b"!");
    urgent.urgent = 1;
    puppet.give(urgent);
    assert!(puppet.pair.b.events.contains(&Event::Urgent));
}
