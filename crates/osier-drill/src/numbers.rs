//! Which of Linux's numbers do calls mean something by here? (socket(7), fcntl(2), send(2))
//!
//! The names that scripts use, with all their numbers, are in `names.rs`.

/// Families.
pub(crate) const AF_INET: i32 = 2;
pub(crate) const AF_INET6: i32 = 10;

/// Kinds of sockets, and which bits of the argument say the kind.
pub(crate) const SOCK_STREAM: i32 = 1;
pub(crate) const SOCK_DGRAM: i32 = 2;
pub(crate) const SOCK_KIND: i32 = 0xf;

/// Modes of a file, and how they are asked for and set.
pub(crate) const O_RDWR: i32 = 2;
pub(crate) const O_NONBLOCK: i32 = 0o4000;
pub(crate) const F_GETFL: i32 = 3;
pub(crate) const F_SETFL: i32 = 4;

/// How much waits to be read.
pub(crate) const FIONREAD: i64 = 0x541b;

/// Text that may go with the SYN.
pub(crate) const MSG_FASTOPEN: i32 = 0x2000_0000;
