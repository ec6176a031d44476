//! Which programs run on a host of the lab?
//!
//! A server accepts, a client opens; what each says on a connection is a [`Script`]: a list of
//! steps, beside which text is read at a pace of its own. From these two come the bulk sender, the
//! sink, the echo, request and response, and the slow reader. All are plain data.

use core::net::SocketAddr;
use osier_tcp::{Ending, KeepAlive, Nagle};
use osier_time::{Duration, Instant};

/// A program.
#[derive(Clone, Debug)]
pub enum Program {
    /// Accepts connections and follows the script on each.
    Server(Server),
    /// Opens connections and follows the script on each.
    Client(Client),
}

/// Accepts connections.
#[derive(Clone, Debug)]
pub struct Server {
    /// Where it listens.
    pub at: SocketAddr,
    /// How many connections may wait to be accepted.
    pub backlog: usize,
    /// What it says on each.
    pub script: Script,
}

/// Opens connections.
#[derive(Clone, Debug)]
pub struct Client {
    /// To whom.
    pub to: SocketAddr,
    /// How many in all.
    pub connections: u64,
    /// How many at a time.
    pub at_once: u32,
    /// When the first.
    pub start: Instant,
    /// How long after one the next at the soonest.
    pub gap: Duration,
    /// From which port; `None`: an ephemeral one each.
    pub port: Option<u16>,
    /// What it says on each.
    pub script: Script,
}

/// What is said on a connection, and how what comes is read.
#[derive(Clone, Debug)]
pub struct Script {
    /// The steps, one after another. After the last one the connection is let go.
    pub says: Vec<Say>,
    /// How text is read, at any step.
    pub reading: Reading,
    /// How text is written.
    pub writing: Writing,
    /// The place in the stream of octets at which what is sent begins …
    pub sends_from: u64,
    /// … and at which what comes begins.
    pub hears_from: u64,
    /// How many octets come before the peer's end, where that is known.
    pub hears: Option<u64>,
    /// Nagle's algorithm.
    pub nagle: Nagle,
    /// Keep-alive.
    pub keep_alive: Option<KeepAlive>,
}

/// One step of a script.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Say {
    /// So many octets are written.
    Send(u64),
    /// What comes is written back, until the peer's end.
    Echo,
    /// Nothing, until so many octets have come in all.
    AwaitOctets(u64),
    /// Nothing, until the peer's end.
    AwaitEnd,
    /// Nothing, for so long.
    Pause(Duration),
    /// Nothing, until then.
    Until(Instant),
    /// Nothing, ever: the connection is not let go.
    Hold,
    /// That no more will be written.
    Shutdown,
    /// That it is broken off.
    Abort,
}

/// How text is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reading {
    /// So many octets at most at a time.
    pub octets: usize,
    /// How long until the next time; zero: at once.
    pub every: Duration,
    /// Nothing before so long after the beginning.
    pub after: Duration,
}

/// How text is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Writing {
    /// Pieces of at most so many octets, which are copied.
    Copied(usize),
    /// The same, shared instead.
    Shared(usize),
}

impl Reading {
    /// Whether all that comes is read when it comes.
    pub(crate) fn is_at_once(&self) -> bool {
        self.every.is_zero() && self.after.is_zero()
    }
}

impl Default for Script {
    /// Says nothing and reads all that comes at once.
    fn default() -> Self {
        Script {
            says: Vec::new(),
            reading: Reading { octets: 1 << 20, every: Duration::ZERO, after: Duration::ZERO },
            writing: Writing::Shared(usize::MAX),
            sends_from: 0,
            hears_from: 0,
            hears: None,
            nagle: Nagle::On,
            keep_alive: None,
        }
    }
}

impl Script {
    /// A script of these steps.
    pub fn of(says: &[Say]) -> Script {
        Script { says: says.to_vec(), ..Script::default() }
    }

    /// Sends without end.
    pub fn bulk() -> Script {
        Script::of(&[Say::Send(u64::MAX)])
    }

    /// Takes all that comes, and closes behind the peer.
    pub fn sink() -> Script {
        Script::of(&[Say::AwaitEnd])
    }

    /// Gives back all that comes, and closes behind the peer.
    pub fn echo() -> Script {
        Script::of(&[Say::Echo])
    }

    /// Asks with so many octets, takes an answer of so many, and closes first.
    pub fn ask(request: u64, response: u64) -> Script {
        let says = [Say::Send(request), Say::AwaitOctets(response), Say::Shutdown, Say::AwaitEnd];
        Script { hears: Some(response), ..Script::of(&says) }
    }

    /// Answers a request of so many octets with so many, and closes behind the peer.
    pub fn answer(request: u64, response: u64) -> Script {
        let says = [Say::AwaitOctets(request), Say::Send(response), Say::AwaitEnd];
        Script { hears: Some(request), ..Script::of(&says) }
    }
}

/// What a program has done so far.
#[derive(Clone, Debug, Default)]
pub struct Tally {
    /// Connections begun, connected or accepted.
    pub begun: u64,
    /// Of these, those whose script came to its end.
    pub done: u64,
    /// Those that failed.
    pub failed: u64,
    /// Attempts that the host refused at once.
    pub refused: u64,
    /// Octets written.
    pub sent: u64,
    /// Octets read.
    pub received: u64,
    /// The first octets that were not what they must be.
    pub wrong: Option<Wrong>,
    /// Each connection that is over, where the world keeps them.
    pub reports: Vec<Report>,
}

/// What was heard was not what was said.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wrong {
    /// The octet at this place, counted from the first, is another.
    Octet(u64),
    /// There were more octets than the peer sends.
    TooMany(u64),
    /// The end came after so many octets, too early.
    EndTooEarly(u64),
    /// Text or an end came after the end.
    AfterEnd,
}

/// How one connection went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Report {
    /// When it began, and when it was over.
    pub times: (Instant, Instant),
    /// Octets written and octets read.
    pub octets: (u64, u64),
    /// How it failed; `None`: the script came to its end.
    pub failure: Option<Ending>,
}
