//! The system's own `getsockopt`, in front of which ours stands when the library is preloaded.
//!
//! packetdrill asks it for `tcp_info`, around the table. A descriptor of ours is answered here;
//! every other goes to the kernel.

use crate::calls::options;
use crate::shared::with;
use core::ffi::{c_int, c_void};
use libc::socklen_t;

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
    if with(|world| world.fd(fd).is_ok()) == Some(true) {
        // SAFETY: promised by the caller.
        return unsafe { options::getsockopt(core::ptr::null_mut(), fd, level, number, into, len) };
    }
    // SAFETY: the call's own arguments, handed on unchanged.
    unsafe { libc::syscall(libc::SYS_getsockopt, fd, level, number, into, len) as c_int }
}
