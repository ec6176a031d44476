//! What do the bands and lines mean? And what colour has a state?
//!
//! A state that is fully there is wide and green, one that is hardly there a dotted line, each
//! other one has a colour of its own, the same at both ends, in the order in which they occur.

use super::ink::{FULL, Ink, escaped, px, state as state_colours};
use super::parts::half;
use super::scene::{MARGIN, Scene};
use super::told::Way;
use crate::ladder::{Band, State};
use crate::look::Glyphs;
use crate::text::{clean, width};
use std::fmt::Write;

/// States that are named in a legend at most; the others have their names at their bands.
const STATES_MAX: usize = 16;

/// From one row to the next.
const ROW: f64 = 24.0;

/// How wide the column of a word is.
const COLUMN: f64 = 6.6;

/// From one entry to the next.
const GAP: f64 = 26.0;

/// The states that occur, and which lines need to be explained.
pub(super) struct Legend {
    /// Those that have a colour of their own, in its order.
    coloured: Vec<String>,
    entries: Vec<Entry>,
}

#[derive(Clone, Debug)]
enum Entry {
    State(State),
    Arrived,
    Lost,
    Again,
    Fold,
}

impl Legend {
    pub(super) fn new(scene: &Scene<'_>) -> Legend {
        // In the order of their beginnings, from left to right.
        let mut bands: Vec<_> = scene.times.bands.iter().collect();
        bands.sort_by(|one, other| one.top.total_cmp(&other.top).then(one.end.cmp(&other.end)));
        let (mut coloured, mut entries): (Vec<String>, Vec<Entry>) = Default::default();
        let mut seen: Vec<&State> = Vec::new();
        for band in bands {
            if band.state.band == Band::Thin && !coloured.contains(&band.state.name) {
                coloured.push(band.state.name.clone());
            }
            if !seen.contains(&&band.state) && seen.len() < STATES_MAX {
                seen.push(&band.state);
                entries.push(Entry::State(band.state.clone()));
            }
        }
        let ways = &scene.told.ways;
        if ways.iter().any(|way| matches!(way, Way::Goes { after, .. } if !after.is_zero())) {
            entries.push(Entry::Arrived);
        }
        if ways.iter().any(|way| matches!(way, Way::Lost { .. })) {
            entries.push(Entry::Lost);
        }
        if scene.told.steps.iter().any(|step| step.repeats.is_some()) {
            entries.push(Entry::Again);
        }
        if !scene.times.folds.is_empty() {
            entries.push(Entry::Fold);
        }
        Legend { coloured, entries }
    }

    /// The band of a state on a lifeline at `x`.
    pub(super) fn band(&self, state: &State, x: f64, top: f64, bottom: f64) -> String {
        self.swatch("l-band", state, x, (top, bottom))
    }

    /// A piece of band, of this class.
    fn swatch(&self, class: &str, state: &State, x: f64, (top, bottom): (f64, f64)) -> String {
        let half = half(state.band);
        let (fill, edge) = match state.band {
            Band::Dotted => {
                let ink = Ink::Dim.stroke();
                return format!(
                    "<path d=\"M{} {}V{}\" stroke-width=\"2\" stroke-dasharray=\"2 4\" {ink}/>",
                    px(x),
                    px(top),
                    px(bottom)
                );
            }
            Band::Thick => FULL,
            Band::Thin => {
                state_colours(self.coloured.iter().position(|n| *n == state.name).unwrap_or(0))
            }
        };
        format!(
            "<rect class=\"{class}\" x=\"{}\" y=\"{}\" width=\"{}\" height=\"{}\" rx=\"1.5\" \
             fill=\"{fill}\" stroke=\"{edge}\" stroke-width=\"1.2\"/>",
            px(x - half),
            px(top),
            px(2.0 * half),
            px((bottom - top).max(0.0))
        )
    }

    /// How tall it is in a drawing of that width.
    pub(super) fn height(&self, width: f64) -> f64 {
        ROW * self.places(width).last().map_or(0.0, |(_, row)| row + 1.0)
    }

    /// Where each entry stands: how far right, in which row.
    fn places(&self, width: f64) -> Vec<(f64, f64)> {
        let (mut x, mut row) = (MARGIN, 0.0);
        let mut places = Vec::new();
        for entry in &self.entries {
            let wide = entry.width();
            if x > MARGIN && x + wide > width - MARGIN {
                (x, row) = (MARGIN, row + 1.0);
            }
            places.push((x, row));
            x += wide + GAP;
        }
        places
    }

    pub(super) fn draw(&self, out: &mut String, width: f64, top: f64) {
        if self.entries.is_empty() {
            return;
        }
        write!(
            out,
            "<g font-size=\"11.5\"><path d=\"M{} {}H{}\" stroke-width=\"1\" {}/>",
            px(MARGIN),
            px(top - 14.0),
            px(width - MARGIN),
            Ink::Line.stroke()
        )
        .expect("a string takes everything");
        for (entry, (x, row)) in self.entries.iter().zip(self.places(width)) {
            let y = top + ROW * row + 8.0;
            let mark = match entry {
                Entry::State(state) => self.swatch("l-key", state, x + 11.0, (y - 9.0, y + 9.0)),
                Entry::Arrived | Entry::Lost | Entry::Again | Entry::Fold => entry.mark(x, y),
            };
            write!(
                out,
                "{mark}<text x=\"{}\" y=\"{}\" {}>{}</text>",
                px(x + entry.mark_width()),
                px(y + 4.0),
                Ink::Text.fill(),
                escaped(&entry.words())
            )
            .expect("a string takes everything");
        }
        out.push_str("</g>\n");
    }
}

impl Entry {
    fn words(&self) -> String {
        match self {
            Entry::State(state) => {
                super::labels::shortened(&clean(&state.name, Glyphs::Unicode), 30)
            }
            Entry::Arrived => "the slope is the time under way".into(),
            Entry::Lost => "lost on the way".into(),
            Entry::Again => "↻ sent again: back to what it repeats".into(),
            Entry::Fold => "a time in which nothing happens, folded".into(),
        }
    }

    fn mark_width(&self) -> f64 {
        match self {
            Entry::State(_) => 26.0,
            Entry::Arrived | Entry::Lost => 44.0,
            Entry::Again | Entry::Fold => 32.0,
        }
    }

    fn width(&self) -> f64 {
        self.mark_width() + width(&self.words()) as f64 * COLUMN
    }

    fn mark(&self, x: f64, y: f64) -> String {
        let (end, lost, dim) = (Ink::End(0).stroke(), Ink::Lost.stroke(), Ink::Dim.stroke());
        match self {
            Entry::State(_) => String::new(),
            Entry::Arrived => format!(
                "<path d=\"M{} {}l28 7\" stroke-width=\"1.8\" {end}/>\
                 <path d=\"M{} {}l-9 1.6l2 -7.4z\" {}/>",
                px(x),
                px(y - 4.0),
                px(x + 36.0),
                px(y + 5.0),
                Ink::End(0).fill()
            ),
            Entry::Lost => format!(
                "<path d=\"M{} {}h24\" stroke-width=\"1.8\" stroke-dasharray=\"7 4\" {end}/>\
                 <path d=\"M{} {}l10 10m0 -10l-10 10\" stroke-width=\"3\" {lost}/>",
                px(x),
                px(y),
                px(x + 24.0),
                px(y - 5.0)
            ),
            Entry::Again => format!(
                "<path d=\"M{} {}c22 -2 22 -14 2 -16\" stroke-width=\"1.4\" \
                 stroke-dasharray=\"4 3\" {lost}/><path d=\"M{} {}l6 -1m-6 1l5 4\" \
                 stroke-width=\"1.4\" {lost}/>",
                px(x + 4.0),
                px(y + 8.0),
                px(x + 4.0),
                px(y - 8.0)
            ),
            Entry::Fold => format!(
                "<path d=\"M{} {}q5.5 -7 11 -3.5t11 -3.5m-22 7m0 7q5.5 -7 11 -3.5t11 -3.5\" \
                 stroke-width=\"1.3\" {dim}/>",
                px(x),
                px(y)
            ),
        }
    }
}
