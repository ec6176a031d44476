//! poll, epoll_create, epoll_ctl, epoll_wait.

use crate::shared::{answer, blocking};
use core::ffi::{c_int, c_void};
use libc::{epoll_event, nfds_t, pollfd};
use osier_posix::{Errno, PollFd, Ready, Stop};
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

pub(crate) extern "C" fn epoll_create(_: *mut c_void, _: c_int) -> c_int {
    answer(Err(Errno::ENOSYS))
}

/// # Safety
/// None: it does nothing.
pub(crate) unsafe extern "C" fn epoll_ctl(
    _: *mut c_void,
    _: c_int,
    _: c_int,
    _: c_int,
    _: *mut epoll_event,
) -> c_int {
    answer(Err(Errno::ENOSYS))
}

/// # Safety
/// None: it does nothing.
pub(crate) unsafe extern "C" fn epoll_wait(
    _: *mut c_void,
    _: c_int,
    _: *mut epoll_event,
    _: c_int,
    _: c_int,
) -> c_int {
    answer(Err(Errno::ENOSYS))
}
