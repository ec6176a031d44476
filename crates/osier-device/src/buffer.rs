//! Where do the bytes of received frames lie?
//!
//! In slabs that many frames share: each frame is split off the front, and a slab is used again
//! once the last frame that lay in it is gone. Text that an application holds on to pins the whole
//! slab, so slabs stay small, and frames below [`COPY_BELOW`] lie in much smaller ones.

use bytes::{Bytes, BytesMut};
use osier_wire::Frame;

/// Bytes of a slab that holds frames of an ordinary MTU.
const SLAB: usize = 64 * 1024;

/// How many slabs are watched for reuse. Beyond these, a slab whose frames are still held is left
/// to its holders and freed with the last of them: we never own more than this many. They hold a
/// window of 1 MiB: to give so much memory back and to ask for it anew, again and again, costs a
/// stream nearly as much time as all else does.
const SLABS: usize = 16;

/// Frames shorter than this are copied out, lest an acknowledgment pin a slab.
pub(crate) const COPY_BELOW: usize = 256;

/// Bytes of a slab that holds short frames: as much as a device commonly gives a single frame.
const SMALL_SLAB: usize = 2 * 1024;

/// Slabs for frames of every length.
#[derive(Debug)]
pub(crate) struct Slabs {
    large: Ring,
    small: Ring,
}

/// A few slabs of one size.
#[derive(Debug)]
struct Ring {
    slabs: [BytesMut; SLABS],
    current: usize,
    size: usize,
}

impl Slabs {
    /// Slabs for frames of up to `max_frame` bytes, at least two of which fit in one.
    pub(crate) fn new(max_frame: usize) -> Self {
        Slabs { large: Ring::new(SLAB.max(2 * max_frame)), small: Ring::new(SMALL_SLAB) }
    }

    /// An empty tail of a slab with room for `len` bytes: what is put there and split off becomes
    /// a frame.
    pub(crate) fn room_for(&mut self, len: usize) -> &mut BytesMut {
        if len < COPY_BELOW { self.small.room_for(len) } else { self.large.room_for(len) }
    }

    /// Copies the parts of a frame into one contiguous piece.
    pub(crate) fn gather(&mut self, frame: &Frame) -> Bytes {
        self.put(frame.len(), |buffer| {
            frame.parts().for_each(|part| buffer.extend_from_slice(part));
        })
    }

    /// A frame of `len` bytes, which `write` appends to what it is given.
    #[inline]
    pub(crate) fn put(&mut self, len: usize, write: impl FnOnce(&mut BytesMut)) -> Bytes {
        let slab = self.room_for(len);
        write(slab);
        slab.split().freeze()
    }
}

impl Ring {
    fn new(size: usize) -> Self {
        Ring { slabs: Default::default(), current: 0, size }
    }

    fn room_for(&mut self, len: usize) -> &mut BytesMut {
        if spare(&self.slabs[self.current]) < len {
            self.turn(len);
        }
        &mut self.slabs[self.current]
    }

    /// Goes on to the first slab that nobody holds, or replaces one. The first and not the next:
    /// where frames are soon gone, few slabs are in use, and no more are ever allocated.
    fn turn(&mut self, len: usize) {
        let size = self.size.max(len);
        for at in 0..SLABS {
            if self.slabs[at].try_reclaim(size) {
                self.current = at;
                return;
            }
        }
        self.current = (self.current + 1) % SLABS;
        self.slabs[self.current] = BytesMut::with_capacity(size);
    }
}

/// Bytes that can be appended without an allocation.
fn spare(slab: &BytesMut) -> usize {
    slab.capacity() - slab.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frame(len: usize) -> Frame {
        let mut frame = Frame::default();
        frame.payload.push(vec![5; len].into());
        frame
    }

    #[test]
    fn a_slab_is_used_again_when_its_frames_are_gone() {
        let mut slabs = Slabs::new(1514);
        let mut seen = Vec::new();
        for _ in 0..2000 {
            let bytes = slabs.gather(&frame(1500));
            let slab = bytes.as_ptr() as usize / SLAB;
            if !seen.contains(&slab) {
                seen.push(slab);
            }
        }
        // A slab need not start on a multiple of its size: it may touch two.
        assert!(seen.len() <= 2 * SLABS, "2000 frames lay in {} slabs", seen.len());
    }

    #[test]
    fn frames_that_are_held_keep_their_bytes() {
        let mut slabs = Slabs::new(1514);
        let held: Vec<Bytes> = (0..1000).map(|_| slabs.gather(&frame(1500))).collect();
        assert!(held.iter().all(|bytes| bytes.len() == 1500 && bytes.iter().all(|b| *b == 5)));
    }

    #[test]
    fn a_small_frame_pins_no_large_slab() {
        let mut slabs = Slabs::new(1514);
        let _held = slabs.gather(&frame(COPY_BELOW - 1));
        assert!(slabs.large.slabs.iter().all(|slab| slab.capacity() == 0));
        assert!(slabs.small.slabs.iter().all(|slab| slab.capacity() <= SMALL_SLAB));
    }

    #[test]
    fn small_frames_that_are_held_keep_their_bytes_and_others_take_turns_in_the_same_slabs() {
        let mut slabs = Slabs::new(1514);
        let held: Vec<Bytes> = (0..1000).map(|_| slabs.gather(&frame(53))).collect();
        assert!(held.iter().all(|bytes| bytes.len() == 53 && bytes.iter().all(|b| *b == 5)));
        drop(held);
        let mut seen = Vec::new();
        for _ in 0..2000 {
            let place = slabs.gather(&frame(53)).as_ptr() as usize / SMALL_SLAB;
            if !seen.contains(&place) {
                seen.push(place);
            }
        }
        assert!(seen.len() <= 2 * SLABS, "2000 frames lay in {} slabs", seen.len());
    }
}
