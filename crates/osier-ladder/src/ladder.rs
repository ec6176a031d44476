//! What is a ladder made of?
//!
//! Plain data with text in it, shaped so that a terminal, a page or a program can show it. Nothing
//! here draws.

use crate::{Drawer, Look};
use osier_time::Instant;

/// Lifelines, and what happened between them, in the order in which it is told.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Ladder {
    /// The lifelines from left to right, two or more.
    pub ends: Vec<End>,
    /// What happened.
    pub steps: Vec<Step>,
}

/// One lifeline.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct End {
    /// Who it is: `client`.
    pub name: String,
    /// More about it, one line each: `10.71.0.1:40312`.
    pub details: Vec<String>,
    /// The state in which it is before the first step.
    pub state: Option<State>,
}

/// A state, which lasts from the step that brings it until the step that brings another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct State {
    /// Its name: `ESTABLISHED`.
    pub name: String,
    /// How the lifeline looks while it lasts.
    pub band: Band,
}

/// How a lifeline looks while a state lasts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Band {
    /// Hardly there: nothing is open.
    Dotted,
    /// On the way somewhere.
    #[default]
    Thin,
    /// Fully there.
    Thick,
}

/// One thing that happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// When it happened; for a segment, when it was sent.
    pub at: Instant,
    /// What it was.
    pub what: What,
    /// The words on the arrow, or beside the lifeline: `SYN seq=0 (2891238112) mss=1460`.
    pub label: String,
    /// More about it, one line each.
    pub details: Vec<String>,
    /// The state of each end after it; `None`, or a short list: as before.
    pub states: Vec<Option<State>>,
    /// Why it happened.
    pub why: Option<Why>,
    /// The index of the earlier step that this one repeats: a retransmission's original.
    pub repeats: Option<usize>,
}

/// What a step was. Ends are indices into [`Ladder::ends`]; one beyond them is taken for the last.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum What {
    /// Something went from one end to another.
    Segment {
        /// Who sent it.
        from: usize,
        /// To whom.
        to: usize,
        /// What became of it.
        fate: Fate,
    },
    /// Something happened at one end alone: a timer, a call, a change of state.
    Note {
        /// Where.
        end: usize,
    },
}

/// What became of a segment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// It arrived then.
    Arrived(Instant),
    /// It never did.
    Lost,
}

/// A reason that a reader can look up.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Why {
    /// One sentence or two.
    pub sentence: String,
    /// Where it is written: `RFC 9293 §3.5`.
    pub section: Option<String>,
}

impl Ladder {
    /// The whole ladder as text: whole lines, none wider than the look allows.
    pub fn draw(&self, look: Look) -> String {
        let mut drawer = Drawer::new(&self.ends, look);
        let mut text = drawer.header();
        for step in &self.steps {
            text.push_str(&drawer.step(step));
        }
        text.push_str(&drawer.footer());
        text
    }
}

impl End {
    /// An end by its name, with nothing known about it yet.
    pub fn new(name: impl Into<String>) -> Self {
        End { name: name.into(), ..End::default() }
    }

    /// One more line about it.
    pub fn detail(mut self, line: impl Into<String>) -> Self {
        self.details.push(line.into());
        self
    }

    /// The state in which it begins.
    pub fn state(mut self, state: impl Into<State>) -> Self {
        self.state = Some(state.into());
        self
    }
}

impl State {
    /// A state whose lifeline looks like `band`.
    pub fn new(name: impl Into<String>, band: Band) -> Self {
        State { name: name.into(), band }
    }
}

/// A state by its name alone, with a thin lifeline.
impl From<&str> for State {
    fn from(name: &str) -> Self {
        State::new(name, Band::Thin)
    }
}

/// A state by its name alone, with a thin lifeline.
impl From<String> for State {
    fn from(name: String) -> Self {
        State::new(name, Band::Thin)
    }
}

impl Step {
    /// A segment that was sent at `at`.
    pub fn segment(
        at: Instant,
        from: usize,
        to: usize,
        fate: Fate,
        label: impl Into<String>,
    ) -> Self {
        Step::new(at, What::Segment { from, to, fate }, label.into())
    }

    /// Something that happened at `end` alone.
    pub fn note(at: Instant, end: usize, label: impl Into<String>) -> Self {
        Step::new(at, What::Note { end }, label.into())
    }

    fn new(at: Instant, what: What, label: String) -> Self {
        let (details, states) = (Vec::new(), Vec::new());
        Step { at, what, label, details, states, why: None, repeats: None }
    }

    /// One more line about it.
    pub fn detail(mut self, line: impl Into<String>) -> Self {
        self.details.push(line.into());
        self
    }

    /// The state of `end` after it.
    pub fn state(mut self, end: usize, state: impl Into<State>) -> Self {
        if self.states.len() <= end {
            self.states.resize(end + 1, None);
        }
        self.states[end] = Some(state.into());
        self
    }

    /// Why it happened, and where that is written: `RFC 9293 §3.5`.
    pub fn why(mut self, sentence: impl Into<String>, section: impl Into<String>) -> Self {
        self.why = Some(Why { sentence: sentence.into(), section: Some(section.into()) });
        self
    }

    /// The index of the earlier step that this one repeats.
    pub fn repeats(mut self, step: usize) -> Self {
        self.repeats = Some(step);
        self
    }
}
