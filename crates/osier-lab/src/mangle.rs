//! How is a frame damaged on its way, and how does a middlebox meddle with it?
//!
//! A damaged frame has one wrong bit, which any checksum finds. Frames that have no checksum over
//! what matters (ARP) vanish instead: a real link's frame check would have found it.

use crate::dice::Dice;
use crate::sight;
use bytes::{Bytes, BytesMut};
use osier_wire::ethernet::{EtherType, Header};
use osier_wire::link::Medium;

/// Where a TCP header has its window and its checksum.
const WINDOW: usize = 14;
const CHECKSUM: usize = osier_wire::tcp::CHECKSUM_OFFSET;

/// The frame with one bit inverted, or nothing of it where no checksum would tell.
pub(crate) fn flip_a_bit(frame: &Bytes, medium: Medium, dice: &mut Dice) -> Bytes {
    let checked = match medium {
        Medium::Ip => true,
        Medium::Ethernet(_) => Header::parse(frame).is_ok_and(|(header, _)| {
            [EtherType::IPV4, EtherType::IPV6].contains(&header.ethertype)
        }),
    };
    let from = medium.header_len();
    if !checked || frame.len() <= from {
        return Bytes::new();
    }
    let mut damaged = BytesMut::from(&frame[..]);
    let bit = dice.between(from as u64 * 8, frame.len() as u64 * 8 - 1);
    damaged[(bit / 8) as usize] ^= 1 << (bit % 8);
    damaged.freeze()
}

/// The frame with a smaller window and a checksum that agrees, where it is a TCP segment whose
/// window may be meddled with: one without SYN, RST.
pub(crate) fn shrink_window(frame: Bytes, medium: Medium, dice: &mut Dice) -> Bytes {
    let Some(segment) = sight::look(&frame, medium) else { return frame };
    let flags = segment.header.flags;
    if flags.intersects(osier_wire::tcp::Flags::SYN | osier_wire::tcp::Flags::RST) {
        return frame;
    }
    let old = segment.header.window;
    let new = [old, old / 2, old / 16, 0][dice.below(4) as usize];
    let mut changed = BytesMut::from(&frame[..]);
    let tcp = &mut changed[segment.tcp_at..];
    let sum = u16::from_be_bytes([tcp[CHECKSUM], tcp[CHECKSUM + 1]]);
    // RFC 1624 §3: HC' = ~(~HC + ~m + m').
    let mut wide = u32::from(!sum) + u32::from(!old) + u32::from(new);
    wide = (wide & 0xffff) + (wide >> 16);
    wide = (wide & 0xffff) + (wide >> 16);
    tcp[WINDOW..WINDOW + 2].copy_from_slice(&new.to_be_bytes());
    tcp[CHECKSUM..CHECKSUM + 2].copy_from_slice(&(!(wide as u16)).to_be_bytes());
    changed.freeze()
}
