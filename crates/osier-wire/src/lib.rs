//! How do bytes on a wire become values, and values bytes?
//!
//! One file per protocol. Every protocol file has the same parts: the layout as it lies on the
//! wire (RFC figure), a plain value (`Header`, `Packet`, `Message`), `parse` that never panics on
//! any bytes and says what is wrong, `len` and `emit` that fill exactly `len()` bytes. There is no
//! clock here and no state; checksums over a pseudo-header are filled and verified by the caller
//! with [`checksum`].
#![no_std]
#![forbid(unsafe_code)]

extern crate alloc;

pub mod arp;
pub mod checksum;
mod error;
pub mod ethernet;
mod frame;
pub mod icmpv4;
pub mod icmpv6;
pub mod ip;
pub mod ipv4;
pub mod ipv6;
pub mod link;
pub mod offload;
mod seq;
pub mod tcp;
pub mod udp;

pub use error::Error;
pub use ethernet::MacAddr;
pub use frame::{Chunks, Frame, HEAD_MAX, Head, Received};
pub use ip::{Ecn, Protocol};
pub use seq::SeqNumber;
