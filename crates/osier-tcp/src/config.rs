//! Which settings does a connection start with?
//!
//! Those of a [`Profile`]: `linux`, which is the default, or `rfc`, which keeps to the letter of
//! the RFCs. Where the two part, the field says how.

mod mtu_probing;

pub use mtu_probing::{MtuProbing, ProbingMode};

use core::fmt;
use core::str::FromStr;
use osier_time::Duration;
use osier_wire::SeqNumber;

/// The smallest segment that we let a peer press us down to: an MSS of one octet would make every
/// write a storm of headers. Linux has the same floor (tcp_min_snd_mss).
pub(crate) const SEND_MSS_MIN: u16 = 48;

/// The settings of a connection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Config {
    /// The largest segment we can receive, announced in the MSS option: octets of text
    /// (RFC 9293 §3.7.1). The host derives it from the MTU of the link.
    pub mss: u16,
    /// What a peer that sends no MSS option is assumed to take: 536 for IPv4, 1220 for IPv6
    /// (RFC 9293 §3.7.1 [MUST-15]). The host knows which.
    pub default_mss: u16,
    /// Octets that we keep for the user to read; the window never exceeds it, and its scale is
    /// chosen for the most that it can be (Linux: `tcp_rmem`, of which text has half).
    pub receive_buffer: Buffer,
    /// Octets that we keep until the peer has acknowledged them (Linux: `tcp_wmem`).
    pub send_buffer: Buffer,
    /// The optional parts of the protocol that we offer.
    pub offer: Offer,
    /// The retransmission timer.
    pub rto: RtoConfig,
    /// How often a SYN is sent again before the attempt fails. Linux: 6, about 127 s; RFC 9293
    /// [MUST-23] asks for at least 3 minutes, which 7 are.
    pub syn_retries: u8,
    /// How often a SYN,ACK is sent again before the half-open connection is forgotten. Linux: 5.
    pub syn_ack_retries: u8,
    /// How often in a row the timer may expire before the connection is given up (R2). Linux: 15.
    pub retries: u8,
    /// How long the other end may leave sent text unacknowledged (RFC 5482); `None`: until R2.
    pub user_timeout: Option<Duration>,
    /// How long TIME-WAIT lasts. Linux: 60 s; RFC 9293 §3.4.2: 2 MSL with an MSL of two minutes.
    pub time_wait: Duration,
    /// How long a connection that no user holds may stay in FIN-WAIT-2. Linux: 60 s; RFC 9293 has
    /// no limit, `Duration::MAX`.
    pub fin_wait_2: Duration,
    /// How long an acknowledgment may be held back (RFC 9293 §3.8.6.3: less than 0.5 s).
    pub delayed_ack: Duration,
    /// Whether small segments wait for the acknowledgment of what is in flight.
    pub nagle: Nagle,
    /// Keep-alive; `None`: off, which is the default (RFC 9293 §3.8.4).
    pub keep_alive: Option<KeepAlive>,
    /// Congestion control.
    pub congestion: Algorithm,
    /// The initial congestion window in segments (RFC 6928: 10).
    pub initial_window: u8,
    /// The most text that one [`Transmit`](crate::Transmit) may carry, for a device that cuts
    /// super-segments; 0: one segment each.
    pub gso_max: u32,
    /// How eagerly text is sent, and how it answers to congestion.
    pub sending: Sending,
    /// Whom to follow where the difference is no number but what is done.
    pub profile: Profile,
}

/// How eagerly text is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sending {
    /// Segments that a super-segment may have however slow the path is (Linux:
    /// `tcp_min_tso_segs`).
    pub burst_min: u8,
    /// What an idle time does to the congestion window.
    pub after_idle: AfterIdle,
    /// Whether routers may mark it instead of dropping it (RFC 3168).
    pub ecn: Ecn,
    /// The largest segment that our link takes, where that is more than we announce
    /// ([`Config::mss`]); `None`: the same (RFC 9293 §3.7.1 [MUST-16]).
    pub link_mss: Option<u16>,
    /// How the path is searched for larger segments (RFC 4821).
    pub mtu_probing: MtuProbing,
    /// A user is asked to write once less than half of so many octets wait to be sent for the first
    /// time (Linux: `tcp_notsent_lowat`); `u32::MAX`: as soon as the send buffer has room.
    pub not_sent_low: u32,
}

/// What becomes of the congestion window when nothing was sent for a retransmission timeout.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum AfterIdle {
    /// It is the initial window again (RFC 5681 §4.1).
    #[default]
    Restart,
    /// It stays (Linux: `tcp_slow_start_after_idle` of 0).
    Keep,
}

/// Whom a connection follows where Linux and the RFCs part.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Profile {
    /// Linux, whose choices have carried the Internet for decades.
    #[default]
    Linux,
    /// The letter of the RFCs: a segment without the agreed timestamp is dropped (RFC 7323 §3.2),
    /// the timeout is never below its floor (RFC 6298 §2.4), the initial window is bounded in
    /// octets (RFC 6928 §2), and slow start is limited for each acknowledgment (RFC 5681 §3.1, RFC
    /// 9406 §4.2).
    Rfc,
}

/// How large a buffer is, in octets of text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Buffer {
    /// Always this.
    Fixed(u32),
    /// It grows with what the path carries: a receive buffer to twice what the user reads in a
    /// round trip, a send buffer to twice the congestion window.
    Tuned {
        /// At the start.
        first: u32,
        /// At the most.
        max: u32,
    },
}

impl Buffer {
    /// At the start.
    pub const fn first(self) -> u32 {
        match self {
            Buffer::Fixed(octets) | Buffer::Tuned { first: octets, .. } => octets,
        }
    }

    /// At the most.
    pub const fn max(self) -> u32 {
        match self {
            Buffer::Fixed(octets) => octets,
            Buffer::Tuned { first, max } => {
                if max > first {
                    max
                } else {
                    first
                }
            }
        }
    }
}

impl From<u32> for Buffer {
    fn from(octets: u32) -> Self {
        Buffer::Fixed(octets)
    }
}

/// The options that we offer in a SYN and accept from a peer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Offer {
    /// Window scaling (RFC 7323 §2).
    pub window_scale: bool,
    /// Timestamps (RFC 7323 §3).
    pub timestamps: bool,
    /// Selective acknowledgment (RFC 2018).
    pub sack: bool,
}

/// Bounds of the retransmission timer (RFC 6298).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RtoConfig {
    /// Before the first measurement (RFC 6298 §2.1: 1 s).
    pub initial: Duration,
    /// The floor. RFC 6298 §2.4: 1 s; Linux: 200 ms.
    pub min: Duration,
    /// What lies above the floor.
    pub floor: Floor,
    /// The ceiling (RFC 6298 §2.5: at least 60 s; Linux: 120 s).
    pub max: Duration,
}

/// What the floor of the retransmission timer lies under.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Floor {
    /// The term of the deviations, so that a peer may hold an acknowledgment back on a path of any
    /// length: Linux.
    #[default]
    Deviations,
    /// The whole timeout: RFC 6298 §2.4.
    Timeout,
}

/// Nagle's algorithm (RFC 9293 §3.7.4).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Nagle {
    /// Small segments wait while anything is unacknowledged.
    #[default]
    On,
    /// They do not: TCP_NODELAY.
    Off,
}

/// How soon text is acknowledged (TCP_QUICKACK).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Acknowledgments {
    /// The next segments at once.
    #[default]
    Quick,
    /// With text of ours, or a little later.
    Delayed,
}

/// Whether what does not fill a segment is held back (TCP_CORK).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Cork {
    /// It is.
    In,
    /// It is not.
    #[default]
    Out,
}

/// Keep-alive probes (RFC 9293 §3.8.4).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KeepAlive {
    /// How long the connection must be idle before the first probe (default: two hours).
    pub idle: Duration,
    /// Between probes (Linux: 75 s).
    pub interval: Duration,
    /// How many unanswered probes end the connection (Linux: 9).
    pub probes: u8,
}

impl Default for KeepAlive {
    fn default() -> Self {
        KeepAlive { idle: Duration::from_secs(7_200), interval: Duration::from_secs(75), probes: 9 }
    }
}

/// Whether routers may mark our packets instead of dropping them (RFC 3168; Linux: tcp_ecn).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Ecn {
    /// No.
    Off,
    /// Where the peer asks for it in its SYN.
    #[default]
    WhenAsked,
    /// We ask for it in ours, too.
    On,
}

/// A congestion control algorithm.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Algorithm {
    /// RFC 9438, with HyStart++ (RFC 9406).
    #[default]
    Cubic,
    /// RFC 5681.
    Reno,
    /// BBR, version 3 (draft-ietf-ccwg-bbr); paced.
    Bbr,
}

impl Algorithm {
    /// All of them.
    pub const ALL: [Algorithm; 3] = [Algorithm::Cubic, Algorithm::Reno, Algorithm::Bbr];

    /// Its name, as Linux writes it.
    pub const fn name(self) -> &'static str {
        match self {
            Algorithm::Cubic => "cubic",
            Algorithm::Reno => "reno",
            Algorithm::Bbr => "bbr",
        }
    }
}

impl fmt::Display for Algorithm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Algorithm {
    type Err = UnknownAlgorithm;

    fn from_str(name: &str) -> Result<Self, UnknownAlgorithm> {
        Algorithm::ALL.into_iter().find(|known| known.name() == name).ok_or(UnknownAlgorithm)
    }
}

/// There is no congestion control algorithm of that name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UnknownAlgorithm;

impl fmt::Display for UnknownAlgorithm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("no such congestion control: there are cubic, reno and bbr")
    }
}

impl core::error::Error for UnknownAlgorithm {}

impl Config {
    /// Announces segments of at most so much text, and sends no larger ones (TCP_MAXSEG). No
    /// smaller ones than a peer could ask for, either.
    pub fn limit_segments(&mut self, octets: u16) {
        let octets = octets.max(SEND_MSS_MIN);
        self.mss = self.mss.min(octets);
        self.sending.link_mss = self.sending.link_mss.map(|link| link.min(octets));
    }
}

/// What the host computes for a new connection, since it alone knows addresses and secrets.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Opening {
    /// The initial send sequence number (RFC 6528).
    pub iss: SeqNumber,
    /// What is added to our clock in TSval (RFC 7323 §5.4).
    pub ts_offset: u32,
}

impl Default for Config {
    fn default() -> Self {
        Config::linux()
    }
}

impl Config {
    /// The settings of a profile.
    pub fn of(profile: Profile) -> Self {
        match profile {
            Profile::Linux => Config::linux(),
            Profile::Rfc => Config::rfc(),
        }
    }

    /// The letter of the RFCs, where Linux leaves it.
    pub fn rfc() -> Self {
        let linux = Config::linux();
        Config {
            // RFC 6298 §2.4.
            rto: RtoConfig { min: Duration::from_secs(1), floor: Floor::Timeout, ..linux.rto },
            // RFC 9293 §3.8.3 [MUST-23]: 247 s.
            syn_retries: 7,
            // RFC 9293 §3.4.2, §3.6.1 [MUST-13].
            time_wait: Duration::from_secs(240),
            fin_wait_2: Duration::MAX,
            profile: Profile::Rfc,
            ..linux
        }
    }

    /// What Linux does where nobody has set anything: the default.
    pub fn linux() -> Self {
        Config {
            mss: 1460,
            default_mss: 536,
            receive_buffer: Buffer::Tuned { first: 65_535, max: 6 << 20 },
            send_buffer: Buffer::Tuned { first: 16 << 10, max: 4 << 20 },
            offer: Offer { window_scale: true, timestamps: true, sack: true },
            rto: RtoConfig {
                initial: Duration::from_secs(1),
                min: Duration::from_millis(200),
                floor: Floor::Deviations,
                max: Duration::from_secs(120),
            },
            syn_retries: 6,
            syn_ack_retries: 5,
            retries: 15,
            user_timeout: None,
            time_wait: Duration::from_secs(60),
            fin_wait_2: Duration::from_secs(60),
            delayed_ack: Duration::from_millis(40),
            nagle: Nagle::On,
            keep_alive: None,
            congestion: Algorithm::Cubic,
            initial_window: 10,
            gso_max: 0,
            sending: Sending {
                burst_min: 2,
                after_idle: AfterIdle::Restart,
                ecn: Ecn::WhenAsked,
                link_mss: None,
                mtu_probing: MtuProbing::default(),
                not_sent_low: u32::MAX,
            },
            profile: Profile::Linux,
        }
    }
}
