//! What is a script? Calls of two programs, in one order, and where the network is let go on.
//!
//! The subject is what is judged: the kernel in one run, osier in the other. The peer at the far
//! end of the cable is osier in both. Sockets go by slots that the script gives out when it makes
//! them, so that a call may be left out and the rest still means the same.

use std::fmt;

/// The number of a socket of one program.
pub(crate) type Slot = u8;

/// Ports of a script that a socket may be bound to; each program has its own.
pub(crate) const PORTS: u8 = 7;

/// A port where nobody ever listens.
pub(crate) const DESERTED: u8 = PORTS;

/// All that is played on one fresh cable.
#[derive(Clone, Debug)]
pub(crate) struct Script {
    pub(crate) wire: Wire,
    pub(crate) steps: Vec<Step>,
}

/// Which addresses are used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Wire {
    V4,
    V6,
    /// IPv4 on the wire, an IPv6 socket at the subject.
    Mapped,
}

/// Whose call it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Side {
    Subject,
    Peer,
}

impl Side {
    pub(crate) const BOTH: [Side; 2] = [Side::Subject, Side::Peer];

    pub(crate) const fn other(self) -> Side {
        match self {
            Side::Subject => Side::Peer,
            Side::Peer => Side::Subject,
        }
    }
}

/// One call, and what the network does behind it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Step {
    /// Its place in the script as it was drawn.
    pub(crate) number: u16,
    pub(crate) who: Side,
    pub(crate) call: Call,
    pub(crate) then: Then,
}

/// What the network does behind a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Then {
    /// Carries frames until there are none.
    Deliver,
    /// Keeps what was sent, so that it crosses what is sent next.
    Hold,
}

/// A call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Call {
    Socket {
        made: Slot,
    },
    Bind {
        slot: Slot,
        port: u8,
        at: Scope,
    },
    Listen {
        slot: Slot,
        backlog: i32,
    },
    /// To a port of the other side.
    Connect {
        slot: Slot,
        port: u8,
    },
    Accept {
        slot: Slot,
        made: Slot,
    },
    Write {
        slot: Slot,
        octets: u32,
    },
    Read {
        slot: Slot,
        octets: u32,
    },
    Peek {
        slot: Slot,
        octets: u32,
    },
    /// Until there is nothing, the end or an error.
    ReadAll {
        slot: Slot,
    },
    Shutdown {
        slot: Slot,
        how: How,
    },
    Close {
        slot: Slot,
    },
    /// SO_LINGER of no time, and close.
    Abort {
        slot: Slot,
    },
    /// SO_ERROR.
    TakeError {
        slot: Slot,
    },
    Set {
        slot: Slot,
        setting: Setting,
        value: i32,
    },
    Get {
        slot: Slot,
        setting: Setting,
    },
    /// Writes until nothing goes any more while nobody reads, then an end.
    Fill {
        slot: Slot,
        into: Slot,
        end: End,
    },
    /// Writes so much, and the other side reads all that comes.
    Transfer {
        slot: Slot,
        into: Slot,
        octets: u32,
    },
    /// Lets so much time pass for osier. The kernel's own timers are not waited for.
    Wait {
        millis: u32,
    },
}

/// Where a socket is bound.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Scope {
    Own,
    Any,
}

/// A side of a connection that is shut.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum How {
    Read,
    Write,
    Both,
}

/// What becomes of a connection that is full.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum End {
    /// The reader reads it all.
    Drained,
    /// The writer shuts its side, and the reader reads to the end.
    Shut,
    /// The writer closes, and the reader reads to the end.
    Closed,
    /// The writer aborts, and the reader reads what it can.
    Aborted,
    /// The reader closes with text unread, and the writer writes on.
    Deserted,
}

/// An option that is set and asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Setting {
    NoDelay,
    Cork,
    KeepAlive,
    ReuseAddr,
    KeepIdle,
    UserTimeout,
    /// No time, or off.
    Linger,
    /// Asked for alone.
    AcceptConn,
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let who = match self.who {
            Side::Subject => "subject",
            Side::Peer => "peer",
        };
        let call = format!("{:?}", self.call);
        let then = if self.then == Then::Hold { "  (held)" } else { "" };
        write!(f, "{:>3} {who:<8}{call}{then}", self.number)
    }
}
