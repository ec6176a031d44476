//! (the map comes here)
#![no_std]
#![forbid(unsafe_code)]

extern crate alloc;

mod account;
mod config;
mod host;
mod ids;

pub use account::{Flow, Note, Reason, SocketInfo};
pub use config::{Config, Keys};
pub use host::Host;
pub use ids::{ConnectionId, Error, Event, ListenerId, UdpId};
