//! What lies behind a descriptor?
//!
//! The table of descriptors: the lowest free number is given out, as POSIX asks. A descriptor is a
//! socket of TCP or of UDP; connections and listeners of the host are found back from their ids.

use crate::epoll::Epoll;
use crate::errno::Errno;
use crate::options::Options;
use crate::zero_copy::ZeroCopy;
use alloc::collections::BTreeMap;
use alloc::vec::Vec;
use core::net::SocketAddr;
use osier_host::{ConnectionId, ListenerId, UdpId};

/// A file descriptor.
pub type Fd = i32;

/// The first number that is given out: 0, 1 and 2 are the standard streams.
const FIRST: usize = 3;

/// Descriptors that may be open at once (Linux: the usual hard limit).
const FILES_MAX: usize = 1 << 20;

/// The family of a socket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Family {
    /// AF_INET.
    Inet,
    /// AF_INET6, which also takes IPv4 addresses in their mapped form.
    Inet6,
}

/// The kind of a socket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// SOCK_STREAM: TCP.
    Stream,
    /// SOCK_DGRAM: UDP.
    Datagram,
}

/// Whether calls on a descriptor may wait (O_NONBLOCK, SOCK_NONBLOCK).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Mode {
    /// They say that they would block, and the caller waits.
    #[default]
    Blocking,
    /// They fail with EAGAIN or EINPROGRESS.
    NonBlocking,
}

/// An open file.
#[derive(Clone, Debug)]
pub(crate) struct File {
    pub(crate) mode: Mode,
    /// Counts what has happened to it.
    pub(crate) news: u64,
    pub(crate) what: What,
}

/// What a file is.
#[derive(Clone, Debug)]
pub(crate) enum What {
    Tcp(Tcp),
    Udp(Udp),
    Epoll(Epoll),
}

/// A stream socket.
#[derive(Clone, Debug)]
pub(crate) struct Tcp {
    pub(crate) family: Family,
    pub(crate) stage: Stage,
    /// Where it was bound, if it was.
    pub(crate) bound: Option<SocketAddr>,
    /// What the next call will be told (SO_ERROR).
    pub(crate) error: Option<Errno>,
    /// Whether the user has closed the reading side.
    pub(crate) reading: Side,
    /// Whether the user has closed the writing side.
    pub(crate) writing: Writing,
    pub(crate) options: Options,
    pub(crate) zero_copy: ZeroCopy,
    /// Whom the first write connects with (TCP_FASTOPEN_CONNECT).
    pub(crate) deferred: Option<SocketAddr>,
    /// Whether `connect` has said how it ended.
    pub(crate) outcome: Outcome,
    pub(crate) origin: Origin,
}

/// Where a stream socket comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Origin {
    /// `socket`.
    Made,
    /// `accept`. Its port is the listener's; it gives it back with its connection.
    Accepted,
}

/// Whether `connect` has said how it ended. Linux remembers: the first call behind a handshake that
/// was not waited for succeeds (or fails with the reason), only the next is told EISCONN.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    Untold,
    Told,
}

/// The writing side of a connection, as its user left it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Writing {
    Open,
    /// Shut before there was a connection: nothing can be written, and no FIN has been sent.
    Barred,
    /// Shut, with a FIN.
    Shut,
}

/// The reading side of a connection, as its user left it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Side {
    Open,
    Shut,
}

/// How far a stream socket has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stage {
    /// Neither listening nor connected.
    Fresh,
    Listening(ListenerId),
    /// A SYN is on its way.
    Opening(ConnectionId),
    /// An attempt to connect failed; the name that it had.
    Failed(Option<SocketAddr>),
    /// Connected, or once connected.
    Open(ConnectionId),
}

/// A datagram socket.
#[derive(Clone, Debug)]
pub(crate) struct Udp {
    pub(crate) family: Family,
    pub(crate) id: Option<UdpId>,
    pub(crate) options: Options,
}

impl Tcp {
    pub(crate) fn new(family: Family, stage: Stage, options: Options) -> Tcp {
        let zero_copy = ZeroCopy::default();
        Tcp {
            family,
            stage,
            bound: None,
            error: None,
            reading: Side::Open,
            writing: Writing::Open,
            options,
            zero_copy,
            deferred: None,
            outcome: Outcome::Told,
            origin: Origin::Made,
        }
    }

    /// Nothing can be written from now on, though nothing ends: there is no connection.
    pub(crate) fn bar_writing(&mut self) {
        if self.writing == Writing::Open {
            self.writing = Writing::Barred;
        }
    }

    /// The connection, from its SYN on.
    pub(crate) fn connection(&self) -> Option<ConnectionId> {
        match self.stage {
            Stage::Opening(id) | Stage::Open(id) => Some(id),
            Stage::Fresh | Stage::Listening(_) | Stage::Failed(_) => None,
        }
    }
}

/// All open files.
#[derive(Clone, Debug, Default)]
pub(crate) struct Files {
    files: Vec<Option<File>>,
    by_connection: BTreeMap<ConnectionId, Fd>,
}

impl Files {
    /// Opens a file under the lowest free number.
    pub(crate) fn open(&mut self, mode: Mode, what: What) -> Result<Fd, Errno> {
        let free = self.files.iter().skip(FIRST).position(Option::is_none);
        let at = free.map_or(self.files.len().max(FIRST), |n| n + FIRST);
        if at >= FILES_MAX {
            return Err(Errno::EMFILE);
        }
        if at >= self.files.len() {
            self.files.resize(at + 1, None);
        }
        let fd = Fd::try_from(at).map_err(|_| Errno::EMFILE)?;
        if let What::Tcp(tcp) = &what
            && let Some(id) = tcp.connection()
        {
            self.by_connection.insert(id, fd);
        }
        self.files[at] = Some(File { mode, news: 0, what });
        Ok(fd)
    }

    pub(crate) fn get(&self, fd: Fd) -> Result<&File, Errno> {
        let at = usize::try_from(fd).map_err(|_| Errno::EBADF)?;
        self.files.get(at).and_then(Option::as_ref).ok_or(Errno::EBADF)
    }

    pub(crate) fn get_mut(&mut self, fd: Fd) -> Result<&mut File, Errno> {
        let at = usize::try_from(fd).map_err(|_| Errno::EBADF)?;
        self.files.get_mut(at).and_then(Option::as_mut).ok_or(Errno::EBADF)
    }

    /// Takes a file out; its number is free.
    pub(crate) fn close(&mut self, fd: Fd) -> Result<File, Errno> {
        self.get(fd)?;
        let file = self.files[fd as usize].take().ok_or(Errno::EBADF)?;
        if let What::Tcp(tcp) = &file.what
            && let Some(id) = tcp.connection()
        {
            self.by_connection.remove(&id);
        }
        Ok(file)
    }

    /// A stream socket.
    pub(crate) fn tcp(&self, fd: Fd) -> Result<&Tcp, Errno> {
        match &self.get(fd)?.what {
            What::Tcp(tcp) => Ok(tcp),
            What::Udp(_) => Err(Errno::EOPNOTSUPP),
            What::Epoll(_) => Err(Errno::ENOTSOCK),
        }
    }

    /// A stream socket.
    pub(crate) fn tcp_mut(&mut self, fd: Fd) -> Result<&mut Tcp, Errno> {
        match &mut self.get_mut(fd)?.what {
            What::Tcp(tcp) => Ok(tcp),
            What::Udp(_) => Err(Errno::EOPNOTSUPP),
            What::Epoll(_) => Err(Errno::ENOTSOCK),
        }
    }

    /// A stream socket has a connection from now on.
    pub(crate) fn join(&mut self, fd: Fd, id: ConnectionId) -> Result<(), Errno> {
        let tcp = self.tcp_mut(fd)?;
        (tcp.stage, tcp.outcome) = (Stage::Opening(id), Outcome::Untold);
        self.by_connection.insert(id, fd);
        Ok(())
    }

    /// The connection of a stream socket is gone, before it was one.
    pub(crate) fn part(&mut self, id: ConnectionId, name: Option<SocketAddr>) {
        if let Some(tcp) = self.of_connection(id) {
            tcp.stage = Stage::Failed(name);
        }
        self.by_connection.remove(&id);
    }

    /// The stream socket of a connection.
    pub(crate) fn of_connection(&mut self, id: ConnectionId) -> Option<&mut Tcp> {
        let fd = *self.by_connection.get(&id)?;
        self.tcp_mut(fd).ok()
    }

    /// There is news of a connection's file.
    pub(crate) fn note_news(&mut self, id: ConnectionId) {
        let file = self.by_connection.get(&id).copied().and_then(|fd| self.get_mut(fd).ok());
        if let Some(file) = file {
            file.news += 1;
        }
    }

    /// All open stream sockets with a connection, to be changed.
    pub(crate) fn connected_mut(
        &mut self,
    ) -> impl Iterator<Item = (ConnectionId, &mut Tcp, &mut u64)> {
        self.files.iter_mut().flatten().filter_map(|file| match &mut file.what {
            What::Tcp(tcp) => tcp.connection().map(|id| (id, tcp, &mut file.news)),
            What::Udp(_) | What::Epoll(_) => None,
        })
    }

    /// All open files.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &File> {
        self.files.iter().flatten()
    }
}
