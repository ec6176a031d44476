//! How does text travel with the SYN? (RFC 7413; Linux: MSG_FASTOPEN, TCP_FASTOPEN_CONNECT)
//!
//! `sendto` with MSG_FASTOPEN connects and sends at once. With TCP_FASTOPEN_CONNECT, `connect`
//! waits for the first write where the server has given us a cookie before.

use crate::errno::{Call, Errno, Stop};
use crate::files::{Fd, Stage};
use crate::names::Name;
use crate::posix::Posix;
use crate::transfer::Flags;
use bytes::Bytes;
use core::net::SocketAddr;
use osier_time::Instant;

/// Octets that are queued at once by a call that waits; the rest is written when it goes on.
const QUEUED_MAX: usize = 8_192;

impl Posix {
    /// Whom a send on a socket without a connection connects with, if it does.
    pub(crate) fn fast_open_target(
        &self,
        fd: Fd,
        flags: Flags,
        to: Option<SocketAddr>,
    ) -> Result<Option<SocketAddr>, Errno> {
        let tcp = self.files.tcp(fd)?;
        if tcp.stage != Stage::Fresh {
            return Ok(None);
        }
        match (tcp.deferred, to) {
            (None, None) if flags.has(Flags::FASTOPEN) => Err(Errno::EINVAL),
            (None, Some(to)) if flags.has(Flags::FASTOPEN) => Ok(Some(to)),
            (deferred, _) => Ok(deferred),
        }
    }

    /// Whether `connect` is put off until something is written: the cookie of the server is there.
    pub(crate) fn defers_connect(&mut self, fd: Fd, to: SocketAddr) -> Result<bool, Errno> {
        let wanted = self.files.tcp(fd)?.options.is_on(Name::FastOpenConnect);
        let known = wanted && self.host.fast_open_room(to.ip()).is_some();
        if known {
            self.files.tcp_mut(fd)?.deferred = Some(to);
        }
        Ok(known)
    }

    /// Connects, with as much of `text` in the SYN as the server's cookie allows.
    pub(crate) fn open_with_text(
        &mut self,
        now: Instant,
        fd: Fd,
        text: &[u8],
        (flags, to): (Flags, SocketAddr),
    ) -> Call<usize> {
        let tcp = self.files.tcp(fd)?;
        let (bound, options) = (tcp.bound, tcp.options.clone());
        let segment = match usize::try_from(options.int(Name::MaxSeg)) {
            Ok(octets @ 41..) => octets - 40,
            _ => usize::MAX,
        };
        let room = self.host.fast_open_room(to.ip()).unwrap_or(0).min(segment);
        // Whoever waits has all of it queued, what the SYN does not carry behind the handshake.
        let waits = matches!(self.wait::<()>(fd, flags, 0), Err(Stop::Blocked(_)));
        let most = if waits && room > 0 { QUEUED_MAX } else { room };
        let first = Bytes::copy_from_slice(&text[..most.min(text.len())]);
        let sent = first.len();
        let id = self.host.connect_with_text(now, to, bound, first).map_err(Errno::from)?;
        self.apply(now, id, &options);
        self.files.join(fd, id)?;
        let tcp = self.files.tcp_mut(fd)?;
        tcp.deferred = None;
        tcp.zero_copy.on_written(sent);
        if flags.has(Flags::ZEROCOPY) && options.is_on(Name::ZeroCopy) && sent > 0 {
            tcp.zero_copy.on_send();
        }
        self.take_news(now);
        match self.wait(fd, flags, sent) {
            Err(Stop::Errno(Errno::EAGAIN)) if sent > 0 => Ok(sent),
            Err(Stop::Errno(Errno::EAGAIN)) => Err(Errno::EINPROGRESS.into()),
            other => other,
        }
    }
}
