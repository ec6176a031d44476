//! Into which frames does a wire cut a super-frame?
//!
//! Every frame gets a copy of the headers, with the fields that must differ: lengths,
//! identification, sequence number, flags, checksums. The payload is sliced, never copied; a
//! device that has to copy it anyway has each frame written in one piece.

use super::finish::{Headers, field, finish, get_u16, put_u16};
use super::middle::Middle;
use super::{Checksum, GsoKind, Offload};
use crate::checksum::Sum;
use crate::tcp::Flags;
use crate::{Chunks, Frame, Protocol};
use bytes::BytesMut;

/// Cuts a super-frame into the frames that a wire carries, with all checksums filled. A frame that
/// is not to be cut comes out alone, its checksum filled.
pub fn split(frame: &Frame) -> Split<'_> {
    Split::of(frame, Sums::Filled)
}

/// Cuts a super-frame as [`split`] does, for a device that sums but does not cut: the checksums of
/// the frames are left as the super-frame's was.
pub fn split_unsummed(frame: &Frame) -> Split<'_> {
    Split::of(frame, Sums::Left)
}

/// What becomes of the checksums of the frames.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Sums {
    Filled,
    Left,
}

/// The frames of a super-frame, first to last: see [`split`].
pub struct Split<'a> {
    frame: &'a Frame,
    sums: Sums,
    /// Where and how to cut; `None` where there is nothing to cut.
    cut: Option<Cut>,
    /// What the frames between the first and the last have in common, once that was asked.
    middle: Option<Middle>,
    /// Bytes of payload in all of them.
    payload_len: usize,
    /// How many frames have come out.
    index: usize,
    /// How many are still to come.
    left: usize,
    /// The chunk in which the next payload starts.
    chunk: usize,
    /// Where in that chunk.
    at: usize,
}

impl Iterator for Split<'_> {
    type Item = Frame;

    fn next(&mut self) -> Option<Frame> {
        self.left = self.left.checked_sub(1)?;
        let mut out = match &self.cut {
            None => self.frame.clone(),
            Some(cut) => {
                let (size, checksum) = (cut.size, self.frame.offload.checksum);
                let payload = self.take(size);
                let offload = Offload { checksum, gso: None };
                Frame { head: self.frame.head.clone(), payload, offload }
            }
        };
        out.offload.gso = None;
        if let Some(cut) = &self.cut {
            let len = out.payload_len();
            cut.adjust(out.head.as_mut_slice(), self.index, self.left == 0);
            cut.headers.set_payload_len(out.head.as_mut_slice(), len);
        }
        if self.sums == Sums::Filled {
            finish(&mut out);
        }
        self.index += 1;
        Some(out)
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (self.left, Some(self.left))
    }
}

impl ExactSizeIterator for Split<'_> {}

/// Writes a frame that is not to be cut behind what `out` holds, in one piece, its checksum filled:
/// what [`split`] gives, for a device that has to copy it anyway.
#[inline(always)]
pub fn append_whole(frame: &Frame, out: &mut BytesMut) {
    let from = out.len();
    let head = frame.head.as_slice();
    out.extend_from_slice(head);
    for chunk in &frame.payload {
        out.extend_from_slice(chunk);
    }
    fill(&mut out[from..], head.len(), frame.offload.checksum);
}

impl<'a> Split<'a> {
    fn of(frame: &'a Frame, sums: Sums) -> Self {
        let (cut, payload_len) = (Cut::of(frame), frame.payload_len());
        let left = cut.as_ref().map_or(1, |cut| payload_len.div_ceil(cut.size).max(1));
        let (index, chunk, at) = (0, 0, 0);
        Split { frame, sums, cut, middle: None, payload_len, index, left, chunk, at }
    }

    /// What is left to do to each of the frames.
    pub fn left_undone(&self) -> Offload {
        match self.sums {
            Sums::Filled => Offload::NONE,
            Sums::Left => Offload { checksum: self.frame.offload.checksum, gso: None },
        }
    }

    /// How long the next frame is.
    #[inline]
    pub fn next_len(&self) -> Option<usize> {
        if self.left == 0 {
            return None;
        }
        let payload = self.payload_len;
        let size = match &self.cut {
            None => payload,
            Some(cut) => (payload - self.index * cut.size).min(cut.size),
        };
        Some(self.frame.head.len() + size)
    }

    /// Writes the next frame behind what `out` holds, in one piece, and says how long it is: what
    /// [`Iterator::next`] gives, for a device that has to copy it anyway.
    pub fn append_next(&mut self, out: &mut BytesMut) -> Option<usize> {
        let len = self.next_len()?;
        if self.index > 0 && self.left > 1 && self.append_middle(out) {
            self.left -= 1;
            self.index += 1;
            return Some(len);
        }
        let (from, head) = (out.len(), self.frame.head.as_slice());
        self.left -= 1;
        out.extend_from_slice(head);
        self.append_payload(len - head.len(), out);
        let frame = &mut out[from..];
        if let Some(cut) = &self.cut {
            cut.adjust(frame, self.index, self.left == 0);
            cut.headers.set_payload_len(frame, len - head.len());
        }
        if self.sums == Sums::Filled {
            fill(frame, head.len(), self.frame.offload.checksum);
        }
        self.index += 1;
        Some(len)
    }

    /// The next frame, where it is neither the first nor the last; says whether it could be done.
    #[inline]
    fn append_middle(&mut self, out: &mut BytesMut) -> bool {
        let Some(cut) = &self.cut else { return false };
        if self.middle.is_none() {
            self.middle = Middle::of(self.frame, cut, self.sums);
        }
        let Some(middle) = &self.middle else { return false };
        let (from, size) = (out.len(), cut.size);
        out.extend_from_slice(middle.head());
        self.append_payload(size, out);
        if let (Some(middle), Some(cut)) = (&self.middle, &self.cut) {
            middle.complete(&mut out[from..], self.frame, cut, self.index);
        }
        true
    }

    #[inline(always)]
    fn append_payload(&mut self, mut n: usize, out: &mut BytesMut) {
        while n > 0
            && let Some(chunk) = self.frame.payload.get(self.chunk)
        {
            let end = chunk.len().min(self.at + n);
            out.extend_from_slice(&chunk[self.at..end]);
            n -= end - self.at;
            self.at = end;
            if end == chunk.len() {
                (self.chunk, self.at) = (self.chunk + 1, 0);
            }
        }
    }

    /// The next `n` bytes of payload, or what is left of it.
    fn take(&mut self, mut n: usize) -> Chunks {
        let mut taken = Chunks::new();
        while let Some(chunk) = self.frame.payload.get(self.chunk) {
            let end = chunk.len().min(self.at + n);
            if end > self.at {
                taken.push(chunk.slice(self.at..end));
            }
            n -= end - self.at;
            self.at = end;
            if end < chunk.len() || n == 0 {
                break;
            }
            (self.chunk, self.at) = (self.chunk + 1, 0);
        }
        taken
    }
}

/// [`finish`] for a frame that lies in one piece, its headers `head_len` bytes long.
#[inline]
fn fill(frame: &mut [u8], head_len: usize, checksum: Checksum) {
    let Checksum::Partial { start, offset } = checksum else { return };
    let (start, offset) = (usize::from(start), usize::from(offset));
    if start + offset + 2 <= head_len {
        let checksum = field(Sum::of(&frame[start..]), offset);
        put_u16(frame, start + offset, checksum);
    }
}

/// How a super-frame is cut.
pub(super) struct Cut {
    pub(super) headers: Headers,
    /// Bytes of payload in each frame but the last; not zero.
    pub(super) size: usize,
}

impl Cut {
    /// `None` where the frame is not to be cut, or its descriptor contradicts its headers, which
    /// we never write.
    fn of(frame: &Frame) -> Option<Cut> {
        let (gso, head) = (frame.offload.gso?, frame.head.as_slice());
        let Checksum::Partial { start, .. } = frame.offload.checksum else { return None };
        let start = usize::from(start);
        // Lengths of IP headers are multiples of 4, so what remains is the link header's.
        let network = if start % 4 == 2 { 14 } else { 0 };
        let (least, protocol) = match (gso.kind, head.get(network)? >> 4) {
            (GsoKind::TcpV4, 4) => (20, Protocol::TCP),
            (GsoKind::TcpV6, 6) => (40, Protocol::TCP),
            (GsoKind::Udp, 4) => (20, Protocol::UDP),
            (GsoKind::Udp, 6) => (40, Protocol::UDP),
            _ => return None,
        };
        let headers = Headers::read(head, [network, start], protocol)?;
        let fits = start >= network + least && headers.payload == head.len() && gso.size != 0;
        fits.then_some(Cut { headers, size: usize::from(gso.size) })
    }

    /// Changes the fields by which one frame differs from another of the same length.
    pub(super) fn adjust(&self, head: &mut [u8], index: usize, last: bool) {
        let Headers { network, transport, protocol, .. } = self.headers;
        if head[network] >> 4 == 4 {
            let id = segment_id(&head[network..], index);
            put_u16(head, network + 4, id);
        }
        if protocol != Protocol::TCP {
            return;
        }
        let tcp = &mut head[transport..];
        let seq = u32::from_be_bytes([tcp[4], tcp[5], tcp[6], tcp[7]]);
        let seq = seq.wrapping_add((index * self.size) as u32);
        tcp[4..8].copy_from_slice(&seq.to_be_bytes());
        if !last {
            tcp[13] &= !(Flags::FIN | Flags::PSH).0 as u8;
        }
        // RFC 3168 §6.1.2: CWR is said once, on the first new segment.
        if index > 0 {
            tcp[13] &= !Flags::CWR.0 as u8;
        }
    }
}

/// The identification of the `index`-th frame cut from one with this IPv4 header. It counts up,
/// as in Linux; but zero with DF says that it means nothing (RFC 6864 §4.1), and stays.
pub(super) fn segment_id(header: &[u8], index: usize) -> u16 {
    let (id, dont_fragment) = (get_u16(header, 4), header[6] & 0x40 != 0);
    if id == 0 && dont_fragment { 0 } else { id.wrapping_add(index as u16) }
}
