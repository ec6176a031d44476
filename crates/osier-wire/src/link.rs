//! What does a link carry, and what does its device do for the host?
//!
//! The two facts that the layer above a device must know before it writes a frame: whether an
//! Ethernet header comes first ([`Medium`]), and how much of checksums and segmentation may be
//! left undone ([`Offloads`], the offer to which each frame's `Offload` is the use). Names no
//! device and makes no choice.

use crate::{MacAddr, ethernet};

/// What lies in front of the IP header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Medium {
    /// An Ethernet II header; neighbours are found by ARP and neighbour discovery. Holds the
    /// address of our end.
    Ethernet(MacAddr),
    /// Nothing: frames start with the IP header, and there are no neighbours to ask for.
    Ip,
}

impl Medium {
    /// Bytes in front of the IP header.
    pub const fn header_len(self) -> usize {
        match self {
            Medium::Ethernet(_) => ethernet::HEADER_LEN,
            Medium::Ip => 0,
        }
    }
}

/// What a device does to frames that go out, so that the host need not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Offloads {
    /// The device fills transport checksums: frames may carry `Checksum::Partial`.
    pub checksum: bool,
    /// The device cuts TCP super-frames over IPv4.
    pub tso_v4: bool,
    /// The device cuts TCP super-frames over IPv6.
    pub tso_v6: bool,
    /// The device cuts UDP super-frames, over IPv4 and IPv6.
    pub uso: bool,
    /// Bytes of the longest frame that may be handed over, link header included. For a super-frame
    /// this is the limit; any other frame is bounded by the MTU.
    pub max_frame: usize,
}

impl Offloads {
    /// A device that does nothing for the host on a link of this medium and IP MTU.
    pub const fn none(medium: Medium, mtu: usize) -> Self {
        Offloads {
            checksum: false,
            tso_v4: false,
            tso_v6: false,
            uso: false,
            max_frame: medium.header_len() + mtu,
        }
    }

    /// A device that does everything: checksums and all super-frames, up to the longest IP packet.
    pub const fn all(medium: Medium) -> Self {
        Offloads {
            checksum: true,
            tso_v4: true,
            tso_v6: true,
            uso: true,
            max_frame: medium.header_len() + 65_535,
        }
    }
}
