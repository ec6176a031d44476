//! How is a socket shut and closed? (RFC 9293 §3.9.1, CLOSE; Linux: `inet_shutdown`)
//!
//! shutdown and close. What is left of a connection ends by itself, in the host.

use crate::errno::Errno;
use crate::files::{Fd, Outcome, Side, Stage, Udp, What, Writing};
use crate::open::unconnected;
use crate::posix::Posix;
use osier_host::{ConnectionId, ListenerId};
use osier_tcp::State;
use osier_time::Instant;

/// Which sides of a connection `shutdown` closes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum How {
    /// SHUT_RD.
    Read,
    /// SHUT_WR: our FIN.
    Write,
    /// SHUT_RDWR.
    Both,
}

impl Posix {
    /// `shutdown(2)`.
    ///
    /// # Errors
    /// [`Errno::ENOTCONN`].
    pub fn shutdown(&mut self, now: Instant, fd: Fd, how: How) -> Result<(), Errno> {
        let tcp = match &self.files.get(fd)?.what {
            What::Udp(_) => return Err(Errno::ENOTCONN),
            What::Epoll(_) => return Err(Errno::ENOTSOCK),
            What::Tcp(tcp) => tcp,
        };
        let id = match tcp.stage {
            Stage::Opening(id) if self.is_in_syn_sent(id) => {
                return self.shut_attempt(now, fd, id);
            }
            Stage::Fresh | Stage::Failed(_) => None,
            Stage::Listening(id) => return self.shut_listener(now, fd, (id, how)),
            Stage::Opening(id) => Some(id),
            Stage::Open(id) => (!self.is_over(id)).then_some(id),
        };
        // Linux: also where there is nothing that could be shut.
        if matches!(how, How::Read | How::Both) {
            self.files.tcp_mut(fd)?.reading = Side::Shut;
        }
        let writes = matches!(how, How::Write | How::Both);
        let Some(id) = id else {
            if writes {
                self.files.tcp_mut(fd)?.bar_writing();
            }
            return Err(Errno::ENOTCONN);
        };
        if matches!(how, How::Read | How::Both) {
            self.host.shut_reading(id);
        }
        let tcp = self.files.tcp_mut(fd)?;
        if matches!(tcp.stage, Stage::Open(_)) {
            tcp.outcome = Outcome::Told;
        }
        if writes {
            tcp.writing = Writing::Shut;
            self.host.shutdown(now, id)?;
        }
        self.take_news(now);
        Ok(())
    }

    fn is_in_syn_sent(&self, id: ConnectionId) -> bool {
        self.host.info(id).and_then(|info| info.state) == Some(State::SynSent)
    }

    /// Linux: to shut either side of a socket that has not heard from its peer ends the attempt to
    /// connect; the socket can connect again.
    fn shut_attempt(&mut self, now: Instant, fd: Fd, id: ConnectionId) -> Result<(), Errno> {
        self.host.abort(now, id);
        self.files.part(id, None);
        let tcp = self.files.tcp_mut(fd)?;
        unconnected(tcp);
        tcp.error = Some(Errno::ECONNRESET);
        Ok(())
    }

    /// Linux: to shut the reading side of a listener ends it; the socket can listen again.
    fn shut_listener(
        &mut self,
        now: Instant,
        fd: Fd,
        (id, how): (ListenerId, How),
    ) -> Result<(), Errno> {
        if how != How::Write {
            self.host.close_listener(now, id);
            let tcp = self.files.tcp_mut(fd)?;
            tcp.stage = Stage::Fresh;
            (tcp.reading, tcp.writing) = (Side::Open, Writing::Open);
        }
        Ok(())
    }

    /// Linux: what a listener shut before it listened is shut of those whom it accepts. (There as
    /// soon as the handshake is done, here when they are accepted.)
    pub(crate) fn inherit_shut(
        &mut self,
        now: Instant,
        fd: Fd,
        (id, shut): (ConnectionId, (Side, Writing)),
    ) -> Result<(), Errno> {
        let (reading, writing) = shut;
        if reading == Side::Shut {
            self.files.tcp_mut(fd)?.reading = Side::Shut;
            self.host.shut_reading(id);
        }
        if writing != Writing::Open {
            self.files.tcp_mut(fd)?.writing = Writing::Shut;
            // One that has ended already has nothing to shut.
            let _ = self.host.shutdown(now, id);
        }
        Ok(())
    }

    /// `close(2)`. What is left of a connection ends by itself.
    ///
    /// # Errors
    /// [`Errno::EBADF`].
    pub fn close(&mut self, now: Instant, fd: Fd) -> Result<(), Errno> {
        match self.files.close(fd)?.what {
            What::Udp(Udp { id: Some(id), .. }) => self.host.udp_close(id),
            What::Udp(_) | What::Epoll(_) => {}
            What::Tcp(tcp) => match tcp.stage {
                Stage::Fresh | Stage::Failed(_) => {}
                Stage::Listening(id) => self.host.close_listener(now, id),
                Stage::Opening(id) | Stage::Open(id) => self.host.release(now, id),
            },
        }
        self.take_news(now);
        Ok(())
    }
}
