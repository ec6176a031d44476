//! Where on its arrow does a label stand, so that no label lies upon another?
//!
//! A label is turned along its arrow. What it takes is held to be a strip as wide as the label
//! were if it lay level, so that whether two strips meet is arithmetic of straight lines.

use crate::text::{clip, width};

/// How wide a column of a label is, on the safe side for the typefaces of `ink.rs`.
pub(super) const COLUMN: f64 = 7.3;

/// A strip along a straight line.
#[derive(Clone, Copy, Debug)]
pub(super) struct Strip {
    pub(super) left: f64,
    pub(super) right: f64,
    /// The upper edge at `left`.
    pub(super) top: f64,
    /// By how much it falls for each pixel to the right.
    pub(super) slope: f64,
    pub(super) height: f64,
}

/// An arrow, from the left to the right.
#[derive(Clone, Copy, Debug)]
pub(super) struct Shaft {
    pub(super) left: (f64, f64),
    pub(super) right: (f64, f64),
    /// Where the sender is.
    pub(super) from: Side,
}

/// Where the sender of an arrow is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Side {
    Left,
    Right,
}

/// A label and its place: the middle of its base line, and where that leads.
#[derive(Clone, Debug)]
pub(super) struct Label {
    pub(super) text: String,
    pub(super) middle: (f64, f64),
    /// A pixel along the base line.
    pub(super) along: (f64, f64),
    /// Whether it is the label as a whole.
    pub(super) is_whole: bool,
    /// What it takes.
    pub(super) strip: Strip,
}

/// What is already there.
#[derive(Debug, Default)]
pub(super) struct Taken {
    /// Arrows, upon which words should not lie.
    shafts: Vec<Strip>,
    /// Words, upon which words must not lie.
    words: Vec<Strip>,
}

/// Free of words and arrows, or at least of words.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Need {
    Nothing,
    NoWords,
}

impl Strip {
    fn top_at(&self, x: f64) -> f64 {
        self.top + (x - self.left) * self.slope
    }

    pub(super) fn meets(&self, other: &Strip) -> bool {
        let (left, right) = (self.left.max(other.left), self.right.min(other.right));
        if left >= right {
            return false;
        }
        let apart = |x: f64| self.top_at(x) - other.top_at(x);
        let (one, two) = (apart(left), apart(right));
        let below = one >= other.height && two >= other.height;
        let above = one <= -self.height && two <= -self.height;
        !(below || above)
    }
}

impl Shaft {
    fn slope(&self) -> f64 {
        let run = self.right.0 - self.left.0;
        if run > 0.0 { (self.right.1 - self.left.1) / run } else { 0.0 }
    }

    fn at(&self, x: f64) -> f64 {
        self.left.1 + (x - self.left.0) * self.slope()
    }

    /// The strip whose edges are so far from the line, downwards.
    fn strip(&self, left: f64, right: f64, edges: (f64, f64)) -> Strip {
        let slope = self.slope();
        let upright = (1.0 + slope * slope).sqrt();
        let (top, height) = (self.at(left) + edges.0 * upright, (edges.1 - edges.0) * upright);
        Strip { left, right, top, slope, height }
    }

    /// Room for words between its ends.
    fn room(&self) -> f64 {
        (self.right.0 - self.left.0 - 2.0 * EDGE).max(0.0)
    }
}

/// From the end of an arrow to its label.
const EDGE: f64 = 16.0;

/// The edges of words above their arrow and their base line, and of words below it.
const ABOVE: ((f64, f64), f64) = ((-16.0, -3.5), -5.0);
const BELOW: ((f64, f64), f64) = ((4.0, 16.5), 14.0);

impl Taken {
    /// An arrow is there.
    pub(super) fn shaft(&mut self, shaft: &Shaft) {
        self.shafts.push(shaft.strip(shaft.left.0, shaft.right.0, (-1.0, 1.0)));
    }

    /// Words are there.
    pub(super) fn words(&mut self, words: Strip) {
        self.words.push(words);
    }

    /// Finds a place for a label: in the middle if that is free, else nearer to an end, else
    /// upon another arrow, else for as much of it as has a place.
    pub(super) fn place(&mut self, text: &str, shaft: &Shaft) -> Option<Label> {
        let room = (shaft.room() / COLUMN) as usize;
        let mut piece = shortened(text, room);
        while !piece.is_empty() {
            for need in [Need::Nothing, Need::NoWords] {
                if let Some(mut label) = self.place_piece(&piece, shaft, need) {
                    label.is_whole = piece == text;
                    return Some(label);
                }
            }
            let less = width(&piece) * 2 / 3;
            piece = if less < 4 { String::new() } else { shortened(&piece, less) };
        }
        None
    }

    fn place_piece(&mut self, text: &str, shaft: &Shaft, need: Need) -> Option<Label> {
        let wide = width(text) as f64 * COLUMN;
        let (first, last) = (shaft.left.0 + EDGE, shaft.right.0 - EDGE - wide);
        let (near, far) = match shaft.from {
            Side::Left => (first, last),
            Side::Right => (last, first),
        };
        let at = |part: f64| near + (far - near) * part;
        let parts = match need {
            Need::Nothing => [0.5, 0.25, 0.0, 0.75, 1.0],
            // Near the sender it is plainest whose label it is.
            Need::NoWords => [0.0, 0.25, 0.5, 0.75, 1.0],
        };
        for (edges, drop) in [ABOVE, BELOW] {
            for left in parts.map(at) {
                let strip = shaft.strip(left, left + wide, edges);
                if self.free(&strip, need) {
                    self.words.push(strip);
                    let (x, slope) = (left + wide / 2.0, shaft.slope());
                    let long = (1.0 + slope * slope).sqrt();
                    let along = (1.0 / long, slope / long);
                    let middle = (x - along.1 * drop, shaft.at(x) + along.0 * drop);
                    let text = text.to_owned();
                    return Some(Label { text, middle, along, is_whole: true, strip });
                }
            }
        }
        None
    }

    /// The first of these level strips that is free of everything; the first where none is. Words
    /// come there.
    pub(super) fn first_free(&mut self, strips: &[Strip]) -> Option<Strip> {
        let free = strips.iter().find(|strip| self.free(strip, Need::Nothing));
        let found = free.or(strips.first()).copied();
        self.words.extend(found);
        found
    }

    fn free(&self, strip: &Strip, need: Need) -> bool {
        let meets = |other: &Strip| strip.meets(other);
        !self.words.iter().any(meets) && (need == Need::NoWords || !self.shafts.iter().any(meets))
    }
}

/// Clean text, cut where it is wider than `room` columns.
pub(super) fn shortened(text: &str, room: usize) -> String {
    if width(text) <= room {
        return text.to_owned();
    }
    match room.checked_sub(1) {
        None => String::new(),
        Some(room) => clip(text, room).trim_end().to_owned() + "…",
    }
}
