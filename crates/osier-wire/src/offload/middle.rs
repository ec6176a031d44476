//! What do the frames between the first and the last of a super-frame have in common?
//!
//! All but the sequence number, the identification and the checksums. So their headers are written
//! and summed once, and each frame takes a copy with those fields. The way of `split.rs` for single
//! frames decides what is in them; this one gives the same bytes in fewer steps.

use super::finish::{field, get_u16, put_u16};
use super::split::{Cut, Sums, segment_id};
use super::{Checksum, finish};
use crate::checksum::Sum;
use crate::{Frame, Head, Protocol, tcp, udp};

/// What they have in common.
pub(super) struct Middle {
    /// The headers, with zero for the sequence number, the identification and the IPv4 checksum.
    head: Head,
    /// The sum of the IPv4 header, where there is one.
    network: Option<Sum>,
    /// The sum of the pseudo-header and the transport header; none where sums are left.
    transport: Option<Sum>,
}

impl Middle {
    /// `None` where the descriptor has the checksum elsewhere than the protocol.
    pub(super) fn of(frame: &Frame, cut: &Cut, sums: Sums) -> Option<Middle> {
        let finish::Headers { network, transport, protocol, .. } = cut.headers;
        let Checksum::Partial { offset, .. } = frame.offload.checksum else { return None };
        if usize::from(offset) != checksum_offset(protocol) {
            return None;
        }
        let mut head = frame.head.clone();
        let bytes = head.as_mut_slice();
        cut.adjust(bytes, 1, false);
        cut.headers.set_payload_len(bytes, cut.size);
        if protocol == Protocol::TCP {
            bytes[transport + 4..transport + 8].fill(0);
        }
        let is_v4 = bytes[network] >> 4 == 4;
        if is_v4 {
            put_u16(bytes, network + 4, 0);
            put_u16(bytes, network + 10, 0);
        }
        let network = is_v4.then(|| Sum::of(&bytes[network..transport]));
        let transport = (sums == Sums::Filled).then(|| Sum::of(&bytes[transport..]));
        Some(Middle { head, network, transport })
    }

    /// The headers, to be completed when the payload lies behind them.
    pub(super) fn head(&self) -> &[u8] {
        self.head.as_slice()
    }

    /// Writes what is the `index`-th frame's own into it.
    pub(super) fn complete(&self, frame: &mut [u8], first: &Frame, cut: &Cut, index: usize) {
        let finish::Headers { network, transport, payload, protocol } = cut.headers;
        let first = first.head.as_slice();
        if let Some(sum) = self.network {
            let id = segment_id(&first[network..], index);
            put_u16(frame, network + 4, id);
            put_u16(frame, network + 10, sum.and_word(u32::from(id)).checksum());
        }
        let mut own = 0;
        if protocol == Protocol::TCP {
            own = tcp_seq(&first[transport..]).wrapping_add((index * cut.size) as u32);
            frame[transport + 4..transport + 8].copy_from_slice(&own.to_be_bytes());
        }
        if let Some(sum) = self.transport {
            let (sum, offset) = (sum.and_word(own), checksum_offset(protocol));
            let sum = field(sum.and(&frame[payload..]), offset);
            put_u16(frame, transport + offset, sum);
        }
    }
}

const fn checksum_offset(protocol: Protocol) -> usize {
    if protocol.0 == Protocol::TCP.0 { tcp::CHECKSUM_OFFSET } else { udp::CHECKSUM_OFFSET }
}

fn tcp_seq(tcp: &[u8]) -> u32 {
    u32::from(get_u16(tcp, 4)) << 16 | u32::from(get_u16(tcp, 6))
}
