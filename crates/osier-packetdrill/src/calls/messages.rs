//! recvmsg, sendmsg: gather lists, addresses and ancillary data.

use crate::calls::streams::{flags_of, transmit};
use crate::foreign::{address, control, gather, octets_mut, room, scatter};
use crate::shared::{answer, blocking};
use core::ffi::{c_int, c_void};
use libc::{msghdr, sockaddr, ssize_t};
use osier_posix::Errno;

/// # Safety
/// `message` is NULL or describes memory as `recvmsg(2)` asks.
pub(crate) unsafe extern "C" fn recvmsg(
    _: *mut c_void,
    fd: c_int,
    message: *mut msghdr,
    flags: c_int,
) -> ssize_t {
    // SAFETY: promised by the caller, where it is not NULL.
    let Some(message) = (unsafe { message.as_mut() }) else { return answer(Err(Errno::EFAULT)) };
    let (list, count) = (message.msg_iov, message.msg_iovlen as c_int);
    // SAFETY: promised by the caller.
    let mut text = match unsafe { room(list, count) } {
        Ok(n) => vec![0; n],
        Err(errno) => return answer(Err(errno)),
    };
    let flags = flags_of(flags);
    let received = blocking(None, |world, _| {
        let own = world.fd(fd)?;
        let received = world.posix.recvmsg(world.now, own, &mut text, flags)?;
        Ok((received, world.posix.getsockname(own)?))
    });
    answer(received.and_then(|(received, name)| {
        let control = control::emit(&received.control, name);
        let room = message.msg_controllen;
        // SAFETY: promised by the caller.
        let into = unsafe { octets_mut(message.msg_control, room.min(control.len())) }?;
        into.copy_from_slice(&control[..into.len()]);
        message.msg_controllen = into.len();
        message.msg_flags = received.flags.0 as c_int;
        if let Some(from) = received.from {
            let into = message.msg_name.cast::<sockaddr>();
            // SAFETY: promised by the caller.
            unsafe { address::write(from, into, &raw mut message.msg_namelen) }?;
        }
        // SAFETY: promised by the caller.
        unsafe { scatter(&text[..received.octets], list, count) }?;
        Ok(received.octets as isize)
    }))
}

/// # Safety
/// `message` is NULL or describes memory as `sendmsg(2)` asks.
pub(crate) unsafe extern "C" fn sendmsg(
    _: *mut c_void,
    fd: c_int,
    message: *const msghdr,
    flags: c_int,
) -> ssize_t {
    // SAFETY: promised by the caller, where it is not NULL.
    let Some(message) = (unsafe { message.as_ref() }) else { return answer(Err(Errno::EFAULT)) };
    // SAFETY: promised by the caller.
    let text = unsafe { gather(message.msg_iov, message.msg_iovlen as c_int) };
    let to = if message.msg_name.is_null() {
        Ok(None)
    } else {
        let name = message.msg_name.cast::<sockaddr>().cast_const();
        // SAFETY: promised by the caller.
        unsafe { address::read(name, message.msg_namelen) }.map(Some)
    };
    answer(text.and_then(|text| transmit(fd, &text, flags_of(flags), to?)))
}
