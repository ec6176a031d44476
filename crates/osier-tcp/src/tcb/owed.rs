//! What is a connection still to send? Obligations that merge, never a queue of segments.
//!
//! Events record them; `transmit.rs` alone turns them into segments. (RFC 9293 §3.10: what an
//! event calls for.)

use super::ecn::Ecn;
use osier_time::Instant;
use osier_wire::SeqNumber;

/// What is to be sent: obligations that merge, never a queue of segments.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Owed {
    /// An acknowledgment.
    pub(crate) ack: Due,
    /// The SYN,ACK of a simultaneous open.
    pub(crate) syn_ack: Due,
    /// Our FIN.
    pub(crate) fin: Fin,
    /// A RST, with this sequence number.
    pub(crate) reset: Option<Reset>,
    /// A probe.
    pub(crate) probe: Option<Probe>,
    /// Something happened after which more text may be sent.
    pub(crate) look: Look,
    /// What is to be said of congestion.
    pub(crate) ecn: Ecn,
    /// When the last challenge ACK was sent (RFC 5961 §7).
    pub(crate) challenged: Option<Instant>,
}

/// Whether something must go out.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Due {
    /// No, or it may wait for its alarm.
    #[default]
    No,
    /// At once.
    Now,
}

/// Where our FIN stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Fin {
    /// Our user may still write.
    #[default]
    No,
    /// Behind the text that is still to be sent.
    Queued,
    /// Sent, with this sequence number.
    Sent(SeqNumber),
}

/// A RST to be sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reset {
    /// In our sequence: we break off.
    Ours,
    /// At the number that the offending segment acknowledged.
    At(SeqNumber),
}

/// A probe to be sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Probe {
    /// Of a zero window.
    Window,
    /// Of a silent peer.
    KeepAlive,
    /// The first octets that a nearly closed window allows, small or not: the override timeout
    /// of silly window avoidance (RFC 9293 §3.8.6.2.1 (4)).
    Override,
    /// Of the end of what is in flight: the tail loss probe (RFC 8985 §7).
    Tail,
}

/// Whether `transmit` has anything to look for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Look {
    /// It found nothing the last time and nothing has happened since.
    #[default]
    Nothing,
    /// It may find something.
    Again,
}
