//! Echo between hosts, and what is not answered.

use super::*;
use osier_wire::checksum::Sum;
use osier_wire::ipv4;

fn echo_replies(wire: &mut Wire) -> Vec<(usize, crate::packet::EchoReply)> {
    let reply = |(n, delivered)| match delivered {
        Delivered::EchoReply(reply) => Some((n, reply)),
        Delivered::Packet(_) | Delivered::Error(_) => None,
    };
    wire.delivered.drain(..).filter_map(reply).collect()
}

#[test]
fn an_echo_request_is_answered_over_both_versions() {
    let mut wire = Wire::pair();
    for (dst, data) in [("10.0.0.2", "hello"), ("fd00::2", "hello!"), ("fe80::ff:fe00:2", "")] {
        wire.hosts[0].send_echo(T0, ip(dst), (7, 9), Bytes::from(data)).unwrap();
        wire.settle(T0);
        let replies = echo_replies(&mut wire);
        let [(0, reply)] = &replies[..] else { panic!("{dst}: {replies:?}") };
        assert_eq!((reply.from, reply.id, reply.seq), (ip(dst), 7, 9));
        assert_eq!(reply.data, Bytes::from(data));
        assert_eq!(reply.hop_limit, 64);
    }
}

#[test]
fn the_bytes_of_a_reply_are_right() {
    let mut wire = Wire::pair();
    wire.hosts[0].send_echo(T0, ip("10.0.0.2"), (1, 2), Bytes::from_static(b"abc")).unwrap();
    wire.settle(T0);
    let reply = &wire.seen.last().unwrap().bytes[14..];
    let (header, range) = ipv4::Header::parse(reply).unwrap();
    assert_eq!((header.src, header.dst), ([10, 0, 0, 2].into(), [10, 0, 0, 1].into()));
    assert!(Sum::of(&reply[range.clone()]).verifies());
    assert_eq!(reply[range][4..], [0, 1, 0, 2, b'a', b'b', b'c']);
}

#[test]
fn a_host_answers_itself_over_the_loopback() {
    let mut wire = Wire::new(Vec::from([host(1)]));
    for dst in ["127.0.0.1", "127.3.2.1", "10.0.0.1", "::1", "fd00::1"] {
        wire.hosts[0].send_echo(T0, ip(dst), (7, 9), Bytes::new()).unwrap();
        wire.settle(T0);
        assert_eq!(echo_replies(&mut wire).len(), 1, "{dst}");
    }
    assert_eq!(wire.seen.len(), 10);
}

#[test]
fn an_echo_request_to_a_group_is_not_answered() {
    let mut wire = Wire::pair();
    for dst in ["10.0.0.255", "255.255.255.255", "224.0.0.1", "ff02::1"] {
        wire.hosts[0].send_echo(T0, ip(dst), (7, 9), Bytes::new()).unwrap();
        wire.settle(T0);
    }
    assert_eq!(wire.seen.len(), 4);
    assert_eq!(wire.hosts[1].notes_mut().count(&Reason::EchoToGroup), 4);
}

#[test]
fn echo_requests_are_answered_only_so_fast() {
    let mut wire = Wire::pair();
    wire.hosts[0].send_echo(T0, ip("10.0.0.2"), (7, 9), Bytes::new()).unwrap();
    wire.settle(T0);
    let request = wire.seen[2].clone();
    wire.seen.clear();
    for _ in 0..50_000 {
        wire.hosts[1].on_frame(T0, ETH, &mut request.clone());
        while wire.hosts[1].poll_transmit(T0).is_some() {}
    }
    let suppressed = wire.hosts[1].notes_mut().count(&Reason::EchoSuppressed);
    assert_eq!(suppressed, 45_001);
}

#[test]
fn a_reply_with_a_wrong_checksum_is_dropped() {
    let mut wire = Wire::pair();
    wire.hosts[0].send_echo(T0, ip("10.0.0.2"), (7, 9), Bytes::from_static(b"abc")).unwrap();
    wire.settle(T0);
    for at in 0..3 {
        let mut bytes = wire.seen.last().unwrap().bytes.to_vec();
        let last = bytes.len() - 1 - at;
        bytes[last] ^= 1;
        assert_eq!(wire.hosts[0].on_frame(T0, ETH, &mut Bytes::from(bytes).into()), None);
    }
    assert_eq!(wire.hosts[0].notes_mut().count(&Reason::IcmpChecksum), 3);
}
