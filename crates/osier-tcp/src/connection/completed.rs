//! How does a passive handshake become a connection? (RFC 9293 §3.5, step 3; RFC 7413)
//!
//! Doors of a half-open connection, which stands below the connection and cannot name it.

use super::Connection;
use crate::config::Config;
use crate::handshake::fast_open::{self, FastOpened};
use crate::handshake::passive::HalfOpen;
use crate::reason::Notes;
use crate::segment::{Arrived, Segment};
use osier_time::Instant;

impl HalfOpen {
    /// Step 3 of the handshake: makes the connection, and gives it the segment that ended it.
    pub fn complete(
        &self,
        now: Instant,
        segment: Segment,
        arrived: Arrived,
        config: &Config,
        notes: &mut Notes,
    ) -> Connection {
        let record = self.record(now, segment, arrived, config, notes);
        Connection::synchronized(record)
    }

    /// RFC 7413: the SYN itself, whose cookie is good, makes the connection, in SYN-RECEIVED; its
    /// text can be read at once.
    pub fn complete_early(
        &self,
        now: Instant,
        syn: Segment,
        arrived: Arrived,
        config: &Config,
        notes: &mut Notes,
    ) -> Connection {
        Connection::synchronized(fast_open::received(self, now, syn, arrived, config, notes))
    }
}

impl Connection {
    /// After [`Event::Established`](crate::Event::Established): what an attempt with Fast Open
    /// has shown, once.
    pub fn take_fast_opened(&mut self) -> Option<FastOpened> {
        self.fast_opened.take().map(|shown| *shown)
    }
}
