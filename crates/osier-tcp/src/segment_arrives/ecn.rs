//! Beside the checks: does the network say that it is congested? (RFC 3168 §6.1)
//!
//! Only where both ends have agreed to listen. RFC 9293 §3.8.2 [SHLD-8]. What the peer says of the
//! way there belongs to what it acknowledges, and `ack.rs` asks for it.

use crate::loss;
use crate::reason::{Notes, Reason};
use crate::recovery::AckOutcome;
use crate::segment::{Arrived, Segment};
use crate::tcb::Tcb;
use osier_time::Instant;
use osier_wire::tcp::Flags;

/// The peer says ECE.
#[derive(Clone, Copy, Debug)]
pub(super) struct Echo {
    /// Segments of ours that had arrived before.
    delivered: u32,
}

/// Takes what routers have marked on the way here.
#[inline]
pub(crate) fn process(tcb: &mut Tcb, segment: &Segment, arrived: Arrived, notes: &mut Notes) {
    if tcb.owed.ecn.agreed && tcb.owed.ecn.on_arrival(segment.flags, arrived.ecn) {
        notes.push(Reason::CongestionMarked);
    }
}

/// Whether a segment says ECE, before it is taken in. An old one says nothing: the echo may have
/// ended since.
#[inline]
pub(super) fn echo(tcb: &Tcb, segment: &Segment) -> Option<Echo> {
    let says = tcb.owed.ecn.agreed
        && segment.flags.contains(Flags::ECE)
        && segment.ack.at_or_after(tcb.snd.una);
    says.then(|| Echo { delivered: loss::delivered(tcb) })
}

/// Recovery has taken the acknowledgment in, congestion control not yet: the window is cut for a
/// mark before it could grow.
#[inline]
pub(super) fn hear(
    tcb: &mut Tcb,
    now: Instant,
    echo: Option<Echo>,
    outcome: &AckOutcome,
    notes: &mut Notes,
) {
    if tcb.owed.ecn.remembers_cut() {
        loss::look_at_cut(tcb);
    }
    if let Some(echo) = echo {
        let newly = loss::delivered(tcb).saturating_sub(echo.delivered);
        tcb.tally.delivered_ce = tcb.tally.delivered_ce.wrapping_add(newly);
        // RFC 3168 §6.1.2: once a window.
        if !tcb.owed.ecn.remembers_cut() {
            loss::marked(tcb, now, outcome, notes);
        }
    }
}
