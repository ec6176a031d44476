//! Where Linux and the RFCs part: what does a connection do in each profile?
//!
//! Two tests for each difference, one of the `rfc` profile and one that pins `linux`. The floor of
//! the retransmission timer has its two beside the code, in `recovery/rto.rs`.

mod pair;

use osier_tcp::{Algorithm, Config, Ending, Event, Offer, Reason, State};
use osier_time::Duration;
use osier_wire::tcp::{Flags, Options, Timestamps};
use pair::puppet::Puppet;
use pair::{Fate, Pair, Role, Who, pattern};

/// How long an attempt lasts that nobody answers.
fn attempt(config: Config) -> Duration {
    let mut pair = Pair::new(config, Config::linux());
    pair.rule = Box::new(|_, _| Fate::Drop);
    pair.connect(Who::A);
    let start = pair.now;
    while pair.a.state() != State::Closed {
        assert!(pair.step(start + Duration::from_secs(1_000)), "never given up");
    }
    assert_eq!(pair.a.events.last(), Some(&Event::Closed(Ending::TimedOut)));
    pair.now - start
}

/// RFC 9293 §3.8.3 [MUST-23].
#[test]
fn the_rfc_tries_for_three_minutes_at_least_to_connect() {
    let took = attempt(Config::rfc());
    assert!(took >= Duration::from_secs(180), "{took}");
    assert_eq!(took, Duration::from_secs(1 + 2 + 4 + 8 + 16 + 32 + 64 + 120));
}

#[test]
fn linux_tries_for_two_minutes_to_connect() {
    assert_eq!(attempt(Config::linux()), Duration::from_secs(1 + 2 + 4 + 8 + 16 + 32 + 64));
}

/// How long TIME-WAIT lasts.
fn time_wait(config: Config) -> Duration {
    let mut pair = Pair::connected_with(config, Config::linux());
    pair.close(Who::A);
    pair.close(Who::B);
    while pair.a.state() != State::TimeWait {
        assert!(pair.step(pair.now + Duration::from_secs(1)));
    }
    let start = pair.now;
    while pair.a.state() == State::TimeWait {
        assert!(pair.step(start + Duration::from_secs(1_000)));
    }
    pair.now - start
}

/// RFC 9293 §3.6.1 [MUST-13]: twice an MSL of two minutes.
#[test]
fn the_rfc_waits_four_minutes_in_time_wait() {
    assert_eq!(time_wait(Config::rfc()), Duration::from_secs(240));
}

#[test]
fn linux_waits_one_minute_in_time_wait() {
    assert_eq!(time_wait(Config::linux()), Duration::from_secs(60));
}

fn stamped(value: u32) -> Options {
    Options { timestamps: Some(Timestamps { value, echo: 0 }), ..Options::default() }
}

/// RFC 7323 §3.2.
#[test]
fn the_rfc_drops_in_silence_what_lacks_the_agreed_timestamp() {
    let mut puppet = Puppet::new(Config::rfc());
    assert_eq!(puppet.give(puppet.segment(Flags::ACK, b"plain")), []);
    assert_eq!(puppet.pair.b.received, b"");
    assert!(puppet.pair.b.has_reason(&Reason::NoTimestamp));
    let mut good = puppet.segment(Flags::ACK, b"stamped");
    good.options = stamped(900_000);
    puppet.give(good);
    assert_eq!(puppet.pair.b.received, b"stamped");
}

#[test]
fn linux_takes_what_lacks_the_agreed_timestamp() {
    let mut puppet = Puppet::new(Config::linux());
    puppet.give(puppet.segment(Flags::ACK, b"plain"));
    assert_eq!(puppet.pair.b.received, b"plain");
}

/// What is taken of a text that was sent before TS.Recent, and overtaken by what set it.
fn overtaken(config: Config, older_by: u32) -> Vec<u8> {
    let mut puppet = Puppet::new(config);
    let stamp =
        |value| Options { timestamps: Some(Timestamps { value, echo: 0 }), ..Options::default() };
    let mut first = puppet.segment(Flags::ACK, b"first");
    first.options = stamp(900_000);
    puppet.give(first);
    let mut late = puppet.segment(Flags::ACK, b"late");
    late.seq += 5;
    late.options = stamp(900_000 - older_by);
    puppet.give(late);
    puppet.pair.b.received.clone()
}

/// RFC 7323 §5.3 R1.
#[test]
fn the_rfc_drops_what_is_older_by_a_tick() {
    assert_eq!(overtaken(Config::rfc(), 1), b"first");
    assert_eq!(overtaken(Config::rfc(), 0), b"firstlate");
}

#[test]
fn linux_takes_what_is_older_by_a_tick_and_drops_what_is_older_by_two() {
    assert_eq!(overtaken(Config::linux(), 1), b"firstlate");
    assert_eq!(overtaken(Config::linux(), 2), b"first");
}

/// RFC 7323 §3.2.
#[test]
fn a_reset_needs_no_timestamp_in_either_profile() {
    for config in [Config::linux(), Config::rfc()] {
        let mut puppet = Puppet::new(config);
        puppet.give(puppet.segment(Flags::RST, b""));
        assert_eq!(puppet.pair.b.state(), State::Closed);
    }
}

/// What becomes of the end of a handshake without the timestamp that both SYNs had.
fn third_without_stamp(config: &Config) -> State {
    let mut pair = Pair::new(config.clone(), config.clone());
    pair.b.role = Role::Listen;
    pair.connect(Who::A);
    let syn = pair.sent(Who::A).next().unwrap().clone();
    pair.rule = Box::new(|_, _| Fate::Drop);
    pair.wire.clear();
    pair.inject(Who::B, syn.clone());
    let syn_ack = pair.sent(Who::B).next().unwrap().clone();
    let third = osier_tcp::Segment {
        seq: syn.end(),
        ack: syn_ack.end(),
        flags: Flags::ACK,
        ..osier_tcp::Segment::default()
    };
    pair.inject(Who::B, third);
    pair.b.state()
}

/// RFC 7323 §3.2.
#[test]
fn the_rfc_wants_the_timestamp_at_the_end_of_a_handshake_too() {
    assert_eq!(third_without_stamp(&Config::rfc()), State::SynReceived);
}

#[test]
fn linux_ends_a_handshake_without_the_timestamp() {
    assert_eq!(third_without_stamp(&Config::linux()), State::Established);
}

/// Octets sent before the first acknowledgment, on a link that carries segments of `mss`.
fn initial_window(config: &Config, mss: u16) -> usize {
    let config = Config { mss, ..config.clone() };
    let mut pair = Pair::connected_with(config.clone(), config);
    pair.write(Who::A, &pattern(500_000));
    pair.sent(Who::A).map(|segment| segment.text.len()).sum()
}

/// RFC 6928 §2: min (10*MSS, max (2*MSS, 14600)).
#[test]
fn the_rfc_bounds_the_initial_window_in_octets() {
    assert_eq!(initial_window(&Config::rfc(), 1_460), 10 * 1_448);
    assert_eq!(initial_window(&Config::rfc(), 8_960), 2 * 8_948);
    let between = initial_window(&Config::rfc(), 4_012);
    assert!((2 * 4_000..=14_600).contains(&between), "{between}");
}

#[test]
fn linux_sends_ten_segments_at_first_however_long() {
    assert_eq!(initial_window(&Config::linux(), 1_460), 10 * 1_448);
    assert_eq!(initial_window(&Config::linux(), 6_012), 10 * 6_000);
}

/// RFC 6928 §3.
#[test]
fn every_setting_of_the_initial_window_holds() {
    for segments in [1, 3, 10] {
        let config = Config { initial_window: segments, ..Config::default() };
        assert_eq!(initial_window(&config, 1_460), usize::from(segments) * 1_448);
    }
}

/// Segments by which one acknowledgment of the whole initial window opens the window.
fn opened_by_one_ack(config: &Config, congestion: Algorithm) -> u32 {
    let offer = Offer { timestamps: false, ..config.offer };
    let mut puppet = Puppet::new(Config { congestion, offer, ..config.clone() });
    puppet.b().write(&pattern(100_000)).unwrap();
    puppet.pair.flush();
    let before = puppet.info().snd_cwnd;
    puppet.ack += 10 * 1_460;
    puppet.give(puppet.segment(Flags::ACK, b""));
    puppet.info().snd_cwnd - before
}

/// RFC 9406 §4.2 for CUBIC with HyStart++, RFC 5681 §3.1 for Reno.
#[test]
fn the_rfc_limits_what_one_acknowledgment_opens_in_slow_start() {
    assert_eq!(opened_by_one_ack(&Config::rfc(), Algorithm::Cubic), 8);
    assert_eq!(opened_by_one_ack(&Config::rfc(), Algorithm::Reno), 1);
}

#[test]
fn linux_opens_the_window_by_all_that_was_acknowledged() {
    assert_eq!(opened_by_one_ack(&Config::linux(), Algorithm::Cubic), 10);
    assert_eq!(opened_by_one_ack(&Config::linux(), Algorithm::Reno), 10);
}

/// The state a day after the user has gone and the peer has acknowledged our FIN.
fn a_day_in_fin_wait_2(config: Config) -> State {
    let mut pair = Pair::connected_with(config, Config::linux());
    let (now, mut notes) = (pair.now, osier_tcp::Notes::new(osier_tcp::Recording::Off));
    pair.a.connection().release(now, &mut notes);
    pair.flush();
    pair.run_for(Duration::from_secs(24 * 3_600));
    pair.a.state()
}

/// RFC 9293 §3.10.8 knows no alarm in FIN-WAIT-2.
#[test]
fn the_rfc_waits_for_the_peers_fin_without_limit() {
    assert_eq!(a_day_in_fin_wait_2(Config::rfc()), State::FinWait2);
}

#[test]
fn linux_gives_up_fin_wait_2_where_no_user_is_left() {
    assert_eq!(a_day_in_fin_wait_2(Config::linux()), State::Closed);
}

/// Both profiles interoperate, whichever calls.
#[test]
fn the_profiles_understand_each_other() {
    for (a, b) in [(Config::rfc(), Config::linux()), (Config::linux(), Config::rfc())] {
        let mut pair = Pair::connected_with(a, b);
        pair.transfer(Who::A, &pattern(300_000), Duration::from_secs(60));
        pair.transfer(Who::B, &pattern(300_000), Duration::from_secs(60));
    }
}

#[test]
fn the_default_is_linux() {
    assert_eq!(Config::default(), Config::linux());
    assert_ne!(Config::rfc(), Config::linux());
}
