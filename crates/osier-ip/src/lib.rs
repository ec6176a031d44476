//! Where does a packet go, and how does it get there? (RFC 791, RFC 8200, RFC 1122 §3)
//!
//! Links, addresses, routes, neighbours and ICMP of one host: frames come in and packets for a
//! transport go up, packets come down and frames go out. Nothing here looks into a transport
//! header. IPv4 and IPv6 meet in an `enum`, never in a type parameter.
//!
//! | Question | Where |
//! |---|---|
//! | Which doors are there? | [`Layer`] in `layer.rs` |
//! | What crosses the seam to the host? | `packet.rs` |
//! | What happens to a frame that comes in? | `input.rs` |
//! | How are link and IP headers written? | `output.rs` |
//! | Which addresses are ours, and which cannot be a source? (RFC 1122 §3.2.1.3) | `addresses.rs` |
//! | What have all packets of a flow in common? | `envelope.rs` |
//! | Which way leads there? (longest prefix) | `routes.rs` |
//! | Who is the next hop on the link? (RFC 4861 §7.3) | `neighbours.rs`, one cache for both |
//! | How does it hold what waits, and whom does it evict? | `neighbours/` |
//! | ARP (RFC 826, RFC 5227) | `arp.rs` |
//! | Neighbour discovery (RFC 4861, RFC 4862) | `ndp.rs` |
//! | Does somebody else use our address? | `conflict.rs` |
//! | ICMP in and out (RFC 792, RFC 4443) | `icmp.rs`, `icmp/` |
//! | Which identification has an IPv4 datagram? (RFC 6864) | `identification.rs` |
//! | What was decided about the packet before? | `recent.rs` |
//! | Frames of our own that nobody has taken yet | `outbox.rs` |
//! | Why did that happen? | [`Reason`] in `reason.rs` |
//!
//! Not here yet: reassembly, router discovery, SLAAC, multicast groups, redirects.
#![no_std]
#![forbid(unsafe_code)]

extern crate alloc;

mod addresses;
mod arp;
mod cidr;
mod conflict;
mod envelope;
mod hash;
mod icmp;
mod identification;
mod input;
mod layer;
mod link;
mod ndp;
mod neighbours;
mod outbox;
mod output;
mod packet;
mod reason;
mod recent;
mod routes;

pub use addresses::Claim;
pub use cidr::CidrError;
pub use envelope::{Enclosed, Envelope};
pub use layer::{Event, Layer, Unreachable, Wrapped};
pub use packet::{
    Cidr, Delivered, EchoReply, ErrorToSend, Fragment, IcmpError, IcmpErrorKind, LinkConfig,
    LinkId, Packet, Route, ToSend, Vouched,
};
pub use reason::{Notes, Reason, Recording};
