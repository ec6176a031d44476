//! Beside the checks: does the network say that it is congested? (RFC 3168 §6.1)
//!
//! Only where both ends have agreed to listen. RFC 9293 §3.8.2 [SHLD-8].

use crate::loss;
use crate::reason::{Notes, Reason};
use crate::segment::{Arrived, Segment};
use crate::tcb::Tcb;
use osier_time::Instant;

/// Takes what routers have marked on the way here, and what the peer says of the way there.
#[inline]
pub(crate) fn process(
    tcb: &mut Tcb,
    now: Instant,
    segment: &Segment,
    arrived: Arrived,
    notes: &mut Notes,
) {
    if tcb.owed.ecn.agreed {
        listen(tcb, now, segment, arrived, notes);
    }
}

fn listen(tcb: &mut Tcb, now: Instant, segment: &Segment, arrived: Arrived, notes: &mut Notes) {
    if tcb.owed.ecn.on_arrival(segment.flags, arrived.ecn) {
        notes.push(Reason::CongestionMarked);
    }
    if tcb.owed.ecn.hears_of_mark(segment.flags, segment.ack) {
        loss::marked(tcb, now, notes);
    }
}
