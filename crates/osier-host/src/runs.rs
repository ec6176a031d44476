//! Which frames of a batch carry on where the one before them ended? (generic receive offload)
//!
//! Segments of one connection that arrive together differ in their sequence number and their text.
//! The first of them goes every step of the way; each that follows is verified and held against
//! the first one's header, and their texts are handed over together, none of them copied. What
//! differs in anything else, or what the connection does not take as the next text in order, goes
//! every step by itself, in its turn.

use crate::connections::Owner;
use crate::flow::{FlowKey, Tenant};
use crate::host::Host;
use crate::queues::Settled;
use crate::tcp_input::{is_intact, take_text};
use alloc::vec::Vec;
use bytes::Bytes;
use osier_ip::{Delivered, LinkId, Packet};
use osier_tcp::{Arrived, Segment};
use osier_time::Instant;
use osier_wire::tcp::{Fixed, Flags, HEADER_LEN};
use osier_wire::{Protocol, Received, SeqNumber};

/// The longest TCP header.
const HEADER_MAX: usize = 60;

/// The segments that carry on, so far; at most one batch of them.
struct Run {
    first: Option<First>,
    /// The number that one must have to carry on.
    next: SeqNumber,
    /// The texts of those that did.
    texts: Vec<Bytes>,
}

/// The segment that came first.
struct First {
    packet: Packet,
    header: [u8; HEADER_MAX],
    header_len: usize,
    /// Octets of its text; and the number behind it.
    size: usize,
    end: SeqNumber,
}

impl Host {
    /// Frames arrived together, in this order, which are taken out: as [`Host::on_frame`] of each,
    /// with less work where many are of one stream. An acknowledgment is owed once for all of them.
    #[inline]
    pub fn on_frames(&mut self, now: Instant, link: LinkId, frames: &mut Vec<Received>) {
        if frames.len() > 1 {
            return self.batch_arrives(now, link, frames);
        }
        if let Some(frame) = frames.pop() {
            self.on_frame(now, link, frame);
        }
    }

    #[inline(never)]
    fn batch_arrives(&mut self, now: Instant, link: LinkId, frames: &mut Vec<Received>) {
        self.account.now = now;
        if !self.has_link(link) {
            return frames.clear();
        }
        let mut run = Run { first: None, next: SeqNumber(0), texts: Vec::new() };
        for mut frame in frames.drain(..) {
            let delivered = self.ip.on_frame(now, link, &mut frame);
            self.account.close_ip(&mut self.ip, None);
            let tcp = match &delivered {
                Some(Delivered::Packet(packet)) if packet.protocol == Protocol::TCP => Some(packet),
                _ => None,
            };
            if tcp.is_some_and(|packet| run.takes(packet, &mut frame.bytes)) {
                continue;
            }
            self.end_run(now, &mut run);
            run.first = tcp.and_then(|packet| First::read(packet, &frame.bytes));
            run.next = run.first.as_ref().map_or(run.next, |first| first.end);
            self.deliver_apart(now, &delivered, &mut frame);
        }
        self.end_run(now, &mut run);
    }

    /// [`Host::deliver`], which is meant to be in line where frames come one by one.
    #[inline(never)]
    fn deliver_apart(&mut self, now: Instant, delivered: &Option<Delivered>, frame: &mut Received) {
        self.deliver(now, delivered, frame);
    }

    /// [`Host::segment_input`], likewise.
    #[inline(never)]
    fn segment_input_apart(
        &mut self,
        now: Instant,
        key: FlowKey,
        segment: &mut Segment,
        how: (Arrived, LinkId),
    ) {
        self.segment_input(now, key, segment, how);
    }

    /// Hands over the texts of those that carried on.
    fn end_run(&mut self, now: Instant, run: &mut Run) {
        let Some(first) = run.first.take().filter(|_| !run.texts.is_empty()) else { return };
        let Some((key, mut segment)) = first.segment() else { return run.texts.clear() };
        let Packet { ecn, hop_limit, link, .. } = first.packet;
        let memory = self.connections.budget.level();
        let arrived = Arrived { ecn, hop_limit, gso_size: 0, memory };
        if let Some(Tenant::Connection(id)) = self.find_flow(&key)
            && let Some(socket) = self.connections.sockets.get_mut(id)
            && !matches!(socket.owner, Owner::Listener(_))
            && socket.connection.on_texts(now, &mut segment, &mut run.texts, arrived)
        {
            let held = socket.connection.memory();
            self.connections.budget.change(&mut socket.held, held);
            match self.connections.queues.settle(id, socket) {
                Settled::Yes => self.account.close(&socket.key),
                Settled::No => self.settle_events(id),
            }
            return self.connections.feed();
        }
        for text in run.texts.drain(..) {
            let next = segment.seq + text.len() as u32;
            let mut one = Segment { text, ..segment.clone() };
            self.segment_input_apart(now, key, &mut one, (arrived, link));
            segment.seq = next;
        }
    }
}

impl Run {
    /// Takes the text of a segment that carries on.
    #[inline]
    fn takes(&mut self, packet: &Packet, datagram: &mut Bytes) -> bool {
        let Some(first) = &self.first else { return false };
        let payload = packet.payload(datagram);
        if !first.is_followed_by(packet, payload, self.next) {
            return false;
        }
        let len = payload.len() - first.header_len;
        let mut text = Bytes::new();
        take_text(datagram, usize::from(packet.transport_at) + first.header_len, &mut text);
        self.texts.push(text);
        self.next += len as u32;
        true
    }
}

impl First {
    /// A segment that others may carry on: text and an acknowledgment, and nothing else to it.
    #[inline]
    fn read(packet: &Packet, datagram: &Bytes) -> Option<First> {
        let payload = packet.payload(datagram);
        let (fixed, options) = Fixed::parse(payload).ok()?;
        let header_len = HEADER_LEN + options.len();
        let size = payload.len() - header_len;
        let plain = Flags(fixed.flags.0 & !Flags::PSH.0) == Flags::ACK;
        if !plain || packet.gso_size > 0 || size == 0 {
            return None;
        }
        let mut header = [0; HEADER_MAX];
        header[..header_len].copy_from_slice(&payload[..header_len]);
        let end = fixed.seq + size as u32;
        Some(First { packet: packet.clone(), header, header_len, size, end })
    }

    /// Whether a segment that starts there is like this one in all but its number, its text, which
    /// may be shorter, and PSH, which asks for nothing that is not done anyway.
    #[inline]
    fn is_followed_by(&self, packet: &Packet, payload: &[u8], seq: SeqNumber) -> bool {
        let (mine, len) = (&self.header, self.header_len);
        // RFC 9293 §3.1: ports, number, acknowledgment and data offset, flags, window, checksum,
        // urgent pointer and options.
        payload.len() > len
            && payload.len() <= len + self.size
            && payload[4..8] == seq.0.to_be_bytes()
            && payload[..4] == mine[..4]
            && payload[8..13] == mine[8..13]
            && (payload[13] ^ mine[13]) & !(Flags::PSH.0 as u8) == 0
            && payload[14..16] == mine[14..16]
            && payload[18..len] == mine[18..len]
            && self.comes_with(packet)
            && is_intact(packet, Protocol::TCP, payload)
    }

    /// Whether it travelled the same way.
    #[inline]
    fn comes_with(&self, packet: &Packet) -> bool {
        let mine = &self.packet;
        (packet.src, packet.dst) == (mine.src, mine.dst)
            && (packet.ecn, packet.hop_limit) == (mine.ecn, mine.hop_limit)
            && packet.gso_size == 0
    }

    /// The segment that follows, still without its text, and its flow.
    fn segment(&self) -> Option<(FlowKey, Segment)> {
        let (fixed, options) = Fixed::parse(&self.header).ok()?;
        let Fixed { src_port, dst_port, ack, flags, window, urgent, .. } = fixed;
        let key = FlowKey::between((self.packet.dst, self.packet.src), (dst_port, src_port))?;
        let mut segment =
            Segment { seq: self.end, ack, flags, window, urgent, ..Segment::default() };
        segment.options.read(options);
        Some((key, segment))
    }
}
