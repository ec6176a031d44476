//! How does a program take connections that it is asked about first?
//!
//! The SYN is not answered until the program has decided (RFC 9293 §3.10.7.2 answers it at once). A
//! gateway so connects to the other side first, and a server may refuse by address without a
//! handshake. The connections are ordinary ones afterwards.

use super::preset::Preset;
use super::stream::TcpStream;
use crate::error;
use crate::shared::Inner;
use crate::sockets::{self, Key, Stage};
use crate::stack::Stack;
use crate::wakers::At;
use osier_host::{ConnectionId, Decision, Error, Flow, Listening};
use osier_time::Instant;
use std::io;
use std::net::SocketAddr;
use std::task::{Context, Poll, Waker};

/// A listener that asks before it answers: see [`TcpSocket::listen_deferred`].
///
/// At most 1024 SYNs of a stack wait for a decision, for two minutes each; a peer that repeats its
/// SYN meanwhile changes nothing. Dropping the listener forgets those who wait.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> std::io::Result<()> {
/// let stack = osier::Stack::builder().build()?;
/// let socket = stack.tcp_socket();
/// socket.bind("127.0.0.1:80".parse().unwrap())?;
/// let listener = socket.listen_deferred(16)?;
///
/// let client = tokio::spawn({
///     let stack = stack.clone();
///     async move { stack.tcp_connect("127.0.0.1:80".parse().unwrap()).await }
/// });
/// let asked = listener.incoming().await?; // nobody has been answered yet
/// assert!(asked.peer_addr().ip().is_loopback());
/// let stream = asked.accept().await?; // the handshake is done
/// assert_eq!(client.await.unwrap()?.local_addr()?, stream.peer_addr()?);
/// # Ok(())
/// # }
/// ```
///
/// [`TcpSocket::listen_deferred`]: crate::TcpSocket::listen_deferred
#[derive(Debug)]
pub struct DeferredListener {
    stack: Stack,
    key: Key,
    local: SocketAddr,
    /// What each connection starts with.
    preset: Preset,
}

impl DeferredListener {
    pub(crate) fn open(stack: &Stack, how: &Listening, preset: Preset) -> io::Result<Self> {
        let (key, local) = stack.call(|inner, _| inner.listen(how))?;
        Ok(DeferredListener { stack: stack.clone(), key, local, preset })
    }

    /// Waits for somebody who wants to connect.
    ///
    /// # Errors
    /// `NetworkDown` where the stack has ended.
    ///
    /// # Cancel safety
    /// Somebody is taken only when the future is ready: if another branch of a `select!` wins,
    /// nobody is lost.
    pub async fn incoming(&self) -> io::Result<Incoming> {
        self.stack.wait_at(At::Acceptors(self.key), |inner, _| self.try_incoming(inner)).await
    }

    /// As [`DeferredListener::incoming`], to be polled.
    ///
    /// # Errors
    /// Those of [`DeferredListener::incoming`].
    pub fn poll_incoming(&self, cx: &mut Context<'_>) -> Poll<io::Result<Incoming>> {
        self.stack.poll_at(cx, At::Acceptors(self.key), |inner, _| self.try_incoming(inner))
    }

    fn try_incoming(&self, inner: &mut Inner) -> io::Result<Incoming> {
        let Inner { sockets, host, .. } = inner;
        let Some(listener) = sockets.listeners.get(self.key) else {
            inner.check_open()?;
            return Err(error::refused(Error::NotConnected));
        };
        while let Some(flow) = listener.asked.pop_front() {
            // Who has waited too long is gone.
            if host.is_undecided(flow) {
                let DeferredListener { stack, key, preset, .. } = self;
                let (stack, key, preset) = (stack.clone(), *key, *preset);
                return Ok(Incoming { stack, key, flow, preset, state: State::Asked });
            }
        }
        inner.block()
    }

    /// Where it listens.
    ///
    /// # Errors
    /// None; the signature is that of `tokio::net`.
    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        Ok(self.local)
    }
}

impl Drop for DeferredListener {
    fn drop(&mut self) {
        let woken = self.stack.call(|inner, now| inner.end_listener(now, self.key));
        woken.into_iter().for_each(Waker::wake);
    }
}

/// Somebody who wants to connect to a [`DeferredListener`] and has not been answered.
///
/// Dropping it undecided is to [`ignore`](Incoming::ignore) it.
#[derive(Debug)]
pub struct Incoming {
    stack: Stack,
    key: Key,
    flow: Flow,
    preset: Preset,
    state: State,
}

/// How far it has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// Nothing is decided.
    Asked,
    /// The handshake goes on, and nobody has taken the connection.
    Accepted,
    /// Decided otherwise, or handed out.
    Over,
}

impl Incoming {
    /// Whom they want to reach: an address that is not ours where the listener is for everybody.
    pub fn local_addr(&self) -> SocketAddr {
        self.flow.local
    }

    /// Who it is, if the address is not forged: that is known only after the handshake.
    pub fn peer_addr(&self) -> SocketAddr {
        self.flow.remote
    }

    /// Lets the handshake go on, and waits until it is done.
    ///
    /// Text that came with the SYN is read first where it came with a good Fast Open cookie
    /// (RFC 7413 §4.2.2); other text is not acknowledged, and the peer sends it again.
    ///
    /// # Errors
    /// `NotConnected` where the SYN has waited too long or the listener is gone; `NoBufferSpace`
    /// where the queue of handshakes or the backlog is full: the peer will ask again; `TimedOut`
    /// where the handshake was not finished; `NetworkDown` where the stack has ended.
    ///
    /// # Cancel safety
    /// Dropping the future breaks the connection off.
    pub async fn accept(mut self) -> io::Result<TcpStream> {
        self.decide(Decision::Accept)?;
        self.state = State::Accepted;
        let at = At::Acceptors(self.key);
        let taken = self.stack.wait_at(at, |inner, now| self.try_take(inner, now)).await;
        self.state = State::Over;
        taken
    }

    /// Tells them that nobody listens (RST).
    ///
    /// # Errors
    /// `NotConnected` where the SYN has waited too long or the listener is gone.
    pub fn refuse(mut self) -> io::Result<()> {
        self.decide(Decision::Refuse)
    }

    /// Answers nothing. If they ask again, so does the listener.
    ///
    /// # Errors
    /// `NotConnected` where the SYN has waited too long or the listener is gone.
    pub fn ignore(mut self) -> io::Result<()> {
        self.decide(Decision::Ignore)
    }

    fn decide(&mut self, decision: Decision) -> io::Result<()> {
        self.state = State::Over;
        let flow = self.flow;
        self.stack.call(|inner, now| inner.host.decide(now, flow, decision)).map_err(error::refused)
    }

    fn try_take(&self, inner: &mut Inner, now: Instant) -> io::Result<TcpStream> {
        inner.collect_accepted(now, self.key);
        let Some(listener) = inner.sockets.listeners.get(self.key) else {
            inner.check_open()?;
            return Err(error::refused(Error::NotConnected));
        };
        if let Some(id) = listener.take_arrived(self.flow) {
            let stream = TcpStream::of(&self.stack, inner, id, Stage::Connected);
            // One that has ended already has no use for options.
            let _ = self.preset.apply(inner, now, stream.key);
            return Ok(stream);
        }
        if inner.host.is_half_open(self.flow) {
            return inner.block();
        }
        Err(io::ErrorKind::TimedOut.into())
    }
}

impl Drop for Incoming {
    fn drop(&mut self) {
        match self.state {
            State::Asked => {
                // Who is gone already need not be ignored.
                let _ = self.decide(Decision::Ignore);
            }
            State::Accepted => self.stack.call(|inner, now| {
                let Inner { sockets, host, .. } = inner;
                let Some(listener) = sockets.listeners.get(self.key) else { return };
                match listener.take_arrived(self.flow) {
                    Some(id) => {
                        host.abort(now, id);
                        host.release(now, id);
                    }
                    None => listener.unwanted.push(self.flow),
                }
            }),
            State::Over => {}
        }
    }
}

impl Inner {
    /// A listener in the hands of the program, and where it listens.
    pub(super) fn listen(&mut self, how: &Listening) -> io::Result<(Key, SocketAddr)> {
        self.check_open()?;
        let id = self.host.listen_as(how).map_err(error::refused)?;
        let local = self.host.listener_addr(id).unwrap_or(how.at);
        Ok((self.sockets.listeners.insert(id.0, sockets::Listener::default()), local))
    }

    /// The program drops a listener; who is to learn of it, once the lock is released: those who
    /// wait for handshakes that they have accepted.
    pub(crate) fn end_listener(&mut self, now: Instant, key: Key) -> Vec<Waker> {
        let mut woken = Vec::new();
        let Some(mut listener) = self.sockets.listeners.remove(key) else { return woken };
        listener.acceptors.take(&mut woken);
        for (_, id) in listener.arrived {
            self.host.abort(now, id);
            self.host.release(now, id);
        }
        self.host.close_listener(now, key.listener());
        woken
    }

    /// Takes connections whose handshake is done out of the host, for those who wait for each; ends
    /// those for which nobody waits any more.
    fn collect_accepted(&mut self, now: Instant, key: Key) {
        let Inner { sockets, host, .. } = self;
        let Some(listener) = sockets.listeners.get(key) else { return };
        while let Some((id, _)) = host.accept(key.listener()) {
            let Some(ends) = host.local_addr(id).zip(host.peer_addr(id)).map(plain) else {
                continue;
            };
            let same = |flow: &Flow| (flow.local, flow.remote) == ends;
            if listener.unwanted.iter().any(same) {
                host.abort(now, id);
                host.release(now, id);
            } else {
                listener.arrived.push((ends, id));
            }
        }
        // Of those whose handshake goes on.
        listener.unwanted.retain(|flow| host.is_half_open(*flow));
    }
}

/// Both ends without the form in which IPv6 writes IPv4.
fn plain((local, remote): (SocketAddr, SocketAddr)) -> (SocketAddr, SocketAddr) {
    let plain = |end: SocketAddr| SocketAddr::new(end.ip().to_canonical(), end.port());
    (plain(local), plain(remote))
}

impl sockets::Listener {
    /// The connection of this name, once its handshake is done.
    fn take_arrived(&mut self, flow: Flow) -> Option<ConnectionId> {
        let at = self.arrived.iter().position(|(ends, _)| *ends == (flow.local, flow.remote))?;
        Some(self.arrived.swap_remove(at).1)
    }
}
