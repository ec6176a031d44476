//! What travels between a host and its devices?
//!
//! Outwards a [`Frame`]: headers that were just written, and payload as a gather list of chunks
//! that nobody copied. Inwards a [`Received`]: one contiguous buffer, of which TCP's text will be
//! a slice. Both carry an [`Offload`] that says what of checksums and segmentation is still to do.

use crate::link::Medium;
use crate::offload::{self, Offload};
use bytes::Bytes;
use smallvec::SmallVec;

/// A gather list: chunks of payload, in order.
pub type Chunks = SmallVec<[Bytes; 2]>;

/// The longest run of headers that we write: Ethernet (14), IPv4 with options (60), TCP (60), and
/// 24 bytes of text that is too short for a chunk. IPv6 (40) in place of IPv4 is shorter.
pub const HEAD_MAX: usize = 158;

/// The headers of a frame, in line: no allocation per frame.
#[derive(Clone, PartialEq, Eq)]
pub struct Head {
    len: u8,
    bytes: [u8; HEAD_MAX],
}

impl Head {
    /// No headers yet.
    pub const fn new() -> Self {
        Head { len: 0, bytes: [0; HEAD_MAX] }
    }

    /// Makes room for `n` more bytes at the end and returns them to be filled.
    ///
    /// # Panics
    /// Where the headers together exceed [`HEAD_MAX`]: a bug of ours, as we alone write headers.
    #[inline]
    pub fn grow(&mut self, n: usize) -> &mut [u8] {
        let (from, to) = (usize::from(self.len), usize::from(self.len) + n);
        let grown = &mut self.bytes[from..to];
        // `HEAD_MAX` is less than 256.
        self.len = to as u8;
        grown
    }

    /// [`Head::grow`] for a header of fixed length.
    ///
    /// # Panics
    /// As [`Head::grow`].
    #[inline]
    pub fn grow_by<const N: usize>(&mut self) -> &mut [u8; N] {
        self.grow(N).first_chunk_mut().expect("as many bytes as were asked for")
    }

    /// The headers written so far.
    pub fn as_slice(&self) -> &[u8] {
        &self.bytes[..usize::from(self.len)]
    }

    /// The headers written so far, to be changed in place.
    pub fn as_mut_slice(&mut self) -> &mut [u8] {
        &mut self.bytes[..usize::from(self.len)]
    }

    /// How many bytes of headers there are.
    pub const fn len(&self) -> usize {
        self.len as usize
    }

    /// Whether no header has been written.
    pub const fn is_empty(&self) -> bool {
        self.len == 0
    }
}

impl Default for Head {
    fn default() -> Self {
        Head::new()
    }
}

impl core::fmt::Debug for Head {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        self.as_slice().fmt(f)
    }
}

/// A frame on its way out.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Frame {
    /// All headers, outermost first.
    pub head: Head,
    /// What follows the headers.
    pub payload: Chunks,
    /// What the device still has to do.
    pub offload: Offload,
}

impl Frame {
    /// Makes it empty, to be written anew.
    #[inline]
    pub fn clear(&mut self) {
        self.head.len = 0;
        self.payload.clear();
        self.offload = Offload::NONE;
    }

    /// Length of the whole frame in bytes, headers included.
    pub fn len(&self) -> usize {
        self.head.len() + self.payload_len()
    }

    /// Length of the payload in bytes.
    pub fn payload_len(&self) -> usize {
        self.payload.iter().map(Bytes::len).sum()
    }

    /// Whether the frame has no byte at all.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The parts in wire order, for a gathering write.
    pub fn parts(&self) -> impl Iterator<Item = &[u8]> {
        core::iter::once(self.head.as_slice()).chain(self.payload.iter().map(|c| &c[..]))
    }
}

/// A frame that arrived.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Received {
    /// The frame, contiguous, from its link header on (an IP header on a link without one).
    pub bytes: Bytes,
    /// What the device vouches for, and the size of the segments that it merged.
    pub offload: Offload,
}

impl Received {
    /// The frame as one that could be sent: headers copied, payload sliced, so that
    /// [`split`](offload::split) and [`finish`](offload::finish) take it. Of a frame that is not
    /// to be cut the first [`HEAD_MAX`] bytes go into the head, whatever they are.
    pub fn to_frame(&self, medium: Medium) -> Frame {
        let (head_len, offload) = offload::outgoing(self, medium);
        let mut frame = Frame { offload, ..Frame::default() };
        let payload = self.bytes.slice(head_len..);
        frame.head.grow(head_len).copy_from_slice(&self.bytes[..head_len]);
        if !payload.is_empty() {
            frame.payload.push(payload);
        }
        frame
    }
}

impl From<Bytes> for Received {
    fn from(bytes: Bytes) -> Self {
        Received { bytes, offload: Offload::NONE }
    }
}
