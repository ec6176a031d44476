//! What comes in from a wire, and what does not come through.

use super::wire::Whole;
use super::*;
use osier_wire::offload::{Checksum, Gso, GsoKind, Offload};

/// A frame with an IPv4 packet of protocol 253 from host 2 to host 1, and a change.
fn frame_v4(src: [u8; 4], dst: [u8; 4]) -> Vec<u8> {
    let mut bytes = Vec::from(*b"\x02\0\0\0\0\x01\x02\0\0\0\0\x02\x08\0");
    let packet = ToSend { src: src.into(), dst: dst.into(), ..packet_to(&host(2), "10.0.0.1") };
    let header = osier_wire::ipv4::Header {
        src: src.into(),
        dst: dst.into(),
        protocol: packet.protocol,
        ttl: 33,
        tos: 0x2e << 2 | 0b11,
        identification: 1,
        dont_fragment: true,
        more_fragments: false,
        fragment_offset: 0,
        payload_len: 8,
        options: osier_wire::ipv4::Options::NONE,
    };
    bytes.extend([0; 20]);
    header.emit(&mut bytes[14..]);
    bytes.extend(b"12345678");
    bytes
}

fn frame_v6(src: &str, dst: &str) -> Vec<u8> {
    let mut bytes = Vec::from(*b"\x02\0\0\0\0\x01\x02\0\0\0\0\x02\x86\xdd");
    let header = osier_wire::ipv6::Header {
        src: src.parse().unwrap(),
        dst: dst.parse().unwrap(),
        next_header: Protocol(253),
        hop_limit: 33,
        traffic_class: 1,
        flow_label: 0,
        payload_len: 8,
    };
    bytes.extend([0; 40]);
    header.emit(&mut bytes[14..]);
    bytes.extend(b"12345678");
    bytes
}

/// Why host 1 drops a frame.
fn dropped(link: LinkId, bytes: Vec<u8>) -> Reason {
    let mut layer = host(1);
    layer.notes_mut().set_recording(Recording::On);
    assert_eq!(layer.on_frame(T0, link, &mut Bytes::from(bytes).into()), None);
    let reasons: Vec<Reason> = layer.notes_mut().drain().collect();
    assert_eq!(reasons.len(), 1, "{reasons:?}");
    reasons[0]
}

fn taken(link: LinkId, mut frame: Received) -> Whole {
    match host(1).on_frame(T0, link, &mut frame) {
        Some(Delivered::Packet(packet)) => Whole { packet, datagram: frame.bytes },
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_packet_goes_up_as_slices_of_its_frame_with_all_that_its_header_said() {
    let mut padded = frame_v4([10, 0, 0, 2], [10, 0, 0, 1]);
    padded.extend([0xee; 18]);
    let frame = Bytes::from(padded);
    let packet = taken(ETH, frame.clone().into());
    assert_eq!((packet.src, packet.dst), (ip("10.0.0.2"), ip("10.0.0.1")));
    assert_eq!((packet.ecn, packet.hop_limit), (Ecn::Ce, 33));
    assert_eq!((packet.vouched, packet.gso_size), (Vouched::No, 0));
    assert_eq!(packet.payload().as_ptr(), frame[34..].as_ptr());
    assert_eq!(packet.payload(), &frame[34..42]);
    assert_eq!(packet.datagram, frame[14..42]);
    let packet = taken(ETH, Bytes::from(frame_v6("fd00::2", "fd00::1")).into());
    assert_eq!((packet.ecn, packet.hop_limit), (Ecn::Ect1, 33));
    assert_eq!(packet.payload(), Bytes::from_static(b"12345678"));
}

#[test]
fn what_the_device_says_is_passed_on() {
    let bytes = Bytes::from(frame_v4([10, 0, 0, 2], [10, 0, 0, 1]));
    let gso = Some(Gso { kind: GsoKind::TcpV4, size: 1448, header_len: 54 });
    for checksum in [Checksum::Verified, Checksum::Partial { start: 34, offset: 16 }] {
        let offload = Offload { checksum, gso };
        let packet = taken(ETH, Received { bytes: bytes.clone(), offload });
        assert_eq!((packet.vouched, packet.gso_size), (Vouched::Yes, 1448));
    }
}

#[test]
fn what_came_over_the_loopback_is_vouched_for() {
    let bytes = frame_v4([10, 0, 0, 1], [127, 0, 0, 1])[14..].to_vec();
    let packet = taken(Layer::LOOPBACK, Bytes::from(bytes).into());
    assert_eq!(packet.vouched, Vouched::Yes);
    let stranger = frame_v4([10, 0, 0, 2], [127, 0, 0, 1])[14..].to_vec();
    assert_eq!(dropped(Layer::LOOPBACK, stranger), Reason::MartianSource);
}

#[test]
fn a_martian_source_is_dropped() {
    for src in [
        [0, 0, 0, 0],
        [127, 0, 0, 1],
        [224, 0, 0, 5],
        [240, 1, 1, 1],
        [255, 255, 255, 255],
        [10, 0, 0, 255],
        [10, 0, 0, 1],
    ] {
        assert_eq!(dropped(ETH, frame_v4(src, [10, 0, 0, 1])), Reason::MartianSource, "{src:?}");
    }
    for src in ["::", "::1", "ff02::1", "::ffff:10.0.0.2", "fd00::1"] {
        assert_eq!(dropped(ETH, frame_v6(src, "fd00::1")), Reason::MartianSource, "{src}");
    }
}

#[test]
fn loopback_destinations_do_not_come_from_a_wire() {
    let frame = frame_v4([10, 0, 0, 2], [127, 0, 0, 1]);
    assert_eq!(dropped(ETH, frame), Reason::MartianDestination);
    assert_eq!(dropped(ETH, frame_v6("fd00::2", "::1")), Reason::MartianDestination);
}

#[test]
fn what_is_for_others_is_dropped() {
    assert_eq!(dropped(ETH, frame_v4([10, 0, 0, 2], [10, 0, 0, 3])), Reason::NotForUs);
    assert_eq!(dropped(ETH, frame_v4([10, 0, 0, 2], [224, 0, 0, 251])), Reason::NotForUs);
    assert_eq!(dropped(ETH, frame_v6("fd00::2", "ff02::fb")), Reason::NotForUs);
    let mut frame = frame_v4([10, 0, 0, 2], [10, 0, 0, 1]);
    frame[5] = 3;
    assert_eq!(dropped(ETH, frame), Reason::OtherStation);
    let mut frame = frame_v4([10, 0, 0, 2], [10, 0, 0, 1]);
    frame[6] = 3;
    assert_eq!(dropped(ETH, frame), Reason::BadStation);
    let mut frame = frame_v4([10, 0, 0, 2], [10, 0, 0, 1]);
    frame[11] = 1;
    assert_eq!(dropped(ETH, frame), Reason::OwnEcho);
}

#[test]
fn a_unicast_packet_in_a_broadcast_frame_is_dropped_and_a_broadcast_packet_is_not() {
    let mut frame = frame_v4([10, 0, 0, 2], [10, 0, 0, 1]);
    frame[..6].fill(0xff);
    assert_eq!(dropped(ETH, frame), Reason::UnicastInGroupFrame);
    let mut frame = frame_v4([10, 0, 0, 2], [10, 0, 0, 255]);
    frame[..6].fill(0xff);
    assert_eq!(taken(ETH, Bytes::from(frame).into()).dst, ip("10.0.0.255"));
}

#[test]
fn fragments_and_source_routes_are_dropped() {
    let us = [10, 0, 0, 1];
    let reseal = |frame: &mut Vec<u8>| {
        let len = usize::from(frame[14] & 15) * 4;
        frame[24..26].fill(0);
        let sum = osier_wire::checksum::Sum::of(&frame[14..14 + len]).checksum();
        frame[24..26].copy_from_slice(&sum.to_be_bytes());
    };
    for fragment in [[0x20, 0], [0, 1]] {
        let mut frame = frame_v4([10, 0, 0, 2], us);
        frame[20..22].copy_from_slice(&fragment);
        reseal(&mut frame);
        assert_eq!(dropped(ETH, frame), Reason::IsFragment);
    }
    let mut frame = frame_v4([10, 0, 0, 2], us);
    // Make the text options: a no-operation, then a loose source route.
    (frame[14], frame[34], frame[35], frame[36]) = (0x47, 1, 131, 7);
    reseal(&mut frame);
    assert_eq!(dropped(ETH, frame), Reason::SourceRoute);
    let mut frame = frame_v6("fd00::2", "fd00::1");
    (frame[14 + 6], frame[54], frame[57]) = (44, 253, 1);
    assert_eq!(dropped(ETH, frame), Reason::IsFragment);
}

#[test]
fn a_broken_header_says_what_is_broken() {
    use osier_wire::Error;
    let good = frame_v4([10, 0, 0, 2], [10, 0, 0, 1]);
    let mut frame = good.clone();
    frame[22] ^= 1;
    assert_eq!(dropped(ETH, frame), Reason::BadHeader { error: Error::BadChecksum });
    let cut = good[..good.len() - 1].to_vec();
    assert_eq!(dropped(ETH, cut), Reason::BadHeader { error: Error::Truncated });
    assert_eq!(dropped(ETH, good[..14].to_vec()), Reason::BadHeader { error: Error::Truncated });
    assert_eq!(dropped(ETH, good[..13].to_vec()), Reason::FrameTooShort);
    let mut frame = good.clone();
    frame[12..14].copy_from_slice(&[0x86, 0xdd]);
    assert_eq!(dropped(ETH, frame), Reason::WrongVersion);
    let mut frame = good.clone();
    frame[12..14].copy_from_slice(&[0x88, 0xcc]);
    assert_eq!(dropped(ETH, frame), Reason::UnknownEtherType { ethertype: 0x88cc });
    assert_eq!(dropped(LinkId(7), good), Reason::UnknownLink);
}

/// What becomes of a frame: the packet with its datagram, or why it goes no further.
fn fate(layer: &mut Layer, link: LinkId, mut frame: Received) -> (Option<Delivered>, Bytes) {
    let delivered = layer.on_frame(T0, link, &mut frame);
    let datagram = if delivered.is_some() { frame.bytes } else { Bytes::new() };
    (delivered, datagram)
}

#[test]
fn a_frame_fares_the_same_whether_or_not_one_like_it_came_before() {
    let good = frame_v4([10, 0, 0, 2], [10, 0, 0, 1]);
    for (link, start) in [(ETH, 0), (Layer::LOOPBACK, 14)] {
        let mut good = good[start..].to_vec();
        if link == Layer::LOOPBACK {
            good[12..16].copy_from_slice(&[10, 0, 0, 1]);
            mend_v4(&mut good);
        }
        let mut fresh = host(1);
        fresh.notes_mut().set_recording(Recording::On);
        let mut knowing = fresh.clone();
        assert!(knowing.on_frame(T0, link, &mut Bytes::from(good.clone()).into()).is_some());
        let mut taken = 0;
        for (at, by, mend) in changes(good.len()) {
            let mut bytes = good.clone();
            bytes[at] ^= by;
            if mend {
                mend_v4(&mut bytes[14 - start..]);
            }
            bytes.extend(&[0xee; 3][..at % 4]);
            bytes.truncate(bytes.len() - usize::from(by == 0x80) * (at % 4));
            let offload = match at % 3 {
                0 => Offload::NONE,
                1 => Offload { checksum: Checksum::Verified, gso: None },
                _ => Offload { checksum: Checksum::Partial { start: 34, offset: 6 }, gso: None },
            };
            let frame = Received { bytes: bytes.into(), offload };
            let mut knowing = knowing.clone();
            let mut fresh = fresh.clone();
            let (known, anew) =
                (fate(&mut knowing, link, frame.clone()), fate(&mut fresh, link, frame));
            assert_eq!(known, anew, "octet {at} changed by {by:#x}");
            assert_eq!(
                knowing.counters().collect::<Vec<_>>(),
                fresh.counters().collect::<Vec<_>>()
            );
            taken += usize::from(known.0.is_some());
        }
        assert!(taken > 200, "{taken} of the changed frames got through");
    }
}

/// Each octet changed in each of its bits, and in none; with and without a checksum that is right.
fn changes(octets: usize) -> impl Iterator<Item = (usize, u8, bool)> {
    let of_bit = |bit: u32| 1_u8.checked_shl(bit).unwrap_or(0);
    (0..octets).flat_map(move |at| {
        (0..9).flat_map(move |bit| [false, true].map(|mend| (at, of_bit(bit), mend)))
    })
}

/// Writes the checksum that the first twenty octets of a datagram should have.
fn mend_v4(datagram: &mut [u8]) {
    datagram[10..12].fill(0);
    let sum = osier_wire::checksum::Sum::of(&datagram[..20]).checksum();
    datagram[10..12].copy_from_slice(&sum.to_be_bytes());
}
