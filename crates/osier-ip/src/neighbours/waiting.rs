//! What waits for a neighbour to answer? (RFC 1122 §2.3.2.2)
//!
//! A few of the latest packets for each neighbour, bounded in number and in octets, and in octets
//! over all neighbours.

use crate::reason::{Notes, Reason};
use alloc::collections::VecDeque;
use osier_wire::Frame;

/// Packets for one neighbour: RFC 1122 §2.3.2.2 wants at least one; three as in Linux of old, so
/// that a SYN, a datagram and an echo can wait together.
pub(super) const FRAMES_MAX: usize = 3;

/// Octets for one neighbour: one super-frame and some more.
pub(super) const OCTETS_MAX: usize = 128 * 1024;

/// Octets for all neighbours together.
pub(super) const OCTETS_MAX_OF_ALL: usize = 1024 * 1024;

/// The packets, oldest first.
#[derive(Clone, Debug, Default)]
pub(super) struct Waiting {
    frames: VecDeque<Frame>,
}

impl Waiting {
    /// Adds a frame; `octets` counts over all neighbours.
    pub(super) fn push(&mut self, frame: Frame, octets: &mut usize, notes: &mut Notes) {
        let len = frame.len();
        // RFC 1122 §2.3.2.2: the latest packet is to be saved, so the oldest goes.
        while self.frames.len() >= FRAMES_MAX || self.octets() + len > OCTETS_MAX {
            let Some(oldest) = self.frames.pop_front() else { break };
            *octets -= oldest.len();
            notes.push(Reason::NeighbourQueueFull);
        }
        if *octets + len > OCTETS_MAX_OF_ALL {
            notes.push(Reason::NeighbourQueuesFull);
            return;
        }
        *octets += len;
        self.frames.push_back(frame);
        notes.push(Reason::NeighbourWaits);
    }

    /// Takes all of it.
    pub(super) fn take(&mut self, octets: &mut usize) -> VecDeque<Frame> {
        *octets -= self.octets();
        core::mem::take(&mut self.frames)
    }

    pub(super) fn octets(&self) -> usize {
        self.frames.iter().map(Frame::len).sum()
    }
}
