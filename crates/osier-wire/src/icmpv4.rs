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
        /// Why; see [`mod@unreachable`].
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

#[cfg(test)]
mod tests {
    extern crate std;

    use super::{CHECKSUM_OFFSET, HEADER_LEN, Message, unreachable};
    use crate::{Error, checksum::Sum};
    use proptest::prelude::*;
    use std::vec::Vec;

    #[test]
    fn an_echo_request_is_written_as_ping_writes_it() {
        let mut out = [0xee; HEADER_LEN];
        Message::EchoRequest { id: 0x1234, seq: 1 }.emit(&mut out);
        // 0x0800 + 0x1234 + 0x0001 + 0x6869 = 0x829e; its complement is 0x7d61.
        let checksum = Sum::of(&out).and(b"hi").checksum();
        assert_eq!(checksum, 0x7d61);
        out[CHECKSUM_OFFSET..CHECKSUM_OFFSET + 2].copy_from_slice(&checksum.to_be_bytes());
        assert_eq!(out, [8, 0, 0x7d, 0x61, 0x12, 0x34, 0, 1]);
        assert!(Sum::of(&out).and(b"hi").verifies());
    }

    #[test]
    fn fragmentation_needed_tells_the_mtu_of_the_next_hop() {
        // RFC 1191 §4: the MTU is in the low half of the second word.
        let bytes = [3, 4, 0, 0, 0, 0, 0x05, 0x78, 0x45];
        let (message, len) = Message::parse(&bytes).unwrap();
        let code = unreachable::FRAGMENTATION_NEEDED;
        assert_eq!(message, Message::DestinationUnreachable { code, next_hop_mtu: 1400 });
        assert_eq!(len, 8);
        assert!(message.is_error());
        assert_eq!(Message::parse(&bytes[..7]), Err(Error::Truncated));
    }

    #[test]
    fn source_quench_and_redirect_are_errors_though_not_read() {
        for (kind, error) in [(4, true), (5, true), (9, false), (13, false)] {
            let (message, _) = Message::parse(&[kind, 0, 0, 0, 1, 2, 3, 4]).unwrap();
            assert_eq!(message, Message::Unknown { kind, code: 0, rest: [1, 2, 3, 4] });
            assert_eq!(message.is_error(), error);
        }
    }

    fn messages() -> impl Strategy<Value = Message> {
        prop_oneof![
            any::<(u16, u16)>().prop_map(|(id, seq)| Message::EchoRequest { id, seq }),
            any::<(u16, u16)>().prop_map(|(id, seq)| Message::EchoReply { id, seq }),
            any::<(u8, u16)>().prop_map(|(code, next_hop_mtu)| {
                Message::DestinationUnreachable { code, next_hop_mtu }
            }),
            any::<u8>().prop_map(|code| Message::TimeExceeded { code }),
            any::<(u8, u8)>()
                .prop_map(|(code, pointer)| Message::ParameterProblem { code, pointer }),
            (13..=255u8, any::<u8>(), any::<[u8; 4]>())
                .prop_map(|(kind, code, rest)| Message::Unknown { kind, code, rest }),
        ]
    }

    proptest! {
        #[test]
        fn what_is_emitted_reads_back(message in messages()) {
            let mut out = [0xee; HEADER_LEN];
            message.emit(&mut out);
            prop_assert_eq!(Message::parse(&out), Ok((message, message.len())));
        }

        #[test]
        fn any_eight_bytes_are_a_message_that_survives_a_round_trip(bytes: Vec<u8>) {
            let parsed = Message::parse(&bytes);
            prop_assert_eq!(parsed.is_ok(), bytes.len() >= HEADER_LEN);
            if let Ok((message, _)) = parsed {
                let mut out = [0; HEADER_LEN];
                message.emit(&mut out);
                prop_assert_eq!(Message::parse(&out), Ok((message, HEADER_LEN)));
            }
        }
    }
}
