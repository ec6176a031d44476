//! Second: does the peer reset the connection? (RFC 9293 §3.10.7.4 second, §3.5.3; RFC 5961 §3)
//!
//! A RST counts only at exactly RCV.NXT; elsewhere in the window it is answered with a challenge
//! ACK, so that a blind attacker must guess all 32 bits.

use super::{Stop, Verdict};
use crate::event::Ending;
use crate::reason::Reason;
use crate::segment::Segment;
use crate::state::State;
use crate::tcb::{OpenedBy, Tcb};
use core::ops::ControlFlow;

/// Looks at the RST bit.
pub(crate) fn check(tcb: &Tcb, segment: &Segment) -> Verdict {
    if !segment.rst() {
        return ControlFlow::Continue(());
    }
    if segment.seq != tcb.rcv.nxt {
        return ControlFlow::Break(Stop::Challenge(Reason::ResetNotExact { seq: segment.seq }));
    }
    let ending = match tcb.state() {
        // Text came with the SYN, and the user has the connection already (RFC 7413 §4.2).
        State::SynReceived if tcb.settings.opened_by == OpenedBy::Them => Ending::Reset,
        State::SynReceived => Ending::Refused,
        State::Established
        | State::FinWait1
        | State::FinWait2
        | State::CloseWait
        | State::Closing
        | State::LastAck
        // No record in these states is examined.
        | State::TimeWait
        | State::Listen
        | State::SynSent
        | State::Closed => Ending::Reset,
    };
    ControlFlow::Break(Stop::End(ending, Reason::ResetByPeer))
}
