//! How much may the peer send? (RFC 9293 §3.3.1 figure 4, §3.8.6.2.2)
//!
//! RCV.NXT, RCV.WND and the right edge that we have promised. The edge never moves left
//! [SHLD-14], and moves right only by steps worth sending (receiver's silly window avoidance
//! [MUST-39]).

use super::autotune::Autotune;
use alloc::boxed::Box;
use osier_wire::SeqNumber;

/// The receive sequence variables.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Window {
    /// IRS: initial receive sequence number.
    pub(crate) irs: SeqNumber,
    /// RCV.NXT: the next sequence number expected.
    pub(crate) nxt: SeqNumber,
    /// RCV.NXT + RCV.WND as the peer knows it: the right edge promised.
    edge: SeqNumber,
    /// Rcv.Wind.Shift.
    scale: u8,
    /// What the size of the buffer follows, where it does, once text has arrived.
    pub(crate) tuning: Option<Box<Autotune>>,
    /// RCV.UP: behind the urgent text that was announced last.
    pub(crate) up: Option<SeqNumber>,
    /// Where the peer's FIN stands, once it has been seen.
    pub(crate) fin: Option<SeqNumber>,
    /// Whether the user reads what is yet to come.
    pub(crate) reader: Reader,
}

/// Whether the user reads what is yet to come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reader {
    /// It does, as far as we know.
    Reads,
    /// It has said that it will not.
    Shut,
}

/// How a segment lies to the window (RFC 9293 §3.4, the four cases of the acceptability test).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Lies {
    /// Some of it, or its point, is in the window.
    Inside,
    /// All of it lies before RCV.NXT.
    Before,
    /// All of it lies beyond the edge.
    Beyond,
}

impl Window {
    /// After the peer's SYN, whose answer promises `promised` octets.
    pub(crate) fn new(irs: SeqNumber, promised: u32, scale: u8) -> Self {
        let nxt = irs + 1;
        let (edge, reader) = (nxt + promised, Reader::Reads);
        Window { irs, nxt, edge, scale, tuning: None, up: None, fin: None, reader }
    }

    /// RCV.WND: what of the promise is left.
    #[inline]
    pub(crate) fn wnd(&self) -> u32 {
        if self.edge.after(self.nxt) { self.edge.since(self.nxt) } else { 0 }
    }

    /// RFC 9293 §3.4: whether a segment of `len` octets at `seq` is acceptable. With a closed
    /// window only an empty segment at RCV.NXT is; its sibling with text has its text cut off by
    /// the caller, since its ACK, RST and URG count [MUST-66].
    pub(crate) fn judge(&self, seq: SeqNumber, len: u32) -> Lies {
        let end = seq + len;
        if end.before(self.nxt) || (len > 0 && end == self.nxt) {
            return Lies::Before;
        }
        // An empty segment just at the edge counts as inside: the SND.NXT of a sender that has
        // filled the window is the edge. Linux takes it too.
        let at_edge = seq == self.edge && (len == 0 || seq == self.nxt);
        if seq.before(self.edge) || at_edge { Lies::Inside } else { Lies::Beyond }
    }

    /// The window field for a segment sent now, with `free` octets of buffer left of `limit` and
    /// segments of `mss` octets; moves the edge.
    #[inline]
    pub(crate) fn promise(&mut self, free: u32, limit: u32, mss: u32) -> u16 {
        if self.gain(free) >= mss.min(limit / 2) {
            self.edge = self.nxt + self.sayable(free);
        }
        // Rounded up where the edge stays: rounding down would take back what was promised. But
        // not again and again beyond what there is room for: then less than a unit is taken back
        // (RFC 7323 §2.4), and would still be accepted.
        let wnd = self.wnd();
        let up = wnd.min(free).saturating_add((1 << self.scale) - 1);
        let field = (up >> self.scale).max(wnd >> self.scale).min(0xFFFF);
        self.edge = self.edge.max(self.nxt + (field << self.scale));
        field as u16
    }

    /// Octets by which the edge could move right.
    #[inline]
    fn gain(&self, free: u32) -> u32 {
        let could_be = self.nxt + self.sayable(free);
        if could_be.after(self.edge) { could_be.since(self.edge) } else { 0 }
    }

    /// What the field can say of so many octets, rounded down.
    #[inline]
    fn sayable(&self, octets: u32) -> u32 {
        (octets >> self.scale).min(0xFFFF) << self.scale
    }

    /// Whether the peer should be told that there is room again: the window would at least
    /// double, and by a step worth sending (as Linux decides after a read).
    #[inline]
    pub(crate) fn worth_telling(&self, free: u32, limit: u32, mss: u32) -> bool {
        // It cannot double.
        if free / 2 < self.wnd() {
            return false;
        }
        let gain = self.gain(free);
        gain >= mss.min(limit / 2) && gain >= self.wnd()
    }

    /// Rcv.Wind.Shift.
    pub(crate) fn scale(&self) -> u8 {
        self.scale
    }
}

#[cfg(test)]
mod tests {
    use super::{Lies, Window};
    use osier_wire::SeqNumber;

    fn window(promised: u32) -> Window {
        Window::new(SeqNumber(u32::MAX - 10), promised, 2)
    }

    #[test]
    fn the_acceptability_test_has_the_four_cases_of_the_rfc() {
        let w = window(100);
        assert_eq!(w.judge(w.nxt, 0), Lies::Inside);
        assert_eq!(w.judge(w.nxt + 99, 50), Lies::Inside);
        assert_eq!(w.judge(w.nxt + 100, 1), Lies::Beyond);
        assert_eq!(w.judge(w.nxt - 5, 5), Lies::Before);
        assert_eq!(w.judge(w.nxt - 5, 6), Lies::Inside);
        assert_eq!(w.judge(w.nxt - 1, 0), Lies::Before);
    }

    #[test]
    fn a_closed_window_takes_only_what_stands_at_rcv_nxt() {
        let w = window(0);
        assert_eq!(w.judge(w.nxt, 0), Lies::Inside);
        assert_eq!(w.judge(w.nxt, 10), Lies::Inside);
        assert_eq!(w.judge(w.nxt + 1, 0), Lies::Beyond);
    }

    #[test]
    fn the_promised_edge_never_moves_left() {
        let mut w = window(1000);
        let edge = w.nxt + 1000;
        w.nxt += 300;
        assert_eq!(w.promise(0, 4000, 100), 175);
        assert_eq!(w.nxt + w.wnd(), edge);
        // What the field cannot say to the octet is still accepted.
        w.nxt += 1;
        assert_eq!(w.promise(0, 4000, 100), 174);
        assert_eq!(w.nxt + w.wnd(), edge);
    }

    #[test]
    fn rounding_promises_at_most_a_unit_more_than_there_is_room_for() {
        let irs = SeqNumber(7);
        let mut w = Window::new(irs, 20_000, 7);
        let mut free = 20_000u32;
        while free > 0 {
            let came = free.min(1_460).min(w.wnd());
            w.nxt += came;
            free -= came;
            w.promise(free, 20_000, 1_460);
            assert!(w.wnd() < free + 128, "{} promised, {free} free", w.wnd());
        }
    }

    #[test]
    fn the_window_opens_only_by_steps_worth_sending() {
        let mut w = window(0);
        assert_eq!(w.promise(99, 4000, 100), 0);
        assert_eq!(w.promise(100, 4000, 100), 25);
        // With a tiny buffer half of it is worth sending.
        let mut w = window(0);
        assert_eq!(w.promise(48, 96, 1460), 12);
    }

    #[test]
    fn a_reader_that_frees_little_tells_nobody() {
        let w = window(1000);
        assert!(!w.worth_telling(1500, 4000, 100));
        assert!(w.worth_telling(2000, 4000, 100));
    }

    #[test]
    fn a_window_that_the_field_cannot_say_larger_is_not_told_again() {
        let mut w = Window::new(SeqNumber(7), 0xFFFF, 0);
        assert!(!w.worth_telling(500_000, 500_000, 1_460));
        w.nxt += 1_000;
        assert!(!w.worth_telling(500_000, 500_000, 1_460));
        assert_eq!((w.promise(500_000, 500_000, 1_000), w.wnd()), (0xFFFF, 0xFFFF));
    }
}
