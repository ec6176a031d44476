//! What does a congestion control that models the path get to hear? (draft-ietf-ccwg-bbr)
//!
//! Recovery measures, congestion control models; here the one's samples are handed to the other.
//! Of a control that does not model the path nothing of this is asked.

use crate::config::Algorithm;
use crate::congestion::{Delivery, Detection, Start};
use crate::rate::Limited;
use crate::recovery::{AckOutcome, Measure};
use crate::tcb::Tcb;
use crate::timers::Timer;
use osier_time::Instant;

/// Another algorithm controls congestion from now on.
pub(crate) fn switch(tcb: &mut Tcb, now: Instant, algorithm: Algorithm) {
    if tcb.congestion.algorithm() == algorithm {
        return;
    }
    let segments = tcb.congestion.initial_segments();
    let start = Start { now, segments, mss: tcb.text_mss(), seed: tcb.snd.iss.0 };
    tcb.congestion.switch(algorithm, start, tcb.recovery.srtt());
    tcb.timers.stop(Timer::Pace);
    tcb.look_again();
    let measure = if tcb.congestion.models_path() { Measure::Yes } else { Measure::No };
    tcb.recovery.measure(now, measure);
}

/// An acknowledgment was taken in, and what follows for losses is done.
pub(crate) fn on_ack(tcb: &mut Tcb, now: Instant, outcome: &AckOutcome) {
    if !tcb.congestion.models_path() {
        return;
    }
    on_alarm(tcb, now);
    let mss = tcb.text_mss();
    let Some(sample) = tcb.recovery.take_sample(now) else {
        if let Some(rtt) = outcome.rtt {
            tcb.congestion.on_round_trip(rtt, mss);
        }
        return;
    };
    let limited = tcb.congestion.on_delivery(&Delivery {
        now,
        sample,
        in_flight_before: outcome.in_flight_before,
        in_flight: tcb.recovery.in_flight(),
        rtt: outcome.rtt,
        mss,
        detection: if tcb.sack.is_some() { Detection::Each } else { Detection::OneInARound },
    });
    if limited == Limited::ByUser {
        tcb.recovery.on_nothing_to_send();
    }
}

/// An alarm may have shown losses.
pub(crate) fn on_alarm(tcb: &mut Tcb, now: Instant) {
    if tcb.congestion.models_path() {
        for lost in tcb.recovery.take_losses() {
            tcb.congestion.on_lost(now, &lost);
        }
    }
}

/// Text is about to be written, or an acknowledgment to be taken in: is there nothing to send,
/// though the window would let it go? (CheckIfApplicationLimited of the draft)
pub(crate) fn look_for_gap(tcb: &mut Tcb) {
    if tcb.congestion.models_path()
        && tcb.unsent() == 0
        && !tcb.recovery.has_lost()
        && tcb.recovery.in_flight() < tcb.congestion.window()
    {
        tcb.recovery.on_nothing_to_send();
    }
}

/// Text is about to be sent, and nothing is in flight.
pub(crate) fn on_restart(tcb: &mut Tcb, now: Instant) {
    if tcb.recovery.is_limited() == Some(true) {
        let mss = tcb.text_mss();
        tcb.congestion.on_restart(now, mss);
    }
}
