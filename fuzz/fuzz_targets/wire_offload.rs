//! Can any frame or descriptor make `split` or `coalesce` panic, or lose a byte of a frame?
//!
//! The first bytes choose the link and the descriptor and cut the rest into frames, whose checksums
//! are filled so that some of them merge. Cutting what was merged gives back what came.
#![no_main]
#![forbid(unsafe_code)]

use libfuzzer_sys::fuzz_target;
use osier_wire::checksum::Sum;
use osier_wire::link::Medium;
use osier_wire::offload::{Checksum, Gso, GsoKind, Offload, coalesce, split};
use osier_wire::{Frame, MacAddr, Received, ip};

fuzz_target!(|input: &[u8]| {
    let Some((&[link, start, kind, size, len], bytes)) = input.split_first_chunk() else { return };
    let medium = if link & 1 == 0 { Medium::Ip } else { Medium::Ethernet(MacAddr([2; 6])) };
    descriptor(bytes, medium, [start, kind, size]);

    let came: Vec<Received> = bytes
        .chunks(usize::from(len).max(1))
        .map(|frame| Received::from(bytes::Bytes::from(filled(frame, medium))))
        .collect();
    let mut back = Vec::new();
    for frame in coalesce(medium, came.clone()) {
        match frame.offload.gso {
            None => back.push(frame.bytes.to_vec()),
            Some(_) => back.extend(split(&frame.to_frame(medium)).map(|piece| joined(&piece))),
        }
    }
    assert!(back.iter().eq(came.iter().map(|frame| &frame.bytes[..])));
});

/// Cuts the bytes by a descriptor that knows nothing of them.
fn descriptor(bytes: &[u8], medium: Medium, [start, kind, size]: [u8; 3]) {
    let kinds = [GsoKind::TcpV4, GsoKind::TcpV6, GsoKind::Udp];
    let gso = kinds.get(usize::from(kind & 3)).map(|&kind| Gso {
        kind,
        size: size.into(),
        header_len: start.into(),
    });
    let checksum = Checksum::Partial { start: start.into(), offset: u16::from(kind >> 2) };
    let offload = Offload { checksum, gso };
    let bytes = bytes::Bytes::copy_from_slice(bytes);
    for piece in split(&Received { bytes, offload }.to_frame(medium)) {
        assert_eq!(piece.offload.gso, None);
    }
}

/// The bytes with the checksums of IPv4 and TCP filled, where they are such.
fn filled(frame: &[u8], medium: Medium) -> Vec<u8> {
    let mut out = frame.to_vec();
    let Some(datagram) = out.get_mut(medium.header_len()..) else { return out };
    let Ok((header, len)) = ip::Header::parse_quoted(datagram) else { return out };
    if let (ip::Header::V4(_), Some(field)) = (&header, datagram.get_mut(10..12)) {
        field.fill(0);
        let checksum = Sum::of(&datagram[..len]).checksum();
        datagram[10..12].copy_from_slice(&checksum.to_be_bytes());
    }
    let segment = &mut datagram[len..];
    if segment.len() >= 18 {
        segment[16..18].fill(0);
        let pseudo = header.pseudo_header(osier_wire::Protocol::TCP, segment.len());
        let checksum = pseudo.and(segment).checksum();
        segment[16..18].copy_from_slice(&checksum.to_be_bytes());
    }
    out
}

fn joined(frame: &Frame) -> Vec<u8> {
    frame.parts().collect::<Vec<_>>().concat()
}
