//! What can be said of a TCP socket before it listens or connects?

use super::preset::{Preset, hops, octet, segment};
use super::{DeferredListener, TcpListener, TcpStream};
use crate::error;
use crate::stack::Stack;
use bytes::Bytes;
use osier_host::{Answers, Error, Listening, Reach, Share, ZeroPort};
use osier_tcp::{Algorithm, KeepAlive};
use std::io;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// A TCP socket that neither listens nor is connected: for a backlog, a local address or options
/// of one's own. Nothing is reserved in the stack before [`listen`](TcpSocket::listen) or
/// [`connect`](TcpSocket::connect), so `AddrInUse` is told there.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> std::io::Result<()> {
/// let stack = osier::Stack::builder().build()?;
/// let socket = stack.tcp_socket();
/// socket.bind("127.0.0.1:80".parse().unwrap())?;
/// let listener = socket.listen(16)?;
/// assert_eq!(listener.local_addr()?.port(), 80);
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct TcpSocket {
    stack: Stack,
    /// The signatures of `tokio::net` set through a shared reference.
    options: Mutex<Options>,
}

#[derive(Clone, Copy, Debug, Default)]
struct Options {
    local: Option<SocketAddr>,
    preset: Preset,
    reuseaddr: bool,
    reuseport: bool,
    fast_open: usize,
    reach: Reach,
    ports: ZeroPort,
    unspecified: Option<SocketAddr>,
}

impl TcpSocket {
    pub(crate) fn of(stack: &Stack) -> Self {
        TcpSocket { stack: stack.clone(), options: Mutex::default() }
    }

    /// A socket for IPv4 on the current stack.
    ///
    /// # Errors
    /// No stack was entered.
    pub fn new_v4() -> io::Result<TcpSocket> {
        TcpSocket::unspecified((Ipv4Addr::UNSPECIFIED, 0).into())
    }

    /// A socket for IPv6 on the current stack.
    ///
    /// # Errors
    /// No stack was entered.
    pub fn new_v6() -> io::Result<TcpSocket> {
        TcpSocket::unspecified((Ipv6Addr::UNSPECIFIED, 0).into())
    }

    fn unspecified(address: SocketAddr) -> io::Result<TcpSocket> {
        let socket = TcpSocket::of(&Stack::current()?);
        socket.set(|options| options.unspecified = Some(address));
        Ok(socket)
    }

    /// The address to listen at, or to connect from.
    ///
    /// # Errors
    /// `InvalidInput` where it was bound before, or the address is of the other version of IP.
    pub fn bind(&self, addr: SocketAddr) -> io::Result<()> {
        self.set(|options| {
            let other = options.unspecified.is_some_and(|one| one.is_ipv4() != addr.is_ipv4());
            if options.local.is_some() || other {
                return Err(error::refused(Error::InvalidInput));
            }
            options.local = Some(addr);
            Ok(())
        })
    }

    /// Listens; `backlog` connections may wait to be accepted, further ones are dropped until
    /// there is room.
    ///
    /// # Errors
    /// Those of [`Stack::tcp_listen`]; `InvalidInput` where it is unknown for which version of IP.
    pub fn listen(self, backlog: u32) -> io::Result<TcpListener> {
        let how = self.listening(backlog, Answers::AtOnce)?;
        TcpListener::open(&self.stack, &how, self.get().preset)
    }

    /// Listens, and is asked about each SYN before it is answered: the peer gets a SYN,ACK, a RST
    /// or nothing as the program decides. For gateways, which know only after a while whether there
    /// is anybody to connect to, and for servers that choose whom they talk to.
    ///
    /// # Errors
    /// Those of [`TcpSocket::listen`].
    pub fn listen_deferred(self, backlog: u32) -> io::Result<DeferredListener> {
        let how = self.listening(backlog, Answers::Deferred)?;
        DeferredListener::open(&self.stack, &how, self.get().preset)
    }

    fn listening(&self, backlog: u32, answers: Answers) -> io::Result<Listening> {
        let options = self.get();
        let at = options.local.or(options.unspecified);
        let at = at.ok_or_else(|| error::refused(Error::InvalidInput))?;
        let share = if options.reuseport { Share::WithOthers } else { Share::Alone };
        let Options { fast_open, reach, ports, preset, .. } = options;
        let how = Listening::at(at, backlog as usize);
        let max_segment = preset.max_segment;
        Ok(Listening { share, fast_open, reach, ports, answers, max_segment, ..how })
    }

    /// Opens a connection.
    ///
    /// # Errors
    /// Those of [`Stack::tcp_connect`]; `AddrInUse`, `AddrNotAvailable` for the local address.
    ///
    /// # Cancel safety
    /// Dropping the future ends the attempt.
    pub async fn connect(self, addr: SocketAddr) -> io::Result<TcpStream> {
        let options = self.get();
        TcpStream::open(&self.stack, (addr, options.local), None, &options.preset).await
    }

    /// Opens a connection with TCP Fast Open (RFC 7413): `text` is what is sent first, with the SYN
    /// if the server gave us a cookie before, else behind the handshake. It is done when the
    /// handshake is; the answer may be there by then.
    ///
    /// A SYN that the network repeats may make the server read the text twice: it should ask for
    /// nothing that does harm if it is done twice (§6.1).
    ///
    /// # Errors
    /// Those of [`TcpSocket::connect`]; EMSGSIZE for more than 8 KiB of text, of which nothing is
    /// sent then.
    ///
    /// # Cancel safety
    /// Dropping the future ends the attempt; the text may have been read.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> std::io::Result<()> {
    /// # use tokio::io::AsyncReadExt;
    /// let stack = osier::Stack::builder().build()?;
    /// let server = stack.tcp_socket();
    /// server.bind("127.0.0.1:80".parse().unwrap())?;
    /// server.set_fastopen(16);
    /// let listener = server.listen(16)?;
    ///
    /// let hello = stack.tcp_socket().connect_with_text(listener.local_addr()?, "hello".into());
    /// let (client, accepted) = tokio::join!(hello, listener.accept());
    /// let ((mut stream, _), mut text) = (accepted?, [0; 5]);
    /// stream.read_exact(&mut text).await?;
    /// assert_eq!(&text, b"hello");
    /// # drop(client?);
    /// # Ok(())
    /// # }
    /// ```
    pub async fn connect_with_text(self, addr: SocketAddr, text: Bytes) -> io::Result<TcpStream> {
        let options = self.get();
        TcpStream::open(&self.stack, (addr, options.local), Some(text), &options.preset).await
    }

    /// Whom a listener takes connections for: with [`Reach::Everybody`] also those to addresses
    /// that are not the stack's, where it stands in for others
    /// ([`Builder::claim`](crate::Builder::claim); Linux: IP_TRANSPARENT). The local address of
    /// each connection says whom the peer meant.
    pub fn set_reach(&self, reach: Reach) {
        self.set(|options| options.reach = reach);
    }

    /// What listening at port 0 means: with [`ZeroPort::Every`] every port that no other listener
    /// takes.
    ///
    /// A listener for every address and every port, as a gateway wants it:
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> std::io::Result<()> {
    /// use osier::{Claim, Reach, ZeroPort};
    /// let stack = osier::Stack::builder().claim(Claim::Everybody).build()?;
    /// let socket = stack.tcp_socket();
    /// socket.bind("0.0.0.0:0".parse().unwrap())?;
    /// socket.set_reach(Reach::Everybody);
    /// socket.set_zero_port(ZeroPort::Every);
    /// let listener = socket.listen(1024)?;
    /// # drop(listener);
    /// # Ok(())
    /// # }
    /// ```
    pub fn set_zero_port(&self, ports: ZeroPort) {
        self.set(|options| options.ports = ports);
    }

    /// Sends at most so many octets of text in a second: see [`TcpStream::set_max_pacing_rate`].
    pub fn set_max_pacing_rate(&self, rate: Option<u64>) {
        self.set(|options| options.preset.pacing_rate = rate);
    }

    /// Where it is bound.
    ///
    /// # Errors
    /// `InvalidInput` where it is unknown for which version of IP it is.
    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        let options = self.get();
        options.local.or(options.unspecified).ok_or_else(|| error::refused(Error::InvalidInput))
    }

    /// Whether small segments will be sent at once.
    ///
    /// # Errors
    /// None; the signature is that of `tokio::net`.
    pub fn nodelay(&self) -> io::Result<bool> {
        Ok(self.get().preset.nodelay.unwrap_or(false))
    }

    /// Whether a connection sends small segments at once (TCP_NODELAY).
    ///
    /// # Errors
    /// None; the signature is that of `tokio::net`.
    pub fn set_nodelay(&self, nodelay: bool) -> io::Result<()> {
        self.set(|options| options.preset.nodelay = Some(nodelay));
        Ok(())
    }

    /// What a drop of the connection will do.
    ///
    /// # Errors
    /// None; the signature is that of `tokio::net`.
    pub fn linger(&self) -> io::Result<Option<Duration>> {
        Ok(self.get().preset.linger)
    }

    /// What a drop of the connection does: see [`TcpStream::set_linger`].
    ///
    /// # Errors
    /// None; the signature is that of `tokio::net`.
    pub fn set_linger(&self, dur: Option<Duration>) -> io::Result<()> {
        self.set(|options| options.preset.linger = dur);
        Ok(())
    }

    /// What [`TcpSocket::set_reuseaddr`] said.
    ///
    /// # Errors
    /// None; the signature is that of `tokio::net`.
    pub fn reuseaddr(&self) -> io::Result<bool> {
        Ok(self.get().reuseaddr)
    }

    /// Remembered only: a listener may always take a port of which connections are in TIME-WAIT,
    /// and never one that another listener has.
    ///
    /// # Errors
    /// None; the signature is that of `tokio::net`.
    pub fn set_reuseaddr(&self, reuseaddr: bool) -> io::Result<()> {
        self.set(|options| options.reuseaddr = reuseaddr);
        Ok(())
    }

    /// Chooses the congestion control: see [`TcpStream::set_congestion`].
    pub fn set_congestion(&self, algorithm: Algorithm) {
        self.set(|options| options.preset.congestion = Some(algorithm));
    }

    /// What [`TcpSocket::set_reuseport`] said.
    ///
    /// # Errors
    /// None; the signature is that of `tokio::net`.
    pub fn reuseport(&self) -> io::Result<bool> {
        Ok(self.get().reuseport)
    }

    /// Whether several listeners may have one address and port, if all of them say so: each new
    /// connection goes to one of them, by a hash of both its ends.
    ///
    /// # Errors
    /// None; the signature is that of `tokio::net`.
    pub fn set_reuseport(&self, reuseport: bool) -> io::Result<()> {
        self.set(|options| options.reuseport = reuseport);
        Ok(())
    }

    /// How many connections a listener takes whose first text came with a SYN that nothing has
    /// confirmed yet (TCP_FASTOPEN, RFC 7413); 0, the default: no text comes with a SYN. Such text
    /// may come twice: what it asks for should do no harm if done again.
    pub fn set_fastopen(&self, connections: usize) {
        self.set(|options| options.fast_open = connections);
    }

    /// Whether keep-alive will be on.
    ///
    /// # Errors
    /// None; the signature is that of `tokio::net`.
    pub fn keepalive(&self) -> io::Result<bool> {
        Ok(self.get().preset.keepalive.is_some())
    }

    /// Turns keep-alive on, with the times of Linux, or off (SO_KEEPALIVE).
    ///
    /// # Errors
    /// None; the signature is that of `tokio::net`.
    pub fn set_keepalive(&self, keepalive: bool) -> io::Result<()> {
        self.set_tcp_keepalive(keepalive.then(KeepAlive::default));
        Ok(())
    }

    /// Turns keep-alive on, with these times, or off: see [`TcpStream::set_tcp_keepalive`].
    pub fn set_tcp_keepalive(&self, keepalive: Option<KeepAlive>) {
        self.set(|options| options.preset.keepalive = keepalive);
    }

    /// How long what was sent may stay unacknowledged, the SYN included: see
    /// [`TcpStream::set_tcp_user_timeout`].
    pub fn set_tcp_user_timeout(&self, limit: Option<Duration>) {
        self.set(|options| options.preset.user_timeout = limit);
    }

    /// Announces segments of at most so much text in the SYN or SYN,ACK, and sends no larger ones
    /// (TCP_MAXSEG): 88 to 32767, as on Linux.
    ///
    /// # Errors
    /// `InvalidInput` outside of that.
    pub fn set_tcp_mss(&self, mss: u32) -> io::Result<()> {
        let mss = segment(mss)?;
        self.set(|options| options.preset.max_segment = Some(mss));
        Ok(())
    }

    /// How much may wait unsent: see [`TcpStream::set_tcp_notsent_lowat`].
    pub fn set_tcp_notsent_lowat(&self, lowat: u32) {
        let octets = Some(lowat).filter(|octets| *octets > 0);
        self.set(|options| options.preset.not_sent_low = octets);
    }

    /// The TOS or traffic class octet of what will be sent: see [`TcpStream::set_tos`].
    ///
    /// # Errors
    /// `InvalidInput` beyond 255.
    pub fn set_tos(&self, tos: u32) -> io::Result<()> {
        let tos = octet(tos)?;
        self.set(|options| options.preset.tos = Some(tos));
        Ok(())
    }

    /// The time to live (IPv4) or hop limit (IPv6) of what will be sent: 1 to 255.
    ///
    /// # Errors
    /// `InvalidInput` outside of that.
    pub fn set_ttl(&self, ttl: u32) -> io::Result<()> {
        let ttl = hops(ttl)?;
        self.set(|options| options.preset.ttl = Some(ttl));
        Ok(())
    }

    /// Sets how many octets are kept until the peer has acknowledged them (SO_SNDBUF, in octets of
    /// text: not doubled as Linux does for its own overhead).
    ///
    /// # Errors
    /// None; the signature is that of `tokio::net`.
    pub fn set_send_buffer_size(&self, size: u32) -> io::Result<()> {
        self.set(|options| options.preset.send_buffer = Some(size));
        Ok(())
    }

    /// Sets how many octets are kept to be read: the largest window (SO_RCVBUF, in octets of text).
    ///
    /// # Errors
    /// None; the signature is that of `tokio::net`.
    pub fn set_recv_buffer_size(&self, size: u32) -> io::Result<()> {
        self.set(|options| options.preset.recv_buffer = Some(size));
        Ok(())
    }

    fn get(&self) -> Options {
        *self.options.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn set<R>(&self, change: impl FnOnce(&mut Options) -> R) -> R {
        change(&mut self.options.lock().unwrap_or_else(PoisonError::into_inner))
    }
}
