//! How are datagrams received?
//!
//! One datagram a call; what does not fit into the buffer is cut off, as the kernel does.

use super::{Side, UdpSocket};
use crate::error;
use crate::shared::Inner;
use crate::sockets::Key;
use bytes::Bytes;
use std::io;
use std::net::SocketAddr;
use std::task::{Context, Poll, ready};
use tokio::io::ReadBuf;

impl UdpSocket {
    /// Receives a datagram.
    ///
    /// # Errors
    /// `ConnectionRefused` where the peer of a connected socket said that nobody is there;
    /// `NetworkDown` where the stack has ended.
    ///
    /// # Cancel safety
    /// A datagram is taken only when the future is ready: none is lost.
    pub async fn recv(&self, buf: &mut [u8]) -> io::Result<usize> {
        Ok(self.recv_from(buf).await?.0)
    }

    /// As [`UdpSocket::recv`], to be polled.
    ///
    /// # Errors
    /// Those of [`UdpSocket::recv`].
    pub fn poll_recv(&self, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        self.poll_recv_from(cx, buf).map_ok(|_| ())
    }

    /// As [`UdpSocket::recv`], without waiting.
    ///
    /// # Errors
    /// `WouldBlock` where none waits; else those of [`UdpSocket::recv`].
    pub fn try_recv(&self, buf: &mut [u8]) -> io::Result<usize> {
        Ok(self.try_recv_from(buf)?.0)
    }

    /// Receives a datagram: how long it is, and who sent it.
    ///
    /// # Errors
    /// Those of [`UdpSocket::recv`].
    ///
    /// # Cancel safety
    /// A datagram is taken only when the future is ready: none is lost.
    pub async fn recv_from(&self, buf: &mut [u8]) -> io::Result<(usize, SocketAddr)> {
        let (data, from) = self.wait_io(Side::Read, |inner, _, key| inner.try_recv(key)).await?;
        Ok((copy(&data, buf), from))
    }

    /// As [`UdpSocket::recv_from`], to be polled.
    ///
    /// # Errors
    /// Those of [`UdpSocket::recv`].
    pub fn poll_recv_from(
        &self,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<SocketAddr>> {
        let (data, from) =
            ready!(self.poll_io(cx, Side::Read, |inner, _, key| inner.try_recv(key)))?;
        put(&data, buf);
        Poll::Ready(Ok(from))
    }

    /// As [`UdpSocket::recv_from`], without waiting.
    ///
    /// # Errors
    /// `WouldBlock` where none waits; else those of [`UdpSocket::recv`].
    pub fn try_recv_from(&self, buf: &mut [u8]) -> io::Result<(usize, SocketAddr)> {
        let (data, from) = self.stack.call(|inner, _| inner.try_recv(self.key))?;
        Ok((copy(&data, buf), from))
    }

    /// Looks at the next datagram and leaves it.
    ///
    /// # Errors
    /// Those of [`UdpSocket::recv`].
    ///
    /// # Cancel safety
    /// Nothing is received, so nothing is lost.
    pub async fn peek(&self, buf: &mut [u8]) -> io::Result<usize> {
        Ok(self.peek_from(buf).await?.0)
    }

    /// As [`UdpSocket::peek`], without waiting.
    ///
    /// # Errors
    /// `WouldBlock` where none waits; else those of [`UdpSocket::recv`].
    pub fn try_peek(&self, buf: &mut [u8]) -> io::Result<usize> {
        Ok(self.try_peek_from(buf)?.0)
    }

    /// Looks at the next datagram and its sender, and leaves it.
    ///
    /// # Errors
    /// Those of [`UdpSocket::recv`].
    ///
    /// # Cancel safety
    /// Nothing is received, so nothing is lost.
    pub async fn peek_from(&self, buf: &mut [u8]) -> io::Result<(usize, SocketAddr)> {
        self.wait_io(Side::Read, |inner, _, key| {
            inner.try_look(key, |data, from| (copy(data, buf), from))
        })
        .await
    }

    /// As [`UdpSocket::peek_from`], to be polled.
    ///
    /// # Errors
    /// Those of [`UdpSocket::recv`].
    pub fn poll_peek_from(
        &self,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<SocketAddr>> {
        self.poll_io(cx, Side::Read, |inner, _, key| {
            inner.try_look(key, |data, from| {
                put(data, buf);
                from
            })
        })
    }

    /// As [`UdpSocket::peek_from`], without waiting.
    ///
    /// # Errors
    /// `WouldBlock` where none waits; else those of [`UdpSocket::recv`].
    pub fn try_peek_from(&self, buf: &mut [u8]) -> io::Result<(usize, SocketAddr)> {
        self.stack.call(|inner, _| inner.try_look(self.key, |data, from| (copy(data, buf), from)))
    }

    /// Waits until a datagram can be received, or an error.
    ///
    /// # Errors
    /// `NetworkDown` where the stack has ended.
    ///
    /// # Cancel safety
    /// Nothing is received, so nothing is lost.
    pub async fn readable(&self) -> io::Result<()> {
        self.wait_io(Side::Read, |inner, _, key| inner.try_receivable(key)).await
    }

    /// As [`UdpSocket::readable`], to be polled.
    ///
    /// # Errors
    /// Those of [`UdpSocket::readable`].
    pub fn poll_recv_ready(&self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.poll_io(cx, Side::Read, |inner, _, key| inner.try_receivable(key))
    }
}

impl Inner {
    fn try_recv(&mut self, key: Key) -> io::Result<(Bytes, SocketAddr)> {
        self.udp(key)?;
        match self.host.udp_receive(key.udp()) {
            Err(osier_host::Error::WouldBlock) => self.block(),
            other => other.map_err(error::refused),
        }
    }

    /// Whether a datagram waits, or an error.
    pub(super) fn try_receivable(&mut self, key: Key) -> io::Result<()> {
        self.udp(key)?;
        let (id, host) = (key.udp(), &self.host);
        let ready = host.udp_peek(id).is_some() || host.udp_error(id).is_some();
        if ready { Ok(()) } else { self.block() }
    }

    fn try_look<R>(
        &mut self,
        key: Key,
        look: impl FnOnce(&[u8], SocketAddr) -> R,
    ) -> io::Result<R> {
        self.udp(key)?;
        if self.host.udp_error(key.udp()).is_some() {
            // The error comes first, and is told once.
            self.try_recv(key)?;
        }
        match self.host.udp_peek(key.udp()) {
            Some((data, from)) => Ok(look(data, from)),
            None => self.block(),
        }
    }
}

/// As much as fits.
fn copy(data: &[u8], buf: &mut [u8]) -> usize {
    let len = data.len().min(buf.len());
    buf[..len].copy_from_slice(&data[..len]);
    len
}

/// As much as fits.
fn put(data: &[u8], buf: &mut ReadBuf<'_>) {
    let len = data.len().min(buf.remaining());
    buf.put_slice(&data[..len]);
}
