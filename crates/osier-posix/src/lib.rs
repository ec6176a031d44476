//! How would a program that knows BSD sockets use a host? (POSIX.1-2024, Linux socket(7), tcp(7))
//!
//! [`Posix`] puts file descriptors, `errno` and the calls of `sys/socket.h` over one
//! [`Host`](osier_host::Host) on a link without Ethernet, in virtual time: no clock, no thread, no
//! system call. A call that would block says so ([`Stop::Blocked`]) and changes nothing that a
//! second call would do again; whoever made it decides how to wait.
//!
//! ```text
//! calls: socket bind listen accept connect read write … -> Result<T, Errno or Stop>
//! packets: packet_in(now, octets) · packet_out(now) · next_deadline() · on_deadline(now)
//! ```
//!
//! | Question | Where |
//! | --- | --- |
//! | Which doors are there for packets and time? | [`Posix`] in `posix.rs` |
//! | What lies behind a descriptor? | `files.rs` |
//! | socket, bind, listen, accept, connect | `open.rs` |
//! | shutdown, close | `close.rs` |
//! | read, write, send, recv and their kin | `transfer.rs` |
//! | What becomes of news of a connection? Which error is pending? | `news.rs` |
//! | getsockopt, setsockopt, and the names of options | `options.rs`, `names.rs` |
//! | recvmsg: what comes with text? | `messages.rs`; zero-copy completions in `zero_copy.rs` |
//! | How does text travel with the SYN? | `fast_open.rs` |
//! | poll, epoll | `poll.rs`, `epoll.rs` |
//! | Which setting has a name under /proc/sys? | [`sysctl`] |
//! | Which number has an error? | [`Errno`] in `errno.rs` |
//!
//! Signals, ancillary data other than what the engine knows, and `dup` are not here.
#![no_std]
#![forbid(unsafe_code)]

extern crate alloc;

mod close;
mod epoll;
mod errno;
mod fast_open;
mod files;
mod messages;
mod names;
mod news;
mod open;
mod options;
mod poll;
mod posix;
pub mod sysctl;
mod transfer;
mod zero_copy;

pub use close::How;
pub use epoll::{Control as EpollControl, Interest};
pub use errno::{Call, Errno, Stop};
pub use files::{Family, Fd, Kind, Mode};
pub use messages::{Control, Received};
pub use names::Name;
pub use options::Value;
pub use poll::{PollFd, Ready};
pub use posix::{Posix, Segmentation, Setup};
pub use transfer::Flags;
