//! In which order do the lifelines stand?
//!
//! As in the file where hosts talk to each other directly. Where something stands between them, it
//! stands between them in the drawing too: who calls on the left, who serves on the right.

use super::Scenario;
use super::nodes::Kind;
use super::programs::Doing;
use osier_ladder::{Ladder, Step, What};

/// The ladder, its lifelines in the order in which they are best read.
pub(super) fn arranged(scenario: &Scenario, ladder: Ladder) -> Ladder {
    let mut order: Vec<usize> = (0..ladder.ends.len()).collect();
    if scenario.nodes.iter().any(|node| !matches!(node.kind, Kind::Host(_))) {
        order.sort_by_key(|node| rank(scenario, *node));
    }
    let mut places = vec![0; order.len()];
    for (place, node) in order.iter().enumerate() {
        places[*node] = place;
    }
    let ends = order.iter().map(|node| ladder.ends[*node].clone()).collect();
    let steps = ladder.steps.into_iter().map(|step| moved(step, &places)).collect();
    Ladder { ends, steps }
}

/// How far right a node stands.
fn rank(scenario: &Scenario, node: usize) -> u8 {
    let serves = |kind: &Doing| matches!(kind, Doing::Serves { .. });
    match scenario.nodes[node].kind {
        Kind::Router | Kind::Switch => 1,
        Kind::Host(_) if scenario.programs.iter().any(|p| p.on == node && serves(&p.kind)) => 2,
        Kind::Host(_) => 0,
    }
}

/// A step between the ends where they stand now.
fn moved(mut step: Step, places: &[usize]) -> Step {
    let place = |end: usize| places.get(end).copied().unwrap_or(end);
    step.what = match step.what {
        What::Segment { from, to, fate } => {
            What::Segment { from: place(from), to: place(to), fate }
        }
        What::Note { end } => What::Note { end: place(end) },
    };
    let mut states = vec![None; places.len()];
    for (end, state) in std::mem::take(&mut step.states).into_iter().enumerate() {
        if let Some(there) = states.get_mut(place(end)) {
            *there = state;
        }
    }
    step.states = states;
    step
}
