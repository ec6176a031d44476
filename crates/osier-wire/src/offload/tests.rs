//! Super-frames cut and merged: what a wire would carry, and that one undoes the other.

extern crate std;

use super::{Checksum, Gso, GsoKind, Offload, coalesce, finish, split, split_unsummed};
use crate::checksum::Sum;
use crate::ethernet::{self, EtherType, MacAddr};
use crate::link::Medium;
use crate::tcp::{Flags, Options, Timestamps};
use crate::{Frame, Protocol, Received, SeqNumber, ip, ipv4, ipv6, tcp, udp};
use bytes::{Bytes, BytesMut};
use proptest::prelude::*;
use std::vec::Vec;

const ETHERNET: Medium = Medium::Ethernet(MacAddr([2, 0, 0, 0, 0, 1]));

/// What the frames of a test have in common, and how they are cut.
#[derive(Clone, Debug)]
struct Shape {
    medium: Medium,
    v6: bool,
    protocol: Protocol,
    flags: Flags,
    id: u16,
    dont_fragment: bool,
    seq: u32,
    options: Options,
    size: u16,
}

impl Shape {
    fn tcp_v4() -> Shape {
        Shape {
            medium: ETHERNET,
            v6: false,
            protocol: Protocol::TCP,
            flags: Flags::ACK | Flags::PSH,
            id: 0xfffe,
            dont_fragment: true,
            seq: u32::MAX - 5,
            options: Options::default(),
            size: 10,
        }
    }

    /// A super-frame with these chunks as its payload, its checksum left partial.
    fn frame(&self, chunks: &[&[u8]]) -> Frame {
        let mut frame = Frame::default();
        frame.payload.extend(chunks.iter().map(|chunk| Bytes::copy_from_slice(chunk)));
        let text = frame.payload_len();
        let header = tcp::Header {
            src_port: 1000,
            dst_port: 2000,
            seq: SeqNumber(self.seq),
            ack: SeqNumber(77),
            flags: self.flags,
            window: 512,
            urgent: 0,
            options: self.options.clone(),
        };
        let tcp = self.protocol == Protocol::TCP;
        let len = text + if tcp { header.len() } else { udp::HEADER_LEN };
        if self.medium != Medium::Ip {
            let ethertype = if self.v6 { EtherType::IPV6 } else { EtherType::IPV4 };
            let (dst, src) = (MacAddr([2; 6]), MacAddr([4; 6]));
            ethernet::Header { dst, src, ethertype }.emit(frame.head.grow(14));
        }
        let ip = self.ip_header(len as u16);
        ip.emit(frame.head.grow(ip.len()));
        let start = frame.head.len();
        let (offset, kind) = if tcp {
            header.emit(frame.head.grow(header.len()));
            (16, if self.v6 { GsoKind::TcpV6 } else { GsoKind::TcpV4 })
        } else {
            let header = udp::Header { src_port: 1000, dst_port: 2000, payload_len: text as u16 };
            header.emit(frame.head.grow(8));
            (6, GsoKind::Udp)
        };
        let seed = ip.pseudo_header(self.protocol, len).partial();
        let field = start + offset;
        frame.head.as_mut_slice()[field..field + 2].copy_from_slice(&seed.to_be_bytes());
        let header_len = frame.head.len() as u16;
        frame.offload = Offload {
            checksum: Checksum::Partial { start: start as u16, offset: offset as u16 },
            gso: Some(Gso { kind, size: self.size, header_len }),
        };
        frame
    }

    fn ip_header(&self, payload_len: u16) -> ip::Header {
        if self.v6 {
            return ip::Header::V6(ipv6::Header {
                src: "fd71::1".parse().unwrap(),
                dst: "fd71::2".parse().unwrap(),
                next_header: self.protocol,
                hop_limit: 64,
                traffic_class: 2,
                flow_label: 0x12345,
                payload_len,
            });
        }
        ip::Header::V4(ipv4::Header {
            src: [10, 71, 0, 1].into(),
            dst: [10, 71, 0, 2].into(),
            protocol: self.protocol,
            ttl: 64,
            tos: 2,
            identification: self.id,
            dont_fragment: self.dont_fragment,
            more_fragments: false,
            fragment_offset: 0,
            payload_len,
            options: ipv4::Options::NONE,
        })
    }
}

fn joined(frame: &Frame) -> Bytes {
    frame.parts().collect::<Vec<_>>().concat().into()
}

/// A frame of a wire, taken apart; panics where a length or a checksum is wrong.
fn dissect(frame: &Frame, medium: Medium) -> (ip::Header, Option<tcp::Header>, Vec<u8>) {
    assert_eq!(frame.offload, Offload::NONE);
    let bytes = joined(frame);
    let datagram = &bytes[medium.header_len()..];
    let (header, range) = ip::Header::parse(datagram).unwrap();
    assert_eq!(range.end, datagram.len());
    let segment = &datagram[range];
    let protocol = match &header {
        ip::Header::V4(h) => h.protocol,
        ip::Header::V6(h) => h.next_header,
    };
    assert!(header.pseudo_header(protocol, segment.len()).and(segment).verifies());
    if protocol == Protocol::TCP {
        let (tcp, len) = tcp::Header::parse(segment).unwrap();
        return (header, Some(tcp), segment[len..].to_vec());
    }
    let (_, payload) = udp::Header::parse(segment).unwrap();
    assert_eq!(payload.end, segment.len());
    (header, None, segment[payload].to_vec())
}

#[test]
fn a_super_frame_is_cut_with_fin_and_psh_on_the_last_and_cwr_on_the_first() {
    let flags = Flags::ACK | Flags::PSH | Flags::FIN | Flags::CWR;
    let shape = Shape { flags, ..Shape::tcp_v4() };
    let frames: Vec<Frame> =
        split(&shape.frame(&[b"abcdefg", b"", b"hijklmnopqrs", b"tuvwxyz"])).collect();
    let cut: Vec<_> = frames.iter().map(|frame| dissect(frame, ETHERNET)).collect();
    let texts: Vec<&[u8]> = cut.iter().map(|(_, _, text)| &text[..]).collect();
    assert_eq!(texts, [&b"abcdefghij"[..], b"klmnopqrst", b"uvwxyz"]);
    let tcp: Vec<&tcp::Header> = cut.iter().filter_map(|(_, tcp, _)| tcp.as_ref()).collect();
    let seqs: Vec<u32> = tcp.iter().map(|tcp| tcp.seq.0).collect();
    assert_eq!(seqs, [u32::MAX - 5, 4, 14]);
    let flags: Vec<Flags> = tcp.iter().map(|tcp| tcp.flags).collect();
    assert_eq!(flags, [Flags::ACK | Flags::CWR, Flags::ACK, Flags::ACK | Flags::PSH | Flags::FIN]);
    let ids: Vec<u16> = cut.iter().map(|(ip, ..)| identification(ip)).collect();
    assert_eq!(ids, [0xfffe, 0xffff, 0]);
    assert!(tcp.iter().all(|tcp| tcp.ack.0 == 77 && tcp.window == 512));
}

fn identification(header: &ip::Header) -> u16 {
    match header {
        ip::Header::V4(h) => h.identification,
        ip::Header::V6(_) => 0,
    }
}

#[test]
fn an_identification_that_means_nothing_stays_zero() {
    let ids = |shape: Shape| -> Vec<u16> {
        let frames: Vec<Frame> = split(&shape.frame(&[&[1; 25]])).collect();
        frames.iter().map(|frame| identification(&dissect(frame, ETHERNET).0)).collect()
    };
    assert_eq!(ids(Shape { id: 0, ..Shape::tcp_v4() }), [0, 0, 0]);
    assert_eq!(ids(Shape { id: 0, dont_fragment: false, ..Shape::tcp_v4() }), [0, 1, 2]);
}

#[test]
fn a_cut_slices_the_payload_and_copies_none() {
    let frame = Shape::tcp_v4().frame(&[&[7; 25]]);
    for (i, piece) in split(&frame).enumerate() {
        assert_eq!(piece.payload.len(), 1);
        assert_eq!(piece.payload[0].as_ptr(), frame.payload[0][10 * i..].as_ptr());
    }
}

#[test]
fn a_udp_super_frame_becomes_datagrams_with_their_own_lengths() {
    for v6 in [false, true] {
        let shape = Shape { protocol: Protocol::UDP, v6, medium: Medium::Ip, ..Shape::tcp_v4() };
        let frame = shape.frame(&[b"abcdefghijkl", b"mnop"]);
        let texts: Vec<_> = split(&frame).map(|frame| dissect(&frame, Medium::Ip).2).collect();
        assert_eq!(texts, [&b"abcdefghij"[..], b"klmnop"]);
    }
}

#[test]
fn a_frame_that_is_not_to_be_cut_comes_out_alone_and_filled() {
    let mut frame = Shape::tcp_v4().frame(&[&[7; 25]]);
    frame.offload.gso = None;
    let pieces: Vec<Frame> = split(&frame).collect();
    assert_eq!(pieces.len(), 1);
    assert_eq!(dissect(&pieces[0], ETHERNET).2, [7; 25]);
    finish(&mut frame);
    assert_eq!(frame, pieces[0]);
    let filled = frame.clone();
    finish(&mut frame);
    assert_eq!(frame, filled, "a filled frame is left as it is");
}

#[test]
fn a_super_frame_without_payload_is_one_frame() {
    let frame = Shape::tcp_v4().frame(&[]);
    assert_eq!(split(&frame).len(), 1);
    assert_eq!(dissect(&split(&frame).next().unwrap(), ETHERNET).2, b"");
}

fn received(frames: &[Frame]) -> Vec<Received> {
    frames.iter().map(|frame| Received::from(joined(frame))).collect()
}

#[test]
fn the_segments_of_a_super_frame_merge_back_into_it() {
    let frame = Shape::tcp_v4().frame(&[&[7; 35]]);
    let merged = coalesce(ETHERNET, received(&split(&frame).collect::<Vec<_>>()));
    assert_eq!(merged.len(), 1);
    assert_eq!(merged[0].bytes, joined(&frame));
    assert_eq!(merged[0].offload, frame.offload);
    assert_eq!(merged[0].to_frame(ETHERNET), frame);
}

/// How many frames are left of three consecutive segments when the second was changed so.
fn left_of_three(change: impl FnOnce(&mut Vec<u8>)) -> usize {
    let frame = Shape::tcp_v4().frame(&[&[7; 30]]);
    let mut frames = received(&split(&frame).collect::<Vec<_>>());
    let mut bytes = frames[1].bytes.to_vec();
    change(&mut bytes);
    frames[1].bytes = bytes.into();
    coalesce(ETHERNET, frames).len()
}

/// Fills both checksums of an Ethernet frame with IPv4 and TCP.
fn refill(bytes: &mut [u8]) {
    bytes[24..26].fill(0);
    let sum = Sum::of(&bytes[14..34]).checksum();
    bytes[24..26].copy_from_slice(&sum.to_be_bytes());
    bytes[50..52].fill(0);
    let segment = &bytes[34..];
    let (src, dst) = ([10, 71, 0, 1].into(), [10, 71, 0, 2].into());
    let pseudo = Sum::pseudo_header_v4(src, dst, Protocol::TCP, segment.len());
    let sum = pseudo.and(segment).checksum();
    bytes[50..52].copy_from_slice(&sum.to_be_bytes());
}

#[test]
fn whatever_would_be_lost_is_a_reason_not_to_merge() {
    assert_eq!(left_of_three(|_| ()), 1);
    // A byte of each field that must agree; the third segment follows neither of the others.
    let fields = [
        (5, "destination MAC"),
        (11, "source MAC"),
        (15, "TOS"),
        (19, "identification"),
        (22, "TTL"),
        (35, "source port"),
        (37, "destination port"),
        (41, "sequence number"),
        (45, "acknowledgment"),
        (49, "window"),
        (53, "urgent pointer"),
    ];
    for (at, name) in fields {
        let left = left_of_three(|bytes| {
            bytes[at] ^= 1;
            refill(bytes);
        });
        assert_eq!(left, 3, "{name}");
    }
    for (flag, left) in
        [(0x01, 2), (0x02, 3), (0x04, 3), (0x08, 2), (0x20, 3), (0x40, 3), (0x80, 2)]
    {
        let changed = left_of_three(|bytes| {
            bytes[47] ^= flag;
            refill(bytes);
        });
        assert_eq!(changed, left, "flag {flag:#x}");
    }
    assert_eq!(left_of_three(|bytes| *bytes.last_mut().unwrap() ^= 1), 3, "bad checksum");
    assert_eq!(left_of_three(|bytes| bytes.push(0)), 3, "link padding");
    assert_eq!(left_of_three(|bytes| bytes[13] = 6), 3, "not IP");
    assert_eq!(left_of_three(|bytes| bytes.truncate(20)), 3, "cut off");
}

#[test]
fn a_run_ends_where_its_packet_would_be_too_long() {
    let shape = Shape { size: 1000, ..Shape::tcp_v4() };
    let mut frames = Vec::new();
    for i in 0..70u16 {
        let seq = shape.seq.wrapping_add(1000 * u32::from(i));
        let (id, flags) = (shape.id.wrapping_add(i), Flags::ACK);
        let one = Shape { seq, id, flags, ..shape.clone() }.frame(&[&[1; 1000]]);
        frames.extend(split(&one));
    }
    // The identification wraps through zero within the first run, where it still counts.
    let merged = coalesce(ETHERNET, received(&frames));
    assert!(merged.iter().all(|frame| frame.bytes.len() <= 14 + 65_535));
    let back: Vec<Frame> =
        merged.iter().flat_map(|m| split(&m.to_frame(ETHERNET)).collect::<Vec<_>>()).collect();
    assert_eq!(received(&back), received(&frames));
    assert_eq!(merged.len(), 2);
}

prop_compose! {
    fn shapes()(
        medium in prop_oneof![Just(Medium::Ip), Just(ETHERNET)], v6: bool, udp in 0..8u8,
        flags in 0..0x1000u16, id in prop_oneof![Just(0), any::<u16>()], dont_fragment: bool,
        seq: u32, stamps: Option<(u32, u32)>, size in 1..40u16,
    ) -> Shape {
        let timestamps = stamps.map(|(value, echo)| Timestamps { value, echo });
        let options = Options { timestamps, ..Options::default() };
        let protocol = if udp == 0 { Protocol::UDP } else { Protocol::TCP };
        // Mostly the flags that can be merged.
        let plain = Flags::ACK.0 | flags & 0x89;
        let flags = Flags(if flags & 0x700 == 0 { flags } else { plain });
        Shape { medium, v6, protocol, flags, id, dont_fragment, seq, options, size }
    }
}

proptest! {
    #[test]
    fn a_cut_carries_the_same_bytes_in_frames_of_the_size(
        shape in shapes(), chunks in proptest::collection::vec(
            proptest::collection::vec(any::<u8>(), 0..60), 0..6,
        ),
    ) {
        let chunks: Vec<&[u8]> = chunks.iter().map(|chunk| &chunk[..]).collect();
        let frame = shape.frame(&chunks);
        let pieces: Vec<Frame> = split(&frame).collect();
        prop_assert_eq!(pieces.len(), split(&frame).len());
        let texts: Vec<_> = pieces.iter().map(|piece| dissect(piece, shape.medium).2).collect();
        prop_assert_eq!(texts.concat(), chunks.concat());
        for text in texts.iter().rev().skip(1) {
            prop_assert_eq!(text.len(), usize::from(shape.size));
        }
        let mut cut = split(&frame);
        for piece in pieces {
            let mut whole = BytesMut::from(&b"before"[..]);
            prop_assert_eq!(cut.next_len(), Some(piece.len()));
            prop_assert_eq!(cut.append_next(&mut whole), Some(piece.len()));
            prop_assert_eq!(&whole[6..], &joined(&piece)[..]);
        }
        prop_assert_eq!(cut.next_len(), None);
        prop_assert_eq!(cut.append_next(&mut BytesMut::new()), None);
    }

    #[test]
    fn frames_cut_without_their_sums_are_the_same_once_they_are_filled(
        shape in shapes(), text: Vec<u8>,
    ) {
        let frame = shape.frame(&[&text]);
        let mut in_one_piece = split_unsummed(&frame);
        let left = in_one_piece.left_undone();
        prop_assert_eq!(split_unsummed(&frame).len(), split(&frame).len());
        for (mut piece, filled) in split_unsummed(&frame).zip(split(&frame)) {
            prop_assert_eq!(piece.offload, Offload { gso: None, ..frame.offload });
            prop_assert_eq!(piece.offload, left);
            let mut bytes = BytesMut::new();
            prop_assert_eq!(in_one_piece.append_next(&mut bytes), Some(filled.len()));
            prop_assert_eq!(&bytes[..], &joined(&piece)[..]);
            finish(&mut piece);
            prop_assert_eq!(joined(&piece), joined(&filled));
        }
    }

    #[test]
    fn a_descriptor_that_knows_nothing_of_the_frame_makes_the_same_bytes_in_one_piece_or_in_parts(
        shape in shapes(), text: Vec<u8>, start in 0..90u16, offset in 0..40u16,
        gso in proptest::option::of((0..3usize, 0..50u16)),
    ) {
        let mut frame = shape.frame(&[&text]);
        let kinds = [GsoKind::TcpV4, GsoKind::TcpV6, GsoKind::Udp];
        let gso = gso.map(|(kind, size)| Gso { kind: kinds[kind], size, header_len: start });
        frame.offload = Offload { checksum: Checksum::Partial { start, offset }, gso };
        let mut cut = split(&frame);
        for piece in split(&frame) {
            let mut whole = BytesMut::new();
            prop_assert_eq!(cut.append_next(&mut whole), Some(piece.len()));
            prop_assert_eq!(&whole[..], &joined(&piece)[..]);
        }
    }

    #[test]
    fn cutting_what_was_merged_gives_back_the_same_frames(
        runs in proptest::collection::vec((shapes(), 0..200usize), 1..6), v6: bool,
    ) {
        // Runs of one link, some of which continue the one before.
        let mut frames = Vec::new();
        let (medium, mut seq, mut id) = (runs[0].0.medium, 0, 0);
        for (shape, len) in runs {
            let go_on = shape.seq % 2 == 0;
            let (seq_now, id_now) = if go_on { (seq, id) } else { (shape.seq, shape.id) };
            let shape = Shape { medium, v6, seq: seq_now, id: id_now, ..shape };
            frames.extend(split(&shape.frame(&[&std::vec![len as u8; len]])));
            seq = seq_now.wrapping_add(len as u32);
            id = id_now.wrapping_add(len.div_ceil(usize::from(shape.size)) as u16);
        }
        let came = received(&frames);
        let merged = coalesce(medium, came.clone());
        let mut back = Vec::new();
        for frame in &merged {
            if frame.offload == Offload::NONE {
                back.push(frame.bytes.clone());
            } else {
                back.extend(split(&frame.to_frame(medium)).map(|piece| joined(&piece)));
            }
        }
        let bytes: Vec<Bytes> = came.iter().map(|frame| frame.bytes.clone()).collect();
        prop_assert_eq!(back, bytes);
    }

    #[test]
    fn no_bytes_and_no_descriptor_make_it_panic(
        bytes: Vec<u8>, on_ip: bool, start: u8, offset: u8, size: u16, kind in 0..4u8,
        shape in shapes(), change: (u8, u8),
    ) {
        let medium = if on_ip { Medium::Ip } else { ETHERNET };
        let checksum = Checksum::Partial { start: start.into(), offset: offset.into() };
        let kind = [GsoKind::TcpV4, GsoKind::TcpV6, GsoKind::Udp].get(usize::from(kind)).copied();
        let gso = kind.map(|kind| Gso { kind, size, header_len: u16::from(start) });
        let offload = Offload { checksum, gso };
        let mut near = joined(&shape.frame(&[&bytes])).to_vec();
        let at = usize::from(change.0) % near.len();
        near[at] = change.1;
        for bytes in [Bytes::from(bytes), Bytes::from(near)] {
            let one = Received { bytes: bytes.clone(), offload };
            let frame = one.to_frame(medium);
            prop_assert_eq!(joined(&frame), bytes.clone());
            let _ = split(&frame).take(3).count();
            let plain = Received::from(bytes);
            let _ = coalesce(medium, [one, plain.clone(), plain]);
        }
    }
}
