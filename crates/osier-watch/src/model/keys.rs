//! Which key does what?
//!
//! The table that `?` shows is here, beside the keys that it describes.

use super::{Dialog, Model, Pace, Pane, Question, SPEEDS, Way};
use crate::player::{Deal, Mark};
use osier_lab::scenario::time;

/// A key, whichever terminal it came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Key {
    /// A letter, a digit, a sign.
    Char(char),
    /// An arrow.
    Left,
    /// An arrow.
    Right,
    /// An arrow.
    Up,
    /// An arrow.
    Down,
    /// A page up.
    PageUp,
    /// A page down.
    PageDown,
    /// To the beginning.
    Home,
    /// To the end.
    End,
    /// The tabulator.
    Tab,
    /// The tabulator with shift.
    BackTab,
    /// Return.
    Enter,
    /// Escape.
    Escape,
    /// Deletes what was typed last.
    Backspace,
    /// Ctrl-C.
    Interrupt,
}

/// What has to be done outside.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Wish {
    /// Nothing.
    None,
    /// The window is closed.
    Leave,
    /// The window is closed by Ctrl-C.
    Interrupted,
    /// This is to be written into a file that does not exist yet.
    Write {
        /// The file.
        path: String,
        /// What is to be in it.
        text: String,
    },
}

/// Keys, and what each does.
pub(crate) const TABLE: [(&str, &str); 19] = [
    ("p  e  t", "step to the next packet, event, timer"),
    ("P  E  T", "… back to the one before"),
    ("→  ←", "the same step again, forward and back"),
    ("space", "let time pass, or stop it"),
    ("+  -", "faster, slower"),
    (">  <", "scrub: a fiftieth of the whole forward, back"),
    ("Home  End", "to the beginning, to the end"),
    ("Tab", "choose the next packet that is under way (shift: the one before)"),
    ("]  [", "look into the next packet, the one before"),
    ("d", "drop the chosen packet"),
    ("l", "let it arrive later: asks for how much"),
    ("u", "duplicate it"),
    ("c", "corrupt it: one bit arrives wrong"),
    ("r", "reorder: the next one of its direction overtakes it"),
    ("z", "take the last of these back"),
    ("s", "save what was played as a scenario"),
    ("v  ↑ ↓", "ladder or packet; scroll"),
    ("h  n", "other hosts; another connection of theirs"),
    ("?  q", "this table; leave"),
];

/// Lines of a page.
const PAGE: usize = 10;

/// What a typed line has at most.
const TYPED_MAX: usize = 200;

impl Model {
    /// A key was pressed.
    pub fn on_key(&mut self, key: Key) -> Wish {
        if key == Key::Interrupt {
            return Wish::Interrupted;
        }
        match std::mem::replace(&mut self.dialog, Dialog::None) {
            Dialog::None => self.on_command(key),
            Dialog::Help => match key {
                Key::Char('q') => Wish::Leave,
                _ => Wish::None,
            },
            Dialog::Asks(question, typed) => self.on_typed(key, question, typed),
        }
    }

    fn on_command(&mut self, key: Key) -> Wish {
        match key {
            Key::Char('q') => return Wish::Leave,
            Key::Char('?') => self.dialog = Dialog::Help,
            Key::Char(letter) => self.on_letter(letter),
            Key::Right => self.forward(self.stride),
            Key::Left => self.back(self.stride),
            Key::Home => {
                self.player.go_to(0);
                self.pace = Pace::Paused;
                self.said.clear();
                self.settle();
            }
            Key::End => self.pace = Pace::Hurries,
            Key::Tab => self.choose(Way::Forward),
            Key::BackTab => self.choose(Way::Back),
            Key::Up => self.roll(Way::Back, 1),
            Key::Down => self.roll(Way::Forward, 1),
            Key::PageUp => self.roll(Way::Back, PAGE),
            Key::PageDown => self.roll(Way::Forward, PAGE),
            Key::Escape => self.pace = Pace::Paused,
            Key::Enter | Key::Backspace | Key::Interrupt => {}
        }
        Wish::None
    }

    fn on_letter(&mut self, letter: char) {
        match letter {
            'p' => self.forward(Mark::Packet),
            'e' => self.forward(Mark::Event),
            't' => self.forward(Mark::Timer),
            'P' => self.back(Mark::Packet),
            'E' => self.back(Mark::Event),
            'T' => self.back(Mark::Timer),
            ' ' => {
                self.pace = match self.pace {
                    Pace::Paused => Pace::Plays,
                    Pace::Plays | Pace::Hurries => Pace::Paused,
                };
                self.said.clear();
            }
            '+' | '=' => self.speed = (self.speed + 1).min(SPEEDS.len() - 1),
            '-' => self.speed = self.speed.saturating_sub(1),
            '>' | '.' => self.scrub(Way::Forward),
            '<' | ',' => self.scrub(Way::Back),
            ']' => self.leaf(Way::Forward),
            '[' => self.leaf(Way::Back),
            'd' => self.deal(Deal::Drop),
            'u' => self.deal(Deal::Duplicate),
            'c' => self.deal(Deal::Corrupt),
            'r' => self.deal(Deal::Reorder),
            'l' => self.ask(Question::Delay, "1s".to_owned()),
            's' => {
                let name = self.player.scenario().name();
                self.ask(Question::File, format!("{name}-played.toml"));
            }
            'z' => {
                let undone = self.player.undo();
                self.said = undone.unwrap_or_else(|| "nothing was done that could be".to_owned());
                self.settle();
            }
            'v' => {
                self.pane = match self.pane {
                    Pane::Ladder => Pane::Packet,
                    Pane::Packet => Pane::Ladder,
                };
                self.scroll = 0;
            }
            'h' => self.first = (self.first + 1) % self.hosts().len().max(1),
            'n' => self.which = self.which.wrapping_add(1),
            other => self.said = format!("{other} does nothing: ? shows what does"),
        }
    }

    fn ask(&mut self, question: Question, proposal: String) {
        self.pace = Pace::Paused;
        self.dialog = Dialog::Asks(question, proposal);
    }

    fn on_typed(&mut self, key: Key, question: Question, mut typed: String) -> Wish {
        match key {
            Key::Enter => return self.answered(question, typed),
            Key::Escape => return Wish::None,
            Key::Backspace => _ = typed.pop(),
            Key::Char(letter) if typed.len() < TYPED_MAX => typed.push(letter),
            _ => {}
        }
        self.dialog = Dialog::Asks(question, typed);
        Wish::None
    }

    fn answered(&mut self, question: Question, typed: String) -> Wish {
        match question {
            Question::Delay => match time(&typed) {
                Ok(by) => self.deal(Deal::Delay(by)),
                Err(why) => {
                    self.said = why;
                    self.dialog = Dialog::Asks(question, typed);
                }
            },
            Question::File => match self.player.saved() {
                Ok(text) => return Wish::Write { path: typed, text },
                Err(mistake) => self.said = mistake.to_string(),
            },
        }
        Wish::None
    }

    /// The ladder is read from its end, a packet from its beginning.
    fn roll(&mut self, way: Way, lines: usize) {
        let up = match self.pane {
            Pane::Ladder => Way::Back,
            Pane::Packet => Way::Forward,
        };
        self.scroll = match way == up {
            true => self.scroll.saturating_add(lines),
            false => self.scroll.saturating_sub(lines),
        };
    }
}
