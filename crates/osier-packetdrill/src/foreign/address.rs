//! How is a socket address written in C? (ip(7), ipv6(7))

use super::{octets, octets_mut};
use core::ffi::c_void;
use core::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use libc::{sockaddr, socklen_t};
use osier_posix::Errno;

/// `struct sockaddr_in`, and its used part: family, port, address.
const IN_LEN: usize = 16;
/// `struct sockaddr_in6`.
const IN6_LEN: usize = 28;

/// Reads an address.
///
/// # Safety
/// `from` is NULL or points to `len` octets.
pub(crate) unsafe fn read(from: *const sockaddr, len: socklen_t) -> Result<SocketAddr, Errno> {
    // SAFETY: promised by the caller.
    let octets = unsafe { octets(from.cast::<c_void>(), len as usize) }?;
    parse(octets)
}

fn parse(octets: &[u8]) -> Result<SocketAddr, Errno> {
    let [a, b, high, low, rest @ ..] = octets else { return Err(Errno::EINVAL) };
    let port = u16::from_be_bytes([*high, *low]);
    match i32::from(u16::from_ne_bytes([*a, *b])) {
        libc::AF_INET if octets.len() >= IN_LEN => {
            let ip: [u8; 4] = rest[..4].try_into().map_err(|_| Errno::EINVAL)?;
            Ok(SocketAddr::from((Ipv4Addr::from(ip), port)))
        }
        libc::AF_INET6 if octets.len() >= IN6_LEN - 4 => {
            let ip: [u8; 16] = rest[4..20].try_into().map_err(|_| Errno::EINVAL)?;
            Ok(SocketAddr::from((Ipv6Addr::from(ip), port)))
        }
        libc::AF_INET | libc::AF_INET6 => Err(Errno::EINVAL),
        _ => Err(Errno::EAFNOSUPPORT),
    }
}

/// Writes an address where there is room, and how long it is.
///
/// # Safety
/// Both are NULL or may be written; `into` has `*len` octets.
pub(crate) unsafe fn write(
    address: SocketAddr,
    into: *mut sockaddr,
    len: *mut socklen_t,
) -> Result<(), Errno> {
    if into.is_null() || len.is_null() {
        return Ok(());
    }
    let whole = emit(address);
    // SAFETY: not NULL, promised by the caller.
    let room = unsafe { *len } as usize;
    let n = whole.len().min(room);
    // SAFETY: promised by the caller.
    unsafe { octets_mut(into.cast::<c_void>(), n) }?.copy_from_slice(&whole[..n]);
    // SAFETY: not NULL, promised by the caller.
    unsafe { *len = whole.len() as socklen_t };
    Ok(())
}

pub(crate) fn emit(address: SocketAddr) -> Vec<u8> {
    let port = address.port().to_be_bytes();
    match address {
        SocketAddr::V4(v4) => {
            let family = (libc::AF_INET as u16).to_ne_bytes();
            [&family[..], &port, &v4.ip().octets(), &[0; 8]].concat()
        }
        SocketAddr::V6(v6) => {
            let family = (libc::AF_INET6 as u16).to_ne_bytes();
            [&family[..], &port, &[0; 4], &v6.ip().octets(), &[0; 4]].concat()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{emit, parse};
    use osier_posix::Errno;

    #[test]
    fn addresses_survive_the_way_through_c() {
        for text in ["192.0.2.1:80", "[fd00::1]:443"] {
            let address = text.parse().unwrap();
            assert_eq!(parse(&emit(address)), Ok(address));
        }
        assert_eq!(parse(&[2, 0, 0]), Err(Errno::EINVAL));
        assert_eq!(parse(&[99; 28]), Err(Errno::EAFNOSUPPORT));
    }
}
