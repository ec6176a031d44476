//! What are descriptors ready for? poll(2) and epoll(7), with the numbers of Linux.

use super::Osier;
use crate::stack::{Given, Outcome};
use osier_posix::{EpollControl, Errno, Fd, Interest, PollFd, Ready};

const ADD: i32 = 1;
const DELETE: i32 = 2;
const MODIFY: i32 = 3;

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
        match self.posix().epoll_create() {
            Ok(fd) => Outcome::Done(fd.into(), Given::Nothing),
            Err(errno) => Outcome::Failed(errno.number()),
        }
    }

    pub(super) fn epoll_control(
        &mut self,
        epoll: Fd,
        operation: i32,
        fd: Fd,
        (events, data): (u32, u64),
    ) -> Outcome {
        let interest = Interest { events, data };
        let control = match operation {
            ADD => EpollControl::Add(interest),
            MODIFY => EpollControl::Modify(interest),
            DELETE => EpollControl::Delete,
            _ => return Outcome::Failed(Errno::EINVAL.number()),
        };
        match self.posix().epoll_ctl(epoll, fd, control) {
            Ok(()) => Outcome::Done(0, Given::Nothing),
            Err(errno) => Outcome::Failed(errno.number()),
        }
    }

    pub(super) fn epoll_wait(&mut self, epoll: Fd, most: i32, timeout: i64) -> Outcome {
        match self.posix().epoll_wait(epoll, usize::try_from(most).unwrap_or(0)) {
            Ok(told) if told.is_empty() && timeout != 0 => Outcome::Blocked,
            Ok(told) => {
                let events = told.iter().map(|told| (told.events, told.data)).collect();
                Outcome::Done(told.len() as i64, Given::Events(events))
            }
            Err(errno) => Outcome::Failed(errno.number()),
        }
    }
}
