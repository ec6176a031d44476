//! How does a ladder look: how wide, in which characters, with which colours?
//!
//! Colours are the sixteen of every terminal (ECMA-48 SGR), so that they follow the reader's theme.

use crate::ladder::Band;

/// The widest drawing, in columns; a wider wish is held to it.
pub const MAX_WIDTH: usize = 400;

/// The most lifelines that are drawn; ends beyond them share the last one.
pub const MAX_ENDS: usize = 16;

/// How a ladder is to look.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Look {
    /// The widest line, in columns; held between what the lifelines need (13 and 10 for each but
    /// the first, but at least 40) and [`MAX_WIDTH`].
    pub width: usize,
    /// Which characters are used.
    pub glyphs: Glyphs,
    /// Whether it is coloured.
    pub style: Style,
}

impl Default for Look {
    /// 80 columns, Unicode, no colour.
    fn default() -> Self {
        Look { width: 80, glyphs: Glyphs::Unicode, style: Style::Plain }
    }
}

/// Which characters are used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Glyphs {
    /// Box drawing, arrow heads, and text as it is.
    Unicode,
    /// ASCII alone; other characters of a text are written with its means, or as `?`.
    Ascii,
}

/// Whether a drawing is coloured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Style {
    /// No escape sequence at all.
    Plain,
    /// ANSI colours: one for each end, which its arrows share.
    Colour,
}

/// What a cell belongs to, from which its colour follows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Paint {
    Text,
    Label,
    Dim,
    Lost,
    Repeat,
    /// A lifeline or an arrow of this end.
    Line(usize),
    /// The name of a state of this end.
    State(usize),
}

impl Paint {
    /// The parameters of the SGR sequence; empty where the terminal's own colour serves.
    pub(crate) fn sgr(self) -> String {
        /// Cyan, magenta, green, blue: legible on dark and on light ground.
        const COLOURS: [u8; 4] = [36, 35, 32, 34];
        match self {
            Paint::Text => String::new(),
            Paint::Label => "1".into(),
            Paint::Dim => "2".into(),
            Paint::Lost => "1;31".into(),
            Paint::Repeat => "31".into(),
            Paint::Line(end) => COLOURS[end % COLOURS.len()].to_string(),
            Paint::State(end) => format!("1;7;{}", COLOURS[end % COLOURS.len()]),
        }
    }
}

/// Where an arrow points.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Towards {
    Left,
    Right,
}

impl Glyphs {
    fn pick(self, unicode: char, ascii: char) -> char {
        match self {
            Glyphs::Unicode => unicode,
            Glyphs::Ascii => ascii,
        }
    }

    pub(crate) fn lifeline(self, band: Band) -> char {
        match band {
            Band::Dotted => self.pick('┊', ':'),
            Band::Thin => self.pick('│', '|'),
            Band::Thick => self.pick('┃', '#'),
        }
    }

    /// A lifeline with something attached to its side.
    pub(crate) fn tee(self, band: Band, side: Towards) -> char {
        match (band, side) {
            (Band::Dotted | Band::Thin, Towards::Right) => self.pick('├', '+'),
            (Band::Dotted | Band::Thin, Towards::Left) => self.pick('┤', '+'),
            (Band::Thick, Towards::Right) => self.pick('┠', '+'),
            (Band::Thick, Towards::Left) => self.pick('┨', '+'),
        }
    }

    pub(crate) fn head(self, towards: Towards) -> char {
        match towards {
            Towards::Left => self.pick('◄', '<'),
            Towards::Right => self.pick('►', '>'),
        }
    }

    /// Where a sloped arrow turns down.
    pub(crate) fn turn_down(self, towards: Towards) -> char {
        match towards {
            Towards::Left => self.pick('╭', '.'),
            Towards::Right => self.pick('╮', '.'),
        }
    }

    /// Where a sloped arrow turns level again.
    pub(crate) fn turn_level(self, towards: Towards) -> char {
        match towards {
            Towards::Left => self.pick('╯', '\''),
            Towards::Right => self.pick('╰', '\''),
        }
    }

    pub(crate) fn shaft(self) -> char {
        self.pick('─', '-')
    }

    pub(crate) fn lost_shaft(self) -> char {
        self.pick('╌', '-')
    }

    pub(crate) fn in_flight(self) -> char {
        self.pick('│', '|')
    }

    pub(crate) fn crossing(self) -> char {
        self.pick('┼', '+')
    }

    pub(crate) fn cross(self) -> char {
        self.pick('✗', 'X')
    }

    pub(crate) fn fold(self) -> char {
        self.pick('⋮', '~')
    }

    pub(crate) fn note(self) -> char {
        self.pick('●', '*')
    }

    pub(crate) fn top(self) -> char {
        self.pick('┬', '+')
    }

    pub(crate) fn bottom(self) -> char {
        self.pick('┴', '+')
    }

    pub(crate) fn back(self) -> char {
        self.pick('↑', '^')
    }
}
