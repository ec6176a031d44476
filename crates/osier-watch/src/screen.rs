//! How do cells come onto a terminal?
//!
//! ratatui-core says which cells differ from what is shown; here they become the terminal's own
//! commands, written by crossterm. Sixteen colours at most, which follow the reader's theme.

use crossterm::cursor::{Hide, MoveTo, Show};
use crossterm::queue;
use crossterm::style::{Attribute, Color as Paint, Print, SetAttribute, SetForegroundColor};
use crossterm::terminal::{Clear, ClearType as Clears, size};
use ratatui_core::backend::{Backend, ClearType, WindowSize};
use ratatui_core::buffer::Cell;
use ratatui_core::layout::{Position, Size};
use ratatui_core::style::{Color, Modifier};
use std::io::{self, Write};

/// A terminal behind a writer.
#[derive(Debug)]
pub(crate) struct Screen<W> {
    out: W,
    at: Position,
}

impl<W: Write> Screen<W> {
    pub(crate) fn new(out: W) -> Screen<W> {
        Screen { out, at: Position::ORIGIN }
    }

    fn style(&mut self, (colour, modifier): (Color, Modifier)) -> io::Result<()> {
        queue!(self.out, SetAttribute(Attribute::Reset))?;
        let known = [
            (Modifier::BOLD, Attribute::Bold),
            (Modifier::DIM, Attribute::Dim),
            (Modifier::UNDERLINED, Attribute::Underlined),
            (Modifier::REVERSED, Attribute::Reverse),
        ];
        for (_, attribute) in known.iter().filter(|(bit, _)| modifier.contains(*bit)) {
            queue!(self.out, SetAttribute(*attribute))?;
        }
        let paint = match colour {
            Color::Red => Paint::DarkRed,
            Color::Green => Paint::DarkGreen,
            Color::Yellow => Paint::DarkYellow,
            Color::Blue => Paint::DarkBlue,
            Color::Magenta => Paint::DarkMagenta,
            Color::Cyan => Paint::DarkCyan,
            _ => return Ok(()),
        };
        queue!(self.out, SetForegroundColor(paint))
    }
}

impl<W: Write> Backend for Screen<W> {
    type Error = io::Error;

    fn draw<'a, I>(&mut self, content: I) -> io::Result<()>
    where
        I: Iterator<Item = (u16, u16, &'a Cell)>,
    {
        let mut style = (Color::Reset, Modifier::empty());
        let mut next = None;
        queue!(self.out, SetAttribute(Attribute::Reset))?;
        for (x, y, cell) in content {
            if next != Some((x, y)) {
                queue!(self.out, MoveTo(x, y))?;
            }
            // A wide character: the terminal goes on two columns further, and is told where.
            next = cell.symbol().is_ascii().then_some((x + 1, y));
            if (cell.fg, cell.modifier) != style {
                style = (cell.fg, cell.modifier);
                self.style(style)?;
            }
            queue!(self.out, Print(cell.symbol()))?;
        }
        queue!(self.out, SetAttribute(Attribute::Reset))
    }

    fn hide_cursor(&mut self) -> io::Result<()> {
        queue!(self.out, Hide)
    }

    fn show_cursor(&mut self) -> io::Result<()> {
        queue!(self.out, Show)
    }

    /// Where we have put it: nobody asks the terminal, whose answer may never come.
    fn get_cursor_position(&mut self) -> io::Result<Position> {
        Ok(self.at)
    }

    fn set_cursor_position<P: Into<Position>>(&mut self, position: P) -> io::Result<()> {
        self.at = position.into();
        queue!(self.out, MoveTo(self.at.x, self.at.y))
    }

    fn clear(&mut self) -> io::Result<()> {
        queue!(self.out, SetAttribute(Attribute::Reset), Clear(Clears::All))
    }

    fn clear_region(&mut self, clear_type: ClearType) -> io::Result<()> {
        let what = match clear_type {
            ClearType::All => Clears::All,
            ClearType::AfterCursor => Clears::FromCursorDown,
            ClearType::BeforeCursor => Clears::FromCursorUp,
            ClearType::CurrentLine => Clears::CurrentLine,
            ClearType::UntilNewLine => Clears::UntilNewLine,
        };
        queue!(self.out, Clear(what))
    }

    fn size(&self) -> io::Result<Size> {
        let (width, height) = size()?;
        Ok(Size { width, height })
    }

    fn window_size(&mut self) -> io::Result<WindowSize> {
        let pixels = Size { width: 0, height: 0 };
        Ok(WindowSize { columns_rows: self.size()?, pixels })
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

#[cfg(test)]
mod tests {
    use super::Screen;
    use ratatui_core::backend::Backend;
    use ratatui_core::buffer::Buffer;
    use ratatui_core::layout::Rect;
    use ratatui_core::style::{Color, Modifier, Style};

    #[test]
    fn neighbours_are_written_in_one_go_and_styles_end_where_they_end() {
        let mut buffer = Buffer::empty(Rect::new(0, 0, 8, 1));
        buffer.set_string(0, 0, "ab", Style::new());
        let red = Style::new().fg(Color::Red).add_modifier(Modifier::REVERSED);
        buffer.set_string(2, 0, "c", red);
        buffer.set_string(3, 0, "d", Style::new());
        let mut out = Vec::new();
        let cells = buffer.content.iter().enumerate().take(4);
        let cells = cells.map(|(x, cell)| (x as u16, 0, cell));
        Screen::new(&mut out).draw(cells).expect("memory takes it");
        let text = String::from_utf8(out).expect("commands are text");
        assert!(text.contains("\x1b[1;1Hab\x1b["), "{text:?}");
        assert!(text.contains("\x1b[7m\x1b[38;5;1mc\x1b[0md"), "{text:?}");
        assert!(text.ends_with("\x1b[0m"), "{text:?}");
    }
}
