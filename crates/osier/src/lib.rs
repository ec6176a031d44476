//! How does a program talk TCP and UDP without the kernel's stack?
//!
//! A [`Stack`] is a host of its own with an address of its own, inside this process. Its sockets
//! have the names, signatures and error kinds of `tokio::net`, so that existing code runs on it
//! ([`net`]); beside them stand the forms that copy nothing
//! ([`read_chunk`](TcpStream::read_chunk), [`write_chunks`](TcpStream::write_chunks)).
//!
//! ```no_run
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let device = osier::NoDevice;
//! use osier::Stack;
//!
//! let stack = Stack::builder()
//!     .device(device) // a TUN, a TAP, one end of an in-memory pair: see `osier::device`
//!     .address("10.71.0.2/24".parse()?)
//!     .gateway("10.71.0.1".parse()?)
//!     .capture("echo.pcapng")
//!     .build()?;
//! let listener = stack.tcp_listen("0.0.0.0:7".parse()?)?;
//! loop {
//!     let (mut stream, _) = listener.accept().await?;
//!     tokio::spawn(async move {
//!         let (mut from, mut to) = stream.split();
//!         tokio::io::copy(&mut from, &mut to).await
//!     });
//! }
//! # }
//! ```
//!
//! # Which stack?
//! `tokio::net` has one stack, the kernel's; a process may have many of ours. Either say which
//! ([`Stack::tcp_listen`], [`Stack::tcp_connect`], [`Stack::udp_bind`]), or enter one
//! ([`Stack::scope`], [`Stack::enter`]) and use [`net`] as you would `tokio::net`.
//!
//! # Map
//! | where is … | file |
//! | --- | --- |
//! | the handle of a stack, and its settings | `stack.rs`, `builder.rs`, `current.rs` |
//! | TCP and UDP sockets | `tcp.rs`, `udp.rs` |
//! | errors as Linux numbers them | `error.rs` |
//! | the lock, and who is woken when | `shared.rs`, `sockets.rs`, `wakers.rs` |
//! | the task that moves frames | `driver.rs` |
//! | a frame joined with the reasons for it | `capture.rs` |
//! | the Unix socket behind `osier ss` | `control.rs` |
//! | who watches what a stack does | `watchers.rs` |
//! | decisions as events of `tracing` | `events.rs` (feature `tracing`) |
//! | counters through `metrics` | `counts.rs` (feature `metrics`) |
//! | `axum::serve` | `http.rs` (feature `axum`) |
//!
//! This is the only library of osier that knows a runtime. Time is read as tokio's alone, so a
//! paused clock pauses a stack. Not here: name resolution, TLS, and whatever a peer could see:
//! that is decided in `osier-host` and below.
#![forbid(unsafe_code)]

mod builder;
mod capture;
mod capture_status;
pub mod control;
#[cfg(feature = "metrics")]
pub mod counts;
mod current;
mod driver;
mod error;
#[cfg(feature = "tracing")]
pub mod events;
#[cfg(feature = "axum")]
mod http;
mod pings;
mod shared;
mod sockets;
mod stack;
mod tcp;
mod udp;
mod wakers;
mod watchers;

pub use builder::{Builder, NoDevice};
pub use capture_status::CaptureStatus;
pub use current::Entered;
pub use pings::EchoReply;
pub use stack::Stack;
pub use tcp::{DeferredListener, Incoming, StreamHandle, TcpListener, TcpSocket, TcpStream};
pub use udp::UdpSocket;

/// Devices: TAP, TUN, packet and AF_XDP sockets, and the in-memory pair.
pub use osier_device as device;
/// Settings, and what a stack tells of its sockets.
pub use osier_host::{Config, CookieKeys, PathInfo, Reach, SocketInfo, ZeroPort};
/// An address with the length of its network's prefix.
pub use osier_ip::Cidr;
/// For whom a stack takes packets besides itself.
pub use osier_ip::Claim;
/// Keep-alive, and the numbers of a connection.
pub use osier_tcp::{Algorithm, KeepAlive, TcpInfo};

/// Settings and states of connections.
pub use osier_tcp as engine;
/// The span and the point of time of [`SocketInfo`].
pub use osier_time as time;
/// Frames, for those who write a device, and addresses of links.
pub use osier_wire as wire;

/// The names of `tokio::net`: `use osier::net::{TcpListener, TcpStream, UdpSocket}`.
///
/// `bind` and `connect` take the stack that was entered ([`Stack::scope`], [`Stack::enter`]).
pub mod net {
    pub use crate::tcp::{TcpListener, TcpSocket, TcpStream};
    pub use crate::udp::UdpSocket;
    pub use tokio::net::{ToSocketAddrs, lookup_host};

    /// The halves of a connection.
    pub mod tcp {
        pub use crate::tcp::{OwnedReadHalf, OwnedWriteHalf, ReadHalf, ReuniteError, WriteHalf};
    }
}

/// The examples of the README compile.
#[cfg(doctest)]
#[doc = include_str!("../../../README.md")]
struct Readme;
