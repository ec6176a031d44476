//! What does an ICMP message look like on IPv4? (RFC 792; RFC 1191 for the next-hop MTU)
//!
//! Every message has eight bytes of header; what follows is the payload: the echoed data, or the
//! quoted datagram of an error. The checksum covers both and is filled and verified by the
//! caller with [`Sum`](crate::checksum::Sum).

use crate::Error;

/// Bytes of every header.
pub const HEADER_LEN: usize = 8;

/// Where the checksum is, from the first byte of the header.
pub const CHECKSUM_OFFSET: usize = 2;

/// Codes of [`Message::DestinationUnreachable`] (RFC 792, RFC 1122 §3.2.2.1).
pub mod unreachable {
    /// No route to the network.
    pub const NET: u8 = 0;
    /// No route to the host.
    pub const HOST: u8 = 1;
    /// The host does not speak the transport protocol.
    pub const PROTOCOL: u8 = 2;
    /// Nobody listens on the port.
    pub const PORT: u8 = 3;
    /// The datagram is too big for a hop and may not be cut.
    pub const FRAGMENTATION_NEEDED: u8 = 4;
    /// The source route does not work.
    pub const SOURCE_ROUTE_FAILED: u8 = 5;
    /// A firewall says no (RFC 1812 §5.2.7.1).
    pub const ADMIN_PROHIBITED: u8 = 13;
}

/// A message, without its payload.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Message {
    /// Are you there?
    EchoRequest {
        /// Which program asks.
        id: u16,
        /// Which of its questions.
        seq: u16,
    },
    /// I am.
    EchoReply {
        /// As in the request.
        id: u16,
        /// As in the request.
        seq: u16,
    },
    /// The quoted datagram could not be delivered.
    DestinationUnreachable {
        /// Why; see [`unreachable`].
        code: u8,
        /// With [`unreachable::FRAGMENTATION_NEEDED`]: how large a datagram may be (RFC 1191 §4),
        /// zero from routers that do not say.
        next_hop_mtu: u16,
    },
    /// The quoted datagram was too long under way.
    TimeExceeded {
        /// 0: its TTL ran out; 1: not all of its fragments came in time.
        code: u8,
    },
    /// The quoted datagram was not understood.
    ParameterProblem {
        /// 0: the pointer says where; 1: an option is missing.
        code: u8,
        /// The octet at fault, from the start of the quoted header.
        pointer: u8,
    },
    /// Any other message.
    Unknown {
        /// The type.
        kind: u8,
        /// The code.
        code: u8,
        /// The second half of the header, whose meaning depends on the type.
        rest: [u8; 4],
    },
}

impl Message {
    /// Reads a message; the payload is what follows the returned length.
    ///
    /// # Errors
    /// [`Error::Truncated`] below 8 bytes.
    pub fn parse(bytes: &[u8]) -> Result<(Message, usize), Error> {
        let Some(&[kind, code, _, _, a, b, c, d]) = bytes.first_chunk() else {
            return Err(Error::Truncated);
        };
        let (high, low) = (u16::from_be_bytes([a, b]), u16::from_be_bytes([c, d]));
        let message = match kind {
            8 => Message::EchoRequest { id: high, seq: low },
            0 => Message::EchoReply { id: high, seq: low },
            3 => Message::DestinationUnreachable { code, next_hop_mtu: low },
            11 => Message::TimeExceeded { code },
            12 => Message::ParameterProblem { code, pointer: a },
            _ => Message::Unknown { kind, code, rest: [a, b, c, d] },
        };
        Ok((message, HEADER_LEN))
    }

    /// Whether this reports an error about a datagram that it quotes. An error is never answered
    /// with an error (RFC 1122 §3.2.2); source quench and redirect count as one.
    pub const fn is_error(&self) -> bool {
        match self {
            Message::EchoRequest { .. } | Message::EchoReply { .. } => false,
            Message::DestinationUnreachable { .. }
            | Message::TimeExceeded { .. }
            | Message::ParameterProblem { .. } => true,
            Message::Unknown { kind, .. } => matches!(kind, 4 | 5),
        }
    }

    /// Bytes that [`emit`](Message::emit) fills: 8.
    #[allow(clippy::len_without_is_empty)]
    pub const fn len(&self) -> usize {
        HEADER_LEN
    }

    /// Writes the header, its checksum zero.
    ///
    /// # Panics
    /// Where `out` is shorter than [`len`](Message::len).
    pub fn emit(&self, out: &mut [u8]) {
        let (kind, code, [a, b, c, d]) = match *self {
            Message::EchoRequest { id, seq } => (8, 0, halves(id, seq)),
            Message::EchoReply { id, seq } => (0, 0, halves(id, seq)),
            Message::DestinationUnreachable { code, next_hop_mtu } => {
                (3, code, halves(0, next_hop_mtu))
            }
            Message::TimeExceeded { code } => (11, code, [0; 4]),
            Message::ParameterProblem { code, pointer } => (12, code, [pointer, 0, 0, 0]),
            Message::Unknown { kind, code, rest } => (kind, code, rest),
        };
        out[..HEADER_LEN].copy_from_slice(&[kind, code, 0, 0, a, b, c, d]);
    }
}

fn halves(high: u16, low: u16) -> [u8; 4] {
    let ([a, b], [c, d]) = (high.to_be_bytes(), low.to_be_bytes());
    [a, b, c, d]
}
