//! Is it the segment that was to be expected: the next text in order, in ESTABLISHED, with nothing
//! out of the ordinary? Then the checks of RFC 9293 §3.10.7.4 have one outcome, and this is it.
//!
//! Van Jacobson's header prediction. It decides nothing that the checks in full do not decide: what
//! it takes, they would take in the same way, which a test holds them to.

use super::{ack, text};
use crate::event::Event;
use crate::receive::delayed_ack::Arrival;
use crate::segment::{Arrived, Memory, Segment};
use crate::state::State;
use crate::tcb::{Tcb, User};
use alloc::vec::Vec;
use bytes::Bytes;
use osier_time::Instant;
use osier_wire::Ecn;
use osier_wire::tcp::Flags;

/// Whether the segment is one that nothing but the plain outcome awaits.
#[inline]
pub(super) fn is_expected(tcb: &Tcb, now: Instant, segment: &Segment, arrived: Arrived) -> bool {
    has_room_for(tcb, now, segment, arrived, segment.text.len() as u32)
}

/// [`is_expected`] of a segment with so much text.
#[inline]
fn has_room_for(tcb: &Tcb, now: Instant, segment: &Segment, arrived: Arrived, len: u32) -> bool {
    tcb.state() == State::Established
        && segment.seq == tcb.rcv.nxt
        && Flags(segment.flags.0 & !Flags::PSH.0) == Flags::ACK
        && len > 0
        && len <= tcb.rcv.wnd()
        && len <= tcb.text.room()
        && tcb.text.is_in_order()
        && tcb.rcv.fin.is_none()
        && tcb.user != User::Gone
        && arrived.ecn != Ecn::Ce
        && arrived.memory == Memory::Plenty
        && segment.options.is_plain()
        && stamp_is_good(tcb, now, segment)
        && match segment.ack == tcb.snd.una {
            true => tcb.snd.outstanding() == 0,
            false => ack::tells_plainly(tcb, segment),
        }
}

/// RFC 7323 §5.3 R1, and that the stamp is there if and only if it was agreed on.
#[inline]
fn stamp_is_good(tcb: &Tcb, now: Instant, segment: &Segment) -> bool {
    match (&tcb.clock, segment.options.timestamps) {
        (Some(clock), Some(theirs)) => !clock.is_old(now, theirs),
        (None, None) => true,
        (Some(_), None) | (None, Some(_)) => false,
    }
}

/// Takes an expected segment: first, fifth and seventh of the checks, in their order.
#[inline]
pub(super) fn take(tcb: &mut Tcb, now: Instant, segment: &mut Segment, arrived: Arrived) {
    if let (Some(clock), Some(theirs)) = (&mut tcb.clock, segment.options.timestamps) {
        clock.on_acceptable(now, segment.seq, theirs);
    }
    tcb.liveness.on_heard(now);
    ack::process_plain(tcb, now, segment);
    let octets = segment.text.len() as u32;
    let segments = arrived.segments(segment.text.len());
    tcb.tally.text_arrived = now;
    tcb.text.push_in_order(&mut segment.text);
    tcb.rcv.nxt += octets;
    tcb.tally.bytes_received += u64::from(octets);
    tcb.events.push(Event::Readable);
    text::owe_acknowledgment(tcb, now, (segments, octets), Arrival::InOrder);
    text::tune_to(tcb, now, octets, segment.options.timestamps);
}

/// Takes the texts of segments that arrived together, none longer than one that came before, where
/// all of them are expected; says whether they were. `segment` is the first of them, without its
/// text; the others differ from it in nothing but the sequence number.
pub(super) fn take_all(
    tcb: &mut Tcb,
    now: Instant,
    segment: &mut Segment,
    texts: &mut Vec<Bytes>,
    arrived: Arrived,
) -> bool {
    let octets: usize = texts.iter().map(Bytes::len).sum();
    let Some(last) = texts.last().map(|text| text.len() as u32) else { return true };
    let len = u32::try_from(octets).unwrap_or(u32::MAX);
    if !has_room_for(tcb, now, segment, arrived, len) {
        return false;
    }
    let segments = texts.len() as u32;
    tcb.settings.memory = arrived.memory;
    tcb.tally.on_arrival(segments, octets);
    if let (Some(clock), Some(theirs)) = (&mut tcb.clock, segment.options.timestamps) {
        clock.on_acceptable(now, segment.seq, theirs);
    }
    tcb.liveness.on_heard(now);
    // SND.WL1 is the number of the last segment that told of the window.
    segment.seq += len - last;
    ack::process_plain(tcb, now, segment);
    tcb.tally.text_arrived = now;
    for mut text in texts.drain(..) {
        tcb.text.push_in_order(&mut text);
    }
    tcb.rcv.nxt += len;
    tcb.tally.bytes_received += u64::from(len);
    tcb.events.push(Event::Readable);
    text::owe_acknowledgment(tcb, now, (segments, len), Arrival::InOrder);
    text::tune_to(tcb, now, len, segment.options.timestamps);
    true
}

#[cfg(test)]
mod tests;
