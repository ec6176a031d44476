//! What is written down of what happens?
//!
//! Two records, both off until asked for: the frames of a host with its reasons, from which a
//! capture is written, and the passages of all TCP segments over all links, from which a ladder is
//! drawn. They hold what they record in memory: they are for short stories.

use crate::frames::Launch;
use crate::link::Fate;
use crate::sight::{Sight, look};
use crate::world::{NodeId, World};
use bytes::Bytes;
use osier_host::{Flow, Host, Joiner, Judged, Note, Reason, Way};
use osier_ip::LinkId;
use osier_pcap::{Direction, InterfaceId, LinkType, Writer};
use osier_tcp::{Arrow, Recording};
use osier_time::{Duration, Instant};
use osier_wire::link::Medium;
use osier_wire::{Frame, Received};
use std::collections::VecDeque;
use std::io::{self, Write};

/// Passages, decisions and frames of a capture that are kept at most; what follows is counted.
pub(crate) const KEPT_MAX: usize = 1 << 17;

/// Passages that are looked for when one arrives, at most: the newest of those under way.
const UNDER_WAY_MAX: usize = 4_096;

/// Instant zero of every world in captures: 2026-01-01, in seconds since 1970.
const EPOCH: Duration = Duration::from_secs(1_767_225_600);

/// What is recorded.
#[derive(Clone, Debug, Default)]
pub(crate) struct Record {
    links: Vec<(NodeId, LinkId, Medium)>,
    captured: Vec<Captured>,
    passages: Option<Vec<Passage>>,
    /// The numbers of the passages that have not arrived yet, the oldest first.
    under_way: VecDeque<usize>,
    told: Vec<Told>,
    pub(crate) frames: Option<Vec<Launch>>,
    unkept: Unkept,
}

/// What was not kept, since as much was kept as may be.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Unkept {
    /// Since when.
    pub since: Option<Instant>,
    /// Frames that were put on wires, which are passages where they are TCP segments.
    pub passages: u64,
    /// Decisions of hosts.
    pub told: u64,
    /// Frames of captures.
    pub frames: u64,
}

/// What a host of which frames are kept has decided.
#[derive(Clone, Copy, Debug)]
pub struct Told {
    /// When.
    pub at: Instant,
    /// Where.
    pub node: NodeId,
    /// Both ends of what it was about, where it was about a flow.
    pub flow: Option<Flow>,
    /// The decision.
    pub reason: Reason,
    /// How many passages were kept before it.
    pub before: usize,
    /// The passage whose arrival it answers, by its number.
    pub answers: Option<usize>,
}

/// The frames of one host.
#[derive(Clone, Debug)]
struct Captured {
    node: NodeId,
    joiner: Joiner,
    frames: Vec<Judged>,
}

/// A TCP segment that was put on a wire, and what became of it.
#[derive(Clone, Debug)]
pub struct Passage {
    /// When it was sent.
    pub at: Instant,
    /// The nodes at the ends of the wire.
    pub between: (NodeId, NodeId),
    /// What became of it.
    pub fate: Fate,
    /// The segment.
    pub segment: Sight,
    /// Where it came from.
    pub origin: Origin,
}

/// Where a segment on a wire came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    /// The node at the beginning of the wire.
    Node,
    /// The network kept it, and delivers it now.
    Network,
    /// Somebody forged it.
    Forger,
}

impl Record {
    pub(crate) fn on_link(&mut self, node: NodeId, link: LinkId, medium: Medium) {
        self.links.push((node, link, medium));
    }

    /// The host judges a frame.
    #[inline]
    pub(crate) fn on_frame(
        &mut self,
        now: Instant,
        node: NodeId,
        link: LinkId,
        frame: Received,
        host: &mut Host,
    ) {
        match self.captured.is_empty() {
            true => host.on_frame(now, link, frame),
            false => self.judge((now, node), link, frame, host),
        }
    }

    /// The host judges a frame of its own.
    pub(crate) fn on_loopback(
        &mut self,
        now: Instant,
        node: NodeId,
        frame: Received,
        host: &mut Host,
    ) {
        self.judge((now, node), Host::LOOPBACK, frame, host);
    }

    fn judge(&mut self, at: (Instant, NodeId), link: LinkId, frame: Received, host: &mut Host) {
        let (now, node) = at;
        match self.captured.iter_mut().find(|captured| captured.node == node) {
            None => host.on_frame(now, link, frame),
            Some(captured) => {
                captured.joiner.collect(now, host);
                host.on_frame(now, link, frame.clone());
                let answers = || {
                    let own = |of: &&(NodeId, LinkId, Medium)| (of.0, of.1) == (node, link);
                    let medium = self.links.iter().find(own).map_or(Medium::Ip, |of| of.2);
                    let segment = look(&frame.bytes, medium)?;
                    arrival((now, node), &segment, self.passages.as_ref()?, &self.under_way)
                };
                listen((&mut self.told, &mut self.unkept), &self.passages, (node, host), answers);
                captured.joiner.on_frame(now, link, &frame, host);
                captured.keep(&mut self.unkept);
            }
        }
    }

    /// The host has made a frame.
    #[inline]
    pub(crate) fn on_transmit(
        &mut self,
        now: Instant,
        node: NodeId,
        link: LinkId,
        frame: &Frame,
        host: &mut Host,
    ) {
        if let Some(captured) = self.captured.iter_mut().find(|captured| captured.node == node) {
            listen((&mut self.told, &mut self.unkept), &self.passages, (node, host), || None);
            captured.joiner.on_transmit(now, link, frame, host);
            captured.keep(&mut self.unkept);
        }
    }

    /// The host has done what there was to do now; what it says of that belongs to no frame yet.
    #[inline]
    pub(crate) fn on_served(&mut self, now: Instant, node: NodeId, host: &mut Host) {
        if let Some(captured) = self.captured.iter_mut().find(|captured| captured.node == node) {
            listen((&mut self.told, &mut self.unkept), &self.passages, (node, host), || None);
            captured.joiner.collect(now, host);
        }
    }

    /// A real computer, of whom only frames are seen, has decided something: so it looks from the
    /// segment that it has sent, or that it hears now.
    pub(crate) fn concluded(
        &mut self,
        (at, node): (Instant, NodeId),
        (flow, arrow): (Flow, Arrow),
        heard: Option<&Sight>,
    ) {
        let Some(passages) = &self.passages else { return };
        if self.told.len() >= KEPT_MAX {
            self.unkept.told += 1;
            self.unkept.since.get_or_insert(at);
            return;
        }
        let answers = heard.and_then(|heard| arrival((at, node), heard, passages, &self.under_way));
        let (flow, before) = (Some(flow), passages.len());
        let reason = Reason::Tcp(osier_tcp::Reason::Moved { arrow });
        self.told.push(Told { at, node, flow, reason, before, answers });
    }

    /// Both are kept up to the same bound; who asks for frames asks for passages, too.
    pub(crate) fn wants_passages(&mut self, now: Instant) -> bool {
        let Some(passages) = &self.passages else { return false };
        let full = passages.len() >= KEPT_MAX;
        if full {
            self.unkept.passages += 1;
            self.unkept.since.get_or_insert(now);
        }
        !full
    }

    pub(crate) fn passages_kept(&self) -> usize {
        self.passages.as_ref().map_or(0, Vec::len)
    }

    pub(crate) fn passage(
        &mut self,
        (at, from, to): (Instant, NodeId, NodeId),
        (origin, fate): (Origin, Fate),
        frame: &Bytes,
        medium: Medium,
    ) {
        let segment = look(frame, medium);
        self.keep_frame((at, from, to), (origin, fate), (frame, medium, segment.is_some()));
        if let (Some(passages), Some(segment)) = (&mut self.passages, segment) {
            let arrived = |n: &usize| matches!(passages[*n].fate, Fate::Arrives(then) if then < at);
            let full = |under_way: &VecDeque<usize>| under_way.len() >= UNDER_WAY_MAX;
            while self.under_way.front().is_some_and(arrived) || full(&self.under_way) {
                self.under_way.pop_front();
            }
            if matches!(fate, Fate::Arrives(_)) {
                self.under_way.push_back(passages.len());
            }
            passages.push(Passage { at, between: (from, to), fate, segment, origin });
        }
    }
}

/// Hears what a host says; the joiner takes it right after.
fn listen(
    (told, unkept): (&mut Vec<Told>, &mut Unkept),
    passages: &Option<Vec<Passage>>,
    (node, host): (NodeId, &Host),
    answers: impl FnOnce() -> Option<usize>,
) {
    let before = passages.as_ref().map_or(0, Vec::len);
    if told.len() >= KEPT_MAX {
        for note in host.notes() {
            unkept.told += 1;
            unkept.since.get_or_insert(note.at);
        }
    } else if host.notes().next().is_some() {
        let answers = answers();
        told.extend(host.notes().map(|note| {
            let Note { at, flow, reason } = *note;
            Told { at, node, flow, reason, before, answers }
        }));
    }
}

/// The passage that arrives at a node now with this segment.
fn arrival(
    (now, node): (Instant, NodeId),
    segment: &Sight,
    passages: &[Passage],
    under_way: &VecDeque<usize>,
) -> Option<usize> {
    under_way.iter().copied().find(|number| {
        let passage = &passages[*number];
        passage.fate == Fate::Arrives(now)
            && passage.between.1 == node
            && passage.segment == *segment
    })
}

impl Captured {
    fn keep(&mut self, unkept: &mut Unkept) {
        let judged = self.joiner.take();
        if self.frames.len() < KEPT_MAX {
            self.frames.extend(judged);
        } else {
            for judged in judged {
                unkept.frames += 1;
                unkept.since.get_or_insert(judged.at);
            }
        }
    }
}

impl World {
    /// From now on the frames of a host are kept, with the reasons for them.
    pub fn capture(&mut self, node: NodeId) {
        let mut joiner = Joiner::default();
        for (_, link, medium) in self.record.links.iter().filter(|(of, ..)| *of == node) {
            joiner.add_link(*link, *medium);
        }
        self.record.captured.push(Captured { node, joiner, frames: Vec::new() });
        if let Some(computer) = self.computer_mut(node) {
            computer.set_recording(Recording::On);
        }
    }

    /// From now on every TCP segment that is put on a wire is kept.
    pub fn keep_passages(&mut self) {
        self.record.passages.get_or_insert_default();
    }

    /// The TCP segments that were put on wires since [`World::keep_passages`].
    pub fn passages(&self) -> &[Passage] {
        self.record.passages.as_deref().unwrap_or_default()
    }

    /// What was not kept of all this, since it was too much.
    pub fn unkept(&self) -> Unkept {
        self.record.unkept
    }

    /// What the hosts have decided whose frames are kept ([`World::capture`]).
    pub fn told(&self) -> &[Told] {
        &self.record.told
    }

    /// Writes what was captured as pcapng: an interface for each link of each captured host, and
    /// each frame with its reasons as its comment.
    ///
    /// # Errors
    /// Those of the sink.
    pub fn write_capture(&self, sink: impl Write) -> io::Result<()> {
        self.write(&self.record.captured.iter().collect::<Vec<_>>(), sink)
    }

    /// The same of one host: whoever reads it sees every frame once.
    ///
    /// # Errors
    /// Those of the sink.
    pub fn write_capture_at(&self, node: NodeId, sink: impl Write) -> io::Result<()> {
        let own = self.record.captured.iter().filter(|captured| captured.node == node);
        self.write(&own.collect::<Vec<_>>(), sink)
    }

    fn write(&self, all: &[&Captured], sink: impl Write) -> io::Result<()> {
        let mut writer = Writer::new(sink, EPOCH)?;
        let mut interfaces: Vec<(NodeId, LinkId, InterfaceId)> = Vec::new();
        for captured in all {
            let own = self.record.links.iter().filter(|(of, ..)| *of == captured.node);
            for (node, link, medium) in own {
                let name = format!("{}:{}", self.name(*node), link.0);
                let link_type = match medium {
                    Medium::Ethernet(_) => LinkType::Ethernet,
                    Medium::Ip => LinkType::RawIp,
                };
                interfaces.push((*node, *link, writer.add_interface(&name, link_type)?));
            }
        }
        let mut frames: Vec<(NodeId, &Judged)> = Vec::new();
        for captured in all {
            frames.extend(captured.frames.iter().map(|frame| (captured.node, frame)));
        }
        frames.sort_by_key(|(_, frame)| frame.at);
        for (node, frame) in frames {
            let is_it = |(n, l, _): &&(NodeId, LinkId, InterfaceId)| (*n, *l) == (node, frame.link);
            let Some((.., interface)) = interfaces.iter().find(is_it) else { continue };
            let direction = match frame.way {
                Way::In => Direction::Inbound,
                Way::Out => Direction::Outbound,
            };
            frame.pieces(|piece, comment| {
                let parts: Vec<&[u8]> = piece.parts().collect();
                writer.write_packet(*interface, frame.at, direction, &parts, comment)
            })?;
        }
        writer.flush()
    }
}
