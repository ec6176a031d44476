//! Packets and time: netdev_send, netdev_receive, usleep, gettimeofday.

use crate::foreign::{octets, octets_mut};
use crate::shared::{advance, answer, end, hear_out, look, with};
use core::ffi::{c_int, c_longlong, c_uint, c_void};
use libc::{size_t, timeval};
use osier_posix::Errno;
use osier_time::{Duration, Instant};

/// The script is over.
pub(crate) extern "C" fn free(_: *mut c_void) {
    end();
}

/// A packet of the script arrives.
///
/// # Safety
/// `packet` is NULL or points to `len` octets.
pub(crate) unsafe extern "C" fn netdev_send(
    _: *mut c_void,
    packet: *const c_void,
    len: size_t,
) -> c_int {
    // SAFETY: promised by the caller.
    let packet = match unsafe { octets(packet, len) } {
        Ok(packet) => packet,
        Err(errno) => return answer(Err(errno)),
    };
    with(|world| world.packet_in(packet)).map_or(-1, |()| 0)
}

/// The next packet that was sent, and when. Where there is none, time moves until there is one; a
/// packet of no octets where none will ever come.
///
/// # Safety
/// `len` and `micros` may be written; `into` has `*len` octets.
pub(crate) unsafe extern "C" fn netdev_receive(
    _: *mut c_void,
    into: *mut c_void,
    len: *mut size_t,
    micros: *mut c_longlong,
) -> c_int {
    if len.is_null() || micros.is_null() {
        return answer(Err(Errno::EFAULT));
    }
    let Some(end) = with(|world| world.patience()) else { return -1 };
    advance(end, |world| world.has_packet() || world.is_idle());
    let (sent, packet) =
        with(|world| world.take_packet().unwrap_or((world.now, bytes::Bytes::new())))
            .unwrap_or((Instant::ZERO, bytes::Bytes::new()));
    // SAFETY: not NULL, promised by the caller.
    let room = unsafe { *len };
    let n = packet.len().min(room);
    // SAFETY: promised by the caller.
    match unsafe { octets_mut(into, n) } {
        Ok(into) => into.copy_from_slice(&packet[..n]),
        Err(errno) => return answer(Err(errno)),
    }
    // SAFETY: neither is NULL, promised by the caller.
    unsafe {
        *len = n;
        *micros = (sent.as_nanos() / 1_000) as c_longlong;
    }
    0
}

/// Time passes.
pub(crate) extern "C" fn usleep(_: *mut c_void, micros: c_uint) -> c_int {
    let Some(now) = with(|world| world.now) else { return -1 };
    hear_out();
    advance(now + Duration::from_micros(u64::from(micros)), |_| false);
    hear_out();
    0
}

/// What time is it?
///
/// # Safety
/// `into` is NULL or may be written.
pub(crate) unsafe extern "C" fn gettimeofday(
    _: *mut c_void,
    into: *mut timeval,
    _: *mut c_void,
) -> c_int {
    let Some(now) = look() else { return -1 };
    let micros = now.as_nanos() / 1_000;
    let time = timeval {
        tv_sec: (micros / 1_000_000) as libc::time_t,
        tv_usec: (micros % 1_000_000) as libc::suseconds_t,
    };
    if into.is_null() {
        return answer(Err(Errno::EFAULT));
    }
    // SAFETY: not NULL, promised by the caller.
    unsafe { into.write(time) };
    0
}
