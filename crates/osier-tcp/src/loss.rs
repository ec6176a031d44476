//! What follows when a loss is found, when it is repaired, and when it was none? (RFC 5681 §3.2,
//! RFC 8985 §6.3 and §7, RFC 4015)
//!
//! Recovery finds it, in an acknowledgment or by its alarm; congestion control is told here, and
//! the alarm is set. What is sent in consequence is `transmit.rs`'s affair.

use crate::model;
use crate::path_mtu;
use crate::reason::{Notes, Reason};
use crate::recovery::{AckOutcome, Alarm, Found, Phase, Turn};
use crate::tcb::{Probe, Tcb};
use crate::timers::Timer;
use osier_time::Instant;

/// Octets that may be in flight: the congestion window, and in fast recovery what leads to it
/// (RFC 9937).
pub(crate) fn window(tcb: &Tcb) -> u32 {
    tcb.recovery.window(tcb.congestion.window())
}

/// An acknowledgment shows a loss: fast recovery begins.
pub(crate) fn found(tcb: &mut Tcb, outcome: &AckOutcome, notes: &mut Notes) {
    cut(tcb, outcome.in_flight_before, outcome.delivered, notes);
}

/// The window is cut by what was in flight, and in fast recovery what is sent follows what is
/// delivered until then.
fn cut(tcb: &mut Tcb, in_flight: u32, delivered: u32, notes: &mut Notes) {
    let mss = tcb.text_mss();
    // RFC 3168 §6.1.2: once in a window. What was cut for a mark is not cut again for a loss.
    let is_cut = tcb.owed.ecn.is_reducing(tcb.snd.una) && !tcb.congestion.models_path();
    if !is_cut {
        tcb.congestion.on_loss(in_flight, mss);
        tcb.owed.ecn.on_cut_for_loss(tcb.snd.nxt);
    }
    if let Some(ssthresh) = tcb.congestion.reduction() {
        tcb.recovery.on_window_cut(ssthresh, delivered, mss);
        note_cut(tcb, notes);
    }
}

/// RFC 3168 §6.1.2: the peer echoes a mark of congestion: the window is cut as for a loss, though
/// none was. Where a loss is found with it or being repaired, that is the cut; and where a cut is
/// about to be undone, the echo will be heard again.
pub(crate) fn marked(tcb: &mut Tcb, now: Instant, outcome: &AckOutcome, notes: &mut Notes) {
    if matches!(outcome.turn, Turn::Spurious(_)) {
        return;
    }
    notes.push(Reason::MarkEchoed);
    if tcb.recovery.phase() != Phase::Open || outcome.turn == Turn::ProbeRepaired {
        return tcb.owed.ecn.on_cut_for_loss(tcb.snd.nxt);
    }
    let in_flight = tcb.recovery.in_flight();
    tcb.congestion.on_mark(now, (outcome.in_flight_before, in_flight), tcb.text_mss());
    note_cut(tcb, notes);
    tcb.owed.ecn.on_cut_for_mark(tcb.snd.nxt);
    if tcb.snd.outstanding() == 0 {
        tcb.congestion.on_mark_answered();
    }
}

/// SND.UNA has moved, and the window was cut before. Once all that was in flight then has arrived,
/// the window may grow again, or be cut for a loss.
pub(crate) fn look_at_cut(tcb: &mut Tcb) {
    let ecn = &mut tcb.owed.ecn;
    let over = ecn.is_cut_for_mark() && !ecn.is_reducing(tcb.snd.una);
    if over && tcb.recovery.phase() == Phase::Open {
        tcb.congestion.on_mark_answered();
    }
    ecn.on_una(tcb.snd.una);
}

/// Segments of ours that arrived, as far as is known; the SYN counts.
pub(crate) fn delivered(tcb: &Tcb) -> u32 {
    let census = tcb.recovery.census();
    // What a smaller MSS has cut anew counts as more segments than were sent once.
    let sent_once = tcb.tally.sent_once.saturating_add(census.sacked);
    sent_once.saturating_sub(census.segments)
}

/// Everything that was in flight when the loss was found has arrived.
pub(crate) fn repaired(tcb: &mut Tcb) {
    tcb.congestion.on_recovery_over();
}

/// RFC 8985 §7.4: a probe has repaired a loss before anybody knew of it. It is a loss all the
/// same.
pub(crate) fn repaired_by_probe(tcb: &mut Tcb, outcome: &AckOutcome, notes: &mut Notes) {
    found(tcb, outcome, notes);
    repaired(tcb);
}

/// What was being repaired was no loss: the window is what it was (RFC 4015, RFC 9438 §4.9).
pub(crate) fn undone(tcb: &mut Tcb, found: Found, outcome: &AckOutcome, notes: &mut Notes) {
    let in_flight = tcb.recovery.in_flight();
    match found {
        Found::Reports => tcb.congestion.on_spurious_loss(),
        Found::Timeout => tcb.congestion.on_spurious_timeout(in_flight, outcome.acked),
    }
    tcb.owed.ecn.on_undone();
    notes.push(match found {
        Found::Reports => Reason::SpuriousRetransmission,
        Found::Timeout => Reason::SpuriousTimeout,
    });
    let (cwnd, ssthresh) = (tcb.congestion.window(), tcb.congestion.ssthresh());
    notes.push(Reason::CutUndone { cwnd, ssthresh });
}

/// RFC 5682 §2.1, step 2b: where there is no full segment of new text to ask with, or no room for
/// one, the repair goes on.
#[inline]
pub(crate) fn ask_or_repair(tcb: &mut Tcb) {
    let mss = tcb.text_mss();
    let room = window(tcb).saturating_sub(tcb.recovery.in_flight()).min(tcb.snd.usable());
    if tcb.recovery.asks_with_new_text() && tcb.unsent().min(room) < mss {
        tcb.recovery.cannot_ask();
    }
}

/// Recovery's alarm has gone off.
pub(crate) fn on_alarm(tcb: &mut Tcb, now: Instant, notes: &mut Notes) {
    match tcb.recovery.on_alarm(now) {
        Alarm::Nothing => {}
        Alarm::LossFound { in_flight_before } => {
            notes.push(Reason::ReorderingTimeout);
            cut(tcb, in_flight_before, 0, notes);
        }
        Alarm::ProbeTooLong => path_mtu::probe_lost(tcb, now, notes),
        Alarm::MoreLost => notes.push(Reason::ReorderingTimeout),
        Alarm::Probe => {
            tcb.owed.probe = Some(Probe::Tail);
            // RFC 8985 §7.3: the retransmission timer starts anew, sent or not [MUST].
            tcb.timers.set(Timer::Retransmit, now + tcb.recovery.rto());
        }
    }
    model::on_alarm(tcb, now);
    set_alarm(tcb);
    tcb.look_again();
}

/// Sets recovery's alarm. RFC 8985 §7.2: a probe comes before the retransmission timer expires.
#[inline]
pub(crate) fn set_alarm(tcb: &mut Tcb) {
    match tcb.recovery.alarm() {
        Some(at) => {
            let at = tcb.timers.get(Timer::Retransmit).map_or(at, |timeout| timeout.min(at));
            tcb.timers.set(Timer::Recovery, at);
        }
        None => tcb.timers.stop(Timer::Recovery),
    }
}

/// The window was cut.
pub(crate) fn note_cut(tcb: &Tcb, notes: &mut Notes) {
    let (cwnd, ssthresh) = (tcb.congestion.window(), tcb.congestion.ssthresh());
    notes.push(Reason::WindowCut { cwnd, ssthresh });
}
