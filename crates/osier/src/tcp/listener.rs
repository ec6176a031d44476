//! How does a program take connections that others open?

use super::preset::Preset;
use super::stream::TcpStream;
use crate::current::{first_that_works, resolve};
use crate::error;
use crate::shared::Inner;
use crate::sockets::{Key, Stage};
use crate::stack::Stack;
use crate::wakers::At;
use osier_host::{Error, Listening};
use osier_time::Instant;
use std::io;
use std::net::SocketAddr;
use std::task::{Context, Poll, Waker};
use tokio::net::ToSocketAddrs;

/// A TCP listener of a stack. Dropping it stops listening; connections that nobody accepted are
/// reset.
///
/// # Examples
/// The same text works with `tokio::net`, but for the first two lines:
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> std::io::Result<()> {
/// use osier::net::{TcpListener, TcpStream};
/// let _entered = osier::Stack::builder().build()?.enter();
///
/// let listener = TcpListener::bind("127.0.0.1:0").await?;
/// let connecting = TcpStream::connect(listener.local_addr()?);
/// let (accepted, connected) = tokio::join!(listener.accept(), connecting);
/// let ((stream, peer), connected) = (accepted?, connected?);
/// assert_eq!(peer, connected.local_addr()?);
/// assert_eq!(stream.local_addr()?, listener.local_addr()?);
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct TcpListener {
    stack: Stack,
    key: Key,
    local: SocketAddr,
    /// What each connection starts with.
    preset: Preset,
}

impl TcpListener {
    /// Listens on the current stack ([`Stack::enter`], [`Stack::scope`]) at the first of the
    /// addresses that can be bound, with a backlog of 1024. Port 0 takes an ephemeral port;
    /// `[::]` accepts IPv4 as well.
    ///
    /// # Errors
    /// `AddrInUse`, `AddrNotAvailable`; `NetworkDown` where the stack has ended; no stack was
    /// entered.
    ///
    /// # Cancel safety
    /// Dropping the future undoes what it did.
    pub async fn bind<A: ToSocketAddrs>(addr: A) -> io::Result<TcpListener> {
        let stack = Stack::current()?;
        let addresses = resolve(addr).await?;
        first_that_works(&addresses, |address| stack.tcp_listen(address))
    }

    pub(crate) fn open(stack: &Stack, how: &Listening, preset: Preset) -> io::Result<Self> {
        let (key, local) = stack.call(|inner, _| inner.listen(how))?;
        Ok(TcpListener { stack: stack.clone(), key, local, preset })
    }

    /// Takes the next connection whose handshake is done, waiting for one.
    ///
    /// # Errors
    /// `NetworkDown` where the stack has ended.
    ///
    /// # Cancel safety
    /// A connection is taken only when the future is ready: if another branch of a `select!`
    /// wins, none is lost.
    pub async fn accept(&self) -> io::Result<(TcpStream, SocketAddr)> {
        self.stack.wait_at(At::Acceptors(self.key), |inner, now| self.try_accept(inner, now)).await
    }

    /// As [`TcpListener::accept`], to be polled.
    ///
    /// # Errors
    /// Those of [`TcpListener::accept`].
    pub fn poll_accept(&self, cx: &mut Context<'_>) -> Poll<io::Result<(TcpStream, SocketAddr)>> {
        self.stack.poll_at(cx, At::Acceptors(self.key), |inner, now| self.try_accept(inner, now))
    }

    fn try_accept(&self, inner: &mut Inner, now: Instant) -> io::Result<(TcpStream, SocketAddr)> {
        if inner.sockets.listeners.get(self.key).is_none() {
            inner.check_open()?;
            return Err(error::refused(Error::NotConnected));
        }
        match inner.host.accept(self.key.listener()) {
            Some((id, peer)) => {
                let stream = TcpStream::of(&self.stack, inner, id, Stage::Connected);
                // One that has ended already has no use for options.
                let _ = self.preset.apply(inner, now, stream.key);
                Ok((stream, peer))
            }
            None => inner.block(),
        }
    }

    /// Where it listens.
    ///
    /// # Errors
    /// None; the signature is that of `tokio::net`.
    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        Ok(self.local)
    }
}

impl Drop for TcpListener {
    fn drop(&mut self) {
        let woken = self.stack.call(|inner, now| inner.end_listener(now, self.key));
        woken.into_iter().for_each(Waker::wake);
    }
}
