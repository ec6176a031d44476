//! Who may take the place of a connection in TIME-WAIT? (RFC 6191, RFC 1337, RFC 9293 §3.6.1)

mod pair;
mod stranger;

use core::net::SocketAddr;
use osier_host::{Config, ConnectionId, Error, Event, Host, Keys, ListenerId, TimeWaitReuse};
use osier_ip::LinkId;
use osier_tcp::State;
use osier_time::{Duration, Instant};
use osier_wire::SeqNumber;
use osier_wire::tcp::{Flags, Options};
use pair::{Cable, Pair, Side, v4};
use stranger::{HOST_V4, Said, counter, hear, host, say, syn, usual_options};

const NOW: Instant = Instant::from_secs(1_000);

fn here() -> SocketAddr {
    SocketAddr::from((HOST_V4, 80))
}

fn there() -> SocketAddr {
    SocketAddr::from(([192, 0, 2, 9], 4_321))
}

/// A host that closed a connection first: it is in TIME-WAIT. The peer's last segment, too.
fn in_time_wait(options: Options) -> (Host, LinkId, ListenerId, Said) {
    let (mut host, link) = host(Config::default(), Keys::from_seed(1));
    let listener = host.listen(here(), 100).unwrap();
    let answer = say(&mut host, link, NOW, &syn(there(), here(), 7_000, options)).remove(0);
    say(&mut host, link, NOW, &answer.answer(100));
    let (id, _) = host.accept(listener).unwrap();
    host.release(NOW, id);
    let fin = hear(&mut host, NOW).pop().unwrap();
    let mut last = fin.answer(100);
    last.header.flags = Flags::ACK | Flags::FIN;
    say(&mut host, link, NOW, &last);
    assert_eq!(host.usage().time_waits, 1);
    (host, link, listener, last)
}

fn without_timestamps() -> Options {
    Options { timestamps: None, ..usual_options(0) }
}

#[test]
fn a_syn_with_a_larger_timestamp_reopens_whatever_its_number() {
    for seq in [7_001, 6_000, 9_000, 7_000 + (1 << 31)] {
        let (mut host, link, listener, _) = in_time_wait(usual_options(100));
        let again = syn(there(), here(), seq, usual_options(101));
        let answer = say(&mut host, link, NOW, &again).remove(0);
        assert_eq!(answer.flags(), Flags::SYN | Flags::ACK, "from {seq}");
        say(&mut host, link, NOW, &answer.answer(101));
        assert!(host.accept(listener).is_some());
        assert_eq!(host.usage().time_waits, 0);
    }
}

#[test]
fn a_syn_with_the_same_or_an_older_timestamp_reopens_only_by_a_same_stamp_and_larger_number() {
    for (stamp, seq, reopens) in
        [(100, 9_000, true), (100, 6_000, false), (99, 9_000, false), (99, 6_000, false)]
    {
        let (mut host, link, ..) = in_time_wait(usual_options(100));
        let again = syn(there(), here(), seq, usual_options(stamp));
        let answer = say(&mut host, link, NOW, &again).remove(0);
        assert_eq!(answer.flags().contains(Flags::SYN), reopens, "stamp {stamp}, number {seq}");
    }
}

#[test]
fn without_timestamps_only_a_number_beyond_all_that_was_received_reopens() {
    for (seq, reopens) in [(7_003, true), (7_002, false), (7_001, false), (6_000, false)] {
        let (mut host, link, ..) = in_time_wait(without_timestamps());
        let again = syn(there(), here(), seq, without_timestamps());
        let answer = say(&mut host, link, NOW, &again).remove(0);
        assert_eq!(answer.flags().contains(Flags::SYN), reopens, "number {seq}");
        if !reopens {
            assert_eq!(answer.flags(), Flags::ACK);
            assert_eq!(answer.header.ack, SeqNumber(7_002));
        }
    }
}

#[test]
fn the_reopened_connection_starts_beyond_all_that_the_old_one_sent() {
    let (mut host, link, _, last) = in_time_wait(usual_options(100));
    let answer =
        say(&mut host, link, NOW, &syn(there(), here(), 9_000, usual_options(200))).remove(0);
    assert!(answer.header.seq.after(last.header.ack), "{:?}", answer.header);
}

#[test]
fn a_reset_does_not_end_time_wait() {
    let (mut host, link, _, mut last) = in_time_wait(usual_options(100));
    last.header.flags = Flags::RST;
    last.header.seq += 1;
    assert!(say(&mut host, link, NOW, &last).is_empty());
    assert_eq!(host.usage().time_waits, 1);
}

#[test]
fn the_fin_again_is_acknowledged_and_starts_the_wait_anew() {
    let (mut host, link, _, last) = in_time_wait(usual_options(100));
    let later = NOW + Duration::from_secs(40);
    let answer = say(&mut host, link, later, &last).remove(0);
    assert_eq!(answer.flags(), Flags::ACK);
    host.on_deadline(NOW + Duration::from_secs(61));
    assert_eq!(host.usage().time_waits, 1);
    assert!(host.next_deadline().unwrap() >= later + Duration::from_secs(60));
    host.on_deadline(later + Duration::from_millis(60_001));
    assert_eq!(host.usage().time_waits, 0);
}

#[test]
fn at_the_bound_the_oldest_goes_and_is_counted() {
    let config = Config { time_wait_max: 3, ..Config::default() };
    let (mut host, link) = host(config, Keys::from_seed(1));
    let listener = host.listen(here(), 100).unwrap();
    for port in 1_000..1_005 {
        let from = SocketAddr::from(([192, 0, 2, 9], port));
        let answer = say(&mut host, link, NOW, &syn(from, here(), 7, usual_options(100))).remove(0);
        say(&mut host, link, NOW, &answer.answer(100));
        let (id, _) = host.accept(listener).unwrap();
        host.release(NOW, id);
        let mut last = hear(&mut host, NOW).pop().unwrap().answer(100);
        last.header.flags = Flags::ACK | Flags::FIN;
        say(&mut host, link, NOW, &last);
    }
    let waiting = host.sockets().into_iter().filter(|s| s.state == Some(State::TimeWait));
    let mut ports: Vec<u16> = waiting.map(|s| s.remote.unwrap().port()).collect();
    ports.sort_unstable();
    assert_eq!(ports, [1_002, 1_003, 1_004]);
    assert_eq!(counter(&host, "time_wait_overflow"), 2);
}

/// A opens from this port, closes first, and is in TIME-WAIT.
fn closed_from(pair: &mut Pair, listener: ListenerId, port: u16) -> SocketAddr {
    let to = SocketAddr::new(v4(Side::B), 80);
    let from = SocketAddr::new(v4(Side::A), port);
    let client = pair.a.host.connect(pair.now, to, Some(from)).unwrap();
    finish(pair, listener, client);
    assert_eq!(pair.a.host.usage().time_waits, 1);
    from
}

fn finish(pair: &mut Pair, listener: ListenerId, client: ConnectionId) {
    pair.await_event(Side::A, Event::Connected(client));
    pair.await_event(Side::B, Event::Acceptable(listener));
    let (server, _) = pair.b.host.accept(listener).unwrap();
    pair.a.host.release(pair.now, client);
    pair.b.host.release(pair.now, server);
    pair.run_for(Duration::from_millis(100));
}

#[test]
fn a_connection_of_ours_takes_the_place_of_one_in_time_wait_where_that_is_allowed() {
    for (reuse, wait_ms, allowed) in [
        (TimeWaitReuse::Always, 1_100, true),
        (TimeWaitReuse::Always, 100, false),
        (TimeWaitReuse::Loopback, 1_100, false),
        (TimeWaitReuse::Never, 30_000, false),
    ] {
        let config = Config { time_wait_reuse: reuse, ..Config::default() };
        let mut pair = Pair::new(Cable::default(), &config);
        pair.meet();
        let listener = pair.listen(([0, 0, 0, 0], 80).into(), 8);
        let from = closed_from(&mut pair, listener, 5_000);
        pair.run_for(Duration::from_millis(wait_ms));
        let to = SocketAddr::new(v4(Side::B), 80);
        let again = pair.a.host.connect(pair.now, to, Some(from));
        assert_eq!(again.is_ok(), allowed, "{reuse:?} after {wait_ms} ms");
        match again {
            Ok(client) => {
                finish(&mut pair, listener, client);
                assert_eq!(pair.counter(Side::A, "time_wait_replaced"), 1);
            }
            Err(error) => assert_eq!(error, Error::AddrInUse),
        }
    }
}

#[test]
fn on_loopback_ports_in_time_wait_are_used_again_when_no_other_is_left() {
    let config = Config { ephemeral_ports: (40_000, 40_002), ..Config::default() };
    let mut pair = Pair::new(Cable::default(), &config);
    let at: SocketAddr = ([127, 0, 0, 1], 80).into();
    let listener = pair.b.host.listen(at, 8).unwrap();
    for round in 0..12 {
        let client = pair.b.host.connect(pair.now, at, None).unwrap();
        pair.await_event(Side::B, Event::Connected(client));
        pair.await_event(Side::B, Event::Acceptable(listener));
        let (server, _) = pair.b.host.accept(listener).unwrap();
        pair.b.host.release(pair.now, client);
        pair.b.host.release(pair.now, server);
        pair.run_for(Duration::from_millis(600));
        // Both ends are here, and where FINs cross both wait.
        assert!(pair.b.host.usage().time_waits <= 6, "in round {round}");
    }
    assert_eq!(pair.counter(Side::B, "time_wait_replaced"), 9);
}
