//! poll, epoll_create, epoll_ctl, epoll_wait.

use crate::calls::open::token;
use crate::shared::{answer, blocking, call};
use core::ffi::{c_int, c_void};
use libc::{epoll_event, nfds_t, pollfd};
use osier_posix::{EpollControl, Errno, Interest, PollFd, Ready, Stop};
use osier_time::Duration;

/// Entries that one call may have (Linux: as many as descriptors may be open).
const ENTRIES_MAX: usize = 1_024;

/// How long a call may wait: for ever where negative.
fn limit(millis: c_int) -> Option<Duration> {
    u64::try_from(millis).ok().map(Duration::from_millis)
}

/// # Safety
/// `entries` is NULL or points to `count` entries.
pub(crate) unsafe extern "C" fn poll(
    _: *mut c_void,
    entries: *mut pollfd,
    count: nfds_t,
    millis: c_int,
) -> c_int {
    if count as usize > ENTRIES_MAX || (entries.is_null() && count > 0) {
        return answer(Err(Errno::EFAULT));
    }
    let entries = match count {
        0 => &mut [],
        // SAFETY: not NULL, promised by the caller.
        _ => unsafe { core::slice::from_raw_parts_mut(entries, count as usize) },
    };
    let ready = blocking(limit(millis), |world, _| {
        let own = |entry: &pollfd| PollFd {
            fd: if entry.fd < 0 { entry.fd } else { world.fd(entry.fd).unwrap_or(i32::MAX) },
            events: Ready(u32::from(entry.events as u16)),
            revents: Ready::NONE,
        };
        let mut own: Vec<PollFd> = entries.iter().map(own).collect();
        let n = world.posix.poll(&mut own);
        for (entry, own) in entries.iter_mut().zip(&own) {
            entry.revents = own.revents.0 as i16;
        }
        if n == 0 { Err(Stop::Blocked(0)) } else { Ok(n as c_int) }
    });
    match ready {
        Err(Errno::EAGAIN) => 0,
        other => answer(other),
    }
}

pub(crate) extern "C" fn epoll_create(_: *mut c_void, size: c_int) -> c_int {
    if size <= 0 {
        return answer(Err(Errno::EINVAL));
    }
    answer(call(|world| {
        let fd = world.posix.epoll_create()?;
        token(world, fd)
    }))
}

/// # Safety
/// `event` is NULL or points to an event.
pub(crate) unsafe extern "C" fn epoll_ctl(
    _: *mut c_void,
    epoll: c_int,
    what: c_int,
    fd: c_int,
    event: *mut epoll_event,
) -> c_int {
    let interest = if event.is_null() {
        Err(Errno::EFAULT)
    } else {
        // SAFETY: not NULL, promised by the caller; the structure is packed on x86-64.
        let event = unsafe { event.read_unaligned() };
        Ok(Interest { events: event.events, data: event.u64 })
    };
    answer(call(|world| {
        let (epoll, fd) = (world.fd(epoll)?, world.fd(fd)?);
        let control = match what {
            libc::EPOLL_CTL_ADD => EpollControl::Add(interest?),
            libc::EPOLL_CTL_MOD => EpollControl::Modify(interest?),
            libc::EPOLL_CTL_DEL => EpollControl::Delete,
            _ => return Err(Errno::EINVAL),
        };
        world.posix.epoll_ctl(epoll, fd, control).map(|()| 0)
    }))
}

/// # Safety
/// `events` is NULL or has room for `max` events.
pub(crate) unsafe extern "C" fn epoll_wait(
    _: *mut c_void,
    epoll: c_int,
    events: *mut epoll_event,
    max: c_int,
    millis: c_int,
) -> c_int {
    if events.is_null() {
        return answer(Err(Errno::EFAULT));
    }
    let max = usize::try_from(max).unwrap_or(0).min(ENTRIES_MAX);
    let told = blocking(limit(millis), |world, _| {
        let epoll = world.fd(epoll)?;
        let told = world.posix.epoll_wait(epoll, max)?;
        if told.is_empty() { Err(Stop::Blocked(0)) } else { Ok(told) }
    });
    match told {
        Err(Errno::EAGAIN) => 0,
        Err(errno) => answer(Err(errno)),
        Ok(told) => {
            for (n, interest) in told.iter().enumerate() {
                let event = epoll_event { events: interest.events, u64: interest.data };
                // SAFETY: not NULL, and at most `max` were told, for which there is room.
                unsafe { events.add(n).write_unaligned(event) };
            }
            told.len() as c_int
        }
    }
}
