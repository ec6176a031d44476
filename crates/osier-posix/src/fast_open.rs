//! How does text travel with the SYN? (RFC 7413; Linux: MSG_FASTOPEN, TCP_FASTOPEN_CONNECT)
//!
//! `sendto` with MSG_FASTOPEN connects and sends at once. With TCP_FASTOPEN_CONNECT, `connect`
//! waits for the first write where the server has given us a cookie before.

use crate::errno::{Call, Errno, Stop};
use crate::files::{Fd, Stage, Tcp};
use crate::names::Name;
use crate::options::Options;
use crate::posix::Posix;
use crate::transfer::Flags;
use bytes::Bytes;
use core::net::SocketAddr;
use osier_host::{FastOpenUse, ListenerId};
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
        if flags.has(Flags::FASTOPEN) && self.fast_open_of(&tcp.options) == FastOpenUse::Off {
            return Err(Errno::EOPNOTSUPP);
        }
        match tcp.stage {
            Stage::Fresh | Stage::Failed(_) => {}
            // The one before is under way; a call that waits goes on.
            Stage::Opening(_) if flags.has(Flags::FASTOPEN) => {
                let waits = matches!(self.wait::<()>(fd, flags, 0), Err(Stop::Blocked(_)));
                return if waits { Ok(None) } else { Err(Errno::EALREADY) };
            }
            Stage::Opening(_) | Stage::Open(_) | Stage::Listening(_) => return Ok(None),
        }
        match (tcp.deferred, to) {
            (None, None) if flags.has(Flags::FASTOPEN) => Err(Errno::EINVAL),
            (None, Some(to)) if flags.has(Flags::FASTOPEN) => Ok(Some(to)),
            (deferred, _) => Ok(deferred),
        }
    }

    /// Whether `connect` is put off until something is written: the cookie of the server is there.
    pub(crate) fn defers_connect(&mut self, fd: Fd, to: SocketAddr) -> Result<bool, Errno> {
        let tcp = self.files.tcp(fd)?;
        if tcp.deferred.is_some() {
            return Err(Errno::EISCONN);
        }
        let how = self.fast_open_of(&tcp.options);
        let wanted = tcp.options.is_on(Name::FastOpenConnect);
        let known = wanted && self.host.fast_open_room_as(to.ip(), how).is_some();
        if known {
            self.files.tcp_mut(fd)?.deferred = Some(to);
        }
        Ok(known)
    }

    /// Whether a socket's text may go with its SYN.
    fn fast_open_of(&self, options: &Options) -> FastOpenUse {
        match self.host.config().fast_open.client {
            FastOpenUse::Off => FastOpenUse::Off,
            _ if options.is_on(Name::FastOpenNoCookie) => FastOpenUse::WithoutCookie,
            how @ (FastOpenUse::WithCookie | FastOpenUse::WithoutCookie) => how,
        }
    }

    /// Tells a listener what its socket's user has set of Fast Open.
    pub(crate) fn apply_fast_open(&mut self, listener: ListenerId, options: &Options) {
        let limit = usize::try_from(options.int(Name::FastOpen)).unwrap_or(0);
        if limit > 0 || options.has(Name::FastOpen) {
            // It fails of a listener that is gone only.
            let _ = self.host.set_fast_open(listener, limit);
        }
        let cookies = match options.is_on(Name::FastOpenNoCookie) {
            true => FastOpenUse::WithoutCookie,
            false => FastOpenUse::WithCookie,
        };
        // Without Fast Open there is nothing to be told.
        let _ = self.host.set_fast_open_cookies(listener, cookies, options.fast_open_keys());
    }

    /// Whether an option of Fast Open can be set now (Linux: before there is a connection).
    pub(crate) fn judge_fast_open(&self, tcp: &Tcp, name: Name, value: i32) -> Result<(), Errno> {
        let fresh = tcp.stage == Stage::Fresh;
        let listens = matches!(tcp.stage, Stage::Listening(_));
        match name {
            Name::FastOpenConnect if !(0..=1).contains(&value) => Err(Errno::EINVAL),
            Name::FastOpenConnect if self.host.config().fast_open.client == FastOpenUse::Off => {
                Err(Errno::EOPNOTSUPP)
            }
            Name::FastOpenConnect if !fresh => Err(Errno::EINVAL),
            Name::FastOpenNoCookie if !(0..=1).contains(&value) => Err(Errno::EINVAL),
            Name::FastOpen if value < 0 => Err(Errno::EINVAL),
            Name::FastOpen | Name::FastOpenNoCookie if !fresh && !listens => Err(Errno::EINVAL),
            _ => Ok(()),
        }
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
        let how = self.fast_open_of(&options);
        let room = self.host.fast_open_room_as(to.ip(), how).unwrap_or(0).min(segment);
        // Whoever waits has all of it queued, what the SYN does not carry behind the handshake.
        let waits = matches!(self.wait::<()>(fd, flags, 0), Err(Stop::Blocked(_)));
        let most = if waits && room > 0 { QUEUED_MAX } else { room };
        let first = Bytes::copy_from_slice(&text[..most.min(text.len())]);
        let sent = first.len();
        let id = self.host.connect_fast(now, to, bound, (first, how)).map_err(Errno::from)?;
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
