//! What is written in front of a packet, and what is refused.

use super::*;
use osier_wire::offload::{Gso, GsoKind, Offload};
use osier_wire::{ipv4, ipv6};

fn head(layer: &mut Layer, packet: &ToSend) -> Vec<u8> {
    let mut frame = Frame::default();
    layer.wrap(T0, packet, &mut frame).unwrap();
    frame.head.as_slice()[14..].to_vec()
}

fn read_v4(head: &[u8]) -> ipv4::Header {
    assert!(osier_wire::checksum::Sum::of(head).verifies());
    ipv4::Header::parse_quoted(head).unwrap().0
}

#[test]
fn the_header_says_what_the_transport_asked_for() {
    let mut layer = host(1);
    let packet = ToSend { tos: 0x2a, len: 1000, ..packet_to(&layer, "10.0.0.2") };
    let header = read_v4(&head(&mut layer, &packet));
    assert_eq!((header.src, header.dst), ([10, 0, 0, 1].into(), [10, 0, 0, 2].into()));
    assert_eq!((header.tos, header.ttl, header.payload_len), (0x2a, 64, 1000));
    assert_eq!((header.protocol, header.dont_fragment), (Protocol(253), true));
    let packet = ToSend { fragment: Fragment::Allowed, hop_limit: Some(3), ..packet };
    let header = read_v4(&head(&mut layer, &packet));
    assert_eq!((header.dont_fragment, header.ttl), (false, 3));

    let packet = ToSend { tos: 0x2a, len: 1000, ..packet_to(&layer, "fd00::2") };
    let header = ipv6::Header::parse_quoted(&head(&mut layer, &packet)).unwrap().0;
    assert_eq!((header.traffic_class, header.hop_limit, header.payload_len), (0x2a, 64, 1000));
}

#[test]
fn to_a_group_a_packet_goes_one_hop_and_to_the_station_of_the_group() {
    let mut layer = host(1);
    for (dst, station) in [
        ("224.0.0.251", [1, 0, 0x5e, 0, 0, 251]),
        ("255.255.255.255", [0xff; 6]),
        ("10.0.0.255", [0xff; 6]),
        ("ff02::fb", [0x33, 0x33, 0, 0, 0, 0xfb]),
    ] {
        let mut frame = Frame::default();
        let wrapped = layer.wrap(T0, &packet_to(&layer, dst), &mut frame).unwrap();
        frame.head.grow(20);
        let link = layer.submit(T0, wrapped, &mut frame).unwrap();
        assert_eq!((link, &frame.head.as_slice()[..6]), (ETH, &station[..]), "{dst}");
    }
    let packet = packet_to(&layer, "224.0.0.251");
    assert_eq!(read_v4(&head(&mut layer, &packet)).ttl, 1);
}

#[test]
fn an_identification_counts_and_a_super_frame_takes_as_many_as_it_has_segments() {
    let mut layer = host(1);
    layer.links[1].config.offloads = Offloads::all(Medium::Ethernet(mac(1)));
    let packet = ToSend { protocol: Protocol::TCP, ..packet_to(&layer, "10.0.0.2") };
    let long = ToSend { len: 60_020, ..packet };
    let first = read_v4(&head(&mut layer, &long)).identification;
    let next = read_v4(&head(&mut layer, &packet)).identification;
    assert!(next.wrapping_sub(first) > 60_000 / 1480, "{first} {next}");
}

#[test]
fn what_exceeds_the_mtu_is_refused_unless_the_device_cuts_it() {
    let mut layer = host(1);
    let refused = Err(Unreachable::TooBig { mtu: 1500 });
    let wrap = |layer: &mut Layer, protocol, dst, len| {
        let packet = ToSend { protocol, len, ..packet_to(layer, dst) };
        layer.wrap(T0, &packet, &mut Frame::default()).map(|_| ())
    };
    assert_eq!(wrap(&mut layer, Protocol::TCP, "10.0.0.2", 1480), Ok(()));
    assert_eq!(wrap(&mut layer, Protocol::TCP, "10.0.0.2", 1481), refused);
    assert_eq!(wrap(&mut layer, Protocol::TCP, "fd00::2", 1460), Ok(()));
    assert_eq!(wrap(&mut layer, Protocol::TCP, "fd00::2", 1461), refused);
    layer.links[1].config.offloads = Offloads::all(Medium::Ethernet(mac(1)));
    assert_eq!(wrap(&mut layer, Protocol::TCP, "10.0.0.2", 65_515), Ok(()));
    assert_eq!(wrap(&mut layer, Protocol::TCP, "10.0.0.2", 65_516), refused);
    assert_eq!(wrap(&mut layer, Protocol::TCP, "fd00::2", 65_495), Ok(()));
    assert_eq!(wrap(&mut layer, Protocol(253), "10.0.0.2", 1481), refused);
    assert_eq!(layer.notes_mut().count(&Reason::TooBig { len: 0, mtu: 0 }), 4);
}

#[test]
fn a_long_frame_that_is_no_super_frame_after_all_is_not_sent() {
    let mut layer = host(1);
    layer.links[1].config.offloads = Offloads::all(Medium::Ethernet(mac(1)));
    let packet =
        ToSend { protocol: Protocol::TCP, len: 4_000, ..packet_to(&layer, "255.255.255.255") };
    for gso in [None, Some(Gso { kind: GsoKind::TcpV4, size: 1448, header_len: 54 })] {
        let mut frame = Frame::default();
        let wrapped = layer.wrap(T0, &packet, &mut frame).unwrap();
        frame.payload.push(Bytes::from(std::vec![0; 4_000]));
        frame.offload = Offload { gso, ..Offload::NONE };
        assert_eq!(layer.submit(T0, wrapped, &mut frame).is_some(), gso.is_some());
        assert_eq!(frame.is_empty(), gso.is_none(), "what is not to be sent is taken");
    }
}

#[test]
fn what_cannot_be_sent_says_why() {
    let mut layer = host(1);
    let good = packet_to(&layer, "10.0.0.2");
    for (src, dst, error) in [
        ("10.0.0.1", "192.0.2.1", Unreachable::NoRoute),
        ("10.0.0.1", "0.0.0.0", Unreachable::BadAddress),
        ("10.0.0.1", "240.0.0.1", Unreachable::BadAddress),
        ("10.0.0.7", "10.0.0.2", Unreachable::BadAddress),
        ("127.0.0.1", "10.0.0.2", Unreachable::BadAddress),
        ("10.0.0.1", "fd00::2", Unreachable::BadAddress),
        ("fd00::1", "2001:db8::1", Unreachable::NoRoute),
        ("fd00::1", "::", Unreachable::BadAddress),
    ] {
        let packet = ToSend { src: ip(src), dst: ip(dst), ..good };
        assert_eq!(
            layer.wrap(T0, &packet, &mut Frame::default()).map(|_| ()),
            Err(error),
            "{src} to {dst}"
        );
    }
    assert_eq!(layer.source_for(ip("192.0.2.1")), Err(Unreachable::NoRoute));
    let bare = Layer::new(1);
    assert_eq!(bare.source_for(ip("127.0.0.1")), Err(Unreachable::BadAddress));
}

#[test]
fn a_gateway_is_the_next_hop_of_what_is_not_on_the_link() {
    let mut wire = Wire::pair();
    let network = Cidr { address: ip("0.0.0.0"), prefix_len: 0 };
    wire.hosts[0].add_route(Route { network, gateway: Some(ip("10.0.0.2")), link: ETH });
    let network = Cidr { address: ip("::"), prefix_len: 0 };
    let gateway = Some(ip("fe80::ff:fe00:2"));
    wire.hosts[0].add_route(Route { network, gateway, link: ETH });
    for (dst, src, hop) in [
        ("192.0.2.1", "10.0.0.1", "10.0.0.2"),
        ("2001:db8::1", "fd00::1", "fe80::ff:fe00:2"),
        ("10.0.0.7", "10.0.0.1", "10.0.0.7"),
        ("10.0.0.1", "10.0.0.1", "10.0.0.1"),
    ] {
        let layer = &wire.hosts[0];
        assert_eq!(layer.source_for(ip(dst)), Ok(ip(src)), "{dst}");
        assert_eq!(layer.next_hop(ip(dst)).unwrap().1, ip(hop), "{dst}");
    }
    let before = wire.seen.len();
    wire.send(T0, 0, &packet_to(&wire.hosts[0], "192.0.2.1"));
    wire.send(T0, 0, &packet_to(&wire.hosts[0], "2001:db8::1"));
    // For each: a question, an answer, and the packet to the station of the gateway.
    assert_eq!(wire.seen.len() - before, 6);
    assert_eq!(wire.seen[5].bytes[..6], mac(2).0);
    assert_eq!(wire.hosts[1].notes_mut().count(&Reason::NotForUs), 2);
}

#[test]
fn packets_to_ourselves_leave_on_the_loopback() {
    let mut layer = host(1);
    for dst in ["127.0.0.1", "127.1.1.1", "10.0.0.1", "::1", "fd00::1", "fe80::ff:fe00:1"] {
        let packet = packet_to(&layer, dst);
        let mut frame = Frame::default();
        let wrapped = layer.wrap(T0, &packet, &mut frame).unwrap();
        assert_eq!((wrapped.link, layer.link_towards(ip(dst)).unwrap().0), (LinkId(0), LinkId(0)));
        assert!(layer.submit(T0, wrapped, &mut frame).is_some());
    }
}

#[test]
fn a_link_without_stations_needs_no_neighbour() {
    let mut layer = loopback(1);
    let medium = Medium::Ip;
    let offloads = Offloads::none(medium, 1400);
    let tun = layer.add_link(LinkConfig { medium, mtu: 1400, offloads });
    layer.add_address(T0, tun, Cidr { address: ip("10.1.0.1"), prefix_len: 24 });
    assert!(layer.poll_transmit(T0).is_none());
    let packet = packet_to(&layer, "10.1.0.2");
    let mut frame = Frame::default();
    let wrapped = layer.wrap(T0, &packet, &mut frame).unwrap();
    assert_eq!((wrapped.enclosed.transport_at, wrapped.link), (20, tun));
    assert!(layer.submit(T0, wrapped, &mut frame).is_some());
    assert_eq!(layer.link_towards(ip("10.1.0.2")).unwrap().1.mtu, 1400);
}

#[test]
fn an_address_that_was_removed_is_no_longer_ours() {
    let mut layer = host(1);
    layer.remove_address(ETH, ip("10.0.0.1"));
    assert!(!layer.is_ours(ip("10.0.0.1")));
    assert_eq!(layer.source_for(ip("10.0.0.2")), Err(Unreachable::NoRoute));
}

#[test]
fn a_layer_is_plain_data() {
    fn plain<T: Send + Clone + 'static>() {}
    plain::<Layer>();
}

#[test]
fn a_new_route_and_a_lost_address_count_for_the_very_next_packet() {
    let mut wire = Wire::pair();
    let packet = packet_to(&wire.hosts[0], "10.0.0.2");
    wire.send(T0, 0, &packet);
    wire.send(T0, 0, &packet);
    let mut last = wire.seen.last().unwrap().clone();
    let network = Cidr { address: ip("10.0.0.2"), prefix_len: 32 };
    wire.hosts[0].add_route(Route { network, gateway: Some(ip("10.0.0.3")), link: ETH });
    let mut frame = Frame::default();
    let wrapped = wire.hosts[0].wrap(T0, &packet, &mut frame).unwrap();
    let sent = wire.hosts[0].submit(T0, wrapped, &mut frame);
    assert!(sent.is_none() && frame.is_empty(), "it waits for the new gateway");
    wire.hosts[0].remove_address(ETH, ip("10.0.0.1"));
    let again = wire.hosts[0].wrap(T0, &packet, &mut Frame::default());
    assert_eq!(again.map(|_| ()), Err(Unreachable::BadAddress));
    assert!(wire.hosts[1].on_frame(T0, ETH, &mut last.clone()).is_some());
    wire.hosts[1].remove_address(ETH, ip("10.0.0.2"));
    assert_eq!(wire.hosts[1].on_frame(T0, ETH, &mut last), None);
}

#[test]
fn an_envelope_writes_what_wrap_writes_for_packets_of_any_length() {
    for (dst, cuts) in [("10.0.0.2", true), ("fd00::2", true), ("10.0.0.2", false)] {
        let mut layer = host(1);
        if cuts {
            layer.links[1].config.offloads = Offloads::all(Medium::Ethernet(mac(1)));
        }
        let packet = ToSend { protocol: Protocol::TCP, tos: 0x28, ..packet_to(&layer, dst) };
        let envelope = layer.address(&packet).unwrap();
        for len in [20, 21, 52, 1_460, 1_461, 1_480, 1_481, 40_000, 65_000, 65_535, 70_000] {
            let (mut wrapped_by, mut enclosed_by) = (layer.clone(), layer.clone());
            let (mut one, mut other) = (Frame::default(), Frame::default());
            let wrapped = wrapped_by.wrap(T0, &ToSend { len, ..packet }, &mut one);
            let enclosed = enclosed_by.enclose(&envelope, len, &mut other);
            assert_eq!(one.head, other.head, "{len} octets to {dst}");
            assert_eq!(
                wrapped.map(|w| w.enclosed.fit),
                enclosed.map(|w| w.fit),
                "{len} octets to {dst}"
            );
        }
    }
}

#[test]
fn an_envelope_is_stale_once_a_route_or_an_address_changes() {
    let mut layer = host(1);
    let packet = packet_to(&layer, "10.0.0.2");
    let envelope = layer.address(&packet).unwrap();
    assert!(layer.is_current(&envelope));
    let network = Cidr { address: ip("10.0.0.2"), prefix_len: 32 };
    layer.add_route(Route { network, gateway: Some(ip("10.0.0.9")), link: ETH });
    assert!(!layer.is_current(&envelope));
    let envelope = layer.address(&packet).unwrap();
    layer.remove_address(ETH, ip("10.0.0.1"));
    assert!(!layer.is_current(&envelope));
}
