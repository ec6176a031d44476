//! How is a segment drawn: level, sloped where it took long, or up to a cross where it was lost?
//!
//! ```text
//! ├─── label ──────────────►│     ├─── label ────────╮       │     ├╌╌╌ label ╌╌╌╌╌✗ lost  │
//!                                 │                  ╰──────►│
//! ```

use super::{Drawer, Stamp, elapsed, layout::INDENT};
use crate::ladder::{Fate, Step};
use crate::look::{Paint, Towards};
use crate::row::Row;
use crate::scale::{SLOPE_FROM, flight_rows};
use crate::text::{clean, width, wrap};
use osier_time::Instant;
use std::ops::Range;

/// How far from the receiver a sloped arrow turns down.
const ELBOW: usize = 8;

/// The least distance between lifelines at which an arrow slopes.
const MIN_SLOPE_DISTANCE: usize = 24;

/// The least room for a label on an arrow; with less it stands below.
const MIN_LABEL: usize = 6;

/// The least room for the rest of a label between the lifelines that its arrow joins.
const MIN_BELOW: usize = 16;

/// What stands beside the cross.
const LOST: &str = "lost";

/// From where to where, and whether it arrives.
#[derive(Clone, Copy, Debug)]
pub(super) struct Route {
    pub(super) from: usize,
    pub(super) to: usize,
    pub(super) fate: Fate,
}

/// The columns between which an arrow is drawn.
#[derive(Clone, Copy, Debug)]
struct Span {
    /// The lifelines at its ends.
    left: usize,
    right: usize,
    towards: Towards,
    from: usize,
}

impl Drawer {
    pub(super) fn segment(&mut self, step: &Step, route: Route) -> Vec<Row> {
        let label = clean(&step.label, self.look.glyphs);
        let span = self.span(route);
        let mut rows = match route.fate {
            Fate::Lost => self.lost(route, &label),
            Fate::Arrived(arrival)
                if elapsed(step.at, arrival) >= SLOPE_FROM
                    && span.distance() >= MIN_SLOPE_DISTANCE =>
            {
                self.sloped(step, route, &label, arrival)
            }
            Fate::Arrived(_) => self.level(route, &label),
        };
        let changed = self.change_states(step);
        rows.extend(self.state_rows(&changed));
        rows
    }

    fn level(&self, route: Route, label: &str) -> Vec<Row> {
        let span = self.span(route);
        let room = span.distance().saturating_sub(2 * INDENT - 1);
        let (start, rest) = self.below(span);
        let (on_arrow, below) = split_label(label, room, rest);
        let mut row = self.departure(route);
        self.shaft(&mut row, span, span.left + 1..span.right, self.look.glyphs.shaft());
        self.head(&mut row, span);
        put_label(&mut row, span.left + INDENT, &on_arrow);
        let mut rows = vec![row];
        rows.extend(below.iter().map(|line| self.worded(start, line, Paint::Label)));
        rows
    }

    fn lost(&self, route: Route, label: &str) -> Vec<Row> {
        let span = self.span(route);
        // The label, the cross, its word, and a piece of the shaft on either side.
        let room = span.distance().saturating_sub(LOST.len() + 2 * INDENT + 1);
        let (start, rest) = self.below(span);
        let (on_arrow, below) = split_label(label, room, rest);
        let mut row = self.departure(route);
        let cross = span.cross(width(&on_arrow));
        let (shaft, lost_at, label_at) = match span.towards {
            Towards::Right => (span.left + 1..cross, cross + 2, span.left + INDENT),
            Towards::Left => (cross + 1..span.right, cross - 1 - LOST.len(), cross + 4),
        };
        self.shaft(&mut row, span, shaft, self.look.glyphs.lost_shaft());
        row.fill(cross..cross + 1, self.look.glyphs.cross(), Paint::Lost);
        row.put(lost_at, LOST, Paint::Lost);
        put_label(&mut row, label_at, &on_arrow);
        let mut rows = vec![row];
        rows.extend(below.iter().map(|line| self.worded(start, line, Paint::Label)));
        rows
    }

    /// Leaves in one row and arrives in a later one. What the sender becomes stands beside the
    /// flight, what the receiver becomes below it.
    fn sloped(&mut self, step: &Step, route: Route, label: &str, arrival: Instant) -> Vec<Row> {
        let span = self.span(route);
        let elbow = span.elbow();
        let (before, after, label_at, room) = match span.towards {
            Towards::Right => {
                let room = elbow - 2 - (span.left + INDENT);
                (span.left + 1..elbow, elbow + 1..span.right, span.left + INDENT, room)
            }
            Towards::Left => {
                let room = span.right - 4 - (elbow + INDENT);
                (elbow + 1..span.right, span.left + 1..elbow, elbow + INDENT, room)
            }
        };
        let (on_arrow, below) = split_label(label, room, room);
        let glyphs = self.look.glyphs;
        let mut leaves = self.departure(route);
        self.shaft(&mut leaves, span, before, glyphs.shaft());
        leaves.fill(elbow..elbow + 1, glyphs.turn_down(span.towards), Paint::Line(span.from));
        put_label(&mut leaves, label_at, &on_arrow);
        let below = below.iter().map(|line| self.worded(label_at, line, Paint::Label));
        let mut flight: Vec<Row> = below.collect();
        let changed = self.change_states_of(step, |end| end != route.to);
        flight.extend(self.state_rows(&changed));
        while flight.len() < flight_rows(elapsed(step.at, arrival)) {
            flight.push(self.lifelines());
        }
        for row in &mut flight {
            row.fill(elbow..elbow + 1, glyphs.in_flight(), Paint::Line(span.from));
        }
        self.see(arrival);
        let mut arrives = self.lifelines();
        self.stamp(&mut arrives, Stamp::Alone);
        self.shaft(&mut arrives, span, after, glyphs.shaft());
        arrives.fill(elbow..elbow + 1, glyphs.turn_level(span.towards), Paint::Line(span.from));
        self.head(&mut arrives, span);
        let mut rows = vec![leaves];
        rows.extend(flight);
        rows.push(arrives);
        rows
    }

    /// The row in which a segment leaves: number, time, and a piece attached to the sender.
    fn departure(&self, route: Route) -> Row {
        let span = self.span(route);
        let mut row = self.lifelines();
        self.stamp(&mut row, Stamp::Numbered);
        let column = self.layout.column(route.from);
        let tee = self.look.glyphs.tee(self.band(route.from), span.towards);
        row.fill(column..column + 1, tee, Paint::Line(route.from));
        row
    }

    fn span(&self, route: Route) -> Span {
        let (from, to) = (self.layout.column(route.from), self.layout.column(route.to));
        let towards = if from < to { Towards::Right } else { Towards::Left };
        Span { left: from.min(to), right: from.max(to), towards, from: route.from }
    }

    fn shaft(&self, row: &mut Row, span: Span, columns: Range<usize>, glyph: char) {
        row.fill(columns.clone(), glyph, Paint::Line(span.from));
        for end in 0..self.ends.len() {
            let column = self.layout.column(end);
            if columns.contains(&column) {
                row.fill(column..column + 1, self.look.glyphs.crossing(), Paint::Line(span.from));
            }
        }
    }

    fn head(&self, row: &mut Row, span: Span) {
        let column = match span.towards {
            Towards::Left => span.left + 1,
            Towards::Right => span.right - 1,
        };
        row.fill(column..column + 1, self.look.glyphs.head(span.towards), Paint::Line(span.from));
    }

    /// Where the rest of a label goes on below its arrow, and how wide: between the lifelines that
    /// the arrow joins, or where that is narrow, between the first and the last.
    fn below(&self, span: Span) -> (usize, usize) {
        let between = span.distance().saturating_sub(INDENT + 2);
        if between < MIN_BELOW {
            return (self.layout.text_start(), self.layout.text_width());
        }
        (span.left + INDENT, between)
    }
}

/// What of a label stands on its arrow, which has `room`, and in lines of `rest` below it.
fn split_label(label: &str, room: usize, rest: usize) -> (String, Vec<String>) {
    let room = if room < MIN_LABEL { 0 } else { room };
    let mut lines = wrap(label, room.min(rest), rest);
    let on_arrow = lines.remove(0);
    (on_arrow, lines)
}

impl Span {
    fn distance(self) -> usize {
        self.right - self.left
    }

    /// Where a sloped arrow turns.
    fn elbow(self) -> usize {
        match self.towards {
            Towards::Left => self.left + ELBOW,
            Towards::Right => self.right - ELBOW,
        }
    }

    /// Where the cross of a lost one stands: at two thirds of the way, or where its label of
    /// `label` columns pushes it, with room for its word behind it.
    fn cross(self, label: usize) -> usize {
        let (third, behind) = (self.distance() / 3, LOST.len() + 3);
        match self.towards {
            Towards::Right => {
                (self.left + 2 * third).max(self.left + INDENT + label + 2).min(self.right - behind)
            }
            Towards::Left => (self.left + third)
                .min((self.right - INDENT).saturating_sub(label + 3))
                .max(self.left + behind),
        }
    }
}

fn put_label(row: &mut Row, column: usize, label: &str) {
    if !label.is_empty() {
        row.put(column - 1, " ", Paint::Text);
        row.put(column, label, Paint::Label);
        row.put(column + width(label), " ", Paint::Text);
    }
}
