//! read, readv, recv, recvfrom, write, writev, send, sendto.

use crate::foreign::{address, gather, octets, octets_mut, room, scatter};
use crate::shared::{answer, blocking};
use core::ffi::{c_int, c_void};
use core::net::SocketAddr;
use libc::{iovec, size_t, sockaddr, socklen_t, ssize_t};
use osier_posix::{Errno, Flags, Stop};

/// So much at most is thrown away in one call.
const THROWN_MAX: usize = 1 << 20;

/// The flags of a call.
pub(crate) fn flags_of(flags: c_int) -> Flags {
    Flags(flags as u32)
}

fn receive(fd: c_int, into: &mut [u8], flags: Flags) -> Result<(isize, Option<SocketAddr>), Errno> {
    blocking(None, |world, _| {
        let fd = world.fd(fd)?;
        let (n, from) = world.posix.recvfrom(world.now, fd, into, flags)?;
        Ok((n as isize, from))
    })
}

/// Sends all of it, as far as the descriptor takes it.
pub(crate) fn transmit(
    fd: c_int,
    text: &[u8],
    flags: Flags,
    to: Option<SocketAddr>,
) -> Result<isize, Errno> {
    blocking(None, |world, done| {
        let fd = world.fd(fd)?;
        match world.posix.sendto(world.now, fd, &text[done..], (flags, to)) {
            Err(Stop::Errno(errno)) => Ok(world.posix.cut_short(fd, done, errno)? as isize),
            other => other.map(|n| (done + n) as isize),
        }
    })
}

/// Whether an address has no family: Linux opens nothing towards it.
fn is_unspecified(address: *const sockaddr) -> bool {
    // SAFETY: it is not NULL and has at least the two octets of its family, as its caller saw.
    unsafe { address.cast::<u16>().read_unaligned() == libc::AF_UNSPEC as u16 }
}

/// # Safety
/// `into` is NULL or has `len` octets.
pub(crate) unsafe extern "C" fn read(
    u: *mut c_void,
    fd: c_int,
    into: *mut c_void,
    len: size_t,
) -> ssize_t {
    // SAFETY: promised by the caller.
    unsafe { recv(u, fd, into, len, 0) }
}

/// # Safety
/// `into` is NULL or has `len` octets.
pub(crate) unsafe extern "C" fn recv(
    _: *mut c_void,
    fd: c_int,
    into: *mut c_void,
    len: size_t,
    flags: c_int,
) -> ssize_t {
    // Linux: what is thrown away needs no room.
    if into.is_null() && flags & libc::MSG_TRUNC != 0 {
        let mut thrown = vec![0; len.min(THROWN_MAX)];
        return answer(receive(fd, &mut thrown, flags_of(flags)).map(|(n, _)| n));
    }
    // SAFETY: promised by the caller.
    let into = unsafe { octets_mut(into, len) };
    answer(into.and_then(|into| Ok(receive(fd, into, flags_of(flags))?.0)))
}

/// # Safety
/// `list` is NULL or has `count` entries, each NULL or with its octets.
pub(crate) unsafe extern "C" fn readv(
    _: *mut c_void,
    fd: c_int,
    list: *const iovec,
    count: c_int,
) -> ssize_t {
    // SAFETY: promised by the caller.
    let mut text = match unsafe { room(list, count) } {
        Ok(n) => vec![0; n],
        Err(errno) => return answer(Err(errno)),
    };
    answer(receive(fd, &mut text, Flags::NONE).and_then(|(n, _)| {
        // SAFETY: promised by the caller.
        unsafe { scatter(&text[..n as usize], list, count) }.map(|()| n)
    }))
}

/// # Safety
/// `into` is NULL or has `len` octets; `from` and `from_len` are NULL or may be written.
pub(crate) unsafe extern "C" fn recvfrom(
    _: *mut c_void,
    fd: c_int,
    into: *mut c_void,
    len: size_t,
    flags: c_int,
    from: *mut sockaddr,
    from_len: *mut socklen_t,
) -> ssize_t {
    // SAFETY: promised by the caller.
    let into = match unsafe { octets_mut(into, len) } {
        Ok(into) => into,
        Err(errno) => return answer(Err(errno)),
    };
    answer(receive(fd, into, flags_of(flags)).and_then(|(n, sender)| {
        if let Some(sender) = sender {
            // SAFETY: promised by the caller.
            unsafe { address::write(sender, from, from_len) }?;
        }
        Ok(n)
    }))
}

/// # Safety
/// `from` is NULL or has `len` octets.
pub(crate) unsafe extern "C" fn write(
    u: *mut c_void,
    fd: c_int,
    from: *const c_void,
    len: size_t,
) -> ssize_t {
    // SAFETY: promised by the caller.
    unsafe { send(u, fd, from, len, 0) }
}

/// # Safety
/// `from` is NULL or has `len` octets.
pub(crate) unsafe extern "C" fn send(
    _: *mut c_void,
    fd: c_int,
    from: *const c_void,
    len: size_t,
    flags: c_int,
) -> ssize_t {
    // SAFETY: promised by the caller.
    let from = unsafe { octets(from, len) };
    answer(from.and_then(|from| transmit(fd, from, flags_of(flags), None)))
}

/// # Safety
/// `list` is NULL or has `count` entries, each NULL or with its octets.
pub(crate) unsafe extern "C" fn writev(
    _: *mut c_void,
    fd: c_int,
    list: *const iovec,
    count: c_int,
) -> ssize_t {
    // SAFETY: promised by the caller.
    let text = unsafe { gather(list, count) };
    answer(text.and_then(|text| transmit(fd, &text, Flags::NONE, None)))
}

/// # Safety
/// `from` is NULL or has `len` octets; `to` is NULL or has `to_len` octets.
pub(crate) unsafe extern "C" fn sendto(
    _: *mut c_void,
    fd: c_int,
    from: *const c_void,
    len: size_t,
    flags: c_int,
    to: *const sockaddr,
    to_len: socklen_t,
) -> ssize_t {
    let to = if to.is_null() {
        Ok(None)
    } else if flags & libc::MSG_FASTOPEN != 0 && to_len >= 2 && is_unspecified(to) {
        Err(Errno::EOPNOTSUPP)
    } else {
        // SAFETY: promised by the caller.
        unsafe { address::read(to, to_len) }.map(Some)
    };
    // SAFETY: promised by the caller.
    let from = unsafe { octets(from, len) };
    answer(from.and_then(|from| transmit(fd, from, flags_of(flags), to?)))
}
