//! How does a program use UDP on a stack? (RFC 768)
//!
//! The names and signatures of `tokio::net::UdpSocket`, as far as they do not concern descriptors
//! of the kernel, broadcast, multicast or the TOS field.

mod receive;
mod send;

use crate::current::{first_that_works, resolve};
use crate::error;
use crate::shared::Inner;
use crate::sockets::{self, Key};
use crate::stack::Stack;
use crate::wakers::At;
use osier_host::Error;
use osier_time::Instant;
use std::future::poll_fn;
use std::io;
use std::net::SocketAddr;
use std::task::{Context, Poll};
use tokio::io::{Interest, Ready};
use tokio::net::ToSocketAddrs;

/// A UDP socket of a stack. Dropping it closes it.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> std::io::Result<()> {
/// let stack = osier::Stack::builder().build()?;
/// let a = stack.udp_bind("127.0.0.1:0".parse().unwrap())?;
/// let b = stack.udp_bind("127.0.0.1:0".parse().unwrap())?;
/// a.send_to(b"willow", b.local_addr()?).await?;
/// let mut buf = [0; 16];
/// let (len, from) = b.recv_from(&mut buf).await?;
/// assert_eq!((&buf[..len], from), (&b"willow"[..], a.local_addr()?));
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct UdpSocket {
    stack: Stack,
    key: Key,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Side {
    Read,
    Write,
}

impl Side {
    fn of(self, key: Key) -> At {
        match self {
            Side::Read => At::UdpReaders(key),
            Side::Write => At::UdpWriters(key),
        }
    }
}

impl UdpSocket {
    /// Binds a socket of the current stack ([`Stack::enter`], [`Stack::scope`]) to the first of
    /// the addresses that can be had. Port 0 takes an ephemeral port.
    ///
    /// # Errors
    /// `AddrInUse`, `AddrNotAvailable`; `NetworkDown` where the stack has ended; no stack was
    /// entered.
    ///
    /// # Cancel safety
    /// Dropping the future undoes what it did.
    pub async fn bind<A: ToSocketAddrs>(addr: A) -> io::Result<UdpSocket> {
        let stack = Stack::current()?;
        let addresses = resolve(addr).await?;
        first_that_works(&addresses, |address| stack.udp_bind(address))
    }

    pub(crate) fn open(stack: &Stack, at: SocketAddr) -> io::Result<UdpSocket> {
        let key = stack.call(|inner, _| {
            inner.check_open()?;
            let id = inner.host.udp_bind(at).map_err(error::refused)?;
            io::Result::Ok(inner.sockets.udp.insert(id.0, sockets::Udp::default()))
        })?;
        Ok(UdpSocket { stack: stack.clone(), key })
    }

    /// Restricts the socket to one peer: the first of the addresses that a route leads to.
    ///
    /// # Errors
    /// `NetworkUnreachable`, `InvalidInput`.
    ///
    /// # Cancel safety
    /// Dropping the future leaves the socket as it was.
    pub async fn connect<A: ToSocketAddrs>(&self, addr: A) -> io::Result<()> {
        let addresses = resolve(addr).await?;
        first_that_works(&addresses, |address| {
            self.stack.call(|inner, _| {
                inner.udp(self.key)?;
                inner.host.udp_connect(self.key.udp(), address).map_err(error::refused)
            })
        })
    }

    /// Where it is bound.
    ///
    /// # Errors
    /// `NetworkDown` where the stack has ended.
    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        self.stack.call(|inner, _| {
            inner.udp(self.key)?;
            let local = inner.host.udp_addr(self.key.udp());
            local.ok_or_else(|| error::refused(Error::NotConnected))
        })
    }

    /// To whom it is connected.
    ///
    /// # Errors
    /// `NotConnected` where it is not.
    pub fn peer_addr(&self) -> io::Result<SocketAddr> {
        self.stack.call(|inner, _| {
            inner.udp(self.key)?;
            let peer = inner.host.udp_peer(self.key.udp());
            peer.ok_or_else(|| error::refused(Error::NotConnected))
        })
    }

    /// Waits until one of the things of interest can be tried.
    ///
    /// # Errors
    /// `NetworkDown` where the stack has ended.
    ///
    /// # Cancel safety
    /// Readiness stays until a call finds none.
    pub async fn ready(&self, interest: Interest) -> io::Result<Ready> {
        let mut reader = self.stack.place_at(At::UdpReaders(self.key));
        let mut writer = self.stack.place_at(At::UdpWriters(self.key));
        poll_fn(|cx| {
            let readable = |inner: &mut Inner, _| inner.try_receivable(self.key);
            let writable = |inner: &mut Inner, _| inner.try_sendable(self.key);
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

    /// Tries; where that would block, whoever polls waits on its side.
    fn poll_io<R>(
        &self,
        cx: &mut Context<'_>,
        side: Side,
        attempt: impl FnOnce(&mut Inner, Instant, Key) -> io::Result<R>,
    ) -> Poll<io::Result<R>> {
        self.stack.poll_at(cx, side.of(self.key), |inner, now| attempt(inner, now, self.key))
    }

    /// Tries until it does not block.
    async fn wait_io<R>(
        &self,
        side: Side,
        mut attempt: impl FnMut(&mut Inner, Instant, Key) -> io::Result<R>,
    ) -> io::Result<R> {
        let at = side.of(self.key);
        self.stack.wait_at(at, |inner, now| attempt(inner, now, self.key)).await
    }
}

impl Inner {
    /// The program's entry for a UDP socket.
    ///
    /// # Errors
    /// The stack has let go of it: it was shut down.
    fn udp(&mut self, key: Key) -> io::Result<&mut sockets::Udp> {
        if self.sockets.udp.get(key).is_none() {
            self.check_alive()?;
        }
        let entry = self.sockets.udp.get(key);
        entry.ok_or_else(|| error::refused(Error::NotConnected))
    }
}

impl Drop for UdpSocket {
    fn drop(&mut self) {
        self.stack.call(|inner, _| {
            if inner.sockets.udp.remove(self.key).is_some() {
                inner.host.udp_close(self.key.udp());
            }
        });
    }
}
