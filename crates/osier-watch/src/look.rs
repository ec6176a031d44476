//! In which colours and characters is the window drawn?
//!
//! Where colours are unwanted (NO_COLOR) what they say is said by bold, reverse and underline, and
//! by brackets; where Unicode is unwanted, by ASCII alone.

use osier_ladder::Glyphs;
use ratatui_core::buffer::Buffer;
use ratatui_core::style::{Color, Modifier, Style};

/// How the window looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Look {
    /// The characters.
    pub glyphs: Glyphs,
    /// Whether it is coloured.
    pub style: osier_ladder::Style,
}

impl Look {
    fn colour(self, colour: Color) -> Style {
        match self.style {
            osier_ladder::Style::Colour => Style::new().fg(colour),
            osier_ladder::Style::Plain => Style::new(),
        }
    }

    /// The first line.
    pub(crate) fn title(self) -> Style {
        Style::new().add_modifier(Modifier::BOLD)
    }

    /// What is not so important.
    pub(crate) fn dim(self) -> Style {
        Style::new().add_modifier(Modifier::DIM)
    }

    /// The state in which a connection is; the packet that is chosen.
    pub(crate) fn lit(self) -> Style {
        self.colour(Color::Green).add_modifier(Modifier::BOLD | Modifier::REVERSED)
    }

    /// The state that it has left last.
    pub(crate) fn left(self) -> Style {
        self.colour(Color::Yellow).add_modifier(Modifier::UNDERLINED)
    }

    /// A packet that is under way.
    pub(crate) fn packet(self) -> Style {
        self.colour(Color::Cyan).add_modifier(Modifier::BOLD)
    }

    /// What is lost, or was refused.
    pub(crate) fn bad(self) -> Style {
        self.colour(Color::Red).add_modifier(Modifier::BOLD)
    }

    /// The names of layers and of the parts of the window.
    pub(crate) fn head(self) -> Style {
        self.colour(Color::Cyan)
    }

    /// What ladders say in the colours of a terminal (ECMA-48 SGR), as a style.
    pub(crate) fn of_sgr(self, parameters: &str) -> Style {
        parameters.split(';').fold(Style::new(), |style, parameter| match parameter {
            "1" => style.add_modifier(Modifier::BOLD),
            "2" => style.add_modifier(Modifier::DIM),
            "7" => style.add_modifier(Modifier::REVERSED),
            "31" => style.fg(Color::Red),
            "32" => style.fg(Color::Green),
            "34" => style.fg(Color::Blue),
            "35" => style.fg(Color::Magenta),
            "36" => style.fg(Color::Cyan),
            _ => style,
        })
    }

    /// Where only ASCII is wanted, everything else is replaced by what comes near it.
    pub(crate) fn finish(self, buffer: &mut Buffer) {
        if self.glyphs == Glyphs::Unicode {
            return;
        }
        for cell in &mut buffer.content {
            let symbol = cell.symbol();
            if !symbol.is_ascii() {
                let near = match symbol {
                    "─" | "╌" => "-",
                    "│" | "┊" | "├" | "┤" => "|",
                    "►" | "→" => ">",
                    "◄" | "←" => "<",
                    "↑" => "^",
                    "↓" | "▼" => "v",
                    "✗" | "×" => "x",
                    "█" => "#",
                    "░" => ".",
                    "·" | "…" => ".",
                    "§" => "S",
                    "µ" => "u",
                    "↔" => "-",
                    _ if "┌┐└┘┬┴┼╭╮╯╰".contains(symbol) => "+",
                    _ => "?",
                };
                cell.set_symbol(near);
            }
        }
    }
}
