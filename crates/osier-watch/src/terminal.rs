//! How does the terminal become a window, and how is it given back?
//!
//! Raw mode and the second screen, taken on the way in and given back on every way out: a key, an
//! error, a panic, a signal. In between a picture, a key, a picture.

use crate::look::Look;
use crate::model::{Key, Model, Wish};
use crate::player::Player;
use crate::screen::Screen;
use crate::view;
use crossterm::cursor::{Hide, Show};
use crossterm::event::{self, Event, KeyCode, KeyEvent, KeyEventKind, KeyModifiers};
use crossterm::execute;
use crossterm::terminal::{
    EnterAlternateScreen, LeaveAlternateScreen, disable_raw_mode, enable_raw_mode,
};
use ratatui_core::terminal::Terminal;
use std::io::{self, IsTerminal, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

/// Between two pictures while time passes.
const PICTURE: Duration = Duration::from_millis(33);

/// Between two looks whether a signal has come.
const LOOK: Duration = Duration::from_millis(200);

/// Whether the terminal is ours at this moment.
static OURS: AtomicBool = AtomicBool::new(false);

/// How the window was closed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Left {
    /// By its key.
    Done,
    /// By Ctrl-C or a signal.
    Interrupted,
}

/// Why there is no window.
#[derive(Debug)]
pub enum Trouble {
    /// Standard input or output is no terminal.
    NoTerminal,
    /// The terminal does not do what it was asked for.
    Io(io::Error),
}

impl From<io::Error> for Trouble {
    fn from(error: io::Error) -> Trouble {
        Trouble::Io(error)
    }
}

/// Shows a run until the window is closed.
///
/// # Errors
/// [`Trouble`], with the terminal as it was before.
pub fn watch(player: Player, look: Look) -> Result<Left, Trouble> {
    if !io::stdin().is_terminal() || !io::stdout().is_terminal() {
        return Err(Trouble::NoTerminal);
    }
    let asked = Arc::new(AtomicBool::new(false));
    for signal in [signal_hook::consts::SIGTERM, signal_hook::consts::SIGHUP] {
        signal_hook::flag::register(signal, Arc::clone(&asked))?;
    }
    restore_at_panics();
    let window = Window::open()?;
    let left = attend(&mut Model::new(player), look, &asked);
    drop(window);
    Ok(left?)
}

/// The terminal while it is ours.
struct Window;

impl Window {
    fn open() -> io::Result<Window> {
        OURS.store(true, Ordering::SeqCst);
        // Whatever of it succeeds is taken back when this is dropped.
        let window = Window;
        enable_raw_mode()?;
        execute!(io::stdout(), EnterAlternateScreen, Hide)?;
        Ok(window)
    }
}

impl Drop for Window {
    fn drop(&mut self) {
        restore();
    }
}

/// Gives the terminal back, once.
fn restore() {
    if OURS.swap(false, Ordering::SeqCst) {
        // A terminal that has gone cannot be given back, and nobody is left to be told.
        let _ = execute!(io::stdout(), LeaveAlternateScreen, Show);
        let _ = disable_raw_mode();
    }
}

/// Whoever reports a panic finds the terminal as it was.
fn restore_at_panics() {
    let before = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        restore();
        before(panic);
    }));
}

fn attend(model: &mut Model, look: Look, asked: &AtomicBool) -> io::Result<Left> {
    let mut terminal = Terminal::new(Screen::new(io::BufWriter::new(io::stdout())))?;
    let mut before = Instant::now();
    loop {
        terminal.draw(|frame| view::draw(model, look, frame.buffer_mut()))?;
        let patience = if model.is_moving() { PICTURE } else { LOOK };
        while !event::poll(patience)? && !model.is_moving() {
            if asked.load(Ordering::SeqCst) {
                return Ok(Left::Interrupted);
            }
        }
        // As many keys as there are, so that one that is held down does not run ahead.
        while event::poll(Duration::ZERO)? {
            let Some(key) = key(&event::read()?) else { continue };
            match model.on_key(key) {
                Wish::None => {}
                Wish::Leave => return Ok(Left::Done),
                Wish::Interrupted => return Ok(Left::Interrupted),
                Wish::Write { path, text } => model.tell(write(&path, &text)),
            }
        }
        if asked.load(Ordering::SeqCst) {
            return Ok(Left::Interrupted);
        }
        let now = Instant::now();
        let passed = u64::try_from((now - before).as_nanos()).unwrap_or(u64::MAX);
        before = now;
        model.on_time(osier_time::Duration::from_nanos(passed));
    }
}

/// Writes a file that is not there yet; says how to run it, or why it was not written.
fn write(path: &str, text: &str) -> String {
    let file = std::fs::OpenOptions::new().write(true).create_new(true).open(path);
    match file.and_then(|mut file| file.write_all(text.as_bytes())) {
        Ok(()) => format!("saved: `osier lab run {path}` plays it again"),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
            format!("{path} is there already: s, and another name")
        }
        Err(error) => format!("{path} was not written: {error}"),
    }
}

/// A key of ours; `None`: the size has changed, or it is none of ours.
fn key(event: &Event) -> Option<Key> {
    let Event::Key(KeyEvent { code, modifiers, kind, .. }) = event else { return None };
    if *kind == KeyEventKind::Release {
        return None;
    }
    if modifiers.intersects(KeyModifiers::CONTROL | KeyModifiers::ALT) {
        return (*code == KeyCode::Char('c')).then_some(Key::Interrupt);
    }
    Some(match code {
        KeyCode::Char(letter) => Key::Char(*letter),
        KeyCode::Left => Key::Left,
        KeyCode::Right => Key::Right,
        KeyCode::Up => Key::Up,
        KeyCode::Down => Key::Down,
        KeyCode::PageUp => Key::PageUp,
        KeyCode::PageDown => Key::PageDown,
        KeyCode::Home => Key::Home,
        KeyCode::End => Key::End,
        KeyCode::Tab => Key::Tab,
        KeyCode::BackTab => Key::BackTab,
        KeyCode::Enter => Key::Enter,
        KeyCode::Esc => Key::Escape,
        KeyCode::Backspace => Key::Backspace,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::{OURS, restore_at_panics, write};
    use std::sync::atomic::Ordering;

    #[test]
    fn a_panic_is_reported_on_a_terminal_that_was_given_back() {
        std::panic::set_hook(Box::new(|_| {
            assert!(!OURS.load(Ordering::SeqCst), "it is given back before it is reported");
        }));
        restore_at_panics();
        OURS.store(true, Ordering::SeqCst);
        let panicked = std::panic::catch_unwind(|| panic!("on purpose"));
        let given_back = !OURS.load(Ordering::SeqCst);
        let _ = std::panic::take_hook();
        assert!(panicked.is_err() && given_back);
    }

    #[test]
    fn a_file_that_is_there_already_is_not_overwritten() {
        let path = std::env::temp_dir().join(format!("osier-watch-{}.toml", std::process::id()));
        let path = path.to_str().expect("a path of letters");
        assert!(write(path, "one").starts_with("saved"));
        assert!(write(path, "two").contains("is there already"));
        assert_eq!(std::fs::read_to_string(path).expect("it was written"), "one");
        std::fs::remove_file(path).expect("it is ours");
    }
}
