//! Which options of a connection can be set while it is open?

use super::preset::{hops, octet};
use super::stream::TcpStream;
use crate::error::refused;
use osier_host::{ConnectionId, Error, Host};
use osier_tcp::{Acknowledgments, Algorithm, KeepAlive, Nagle};
use osier_time::Instant;
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

    /// The congestion control of this end (TCP_CONGESTION).
    ///
    /// # Errors
    /// `NotConnected` once the connection has ended.
    pub fn congestion(&self) -> io::Result<Algorithm> {
        self.option(|host, id, _| host.congestion(id))
    }

    /// Chooses the congestion control of this end: CUBIC, Reno or BBR. It goes on from what the one
    /// so far has found.
    ///
    /// # Errors
    /// `NotConnected` once the connection has ended.
    pub fn set_congestion(&self, algorithm: Algorithm) -> io::Result<()> {
        self.option(|host, id, now| host.set_congestion(now, id, algorithm))
    }

    /// Sends at most `rate` octets of text in a second, spread evenly, a millisecond's worth at a
    /// time (SO_MAX_PACING_RATE); `None`: as fast as the windows allow, and BBR where it is
    /// chosen.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> std::io::Result<()> {
    /// # let stack = osier::Stack::builder().build()?;
    /// # let listener = stack.tcp_listen("127.0.0.1:80".parse().unwrap())?;
    /// let stream = stack.tcp_connect("127.0.0.1:80".parse().unwrap()).await?;
    /// stream.set_max_pacing_rate(Some(1_250_000))?; // 10 Mbit/s
    /// assert_eq!(stream.max_pacing_rate()?, Some(1_250_000));
    /// # drop(listener);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// `NotConnected` once the connection has ended.
    pub fn set_max_pacing_rate(&self, rate: Option<u64>) -> io::Result<()> {
        self.option(|host, id, _| host.set_pacing_rate(id, rate))
    }

    /// What [`TcpStream::set_max_pacing_rate`] said.
    ///
    /// # Errors
    /// `NotConnected` once the connection has ended.
    pub fn max_pacing_rate(&self) -> io::Result<Option<u64>> {
        let told =
            self.option(|host, id, now| host.tcp_info(id, now).ok_or(Error::NotConnected))?;
        Ok(Some(told.max_pacing_rate).filter(|rate| *rate != u64::MAX))
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
        let hops = hops(ttl)?;
        self.option(|host, id, _| host.set_hop_limit(id, hops))
    }

    /// The TOS (IPv4) or traffic class (IPv6) octet of what we send.
    ///
    /// # Errors
    /// `NotConnected` once the connection has ended.
    pub fn tos(&self) -> io::Result<u32> {
        self.option(|host, id, _| host.tos(id).map(u32::from))
    }

    /// Sets the TOS or traffic class octet of what we send: the DSCP (RFC 2474) in its upper six
    /// bits. The lower two belong to ECN and are the connection's own.
    ///
    /// # Errors
    /// `InvalidInput` beyond 255; `NotConnected` once the connection has ended.
    pub fn set_tos(&self, tos: u32) -> io::Result<()> {
        let tos = octet(tos)?;
        self.option(|host, id, _| host.set_tos(id, tos))
    }

    /// The setting of keep-alive; `None`: off.
    ///
    /// # Errors
    /// `NotConnected` once the connection has ended.
    pub fn tcp_keepalive(&self) -> io::Result<Option<KeepAlive>> {
        self.option(|host, id, _| host.keep_alive(id))
    }

    /// Turns keep-alive on or off (SO_KEEPALIVE, TCP_KEEPIDLE, TCP_KEEPINTVL, TCP_KEEPCNT;
    /// RFC 9293 §3.8.4). A peer that answers no probe ends the connection with `TimedOut`.
    ///
    /// # Errors
    /// `NotConnected` once the connection has ended.
    pub fn set_tcp_keepalive(&self, keepalive: Option<KeepAlive>) -> io::Result<()> {
        self.option(|host, id, now| host.set_keep_alive(now, id, keepalive))
    }

    /// How long what was sent may stay unacknowledged; `None`: as long as retransmissions go on.
    ///
    /// # Errors
    /// `NotConnected` once the connection has ended.
    pub fn tcp_user_timeout(&self) -> io::Result<Option<Duration>> {
        self.option(|host, id, _| host.user_timeout(id)).map(|limit| limit.map(Into::into))
    }

    /// Sets how long what was sent may stay unacknowledged before the connection is given up with
    /// `TimedOut` (TCP_USER_TIMEOUT, RFC 5482).
    ///
    /// # Errors
    /// `NotConnected` once the connection has ended.
    pub fn set_tcp_user_timeout(&self, limit: Option<Duration>) -> io::Result<()> {
        self.option(|host, id, now| host.set_user_timeout(now, id, limit.map(Into::into)))
    }

    /// How many octets are kept until the peer has acknowledged them.
    ///
    /// # Errors
    /// `NotConnected` once the connection has ended.
    pub fn send_buffer_size(&self) -> io::Result<u32> {
        self.option(|host, id, _| host.send_buffer(id))
    }

    /// Sets how many octets are kept until the peer has acknowledged them (SO_SNDBUF, in octets of
    /// text).
    ///
    /// # Errors
    /// `NotConnected` once the connection has ended.
    pub fn set_send_buffer_size(&self, size: u32) -> io::Result<()> {
        self.option(|host, id, _| host.set_send_buffer(id, size))
    }

    /// How many octets are kept to be read.
    ///
    /// # Errors
    /// `NotConnected` once the connection has ended.
    pub fn recv_buffer_size(&self) -> io::Result<u32> {
        self.option(|host, id, _| host.receive_buffer(id))
    }

    /// Sets how many octets are kept to be read (SO_RCVBUF, in octets of text). What the peer was
    /// promised is not taken back, and windows beyond 64 KiB need the scale that was agreed on:
    /// set it before connecting where it is to be large.
    ///
    /// # Errors
    /// `NotConnected` once the connection has ended.
    pub fn set_recv_buffer_size(&self, size: u32) -> io::Result<()> {
        self.option(|host, id, _| host.set_receive_buffer(id, size))
    }

    /// How many octets of text a full segment of ours has now (TCP_MAXSEG).
    ///
    /// # Errors
    /// `NotConnected` once the connection has ended.
    pub fn tcp_mss(&self) -> io::Result<u32> {
        let told =
            self.option(|host, id, now| host.tcp_info(id, now).ok_or(Error::NotConnected))?;
        Ok(told.snd_mss)
    }

    /// What [`TcpStream::set_tcp_notsent_lowat`] said; `u32::MAX`: what the send buffer takes.
    ///
    /// # Errors
    /// `NotConnected` once the connection has ended.
    pub fn tcp_notsent_lowat(&self) -> io::Result<u32> {
        self.option(|host, id, _| host.not_sent_low(id))
    }

    /// Keeps little unsent: the stream is writable while less than half of `lowat` octets wait to
    /// be sent for the first time, and a write takes little beyond `lowat` (TCP_NOTSENT_LOWAT).
    /// What is written late can still be changed, and does not wait behind what was written early.
    /// 0: as the [`Config`](crate::Config) of the stack has it.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> std::io::Result<()> {
    /// # let stack = osier::Stack::builder().build()?;
    /// # let listener = stack.tcp_listen("127.0.0.1:80".parse().unwrap())?;
    /// let stream = stack.tcp_connect("127.0.0.1:80".parse().unwrap()).await?;
    /// stream.set_tcp_notsent_lowat(16 << 10)?;
    /// stream.writable().await?; // whatever the send buffer still holds, little of it is unsent
    /// # drop(listener);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// `NotConnected` once the connection has ended.
    pub fn set_tcp_notsent_lowat(&self, lowat: u32) -> io::Result<()> {
        let octets = Some(lowat).filter(|octets| *octets > 0);
        self.option(|host, id, _| host.set_not_sent_low(id, octets))
    }

    /// Whether the next segment will be acknowledged at once.
    ///
    /// # Errors
    /// `NotConnected` once the connection has ended.
    pub fn quickack(&self) -> io::Result<bool> {
        let how = self.option(|host, id, _| host.acknowledgments(id))?;
        Ok(how == Acknowledgments::Quick)
    }

    /// Acknowledges the next segments at once, or lets acknowledgments wait (TCP_QUICKACK). As on
    /// Linux for now only: the connection goes on deciding by itself.
    ///
    /// # Errors
    /// `NotConnected` once the connection has ended.
    pub fn set_quickack(&self, quickack: bool) -> io::Result<()> {
        let how = if quickack { Acknowledgments::Quick } else { Acknowledgments::Delayed };
        self.option(|host, id, _| host.set_acknowledgments(id, how))
    }

    /// How many octets from here on end the urgent text that is still to be read, if any. Urgent
    /// text is read in line with the rest (RFC 6093; SO_OOBINLINE, SIOCATMARK).
    ///
    /// # Errors
    /// `NotConnected` once the connection has ended.
    pub fn urgent_mark(&self) -> io::Result<Option<u32>> {
        self.option(|host, id, _| Ok(host.urgent_mark(id)))
    }

    /// Writes what there is room for as urgent text. For old protocols only: RFC 6093 advises
    /// against it.
    ///
    /// # Errors
    /// `WouldBlock` where there is no room; else those of a write.
    pub fn try_write_urgent(&self, buf: &[u8]) -> io::Result<usize> {
        self.option(|host, id, _| host.write_urgent(id, buf))
    }

    fn option<T>(
        &self,
        call: impl FnOnce(&mut Host, ConnectionId, Instant) -> Result<T, Error>,
    ) -> io::Result<T> {
        self.stack.call(|inner, now| {
            inner.connection(self.key)?;
            call(&mut inner.host, self.key.connection(), now).map_err(refused)
        })
    }
}
