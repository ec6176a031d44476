//! How much may be in flight? RFC 5681 and the algorithms that take its place.
//!
//! ```text
//! reno.rs     slow start, congestion avoidance, the cut after a loss   RFC 5681, RFC 6582
//! ```
//!
//! A closed enum behind a few methods. It is told octets and durations; which segments were lost
//! is found elsewhere (`recovery/`), and what is in flight there is compared with
//! [`Congestion::window`]: the window is not inflated during recovery.

mod reno;

use crate::config::Algorithm;
use osier_time::{Duration, Instant};
use reno::Reno;

/// The congestion control of one connection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Congestion {
    /// RFC 5681.
    Reno(Reno),
}

/// An acknowledgment of new octets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Acked {
    /// When it arrived.
    pub(crate) now: Instant,
    /// Octets that SND.UNA moved by.
    pub(crate) acked: u32,
    /// Octets in flight just before.
    pub(crate) in_flight_before: u32,
    /// The round-trip time that it measured, if it did.
    pub(crate) rtt: Option<Duration>,
    /// Octets of text in a full segment.
    pub(crate) mss: u32,
}

impl Congestion {
    /// The window of a connection that has just opened. Where the SYN or the SYN,ACK was lost,
    /// RFC 5681 §3.1 wants an initial window of one segment.
    pub(crate) fn new(algorithm: Algorithm, initial_window_segments: u8, mss: u32) -> Self {
        match algorithm {
            Algorithm::Reno => Congestion::Reno(Reno::new(initial_window_segments, mss)),
        }
    }

    /// cwnd in octets: so much may be in flight.
    pub(crate) fn window(&self) -> u32 {
        match self {
            Congestion::Reno(reno) => reno.window(),
        }
    }

    /// ssthresh in octets: below it, slow start. `u32::MAX` until the first loss.
    pub(crate) fn ssthresh(&self) -> u32 {
        match self {
            Congestion::Reno(reno) => reno.ssthresh(),
        }
    }

    /// An acknowledgment of new octets arrived.
    pub(crate) fn on_ack(&mut self, ack: &Acked) {
        match self {
            Congestion::Reno(reno) => reno.on_ack(ack),
        }
    }

    /// Fast recovery begins. `in_flight`: octets in flight before the acknowledgment that showed
    /// the loss.
    pub(crate) fn on_loss(&mut self, in_flight: u32, mss: u32) {
        match self {
            Congestion::Reno(reno) => reno.on_loss(in_flight, mss),
        }
    }

    /// The retransmission timer expired with `in_flight` octets in flight.
    pub(crate) fn on_timeout(&mut self, in_flight: u32, mss: u32) {
        match self {
            Congestion::Reno(reno) => reno.on_timeout(in_flight, mss),
        }
    }

    /// Everything in flight when the loss was found is acknowledged.
    pub(crate) fn on_recovery_over(&mut self) {
        match self {
            Congestion::Reno(reno) => reno.on_recovery_over(),
        }
    }

    /// Nothing was sent for longer than the retransmission timeout, and text is to be sent now
    /// (RFC 5681 §4.1).
    pub(crate) fn on_idle(&mut self) {
        match self {
            Congestion::Reno(reno) => reno.on_idle(),
        }
    }

    /// The path takes segments of another size.
    pub(crate) fn set_mss(&mut self, mss: u32) {
        match self {
            Congestion::Reno(reno) => reno.set_mss(mss),
        }
    }
}
