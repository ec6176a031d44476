//! Which headers does a segment get in front?
//!
//! The host adds what a connection does not know: addresses, ports, the pseudo-header's sum, TOS
//! and time to live; the IP layer writes its headers. Most of it does not change from segment to
//! segment, so what follows from it is kept: for the connections that sent last, in a table of
//! fixed size, not in each connection.

use crate::checksums;
use crate::flow::FlowKey;
use alloc::vec::Vec;
use bytes::Bytes;
use osier_ip::{Envelope, Fragment, Layer, LinkId, ToSend, Unreachable};
use osier_tcp::Transmit;
use osier_time::Instant;
use osier_wire::checksum::Sum;
use osier_wire::offload::{Gso, GsoKind};
use osier_wire::tcp::{self, Shape};
use osier_wire::{Ecn, Frame, Protocol};

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
    /// The first is for whoever is no connection (yet).
    places: Vec<Option<Kept>>,
    /// Which was made last: the next connection often leads to the same host.
    latest: usize,
}

#[derive(Clone, Debug)]
struct Kept {
    id: Option<u32>,
    key: FlowKey,
    marks: Marks,
    letterhead: Letterhead,
}

/// Whose segment it is.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Sender<'a> {
    pub(crate) key: &'a FlowKey,
    /// The connection, where it is one's.
    pub(crate) id: Option<u32>,
    pub(crate) marks: Marks,
}

/// What an IP header says besides addresses and length.
/// In one word, since it is compared for each segment: TOS, hop limit (0: the default), and whether
/// routers may fragment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Marks(u32);

impl Envelopes {
    /// Makes a frame of a segment, whose payload it takes, and finds the way to its next hop; says
    /// on which link it goes, if it goes at once.
    ///
    /// # Errors
    /// As [`Layer::address`] and [`Layer::enclose`].
    #[inline]
    pub(crate) fn send(
        &mut self,
        now: Instant,
        sender: &Sender<'_>,
        transmit: &mut Transmit,
        ip: &mut Layer,
        frame: &mut Frame,
    ) -> Result<Option<LinkId>, Unreachable> {
        let marks = sender.marks.with(transmit.ecn, transmit.dont_fragment);
        let place = sender.id.map_or(0, place_of);
        let letterhead = match self.kept(place).filter(|kept| kept.serves(sender.id, marks, ip)) {
            Some(kept) => {
                debug_assert_eq!(kept.key, *sender.key, "who is gone is forgotten");
                &kept.letterhead
            }
            None => self.prepare(place, sender, marks, ip)?,
        };
        let shape = transmit.segment.options.shape();
        let header_len = tcp::HEADER_LEN + transmit.segment.options.len_as(shape);
        let len = header_len + text_len(transmit);
        let enclosed = ip.enclose(&letterhead.envelope, len, frame)?;
        letterhead.write(transmit, shape, frame.head.grow(header_len));
        letterhead.append_text(transmit, frame);
        let (start, offset) = (enclosed.transport_at, tcp::CHECKSUM_OFFSET);
        let pseudo = letterhead.pseudo.and_word(len as u32);
        if frame.offload.gso.is_some() || letterhead.envelope.has_checksums_filled() {
            checksums::leave(frame, start, offset, pseudo);
        } else {
            let field = checksums::sum(frame, start, pseudo).checksum();
            checksums::put(frame, usize::from(start) + offset, field);
        }
        Ok(ip.post(now, &letterhead.envelope, enclosed, frame))
    }

    #[inline]
    fn kept(&self, place: usize) -> Option<&Kept> {
        self.places.get(place)?.as_ref()
    }

    /// Puts a letterhead there: what is kept there, or the latest, with other ports, where it is
    /// for the same addresses.
    #[inline]
    fn prepare(
        &mut self,
        place: usize,
        sender: &Sender<'_>,
        marks: Marks,
        ip: &mut Layer,
    ) -> Result<&Letterhead, Unreachable> {
        let &Sender { id, key, .. } = sender;
        let serves = |kept: &Kept| kept.key.is_between_hosts_of(key) && kept.has_marks(marks, ip);
        if !self.kept(place).is_some_and(serves) {
            let letterhead = match self.kept(self.latest) {
                Some(latest) if serves(latest) => latest.letterhead,
                Some(_) | None => Letterhead::new(key, marks, ip)?,
            };
            if place >= self.places.len() {
                self.places.resize(place + 1, None);
            }
            self.places[place] = Some(Kept { id, key: *key, marks, letterhead });
        }
        self.latest = place;
        let kept = self.places[place].as_mut().expect("it was there, or was put there");
        (kept.id, kept.key, kept.letterhead.ports) = (id, *key, key.ports());
        Ok(&kept.letterhead)
    }

    /// A connection is gone: its id may be given to another.
    pub(crate) fn forget(&mut self, id: u32) {
        if let Some(place) = self.places.get_mut(place_of(id))
            && let Some(kept) = place
            && kept.id == Some(id)
        {
            kept.id = None;
        }
    }
}

impl Kept {
    /// Whether it is this connection's, and right for such a segment.
    #[inline]
    fn serves(&self, id: Option<u32>, marks: Marks, ip: &Layer) -> bool {
        id.is_some() && self.id == id && self.has_marks(marks, ip)
    }

    #[inline]
    fn has_marks(&self, marks: Marks, ip: &Layer) -> bool {
        self.marks == marks && ip.is_current(&self.letterhead.envelope)
    }
}

const fn place_of(id: u32) -> usize {
    1 + id as usize % PLACES
}

/// Octets of text.
#[inline]
fn text_len(transmit: &Transmit) -> usize {
    match &transmit.payload[..] {
        [] => transmit.short.len(),
        [chunk] => chunk.len(),
        chunks => chunks.iter().map(Bytes::len).sum(),
    }
}

impl Letterhead {
    /// Writes the TCP header, without its checksum.
    #[inline]
    fn write(&self, transmit: &Transmit, options: Shape, out: &mut [u8]) {
        let segment = &transmit.segment;
        let header = tcp::Fixed {
            src_port: self.ports.0,
            dst_port: self.ports.1,
            seq: segment.seq,
            ack: segment.ack,
            flags: segment.flags,
            window: segment.window,
            urgent: segment.urgent,
        };
        header.emit_as(&segment.options, options, out);
    }

    /// Moves the text behind the headers, which are complete.
    #[inline]
    fn append_text(&self, transmit: &mut Transmit, frame: &mut Frame) {
        let Transmit { short, payload, gso_size, .. } = transmit;
        if payload.is_empty() {
            // A text so short that it lies behind the headers.
            if !short.is_empty() {
                frame.head.grow(short.len()).copy_from_slice(short.as_slice());
            }
        } else {
            core::mem::swap(&mut frame.payload, payload);
        }
        if *gso_size > 0 {
            let header_len = frame.head.len() as u16;
            frame.offload.gso = Some(Gso { kind: self.cut_as, size: *gso_size, header_len });
        }
    }

    /// Finds out what the segments of a flow have in common.
    ///
    /// # Errors
    /// As [`Layer::address`].
    pub(crate) fn new(key: &FlowKey, marks: Marks, ip: &mut Layer) -> Result<Self, Unreachable> {
        let (local, remote) = key.ends();
        let (src, dst) = (local.ip(), remote.ip());
        let (tos, hop_limit, fragment) = (marks.tos(), marks.hop_limit(), marks.fragment());
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
    pub(crate) const NONE: Marks = Marks(0);
    const HOP_LIMIT_AT: u32 = 8;
    const MAY_FRAGMENT_AT: u32 = 16;

    /// TOS or traffic class.
    pub(crate) const fn tos(self) -> u8 {
        self.0 as u8
    }

    pub(crate) fn set_tos(&mut self, tos: u8) {
        self.0 = self.0 & !0xff | u32::from(tos);
    }

    /// Time to live or hop limit, where it is not the default.
    pub(crate) fn hop_limit(self) -> Option<u8> {
        Some((self.0 >> Marks::HOP_LIMIT_AT) as u8).filter(|hops| *hops > 0)
    }

    pub(crate) fn set_hop_limit(&mut self, hops: u8) {
        self.0 = self.0 & !(0xff << Marks::HOP_LIMIT_AT) | u32::from(hops) << Marks::HOP_LIMIT_AT;
    }

    fn fragment(self) -> Fragment {
        if self.0 >> Marks::MAY_FRAGMENT_AT == 0 { Fragment::Never } else { Fragment::Allowed }
    }

    /// Those of a segment with this ECN field.
    #[inline]
    fn with(self, ecn: Ecn, dont_fragment: bool) -> Marks {
        let may_fragment = u32::from(!dont_fragment) << Marks::MAY_FRAGMENT_AT;
        Marks(self.0 & !0b11 | u32::from(ecn.bits()) | may_fragment)
    }
}
