//! Where is each step of the four-way close? (RFC 9293 §3.6, figures 12 and 13)
//!
//! ```text
//!       the end that closes first                            the other end
//!       ESTABLISHED                                          ESTABLISHED
//! 1     mod.rs: close, then
//!       transmit.rs ──────────────── FIN,ACK ──────────────▶ segment_arrives/fin.rs
//!       FIN-WAIT-1                                           CLOSE-WAIT: the user reads the end
//! 2     segment_arrives/ack.rs ◀──── ACK ─────────────────── transmit.rs
//!       FIN-WAIT-2
//! 3     segment_arrives/fin.rs ◀──── FIN,ACK ─────────────── mod.rs: close, transmit.rs
//!       TIME-WAIT: time_wait.rs                              LAST-ACK
//! 4     transmit ─────────────────── ACK ──────────────────▶ segment_arrives/ack.rs
//!       2 MSL later: CLOSED                                  CLOSED
//! ```
//!
//! Steps 2 and 3 may share a segment. Each direction is closed for itself: after step 2 the other
//! end may go on sending (half-close). FINs that cross lead through CLOSING (figure 13).

pub(crate) mod abort;
pub(crate) mod time_wait;

use crate::reason::Notes;
use crate::state::{Arrow, State};
use crate::tcb::{Fin, Tcb, User};
use crate::timers::Timer;
use osier_time::Instant;

/// CLOSE (RFC 9293 §3.10.4): our user will write no more. The FIN goes behind what it wrote.
pub(crate) fn close(tcb: &mut Tcb, notes: &mut Notes) {
    let arrow = match tcb.state() {
        State::SynReceived => Arrow::CloseInHandshake,
        State::Established => Arrow::CloseFirst,
        State::CloseWait => Arrow::CloseSecond,
        // Closed already: CLOSE again is an error that harms nobody.
        State::FinWait1
        | State::FinWait2
        | State::Closing
        | State::LastAck
        | State::TimeWait
        | State::Closed
        | State::Listen
        | State::SynSent => return,
    };
    tcb.owed.fin = Fin::Queued;
    tcb.enter(arrow, notes);
    tcb.look_again();
}

/// The user lets go. What it has not read is lost, and the peer must learn of it (RFC 1122
/// §4.2.2.13); otherwise the connection ends in order by itself.
pub(crate) fn release(tcb: &mut Tcb, now: Instant, notes: &mut Notes) {
    tcb.user = User::Gone;
    if tcb.text.ready() > 0 && tcb.state() != State::Closed && tcb.ending.is_none() {
        abort::abort(tcb, notes);
        return;
    }
    close(tcb, notes);
    if tcb.state() == State::FinWait2 {
        tcb.timers.set(Timer::FinWait2, now + tcb.settings.fin_wait_2);
    }
}
