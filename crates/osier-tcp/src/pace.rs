//! May it leave now, or when? Where a connection is paced, `transmit.rs` asks here before text
//! goes out, new or again.
//!
//! Acknowledgments, probes and a RST are not paced: they are rare, or late already. What they
//! carry of text counts all the same.

use crate::tcb::Tcb;
use crate::timers::Timer;
use osier_time::Instant;

/// Octets of text that may leave now; at 0 the alarm is set that brings the rest back.
pub(crate) fn allowance(tcb: &mut Tcb, now: Instant) -> u32 {
    let Some(pacer) = tcb.congestion.pacer_mut() else { return u32::MAX };
    match pacer.allowance(now) {
        0 => {
            let release = pacer.next_release();
            tcb.timers.set(Timer::Pace, release);
            0
        }
        octets => {
            tcb.timers.stop(Timer::Pace);
            octets
        }
    }
}

/// The pace that the user wants.
pub(crate) fn set_rate(tcb: &mut Tcb, rate: Option<u64>) {
    let mss = tcb.text_mss();
    tcb.congestion.pace(rate, mss);
    tcb.timers.stop(Timer::Pace);
    tcb.look_again();
}

/// `octets` of text leave.
pub(crate) fn on_sent(tcb: &mut Tcb, octets: u32) {
    if let Some(pacer) = tcb.congestion.pacer_mut() {
        pacer.on_sent(octets);
    }
}
