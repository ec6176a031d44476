//! In which columns does everything stand, and in which order is it drawn?
//!
//! From left to right: the times, the names of the first end's states, the lifelines with their
//! arrows, the names of the last one's states, the words.

use super::ink::{Ink, SANS, escaped, px, style};
use super::labels::Label;
use super::legend::Legend;
use super::places::Words;
use super::told::{Told, Way};
use super::words::{self, Block, OnArrow};
use super::{curves, parts, times};
use crate::caption::{Caption, Curve};
use crate::ladder::Ladder;
use crate::look::Glyphs;
use crate::text::{clean, wrap};
use std::fmt::Write;

/// Around everything.
pub(super) const MARGIN: f64 = 24.0;

/// The column of times.
const TIMES: f64 = 66.0;

/// The columns of the names of states; where there are none, of nothing.
const STATES: f64 = 122.0;
const NO_STATES: f64 = 34.0;

/// The least width, for the title and the legend.
const MIN_WIDTH: f64 = 720.0;

/// How wide the widest column of caption and sentence is.
const CAPTION_COLUMN: f64 = 7.1;

/// A ladder with a place for everything.
pub(super) struct Scene<'a> {
    pub(super) told: Told<'a>,
    title: String,
    caption: Vec<String>,
    pub(super) columns: Columns,
    blocks: Vec<Block>,
    pub(super) times: times::Times,
    pub(super) words: Words,
    curves: Vec<Curve>,
    /// Where the names of the ends begin.
    heads: f64,
}

/// Where the columns are.
#[derive(Clone, Debug)]
pub(super) struct Columns {
    /// The axis of time.
    pub(super) axis: f64,
    /// The lifelines.
    pub(super) ends: Vec<f64>,
    /// The words.
    words: f64,
    pub(super) width: f64,
    /// Room for a state's name.
    pub(super) states: f64,
}

impl Columns {
    fn new(told: &Told<'_>, with_words: bool) -> Columns {
        let states = if told.has_states() { STATES } else { NO_STATES };
        let axis = MARGIN + TIMES;
        let first = axis + states + 14.0;
        let apart = apart(told.ends.len());
        let ends: Vec<f64> = (0..told.ends.len()).map(|end| first + apart * end as f64).collect();
        let words = ends.last().copied().unwrap_or(first) + states + 22.0;
        let right = if with_words { words + words::WIDTH } else { words };
        Columns { axis, ends, words, width: (right + MARGIN).max(MIN_WIDTH), states }
    }
}

/// From one of so many lifelines to the next.
fn apart(ends: usize) -> f64 {
    match ends {
        0..=2 => 460.0,
        3 => 380.0,
        _ => 290.0,
    }
}

impl<'a> Scene<'a> {
    /// Twice, where not every label found room on its arrow: those then stand beside their steps,
    /// and everything else may have to move for them.
    pub(super) fn new(ladder: &'a Ladder, caption: &Caption) -> Scene<'a> {
        let whole = vec![OnArrow::All; ladder.steps.len()];
        let scene = Scene::with_labels(ladder, caption, &whole);
        let labels = scene.labels();
        if labels == whole { scene } else { Scene::with_labels(ladder, caption, &labels) }
    }

    fn with_labels(ladder: &'a Ladder, caption: &Caption, labels: &[OnArrow]) -> Scene<'a> {
        let told = Told::new(ladder);
        let blocks: Vec<Block> =
            labels.iter().enumerate().map(|(step, on)| Block::of(&told, step, *on)).collect();
        let columns = Columns::new(&told, blocks.iter().any(|block| block.height() > 0.0));
        let room = ((columns.width - 2.0 * MARGIN) / CAPTION_COLUMN) as usize;
        let lines = |text: &String| wrap(&clean(text, Glyphs::Unicode), room, room);
        let caption_lines: Vec<String> = caption.text.iter().flat_map(lines).collect();
        let heads = MARGIN
            + if caption.title.is_empty() { 0.0 } else { 34.0 }
            + if caption_lines.is_empty() { 0.0 } else { 18.0 * caption_lines.len() as f64 + 10.0 };
        let details = told.ends.iter().map(|end| end.details.len()).max().unwrap_or(0);
        let top = heads + 30.0 + 15.0 * details as f64;
        let times = times::times(&told, &blocks, top);
        let words = Words::new(&told, &columns, &times);
        let (title, curves) = (caption.title.clone(), caption.curves.clone());
        Scene { told, title, caption: caption_lines, columns, blocks, times, words, curves, heads }
    }

    /// How much of each label stands on its arrow, or beside its mark.
    fn labels(&self) -> Vec<OnArrow> {
        let whole = |label: &Option<Label>| label.as_ref().is_some_and(|label| label.is_whole);
        let all = |label| if whole(label) { OnArrow::All } else { OnArrow::InPart };
        self.words.labels.iter().map(all).collect()
    }

    pub(super) fn draw(&self) -> String {
        let legend = Legend::new(self);
        let top = self.times.foot + 26.0;
        let below = top + legend.height(self.columns.width) + MARGIN;
        let height = below + curves::height(&self.curves);
        let mut out = self.opening(height);
        self.captions(&mut out);
        parts::lifelines(&mut out, self, &legend);
        parts::axis(&mut out, self);
        parts::folds(&mut out, self);
        parts::heads(&mut out, self, self.heads);
        parts::states(&mut out, self);
        parts::returns(&mut out, self);
        parts::steps(&mut out, self);
        parts::labels(&mut out, self);
        legend.draw(&mut out, self.columns.width, top);
        let column = (MARGIN, self.columns.width - MARGIN - 12.0);
        curves::draw(&mut out, &self.curves, column, below);
        out + "</svg>\n"
    }

    /// The words beside a step.
    pub(super) fn beside(&self, out: &mut String, step: usize) {
        self.blocks[step].draw(out, self.columns.words + 22.0, self.times.blocks[step]);
    }

    /// Where the words of a step stand, if there are any.
    pub(super) fn beside_at(&self, step: usize) -> Option<(f64, f64)> {
        (self.blocks[step].height() > 0.0).then(|| (self.columns.words, self.times.blocks[step]))
    }

    fn opening(&self, height: f64) -> String {
        let (width, height) = (px(self.columns.width), px(height));
        let title = if self.title.is_empty() { "A ladder" } else { self.title.as_str() };
        format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {height}\" \
             width=\"{width}\" height=\"{height}\" role=\"group\" \
             aria-labelledby=\"ladder-title ladder-desc\" font-family=\"{SANS}\">\n\
             <title id=\"ladder-title\">{}</title>\n<desc id=\"ladder-desc\">{}</desc>\n\
             <style>{}</style>\n<rect width=\"{width}\" height=\"{height}\" {}/>\n",
            escaped(title),
            escaped(&self.description()),
            style(),
            Ink::Ground.fill()
        )
    }

    /// The drawing in a few words, for those who do not see it.
    fn description(&self) -> String {
        let names: Vec<&str> = self.told.ends.iter().map(|end| end.name.as_str()).collect();
        let count = |wanted: fn(&Way) -> bool| self.told.ways.iter().filter(|w| wanted(w)).count();
        let lost = count(|way| matches!(way, Way::Lost { .. }));
        let again = self.told.steps.iter().filter(|step| step.repeats.is_some()).count();
        format!(
            "Time runs down between the lifelines of {}. {} steps in {}, of which {lost} lost on \
             the way and {again} sent again.",
            names.join(" and "),
            self.told.steps.len(),
            self.told.length()
        )
    }

    fn captions(&self, out: &mut String) {
        let mut y = MARGIN;
        if !self.title.is_empty() {
            y += 16.0;
            writeln!(
                out,
                "<text x=\"{}\" y=\"{}\" font-size=\"20\" font-weight=\"600\" {}>{}</text>",
                px(MARGIN),
                px(y),
                Ink::Text.fill(),
                escaped(&self.title)
            )
            .expect("a string takes everything");
            y += 10.0;
        }
        for line in &self.caption {
            y += 18.0;
            writeln!(
                out,
                "<text x=\"{}\" y=\"{}\" font-size=\"13.5\" {}>{}</text>",
                px(MARGIN),
                px(y - 4.0),
                Ink::Dim.fill(),
                escaped(line)
            )
            .expect("a string takes everything");
        }
    }
}
