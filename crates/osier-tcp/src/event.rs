//! What does a connection tell its owner?
//!
//! Events are obligations that merge, not a queue: however often text arrives before the owner
//! looks, it is told once that there is something to read.

/// Something that the owner of a connection should know.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Event {
    /// The handshake is done.
    Established,
    /// There is text to read, or its end.
    Readable,
    /// The peer has sent urgent text, or more of it, that the user has not read: how far it reaches
    /// is told by `Connection::urgent_mark` (RFC 9293 §3.8.5 [MUST-32]).
    Urgent,
    /// There is room to write again, after a write that found none.
    Writable,
    /// The connection stands in TIME-WAIT: take it with `Connection::time_wait`. Unread text
    /// can still be read.
    TimeWait,
    /// The connection has ended and will send and receive nothing more. Unread text can still be
    /// read where it ended in order.
    Closed(Ending),
    /// Segments carry more or less from now on, since the path does: so many octets, TCP header
    /// included (RFC 1191, RFC 8201, RFC 4821).
    PathMtu(u16, PathMtuChange),
    /// Something is wrong that may pass; the connection goes on. Whoever does not care need not
    /// look (RFC 9293 §3.9.1.8 [MUST-47, SHLD-20]).
    Trouble(Trouble),
}

/// What is wrong, though it may pass.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trouble {
    /// The retransmission timer has expired R1 times in a row (RFC 9293 §3.8.3 [SHLD-9]).
    Unanswered,
    /// ICMP says that what we sent did not arrive (RFC 9293 §3.9.2.2 [SHLD-25]).
    Unreachable,
}

/// Why a connection changes the size of its segments.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum PathMtuChange {
    /// A router, or the host, says that the path takes no more (RFC 1191, RFC 8201).
    #[default]
    Reported,
    /// Full segments went unanswered (RFC 4821 §7.7).
    BlackHole,
    /// A probe of this size arrived (RFC 4821 §7.6.1).
    Probed,
}

/// How a connection ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// In order: both FINs acknowledged.
    InOrder,
    /// The peer reset it.
    Reset,
    /// The peer refused it in the handshake.
    Refused,
    /// Given up: no answer for too long.
    TimedOut,
    /// Our own user aborted it.
    Aborted,
    /// The network said, during the handshake, that the peer cannot be reached: for certain, or
    /// for the time being, and nobody answered later either.
    Unreachable,
}

/// The set of events that wait to be taken.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Events {
    set: u8,
    path_mtu: (u16, PathMtuChange),
    trouble: Option<Trouble>,
    ending: Option<Ending>,
}

impl Events {
    const ESTABLISHED: u8 = 1;
    const READABLE: u8 = 2;
    const WRITABLE: u8 = 4;
    const TIME_WAIT: u8 = 8;
    const PATH_MTU: u8 = 16;
    const TROUBLE: u8 = 32;
    const URGENT: u8 = 64;
    const CLOSED: u8 = 128;

    /// Records an event; one that waits already is not doubled.
    pub(crate) fn push(&mut self, event: Event) {
        self.set |= match event {
            Event::Established => Self::ESTABLISHED,
            Event::Readable => Self::READABLE,
            Event::Urgent => Self::URGENT,
            Event::Writable => Self::WRITABLE,
            Event::TimeWait => Self::TIME_WAIT,
            Event::PathMtu(octets, why) => {
                self.path_mtu = (octets, why);
                Self::PATH_MTU
            }
            Event::Trouble(trouble) => {
                self.trouble = Some(trouble);
                Self::TROUBLE
            }
            Event::Closed(ending) => {
                self.ending = Some(ending);
                Self::CLOSED
            }
        };
    }

    /// Whether any waits.
    #[inline]
    pub(crate) const fn any(&self) -> bool {
        self.set != 0
    }

    /// Takes all.
    #[inline]
    pub(crate) fn take_all(&mut self) -> Events {
        let taken = self.clone();
        self.set = 0;
        taken
    }

    /// Takes [`Event::Readable`] where it is all that waits.
    #[inline]
    pub(crate) const fn take_readable(&mut self) -> bool {
        let alone = self.set == Self::READABLE;
        if alone {
            self.set = 0;
        }
        alone
    }

    #[inline]
    pub(crate) fn pop(&mut self) -> Option<Event> {
        let bit = 1 << self.set.trailing_zeros().min(7);
        if self.set == 0 {
            return None;
        }
        self.set &= !bit;
        match bit {
            Self::ESTABLISHED => Some(Event::Established),
            Self::READABLE => Some(Event::Readable),
            Self::URGENT => Some(Event::Urgent),
            Self::WRITABLE => Some(Event::Writable),
            Self::TIME_WAIT => Some(Event::TimeWait),
            Self::PATH_MTU => Some(Event::PathMtu(self.path_mtu.0, self.path_mtu.1)),
            Self::TROUBLE => self.trouble.map(Event::Trouble),
            _ => self.ending.map(Event::Closed),
        }
    }
}

impl FromIterator<Trouble> for Events {
    fn from_iter<T: IntoIterator<Item = Trouble>>(troubles: T) -> Events {
        let mut events = Events::default();
        troubles.into_iter().for_each(|trouble| events.push(Event::Trouble(trouble)));
        events
    }
}

/// In the order of a connection's life.
impl Iterator for Events {
    type Item = Event;

    #[inline]
    fn next(&mut self) -> Option<Event> {
        self.pop()
    }
}

#[cfg(test)]
mod tests {
    use super::{Ending, Event, Events};

    #[test]
    fn events_merge_and_come_in_the_order_of_a_life() {
        let mut events = Events::default();
        events.push(Event::Closed(Ending::Reset));
        events.push(Event::Readable);
        events.push(Event::Readable);
        events.push(Event::Established);
        assert_eq!(events.pop(), Some(Event::Established));
        assert_eq!(events.pop(), Some(Event::Readable));
        assert_eq!(events.pop(), Some(Event::Closed(Ending::Reset)));
        assert_eq!(events.pop(), None);
    }
}
