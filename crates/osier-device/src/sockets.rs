//! How are the kernel's own sockets called, by the numbers that its interface has? (socket(7))
//!
//! For who judges the kernel's TCP: calls with raw numbers in, raw `errno` out, nothing added. No
//! call waits: sockets are made non-blocking, and how to wait is the caller's business.

use crate::sys;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;
use rustix::net::{
    self, AddressFamily, Protocol, RecvFlags, SendFlags, Shutdown, SocketFlags, SocketType,
};
use std::io;
use std::net::SocketAddr;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::time::Duration;

/// What a call gives: its result, or `errno`.
pub type Answer<T> = Result<T, i32>;

/// A socket of the kernel, non-blocking.
#[derive(Debug)]
pub struct KernelSock(OwnedFd);

fn errno(error: Errno) -> i32 {
    error.raw_os_error()
}

fn errno_of(error: &io::Error) -> i32 {
    error.raw_os_error().unwrap_or(0)
}

impl KernelSock {
    /// `socket(2)`. What stands beside the type in `kind` is left out.
    ///
    /// # Errors
    /// `errno`.
    pub fn open(domain: i32, kind: i32, protocol: i32) -> Answer<KernelSock> {
        let family = u16::try_from(domain).map_err(|_| errno(Errno::AFNOSUPPORT))?;
        let protocol = u32::try_from(protocol).ok().and_then(core::num::NonZeroU32::new);
        let kind = SocketType::from_raw(kind as u32 & 0xf);
        let flags = SocketFlags::NONBLOCK | SocketFlags::CLOEXEC;
        let family = AddressFamily::from_raw(family);
        let made = net::socket_with(family, kind, flags, protocol.map(Protocol::from_raw));
        made.map(KernelSock).map_err(errno)
    }

    /// `bind(2)`.
    ///
    /// # Errors
    /// `errno`.
    pub fn bind(&self, at: SocketAddr) -> Answer<()> {
        net::bind(&self.0, &at).map_err(errno)
    }

    /// `listen(2)`.
    ///
    /// # Errors
    /// `errno`.
    pub fn listen(&self, backlog: i32) -> Answer<()> {
        net::listen(&self.0, backlog).map_err(errno)
    }

    /// `accept4(2)`.
    ///
    /// # Errors
    /// `errno`.
    pub fn accept(&self) -> Answer<KernelSock> {
        let flags = SocketFlags::NONBLOCK | SocketFlags::CLOEXEC;
        net::accept_with(&self.0, flags).map(KernelSock).map_err(errno)
    }

    /// `connect(2)`; without an address, to `AF_UNSPEC`.
    ///
    /// # Errors
    /// `errno`.
    pub fn connect(&self, to: Option<SocketAddr>) -> Answer<()> {
        match to {
            Some(to) => net::connect(&self.0, &to).map_err(errno),
            None => net::connect_unspec(&self.0).map_err(errno),
        }
    }

    /// `recv(2)`.
    ///
    /// # Errors
    /// `errno`.
    pub fn receive(&self, into: &mut [u8], flags: i32) -> Answer<usize> {
        let flags = RecvFlags::from_bits_retain(flags as u32);
        net::recv(&self.0, into, flags).map(|(_, octets)| octets).map_err(errno)
    }

    /// `sendto(2)`, without a signal where the peer is gone.
    ///
    /// # Errors
    /// `errno`.
    pub fn send(&self, text: &[u8], flags: i32, to: Option<SocketAddr>) -> Answer<usize> {
        let flags = SendFlags::from_bits_retain(flags as u32) | SendFlags::NOSIGNAL;
        match to {
            Some(to) => net::sendto(&self.0, text, flags, &to).map_err(errno),
            None => net::send(&self.0, text, flags).map_err(errno),
        }
    }

    /// `shutdown(2)`.
    ///
    /// # Errors
    /// `errno`.
    pub fn shutdown(&self, how: i32) -> Answer<()> {
        let how = match how {
            0 => Shutdown::Read,
            1 => Shutdown::Write,
            2 => Shutdown::Both,
            _ => return Err(errno(Errno::INVAL)),
        };
        net::shutdown(&self.0, how).map_err(errno)
    }

    /// `setsockopt(2)`.
    ///
    /// # Errors
    /// `errno`.
    pub fn set_option(&self, level: i32, name: i32, value: &[u8]) -> Answer<()> {
        sys::option::set(self.0.as_fd(), level, name, value).map_err(|error| errno_of(&error))
    }

    /// `getsockopt(2)`: at most `len` octets.
    ///
    /// # Errors
    /// `errno`.
    pub fn option(&self, level: i32, name: i32, len: usize) -> Answer<Vec<u8>> {
        sys::option::get(self.0.as_fd(), level, name, len).map_err(|error| errno_of(&error))
    }

    /// Octets that wait to be read (`FIONREAD`).
    ///
    /// # Errors
    /// `errno`.
    pub fn readable(&self) -> Answer<u64> {
        rustix::io::ioctl_fionread(&self.0).map_err(errno)
    }

    /// Which of `events` (`POLL…`) it is ready for now.
    ///
    /// # Errors
    /// `errno`.
    pub fn ready(&self, events: i32) -> Answer<i32> {
        let wanted = PollFlags::from_bits_retain(events as u16);
        let mut entries = [PollFd::new(&self.0, wanted)];
        poll(&mut entries, Some(&Timespec::default())).map_err(errno)?;
        Ok(i32::from(entries[0].revents().bits()))
    }
}

/// Waits until the descriptor can be read, or so long.
///
/// # Errors
/// The kernel's refusal.
pub fn wait_readable(fd: BorrowedFd<'_>, longest: Duration) -> io::Result<()> {
    let timeout = Timespec::try_from(longest).map_err(|_| io::ErrorKind::InvalidInput)?;
    match poll(&mut [PollFd::from_borrowed_fd(fd, PollFlags::IN)], Some(&timeout)) {
        Ok(_) | Err(Errno::INTR) => Ok(()),
        Err(error) => Err(error.into()),
    }
}
