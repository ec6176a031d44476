//! How do the decisions of a stack become events of the crate `tracing`? (feature `tracing`)
//!
//! Every decision that a capture would tell on a frame is an event: of a connection under the
//! target [`TCP`], of the IP layer under [`IP`], of the host under [`HOST`]. Its fields:
//!
//! - `message`: the sentence, as in a capture;
//! - `reason`: the name of the counter that counts it
//!   ([`Stack::counters`](crate::Stack::counters));
//! - `local`, `remote`: both ends, address and port; absent where no flow is concerned.
//!
//! Its level says who can cause it:
//!
//! - `WARN`: a connection was broken off (reset, refused, timed out, unreachable), a path swallows
//!   full segments, our address had to be defended against another station;
//! - `INFO`: a connection changed its state, from the end of the handshake on;
//! - `DEBUG`: whatever a stranger can cause with forged packets, as often as he likes (drops,
//!   limits, SYNs, stray segments), and what TCP makes of the path;
//! - `TRACE`: what is usual: single retransmissions, probes, talk about neighbours.
//!
//! ```
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> std::io::Result<()> {
//! # let subscriber = tracing::subscriber::NoSubscriber::default();
//! // A subscriber of yours; in the words of `tracing-subscriber`'s `EnvFilter`: `osier::tcp=info`.
//! let _quiet_again_when_dropped = tracing::subscriber::set_default(subscriber);
//! let stack = osier::Stack::builder().build()?;
//! # drop(stack);
//! # Ok(())
//! # }
//! ```
//!
//! The driver of a stack asks at each turn whether anybody listens, and until somebody does,
//! nothing is kept. It tells what a turn brought at the end of that turn, from its own task: the
//! subscriber must be that of the runtime's thread, or global. A subscriber may use the stack;
//! it should not log each thing that it does there.

mod rank;

use osier_host::{Host, Note, Reason};
use rank::Rank;
use tracing::{Level, enabled, event};

/// The target of what connections decide.
pub const TCP: &str = "osier::tcp";
/// The target of what the IP layer decides.
pub const IP: &str = "osier::ip";
/// The target of what the host decides.
pub const HOST: &str = "osier::host";

/// Notes on their way to a subscriber.
#[derive(Debug)]
pub(crate) struct Events {
    wanted: bool,
    /// Since they were last told: at most what a turn brings.
    heard: Vec<Note>,
}

impl Events {
    pub(crate) fn new() -> Self {
        Events { wanted: somebody_listens(), heard: Vec::new() }
    }

    /// Asks again whether somebody listens, and says whether the answer is another.
    pub(crate) fn look(&mut self) -> bool {
        let before = std::mem::replace(&mut self.wanted, somebody_listens());
        before != self.wanted
    }

    pub(crate) fn are_wanted(&self) -> bool {
        self.wanted
    }

    /// Copies what the host has noted.
    pub(crate) fn hear(&mut self, host: &Host) {
        if self.wanted {
            self.heard.extend(host.notes().copied());
        }
    }

    /// Tells what was heard, in order.
    pub(crate) fn tell(&mut self) {
        for (at, note) in self.heard.iter().enumerate() {
            tell(note, self.heard.get(at + 1));
        }
        self.heard.clear();
    }
}

/// Target and level of an event must be constants: one event for each pair of them.
macro_rules! tell {
    ($target:expr, $rank:expr, $note:expr, $reason:expr, $names:expr) => {
        match $rank {
            Rank::Warn => tell!(at Level::WARN, $target, $note, $reason, $names),
            Rank::Info => tell!(at Level::INFO, $target, $note, $reason, $names),
            Rank::Debug => tell!(at Level::DEBUG, $target, $note, $reason, $names),
            Rank::Trace => tell!(at Level::TRACE, $target, $note, $reason, $names),
        }
    };
    (at $level:expr, $target:expr, $note:expr, $reason:expr, $names:expr) => {
        event!(
            target: $target,
            $level,
            local = $note.flow.map(|flow| tracing::field::display(flow.local)),
            remote = $note.flow.map(|flow| tracing::field::display(flow.remote)),
            reason = $names[$reason.index()],
            "{}",
            $reason
        )
    };
}

fn tell(note: &Note, next: Option<&Note>) {
    match &note.reason {
        Reason::Tcp(it) => tell!(TCP, rank::tcp(it, next), note, it, osier_tcp::Reason::NAMES),
        Reason::Ip(it) => tell!(IP, rank::ip(it), note, it, osier_ip::Reason::NAMES),
        Reason::Host(it) => tell!(HOST, rank::host(it), note, it, osier_host::HostReason::NAMES),
    }
}

/// Whether a subscriber wants any of what may be told. Cheap where there is none.
fn somebody_listens() -> bool {
    macro_rules! at_any_level {
        ($target:expr) => {
            enabled!(target: $target, Level::WARN)
                || enabled!(target: $target, Level::INFO)
                || enabled!(target: $target, Level::DEBUG)
                || enabled!(target: $target, Level::TRACE)
        };
    }
    at_any_level!(TCP) || at_any_level!(IP) || at_any_level!(HOST)
}
