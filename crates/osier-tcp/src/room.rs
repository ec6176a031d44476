//! How much may the user write, and when is it asked for more? (RFC 9293 §3.9.1.2, SEND; Linux:
//! TCP_NOTSENT_LOWAT)
//!
//! The send buffer bounds what is kept. Of that, what waits to be sent for the first time helps
//! nobody once it is more than a burst or two: it only grows old. A user that sets a low mark has
//! little of it, and can still change its mind about the rest.

use crate::event::Event;
use crate::loss;
use crate::send::burst;
use crate::tally::Limit;
use crate::tcb::{Tcb, User};
use bytes::{Buf, Bytes};
use osier_time::Instant;

/// Queues a copy of what there is room for; says how much that is.
#[inline]
pub(crate) fn take_copy(tcb: &mut Tcb, text: &[u8]) -> usize {
    let admitted = text.len().min(admitted(tcb) as usize);
    tcb.out.push_copy(&text[..admitted])
}

/// Queues what there is room for without a copy; says how much that is.
#[inline]
pub(crate) fn take_chunk(tcb: &mut Tcb, chunk: &mut Bytes) -> usize {
    let admitted = admitted(tcb) as usize;
    if chunk.len() <= admitted {
        return tcb.out.push_chunk(chunk);
    }
    let taken = tcb.out.push_chunk(&mut chunk.slice(..admitted));
    chunk.advance(taken);
    taken
}

/// Octets that a write would take now.
pub(crate) fn to_write(tcb: &Tcb) -> u32 {
    tcb.out.room().min(admitted(tcb))
}

/// Octets that may be added to what is unsent.
#[inline]
fn admitted(tcb: &Tcb) -> u32 {
    match tcb.settings.sending.not_sent_low {
        u32::MAX => u32::MAX,
        low => admitted_above(tcb, low),
    }
}

/// As on Linux: what can go at once does not count; a burst is begun while less than `low` waits,
/// and one that is begun may be filled.
#[cold]
fn admitted_above(tcb: &Tcb, low: u32) -> u32 {
    let flight = loss::window(tcb).saturating_sub(tcb.recovery.in_flight());
    let goes = tcb.snd.usable().min(flight);
    let burst = burst::longest(tcb.text_mss(), tcb.snd.max_wnd, tcb.settings.gso_max);
    let waits = low.div_ceil(burst).saturating_mul(burst);
    goes.saturating_add(waits).saturating_sub(tcb.unsent())
}

/// Whether less than half of the low mark is unsent, so that the user may be asked for more.
pub(crate) fn is_low(tcb: &Tcb) -> bool {
    tcb.settings.sending.not_sent_low.div_ceil(2) > tcb.unsent()
}

/// Tells a user who waits for room that there is some, once that is a third of the buffer, so that
/// it writes in pieces worth a wake-up.
pub(crate) fn tell(tcb: &mut Tcb) {
    let waits = tcb.user == User::WaitsForRoom;
    if waits && tcb.out.room() >= tcb.out.limit() / 3 && is_low(tcb) {
        tcb.user = User::Present;
        tcb.events.push(Event::Writable);
    }
}

/// New text was sent. What the next waits for is noted, and who waited for less to wait is told.
#[inline]
pub(crate) fn on_sent(tcb: &mut Tcb, now: Instant) {
    let mut limit = Limit::Path;
    if tcb.user == User::WaitsForRoom {
        if tcb.unsent() == 0 {
            limit = Limit::SendBuffer;
        }
        tell(tcb);
    }
    tcb.tally.limits.enter(now, limit);
}
