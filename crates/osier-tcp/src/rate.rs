//! What did the network deliver, how fast, and what did it lose? (draft-ietf-ccwg-bbr, "Delivery
//! Rate Samples")
//!
//! The words between recovery, which measures, and a congestion control that models the path. Only
//! such a one needs them: nothing is measured for CUBIC and Reno.

use osier_time::Duration;

/// What an acknowledgment tells of the path (RS of the draft).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Sample {
    /// C.delivered: octets delivered since measuring began.
    pub(crate) total: u64,
    /// RS.newly_acked: octets that this acknowledgment delivers, in order or not.
    pub(crate) newly_acked: u32,
    /// RS.prior_delivered: C.delivered when the latest segment that it delivers was sent.
    pub(crate) prior: u64,
    /// RS.delivered: octets delivered since then.
    pub(crate) delivered: u32,
    /// RS.delivery_rate, octets in a second; 0: no reliable figure.
    pub(crate) rate: u64,
    /// RS.is_app_limited.
    pub(crate) limited: Limited,
    /// RS.tx_in_flight: octets in flight just after it was sent.
    pub(crate) in_flight_then: u32,
    /// RS.lost: octets lost since then.
    pub(crate) lost: u32,
    /// RS.newly_lost, and in how many pieces.
    pub(crate) newly_lost: u32,
    pub(crate) pieces_lost: u32,
    /// RS.rtt: how long it took, where it was sent once.
    pub(crate) rtt: Option<Duration>,
}

/// Something is lost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Lost {
    /// Octets of it.
    pub(crate) octets: u32,
    /// P.tx_in_flight: octets in flight just after it was sent.
    pub(crate) in_flight_then: u32,
    /// Octets lost since then, these included.
    pub(crate) lost: u32,
    /// C.delivered when that was found, with what the same acknowledgment delivers.
    pub(crate) delivered: u64,
    /// Whether there was nothing to send at times.
    pub(crate) limited: Limited,
}

/// By what the rate was limited.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Limited {
    /// By what there was to send, at some moment.
    ByUser,
    /// By the network, or the peer's window.
    ByNetwork,
}
