//! A stream of bytes in one direction, over one connection: one copy in and one copy out, or none.

use super::pair::{Pair, Side, unexpected};
use super::setup::{Copies, Setup};
use crate::exit::{Failure, Outcome};
use bytes::Bytes;
use osier_host::{ConnectionId, Event};
use osier_tcp::Text;
use osier_time::Duration;

/// What is written in one call. Prime, so that neither segments nor buffers divide it and a piece
/// in the wrong place shows.
const WRITTEN: usize = 65_521;

/// What is read in one call at most.
const READ: usize = 65_536;

/// How long one batch takes: 96 kB at about 40 Gbit/s.
const BATCH_TIME: Duration = Duration::from_micros(20);

/// Bytes of the pass that looks at every one of them: it sends more than the largest window.
const VERIFIED: u64 = 16 << 20;

/// What is done with the bytes that were read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Payload {
    /// They are counted.
    Counted,
    /// Each is held against the one that was written.
    Verified,
}

/// A client that writes and a server that reads.
pub(super) struct Bulk {
    pair: Pair,
    client: ConnectionId,
    server: ConnectionId,
    copies: Copies,
    text: Bytes,
    buffer: Vec<u8>,
    written: u64,
    read: u64,
}

impl Bulk {
    pub(super) fn begin(setup: &Setup) -> Result<Bulk, Failure> {
        let mut pair = Pair::new(setup)?;
        let (client, server) = pair.open()?;
        let (text, buffer) = (Bytes::from(pattern()), vec![0; READ]);
        let copies = setup.copies;
        Ok(Bulk { pair, client, server, copies, text, buffer, written: 0, read: 0 })
    }

    /// Moves so many bytes more.
    pub(super) fn advance(&mut self, bytes: u64, payload: Payload) -> Outcome {
        let target = self.read + bytes;
        self.write(target)?;
        while self.read < target {
            let crossed = self.pair.cross(Side::Client);
            while let Some(event) = self.pair.event(Side::Server) {
                match event {
                    Event::Readable(_) => self.read(payload)?,
                    event => return Err(unexpected(&event)),
                }
            }
            let acknowledged = self.pair.cross(Side::Server);
            while let Some(event) = self.pair.event(Side::Client) {
                match event {
                    Event::Writable(_) => self.write(target)?,
                    event => return Err(unexpected(&event)),
                }
            }
            // Where both wait it is for an alarm, and the time until then costs nothing.
            let idle = crossed + acknowledged == 0;
            self.pair.pass(if idle { Duration::from_millis(1) } else { BATCH_TIME });
        }
        Ok(())
    }

    fn write(&mut self, target: u64) -> Outcome {
        while self.written < target {
            let from = (self.written % WRITTEN as u64) as usize;
            let wanted = usize::try_from(target - self.written).unwrap_or(usize::MAX);
            let range = from..WRITTEN.min(from.saturating_add(wanted));
            let (by, id) = (Side::Client, self.client);
            let taken = match self.copies {
                Copies::Both => self.pair.write(by, id, &self.text[range])?,
                Copies::None => self.pair.write_chunk(by, id, &mut self.text.slice(range))?,
            };
            if taken == 0 {
                break;
            }
            self.written += taken as u64;
        }
        Ok(())
    }

    fn read(&mut self, payload: Payload) -> Outcome {
        loop {
            let (by, id) = (Side::Server, self.server);
            let read = match self.copies {
                Copies::Both => match self.pair.read(by, id, &mut self.buffer) {
                    Text::Got(len) => self.look(&self.buffer[..len], payload)?,
                    Text::NotYet => return Ok(()),
                    ended => return Err(unexpected(&ended)),
                },
                Copies::None => match self.pair.read_chunk(by, id, READ) {
                    Text::Got(text) => self.look(&text, payload)?,
                    Text::NotYet => return Ok(()),
                    ended => return Err(unexpected(&ended)),
                },
            };
            self.read += read;
        }
    }

    /// Does with text what is to be done with it, and says how much it is.
    fn look(&self, text: &[u8], payload: Payload) -> Result<u64, Failure> {
        if payload == Payload::Verified {
            self.verify(text)?;
        }
        Ok(text.len() as u64)
    }

    /// Holds what was just read against what was written.
    fn verify(&self, text: &[u8]) -> Outcome {
        let (from, len) = ((self.read % WRITTEN as u64) as usize, text.len());
        let written = self.text[from..].iter().chain(self.text.iter().cycle());
        match text.iter().eq(written.take(len)) {
            true => Ok(()),
            false => Err(unexpected(&format!("wrong bytes after {} octets", self.read))),
        }
    }
}

/// One pass that looks at every byte; it is not measured.
pub(super) fn verify(setup: &Setup) -> Outcome {
    Bulk::begin(setup)?.advance(VERIFIED, Payload::Verified)
}

/// Bytes without a short period, the same in every run.
fn pattern() -> Vec<u8> {
    let step = |state: &u32| Some(state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223));
    let states = std::iter::successors(Some(71), step);
    states.map(|state| (state >> 24) as u8).take(WRITTEN).collect()
}
