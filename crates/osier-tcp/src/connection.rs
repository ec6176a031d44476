//! Through which doors does the world reach a connection?
//!
//! Four kinds, as everywhere in osier: `on_*` says that something happened; plain verbs are the
//! user's calls (RFC 9293 §3.9.1); `poll_*` and `next_deadline` hand out what is to be done; the
//! rest are getters. Feed a batch of inputs, drain [`Connection::poll_event`], then take
//! [`Connection::poll_transmit`] only while the device has room; then wait for the next input or
//! for [`Connection::next_deadline`]. An input never sends: it records what is owed, and
//! `transmit.rs` alone turns that into segments.

use crate::config::{Config, Opening};
use crate::event::{Ending, Event};
use crate::reason::Notes;
use crate::segment::{Arrived, IcmpKind, Segment, Transmit};
use crate::state::State;
use crate::time_wait::TimeWait;
use bytes::Bytes;
use osier_time::Instant;
use osier_wire::SeqNumber;

/// One TCP connection, from the first SYN that we send or the end of a passive handshake on.
#[derive(Clone, Debug)]
pub struct Connection {}

/// What a read finds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Text<T> {
    /// Text.
    Got(T),
    /// Nothing now; [`Event::Readable`] will follow.
    NotYet,
    /// The end: the peer has closed and everything was read.
    End,
    /// There will be no more: the connection was broken off.
    Broken(Ending),
}

/// Why a write is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WriteError {
    /// We have closed: a FIN is queued or sent.
    Closing,
    /// The connection was broken off or has ended.
    Broken(Ending),
}

#[expect(clippy::todo, unused_variables, clippy::needless_pass_by_value, reason = "stubs")]
impl Connection {
    /// Opens actively (RFC 9293 §3.9.1.1): the next transmit is a SYN.
    pub fn connect(now: Instant, config: &Config, opening: Opening, notes: &mut Notes) -> Self {
        todo!()
    }

    /// A segment arrived (RFC 9293 §3.10.7); its checksum is good and it belongs here.
    pub fn on_segment(
        &mut self,
        now: Instant,
        segment: Segment,
        arrived: Arrived,
        notes: &mut Notes,
    ) {
        todo!()
    }

    /// An ICMP error quotes a segment of ours whose SEG.SEQ was `quoted_seq` (RFC 5927).
    pub fn on_icmp(
        &mut self,
        now: Instant,
        kind: IcmpKind,
        quoted_seq: SeqNumber,
        notes: &mut Notes,
    ) {
        todo!()
    }

    /// The path takes TCP segments of at most `octets`, header included.
    pub fn on_path_mtu(&mut self, now: Instant, octets: u16, notes: &mut Notes) {
        todo!()
    }

    /// Time has reached [`Connection::next_deadline`].
    pub fn on_deadline(&mut self, now: Instant, notes: &mut Notes) {
        todo!()
    }

    /// Queues a copy of `text` and says how much was taken; 0 where the buffer is full, and
    /// [`Event::Writable`] will follow.
    pub fn write(&mut self, text: &[u8]) -> Result<usize, WriteError> {
        todo!()
    }

    /// Queues `chunk` without a copy. Takes what fits from its front and says how much that was.
    pub fn write_chunk(&mut self, chunk: &mut Bytes) -> Result<usize, WriteError> {
        todo!()
    }

    /// Copies text into `into`.
    pub fn read(&mut self, now: Instant, into: &mut [u8]) -> Text<usize> {
        todo!()
    }

    /// Takes up to `max` octets of text, without a copy: a slice of the frame they came in.
    pub fn read_chunk(&mut self, now: Instant, max: usize) -> Text<Bytes> {
        todo!()
    }

    /// Copies text into `into` and leaves it to be read again.
    pub fn peek(&self, into: &mut [u8]) -> Text<usize> {
        todo!()
    }

    /// We will write no more: queues a FIN behind what was written (RFC 9293 §3.9.1.4, CLOSE).
    pub fn close(&mut self, now: Instant, notes: &mut Notes) {
        todo!()
    }

    /// The user is gone: closes, and resets where text is or will be left unread (RFC 1122
    /// §4.2.2.13). The connection ends by itself from here.
    pub fn release(&mut self, now: Instant, notes: &mut Notes) {
        todo!()
    }

    /// Breaks the connection off with a RST (RFC 9293 §3.9.1.5, ABORT).
    pub fn abort(&mut self, now: Instant, notes: &mut Notes) {
        todo!()
    }

    /// The next segment to send, if any.
    pub fn poll_transmit(&mut self, now: Instant, notes: &mut Notes) -> Option<Transmit> {
        todo!()
    }

    /// Whether [`Connection::poll_transmit`] may have something: cheap, and `false` is certain.
    pub fn wants_transmit(&self) -> bool {
        todo!()
    }

    /// The next event, if any.
    pub fn poll_event(&mut self) -> Option<Event> {
        todo!()
    }

    /// When [`Connection::on_deadline`] is to be called, if ever.
    pub fn next_deadline(&self) -> Option<Instant> {
        todo!()
    }

    /// After [`Event::TimeWait`]: what the host keeps in the connection's place.
    pub fn time_wait(&self) -> Option<TimeWait> {
        todo!()
    }

    /// The state (RFC 9293 §3.3.2).
    pub fn state(&self) -> State {
        todo!()
    }

    /// How the connection ended, once it has.
    pub fn ending(&self) -> Option<Ending> {
        todo!()
    }
}
