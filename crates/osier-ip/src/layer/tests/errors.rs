//! ICMP errors: when they are sent, what they quote, and which are believed.

use super::*;
use osier_wire::checksum::Sum;
use osier_wire::{icmpv4, icmpv6, ipv4, ipv6};

/// Host 1 sends a packet to host 2, which says that nobody listens; what host 1 makes of it.
fn refused(dst: &str) -> crate::packet::IcmpError {
    let mut wire = Wire::pair();
    wire.send(T0, 0, &ToSend { protocol: Protocol::UDP, ..packet_to(&wire.hosts[0], dst) });
    let (1, packet) = wire.packets().remove(0) else { panic!("not delivered") };
    wire.hosts[1].send_error(T0, &packet.datagram, ErrorToSend::PortUnreachable);
    wire.settle(T0);
    match wire.delivered.remove(0) {
        (0, Delivered::Error(error)) => error,
        other => panic!("{other:?}"),
    }
}

#[test]
fn nobody_listens_is_told_with_the_quotation_of_the_packet() {
    for (src, dst) in [("10.0.0.1", "10.0.0.2"), ("fd00::1", "fd00::2")] {
        let error = refused(dst);
        assert_eq!(error.kind, IcmpErrorKind::PortUnreachable);
        assert_eq!((error.from, error.src, error.dst), (ip(dst), ip(src), ip(dst)));
        assert_eq!(error.protocol, Protocol::UDP);
        assert_eq!(error.quoted, Bytes::from_static(b"segment!xxxxxxxxxxxx"));
    }
}

#[test]
fn a_long_packet_is_quoted_as_far_as_an_error_may_be_long() {
    for (dst, longest) in [("10.0.0.2", 14 + 576), ("fd00::2", 14 + 1280)] {
        let mut wire = Wire::pair();
        let packet = packet_to(&wire.hosts[0], dst);
        wire.send(T0, 0, &ToSend { protocol: Protocol::UDP, len: 1400, ..packet });
        let (_, packet) = wire.packets().remove(0);
        wire.hosts[1].send_error(T0, &packet.datagram, ErrorToSend::ProtocolUnreachable);
        wire.settle(T0);
        assert_eq!(wire.seen.last().unwrap().bytes.len(), longest);
        let (0, Delivered::Error(error)) = &wire.delivered[0] else { panic!("no error") };
        assert_eq!(error.kind, IcmpErrorKind::PortUnreachable);
    }
}

fn datagram_v4(protocol: Protocol, (src, dst): ([u8; 4], [u8; 4]), text: &[u8]) -> Vec<u8> {
    let header = ipv4::Header {
        src: src.into(),
        dst: dst.into(),
        protocol,
        ttl: 9,
        tos: 0,
        identification: 5,
        dont_fragment: true,
        more_fragments: false,
        fragment_offset: 0,
        payload_len: text.len() as u16,
        options: ipv4::Options::NONE,
    };
    let mut bytes = std::vec![0; 20];
    header.emit(&mut bytes);
    bytes.extend(text);
    bytes
}

fn datagram_v6(protocol: Protocol, (src, dst): (&str, &str), text: &[u8]) -> Vec<u8> {
    let header = ipv6::Header {
        src: src.parse().unwrap(),
        dst: dst.parse().unwrap(),
        next_header: protocol,
        hop_limit: 9,
        traffic_class: 0,
        flow_label: 0,
        payload_len: text.len() as u16,
    };
    let mut bytes = std::vec![0; 40];
    header.emit(&mut bytes);
    bytes.extend(text);
    bytes
}

#[test]
fn no_error_is_sent_where_rfc_1122_forbids_it() {
    let us = [10, 0, 0, 1];
    let text = [0; 20];
    let unreachable = [3, 3, 0, 0, 0, 0, 0, 0];
    let mut fragment = datagram_v4(Protocol::UDP, ([10, 0, 0, 2], us), &text);
    fragment[7] = 3;
    let forbidden = [
        datagram_v4(Protocol::ICMP, ([10, 0, 0, 2], us), &unreachable),
        fragment,
        datagram_v4(Protocol::UDP, ([10, 0, 0, 2], [10, 0, 0, 255]), &text),
        datagram_v4(Protocol::UDP, ([10, 0, 0, 2], [224, 0, 0, 1]), &text),
        datagram_v4(Protocol::UDP, ([0, 0, 0, 0], us), &text),
        datagram_v4(Protocol::UDP, ([255, 255, 255, 255], us), &text),
        datagram_v4(Protocol::UDP, ([10, 0, 0, 255], us), &text),
        datagram_v4(Protocol::UDP, ([224, 0, 0, 9], us), &text),
        datagram_v4(Protocol::UDP, ([10, 0, 0, 2], [10, 0, 0, 3]), &text),
        datagram_v6(Protocol::ICMPV6, ("fd00::2", "fd00::1"), &[1, 4, 0, 0, 0, 0, 0, 0]),
        datagram_v6(Protocol::UDP, ("fd00::2", "ff02::1"), &text),
        datagram_v6(Protocol::UDP, ("::", "fd00::1"), &text),
        Vec::from([0x45, 0]),
        Vec::new(),
    ];
    for (n, datagram) in forbidden.into_iter().enumerate() {
        let mut layer = host(1);
        layer.send_error(T0, &datagram.into(), ErrorToSend::PortUnreachable);
        assert!(layer.poll_transmit(T0).is_none(), "case {n}");
        assert_eq!(layer.notes_mut().count(&Reason::ErrorNotDue), 1, "case {n}");
    }
    // An echo request is no error: one may be sent about it.
    let echo = datagram_v4(Protocol::ICMP, ([10, 0, 0, 2], us), &[8, 0, 0, 0, 0, 0, 0, 0]);
    let mut layer = host(1);
    layer.send_error(T0, &echo.into(), ErrorToSend::ProtocolUnreachable);
    assert_eq!(layer.notes_mut().count(&Reason::ErrorSent { kind: 0, code: 0 }), 1);
}

#[test]
fn errors_to_one_sender_are_limited_and_counted() {
    let mut layer = host(1);
    let datagram = datagram_v4(Protocol::UDP, ([10, 0, 0, 2], [10, 0, 0, 1]), &[0; 20]).into();
    for _ in 0..1_000 {
        layer.send_error(T0, &datagram, ErrorToSend::PortUnreachable);
    }
    assert_eq!(layer.notes_mut().count(&Reason::ErrorSuppressed), 980);
}

#[test]
fn an_unknown_transport_behind_extension_headers_is_pointed_at() {
    let mut layer = host(1);
    // Destination options of 8 octets, then protocol 253.
    let text = [253, 0, 1, 4, 0, 0, 0, 0, 1, 2, 3, 4];
    let datagram = datagram_v6(Protocol::IPV6_DESTINATION, ("fd00::2", "fd00::1"), &text);
    layer.send_error(T0, &datagram.into(), ErrorToSend::ProtocolUnreachable);
    let mut wire = Wire::new(Vec::from([layer, host(2)]));
    wire.settle(T0);
    let message = &wire.seen.last().unwrap().bytes[54..];
    let expected = icmpv6::Message::ParameterProblem { code: 1, pointer: 40 };
    assert_eq!(icmpv6::Message::parse(message).unwrap().0, expected);
}

/// What host 1 makes of an error about `quoted`.
fn heard_v4(message: icmpv4::Message, quoted: &[u8]) -> (Layer, Option<Delivered>) {
    let mut text = std::vec![0; 8];
    message.emit(&mut text);
    text.extend(quoted);
    let sum = Sum::of(&text).checksum();
    text[2..4].copy_from_slice(&sum.to_be_bytes());
    let mut bytes = Vec::from(*b"\x02\0\0\0\0\x01\x02\0\0\0\0\x02\x08\0");
    bytes.extend(datagram_v4(Protocol::ICMP, ([10, 0, 0, 99], [10, 0, 0, 1]), &text));
    let mut layer = host(1);
    let delivered = layer.on_frame(T0, ETH, &mut Bytes::from(bytes).into());
    (layer, delivered)
}

fn heard_v6(message: icmpv6::Message, quoted: &[u8]) -> (Layer, Option<Delivered>) {
    let mut text = std::vec![0; 8];
    message.emit(&mut text);
    text.extend(quoted);
    let (src, dst) = (ip("fd00::99"), ip("fd00::1"));
    let sum = Sum::pseudo_header(src, dst, Protocol::ICMPV6, text.len()).and(&text).checksum();
    text[2..4].copy_from_slice(&sum.to_be_bytes());
    let mut bytes = Vec::from(*b"\x02\0\0\0\0\x01\x02\0\0\0\0\x02\x86\xdd");
    bytes.extend(datagram_v6(Protocol::ICMPV6, ("fd00::99", "fd00::1"), &text));
    let mut layer = host(1);
    let delivered = layer.on_frame(T0, ETH, &mut Bytes::from(bytes).into());
    (layer, delivered)
}

fn kind(delivered: Option<Delivered>) -> Option<IcmpErrorKind> {
    match delivered {
        Some(Delivered::Error(error)) => Some(error.kind),
        _ => None,
    }
}

#[test]
fn a_path_mtu_is_held_within_what_can_be_honest() {
    let too_big = |next_hop_mtu| {
        let quoted = datagram_v4(Protocol::TCP, ([10, 0, 0, 1], [192, 0, 2, 1]), &[0; 1480]);
        let message = icmpv4::Message::DestinationUnreachable { code: 4, next_hop_mtu };
        kind(heard_v4(message, &quoted[..28]).1)
    };
    assert_eq!(too_big(1400), Some(IcmpErrorKind::PacketTooBig { mtu: 1400 }));
    assert_eq!(too_big(68), Some(IcmpErrorKind::PacketTooBig { mtu: 552 }));
    // An old router that does not say: the next common MTU below 1500.
    assert_eq!(too_big(0), Some(IcmpErrorKind::PacketTooBig { mtu: 1492 }));

    let quoted = datagram_v6(Protocol::TCP, ("fd00::1", "2001:db8::1"), &[0; 20]);
    let (_, error) = heard_v6(icmpv6::Message::PacketTooBig { mtu: 1280 }, &quoted);
    assert_eq!(kind(error), Some(IcmpErrorKind::PacketTooBig { mtu: 1280 }));
    let (mut layer, error) = heard_v6(icmpv6::Message::PacketTooBig { mtu: 1279 }, &quoted);
    assert_eq!(error, None);
    assert_eq!(layer.notes_mut().count(&Reason::IcmpMtuTooSmall { mtu: 0 }), 1);
}

#[test]
fn an_error_about_a_packet_of_somebody_else_is_not_believed() {
    let message = icmpv4::Message::TimeExceeded { code: 0 };
    let quoted = datagram_v4(Protocol::TCP, ([10, 0, 0, 7], [192, 0, 2, 1]), &[0; 20]);
    let (mut layer, delivered) = heard_v4(message, &quoted);
    assert_eq!(delivered, None);
    assert_eq!(layer.notes_mut().count(&Reason::IcmpNotAboutUs), 1);
}

#[test]
fn an_error_that_quotes_too_little_is_dropped() {
    let message = icmpv4::Message::TimeExceeded { code: 0 };
    let quoted = datagram_v4(Protocol::TCP, ([10, 0, 0, 1], [192, 0, 2, 1]), &[0; 20]);
    for len in [0, 19, 27] {
        let (mut layer, delivered) = heard_v4(message, &quoted[..len]);
        assert_eq!(delivered, None);
        assert_eq!(layer.notes_mut().count(&Reason::IcmpQuoteTooShort), 1);
    }
    let (_, delivered) = heard_v4(message, &quoted[..28]);
    assert_eq!(kind(delivered), Some(IcmpErrorKind::TimeExceeded));
    let mut later = quoted;
    later[7] = 1;
    assert_eq!(heard_v4(message, &later).1, None);
}

#[test]
fn each_error_has_its_kind() {
    use icmpv4::Message::{DestinationUnreachable, ParameterProblem, TimeExceeded, Unknown};
    let quoted = datagram_v4(Protocol::TCP, ([10, 0, 0, 1], [192, 0, 2, 1]), &[0; 8]);
    let unreachable = |code| DestinationUnreachable { code, next_hop_mtu: 0 };
    for (message, expected) in [
        (unreachable(0), Some(IcmpErrorKind::Unreachable)),
        (unreachable(1), Some(IcmpErrorKind::Unreachable)),
        (unreachable(2), Some(IcmpErrorKind::PortUnreachable)),
        (unreachable(3), Some(IcmpErrorKind::PortUnreachable)),
        (unreachable(13), Some(IcmpErrorKind::Unreachable)),
        (TimeExceeded { code: 0 }, Some(IcmpErrorKind::TimeExceeded)),
        (ParameterProblem { code: 0, pointer: 1 }, Some(IcmpErrorKind::ParameterProblem)),
        // Redirect and source quench are not followed.
        (Unknown { kind: 5, code: 1, rest: [10, 0, 0, 66] }, None),
        (Unknown { kind: 4, code: 0, rest: [0; 4] }, None),
    ] {
        assert_eq!(kind(heard_v4(message, &quoted).1), expected, "{message:?}");
    }
}
