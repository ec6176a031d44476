//! Do two hosts open, use and close connections with each other? (RFC 9293 §3.5, §3.6, §3.10)
//!
//! Over Ethernet and bare IP, IPv4 and IPv6, with loss and without, in virtual time.

mod pair;

use core::net::SocketAddr;
use osier_host::{Config, Error, Event, SynCookies};
use osier_tcp::{Algorithm, Ending, Recording, State, Text};
use osier_time::{Duration, Instant};
use pair::{Cable, Pair, Side, pattern, v4, v6};

fn any_v4(port: u16) -> SocketAddr {
    ([0, 0, 0, 0], port).into()
}

fn any_v6(port: u16) -> SocketAddr {
    ([0u16; 8], port).into()
}

fn plain() -> Pair {
    Pair::new(Cable::default(), &Config::default())
}

fn states(pair: &mut Pair, side: Side) -> Vec<State> {
    pair.end(side).host.sockets().iter().filter_map(|socket| socket.state).collect()
}

#[test]
fn a_handshake_takes_one_round_trip_and_both_ends_name_each_other() {
    let mut pair = plain();
    pair.meet();
    let listener = pair.listen(any_v4(80), 8);
    let to = SocketAddr::new(v4(Side::B), 80);
    let client = pair.a.host.connect(pair.now, to, None).unwrap();
    let start = pair.now;
    pair.await_event(Side::A, Event::Connected(client));
    assert_eq!(pair.now - start, Duration::from_millis(10));
    pair.await_event(Side::B, Event::Acceptable(listener));
    let (server, peer) = pair.b.host.accept(listener).unwrap();
    assert_eq!(Some(peer), pair.a.host.local_addr(client));
    assert_eq!(pair.b.host.local_addr(server), Some(to));
    assert_eq!(pair.a.host.peer_addr(client), Some(to));
    assert_eq!(states(&mut pair, Side::A), [State::Established]);
    assert_eq!(states(&mut pair, Side::B), [State::Listen, State::Established]);
}

#[test]
fn what_is_written_comes_back_from_an_echo() {
    let mut pair = plain();
    let listener = pair.listen(any_v4(7), 8);
    let (client, server) = pair.open(listener, SocketAddr::new(v4(Side::B), 7));
    assert_eq!(pair.a.host.write(client, b"hello"), Ok(5));
    pair.await_event(Side::B, Event::Readable(server));
    let mut into = [0; 64];
    assert_eq!(pair.b.host.peek(server, &mut into), Text::Got(5));
    assert_eq!(pair.b.host.read(pair.now, server, &mut into), Text::Got(5));
    assert_eq!(&into[..5], b"hello");
    assert_eq!(pair.b.host.write(server, &into[..5]), Ok(5));
    pair.await_event(Side::A, Event::Readable(client));
    assert_eq!(pair.a.host.read_chunk(pair.now, client, 64), Text::Got("hello".into()));
    assert_eq!(pair.a.host.read_chunk(pair.now, client, 64), Text::NotYet);
}

#[test]
fn bulk_flows_both_ways_over_every_kind_of_link() {
    for ethernet in [true, false] {
        for offloads in [true, false] {
            for address in [v4(Side::B), v6(Side::B)] {
                let cable = Cable { ethernet, offloads, ..Cable::default() };
                let mut pair = Pair::new(cable, &Config::default());
                let listener = pair.listen(any_v6(80), 8);
                let (client, server) = pair.open(listener, SocketAddr::new(address, 80));
                pair.transfer((Side::A, client), server, 1_000_000);
                pair.transfer((Side::B, server), client, 1_000_000);
                for side in [Side::A, Side::B] {
                    assert_eq!(pair.counter(side, "dropped_bad_checksum"), 0);
                    assert_eq!(pair.counter(side, "rto_expired"), 0);
                }
                // 2 MB are 1,380 segments of 1,448 octets.
                assert!(offloads == (pair.sent < 700), "{} frames", pair.sent);
            }
        }
    }
}

#[test]
fn a_transfer_over_a_link_that_loses_a_twentieth_completes_intact() {
    for seed in 1..=5 {
        let cable = Cable { loss: 50, seed, ..Cable::default() };
        let mut pair = Pair::new(cable, &Config::default());
        let listener = pair.listen(any_v6(80), 8);
        let (client, server) = pair.open(listener, SocketAddr::new(v6(Side::B), 80));
        pair.transfer((Side::A, client), server, 500_000);
        pair.transfer((Side::B, server), client, 500_000);
        assert!(pair.lost > 20, "{} lost", pair.lost);
        pair.a.host.release(pair.now, client);
        pair.b.host.release(pair.now, server);
        pair.run_for(Duration::from_secs(1_000));
        assert_eq!(states(&mut pair, Side::A), []);
        assert_eq!(states(&mut pair, Side::B), [State::Listen]);
    }
}

#[test]
fn a_port_where_nobody_listens_refuses_at_once() {
    let mut pair = plain();
    let client = pair.a.host.connect(pair.now, SocketAddr::new(v4(Side::B), 81), None).unwrap();
    pair.await_event(Side::A, Event::Closed(client, Ending::Refused));
    assert!(pair.now < Instant::from_secs(2));
    assert_eq!(pair.counter(Side::B, "stray_resets"), 1);
    assert_eq!(pair.a.host.write(client, b"x"), Err(Error::Ended(Ending::Refused)));
    pair.a.host.release(pair.now, client);
    assert_eq!(pair.a.host.write(client, b"x"), Err(Error::NoSuchSocket));
    assert_eq!(states(&mut pair, Side::A), []);
}

#[test]
fn a_host_that_is_not_there_is_unreachable_and_one_that_is_silent_times_out() {
    let mut pair = plain();
    let nobody = "10.71.0.99:80".parse().unwrap();
    let client = pair.a.host.connect(pair.now, nobody, None).unwrap();
    pair.await_event(Side::A, Event::Closed(client, Ending::Unreachable));
    assert!(pair.now < Instant::from_secs(10), "at {}", pair.now);

    let mut pair = Pair::new(Cable { ethernet: false, ..Cable::default() }, &Config::default());
    pair.lose = Some(Box::new(|_, _| true));
    let client = pair.a.host.connect(pair.now, nobody, None).unwrap();
    pair.await_event(Side::A, Event::Closed(client, Ending::TimedOut));
    assert!(pair.now > Instant::from_secs(60), "at {}", pair.now);
}

#[test]
fn a_full_backlog_drops_and_never_resets() {
    let mut pair = plain();
    let listener = pair.listen(any_v4(80), 2);
    let to = SocketAddr::new(v4(Side::B), 80);
    let clients: Vec<_> =
        (0..5).map(|_| pair.a.host.connect(pair.now, to, None).unwrap()).collect();
    pair.run_for(Duration::from_secs(10));
    assert_eq!(pair.counter(Side::B, "stray_resets"), 0);
    assert!(pair.counter(Side::B, "dropped_accept_queue_full") > 0);
    let mut waiting = 0;
    while pair.b.host.accept(listener).is_some() {
        waiting += 1;
    }
    assert_eq!(waiting, 2);
    // Now there is room: whoever was dropped comes in by trying again.
    for _ in 0..3 {
        pair.run_until(Duration::from_secs(120), |pair| pair.b.host.accept(listener).is_some());
    }
    let told = |event| pair.a.events.iter().filter(|told| **told == event).count();
    for client in clients {
        assert_eq!(told(Event::Connected(client)), 1);
        assert!(!pair.a.events.iter().any(|e| matches!(e, Event::Closed(id, _) if *id == client)));
    }
}

#[test]
fn a_backlog_that_is_changed_holds_for_who_comes_next_and_who_waits_stays() {
    let mut pair = plain();
    let listener = pair.listen(any_v4(80), 1);
    let to = SocketAddr::new(v4(Side::B), 80);
    let come = |pair: &mut Pair, backlog| {
        pair.b.host.set_backlog(listener, backlog).unwrap();
        (0..3).for_each(|_| assert!(pair.a.host.connect(pair.now, to, None).is_ok()));
        // Nobody tries a second time that soon.
        pair.run_for(Duration::from_millis(100));
        pair.b.host.acceptable(listener)
    };
    assert_eq!(come(&mut pair, 1), 1);
    assert_eq!(come(&mut pair, 3), 3, "one waited, and two more have room");
    assert_eq!(come(&mut pair, 2), 3, "nobody is sent away, and nobody comes in");
    assert_eq!(come(&mut pair, usize::MAX), 6);
    pair.b.host.close_listener(pair.now, listener);
    assert_eq!(pair.b.host.set_backlog(listener, 1), Err(Error::NoSuchSocket));
}

#[test]
fn a_full_syn_queue_without_cookies_drops_the_syn() {
    let syn_cookies = SynCookies::Off;
    let config = Config { syn_queue: 3, syn_cookies, ..Config::default() };
    let mut pair = Pair::new(Cable::default(), &config);
    pair.meet();
    pair.listen(any_v4(80), 100);
    // The client's ACKs never arrive, so handshakes stay half open.
    pair.lose = Some(Box::new(|side, frame| side == Side::A && frame.bytes.len() == 14 + 20 + 32));
    for _ in 0..10 {
        pair.a.host.connect(pair.now, SocketAddr::new(v4(Side::B), 80), None).unwrap();
    }
    pair.run_for(Duration::from_millis(500));
    let half_open = |state: &&State| **state == State::SynReceived;
    assert_eq!(states(&mut pair, Side::B).iter().filter(half_open).count(), 3);
    assert_eq!(pair.counter(Side::B, "dropped_syn_queue_full"), 7);
    pair.lose = None;
    pair.run_for(Duration::from_secs(30));
    assert_eq!(states(&mut pair, Side::A), [State::Established; 10]);
}

#[test]
fn both_sides_may_open_at_once() {
    let mut pair = plain();
    let (a, b) = (SocketAddr::new(v4(Side::A), 1_000), SocketAddr::new(v4(Side::B), 2_000));
    // The SYNs are to cross, and not to wait for a neighbour.
    pair.meet();
    let of_a = pair.a.host.connect(pair.now, b, Some(a)).unwrap();
    let of_b = pair.b.host.connect(pair.now, a, Some(b)).unwrap();
    pair.await_event(Side::A, Event::Connected(of_a));
    pair.await_event(Side::B, Event::Connected(of_b));
    pair.transfer((Side::A, of_a), of_b, 10_000);
    pair.transfer((Side::B, of_b), of_a, 10_000);
    assert_eq!(pair.counter(Side::A, "stray_resets") + pair.counter(Side::B, "stray_resets"), 0);
}

#[test]
fn a_half_closed_connection_still_carries_the_other_way() {
    let mut pair = plain();
    let listener = pair.listen(any_v4(80), 8);
    let (client, server) = pair.open(listener, SocketAddr::new(v4(Side::B), 80));
    pair.a.host.write(client, b"question").unwrap();
    pair.a.host.shutdown(pair.now, client).unwrap();
    assert_eq!(pair.a.host.write(client, b"more"), Err(Error::BrokenPipe));
    pair.run_for(Duration::from_secs(1));
    assert_eq!(pair.b.host.read_chunk(pair.now, server, 99), Text::Got("question".into()));
    assert_eq!(pair.b.host.read_chunk(pair.now, server, 99), Text::End);
    pair.transfer((Side::B, server), client, 100_000);
    pair.b.host.release(pair.now, server);
    pair.await_event(Side::A, Event::Closed(client, Ending::InOrder));
    assert_eq!(pair.a.host.read_chunk(pair.now, client, 99), Text::End);
    pair.run_for(Duration::from_millis(10));
    assert_eq!(states(&mut pair, Side::A), [State::TimeWait]);
    assert_eq!(states(&mut pair, Side::B), [State::Listen]);
    pair.a.host.release(pair.now, client);
    pair.run_for(Duration::from_secs(59));
    assert_eq!(states(&mut pair, Side::A), [State::TimeWait]);
    pair.run_for(Duration::from_secs(2));
    assert_eq!(states(&mut pair, Side::A), []);
}

#[test]
fn text_that_arrived_before_the_end_can_be_read_after_it() {
    let mut pair = plain();
    let listener = pair.listen(any_v4(80), 8);
    let (client, server) = pair.open(listener, SocketAddr::new(v4(Side::B), 80));
    pair.a.host.shutdown(pair.now, client).unwrap();
    pair.run_for(Duration::from_secs(1));
    pair.b.host.write(server, b"last words").unwrap();
    pair.b.host.release(pair.now, server);
    pair.run_for(Duration::from_secs(100));
    assert_eq!(states(&mut pair, Side::A), [], "even TIME-WAIT is over");
    assert_eq!(pair.a.host.read_chunk(pair.now, client, 99), Text::Got("last words".into()));
    assert_eq!(pair.a.host.read_chunk(pair.now, client, 99), Text::End);
}

#[test]
fn a_repeated_fin_is_answered_from_time_wait() {
    let mut pair = plain();
    let listener = pair.listen(any_v4(80), 8);
    let (client, server) = pair.open(listener, SocketAddr::new(v4(Side::B), 80));
    pair.a.host.release(pair.now, client);
    pair.run_for(Duration::from_secs(1));
    // The acknowledgment of B's FIN is lost; TIME-WAIT answers the repeated one.
    let mut losses = 1;
    pair.lose = Some(Box::new(move |side, _| {
        let lose = side == Side::A && losses > 0;
        losses -= i32::from(lose);
        lose
    }));
    pair.b.host.release(pair.now, server);
    pair.run_for(Duration::from_secs(5));
    assert_eq!(pair.lost, 1);
    assert_eq!(states(&mut pair, Side::A), [State::TimeWait]);
    assert_eq!(states(&mut pair, Side::B), [State::Listen]);
}

#[test]
fn a_new_syn_reopens_a_pair_from_time_wait() {
    let mut pair = plain();
    let listener = pair.listen(any_v4(80), 8);
    let to = SocketAddr::new(v4(Side::B), 80);
    let from = SocketAddr::new(v4(Side::A), 5_555);
    for round in 0..3 {
        let client = pair.a.host.connect(pair.now, to, Some(from)).unwrap();
        pair.await_event(Side::A, Event::Connected(client));
        pair.await_event(Side::B, Event::Acceptable(listener));
        let (server, _) = pair.b.host.accept(listener).unwrap();
        pair.transfer((Side::A, client), server, 20_000);
        pair.transfer((Side::B, server), client, 20_000);
        // The server closes first and holds TIME-WAIT.
        pair.b.host.release(pair.now, server);
        pair.run_for(Duration::from_millis(100));
        pair.a.host.release(pair.now, client);
        pair.run_for(Duration::from_secs(1));
        assert_eq!(states(&mut pair, Side::B), [State::Listen, State::TimeWait], "round {round}");
        assert_eq!(states(&mut pair, Side::A), []);
    }
}

#[test]
fn too_many_in_time_wait_cut_the_oldest_short() {
    let config = Config { time_wait_max: 2, ..Config::default() };
    let mut pair = Pair::new(Cable::default(), &config);
    let listener = pair.listen(any_v4(80), 8);
    for _ in 0..5 {
        let (client, server) = pair.open(listener, SocketAddr::new(v4(Side::B), 80));
        pair.a.host.release(pair.now, client);
        pair.run_for(Duration::from_millis(100));
        pair.b.host.release(pair.now, server);
        pair.run_for(Duration::from_millis(100));
    }
    assert_eq!(states(&mut pair, Side::A), [State::TimeWait; 2]);
    assert_eq!(pair.counter(Side::A, "time_wait_overflow"), 3);
}

#[test]
fn an_abort_resets_the_peer() {
    let mut pair = plain();
    let listener = pair.listen(any_v4(80), 8);
    let (client, server) = pair.open(listener, SocketAddr::new(v4(Side::B), 80));
    pair.a.host.abort(pair.now, client);
    pair.await_event(Side::B, Event::Closed(server, Ending::Reset));
    assert_eq!(states(&mut pair, Side::A), []);
    let mut into = [0; 9];
    assert_eq!(pair.b.host.read(pair.now, server, &mut into), Text::Broken(Ending::Reset));
    pair.b.host.release(pair.now, server);
    assert_eq!(states(&mut pair, Side::B), [State::Listen]);
}

#[test]
fn a_linger_of_zero_resets_on_release() {
    let mut pair = plain();
    let listener = pair.listen(any_v4(80), 8);
    let (client, server) = pair.open(listener, SocketAddr::new(v4(Side::B), 80));
    pair.a.host.set_linger(client, Some(Duration::ZERO)).unwrap();
    pair.a.host.release(pair.now, client);
    pair.await_event(Side::B, Event::Closed(server, Ending::Reset));
}

#[test]
fn closing_a_listener_resets_what_nobody_accepted() {
    let mut pair = plain();
    let listener = pair.listen(any_v4(80), 8);
    let client = pair.a.host.connect(pair.now, SocketAddr::new(v4(Side::B), 80), None).unwrap();
    pair.await_event(Side::B, Event::Acceptable(listener));
    pair.b.host.close_listener(pair.now, listener);
    pair.await_event(Side::A, Event::Closed(client, Ending::Reset));
    assert_eq!(states(&mut pair, Side::B), []);
    assert!(pair.b.host.listener_addr(listener).is_none());
    pair.listen(any_v4(80), 8);
}

#[test]
fn an_ipv6_listener_takes_ipv4_and_shows_it_mapped() {
    let mut pair = plain();
    let listener = pair.listen(any_v6(80), 8);
    let (client, server) = pair.open(listener, SocketAddr::new(v4(Side::B), 80));
    assert_eq!(pair.b.host.local_addr(server), Some("[::ffff:10.71.0.2]:80".parse().unwrap()));
    let port = pair.a.host.local_addr(client).unwrap().port();
    let peer = format!("[::ffff:10.71.0.1]:{port}").parse().unwrap();
    assert_eq!(pair.b.host.peer_addr(server), Some(peer));
    // And a mapped address can be connected to.
    let to = "[::ffff:10.71.0.2]:80".parse().unwrap();
    let (client, _) = pair.open(listener, to);
    assert_eq!(pair.a.host.peer_addr(client), Some(to));
}

#[test]
fn a_port_is_held_once_and_an_address_must_be_ours() {
    let mut pair = plain();
    let listener = pair.listen(any_v6(80), 8);
    assert_eq!(pair.b.host.listen(any_v4(80), 8), Err(Error::AddrInUse));
    let own = SocketAddr::new(v4(Side::B), 80);
    assert_eq!(pair.b.host.listen(own, 8), Err(Error::AddrInUse));
    let other = SocketAddr::new(v4(Side::A), 80);
    assert_eq!(pair.b.host.listen(other, 8), Err(Error::AddrNotAvailable));
    pair.b.host.close_listener(pair.now, listener);
    assert!(pair.b.host.listen(own, 8).is_ok());
    let any = pair.b.host.listen(any_v4(0), 8).unwrap();
    assert!(pair.b.host.listener_addr(any).unwrap().port() >= 32_768);
}

#[test]
fn connect_refuses_what_cannot_be_a_peer() {
    let mut pair = plain();
    let now = pair.now;
    let mut connect = |to: &str, from: Option<&str>| {
        let from = from.map(|from| from.parse().unwrap());
        pair.a.host.connect(now, to.parse().unwrap(), from).map(|_| ())
    };
    assert_eq!(connect("10.71.0.2:0", None), Err(Error::InvalidInput));
    assert_eq!(connect("224.0.0.1:80", None), Err(Error::InvalidInput));
    assert_eq!(connect("[ff02::1]:80", None), Err(Error::InvalidInput));
    assert_eq!(connect("255.255.255.255:80", None), Err(Error::InvalidInput));
    assert_eq!(connect("192.0.2.1:80", None), Err(Error::NetworkUnreachable));
    assert_eq!(connect("10.71.0.2:80", Some("10.71.0.9:0")), Err(Error::AddrNotAvailable));
    assert_eq!(connect("10.71.0.2:80", Some("[fd71::1]:0")), Err(Error::InvalidInput));
    assert_eq!(connect("10.71.0.2:80", Some("10.71.0.1:7")), Ok(()));
    assert_eq!(connect("10.71.0.2:80", Some("10.71.0.1:7")), Err(Error::AddrInUse));
}

#[test]
fn a_host_that_is_full_opens_no_more_and_takes_no_more() {
    let config = Config { connections_max: 2, ..Config::default() };
    let mut pair = Pair::new(Cable::default(), &config);
    let listener = pair.listen(any_v4(80), 8);
    let to = SocketAddr::new(v4(Side::B), 80);
    pair.open(listener, to);
    pair.open(listener, to);
    assert_eq!(pair.a.host.connect(pair.now, to, None), Err(Error::LimitReached));
}

#[test]
fn a_host_talks_to_its_own_addresses() {
    for own in ["127.0.0.1:80", "[::1]:80", "10.71.0.2:80", "[fd71::2]:80", "0.0.0.0:80"] {
        let mut pair = plain();
        let listener = pair.listen(any_v6(80), 8);
        let client = pair.b.host.connect(pair.now, own.parse().unwrap(), None).unwrap();
        pair.await_event(Side::B, Event::Connected(client));
        pair.await_event(Side::B, Event::Acceptable(listener));
        let (server, _) = pair.b.host.accept(listener).unwrap();
        let text = pattern(0, 300_000);
        let (mut written, mut read) = (0, 0);
        pair.run_until(Duration::from_secs(9), |pair| {
            written += pair.b.host.write(client, &text[written..]).unwrap_or(0);
            while let Text::Got(got) = pair.b.host.read_chunk(pair.now, server, 1 << 20) {
                assert_eq!(got, text.slice(read..read + got.len()));
                read += got.len();
            }
            read == text.len()
        });
        assert_eq!(pair.counter(Side::B, "dropped_bad_checksum"), 0);
    }
}

#[test]
fn notes_tell_the_story_of_a_connection_while_somebody_listens() {
    let mut pair = plain();
    pair.a.host.set_recording(Recording::On);
    let listener = pair.listen(any_v4(80), 8);
    let (client, _) = pair.open(listener, SocketAddr::new(v4(Side::B), 80));
    let notes: Vec<_> = core::iter::from_fn(|| pair.a.host.take_note()).collect();
    let story: Vec<String> = notes.iter().map(|note| note.reason.to_string()).collect();
    assert!(story.iter().any(|line| line.contains("SYN-SENT -> ESTABLISHED")), "{story:#?}");
    let moved = notes.iter().rfind(|note| note.reason.to_string().contains("ESTABLISHED")).unwrap();
    let flow = moved.flow.unwrap();
    assert_eq!(Some(flow.local), pair.a.host.local_addr(client));
    assert!(pair.b.host.take_note().is_none());
}

#[test]
fn no_two_counters_share_a_name() {
    let pair = plain();
    let mut names: Vec<_> = pair.a.host.counters().iter().map(|(name, _)| *name).collect();
    let all = names.len();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), all);
}

#[test]
fn a_host_is_plain_data() {
    fn plain_data<T: Send + Sync + Clone + 'static>() {}
    plain_data::<osier_host::Host>();
    // A clone lives on by itself, from the same moment and with the same bytes.
    let mut pair = plain();
    let listener = pair.listen(any_v4(80), 8);
    let (client, _) = pair.open(listener, SocketAddr::new(v4(Side::B), 80));
    let mut clone = pair.a.host.clone();
    for host in [&mut pair.a.host, &mut clone] {
        host.write(client, b"the same").unwrap();
    }
    let (one, other) = (pair.a.host.poll_transmit(pair.now), clone.poll_transmit(pair.now));
    assert!(one.is_some());
    assert_eq!(one, other);
}

#[test]
fn a_listener_told_not_to_take_ipv4_leaves_it_to_another() {
    let config = Config { v6_binding: osier_host::V6Binding::V6Only, ..Config::default() };
    let mut pair = Pair::new(Cable::default(), &config);
    pair.listen(any_v6(80), 8);
    let client = pair.a.host.connect(pair.now, SocketAddr::new(v4(Side::B), 80), None).unwrap();
    pair.await_event(Side::A, Event::Closed(client, Ending::Refused));
    let of_v4 = pair.listen(any_v4(80), 8);
    pair.open(of_v4, SocketAddr::new(v4(Side::B), 80));
}

#[test]
fn the_time_to_live_and_the_tos_of_a_socket_go_out_with_its_segments() {
    let mut pair = plain();
    let listener = pair.listen(any_v6(80), 8);
    for (address, at) in [(v4(Side::B), 14), (v6(Side::B), 14)] {
        let (client, _) = pair.open(listener, SocketAddr::new(address, 80));
        pair.a.host.set_hop_limit(client, 9).unwrap();
        pair.a.host.set_tos(client, 0x20).unwrap();
        assert_eq!(pair.a.host.hop_limit(client), Ok(9));
        pair.a.host.write(client, b"x").unwrap();
        let (_, frame) = pair.a.host.poll_transmit(pair.now).unwrap();
        let packet = &frame.head.as_slice()[at..];
        let (tos, hops) = match address {
            core::net::IpAddr::V4(_) => (packet[1], packet[8]),
            core::net::IpAddr::V6(_) => (packet[0] << 4 | packet[1] >> 4, packet[7]),
        };
        assert_eq!((tos, hops), (0x20, 9));
    }
}

#[test]
fn a_smaller_path_is_learned_by_all_connections_to_the_address() {
    let mut pair = plain();
    let listener = pair.listen(any_v4(80), 8);
    let to = SocketAddr::new(v4(Side::B), 80);
    let (first, server) = pair.open(listener, to);
    let (second, _) = pair.open(listener, to);
    // A router says that it takes 1,000 octets: fragmentation needed, quoting a segment of ours.
    pair.transfer((Side::A, first), server, 10_000);
    pair.run_for(Duration::from_secs(1));
    let now = pair.now;
    pair.a.host.write(first, &[7; 1_400]).unwrap();
    let (_, frame) = pair.a.host.poll_transmit(pair.now).unwrap();
    assert!(frame.len() > 1_400);
    let error = fragmentation_needed(&frame.head.as_slice()[14..], 1_000);
    let link = pair.a.link;
    pair.a.host.on_frame(now, link, error);
    assert_eq!(pair.counter(Side::A, "path_mtu_learned"), 1);
    assert_eq!(pair.a.host.usage().paths, 1);
    let (third, _) = pair.open(listener, to);
    for id in [first, second, third] {
        let _ = pair.a.host.write(id, &[7; 20_000]);
        while let Some((_, frame)) = pair.a.host.poll_transmit(pair.now) {
            assert!(frame.len() <= 14 + 1_000, "{} octets from {id:?}", frame.len());
        }
        pair.run_for(Duration::from_secs(5));
    }
}

/// ICMP type 3 code 4 from B's address to A's, around the head of a packet of A's.
fn fragmentation_needed(quoted: &[u8], mtu: u16) -> osier_wire::Received {
    let [high, low] = mtu.to_be_bytes();
    let mut icmp = vec![3, 4, 0, 0, 0, 0, high, low];
    icmp.extend_from_slice(&quoted[..28]);
    let sum = osier_wire::checksum::Sum::of(&icmp).checksum().to_be_bytes();
    icmp[2..4].copy_from_slice(&sum);
    let mut frame = vec![2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2, 8, 0];
    let mut ip = vec![0x45, 0, 0, (20 + icmp.len()) as u8, 0, 1, 0, 0, 64, 1, 0, 0];
    ip.extend_from_slice(&[10, 71, 0, 2, 10, 71, 0, 1]);
    let sum = osier_wire::checksum::Sum::of(&ip).checksum().to_be_bytes();
    ip[10..12].copy_from_slice(&sum);
    frame.extend(ip);
    frame.extend(icmp);
    bytes::Bytes::from(frame).into()
}

#[test]
fn the_congestion_control_is_chosen_for_a_host_and_changed_for_a_connection() {
    let mut config = Config::default();
    config.tcp.congestion = Algorithm::Bbr;
    let mut pair = Pair::new(Cable { loss: 20, ..Cable::default() }, &config);
    let listener = pair.listen(any_v6(80), 8);
    let (client, server) = pair.open(listener, SocketAddr::new(v4(Side::B), 80));
    assert_eq!(pair.a.host.congestion(client), Ok(Algorithm::Bbr));
    assert_eq!(pair.b.host.congestion(server), Ok(Algorithm::Bbr));
    pair.transfer((Side::A, client), server, 300_000);
    for algorithm in [Algorithm::Cubic, Algorithm::Bbr, Algorithm::Reno] {
        pair.a.host.set_congestion(pair.now, client, algorithm).unwrap();
        assert_eq!(pair.a.host.congestion(client), Ok(algorithm));
        pair.transfer((Side::A, client), server, 300_000);
    }
}

#[test]
fn a_pace_is_kept_by_the_hosts_timers() {
    let mut pair = plain();
    let listener = pair.listen(any_v6(80), 8);
    let (client, server) = pair.open(listener, SocketAddr::new(v4(Side::B), 80));
    pair.a.host.set_pacing_rate(client, Some(1_000_000)).unwrap();
    let start = pair.now;
    pair.transfer((Side::A, client), server, 500_000);
    let took = (pair.now - start).as_millis();
    assert!((490..=560).contains(&took), "{took} ms");
}
