//! May we tell a sender that its packet got nowhere, and how? (RFC 1122 §3.2.2, RFC 4443 §2.4)
//!
//! Never about an error, a later fragment, a packet to a group, or one whose source is no host;
//! and never faster than the rate.

use super::{HEADER_LEN, Message, protocol_for};
use crate::addresses::{Audience, is_no_source};
use crate::layer::Layer;
use crate::packet::{ErrorToSend, Fragment, ToSend};
use crate::reason::Reason;
use bytes::Bytes;
use core::net::IpAddr;
use osier_time::Instant;
use osier_wire::{Protocol, icmpv4, icmpv6, ip, ipv4, ipv6};

/// The longest error on IPv4 (RFC 1812 §4.3.2.3).
const LEN_MAX_V4: usize = 576;

/// The longest error on IPv6 (RFC 4443 §2.4 (c)).
const LEN_MAX_V6: usize = 1280;

/// Internetwork control, as errors are marked (RFC 1812 §4.3.2.5).
const TOS: u8 = 0xc0;

impl Layer {
    /// Tells the sender of `datagram`, a packet that came to us.
    pub(crate) fn report(&mut self, now: Instant, datagram: &Bytes, error: ErrorToSend) {
        let Some((src, dst)) = self.may_report(datagram) else {
            return self.notes.push(Reason::ErrorNotDue);
        };
        if !self.rates.allow_error(now, src) {
            return self.notes.push(Reason::ErrorSuppressed);
        }
        let (message, quotable) = match src {
            IpAddr::V4(_) => {
                (Message::V4(message_v4(error)), LEN_MAX_V4 - ipv4::HEADER_LEN - HEADER_LEN)
            }
            IpAddr::V6(_) => (
                Message::V6(message_v6(error, datagram)),
                LEN_MAX_V6 - ipv6::HEADER_LEN - HEADER_LEN,
            ),
        };
        // A copy: a slice would keep a whole super-frame alive for the sake of its head.
        let quoted = Bytes::copy_from_slice(&datagram[..datagram.len().min(quotable)]);
        let to = ToSend {
            src: dst,
            dst: src,
            protocol: protocol_for(src),
            tos: TOS,
            hop_limit: None,
            fragment: Fragment::Allowed,
            len: HEADER_LEN + quoted.len(),
        };
        match self.way(&to) {
            Ok(hop) => {
                let (kind, code) = message.kind_and_code();
                self.notes.push(Reason::ErrorSent { kind, code });
                self.send_icmp(now, hop, &to, (message, quoted));
            }
            Err(_) => self.notes.push(Reason::ErrorNotDue),
        }
    }

    /// RFC 1122 §3.2.2: from whom to whom the packet went, where an error about it is allowed.
    fn may_report(&self, datagram: &Bytes) -> Option<(IpAddr, IpAddr)> {
        let (header, len) = ip::Header::parse_quoted(datagram).ok()?;
        let (audience, protocol, at) = match &header {
            ip::Header::V4(header) if header.fragment_offset == 0 => {
                (self.addresses.audience_v4(header.dst), header.protocol, len)
            }
            ip::Header::V4(_) => return None,
            ip::Header::V6(header) => {
                let upper = header.upper_layer(&datagram[len..]).ok()?;
                if upper.fragment.is_some_and(|fragment| fragment.offset != 0) {
                    return None;
                }
                let audience = match header.dst.is_multicast() {
                    true => Audience::Group,
                    false => self.addresses.audience_v6(Layer::LOOPBACK, header.dst),
                };
                (audience, upper.protocol, len + upper.offset)
            }
        };
        let (src, dst) = (header.src(), header.dst());
        // From ourselves, over the loopback, a loopback address is a host.
        let somebody = !is_no_source(src) || self.addresses.is_ours(src);
        let broadcast =
            matches!(src, IpAddr::V4(v4) if self.addresses.broadcast_link(v4).is_some());
        let allowed = audience == Audience::Unicast
            && somebody
            && !broadcast
            && !is_icmp_error(protocol, datagram.get(at..)?);
        allowed.then_some((src, dst))
    }
}

/// Whether the packet is itself an error, or too short to tell.
fn is_icmp_error(protocol: Protocol, message: &[u8]) -> bool {
    match protocol {
        Protocol::ICMP => icmpv4::Message::parse(message).map_or(true, |(m, _)| m.is_error()),
        Protocol::ICMPV6 => icmpv6::Message::parse(message).map_or(true, |(m, _)| m.is_error()),
        _ => false,
    }
}

fn message_v4(error: ErrorToSend) -> icmpv4::Message {
    let code = match error {
        ErrorToSend::PortUnreachable => icmpv4::unreachable::PORT,
        ErrorToSend::ProtocolUnreachable => icmpv4::unreachable::PROTOCOL,
    };
    icmpv4::Message::DestinationUnreachable { code, next_hop_mtu: 0 }
}

fn message_v6(error: ErrorToSend, datagram: &[u8]) -> icmpv6::Message {
    /// RFC 4443 §3.4: unrecognized next header type encountered.
    const NEXT_HEADER: u8 = 1;
    match error {
        ErrorToSend::PortUnreachable => {
            let code = icmpv6::unreachable::PORT;
            icmpv6::Message::DestinationUnreachable { code }
        }
        ErrorToSend::ProtocolUnreachable => icmpv6::Message::ParameterProblem {
            code: NEXT_HEADER,
            pointer: last_next_header(datagram),
        },
    }
}

/// Where the octet is that names the upper layer: in the fixed header, or in the last extension.
fn last_next_header(datagram: &[u8]) -> u32 {
    const FIRST: usize = 6;
    let mut at = FIRST;
    let mut next = ipv6::HEADER_LEN;
    for _ in 0..ipv6::MAX_EXTENSIONS {
        let (Some(kind), Some(&[_, units])) =
            (datagram.get(at), datagram.get(next..).and_then(|rest| rest.first_chunk()))
        else {
            break;
        };
        let len = match Protocol(*kind) {
            Protocol::HOP_BY_HOP | Protocol::IPV6_DESTINATION | Protocol::IPV6_ROUTING => {
                (usize::from(units) + 1) * 8
            }
            Protocol::IPV6_FRAGMENT => 8,
            _ => break,
        };
        (at, next) = (next, next + len);
    }
    at as u32
}
