//! Eighth: has the peer closed? (RFC 9293 §3.10.7.4 eighth, §3.6)
//!
//! A FIN counts when everything before it has arrived; until then its place is remembered.

use crate::close;
use crate::event::Event;
use crate::reason::Notes;
use crate::segment::Segment;
use crate::state::{Arrow, State};
use crate::tcb::Tcb;
use osier_wire::SeqNumber;

/// Where the FIN of a segment stands, if it has one.
pub(crate) fn place_of(segment: &Segment) -> Option<SeqNumber> {
    segment.fin().then(|| segment.seq + segment.text.len() as u32)
}

/// Looks at the FIN bit, and at whether a FIN seen earlier is now next in order.
#[inline(always)]
pub(crate) fn process(tcb: &mut Tcb, fin: Option<SeqNumber>, notes: &mut Notes) {
    if fin.is_some() {
        tcb.rcv.fin = tcb.rcv.fin.or(fin);
        tcb.owe_ack();
    }
    // A peer that sends text beyond its FIN has closed all the same.
    if tcb.rcv.fin.is_some_and(|fin| tcb.rcv.nxt.at_or_after(fin)) {
        arrived_in_order(tcb, notes);
    }
}

fn arrived_in_order(tcb: &mut Tcb, notes: &mut Notes) {
    let arrow = match tcb.state() {
        State::Established => Arrow::FinArrived,
        State::FinWait1 => Arrow::FinCrossed,
        State::FinWait2 => Arrow::FinArrivedLast,
        // The peer has closed already; nothing in these states receives.
        State::SynReceived
        | State::CloseWait
        | State::Closing
        | State::LastAck
        | State::TimeWait
        | State::Closed
        | State::Listen
        | State::SynSent => return,
    };
    tcb.rcv.nxt += 1;
    tcb.tally.bytes_received += 1;
    tcb.owe_ack();
    tcb.enter(arrow, notes);
    tcb.events.push(Event::Readable);
    if arrow == Arrow::FinArrivedLast {
        close::time_wait::enter(tcb);
    }
}
