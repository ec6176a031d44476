//! What can every stack do that is put to the test?
//!
//! The calls of a program, all non-blocking, with what it may see between them; and the cable
//! behind it. Errors are numbers of `errno.h`, so that a kernel's and ours are told in the same
//! words.

use crate::script::{How, Setting, Wire};
use bytes::Bytes;
use osier_posix::Errno;
use osier_time::Instant;
use std::fmt;
use std::net::SocketAddr;

/// A descriptor, whatever it means to its stack.
pub(crate) type Fd = i32;

/// An error number.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct No(pub(crate) i32);

impl No {
    pub(crate) const AGAIN: No = No(Errno::EAGAIN.number());
}

impl fmt::Debug for No {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match Errno::of_number(self.0) {
            Some(errno) => f.write_str(errno.name()),
            None => write!(f, "errno {}", self.0),
        }
    }
}

/// What a call gives.
pub(crate) type Answer<T> = Result<T, No>;

/// Whether text that is read stays.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reading {
    Take,
    Peek,
}

/// The octets that SO_SNDBUF and SO_RCVBUF are set to: where windows and buffers end is then the
/// script's choice and not that of two ways to tune them.
pub(crate) const BUFFER: usize = 65_536;

/// A stack with sockets above and a cable below.
pub(crate) trait Sockets {
    /// A non-blocking stream socket with buffers of [`BUFFER`].
    fn socket(&mut self, wire: Wire) -> Answer<Fd>;
    fn bind(&mut self, fd: Fd, at: SocketAddr) -> Answer<()>;
    fn listen(&mut self, fd: Fd, backlog: i32) -> Answer<()>;
    fn connect(&mut self, fd: Fd, to: SocketAddr) -> Answer<()>;
    fn accept(&mut self, fd: Fd) -> Answer<Fd>;
    fn read(&mut self, fd: Fd, into: &mut [u8], how: Reading) -> Answer<usize>;
    fn write(&mut self, fd: Fd, text: &[u8]) -> Answer<usize>;
    fn shutdown(&mut self, fd: Fd, how: How) -> Answer<()>;
    fn close(&mut self, fd: Fd) -> Answer<()>;
    fn set(&mut self, fd: Fd, setting: Setting, value: i32) -> Answer<()>;
    fn get(&mut self, fd: Fd, setting: Setting) -> Answer<i32>;
    /// SO_ERROR, which takes the error.
    fn take_error(&mut self, fd: Fd) -> Answer<i32>;
    /// What `poll` says, in its numbers.
    fn ready(&mut self, fd: Fd) -> u32;
    /// FIONREAD.
    fn queued(&mut self, fd: Fd) -> Answer<usize>;
    fn local(&mut self, fd: Fd) -> Answer<SocketAddr>;
    fn remote(&mut self, fd: Fd) -> Answer<SocketAddr>;

    /// Appends what it has sent.
    fn sent(&mut self, into: &mut Vec<Bytes>);
    /// A packet arrives.
    fn arrive(&mut self, packet: &Bytes);
    /// Time has come that far; alarms that are due ring.
    fn pass(&mut self, now: Instant);
    /// When its next alarm rings that [`Sockets::pass`] can bring about.
    fn next_deadline(&self) -> Option<Instant>;
    /// Nothing is on the cable. Waits as long as it takes to believe that nothing comes by itself,
    /// and says whether something came.
    fn comes_more(&mut self) -> bool;
}
