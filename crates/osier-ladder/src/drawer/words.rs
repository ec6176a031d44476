//! Which words stand between the lifelines: states, details, the sentence that says why?
//!
//! No word is left out for lack of room: what does not fit beside something stands below it. Only
//! the name of a state is cut where it is wider than the space between two lifelines.

use super::Drawer;
use crate::ladder::Step;
use crate::look::{Paint, Towards};
use crate::row::Row;
use crate::text::{clean, clip, width, wrap};

impl Drawer {
    /// Takes over the states that a step brings; gives the ends for which they are new.
    pub(super) fn change_states(&mut self, step: &Step) -> Vec<usize> {
        self.change_states_of(step, |_| true)
    }

    /// As [`Drawer::change_states`], for the ends that are asked for.
    pub(super) fn change_states_of(
        &mut self,
        step: &Step,
        asked_for: impl Fn(usize) -> bool,
    ) -> Vec<usize> {
        let mut changed = Vec::new();
        for (end, (shown, new)) in self.shown.iter_mut().zip(&step.states).enumerate() {
            if asked_for(end) && new.is_some() && shown != new {
                shown.clone_from(new);
                changed.push(end);
            }
        }
        changed
    }

    /// The states of these ends beside their lifelines, side by side where they fit.
    pub(super) fn state_rows(&self, ends: &[usize]) -> Vec<Row> {
        let mut rows: Vec<Row> = Vec::new();
        for &end in ends {
            let Some(state) = &self.shown[end] else { continue };
            let room = self.layout.distance(end) - 3;
            let name = clip(&clean(&state.name, self.look.glyphs), room);
            let column = self.layout.column(end);
            let (side, start) = if end + 1 == self.ends.len() {
                (Towards::Left, column - width(&name) - 2)
            } else {
                (Towards::Right, column + 1)
            };
            let columns = start..start + width(&name) + 2;
            if !rows.last().is_some_and(|row| row.is_blank(columns)) {
                rows.push(self.lifelines());
            }
            if let Some(row) = rows.last_mut() {
                let tee = self.look.glyphs.tee(self.band(end), side);
                row.fill(column..column + 1, tee, Paint::Line(end));
                row.put(start, &format!(" {name} "), Paint::State(end));
            }
        }
        rows
    }

    /// What stands below a step: details, the step that it repeats, why it happened.
    pub(super) fn words(&self, step: &Step) -> Vec<Row> {
        let (start, room) = (self.layout.text_start(), self.layout.text_width());
        let mut rows = Vec::new();
        for detail in &step.details {
            let detail = clean(detail, self.look.glyphs);
            rows.extend(
                wrap(&detail, room, room).iter().map(|l| self.worded(start, l, Paint::Dim)),
            );
        }
        if let Some(original) = step.repeats {
            let back = self.look.glyphs.back();
            let text = format!("{back} step {} again", original.saturating_add(1));
            rows.extend(
                wrap(&text, room, room).iter().map(|l| self.worded(start, l, Paint::Repeat)),
            );
        }
        if let Some(why) = &step.why {
            let sentence = clean(&why.sentence, self.look.glyphs);
            let section = clean(why.section.as_deref().unwrap_or_default(), self.look.glyphs);
            rows.extend(self.sentence(&sentence, &section));
        }
        rows
    }

    /// A sentence, and its section at the right of its last line or below it.
    fn sentence(&self, sentence: &str, section: &str) -> Vec<Row> {
        let (start, room) = (self.layout.text_start(), self.layout.text_width());
        let end = start + room;
        let lines = wrap(sentence, room, room);
        let last_width = lines.last().map_or(0, |line| width(line));
        let mut rows: Vec<Row> = lines
            .iter()
            .filter(|line| !line.is_empty())
            .map(|line| self.worded(start, line, Paint::Text))
            .collect();
        if section.is_empty() {
            return rows;
        }
        if last_width + 2 + width(section) > room || rows.is_empty() {
            let below = wrap(section, room, room);
            for line in below {
                let mut row = self.lifelines();
                row.put_before(end, &line, Paint::Dim);
                rows.push(row);
            }
        } else if let Some(row) = rows.last_mut() {
            row.put_before(end, section, Paint::Dim);
        }
        rows
    }

    /// A line of words between the lifelines.
    pub(super) fn worded(&self, start: usize, line: &str, paint: Paint) -> Row {
        let mut row = self.lifelines();
        row.put(start, line, paint);
        row
    }
}
