//! What is a TCP connection in the hands of a program?
//!
//! The names and signatures of `tokio::net::TcpStream`, without what hands over a descriptor of
//! the kernel (`from_std`, `into_std`, `try_io`, `async_io`): there is none.

use super::preset::Preset;
use super::{OwnedReadHalf, OwnedWriteHalf, ReadHalf, WriteHalf, split, split_owned};
use crate::current::resolve;
use crate::error;
use crate::shared::Inner;
use crate::sockets::{Key, Stage};
use crate::stack::Stack;
use crate::wakers::At;
use bytes::Bytes;
use osier_host::{ConnectionId, SocketInfo};
use osier_tcp::{TcpInfo, Trouble};
use osier_time::Instant;
use std::future::poll_fn;
use std::io::{self, IoSlice, IoSliceMut};
use std::net::SocketAddr;
use std::task::{Context, Poll, ready};
use tokio::io::{Interest, ReadBuf, Ready};
use tokio::net::ToSocketAddrs;

/// A TCP connection of a stack.
///
/// Read and written through [`AsyncRead`](tokio::io::AsyncRead) and
/// [`AsyncWrite`](tokio::io::AsyncWrite), or as [`Bytes`](bytes::Bytes) without a copy
/// ([`read_chunk`](TcpStream::read_chunk), [`write_chunks`](TcpStream::write_chunks)).
/// `poll_shutdown` sends FIN: the other direction stays open. Dropping the stream closes the
/// connection; where text was left unread, it is reset (RFC 1122 §4.2.2.13).
#[derive(Debug)]
pub struct TcpStream {
    pub(super) stack: Stack,
    pub(super) key: Key,
    local: SocketAddr,
    peer: SocketAddr,
}

/// Which waiters of a connection a call belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Side {
    Read,
    Write,
}

impl Side {
    fn of(self, key: Key) -> At {
        match self {
            Side::Read => At::Readers(key),
            Side::Write => At::Writers(key),
        }
    }
}

impl TcpStream {
    /// Opens a connection on the current stack ([`Stack::enter`], [`Stack::scope`]). Of several
    /// addresses the first that answers is taken.
    ///
    /// # Errors
    /// Those of [`Stack::tcp_connect`] for the last address; no stack was entered.
    ///
    /// # Cancel safety
    /// Dropping the future ends the attempt.
    pub async fn connect<A: ToSocketAddrs>(addr: A) -> io::Result<TcpStream> {
        let stack = Stack::current()?;
        let mut last = Err(io::ErrorKind::InvalidInput.into());
        for address in resolve(addr).await? {
            last = stack.tcp_connect(address).await;
            if last.is_ok() {
                break;
            }
        }
        last
    }

    /// Opens a connection whose SYN leaves with the options of `preset`, and with `text` where
    /// Fast Open allows it.
    pub(crate) async fn open(
        stack: &Stack,
        (to, from): (SocketAddr, Option<SocketAddr>),
        text: Option<Bytes>,
        preset: &Preset,
    ) -> io::Result<TcpStream> {
        let stream = stack.call(|inner, now| {
            inner.check_open()?;
            let id = match text {
                None => inner.host.connect(now, to, from),
                Some(text) => inner.host.connect_with_text(now, to, from, text),
            };
            let id = id.map_err(error::refused)?;
            let stream = TcpStream::of(stack, inner, id, Stage::Connecting);
            // One of a moment ago is not gone.
            let _ = preset.apply(inner, now, stream.key);
            io::Result::Ok(stream)
        })?;
        stream.wait_io(Side::Write, |inner, _, key| inner.try_connected(key)).await?;
        Ok(stream)
    }

    /// The program holds this connection of the host from here on.
    pub(super) fn of(stack: &Stack, inner: &mut Inner, id: ConnectionId, stage: Stage) -> Self {
        let unknown = SocketAddr::from(([0, 0, 0, 0], 0));
        TcpStream {
            stack: stack.clone(),
            local: inner.host.local_addr(id).unwrap_or(unknown),
            peer: inner.host.peer_addr(id).unwrap_or(unknown),
            key: inner.sockets.hold(id, stage),
        }
    }

    /// Our end.
    ///
    /// # Errors
    /// None; the signature is that of `tokio::net`.
    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        Ok(self.local)
    }

    /// Their end.
    ///
    /// # Errors
    /// None; the signature is that of `tokio::net`.
    pub fn peer_addr(&self) -> io::Result<SocketAddr> {
        Ok(self.peer)
    }

    /// The error that ended the connection, if no call has been told of it yet.
    ///
    /// # Errors
    /// `NetworkDown` where the stack has ended.
    pub fn take_error(&self) -> io::Result<Option<io::Error>> {
        self.stack.call(|inner, _| inner.take_error(self.key))
    }

    /// What is wrong with the connection though it may pass, since this was last asked: the peer
    /// has not answered for some time, or ICMP says that it cannot be reached (RFC 9293 §3.9.1.8).
    pub fn trouble(&self) -> Option<Trouble> {
        self.stack.call(|inner, _| inner.take_trouble(self.key))
    }

    /// The connection as `ss` shows it: state, queues, round-trip time, congestion window, timers.
    /// `None` once the stack has been shut down.
    pub fn info(&self) -> Option<SocketInfo> {
        self.handle().info()
    }

    /// The numbers of the connection as `ss -i` shows them (TCP_INFO). `None` once the stack has
    /// been shut down.
    pub fn tcp_info(&self) -> Option<TcpInfo> {
        self.handle().tcp_info()
    }

    /// A handle by which others can look at the connection without holding it open.
    pub fn handle(&self) -> StreamHandle {
        let TcpStream { stack, key, local, peer } = self;
        StreamHandle { stack: stack.clone(), key: *key, local: *local, peer: *peer }
    }

    /// Copies text into `buf` and leaves it to be read again. 0 means the end, or an empty `buf`.
    ///
    /// # Errors
    /// Those of a read: `ConnectionReset`, `TimedOut`; `NetworkDown` where the stack has ended.
    ///
    /// # Cancel safety
    /// Nothing is read, so nothing is lost.
    pub async fn peek(&self, buf: &mut [u8]) -> io::Result<usize> {
        self.wait_io(Side::Read, |inner, _, key| inner.try_peek(key, buf)).await
    }

    /// As [`TcpStream::peek`], to be polled.
    ///
    /// # Errors
    /// Those of [`TcpStream::peek`].
    pub fn poll_peek(
        &self,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<usize>> {
        let peek = |inner: &mut Inner, _, key| inner.try_peek(key, buf.initialize_unfilled());
        let len = ready!(self.poll_io(cx, Side::Read, peek))?;
        buf.advance(len);
        Poll::Ready(Ok(len))
    }

    /// Waits until one of the things of interest can be tried.
    ///
    /// # Errors
    /// `NetworkDown` where the stack has ended.
    ///
    /// # Cancel safety
    /// Readiness stays until a read or write finds none.
    pub async fn ready(&self, interest: Interest) -> io::Result<Ready> {
        let mut reader = self.stack.place_at(At::Readers(self.key));
        let mut writer = self.stack.place_at(At::Writers(self.key));
        poll_fn(|cx| {
            let readable = |inner: &mut Inner, _| inner.try_readable(self.key);
            let writable = |inner: &mut Inner, _| inner.try_writable(self.key);
            let mut ready = Ready::EMPTY;
            if interest.is_readable() && reader.poll(cx, readable)?.is_ready() {
                ready |= Ready::READABLE;
            }
            if interest.is_writable() && writer.poll(cx, writable)?.is_ready() {
                ready |= Ready::WRITABLE;
            }
            if ready.is_empty() { Poll::Pending } else { Poll::Ready(Ok(ready)) }
        })
        .await
    }

    /// Waits until there is text to read, its end, or an error.
    ///
    /// # Errors
    /// `NetworkDown` where the stack has ended.
    ///
    /// # Cancel safety
    /// Nothing is read, so nothing is lost.
    pub async fn readable(&self) -> io::Result<()> {
        self.wait_io(Side::Read, |inner, _, key| inner.try_readable(key)).await
    }

    /// As [`TcpStream::readable`], to be polled.
    ///
    /// # Errors
    /// Those of [`TcpStream::readable`].
    pub fn poll_read_ready(&self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.poll_io(cx, Side::Read, |inner, _, key| inner.try_readable(key))
    }

    /// Waits until a write can be tried: it may still find no room.
    ///
    /// # Errors
    /// `NetworkDown` where the stack has ended.
    ///
    /// # Cancel safety
    /// Nothing is written.
    pub async fn writable(&self) -> io::Result<()> {
        self.wait_io(Side::Write, |inner, _, key| inner.try_writable(key)).await
    }

    /// As [`TcpStream::writable`], to be polled.
    ///
    /// # Errors
    /// Those of [`TcpStream::writable`].
    pub fn poll_write_ready(&self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.poll_io(cx, Side::Write, |inner, _, key| inner.try_writable(key))
    }

    /// Reads what is there. 0 means the end, or an empty `buf`.
    ///
    /// # Errors
    /// `WouldBlock` where nothing is; else those of a read.
    pub fn try_read(&self, buf: &mut [u8]) -> io::Result<usize> {
        self.stack.call(|inner, now| inner.try_read(now, self.key, buf))
    }

    /// Reads what is there into one slice after the other.
    ///
    /// # Errors
    /// As [`TcpStream::try_read`].
    pub fn try_read_vectored(&self, bufs: &mut [IoSliceMut<'_>]) -> io::Result<usize> {
        let mut total = 0;
        for buf in bufs.iter_mut().filter(|buf| !buf.is_empty()) {
            match self.try_read(buf) {
                Ok(len) => {
                    total += len;
                    if len < buf.len() {
                        break;
                    }
                }
                Err(_) if total > 0 => break,
                Err(error) => return Err(error),
            }
        }
        Ok(total)
    }

    /// Writes what there is room for.
    ///
    /// # Errors
    /// `WouldBlock` where there is none; else those of a write: `ConnectionReset`, `BrokenPipe`,
    /// `TimedOut`.
    pub fn try_write(&self, buf: &[u8]) -> io::Result<usize> {
        self.stack.call(|inner, _| inner.try_write(self.key, buf))
    }

    /// Writes what there is room for from one slice after the other.
    ///
    /// # Errors
    /// As [`TcpStream::try_write`].
    pub fn try_write_vectored(&self, bufs: &[IoSlice<'_>]) -> io::Result<usize> {
        self.stack.call(|inner, _| inner.try_write_slices(self.key, bufs))
    }

    /// Both directions apart, borrowed: cheap, for one task.
    pub fn split(&mut self) -> (ReadHalf<'_>, WriteHalf<'_>) {
        split::split(self)
    }

    /// Both directions apart, owned: for two tasks. Dropping the writing half sends FIN.
    pub fn into_split(self) -> (OwnedReadHalf, OwnedWriteHalf) {
        split_owned::split_owned(self)
    }

    /// Tries; where that would block, whoever polls waits on its side.
    pub(super) fn poll_io<R>(
        &self,
        cx: &mut Context<'_>,
        side: Side,
        attempt: impl FnOnce(&mut Inner, Instant, Key) -> io::Result<R>,
    ) -> Poll<io::Result<R>> {
        self.stack.poll_at(cx, side.of(self.key), |inner, now| attempt(inner, now, self.key))
    }

    /// Tries until it does not block.
    pub(super) async fn wait_io<R>(
        &self,
        side: Side,
        mut attempt: impl FnMut(&mut Inner, Instant, Key) -> io::Result<R>,
    ) -> io::Result<R> {
        let at = side.of(self.key);
        self.stack.wait_at(at, |inner, now| attempt(inner, now, self.key)).await
    }
}

impl Drop for TcpStream {
    fn drop(&mut self) {
        self.stack.call(|inner, now| inner.release(now, self.key));
    }
}

/// Looks at a [`TcpStream`] that somebody else holds, and does not keep it open.
#[derive(Clone, Debug)]
pub struct StreamHandle {
    stack: Stack,
    key: Key,
    local: SocketAddr,
    peer: SocketAddr,
}

impl StreamHandle {
    /// Our end.
    pub fn local_addr(&self) -> SocketAddr {
        self.local
    }

    /// Their end.
    pub fn peer_addr(&self) -> SocketAddr {
        self.peer
    }

    /// The connection as `ss` shows it; `None` once nobody holds it any more.
    pub fn info(&self) -> Option<SocketInfo> {
        let mut inner = self.stack.shared().lock();
        inner.sockets.connections.get(self.key)?;
        inner.host.info(self.key.connection())
    }

    /// The numbers of the connection as `ss -i` shows them (TCP_INFO); `None` once nobody holds it
    /// any more.
    pub fn tcp_info(&self) -> Option<TcpInfo> {
        let now = self.stack.now();
        let mut inner = self.stack.shared().lock();
        inner.sockets.connections.get(self.key)?;
        inner.host.tcp_info(self.key.connection(), now)
    }
}
