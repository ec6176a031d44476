//! How do frames get in and out, and what must the kernel be asked for?
//!
//! | where is … | file |
//! | --- | --- |
//! | what every device can do | [`Device`], `device.rs` |
//! | two hosts joined in memory | [`mem`] |
//!
//! This is the only crate with system calls; `unsafe` occurs in `src/sys/` alone. All of them
//! return at once: there is no thread, no clock, no lock and no runtime here.
#![deny(unsafe_code)]

mod buffer;
mod device;
pub mod mem;

pub use device::{Device, Properties, Readiness};
pub use osier_wire::link::{Medium, Offloads};
