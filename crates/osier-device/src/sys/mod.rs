//! Which system calls can the compiler not check?
//!
//! Seven: the ioctls of `/dev/net/tun`, a read into memory that was never written, options of
//! sockets by their numbers, the address and the filter of a packet socket, programs for the
//! kernel, memory that is shared with it, and leaving a namespace. Each is wrapped here into a
//! function that is safe to call; the rest of the crate contains no `unsafe`.
#![allow(unsafe_code)]

pub(crate) mod bpf;
pub(crate) mod namespace;
pub(crate) mod option;
pub(crate) mod packet;
pub(crate) mod read;
pub(crate) mod tun;
pub(crate) mod xdp;
