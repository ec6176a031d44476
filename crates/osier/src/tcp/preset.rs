//! Which options are set before there is a connection?
//!
//! They are told to the host in the call that opens the connection, so that its SYN leaves with
//! them, and to each connection that a listener accepts.

use crate::error::refused;
use crate::shared::Inner;
use crate::sockets::Key;
use osier_tcp::{Algorithm, KeepAlive, Nagle};
use osier_time::Instant;
use std::io;
use std::time::Duration;

/// What a program has set; `None`: as the host does it.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Preset {
    pub(super) nodelay: Option<bool>,
    pub(super) linger: Option<Duration>,
    pub(super) keepalive: Option<KeepAlive>,
    pub(super) user_timeout: Option<Duration>,
    pub(super) tos: Option<u8>,
    pub(super) ttl: Option<u8>,
    pub(super) send_buffer: Option<u32>,
    pub(super) recv_buffer: Option<u32>,
    pub(super) congestion: Option<Algorithm>,
    pub(super) pacing_rate: Option<u64>,
    pub(super) max_segment: Option<u16>,
    pub(super) not_sent_low: Option<u32>,
}

impl Preset {
    /// Tells the host what was set.
    ///
    /// # Errors
    /// The connection is gone.
    pub(super) fn apply(&self, inner: &mut Inner, now: Instant, key: Key) -> io::Result<()> {
        let id = key.connection();
        inner.connection(key)?.linger = self.linger;
        let host = &mut inner.host;
        let nagle = self.nodelay.map(|nodelay| if nodelay { Nagle::Off } else { Nagle::On });
        set(nagle, |nagle| host.set_nagle(id, nagle))?;
        set(self.keepalive, |keepalive| host.set_keep_alive(now, id, Some(keepalive)))?;
        set(self.user_timeout, |limit| host.set_user_timeout(now, id, Some(limit.into())))?;
        set(self.congestion, |algorithm| host.set_congestion(now, id, algorithm))?;
        set(self.pacing_rate, |rate| host.set_pacing_rate(id, Some(rate)))?;
        // Of what a listener accepts it is in its SYN,ACK already.
        set(self.max_segment, |octets| host.set_max_segment(id, octets))?;
        set(self.not_sent_low, |octets| host.set_not_sent_low(id, Some(octets)))?;
        set(self.tos, |tos| host.set_tos(id, tos))?;
        set(self.ttl, |hops| host.set_hop_limit(id, hops))?;
        set(self.send_buffer, |octets| host.set_send_buffer(id, octets))?;
        set(self.recv_buffer, |octets| host.set_receive_buffer(id, octets))
    }
}

fn set<T>(
    option: Option<T>,
    tell: impl FnOnce(T) -> Result<(), osier_host::Error>,
) -> io::Result<()> {
    option.map_or(Ok(()), |value| tell(value).map_err(refused))
}

/// A time to live or hop limit.
///
/// # Errors
/// `InvalidInput` outside of 1 to 255.
pub(super) fn hops(ttl: u32) -> io::Result<u8> {
    let hops = u8::try_from(ttl).ok().filter(|hops| *hops > 0);
    hops.ok_or_else(|| refused(osier_host::Error::InvalidInput))
}

/// The length of a segment that may be asked for.
///
/// # Errors
/// `InvalidInput` outside of 88 to 32767.
pub(super) fn segment(mss: u32) -> io::Result<u16> {
    let mss = u16::try_from(mss).ok().filter(|mss| (88..=32_767).contains(mss));
    mss.ok_or_else(|| refused(osier_host::Error::InvalidInput))
}

/// A TOS or traffic class octet.
///
/// # Errors
/// `InvalidInput` beyond 255.
pub(super) fn octet(tos: u32) -> io::Result<u8> {
    u8::try_from(tos).map_err(|_| refused(osier_host::Error::InvalidInput))
}
