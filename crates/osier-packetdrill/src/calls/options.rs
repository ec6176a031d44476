//! getsockopt, setsockopt.

use crate::foreign::{info, octets, octets_mut};
use crate::shared::{answer, call};
use core::ffi::{c_int, c_void};
use libc::{linger, socklen_t, timeval};
use osier_posix::{Errno, Name, Value};
use osier_time::Duration;

/// # Safety
/// `len` may be written; `into` has `*len` octets.
pub(crate) unsafe extern "C" fn getsockopt(
    _: *mut c_void,
    fd: c_int,
    level: c_int,
    number: c_int,
    into: *mut c_void,
    len: *mut socklen_t,
) -> c_int {
    let value = call(|world| {
        let fd = world.fd(fd)?;
        let now = world.now;
        info::of_socket((level, number)).unwrap_or_else(|| {
            let name = Name::of_numbers(level, number).ok_or(Errno::ENOPROTOOPT)?;
            Ok(emit(&world.posix.getsockopt(now, fd, name)?))
        })
    });
    // SAFETY: promised by the caller.
    answer(value.and_then(|value| unsafe { put(&value, into, len) }))
}

/// Writes an option's value, as much as there is room for.
///
/// # Safety
/// `len` is NULL or may be written; `into` is NULL or has `*len` octets.
unsafe fn put(value: &[u8], into: *mut c_void, len: *mut socklen_t) -> Result<c_int, Errno> {
    if len.is_null() {
        return Err(Errno::EFAULT);
    }
    // SAFETY: not NULL, promised by the caller.
    let n = value.len().min(unsafe { *len } as usize);
    // SAFETY: promised by the caller.
    unsafe { octets_mut(into, n) }?.copy_from_slice(&value[..n]);
    // SAFETY: not NULL, promised by the caller.
    unsafe { *len = n as socklen_t };
    Ok(0)
}

/// An option's value as octets.
fn emit(value: &Value) -> Vec<u8> {
    match value {
        Value::Int(n) => n.to_ne_bytes().to_vec(),
        Value::Linger(time) => {
            let seconds = time.map_or(0, |time| time.as_secs() as c_int);
            [c_int::from(time.is_some()).to_ne_bytes(), seconds.to_ne_bytes()].concat()
        }
        Value::Time(time) => {
            let micros = (time.as_micros() % 1_000_000) as i64;
            [(time.as_secs() as i64).to_ne_bytes(), micros.to_ne_bytes()].concat()
        }
        Value::Octets(octets) => octets.clone(),
        Value::Text(text) => [text.as_bytes(), &[0]].concat(),
        Value::Info(info) => info::emit(info),
    }
}

/// # Safety
/// `from` is NULL or has `len` octets.
pub(crate) unsafe extern "C" fn setsockopt(
    _: *mut c_void,
    fd: c_int,
    level: c_int,
    number: c_int,
    from: *const c_void,
    len: socklen_t,
) -> c_int {
    // SAFETY: promised by the caller.
    let value = unsafe { octets(from, len as usize) };
    answer(call(|world| {
        let fd = world.fd(fd)?;
        let name = Name::of_numbers(level, number).ok_or(Errno::ENOPROTOOPT)?;
        let value = parse(name, value?)?;
        world.posix.setsockopt(world.now, fd, name, value).map(|()| 0)
    }))
}

/// An option's value from octets.
fn parse(name: Name, octets: &[u8]) -> Result<Value, Errno> {
    let int = |at: usize| -> Result<i32, Errno> {
        let octets = octets.get(at..at + 4).ok_or(Errno::EINVAL)?;
        Ok(i32::from_ne_bytes(octets.try_into().map_err(|_| Errno::EINVAL)?))
    };
    Ok(match name {
        Name::Linger if octets.len() >= size_of::<linger>() => {
            let seconds = u64::try_from(int(4)?).unwrap_or(0);
            Value::Linger((int(0)? != 0).then(|| Duration::from_secs(seconds)))
        }
        Name::ReceiveTimeout | Name::SendTimeout if octets.len() >= size_of::<timeval>() => {
            let (seconds, micros) = (int(0)?, int(8)?);
            let micros = u64::try_from(seconds).unwrap_or(0) * 1_000_000 + micros.max(0) as u64;
            Value::Time(Duration::from_micros(micros))
        }
        Name::FastOpenKey => Value::Octets(octets.to_vec()),
        Name::Congestion => {
            let text = octets.split(|octet| *octet == 0).next().unwrap_or_default();
            Value::Text(String::from_utf8_lossy(text).into_owned())
        }
        // Linux: an option of IP may be one octet long.
        _ if octets.len() < 4 && name.numbers().0 == libc::IPPROTO_IP && !octets.is_empty() => {
            Value::Int(i32::from(octets[0]))
        }
        _ => Value::Int(int(0)?),
    })
}
