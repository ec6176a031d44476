//! Which packet of ours is an ICMP error about? (RFC 1122 §3.2.2, RFC 1191, RFC 4443 §2.4)
//!
//! Reads the quotation and hands it up where it is really from us. Whether the transport sent it
//! is for the transport to judge (RFC 5927 §4).

use super::Message;
use crate::addresses::Audience;
use crate::layer::Layer;
use crate::packet::{Delivered, IcmpError, IcmpErrorKind, Packet};
use crate::reason::Reason;
use bytes::Bytes;
use osier_wire::{Protocol, icmpv4, icmpv6, ip};

/// The least path MTU that we believe on IPv4, as on Linux (min_pmtu): RFC 791 lets it be 68, and
/// an attacker would have us send a header with every few octets.
const MTU_MIN_V4: u32 = 552;

/// The least MTU of an IPv6 link (RFC 8200 §5).
const MTU_MIN_V6: u32 = 1280;

/// The least that has to be quoted of a transport (RFC 792; RFC 1122 §3.2.2).
const QUOTED_MIN: usize = 8;

/// What an error quotes.
struct Quoted {
    header: ip::Header,
    protocol: Protocol,
    /// Where the transport header starts.
    at: usize,
}

impl Layer {
    /// An error on IPv4.
    pub(super) fn on_error_v4(
        &mut self,
        (packet, covered): (&Packet, &[u8]),
        audience: Audience,
        (message, data): (icmpv4::Message, Bytes),
    ) -> Option<Delivered> {
        let quoted = match self.read_quoted(audience, &data) {
            Ok(quoted) => quoted,
            Err(reason) => return self.drop_for(reason),
        };
        match kind_v4(message, &quoted.header) {
            Some(kind) => Some(error(packet, kind, &quoted, &data)),
            None => self.ignore_icmp(covered),
        }
    }

    /// An error on IPv6.
    pub(super) fn on_error_v6(
        &mut self,
        (packet, covered): (&Packet, &[u8]),
        audience: Audience,
        (message, data): (icmpv6::Message, Bytes),
    ) -> Option<Delivered> {
        let quoted = match self.read_quoted(audience, &data) {
            Ok(quoted) => quoted,
            Err(reason) => return self.drop_for(reason),
        };
        match message {
            // RFC 8201 §4: less than the minimum must be ignored.
            icmpv6::Message::PacketTooBig { mtu } if mtu < MTU_MIN_V6 => {
                self.drop_for(Reason::IcmpMtuTooSmall { mtu })
            }
            _ => match kind_v6(message) {
                Some(kind) => Some(error(packet, kind, &quoted, &data)),
                None => self.ignore_icmp(covered),
            },
        }
    }

    fn read_quoted(&self, audience: Audience, data: &Bytes) -> Result<Quoted, Reason> {
        let (header, len) =
            ip::Header::parse_quoted(data).map_err(|_| Reason::IcmpQuoteTooShort)?;
        let (protocol, at) = match &header {
            ip::Header::V4(header) if header.fragment_offset == 0 => (header.protocol, len),
            ip::Header::V4(_) => return Err(Reason::IcmpQuoteTooShort),
            ip::Header::V6(header) => {
                let upper = header.upper_layer(&data[len..]);
                let upper = upper.map_err(|_| Reason::IcmpQuoteTooShort)?;
                if upper.fragment.is_some_and(|fragment| fragment.offset != 0) {
                    return Err(Reason::IcmpQuoteTooShort);
                }
                (upper.protocol, len + upper.offset)
            }
        };
        // RFC 5927 §4: whoever has not seen our packet does not know what to quote.
        let single = matches!(audience, Audience::Unicast | Audience::Claimed);
        if !single || !self.addresses.may_speak_as(header.src()) {
            return Err(Reason::IcmpNotAboutUs);
        }
        if data.len() < at + QUOTED_MIN {
            return Err(Reason::IcmpQuoteTooShort);
        }
        Ok(Quoted { header, protocol, at })
    }
}

fn error(packet: &Packet, kind: IcmpErrorKind, quoted: &Quoted, data: &Bytes) -> Delivered {
    Delivered::Error(IcmpError {
        kind,
        from: packet.src,
        src: quoted.header.src(),
        dst: quoted.header.dst(),
        protocol: quoted.protocol,
        quoted: data.slice(quoted.at..),
    })
}

/// RFC 1122 §3.2.2.1 and §4.2.3.9. `None` where it does not concern a transport, or quotes the
/// other IP version.
fn kind_v4(message: icmpv4::Message, quoted: &ip::Header) -> Option<IcmpErrorKind> {
    use icmpv4::unreachable::{FRAGMENTATION_NEEDED, PORT, PROTOCOL};
    let ip::Header::V4(quoted) = quoted else { return None };
    match message {
        icmpv4::Message::DestinationUnreachable { code: FRAGMENTATION_NEEDED, next_hop_mtu } => {
            let len = u32::from(quoted.payload_len) + quoted.len() as u32;
            let mtu = match next_hop_mtu {
                0 => plateau_below(len),
                mtu => u32::from(mtu),
            };
            Some(IcmpErrorKind::PacketTooBig { mtu: mtu.max(MTU_MIN_V4) })
        }
        icmpv4::Message::DestinationUnreachable { code: PROTOCOL | PORT, .. } => {
            Some(IcmpErrorKind::PortUnreachable)
        }
        icmpv4::Message::DestinationUnreachable { .. } => Some(IcmpErrorKind::Unreachable),
        icmpv4::Message::TimeExceeded { .. } => Some(IcmpErrorKind::TimeExceeded),
        icmpv4::Message::ParameterProblem { .. } => Some(IcmpErrorKind::ParameterProblem),
        icmpv4::Message::EchoRequest { .. }
        | icmpv4::Message::EchoReply { .. }
        | icmpv4::Message::Unknown { .. } => None,
    }
}

/// RFC 4443 §3.
fn kind_v6(message: icmpv6::Message) -> Option<IcmpErrorKind> {
    /// An unrecognized next header: the transport is not spoken there (RFC 4443 §3.4).
    const NEXT_HEADER: u8 = 1;
    match message {
        icmpv6::Message::DestinationUnreachable { code: icmpv6::unreachable::PORT }
        | icmpv6::Message::ParameterProblem { code: NEXT_HEADER, .. } => {
            Some(IcmpErrorKind::PortUnreachable)
        }
        icmpv6::Message::DestinationUnreachable { .. } => Some(IcmpErrorKind::Unreachable),
        icmpv6::Message::PacketTooBig { mtu } => Some(IcmpErrorKind::PacketTooBig { mtu }),
        icmpv6::Message::TimeExceeded { .. } => Some(IcmpErrorKind::TimeExceeded),
        icmpv6::Message::ParameterProblem { .. } => Some(IcmpErrorKind::ParameterProblem),
        _ => None,
    }
}

/// RFC 1191 §7.1: the next common MTU below, for routers that do not name one.
fn plateau_below(len: u32) -> u32 {
    const PLATEAUS: [u32; 8] = [32_000, 17_914, 8_166, 4_352, 2_002, 1_492, 1_006, MTU_MIN_V4];
    PLATEAUS.into_iter().find(|plateau| *plateau < len).unwrap_or(MTU_MIN_V4)
}

impl Message {
    /// The first two octets on the wire.
    pub(super) fn kind_and_code(&self) -> (u8, u8) {
        let mut out = [0; super::HEADER_LEN];
        match self {
            Message::V4(message) => message.emit(&mut out),
            Message::V6(message) => message.emit(&mut out),
        }
        (out[0], out[1])
    }
}
