//! stub: becomes close/time_wait.rs
use crate::config::Config;
use crate::reason::Notes;
use crate::segment::{Segment, Transmit};
use osier_time::Instant;

/// TIME-WAIT as a value of its own (RFC 9293 §3.6.1): small, since there may be many.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TimeWait {}

/// What a connection in TIME-WAIT makes of a segment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TimeWaitVerdict {
    /// It stays; `poll_transmit` may have an answer, and the deadline may have moved.
    Stays,
    /// A new SYN beyond everything that the old connection used (RFC 9293 §3.10.7.4, RFC 6191):
    /// forget this and give the segment to the listener, with an ISS above `TimeWait::snd_nxt`.
    Reopen,
    /// Over: forget it.
    Over,
}

#[expect(clippy::todo, unused_variables, reason = "stubs")]
impl TimeWait {
    /// A segment of the old connection arrived.
    pub fn on_segment(
        &mut self,
        now: Instant,
        segment: &Segment,
        config: &Config,
        notes: &mut Notes,
    ) -> TimeWaitVerdict {
        todo!()
    }
    /// The acknowledgment of a repeated FIN, if one is owed.
    pub fn poll_transmit(&mut self, now: Instant) -> Option<Transmit> {
        todo!()
    }
    /// When it is over.
    pub fn deadline(&self) -> Instant {
        todo!()
    }
}
