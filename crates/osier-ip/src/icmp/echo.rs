//! Are you there? (RFC 1122 §3.2.2.6, RFC 4443 §4.1 and §4.2)
//!
//! Answers requests to our own addresses and sends requests of the owner. Requests to a group are
//! not answered: one packet would draw answers from a whole link.

use super::{HEADER_LEN, Message, protocol_for};
use crate::addresses::{Audience, is_link_local};
use crate::layer::{Layer, Unreachable};
use crate::output::{Hop, Next};
use crate::packet::{Delivered, Fragment, Packet, ToSend};
use crate::reason::Reason;
use bytes::Bytes;
use core::net::IpAddr;
use osier_time::Instant;
use osier_wire::{icmpv4, icmpv6};

impl Layer {
    /// An echo request: the reply goes from the address that was asked.
    pub(super) fn answer_echo(
        &mut self,
        now: Instant,
        (request, datagram): (&Packet, &[u8]),
        audience: Audience,
        (reply, data): (Message, Bytes),
    ) -> Option<Delivered> {
        if audience == Audience::Claimed {
            return self.drop_for(Reason::NotForUs);
        }
        if audience != Audience::Unicast {
            return self.drop_for(Reason::EchoToGroup);
        }
        if !self.rates.allow_echo(now) {
            return self.drop_for(Reason::EchoSuppressed);
        }
        let to = ToSend {
            src: request.dst,
            dst: request.src,
            protocol: request.protocol,
            tos: tos_of(datagram),
            hop_limit: None,
            fragment: Fragment::Allowed,
            len: HEADER_LEN + data.len(),
        };
        let way = match is_link_local(to.dst) {
            // A link-local address means the link on which the request came.
            true if request.link != Layer::LOOPBACK => {
                let hop = Hop { link: request.link, to: Next::Neighbour(to.dst) };
                self.check_len(hop, &to).map(|()| hop)
            }
            _ => self.way(&to),
        };
        let Ok(hop) = way else { return self.drop_for(Reason::EchoUnanswerable) };
        self.notes.push(Reason::EchoAnswered { len: data.len() as u16 });
        self.send_icmp(now, hop, &to, (reply, data));
        None
    }

    /// Sends an echo request of the owner.
    pub(crate) fn ask_echo(
        &mut self,
        now: Instant,
        dst: IpAddr,
        (id, seq): (u16, u16),
        data: Bytes,
    ) -> Result<(), Unreachable> {
        let to = ToSend {
            src: self.pick_source(dst)?,
            dst,
            protocol: protocol_for(dst),
            tos: 0,
            hop_limit: None,
            fragment: Fragment::Allowed,
            len: HEADER_LEN + data.len(),
        };
        let message = match dst {
            IpAddr::V4(_) => Message::V4(icmpv4::Message::EchoRequest { id, seq }),
            IpAddr::V6(_) => Message::V6(icmpv6::Message::EchoRequest { id, seq }),
        };
        let hop = self.way(&to)?;
        self.send_icmp(now, hop, &to, (message, data));
        Ok(())
    }
}

/// The DSCP of the request, as Linux answers; its ECN bits say nothing about the way back.
fn tos_of(request: &[u8]) -> u8 {
    let tos = match request {
        [0x40..=0x4f, tos, ..] => *tos,
        [first @ 0x60..=0x6f, second, ..] => first << 4 | second >> 4,
        _ => 0,
    };
    tos & !0b11
}
