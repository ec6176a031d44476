//! How do octets go through a socket? (RFC 9293 §3.9.1, SEND and RECEIVE)
//!
//! read, write, send, recv and their kin, for one buffer; gathering and scattering are loops of
//! whoever has many. A pending error is told to the first call that meets it, once.

use crate::errno::{Call, Errno, Stop};
use crate::files::{Fd, Mode, Side, Stage, What, Writing};
use crate::names::Name;
use crate::open::anywhere;
use crate::posix::Posix;
use bytes::Bytes;
use core::net::SocketAddr;
use core::ops::BitOr;
use osier_host::{ConnectionId, Error, UdpId};
use osier_tcp::{End, Text};
use osier_time::Instant;

/// What a call of `send` or `recv` asks for besides (MSG_*, with the numbers of Linux).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Flags(pub u32);

impl Flags {
    /// Nothing.
    pub const NONE: Flags = Flags(0);
    /// MSG_OOB.
    pub const OOB: Flags = Flags(0x1);
    /// MSG_PEEK: leaves what it shows.
    pub const PEEK: Flags = Flags(0x2);
    /// MSG_TRUNC: the true length; of TCP: throw away.
    pub const TRUNC: Flags = Flags(0x20);
    /// MSG_DONTWAIT: as if the descriptor were non-blocking.
    pub const DONTWAIT: Flags = Flags(0x40);
    /// MSG_EOR: a segment ends here.
    pub const EOR: Flags = Flags(0x80);
    /// MSG_WAITALL.
    pub const WAITALL: Flags = Flags(0x100);
    /// MSG_ERRQUEUE.
    pub const ERRQUEUE: Flags = Flags(0x2000);
    /// MSG_NOSIGNAL.
    pub const NOSIGNAL: Flags = Flags(0x4000);
    /// MSG_MORE: more will follow.
    pub const MORE: Flags = Flags(0x8000);
    /// MSG_ZEROCOPY.
    pub const ZEROCOPY: Flags = Flags(0x400_0000);
    /// MSG_FASTOPEN.
    pub const FASTOPEN: Flags = Flags(0x2000_0000);

    /// Whether all of `flags` are set.
    pub const fn has(self, flags: Flags) -> bool {
        self.0 & flags.0 == flags.0
    }
}

impl BitOr for Flags {
    type Output = Flags;

    fn bitor(self, other: Flags) -> Flags {
        Flags(self.0 | other.0)
    }
}

/// Receiving.
impl Posix {
    /// `read(2)`.
    ///
    /// # Errors
    /// As [`Posix::recv`].
    pub fn read(&mut self, now: Instant, fd: Fd, into: &mut [u8]) -> Call<usize> {
        self.recv(now, fd, into, Flags::NONE)
    }

    /// `recv(2)`; 0 is the end.
    ///
    /// # Errors
    /// [`Errno::ENOTCONN`], [`Errno::EAGAIN`], or the pending error.
    pub fn recv(&mut self, now: Instant, fd: Fd, into: &mut [u8], flags: Flags) -> Call<usize> {
        Ok(self.recvfrom(now, fd, into, flags)?.0)
    }

    /// `recvfrom(2)`: who sent it is known of datagrams alone.
    ///
    /// # Errors
    /// As [`Posix::recv`].
    pub fn recvfrom(
        &mut self,
        now: Instant,
        fd: Fd,
        into: &mut [u8],
        flags: Flags,
    ) -> Call<(usize, Option<SocketAddr>)> {
        let tcp = match &self.files.get(fd)?.what {
            What::Udp(_) => return self.receive_datagram(fd, into, flags),
            What::Epoll(_) => return Err(Errno::EINVAL.into()),
            What::Tcp(tcp) => tcp,
        };
        let id = match tcp.stage {
            Stage::Listening(_) => return Err(Errno::ENOTCONN.into()),
            Stage::Fresh if tcp.deferred.is_some() => return self.wait(fd, flags, 0),
            Stage::Fresh | Stage::Failed(_) => {
                let never = tcp.stage == Stage::Fresh && tcp.reading == Side::Open;
                let error = self.files.tcp_mut(fd)?.error.take();
                let error = error.or(never.then_some(Errno::ENOTCONN));
                return error.map_or(Ok((0, None)), |error| Err(error.into()));
            }
            Stage::Opening(_) => return self.wait(fd, flags, 0),
            Stage::Open(id) => id,
        };
        if flags.has(Flags::OOB) {
            return Err(Errno::EINVAL.into());
        }
        if !self.has_enough(fd, id, into.len(), flags) {
            return self.wait(fd, flags, 0);
        }
        let found = if flags.has(Flags::PEEK) {
            self.host.peek(id, into)
        } else {
            self.host.read(now, id, into)
        };
        self.take_news(now);
        let shut = self.files.tcp(fd)?.reading == Side::Shut;
        match found {
            Text::Got(n) => Ok((n, None)),
            Text::End => Ok((0, None)),
            Text::NotYet if shut => Ok((0, None)),
            Text::NotYet => self.wait(fd, flags, 0),
            Text::Broken(_) => match self.files.tcp_mut(fd)?.error.take() {
                Some(error) => Err(error.into()),
                None => Ok((0, None)),
            },
        }
    }

    /// Whether as much has come as a call waits for: SO_RCVLOWAT, or all of it with MSG_WAITALL;
    /// what comes after the end is not waited for, nor more than the window lets in.
    fn has_enough(&self, fd: Fd, id: ConnectionId, len: usize, flags: Flags) -> bool {
        let Ok(tcp) = self.files.tcp(fd) else { return true };
        let low = usize::try_from(tcp.options.int(Name::ReceiveLow)).unwrap_or(1).max(1);
        let wanted = if flags.has(Flags::WAITALL) { len } else { low.min(len) };
        let waits = matches!(self.wait::<()>(fd, flags, 0), Err(Stop::Blocked(_)));
        if wanted <= 1 || !waits || tcp.reading == Side::Shut {
            return true;
        }
        let most = self.host.receive_buffer(id).unwrap_or(0) / 2;
        let ready = self.host.info(id).map_or(0, |info| info.receive_queue);
        ready as usize >= wanted.min(most as usize) || self.has_ended(fd)
    }

    fn receive_datagram(
        &mut self,
        fd: Fd,
        into: &mut [u8],
        flags: Flags,
    ) -> Call<(usize, Option<SocketAddr>)> {
        let id = self.udp_of(fd)?;
        let datagram = if flags.has(Flags::PEEK) {
            let seen = self.host.udp_peek(id);
            seen.map(|(text, from)| (text.clone(), from)).ok_or(Error::WouldBlock)
        } else {
            self.host.udp_receive(id)
        };
        match datagram {
            Ok((text, from)) => {
                let n = text.len().min(into.len());
                into[..n].copy_from_slice(&text[..n]);
                let told = if flags.has(Flags::TRUNC) { text.len() } else { n };
                Ok((told, Some(from)))
            }
            Err(Error::WouldBlock) => self.wait(fd, flags, 0),
            Err(error) => Err(Errno::from(error).into()),
        }
    }

    /// Octets that wait to be read (FIONREAD, SIOCINQ).
    ///
    /// # Errors
    /// [`Errno::EINVAL`] of a listener, [`Errno::EBADF`].
    pub fn readable(&self, fd: Fd) -> Result<usize, Errno> {
        match &self.files.get(fd)?.what {
            What::Udp(udp) => {
                let seen = udp.id.and_then(|id| self.host.udp_peek(id));
                Ok(seen.map_or(0, |(text, _)| text.len()))
            }
            What::Epoll(_) => Err(Errno::ENOTTY),
            What::Tcp(tcp) => match tcp.stage {
                Stage::Listening(_) => Err(Errno::EINVAL),
                Stage::Fresh | Stage::Failed(_) => Ok(0),
                Stage::Opening(id) | Stage::Open(id) => {
                    Ok(self.host.info(id).map_or(0, |info| info.receive_queue as usize))
                }
            },
        }
    }
}

impl Posix {
    /// Whether the peer has closed.
    pub(crate) fn has_ended(&self, fd: Fd) -> bool {
        let id = self.files.tcp(fd).ok().and_then(|tcp| tcp.connection());
        let state = id.and_then(|id| self.host.info(id)).and_then(|info| info.state);
        state.is_none_or(|state| !state.may_receive())
    }
}

/// Sending.
impl Posix {
    /// Octets that were written and are not acknowledged (SIOCOUTQ).
    ///
    /// # Errors
    /// [`Errno::EINVAL`] of a listener, [`Errno::EBADF`].
    pub fn unacknowledged(&self, fd: Fd) -> Result<usize, Errno> {
        let tcp = self.files.tcp(fd)?;
        match tcp.stage {
            Stage::Listening(_) => Err(Errno::EINVAL),
            Stage::Fresh | Stage::Failed(_) => Ok(0),
            Stage::Opening(id) | Stage::Open(id) => {
                Ok(self.host.info(id).map_or(0, |info| info.send_queue as usize))
            }
        }
    }

    /// Octets that were written and are not sent (SIOCOUTQNSD).
    ///
    /// # Errors
    /// As [`Posix::unacknowledged`].
    pub fn unsent(&self, now: Instant, fd: Fd) -> Result<usize, Errno> {
        let id = match self.files.tcp(fd)?.stage {
            Stage::Listening(_) => return Err(Errno::EINVAL),
            Stage::Fresh | Stage::Failed(_) => return Ok(0),
            Stage::Opening(id) | Stage::Open(id) => id,
        };
        Ok(self.host.tcp_info(id, now).map_or(0, |info| info.notsent_bytes as usize))
    }

    /// `write(2)`.
    ///
    /// # Errors
    /// As [`Posix::send`].
    pub fn write(&mut self, now: Instant, fd: Fd, text: &[u8]) -> Call<usize> {
        self.send(now, fd, text, Flags::NONE)
    }

    /// `send(2)`. A blocking descriptor takes all of it: [`Stop::Blocked`] says how much is done.
    ///
    /// # Errors
    /// [`Errno::EPIPE`], [`Errno::EAGAIN`], [`Errno::EDESTADDRREQ`], or the pending error.
    pub fn send(&mut self, now: Instant, fd: Fd, text: &[u8], flags: Flags) -> Call<usize> {
        self.sendto(now, fd, text, (flags, None))
    }

    /// What a send gives that fails after it had taken `done` octets: their number, and the
    /// error waits for the next call; but the error where the connection has never come to be
    /// (Linux: text of a SYN that was refused).
    ///
    /// # Errors
    /// `errno`.
    pub fn cut_short(&mut self, fd: Fd, done: usize, errno: Errno) -> Result<usize, Errno> {
        let Ok(tcp) = self.files.tcp_mut(fd) else { return Err(errno) };
        match tcp.stage {
            Stage::Open(_) if done > 0 => {
                tcp.error = Some(errno).filter(|errno| *errno != Errno::EPIPE);
                Ok(done)
            }
            Stage::Open(_) | Stage::Opening(_) | Stage::Failed(_) => Err(errno),
            Stage::Fresh | Stage::Listening(_) => Err(errno),
        }
    }

    /// `sendto(2)`, with the flags and the address.
    ///
    /// # Errors
    /// As [`Posix::send`].
    pub fn sendto(
        &mut self,
        now: Instant,
        fd: Fd,
        text: &[u8],
        (flags, to): (Flags, Option<SocketAddr>),
    ) -> Call<usize> {
        if let What::Tcp(tcp) = &mut self.files.get_mut(fd)?.what
            && let Some(error) = tcp.error.take()
        {
            return Err(error.into());
        }
        if let What::Tcp(_) = &self.files.get(fd)?.what
            && let Some(to) = self.fast_open_target(fd, flags, to)?
        {
            return self.open_with_text(now, fd, text, (flags, to));
        }
        let tcp = match &mut self.files.get_mut(fd)?.what {
            What::Udp(_) => return self.send_datagram(now, fd, text, (flags, to)),
            What::Epoll(_) => return Err(Errno::EINVAL.into()),
            What::Tcp(tcp) => tcp,
        };
        if flags.has(Flags::ZEROCOPY) && !tcp.zero_copy.has_room() {
            return Err(Errno::ENOBUFS.into());
        }
        match tcp.stage {
            Stage::Fresh | Stage::Failed(_) | Stage::Listening(_) => Err(Errno::EPIPE.into()),
            Stage::Opening(_) => self.wait(fd, flags, 0),
            Stage::Open(_) if tcp.writing == Writing::Barred => Err(Errno::EPIPE.into()),
            Stage::Open(id) => self.send_text(now, (fd, id), text, flags),
        }
    }

    fn send_text(
        &mut self,
        now: Instant,
        (fd, id): (Fd, ConnectionId),
        text: &[u8],
        flags: Flags,
    ) -> Call<usize> {
        let end = match flags {
            flags if flags.has(Flags::MORE) => End::More,
            flags if flags.has(Flags::EOR) => End::Record,
            _ => End::Push,
        };
        let written = if flags.has(Flags::OOB) {
            self.host.write_urgent(id, text)
        } else {
            self.host.write_ending(id, text, end)
        };
        let taken = match written {
            Ok(taken) => taken,
            Err(Error::WouldBlock) => 0,
            Err(_) => return Err(Errno::EPIPE.into()),
        };
        self.take_news(now);
        let tcp = self.files.tcp_mut(fd)?;
        tcp.zero_copy.on_written(taken);
        let told = flags.has(Flags::ZEROCOPY) && tcp.options.is_on(Name::ZeroCopy);
        if told && taken > 0 {
            tcp.zero_copy.on_send();
        }
        if taken == text.len() {
            return Ok(taken);
        }
        if taken > 0 {
            // Writing nothing asks to be told of room, as what is left would have.
            let _ = self.host.write(id, &[]);
        }
        match self.wait(fd, flags, taken) {
            Err(Stop::Errno(Errno::EAGAIN)) if taken > 0 => Ok(taken),
            other => other,
        }
    }

    fn send_datagram(
        &mut self,
        now: Instant,
        fd: Fd,
        text: &[u8],
        (flags, to): (Flags, Option<SocketAddr>),
    ) -> Call<usize> {
        let id = self.udp_of(fd)?;
        match self.host.udp_send(now, id, to, Bytes::copy_from_slice(text)) {
            Ok(()) => Ok(text.len()),
            Err(Error::WouldBlock) => self.wait(fd, flags, 0),
            Err(Error::NotConnected) => Err(Errno::EDESTADDRREQ.into()),
            Err(error) => Err(Errno::from(error).into()),
        }
    }

    /// The datagram socket of the host; bound anywhere where it is not yet.
    pub(crate) fn udp_of(&mut self, fd: Fd) -> Result<UdpId, Errno> {
        let (family, id) = match &self.files.get(fd)?.what {
            What::Udp(udp) => (udp.family, udp.id),
            What::Tcp(_) => return Err(Errno::EOPNOTSUPP),
            What::Epoll(_) => return Err(Errno::ENOTSOCK),
        };
        if let Some(id) = id {
            return Ok(id);
        }
        let id = self.host.udp_bind(anywhere(family))?;
        if let What::Udp(udp) = &mut self.files.get_mut(fd)?.what {
            udp.id = Some(id);
        }
        Ok(id)
    }

    /// What a call gives that finds nothing to do, by descriptor and flags.
    pub(crate) fn wait<T>(&self, fd: Fd, flags: Flags, done: usize) -> Call<T> {
        match self.files.get(fd)?.mode {
            Mode::Blocking if !flags.has(Flags::DONTWAIT) => Err(Stop::Blocked(done)),
            Mode::Blocking | Mode::NonBlocking => Err(Errno::EAGAIN.into()),
        }
    }
}
