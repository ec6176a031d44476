//! In which column does everything stand?
//!
//! A margin for the step's number and time, then the lifelines at equal distances, the last in the
//! last column. Words stand between the first lifeline and the last.

use crate::look::{MAX_ENDS, MAX_WIDTH, Towards};

/// The number of a step, its time, and a space.
const MARGIN: usize = 12;

/// The least distance between two lifelines: an arrow, and the cross and word of a lost one.
const MIN_DISTANCE: usize = 10;

/// The narrowest drawing, however few lifelines: room for three words beside each other.
const MIN_WIDTH: usize = 40;

/// How far words stand away from the lifelines.
pub(super) const INDENT: usize = 5;

#[derive(Clone, Debug)]
pub(super) struct Layout {
    pub(super) width: usize,
    ends: usize,
}

impl Layout {
    /// For two ends or more.
    pub(super) fn new(ends: usize, width: usize) -> Self {
        debug_assert!((2..=MAX_ENDS).contains(&ends));
        let least = MIN_WIDTH.max(MARGIN + 1 + MIN_DISTANCE * (ends - 1));
        Layout { width: width.clamp(least, MAX_WIDTH), ends }
    }

    pub(super) fn margin(&self) -> usize {
        MARGIN
    }

    /// `end`, or the last one where there are not so many.
    pub(super) fn end(&self, end: usize) -> usize {
        end.min(self.ends - 1)
    }

    /// The column of a lifeline.
    pub(super) fn column(&self, end: usize) -> usize {
        MARGIN + end * (self.width - 1 - MARGIN) / (self.ends - 1)
    }

    /// The distance to the next lifeline, on the side where an end's states are written.
    pub(super) fn distance(&self, end: usize) -> usize {
        let left = end.min(self.ends - 2);
        self.column(left + 1) - self.column(left)
    }

    /// How wide the lines above a lifeline may be.
    pub(super) fn name_width(&self, end: usize) -> usize {
        let half = self.distance(end) / 2;
        if end == 0 || end + 1 == self.ends { half } else { half * 2 - 2 }
    }

    /// On which side of its lifeline a note is written: where there is more room.
    pub(super) fn note_side(&self, end: usize) -> Towards {
        let (first, column, last) = (self.column(0), self.column(end), self.column(self.ends - 1));
        if last - column >= column - first { Towards::Right } else { Towards::Left }
    }

    /// How wide a note may be: up to the far end, past lifelines between, but for its mark and a
    /// space on either side.
    pub(super) fn note_width(&self, end: usize) -> usize {
        let (first, column, last) = (self.column(0), self.column(end), self.column(self.ends - 1));
        (last - column).max(column - first) - 6
    }

    /// Where words begin.
    pub(super) fn text_start(&self) -> usize {
        self.column(0) + INDENT
    }

    /// How wide words may be.
    pub(super) fn text_width(&self) -> usize {
        self.column(self.ends - 1) - 2 - self.text_start()
    }
}
