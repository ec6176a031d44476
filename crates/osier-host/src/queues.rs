//! Which connections are to be told of, to send, to be woken?
//!
//! After each door of a connection the host looks at what it wants and lets it join queues. Nearly
//! always that is nothing out of the ordinary, and [`Queues::settle`] is all there is to do.

use crate::connections::{News, Owner, Socket};
use crate::ready::Ready;
use crate::timers::Wheel;

/// Who waits for what, by the ids of sockets.
#[derive(Clone, Debug)]
pub(crate) struct Queues {
    /// Who has a segment to send.
    pub(crate) transmit: Ready,
    /// Whose owner is to be told something.
    pub(crate) news: Ready,
    /// Whose SYN is unanswered: those that we opened ourselves.
    pub(crate) connecting: Ready,
    pub(crate) wheel: Wheel,
}

/// Whether a connection wants nothing out of the ordinary.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Settled {
    /// It does not, and is settled.
    Yes,
    /// There is something else to tell, or the connection has ended.
    No,
}

impl Queues {
    /// Nobody waits.
    pub(crate) fn new() -> Self {
        Queues {
            transmit: Ready::new(),
            news: Ready::new(),
            connecting: Ready::new(),
            wheel: Wheel::new(),
        }
    }

    /// Takes what a connection wants after a door of it was called, where that is to send, to be
    /// woken or to have its owner told of text.
    #[inline(always)]
    pub(crate) fn settle(&mut self, id: u32, socket: &mut Socket) -> Settled {
        let wants = socket.connection.wants();
        if wants.events {
            if !socket.connection.take_readable() {
                return Settled::No;
            }
            socket.news.0 |= News::READABLE;
            if socket.owner == Owner::User {
                self.news.push_back(id);
            }
        }
        if !socket.is_open() {
            return Settled::No;
        }
        if wants.transmit {
            self.transmit.push_back(id);
        }
        if let Some(due) = wants.deadline {
            self.wheel.set_no_later(id, due);
        }
        Settled::Yes
    }

    /// A socket is gone.
    pub(crate) fn forget(&mut self, id: u32) {
        self.transmit.remove(id);
        self.news.remove(id);
        self.connecting.remove(id);
        self.wheel.clear(id);
    }
}
