//! How does our user break a connection off? (RFC 9293 §3.10.5 ABORT)
//!
//! A RST tells the peer, except where both ends have closed already and nothing is left to break.

use crate::event::Ending;
use crate::reason::{Notes, Reason};
use crate::state::State;
use crate::tcb::{Reset, Tcb};

/// ABORT: everything queued is dropped.
pub(crate) fn abort(tcb: &mut Tcb, notes: &mut Notes) {
    match tcb.state() {
        State::SynReceived
        | State::Established
        | State::FinWait1
        | State::FinWait2
        | State::CloseWait => {
            notes.push(Reason::ResetSent);
            tcb.owed.reset = Some(Reset::Ours);
            tcb.end(Ending::Aborted, notes);
            tcb.look_again();
        }
        State::Closing | State::LastAck => tcb.end(Ending::Aborted, notes),
        State::TimeWait | State::Closed | State::Listen | State::SynSent => {}
    }
}
