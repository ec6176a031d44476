//! Which headers did a connection's last segment have in front?
//!
//! Addresses, ports and marks of a connection do not change from segment to segment, so what
//! follows from them is kept: for the connections that sent last, in a table of fixed size, not in
//! each connection.

use crate::flow::FlowKey;
use crate::output::Marks;
use alloc::vec::Vec;
use osier_ip::{Envelope, Fragment, Layer, ToSend, Unreachable};
use osier_wire::Protocol;
use osier_wire::checksum::Sum;
use osier_wire::offload::GsoKind;

/// So many connections keep theirs, some 200 bytes each. Two that share a place take turns.
const PLACES: usize = 256;

/// What the segments of one connection have in common.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Letterhead {
    pub(crate) envelope: Envelope,
    /// Of the pseudo-header, without the length.
    pub(crate) pseudo: Sum,
    /// Ours and theirs.
    pub(crate) ports: (u16, u16),
    pub(crate) cut_as: GsoKind,
}

/// The letterheads of the connections that sent last.
#[derive(Clone, Debug, Default)]
pub(crate) struct Envelopes {
    places: Vec<Option<Kept>>,
    /// Which was kept last: the next connection often leads to the same place.
    latest: usize,
}

#[derive(Clone, Debug)]
struct Kept {
    key: FlowKey,
    marks: Marks,
    letterhead: Letterhead,
}

impl Envelopes {
    /// The letterhead of a connection, where it is kept and still right.
    #[inline]
    pub(crate) fn find(
        &self,
        id: u32,
        key: &FlowKey,
        marks: Marks,
        ip: &Layer,
    ) -> Option<&Letterhead> {
        let kept = self.places.get(id as usize % PLACES)?.as_ref()?;
        let right =
            kept.marks == marks && kept.key == *key && ip.is_current(&kept.letterhead.envelope);
        right.then_some(&kept.letterhead)
    }

    /// A letterhead for a flow that has none yet.
    ///
    /// # Errors
    /// As [`Layer::address`].
    pub(crate) fn make(
        &self,
        key: &FlowKey,
        marks: Marks,
        ip: &mut Layer,
    ) -> Result<Letterhead, Unreachable> {
        match self.places.get(self.latest) {
            Some(Some(kept))
                if kept.marks == marks
                    && kept.key.addresses() == key.addresses()
                    && ip.is_current(&kept.letterhead.envelope) =>
            {
                Ok(Letterhead { ports: key.ports(), ..kept.letterhead })
            }
            Some(_) | None => Letterhead::new(key, marks, ip),
        }
    }

    /// Keeps it.
    pub(crate) fn keep(&mut self, id: u32, key: &FlowKey, marks: Marks, letterhead: &Letterhead) {
        let place = id as usize % PLACES;
        if place >= self.places.len() {
            self.places.resize(place + 1, None);
        }
        self.latest = place;
        self.places[place] = Some(Kept { key: *key, marks, letterhead: *letterhead });
    }
}

impl Letterhead {
    /// Finds out what the segments of a flow have in common.
    ///
    /// # Errors
    /// As [`Layer::address`].
    pub(crate) fn new(key: &FlowKey, marks: Marks, ip: &mut Layer) -> Result<Self, Unreachable> {
        let (local, remote) = key.ends();
        let (src, dst) = (local.ip(), remote.ip());
        let Marks { tos, hop_limit, fragment } = marks;
        let protocol = Protocol::TCP;
        let packet = ToSend { src, dst, protocol, tos, hop_limit, fragment, len: 0 };
        let envelope = ip.address(&packet)?;
        let pseudo = Sum::pseudo_header(src, dst, protocol, 0);
        let cut_as = match key {
            FlowKey::V4(_) => GsoKind::TcpV4,
            FlowKey::V6(_) => GsoKind::TcpV6,
        };
        Ok(Letterhead { envelope, pseudo, ports: key.ports(), cut_as })
    }
}

impl Marks {
    /// Those of whoever asks for nothing special.
    pub(crate) const NONE: Marks = Marks { tos: 0, hop_limit: None, fragment: Fragment::Never };
}
