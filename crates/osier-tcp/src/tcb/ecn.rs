//! What is there to say of congestion, and to whom? (RFC 3168 §6.1)
//!
//! A router that marks a packet tells its receiver (CE); the receiver tells the sender in every
//! acknowledgment (ECE) until the sender says that it has slowed down (CWR). Nothing of it happens
//! where it was not agreed on in the SYNs.

use osier_wire::SeqNumber;
use osier_wire::ip::Ecn as Field;
use osier_wire::tcp::Flags;

/// The flags by which a SYN asks for it.
const ASKS: Flags = Flags(Flags::ECE.0 | Flags::CWR.0);

/// Where explicit congestion notification stands, both ways.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Ecn {
    /// Whether it was agreed on.
    pub(crate) agreed: bool,
    /// Whether ECE is said: a mark has arrived, and CWR not since.
    pub(crate) echo: bool,
    /// Whether CWR is to be said, with the next new text.
    pub(crate) cwr: bool,
    /// The latest cut, and SND.NXT then: what was sent before tells nothing new.
    cut: Option<(CutFor, SeqNumber)>,
    /// The cut for a mark that one for a timeout has taken the place of, and [`Ecn::cwr`] then.
    under: Option<(SeqNumber, bool)>,
}

/// For what the window was cut.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum CutFor {
    Mark,
    Loss,
}

impl Ecn {
    /// Where it was agreed on, or not.
    pub(crate) fn new(agreed: bool) -> Self {
        Ecn { agreed, ..Ecn::default() }
    }

    /// Something arrived, as marked by the network as `field` says. Says whether it is a mark.
    pub(crate) fn on_arrival(&mut self, flags: Flags, field: Field) -> bool {
        // RFC 3168 §6.1.3: a segment can both end the echo of older marks and bring a new one.
        let marked = field == Field::Ce;
        // Written as `echo |= marked` after the CWR, LLVM set the echo always, in an optimised
        // build of the command only: `interop_drill` looks at that build.
        if marked {
            self.echo = true;
        } else if flags.contains(Flags::CWR) {
            self.echo = false;
        }
        marked
    }

    /// SND.UNA is at `una`. Every one that moves has to come here while [`Ecn::remembers_cut`]: a
    /// number that is far behind would seem to be ahead.
    pub(crate) fn on_una(&mut self, una: SeqNumber) {
        self.cut = self.cut.filter(|(_, until)| una.at_or_before(*until));
        self.under = self.under.filter(|(until, _)| una.at_or_before(*until));
    }

    /// Whether something sent before the latest cut, or nothing sent since, is acknowledged.
    #[inline]
    pub(crate) const fn remembers_cut(&self) -> bool {
        self.cut.is_some()
    }

    /// Whether that cut was for a mark.
    pub(crate) fn is_cut_for_mark(&self) -> bool {
        self.cut.is_some_and(|(what, _)| what == CutFor::Mark)
    }

    /// Whether some of the window that was cut for a mark is still in flight, with `una` SND.UNA.
    pub(crate) fn is_reducing(&self, una: SeqNumber) -> bool {
        self.cut.is_some_and(|(what, until)| what == CutFor::Mark && una.before(until))
    }

    /// The window was cut for a mark, with `nxt` SND.NXT.
    pub(crate) fn on_cut_for_mark(&mut self, nxt: SeqNumber) {
        self.on_cut(CutFor::Mark, nxt);
    }

    /// The window was cut for a loss, with `nxt` SND.NXT.
    pub(crate) fn on_cut_for_loss(&mut self, nxt: SeqNumber) {
        if let Some((CutFor::Mark, until)) = self.cut {
            self.under = Some((until, self.cwr));
        }
        self.on_cut(CutFor::Loss, nxt);
    }

    fn on_cut(&mut self, what: CutFor, nxt: SeqNumber) {
        self.cwr = self.agreed;
        self.cut = self.agreed.then_some((what, nxt));
    }

    /// The loss was none: the next mark is news (Linux: tcp_ecn_withdraw_cwr), unless the window
    /// had been cut for one before.
    pub(crate) fn on_undone(&mut self) {
        if self.is_cut_for_mark() {
            return;
        }
        (self.cwr, self.cut) = match self.under.take() {
            Some((until, cwr)) => (cwr, Some((CutFor::Mark, until))),
            None => (false, None),
        };
    }
}

/// An ECN-setup SYN (RFC 3168 §6.1.1).
pub(crate) fn asks(syn: Flags) -> bool {
    syn.contains(ASKS)
}

/// An ECN-setup SYN,ACK: with ECE alone.
pub(crate) fn agrees(syn_ack: Flags) -> bool {
    syn_ack.contains(Flags::ECE) && !syn_ack.contains(Flags::CWR)
}

/// What a SYN that asks for it carries.
pub(crate) const fn asking() -> Flags {
    ASKS
}

#[cfg(test)]
mod tests {
    use super::{Ecn, Field, Flags, SeqNumber};

    #[test]
    fn a_mark_is_echoed_until_the_sender_has_heard() {
        let mut ecn = Ecn::new(true);
        assert!(ecn.on_arrival(Flags::ACK, Field::Ce));
        ecn.on_arrival(Flags::ACK, Field::Ect0);
        assert!(ecn.echo);
        ecn.on_arrival(Flags::ACK | Flags::CWR, Field::Ect0);
        assert!(!ecn.echo);
        ecn.on_arrival(Flags::ACK | Flags::CWR, Field::Ce);
        assert!(ecn.echo, "the segment that says CWR is itself marked");
    }

    #[test]
    fn a_cut_is_remembered_until_something_sent_after_it_is_acknowledged() {
        let (una, nxt) = (SeqNumber(u32::MAX - 10), SeqNumber(5_000));
        let mut ecn = Ecn::new(true);
        ecn.on_cut_for_mark(nxt);
        assert!(ecn.cwr && ecn.is_reducing(una));
        ecn.on_una(nxt);
        assert!(ecn.remembers_cut() && ecn.is_cut_for_mark());
        assert!(!ecn.is_reducing(nxt), "what is lost now was sent after it");
        ecn.on_una(nxt + 1);
        assert!(!ecn.remembers_cut());
    }

    #[test]
    fn a_cut_for_a_loss_that_was_none_is_forgotten_but_not_one_for_a_mark() {
        let mut ecn = Ecn::new(true);
        ecn.on_cut_for_loss(SeqNumber(1));
        ecn.on_undone();
        assert!(!ecn.remembers_cut() && !ecn.cwr);
        ecn.on_cut_for_mark(SeqNumber(1));
        ecn.on_undone();
        assert!(ecn.remembers_cut() && ecn.cwr);
    }

    #[test]
    fn a_timeout_that_was_none_leaves_the_cut_for_a_mark_before_it() {
        let mut ecn = Ecn::new(true);
        ecn.on_cut_for_mark(SeqNumber(100));
        // CWR was said.
        ecn.cwr = false;
        ecn.on_cut_for_loss(SeqNumber(150));
        assert!(ecn.cwr && !ecn.is_cut_for_mark());
        ecn.on_undone();
        assert!(ecn.is_reducing(SeqNumber(50)), "the mark's window is not cut again for it");
        assert!(!ecn.cwr, "there is nothing new to say");
        // And where the mark's window is over by then, there is nothing to go back to.
        ecn.on_cut_for_loss(SeqNumber(200));
        ecn.on_una(SeqNumber(101));
        ecn.on_undone();
        assert!(!ecn.remembers_cut());
    }

    #[test]
    fn where_it_was_not_agreed_on_nothing_is_remembered() {
        let mut ecn = Ecn::new(false);
        ecn.on_cut_for_loss(SeqNumber(1));
        assert_eq!(ecn, Ecn::default());
    }
}
