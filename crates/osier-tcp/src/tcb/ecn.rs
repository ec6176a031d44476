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
    /// SND.NXT at the latest cut: what was sent before tells nothing new.
    cut_until: Option<SeqNumber>,
}

impl Ecn {
    /// Where it was agreed on, or not.
    pub(crate) fn new(agreed: bool) -> Self {
        Ecn { agreed, ..Ecn::default() }
    }

    /// Something arrived, as marked by the network as `field` says. Says whether it is a mark.
    pub(crate) fn on_arrival(&mut self, flags: Flags, field: Field) -> bool {
        // RFC 3168 §6.1.3: a segment can both end the echo of older marks and bring a new one.
        if flags.contains(Flags::CWR) {
            self.echo = false;
        }
        let marked = field == Field::Ce;
        self.echo |= marked;
        marked
    }

    /// The peer says ECE, or does not, in what acknowledges `ack`: whether it is news (RFC 3168
    /// §6.1.2: once a window).
    pub(crate) fn hears_of_mark(&mut self, flags: Flags, ack: SeqNumber) -> bool {
        self.cut_until = self.cut_until.filter(|until| ack.at_or_before(*until));
        flags.contains(Flags::ECE) && self.cut_until.is_none()
    }

    /// The window was cut, for a mark or for a loss, with `nxt` SND.NXT.
    pub(crate) fn on_cut(&mut self, nxt: SeqNumber) {
        self.cwr = self.agreed;
        self.cut_until = self.agreed.then_some(nxt);
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
    fn an_echo_is_news_once_a_window() {
        let mut ecn = Ecn::new(true);
        let (una, nxt) = (SeqNumber(u32::MAX - 10), SeqNumber(5_000));
        assert!(!ecn.hears_of_mark(Flags::ACK, una));
        assert!(ecn.hears_of_mark(Flags::ACK | Flags::ECE, una));
        ecn.on_cut(nxt);
        assert!(ecn.cwr);
        assert!(!ecn.hears_of_mark(Flags::ACK | Flags::ECE, una + 100));
        assert!(!ecn.hears_of_mark(Flags::ACK | Flags::ECE, nxt));
        assert!(ecn.hears_of_mark(Flags::ACK | Flags::ECE, nxt + 1));
    }
}
