//! Which frames were put on wires, octet by octet: for whoever looks into packets?
//!
//! Off until asked for, beside the passages of `record.rs`: those know TCP segments alone and not
//! their octets. Here is every frame, ARP and ICMP too, what became of it, and which passage it is.

use crate::link::Fate;
use crate::record::{Origin, Record};
use crate::world::{NodeId, World};
use bytes::Bytes;
use osier_time::Instant;
use osier_wire::link::Medium;

/// Frames that are kept at most; what follows is not recorded.
const FRAMES_MAX: usize = 1 << 17;

/// A frame that was put on a wire.
#[derive(Clone, Debug)]
pub struct Launch {
    /// When.
    pub at: Instant,
    /// The nodes at the ends of the wire.
    pub between: (NodeId, NodeId),
    /// What became of it.
    pub fate: Fate,
    /// Where it came from.
    pub origin: Origin,
    /// What lies in front of its IP header.
    pub medium: Medium,
    /// Its octets as they were sent: what damages it on the way is not seen here.
    pub octets: Bytes,
    /// The passage that it is, where it is a TCP segment ([`World::passages`]).
    pub passage: Option<usize>,
}

impl Record {
    pub(crate) fn keep_frame(
        &mut self,
        (at, from, to): (Instant, NodeId, NodeId),
        (origin, fate): (Origin, Fate),
        (octets, medium, is_segment): (&Bytes, Medium, bool),
    ) {
        let passage = is_segment.then_some(self.passages_kept());
        let Some(frames) = self.frames.as_mut().filter(|frames| frames.len() < FRAMES_MAX) else {
            return;
        };
        let (between, octets) = ((from, to), octets.clone());
        frames.push(Launch { at, between, fate, origin, medium, octets, passage });
    }
}

impl World {
    /// From now on every frame that is put on a wire is kept, with its octets; passages are, too.
    pub fn keep_frames(&mut self) {
        self.keep_passages();
        self.record.frames.get_or_insert_default();
    }

    /// The frames that were put on wires since [`World::keep_frames`].
    pub fn frames(&self) -> &[Launch] {
        self.record.frames.as_deref().unwrap_or_default()
    }
}
