//! Neighbour discovery between hosts, and against those who mean no good.

use super::*;
use core::net::Ipv6Addr;
use osier_wire::icmpv6::{Message, solicited_node};
use osier_wire::{checksum::Sum, ethernet, ipv6};

/// A neighbour message as `from` would send it.
fn frame(from: MacAddr, src: &str, dst: &str, message: Message) -> Received {
    let (src, dst): (Ipv6Addr, Ipv6Addr) = (src.parse().unwrap(), dst.parse().unwrap());
    let mut frame = Frame::default();
    let to = if dst.is_multicast() { MacAddr::of_ipv6_group(dst) } else { mac(1) };
    let header = ethernet::Header { dst: to, src: from, ethertype: ethernet::EtherType::IPV6 };
    header.emit(frame.head.grow(14));
    let header = ipv6::Header {
        src,
        dst,
        next_header: Protocol::ICMPV6,
        hop_limit: 255,
        traffic_class: 0,
        flow_label: 0,
        payload_len: message.len() as u16,
    };
    header.emit(frame.head.grow(40));
    let out = frame.head.grow(message.len());
    message.emit(out);
    let sum = Sum::pseudo_header_v6(src, dst, Protocol::ICMPV6, out.len()).and(out).checksum();
    out[2..4].copy_from_slice(&sum.to_be_bytes());
    received(&frame)
}

fn advertisement(target: &str, from: u8, solicited: bool, override_cache: bool) -> Message {
    let target = target.parse().unwrap();
    let target_link_addr = Some(mac(from));
    let router = false;
    Message::NeighborAdvertisement { target, router, solicited, override_cache, target_link_addr }
}

fn solicitation(target: &str, source: Option<MacAddr>) -> Message {
    Message::NeighborSolicitation { target: target.parse().unwrap(), source_link_addr: source }
}

/// Reads a neighbour message, its checksum included.
fn read(frame: &Received) -> Option<(ipv6::Header, Message)> {
    let bytes = frame.bytes.get(14..).filter(|_| frame.bytes[12..14] == [0x86, 0xdd])?;
    let (header, range) = ipv6::Header::parse(bytes).unwrap();
    let payload = &bytes[range];
    let sum = Sum::pseudo_header_v6(header.src, header.dst, header.next_header, payload.len());
    assert!(header.next_header != Protocol::ICMPV6 || sum.and(payload).verifies());
    (header.next_header == Protocol::ICMPV6).then(|| (header, Message::parse(payload).unwrap().0))
}

fn sent_to(layer: &mut Layer, now: Instant, dst: &str) -> Option<MacAddr> {
    let mut frame = Frame::default();
    let wrapped = layer.wrap(now, &packet_to(layer, dst), &mut frame).unwrap();
    frame.head.grow(20);
    layer.submit(now, wrapped, &mut frame)?;
    Some(ethernet::Header::parse(frame.head.as_slice()).unwrap().0.dst)
}

#[test]
fn the_first_packet_waits_for_an_advertisement() {
    let mut wire = Wire::pair();
    let packet = packet_to(&wire.hosts[0], "fd00::2");
    wire.send(T0, 0, &packet);
    wire.send(T0, 0, &packet);
    let (header, question) = read(&wire.seen[0]).unwrap();
    assert_eq!(header.hop_limit, 255);
    assert_eq!(header.dst, solicited_node("fd00::2".parse().unwrap()));
    assert_eq!(wire.seen[0].bytes[..6], [0x33, 0x33, 0xff, 0, 0, 2]);
    assert_eq!(question, solicitation("fd00::2", Some(mac(1))));
    let (header, answer) = read(&wire.seen[1]).unwrap();
    assert_eq!(header.dst, "fd00::1".parse::<Ipv6Addr>().unwrap());
    assert_eq!(answer, advertisement("fd00::2", 2, true, true));
    assert_eq!(wire.seen.len(), 4);
    assert_eq!(wire.packets().len(), 2);
}

#[test]
fn a_link_local_address_is_there_without_being_given() {
    let mut wire = Wire::pair();
    let packet = packet_to(&wire.hosts[0], "fe80::ff:fe00:2");
    assert_eq!(packet.src, ip("fe80::ff:fe00:1"));
    wire.send(T0, 0, &packet);
    assert_eq!(wire.packets().len(), 1);
}

#[test]
fn nobody_answers_three_solicitations() {
    let mut wire = Wire::new(Vec::from([host(1)]));
    wire.send(T0, 0, &packet_to(&wire.hosts[0], "fd00::9"));
    wire.run(T0 + Duration::from_millis(2_999));
    assert_eq!(wire.seen.len(), 3);
    assert_eq!(wire.hosts[0].poll_event(), None);
    wire.run(T0 + Duration::from_secs(3));
    assert_eq!(wire.hosts[0].poll_event(), Some(Event::NeighbourUnreachable(ip("fd00::9"))));
    assert_eq!(wire.hosts[0].next_deadline(), None);
}

#[test]
fn a_neighbour_message_that_crossed_a_router_is_not_believed() {
    let mut layer = host(1);
    assert_eq!(sent_to(&mut layer, T0, "fd00::2"), None);
    let mut good = frame(mac(2), "fd00::2", "fd00::1", advertisement("fd00::2", 2, true, true));
    let mut bytes = good.bytes.to_vec();
    bytes[14 + 7] = 254;
    layer.on_frame(T0, ETH, &mut Received::from(Bytes::from(bytes)));
    assert_eq!(layer.notes_mut().count(&Reason::BadNeighbourMessage), 1);
    assert_eq!(sent_to(&mut layer, T0, "fd00::2"), None);
    layer.on_frame(T0, ETH, &mut good);
    assert_eq!(sent_to(&mut layer, T0, "fd00::2"), Some(mac(2)));
}

#[test]
fn an_advertisement_without_override_does_not_move_a_neighbour() {
    let mut layer = host(1);
    assert_eq!(sent_to(&mut layer, T0, "fd00::2"), None);
    let first = advertisement("fd00::2", 2, true, true);
    layer.on_frame(T0, ETH, &mut frame(mac(2), "fd00::2", "fd00::1", first));
    let mild = advertisement("fd00::2", 66, true, false);
    layer.on_frame(T0, ETH, &mut frame(mac(66), "fd00::2", "fd00::1", mild));
    assert_eq!(sent_to(&mut layer, T0, "fd00::2"), Some(mac(2)));
    let moved = advertisement("fd00::2", 3, false, true);
    layer.on_frame(T0, ETH, &mut frame(mac(3), "fd00::2", "ff02::1", moved));
    assert_eq!(sent_to(&mut layer, T0, "fd00::2"), Some(mac(3)));
}

#[test]
fn who_detects_a_duplicate_of_ours_is_told_before_all() {
    let mut layer = host(1);
    let group = solicited_node("fd00::1".parse().unwrap());
    let asks = solicitation("fd00::1", None);
    layer.on_frame(T0, ETH, &mut frame(mac(9), "::", &std::format!("{group}"), asks));
    let (_, answer) = layer.poll_transmit(T0).unwrap();
    let (header, answer) = read(&received(&answer)).unwrap();
    assert_eq!(header.dst, "ff02::1".parse::<Ipv6Addr>().unwrap());
    assert_eq!(answer, advertisement("fd00::1", 1, false, true));
}

#[test]
fn an_address_that_is_taken_is_found_out_before_it_is_used() {
    let mut wire = Wire::pair();
    wire.hosts[0].probe_address(T0, ETH, ip("fd00::2"));
    wire.settle(T0);
    let (header, message) = read(&wire.seen[0]).unwrap();
    assert!(header.src.is_unspecified());
    assert_eq!(message, solicitation("fd00::2", None));
    let conflict = Event::AddressConflict { address: ip("fd00::2"), mac: mac(2) };
    assert_eq!(wire.hosts[0].poll_event(), Some(conflict));
    assert_eq!(wire.hosts[1].poll_event(), None);
}

#[test]
fn two_that_detect_the_same_address_both_hear_of_it() {
    let mut wire = Wire::pair();
    wire.hosts[0].probe_address(T0, ETH, ip("fd00::77"));
    wire.hosts[1].probe_address(T0, ETH, ip("fd00::77"));
    wire.settle(T0);
    for (n, rival) in [(0, 2), (1, 1)] {
        let conflict = Event::AddressConflict { address: ip("fd00::77"), mac: mac(rival) };
        assert_eq!(wire.hosts[n].poll_event(), Some(conflict));
    }
}

#[test]
fn a_rival_with_our_address_is_an_event_though_it_speaks_as_us() {
    let mut layer = host(1);
    let rival = advertisement("fd00::1", 66, false, true);
    layer.on_frame(T0, ETH, &mut frame(mac(66), "fd00::1", "ff02::1", rival));
    let conflict = Event::AddressConflict { address: ip("fd00::1"), mac: mac(66) };
    assert_eq!(layer.poll_event(), Some(conflict));
    let (_, defence) = layer.poll_transmit(T0).unwrap();
    assert_eq!(read(&received(&defence)).unwrap().1, advertisement("fd00::1", 1, false, true));
}

#[test]
fn what_breaks_a_rule_of_rfc_4861_is_dropped() {
    let solicit = |source| solicitation("fd00::1", source);
    let cases = [
        // A group as target.
        ("fd00::9", "fd00::1", solicitation("ff02::1", None)),
        // From nobody, but not to the solicited-node group.
        ("::", "fd00::1", solicit(None)),
        // From nobody, with a link address.
        ("::", "ff02::1:ff00:1", solicit(Some(mac(9)))),
        // A group as link address.
        ("fd00::9", "fd00::1", solicit(Some(MacAddr::BROADCAST))),
        // Solicited, yet to a group.
        ("fd00::9", "ff02::1", advertisement("fd00::9", 9, true, true)),
        // From nobody.
        ("::", "ff02::1", advertisement("fd00::9", 9, false, true)),
    ];
    for (n, (src, dst, message)) in cases.into_iter().enumerate() {
        let mut layer = host(1);
        layer.on_frame(T0, ETH, &mut frame(mac(9), src, dst, message));
        assert_eq!(layer.notes_mut().count(&Reason::BadNeighbourMessage), 1, "case {n}");
        assert!(layer.poll_transmit(T0).is_none(), "case {n}");
    }
}

#[test]
fn a_flood_of_solicitations_stays_within_the_cache() {
    let mut layer = host(1);
    assert_eq!(sent_to(&mut layer, T0, "fd00::2"), None);
    let answer = advertisement("fd00::2", 2, true, true);
    layer.on_frame(T0, ETH, &mut frame(mac(2), "fd00::2", "fd00::1", answer));
    for n in 0..5_000 {
        let src = std::format!("fd00::9:{n:x}");
        layer.on_frame(
            T0,
            ETH,
            &mut frame(mac(9), &src, "fd00::1", solicitation("fd00::1", Some(mac(9)))),
        );
        while layer.poll_transmit(T0).is_some() {}
    }
    assert!(layer.neighbours.len() <= 1024);
    assert_eq!(sent_to(&mut layer, T0, "fd00::2"), Some(mac(2)));
}
