//! Where does a TCP segment go? (RFC 9293 §3.10.7)
//!
//! Checksum, header, one look into the flow table; then to the connection, the handshake,
//! TIME-WAIT or the listener that it is for. The text is a slice of the frame, never copied here.

use crate::account::Flow;
use crate::connections::Owner;
use crate::flow::{FlowKey, Tenant};
use crate::host::Host;
use crate::queues::Settled;
use crate::reason::HostReason;
use bytes::{Buf, Bytes};
use core::net::SocketAddr;
use osier_ip::{LinkId, Packet, Vouched};
use osier_tcp::{Arrived, Segment};
use osier_time::Instant;
use osier_wire::checksum::Sum;
use osier_wire::{Protocol, tcp};

/// A segment, and what the host knows of it.
#[derive(Clone, Debug)]
pub(crate) struct Incoming {
    pub(crate) key: FlowKey,
    pub(crate) segment: Segment,
    pub(crate) arrived: Arrived,
    pub(crate) link: LinkId,
}

impl Host {
    /// A packet for TCP.
    #[inline(always)]
    pub(crate) fn tcp_input(&mut self, now: Instant, packet: &Packet, datagram: &mut Bytes) {
        let payload = packet.payload(datagram);
        // RFC 9293 §3.1: the checksum must be checked [MUST-3].
        if !is_intact(packet, Protocol::TCP, payload) {
            let flow = flow_of(packet, payload);
            return self.account.push(flow, HostReason::BadChecksum);
        }
        let Ok((header, options)) = tcp::Fixed::parse(payload) else {
            return self.account.push(None, HostReason::Malformed);
        };
        let ports = (header.dst_port, header.src_port);
        let Some(key) = FlowKey::between((packet.dst, packet.src), ports) else { return };
        let mut segment = Segment {
            seq: header.seq,
            ack: header.ack,
            flags: header.flags,
            window: header.window,
            urgent: header.urgent,
            ..Segment::default()
        };
        segment.options.read(options);
        let header_len = tcp::HEADER_LEN + options.len();
        take_text(datagram, usize::from(packet.transport_at) + header_len, &mut segment.text);
        let Packet { ecn, hop_limit, gso_size, .. } = *packet;
        let memory = self.connections.budget.level();
        let arrived = Arrived { ecn, hop_limit, gso_size, memory };
        self.segment_input(now, key, &mut segment, (arrived, packet.link));
    }

    /// A segment, to whoever it is for.
    #[inline(always)]
    pub(crate) fn segment_input(
        &mut self,
        now: Instant,
        key: FlowKey,
        segment: &mut Segment,
        (arrived, link): (Arrived, LinkId),
    ) {
        let tenant = self.find_flow(&key);
        if let Some(Tenant::Connection(id)) = tenant {
            let Some(socket) = self.connections.sockets.get_mut(id) else { return };
            if let Owner::Listener(_) = socket.owner {
                return self.unaccepted_input(now, id, core::mem::take(segment), arrived);
            }
            socket.connection.on_segment(now, segment, arrived, &mut self.account.tcp);
            let held = socket.connection.memory();
            self.connections.budget.change(&mut socket.held, held);
            match self.connections.queues.settle(id, socket) {
                Settled::Yes => self.account.close(&socket.key),
                Settled::No => self.settle_events(id),
            }
            return self.connections.feed();
        }
        let segment = core::mem::take(segment);
        self.other_input(now, tenant, Incoming { key, segment, arrived, link });
    }

    /// A segment that is for no connection (yet, or any more).
    #[inline(never)]
    fn other_input(&mut self, now: Instant, tenant: Option<Tenant>, incoming: Incoming) {
        match tenant {
            Some(Tenant::Connection(_)) => {}
            Some(Tenant::HalfOpen(id)) => self.handshake_input(now, id, incoming),
            Some(Tenant::TimeWait(id)) => self.time_wait_input(now, id, &incoming),
            None => self.listener_input(now, &incoming, None),
        }
    }
}

/// Whether the payload carries a good checksum, or somebody below vouches.
#[inline(always)]
pub(crate) fn is_intact(packet: &Packet, protocol: Protocol, payload: &[u8]) -> bool {
    if packet.vouched == Vouched::Yes {
        return true;
    }
    let sum = Sum::pseudo_header(packet.src, packet.dst, protocol, payload.len());
    sum.and(payload).verifies()
}

/// Moves the text, which starts there, to where none is yet; an acknowledgment does not hold on to
/// its frame.
#[inline]
pub(crate) fn take_text(datagram: &mut Bytes, at: usize, text: &mut Bytes) {
    if datagram.len() > at {
        core::mem::swap(datagram, text);
        text.advance(at);
    }
}

#[cold]
/// The flow that a damaged segment says it belongs to.
fn flow_of(packet: &Packet, payload: &[u8]) -> Option<Flow> {
    let &[a, b, c, d, ..] = payload else { return None };
    Some(Flow {
        protocol: packet.protocol,
        local: SocketAddr::new(packet.dst, u16::from_be_bytes([c, d])),
        remote: SocketAddr::new(packet.src, u16::from_be_bytes([a, b])),
    })
}
