//! (the map comes here)
#![no_std]
#![forbid(unsafe_code)]

extern crate alloc;

mod layer;
mod packet;

pub use layer::{Event, Layer, Unreachable, Wrapped};
pub use packet::{
    Cidr, Delivered, EchoReply, Fragment, IcmpError, IcmpErrorKind, LinkConfig, LinkId, Packet, Route,
    ToSend, Vouched,
};
