//! socket, bind, listen, accept, connect, shutdown, close.

use crate::foreign::address;
use crate::shared::{answer, blocking, call};
use crate::world::World;
use core::ffi::{c_int, c_void};
use libc::{sockaddr, socklen_t};
use osier_posix::{Errno, Family, Fd, How, Kind, Mode};
use std::fs::File;
use std::os::fd::{FromRawFd, IntoRawFd, OwnedFd};

/// A real descriptor that stands for ours: packetdrill closes those that a script leaves open.
pub(crate) fn token(world: &mut World, fd: Fd) -> Result<c_int, Errno> {
    let real = File::open("/dev/null").map_err(|_| Errno::EMFILE)?.into_raw_fd();
    world.keep_token(real, fd);
    Ok(real)
}

/// Closes a real descriptor.
pub(crate) fn give_back(token: c_int) {
    // SAFETY: we opened it and nobody else closes it: its entry in the table was just removed.
    drop(unsafe { OwnedFd::from_raw_fd(token) });
}

pub(crate) extern "C" fn socket(_: *mut c_void, domain: c_int, kind: c_int, _: c_int) -> c_int {
    let mode = mode_of(kind);
    let family = match domain {
        libc::AF_INET => Family::Inet,
        libc::AF_INET6 => Family::Inet6,
        _ => return answer(Err(Errno::EAFNOSUPPORT)),
    };
    let kind = match kind & !(libc::SOCK_NONBLOCK | libc::SOCK_CLOEXEC) {
        libc::SOCK_STREAM => Kind::Stream,
        libc::SOCK_DGRAM => Kind::Datagram,
        _ => return answer(Err(Errno::ESOCKTNOSUPPORT)),
    };
    answer(call(|world| {
        let fd = world.posix.socket(family, kind, mode)?;
        token(world, fd)
    }))
}

fn mode_of(kind: c_int) -> Mode {
    if kind & libc::SOCK_NONBLOCK == 0 { Mode::Blocking } else { Mode::NonBlocking }
}

/// # Safety
/// `at` is NULL or points to `len` octets.
pub(crate) unsafe extern "C" fn bind(
    _: *mut c_void,
    fd: c_int,
    at: *const sockaddr,
    len: socklen_t,
) -> c_int {
    // SAFETY: promised by the caller.
    let at = unsafe { address::read(at, len) };
    answer(call(|world| {
        let fd = world.fd(fd)?;
        world.posix.bind(fd, at?).map(|()| 0)
    }))
}

pub(crate) extern "C" fn listen(_: *mut c_void, fd: c_int, backlog: c_int) -> c_int {
    answer(call(|world| {
        let fd = world.fd(fd)?;
        world.posix.listen(fd, backlog).map(|()| 0)
    }))
}

/// # Safety
/// `from` and `len` are NULL or may be written.
pub(crate) unsafe extern "C" fn accept(
    _: *mut c_void,
    fd: c_int,
    from: *mut sockaddr,
    len: *mut socklen_t,
) -> c_int {
    let accepted = blocking(None, |world, _| {
        let fd = world.fd(fd)?;
        let (accepted, peer) = world.posix.accept(world.now, fd, Mode::Blocking)?;
        Ok((token(world, accepted)?, peer))
    });
    answer(accepted.and_then(|(fd, peer)| {
        // SAFETY: promised by the caller.
        unsafe { address::write(peer, from, len) }.map(|()| fd)
    }))
}

/// # Safety
/// `to` is NULL or points to `len` octets.
pub(crate) unsafe extern "C" fn connect(
    _: *mut c_void,
    fd: c_int,
    to: *const sockaddr,
    len: socklen_t,
) -> c_int {
    // SAFETY: promised by the caller.
    let to = unsafe { address::read(to, len) };
    let mut begun = false;
    answer(blocking(None, |world, _| {
        let fd = world.fd(fd)?;
        if begun {
            return world.posix.connected(fd).map(|()| 0);
        }
        begun = true;
        world.posix.connect(world.now, fd, to?).map(|()| 0)
    }))
}

pub(crate) extern "C" fn shutdown(_: *mut c_void, fd: c_int, how: c_int) -> c_int {
    let how = match how {
        libc::SHUT_RD => How::Read,
        libc::SHUT_WR => How::Write,
        libc::SHUT_RDWR => How::Both,
        _ => return answer(Err(Errno::EINVAL)),
    };
    answer(call(|world| {
        let fd = world.fd(fd)?;
        world.posix.shutdown(world.now, fd, how).map(|()| 0)
    }))
}

pub(crate) extern "C" fn close(_: *mut c_void, token: c_int) -> c_int {
    answer(call(|world| {
        let fd = world.fd(token)?;
        world.posix.close(world.now, fd)?;
        world.drop_token(token);
        give_back(token);
        Ok(0)
    }))
}
