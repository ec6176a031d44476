//! Which descriptors are ready? (poll(2); Linux: `tcp_poll`)
//!
//! Looks and never waits: who wants to wait looks again when something has happened.

use crate::errno::Errno;
use crate::files::{Fd, Side, Stage, Tcp, What, Writing};
use crate::names::Name;
use crate::posix::Posix;
use core::ops::BitOr;
use osier_host::ConnectionId;
use osier_tcp::State;

/// What a descriptor is ready for (POLL*, with the numbers of Linux, which are those of EPOLL*).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Ready(pub u32);

impl Ready {
    /// Nothing.
    pub const NONE: Ready = Ready(0);
    /// POLLIN: there is something to read, to accept, or the end.
    pub const IN: Ready = Ready(0x1);
    /// POLLPRI: urgent text is to be read.
    pub const PRI: Ready = Ready(0x2);
    /// POLLOUT: there is room to write.
    pub const OUT: Ready = Ready(0x4);
    /// POLLERR: an error is pending. Told whether asked for or not.
    pub const ERR: Ready = Ready(0x8);
    /// POLLHUP: both sides are closed. Told whether asked for or not.
    pub const HUP: Ready = Ready(0x10);
    /// POLLNVAL: no such descriptor.
    pub const NVAL: Ready = Ready(0x20);
    /// POLLRDNORM.
    pub const RDNORM: Ready = Ready(0x40);
    /// POLLWRNORM.
    pub const WRNORM: Ready = Ready(0x100);
    /// POLLRDHUP: the peer has closed.
    pub const RDHUP: Ready = Ready(0x2000);

    /// What both have.
    pub const fn and(self, other: Ready) -> Ready {
        Ready(self.0 & other.0)
    }

    /// Whether there is nothing.
    pub const fn is_none(self) -> bool {
        self.0 == 0
    }
}

impl BitOr for Ready {
    type Output = Ready;

    fn bitor(self, other: Ready) -> Ready {
        Ready(self.0 | other.0)
    }
}

/// An entry of `poll(2)`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PollFd {
    /// The descriptor; a negative one is passed over.
    pub fd: Fd,
    /// What is asked for.
    pub events: Ready,
    /// What is so.
    pub revents: Ready,
}

const READ: Ready = Ready(Ready::IN.0 | Ready::RDNORM.0);
const WRITE: Ready = Ready(Ready::OUT.0 | Ready::WRNORM.0);

impl Posix {
    /// `poll(2)` without its wait: fills `revents` and says in how many entries there is anything.
    pub fn poll(&mut self, entries: &mut [PollFd]) -> usize {
        self.look_for_acked();
        let always = Ready::ERR | Ready::HUP;
        for entry in entries.iter_mut() {
            entry.revents = match self.ready(entry.fd) {
                _ if entry.fd < 0 => Ready::NONE,
                Ok(ready) => ready.and(entry.events | always),
                Err(_) => Ready::NVAL,
            };
        }
        entries.iter().filter(|entry| !entry.revents.is_none()).count()
    }

    /// All that a descriptor is ready for.
    ///
    /// # Errors
    /// [`Errno::EBADF`].
    pub fn ready(&self, fd: Fd) -> Result<Ready, Errno> {
        Ok(match &self.files.get(fd)?.what {
            What::Epoll(_) => Ready::NONE,
            What::Udp(udp) => {
                let waits = udp.id.is_some_and(|id| self.host.udp_peek(id).is_some());
                let failed = udp.id.is_some_and(|id| self.host.udp_error(id).is_some());
                either(waits, READ) | either(failed, Ready::ERR) | WRITE
            }
            What::Tcp(tcp) => match tcp.stage {
                Stage::Fresh if tcp.deferred.is_some() => WRITE,
                Stage::Fresh | Stage::Failed(_) => {
                    let failed = matches!(tcp.stage, Stage::Failed(_));
                    let ended = either(failed || tcp.reading == Side::Shut, READ | Ready::RDHUP);
                    WRITE | Ready::HUP | ended | either(tcp.error.is_some(), Ready::ERR)
                }
                Stage::Listening(id) => either(self.host.acceptable(id) > 0, READ),
                Stage::Opening(_) => either(tcp.error.is_some(), Ready::ERR),
                Stage::Open(id) => self.ready_connection(tcp, id),
            },
        })
    }

    fn ready_connection(&self, tcp: &Tcp, id: ConnectionId) -> Ready {
        let Some(info) = self.host.info(id) else { return Ready::HUP | READ | WRITE };
        let state = info.state.unwrap_or(State::Closed);
        let over = matches!(state, State::Closed | State::TimeWait);
        let peer_closed = over || !state.may_receive() || tcp.reading == Side::Shut;
        let we_closed = over || !state.may_send() || tcp.writing != Writing::Open;
        let low = tcp.options.int(Name::ReceiveLow).max(1);
        let mut ready = either(i64::from(info.receive_queue) >= i64::from(low), READ);
        ready = ready | either(self.host.urgent_mark(id).is_some(), Ready::PRI);
        ready = ready | either(peer_closed, READ | Ready::RDHUP);
        ready = ready | either(peer_closed && we_closed, Ready::HUP);
        // Linux: room is worth telling where it is half of what is queued.
        let room = self.host.send_buffer(id).unwrap_or(0).saturating_sub(info.send_queue);
        let roomy = room > 0 && room >= info.send_queue / 2 && self.host.wants_text(id);
        ready = ready | either(we_closed || roomy, WRITE);
        ready | either(tcp.error.is_some() || tcp.zero_copy.tells(), Ready::ERR)
    }
}

fn either(is_so: bool, ready: Ready) -> Ready {
    if is_so { ready } else { Ready::NONE }
}
