//! How do frames get in and out, and what must the kernel be asked for?
//!
//! | where is … | |
//! | --- | --- |
//! | what every device can do | [`Device`] |
//! | two hosts joined in memory | [`mem`] |
//! | a TAP or TUN interface | [`tuntap`] |
//! | an interface that is there already, by a packet socket | [`packet`] |
//! | the same past the kernel's stack, by AF_XDP | [`xdp`] |
//! | the kernel's side of it: up, addresses, MTU | [`interface`] |
//! | a network of one's own, without being root | [`netns`] |
//! | the state of the kernel's end of a connection | [`sock_diag`] |
//! | halting the process at the other end | [`process`] |
//!
//! This is the only crate with system calls; `unsafe` occurs in `src/sys/` alone. They return at
//! once: there is no thread, no clock, no lock and no runtime here.
//!
//! System calls go through `rustix`. The crate `tun-rs` would open a TAP in fewer lines, but it
//! hides the `virtio_net_hdr` that carries checksum and segmentation offload.
#![deny(unsafe_code)]

mod buffer;
mod device;
mod error;
mod fit;
mod framed;
pub mod interface;
pub mod mem;
mod netlink;
pub mod netns;
pub mod packet;
pub mod process;
pub mod sock_diag;
pub mod sockets;
mod sys;
pub mod tuntap;
mod vnet;
pub mod xdp;

pub use device::{Device, Properties, Readiness};
pub use error::{Error, ErrorKind};
pub use osier_wire::link::{Medium, Offloads};
pub use packet::PacketSocket;
pub use tuntap::TunTap;
pub use xdp::XdpSocket;
