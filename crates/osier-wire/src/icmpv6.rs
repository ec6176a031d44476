//! What does an ICMP message look like on IPv6? (RFC 4443; neighbours: RFC 4861 §4.3, §4.4)
//!
//! Echo, errors, neighbour solicitation and advertisement. The checksum covers a pseudo-header
//! and is filled and verified by the caller with [`Sum`](crate::checksum::Sum). Router discovery
//! and redirects are [`Message::Unknown`]. That a neighbour message came with hop limit 255 is
//! checked where the hop limit is known.

use crate::Error;
use crate::ethernet::MacAddr;
use core::net::Ipv6Addr;

/// Bytes of the header of every message but the neighbour messages.
pub const HEADER_LEN: usize = 8;

/// Where the checksum is, from the first byte of the header.
pub const CHECKSUM_OFFSET: usize = 2;

/// How many options of a neighbour message we walk. One is defined for each (RFC 4861 §4.3, §4.4)
/// and a few more exist (nonce, RFC 7527; secure discovery, RFC 3971).
pub const MAX_OPTIONS: usize = 16;

const NEIGHBOR_LEN: usize = 24;
const LINK_ADDR_LEN: usize = 8;
const SOURCE_LINK_ADDR: u8 = 1;
const TARGET_LINK_ADDR: u8 = 2;

/// Codes of [`Message::DestinationUnreachable`] (RFC 4443 §3.1).
pub mod unreachable {
    /// No route to the destination.
    pub const NO_ROUTE: u8 = 0;
    /// A firewall says no.
    pub const ADMIN_PROHIBITED: u8 = 1;
    /// The address does not answer on its link.
    pub const ADDRESS: u8 = 3;
    /// Nobody listens on the port.
    pub const PORT: u8 = 4;
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
    },
    /// The quoted datagram is too big for a hop.
    PacketTooBig {
        /// How large a datagram may be.
        mtu: u32,
    },
    /// The quoted datagram was too long under way.
    TimeExceeded {
        /// 0: its hop limit ran out; 1: not all of its fragments came in time.
        code: u8,
    },
    /// The quoted datagram was not understood.
    ParameterProblem {
        /// 0: a header field; 1: a next header; 2: an option.
        code: u8,
        /// The octet at fault, from the start of the quoted header.
        pointer: u32,
    },
    /// Who has this address?
    NeighborSolicitation {
        /// The address that is asked for.
        target: Ipv6Addr,
        /// The asker's own Ethernet address; absent in duplicate address detection.
        source_link_addr: Option<MacAddr>,
    },
    /// I have this address.
    NeighborAdvertisement {
        /// The address that is spoken of.
        target: Ipv6Addr,
        /// The sender is a router.
        router: bool,
        /// This answers a solicitation.
        solicited: bool,
        /// A cached link address is to be replaced.
        override_cache: bool,
        /// The Ethernet address of the target.
        target_link_addr: Option<MacAddr>,
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
    /// Reads a message; the payload is what follows the returned length. A neighbour message is
    /// read to the end, and has none.
    ///
    /// # Errors
    /// [`Error::Truncated`] where the bytes end before the header; [`Error::BadLength`] where an
    /// option has length zero or exceeds the message; [`Error::TooMany`] beyond [`MAX_OPTIONS`].
    pub fn parse(bytes: &[u8]) -> Result<(Message, usize), Error> {
        let Some(&[kind, code, _, _, a, b, c, d]) = bytes.first_chunk() else {
            return Err(Error::Truncated);
        };
        let (high, low) = (u16::from_be_bytes([a, b]), u16::from_be_bytes([c, d]));
        let word = u32::from_be_bytes([a, b, c, d]);
        let message = match kind {
            1 => Message::DestinationUnreachable { code },
            2 => Message::PacketTooBig { mtu: word },
            3 => Message::TimeExceeded { code },
            4 => Message::ParameterProblem { code, pointer: word },
            128 => Message::EchoRequest { id: high, seq: low },
            129 => Message::EchoReply { id: high, seq: low },
            // RFC 4861 §7.1: the code of a neighbour message is zero.
            135 if code == 0 => {
                let source_link_addr = link_addr(bytes, SOURCE_LINK_ADDR)?;
                let message =
                    Message::NeighborSolicitation { target: target(bytes)?, source_link_addr };
                return Ok((message, bytes.len()));
            }
            136 if code == 0 => {
                let message = Message::NeighborAdvertisement {
                    target: target(bytes)?,
                    router: a & 0x80 != 0,
                    solicited: a & 0x40 != 0,
                    override_cache: a & 0x20 != 0,
                    target_link_addr: link_addr(bytes, TARGET_LINK_ADDR)?,
                };
                return Ok((message, bytes.len()));
            }
            _ => Message::Unknown { kind, code, rest: [a, b, c, d] },
        };
        Ok((message, HEADER_LEN))
    }

    /// Whether this reports an error about a datagram that it quotes: the types below 128
    /// (RFC 4443 §2.1). An error is never answered with an error (§2.4).
    pub const fn is_error(&self) -> bool {
        match self {
            Message::DestinationUnreachable { .. }
            | Message::PacketTooBig { .. }
            | Message::TimeExceeded { .. }
            | Message::ParameterProblem { .. } => true,
            Message::EchoRequest { .. }
            | Message::EchoReply { .. }
            | Message::NeighborSolicitation { .. }
            | Message::NeighborAdvertisement { .. } => false,
            Message::Unknown { kind, .. } => *kind < 128,
        }
    }

    /// Bytes that [`emit`](Message::emit) fills: 8, or 24 to 32 for a neighbour message.
    #[allow(clippy::len_without_is_empty)]
    pub const fn len(&self) -> usize {
        match self {
            Message::NeighborSolicitation { source_link_addr: link, .. }
            | Message::NeighborAdvertisement { target_link_addr: link, .. } => {
                NEIGHBOR_LEN + if link.is_some() { LINK_ADDR_LEN } else { 0 }
            }
            _ => HEADER_LEN,
        }
    }

    /// Writes the header, its checksum zero.
    ///
    /// # Panics
    /// Where `out` is shorter than [`len`](Message::len).
    pub fn emit(&self, out: &mut [u8]) {
        let (kind, code, [a, b, c, d]) = match *self {
            Message::DestinationUnreachable { code } => (1, code, [0; 4]),
            Message::PacketTooBig { mtu } => (2, 0, mtu.to_be_bytes()),
            Message::TimeExceeded { code } => (3, code, [0; 4]),
            Message::ParameterProblem { code, pointer } => (4, code, pointer.to_be_bytes()),
            Message::EchoRequest { id, seq } => (128, 0, halves(id, seq)),
            Message::EchoReply { id, seq } => (129, 0, halves(id, seq)),
            Message::NeighborSolicitation { target, source_link_addr } => {
                emit_neighbor(out, target, (SOURCE_LINK_ADDR, source_link_addr));
                (135, 0, [0; 4])
            }
            Message::NeighborAdvertisement {
                target,
                router,
                solicited,
                override_cache,
                target_link_addr,
            } => {
                emit_neighbor(out, target, (TARGET_LINK_ADDR, target_link_addr));
                let flags = u8::from(router) << 7
                    | u8::from(solicited) << 6
                    | u8::from(override_cache) << 5;
                (136, 0, [flags, 0, 0, 0])
            }
            Message::Unknown { kind, code, rest } => (kind, code, rest),
        };
        out[..HEADER_LEN].copy_from_slice(&[kind, code, 0, 0, a, b, c, d]);
    }
}

/// The group that who has `target` listens to (RFC 4291 §2.7.1).
pub const fn solicited_node(target: Ipv6Addr) -> Ipv6Addr {
    let [.., a, b, c] = target.octets();
    Ipv6Addr::new(0xff02, 0, 0, 0, 0, 1, 0xff00 | a as u16, (b as u16) << 8 | c as u16)
}

fn target(bytes: &[u8]) -> Result<Ipv6Addr, Error> {
    let octets = bytes.get(HEADER_LEN..).and_then(|rest| rest.first_chunk::<16>());
    octets.map(|octets| Ipv6Addr::from(*octets)).ok_or(Error::Truncated)
}

/// Finds the link address option of this kind; of several the first counts.
fn link_addr(bytes: &[u8], wanted: u8) -> Result<Option<MacAddr>, Error> {
    let mut options = bytes.get(NEIGHBOR_LEN..).ok_or(Error::Truncated)?;
    let mut found = None;
    for _ in 0..MAX_OPTIONS {
        // RFC 4861 §7.1: an option of length zero spoils the message.
        let (kind, len) = match *options {
            [] => return Ok(found),
            [kind, units @ 1..=255, ..] => (kind, usize::from(units) * 8),
            [..] => return Err(Error::BadLength),
        };
        let option = options.get(..len).ok_or(Error::BadLength)?;
        if let (true, None, &[_, _, a, b, c, d, e, f]) = (kind == wanted, found, option) {
            found = Some(MacAddr([a, b, c, d, e, f]));
        }
        options = &options[len..];
    }
    if options.is_empty() { Ok(found) } else { Err(Error::TooMany) }
}

fn emit_neighbor(out: &mut [u8], target: Ipv6Addr, (kind, link): (u8, Option<MacAddr>)) {
    out[HEADER_LEN..NEIGHBOR_LEN].copy_from_slice(&target.octets());
    if let Some(MacAddr([a, b, c, d, e, f])) = link {
        let option = [kind, 1, a, b, c, d, e, f];
        out[NEIGHBOR_LEN..NEIGHBOR_LEN + LINK_ADDR_LEN].copy_from_slice(&option);
    }
}

fn halves(high: u16, low: u16) -> [u8; 4] {
    let ([a, b], [c, d]) = (high.to_be_bytes(), low.to_be_bytes());
    [a, b, c, d]
}

#[cfg(test)]
mod tests {
    extern crate std;

    use super::{MAX_OPTIONS, Message, solicited_node};
    use crate::{Error, MacAddr};
    use core::net::Ipv6Addr;
    use proptest::prelude::*;
    use std::vec::Vec;

    const OURS: MacAddr = MacAddr([2, 0, 0, 0, 0, 1]);

    /// Neighbour solicitation for fd71::2 with the source link address 02:00:00:00:00:01.
    const SOLICITATION: [u8; 32] = [
        135, 0, 0, 0, 0, 0, 0, 0, 0xfd, 0x71, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2, 1, 1, 2, 0,
        0, 0, 0, 1,
    ];

    fn asked() -> Ipv6Addr {
        "fd71::2".parse().unwrap()
    }

    #[test]
    fn a_solicitation_reads_and_is_written_back_byte_for_byte() {
        let (message, len) = Message::parse(&SOLICITATION).unwrap();
        let expected =
            Message::NeighborSolicitation { target: asked(), source_link_addr: Some(OURS) };
        assert_eq!((message, len), (expected, 32));
        let mut out = [0xee; 32];
        message.emit(&mut out);
        assert_eq!(out, SOLICITATION);
    }

    #[test]
    fn an_advertisement_carries_three_flags() {
        // RFC 4861 §4.4: R, S and O are the three high bits.
        let mut bytes = SOLICITATION;
        (bytes[0], bytes[4], bytes[24]) = (136, 0x60, 2);
        let expected = Message::NeighborAdvertisement {
            target: asked(),
            router: false,
            solicited: true,
            override_cache: true,
            target_link_addr: Some(OURS),
        };
        assert_eq!(Message::parse(&bytes), Ok((expected, 32)));
    }

    #[test]
    fn an_option_that_is_not_known_is_stepped_over() {
        let mut bytes = SOLICITATION[..24].to_vec();
        bytes.extend([14, 1, 9, 9, 9, 9, 9, 9]); // a nonce (RFC 7527)
        bytes.extend([1, 2, 7, 7, 7, 7, 7, 7, 0, 0, 0, 0, 0, 0, 0, 0]); // not an Ethernet address
        bytes.extend(&SOLICITATION[24..]);
        let (message, len) = Message::parse(&bytes).unwrap();
        assert_eq!(len, bytes.len());
        let expected =
            Message::NeighborSolicitation { target: asked(), source_link_addr: Some(OURS) };
        assert_eq!(message, expected);
    }

    #[test]
    fn an_option_of_length_zero_or_too_long_spoils_the_message() {
        for units in [0, 2] {
            let mut bytes = SOLICITATION;
            bytes[25] = units;
            assert_eq!(Message::parse(&bytes), Err(Error::BadLength));
        }
        assert_eq!(Message::parse(&SOLICITATION[..25]), Err(Error::BadLength));
        assert_eq!(Message::parse(&SOLICITATION[..23]), Err(Error::Truncated));
        assert!(Message::parse(&SOLICITATION[..24]).is_ok());
    }

    #[test]
    fn options_are_walked_up_to_the_bound_and_not_beyond() {
        let mut bytes = SOLICITATION[..24].to_vec();
        for _ in 0..MAX_OPTIONS {
            bytes.extend(&SOLICITATION[24..]);
        }
        assert!(Message::parse(&bytes).is_ok());
        bytes.extend(&SOLICITATION[24..]);
        assert_eq!(Message::parse(&bytes), Err(Error::TooMany));
    }

    #[test]
    fn a_group_of_solicited_nodes_takes_the_low_24_bits() {
        // RFC 4291 §2.7.1, its own example.
        let target = "4037::1:800:200e:8c6c".parse().unwrap();
        let group: Ipv6Addr = "ff02::1:ff0e:8c6c".parse().unwrap();
        assert_eq!(solicited_node(target), group);
    }

    fn messages() -> impl Strategy<Value = Message> {
        let link = || any::<Option<[u8; 6]>>().prop_map(|mac| mac.map(MacAddr));
        prop_oneof![
            any::<(u16, u16)>().prop_map(|(id, seq)| Message::EchoRequest { id, seq }),
            any::<(u16, u16)>().prop_map(|(id, seq)| Message::EchoReply { id, seq }),
            any::<u8>().prop_map(|code| Message::DestinationUnreachable { code }),
            any::<u32>().prop_map(|mtu| Message::PacketTooBig { mtu }),
            any::<u8>().prop_map(|code| Message::TimeExceeded { code }),
            any::<(u8, u32)>()
                .prop_map(|(code, pointer)| Message::ParameterProblem { code, pointer }),
            (any::<Ipv6Addr>(), link()).prop_map(|(target, source_link_addr)| {
                Message::NeighborSolicitation { target, source_link_addr }
            }),
            (any::<Ipv6Addr>(), any::<[bool; 3]>(), link()).prop_map(
                |(target, [router, solicited, override_cache], target_link_addr)| {
                    Message::NeighborAdvertisement {
                        target,
                        router,
                        solicited,
                        override_cache,
                        target_link_addr,
                    }
                }
            ),
            (137..=255u8, any::<u8>(), any::<[u8; 4]>())
                .prop_map(|(kind, code, rest)| Message::Unknown { kind, code, rest }),
        ]
    }

    proptest! {
        #[test]
        fn what_is_emitted_reads_back(message in messages()) {
            let mut out = std::vec![0xee; message.len()];
            message.emit(&mut out);
            prop_assert_eq!(Message::parse(&out), Ok((message, message.len())));
        }

        #[test]
        fn no_bytes_make_it_panic_and_what_is_read_survives_a_round_trip(
            mut bytes: Vec<u8>, kind in 133..138u8, neighbor: bool,
        ) {
            if let (true, [first, code, ..]) = (neighbor, &mut bytes[..]) {
                (*first, *code) = (kind, 0);
            }
            if let Ok((message, len)) = Message::parse(&bytes) {
                prop_assert!(len <= bytes.len());
                let mut out = std::vec![0; message.len()];
                message.emit(&mut out);
                prop_assert_eq!(Message::parse(&out), Ok((message, message.len())));
            }
        }
    }
}
