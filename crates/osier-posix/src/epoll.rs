//! Which of many descriptors are ready? (epoll(7))
//!
//! Level-triggered interest looks each time; edge-triggered interest is told again only when there
//! was news of the descriptor since. One-shot interest sleeps once it was told, until it is
//! modified. Nesting of epoll descriptors is not here.

use crate::errno::Errno;
use crate::files::{Fd, Mode, What};
use crate::poll::Ready;
use crate::posix::Posix;
use alloc::collections::BTreeMap;
use alloc::vec::Vec;

/// What is wanted of a descriptor (EPOLL*, with the numbers of Linux): what of [`Ready`] is asked
/// for, and how to be told.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Interest {
    /// The events; the bits of EPOLLET and EPOLLONESHOT among them.
    pub events: u32,
    /// What comes back with them.
    pub data: u64,
}

/// EPOLLET.
const EDGE: u32 = 1 << 31;
/// EPOLLONESHOT.
const ONE_SHOT: u32 = 1 << 30;
/// EPOLLEXCLUSIVE: a wake-up of one; here there is only one.
const EXCLUSIVE: u32 = 1 << 28;

/// What `epoll_ctl` does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Control {
    /// EPOLL_CTL_ADD.
    Add(Interest),
    /// EPOLL_CTL_MOD.
    Modify(Interest),
    /// EPOLL_CTL_DEL.
    Delete,
}

/// An epoll descriptor's own table.
#[derive(Clone, Debug, Default)]
pub(crate) struct Epoll {
    wanted: BTreeMap<Fd, Wanted>,
}

#[derive(Clone, Copy, Debug)]
struct Wanted {
    interest: Interest,
    /// The count of news at which it was told last; `None`: never.
    told: Option<u64>,
    sleeps: Sleep,
}

/// Whether one-shot interest was told already.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Sleep {
    Awake,
    Asleep,
}

impl Posix {
    /// `epoll_create(2)`.
    ///
    /// # Errors
    /// [`Errno::EMFILE`].
    pub fn epoll_create(&mut self) -> Result<Fd, Errno> {
        self.files.open(Mode::Blocking, What::Epoll(Epoll::default()))
    }

    /// `epoll_ctl(2)`.
    ///
    /// # Errors
    /// [`Errno::EEXIST`], [`Errno::ENOENT`], [`Errno::EINVAL`] of a descriptor that is no epoll or
    /// of itself, [`Errno::EBADF`].
    pub fn epoll_ctl(&mut self, epoll: Fd, fd: Fd, control: Control) -> Result<(), Errno> {
        let is_epoll = matches!(self.files.get(fd)?.what, What::Epoll(_));
        if is_epoll || epoll == fd {
            return Err(Errno::EINVAL);
        }
        let wanted = &mut self.epoll(epoll)?.wanted;
        let fresh = |interest| Wanted { interest, told: None, sleeps: Sleep::Awake };
        match (control, wanted.contains_key(&fd)) {
            (Control::Add(_), true) => return Err(Errno::EEXIST),
            (Control::Modify(_) | Control::Delete, false) => return Err(Errno::ENOENT),
            (Control::Add(interest) | Control::Modify(interest), _) => {
                wanted.insert(fd, fresh(interest));
            }
            (Control::Delete, true) => {
                wanted.remove(&fd);
            }
        }
        Ok(())
    }

    /// `epoll_wait(2)` without its wait: at most `max` of those that are ready.
    ///
    /// # Errors
    /// [`Errno::EINVAL`] where `max` is 0 or it is no epoll, [`Errno::EBADF`].
    pub fn epoll_wait(&mut self, epoll: Fd, max: usize) -> Result<Vec<Interest>, Errno> {
        if max == 0 {
            return Err(Errno::EINVAL);
        }
        self.look_for_acked();
        let mut wanted = core::mem::take(&mut self.epoll(epoll)?.wanted);
        wanted.retain(|fd, _| self.files.get(*fd).is_ok());
        let mut told = Vec::new();
        for (fd, entry) in &mut wanted {
            if told.len() == max {
                break;
            }
            told.extend(self.tell(*fd, entry));
        }
        self.epoll(epoll)?.wanted = wanted;
        Ok(told)
    }

    /// What there is to tell of a descriptor; marks it as told.
    fn tell(&self, fd: Fd, entry: &mut Wanted) -> Option<Interest> {
        let file = self.files.get(fd).ok()?;
        let edge = entry.interest.events & EDGE != 0;
        if entry.sleeps == Sleep::Asleep || (edge && entry.told == Some(file.news)) {
            return None;
        }
        let asked = Ready(entry.interest.events & !(EDGE | ONE_SHOT | EXCLUSIVE));
        let ready = self.ready(fd).ok()?.and(asked | Ready::ERR | Ready::HUP);
        if ready.is_none() {
            return None;
        }
        entry.told = Some(file.news);
        if entry.interest.events & ONE_SHOT != 0 {
            entry.sleeps = Sleep::Asleep;
        }
        Some(Interest { events: ready.0, data: entry.interest.data })
    }

    fn epoll(&mut self, fd: Fd) -> Result<&mut Epoll, Errno> {
        match &mut self.files.get_mut(fd)?.what {
            What::Epoll(epoll) => Ok(epoll),
            What::Tcp(_) | What::Udp(_) => Err(Errno::EINVAL),
        }
    }
}
