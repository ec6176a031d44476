//! What numbers does a connection show? (the fields of Linux's `tcp_info`, by its names)
//!
//! A snapshot for people and programs; no decision is made by it.

use crate::config::Offer;
use crate::loss;
use crate::recovery::Phase;
use crate::state::State;
use crate::tcb::Tcb;
use osier_time::Duration;

/// A snapshot of a connection's numbers. Octets and durations; Linux counts some in segments.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Info {
    /// The state.
    pub state: State,
    /// What loss recovery is doing.
    pub ca_state: CaState,
    /// Expiries of the retransmission timer in a row.
    pub retransmits: u8,
    /// The options both ends agreed on.
    pub options: Offer,
    /// By how much the windows that we receive are shifted.
    pub snd_wscale: u8,
    /// By how much the windows that we send are shifted.
    pub rcv_wscale: u8,
    /// Retransmission timeout.
    pub rto: Duration,
    /// Octets of text in a full segment.
    pub snd_mss: u32,
    /// Smoothed round-trip time, once measured.
    pub rtt: Option<Duration>,
    /// Its mean deviation.
    pub rttvar: Duration,
    /// Congestion window, octets.
    pub snd_cwnd: u32,
    /// Slow start threshold, octets.
    pub snd_ssthresh: u32,
    /// The peer's window, octets.
    pub snd_wnd: u32,
    /// Our window, octets.
    pub rcv_wnd: u32,
    /// Octets sent and not acknowledged.
    pub unacked: u32,
    /// Segments sent again, ever.
    pub total_retrans: u64,
    /// Octets of text acknowledged by the peer, ever (modulo 2^32).
    pub bytes_acked: u32,
    /// Octets of text received in order, ever (modulo 2^32).
    pub bytes_received: u32,
}

/// What loss recovery is doing (Linux: `tcpi_ca_state`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CaState {
    /// Nothing is known to be lost.
    Open,
    /// Fast recovery.
    Recovery,
    /// Repair after a timeout.
    Loss,
}

impl Info {
    pub(crate) fn of(tcb: &Tcb) -> Info {
        let recovery = &tcb.recovery;
        Info {
            state: tcb.state(),
            ca_state: match recovery.phase() {
                Phase::Open => CaState::Open,
                Phase::FastRecovery => CaState::Recovery,
                Phase::Loss => CaState::Loss,
            },
            retransmits: recovery.attempts(),
            options: tcb.settings.agreed,
            snd_wscale: tcb.snd.scale(),
            rcv_wscale: tcb.rcv.scale(),
            rto: recovery.rto(),
            snd_mss: tcb.text_mss(),
            rtt: recovery.srtt(),
            rttvar: recovery.rttvar().unwrap_or_default(),
            snd_cwnd: loss::window(tcb),
            snd_ssthresh: tcb.congestion.ssthresh(),
            snd_wnd: tcb.snd.wnd,
            rcv_wnd: tcb.rcv.wnd(),
            unacked: tcb.snd.outstanding(),
            total_retrans: recovery.retransmitted_total(),
            bytes_acked: tcb.snd.text_start().since(tcb.snd.iss + 1),
            bytes_received: tcb.rcv.nxt.since(tcb.rcv.irs + 1),
        }
    }
}
