//! How does a scenario run?
//!
//! The world takes its turns; after each one what has happened is held against the conditions of
//! the events, and what is due is done. What a host holds is looked at after each turn, too.

use super::Scenario;
use super::curves::Curve;
use super::cut;
use super::events::{Act, When};
use super::expect::{Claim, Thing};
use super::programs::ZERO;
use super::stage::{Keeping, Order, Stage};
use crate::link::Fate;
use crate::meddle::Forged;
use crate::program::Tally;
use crate::record::{Origin, Passage, Told};
use crate::world::{Change, World};
use osier_host::Reason;
use osier_time::{Duration, Instant};
use osier_wire::SeqNumber;
use osier_wire::tcp::Flags;

/// Octets of a page of memory.
const PAGE: u64 = 4_096;

/// A scenario that has been run.
#[derive(Clone, Debug)]
pub struct Run {
    pub(super) scenario: Scenario,
    pub(super) stage: Stage,
    pub(super) seed: u64,
    pub(super) curves: Vec<Curve>,
    /// What befell it, for the ladder: when, how many passages there were before, to whom, what.
    pub(super) acts: Vec<Done>,
    /// The most, and the least after that, of what an expectation asks for, by its number.
    pub(super) most: Vec<Option<u64>>,
    /// What the programs of a real computer have done, by the number of the program.
    pub(super) reported: Vec<Option<Tally>>,
    progress: Vec<Progress>,
    due: Vec<(Instant, usize)>,
    seen: (usize, usize),
}

/// What a step came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stepped {
    /// Something happened.
    Once,
    /// Nothing happens by the limit, and it is as late as that now.
    NotYet,
    /// It is over: nothing more happens.
    ToTheEnd,
}

/// An action that was done.
#[derive(Clone, Copy, Debug)]
pub(super) struct Done {
    pub(super) at: Instant,
    pub(super) before: usize,
    pub(super) act: Act,
}

/// How far the conditions of an event are met.
#[derive(Clone, Copy, Debug, Default)]
struct Progress {
    /// So many of its conditions.
    met: usize,
    /// So many segments fit the next one.
    fitted: u32,
}

impl Run {
    /// Runs a scenario to its end.
    pub fn new(scenario: &Scenario, seed: u64, order: Order) -> Run {
        let mut run = Run::begin(scenario, seed, order);
        while run.step() {}
        run
    }

    /// A scenario at its beginning, to be run step by step ([`Run::step`]).
    pub fn begin(scenario: &Scenario, seed: u64, order: Order) -> Run {
        Run::on(Stage::set(scenario, (seed, order), Keeping::Passages), scenario, seed)
    }

    /// The same; the octets of every frame are kept, from the first on ([`World::frames`]).
    pub fn begin_with_frames(scenario: &Scenario, seed: u64, order: Order) -> Run {
        Run::on(Stage::set(scenario, (seed, order), Keeping::Frames), scenario, seed)
    }

    fn on(stage: Stage, scenario: &Scenario, seed: u64) -> Run {
        let mut run = Run {
            stage,
            seed,
            curves: Curve::of(scenario),
            acts: Vec::new(),
            most: vec![None; scenario.expectations.len()],
            reported: vec![None; scenario.programs.len()],
            progress: vec![Progress::default(); scenario.events.len()],
            due: Vec::new(),
            seen: (0, 0),
            scenario: scenario.clone(),
        };
        for (n, event) in scenario.events.iter().enumerate() {
            if event.when.is_empty() {
                run.due.push((ZERO + event.after, n));
            }
        }
        run.watch();
        run
    }

    /// The scenario.
    pub fn scenario(&self) -> &Scenario {
        &self.scenario
    }

    /// The seed.
    pub fn seed(&self) -> u64 {
        self.seed
    }

    /// The world as it is now: at the end, where it was run to its end.
    pub fn world(&self) -> &World {
        &self.stage.world
    }

    /// The curves that the scenario asks for.
    pub fn curves(&self) -> &[Curve] {
        &self.curves
    }

    /// When the next event is due that has been met.
    pub(super) fn next_due(&self) -> Option<Instant> {
        self.due.iter().map(|(at, _)| *at).min()
    }

    /// Takes one turn, or does what is due at one moment; `false`: that was the last.
    pub fn step(&mut self) -> bool {
        self.step_by(Instant::MAX) != Stepped::ToTheEnd
    }

    /// The same unless it is later than `limit`: then time passes until there.
    pub fn step_by(&mut self, limit: Instant) -> Stepped {
        let end = ZERO + self.scenario.length;
        let due = self.next_due();
        let sample = self.curves.iter().filter_map(Curve::next_at).min();
        let until = [due, sample].into_iter().flatten().min().map_or(end, |at| at.min(end));
        if self.stage.world.step(until.min(limit)) {
            self.watch();
            return Stepped::Once;
        }
        if self.stage.world.is_out_of_turns() {
            return Stepped::ToTheEnd;
        }
        if limit < until {
            return Stepped::NotYet;
        }
        self.sample(until);
        self.act(until);
        match until < end || self.due.iter().any(|(at, _)| *at <= end) {
            true => Stepped::Once,
            false => Stepped::ToTheEnd,
        }
    }

    /// Takes in what has happened since the last look.
    pub(super) fn watch(&mut self) {
        let (told_from, passed_from) = self.seen;
        let told: Vec<Told> = self.stage.world.told()[told_from..].to_vec();
        let passed = self.stage.world.passages().len();
        self.seen = (told_from + told.len(), passed);
        if !self.scenario.events.is_empty() {
            for told in told {
                self.meets(|when, stage| match when {
                    When::IsIn { who, state } => {
                        told.node == stage.nodes[*who] && enters(&told) == Some(*state)
                    }
                    When::Sends { .. } => false,
                });
            }
            for at in passed_from..passed {
                let passage = self.stage.world.passages()[at].clone();
                self.meets(|when, stage| match when {
                    When::Sends { who, what, over, .. } => {
                        passage.origin == Origin::Node
                            && passage.between.0 == stage.nodes[*who]
                            && over.is_none_or(|node| passage.between.1 == stage.nodes[node])
                            && what.fits(&passage.segment)
                    }
                    When::IsIn { .. } => false,
                });
            }
            let now = self.stage.world.now();
            self.act(now);
        }
        self.look();
    }

    /// Something happened: whose next condition is it?
    fn meets(&mut self, is: impl Fn(&When, &Stage) -> bool) {
        let now = self.stage.world.now();
        for n in 0..self.scenario.events.len() {
            let event = &self.scenario.events[n];
            let progress = &mut self.progress[n];
            let Some(when) = event.when.get(progress.met) else { continue };
            if !is(when, &self.stage) {
                continue;
            }
            progress.fitted += 1;
            let (from, to) = match when {
                When::Sends { from, to, .. } => (*from, *to),
                When::IsIn { .. } => (1, 1),
            };
            if progress.fitted < from {
                continue;
            }
            let last = progress.met + 1 == event.when.len();
            if !last || progress.fitted >= to {
                *progress = Progress { met: progress.met + 1, fitted: 0 };
            }
            if last {
                self.due.push((now + event.after, n));
            } else if self.progress[n].met + 1 == event.when.len() {
                let event = event.clone();
                self.stage.arm(&event);
            }
        }
    }

    /// Does what is due by now.
    fn act(&mut self, now: Instant) {
        while let Some(at) = self.due.iter().position(|(at, _)| *at <= now) {
            let (_, n) = self.due.remove(at);
            for act in self.scenario.events[n].acts.clone() {
                let before = self.stage.world.passages().len();
                self.acts.push(Done { at: now, before, act });
                self.one(act);
            }
            self.look();
        }
    }

    fn one(&mut self, act: Act) {
        let stage = &mut self.stage;
        match act {
            Act::Crash(who) => stage.world.change(Change::Crash(stage.nodes[who])),
            Act::Restart(who) => stage.world.change(Change::Restart(stage.nodes[who])),
            Act::Cut(link) | Act::Heal(link) => {
                let plan = &self.scenario.links[link];
                let wire = stage.wires[link];
                for (wire, conditions) in [(wire, &plan.there), (wire.back(), &plan.back)] {
                    let conditions = match act {
                        Act::Cut(_) => cut(conditions),
                        _ => conditions.clone(),
                    };
                    stage.world.change(Change::Conditions(wire, conditions));
                }
            }
            Act::Deliver(copy) => {
                for wire in stage.wires.clone().into_iter().flat_map(|wire| [wire, wire.back()]) {
                    stage.world.deliver_copy(wire, copy);
                }
            }
            Act::Forge { flags, from, to, ahead } => self.forge(flags, from, to, ahead),
        }
    }

    /// The attacker knows the addresses and ports, and how far from the next number it is.
    fn forge(&mut self, flags: Flags, from: usize, to: usize, ahead: i64) {
        let Stage { world, nodes, .. } = &mut self.stage;
        let own = |node: usize| {
            let addresses = self.scenario.nodes[node].addresses.iter();
            addresses.map(|cidr| cidr.address).collect::<Vec<_>>()
        };
        let (src, dst) = (own(from), own(to));
        let of_pair = |passage: &&Passage| {
            passage.origin == Origin::Node
                && src.contains(&passage.segment.src.ip())
                && dst.contains(&passage.segment.dst.ip())
        };
        let arrived = world.passages().iter().rev().filter(of_pair);
        let Some(last) = arrived.clone().next().map(|passage| passage.segment.clone()) else {
            return;
        };
        let next = arrived.filter(|p| p.segment.src == last.src && p.segment.dst == last.dst);
        let next = next.filter(|p| matches!(p.fate, Fate::Arrives(at) if at <= world.now()));
        let next = next.map(end_of).reduce(|a, b| if b.after(a) { b } else { a });
        let seq = next.unwrap_or(last.header.seq) + ahead as u32;
        let ack = if flags.contains(Flags::ACK) { last.header.ack } else { SeqNumber(0) };
        let forged = Forged { src: last.src, dst: last.dst, flags, seq, ack };
        if let Some(wire) = world.wires_from(nodes[to]).first().map(|wire| wire.back()) {
            world.forge(wire, &forged);
        }
    }

    /// Looks at what hosts hold, where an expectation asks for it.
    fn look(&mut self) {
        for (n, expectation) in self.scenario.expectations.iter().enumerate() {
            let claim = Some(&expectation.claim).filter(|_| self.hidden(expectation).is_none());
            let amount = match claim {
                Some(Claim::Holds { who, thing, .. }) => Some(self.amount(*who, *thing)),
                Some(Claim::RoundTrip { who, .. }) => self.round_trip(*who).map(Duration::as_nanos),
                _ => None,
            };
            self.most[n] = self.most[n].max(amount);
        }
    }

    /// How much of a thing a host holds.
    pub(super) fn amount(&self, who: usize, thing: Thing) -> u64 {
        let host = self.stage.world.computer(self.stage.nodes[who]).host();
        let usage = host.usage();
        match thing {
            Thing::HalfOpen => usage.handshakes as u64,
            Thing::TimeWait => usage.time_waits as u64,
            Thing::Connections => usage.connections as u64,
            // Whole pages: how a table is laid out differs a little between machines.
            Thing::Memory => (usage.memory + usage.tables).next_multiple_of(PAGE),
            Thing::Sockets(state) => {
                let sockets = host.sockets();
                sockets.iter().filter(|socket| socket.state == Some(state)).count() as u64
            }
        }
    }

    /// The longest smoothed round trip of the connections of a host.
    pub(super) fn round_trip(&self, who: usize) -> Option<Duration> {
        let host = self.stage.world.computer(self.stage.nodes[who]).host();
        host.sockets().iter().filter_map(|socket| socket.srtt).max()
    }

    /// The congestion windows of the connections of a host, together.
    pub(super) fn window(&self, who: usize) -> u64 {
        let host = self.stage.world.computer(self.stage.nodes[who]).host();
        host.sockets().iter().map(|socket| u64::from(socket.cwnd)).sum()
    }

    fn sample(&mut self, now: Instant) {
        for n in 0..self.curves.len() {
            if self.curves[n].next_at().is_some_and(|at| at <= now) {
                let value = self.curves[n].value(self);
                self.curves[n].push(value);
            }
        }
    }

    /// What was captured at one host, as pcapng: the same scenario, seed and order give the same
    /// octets.
    ///
    /// # Errors
    /// Those of the sink.
    pub fn write_capture(&self, sink: impl std::io::Write) -> std::io::Result<()> {
        let at = self.stage.nodes[self.scenario.capture];
        self.stage.world.write_capture_at(at, sink)
    }
}

/// The number behind a segment.
pub(super) fn end_of(passage: &Passage) -> SeqNumber {
    let header = &passage.segment.header;
    let syn = u32::from(header.flags.intersects(Flags::SYN));
    let fin = u32::from(header.flags.intersects(Flags::FIN));
    header.seq + passage.segment.len as u32 + syn + fin
}

/// The state that a connection has entered.
pub(super) fn enters(told: &Told) -> Option<osier_tcp::State> {
    match told.reason {
        Reason::Tcp(osier_tcp::Reason::Moved { arrow }) => Some(arrow.to()),
        _ => None,
    }
}
