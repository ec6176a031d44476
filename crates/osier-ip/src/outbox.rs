//! Which frames of the layer's own has nobody taken yet?
//!
//! Answers (ARP, neighbour discovery, echo), errors, questions, and packets whose neighbour has
//! just become known. Bounded in frames and in octets; what does not fit is dropped by the caller
//! with a counted reason, as a device ring would.

use crate::packet::LinkId;
use alloc::collections::VecDeque;
use osier_wire::Frame;

/// Frames that may wait: a few times what one batch of input can cause.
const FRAMES_MAX: usize = 256;

/// Octets that may wait: a flood of large echo requests pins no more than this.
const OCTETS_MAX: usize = 512 * 1024;

/// The frames, oldest first.
#[derive(Clone, Debug, Default)]
pub(crate) struct Outbox {
    frames: VecDeque<(LinkId, Frame)>,
    octets: usize,
}

/// There is no room for the frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Full;

impl Outbox {
    /// Keeps a frame until it is taken.
    pub(crate) fn push(&mut self, link: LinkId, frame: Frame) -> Result<(), Full> {
        let len = frame.len();
        if self.frames.len() >= FRAMES_MAX || self.octets + len > OCTETS_MAX {
            return Err(Full);
        }
        self.octets += len;
        self.frames.push_back((link, frame));
        Ok(())
    }

    /// Whether no frame waits.
    #[inline]
    pub(crate) fn is_empty(&self) -> bool {
        self.frames.is_empty()
    }

    /// Takes the oldest.
    #[inline]
    pub(crate) fn pop(&mut self) -> Option<(LinkId, Frame)> {
        let (link, frame) = self.frames.pop_front()?;
        self.octets -= frame.len();
        Some((link, frame))
    }
}

#[cfg(test)]
mod tests {
    use super::{FRAMES_MAX, Full, OCTETS_MAX, Outbox};
    use crate::packet::LinkId;
    use bytes::Bytes;
    use osier_wire::Frame;

    #[test]
    fn it_is_bounded_in_frames_and_in_octets() {
        let mut outbox = Outbox::default();
        for _ in 0..FRAMES_MAX {
            assert_eq!(outbox.push(LinkId(1), Frame::default()), Ok(()));
        }
        assert_eq!(outbox.push(LinkId(1), Frame::default()), Err(Full));

        let mut outbox = Outbox::default();
        let mut frame = Frame::default();
        frame.payload.push(Bytes::from_static(&[0; OCTETS_MAX / 2]));
        assert_eq!(outbox.push(LinkId(1), frame.clone()), Ok(()));
        assert_eq!(outbox.push(LinkId(1), frame.clone()), Ok(()));
        assert_eq!(outbox.push(LinkId(1), frame.clone()), Err(Full));
        assert!(outbox.pop().is_some());
        assert_eq!(outbox.push(LinkId(1), frame), Ok(()));
    }
}
