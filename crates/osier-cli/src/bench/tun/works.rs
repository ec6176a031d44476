//! What is done over the device: a stream in, a stream out, requests and responses.
//!
//! One connection, opened by osier, to a program on the kernel's sockets ([`Part`]).

use super::Direction;
use super::far::{ALL_WELL, Checker, Part, READ, WRITTEN, pattern};
use super::stack::{Packets, Stack, unexpected};
use crate::exit::{Failure, Outcome};
use osier_host::{ConnectionId, Error, Event};
use osier_tcp::Text;
use std::net::SocketAddr;

/// Octets of the pass that looks at every one of them: it sends more than the largest window.
pub(super) const VERIFIED: u64 = 16 << 20;

/// What is done with octets that were read.
#[derive(Debug)]
pub(super) enum Payload {
    /// They are counted.
    Counted,
    /// Each is held against the one that was sent.
    Verified(Checker),
}

/// A host that is at it.
#[derive(Debug)]
pub(super) struct Work {
    stack: Stack,
    id: ConnectionId,
    direction: Direction,
    text: Vec<u8>,
    buffer: Vec<u8>,
    /// Octets that passed, or exchanges.
    done: u64,
}

impl Direction {
    /// What the program at the kernel's side does while it is measured.
    pub(super) const fn part(self) -> Part {
        match self {
            Direction::In => Part::Source,
            Direction::Out => Part::Sink,
            Direction::Rr => Part::Echo,
        }
    }

    /// What it does in the pass that looks at every octet; an echo always does.
    pub(super) const fn verifying(self) -> Option<Part> {
        match self {
            Direction::In => Some(Part::Source),
            Direction::Out => Some(Part::Check(VERIFIED)),
            Direction::Rr => None,
        }
    }
}

impl Work {
    /// Opens the connection.
    pub(super) fn begin(
        mut stack: Stack,
        direction: Direction,
        far: SocketAddr,
    ) -> Result<Work, Failure> {
        let id = stack.connect(far)?;
        let (text, buffer) = (pattern(), vec![0; READ]);
        Ok(Work { stack, id, direction, text, buffer, done: 0 })
    }

    /// What has passed since the start.
    pub(super) fn packets(&self) -> Packets {
        self.stack.packets
    }

    /// Does so many units more: octets, or exchanges.
    pub(super) fn advance(&mut self, units: u64) -> Outcome {
        match self.direction {
            Direction::In => self.take(units, &mut Payload::Counted),
            Direction::Out => self.send(units),
            Direction::Rr => (0..units).try_for_each(|n| self.exchange(n as u8)),
        }
    }

    /// A pass of a stream in which every octet is looked at.
    pub(super) fn verify(&mut self) -> Outcome {
        match self.direction {
            Direction::In => self.take(VERIFIED, &mut Payload::Verified(Checker::default())),
            Direction::Out => {
                self.send(VERIFIED)?;
                match self.hear()? {
                    ALL_WELL => Ok(()),
                    other => Err(unexpected(&other)),
                }
            }
            Direction::Rr => Ok(()),
        }
    }

    fn take(&mut self, octets: u64, payload: &mut Payload) -> Outcome {
        let target = self.done + octets;
        while self.done < target {
            let now = self.stack.turn()?;
            while let Some(event) = self.stack.host.poll_event() {
                if event != Event::Readable(self.id) {
                    return Err(unexpected(&event));
                }
                while let Text::Got(len) = self.stack.host.read(now, self.id, &mut self.buffer) {
                    if let Payload::Verified(checker) = payload {
                        checker.take(&self.buffer[..len]).map_err(|what| unexpected(&what))?;
                    }
                    self.done += len as u64;
                }
            }
        }
        Ok(())
    }

    fn send(&mut self, octets: u64) -> Outcome {
        let target = self.done + octets;
        self.write(target)?;
        while self.done < target {
            self.stack.turn()?;
            while let Some(event) = self.stack.host.poll_event() {
                match event {
                    Event::Writable(_) => self.write(target)?,
                    event => return Err(unexpected(&event)),
                }
            }
        }
        Ok(())
    }

    fn write(&mut self, target: u64) -> Outcome {
        while self.done < target {
            let from = (self.done % WRITTEN as u64) as usize;
            let wanted = usize::try_from(target - self.done).unwrap_or(usize::MAX);
            let text = &self.text[from..WRITTEN.min(from.saturating_add(wanted))];
            match self.stack.host.write(self.id, text) {
                Ok(0) | Err(Error::WouldBlock) => break,
                Ok(taken) => self.done += taken as u64,
                Err(error) => return Err(unexpected(&error)),
            }
        }
        Ok(())
    }

    fn exchange(&mut self, byte: u8) -> Outcome {
        match self.stack.host.write(self.id, &[byte]) {
            Ok(1) => (),
            other => return Err(unexpected(&other)),
        }
        let heard = self.hear()?;
        self.done += 1;
        if heard == !byte { Ok(()) } else { Err(unexpected(&heard)) }
    }

    /// The next octet.
    fn hear(&mut self) -> Result<u8, Failure> {
        let mut into = [0; 16];
        loop {
            let now = self.stack.turn()?;
            while let Some(event) = self.stack.host.poll_event() {
                if !matches!(event, Event::Readable(_) | Event::Writable(_)) {
                    return Err(unexpected(&event));
                }
            }
            match self.stack.host.read(now, self.id, &mut into) {
                Text::Got(1) => return Ok(into[0]),
                Text::NotYet => (),
                other => return Err(unexpected(&other)),
            }
        }
    }
}
