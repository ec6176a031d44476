//! How is a ladder drawn while it happens?
//!
//! A [`Drawer`] remembers what the next step needs: the state of each end, when the last step was,
//! how many there were. It hands out whole lines and never takes one back.

mod arrow;
mod layout;
mod words;

use crate::ladder::{Band, End, State, Step, What};
use crate::look::{Look, Paint, Towards};
use crate::row::Row;
use crate::scale::{self, FOLD_FROM};
use crate::text::{clean, width, wrap};
use layout::Layout;
use osier_time::{Duration, Instant};

/// Draws a ladder step by step, for a terminal.
///
/// ```
/// use osier_ladder::{Drawer, End, Fate, Look, Step};
/// use osier_time::Instant;
///
/// let at = Instant::from_nanos;
/// let mut drawer = Drawer::new(&[End::new("client"), End::new("server")], Look::default());
/// print!("{}", drawer.header());
/// let step = Step::segment(at(0), 0, 1, Fate::Arrived(at(40_000)), "SYN seq=0");
/// print!("{}", drawer.step(&step.state(0, "SYN-SENT")));
/// print!("{}", drawer.footer());
/// ```
#[derive(Clone, Debug)]
pub struct Drawer {
    look: Look,
    layout: Layout,
    ends: Vec<End>,
    /// The state of each end that the drawing shows.
    shown: Vec<Option<State>>,
    clock: Clock,
    /// How many steps were drawn.
    count: usize,
    spacing: Spacing,
}

/// What the time column has told so far.
#[derive(Clone, Copy, Debug)]
enum Clock {
    NotStarted {
        /// From when time is counted; `None`: from the first step.
        origin: Option<Instant>,
    },
    Running {
        /// From when time is counted.
        origin: Instant,
        /// The furthest that the drawing has come, from which gaps are counted.
        last: Instant,
        /// The time that is told now, and the one told before it.
        told: Instant,
        before: Instant,
    },
}

/// Whether the next step needs a row of room above it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Spacing {
    Close,
    Apart,
}

impl Drawer {
    /// A drawer for these lifelines. Of more than [`MAX_ENDS`](crate::MAX_ENDS) the rest is left
    /// out; where there are less than two, nameless ones are added.
    pub fn new(ends: &[End], look: Look) -> Self {
        let mut ends: Vec<End> = ends.iter().take(crate::MAX_ENDS).cloned().collect();
        ends.resize(ends.len().max(2), End::default());
        let shown = ends.iter().map(|end| end.state.clone()).collect();
        let layout = Layout::new(ends.len(), look.width);
        let (clock, spacing) = (Clock::NotStarted { origin: None }, Spacing::Apart);
        Drawer { look, layout, ends, shown, clock, count: 0, spacing }
    }

    /// Counts time from then, and not from the first step: for a part of a longer story.
    pub fn counting_from(mut self, origin: Instant) -> Self {
        if let Clock::NotStarted { origin: place } = &mut self.clock {
            *place = Some(origin);
        }
        self
    }

    /// The width to which all lines keep, in columns; see [`Look::width`].
    pub fn width(&self) -> usize {
        self.layout.width
    }

    /// Who stands at the head of each lifeline, and the states in which they begin.
    pub fn header(&self) -> String {
        let mut rows = self.names();
        if let Some(last) = rows.last_mut() {
            last.put_before(self.layout.margin(), " #     time ", Paint::Dim);
        }
        let mut top = Row::new(self.layout.width);
        for end in 0..self.ends.len() {
            let glyph = self.look.glyphs.top();
            top.fill(self.layout.column(end)..self.layout.column(end) + 1, glyph, Paint::Line(end));
        }
        rows.push(top);
        let stated: Vec<usize> =
            (0..self.ends.len()).filter(|&e| self.shown[e].is_some()).collect();
        rows.extend(self.state_rows(&stated));
        self.lines(&rows)
    }

    /// The next step, below the room that time has put between it and the one before.
    pub fn step(&mut self, step: &Step) -> String {
        self.count += 1;
        let mut rows = self.gap(step.at);
        self.see(step.at);
        match step.what {
            What::Segment { from, to, fate } => {
                let (from, to) = (self.layout.end(from), self.layout.end(to));
                if from == to {
                    // A segment to oneself crosses nothing.
                    rows.extend(self.note(step, from));
                } else {
                    rows.extend(self.segment(step, arrow::Route { from, to, fate }));
                }
            }
            What::Note { end } => rows.extend(self.note(step, self.layout.end(end))),
        }
        let words = self.words(step);
        self.spacing = if words.is_empty() { Spacing::Close } else { Spacing::Apart };
        rows.extend(words);
        self.lines(&rows)
    }

    /// The feet of the lifelines.
    pub fn footer(&self) -> String {
        let mut foot = Row::new(self.layout.width);
        for end in 0..self.ends.len() {
            let column = self.layout.column(end);
            foot.fill(column..column + 1, self.look.glyphs.bottom(), Paint::Line(end));
        }
        self.lines(&[self.lifelines(), foot])
    }

    /// Names and details above their lifelines: the first to the right of its own, the last to the
    /// left, those between around theirs.
    fn names(&self) -> Vec<Row> {
        let last = self.ends.len() - 1;
        let mut rows: Vec<Row> = Vec::new();
        for (index, end) in self.ends.iter().enumerate() {
            let column = self.layout.column(index);
            let name = [(&end.name, Paint::Line(index))];
            let details = end.details.iter().map(|line| (line, Paint::Dim));
            let room = self.layout.name_width(index);
            let lines = name.into_iter().chain(details).flat_map(|(text, paint)| {
                let lines = wrap(&clean(text, self.look.glyphs), room, room);
                lines.into_iter().map(move |line| (line, paint))
            });
            for (i, (line, paint)) in lines.enumerate() {
                if rows.len() <= i {
                    rows.push(Row::new(self.layout.width));
                }
                match index {
                    0 => rows[i].put(column, &line, paint),
                    _ if index == last => rows[i].put_before(column + 1, &line, paint),
                    _ => rows[i].put(column - width(&line) / 2, &line, paint),
                }
            }
        }
        rows
    }

    /// The room between the last step and one at `at`.
    fn gap(&self, at: Instant) -> Vec<Row> {
        let gap = match self.clock {
            Clock::NotStarted { .. } => Duration::ZERO,
            Clock::Running { last, .. } => elapsed(last, at),
        };
        if gap >= FOLD_FROM {
            return vec![self.lifelines(), self.folded(gap), self.lifelines()];
        }
        let least = usize::from(self.spacing == Spacing::Apart);
        vec![self.lifelines(); scale::gap_rows(gap).max(least)]
    }

    /// The mark of a gap that is too long to be drawn.
    fn folded(&self, gap: Duration) -> Row {
        let mut row = Row::new(self.layout.width);
        for end in 0..self.ends.len() {
            let column = self.layout.column(end);
            row.fill(column..column + 1, self.look.glyphs.fold(), Paint::Line(end));
        }
        let text = clean(&gap.to_string(), self.look.glyphs);
        row.put(self.layout.column(0) + 2, &text, Paint::Dim);
        row
    }

    /// Something that happened at one end alone.
    fn note(&mut self, step: &Step, end: usize) -> Vec<Row> {
        let room = self.layout.note_width(end);
        let label = clean(&step.label, self.look.glyphs);
        let mut rows = Vec::new();
        for (i, line) in wrap(&label, room, room).iter().enumerate() {
            let mut row = self.lifelines();
            let column = self.layout.column(end);
            let mark = self.look.glyphs.note();
            let side = self.layout.note_side(end);
            let beside = match side {
                Towards::Left => column - 2,
                Towards::Right => column + 2,
            };
            if i == 0 {
                self.stamp(&mut row, Stamp::Numbered);
                row.fill(beside..beside + 1, mark, Paint::Line(end));
            }
            match side {
                Towards::Left => row.put_before(beside - 1, line, Paint::Label),
                Towards::Right => row.put(beside + 2, line, Paint::Label),
            }
            rows.push(row);
        }
        let changed = self.change_states(step);
        rows.extend(self.state_rows(&changed));
        rows
    }

    /// A row with nothing but lifelines.
    fn lifelines(&self) -> Row {
        let mut row = Row::new(self.layout.width);
        for end in 0..self.ends.len() {
            let column = self.layout.column(end);
            let glyph = self.look.glyphs.lifeline(self.band(end));
            row.fill(column..column + 1, glyph, Paint::Line(end));
        }
        row
    }

    fn band(&self, end: usize) -> Band {
        self.shown[end].as_ref().map_or(Band::default(), |state| state.band)
    }

    /// Writes the time told now, and for the row that begins a step its number, into the margin. A
    /// time too close to the one before it to be told apart is told as the difference.
    fn stamp(&self, row: &mut Row, stamp: Stamp) {
        let Clock::Running { origin, told, before, .. } = self.clock else { return };
        let mut time = scale::stamp(elapsed(origin, told));
        if told > before && time == scale::stamp(elapsed(origin, before)) {
            time = format!("+{}", scale::stamp(elapsed(before, told)));
        }
        let time = clean(&time, self.look.glyphs);
        let end = self.layout.margin() - 1;
        row.put_before(end, &time, Paint::Dim);
        if stamp == Stamp::Numbered {
            let number = format!("{:>2}", self.count);
            if width(&number) + 1 + width(&time) <= end {
                row.put(0, &number, Paint::Text);
            }
        }
    }

    /// Notes that the time column has reached `at`.
    fn see(&mut self, at: Instant) {
        let (origin, last, before) = match self.clock {
            Clock::NotStarted { origin } => (origin.unwrap_or(at), at, at),
            Clock::Running { origin, last, told, .. } => (origin, last.max(at), told),
        };
        self.clock = Clock::Running { origin, last, told: at, before };
    }

    fn lines(&self, rows: &[Row]) -> String {
        let mut out = String::new();
        for row in rows {
            row.write_to(&mut out, self.look.style);
        }
        out
    }
}

/// What the margin of a row says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stamp {
    /// A step begins here: its number and time.
    Numbered,
    /// It goes on here: the time alone.
    Alone,
}

fn elapsed(from: Instant, to: Instant) -> Duration {
    Duration::from_nanos(to.as_nanos().saturating_sub(from.as_nanos()))
}
