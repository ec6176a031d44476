//! Do window scaling, timestamps and selective acknowledgments keep to their RFCs on the wire?
//!
//! RFC 7323, RFC 2018, RFC 2883: what stands in which segment, and what is made of it.

mod pair;

use osier_tcp::{Config, Event, Notes, Offer, Recording, Segment, State};
use osier_time::Duration;
use osier_wire::tcp::{Flags, Options, Timestamps};
use pair::puppet::Puppet;
use pair::{Fate, Pair, Role, Who, pattern};

const SOON: Duration = Duration::from_millis(100);

fn offering(window_scale: bool, timestamps: bool, sack: bool) -> Config {
    Config { offer: Offer { window_scale, timestamps, sack }, ..Config::default() }
}

fn stamped(value: u32) -> Options {
    Options { timestamps: Some(Timestamps { value, echo: 0 }), ..Options::default() }
}

/// RFC 7323 §2.2: the shift stands in both SYNs and nowhere else, and the windows of the SYNs
/// themselves are not shifted.
#[test]
fn the_scale_stands_in_syns_alone_and_does_not_hold_for_them() {
    let mut pair = Pair::connected();
    pair.transfer(Who::A, &pattern(100_000), Duration::from_secs(60));
    for segment in pair.sent(Who::A).chain(pair.sent(Who::B)) {
        assert_eq!(segment.options.window_scale.is_some(), segment.syn());
        assert_eq!(segment.options.sack_permitted, segment.syn(), "RFC 2018 §2");
    }
    let mut half = Pair::new(Config::default(), Config::default());
    half.b.role = Role::Listen;
    half.rule =
        Box::new(|from, s| if from == Who::A || s.syn() { Fate::Deliver } else { Fate::Drop });
    half.connect(Who::A);
    half.run_for(SOON);
    let now = half.now;
    let promised = u32::from(half.sent(Who::B).next().unwrap().window);
    assert!(promised > 10_000);
    assert_eq!(half.a.connection().info(now).unwrap().snd_wnd, promised);
}

/// RFC 7323 §2.2: of a SYN,ACK that crossed a SYN, too; and nothing is sent beyond it.
#[test]
fn the_window_of_a_syn_ack_is_what_it_says_and_no_more() {
    let small = Config { receive_buffer: (1 << 20).into(), ..Config::default() };
    for both_call in [false, true] {
        let mut pair = Pair::new(Config::default(), small.clone());
        pair.b.role = Role::Listen;
        if both_call {
            pair.connect(Who::B);
        }
        pair.connect(Who::A);
        pair.rule = Box::new(|_, _| Fate::Drop);
        for entry in &mut pair.wire {
            entry.segment.window = entry.segment.window.min(3_000);
        }
        while !pair.wire.is_empty() {
            pair.rule = Box::new(|_, segment| match segment.syn() {
                true => Fate::Deliver,
                false => Fate::Drop,
            });
            pair.step(pair.now + SOON);
            for entry in &mut pair.wire {
                entry.segment.window = entry.segment.window.min(3_000);
            }
        }
        assert_eq!(pair.a.state(), State::Established);
        pair.write(Who::A, &pattern(20_000));
        let octets: usize = pair.sent(Who::A).map(|segment| segment.text.len()).sum();
        assert!((1_400..=3_000).contains(&octets), "{octets} octets, both call: {both_call}");
    }
}

/// RFC 7323 §2.2: an offer that a SYN does not carry may not be taken up in the SYN,ACK.
#[test]
fn a_syn_ack_offers_only_what_the_syn_carried() {
    let plain = offering(false, false, false);
    let pair = Pair::connected_with(plain, Config::default());
    let syn_ack = pair.sent(Who::B).next().unwrap();
    let options = &syn_ack.options;
    assert!(options.window_scale.is_none() && options.timestamps.is_none());
    assert!(!options.sack_permitted);
}

/// RFC 7323 §2.2: in a segment without SYN the option means nothing.
#[test]
fn a_scale_in_a_later_segment_is_ignored() {
    let mut puppet = Puppet::plain();
    let mut odd = puppet.segment(Flags::ACK, b"");
    odd.options.window_scale = Some(7);
    odd.options.mss = Some(100);
    odd.window = 5_000;
    puppet.give(odd);
    let info = puppet.info();
    assert_eq!((info.snd_wnd, info.snd_mss), (5_000, 1_460));
}

/// RFC 7323 §3.2: in every segment of the connection, a RST too; without ACK the echo is zero.
#[test]
fn once_agreed_on_the_timestamp_is_in_every_segment() {
    let mut pair = Pair::connected();
    pair.transfer(Who::A, &pattern(50_000), Duration::from_secs(60));
    pair.transfer(Who::B, &pattern(50_000), Duration::from_secs(60));
    let mut notes = Notes::new(Recording::Off);
    pair.a.connection().abort(&mut notes);
    pair.flush();
    let last = pair.sent(Who::A).last().unwrap();
    assert!(last.rst());
    for segment in pair.sent(Who::A).chain(pair.sent(Who::B)) {
        let stamps = segment.options.timestamps.expect("a timestamp");
        assert_eq!(stamps.echo == 0, !segment.has_ack());
    }
}

/// RFC 7323 §3.2: and in none where one end did not offer it.
#[test]
fn without_agreement_no_segment_has_a_timestamp_but_the_syn_that_offered_it() {
    let mut pair = Pair::connected_with(Config::default(), offering(true, false, true));
    pair.transfer(Who::A, &pattern(50_000), Duration::from_secs(60));
    let offered = |segment: &&Segment| segment.options.timestamps.is_some();
    assert!(pair.sent(Who::A).filter(offered).all(Segment::syn));
    assert_eq!(pair.sent(Who::B).filter(offered).count(), 0);
}

/// RFC 7323 §5.2: PAWS does not hold for a RST.
#[test]
fn a_reset_with_an_older_timestamp_counts() {
    let mut puppet = Puppet::new(Config::default());
    let mut new = puppet.segment(Flags::ACK, b"new");
    new.options = stamped(900_000);
    puppet.give(new);
    puppet.seq += 3;
    let mut rst = puppet.segment(Flags::RST, b"");
    rst.options = stamped(5);
    puppet.give(rst);
    assert_eq!(puppet.b().state(), State::Closed);
}

/// RFC 7323 §4.3: of several segments that are acknowledged together the first is echoed, and
/// behind a hole the last in order.
#[test]
fn the_echo_is_that_of_the_segment_that_moved_the_edge() {
    let mut puppet = Puppet::new(Config::default());
    let mut say = |at: u32, value: u32| {
        let mut segment = puppet.segment(Flags::ACK, &[7; 100]);
        segment.seq += at;
        segment.options = stamped(value);
        let answer = puppet.give(segment);
        answer.last().map(|last| last.options.timestamps.unwrap().echo)
    };
    say(0, 10_000);
    assert_eq!(say(200, 10_002), Some(10_000), "behind a hole");
    assert_eq!(say(100, 10_003), Some(10_003), "the hole is filled");
}

/// RFC 7323 §5.3 R1 with RFC 9293 §3.10.7.4: an old segment is answered, so that a peer whose
/// acknowledgment was lost learns of it.
#[test]
fn a_segment_from_the_past_is_acknowledged() {
    let mut puppet = Puppet::new(Config::default());
    let mut new = puppet.segment(Flags::ACK, b"new");
    new.options = stamped(900_000);
    puppet.give(new);
    let mut old = puppet.segment(Flags::ACK, b"old");
    old.seq += 3;
    old.options = stamped(5_000);
    let answer = puppet.give(old);
    assert_eq!(answer.len(), 1);
    assert_eq!(answer[0].ack, puppet.seq + 3);
    assert_eq!(puppet.pair.b.received, b"new");
}

/// RFC 2018 §4: without the offer in the peer's SYN no block is sent.
#[test]
fn without_agreement_no_block_is_sent() {
    let mut puppet = Puppet::new(offering(false, false, false));
    let mut beyond = puppet.segment(Flags::ACK, b"beyond");
    beyond.seq += 100;
    let answer = puppet.give(beyond);
    assert_eq!(answer.len(), 1);
    assert!(answer[0].options.sack.is_empty());
}

/// RFC 2018 §4: every acknowledgment that does not cover all that has arrived has its blocks, as
/// many as fit beside timestamps.
#[test]
fn every_acknowledgment_behind_a_hole_has_its_blocks() {
    let mut puppet = Puppet::new(Config::default());
    for n in 1..=6 {
        let mut beyond = puppet.segment(Flags::ACK, &[7; 100]);
        beyond.seq += 200 * n;
        beyond.options = stamped(10_000 + n);
        let answer = puppet.give(beyond);
        assert_eq!(answer.len(), 1, "at once");
        let blocks = answer[0].options.sack.as_slice();
        assert_eq!(blocks.len(), n.min(3) as usize);
        let latest = puppet.seq + 200 * n;
        assert_eq!(blocks[0], (latest, latest + 100), "the latest first");
    }
}

/// RFC 2018 §8: what was reported is never dropped again, whatever arrives later.
#[test]
fn what_was_reported_is_kept_until_it_is_read() {
    let config = Config { receive_buffer: 4_000.into(), ..offering(false, false, true) };
    let mut puppet = Puppet::new(config);
    for n in 1..=5 {
        let mut beyond = puppet.segment(Flags::ACK, &[7; 500]);
        beyond.seq += 500 * n;
        puppet.give(beyond);
    }
    let reported = puppet.pair.sent(Who::B).last().unwrap().options.sack.as_slice().to_vec();
    puppet.give(puppet.segment(Flags::ACK, &[0; 500]));
    let end = reported.iter().map(|block| block.1).max_by_key(|end| end.since(puppet.seq)).unwrap();
    let last = puppet.pair.sent(Who::B).last().unwrap();
    assert_eq!(last.ack, end, "all that was reported is acknowledged");
    assert_eq!(puppet.pair.b.received.len(), 3_000);
    assert!(!puppet.pair.b.events.iter().any(|event| matches!(event, Event::Closed(_))));
}

/// RFC 6093 §6.
#[test]
fn urgent_text_is_delivered_in_line() {
    let mut puppet = Puppet::plain();
    let mut urgent = puppet.segment(Flags::ACK | Flags::URG, b"urgent");
    urgent.urgent = 3;
    puppet.give(urgent);
    assert_eq!(puppet.pair.b.received, b"urgent");
}

/// RFC 7413 §4.2.2: text in a SYN that nothing vouches for is not acknowledged, and comes again.
#[test]
fn text_in_a_syn_without_a_cookie_comes_again() {
    let mut pair = Pair::new(Config::default(), Config::default());
    pair.b.role = Role::Listen;
    pair.connect(Who::A);
    for entry in &mut pair.wire {
        entry.segment.text = bytes::Bytes::from_static(b"early");
    }
    pair.run_for(SOON);
    let syn_ack = pair.sent(Who::B).next().unwrap().clone();
    let syn = pair.sent(Who::A).next().unwrap();
    assert_eq!(syn_ack.ack, syn.seq + 1, "the SYN alone");
    pair.transfer(Who::A, b"early", Duration::from_secs(5));
    assert_eq!(pair.b.received, b"early");
}
