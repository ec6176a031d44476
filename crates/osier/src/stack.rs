//! How does a program hold a TCP/IP stack?
//!
//! [`Stack`] is the handle: sockets are made from it, and it tells how the stack fares. The host
//! itself is a value further down (`osier-host`); one task, the driver, moves its frames.

use crate::builder::{Builder, NoDevice};
use crate::capture_status::CaptureStatus;
use crate::error;
use crate::pings::{EchoReply, Outcome};
use crate::shared::{Inner, Life, Shared};
use crate::tcp::{Preset, TcpListener, TcpSocket, TcpStream};
use crate::udp::UdpSocket;
use bytes::Bytes;
use osier_host::{CookieKeys, Listening, PathInfo, SocketInfo};
use osier_time::Instant;
use osier_wire::ethernet::MacAddr;
use std::future::poll_fn;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

/// A TCP/IP stack in this process: a host with its link, and the task that drives it.
///
/// Cheap to clone. Sockets keep the stack alive. When the last handle and the last socket are
/// gone, connections that still have something to say say it (for a minute at most), and the
/// driver ends.
///
/// # Examples
/// A stack without a device talks to itself:
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> std::io::Result<()> {
/// use tokio::io::{AsyncReadExt, AsyncWriteExt};
///
/// let stack = osier::Stack::builder().build()?;
/// let listener = stack.tcp_listen("127.0.0.1:7".parse().unwrap())?;
/// let (accepted, connected) =
///     tokio::join!(listener.accept(), stack.tcp_connect("127.0.0.1:7".parse().unwrap()));
/// let (mut theirs, mut ours) = (accepted?.0, connected?);
/// ours.write_all(b"willow").await?;
/// ours.shutdown().await?;
/// let mut text = String::new();
/// theirs.read_to_string(&mut text).await?;
/// assert_eq!(text, "willow");
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct Stack {
    handle: Arc<Handle>,
}

/// The backlog of a listener for which none was asked: that of `tokio::net::TcpListener::bind`.
const BACKLOG: usize = 1_024;

impl Stack {
    /// Settings for a new stack.
    pub fn builder() -> Builder<NoDevice> {
        Builder::new()
    }

    pub(crate) fn of(shared: Arc<Shared>) -> Self {
        Stack { handle: Arc::new(Handle { shared }) }
    }

    /// Listens. Port 0 takes an ephemeral port; `[::]` accepts IPv4 as well.
    ///
    /// # Errors
    /// `AddrInUse`, `AddrNotAvailable`; `NetworkDown` where the stack has ended.
    pub fn tcp_listen(&self, at: SocketAddr) -> io::Result<TcpListener> {
        TcpListener::open(self, &Listening::at(at, BACKLOG), Preset::default())
    }

    /// Opens a connection.
    ///
    /// # Errors
    /// `ConnectionRefused`, `TimedOut`, `HostUnreachable`, `NetworkUnreachable`,
    /// `AddrNotAvailable` (no ephemeral port is left); `NetworkDown` where the stack has ended.
    ///
    /// # Cancel safety
    /// Dropping the future ends the attempt.
    pub async fn tcp_connect(&self, to: SocketAddr) -> io::Result<TcpStream> {
        TcpStream::open(self, (to, None), None, &Preset::default()).await
    }

    /// A TCP socket that is neither bound nor connected, for those who want a backlog or a local
    /// address of their own.
    pub fn tcp_socket(&self) -> TcpSocket {
        TcpSocket::of(self)
    }

    /// Replaces the keys of the cookies that the stack gives for TCP Fast Open (RFC 7413 §4.1.2;
    /// Linux: TCP_FASTOPEN_KEY). A client whose cookie was made with the previous key is still
    /// believed, and given another; so keys are changed without a client noticing:
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> std::io::Result<()> {
    /// use osier::{CookieKeys, Stack};
    /// let keys = CookieKeys { current: [1; 16], previous: None }; // yours are random
    /// let stack = Stack::builder().fast_open_keys(keys).build()?;
    /// // … a day later:
    /// stack.set_fast_open_keys(CookieKeys { current: [2; 16], previous: Some(keys.current) });
    /// # Ok(())
    /// # }
    /// ```
    pub fn set_fast_open_keys(&self, keys: CookieKeys) {
        self.call(|inner, _| inner.host.set_fast_open_keys(keys));
    }

    /// Binds a UDP socket. Port 0 takes an ephemeral port.
    ///
    /// # Errors
    /// `AddrInUse`, `AddrNotAvailable`; `NetworkDown` where the stack has ended.
    pub fn udp_bind(&self, at: SocketAddr) -> io::Result<UdpSocket> {
        UdpSocket::open(self, at)
    }

    /// Sends an echo request and waits for the reply, as long as it takes: give it a timeout.
    ///
    /// # Errors
    /// `HostUnreachable` where nobody on the link answers for the address; `NetworkUnreachable`
    /// where no route leads there; `NetworkDown` where the stack has ended.
    ///
    /// # Cancel safety
    /// Dropping the future forgets the request; its reply is then dropped.
    pub async fn ping(&self, to: IpAddr, seq: u16, data: Bytes) -> io::Result<EchoReply> {
        let key = self.call(|inner, now| {
            inner.check_alive()?;
            let id = inner.pings.begin(now, to, seq).ok_or(io::ErrorKind::QuotaExceeded)?;
            let sent = inner.host.ping(now, to, (id, seq), data);
            sent.map_err(|refused| {
                inner.pings.end((id, seq));
                error::refused(refused)
            })?;
            io::Result::Ok((id, seq))
        })?;
        let _forget = Forget { stack: self, key };
        poll_fn(|cx| {
            let mut inner = self.shared().lock();
            inner.check_alive()?;
            let Some(request) = inner.pings.get(key) else { return Poll::Pending };
            match request.outcome {
                Outcome::Replied(reply) => Poll::Ready(Ok(reply)),
                Outcome::Unreachable => Poll::Ready(Err(io::ErrorKind::HostUnreachable.into())),
                Outcome::Waiting => {
                    request.waiter = Some(cx.waker().clone());
                    Poll::Pending
                }
            }
        })
        .await
    }

    /// Every socket of the stack: listeners, connections, TIME-WAIT, UDP.
    pub fn sockets(&self) -> Vec<SocketInfo> {
        self.shared().lock().host.sockets()
    }

    /// The same, with the numbers of each connection as `ss -i` shows them.
    pub fn sockets_with_info(&self) -> Vec<(SocketInfo, Option<PathInfo>)> {
        let now = self.now();
        self.shared().lock().host.sockets_with_info(now)
    }

    /// Every counter of every layer by name: what was dropped, and why.
    pub fn counters(&self) -> Vec<(&'static str, u64)> {
        self.shared().lock().host.counters()
    }

    /// Now, on the clock in which [`SocketInfo::timer`] is given.
    pub fn now(&self) -> Instant {
        self.shared().now()
    }

    /// How the capture fares.
    pub fn capture_status(&self) -> CaptureStatus {
        self.shared().lock().capture.clone()
    }

    /// Waits until somebody else on the link answers for an address of ours (RFC 5227 §2.4), and
    /// says who. Usually nobody does, and this never returns.
    ///
    /// # Cancel safety
    /// A conflict is remembered: nothing is lost.
    pub async fn address_conflict(&self) -> (IpAddr, MacAddr) {
        self.wait_for(|inner| inner.conflict).await
    }

    /// Waits until the stack has ended: `Ok` after [`Stack::shutdown`].
    ///
    /// # Errors
    /// `NetworkDown`: why it ended otherwise; the device failed, or the runtime of the driver
    /// ended.
    ///
    /// # Cancel safety
    /// Nothing is lost.
    pub async fn closed(&self) -> io::Result<()> {
        self.wait_for(|inner| match inner.life {
            Life::Closed => Some(Ok(())),
            Life::Failed(_) => Some(inner.check_alive()),
            Life::Running | Life::Abandoned | Life::Closing | Life::Finishing => None,
        })
        .await
    }

    /// Closes everything in order and ends the stack: listeners stop, each connection sends what
    /// it has been given and its FIN, and waits for the peer's. What has not ended when the time
    /// is up is reset. TIME-WAIT is not waited for.
    ///
    /// # Cancel safety
    /// Dropping the future leaves the connections closing and the stack running; call it again.
    pub async fn shutdown(&self, time: Duration) {
        self.call(|inner, now| {
            if inner.check_alive().is_ok() {
                inner.life = Life::Closing;
            }
            inner.close_in_order(now);
        });
        let gone = self.wait_for(|inner| {
            let ended = inner.check_alive().is_err();
            (ended || !inner.connections_remain()).then_some(())
        });
        let _ = tokio::time::timeout(time, gone).await;
        let driver = {
            let now = self.now();
            let mut inner = self.shared().lock();
            inner.let_go(now);
            if inner.check_alive().is_ok() {
                inner.life = Life::Finishing;
            }
            inner.take_driver()
        };
        if let Some(driver) = driver {
            driver.wake();
        }
        // How it ended is told by `closed`.
        let _ = self.closed().await;
    }

    pub(crate) fn shared(&self) -> &Shared {
        &self.handle.shared
    }

    pub(crate) fn call<R>(&self, verb: impl FnOnce(&mut Inner, Instant) -> R) -> R {
        self.shared().call(verb)
    }

    /// Waits until `look` finds something; it looks again whenever there is news.
    async fn wait_for<R>(&self, mut look: impl FnMut(&mut Inner) -> Option<R>) -> R {
        loop {
            let mut news = pin!(self.shared().news.notified());
            news.as_mut().enable();
            if let Some(found) = look(&mut self.shared().lock()) {
                return found;
            }
            news.await;
        }
    }
}

impl Inner {
    /// Listeners stop and connections close in order.
    fn close_in_order(&mut self, now: Instant) {
        for key in self.sockets.listeners.keys() {
            self.end_listener(now, key).into_iter().for_each(std::task::Waker::wake);
        }
        for key in self.sockets.connections.keys() {
            // Whoever has closed already, or never got through, has nothing to close.
            let _ = self.host.shutdown(now, key.connection());
        }
    }

    /// The program holds no socket any more; what has not ended is reset.
    fn let_go(&mut self, now: Instant) {
        let mut woken = Vec::new();
        self.sockets.wake_all(&mut woken);
        for key in self.sockets.connections.keys() {
            self.host.abort(now, key.connection());
            self.sockets.connections.remove(key);
        }
        for key in self.sockets.udp.keys() {
            self.host.udp_close(key.udp());
            self.sockets.udp.remove(key);
        }
        woken.into_iter().for_each(std::task::Waker::wake);
    }
}

/// What all clones of a [`Stack`] share; the driver holds only what is inside.
#[derive(Debug)]
struct Handle {
    shared: Arc<Shared>,
}

impl Drop for Handle {
    fn drop(&mut self) {
        let mut inner = self.shared.lock();
        if inner.life == Life::Running || inner.life == Life::Closing {
            inner.life = Life::Abandoned;
        }
        let driver = inner.take_driver();
        drop(inner);
        if let Some(driver) = driver {
            driver.wake();
        }
    }
}

/// Forgets an echo request when its future is dropped.
struct Forget<'a> {
    stack: &'a Stack,
    key: (u16, u16),
}

impl Drop for Forget<'_> {
    fn drop(&mut self) {
        self.stack.shared().lock().pings.end(self.key);
    }
}
