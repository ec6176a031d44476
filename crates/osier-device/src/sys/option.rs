//! How is any option of a socket set and read, by its numbers? See setsockopt(2).

use std::ffi::{c_int, c_void};
use std::io;
use std::os::fd::{AsRawFd, BorrowedFd};

/// `setsockopt(2)`.
pub(crate) fn set(fd: BorrowedFd<'_>, level: i32, name: i32, value: &[u8]) -> io::Result<()> {
    let len = libc::socklen_t::try_from(value.len()).map_err(|_| io::ErrorKind::InvalidInput)?;
    let at = value.as_ptr().cast::<c_void>();
    // SAFETY: the kernel reads `len` octets at `at`, which are those of `value`.
    done(unsafe { libc::setsockopt(fd.as_raw_fd(), level, name, at, len) })
}

/// `getsockopt(2)` into `value`: how many octets there were.
pub(crate) fn get(
    fd: BorrowedFd<'_>,
    level: i32,
    name: i32,
    value: &mut [u8],
) -> io::Result<usize> {
    let mut len = libc::socklen_t::try_from(value.len()).unwrap_or(libc::socklen_t::MAX);
    let at = value.as_mut_ptr().cast::<c_void>();
    // SAFETY: the kernel writes at most `len` octets at `at`, which are those of `value`, and then
    // how many into `len`.
    done(unsafe { libc::getsockopt(fd.as_raw_fd(), level, name, at, &mut len) })?;
    Ok((len as usize).min(value.len()))
}

fn done(result: c_int) -> io::Result<()> {
    if result == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
}
