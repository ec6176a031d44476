//! What does congestion control hear? The words: where it starts, and what acknowledgments bring.

use crate::rate::Sample;
use osier_time::{Duration, Instant};

/// An acknowledgment of new octets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Acked {
    /// When it arrived.
    pub(crate) now: Instant,
    /// Octets that SND.UNA moved by.
    pub(crate) acked: u32,
    /// Octets in flight just before.
    pub(crate) in_flight_before: u32,
    /// Octets sent and unacknowledged just after.
    pub(crate) outstanding: u32,
    /// The round-trip time that it measured, if it did.
    pub(crate) rtt: Option<Duration>,
    /// Octets of text in a full segment.
    pub(crate) mss: u32,
}

/// What an acknowledgment delivers, for a control that models the path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Delivery {
    /// When it arrived.
    pub(crate) now: Instant,
    /// What was delivered, how fast, and what was lost meanwhile.
    pub(crate) sample: Sample,
    /// Octets in flight just before and just after.
    pub(crate) in_flight_before: u32,
    pub(crate) in_flight: u32,
    /// The round trip measured otherwise.
    pub(crate) rtt: Option<Duration>,
    /// Octets of text in a full segment.
    pub(crate) mss: u32,
    /// How losses are found.
    pub(crate) detection: Detection,
}

/// How losses are found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Detection {
    /// Each one, by selective acknowledgments.
    Each,
    /// One in a round trip.
    OneInARound,
}

/// What a control starts from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Start {
    /// Now.
    pub(crate) now: Instant,
    /// The initial window; RFC 5681 §3.1 wants a single segment where the SYN or the SYN,ACK was
    /// lost.
    pub(crate) segments: u8,
    /// Octets of text in a full segment.
    pub(crate) mss: u32,
    /// Anything that differs between connections.
    pub(crate) seed: u32,
}
