//! Fourth: does a SYN reach a connection that is already open? (RFC 9293 §3.10.7.4 fourth; RFC
//! 5961 §4)
//!
//! Either the peer has crashed and opens anew, or somebody guesses. A challenge ACK tells the two
//! apart: a peer that crashed answers it with a RST at the right number.

use super::{Stop, Verdict};
use crate::reason::Reason;
use crate::segment::Segment;
use core::ops::ControlFlow;

/// Looks at the SYN bit, whatever the sequence number.
pub(crate) fn check(segment: &Segment) -> Verdict {
    if segment.syn() {
        let reason = Reason::NotOfHandshake { seq: segment.seq };
        return ControlFlow::Break(Stop::Challenge(reason));
    }
    ControlFlow::Continue(())
}
