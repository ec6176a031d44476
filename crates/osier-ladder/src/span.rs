//! From when to when was an end in a state?
//!
//! A step tells the states after it. Those of the receiver begin when the segment arrives, all
//! others when it leaves: the same rule by which the bands of a drawing begin.

use crate::ladder::{Fate, Ladder, State, Step, What};
use osier_time::Instant;

/// A state of an end, for as long as it lasted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Span {
    /// Which end, by its index.
    pub end: usize,
    /// In which state it was.
    pub state: State,
    /// Since when; `None`: since before the first step.
    pub from: Option<Instant>,
    /// Until when; `None`: beyond the last step.
    pub until: Option<Instant>,
}

impl Ladder {
    /// The states of all ends with their times, in the order in which they begin.
    pub fn spans(&self) -> Vec<Span> {
        let mut spans = Vec::new();
        // Of each end the span that lasts.
        let mut open: Vec<Option<usize>> = Vec::new();
        for (end, about) in self.ends.iter().enumerate() {
            open.push(about.state.as_ref().map(|state| {
                spans.push(Span { end, state: state.clone(), from: None, until: None });
                spans.len() - 1
            }));
        }
        for (at, end, state) in self.changes() {
            if let Some(last) = open[end] {
                if spans[last].state == *state {
                    continue;
                }
                spans[last].until = Some(at);
            }
            open[end] = Some(spans.len());
            spans.push(Span { end, state: state.clone(), from: Some(at), until: None });
        }
        spans
    }

    /// What each end is said to be in, and since when, in the order of time.
    fn changes(&self) -> Vec<(Instant, usize, &State)> {
        let mut changes = Vec::new();
        for step in &self.steps {
            for (end, state) in step.states.iter().enumerate().take(self.ends.len()) {
                if let Some(state) = state {
                    changes.push((begins(step, end, self.ends.len() - 1), end, state));
                }
            }
        }
        // Those of one moment stay in the order in which they are told.
        changes.sort_by_key(|(at, ..)| *at);
        changes
    }
}

/// When the state of an end begins that a step brings.
fn begins(step: &Step, end: usize, last: usize) -> Instant {
    match step.what {
        What::Segment { to, fate: Fate::Arrived(at), .. } if to.min(last) == end => at.max(step.at),
        What::Segment { .. } | What::Note { .. } => step.at,
    }
}
