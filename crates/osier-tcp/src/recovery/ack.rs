//! What does an acknowledgment bring, and what can it mean? The words of recovery.

use osier_time::Duration;
use osier_wire::SeqNumber;
use osier_wire::tcp::SackBlocks;

/// Whether both ends have agreed on SACK.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum SackUse {
    /// RFC 6675.
    On,
    /// RFC 6582.
    Off,
}

/// Whether the rate of delivery is measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Measure {
    /// For a congestion control that models the path.
    Yes,
    /// Nobody asks.
    No,
}

/// Whether an acknowledgment is a duplicate as RFC 5681 §2 defines it: text is outstanding, the
/// segment has no text, no SYN and no FIN, and neither acknowledges anything new nor changes the
/// window.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Duplicate {
    /// It is.
    Yes,
    /// It is not.
    No,
}

/// An acceptable acknowledgment: `una_before <= ack <= nxt`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct AckArrived {
    /// SEG.ACK.
    pub(crate) ack: SeqNumber,
    /// SND.UNA before it.
    pub(crate) una_before: SeqNumber,
    /// SND.NXT.
    pub(crate) nxt: SeqNumber,
    /// Its blocks.
    pub(crate) sack: SackBlocks,
    /// Whether it is a duplicate.
    pub(crate) kind: Duplicate,
    /// The round trip that its timestamp echo tells (RFC 7323 §4.1).
    pub(crate) echoed_rtt: Option<Duration>,
    /// Text in a full segment.
    pub(crate) mss: u32,
}

/// What an acknowledgment means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct AckOutcome {
    /// Octets newly acknowledged.
    pub(crate) acked: u32,
    /// Octets newly reported out of order.
    #[allow(dead_code, reason = "tests ask for it, and so does whoever shows a connection")]
    pub(crate) sacked: u32,
    /// Octets that it says have arrived, in order or not (DeliveredData of RFC 9937).
    pub(crate) delivered: u32,
    /// Octets newly found to be lost.
    pub(crate) lost: u32,
    /// The round trip measured.
    pub(crate) rtt: Option<Duration>,
    /// Octets in flight just before.
    pub(crate) in_flight_before: u32,
    /// What it changes.
    pub(crate) turn: Turn,
}

/// What an acknowledgment changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Turn {
    /// Nothing.
    None,
    /// It shows a loss: fast recovery begins.
    LossFound,
    /// In fast recovery: something new is acknowledged, but not all that was in flight when the
    /// loss was found (RFC 6582 §3.2).
    PartialAck,
    /// Everything in flight when the loss was found is acknowledged: fast recovery, or the repair
    /// after a timeout, is over.
    RecoveryOver,
    /// The same, and something sent since is lost: the next fast recovery begins.
    NextLoss,
    /// What was being repaired was no loss, only late: the cut of the window is to be undone.
    Spurious(Found),
    /// A tail loss probe has repaired a loss that nothing else had shown (RFC 8985 §7.4.2).
    ProbeRepaired,
    /// A probe of the path MTU is lost, and nothing else: no sign of congestion (RFC 4821 §7.6.2).
    ProbeTooLong,
}

/// By what a loss was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Found {
    /// Acknowledgments, or that none came where others did.
    Reports,
    /// The retransmission timer.
    Timeout,
}

/// What is to be done when recovery's alarm goes off (RFC 8985 §6.3, §7.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Alarm {
    /// Nothing.
    Nothing,
    /// What reordering could explain until now is lost: fast recovery begins.
    LossFound {
        /// Octets in flight just before.
        in_flight_before: u32,
    },
    /// More is lost in a recovery that is under way.
    MoreLost,
    /// A probe of the path MTU is lost, and nothing else (RFC 4821 §7.6.2).
    ProbeTooLong,
    /// The end of the flight is to be asked after.
    Probe,
}

/// Whether a loss is being repaired.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Phase {
    /// No loss is known.
    Open,
    /// A loss was found by acknowledgments.
    FastRecovery,
    /// A loss was found by the timer.
    Loss,
}

/// Why a range is sent again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Cause {
    /// The timer expired.
    Timeout,
    /// Three duplicates showed the loss: the first retransmission.
    Fast,
    /// Something sent later has arrived (RFC 8985).
    Overtaken,
    /// A further one in the same fast recovery.
    Recovery,
    /// The path takes shorter segments only.
    PathMtu,
    /// It went with a SYN whose text the peer did not take.
    Unheard,
}

/// A range to be sent again: `[from, to)`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Retransmission {
    /// Its first sequence number.
    pub(crate) from: SeqNumber,
    /// Behind its last; the caller may stop earlier.
    pub(crate) to: SeqNumber,
    /// Why.
    pub(crate) cause: Cause,
}
