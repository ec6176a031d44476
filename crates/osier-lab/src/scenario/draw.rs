//! How is the ladder of a scenario made?
//!
//! Passages, decisions and actions in the order in which they happened. A decision belongs to the
//! segment that it answers, or to the one that follows from it; one that belongs to none is a note
//! beside its host.

use super::events::Act;
use super::run::{Done, Run, end_of, enters};
use super::words;
use crate::ladder::{Ports, Teller};
use crate::record::{Origin, Passage, Told};
use crate::world::NodeId;
use osier_host::Reason;
use osier_ladder::Fate::Arrived;
use osier_ladder::{End, Ladder, Step, What, Why};
use osier_tcp::State;
use osier_time::Instant;
use osier_wire::tcp::Flags;
use std::collections::{BTreeSet, VecDeque};

use super::nodes::Kind;
use super::programs::{Doing, ZERO};

/// Passages that may still be under way when a decision is told; those before are not looked at.
const LOOK_BACK: usize = 4_096;

/// What is being drawn.
struct Drawing<'r> {
    run: &'r Run,
    teller: Teller,
    steps: Vec<Step>,
    /// The passage that each of the newest steps shows.
    shown: VecDeque<(usize, usize)>,
    /// Which steps show which passages.
    segments: Vec<(usize, usize)>,
    /// Decisions of hosts that wait for what these send next.
    waiting: Vec<Told>,
}

impl Run {
    /// What happened, as a ladder: a lifeline for each node.
    pub fn ladder(&self) -> Ladder {
        self.drawn(0, self.scenario.steps)
    }

    /// The last of what has happened by now, as a ladder: so many passages, and what belongs to
    /// them.
    pub fn latest(&self, passages: usize) -> Ladder {
        let from = self.stage.world.passages().len().saturating_sub(passages);
        let mut ladder = self.drawn(from, usize::MAX);
        let now = shifted(self.stage.world.now());
        for step in &mut ladder.steps {
            if let What::Segment { fate: Arrived(at), .. } = step.what
                && at > now
            {
                step.details.push(format!("still under way: arrives in {}", at - now));
            }
        }
        ladder
    }

    fn drawn(&self, from: usize, steps: usize) -> Ladder {
        let world = &self.stage.world;
        let (passages, told) = (world.passages(), world.told());
        let (mut told, mut acts) = (told.iter().peekable(), self.acts.iter().peekable());
        let mut drawing = Drawing::of(self);
        let mut ends = ends(self);
        while let Some(told) = told.next_if(|told| told.before < from) {
            if let Some(state) = enters(told) {
                ends[drawing.end(told.node)].state = Some(words::state(state));
            }
        }
        while acts.next_if(|act| act.before < from).is_some() {}
        passages[..from].iter().for_each(|passage| drawing.teller.learn(passage));
        for number in from..=passages.len() {
            loop {
                let next = told.peek().filter(|told| told.before == number).map(|t| t.at);
                let act = acts.peek().filter(|act| act.before == number).map(|a| a.at);
                match (next, act) {
                    (Some(at), act) if act.is_none_or(|act| at <= act) => {
                        told.next().into_iter().for_each(|told| drawing.told(*told));
                    }
                    (_, Some(_)) => acts.next().into_iter().for_each(|act| drawing.act(*act)),
                    _ => break,
                }
            }
            if drawing.steps.len() >= steps {
                break;
            }
            if let Some(passage) = passages.get(number) {
                drawing.passage(number, passage);
            }
        }
        drawing.flush(None);
        drawing.speak();
        drawing.steps.truncate(steps);
        let ladder = Ladder { ends, steps: drawing.steps };
        super::arrange::arranged(&self.scenario, ladder)
    }
}

fn ends(run: &Run) -> Vec<End> {
    let nodes = run.scenario.nodes.iter().enumerate();
    nodes
        .map(|(n, node)| {
            let mut end = End::new(node.name.as_str());
            for cidr in &node.addresses {
                end = end.detail(cidr.address.to_string());
            }
            match node.kind {
                Kind::Router | Kind::Switch => end,
                Kind::Host(_) => end.state(words::state(begins(run, n))),
            }
        })
        .collect()
}

/// The state in which a host begins.
fn begins(run: &Run, node: usize) -> State {
    let mut own = run.scenario.programs.iter().filter(|program| program.on == node);
    match own.any(|program| matches!(program.kind, Doing::Serves { .. })) {
        true => State::Listen,
        false => State::Closed,
    }
}

/// Since the beginning of the scenario.
fn shifted(at: Instant) -> Instant {
    Instant::ZERO + at.since(ZERO)
}

impl<'r> Drawing<'r> {
    fn of(run: &'r Run) -> Self {
        let passages = run.stage.world.passages().iter();
        let flows: BTreeSet<_> = passages
            .map(|passage| {
                let ends = [passage.segment.src, passage.segment.dst];
                (ends.iter().min().copied(), ends.iter().max().copied())
            })
            .take(LOOK_BACK)
            .collect();
        let ports = if flows.len() > 1 { Ports::Shown } else { Ports::Hidden };
        let (steps, shown, waiting) = (Vec::new(), VecDeque::new(), Vec::new());
        let (teller, segments) = (Teller::new(ports), Vec::new());
        Drawing { run, teller, steps, shown, segments, waiting }
    }

    /// The lifeline of a node.
    fn end(&self, node: NodeId) -> usize {
        self.run.stage.nodes.iter().position(|known| *known == node).unwrap_or_default()
    }

    fn passage(&mut self, number: usize, passage: &Passage) {
        self.flush(Some(passage.at));
        let (from, to) = (self.end(passage.between.0), self.end(passage.between.1));
        let mut step = self.teller.step(passage, (from, to));
        step.at = shifted(passage.at);
        if let What::Segment { fate: Arrived(at), .. } = &mut step.what {
            *at = shifted(*at);
        }
        step.repeats = self.original(passage);
        match passage.origin {
            Origin::Node => {}
            Origin::Network => step.details.push("the network has kept it so long".to_owned()),
            Origin::Forger => step.details.push("forged: it is not from there".to_owned()),
        }
        let (own, others) = std::mem::take(&mut self.waiting)
            .into_iter()
            .partition(|told| told.node == passage.between.0 && is_of(told, passage));
        self.waiting = others;
        let own: Vec<Told> = own;
        let at = self.steps.len();
        self.shown.push_back((number, at));
        if self.shown.len() > LOOK_BACK {
            self.shown.pop_front();
        }
        self.steps.push(step);
        self.segments.push((at, number));
        own.iter().for_each(|told| self.put(at, told));
    }

    /// Where nothing was decided a segment speaks for itself.
    fn speak(&mut self) {
        let passages = self.run.stage.world.passages();
        for (step, number) in &self.segments {
            let (sentence, section) = words::of_segment(&passages[*number].segment);
            let section = Some(section.to_owned());
            self.steps[*step].why.get_or_insert(Why { sentence, section });
        }
    }

    /// The step that a segment repeats: the first that carried the same numbers on the same link.
    fn original(&self, passage: &Passage) -> Option<usize> {
        let length = end_of(passage).since(passage.segment.header.seq);
        if length == 0 {
            return None;
        }
        let passages = self.run.stage.world.passages();
        let born = match passage.origin {
            Origin::Node => self.born(passage),
            Origin::Network | Origin::Forger => 0,
        };
        let same = |(number, _): &&(usize, usize)| {
            let other = &passages[*number];
            let (a, b) = (&other.segment, &passage.segment);
            *number >= born
                && other.between == passage.between
                && (a.src, a.dst) == (b.src, b.dst)
                && a.header.seq.at_or_before(b.header.seq)
                && end_of(other).after(b.header.seq)
                && !end_of(passage).after(end_of(other))
        };
        self.shown.iter().find(same).map(|(_, step)| *step)
    }

    /// The passage with which the connection of a segment began: the first SYN with the numbers of
    /// the newest one.
    fn born(&self, passage: &Passage) -> usize {
        let passages = self.run.stage.world.passages();
        let same_way = |number: usize| {
            let (a, b) = (&passages[number].segment, &passage.segment);
            passages[number].origin == Origin::Node
                && passages[number].between == passage.between
                && (a.src, a.dst) == (b.src, b.dst)
                && a.header.flags.contains(Flags::SYN)
        };
        let syns = || self.shown.iter().map(|(number, _)| *number).filter(|n| same_way(*n));
        let newest = match passage.segment.header.flags.contains(Flags::SYN) {
            true => Some(passage.segment.header.seq),
            false => syns().next_back().map(|n| passages[n].segment.header.seq),
        };
        let is_newest = |n: &usize| Some(passages[*n].segment.header.seq) == newest;
        syns().find(is_newest).unwrap_or(if newest.is_some() { usize::MAX } else { 0 })
    }

    fn told(&mut self, told: Told) {
        self.flush(Some(told.at));
        if told.reason == Reason::Ip(osier_ip::Reason::NotForUs)
            && self.run.scenario.guest.is_some()
        {
            // A kernel asks the whole link for IPv6 routers, and nobody has drawn that.
            return;
        }
        if words::is_of_sender(&told.reason) {
            self.waiting.push(told);
            return;
        }
        let answered = |number| self.shown.iter().find(|(shown, _)| *shown == number);
        match told.answers.and_then(answered) {
            Some((_, step)) => self.put(*step, &told),
            None => self.note(&told),
        }
    }

    /// Adds a decision to a step. The last one says why; those before become details.
    fn put(&mut self, number: usize, told: &Told) {
        let end = self.end(told.node);
        let name = &self.run.scenario.nodes[end].name;
        let step = &mut self.steps[number];
        let sentence = format!("{name}: {}", words::sentence(&told.reason));
        if let Some(state) = enters(told) {
            if step.states.len() <= end {
                step.states.resize(end + 1, None);
            }
            step.states[end] = Some(words::state(state));
        }
        let why = Why { sentence, section: section(&told.reason) };
        if let Some(before) = step.why.replace(why) {
            step.details.push(before.sentence);
        }
    }

    fn note(&mut self, told: &Told) {
        let end = self.end(told.node);
        let sentence = words::sentence(&told.reason);
        let mut step = Step::note(shifted(told.at), end, sentence.as_str());
        if let Some(state) = enters(told) {
            step = step.state(end, words::state(state));
        }
        step.why = Some(Why { sentence: String::new(), section: section(&told.reason) });
        self.steps.push(step);
    }

    /// Decisions of earlier moments that no segment followed are notes.
    fn flush(&mut self, now: Option<Instant>) {
        let old = |told: &Told| now.is_none_or(|now| told.at < now);
        let (old, young) = std::mem::take(&mut self.waiting).into_iter().partition(old);
        self.waiting = young;
        let old: Vec<Told> = old;
        old.iter().for_each(|told| self.note(told));
    }

    fn act(&mut self, done: Done) {
        self.flush(Some(done.at));
        let at = shifted(done.at);
        let link = |link: usize| {
            let (a, b) = self.run.scenario.links[link].between;
            (a, self.run.scenario.nodes[a].name.clone(), self.run.scenario.nodes[b].name.clone())
        };
        let step = match done.act {
            Act::Crash(who) => Step::note(at, who, "the power goes: all that it knew is gone")
                .state(who, words::state(State::Closed)),
            Act::Restart(who) => Step::note(at, who, "it comes back, and knows nothing")
                .state(who, words::state(begins(self.run, who))),
            Act::Cut(number) => {
                let (end, a, b) = link(number);
                Step::note(at, end, format!("the link between {a} and {b} is cut"))
            }
            Act::Heal(number) => {
                let (end, a, b) = link(number);
                Step::note(at, end, format!("the link between {a} and {b} is whole again"))
            }
            Act::Deliver(_) | Act::Forge { .. } => return,
        };
        self.steps.push(step);
    }
}

/// Whether a decision is about the flow of a segment that its host sends.
fn is_of(told: &Told, passage: &Passage) -> bool {
    told.flow
        .is_none_or(|flow| (flow.local, flow.remote) == (passage.segment.src, passage.segment.dst))
}

fn section(reason: &Reason) -> Option<String> {
    Some(words::section(reason)).filter(|section| !section.is_empty())
}
