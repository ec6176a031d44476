//! (the map comes here)
#![no_std]
#![forbid(unsafe_code)]

extern crate alloc;

mod config;
mod host;
mod ids;

pub use config::{Config, Keys};
pub use host::Host;
pub use ids::{ConnectionId, Error, Event, ListenerId, UdpId};
