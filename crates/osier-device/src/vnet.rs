//! How does the kernel write down what of a frame is still to do?
//!
//! As `struct virtio_net_hdr` (virtio 1.2 §5.1.6), ten bytes in the machine's own byte order in
//! front of each frame of a TUN, TAP or packet socket. Here it becomes an [`Offload`] and back.

use osier_wire::offload::{Checksum, Gso, GsoKind, Offload};

/// Bytes of the header: the legacy form, after which an Ethernet frame's IP header lies aligned.
pub(crate) const LEN: usize = 10;

const F_NEEDS_CSUM: u8 = 1;
const F_DATA_VALID: u8 = 2;

const GSO_NONE: u8 = 0;
const GSO_TCPV4: u8 = 1;
const GSO_TCPV6: u8 = 4;
const GSO_UDP_L4: u8 = 5;
/// Set beside a TCP kind where the first segment carries CWR (RFC 3168).
const GSO_ECN: u8 = 0x80;

/// The header that says this to the kernel.
pub(crate) fn emit(offload: &Offload) -> [u8; LEN] {
    let (flags, start, offset) = match offload.checksum {
        Checksum::Filled => (0, 0, 0),
        Checksum::Verified => (F_DATA_VALID, 0, 0),
        Checksum::Partial { start, offset } => (F_NEEDS_CSUM, start, offset),
    };
    let (kind, header_len, size) = match offload.gso {
        None => (GSO_NONE, 0, 0),
        Some(gso) => (gso_type(gso.kind), gso.header_len, gso.size),
    };
    let mut header = [0; LEN];
    header[0] = flags;
    header[1] = kind;
    for (at, word) in [header_len, size, start, offset].into_iter().enumerate() {
        header[2 + 2 * at..4 + 2 * at].copy_from_slice(&word.to_ne_bytes());
    }
    header
}

/// What the kernel says of `frame`, which follows the header.
///
/// A word that cannot be true of this frame is not believed: its checksum is then `Filled`, to be
/// verified by the host, and it is one segment.
pub(crate) fn parse(header: [u8; LEN], frame: &[u8]) -> Offload {
    let word = |at: usize| u16::from_ne_bytes([header[at], header[at + 1]]);
    let (header_len, size, start, offset) = (word(2), word(4), word(6), word(8));
    let field = usize::from(start) + usize::from(offset);
    let checksum = if header[0] & F_NEEDS_CSUM != 0 && field + 2 <= frame.len() {
        Checksum::Partial { start, offset }
    } else if header[0] & F_DATA_VALID != 0 {
        Checksum::Verified
    } else {
        Checksum::Filled
    };
    let kind = match header[1] & !GSO_ECN {
        GSO_TCPV4 => Some(GsoKind::TcpV4),
        GSO_TCPV6 => Some(GsoKind::TcpV6),
        GSO_UDP_L4 => Some(GsoKind::Udp),
        _ => None,
    };
    let gso = kind.filter(|_| size > 0).map(|kind| {
        let header_len = transport_end(kind, checksum, frame).unwrap_or(header_len);
        Gso { kind, size, header_len }
    });
    Offload { checksum, gso }
}

fn gso_type(kind: GsoKind) -> u8 {
    match kind {
        GsoKind::TcpV4 => GSO_TCPV4,
        GsoKind::TcpV6 => GSO_TCPV6,
        GsoKind::Udp => GSO_UDP_L4,
    }
}

/// Where the payload starts. Linux writes into `hdr_len` how much of the frame lies in its first
/// buffer, which may be more than the headers; so we read the transport header itself.
fn transport_end(kind: GsoKind, checksum: Checksum, frame: &[u8]) -> Option<u16> {
    let Checksum::Partial { start, .. } = checksum else { return None };
    let len = match kind {
        GsoKind::TcpV4 | GsoKind::TcpV6 => frame.get(usize::from(start) + 12)? >> 4 << 2,
        GsoKind::Udp => 8,
    };
    start.checked_add(u16::from(len)).filter(|end| usize::from(*end) <= frame.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// An Ethernet frame with IPv4 and a TCP header of 32 bytes, all zero but the data offset.
    fn tcp_frame() -> Vec<u8> {
        let mut frame = vec![0; 14 + 20 + 32 + 3000];
        frame[14 + 20 + 12] = 8 << 4;
        frame
    }

    fn partial() -> Checksum {
        Checksum::Partial { start: 34, offset: 16 }
    }

    #[test]
    fn what_is_emitted_parses_to_the_same() {
        let frame = tcp_frame();
        let gso = Gso { kind: GsoKind::TcpV4, size: 1448, header_len: 66 };
        let six = Gso { kind: GsoKind::TcpV6, ..gso };
        let udp = Gso { kind: GsoKind::Udp, size: 1000, header_len: 42 };
        for offload in [
            Offload::NONE,
            Offload { checksum: Checksum::Verified, gso: None },
            Offload { checksum: partial(), gso: None },
            Offload { checksum: partial(), gso: Some(gso) },
            Offload { checksum: partial(), gso: Some(six) },
            Offload { checksum: partial(), gso: Some(udp) },
        ] {
            assert_eq!(parse(emit(&offload), &frame), offload);
        }
    }

    #[test]
    fn the_header_length_is_read_from_the_frame_not_from_the_hint() {
        let hint = Gso { kind: GsoKind::TcpV4, size: 1448, header_len: 190 };
        let got = parse(emit(&Offload { checksum: partial(), gso: Some(hint) }), &tcp_frame());
        assert_eq!(got.gso.unwrap().header_len, 66);
    }

    #[test]
    fn the_ecn_bit_beside_the_kind_does_not_hide_it() {
        let gso = Gso { kind: GsoKind::TcpV4, size: 1448, header_len: 66 };
        let mut header = emit(&Offload { checksum: partial(), gso: Some(gso) });
        header[1] |= GSO_ECN;
        assert_eq!(parse(header, &tcp_frame()).gso, Some(gso));
    }

    #[test]
    fn a_checksum_field_outside_the_frame_is_not_believed() {
        let header = emit(&Offload { checksum: partial(), gso: None });
        assert_eq!(parse(header, &[0; 51]), Offload::NONE);
        assert_eq!(parse(header, &[0; 52]).checksum, partial());
    }

    #[test]
    fn no_header_on_no_frame_panics() {
        for byte in 0..=255 {
            for frame in [&[][..], &[byte; 40], &[byte; 70]] {
                for flags in 0..4 {
                    let mut header = [byte; LEN];
                    header[0] = flags;
                    parse(header, frame);
                    header[2..].fill(0);
                    parse(header, frame);
                }
            }
        }
    }
}
