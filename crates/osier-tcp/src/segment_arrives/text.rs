//! Seventh: what text does it bring? (RFC 9293 §3.10.7.4 seventh, §3.8.6.3; RFC 2018)
//!
//! Text in order goes to the user and moves RCV.NXT; text out of order waits. Says how soon an
//! acknowledgment is due.

use super::{Stop, Verdict};
use crate::event::Event;
use crate::reason::{Notes, Reason};
use crate::receive::autotune::{Autotune, Came};
use crate::receive::delayed_ack::{AckWhen, Arrival, TextArrived};
use crate::receive::reassembly::{Gap, Inserted};
use crate::receive::window::Reader;
use crate::segment::{Arrived, Memory, Segment};
use crate::state::State;
use crate::tcb::{Tcb, User};
use crate::timers::Timer;
use alloc::boxed::Box;
use bytes::Bytes;
use core::ops::ControlFlow;
use osier_time::Instant;
use osier_wire::SeqNumber;
use osier_wire::tcp::Timestamps;

/// Takes the text, which `sequence` has trimmed to the window.
#[inline(always)]
pub(crate) fn process(
    tcb: &mut Tcb,
    now: Instant,
    segment: &mut Segment,
    arrived: Arrived,
    notes: &mut Notes,
) -> Verdict {
    if segment.text.is_empty() || !tcb.state().may_receive() {
        return ControlFlow::Continue(());
    }
    let (seq, len) = (segment.seq, segment.text.len() as u32);
    if tcb.user == User::Gone || is_closed_to_text(tcb) {
        // RFC 1122 §4.2.2.13, RFC 9293 §3.6.1: text that nobody will read is lost, and the peer
        // must learn of it.
        return ControlFlow::Break(Stop::Abort(Reason::TextAfterClose { len }));
    }
    let mut text = core::mem::take(&mut segment.text);
    if arrived.memory != Memory::Plenty {
        let keep =
            arrived.memory < Memory::Tight || arrived.memory == Memory::Tight && seq == tcb.rcv.nxt;
        if !keep {
            return ControlFlow::Break(Stop::AckAndDrop(Reason::NoMemory { seq, len }));
        }
        text = Bytes::copy_from_slice(&text);
    }
    let segments = arrived.segments(len as usize);
    tcb.tally.text_arrived = now;
    let arrival = insert(tcb, seq, text, notes);
    owe_acknowledgment(tcb, now, (segments, len), arrival);
    if arrived.memory == Memory::Plenty {
        tune_to(tcb, now, len, segment.options.timestamps);
    }
    ControlFlow::Continue(())
}

/// RFC 9293 §3.6.1: the user has closed, and has said that it will not read what comes (Linux:
/// `shutdown` of both sides; of the reading side alone nothing is told to the peer).
fn is_closed_to_text(tcb: &Tcb) -> bool {
    tcb.rcv.reader == Reader::Shut && matches!(tcb.state(), State::FinWait1 | State::FinWait2)
}

/// How soon text that came in so many segments, with so many octets in all, is acknowledged.
#[inline]
pub(super) fn owe_acknowledgment(
    tcb: &mut Tcb,
    now: Instant,
    (segments, octets): (u32, u32),
    arrival: Arrival,
) {
    let mss = u32::from(tcb.settings.rcv_mss);
    let came = TextArrived { segments, octets, mss, arrival };
    match tcb.delayed_ack.on_text(&came, tcb.settings.delayed_ack) {
        AckWhen::Now => tcb.owe_ack(),
        AckWhen::Within(delay) => tcb.timers.set_if_idle(Timer::DelayedAck, now + delay),
    }
}

/// Whether what has arrived makes the receive buffer grow.
#[inline]
pub(super) fn tune_to(tcb: &mut Tcb, now: Instant, octets: u32, stamps: Option<Timestamps>) {
    if octets >= TUNE_FROM && tcb.settings.receive_max > tcb.settings.receive_buffer {
        tune(tcb, now, stamps);
    }
}

/// Who sends less at once does not fill a window.
const TUNE_FROM: u32 = 536;

/// Whether the receive buffer should grow, now that text has arrived.
fn tune(tcb: &mut Tcb, now: Instant, stamps: Option<Timestamps>) {
    let echoed = |theirs| {
        let age = tcb.clock.as_ref()?.round_trip(now, theirs)?;
        Some((theirs.echo, age))
    };
    let came = Came {
        now,
        nxt: tcb.rcv.nxt,
        read: tcb.read_up_to(),
        wnd: tcb.rcv.wnd(),
        echo: stamps.and_then(echoed),
        mss: u32::from(tcb.settings.rcv_mss),
    };
    let (rtt, buffer) = (tcb.recovery.srtt(), tcb.settings.receive_buffer);
    let tuning = tcb.rcv.tuning.get_or_insert_with(|| Box::new(Autotune::new(&came, rtt, buffer)));
    if let Some(octets) = tuning.on_text(&came) {
        tcb.grow_receive_buffer(octets);
    }
}

/// To the user, or behind a hole; SACK learns what was new and what was not.
fn insert(tcb: &mut Tcb, seq: SeqNumber, text: Bytes, notes: &mut Notes) -> Arrival {
    let len = text.len() as u32;
    let (arrival, again) = match tcb.text.insert(tcb.rcv.nxt, seq, text) {
        Inserted::InOrder { advanced, gap, duplicate } => {
            tcb.rcv.nxt += advanced;
            tcb.tally.bytes_received += u64::from(advanced);
            tcb.events.push(Event::Readable);
            (if gap == Gap::None { Arrival::InOrder } else { Arrival::FillsHole }, duplicate)
        }
        Inserted::OutOfOrder { left, right, duplicate } => {
            if let Some(sack) = tcb.sack.as_mut() {
                sack.on_received(left, right);
            }
            notes.push(Reason::OutOfOrder { seq, len });
            tcb.tally.out_of_order = tcb.tally.out_of_order.wrapping_add(1);
            (Arrival::OutOfOrder, duplicate)
        }
        Inserted::Duplicate { left, right } => {
            notes.push(Reason::OldDuplicate { seq, len });
            (Arrival::Duplicate, Some((left, right)))
        }
        Inserted::NoRoom => {
            notes.push(Reason::ReassemblyFull { seq });
            (Arrival::OutOfOrder, None)
        }
    };
    if let (Some(sack), Some((left, right))) = (tcb.sack.as_mut(), again) {
        sack.on_duplicate(left, right);
    }
    arrival
}
