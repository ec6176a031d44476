//! What numbers does a connection show? The fields of Linux's `tcp_info`, by its names.
//!
//! A snapshot for people and programs (RFC 9293 §3.9.1.6, STATUS); no decision is made by it. A
//! field is filled as Linux fills it: windows of congestion control in segments, times in
//! microseconds but the `last_*` in milliseconds, and 0 where nothing is known unless it says
//! otherwise.

use crate::config::{Config, Offer};
use crate::loss;
use crate::options::TIMESTAMPS_LEN;
use crate::rate::Limited;
use crate::receive::autotune::Autotune;
use crate::recovery::Phase;
use crate::state::State;
use crate::tally::Limit;
use crate::tcb::Tcb;
use osier_time::{Duration, Instant};

/// RFC 5681 §3.2, RFC 8985: the reordering that is borne without a loss being assumed, in
/// segments.
const REORDERING: u32 = 3;

/// What `tcpi_reordering` grows to at the most (Linux: tcp_max_reordering).
const REORDERING_MAX: u32 = 300;

/// `tcpi_snd_ssthresh` before the first loss: TCP_INFINITE_SSTHRESH.
const NO_SSTHRESH: u32 = 0x7fff_ffff;

/// `tcpi_rcv_space` before it was measured, in segments (Linux: TCP_INIT_CWND).
const FIRST_SPACE: u32 = 10;

/// A header without options.
const HEADER_LEN: u32 = 20;

/// The default MSS (RFC 9293 §3.7.1), by which a peer is judged before it has sent text.
const DEFAULT_MSS: u32 = 536;

macro_rules! tcp_info {
    ($( $(#[$doc:meta])* $name:ident: $ty:ty, )*) => {
        /// A snapshot of a connection's numbers: Linux's `struct tcp_info`, field by field, without
        /// the prefix `tcpi_`.
        ///
        /// ```
        /// let info = osier_tcp::TcpInfo { snd_cwnd: 10, ..Default::default() };
        /// assert_eq!(info.get("snd_cwnd"), Some(10));
        /// ```
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
        pub struct TcpInfo { $( $(#[$doc])* pub $name: $ty, )* }

        impl TcpInfo {
            /// The names of all fields, in their order.
            pub const NAMES: &'static [&'static str] = &[ $( stringify!($name), )* ];

            /// The value of a field by its name; `None` where there is no such field.
            pub fn get(&self, name: &str) -> Option<u64> {
                match name {
                    $( stringify!($name) => Some(u64::from(self.$name)), )*
                    _ => None,
                }
            }

            /// Every field with its name.
            pub fn fields(&self) -> impl Iterator<Item = (&'static str, u64)> + use<> {
                [ $( (stringify!($name), u64::from(self.$name)), )* ].into_iter()
            }
        }
    };
}

tcp_info! {
    /// `tcpi_state`: 1 ESTABLISHED, 2 SYN-SENT, 3 SYN-RECEIVED, 4 FIN-WAIT-1, 5 FIN-WAIT-2,
    /// 6 TIME-WAIT, 7 CLOSED, 8 CLOSE-WAIT, 9 LAST-ACK, 10 LISTEN, 11 CLOSING.
    state: u8,
    /// `tcpi_ca_state`: 0 open, 1 disorder, 2 window reduced for ECN, 3 fast recovery, 4 repair
    /// after a timeout.
    ca_state: u8,
    /// `tcpi_retransmits`: expiries of the retransmission timer in a row.
    retransmits: u8,
    /// `tcpi_probes`: unanswered probes of a zero window or of a silent peer.
    probes: u8,
    /// `tcpi_backoff`: how often the retransmission timeout was doubled.
    backoff: u8,
    /// `tcpi_options`: the sum of 1 timestamps, 2 SACK, 4 window scale, 8 ECN, 32 text in the SYN.
    options: u8,
    /// `tcpi_snd_wscale`: by how much the windows that we receive are shifted.
    snd_wscale: u8,
    /// `tcpi_rcv_wscale`: by how much the windows that we send are shifted.
    rcv_wscale: u8,
    /// `tcpi_delivery_rate_app_limited`: 1 where the user, not the path, set the delivery rate.
    delivery_rate_app_limited: u8,
    /// `tcpi_fastopen_client_fail`.
    fastopen_client_fail: u8,
    /// `tcpi_rto`: retransmission timeout, microseconds.
    rto: u32,
    /// `tcpi_ato`: how long an acknowledgment may be held back, microseconds.
    ato: u32,
    /// `tcpi_snd_mss`: octets of text in a full segment of ours.
    snd_mss: u32,
    /// `tcpi_rcv_mss`: octets of text in a full segment of the peer's, as far as was seen.
    rcv_mss: u32,
    /// `tcpi_unacked`: segments sent and not acknowledged.
    unacked: u32,
    /// `tcpi_sacked`: segments of them that the peer reported.
    sacked: u32,
    /// `tcpi_lost`: segments of them that are taken for lost, sent again or not.
    lost: u32,
    /// `tcpi_retrans`: segments of them that were sent again and are in flight.
    retrans: u32,
    /// `tcpi_fackets`: always 0, as in Linux since 4.15.
    fackets: u32,
    /// `tcpi_last_data_sent`: milliseconds since text was sent.
    last_data_sent: u32,
    /// `tcpi_last_ack_sent`: always 0, as in Linux.
    last_ack_sent: u32,
    /// `tcpi_last_data_recv`: milliseconds since text arrived.
    last_data_recv: u32,
    /// `tcpi_last_ack_recv`: milliseconds since the peer was heard.
    last_ack_recv: u32,
    /// `tcpi_pmtu`: octets of the largest packet that the path takes, IP header included. What
    /// `Connection::info` says lacks the IP header, of which a connection knows nothing.
    pmtu: u32,
    /// `tcpi_rcv_ssthresh`: the most that our window may be at present, octets.
    rcv_ssthresh: u32,
    /// `tcpi_rtt`: smoothed round-trip time, microseconds; 0 before it was measured.
    rtt: u32,
    /// `tcpi_rttvar`: its mean deviation, microseconds.
    rttvar: u32,
    /// `tcpi_snd_ssthresh`: slow start threshold, segments; 0x7fffffff before the first loss.
    snd_ssthresh: u32,
    /// `tcpi_snd_cwnd`: congestion window, segments.
    snd_cwnd: u32,
    /// `tcpi_advmss`: the MSS that we announced, less the options that every segment carries.
    advmss: u32,
    /// `tcpi_reordering`: segments by which another was overtaken, as far as was seen; 3 at least.
    reordering: u32,
    /// `tcpi_rcv_rtt`: the round trip as the receiver sees it, microseconds.
    rcv_rtt: u32,
    /// `tcpi_rcv_space`: what the user reads in a round trip, octets.
    rcv_space: u32,
    /// `tcpi_total_retrans`: segments sent again, ever.
    total_retrans: u32,
    /// `tcpi_pacing_rate`: octets in a second; [`u64::MAX`]: not paced.
    pacing_rate: u64,
    /// `tcpi_max_pacing_rate`: the most that the user allows, octets in a second; [`u64::MAX`]:
    /// no limit.
    max_pacing_rate: u64,
    /// `tcpi_bytes_acked`: octets acknowledged, ever; SYN (of the end that called) and FIN count.
    bytes_acked: u64,
    /// `tcpi_bytes_received`: octets received in order, ever; FIN counts.
    bytes_received: u64,
    /// `tcpi_segs_out`: segments sent, ever.
    segs_out: u32,
    /// `tcpi_segs_in`: segments received, ever.
    segs_in: u32,
    /// `tcpi_notsent_bytes`: octets that wait to be sent for the first time.
    notsent_bytes: u32,
    /// `tcpi_min_rtt`: the shortest round trip, microseconds; [`u32::MAX`] before one was
    /// measured.
    min_rtt: u32,
    /// `tcpi_data_segs_in`: segments with text received, ever.
    data_segs_in: u32,
    /// `tcpi_data_segs_out`: segments with text sent, ever.
    data_segs_out: u32,
    /// `tcpi_delivery_rate`: octets in a second, where it is measured: where BBR controls
    /// congestion.
    delivery_rate: u64,
    /// `tcpi_busy_time`: microseconds with something to send or in flight.
    busy_time: u64,
    /// `tcpi_rwnd_limited`: microseconds of them in which the peer's window was the limit.
    rwnd_limited: u64,
    /// `tcpi_sndbuf_limited`: microseconds of them in which the send buffer was.
    sndbuf_limited: u64,
    /// `tcpi_delivered`: segments of ours that arrived, retransmissions not counted twice; the
    /// SYN counts.
    delivered: u32,
    /// `tcpi_delivered_ce`: segments of them of which the peer told with ECE (RFC 3168).
    delivered_ce: u32,
    /// `tcpi_bytes_sent`: octets of text sent, retransmissions included.
    bytes_sent: u64,
    /// `tcpi_bytes_retrans`: octets of text sent again.
    bytes_retrans: u64,
    /// `tcpi_dsack_dups`: duplicates that the peer reported (RFC 2883).
    dsack_dups: u32,
    /// `tcpi_reord_seen`: acknowledgments that told of something overtaken that was not lost.
    reord_seen: u32,
    /// `tcpi_rcv_ooopack`: segments received out of order.
    rcv_ooopack: u32,
    /// `tcpi_snd_wnd`: the peer's window, octets.
    snd_wnd: u32,
    /// `tcpi_rcv_wnd`: our window, octets.
    rcv_wnd: u32,
    /// `tcpi_rehash`: always 0: no path is chosen by a hash of ours.
    rehash: u32,
    /// `tcpi_total_rto`: expiries of the retransmission timer, ever.
    total_rto: u16,
}

/// The bits of `tcpi_options`.
impl TcpInfo {
    /// Timestamps are in use (RFC 7323).
    pub const OPT_TIMESTAMPS: u8 = 1;
    /// SACK is in use (RFC 2018).
    pub const OPT_SACK: u8 = 2;
    /// Windows are scaled (RFC 7323).
    pub const OPT_WSCALE: u8 = 4;
    /// ECN is in use (RFC 3168).
    pub const OPT_ECN: u8 = 8;
    /// Text came with the SYN and was taken (RFC 7413).
    pub const OPT_SYN_DATA: u8 = 32;
}

impl TcpInfo {
    pub(crate) fn of(tcb: &Tcb, now: Instant) -> TcpInfo {
        let mut info = TcpInfo {
            state: number(tcb.state()),
            options: bits(tcb.settings.agreed),
            snd_wscale: tcb.snd.scale(),
            rcv_wscale: tcb.rcv.scale(),
            snd_mss: tcb.text_mss(),
            pmtu: u32::from(tcb.snd.mss) + HEADER_LEN,
            snd_wnd: tcb.snd.wnd,
            rcv_wnd: tcb.rcv.wnd(),
            notsent_bytes: tcb.unsent(),
            pacing_rate: tcb.congestion.pacing_rate(),
            max_pacing_rate: tcb.congestion.max_pacing_rate(),
            ..TcpInfo::default()
        };
        if tcb.tally.syn_text > 0 {
            info.options |= TcpInfo::OPT_SYN_DATA;
        }
        if tcb.owed.ecn.agreed {
            info.options |= TcpInfo::OPT_ECN;
        }
        info.of_recovery(tcb);
        info.of_receiver(tcb);
        info.of_tally(tcb, now);
        info
    }

    /// A connection whose SYN is unanswered.
    pub(crate) fn of_syn_sent(config: &Config, attempts: u8, rto: Duration) -> TcpInfo {
        let mss = u32::from(config.default_mss.min(config.mss));
        TcpInfo {
            state: number(State::SynSent),
            retransmits: attempts,
            backoff: attempts,
            rto: micros(rto),
            snd_mss: mss,
            rcv_mss: DEFAULT_MSS.min(mss),
            unacked: 1,
            snd_ssthresh: NO_SSTHRESH,
            snd_cwnd: u32::from(config.initial_window),
            advmss: u32::from(config.mss),
            reordering: REORDERING,
            pacing_rate: u64::MAX,
            max_pacing_rate: u64::MAX,
            min_rtt: u32::MAX,
            segs_out: u32::from(attempts) + 1,
            total_retrans: u32::from(attempts),
            total_rto: u16::from(attempts),
            ..TcpInfo::default()
        }
    }

    fn of_recovery(&mut self, tcb: &Tcb) {
        let recovery = &tcb.recovery;
        let census = recovery.census();
        let mss = tcb.text_mss();
        self.ca_state = match recovery.phase() {
            Phase::Open if tcb.owed.ecn.is_cut_for_mark() => 2,
            Phase::Open if census.sacked > 0 => 1,
            Phase::Open => 0,
            Phase::FastRecovery => 3,
            Phase::Loss => 4,
        };
        self.retransmits = recovery.attempts();
        self.probes = tcb.persist.attempts().max(tcb.liveness.probes());
        self.backoff = recovery.backoff();
        self.rto = micros(recovery.rto());
        self.unacked = census.segments;
        self.sacked = census.sacked;
        // Linux: what was sent again and is in flight is still counted as lost.
        self.lost = census.lost + census.resent;
        self.retrans = census.resent;
        self.rtt = recovery.srtt().map_or(0, micros);
        self.rttvar = recovery.rttvar().map_or(0, micros);
        self.min_rtt = recovery.min_rtt().map_or(u32::MAX, micros);
        self.snd_ssthresh = match tcb.congestion.ssthresh() {
            u32::MAX => NO_SSTHRESH,
            octets => octets / mss,
        };
        self.snd_cwnd = (loss::window(tcb) / mss).max(1);
        self.total_retrans = recovery.retransmitted_total() as u32;
        self.delivered = loss::delivered(tcb);
        self.delivered_ce = tcb.tally.delivered_ce;
        if let Some((rate, limited)) = recovery.delivery_rate() {
            self.delivery_rate = rate;
            self.delivery_rate_app_limited = u8::from(limited == Limited::ByUser);
        }
        self.dsack_dups = recovery.duplicates_reported();
        self.reord_seen = recovery.reordering_seen();
        let overtaken = recovery.reordering_distance().div_ceil(mss) + 1;
        self.reordering = overtaken.clamp(REORDERING, REORDERING_MAX);
    }

    fn of_receiver(&mut self, tcb: &Tcb) {
        let stamps = if tcb.clock.is_some() { TIMESTAMPS_LEN } else { 0 };
        self.advmss = u32::from(tcb.settings.rcv_mss) - stamps;
        self.ato = micros(tcb.settings.delayed_ack);
        self.rcv_mss = match tcb.delayed_ack.largest_segment() {
            0 => DEFAULT_MSS.min(self.advmss),
            seen => seen,
        };
        self.rcv_ssthresh = tcb.settings.receive_buffer;
        let tuning = tcb.rcv.tuning.as_deref();
        self.rcv_rtt = tuning.and_then(Autotune::rtt).map_or(0, micros);
        let first = self.rcv_ssthresh.min(self.advmss.saturating_mul(FIRST_SPACE));
        self.rcv_space = tuning.map_or(first, Autotune::space);
    }

    fn of_tally(&mut self, tcb: &Tcb, now: Instant) {
        let tally = &tcb.tally;
        let since = |at: Instant| u32::try_from(now.since(at).as_millis()).unwrap_or(u32::MAX);
        self.last_data_sent = since(tcb.snd.last_sent);
        self.last_data_recv = since(tally.text_arrived);
        self.last_ack_recv = since(tcb.liveness.heard());
        self.bytes_acked = tally.bytes_acked;
        self.bytes_received = tally.bytes_received;
        self.bytes_retrans = tally.bytes_retrans;
        self.bytes_sent = tally.bytes_sent_once + tally.bytes_retrans;
        self.segs_out = tally.segs_out;
        self.segs_in = tally.segs_in;
        self.data_segs_out = tally.data_segs_out;
        self.data_segs_in = tally.data_segs_in;
        self.busy_time = tally.limits.busy(now).as_micros();
        self.rwnd_limited = tally.limits.spent(now, Limit::PeerWindow).as_micros();
        self.sndbuf_limited = tally.limits.spent(now, Limit::SendBuffer).as_micros();
        self.rcv_ooopack = tally.out_of_order;
        self.total_rto = tally.timeouts;
    }
}

/// A state as Linux numbers it.
const fn number(state: State) -> u8 {
    match state {
        State::Established => 1,
        State::SynSent => 2,
        State::SynReceived => 3,
        State::FinWait1 => 4,
        State::FinWait2 => 5,
        State::TimeWait => 6,
        State::Closed => 7,
        State::CloseWait => 8,
        State::LastAck => 9,
        State::Listen => 10,
        State::Closing => 11,
    }
}

fn bits(agreed: Offer) -> u8 {
    let bit = |on: bool, bit: u8| if on { bit } else { 0 };
    bit(agreed.timestamps, TcpInfo::OPT_TIMESTAMPS)
        | bit(agreed.sack, TcpInfo::OPT_SACK)
        | bit(agreed.window_scale, TcpInfo::OPT_WSCALE)
}

fn micros(time: Duration) -> u32 {
    u32::try_from(time.as_micros()).unwrap_or(u32::MAX)
}
