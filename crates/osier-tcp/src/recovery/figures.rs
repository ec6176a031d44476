//! What is recovery asked for by those who only look? (RFC 9293 §3.9.1.6, STATUS)
//!
//! Figures for `tcp_info` and for the budget of the host; no decision hangs on them here.

use super::{Census, Phase, Recovery};
use osier_time::Duration;

impl Recovery {
    /// The shortest round trip.
    pub(crate) fn min_rtt(&self) -> Option<Duration> {
        self.rtt.min()
    }

    /// How often the timeout was doubled.
    pub(crate) const fn backoff(&self) -> u8 {
        self.rto.backoff()
    }

    /// Octets of memory that the records take.
    pub(crate) fn memory(&self) -> u32 {
        self.records.memory()
    }

    /// Whether nothing is missing, as far as is known, and nothing is asked after: the loss of what
    /// is sent next would be told from other losses (RFC 4821 §7.4).
    pub(crate) fn is_calm(&self) -> bool {
        self.phase == Phase::Open
            && !self.records.has_lost()
            && self.records.counts().sacked == 0
            && !self.tlp.is_out()
    }

    /// Octets of the oldest segment that is outstanding.
    pub(crate) fn oldest_segment(&self) -> u32 {
        self.records.first().map_or(0, |first| first.len().min(first.segment()))
    }

    /// How many of the outstanding segments stand how.
    pub(crate) fn census(&self) -> Census {
        self.records.census()
    }

    /// How often something overtaken arrived that was not lost.
    pub(crate) const fn reordering_seen(&self) -> u32 {
        self.rack.reordering_seen()
    }

    /// By how many octets at most something was overtaken, its own not counted.
    pub(crate) const fn reordering_distance(&self) -> u32 {
        self.rack.reordering_distance()
    }

    /// Duplicates that the peer reported.
    pub(crate) const fn duplicates_reported(&self) -> u32 {
        self.duplicates_reported
    }
}
