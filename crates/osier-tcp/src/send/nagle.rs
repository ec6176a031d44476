//! Is what waits worth a segment? RFC 9293 §3.8.6.2.1 (the sender's silly-window avoidance) and
//! §3.7.4 (Nagle's algorithm), in Minshall's form where the caller wants it.
//!
//! All text counts as pushed: a write is a push (RFC 9293 §3.9.1.2 lets an implementation without
//! a PUSH flag do so). The override timeout of §3.8.6.2.1 (4) is the persist timer.

use crate::config::Nagle;
use osier_wire::SeqNumber;

/// Fs of RFC 9293 §3.8.6.2.1 is 1/2: the part of the largest window that is worth a segment.
const FS_DIVISOR: u32 = 2;

/// What waits, and what the peer and the network would take. All in octets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Waiting {
    /// D: queued and not yet sent.
    pub(crate) queued: u32,
    /// U: what the peer's window and the congestion window leave.
    pub(crate) usable: u32,
    /// Eff.snd.MSS: text in a full segment.
    pub(crate) mss: u32,
    /// Max(SND.WND): the largest window that the peer has offered so far.
    pub(crate) max_window: u32,
    /// What holds a small segment back: SND.NXT - SND.UNA for Nagle's own algorithm, or
    /// [`SmallSegment::unacked`] for Minshall's.
    pub(crate) in_flight_unacked: u32,
    /// Whether anything holds small segments back. Where a FIN follows the text, pass
    /// [`Nagle::Off`]: nothing will come that could fill the segment.
    pub(crate) nagle: Nagle,
}

/// What [`decide`] says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Decision {
    /// Send so many octets now: full segments, and a shorter last one where it may go.
    Send(u32),
    /// Wait: for an acknowledgment, for a larger window or for more text.
    Hold,
}

/// RFC 9293 §3.8.6.2.1: the sender's algorithm [MUST-38], Nagle's included [SHLD-7].
pub(crate) fn decide(waiting: &Waiting) -> Decision {
    let Waiting { queued, usable, mss, .. } = *waiting;
    let sendable = queued.min(usable);
    let held_back = waiting.nagle == Nagle::On && waiting.in_flight_unacked > 0;
    // (2) all that is queued can be sent now. It is decided once for the whole queue, so that a
    // short end goes with the full segments before it.
    if queued > 0 && queued <= usable && !held_back {
        return Decision::Send(queued);
    }
    // (1) a full segment can be sent, whatever is in flight.
    if let full @ 1.. = sendable / mss.max(1) {
        return Decision::Send(full * mss);
    }
    // (3) at least half of the largest window.
    let worth_it = sendable >= waiting.max_window.div_ceil(FS_DIVISOR);
    if sendable > 0 && worth_it && !held_back {
        return Decision::Send(sendable);
    }
    Decision::Hold
}

/// Minshall's refinement of Nagle's algorithm, as Linux has it: a small segment waits only while
/// an earlier *small* one is unacknowledged. The short end of a large write then does not wait
/// for the acknowledgment of its full segments, which the peer may delay.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct SmallSegment {
    end: Option<SeqNumber>,
    /// Whether the user holds the short end of what it writes back.
    pub(crate) hold: Hold,
    /// Whether the end of what is queued was pushed.
    pub(crate) push: Push,
}

/// Whether the user holds the short end of what it writes back.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Hold {
    /// It does not.
    #[default]
    No,
    /// It has said that more will follow at once: until it writes again or the peer acknowledges.
    More,
    /// Until it says otherwise.
    Corked,
}

/// Whether the end of what is queued was pushed (RFC 9293 §3.9.1.2).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Push {
    /// It was.
    #[default]
    Yes,
    /// More was to follow.
    No,
}

impl SmallSegment {
    /// Text up to `to` was sent for the first time, `octets` of it.
    pub(crate) fn on_sent(&mut self, to: SeqNumber, octets: u32, mss: u32) {
        if !octets.is_multiple_of(mss.max(1)) {
            self.end = Some(to);
        }
    }

    /// Octets from SND.UNA to the end of the latest small segment; 0 where it is acknowledged.
    pub(crate) fn unacked(&self, una: SeqNumber) -> u32 {
        self.end.filter(|end| end.after(una)).map_or(0, |end| end.since(una))
    }

    /// The user wrote, and wants it sent.
    pub(crate) fn push(&mut self) {
        self.push = Push::Yes;
        if self.hold == Hold::More {
            self.hold = Hold::No;
        }
    }

    /// The user wrote, and will write more at once.
    pub(crate) fn hold_more(&mut self) {
        self.push = Push::No;
        if self.hold == Hold::No {
            self.hold = Hold::More;
        }
    }

    /// SND.UNA moved: forgets a small segment that is acknowledged, before its number comes
    /// round again.
    pub(crate) fn on_ack(&mut self, una: SeqNumber) {
        if self.hold == Hold::More {
            self.hold = Hold::No;
        }
        self.end = self.end.filter(|end| end.after(una));
    }
}

#[cfg(test)]
mod tests {
    use super::{Decision, SmallSegment, Waiting, decide};
    use crate::config::Nagle;
    use osier_wire::SeqNumber;

    const MSS: u32 = 1_000;

    /// So much is queued, and the windows are wide.
    fn queued(octets: u32) -> Waiting {
        Waiting {
            queued: octets,
            usable: 60_000,
            mss: MSS,
            max_window: 60_000,
            in_flight_unacked: 0,
            nagle: Nagle::On,
        }
    }

    #[test]
    fn nothing_queued_sends_nothing() {
        assert_eq!(decide(&queued(0)), Decision::Hold);
        assert_eq!(decide(&Waiting { nagle: Nagle::Off, ..queued(0) }), Decision::Hold);
        assert_eq!(decide(&Waiting { max_window: 0, ..queued(0) }), Decision::Hold);
    }

    #[test]
    fn a_small_write_goes_at_once_when_nothing_is_in_flight() {
        assert_eq!(decide(&queued(1)), Decision::Send(1));
    }

    /// RFC 9293 §3.7.4.
    #[test]
    fn a_small_write_waits_while_something_is_unacknowledged() {
        let waiting = Waiting { in_flight_unacked: 1, ..queued(999) };
        assert_eq!(decide(&waiting), Decision::Hold);
        assert_eq!(decide(&Waiting { nagle: Nagle::Off, ..waiting }), Decision::Send(999));
    }

    #[test]
    fn full_segments_go_whatever_is_in_flight_and_a_short_end_waits() {
        let waiting = Waiting { in_flight_unacked: 1, ..queued(3_500) };
        assert_eq!(decide(&waiting), Decision::Send(3_000));
    }

    #[test]
    fn the_short_end_of_a_write_goes_with_its_full_segments() {
        assert_eq!(decide(&queued(3_500)), Decision::Send(3_500));
    }

    /// RFC 9293 §3.8.6.2.1, (1).
    #[test]
    fn a_window_that_takes_a_part_gets_full_segments_only() {
        assert_eq!(decide(&Waiting { usable: 2_500, ..queued(9_000) }), Decision::Send(2_000));
        assert_eq!(decide(&Waiting { usable: 999, ..queued(9_000) }), Decision::Hold);
        assert_eq!(decide(&Waiting { usable: 0, ..queued(9_000) }), Decision::Hold);
    }

    /// RFC 9293 §3.8.6.2.1, (3): a peer whose whole window is smaller than a segment.
    #[test]
    fn half_of_the_largest_window_is_worth_a_segment() {
        let tiny = Waiting { usable: 300, max_window: 600, ..queued(9_000) };
        assert_eq!(decide(&tiny), Decision::Send(300));
        assert_eq!(decide(&Waiting { usable: 299, ..tiny }), Decision::Hold);
        assert_eq!(decide(&Waiting { in_flight_unacked: 1, ..tiny }), Decision::Hold);
        let off = Waiting { in_flight_unacked: 1, nagle: Nagle::Off, ..tiny };
        assert_eq!(decide(&off), Decision::Send(300));
        // An odd window: 150 of 301 is less than half.
        assert_eq!(decide(&Waiting { usable: 150, max_window: 301, ..tiny }), Decision::Hold);
    }

    #[test]
    fn the_end_of_a_large_write_does_not_hold_the_next_small_one_but_a_small_one_does() {
        let mut small = SmallSegment::default();
        let una = SeqNumber(u32::MAX - 500);
        small.on_sent(una + 2_000, 2_000, MSS);
        assert_eq!(small.unacked(una), 0, "only full segments are in flight");
        small.on_sent(una + 2_100, 100, MSS);
        small.on_sent(una + 4_100, 2_000, MSS);
        assert_eq!(small.unacked(una), 2_100);
        assert_eq!(small.unacked(una + 2_099), 1);
        assert_eq!(small.unacked(una + 2_100), 0);
        small.on_ack(una + 2_100);
        assert_eq!(small, SmallSegment::default());
    }
}
