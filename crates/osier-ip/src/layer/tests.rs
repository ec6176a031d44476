//! Do two layers on one Ethernet find each other, and does each door do what it says?

extern crate std;

mod arp;
mod echo;
mod errors;
mod input;
mod ndp;
mod noise;
mod output;
mod wire;

pub(super) use super::{Event, Layer, Unreachable};
pub(super) use crate::packet::{
    Cidr, Delivered, ErrorToSend, Fragment, IcmpErrorKind, LinkConfig, LinkId, Packet, Route,
    ToSend, Vouched,
};
pub(super) use crate::reason::{Reason, Recording};
pub(super) use bytes::Bytes;
pub(super) use core::net::IpAddr;
pub(super) use osier_time::{Duration, Instant};
pub(super) use osier_wire::link::{Medium, Offloads};
pub(super) use osier_wire::{Ecn, Frame, MacAddr, Protocol, Received};
pub(super) use std::vec::Vec;
pub(super) use wire::{ETH, T0, Wire, host, ip, loopback, mac, packet_to, received};
