//! How is any option of a socket set and read, by its numbers? See setsockopt(2).

use std::ffi::{c_int, c_void};
use std::io;
use std::os::fd::{AsRawFd, BorrowedFd};

/// `setsockopt(2)`.
pub(crate) fn set(fd: BorrowedFd<'_>, level: i32, name: i32, value: &[u8]) -> io::Result<()> {
    let len = libc::socklen_t::try_from(value.len()).map_err(|_| io::ErrorKind::InvalidInput)?;
    let at = value.as_ptr().cast::<c_void>();
    // SAFETY: the kernel reads `len` octets at `at`, which are those of `value`. Where an option
    // takes an address out of them it only reads there, and answers EFAULT where it cannot.
    done(unsafe { libc::setsockopt(fd.as_raw_fd(), level, name, at, len) })
}

/// `getsockopt(2)`: at most `max` octets.
pub(crate) fn get(fd: BorrowedFd<'_>, level: i32, name: i32, max: usize) -> io::Result<Vec<u8>> {
    let mut value = vec![0u8; max];
    let mut len = libc::socklen_t::try_from(max).map_err(|_| io::ErrorKind::InvalidInput)?;
    let at = value.as_mut_ptr().cast::<c_void>();
    // SAFETY: the kernel writes at most `len` octets at `at`, which are those of `value`, and then
    // how many into `len`. They are zeros before: an option that takes an address to write to out
    // of them (TCP_ZEROCOPY_RECEIVE) finds none.
    done(unsafe { libc::getsockopt(fd.as_raw_fd(), level, name, at, &mut len) })?;
    value.truncate(len as usize);
    Ok(value)
}

fn done(result: c_int) -> io::Result<()> {
    if result == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
}
