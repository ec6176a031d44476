//! What does an ICMP message ask of us? (RFC 792, RFC 1122 §3.2.2, RFC 4443)
//!
//! Verifies and sorts: echo requests are answered (`icmp/echo.rs`), errors about our packets go up
//! (`icmp/quoted.rs`), neighbour messages go to `ndp.rs`, all else is counted. Errors that the host
//! asks us to send are built in `icmp/errors.rs`. Redirects and source quench are not followed
//! (RFC 6633, and a redirect is a way to steal traffic).

mod echo;
mod errors;
mod quoted;
mod rate;

pub(crate) use rate::Rates;

use crate::addresses::Audience;
use crate::input::{Source, Standing};
use crate::layer::Layer;
use crate::output::Hop;
use crate::packet::{Delivered, EchoReply, Packet, ToSend, Vouched};
use crate::reason::Reason;
use bytes::Bytes;
use core::net::IpAddr;
use osier_time::Instant;
use osier_wire::checksum::Sum;
use osier_wire::{Frame, Protocol, icmpv4, icmpv6};

/// A message to send, of either version.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Message {
    /// On IPv4.
    V4(icmpv4::Message),
    /// On IPv6.
    V6(icmpv6::Message),
}

impl Layer {
    /// A message on IPv4.
    #[inline(never)]
    pub(crate) fn on_icmp(
        &mut self,
        now: Instant,
        packet: &Packet,
        datagram: &Bytes,
        audience: Audience,
    ) -> Option<Delivered> {
        let covered = packet.payload(datagram);
        if packet.vouched == Vouched::No && !Sum::of(covered).verifies() {
            return self.drop_for(Reason::IcmpChecksum);
        }
        let (message, len) = match icmpv4::Message::parse(covered) {
            Ok(parsed) => parsed,
            Err(error) => return self.drop_for(Reason::BadIcmp { error }),
        };
        let data = packet.payload_from(datagram, len);
        match message {
            icmpv4::Message::EchoRequest { id, seq } => {
                let reply = Message::V4(icmpv4::Message::EchoReply { id, seq });
                self.answer_echo(now, (packet, datagram), audience, (reply, data))
            }
            icmpv4::Message::EchoReply { id, seq } => Some(reply(packet, (id, seq), data)),
            _ if message.is_error() => {
                self.on_error_v4((packet, covered), audience, (message, data))
            }
            _ => self.ignore_icmp(covered),
        }
    }

    /// A message on IPv6.
    #[inline(never)]
    pub(crate) fn on_icmpv6(
        &mut self,
        now: Instant,
        packet: &Packet,
        datagram: &Bytes,
        standing: Standing,
    ) -> Option<Delivered> {
        let covered = packet.payload(datagram);
        if packet.vouched == Vouched::No {
            let (src, dst, protocol) = (packet.src, packet.dst, packet.protocol);
            let sum = Sum::pseudo_header(src, dst, protocol, covered.len()).and(covered);
            if !sum.verifies() {
                return self.drop_for(Reason::IcmpChecksum);
            }
        }
        let (message, len) = match icmpv6::Message::parse(covered) {
            Ok(parsed) => parsed,
            Err(error) => return self.drop_for(Reason::BadIcmp { error }),
        };
        let data = packet.payload_from(datagram, len);
        match message {
            icmpv6::Message::NeighborSolicitation { .. }
            | icmpv6::Message::NeighborAdvertisement { .. } => {
                self.on_neighbour_message(now, packet, standing.station, message);
                None
            }
            _ if standing.source == Source::Martian => self.drop_for(Reason::MartianSource),
            icmpv6::Message::EchoRequest { id, seq } => {
                let reply = Message::V6(icmpv6::Message::EchoReply { id, seq });
                self.answer_echo(now, (packet, datagram), standing.audience, (reply, data))
            }
            icmpv6::Message::EchoReply { id, seq } => Some(reply(packet, (id, seq), data)),
            _ if message.is_error() => {
                self.on_error_v6((packet, covered), standing.audience, (message, data))
            }
            _ => self.ignore_icmp(covered),
        }
    }

    fn ignore_icmp(&mut self, message: &[u8]) -> Option<Delivered> {
        let [kind, code] = message.first_chunk().copied().unwrap_or_default();
        self.drop_for(Reason::IcmpIgnored { kind, code })
    }

    /// Sends a message of ours on its way: writes it behind the headers of `to`, with its checksum.
    pub(crate) fn send_icmp(
        &mut self,
        now: Instant,
        hop: Hop,
        to: &ToSend,
        (message, data): (Message, Bytes),
    ) {
        let mut frame = Frame::default();
        let wrapped = self.write_headers(hop, to, &mut frame);
        let out = frame.head.grow(HEADER_LEN);
        let (sum, field) = match message {
            Message::V4(message) => {
                message.emit(out);
                (Sum::ZERO, icmpv4::CHECKSUM_OFFSET)
            }
            Message::V6(message) => {
                message.emit(out);
                let pseudo = Sum::pseudo_header(to.src, to.dst, Protocol::ICMPV6, to.len);
                (pseudo, icmpv6::CHECKSUM_OFFSET)
            }
        };
        let checksum = sum.and(out).and(&data).checksum();
        out[field..field + 2].copy_from_slice(&checksum.to_be_bytes());
        if !data.is_empty() {
            frame.payload.push(data);
        }
        if let Some(link) = self.submit(now, wrapped, &mut frame) {
            self.send(link, frame);
        }
    }
}

/// Bytes in front of the data of a message that we send.
const HEADER_LEN: usize = icmpv4::HEADER_LEN;

/// Which protocol carries messages to this address.
fn protocol_for(dst: IpAddr) -> Protocol {
    match dst {
        IpAddr::V4(_) => Protocol::ICMP,
        IpAddr::V6(_) => Protocol::ICMPV6,
    }
}

fn reply(packet: &Packet, (id, seq): (u16, u16), data: Bytes) -> Delivered {
    let hop_limit = packet.hop_limit;
    Delivered::EchoReply(EchoReply { from: packet.src, id, seq, hop_limit, data })
}
