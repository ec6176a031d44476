//! The system's own `getsockopt` and `sendfile`, in front of which ours stand when the library is
//! preloaded.
//!
//! packetdrill calls them around the table: the one for `tcp_info`, the other because the table has
//! none. A descriptor of ours is answered here; every other goes to the kernel.

use crate::calls::{options, streams};
use crate::shared::{answer, with};
use core::ffi::{c_int, c_void};
use libc::{off_t, size_t, socklen_t, ssize_t};
use osier_posix::{Errno, Flags};

/// How much of a file is read at once.
const PIECE: usize = 64 << 10;

fn is_ours(fd: c_int) -> bool {
    with(|world| world.fd(fd).is_ok()) == Some(true)
}

/// `getsockopt(2)`.
///
/// # Safety
/// As in C: `len` may be written, and `into` has `*len` octets.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn getsockopt(
    fd: c_int,
    level: c_int,
    number: c_int,
    into: *mut c_void,
    len: *mut socklen_t,
) -> c_int {
    if is_ours(fd) {
        // SAFETY: promised by the caller.
        return unsafe { options::getsockopt(core::ptr::null_mut(), fd, level, number, into, len) };
    }
    // SAFETY: the call's own arguments, handed on unchanged.
    unsafe { libc::syscall(libc::SYS_getsockopt, fd, level, number, into, len) as c_int }
}

/// `sendfile(2)` into a socket of ours.
///
/// # Safety
/// As in C: `offset` is NULL or may be read and written.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sendfile(
    socket: c_int,
    file: c_int,
    offset: *mut off_t,
    count: size_t,
) -> ssize_t {
    if !is_ours(socket) {
        // SAFETY: the call's own arguments, handed on unchanged.
        return unsafe {
            libc::syscall(libc::SYS_sendfile, socket, file, offset, count) as ssize_t
        };
    }
    let mut sent = 0;
    while sent < count {
        // SAFETY: promised by the caller.
        let piece = match unsafe { read_from(file, offset, (count - sent).min(PIECE)) } {
            Ok(piece) if piece.is_empty() => break,
            Ok(piece) => piece,
            Err(errno) => return answer(Err(errno)),
        };
        let taken = match streams::transmit(socket, &piece, Flags::NONE, None) {
            Ok(taken) => taken as usize,
            Err(_) if sent > 0 => break,
            Err(errno) => return answer(Err(errno)),
        };
        // SAFETY: promised by the caller.
        if let Err(errno) = unsafe { go_on(file, offset, taken) } {
            return answer(Err(errno));
        }
        sent += taken;
        if taken < piece.len() {
            break;
        }
    }
    sent as ssize_t
}

/// What stands in a file at the offset, or where there is none at the file's own position.
///
/// # Safety
/// `offset` is NULL or may be read.
unsafe fn read_from(file: c_int, offset: *const off_t, len: usize) -> Result<Vec<u8>, Errno> {
    let mut piece = vec![0; len];
    let at = if offset.is_null() {
        // SAFETY: it asks where the file stands, and moves nothing.
        unsafe { libc::lseek(file, 0, libc::SEEK_CUR) }
    } else {
        // SAFETY: not NULL, promised by the caller.
        unsafe { offset.read() }
    };
    // SAFETY: there are so many octets to write to.
    let read = unsafe { libc::pread(file, piece.as_mut_ptr().cast(), len, at) };
    piece.truncate(usize::try_from(read).map_err(|_| Errno::EINVAL)?);
    Ok(piece)
}

/// So much of the file was taken.
///
/// # Safety
/// `offset` is NULL or may be read and written.
unsafe fn go_on(file: c_int, offset: *mut off_t, taken: usize) -> Result<(), Errno> {
    let taken = taken as off_t;
    if !offset.is_null() {
        // SAFETY: not NULL, promised by the caller.
        unsafe { offset.write(offset.read() + taken) };
        return Ok(());
    }
    // SAFETY: it moves the file's own position.
    match unsafe { libc::lseek(file, taken, libc::SEEK_CUR) } {
        -1 => Err(Errno::EINVAL),
        _ => Ok(()),
    }
}
