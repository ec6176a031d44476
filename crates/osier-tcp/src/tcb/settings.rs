//! Which settings outlive the handshake? (RFC 9293 §3.3.1)
//!
//! What [`Config`] said, as far as it matters later, and what the two ends agreed on.

use crate::config::{Config, Nagle, Offer, Profile, Sending};
use crate::segment::Memory;
use osier_time::Duration;

/// The settings of a connection after its handshake.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Settings {
    /// What both ends agreed on.
    pub(crate) agreed: Offer,
    /// Nagle's algorithm.
    pub(crate) nagle: Nagle,
    /// Text of a super-segment at most; 0: one segment.
    pub(crate) gso_max: u32,
    /// How eagerly text is sent.
    pub(crate) sending: Sending,
    /// The most octets we keep unread.
    pub(crate) receive_buffer: u32,
    /// What that may grow to, and what the send buffer may.
    pub(crate) receive_max: u32,
    pub(crate) send_max: u32,
    /// How much memory the host had when the peer was last heard.
    pub(crate) memory: Memory,
    /// Our own MSS, by which acknowledgments and window steps are measured.
    pub(crate) rcv_mss: u16,
    /// R2, in expiries.
    pub(crate) retries: u8,
    /// How long an acknowledgment may be held back.
    pub(crate) delayed_ack: Duration,
    /// How long TIME-WAIT will last.
    pub(crate) time_wait: Duration,
    /// FIN-WAIT-2 without a user.
    pub(crate) fin_wait_2: Duration,
    /// Ceiling of the persist timer.
    pub(crate) rto_max: Duration,
    /// Whom to follow.
    pub(crate) profile: Profile,
    /// Who called.
    pub(crate) opened_by: OpenedBy,
}

/// Which end called first, as far as we know.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum OpenedBy {
    /// We did, perhaps both.
    Us,
    /// They did.
    Them,
}

impl Settings {
    pub(super) fn of(config: &Config, agreed: Offer, opened_by: OpenedBy) -> Settings {
        Settings {
            agreed,
            nagle: config.nagle,
            gso_max: config.gso_max,
            sending: config.sending,
            receive_buffer: config.receive_buffer.first(),
            receive_max: config.receive_buffer.max(),
            send_max: config.send_buffer.max(),
            memory: Memory::Plenty,
            rcv_mss: config.mss,
            retries: config.retries,
            delayed_ack: config.delayed_ack,
            time_wait: config.time_wait,
            fin_wait_2: config.fin_wait_2,
            rto_max: config.rto.max,
            profile: config.profile,
            opened_by,
        }
    }
}
