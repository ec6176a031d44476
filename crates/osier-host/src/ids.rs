//! By which names does a host's owner speak of its sockets, and what can it hear of them?

use crate::account::Flow;
use core::net::IpAddr;
use osier_tcp::{Ending, PathMtuChange, Trouble};
use osier_wire::ethernet::MacAddr;

/// A TCP connection of a host. Ids are reused once the owner has released the connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ConnectionId(pub u32);

/// A TCP listener of a host.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ListenerId(pub u32);

/// A UDP socket of a host.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct UdpId(pub u32);

/// What a host tells its owner. Events merge: one of a kind for each socket, however often it
/// happened before the owner looked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Event {
    /// Somebody wants to connect to a deferred listener, and waits for
    /// [`Host::decide`](crate::Host::decide).
    Incoming(ListenerId, Flow),
    /// `accept` will find a connection.
    Acceptable(ListenerId),
    /// A handshake, or several, that the owner of a deferred listener had accepted came to nothing:
    /// nobody answered, or the peer broke it off. [`Host::is_half_open`](crate::Host::is_half_open)
    /// says which go on.
    HandshakeFailed(ListenerId),
    /// The handshake of a connection that we opened is done.
    Connected(ConnectionId),
    /// There is text to read, or its end.
    Readable(ConnectionId),
    /// There is room to write.
    Writable(ConnectionId),
    /// The connection has ended. Its id stays valid until the owner releases it.
    Closed(ConnectionId, Ending),
    /// Something is wrong that may pass; the connection goes on (RFC 9293 §3.9.1.8 [MUST-47]).
    Trouble(ConnectionId, Trouble),
    /// The connection's segments are of another size from now on, since the path takes more or
    /// less (RFC 1191, RFC 8201, RFC 4821): `pmtu` of [`Host::tcp_info`](crate::Host::tcp_info)
    /// says how large its packets may be. Whoever does not care need not look.
    PathMtu(ConnectionId, PathMtuChange),
    /// A datagram waits, or an error.
    UdpReadable(UdpId),
    /// There is room to send datagrams.
    UdpWritable(UdpId),
    /// An answer to an echo request: who, identifier, sequence, hop limit, bytes of data.
    EchoReply {
        /// Who answered.
        from: IpAddr,
        /// Identifier.
        id: u16,
        /// Sequence.
        seq: u16,
        /// Hop limit on arrival.
        hop_limit: u8,
        /// Bytes of data.
        len: u16,
    },
    /// Nobody on the link answers for this next hop.
    NeighbourUnreachable(IpAddr),
    /// Somebody else on the link answers for an address of ours.
    AddressConflict {
        /// The address.
        address: IpAddr,
        /// Who answers for it.
        mac: MacAddr,
    },
}

/// Why a verb is refused. The names are those of `std::io::ErrorKind` where it has one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Error {
    /// Another socket of this host holds the address and port.
    AddrInUse,
    /// The address is not one of ours.
    AddrNotAvailable,
    /// No route leads there.
    NetworkUnreachable,
    /// The connection is not, or no longer, connected.
    NotConnected,
    /// We have closed our side.
    BrokenPipe,
    /// The connection was broken off.
    Ended(Ending),
    /// A connected UDP socket's peer said that nobody is there (ICMP port unreachable).
    ConnectionRefused,
    /// The argument cannot be: port 0 as a destination, a multicast peer.
    InvalidInput,
    /// A bound of the host is reached.
    LimitReached,
    /// Nothing can be done now; the event that says otherwise will come.
    WouldBlock,
    /// A datagram larger than the socket can send.
    MessageTooLong,
    /// No socket has this id.
    NoSuchSocket,
}
