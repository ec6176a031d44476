//! What happens when an alarm goes off? (RFC 9293 §3.10.8)
//!
//! One function for each alarm of the table. The retransmission of a SYN is the handshake's, and
//! the end of TIME-WAIT the host's, which holds the value.

use crate::event::{Ending, Event, Trouble};
use crate::keepalive::{Alarm, R1};
use crate::loss;
use crate::model;
use crate::path_mtu;
use crate::reason::{Notes, Reason};
use crate::state::State;
use crate::tcb::{Probe, Reset, Tcb};
use crate::timers::Timer;
use osier_time::Instant;

/// Serves all alarms that are due.
pub(crate) fn on_deadline(tcb: &mut Tcb, now: Instant, notes: &mut Notes) {
    for timer in Timer::ALL {
        if tcb.timers.take_due(timer, now) {
            match timer {
                Timer::GiveUp => give_up(tcb, notes),
                Timer::Retransmit => retransmission(tcb, now, notes),
                Timer::Persist => persist(tcb, now, notes),
                Timer::DelayedAck => tcb.owe_ack(),
                Timer::KeepAlive => keep_alive(tcb, now, notes),
                Timer::FinWait2 => fin_wait_2(tcb, notes),
                Timer::Recovery => loss::on_alarm(tcb, now, notes),
                Timer::Pace => tcb.look_again(),
            }
        }
    }
    tcb.timers.look();
}

/// RFC 6298 §5.4 to §5.7, RFC 5681 §3.1: everything in flight counts as lost, the window falls to
/// one segment, the patience doubles.
fn retransmission(tcb: &mut Tcb, now: Instant, notes: &mut Notes) {
    // RFC 9293 §3.8.3: R2 [MUST-20].
    if tcb.recovery.attempts() >= tcb.settings.retries {
        return give_up(tcb, notes);
    }
    let rto = tcb.recovery.rto();
    path_mtu::inconclusive(tcb, now);
    let before = tcb.recovery.in_flight();
    tcb.recovery.on_rto(now);
    tcb.tally.timeouts = tcb.tally.timeouts.saturating_add(1);
    tcb.congestion.on_timeout(before, tcb.recovery.in_flight(), tcb.text_mss());
    tcb.owed.ecn.on_cut_for_loss(tcb.snd.nxt);
    model::on_alarm(tcb, now);
    notes.push(Reason::RtoExpired { rto });
    if tcb.recovery.attempts() == R1 {
        tcb.events.push(Event::Trouble(Trouble::Unanswered));
    }
    if tcb.recovery.attempts() >= R1 {
        path_mtu::unanswered(tcb, now, notes);
    }
    loss::note_cut(tcb, notes);
    tcb.timers.set(Timer::Retransmit, now + tcb.recovery.rto());
    loss::set_alarm(tcb);
    tcb.look_again();
}

/// R2 or the user timeout has passed (RFC 9293 §3.10.8, USER TIMEOUT; RFC 5482).
fn give_up(tcb: &mut Tcb, notes: &mut Notes) {
    notes.push(Reason::TimedOut);
    tcb.owed.reset = Some(Reset::Ours);
    tcb.end(Ending::TimedOut, notes);
    tcb.look_again();
}

/// RFC 9293 §3.8.6.1: the window is closed, or too small to be worth using; probe, and go on
/// probing with growing patience for as long as the peer answers.
fn persist(tcb: &mut Tcb, now: Instant, notes: &mut Notes) {
    if tcb.persist.attempts() >= tcb.settings.retries {
        return give_up(tcb, notes);
    }
    let probe = if tcb.snd.usable() > 0 { Probe::Override } else { Probe::Window };
    tcb.owed.probe = Some(probe);
    tcb.persist.on_probe();
    let mut wait = tcb.persist.interval(tcb.recovery.rto(), tcb.settings.rto_max);
    // RFC 5482, for text that waits for a window: counted from the first probe without an answer,
    // and the probes are not so rare that silence would not be noticed.
    if let Some(limit) = tcb.liveness.user_timeout {
        tcb.timers.set_if_idle(Timer::GiveUp, now + limit);
        wait = wait.min(limit);
    }
    tcb.timers.set(Timer::Persist, now + wait);
    tcb.look_again();
}

/// RFC 9293 §3.8.4.
fn keep_alive(tcb: &mut Tcb, now: Instant, notes: &mut Notes) {
    match tcb.liveness.on_alarm(now) {
        Alarm::Wait(None) => {}
        Alarm::Wait(Some(at)) => tcb.timers.set(Timer::KeepAlive, at),
        Alarm::Probe(next) => {
            tcb.timers.set(Timer::KeepAlive, next);
            // While text is in flight its retransmission asks the same question [MUST-26].
            if tcb.snd.outstanding() == 0 {
                tcb.owed.probe = Some(Probe::KeepAlive);
                tcb.look_again();
            }
        }
        Alarm::Dead => give_up(tcb, notes),
    }
}

/// Nobody is left to read what the peer might still send, and it does not close.
/// // Linux differs: RFC 9293 knows no such alarm; in its profile it is never due.
fn fin_wait_2(tcb: &mut Tcb, notes: &mut Notes) {
    if tcb.state() == State::FinWait2 {
        notes.push(Reason::FinWait2Over);
        tcb.end(Ending::TimedOut, notes);
    }
}
