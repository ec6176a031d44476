//! How is a socket made, named and opened? (RFC 9293 §3.9.1, OPEN)
//!
//! socket, bind, listen, accept, connect, and the two names. What flows is in `transfer.rs`, how it
//! ends in `close.rs`.

use crate::errno::{Call, Errno, Stop};
use crate::files::{Family, Fd, Kind, Mode, Origin, Outcome, Side, Stage, Tcp, Udp, What, Writing};
use crate::names::Name;
use crate::options::Options;
use crate::posix::Posix;
use crate::transfer::Flags;
use core::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use osier_host::ConnectionId;
use osier_tcp::State;
use osier_time::Instant;

/// The longest accept queue (Linux: `net.core.somaxconn`).
const BACKLOG_MAX: usize = 4_096;

/// Making and naming.
impl Posix {
    /// `socket(2)`.
    ///
    /// # Errors
    /// [`Errno::EMFILE`].
    pub fn socket(&mut self, family: Family, kind: Kind, mode: Mode) -> Result<Fd, Errno> {
        let options = Options::default();
        let what = match kind {
            Kind::Stream => What::Tcp(Tcp::new(family, Stage::Fresh, options)),
            Kind::Datagram => What::Udp(Udp { family, id: None, options }),
        };
        self.files.open(mode, what)
    }

    /// `bind(2)`.
    ///
    /// # Errors
    /// [`Errno::EINVAL`] where it is bound already, [`Errno::EAFNOSUPPORT`],
    /// [`Errno::EADDRNOTAVAIL`], [`Errno::EADDRINUSE`], [`Errno::EBADF`].
    pub fn bind(&mut self, fd: Fd, at: SocketAddr) -> Result<(), Errno> {
        match &self.files.get(fd)?.what {
            What::Epoll(_) => Err(Errno::ENOTSOCK),
            What::Udp(udp) => {
                belongs(udp.family, at)?;
                if udp.id.is_some() {
                    return Err(Errno::EINVAL);
                }
                let id = self.host.udp_bind(at)?;
                if let What::Udp(udp) = &mut self.files.get_mut(fd)?.what {
                    udp.id = Some(id);
                }
                Ok(())
            }
            What::Tcp(tcp) => {
                belongs(tcp.family, at)?;
                if tcp.bound.is_some() || !matches!(tcp.stage, Stage::Fresh | Stage::Failed(_)) {
                    return Err(Errno::EINVAL);
                }
                self.is_free(tcp, at)?;
                let tcp = self.files.tcp_mut(fd)?;
                tcp.bound = Some(at);
                if let Stage::Failed(name) = &mut tcp.stage {
                    *name = None;
                }
                Ok(())
            }
        }
    }

    /// Whether no other socket that could take the same segments is bound there.
    fn is_free(&self, own: &Tcp, at: SocketAddr) -> Result<(), Errno> {
        if !at.ip().is_unspecified() && !self.host.has_address(at.ip()) {
            return Err(Errno::EADDRNOTAVAIL);
        }
        let clashes = |tcp: &Tcp| {
            let reused = own.options.reuses_addresses() && tcp.options.reuses_addresses();
            let listens = matches!(tcp.stage, Stage::Listening(_));
            let given_back = match tcp.stage {
                Stage::Open(id) => tcp.origin == Origin::Accepted && self.is_closed(id),
                _ => false,
            };
            !given_back && tcp.bound.is_some_and(|bound| overlap(bound, at)) && (listens || !reused)
        };
        let taken = self.files.iter().any(|file| match &file.what {
            What::Tcp(tcp) => clashes(tcp),
            What::Udp(_) | What::Epoll(_) => false,
        });
        if taken && at.port() != 0 { Err(Errno::EADDRINUSE) } else { Ok(()) }
    }

    /// `getsockname(2)`; `None` stands for an unnamed socket.
    ///
    /// # Errors
    /// [`Errno::EBADF`].
    pub fn getsockname(&self, fd: Fd) -> Result<SocketAddr, Errno> {
        let (family, name) = match &self.files.get(fd)?.what {
            What::Udp(udp) => (udp.family, udp.id.and_then(|id| self.host.udp_addr(id))),
            What::Epoll(_) => return Err(Errno::ENOTSOCK),
            What::Tcp(tcp) => match tcp.stage {
                Stage::Listening(id) => (tcp.family, self.host.listener_addr(id)),
                Stage::Opening(id) | Stage::Open(id) => {
                    (tcp.family, self.host.local_addr(id).or(tcp.bound))
                }
                Stage::Failed(name) => (tcp.family, name.or(tcp.bound)),
                Stage::Fresh => (tcp.family, tcp.bound),
            },
        };
        Ok(name.unwrap_or(anywhere(family)))
    }

    /// `getpeername(2)`.
    ///
    /// # Errors
    /// [`Errno::ENOTCONN`], [`Errno::EBADF`].
    pub fn getpeername(&self, fd: Fd) -> Result<SocketAddr, Errno> {
        let name = match &self.files.get(fd)?.what {
            What::Udp(udp) => udp.id.and_then(|id| self.host.udp_peer(id)),
            // Linux: who was at the other end of a connection that is over is not told.
            What::Tcp(Tcp { stage: Stage::Open(id), .. }) if !self.is_over(*id) => {
                self.host.peer_addr(*id)
            }
            What::Tcp(_) => None,
            What::Epoll(_) => return Err(Errno::ENOTSOCK),
        };
        name.ok_or(Errno::ENOTCONN)
    }

    /// Whether calls on a descriptor may wait (`fcntl` F_GETFL).
    ///
    /// # Errors
    /// [`Errno::EBADF`].
    pub fn mode(&self, fd: Fd) -> Result<Mode, Errno> {
        Ok(self.files.get(fd)?.mode)
    }

    /// Says whether calls on a descriptor may wait (`fcntl` F_SETFL).
    ///
    /// # Errors
    /// [`Errno::EBADF`].
    pub fn set_mode(&mut self, fd: Fd, mode: Mode) -> Result<(), Errno> {
        self.files.get_mut(fd)?.mode = mode;
        Ok(())
    }
}

/// Opening.
impl Posix {
    /// `listen(2)`.
    ///
    /// # Errors
    /// [`Errno::EINVAL`] of a connected socket, [`Errno::EADDRINUSE`], [`Errno::EOPNOTSUPP`].
    pub fn listen(&mut self, fd: Fd, backlog: i32) -> Result<(), Errno> {
        let tcp = self.files.tcp(fd)?;
        match tcp.stage {
            Stage::Fresh => {}
            Stage::Listening(id) => return Ok(self.host.set_backlog(id, queue_of(backlog))?),
            Stage::Opening(_) | Stage::Open(_) | Stage::Failed(_) => return Err(Errno::EINVAL),
        }
        let at = tcp.bound.unwrap_or(anywhere(tcp.family));
        let options = tcp.options.clone();
        let id = self.host.listen(at, queue_of(backlog))?;
        self.apply_to_listener(id, &options);
        let tcp = self.files.tcp_mut(fd)?;
        tcp.stage = Stage::Listening(id);
        tcp.bound = Some(at);
        Ok(())
    }

    /// `accept4(2)`: the new descriptor, and who it is connected with.
    ///
    /// # Errors
    /// [`Errno::EINVAL`] of a socket that does not listen, [`Errno::EAGAIN`].
    pub fn accept(&mut self, now: Instant, fd: Fd, mode: Mode) -> Call<(Fd, SocketAddr)> {
        let tcp = self.files.tcp(fd)?;
        let Stage::Listening(listener) = tcp.stage else { return Err(Errno::EINVAL.into()) };
        let (family, options, shut) = (tcp.family, tcp.options.clone(), (tcp.reading, tcp.writing));
        let Some((id, peer)) = self.host.accept(listener) else { return self.would_block(fd, 0) };
        let mut accepted = Tcp::new(family, Stage::Open(id), options);
        accepted.origin = Origin::Accepted;
        accepted.bound = self.host.local_addr(id);
        let options = accepted.options.clone();
        let fd = self.files.open(mode, What::Tcp(accepted))?;
        self.apply(now, id, &options);
        self.inherit_shut(now, fd, (id, shut))?;
        self.take_news(now);
        Ok((fd, peer))
    }

    /// `connect(2)`. Called again while it waits, it tells what came of the first call.
    ///
    /// # Errors
    /// [`Errno::EISCONN`], [`Errno::EALREADY`], [`Errno::EINPROGRESS`], and why it failed.
    pub fn connect(&mut self, now: Instant, fd: Fd, to: SocketAddr) -> Call<()> {
        let mode = self.files.get(fd)?.mode;
        let tcp = match &self.files.get(fd)?.what {
            What::Udp(_) => return Ok(self.connect_udp(fd, to)?),
            What::Epoll(_) => return Err(Errno::ENOTSOCK.into()),
            What::Tcp(tcp) => tcp,
        };
        match tcp.stage {
            Stage::Open(_) | Stage::Failed(_) if tcp.outcome == Outcome::Untold => {
                return self.tell_outcome(now, fd);
            }
            Stage::Listening(_) | Stage::Open(_) => return Err(Errno::EISCONN.into()),
            Stage::Opening(_) if mode == Mode::NonBlocking => return Err(Errno::EALREADY.into()),
            Stage::Opening(_) => return Err(Stop::Blocked(0)),
            Stage::Fresh | Stage::Failed(_) => {}
        }
        belongs(self.files.tcp(fd)?.family, to)?;
        if self.defers_connect(fd, to)? {
            return Ok(());
        }
        let tcp = self.files.tcp(fd)?;
        if tcp.options.is_on(Name::FastOpenConnect) {
            let flags = Flags::NONE;
            return self.open_with_text(now, fd, &[], (flags, to)).map(|_| ());
        }
        let (bound, options) = (tcp.bound, tcp.options.clone());
        let id = self.host.connect(now, to, bound).map_err(Errno::from)?;
        self.apply(now, id, &options);
        self.files.join(fd, id)?;
        if self.files.tcp(fd)?.reading == Side::Shut {
            self.host.shut_reading(id);
        }
        self.take_news(now);
        match mode {
            Mode::Blocking => Err(Stop::Blocked(0)),
            Mode::NonBlocking => Err(Errno::EINPROGRESS.into()),
        }
    }

    /// What came of a blocking `connect` that had to wait.
    ///
    /// # Errors
    /// [`Stop::Blocked`] while it waits, then why it failed.
    pub fn connected(&mut self, fd: Fd) -> Call<()> {
        let tcp = self.files.tcp_mut(fd)?;
        match tcp.stage {
            Stage::Opening(_) => Err(Stop::Blocked(0)),
            Stage::Open(_) => {
                tcp.outcome = Outcome::Told;
                Ok(())
            }
            Stage::Failed(_) => Err(unconnected(tcp).into()),
            Stage::Fresh | Stage::Listening(_) => {
                Err(tcp.error.take().unwrap_or(Errno::ECONNABORTED).into())
            }
        }
    }

    /// What `connect` says that finds its attempt ended: once.
    fn tell_outcome(&mut self, now: Instant, fd: Fd) -> Call<()> {
        let over = self.files.tcp(fd)?.connection().filter(|id| self.is_over(*id));
        let tcp = self.files.tcp_mut(fd)?;
        tcp.outcome = Outcome::Told;
        match (tcp.stage, over) {
            (Stage::Open(_), None) => return Ok(()),
            (_, Some(id)) => {
                self.host.release(now, id);
                self.files.part(id, None);
            }
            (_, None) => {}
        }
        Err(unconnected(self.files.tcp_mut(fd)?).into())
    }

    /// Whether a connection has ended and nothing of it lingers, in TIME-WAIT either.
    fn is_closed(&self, id: ConnectionId) -> bool {
        let state = self.host.info(id).and_then(|info| info.state);
        state.is_none_or(|state| state == State::Closed)
    }

    /// Whether nothing is left of a connection but what its user has not taken: closed, and also
    /// TIME-WAIT, which on Linux is not the socket's any more.
    pub(crate) fn is_over(&self, id: ConnectionId) -> bool {
        let state = self.host.info(id).and_then(|info| info.state);
        state.is_none_or(|state| matches!(state, State::Closed | State::TimeWait))
    }

    fn connect_udp(&mut self, fd: Fd, to: SocketAddr) -> Result<(), Errno> {
        let id = self.udp_of(fd)?;
        Ok(self.host.udp_connect(id, to)?)
    }

    /// What a call gives that finds nothing to do.
    pub(crate) fn would_block<T>(&self, fd: Fd, done: usize) -> Call<T> {
        match self.files.get(fd)?.mode {
            Mode::Blocking => Err(Stop::Blocked(done)),
            Mode::NonBlocking => Err(Errno::EAGAIN.into()),
        }
    }
}

/// Makes a socket whose attempt to connect failed as it was before; why it failed.
pub(crate) fn unconnected(tcp: &mut Tcp) -> Errno {
    (tcp.stage, tcp.outcome) = (Stage::Fresh, Outcome::Told);
    (tcp.reading, tcp.writing) = (Side::Open, Writing::Open);
    tcp.error.take().unwrap_or(Errno::ECONNABORTED)
}

/// How many connections may wait in the queue of a listener (Linux: one more than the backlog, and
/// one below zero is the longest).
fn queue_of(backlog: i32) -> usize {
    usize::try_from(backlog).unwrap_or(usize::MAX).min(BACKLOG_MAX) + 1
}

/// Whether an address is of a socket's family.
fn belongs(family: Family, address: SocketAddr) -> Result<(), Errno> {
    match (family, address) {
        (Family::Inet, SocketAddr::V4(_)) | (Family::Inet6, SocketAddr::V6(_)) => Ok(()),
        _ => Err(Errno::EAFNOSUPPORT),
    }
}

/// The name of a socket without one.
pub(crate) fn anywhere(family: Family) -> SocketAddr {
    match family {
        Family::Inet => SocketAddr::from((Ipv4Addr::UNSPECIFIED, 0)),
        Family::Inet6 => SocketAddr::from((Ipv6Addr::UNSPECIFIED, 0)),
    }
}

/// Whether two sockets bound there could take the same segment.
fn overlap(one: SocketAddr, other: SocketAddr) -> bool {
    let (a, b) = (one.ip().to_canonical(), other.ip().to_canonical());
    let everywhere = |ip: core::net::IpAddr| ip.is_unspecified();
    one.port() == other.port() && (a == b || everywhere(a) || everywhere(b))
}
