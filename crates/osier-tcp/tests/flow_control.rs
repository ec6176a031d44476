//! Does the window say what there is room for, and does a sender bear what a window does?
//! (RFC 9293 §3.8.6, RFC 7323 §2)

mod pair;

use osier_tcp::{Buffer, Config, Offer, Segment};
use osier_time::Duration;
use osier_wire::tcp::Flags;
use pair::puppet::Puppet;
use pair::{Pair, Who, pattern};

const FULL: &[u8] = &[7; 1460];

fn unscaled(receive_buffer: u32) -> Puppet {
    let offer = Offer { window_scale: false, timestamps: false, sack: true };
    Puppet::new(Config { offer, receive_buffer: receive_buffer.into(), ..Config::default() })
}

/// A full segment that starts `at` segments beyond what B expects.
fn full(puppet: &Puppet, at: u32) -> Segment {
    let mut segment = puppet.segment(Flags::ACK, FULL);
    segment.seq += at * FULL.len() as u32;
    segment
}

/// Text behind a hole lies within the window, so it takes nothing off it: once the first of two
/// holes is filled and read, the window is whole again.
#[test]
fn text_that_waits_behind_a_hole_does_not_narrow_the_window() {
    let mut puppet = unscaled(65_535);
    puppet.give(full(&puppet, 1));
    puppet.give(full(&puppet, 3));
    puppet.give(full(&puppet, 4));
    let answer = puppet.give(full(&puppet, 0));
    let last = answer.last().unwrap();
    assert_eq!(last.ack, puppet.seq + 2 * 1460);
    assert_eq!(last.window, 65_535);
}

/// A path of 100 Mbit/s and 100 ms: 1.25 MB are in flight where it is full.
fn long_and_fat(config: &Config) -> Pair {
    let mut pair = Pair::new(config.clone(), config.clone());
    pair.delay = Duration::from_millis(50);
    pair.serialization = Duration::from_micros(120);
    pair.b.role = pair::Role::Listen;
    pair.connect(Who::A);
    pair.run_for(Duration::from_millis(400));
    pair
}

/// Mbit/s of text in the last two of six seconds.
fn rate(pair: &mut Pair) -> u64 {
    let start = pair.now;
    let mut before = 0;
    for seconds in [4, 6] {
        let until = start + Duration::from_secs(seconds);
        before = pair.b.received.len();
        while pair.now < until {
            while pair.a.connection().write(&[7; 1 << 16]).unwrap() > 0 {}
            pair.flush();
            pair.step(until);
            pair.log.clear();
        }
    }
    (pair.b.received.len() - before) as u64 * 8 / 2_000_000
}

#[test]
fn the_buffers_grow_until_a_long_fat_path_is_full() {
    for timestamps in [true, false] {
        let offer = Offer { window_scale: true, timestamps, sack: true };
        let mut pair = long_and_fat(&Config { offer, ..Config::default() });
        let now = pair.now;
        let first = pair.b.connection().info(now).unwrap();
        assert_eq!((first.rcv_wnd, first.rcv_wscale), (65_535, 7));
        let rate = rate(&mut pair);
        // 1448 of 1500 octets are text.
        assert!(rate >= 94, "{rate} Mbit/s");
        let (now, six) = (pair.now, 6 << 20);
        let b = pair.b.connection().info(now).unwrap();
        assert!(b.rcv_ssthresh > 1_250_000 && b.rcv_ssthresh <= six, "{b:?}");
        assert!(b.rcv_rtt >= 100_000, "{b:?}");
        assert!(pair.a.connection().send_buffer() <= 4 << 20);
    }
}

#[test]
fn fixed_buffers_stay_and_the_path_is_as_slow_as_they_make_it() {
    let fixed = Buffer::Fixed(65_535);
    for (a, b) in [(fixed, Buffer::Fixed(6 << 20)), (Buffer::Fixed(6 << 20), fixed)] {
        let config = Config { send_buffer: a, receive_buffer: b, ..Config::default() };
        let mut pair = long_and_fat(&config);
        let rate = rate(&mut pair);
        // 64 KiB in each 100 ms.
        assert!(rate <= 6, "{rate} Mbit/s");
    }
}

#[test]
fn a_buffer_that_a_user_has_set_is_not_tuned_any_more() {
    let mut pair = long_and_fat(&Config::default());
    pair.b.connection().set_receive_buffer(100_000);
    let rate = rate(&mut pair);
    assert!(rate <= 9, "{rate} Mbit/s");
    assert_eq!(pair.b.connection().receive_buffer(), 100_000);
}

#[test]
fn a_user_who_does_not_read_gets_the_first_window_and_no_more() {
    let mut pair = long_and_fat(&Config::default());
    pair.b.reads = false;
    rate(&mut pair);
    let readable = pair.b.connection().readable();
    assert!((65_535..=65_535 + 127).contains(&readable), "{readable}: the window in its scale");
    assert_eq!(pair.b.connection().receive_buffer(), 65_535);
}

#[test]
fn a_short_transfer_leaves_the_buffers_as_they_were() {
    let mut pair = Pair::connected();
    let before = (pair.a.connection().send_buffer(), pair.b.connection().receive_buffer());
    pair.transfer(Who::A, &pattern(10_000), Duration::from_secs(9));
    let after = (pair.a.connection().send_buffer(), pair.b.connection().receive_buffer());
    assert_eq!(before, (28_960, 65_535));
    assert_eq!(before, after);
}

/// RFC 9293 §3.8.6.2.1 (4): a window too small to be worth using is used all the same after 0.1 to
/// 1 s, and that each time: text that gets through is no reason for growing patience.
#[test]
fn a_peer_with_small_windows_gets_a_segment_in_each_second() {
    let mut puppet = unscaled(65_535);
    puppet.b().write(&pattern(50_000)).unwrap();
    puppet.pair.flush();
    let mut small = puppet.segment(Flags::ACK, b"");
    small.window = 700;
    // All that was sent before is acknowledged, and from now on 700 octets at a time are taken.
    let start = puppet.pair.now;
    let mut answers = 0;
    while answers < 20 {
        let sent = puppet.pair.sent(Who::B).last().unwrap().end();
        if sent.after(puppet.ack) {
            puppet.ack = sent;
            small.ack = sent;
            puppet.give(small.clone());
            answers += 1;
        }
        assert!(puppet.pair.step(start + Duration::from_secs(1_000)));
    }
    let took = puppet.pair.now - start;
    assert!(took <= Duration::from_secs(20), "{took} for 20 segments");
}
