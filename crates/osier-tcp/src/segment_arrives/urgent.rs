//! Sixth: is there urgent text? (RFC 9293 §3.10.7.4 sixth, §3.8.5; RFC 6093)
//!
//! Urgent text is delivered in line, as RFC 6093 §6 recommends, and may have any length. The user
//! is told when there is some, and when its end moves on; how far it reaches is a getter.

use crate::event::Event;
use crate::segment::Segment;
use crate::state::State;
use crate::tcb::Tcb;
use osier_wire::tcp::Flags;

/// Looks at the URG bit.
#[inline]
pub(crate) fn process(tcb: &mut Tcb, segment: &Segment) {
    if segment.flags.contains(Flags::URG) {
        point(tcb, segment);
    }
}

/// RCV.UP <- max(RCV.UP, SEG.UP), and signals the user where it is in advance of what was read
/// [MUST-32].
#[cold]
fn point(tcb: &mut Tcb, segment: &Segment) {
    let mark = segment.seq + u32::from(segment.urgent);
    let receives = match tcb.state() {
        State::Established | State::FinWait1 | State::FinWait2 => true,
        State::SynReceived
        | State::CloseWait
        | State::Closing
        | State::LastAck
        | State::TimeWait
        | State::Closed
        | State::Listen
        | State::SynSent => false,
    };
    let news = tcb.rcv.up.is_none_or(|up| mark.after(up)) && mark.after(tcb.read_up_to());
    if receives && news {
        tcb.rcv.up = Some(mark);
        tcb.events.push(Event::Urgent);
    }
}
