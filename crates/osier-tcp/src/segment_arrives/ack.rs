//! Fifth: what does the segment acknowledge? (RFC 9293 §3.10.7.4 fifth; RFC 5681, RFC 5961 §5)
//!
//! Ends the handshake in SYN-RECEIVED; takes acknowledged text off the buffer; tells recovery and
//! congestion control; sets the send window; ends our half of the close.

use super::ecn::{self, Echo};
use super::{Stop, Verdict};
use crate::congestion::Acked;
use crate::event::{Ending, Event};
use crate::loss;
use crate::model;
use crate::path_mtu;
use crate::reason::{Notes, Reason};
use crate::recovery::{AckArrived, AckOutcome, Duplicate, Turn};
use crate::room;
use crate::segment::Segment;
use crate::send::window::WindowUpdate;
use crate::state::{Arrow, State};
use crate::tally::Limit;
use crate::tcb::{Fin, Tcb, User};
use crate::timers::Timer;
use core::ops::ControlFlow;
use osier_time::{Duration, Instant};
use osier_wire::SeqNumber;
use osier_wire::tcp::Flags;

/// Looks at the ACK field.
#[inline(always)]
pub(crate) fn process(
    tcb: &mut Tcb,
    now: Instant,
    segment: &Segment,
    notes: &mut Notes,
) -> Verdict {
    if !segment.has_ack() {
        return ControlFlow::Break(Stop::Drop(Reason::NoAck));
    }
    if tcb.state() == State::SynReceived {
        end_of_handshake(tcb, now, segment, notes)?;
    }
    in_range(tcb, segment.ack)?;
    let window = tcb.snd.update(segment.seq, segment.ack, segment.window);
    if tcb.snd.outstanding() == 0 && segment.options.sack.is_empty() {
        // A segment of a peer that is sending to us: of what we sent it has nothing new to tell.
        answered(tcb, window);
        tcb.look_if_waiting();
        return ControlFlow::Continue(());
    }
    if tells_plainly(tcb, segment) {
        acknowledged(tcb, now, segment.ack, window);
    } else {
        examine(tcb, now, segment, window, notes);
    }
    tcb.look_if_waiting();
    our_fin(tcb, now, notes);
    ControlFlow::Continue(())
}

/// Whether it acknowledges something new, nothing is missing, and nobody has to hear more of it.
#[inline(always)]
pub(super) fn tells_plainly(tcb: &Tcb, segment: &Segment) -> bool {
    segment.ack.after(tcb.snd.una)
        && segment.ack.at_or_before(tcb.snd.nxt)
        && segment.options.sack.is_empty()
        && !segment.flags.contains(Flags::ECE)
        && tcb.recovery.is_undisturbed()
        && !tcb.owed.ecn.remembers_cut()
        && tcb.snd.search.is_none()
}

/// An acknowledgment that may tell of a loss, a mark or a probe, or that acknowledges nothing new.
fn examine(
    tcb: &mut Tcb,
    now: Instant,
    segment: &Segment,
    window: WindowUpdate,
    notes: &mut Notes,
) {
    let kind = duplicate(tcb, segment, window);
    model::look_for_gap(tcb);
    let echo = ecn::echo(tcb, segment);
    let outcome = measure(tcb, now, segment, kind);
    if outcome.acked > 0 {
        advance(tcb, segment.ack);
    }
    ecn::hear(tcb, now, echo, &outcome, notes);
    congestion(tcb, now, &outcome, echo, notes);
    if tcb.snd.search.is_some() {
        path_mtu::on_ack(tcb, now, &outcome, notes);
    }
    model::on_ack(tcb, now, &outcome);
    loss::ask_or_repair(tcb);
    alarms(tcb, now, &outcome, window);
    loss::set_alarm(tcb);
    tell_user(tcb, now);
}

/// Something new is acknowledged, and nothing is missing.
#[inline(never)]
fn acknowledged(tcb: &mut Tcb, now: Instant, ack: SeqNumber, window: WindowUpdate) {
    let mss = tcb.text_mss();
    let outcome = tcb.recovery.on_undisturbed_ack(now, ack, mss);
    advance(tcb, ack);
    grow(tcb, now, outcome.acked, &outcome);
    alarms(tcb, now, &outcome, window);
    loss::set_alarm(tcb);
    tell_user(tcb, now);
}

/// [`process`] in ESTABLISHED, of a segment that acknowledges nothing and nothing is in flight, or
/// something new and nothing is missing.
#[inline]
pub(super) fn process_plain(tcb: &mut Tcb, now: Instant, segment: &Segment) {
    let window = tcb.snd.update(segment.seq, segment.ack, segment.window);
    if segment.ack == tcb.snd.una {
        answered(tcb, window);
    } else {
        acknowledged(tcb, now, segment.ack, window);
    }
    tcb.look_if_waiting();
}

/// RFC 9293 §3.10.7.4 fifth, SYN-RECEIVED: SND.UNA < SEG.ACK =< SND.NXT, or a RST.
fn end_of_handshake(tcb: &mut Tcb, now: Instant, segment: &Segment, notes: &mut Notes) -> Verdict {
    let acceptable = segment.ack.after(tcb.snd.una) && segment.ack.at_or_before(tcb.snd.nxt);
    if !acceptable {
        return ControlFlow::Break(Stop::Reset(Reason::AckOfUnsent { ack: segment.ack }));
    }
    tcb.enter(Arrow::HandshakeDone, notes);
    tcb.events.push(Event::Established);
    if let Some(at) = tcb.liveness.first_alarm() {
        tcb.timers.set(Timer::KeepAlive, at.max(now));
    }
    ControlFlow::Continue(())
}

/// Neither beyond what was sent, nor older than any honest peer's (RFC 5961 §5.2).
fn in_range(tcb: &Tcb, ack: SeqNumber) -> Verdict {
    if ack.after(tcb.snd.nxt) {
        return ControlFlow::Break(Stop::AckAndDrop(Reason::AckOfUnsent { ack }));
    }
    if ack.before(tcb.snd.una - tcb.snd.max_wnd) {
        return ControlFlow::Break(Stop::Challenge(Reason::AckTooOld { ack }));
    }
    ControlFlow::Continue(())
}

/// Tells recovery what the segment says of what is in flight.
fn measure(tcb: &mut Tcb, now: Instant, segment: &Segment, kind: Duplicate) -> AckOutcome {
    let echoed_rtt = echoed_rtt(tcb, now, segment);
    tcb.recovery.on_ack(
        now,
        &AckArrived {
            ack: segment.ack.max(tcb.snd.una),
            una_before: tcb.snd.una,
            nxt: tcb.snd.nxt,
            sack: segment.options.sack,
            kind,
            echoed_rtt,
            mss: tcb.text_mss(),
        },
    )
}

/// RFC 7323 §4.1: the round trip that the echo tells, where something new is acknowledged.
#[inline]
fn echoed_rtt(tcb: &Tcb, now: Instant, segment: &Segment) -> Option<Duration> {
    match (&tcb.clock, segment.options.timestamps) {
        (Some(clock), Some(theirs)) if segment.ack.after(tcb.snd.una) => {
            clock.round_trip(now, theirs)
        }
        _ => None,
    }
}

/// RFC 5681 §2: (a) something is outstanding, (b) no text, (c) no SYN and no FIN, (d) it
/// acknowledges SND.UNA, (e) the window is the same.
fn duplicate(tcb: &Tcb, segment: &Segment, window: WindowUpdate) -> Duplicate {
    let same = tcb.snd.outstanding() > 0
        && segment.is_empty()
        && window == WindowUpdate::Unchanged
        && segment.ack == tcb.snd.una
        && u32::from(segment.window) << tcb.snd.scale() == tcb.snd.wnd;
    if same { Duplicate::Yes } else { Duplicate::No }
}

/// SND.UNA moves: the text in front of it is no longer needed.
#[inline(always)]
fn advance(tcb: &mut Tcb, ack: SeqNumber) {
    let start = tcb.snd.text_start();
    tcb.tally.on_acked(ack.since(tcb.snd.una));
    tcb.snd.acknowledge(ack);
    tcb.small.on_ack(ack);
    let end = match tcb.owed.fin {
        Fin::Sent(at) => ack.min(at),
        Fin::No | Fin::Queued => ack,
    };
    if end.after(start) {
        tcb.out.acked(end.since(start));
    }
}

/// Lets the congestion window grow, or cuts it. RFC 3168 §6.1.2: with ECE it does not grow [SHOULD
/// NOT].
fn congestion(
    tcb: &mut Tcb,
    now: Instant,
    outcome: &AckOutcome,
    echo: Option<Echo>,
    notes: &mut Notes,
) {
    match outcome.turn {
        Turn::LossFound => loss::found(tcb, outcome, notes),
        Turn::RecoveryOver => {
            loss::repaired(tcb);
            // It is an acknowledgment after the recovery, but most of what it acknowledges was
            // delivered, and let new text go, before.
            if echo.is_none() {
                grow(tcb, now, outcome.delivered, outcome);
            }
        }
        Turn::NextLoss => {
            loss::repaired(tcb);
            loss::found(tcb, outcome, notes);
        }
        Turn::Spurious(found) => loss::undone(tcb, found, outcome, notes),
        Turn::ProbeRepaired => loss::repaired_by_probe(tcb, outcome, notes),
        Turn::PartialAck | Turn::ProbeTooLong => {}
        // What duplicates have told of before does not count again.
        Turn::None if outcome.acked > 0 && echo.is_none() => {
            grow(tcb, now, outcome.delivered, outcome);
        }
        Turn::None => {}
    }
}

#[inline(always)]
fn grow(tcb: &mut Tcb, now: Instant, acked: u32, outcome: &AckOutcome) {
    tcb.congestion.on_ack(&Acked {
        now,
        acked,
        in_flight_before: outcome.in_flight_before,
        outstanding: tcb.snd.outstanding(),
        rtt: outcome.rtt,
        mss: tcb.text_mss(),
    });
}

/// RFC 6298 §5.2 and §5.3: the alarm stops when all is acknowledged, and starts anew when some is.
#[inline(always)]
fn alarms(tcb: &mut Tcb, now: Instant, outcome: &AckOutcome, window: WindowUpdate) {
    if outcome.acked > 0 {
        if tcb.snd.outstanding() == 0 {
            tcb.timers.stop(Timer::Retransmit);
            tcb.timers.stop(Timer::GiveUp);
            tcb.tally.limits.enter(now, Limit::Idle);
        } else {
            tcb.timers.set(Timer::Retransmit, now + tcb.recovery.rto());
            if let Some(limit) = tcb.liveness.user_timeout {
                tcb.timers.set(Timer::GiveUp, now + limit);
            }
        }
    }
    answered(tcb, window);
}

/// RFC 9293 §3.8.6.1 [MUST-37]: whoever answers probes is alive, however long its window is closed.
#[inline]
fn answered(tcb: &mut Tcb, window: WindowUpdate) {
    tcb.persist.on_answer();
    if tcb.snd.outstanding() == 0 {
        tcb.timers.stop(Timer::GiveUp);
    } else if tcb.snd.is_shrunk() {
        // What lies beyond the edge cannot be acknowledged, and is no reason to give up [SHLD-17].
        tcb.recovery.on_answer();
    }
    if window == WindowUpdate::Opened {
        tcb.persist.on_window_open();
        tcb.timers.stop(Timer::Persist);
    }
}

/// A user who waits for room gets two congestion windows of it, where the buffer is tuned: one in
/// flight, one to follow. It is told once a third of the buffer is free, so that it writes in
/// pieces worth a wake-up.
#[inline]
fn tell_user(tcb: &mut Tcb, now: Instant) {
    if tcb.user != User::WaitsForRoom {
        return;
    }
    let wanted = loss::window(tcb).saturating_mul(2).min(tcb.settings.send_max);
    if wanted > tcb.out.limit() {
        tcb.out.set_limit(wanted);
    }
    room::tell(tcb);
    if tcb.user == User::WaitsForRoom && tcb.unsent() == 0 && tcb.snd.outstanding() > 0 {
        tcb.tally.limits.enter(now, Limit::SendBuffer);
    }
}

/// RFC 9293 §3.10.7.4 fifth, FIN-WAIT-1, CLOSING, LAST-ACK: is our FIN acknowledged?
fn our_fin(tcb: &mut Tcb, now: Instant, notes: &mut Notes) {
    if !tcb.fin_is_acked() {
        return;
    }
    match tcb.state() {
        State::FinWait1 => {
            tcb.enter(Arrow::FinAcked, notes);
            if tcb.user == User::Gone {
                tcb.timers.set(Timer::FinWait2, now + tcb.settings.fin_wait_2);
            }
        }
        State::Closing => {
            tcb.enter(Arrow::ClosingAcked, notes);
            crate::close::time_wait::enter(tcb);
        }
        State::LastAck => {
            tcb.enter(Arrow::LastAcked, notes);
            tcb.settle(Ending::InOrder);
        }
        State::SynReceived
        | State::Established
        | State::FinWait2
        | State::CloseWait
        | State::TimeWait
        | State::Closed
        | State::Listen
        | State::SynSent => {}
    }
}
