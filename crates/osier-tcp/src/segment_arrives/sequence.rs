//! First: does the segment lie in the window? (RFC 9293 §3.10.7.4 first, §3.4; RFC 7323 §5.3)
//!
//! PAWS, the acceptability test, and the trimming of what lies outside, so that all later checks
//! may assume that the segment starts at or after RCV.NXT.

use super::{Stop, Verdict};
use crate::reason::Reason;
use crate::receive::window::Lies;
use crate::segment::Segment;
use crate::state::State;
use crate::tcb::Tcb;
use crate::timestamps::required;
use bytes::Buf;
use core::ops::ControlFlow;
use osier_time::Instant;
use osier_wire::tcp::Flags;

/// Judges the segment and trims it to the window.
#[inline(always)]
pub(crate) fn check(tcb: &mut Tcb, now: Instant, segment: &mut Segment) -> Verdict {
    // RFC 9293 figure 8: the SYN,ACK of a simultaneous open repeats a SYN that we know.
    if tcb.state() == State::SynReceived && segment.syn() && segment.seq == tcb.rcv.irs {
        if let Some(sack) = tcb.sack.as_mut() {
            // RFC 2883 §4: the octet of the SYN came twice.
            sack.on_duplicate(segment.seq, segment.seq + 1);
        }
        strip_syn(segment, tcb.snd.scale());
        tcb.owe_ack();
    }
    paws(tcb, now, segment)?;
    let (seq, len) = (segment.seq, segment.len());
    match tcb.rcv.judge(seq, len) {
        Lies::Inside => {}
        // A RST outside the window is dropped in silence.
        _ if segment.rst() => return stop(Stop::Drop(Reason::OutsideWindow { seq, len })),
        Lies::Before => {
            if let Some(sack) = tcb.sack.as_mut().filter(|_| !segment.text.is_empty()) {
                sack.on_duplicate(seq, seq + segment.text.len() as u32);
            }
            return stop(Stop::AckAndDrop(Reason::OldDuplicate { seq, len }));
        }
        Lies::Beyond => return stop(Stop::AckAndDrop(Reason::OutsideWindow { seq, len })),
    }
    if let (Some(clock), Some(theirs)) = (&mut tcb.clock, segment.options.timestamps) {
        clock.on_acceptable(now, seq, theirs);
    }
    tcb.liveness.on_heard(now);
    trim(tcb, segment);
    ControlFlow::Continue(())
}

/// RFC 7323 §5.3 R1: a segment from the past, unless it is a RST.
fn paws(tcb: &Tcb, now: Instant, segment: &Segment) -> Verdict {
    match (&tcb.clock, segment.options.timestamps) {
        (Some(clock), Some(theirs))
            if !segment.rst() && clock.is_past(now, theirs, tcb.settings.profile) =>
        {
            stop(Stop::AckAndDrop(Reason::Paws { value: theirs.value }))
        }
        // RFC 7323 §3.2 [SHOULD].
        (Some(_), None) if !segment.rst() && required(tcb.settings.profile) => {
            stop(Stop::Drop(Reason::NoTimestamp))
        }
        _ => ControlFlow::Continue(()),
    }
}

/// RFC 9293 §3.10.7.4: "segments are trimmed to the window": what we have, from the front; what
/// there is no room for, from the back. A FIN goes with the text before it.
fn trim(tcb: &mut Tcb, segment: &mut Segment) {
    if segment.seq.before(tcb.rcv.nxt) && !segment.syn() {
        let known = tcb.rcv.nxt.since(segment.seq);
        if let Some(sack) = tcb.sack.as_mut() {
            sack.on_duplicate(segment.seq, tcb.rcv.nxt);
        }
        segment.text.advance((known as usize).min(segment.text.len()));
        // SEG.UP counts from SEG.SEQ.
        segment.urgent =
            u16::try_from(u32::from(segment.urgent).saturating_sub(known)).unwrap_or(0);
        if segment.urgent == 0 {
            segment.flags = Flags(segment.flags.0 & !Flags::URG.0);
        }
        segment.seq = tcb.rcv.nxt;
    }
    let room = (tcb.rcv.nxt + tcb.rcv.wnd()).since(segment.seq);
    if segment.text.len() > room as usize {
        segment.text.truncate(room as usize);
        segment.flags = Flags(segment.flags.0 & !(Flags::FIN | Flags::PSH).0);
        tcb.owe_ack();
    }
}

/// Takes the SYN off a segment whose SYN is already known. RFC 7323 §2.2: the window of a SYN is
/// not scaled, and what follows will shift it left by `scale`.
pub(crate) fn strip_syn(segment: &mut Segment, scale: u8) {
    segment.window >>= scale;
    segment.flags = Flags(segment.flags.0 & !Flags::SYN.0);
    segment.seq += 1;
}

fn stop(stop: Stop) -> Verdict {
    ControlFlow::Break(stop)
}
