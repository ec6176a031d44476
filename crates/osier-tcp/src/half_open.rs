//! stub: becomes handshake/passive.rs
use crate::config::{Config, Opening};
use crate::connection::Connection;
use crate::reason::Notes;
use crate::segment::{Arrived, Segment, Transmit};
use osier_time::Instant;

/// What a listener makes of a segment (RFC 9293 §3.10.7.2).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Admission {
    /// A SYN: make a [`HalfOpen`] of it.
    Syn,
    /// Answer with this RST.
    Reset(Transmit),
    /// Do nothing.
    Ignore,
}

/// Where a half-open connection stands after an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Progress {
    /// Still half open; `poll_transmit` may have an answer.
    Waiting,
    /// The segment ends the handshake: make a connection with [`HalfOpen::complete`].
    Complete,
    /// Over: forget it (reset by the peer or given up).
    Over,
}

/// LISTEN: looks at a segment that reached a listener.
pub fn examine(segment: &Segment) -> Admission {
    let _ = segment;
    todo!()
}

/// A passive SYN-RECEIVED: small, since there may be many.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HalfOpen {}

#[expect(clippy::todo, unused_variables, clippy::needless_pass_by_value, reason = "stubs")]
impl HalfOpen {
    /// A SYN met a listener; the next transmit is the SYN,ACK.
    pub fn new(
        now: Instant,
        syn: &Segment,
        config: &Config,
        opening: Opening,
        notes: &mut Notes,
    ) -> Self {
        todo!()
    }
    /// A segment of this handshake arrived.
    pub fn on_segment(&mut self, now: Instant, segment: &Segment, notes: &mut Notes) -> Progress {
        todo!()
    }
    /// Time has reached `next_deadline`: the SYN,ACK goes out again, or it is over.
    pub fn on_deadline(&mut self, now: Instant, config: &Config, notes: &mut Notes) -> Progress {
        todo!()
    }
    /// Makes the connection, and gives it the segment that ended the handshake.
    pub fn complete(
        &self,
        now: Instant,
        segment: Segment,
        arrived: Arrived,
        config: &Config,
        notes: &mut Notes,
    ) -> Connection {
        todo!()
    }
    /// The SYN,ACK or an ACK, if one is owed.
    pub fn poll_transmit(&mut self, now: Instant, config: &Config) -> Option<Transmit> {
        todo!()
    }
    /// When the SYN,ACK is due again.
    pub fn next_deadline(&self) -> Instant {
        todo!()
    }
}
