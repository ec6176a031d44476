//! Where do the bytes of received frames lie?
//!
//! In slabs that many frames share: each frame is split off the front, and a slab is used again
//! once the last frame that lay in it is gone. Text that an application holds on to pins the whole
//! slab, so slabs stay small and a frame below [`COPY_BELOW`] gets memory of its own.

use bytes::{Bytes, BytesMut};
use osier_wire::Frame;

/// Bytes of a slab that holds frames of an ordinary MTU.
const SLAB: usize = 64 * 1024;

/// How many slabs are watched for reuse. Beyond these, a slab whose frames are still held is left
/// to its holders and freed with the last of them: we never own more than this many.
const SLABS: usize = 4;

/// Frames shorter than this are copied out, lest an acknowledgment pin a slab.
pub(crate) const COPY_BELOW: usize = 256;

/// A few slabs, used in turn.
#[derive(Debug)]
pub(crate) struct Slabs {
    slabs: [BytesMut; SLABS],
    current: usize,
    size: usize,
}

impl Slabs {
    /// Slabs for frames of up to `max_frame` bytes, at least two of which fit in one.
    pub(crate) fn new(max_frame: usize) -> Self {
        let size = SLAB.max(2 * max_frame);
        Slabs { slabs: Default::default(), current: 0, size }
    }

    /// An empty tail of a slab with room for `len` bytes: what is put there and split off becomes
    /// a frame.
    pub(crate) fn room_for(&mut self, len: usize) -> &mut BytesMut {
        if spare(&self.slabs[self.current]) < len {
            self.turn(len);
        }
        &mut self.slabs[self.current]
    }

    /// Goes on to the next slab that nobody holds, or replaces the oldest.
    fn turn(&mut self, len: usize) {
        let size = self.size.max(len);
        for _ in 0..SLABS {
            self.current = (self.current + 1) % SLABS;
            if self.slabs[self.current].try_reclaim(size) {
                return;
            }
        }
        self.current = (self.current + 1) % SLABS;
        self.slabs[self.current] = BytesMut::with_capacity(size);
    }

    /// Copies the parts of a frame into one contiguous piece.
    pub(crate) fn gather(&mut self, frame: &Frame) -> Bytes {
        let len = frame.len();
        if len < COPY_BELOW {
            let mut own = BytesMut::with_capacity(len);
            frame.parts().for_each(|part| own.extend_from_slice(part));
            return own.freeze();
        }
        let slab = self.room_for(len);
        frame.parts().for_each(|part| slab.extend_from_slice(part));
        slab.split().freeze()
    }
}

/// Bytes that can be appended without an allocation.
fn spare(slab: &BytesMut) -> usize {
    slab.capacity() - slab.len()
}
