//! How far may we send? (RFC 9293 §3.3.1 figure 3, §3.10.7.4 "the send window should be updated")
//!
//! SND.UNA, SND.NXT, SND.WND and their kin, with the RFC's names. Counts octets of sequence space;
//! knows nothing of congestion.

use super::search::Search;
use alloc::boxed::Box;
use osier_time::Instant;
use osier_wire::SeqNumber;

/// The send sequence variables.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Window {
    /// ISS: initial send sequence number.
    pub(crate) iss: SeqNumber,
    /// SND.UNA: the oldest unacknowledged sequence number.
    pub(crate) una: SeqNumber,
    /// SND.NXT: the next one to be sent.
    pub(crate) nxt: SeqNumber,
    /// SND.WND: the window that the peer offers from SND.UNA on, in octets.
    pub(crate) wnd: u32,
    /// The largest SND.WND ever (RFC 9293 §3.8.6.2.1, RFC 5961 §5.2).
    pub(crate) max_wnd: u32,
    /// The search for the largest segment that the path takes, where it is not what both ends do.
    pub(crate) search: Option<Box<Search>>,
    /// SND.UP: behind the urgent text that the peer has not acknowledged.
    pub(crate) up: Option<SeqNumber>,
    /// SND.WL1 and SND.WL2: SEG.SEQ and SEG.ACK of the segment that set the window.
    wl: (SeqNumber, SeqNumber),
    /// Snd.Wind.Shift.
    scale: u8,
    /// Numbers come round after 4 GiB: by them alone, our SYN cannot be told from text.
    syn: Syn,
    /// Octets of text that fit into a segment without options.
    pub(crate) mss: u16,
    /// When text was last sent.
    pub(crate) last_sent: Instant,
}

/// Where our SYN is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Syn {
    InFlight,
    Acknowledged,
}

/// What an acknowledgment's window field said.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum WindowUpdate {
    /// The same as before, or older than what we know.
    Unchanged,
    /// Another window.
    Changed,
    /// It was zero and has opened.
    Opened,
}

impl Window {
    /// Before the peer has said anything.
    pub(crate) fn new(iss: SeqNumber, scale: u8, mss: u16, now: Instant) -> Self {
        Window {
            iss,
            una: iss,
            syn: Syn::InFlight,
            nxt: iss,
            wnd: 0,
            max_wnd: 0,
            search: None,
            up: None,
            wl: (iss, iss),
            scale,
            mss,
            last_sent: now,
        }
    }

    /// The window field of a SYN, which is never scaled (RFC 7323 §2.2).
    pub(crate) fn set_from_syn(&mut self, seq: SeqNumber, ack: SeqNumber, field: u16) {
        self.wnd = u32::from(field);
        self.max_wnd = self.max_wnd.max(self.wnd);
        self.wl = (seq, ack);
    }

    /// RFC 9293 §3.10.7.4: if (SND.WL1 < SEG.SEQ or (SND.WL1 = SEG.SEQ and SND.WL2 =< SEG.ACK))
    /// the window is set.
    #[inline]
    pub(crate) fn update(&mut self, seq: SeqNumber, ack: SeqNumber, field: u16) -> WindowUpdate {
        let newer = self.wl.0.before(seq) || (self.wl.0 == seq && self.wl.1.at_or_before(ack));
        if !newer {
            return WindowUpdate::Unchanged;
        }
        self.wl = (seq, ack);
        let before = self.wnd;
        self.wnd = u32::from(field) << self.scale;
        self.max_wnd = self.max_wnd.max(self.wnd);
        match (before, self.wnd) {
            (a, b) if a == b => WindowUpdate::Unchanged,
            (0, _) => WindowUpdate::Opened,
            _ => WindowUpdate::Changed,
        }
    }

    /// Octets that the peer's window still lets us send. A window that shrank below SND.NXT gives
    /// zero [MUST-34].
    pub(crate) fn usable(&self) -> u32 {
        let edge = self.una + self.wnd;
        if edge.after(self.nxt) { edge.since(self.nxt) } else { 0 }
    }

    /// Whether the peer has taken back some of the window that we have used [MUST-34].
    pub(crate) fn is_shrunk(&self) -> bool {
        self.wnd < self.outstanding()
    }

    /// Sequence space that is sent and not acknowledged.
    pub(crate) fn outstanding(&self) -> u32 {
        self.nxt.since(self.una)
    }

    /// SND.UNA moves.
    pub(crate) fn acknowledge(&mut self, ack: SeqNumber) {
        self.una = ack;
        self.syn = Syn::Acknowledged;
    }

    /// Whether SND.UNA is our SYN.
    pub(crate) fn syn_is_unacknowledged(&self) -> bool {
        self.syn == Syn::InFlight
    }

    /// The sequence number of the oldest octet of text that we still hold.
    pub(crate) fn text_start(&self) -> SeqNumber {
        match self.syn {
            Syn::InFlight => self.iss + 1,
            Syn::Acknowledged => self.una,
        }
    }

    /// The scaled window as the peer's field said it last.
    pub(crate) fn scale(&self) -> u8 {
        self.scale
    }
}

#[cfg(test)]
mod tests {
    use super::{Window, WindowUpdate};
    use osier_time::Instant;
    use osier_wire::SeqNumber;

    fn window() -> Window {
        let mut window = Window::new(SeqNumber(u32::MAX), 3, 1460, Instant::ZERO);
        window.una += 1;
        window.nxt = window.una + 100;
        window.set_from_syn(SeqNumber(50), window.una, 1000);
        window
    }

    #[test]
    fn an_older_segment_does_not_set_the_window() {
        let mut window = window();
        let ack = window.una;
        assert_eq!(window.update(SeqNumber(49), ack + 50, 9), WindowUpdate::Unchanged);
        assert_eq!(window.wnd, 1000);
        assert_eq!(window.update(SeqNumber(50), ack, 9), WindowUpdate::Changed);
        assert_eq!(window.wnd, 72);
    }

    #[test]
    fn text_begins_at_snd_una_however_far_that_is_from_iss() {
        let mut window = Window::new(SeqNumber(u32::MAX), 0, 1460, Instant::ZERO);
        assert_eq!(window.text_start(), SeqNumber(0));
        for una in [0, 1, 1 << 30, (1 << 31) - 1, 1 << 31, 3 << 30, u32::MAX - 1, u32::MAX, 0] {
            window.acknowledge(SeqNumber(una));
            assert_eq!(window.text_start(), SeqNumber(una));
        }
    }

    #[test]
    fn a_window_shrunk_below_what_was_sent_leaves_nothing_to_send() {
        let mut window = window();
        let ack = window.una;
        window.update(SeqNumber(50), ack, 1);
        assert_eq!(window.usable(), 0);
    }

    #[test]
    fn a_window_that_opens_says_so() {
        let mut window = window();
        let ack = window.una;
        window.update(SeqNumber(50), ack, 0);
        assert_eq!(window.update(SeqNumber(50), ack, 100), WindowUpdate::Opened);
        assert_eq!(window.usable(), 700);
    }
}
