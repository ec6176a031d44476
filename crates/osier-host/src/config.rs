//! Which settings and secrets does a host start with?

use crate::bindings::V6Binding;
use crate::fast_open::FastOpenPolicy;
use osier_tcp::Profile;

/// The settings of a host.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Config {
    /// The settings of each connection, unless a socket says otherwise.
    pub tcp: osier_tcp::Config,
    /// The first and the last ephemeral port. Linux: 32768 to 60999; RFC 6056 §3.2: all from 1024.
    pub ephemeral_ports: (u16, u16),
    /// Whether sockets bound to the unspecified IPv6 address also take IPv4.
    pub v6_binding: V6Binding,
    /// Half-open connections that one listener may hold.
    pub syn_queue: usize,
    /// When a SYN is answered with a cookie.
    pub syn_cookies: SynCookies,
    /// What Fast Open may do (RFC 7413).
    pub fast_open: FastOpenPolicy,
    /// Connections in TIME-WAIT that the host may hold; beyond it the oldest goes, and is counted.
    pub time_wait_max: usize,
    /// When `connect` may take a pair of sockets that is in TIME-WAIT.
    pub time_wait_reuse: TimeWaitReuse,
    /// Connections that the host may hold.
    pub connections_max: usize,
    /// Of these, connections that no user holds any more; beyond it they are reset, not closed.
    pub orphans_max: usize,
    /// Octets of memory that connections may hold, with what they send and receive: 1 MiB at
    /// least. Near it windows shrink, then text out of order is dropped, then new connections are
    /// refused (`budget.rs`; Linux: `net.ipv4.tcp_mem`).
    pub memory_max: u64,
}

/// What is known of all that a host reaches (Linux: the metrics of a route, `ip route … mtu …
/// advmss … initcwnd …`). `None`: as the link and the settings have it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Metrics {
    /// The largest IP packet that paths are known to take: what segments start with.
    pub mtu: Option<u32>,
    /// The MSS that is announced at the most; larger segments may be sent.
    pub advmss: Option<u16>,
    /// The initial congestion window in segments.
    pub initial_window: Option<u8>,
}

/// When `connect` may take a pair of sockets that is in TIME-WAIT, for more than a second, with
/// timestamps (RFC 6191 §2; Linux: `net.ipv4.tcp_tw_reuse`, whose default is 2, loopback).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum TimeWaitReuse {
    /// Never.
    Never,
    /// Where both ends are loopback addresses: no router can hold an old segment back.
    #[default]
    Loopback,
    /// Always.
    Always,
}

/// When a SYN is answered with a cookie, for which nothing need be held (RFC 4987 §3.6; Linux:
/// `net.ipv4.tcp_syncookies`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum SynCookies {
    /// Never: where the queue of handshakes is full, SYNs are dropped.
    Off,
    /// Where the queue of handshakes is full.
    #[default]
    WhenFull,
    /// Always: no handshake is ever held.
    Always,
}

/// Secrets of a host: from the operating system's random source in production, from a seed in the
/// lab and in tests.
#[derive(Clone, Copy)]
pub struct Keys {
    /// Keys the flow table, ISNs, timestamp offsets and ephemeral ports, each through its own
    /// derivation.
    pub secret: [u8; 32],
    /// Keys of SYN cookies that other hosts share, so that one may finish what another began;
    /// `None`: derived from `secret`.
    pub cookies: Option<CookieKeys>,
    /// Keys of Fast Open cookies that other hosts share (RFC 7413 §4.1.2); `None`: derived from
    /// `secret`. [`Host::set_fast_open_keys`](crate::Host::set_fast_open_keys) replaces them.
    pub fast_open: Option<CookieKeys>,
}

/// The keys of cookies, of a SYN or of Fast Open: two, so that they can be replaced while
/// handshakes are under way and clients hold cookies.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct CookieKeys {
    /// New cookies are made with this one.
    pub current: [u8; 16],
    /// Cookies made with this one are still believed.
    pub previous: Option<[u8; 16]>,
}

impl Keys {
    /// Keys for a lab or a test: the same seed, the same keys.
    pub fn from_seed(seed: u64) -> Self {
        let mut secret = [0; 32];
        for (n, lane) in secret.chunks_exact_mut(8).enumerate() {
            lane.copy_from_slice(&seed.wrapping_add(n as u64).to_le_bytes());
        }
        Keys { secret, cookies: None, fast_open: None }
    }
}

impl core::fmt::Debug for CookieKeys {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("CookieKeys(secret)")
    }
}

impl core::fmt::Debug for Keys {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("Keys(secret)")
    }
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
        Config {
            tcp: osier_tcp::Config::rfc(),
            ephemeral_ports: (1_024, 65_535),
            ..Config::linux()
        }
    }

    /// What Linux does where nobody has set anything: the default.
    pub fn linux() -> Self {
        Config {
            tcp: osier_tcp::Config::linux(),
            ephemeral_ports: (32_768, 60_999),
            v6_binding: V6Binding::Dual,
            syn_queue: 1_024,
            syn_cookies: SynCookies::WhenFull,
            fast_open: FastOpenPolicy::default(),
            time_wait_max: 65_536,
            time_wait_reuse: TimeWaitReuse::Loopback,
            connections_max: 1 << 20,
            orphans_max: 16_384,
            memory_max: 1 << 30,
        }
    }
}
