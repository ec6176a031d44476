//! Who fills in a transport's checksum? (RFC 9293 §3.1, RFC 768)
//!
//! A device that offers to, else we. What a device is left has the folded sum of the pseudo-header
//! in the field, and the descriptor says where the field is.

use osier_wire::Frame;
use osier_wire::checksum::Sum;
use osier_wire::offload::Checksum;

/// Leaves the checksum of the header that starts there to the device; the field is `offset` octets
/// further on.
#[inline]
pub(crate) fn leave(frame: &mut Frame, start: u16, offset: usize, pseudo: Sum) {
    frame.offload.checksum = Checksum::Partial { start, offset: offset as u16 };
    put(frame, usize::from(start) + offset, pseudo.partial());
}

/// The sum over the pseudo-header and all from the transport header on.
#[inline]
pub(crate) fn sum(frame: &Frame, start: u16, pseudo: Sum) -> Sum {
    let header = pseudo.and(&frame.head.as_slice()[usize::from(start)..]);
    frame.payload.iter().fold(header, |sum, chunk| sum.and(chunk))
}

/// Writes a field of the headers.
#[inline]
pub(crate) fn put(frame: &mut Frame, at: usize, field: u16) {
    frame.head.as_mut_slice()[at..at + 2].copy_from_slice(&field.to_be_bytes());
}
