//! Do two hosts exchange UDP datagrams and ICMP messages? (RFC 768, RFC 1122 §4.1, RFC 792)

mod pair;

use bytes::Bytes;
use core::net::SocketAddr;
use osier_host::{Config, Error, Event};
use osier_time::Duration;
use pair::{Cable, Pair, Side, v4, v6};

fn plain() -> Pair {
    Pair::new(Cable::default(), &Config::default())
}

fn any_v6(port: u16) -> SocketAddr {
    ([0u16; 8], port).into()
}

#[test]
fn a_datagram_comes_back_from_an_echo_over_both_versions() {
    for address in [v4, v6] {
        let mut pair = plain();
        let echo = pair.b.host.udp_bind(any_v6(7)).unwrap();
        let socket = pair.a.host.udp_bind(SocketAddr::new(address(Side::A), 0)).unwrap();
        let to = SocketAddr::new(address(Side::B), 7);
        for size in [0, 1, 7, 1_000, 1_452] {
            let data = Bytes::from(vec![9; size]);
            pair.a.host.udp_send(pair.now, socket, Some(to), data.clone()).unwrap();
            pair.await_event(Side::B, Event::UdpReadable(echo));
            assert_eq!(pair.b.host.udp_peek(echo).unwrap().0, &data);
            let (got, from) = pair.b.host.udp_receive(echo).unwrap();
            assert_eq!(got, data);
            pair.b.host.udp_send(pair.now, echo, Some(from), got).unwrap();
            pair.await_event(Side::A, Event::UdpReadable(socket));
            assert_eq!(pair.a.host.udp_receive(socket), Ok((data, to)));
            assert_eq!(pair.a.host.udp_receive(socket), Err(Error::WouldBlock));
        }
        assert_eq!(pair.counter(Side::A, "dropped_bad_checksum"), 0);
        assert_eq!(pair.counter(Side::B, "dropped_bad_checksum"), 0);
    }
}

#[test]
fn a_port_that_nobody_holds_is_told_to_a_connected_socket_only() {
    for address in [v4, v6] {
        let mut pair = plain();
        let to = SocketAddr::new(address(Side::B), 9);
        let loose = pair.a.host.udp_bind(SocketAddr::new(address(Side::A), 0)).unwrap();
        pair.a.host.udp_send(pair.now, loose, Some(to), "x".into()).unwrap();
        pair.run_for(Duration::from_secs(1));
        assert_eq!(pair.counter(Side::B, "udp_no_socket"), 1);
        assert_eq!(pair.a.host.udp_receive(loose), Err(Error::WouldBlock));
        let tied = pair.a.host.udp_bind(SocketAddr::new(address(Side::A), 0)).unwrap();
        pair.a.host.udp_connect(tied, to).unwrap();
        pair.a.host.udp_send(pair.now, tied, None, "x".into()).unwrap();
        pair.await_event(Side::A, Event::UdpReadable(tied));
        assert_eq!(pair.a.host.udp_receive(tied), Err(Error::ConnectionRefused));
        assert_eq!(pair.a.host.udp_receive(tied), Err(Error::WouldBlock), "told once");
    }
}

#[test]
fn a_connected_socket_hears_its_peer_alone() {
    let mut pair = plain();
    let b = SocketAddr::new(v4(Side::B), 7);
    let tied = pair.a.host.udp_bind(SocketAddr::new(v4(Side::A), 5)).unwrap();
    pair.a.host.udp_connect(tied, b).unwrap();
    let to = SocketAddr::new(v4(Side::A), 5);
    let stranger = pair.b.host.udp_bind(SocketAddr::new(v4(Side::B), 8)).unwrap();
    let friend = pair.b.host.udp_bind(b).unwrap();
    pair.b.host.udp_send(pair.now, stranger, Some(to), "no".into()).unwrap();
    pair.b.host.udp_send(pair.now, friend, Some(to), "yes".into()).unwrap();
    pair.await_event(Side::A, Event::UdpReadable(tied));
    assert_eq!(pair.a.host.udp_receive(tied), Ok(("yes".into(), b)));
    assert_eq!(pair.a.host.udp_receive(tied), Err(Error::WouldBlock));
}

#[test]
fn queues_are_bounded_and_room_is_told() {
    let mut pair = plain();
    let sink = pair.b.host.udp_bind(any_v6(7)).unwrap();
    let socket = pair.a.host.udp_bind(SocketAddr::new(v4(Side::A), 0)).unwrap();
    let to = SocketAddr::new(v4(Side::B), 7);
    // A datagram first, so that the neighbour is known and the link does not lose any.
    pair.a.host.udp_send(pair.now, socket, Some(to), "x".into()).unwrap();
    pair.run_for(Duration::from_secs(1));
    let mut sent = 1;
    let data = Bytes::from(vec![0; 1_000]);
    for _ in 0..3 {
        while pair.a.host.udp_send(pair.now, socket, Some(to), data.clone()).is_ok() {
            sent += 1;
        }
        assert_eq!(
            pair.a.host.udp_send(pair.now, socket, Some(to), data.clone()),
            Err(Error::WouldBlock)
        );
        pair.await_event(Side::A, Event::UdpWritable(socket));
        pair.run_for(Duration::from_secs(1));
    }
    assert!(sent > 300, "{sent}");
    let mut received = 0;
    while pair.b.host.udp_receive(sink).is_ok() {
        received += 1;
    }
    assert!((100..sent).contains(&received), "{received} of {sent}");
    let dropped = pair.counter(Side::B, "dropped_udp_receive_queue_full");
    assert_eq!(dropped, sent - received);
}

#[test]
fn a_datagram_beyond_the_mtu_is_refused() {
    let mut pair = plain();
    let socket = pair.a.host.udp_bind(any_v6(0)).unwrap();
    let to = SocketAddr::new(v4(Side::B), 7);
    let mut send =
        |len: usize| pair.a.host.udp_send(pair.now, socket, Some(to), vec![0; len].into());
    assert_eq!(send(1_473), Err(Error::MessageTooLong));
    assert_eq!(send(1_472), Ok(()));
}

#[test]
fn a_port_is_bound_once_and_is_free_again_after_the_close() {
    let mut pair = plain();
    let first = pair.a.host.udp_bind(any_v6(53)).unwrap();
    let again = SocketAddr::new(v4(Side::A), 53);
    assert_eq!(pair.a.host.udp_bind(again), Err(Error::AddrInUse));
    pair.a.host.udp_close(first);
    assert!(pair.a.host.udp_bind(again).is_ok());
    assert_eq!(pair.a.host.udp_addr(first), Some(again), "the id is used again");
    let elsewhere = SocketAddr::new(v4(Side::B), 53);
    assert_eq!(pair.a.host.udp_bind(elsewhere), Err(Error::AddrNotAvailable));
}

#[test]
fn a_host_answers_a_ping() {
    for address in [v4, v6] {
        let mut pair = plain();
        let to = address(Side::B);
        pair.a.host.ping(pair.now, to, (7, 3), Bytes::from(vec![1; 56])).unwrap();
        let reply = Event::EchoReply { from: to, id: 7, seq: 3, hop_limit: 64, len: 56 };
        pair.await_event(Side::A, reply);
    }
}

#[test]
fn a_datagram_to_oneself_arrives() {
    let mut pair = plain();
    let socket = pair.a.host.udp_bind(any_v6(77)).unwrap();
    for to in ["127.0.0.1:77", "[::1]:77", "10.71.0.1:77", "[fd71::1]:77"] {
        pair.a.host.udp_send(pair.now, socket, Some(to.parse().unwrap()), "me".into()).unwrap();
        pair.await_event(Side::A, Event::UdpReadable(socket));
        assert_eq!(pair.a.host.udp_receive(socket).unwrap().0, "me");
    }
}
