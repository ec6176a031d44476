//! Which options of a connection can be set while it is open?

use super::stream::TcpStream;
use crate::error::refused;
use osier_tcp::Nagle;
use std::io;
use std::time::Duration;

impl TcpStream {
    /// Whether small segments are sent at once (TCP_NODELAY: Nagle's algorithm is off,
    /// RFC 9293 §3.7.4).
    ///
    /// # Errors
    /// `NotConnected` once the connection has ended.
    pub fn nodelay(&self) -> io::Result<bool> {
        self.stack.call(|inner, _| {
            inner.connection(self.key)?;
            let nagle = inner.host.nagle(self.key.connection()).map_err(refused)?;
            Ok(nagle == Nagle::Off)
        })
    }

    /// Sends small segments at once, or lets them wait for the acknowledgment of what is in
    /// flight.
    ///
    /// # Errors
    /// `NotConnected` once the connection has ended.
    pub fn set_nodelay(&self, nodelay: bool) -> io::Result<()> {
        let nagle = if nodelay { Nagle::Off } else { Nagle::On };
        self.stack.call(|inner, _| {
            inner.connection(self.key)?;
            inner.host.set_nagle(self.key.connection(), nagle).map_err(refused)
        })
    }

    /// How long a drop may linger (SO_LINGER).
    ///
    /// # Errors
    /// `NetworkDown` where the stack has ended.
    pub fn linger(&self) -> io::Result<Option<Duration>> {
        self.stack.call(|inner, _| Ok(inner.connection(self.key)?.linger))
    }

    /// What a drop does (SO_LINGER): with a time of zero it resets the connection; otherwise it
    /// closes in order, in the background: it never blocks.
    ///
    /// # Errors
    /// `NetworkDown` where the stack has ended.
    pub fn set_linger(&self, dur: Option<Duration>) -> io::Result<()> {
        self.stack.call(|inner, _| {
            inner.connection(self.key)?.linger = dur;
            Ok(())
        })
    }

    /// Lets a drop reset the connection: `set_linger(Some(Duration::ZERO))`.
    ///
    /// # Errors
    /// `NetworkDown` where the stack has ended.
    pub fn set_zero_linger(&self) -> io::Result<()> {
        self.set_linger(Some(Duration::ZERO))
    }

    /// The time to live (IPv4) or hop limit (IPv6) of what we send.
    ///
    /// # Errors
    /// `NotConnected` once the connection has ended.
    pub fn ttl(&self) -> io::Result<u32> {
        self.stack.call(|inner, _| {
            inner.connection(self.key)?;
            inner.host.hop_limit(self.key.connection()).map(u32::from).map_err(refused)
        })
    }

    /// Sets the time to live (IPv4) or hop limit (IPv6) of what we send: 1 to 255.
    ///
    /// # Errors
    /// `InvalidInput` outside of that; `NotConnected` once the connection has ended.
    pub fn set_ttl(&self, ttl: u32) -> io::Result<()> {
        let hops = u8::try_from(ttl).ok().filter(|hops| *hops > 0);
        let hops = hops.ok_or_else(|| refused(osier_host::Error::InvalidInput))?;
        self.stack.call(|inner, _| {
            inner.connection(self.key)?;
            inner.host.set_hop_limit(self.key.connection(), hops).map_err(refused)
        })
    }
}
