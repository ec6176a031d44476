//! What is the world made of, and how does its time pass?
//!
//! Nodes, links between them, one agenda. A turn takes the nearest entry, lets the one it concerns
//! do what there is to do at that moment, and asks for the next. The same seed and the same calls
//! give the same frames. What is wired to what is in `build.rs`.

use crate::agenda::{Agenda, Turn};
use crate::build::Merging;
use crate::computer::Computer;
use crate::conditions::Conditions;
use crate::link::{Fate, Link};
use crate::node::Node;
use crate::pattern::Pattern;
use crate::record::{Origin, Record};
use bytes::{Bytes, BytesMut};
use osier_host::Host;
use osier_ip::LinkId;
use osier_time::{Duration, Instant};
use osier_wire::offload::{coalesce, split};
use osier_wire::{Frame, Received};

/// Frames are laid out in pieces of memory of this size, one allocation for some twenty of them. A
/// reader that keeps a slice of one keeps the piece.
const ARENA: usize = 1 << 15;

/// A node of the world, by number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NodeId(pub u32);

/// One direction of a link, by number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct WireId(pub u32);

impl WireId {
    /// The other direction of the same link.
    pub const fn back(self) -> WireId {
        WireId(self.0 ^ 1)
    }
}

/// The world.
#[derive(Clone, Debug)]
pub struct World {
    pub(crate) now: Instant,
    pub(crate) seed: u64,
    pub(crate) nodes: Vec<Place>,
    pub(crate) wires: Vec<Wire>,
    pub(crate) agenda: Agenda,
    changes: Vec<Option<Change>>,
    arena: BytesMut,
    pub(crate) pattern: Pattern,
    pub(crate) record: Record,
    turns: u64,
    pub(crate) turns_max: u64,
}

/// A node, and the wires that lead away from its ports.
#[derive(Clone, Debug)]
pub(crate) struct Place {
    pub(crate) name: String,
    pub(crate) node: Node,
    pub(crate) ports: Vec<WireId>,
    /// When it asked for its next turn.
    pub(crate) asked: Option<Instant>,
}

/// One direction of a link, and where it leads.
#[derive(Clone, Debug)]
pub(crate) struct Wire {
    pub(crate) link: Link,
    pub(crate) to: (NodeId, usize),
    pub(crate) merging: Merging,
    pub(crate) asked: Option<Instant>,
}

/// A change of the world at a time that was said beforehand.
#[derive(Clone, Debug)]
pub enum Change {
    /// One direction of a link becomes this.
    Conditions(WireId, Conditions),
    /// A host loses its power: all that it knew is gone.
    Crash(NodeId),
    /// A host comes back, with the same programs.
    Restart(NodeId),
}

impl World {
    /// An empty world. Everything that is left to chance in it follows from the seed.
    pub fn new(seed: u64) -> World {
        World {
            now: Instant::from_secs(1),
            seed,
            nodes: Vec::new(),
            wires: Vec::new(),
            agenda: Agenda::default(),
            changes: Vec::new(),
            arena: BytesMut::new(),
            pattern: Pattern::default(),
            record: Record::default(),
            turns: 0,
            turns_max: u64::MAX,
        }
    }

    /// What time it is.
    pub fn now(&self) -> Instant {
        self.now
    }

    /// How many turns were taken. A packet that a host sends to itself counts as one, too.
    pub fn turns(&self) -> u64 {
        self.turns
    }

    /// Whether as many turns were taken as there may be: nothing happens any more.
    pub fn is_out_of_turns(&self) -> bool {
        self.turns >= self.turns_max
    }

    /// Lets a change happen at that time.
    pub fn at(&mut self, at: Instant, change: Change) {
        let number = self.changes.len() as u32;
        self.changes.push(Some(change));
        self.agenda.ask(at.max(self.now), Turn::Change(number));
    }

    /// Makes a change now.
    pub fn change(&mut self, change: Change) {
        match change {
            Change::Conditions(wire, conditions) => {
                self.wires[wire.0 as usize].link.set(conditions);
            }
            Change::Crash(node) => {
                if let Some(computer) = self.computer_mut(node) {
                    computer.crash();
                }
            }
            Change::Restart(node) => {
                let now = self.now;
                if let Some(computer) = self.computer_mut(node).filter(|c| !c.is_on()) {
                    computer.restart(now);
                    self.serve(node);
                }
            }
        }
    }

    /// Takes the next turn, unless it is later than `until`. `false`: there is none by then, and
    /// it is `until` now; or there may be no more ([`World::is_out_of_turns`]).
    pub fn step(&mut self, until: Instant) -> bool {
        while !self.is_out_of_turns() {
            let Some((at, turn)) = self.agenda.pop(until) else {
                self.now = self.now.max(until);
                return false;
            };
            let due = match turn {
                Turn::Wire(n) => self.wires[n as usize].asked == Some(at),
                Turn::Node(n) => self.nodes[n as usize].asked == Some(at),
                Turn::Change(_) => true,
            };
            if due {
                debug_assert!(at >= self.now, "time does not run backwards");
                self.now = at;
                self.turns += 1;
                self.take(turn);
                return true;
            }
        }
        false
    }

    /// Lets time pass until then.
    pub fn run_until(&mut self, until: Instant) {
        while self.step(until) {}
    }

    /// Lets so much time pass.
    pub fn run_for(&mut self, time: Duration) {
        self.run_until(self.now + time);
    }

    /// Lets time pass until nothing is left to happen by `limit`, or `done` says so. Says whether
    /// that was before the limit.
    pub fn run_while(&mut self, limit: Instant, mut go_on: impl FnMut(&World) -> bool) -> bool {
        while go_on(self) {
            if !self.step(limit) {
                return self.agenda.next_at().is_none();
            }
        }
        true
    }

    fn take(&mut self, turn: Turn) {
        match turn {
            Turn::Wire(n) => self.arrive(WireId(n)),
            Turn::Node(n) => {
                self.nodes[n as usize].asked = None;
                self.serve(NodeId(n));
            }
            Turn::Change(n) => {
                if let Some(change) = self.changes[n as usize].take() {
                    self.change(change);
                }
            }
        }
    }

    /// A frame is at the end of a wire.
    fn arrive(&mut self, id: WireId) {
        let now = self.now;
        let wire = &mut self.wires[id.0 as usize];
        wire.asked = None;
        let frame = wire.link.poll_transmit(now);
        let (to, port) = wire.to;
        let Some(frame) = frame else { return self.ask_wire(id) };
        let place = &mut self.nodes[to.0 as usize];
        let mut out = Vec::new();
        match &mut place.node {
            Node::Computer(_) => {
                let arrived = self.merged_with(id, frame);
                self.ask_wire(id);
                return self.deliver(to, port, arrived);
            }
            Node::Switch(switch) => switch.on_frame(port, place.ports.len(), &frame, &mut out),
            Node::Router(router) => router.on_frame(port, &frame, &mut out),
            Node::Rogue(rogue) => rogue.on_frame(now, &frame, &mut out),
            Node::Flooder(_) => {}
            Node::Guest(_) => self.hand_out(to, frame),
        }
        self.ask_wire(id);
        for (port, frame) in out {
            self.launch(to, port, frame);
        }
        self.ask_node(to);
    }

    /// A frame, or where the device merges what it and others that arrive now make.
    fn merged_with(&mut self, id: WireId, frame: Bytes) -> Merged {
        let now = self.now;
        let wire = &mut self.wires[id.0 as usize];
        match wire.merging {
            Merging::Off => Merged::One(frame),
            Merging::On => {
                let medium = wire.link.medium();
                let link = &mut wire.link;
                let more = std::iter::from_fn(|| link.poll_transmit(now));
                let frames = std::iter::once(frame).chain(more).map(Received::from);
                Merged::Many(coalesce(medium, frames))
            }
        }
    }

    fn deliver(&mut self, to: NodeId, port: usize, frames: Merged) {
        let (now, link) = (self.now, LinkId(port as u8 + 1));
        let Node::Computer(computer) = &mut self.nodes[to.0 as usize].node else { return };
        if !computer.is_on() {
            return;
        }
        let host = &mut computer.host;
        match frames {
            Merged::One(frame) => self.record.on_frame(now, to, link, frame.into(), host),
            Merged::Many(frames) => {
                for frame in frames {
                    self.record.on_frame(now, to, link, frame, host);
                }
            }
        }
        self.serve(to);
    }

    /// Lets a node do what there is to do now.
    pub(crate) fn serve(&mut self, id: NodeId) {
        let now = self.now;
        let mut out = Vec::new();
        match &mut self.nodes[id.0 as usize].node {
            Node::Computer(computer) if computer.is_on() => {
                computer.on_deadline(now);
                self.drain(id);
            }
            Node::Computer(_) | Node::Switch(_) | Node::Router(_) | Node::Guest(_) => {}
            Node::Rogue(rogue) => rogue.on_deadline(now, &mut out),
            Node::Flooder(flooder) => flooder.on_deadline(now, &mut out),
        }
        for (port, frame) in out {
            self.launch(id, port, frame);
        }
        self.ask_node(id);
    }

    /// Events to the programs and frames to the wires, until there are neither.
    fn drain(&mut self, id: NodeId) {
        let now = self.now;
        loop {
            let Node::Computer(computer) = &mut self.nodes[id.0 as usize].node else { return };
            let told = computer.drain_events(now);
            let sent = self.transmit(id);
            if !told && !sent {
                break;
            }
        }
        if let Node::Computer(computer) = &mut self.nodes[id.0 as usize].node {
            self.record.on_served(now, id, &mut computer.host);
        }
    }

    /// Takes what a host has to send; says whether it may have been told something by that.
    fn transmit(&mut self, id: NodeId) -> bool {
        let now = self.now;
        let mut looped = false;
        let Node::Computer(computer) = &self.nodes[id.0 as usize].node else { return false };
        if !computer.host.wants_transmit() {
            return false;
        }
        let mut frame = Frame::default();
        while !self.is_out_of_turns()
            && let Node::Computer(computer) = &mut self.nodes[id.0 as usize].node
            && let Some(link) = computer.host.poll_transmit_into(now, &mut frame)
        {
            self.record.on_transmit(now, id, link, &frame, &mut computer.host);
            if link == Host::LOOPBACK {
                let frame = Received { bytes: gather(&frame), offload: frame.offload };
                self.record.on_loopback(now, id, frame, &mut computer.host);
                self.turns += 1;
                looped = true;
            } else {
                self.cut(id, usize::from(link.0) - 1, &frame);
            }
        }
        looped
    }

    /// Cuts a super-frame into the frames that a wire carries, sums them, and sends them off.
    fn cut(&mut self, from: NodeId, port: usize, frame: &Frame) {
        let mut pieces = split(frame);
        while let Some(len) = pieces.next_len() {
            if self.arena.capacity() < len {
                self.arena = BytesMut::with_capacity(ARENA.max(len));
            }
            pieces.append_next(&mut self.arena);
            let piece = self.arena.split().freeze();
            self.launch(from, port, piece);
        }
    }

    /// Puts a frame on the wire behind a port.
    pub(crate) fn launch(&mut self, from: NodeId, port: usize, frame: Bytes) {
        let Some(id) = self.nodes[from.0 as usize].ports.get(port).copied() else { return };
        let wire = &mut self.wires[id.0 as usize];
        let seen = self.record.wants_passages(self.now).then(|| frame.clone());
        let fate = wire.link.on_frame(self.now, frame);
        if let Some(frame) = seen {
            let (at, medium) = ((self.now, from, wire.to.0), wire.link.medium());
            self.record.passage(at, (Origin::Node, fate), &frame, medium);
        }
        if matches!(fate, Fate::Arrives(_)) {
            self.ask_wire(id);
        }
    }

    pub(crate) fn ask_wire(&mut self, id: WireId) {
        let wire = &mut self.wires[id.0 as usize];
        let Some(at) = wire.link.next_deadline() else { return };
        if wire.asked.is_none_or(|asked| at < asked) {
            wire.asked = Some(at);
            self.agenda.ask(at, Turn::Wire(id.0));
        }
    }

    pub(crate) fn ask_node(&mut self, id: NodeId) {
        let now = self.now;
        let place = &mut self.nodes[id.0 as usize];
        let Some(at) = place.node.await_turn() else { return };
        // An alarm that is due stays due until a turn of its own: others come in between.
        let at = at.max(now);
        if place.asked.is_none_or(|asked| at < asked) {
            place.asked = Some(at);
            self.agenda.ask(at, Turn::Node(id.0));
        }
    }

    /// A host, with its programs.
    pub(crate) fn computer_mut(&mut self, id: NodeId) -> Option<&mut Computer> {
        let Node::Computer(computer) = &mut self.nodes[id.0 as usize].node else { return None };
        Some(computer)
    }
}

/// What a device hands over at one moment.
enum Merged {
    One(Bytes),
    Many(Vec<Received>),
}

/// The frame in one piece.
fn gather(frame: &Frame) -> Bytes {
    let mut bytes = BytesMut::with_capacity(frame.len());
    frame.parts().for_each(|part| bytes.extend_from_slice(part));
    bytes.freeze()
}
