//! What does a host tell of itself: to `ss`, to a capture, to whoever asks why?

use core::fmt;
use core::net::SocketAddr;
use osier_tcp::{State, Timer};
use osier_time::{Duration, Instant};
use osier_wire::ip::Protocol;

/// A decision of the host or of a layer below it, and whom it concerns.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Note {
    /// The flow; `None` where the decision concerns none (ARP, a frame that cannot be parsed).
    pub flow: Option<Flow>,
    /// The decision.
    pub reason: Reason,
}

/// Both ends of what was decided about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Flow {
    /// Which transport.
    pub protocol: Protocol,
    /// Our end.
    pub local: SocketAddr,
    /// Their end.
    pub remote: SocketAddr,
}

/// A decision of any layer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reason {
    /// Of a connection.
    Tcp(osier_tcp::Reason),
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Reason::Tcp(reason) => reason.fmt(f),
        }
    }
}

/// A socket as `ss` shows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SocketInfo {
    /// TCP or UDP.
    pub protocol: Protocol,
    /// The state; `None` for UDP.
    pub state: Option<State>,
    /// Our end.
    pub local: SocketAddr,
    /// Their end, if there is one.
    pub remote: Option<SocketAddr>,
    /// Octets to be read; of a listener: connections to be accepted.
    pub receive_queue: u32,
    /// Octets not yet acknowledged; of a listener: its backlog.
    pub send_queue: u32,
    /// The alarm that is due next, and when.
    pub timer: Option<(Timer, Instant)>,
    /// Smoothed round-trip time, once measured.
    pub srtt: Option<Duration>,
    /// Congestion window in octets.
    pub cwnd: u32,
    /// The largest segment that may be sent, in octets of text.
    pub mss: u16,
}
