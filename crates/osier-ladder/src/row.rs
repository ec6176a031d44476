//! What stands in each column of one row?
//!
//! A row is as wide as the drawing and no cell lies outside it, which is why no line can. A
//! character of two columns takes two cells, and neither half can be left behind alone.

use crate::look::{Paint, Style};
use crate::text::column_width;
use std::ops::Range;

#[derive(Clone, Copy, Debug)]
struct Cell {
    glyph: Glyph,
    paint: Paint,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Glyph {
    One(char),
    /// The left half of a wide character.
    Wide(char),
    /// The right half of it.
    Half,
}

const BLANK: Cell = Cell { glyph: Glyph::One(' '), paint: Paint::Text };

/// One row of a drawing.
#[derive(Clone, Debug)]
pub(crate) struct Row {
    cells: Vec<Cell>,
}

impl Row {
    pub(crate) fn new(width: usize) -> Self {
        Row { cells: vec![BLANK; width] }
    }

    /// Writes clean text from `column` on, as much as fits into the row.
    pub(crate) fn put(&mut self, column: usize, text: &str, paint: Paint) {
        let mut column = column;
        for c in text.chars() {
            match column_width(c) {
                1 => self.set(column, Glyph::One(c), paint),
                2 if column + 1 < self.cells.len() => {
                    self.set(column, Glyph::Wide(c), paint);
                    self.set(column + 1, Glyph::Half, paint);
                }
                _ => return,
            }
            column += column_width(c);
        }
    }

    /// Writes clean text that ends before `end`.
    pub(crate) fn put_before(&mut self, end: usize, text: &str, paint: Paint) {
        self.put(end.saturating_sub(crate::text::width(text)), text, paint);
    }

    pub(crate) fn fill(&mut self, columns: Range<usize>, glyph: char, paint: Paint) {
        for column in columns {
            self.set(column, Glyph::One(glyph), paint);
        }
    }

    pub(crate) fn is_blank(&self, columns: Range<usize>) -> bool {
        self.cells.get(columns).is_some_and(|cells| cells.iter().all(|c| c.glyph == BLANK.glyph))
    }

    fn set(&mut self, column: usize, glyph: Glyph, paint: Paint) {
        let Some(cell) = self.cells.get(column) else { return };
        match (cell.glyph, glyph) {
            (Glyph::Half, new) if new != Glyph::Half => self.cells[column - 1] = BLANK,
            (Glyph::Wide(_), _) => self.cells[column + 1] = BLANK,
            _ => {}
        }
        self.cells[column] = Cell { glyph, paint };
    }

    /// The row as a line, without blanks at its end.
    pub(crate) fn write_to(&self, out: &mut String, style: Style) {
        let end = self.cells.iter().rposition(|c| c.glyph != BLANK.glyph || is_inverse(c.paint));
        let mut current = String::new();
        for cell in &self.cells[..end.map_or(0, |last| last + 1)] {
            if style == Style::Colour {
                let wanted = cell.paint.sgr();
                if wanted != current {
                    out.push_str("\x1b[0");
                    if !wanted.is_empty() {
                        out.push(';');
                        out.push_str(&wanted);
                    }
                    out.push('m');
                    current = wanted;
                }
            }
            match cell.glyph {
                Glyph::One(c) | Glyph::Wide(c) => out.push(c),
                Glyph::Half => {}
            }
        }
        if !current.is_empty() {
            out.push_str("\x1b[0m");
        }
        out.push('\n');
    }
}

/// Whether a blank of that paint is seen.
fn is_inverse(paint: Paint) -> bool {
    matches!(paint, Paint::State(_))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(row: &Row, style: Style) -> String {
        let mut out = String::new();
        row.write_to(&mut out, style);
        out
    }

    #[test]
    fn nothing_is_written_outside_a_row() {
        let mut row = Row::new(5);
        row.put(3, "abc", Paint::Text);
        row.put(9, "x", Paint::Text);
        assert_eq!(line(&row, Style::Plain), "   ab\n");
        let mut row = Row::new(5);
        row.put(4, "漢", Paint::Text);
        assert_eq!(line(&row, Style::Plain), "\n");
    }

    #[test]
    fn half_a_wide_character_does_not_stay_behind() {
        let mut row = Row::new(5);
        row.put(0, "漢字", Paint::Text);
        row.put(1, "x", Paint::Text);
        assert_eq!(line(&row, Style::Plain), " x字\n");
        row.put(2, "y", Paint::Text);
        assert_eq!(line(&row, Style::Plain), " xy\n");
    }

    #[test]
    fn colour_is_switched_where_it_changes_and_off_at_the_end() {
        let mut row = Row::new(5);
        row.put(0, "ab", Paint::Line(0));
        assert_eq!(line(&row, Style::Colour), "\x1b[0;36mab\x1b[0m\n");
        row.put(2, "c", Paint::Text);
        assert_eq!(line(&row, Style::Colour), "\x1b[0;36mab\x1b[0mc\n");
        assert_eq!(line(&row, Style::Plain), "abc\n");
    }
}
