//! (the map comes here)
#![no_std]
#![forbid(unsafe_code)]

extern crate alloc;

mod config;
#[allow(dead_code)]
mod congestion;
mod connection;
mod event;
mod half_open;
mod reason;
#[allow(dead_code)]
mod receive;
#[allow(dead_code)]
mod recovery;
mod segment;
#[allow(dead_code)]
mod send;
mod state;
mod stray;
mod time_wait;
mod timers;

pub use config::{Algorithm, Config, KeepAlive, Nagle, Offer, Opening, RtoConfig};
pub use connection::{Connection, Text, WriteError};
pub use event::{Ending, Event};
pub use half_open::{Admission, HalfOpen, Progress, examine};
pub use reason::{Notes, Reason, Recording};
pub use segment::{Arrived, IcmpKind, Segment, Transmit};
pub use state::{Arrow, State};
pub use stray::answer as answer_stray;
pub use time_wait::{TimeWait, TimeWaitVerdict};
pub use timers::{Timer, Timers};
