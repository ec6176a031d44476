//! How do datagrams leave?

use super::{Side, UdpSocket};
use crate::current::resolve;
use crate::error;
use crate::shared::Inner;
use crate::sockets::{Full, Key};
use bytes::Bytes;
use osier_host::Error;
use osier_time::Instant;
use std::io;
use std::net::SocketAddr;
use std::task::{Context, Poll};
use tokio::net::ToSocketAddrs;

impl UdpSocket {
    /// Sends a datagram to the peer of a connected socket.
    ///
    /// # Errors
    /// `NotConnected` where it has none; `ConnectionRefused` where the peer said that nobody is
    /// there; `NetworkUnreachable`; that the datagram is too long.
    ///
    /// # Cancel safety
    /// The datagram is taken only when the future is ready.
    pub async fn send(&self, buf: &[u8]) -> io::Result<usize> {
        self.wait_io(Side::Write, |inner, now, key| inner.try_send(now, key, buf, None)).await
    }

    /// As [`UdpSocket::send`], to be polled.
    ///
    /// # Errors
    /// Those of [`UdpSocket::send`].
    pub fn poll_send(&self, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        self.poll_io(cx, Side::Write, |inner, now, key| inner.try_send(now, key, buf, None))
    }

    /// As [`UdpSocket::send`], without waiting.
    ///
    /// # Errors
    /// `WouldBlock` where there is no room; else those of [`UdpSocket::send`].
    pub fn try_send(&self, buf: &[u8]) -> io::Result<usize> {
        self.stack.call(|inner, now| inner.try_send(now, self.key, buf, None))
    }

    /// Sends a datagram to the first of the addresses.
    ///
    /// # Errors
    /// `NetworkUnreachable`, `InvalidInput`; that the datagram is too long.
    ///
    /// # Cancel safety
    /// The datagram is taken only when the future is ready.
    pub async fn send_to<A: ToSocketAddrs>(&self, buf: &[u8], addr: A) -> io::Result<usize> {
        let target = resolve(addr).await?[0];
        let target = Some(target);
        self.wait_io(Side::Write, |inner, now, key| inner.try_send(now, key, buf, target)).await
    }

    /// As [`UdpSocket::send_to`], to be polled.
    ///
    /// # Errors
    /// Those of [`UdpSocket::send_to`].
    pub fn poll_send_to(
        &self,
        cx: &mut Context<'_>,
        buf: &[u8],
        target: SocketAddr,
    ) -> Poll<io::Result<usize>> {
        self.poll_io(cx, Side::Write, |inner, now, key| inner.try_send(now, key, buf, Some(target)))
    }

    /// As [`UdpSocket::send_to`], without waiting.
    ///
    /// # Errors
    /// `WouldBlock` where there is no room; else those of [`UdpSocket::send_to`].
    pub fn try_send_to(&self, buf: &[u8], target: SocketAddr) -> io::Result<usize> {
        self.stack.call(|inner, now| inner.try_send(now, self.key, buf, Some(target)))
    }

    /// Waits until a datagram can be sent: it may still find no room.
    ///
    /// # Errors
    /// `NetworkDown` where the stack has ended.
    ///
    /// # Cancel safety
    /// Nothing is sent.
    pub async fn writable(&self) -> io::Result<()> {
        self.wait_io(Side::Write, |inner, _, key| inner.try_sendable(key)).await
    }

    /// As [`UdpSocket::writable`], to be polled.
    ///
    /// # Errors
    /// Those of [`UdpSocket::writable`].
    pub fn poll_send_ready(&self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.poll_io(cx, Side::Write, |inner, _, key| inner.try_sendable(key))
    }
}

impl Inner {
    /// Whether a datagram is worth trying: none has found the queue full since it had room.
    pub(super) fn try_sendable(&mut self, key: Key) -> io::Result<()> {
        match self.udp(key)?.full {
            Full::No => Ok(()),
            Full::Yes => self.block(),
        }
    }

    fn try_send(
        &mut self,
        now: Instant,
        key: Key,
        buf: &[u8],
        to: Option<SocketAddr>,
    ) -> io::Result<usize> {
        self.check_alive()?;
        self.udp(key)?;
        let data = Bytes::copy_from_slice(buf);
        match self.host.udp_send(now, key.udp(), to, data) {
            Ok(()) => Ok(buf.len()),
            Err(Error::WouldBlock) => {
                self.udp(key)?.full = Full::Yes;
                self.block()
            }
            Err(error) => Err(error::refused(error)),
        }
    }
}
