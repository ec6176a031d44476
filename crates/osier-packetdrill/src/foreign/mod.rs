//! How do C's structures become values, and values C's structures?
//!
//! Buffers, strings, addresses and gather lists, read and written where packetdrill points to. A
//! NULL pointer is EFAULT, as a kernel would answer; every other pointer is believed.

pub(crate) mod address;
pub(crate) mod control;
pub(crate) mod info;

use core::ffi::{CStr, c_char, c_int, c_void};
use libc::iovec;
use osier_posix::Errno;

/// Buffers that one gather list may have (Linux: UIO_MAXIOV).
const IOV_MAX: c_int = 1_024;

/// Sets libc's errno of this thread.
pub(crate) fn set_errno(number: i32) {
    // SAFETY: libc gives a pointer to this thread's errno, which may always be written.
    unsafe { *libc::__errno_location() = number };
}

/// A string of C; NULL is empty.
///
/// # Safety
/// `text` is NULL or a string of C.
pub(crate) unsafe fn text(text: *const c_char) -> String {
    if text.is_null() {
        return String::new();
    }
    // SAFETY: the caller promises a string of C.
    unsafe { CStr::from_ptr(text) }.to_string_lossy().into_owned()
}

/// A buffer to be read.
///
/// # Safety
/// `from` is NULL or points to `len` octets that nobody writes meanwhile.
pub(crate) unsafe fn octets<'a>(from: *const c_void, len: usize) -> Result<&'a [u8], Errno> {
    if len == 0 {
        return Ok(&[]);
    }
    if from.is_null() {
        return Err(Errno::EFAULT);
    }
    // SAFETY: not NULL, and the caller promises the octets.
    Ok(unsafe { core::slice::from_raw_parts(from.cast(), len) })
}

/// A buffer to be written.
///
/// # Safety
/// `into` is NULL or points to `len` octets that nobody else touches meanwhile.
pub(crate) unsafe fn octets_mut<'a>(into: *mut c_void, len: usize) -> Result<&'a mut [u8], Errno> {
    if len == 0 {
        return Ok(&mut []);
    }
    if into.is_null() {
        return Err(Errno::EFAULT);
    }
    // SAFETY: not NULL, and the caller promises the octets.
    Ok(unsafe { core::slice::from_raw_parts_mut(into.cast(), len) })
}

/// The buffers of a gather list.
///
/// # Safety
/// `list` is NULL or points to `count` entries.
pub(crate) unsafe fn list<'a>(list: *const iovec, count: c_int) -> Result<&'a [iovec], Errno> {
    if !(0..=IOV_MAX).contains(&count) {
        return Err(Errno::EINVAL);
    }
    if count == 0 {
        return Ok(&[]);
    }
    if list.is_null() {
        return Err(Errno::EFAULT);
    }
    // SAFETY: not NULL, and the caller promises the entries.
    Ok(unsafe { core::slice::from_raw_parts(list, count as usize) })
}

/// All octets of a gather list, in one piece.
///
/// # Safety
/// As [`list`], and each entry as for [`octets`].
pub(crate) unsafe fn gather(entries: *const iovec, count: c_int) -> Result<Vec<u8>, Errno> {
    let mut all = Vec::new();
    // SAFETY: promised by the caller.
    for entry in unsafe { list(entries, count) }? {
        // SAFETY: promised by the caller.
        all.extend_from_slice(unsafe { octets(entry.iov_base, entry.iov_len) }?);
    }
    Ok(all)
}

/// How much a scatter list takes; EFAULT where a part of it is NULL.
///
/// # Safety
/// As [`list`].
pub(crate) unsafe fn room(entries: *const iovec, count: c_int) -> Result<usize, Errno> {
    // SAFETY: promised by the caller.
    let entries = unsafe { list(entries, count) }?;
    if entries.iter().any(|entry| entry.iov_base.is_null() && entry.iov_len > 0) {
        return Err(Errno::EFAULT);
    }
    Ok(entries.iter().map(|entry| entry.iov_len).sum())
}

/// Writes octets into a scatter list.
///
/// # Safety
/// As [`list`], and each entry as for [`octets_mut`].
pub(crate) unsafe fn scatter(
    mut from: &[u8],
    entries: *const iovec,
    count: c_int,
) -> Result<(), Errno> {
    // SAFETY: promised by the caller.
    for entry in unsafe { list(entries, count) }? {
        let n = from.len().min(entry.iov_len);
        // SAFETY: promised by the caller.
        unsafe { octets_mut(entry.iov_base, n) }?.copy_from_slice(&from[..n]);
        from = &from[n..];
    }
    Ok(())
}
