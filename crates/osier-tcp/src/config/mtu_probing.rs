//! When is a path searched for larger segments, and how? (RFC 4821 §7; Linux: the settings
//! `net.ipv4.tcp_mtu_probing`, `tcp_base_mss`, `tcp_probe_interval`, `tcp_probe_threshold`)
//!
//! The settings only. The search is `send/search.rs`, what follows from it `path_mtu.rs`.

use osier_time::Duration;

/// How a path is searched for the largest segment that it takes. A probe is text, sent in one
/// segment longer than the others: nothing is sent for the sake of the search alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MtuProbing {
    /// When.
    pub mode: ProbingMode,
    /// search_low at first: octets of text, options not counted, that nearly every path takes in a
    /// segment (RFC 4821 §7.2: 1024). What a path that swallows more is given.
    pub base_mss: u16,
    /// What segments carry at first (RFC 4821 §7.2, eff_pmtu), where the path is known to take that
    /// much; `None`: `base_mss` in [`ProbingMode::Always`], else what both ends take.
    pub initial_mss: Option<u16>,
    /// How long what was found counts before more is tried (RFC 8201 §4, RFC 1191 §6.3: ten
    /// minutes, and never less than five after a router's report).
    pub interval: Duration,
    /// The search is over when it would gain fewer octets than this.
    pub threshold: u16,
}

/// When a path is searched (Linux: `tcp_mtu_probing` of 0, 1 and 2).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ProbingMode {
    /// Never: only ICMP tells of smaller paths, and what it told holds for the connection's life.
    Off,
    /// Once full segments went unanswered three timeouts in a row, or ICMP told of a smaller path.
    /// The default; Linux's is [`ProbingMode::Off`].
    #[default]
    OnBlackHole,
    /// From the first text on: segments start at `base_mss`.
    Always,
}

impl Default for MtuProbing {
    fn default() -> Self {
        MtuProbing {
            mode: ProbingMode::OnBlackHole,
            base_mss: 1_024,
            initial_mss: None,
            interval: Duration::from_secs(600),
            threshold: 8,
        }
    }
}
