//! What does CLOSED answer to a segment that belongs to no connection? (RFC 9293 §3.10.7.1)

use crate::reason::{Notes, Reason};
use crate::segment::{Segment, Transmit};
use osier_wire::SeqNumber;
use osier_wire::tcp::Flags;

/// The RST that answers a stray segment; `None` where the segment is itself a RST.
pub fn answer(segment: &Segment, notes: &mut Notes) -> Option<Transmit> {
    if segment.rst() {
        notes.push(Reason::StrayIgnored);
        return None;
    }
    notes.push(Reason::StrayReset);
    Some(reset_for(segment))
}

/// The RST that makes the sender of `segment` give up, believable to it: its sequence number is
/// the one that the sender expects from us.
pub(crate) fn reset_for(segment: &Segment) -> Transmit {
    let mut transmit = Transmit { dont_fragment: true, ..Transmit::default() };
    if segment.has_ack() {
        // RFC 9293 §3.10.7.1: <SEQ=SEG.ACK><CTL=RST>
        transmit.segment.seq = segment.ack;
        transmit.segment.flags = Flags::RST;
    } else {
        // <SEQ=0><ACK=SEG.SEQ+SEG.LEN><CTL=RST,ACK>
        transmit.segment.seq = SeqNumber(0);
        transmit.segment.ack = segment.end();
        transmit.segment.flags = Flags::RST | Flags::ACK;
    }
    transmit
}

#[cfg(test)]
mod tests {
    use super::answer;
    use crate::reason::{Notes, Recording};
    use crate::segment::Segment;
    use bytes::Bytes;
    use osier_wire::SeqNumber;
    use osier_wire::tcp::Flags;

    fn segment(flags: Flags, text: &'static [u8]) -> Segment {
        Segment {
            seq: SeqNumber(100),
            ack: SeqNumber(700),
            flags,
            text: Bytes::from_static(text),
            ..Segment::default()
        }
    }

    #[test]
    fn a_stray_syn_is_answered_with_a_reset_that_acknowledges_it() {
        let mut notes = Notes::new(Recording::Off);
        let rst = answer(&segment(Flags::SYN, b""), &mut notes).unwrap().segment;
        assert_eq!((rst.seq, rst.ack), (SeqNumber(0), SeqNumber(101)));
        assert_eq!(rst.flags, Flags::RST | Flags::ACK);
    }

    #[test]
    fn a_stray_ack_is_answered_with_a_reset_at_the_number_it_expects() {
        let mut notes = Notes::new(Recording::Off);
        let rst = answer(&segment(Flags::ACK, b"text"), &mut notes).unwrap().segment;
        assert_eq!((rst.seq, rst.flags), (SeqNumber(700), Flags::RST));
    }

    #[test]
    fn a_stray_reset_is_never_answered() {
        let mut notes = Notes::new(Recording::Off);
        assert!(answer(&segment(Flags::RST | Flags::ACK, b""), &mut notes).is_none());
    }
}
