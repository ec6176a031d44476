//! Which options has a TCP connection, and what are they? (RFC 9293 §3.9.1, RFC 1122 §4.2.4.2)
//!
//! Each can be set before the SYN leaves, in the same call of the owner that connects, or later. An
//! option that nobody sets is that of the host's [`Config`](crate::Config).

use crate::connections::{Linger, Socket};
use crate::host::Host;
use crate::ids::{ConnectionId, Error};
use osier_tcp::{Acknowledgments, Algorithm, Cork, KeepAlive, Nagle};
use osier_time::{Duration, Instant};

/// What the IP layer sends with unless told otherwise (RFC 1122 §3.2.1.7).
const HOP_LIMIT_DEFAULT: u8 = 64;

impl Host {
    /// Turns Nagle's algorithm on or off (TCP_NODELAY).
    ///
    /// # Errors
    /// [`Error::NoSuchSocket`], as all that follow.
    pub fn set_nagle(&mut self, id: ConnectionId, nagle: Nagle) -> Result<(), Error> {
        let socket = self.connections.of_user(id).ok_or(Error::NoSuchSocket)?;
        socket.nagle = nagle;
        socket.connection.set_nagle(nagle);
        self.wake(id.0);
        Ok(())
    }

    /// Announces segments of at most so much text, and sends no larger ones (TCP_MAXSEG), where
    /// its SYN has not left.
    ///
    /// # Errors
    /// [`Error::NoSuchSocket`].
    pub fn set_max_segment(&mut self, id: ConnectionId, octets: u16) -> Result<(), Error> {
        let socket = self.connections.of_user(id).ok_or(Error::NoSuchSocket)?;
        socket.connection.set_max_segment(octets);
        Ok(())
    }

    /// How much may wait to be sent for the first time: the owner is asked for more once less than
    /// half of it does, and a write takes little beyond it (TCP_NOTSENT_LOWAT). `None`: as the
    /// [`Config`](crate::Config) has it.
    ///
    /// # Errors
    /// [`Error::NoSuchSocket`].
    pub fn set_not_sent_low(&mut self, id: ConnectionId, octets: Option<u32>) -> Result<(), Error> {
        let octets = octets.unwrap_or(self.config.tcp.sending.not_sent_low);
        let socket = self.connections.of_user(id).ok_or(Error::NoSuchSocket)?;
        socket.connection.set_not_sent_low(octets);
        self.settle(id.0);
        Ok(())
    }

    /// What [`Host::set_not_sent_low`] said; `u32::MAX`: what the send buffer takes.
    ///
    /// # Errors
    /// [`Error::NoSuchSocket`].
    pub fn not_sent_low(&self, id: ConnectionId) -> Result<u32, Error> {
        let socket = self.connections.seen_by_user(id).ok_or(Error::NoSuchSocket)?;
        Ok(socket.connection.not_sent_low())
    }

    /// Whether so little waits to be sent that the owner may write, if there is room
    /// (TCP_NOTSENT_LOWAT).
    pub fn wants_text(&self, id: ConnectionId) -> bool {
        self.connections.seen_by_user(id).is_none_or(|socket| socket.connection.wants_text())
    }

    /// How often the SYN is sent again before the attempt fails (TCP_SYNCNT).
    ///
    /// # Errors
    /// [`Error::NoSuchSocket`].
    pub fn set_syn_retries(&mut self, id: ConnectionId, retries: u8) -> Result<(), Error> {
        let socket = self.connections.of_user(id).ok_or(Error::NoSuchSocket)?;
        socket.connection.set_syn_retries(retries);
        Ok(())
    }

    /// Holds back what does not fill a segment, or lets it go (TCP_CORK).
    ///
    /// # Errors
    /// [`Error::NoSuchSocket`].
    pub fn set_cork(&mut self, id: ConnectionId, cork: Cork) -> Result<(), Error> {
        self.connections.of_user(id).ok_or(Error::NoSuchSocket)?.connection.set_cork(cork);
        self.wake(id.0);
        Ok(())
    }

    /// Whether Nagle's algorithm is on.
    ///
    /// # Errors
    /// [`Error::NoSuchSocket`].
    pub fn nagle(&self, id: ConnectionId) -> Result<Nagle, Error> {
        self.connections.seen_by_user(id).map(|socket| socket.nagle).ok_or(Error::NoSuchSocket)
    }

    /// What [`Host::release`] does: with a time of 0 it resets (SO_LINGER); any other time is the
    /// owner's to wait.
    ///
    /// # Errors
    /// [`Error::NoSuchSocket`].
    pub fn set_linger(&mut self, id: ConnectionId, time: Option<Duration>) -> Result<(), Error> {
        let socket = self.connections.of_user(id).ok_or(Error::NoSuchSocket)?;
        let at_once = time.is_some_and(Duration::is_zero);
        socket.linger = if at_once { Linger::Reset } else { Linger::Close };
        Ok(())
    }

    /// Another congestion control goes on with what the one so far has found (TCP_CONGESTION).
    ///
    /// # Errors
    /// [`Error::NoSuchSocket`].
    pub fn set_congestion(
        &mut self,
        now: Instant,
        id: ConnectionId,
        algorithm: Algorithm,
    ) -> Result<(), Error> {
        self.account.now = now;
        let socket = self.connections.of_user(id).ok_or(Error::NoSuchSocket)?;
        socket.connection.set_congestion(now, algorithm);
        self.settle(id.0);
        Ok(())
    }

    /// The congestion control of a connection.
    ///
    /// # Errors
    /// [`Error::NoSuchSocket`], also where the attempt to connect has failed.
    pub fn congestion(&self, id: ConnectionId) -> Result<Algorithm, Error> {
        let socket = self.connections.seen_by_user(id).ok_or(Error::NoSuchSocket)?;
        socket.connection.congestion().ok_or(Error::NoSuchSocket)
    }

    /// Sends at most at `rate` octets in a second; `None`: as fast as the windows allow
    /// (SO_MAX_PACING_RATE).
    ///
    /// # Errors
    /// [`Error::NoSuchSocket`].
    pub fn set_pacing_rate(&mut self, id: ConnectionId, rate: Option<u64>) -> Result<(), Error> {
        let socket = self.connections.of_user(id).ok_or(Error::NoSuchSocket)?;
        socket.connection.set_pacing_rate(rate);
        self.settle(id.0);
        Ok(())
    }

    /// Turns keep-alive on or off (SO_KEEPALIVE, RFC 9293 §3.8.4).
    ///
    /// # Errors
    /// [`Error::NoSuchSocket`].
    pub fn set_keep_alive(
        &mut self,
        now: Instant,
        id: ConnectionId,
        setting: Option<KeepAlive>,
    ) -> Result<(), Error> {
        self.account.now = now;
        let socket = self.connections.of_user(id).ok_or(Error::NoSuchSocket)?;
        socket.connection.set_keep_alive(now, setting);
        self.settle(id.0);
        Ok(())
    }

    /// How long sent text may stay unacknowledged before the connection is given up
    /// (TCP_USER_TIMEOUT, RFC 5482); `None`: as long as retransmissions go on.
    ///
    /// # Errors
    /// [`Error::NoSuchSocket`].
    pub fn set_user_timeout(
        &mut self,
        now: Instant,
        id: ConnectionId,
        limit: Option<Duration>,
    ) -> Result<(), Error> {
        self.account.now = now;
        let socket = self.connections.of_user(id).ok_or(Error::NoSuchSocket)?;
        socket.connection.set_user_timeout(now, limit);
        self.settle(id.0);
        Ok(())
    }

    /// Sets the time to live or hop limit that a connection sends with; 0 stands for the default.
    ///
    /// # Errors
    /// [`Error::NoSuchSocket`].
    pub fn set_hop_limit(&mut self, id: ConnectionId, hops: u8) -> Result<(), Error> {
        self.connections.of_user(id).ok_or(Error::NoSuchSocket)?.marks.set_hop_limit(hops);
        Ok(())
    }

    /// The time to live or hop limit that a connection sends with.
    ///
    /// # Errors
    /// [`Error::NoSuchSocket`].
    pub fn hop_limit(&self, id: ConnectionId) -> Result<u8, Error> {
        let hops = |socket: &Socket| socket.marks.hop_limit().unwrap_or(HOP_LIMIT_DEFAULT);
        self.connections.seen_by_user(id).map(hops).ok_or(Error::NoSuchSocket)
    }

    /// Sets the TOS or traffic class octet that a connection sends with (RFC 9293 §3.9.2.1); its
    /// ECN bits are the connection's own.
    ///
    /// # Errors
    /// [`Error::NoSuchSocket`].
    pub fn set_tos(&mut self, id: ConnectionId, tos: u8) -> Result<(), Error> {
        self.connections.of_user(id).ok_or(Error::NoSuchSocket)?.marks.set_tos(tos);
        Ok(())
    }

    /// The TOS or traffic class octet that a connection sends with, ECN bits left out.
    ///
    /// # Errors
    /// [`Error::NoSuchSocket`].
    pub fn tos(&self, id: ConnectionId) -> Result<u8, Error> {
        self.look_at(id, |socket| socket.marks.tos())
    }

    /// The setting of keep-alive; `None`: off.
    ///
    /// # Errors
    /// [`Error::NoSuchSocket`].
    pub fn keep_alive(&self, id: ConnectionId) -> Result<Option<KeepAlive>, Error> {
        self.look_at(id, |socket| socket.connection.keep_alive())
    }

    /// How long sent text may stay unacknowledged.
    ///
    /// # Errors
    /// [`Error::NoSuchSocket`].
    pub fn user_timeout(&self, id: ConnectionId) -> Result<Option<Duration>, Error> {
        self.look_at(id, |socket| socket.connection.user_timeout())
    }

    /// Sets how many octets are kept for the owner to read (SO_RCVBUF, in octets of text: not
    /// doubled as Linux does for its own overhead).
    ///
    /// # Errors
    /// [`Error::NoSuchSocket`].
    pub fn set_receive_buffer(&mut self, id: ConnectionId, octets: u32) -> Result<(), Error> {
        let socket = self.connections.of_user(id).ok_or(Error::NoSuchSocket)?;
        socket.connection.set_receive_buffer(octets);
        Ok(())
    }

    /// How many octets are kept for the owner to read.
    ///
    /// # Errors
    /// [`Error::NoSuchSocket`].
    pub fn receive_buffer(&self, id: ConnectionId) -> Result<u32, Error> {
        self.look_at(id, |socket| socket.connection.receive_buffer())
    }

    /// Sets how many octets are kept until the peer has acknowledged them (SO_SNDBUF).
    ///
    /// # Errors
    /// [`Error::NoSuchSocket`].
    pub fn set_send_buffer(&mut self, id: ConnectionId, octets: u32) -> Result<(), Error> {
        let socket = self.connections.of_user(id).ok_or(Error::NoSuchSocket)?;
        socket.connection.set_send_buffer(octets);
        Ok(())
    }

    /// How many octets are kept until the peer has acknowledged them.
    ///
    /// # Errors
    /// [`Error::NoSuchSocket`].
    pub fn send_buffer(&self, id: ConnectionId) -> Result<u32, Error> {
        self.look_at(id, |socket| socket.connection.send_buffer())
    }

    /// Acknowledges the next segments at once, or not (TCP_QUICKACK).
    ///
    /// # Errors
    /// [`Error::NoSuchSocket`].
    pub fn set_acknowledgments(
        &mut self,
        id: ConnectionId,
        how: Acknowledgments,
    ) -> Result<(), Error> {
        let socket = self.connections.of_user(id).ok_or(Error::NoSuchSocket)?;
        socket.connection.set_acknowledgments(how);
        self.wake(id.0);
        Ok(())
    }

    /// Whether the next segment will be acknowledged at once.
    ///
    /// # Errors
    /// [`Error::NoSuchSocket`].
    pub fn acknowledgments(&self, id: ConnectionId) -> Result<Acknowledgments, Error> {
        self.look_at(id, |socket| socket.connection.acknowledgments())
    }

    fn look_at<T>(&self, id: ConnectionId, look: impl FnOnce(&Socket) -> T) -> Result<T, Error> {
        self.connections.seen_by_user(id).map(look).ok_or(Error::NoSuchSocket)
    }
}
