//! What crosses the seam between the IP layer and the host above it?

use crate::layer::Layer;
use bytes::Bytes;
use core::net::IpAddr;
use osier_wire::ip::{Ecn, Protocol};
use osier_wire::link::{Medium, Offloads};
use osier_wire::offload::{Checksum, Offload};

/// A link of the host, by number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct LinkId(pub u8);

/// What the layer needs to know of a link.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LinkConfig {
    /// What lies in front of the IP header, and our address there.
    pub medium: Medium,
    /// The largest IP packet that the link carries, in bytes.
    pub mtu: usize,
    /// What the device does for us.
    pub offloads: Offloads,
}

/// An address with the length of its network prefix: `10.71.0.2/24`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Cidr {
    /// The address, host bits included.
    pub address: IpAddr,
    /// Bits of the network prefix: at most 32 for IPv4, 128 for IPv6.
    pub prefix_len: u8,
}

/// Where packets for a network go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Route {
    /// The network.
    pub network: Cidr,
    /// The next hop; `None`: the destination is on the link itself.
    pub gateway: Option<IpAddr>,
    /// The link.
    pub link: LinkId,
}

/// A packet for a transport of this host. Its IP checksum and lengths are good; the transport's
/// checksum is still to be verified unless `vouched`. Its bytes stay in the frame.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Packet {
    /// Where it came in.
    pub link: LinkId,
    /// Who sent it.
    pub src: IpAddr,
    /// One of our addresses, or a broadcast or multicast address that we listen to.
    pub dst: IpAddr,
    /// Which transport.
    pub protocol: Protocol,
    /// The ECN field.
    pub ecn: Ecn,
    /// Time to live or hop limit on arrival.
    pub hop_limit: u8,
    /// Whether the device vouches for the transport checksum.
    pub vouched: Vouched,
    /// Text bytes of each of the segments that the device merged into this one; 0: none merged.
    pub gso_size: u16,
    /// Where in the datagram the transport header starts.
    pub transport_at: u16,
}

impl Packet {
    /// Transport header and text, of the datagram that this is about.
    #[inline]
    pub fn payload<'d>(&self, datagram: &'d [u8]) -> &'d [u8] {
        datagram.get(usize::from(self.transport_at)..).unwrap_or(&[])
    }

    /// Takes over what the device says of the frame.
    #[inline]
    pub(crate) fn take_offload(&mut self, offload: Offload) {
        // A partial checksum says that the packet never crossed a wire.
        self.vouched = match offload.checksum {
            Checksum::Filled if self.link != Layer::LOOPBACK => Vouched::No,
            Checksum::Filled | Checksum::Partial { .. } | Checksum::Verified => Vouched::Yes,
        };
        self.gso_size = offload.gso.map_or(0, |gso| gso.size);
    }

    /// The payload from an offset on, to be kept: it shares the frame's memory.
    pub fn payload_from(&self, datagram: &Bytes, offset: usize) -> Bytes {
        let at = usize::from(self.transport_at) + offset;
        datagram.slice(at.min(datagram.len())..)
    }
}

/// Whether somebody below has made sure of the transport checksum.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Vouched {
    /// It is for the transport to verify.
    No,
    /// The device verified it, or the packet never crossed a wire.
    Yes,
}

/// What the layer hands up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Delivered {
    /// A packet for a transport: the frame now holds the datagram and nothing else.
    Packet(Packet),
    /// An ICMP error about a packet that we sent.
    Error(IcmpError),
    /// An answer to an echo request of ours: (who, identifier, sequence, data, hop limit).
    EchoReply(EchoReply),
}

/// An answer to an echo request (RFC 792, RFC 4443 §4.2).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EchoReply {
    /// Who answered.
    pub from: IpAddr,
    /// The identifier of the request.
    pub id: u16,
    /// The sequence number of the request.
    pub seq: u16,
    /// Hop limit on arrival.
    pub hop_limit: u8,
    /// The data of the request.
    pub data: Bytes,
}

/// An ICMP error, with what it quotes of our packet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IcmpError {
    /// What went wrong.
    pub kind: IcmpErrorKind,
    /// Who says so.
    pub from: IpAddr,
    /// Source of the quoted packet: one of our addresses.
    pub src: IpAddr,
    /// Destination of the quoted packet.
    pub dst: IpAddr,
    /// Transport of the quoted packet.
    pub protocol: Protocol,
    /// What is quoted from the transport header on; may be as short as 8 bytes.
    pub quoted: Bytes,
}

/// The errors that concern a transport (RFC 1122 §4.2.3.9, RFC 4443 §3).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IcmpErrorKind {
    /// Network or host unreachable, prohibited, source route failed.
    Unreachable,
    /// Protocol or port unreachable.
    PortUnreachable,
    /// Fragmentation needed, or packet too big: the next link takes `mtu` bytes.
    PacketTooBig {
        /// The MTU that was reported; already held within what RFC 1191 and 8200 allow.
        mtu: u32,
    },
    /// Time exceeded.
    TimeExceeded,
    /// Parameter problem.
    ParameterProblem,
}

/// What a sender is to be told about its packet, once the host has judged it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ErrorToSend {
    /// Nobody listens there (RFC 1122 §3.2.2.1 code 3, RFC 4443 §3.1 code 4).
    PortUnreachable,
    /// We do not speak that transport (RFC 1122 §3.2.2.1 code 2, RFC 4443 §3.4 code 1).
    ProtocolUnreachable,
}

/// What a transport asks to be sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ToSend {
    /// Source address.
    pub src: IpAddr,
    /// Destination address.
    pub dst: IpAddr,
    /// Which transport.
    pub protocol: Protocol,
    /// TOS or traffic class, ECN bits included.
    pub tos: u8,
    /// Time to live or hop limit; `None`: the layer's default (64).
    pub hop_limit: Option<u8>,
    /// Whether routers may fragment it.
    pub fragment: Fragment,
    /// Bytes of transport header and payload together.
    pub len: usize,
}

/// Whether a packet may be fragmented on its way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fragment {
    /// IPv4's don't-fragment bit is set; a packet longer than the MTU is refused (unless it is a
    /// super-frame that the device will cut).
    Never,
    /// Routers may.
    Allowed,
}
