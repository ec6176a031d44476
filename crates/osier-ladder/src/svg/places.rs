//! Where do the arrows lie, and the words between the lifelines?
//!
//! Arrows first; then the words whose place is given: notes, names of states, `lost`; then the
//! labels and the lengths of folds, which look for a place.

use super::labels::{COLUMN, Label, Shaft, Side, Strip, Taken, shortened};
use super::scene::Columns;
use super::times::{LOST_TENTHS, Times};
use super::told::{Told, Way};
use crate::look::Glyphs;
use crate::scale::stamp;
use crate::text::{clean, width};

/// From a lifeline to where an arrow begins, and from its point to the other lifeline.
const BEGIN: f64 = 9.0;
const POINT: f64 = 9.0;

/// How wide the column of a state's name is.
pub(super) const NAME_COLUMN: f64 = 7.2;

/// From a lifeline to the name of a state, and to the words of a note.
pub(super) const TO_NAME: f64 = 15.0;
const TO_NOTE: f64 = 20.0;

/// Arrows, and words that have a place.
#[derive(Debug)]
pub(super) struct Words {
    /// Of each step that is an arrow.
    pub(super) shafts: Vec<Option<Shaft>>,
    /// Of each step.
    pub(super) labels: Vec<Option<Label>>,
    /// Of each fold: the middle of its words.
    pub(super) folds: Vec<f64>,
}

impl Words {
    pub(super) fn new(told: &Told<'_>, columns: &Columns, times: &Times) -> Words {
        let shafts: Vec<Option<Shaft>> =
            (0..told.steps.len()).map(|step| shaft(told, columns, times, step)).collect();
        let mut taken = Taken::default();
        shafts.iter().flatten().for_each(|shaft| taken.shaft(shaft));
        lost_words(told, &shafts).for_each(|strip| taken.words(strip));
        names(columns, times).for_each(|strip| taken.words(strip));
        let mut labels: Vec<Option<Label>> =
            (0..told.steps.len()).map(|step| note(told, columns, times, step)).collect();
        labels.iter().flatten().for_each(|label| taken.words(label.strip));
        for (step, shaft) in shafts.iter().enumerate() {
            if let Some(shaft) = shaft {
                labels[step] = taken.place(&label(told, step), shaft);
            }
        }
        let folds = times.folds.iter().map(|fold| fold_words(columns, fold, &mut taken)).collect();
        Words { shafts, labels, folds }
    }
}

/// The words on an arrow or beside a mark.
fn label(told: &Told<'_>, step: usize) -> String {
    let step = &told.steps[step];
    let again = step.repeats.map(|_| "↻ ").unwrap_or_default();
    format!("{again}{}", clean(&step.label, Glyphs::Unicode))
}

/// The line of an arrow.
fn shaft(told: &Told<'_>, columns: &Columns, times: &Times, step: usize) -> Option<Shaft> {
    let (from, to) = match told.ways[step] {
        Way::At(_) => return None,
        Way::Lost { from, to } | Way::Goes { from, to, .. } => (from, to),
    };
    let (x1, x2) = (columns.ends[from], columns.ends[to]);
    let ahead = if x1 < x2 { 1.0 } else { -1.0 };
    let far = match told.ways[step] {
        Way::Lost { .. } => x1 + (x2 - x1) * LOST_TENTHS as f64 / 10.0,
        Way::At(_) | Way::Goes { .. } => x2 - ahead * POINT,
    };
    let start = (x1 + ahead * BEGIN, times.leaves[step]);
    let end = (far, times.arrives[step]);
    Some(if x1 < x2 {
        Shaft { left: start, right: end, from: Side::Left }
    } else {
        Shaft { left: end, right: start, from: Side::Right }
    })
}

/// The crosses, and the word beside each.
fn lost_words<'a>(
    told: &'a Told<'_>,
    shafts: &'a [Option<Shaft>],
) -> impl Iterator<Item = Strip> + 'a {
    let lost = told.ways.iter().zip(shafts).filter(|(way, _)| matches!(way, Way::Lost { .. }));
    lost.filter_map(|(_, shaft)| {
        let (shaft, wide) = (shaft.as_ref()?, 44.0);
        let (left, y) = match shaft.from {
            Side::Left => (shaft.right.0 - 7.0, shaft.right.1),
            Side::Right => (shaft.left.0 + 7.0 - wide, shaft.left.1),
        };
        Some(level(left, wide, y - 9.0, 18.0))
    })
}

/// The names of states that stand between lifelines: left of theirs.
fn names<'a>(columns: &'a Columns, times: &'a Times) -> impl Iterator<Item = Strip> + 'a {
    let between = |end: usize| end > 0 && end + 1 < columns.ends.len();
    times.bands.iter().filter(move |band| between(band.end)).map(|band| {
        let wide = width(&band.name(columns)) as f64 * NAME_COLUMN;
        level(columns.ends[band.end] - TO_NAME - wide, wide, times.name_at(band) - 10.0, 13.0)
    })
}

/// What happened at one end alone: to the right of its lifeline, of the last one to the left.
fn note(told: &Told<'_>, columns: &Columns, times: &Times, step: usize) -> Option<Label> {
    let Way::At(end) = told.ways[step] else { return None };
    let (x, y) = (columns.ends[end], times.leaves[step]);
    let room = ((columns.ends[1] - columns.ends[0] - 3.0 * TO_NOTE) / COLUMN) as usize;
    let whole = label(told, step);
    let text = shortened(&whole, room);
    let wide = width(&text) as f64 * COLUMN;
    let is_last = end + 1 == columns.ends.len();
    let left = if is_last { x - TO_NOTE - wide } else { x + TO_NOTE };
    let strip = level(left, wide, y - 9.0, 14.0);
    let middle = (left + wide / 2.0, y + 4.0);
    Some(Label { is_whole: text == whole, text, middle, along: (1.0, 0.0), strip })
}

/// Where the length of a fold is written: in the middle, or where there is no arrow.
fn fold_words(columns: &Columns, fold: &super::times::Fold, taken: &mut Taken) -> f64 {
    let words = width(&stamp(fold.length)) + " later".len();
    let wide = words as f64 * COLUMN;
    let (first, second) = (columns.ends[0], columns.ends[1]);
    let places = [0.5, 0.25, 0.75, 0.15, 0.85].map(|part| {
        let middle = first + (second - first) * part;
        level(middle - wide / 2.0, wide, fold.y - 9.0, 18.0)
    });
    taken.first_free(&places).map_or(first, |strip| (strip.left + strip.right) / 2.0)
}

fn level(left: f64, wide: f64, top: f64, height: f64) -> Strip {
    Strip { left, right: left + wide, top, slope: 0.0, height }
}

#[cfg(test)]
mod tests {
    use crate::{Caption, End, Fate, Ladder, Step};
    use osier_time::Instant;
    use proptest::prelude::*;

    fn step(at: u64, from: usize, to: usize, flight: u64, label: String) -> Step {
        let (at, then) = (Instant::from_nanos(at), Instant::from_nanos(at + flight));
        match flight {
            0..5 => Step::segment(at, from, to, Fate::Lost, label),
            5..10 => Step::note(at, from, label),
            _ => Step::segment(at, from, to, Fate::Arrived(then), label),
        }
    }

    proptest! {
        /// The promise of `labels.rs`, for storms of arrows that cross.
        #[test]
        fn no_label_lies_upon_another(
            steps in prop::collection::vec(
                (0..200_u64, 0..3_usize, 1..3_usize, 0..80_u64, "[a-z =]{0,70}"),
                0..40,
            ),
            ends in 2..4_usize,
        ) {
            let steps = steps.into_iter().map(|(at, from, hop, flight, label)| {
                step(at, from % ends, (from + hop) % ends, flight, label)
            });
            let ladder = Ladder { ends: vec![End::new("e"); ends], steps: steps.collect() };
            let scene = crate::svg::scene::Scene::new(&ladder, &Caption::default());
            let labels: Vec<_> = scene
                .words
                .labels
                .iter()
                .zip(&scene.words.shafts)
                .filter_map(|(label, shaft)| shaft.is_some().then_some(label.as_ref()?))
                .collect();
            for (i, one) in labels.iter().enumerate() {
                for other in &labels[..i] {
                    prop_assert!(!one.strip.meets(&other.strip), "{one:?} {other:?}");
                }
            }
        }
    }
}
