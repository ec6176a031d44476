//! Which ends are drawn, and what became of each step?
//!
//! A ladder is whatever its maker put in: here ends that are not there become the last one, a
//! segment to oneself becomes a note, and an arrival before the sending happens with it.

use crate::ladder::{End, Fate, Ladder, Step, What};
use crate::look::MAX_ENDS;
use osier_time::{Duration, Instant};

/// A ladder put in order.
pub(super) struct Told<'a> {
    pub(super) ends: Vec<End>,
    pub(super) steps: &'a [Step],
    /// Of each step.
    pub(super) ways: Vec<Way>,
}

/// What became of a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Way {
    /// It happened at this end alone.
    At(usize),
    /// It left and did not arrive.
    Lost { from: usize, to: usize },
    /// It left and arrived so much later.
    Goes { from: usize, to: usize, after: Duration },
}

impl<'a> Told<'a> {
    pub(super) fn new(ladder: &'a Ladder) -> Self {
        let mut ends: Vec<End> = ladder.ends.iter().take(MAX_ENDS).cloned().collect();
        ends.resize(ends.len().max(2), End::default());
        let last = ends.len() - 1;
        let ways = ladder.steps.iter().map(|step| Way::of(step, last)).collect();
        Told { ends, steps: &ladder.steps, ways }
    }

    /// Whether any end is ever said to be in a state.
    pub(super) fn has_states(&self) -> bool {
        self.ends.iter().any(|end| end.state.is_some())
            || self.steps.iter().any(|step| step.states.iter().any(Option::is_some))
    }

    /// When the last thing happened, counted from the first.
    pub(super) fn length(&self) -> Duration {
        let ends = self.steps.iter().zip(&self.ways).map(|(step, way)| way.until(step.at));
        let (first, last) = (self.steps.iter().map(|step| step.at).min(), ends.max());
        first.zip(last).map_or(Duration::ZERO, |(first, last)| since(first, last))
    }
}

impl Way {
    fn of(step: &Step, last: usize) -> Way {
        match step.what {
            What::Note { end } => Way::At(end.min(last)),
            What::Segment { from, to, .. } if from.min(last) == to.min(last) => {
                Way::At(from.min(last))
            }
            What::Segment { from, to, fate } => {
                let (from, to) = (from.min(last), to.min(last));
                match fate {
                    Fate::Lost => Way::Lost { from, to },
                    Fate::Arrived(at) => Way::Goes { from, to, after: since(step.at, at) },
                }
            }
        }
    }

    /// When what began at `at` was over.
    pub(super) fn until(self, at: Instant) -> Instant {
        match self {
            Way::At(_) | Way::Lost { .. } => at,
            Way::Goes { after, .. } => later(at, after.as_nanos()),
        }
    }
}

/// From `from` to `to`; nothing where that is backwards.
pub(super) fn since(from: Instant, to: Instant) -> Duration {
    Duration::from_nanos(to.as_nanos().saturating_sub(from.as_nanos()))
}

/// So many nanoseconds after `at`, as far as numbers reach.
pub(super) fn later(at: Instant, nanos: u64) -> Instant {
    Instant::from_nanos(at.as_nanos().saturating_add(nanos))
}
