//! What stands in packetdrill's table? (`struct packetdrill_interface`)
//!
//! The table in the order of `packetdrill.h`, every entry filled: a NULL entry would end the
//! program when a script uses it. `fcntl` and `ioctl` are variadic in C; each is used with at most
//! one argument more, which a function with that argument receives on x86-64 and on arm64 Linux.

use crate::calls::{control, messages, network, open, options, ready, streams};
use crate::shared;
use core::ffi::{c_char, c_int, c_long, c_longlong, c_uint, c_ulong, c_void};
use libc::{
    epoll_event, iovec, loff_t, msghdr, nfds_t, pollfd, size_t, sockaddr, socklen_t, ssize_t,
    timeval,
};

/// What each function gets first and none needs: the world is one per process.
type U = *mut c_void;

/// packetdrill's table of functions, in its parts.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct Interface {
    /// Handed to each function.
    pub userdata: U,
    /// The script is over.
    pub free: extern "C" fn(U),
    /// The calls, in the order of C.
    pub open: Open,
    /// As above.
    pub receive: Receive,
    /// As above.
    pub send: Send,
    /// As above.
    pub control: Control,
    /// As above.
    pub network: Network,
    /// As above.
    pub others: Others,
}

/// The calls for opening and naming.
#[repr(C)]
#[derive(Clone, Copy)]
#[allow(missing_docs, reason = "each is the system call of its name")]
pub struct Open {
    pub socket: extern "C" fn(U, c_int, c_int, c_int) -> c_int,
    pub bind: unsafe extern "C" fn(U, c_int, *const sockaddr, socklen_t) -> c_int,
    pub listen: extern "C" fn(U, c_int, c_int) -> c_int,
    pub accept: unsafe extern "C" fn(U, c_int, *mut sockaddr, *mut socklen_t) -> c_int,
    pub connect: unsafe extern "C" fn(U, c_int, *const sockaddr, socklen_t) -> c_int,
}

/// The calls for what was received.
#[repr(C)]
#[derive(Clone, Copy)]
#[allow(missing_docs, reason = "each is the system call of its name")]
pub struct Receive {
    pub read: unsafe extern "C" fn(U, c_int, *mut c_void, size_t) -> ssize_t,
    pub readv: unsafe extern "C" fn(U, c_int, *const iovec, c_int) -> ssize_t,
    pub recv: unsafe extern "C" fn(U, c_int, *mut c_void, size_t, c_int) -> ssize_t,
    pub recvfrom: unsafe extern "C" fn(
        U,
        c_int,
        *mut c_void,
        size_t,
        c_int,
        *mut sockaddr,
        *mut socklen_t,
    ) -> ssize_t,
    pub recvmsg: unsafe extern "C" fn(U, c_int, *mut msghdr, c_int) -> ssize_t,
}

/// The calls for what is to be sent.
#[repr(C)]
#[derive(Clone, Copy)]
#[allow(missing_docs, reason = "each is the system call of its name")]
pub struct Send {
    pub write: unsafe extern "C" fn(U, c_int, *const c_void, size_t) -> ssize_t,
    pub writev: unsafe extern "C" fn(U, c_int, *const iovec, c_int) -> ssize_t,
    pub send: unsafe extern "C" fn(U, c_int, *const c_void, size_t, c_int) -> ssize_t,
    pub sendto: unsafe extern "C" fn(
        U,
        c_int,
        *const c_void,
        size_t,
        c_int,
        *const sockaddr,
        socklen_t,
    ) -> ssize_t,
    pub sendmsg: unsafe extern "C" fn(U, c_int, *const msghdr, c_int) -> ssize_t,
}

/// The calls for what else is asked of a descriptor.
#[repr(C)]
#[derive(Clone, Copy)]
#[allow(missing_docs, reason = "each is the system call of its name")]
pub struct Control {
    pub fcntl: extern "C" fn(U, c_int, c_int, c_long) -> c_int,
    pub ioctl: unsafe extern "C" fn(U, c_int, c_ulong, *mut c_int) -> c_int,
    pub close: extern "C" fn(U, c_int) -> c_int,
    pub shutdown: extern "C" fn(U, c_int, c_int) -> c_int,
    pub getsockopt:
        unsafe extern "C" fn(U, c_int, c_int, c_int, *mut c_void, *mut socklen_t) -> c_int,
    pub setsockopt: unsafe extern "C" fn(U, c_int, c_int, c_int, *const c_void, socklen_t) -> c_int,
    pub poll: unsafe extern "C" fn(U, *mut pollfd, nfds_t, c_int) -> c_int,
}

/// The calls for packets and time.
#[repr(C)]
#[derive(Clone, Copy)]
#[allow(missing_docs, reason = "each is the system call of its name")]
pub struct Network {
    pub netdev_send: unsafe extern "C" fn(U, *const c_void, size_t) -> c_int,
    pub netdev_receive: unsafe extern "C" fn(U, *mut c_void, *mut size_t, *mut c_longlong) -> c_int,
    pub usleep: extern "C" fn(U, c_uint) -> c_int,
    pub gettimeofday: unsafe extern "C" fn(U, *mut timeval, *mut c_void) -> c_int,
}

/// The calls for descriptors that are no sockets.
#[repr(C)]
#[derive(Clone, Copy)]
#[allow(missing_docs, reason = "each is the system call of its name")]
pub struct Others {
    pub epoll_create: extern "C" fn(U, c_int) -> c_int,
    pub epoll_ctl: unsafe extern "C" fn(U, c_int, c_int, c_int, *mut epoll_event) -> c_int,
    pub epoll_wait: unsafe extern "C" fn(U, c_int, *mut epoll_event, c_int, c_int) -> c_int,
    pub pipe: unsafe extern "C" fn(U, *mut c_int) -> c_int,
    pub splice:
        unsafe extern "C" fn(U, c_int, *mut loff_t, c_int, *mut loff_t, size_t, c_uint) -> ssize_t,
}

/// Fills packetdrill's table. `flags` is what `--so_flags` says, or NULL.
///
/// # Safety
/// `flags` is NULL or a string of C; `out` is NULL or a table that may be written.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn packetdrill_interface_init(flags: *const c_char, out: *mut Interface) {
    // SAFETY: the caller promises a string of C or NULL.
    let flags = unsafe { crate::foreign::text(flags) };
    shared::start(&flags);
    let table = Interface {
        userdata: core::ptr::null_mut(),
        free: network::free,
        open: Open {
            socket: open::socket,
            bind: open::bind,
            listen: open::listen,
            accept: open::accept,
            connect: open::connect,
        },
        receive: Receive {
            read: streams::read,
            readv: streams::readv,
            recv: streams::recv,
            recvfrom: streams::recvfrom,
            recvmsg: messages::recvmsg,
        },
        send: Send {
            write: streams::write,
            writev: streams::writev,
            send: streams::send,
            sendto: streams::sendto,
            sendmsg: messages::sendmsg,
        },
        control: Control {
            fcntl: control::fcntl,
            ioctl: control::ioctl,
            close: open::close,
            shutdown: open::shutdown,
            getsockopt: options::getsockopt,
            setsockopt: options::setsockopt,
            poll: ready::poll,
        },
        network: Network {
            netdev_send: network::netdev_send,
            netdev_receive: network::netdev_receive,
            usleep: network::usleep,
            gettimeofday: network::gettimeofday,
        },
        others: Others {
            epoll_create: ready::epoll_create,
            epoll_ctl: ready::epoll_ctl,
            epoll_wait: ready::epoll_wait,
            pipe: control::pipe,
            splice: control::splice,
        },
    };
    if !out.is_null() {
        // SAFETY: it is not NULL, and the caller promises that it may be written.
        unsafe { out.write(table) };
    }
}

#[cfg(test)]
mod tests {
    use super::Interface;

    #[test]
    fn the_table_is_as_long_as_the_one_in_c() {
        assert_eq!(size_of::<Interface>(), 33 * size_of::<usize>());
    }
}
