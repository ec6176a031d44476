//! How is what passed between the nodes of a world drawn?
//!
//! Every TCP segment on every link is a step of an osier-ladder: who sent it to whom, when it
//! arrived or that it was lost, and its numbers relative to the first of its flow.

use crate::link::{Cause, Fate};
use crate::record::{Origin, Passage};
use crate::sight::Sight;
use crate::world::World;
use core::net::SocketAddr;
use osier_ladder::{End, Fate as Drawn, Ladder, Look, Step};
use osier_wire::SeqNumber;
use osier_wire::tcp::Flags;
use std::collections::BTreeMap;

/// Steps that are drawn at most, the last ones: a story that is longer is read in its capture.
const STEPS_MAX: usize = 2_000;

/// A number that is so far beyond the first lies below it.
const BELOW: u32 = 3 << 30;

/// The first number of each direction of each flow.
type Firsts = BTreeMap<(SocketAddr, SocketAddr), SeqNumber>;

/// Whether ports are told: where there is but one flow, nobody needs them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ports {
    Shown,
    Hidden,
}

/// Tells passages in their order, by numbers relative to the first of each flow.
pub(crate) struct Teller {
    firsts: Firsts,
    ports: Ports,
}

impl World {
    /// The last steps of what was kept since [`World::keep_passages`], drawn as text.
    pub fn ladder(&self) -> String {
        let ends = self.nodes.iter().map(|place| End::new(place.name.as_str())).collect();
        let mut teller = Teller::new(Ports::Shown);
        let step = |passage: &Passage| {
            let (from, to) = passage.between;
            teller.step(passage, (from.0 as usize, to.0 as usize))
        };
        let mut steps: Vec<Step> = self.passages().iter().map(step).collect();
        let left_out = steps.len().saturating_sub(STEPS_MAX);
        steps.drain(..left_out);
        let drawing = Ladder { ends, steps }.draw(Look { width: 120, ..Look::default() });
        if left_out == 0 { drawing } else { format!("{left_out} steps are left out\n{drawing}") }
    }
}

impl Teller {
    pub(crate) fn new(ports: Ports) -> Teller {
        Teller { firsts: Firsts::new(), ports }
    }

    /// A passage that is not told: what follows is told by its numbers all the same.
    pub(crate) fn learn(&mut self, passage: &Passage) {
        first(passage, &mut self.firsts);
    }

    /// A passage between two lifelines.
    pub(crate) fn step(&mut self, passage: &Passage, (from, to): (usize, usize)) -> Step {
        let (fate, lost) = match passage.fate {
            Fate::Arrives(at) => (Drawn::Arrived(at), None),
            Fate::Lost(cause) => (Drawn::Lost, Some(cause)),
        };
        let label = label(passage, &mut self.firsts, self.ports);
        let step = Step::segment(passage.at, from, to, fate, label);
        match lost {
            None => step,
            Some(cause) => step.detail(sentence(cause)),
        }
    }
}

const fn sentence(cause: Cause) -> &'static str {
    match cause {
        Cause::Chance => "lost by chance",
        Cause::Rule => "lost by a rule of the scenario",
        Cause::QueueFull => "lost: the queue of the link is full",
        Cause::TooLong => "lost: longer than the link carries, and nobody is told",
        Cause::Cut => "lost: the link is cut",
    }
}

/// The first number of the flow of a passage.
fn first(passage: &Passage, firsts: &mut Firsts) -> SeqNumber {
    let Sight { src, dst, header, .. } = &passage.segment;
    let ends = (*src, *dst);
    if header.flags.contains(Flags::SYN) && passage.origin == Origin::Node {
        firsts.insert(ends, header.seq);
    }
    *firsts.entry(ends).or_insert(header.seq)
}

/// `PSH,ACK 40312>80 seq=1 ack=77 len=512 win=64240`
fn label(passage: &Passage, firsts: &mut Firsts, ports: Ports) -> String {
    let segment = &passage.segment;
    let header = &segment.header;
    let first = first(passage, firsts);
    let (src, dst) = (segment.src.port(), segment.dst.port());
    let mut text = match ports {
        Ports::Shown => format!("{} {src}>{dst}", header.flags),
        Ports::Hidden => header.flags.to_string(),
    };
    text += &format!(" seq={}", relative(header.seq, first));
    if header.flags.contains(Flags::ACK) {
        let theirs = firsts.get(&(segment.dst, segment.src)).copied().unwrap_or(SeqNumber(0));
        text += &format!(" ack={}", relative(header.ack, theirs));
    }
    if segment.len > 0 {
        text += &format!(" len={}", segment.len);
    }
    text += &format!(" win={}", header.window);
    for (left, right) in header.options.sack.as_slice() {
        let theirs = firsts.get(&(segment.dst, segment.src)).copied().unwrap_or(SeqNumber(0));
        text += &format!(" sack={}-{}", relative(*left, theirs), relative(*right, theirs));
    }
    text
}

/// Numbers below the first are negative.
fn relative(number: SeqNumber, first: SeqNumber) -> i64 {
    let offset = number.since(first);
    if offset > BELOW { -i64::from(offset.wrapping_neg()) } else { i64::from(offset) }
}
