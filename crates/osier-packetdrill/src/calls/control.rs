//! fcntl, ioctl, pipe, splice.

use crate::shared::{answer, call};
use core::ffi::{c_int, c_long, c_uint, c_ulong, c_void};
use libc::{loff_t, size_t, ssize_t};
use osier_posix::{Errno, Mode};

/// Octets to be read, not acknowledged, not sent (SIOCINQ, SIOCOUTQ, SIOCOUTQNSD).
const SIOCINQ: c_ulong = 0x541b;
const SIOCOUTQ: c_ulong = 0x5411;
const SIOCOUTQNSD: c_ulong = 0x894b;

pub(crate) extern "C" fn fcntl(_: *mut c_void, fd: c_int, command: c_int, arg: c_long) -> c_int {
    answer(call(|world| {
        let fd = world.fd(fd)?;
        match command {
            libc::F_GETFL => Ok(match world.posix.mode(fd)? {
                Mode::Blocking => libc::O_RDWR,
                Mode::NonBlocking => libc::O_RDWR | libc::O_NONBLOCK,
            }),
            libc::F_SETFL => {
                let waits = arg & c_long::from(libc::O_NONBLOCK) == 0;
                let mode = if waits { Mode::Blocking } else { Mode::NonBlocking };
                world.posix.set_mode(fd, mode).map(|()| 0)
            }
            _ => Err(Errno::EINVAL),
        }
    }))
}

/// # Safety
/// `into` is NULL or may be written.
pub(crate) unsafe extern "C" fn ioctl(
    _: *mut c_void,
    fd: c_int,
    request: c_ulong,
    into: *mut c_int,
) -> c_int {
    answer(call(|world| {
        let fd = world.fd(fd)?;
        let octets = match request {
            SIOCINQ => world.posix.readable(fd)?,
            SIOCOUTQ => world.posix.unacknowledged(fd)?,
            SIOCOUTQNSD => world.posix.unsent(world.now, fd)?,
            _ => return Err(Errno::ENOTTY),
        };
        if into.is_null() {
            return Err(Errno::EFAULT);
        }
        // SAFETY: not NULL, promised by the caller.
        unsafe { into.write(c_int::try_from(octets).unwrap_or(c_int::MAX)) };
        Ok(0)
    }))
}

/// # Safety
/// None: it does nothing.
pub(crate) unsafe extern "C" fn pipe(_: *mut c_void, _: *mut c_int) -> c_int {
    answer(Err(Errno::ENOSYS))
}

/// # Safety
/// None: it does nothing.
pub(crate) unsafe extern "C" fn splice(
    _: *mut c_void,
    _: c_int,
    _: *mut loff_t,
    _: c_int,
    _: *mut loff_t,
    _: size_t,
    _: c_uint,
) -> ssize_t {
    answer(Err(Errno::ENOSYS))
}
