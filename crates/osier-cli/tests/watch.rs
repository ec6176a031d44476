//! Does `osier lab watch` open a window in a real terminal, and give it back on every way out?
//!
//! The terminal is a pseudo-terminal of the kernel's, whose other end is here: keys go in, and what
//! comes out is searched for the words that must be readable.

use rustix::fs::{Mode, OFlags, open};
use rustix::process::{Pid, Signal, kill_process};
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{LocalModes, Winsize, tcgetattr, tcsetwinsize};
use std::fs::File;
use std::io::{Read, Write};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::{Duration, Instant};

/// Longer than any machine takes for one picture.
const PATIENCE: Duration = Duration::from_secs(60);

/// A pseudo-terminal, and the command in it.
struct Terminal {
    child: Child,
    keys: File,
    /// The end that the command has, held open so that its modes can be looked at afterwards.
    line: File,
    said: Receiver<Vec<u8>>,
    /// Everything that was written.
    seen: Vec<u8>,
}

/// What a reader sees who was sent this: characters where they were put, in rows. Colours and modes
/// are not looked at.
fn screen(written: &[u8]) -> String {
    let mut rows = vec![vec![' '; 80]; 24];
    let (mut x, mut y) = (0, 0);
    let text = String::from_utf8_lossy(written);
    let mut rest = text.chars();
    while let Some(c) = rest.next() {
        if c != '\x1b' {
            if let Some(cell) = rows.get_mut(y).and_then(|row: &mut Vec<char>| row.get_mut(x)) {
                *cell = c;
            }
            x += 1;
            continue;
        }
        let parameters: String = rest.by_ref().take_while(|c| !c.is_ascii_alphabetic()).collect();
        // Of the commands with two numbers only the one that moves is ever sent.
        let numbers = parameters.trim_start_matches('[').split_once(';');
        let numbers = numbers.and_then(|(row, column)| {
            Some((row.parse::<usize>().ok()?, column.parse::<usize>().ok()?))
        });
        if let Some((row, column)) = numbers {
            (y, x) = (row.saturating_sub(1), column.saturating_sub(1));
        }
    }
    rows.into_iter().map(|row| row.into_iter().collect::<String>() + "\n").collect()
}

impl Terminal {
    fn open(words: &[&str], folder: &PathBuf) -> Terminal {
        let keys = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).expect("there are terminals");
        grantpt(&keys).and_then(|()| unlockpt(&keys)).expect("it is ours");
        let name = ptsname(&keys, Vec::new()).expect("it has a name");
        let line = open(name, OFlags::RDWR | OFlags::NOCTTY, Mode::empty()).expect("it opens");
        let size = Winsize { ws_row: 24, ws_col: 80, ws_xpixel: 0, ws_ypixel: 0 };
        tcsetwinsize(&line, size).expect("it has a size");
        let (keys, line) = (File::from(keys), File::from(line));
        let end = || Stdio::from(line.try_clone().expect("it can be shared"));
        let child = Command::new(env!("CARGO_BIN_EXE_osier"))
            .args(words)
            .current_dir(folder)
            .env("TERM", "xterm-256color")
            .env_remove("NO_COLOR")
            .stdin(end())
            .stdout(end())
            .stderr(end())
            .spawn()
            .expect("the command runs");
        let (sender, said) = channel();
        let mut output = keys.try_clone().expect("it can be shared");
        std::thread::spawn(move || {
            let mut some = vec![0; 4_096];
            while let Ok(len @ 1..) = output.read(&mut some) {
                if sender.send(some[..len].to_vec()).is_err() {
                    return;
                }
            }
        });
        Terminal { child, keys, line, said, seen: Vec::new() }
    }

    /// Waits until this is so of everything that was written.
    fn until(&mut self, what: &str, is_so: impl Fn(&[u8]) -> bool) {
        let begun = Instant::now();
        while !is_so(&self.seen) {
            match self.said.recv_timeout(PATIENCE.saturating_sub(begun.elapsed())) {
                Ok(more) => self.seen.extend(more),
                Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => {
                    let _ = self.child.kill();
                    panic!("`{what}` is not to be seen:\n{}", screen(&self.seen));
                }
            }
        }
    }

    /// Waits until these words can be read on the screen.
    fn shows(&mut self, words: &str) {
        self.until(words, |written| screen(written).contains(words));
    }

    /// Presses keys, and waits for what can be read then.
    fn press(&mut self, keys: &str, words: &str) {
        self.keys.write_all(keys.as_bytes()).expect("it is open");
        self.shows(words);
    }

    /// Whether what is typed is echoed and edited by lines, as shells want it.
    fn is_given_back(&self) -> bool {
        let modes = tcgetattr(&self.line).expect("it is a terminal").local_modes;
        modes.contains(LocalModes::ICANON | LocalModes::ECHO)
    }

    fn ends(mut self) -> Option<i32> {
        // The last thing written: the first screen again, and its cursor.
        let back = "\x1b[?1049l";
        self.until(back, |written| String::from_utf8_lossy(written).contains(back));
        let code = self.child.wait().expect("it ends").code();
        assert!(self.is_given_back(), "raw mode is left");
        code
    }
}

/// A folder of one test alone, empty.
fn folder(name: &str) -> PathBuf {
    let path = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(name);
    let _ = std::fs::remove_dir_all(&path);
    std::fs::create_dir_all(&path).expect("the folder is ours");
    path
}

#[test]
fn a_segment_is_dropped_by_key_and_what_is_saved_runs_the_same() {
    let folder = folder("watch-saves");
    let mut window = Terminal::open(&["lab", "watch", "half-close", "--seed", "3"], &folder);
    window.shows("[SYN-SENT]");
    assert!(!window.is_given_back(), "the window reads keys, not lines");
    window.press("?", "step to the next packet");
    window.press("x", "[SYN-SENT]");
    window.press("p", "[SYN-RECEIVED]");
    window.press("d", "when server sends the 1st segment to client: drop");
    window.press("s", "save as: ");
    window.press("\r", "plays it again");
    window.keys.write_all(b"q").expect("it is open");
    assert_eq!(window.ends(), Some(0));

    let file = folder.join("half-close-played.toml");
    let output = Command::new(env!("CARGO_BIN_EXE_osier"))
        .args(["lab", "run", "--seed", "3", "--plain"])
        .arg(&file)
        .output()
        .expect("the command runs");
    let said = String::from_utf8_lossy(&output.stdout);
    assert_eq!(output.status.code(), Some(0), "{said}");
    assert!(said.contains("lost by a rule of the scenario"), "{said}");
}

#[test]
fn ctrl_c_and_a_signal_end_it_with_130_and_the_terminal_as_it_was() {
    let folder = folder("watch-ends");
    let mut window = Terminal::open(&["lab", "watch", "syn-lost"], &folder);
    window.shows("[SYN-SENT]");
    window.keys.write_all(b"\x03").expect("it is open");
    assert_eq!(window.ends(), Some(130));

    let mut window = Terminal::open(&["lab", "watch", "syn-lost", "--plain"], &folder);
    window.shows("[SYN-SENT]");
    let pid = Pid::from_child(&window.child);
    kill_process(pid, Signal::TERM).expect("it is ours");
    assert_eq!(window.ends(), Some(130));
}

#[test]
fn without_a_terminal_it_says_what_does_without_one() {
    let output = Command::new(env!("CARGO_BIN_EXE_osier"))
        .args(["lab", "watch", "syn-lost"])
        .stdin(Stdio::null())
        .output()
        .expect("the command runs");
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(3), "{said}");
    assert!(said.contains("no terminal") && said.contains("`osier lab run syn-lost`"), "{said}");
    let output = Command::new(env!("CARGO_BIN_EXE_osier"))
        .args(["lab", "watch", "no-such-scenario"])
        .output()
        .expect("the command runs");
    assert_eq!(output.status.code(), Some(2));
}
