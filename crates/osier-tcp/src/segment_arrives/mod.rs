//! In which order is an arriving segment examined? (RFC 9293 §3.10.7.4)
//!
//! The RFC's eight checks, a file each, in its order. A check either lets the segment pass on,
//! perhaps trimmed, or stops with a verdict; only [`carry_out`] acts on a verdict. Nothing here
//! sends: what is owed is recorded in the record and `transmit.rs` sends it.

pub(crate) mod ack;
pub(crate) mod ecn;
pub(crate) mod fin;
mod predict;
pub(crate) mod reset;
pub(crate) mod sequence;
pub(crate) mod syn;
pub(crate) mod text;
pub(crate) mod urgent;

use crate::event::Ending;
use crate::reason::{Notes, Reason};
use crate::segment::{Arrived, Segment};
use crate::tcb::{Reset, Tcb};
use alloc::vec::Vec;
use bytes::Bytes;
use core::ops::ControlFlow;
use osier_time::{Duration, Instant};

/// Between two challenge ACKs to one connection (Linux: tcp_invalid_ratelimit).
const CHALLENGE_INTERVAL: Duration = Duration::from_millis(500);

/// Why the examination of a segment stops.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stop {
    /// Nothing more to do.
    Drop(Reason),
    /// Drop it, and acknowledge what we expect.
    AckAndDrop(Reason),
    /// Drop it, and ask whether the peer meant it (RFC 5961).
    Challenge(Reason),
    /// It acknowledges what we never sent: RST at that number; the connection stays.
    Reset(Reason),
    /// Break the connection off with a RST of ours.
    Abort(Reason),
    /// The peer has ended it.
    End(Ending, Reason),
}

/// A check's verdict: on to the next one, or stop.
pub(crate) type Verdict = ControlFlow<Stop>;

/// A segment arrived for a connection in any state from SYN-RECEIVED on.
#[inline]
pub(crate) fn segment_arrives(
    tcb: &mut Tcb,
    now: Instant,
    segment: &mut Segment,
    arrived: Arrived,
    notes: &mut Notes,
) {
    tcb.settings.memory = arrived.memory;
    tcb.tally.on_arrival(arrived.segments(segment.text.len()), segment.text.len());
    if predict::is_expected(tcb, now, segment, arrived) {
        return predict::take(tcb, now, segment, arrived);
    }
    if let ControlFlow::Break(stop) = examine(tcb, now, segment, arrived, notes) {
        carry_out(tcb, now, segment, stop, notes);
    }
}

/// The texts of segments arrived that are alike in all but the sequence number. `segment` is the
/// first of them without its text; says whether they were taken, which they are where nothing but
/// the plain outcome awaits them all.
pub(crate) fn texts_arrive(
    tcb: &mut Tcb,
    now: Instant,
    segment: &mut Segment,
    texts: &mut Vec<Bytes>,
    arrived: Arrived,
) -> bool {
    predict::take_all(tcb, now, segment, texts, arrived)
}

#[inline(never)]
fn examine(
    tcb: &mut Tcb,
    now: Instant,
    segment: &mut Segment,
    arrived: Arrived,
    notes: &mut Notes,
) -> Verdict {
    sequence::check(tcb, now, segment)?; // first
    reset::check(tcb, segment)?; // second
    // Third: security and compartment are IP's affair and nobody uses them.
    syn::check(segment)?; // fourth
    ack::process(tcb, now, segment, notes)?; // fifth
    ecn::process(tcb, segment, arrived, notes);
    urgent::process(tcb, segment); // sixth
    let fin = fin::place_of(segment); // before its text is taken out
    text::process(tcb, now, segment, arrived, notes)?; // seventh
    fin::process(tcb, fin, notes); // eighth
    ControlFlow::Continue(())
}

/// The rest of a SYN,ACK in SYN-SENT after its SYN: its acknowledgment, text and FIN.
pub(crate) fn rest_of_syn(
    tcb: &mut Tcb,
    now: Instant,
    mut segment: Segment,
    arrived: Arrived,
    notes: &mut Notes,
) {
    // To the octet, which a shifted window is not.
    let promised = (tcb.snd.wnd, tcb.snd.max_wnd);
    sequence::strip_syn(&mut segment, tcb.snd.scale());
    segment_arrives(tcb, now, &mut segment, arrived, notes);
    (tcb.snd.wnd, tcb.snd.max_wnd) = promised;
}

/// Does what a verdict asks for: the only place.
fn carry_out(tcb: &mut Tcb, now: Instant, segment: &Segment, stop: Stop, notes: &mut Notes) {
    match stop {
        Stop::Drop(reason) => notes.push(reason),
        Stop::AckAndDrop(reason) => {
            notes.push(reason);
            // An empty segment that is out of place may itself be the answer to one of ours: two
            // stacks that answer each other's answers would never end. Text breaks the loop.
            if segment.text.is_empty() && !segment.fin() {
                challenge(tcb, now, notes);
            } else {
                tcb.owe_ack();
            }
        }
        Stop::Challenge(reason) => {
            notes.push(reason);
            challenge(tcb, now, notes);
        }
        Stop::Reset(reason) => {
            notes.push(reason);
            tcb.owed.reset = Some(Reset::At(segment.ack));
            tcb.look_again();
        }
        Stop::Abort(reason) => {
            notes.push(reason);
            notes.push(Reason::ResetSent);
            // At the number that the peer expects next, whatever of ours it has received: another
            // it would not believe at once (RFC 5961 §3.2).
            tcb.owed.reset = Some(Reset::At(segment.ack));
            tcb.end(Ending::Aborted, notes);
            tcb.look_again();
        }
        Stop::End(ending, reason) => {
            notes.push(reason);
            tcb.end(ending, notes);
        }
    }
}

/// An acknowledgment that cannot be used to make us talk endlessly (RFC 5961 §7).
fn challenge(tcb: &mut Tcb, now: Instant, notes: &mut Notes) {
    let due = tcb.owed.challenged.is_none_or(|last| now - last >= CHALLENGE_INTERVAL);
    if due {
        tcb.owed.challenged = Some(now);
        notes.push(Reason::ChallengeAck);
        tcb.owe_ack();
    } else {
        notes.push(Reason::ChallengeSuppressed);
    }
}
