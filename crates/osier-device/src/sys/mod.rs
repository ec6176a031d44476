//! Which system calls can the compiler not check?
//!
//! Five: the ioctls of `/dev/net/tun`, a read into memory that was never written, options of
//! sockets by their numbers, the address and the filter of a packet socket, and leaving a
//! namespace. Each is wrapped here into a function that is safe to call; the rest of the crate
//! contains no `unsafe`.
#![allow(unsafe_code)]

pub(crate) mod namespace;
pub(crate) mod option;
pub(crate) mod packet;
pub(crate) mod read;
pub(crate) mod tun;
