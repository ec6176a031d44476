//! What are descriptors ready for? poll(2) and epoll(7).
//!
//! An epoll descriptor remembers of each descriptor that it watches whether something has happened
//! since it was last told: that is what an edge is.

use super::Osier;
use crate::stack::{Given, Outcome};
use osier_posix::{Errno, Fd, PollFd, Ready};
use std::collections::BTreeMap;

const ADD: i32 = 1;
const DELETE: i32 = 2;
const MODIFY: i32 = 3;

const EXCLUSIVE: u32 = 1 << 28;
const ONESHOT: u32 = 1 << 30;
const EDGE: u32 = 1 << 31;
/// Told whether asked for or not: EPOLLERR, EPOLLHUP.
const ALWAYS: u32 = 0x18;

/// Descriptors of epoll lie above those of sockets.
const FIRST: Fd = 1 << 24;

/// An epoll descriptor.
#[derive(Clone, Debug, Default)]
pub(super) struct Epoll {
    watched: BTreeMap<Fd, Watch>,
}

#[derive(Clone, Debug)]
struct Watch {
    events: u32,
    data: u64,
    /// Whether something has happened that was not told.
    fresh: bool,
    /// What it was ready for, and how much it had received, at the last look.
    seen: (u32, u64),
}

impl Osier {
    pub(super) fn poll(&mut self, entries: &[(i32, i32)], timeout: i64) -> Outcome {
        let entry = |(fd, events): &(i32, i32)| PollFd {
            fd: *fd,
            events: Ready(*events as u32),
            revents: Ready::NONE,
        };
        let mut entries: Vec<PollFd> = entries.iter().map(entry).collect();
        let count = self.posix().poll(&mut entries);
        if count == 0 && timeout != 0 {
            return Outcome::Blocked;
        }
        let ready = entries.iter().map(|entry| entry.revents.0 as i32).collect();
        Outcome::Done(count as i64, Given::Ready(ready))
    }

    pub(super) fn epoll_create(&mut self, size: i32) -> Outcome {
        if size <= 0 {
            return Outcome::Failed(Errno::EINVAL.number());
        }
        let fd = FIRST + self.epolls.len() as Fd;
        self.epolls.insert(fd, Epoll::default());
        Outcome::Done(fd.into(), Given::Nothing)
    }

    pub(super) fn epoll_control(
        &mut self,
        epoll: Fd,
        operation: i32,
        fd: Fd,
        (events, data): (u32, u64),
    ) -> Outcome {
        let seen = self.look(fd);
        let Some(epoll) = self.epolls.get_mut(&epoll) else {
            return Outcome::Failed(Errno::EBADF.number());
        };
        let watch = Watch { events: events & !EXCLUSIVE, data, fresh: true, seen };
        let known = epoll.watched.contains_key(&fd);
        let errno = match (operation, known) {
            (ADD, false) | (MODIFY, true) => {
                epoll.watched.insert(fd, watch);
                return Outcome::Done(0, Given::Nothing);
            }
            (DELETE, true) => {
                epoll.watched.remove(&fd);
                return Outcome::Done(0, Given::Nothing);
            }
            (ADD, true) => EEXIST,
            (MODIFY | DELETE, false) => ENOENT,
            _ => Errno::EINVAL.number(),
        };
        Outcome::Failed(errno)
    }

    pub(super) fn epoll_wait(&mut self, epoll: Fd, most: i32, timeout: i64) -> Outcome {
        let Some(mut watching) = self.epolls.get(&epoll).cloned() else {
            return Outcome::Failed(Errno::EBADF.number());
        };
        let most = usize::try_from(most).unwrap_or(0);
        let mut told = Vec::new();
        for (fd, watch) in &mut watching.watched {
            let edge = watch.events & EDGE != 0;
            let ready = self.look(*fd).0 & (watch.events | ALWAYS);
            let silent = watch.events & !(EDGE | ONESHOT) == 0;
            if told.len() == most || ready == 0 || silent || (edge && !watch.fresh) {
                continue;
            }
            watch.fresh = false;
            told.push((ready, watch.data));
            if watch.events & ONESHOT != 0 {
                watch.events &= EDGE | ONESHOT;
            }
        }
        self.epolls.insert(epoll, watching);
        if told.is_empty() && timeout != 0 {
            return Outcome::Blocked;
        }
        Outcome::Done(told.len() as i64, Given::Events(told))
    }

    /// Something may have happened: what is new is remembered for those who watch.
    pub(super) fn watch(&mut self) {
        let mut epolls = std::mem::take(&mut self.epolls);
        for epoll in epolls.values_mut() {
            for (fd, watch) in &mut epoll.watched {
                let now = self.look(*fd);
                let more = now.0 & !watch.seen.0 != 0 || now.1 != watch.seen.1;
                watch.fresh |= more;
                watch.seen = now;
            }
        }
        self.epolls = epolls;
    }

    /// What a descriptor is ready for, and how many octets it has received.
    fn look(&mut self, fd: Fd) -> (u32, u64) {
        let now = self.now;
        let ready = self.posix().ready(fd).map_or(0, |ready| ready.0);
        let received = self.posix().tcp_info(now, fd).map_or(0, |info| info.bytes_received);
        (ready, received)
    }

    /// A descriptor that is closed is watched no more.
    pub(super) fn forget(&mut self, fd: Fd) {
        for epoll in self.epolls.values_mut() {
            epoll.watched.remove(&fd);
        }
    }
}

const ENOENT: i32 = 2;
const EEXIST: i32 = 17;
