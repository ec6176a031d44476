//! How is a program tested against a network that loses, delays and falls apart?
//!
//! Its sockets are those of `osier`, which have the shape of tokio's; each host is a whole TCP/IP
//! stack of its own, and the links between them are the lab's. All hosts share one thread and one
//! clock, which stands still until everybody waits: an hour takes moments, and the same seed gives
//! the same packets.
//!
//! Ping-pong, over links that lose a packet in ten:
//!
//! ```
//! use osier_sim::{Builder, Chance, lookup};
//! use osier_sim::net::{TcpListener, TcpStream};
//! use std::time::Duration;
//! use tokio::io::{AsyncReadExt, AsyncWriteExt};
//!
//! let mut sim = Builder::new()
//!     .seed(7)
//!     .delay(Duration::from_millis(20))
//!     .loss(Chance::percent(10))
//!     .build();
//!
//! sim.host("server", || async {
//!     let listener = TcpListener::bind("0.0.0.0:1738").await?;
//!     loop {
//!         let (mut stream, _) = listener.accept().await?;
//!         tokio::task::spawn_local(async move {
//!             let mut ping = [0; 4];
//!             while stream.read_exact(&mut ping).await.is_ok() {
//!                 assert_eq!(&ping, b"ping");
//!                 stream.write_all(b"pong").await.unwrap();
//!             }
//!         });
//!     }
//! });
//!
//! sim.client("client", async {
//!     let mut stream = TcpStream::connect((lookup("server"), 1738)).await?;
//!     for _ in 0..10 {
//!         let mut pong = [0; 4];
//!         stream.write_all(b"ping").await?;
//!         stream.read_exact(&mut pong).await?;
//!         assert_eq!(&pong, b"pong");
//!     }
//!     Ok(())
//! });
//!
//! sim.run()?;
//! // Eleven round trips at least, whatever the loss.
//! assert!(sim.elapsed() >= Duration::from_millis(440));
//! # Ok::<(), osier_sim::Error>(())
//! ```
//!
//! # What a program must keep to
//! - Sockets from [`net`], time from `tokio::time`, names from [`lookup`]: a host name given to
//!   `connect` would be looked up by the operating system.
//! - Tasks by `tokio::task::spawn_local`: they belong to the host and crash with it. One from
//!   `tokio::spawn` may use sockets that it was given and can open none.
//! - Nothing that differs from run to run: the system's clock or random source, the order of a
//!   `HashMap`, other threads (`spawn_blocking`). `tokio::select!` takes its branches in an order
//!   of its own choosing unless it begins with `biased;`.
//!
//! A panic of a program is one of the test; that of a task which it spawned ends this task alone,
//! as tokio has it, and shows in its `JoinHandle`.
//!
//! tokio's clock moves in whole milliseconds, and so does everything here: what falls between two
//! happens at the later. Addresses are IPv4's. A packet for an address that nobody has vanishes.
//!
//! # Map
//! | where is … | file |
//! | --- | --- |
//! | settings; hosts, time, crashes | `builder.rs`, `sim.rs` |
//! | what runs on a host | `machine.rs` |
//! | names, links, partitions | `network.rs`; from within a program: `current.rs` |
//! | the device of a stack | `port.rs` |
//! | the capture | `traffic.rs` |
//!
//! Not here: what a link does to a packet (`osier-lab/link.rs`), scenarios in files and their
//! drawings (`osier-lab`), IPv6, routers.
#![forbid(unsafe_code)]

mod builder;
mod current;
mod error;
mod machine;
mod network;
mod port;
mod sim;
mod traffic;

pub use builder::Builder;
pub use current::{lookup, network, partition, repair};
pub use error::{Error, Result};
pub use network::Network;
pub use sim::Sim;

/// The sockets, by the names of `tokio::net`.
pub use osier::net;
/// What a link is like, and how often it did what.
pub use osier_lab::{Chance, Conditions, Counts, Loss, Queue, Traffic};
/// The spans of [`Conditions`].
pub use osier_time as time;
