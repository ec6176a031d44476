//! How does the tour look in a terminal?
//!
//! 80 columns; colour where there is a terminal that wants it; ASCII alone where the user asks for
//! it. Each step is printed as it happens, and with `--step` the tour then waits for Enter.

use super::Args;
use osier_ladder::{Drawer, End, Glyphs, Look, Step, Style};
use std::io::{self, BufRead, IsTerminal, Write};

/// Columns of the tour.
const WIDTH: usize = 80;

/// What is printed where.
#[derive(Debug)]
pub(crate) struct Screen {
    look: Look,
    drawer: Drawer,
    enter: Enter,
}

/// Whether Enter is waited for after a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Enter {
    Awaited,
    NotAwaited,
}

impl Screen {
    /// A screen for a ladder between these ends.
    pub(crate) fn new(args: &Args, ends: &[End]) -> Self {
        let look = look(args);
        let enter = if args.step { Enter::Awaited } else { Enter::NotAwaited };
        Screen { look, drawer: Drawer::new(ends, look), enter }
    }

    /// The heads of the lifelines.
    pub(crate) fn open(&self) {
        print!("{}", self.drawer.header());
    }

    /// The next step.
    pub(crate) fn step(&mut self, step: &Step) {
        print!("{}", self.drawer.step(step));
        self.await_enter();
    }

    /// The feet of the lifelines.
    pub(crate) fn close(&self) {
        print!("{}", self.drawer.footer());
    }

    /// A paragraph within the width, and room below it.
    pub(crate) fn say(&self, text: &str) {
        self.lines(text);
        println!();
    }

    /// A paragraph within the width.
    pub(crate) fn lines(&self, text: &str) {
        for line in wrapped(&written(text, self.look.glyphs), WIDTH) {
            println!("{line}");
        }
    }

    /// A command to be copied: where it is too wide, it goes on in the next line as a shell has it.
    pub(crate) fn command(&self, text: &str) {
        let lines = wrapped(&written(text, self.look.glyphs), WIDTH - 6);
        println!("  {}", lines.join(" \\\n    "));
    }

    /// Waits for Enter, if that was asked for; at the end of the input the tour goes on by itself.
    fn await_enter(&mut self) {
        if self.enter == Enter::NotAwaited {
            return;
        }
        print!("[Enter] ");
        // What cannot be flushed now is printed with the next line.
        let _ = io::stdout().flush();
        let read = io::stdin().lock().read_line(&mut String::new());
        if !matches!(read, Ok(n) if n > 0) {
            self.enter = Enter::NotAwaited;
            println!();
        } else if !io::stdin().is_terminal() {
            println!();
        } else if self.look.style == Style::Colour {
            // The terminal has gone to the next line by the Enter; the prompt is wiped away.
            print!("\x1b[1A\x1b[2K");
        }
    }
}

fn look(args: &Args) -> Look {
    let asked_not_to = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
    let dumb = std::env::var_os("TERM").is_none_or(|term| term.is_empty() || term == "dumb");
    let colour = io::stdout().is_terminal() && !asked_not_to && !dumb && !args.plain;
    Look {
        width: WIDTH,
        glyphs: if args.plain { Glyphs::Ascii } else { Glyphs::Unicode },
        style: if colour { Style::Colour } else { Style::Plain },
    }
}

/// `text` in lines of at most `width` columns. Our own prose: each character takes one.
fn wrapped(text: &str, width: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    for word in text.split_whitespace() {
        let line = lines.last_mut().expect("there is always a line");
        if line.is_empty() {
            line.push_str(word);
        } else if line.chars().count() + 1 + word.chars().count() <= width {
            line.push(' ');
            line.push_str(word);
        } else {
            lines.push(word.to_owned());
        }
    }
    lines
}

/// The characters beyond ASCII that our prose uses, where only ASCII is wanted.
fn written(text: &str, glyphs: Glyphs) -> String {
    if glyphs == Glyphs::Unicode {
        return text.to_owned();
    }
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            'µ' => out.push('u'),
            '§' => out.push_str("sec. "),
            _ if c.is_ascii() => out.push(c),
            _ => out.push('?'),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prose_keeps_to_the_width_and_loses_no_word() {
        let text = "the quick brown fox jumps over the lazy dog and on it goes for a while";
        let lines = wrapped(text, 20);
        assert!(lines.iter().all(|line| line.chars().count() <= 20), "{lines:?}");
        assert_eq!(lines.join(" "), text);
    }

    #[test]
    fn plain_prose_is_ascii() {
        assert_eq!(written("RFC 9293 §3.6, 40 µs", Glyphs::Ascii), "RFC 9293 sec. 3.6, 40 us");
        assert!(written("ö→…", Glyphs::Ascii).is_ascii());
    }
}
