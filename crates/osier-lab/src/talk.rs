//! How far is a program on one connection?
//!
//! A state machine over a socket, of a host of the lab or of a real one. It looks again whenever
//! something happened to the connection or its own alarm is due, does what can be done, and says
//! what it waits for. Every octet that comes is held against the one that must come.

use crate::pattern::{PIECE_MAX, Pattern};
use crate::program::{Say, Script, Tally, Writing, Wrong};
use crate::socket::Socket;
use bytes::Bytes;
use osier_host::Error;
use osier_tcp::{Ending, Text};
use osier_time::Instant;
use std::collections::VecDeque;

/// What an echo may hold that was read and not yet written.
const ECHO_MAX: usize = 1 << 16;

/// One connection, as the program on it sees it.
#[derive(Clone, Debug)]
pub struct Talk {
    /// Which program, by its number.
    pub program: usize,
    /// When it began.
    pub began: Instant,
    /// Octets written.
    pub sent: u64,
    /// Octets read.
    pub received: u64,
    /// The step, and how much of it is done.
    step: usize,
    said: u64,
    pause_until: Option<Instant>,
    read_next: Instant,
    heard: Heard,
    echo: VecDeque<Bytes>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Heard {
    Text,
    End,
}

/// What a talk waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Progress {
    /// An event of the connection, or this time.
    Waits(Option<Instant>),
    /// Nothing: the script is at its end.
    Done,
    /// Nothing: the connection failed.
    Failed(Ending),
}

/// Why a talk looks again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Why {
    /// Something can be written; of what can be read nothing is said.
    Room,
    /// Anything may have happened.
    Any,
}

/// What a talk needs of the world around it.
#[derive(Debug)]
pub struct Surroundings<'a, S: Socket> {
    /// What time it is.
    pub now: Instant,
    /// Its end of the connection.
    pub socket: &'a mut S,
    /// What it is to say.
    pub script: &'a Script,
    /// Which octets are sent, and must come.
    pub pattern: &'a Pattern,
    /// Where it is written down.
    pub tally: &'a mut Tally,
}

/// Whether the script can go on.
enum Step {
    Next,
    Waits(Option<Instant>),
    Failed(Ending),
}

impl Talk {
    /// A connection on which nothing was said yet.
    pub fn begin(now: Instant, program: usize, script: &Script) -> Talk {
        Talk {
            program,
            began: now,
            sent: 0,
            received: 0,
            step: 0,
            said: 0,
            pause_until: None,
            read_next: now + script.reading.after,
            heard: Heard::Text,
            echo: VecDeque::new(),
        }
    }

    /// Does what can be done now.
    pub fn go_on<S: Socket>(&mut self, why: Why, around: &mut Surroundings<'_, S>) -> Progress {
        let mut read_at = None;
        // Who reads at once has read all that there was before.
        if why == Why::Any || !around.script.reading.is_at_once() {
            match self.read(around) {
                Ok(at) => read_at = at,
                Err(ending) => return Progress::Failed(ending),
            }
        }
        loop {
            let Some(say) = around.script.says.get(self.step).copied() else {
                around.socket.release(around.now);
                return Progress::Done;
            };
            let stalled = self.is_stalled();
            match self.say(say, around) {
                // What was written back made room to read on.
                Step::Waits(_) if stalled && !self.is_stalled() => match self.read(around) {
                    Ok(at) => read_at = at,
                    Err(ending) => return Progress::Failed(ending),
                },
                Step::Next => (self.step, self.said, self.pause_until) = (self.step + 1, 0, None),
                Step::Waits(at) => {
                    return Progress::Waits(at.into_iter().chain(read_at).min());
                }
                Step::Failed(ending) => return Progress::Failed(ending),
            }
        }
    }

    /// Whether an echo holds so much that it does not read on.
    fn is_stalled(&self) -> bool {
        self.echo.iter().map(Bytes::len).sum::<usize>() >= ECHO_MAX
    }

    /// Reads what there is, as fast as the script allows; says when to read on.
    fn read<S: Socket>(
        &mut self,
        around: &mut Surroundings<'_, S>,
    ) -> Result<Option<Instant>, Ending> {
        let reading = around.script.reading;
        while self.heard == Heard::Text {
            if around.now < self.read_next {
                return Ok(Some(self.read_next));
            }
            if self.is_stalled() {
                return Ok(None);
            }
            match around.socket.read(around.now, reading.octets) {
                Text::Got(text) => {
                    self.hear(&text, around);
                    if around.script.says.get(self.step) == Some(&Say::Echo) {
                        self.echo.push_back(text);
                    }
                }
                Text::NotYet => return Ok(None),
                Text::End => self.hear_end(around),
                Text::Broken(ending) => return Err(ending),
            }
            if !reading.every.is_zero() {
                self.read_next = around.now + reading.every;
            }
        }
        Ok(None)
    }

    fn hear<S: Socket>(&mut self, text: &Bytes, around: &mut Surroundings<'_, S>) {
        let script = around.script;
        let place = script.hears_from.wrapping_add(self.received);
        if let Some(at) = around.pattern.differs(place, text) {
            around.tally.wrong.get_or_insert(Wrong::Octet(self.received + at as u64));
        }
        self.received += text.len() as u64;
        around.tally.received += text.len() as u64;
        if script.hears.is_some_and(|all| self.received > all) {
            around.tally.wrong.get_or_insert(Wrong::TooMany(self.received));
        }
    }

    fn hear_end<S: Socket>(&mut self, around: &mut Surroundings<'_, S>) {
        self.heard = Heard::End;
        if around.script.hears.is_some_and(|all| self.received < all) {
            around.tally.wrong.get_or_insert(Wrong::EndTooEarly(self.received));
        }
        // The end stays the end.
        if !matches!(around.socket.read(around.now, 1), Text::End) {
            around.tally.wrong.get_or_insert(Wrong::AfterEnd);
        }
    }

    fn say<S: Socket>(&mut self, say: Say, around: &mut Surroundings<'_, S>) -> Step {
        let now = around.now;
        match say {
            Say::Send(octets) => self.send(octets, around),
            Say::Echo => self.echo(around),
            Say::AwaitOctets(octets) if self.received < octets && self.heard == Heard::Text => {
                Step::Waits(None)
            }
            Say::AwaitEnd if self.heard == Heard::Text => Step::Waits(None),
            Say::AwaitOctets(_) | Say::AwaitEnd => Step::Next,
            Say::Pause(time) => {
                let until = *self.pause_until.get_or_insert(now + time);
                if until > now { Step::Waits(Some(until)) } else { Step::Next }
            }
            Say::Until(at) if at > now => Step::Waits(Some(at)),
            Say::Until(_) => Step::Next,
            Say::Hold => Step::Waits(None),
            Say::Shutdown => match around.socket.shutdown(now) {
                Ok(()) => Step::Next,
                Err(error) => failed(error),
            },
            Say::Abort => {
                around.socket.abort(now);
                Step::Failed(Ending::Aborted)
            }
        }
    }

    fn send<S: Socket>(&mut self, octets: u64, around: &mut Surroundings<'_, S>) -> Step {
        let piece = match around.script.writing {
            Writing::Copied(octets) | Writing::Shared(octets) => octets.clamp(1, PIECE_MAX),
        };
        while self.said < octets {
            let wanted = (octets - self.said).min(piece as u64) as usize;
            let place = around.script.sends_from.wrapping_add(self.sent);
            let mut text = around.pattern.at(place, wanted);
            let written = match around.script.writing {
                Writing::Copied(_) => around.socket.write_copied(&text),
                Writing::Shared(_) => around.socket.write_shared(&mut text),
            };
            match written {
                Ok(taken) => {
                    self.said += taken as u64;
                    self.sent += taken as u64;
                    around.tally.sent += taken as u64;
                }
                Err(Error::WouldBlock) => return Step::Waits(None),
                Err(error) => return failed(error),
            }
        }
        Step::Next
    }

    fn echo<S: Socket>(&mut self, around: &mut Surroundings<'_, S>) -> Step {
        loop {
            let Some(text) = self.echo.front_mut() else {
                return if self.heard == Heard::End { Step::Next } else { Step::Waits(None) };
            };
            match around.socket.write_shared(text) {
                Ok(taken) => {
                    self.sent += taken as u64;
                    around.tally.sent += taken as u64;
                }
                Err(Error::WouldBlock) => return Step::Waits(None),
                Err(error) => return failed(error),
            }
            if text.is_empty() {
                self.echo.pop_front();
            }
        }
    }
}

/// A verb was refused: the connection is over.
fn failed(error: Error) -> Step {
    match error {
        Error::Ended(ending) => Step::Failed(ending),
        _ => Step::Failed(Ending::Aborted),
    }
}
