//! How does a segment become a frame?
//!
//! The host adds what a connection does not know: addresses, ports, the pseudo-header's sum, TOS
//! and time to live. The IP layer writes the headers in front. One frame for each call, in turn
//! among those who have something, so that nobody's wait depends on another's appetite.

use crate::flow::FlowKey;
use crate::host::Host;
use crate::links::tcp_octets;
use crate::queues::Settled;
use osier_ip::{Fragment, LinkId, ToSend, Unreachable, Wrapped};
use osier_tcp::{State, Transmit};
use osier_time::Instant;
use osier_wire::checksum::Sum;
use osier_wire::offload::{Checksum, Gso};
use osier_wire::{Frame, Protocol, tcp, udp};

/// Whose turn it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Turn {
    Connections,
    Handshakes,
    TimeWaits,
    Strays,
    Udp,
}

impl Turn {
    /// How many there are.
    const COUNT: usize = 5;

    const fn next(self) -> Turn {
        match self {
            Turn::Connections => Turn::Handshakes,
            Turn::Handshakes => Turn::TimeWaits,
            Turn::TimeWaits => Turn::Strays,
            Turn::Strays => Turn::Udp,
            Turn::Udp => Turn::Connections,
        }
    }
}

/// What an IP header says besides addresses and length.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Marks {
    pub(crate) tos: u8,
    /// Where it is not the default.
    pub(crate) hop_limit: Option<u8>,
    pub(crate) fragment: Fragment,
}

/// Whose segment it is.
#[derive(Clone, Copy, Debug)]
struct Sender<'a> {
    key: &'a FlowKey,
    /// The connection, where it is one's.
    id: Option<u32>,
    marks: Marks,
}

impl Host {
    /// The next frame of anybody.
    #[inline]
    pub(crate) fn next_frame(&mut self, now: Instant, frame: &mut Frame) -> Option<LinkId> {
        if self.ip.wants_transmit() || self.others_wait() {
            return self.next_in_turn(now, frame);
        }
        self.connections.queues.transmit.front()?;
        frame.clear();
        let link = self.transmit_connection(now, frame);
        // What was submitted may have made the layer ask for a neighbour.
        link.or_else(|| self.frame_of_ip(now, frame))
    }

    /// [`Host::next_frame`] where others than connections wait.
    fn next_in_turn(&mut self, now: Instant, frame: &mut Frame) -> Option<LinkId> {
        if let Some(link) = self.frame_of_ip(now, frame) {
            return Some(link);
        }
        frame.clear();
        for _ in 0..Turn::COUNT {
            let turn = self.turn;
            self.turn = turn.next();
            let link = match turn {
                Turn::Connections => self.transmit_connection(now, frame),
                Turn::Handshakes => self.transmit_handshake(now, frame),
                Turn::TimeWaits => self.transmit_time_wait(now, frame),
                Turn::Strays => self.transmit_stray(now, frame),
                Turn::Udp => self.transmit_udp(now, frame),
            };
            if link.is_some() {
                return link;
            }
        }
        self.frame_of_ip(now, frame)
    }

    /// What the IP layer itself has to send.
    #[inline]
    fn frame_of_ip(&mut self, now: Instant, frame: &mut Frame) -> Option<LinkId> {
        if !self.ip.wants_transmit() {
            return None;
        }
        let (link, asked) = self.ip.poll_transmit(now)?;
        *frame = asked;
        Some(link)
    }

    /// Whether anybody may have a frame.
    #[inline]
    pub(crate) fn may_transmit(&self) -> bool {
        self.connections.queues.transmit.front().is_some() || self.others_wait()
    }

    /// Whether anybody but a connection may have a frame.
    #[inline]
    fn others_wait(&self) -> bool {
        self.handshakes.transmit.front().is_some()
            || !self.time_waits.transmit.is_empty()
            || !self.strays.is_empty()
            || !self.cookies.is_empty()
            || self.udp.transmit.front().is_some()
    }

    /// One segment of the next connection that has one.
    #[inline]
    fn transmit_connection(&mut self, now: Instant, frame: &mut Frame) -> Option<LinkId> {
        let mut transmit = Transmit::default();
        while let Some(id) = self.connections.queues.transmit.pop_front() {
            let Some(socket) = self.connections.sockets.get_mut(id) else { continue };
            let key = socket.key;
            let epoch = self.paths.epoch();
            if socket.paths_epoch != epoch && socket.connection.state() != State::SynSent {
                socket.paths_epoch = epoch;
                if let Some(mtu) = self.paths.get(now, key.remote().ip()) {
                    let octets = tcp_octets(&key, mtu);
                    socket.connection.on_path_mtu(octets, None, &mut self.account.tcp);
                }
            }
            let (tos, hop_limit) = (socket.tos, socket.hop_limit);
            let marks = Marks { tos, hop_limit, ..Marks::NONE };
            let notes = &mut self.account.tcp;
            let found = socket.connection.poll_transmit_into(now, &mut transmit, notes);
            match self.connections.queues.settle(id, socket) {
                Settled::Yes => self.account.close(&key),
                Settled::No => self.settle_events(id),
            }
            if !found {
                // It said "maybe" and meant no: its next event puts it back.
                self.connections.queues.transmit.remove(id);
                continue;
            }
            if transmit.segment.syn() {
                self.renew_cookie(id, &key, &mut transmit.segment.options);
            }
            let sender = Sender { key: &key, id: Some(id), marks };
            match self.send_segment(now, sender, &mut transmit, frame) {
                Ok(None) => {}
                Ok(link) => return link,
                Err(unreachable) => self.tell_unsent(id, &key, unreachable),
            }
            transmit = Transmit::default();
        }
        None
    }

    /// A segment could not be sent. TCP takes it for a loss; of a smaller link it must know.
    fn tell_unsent(&mut self, id: u32, key: &FlowKey, why: Unreachable) {
        if let Unreachable::TooBig { mtu } = why
            && let Some(socket) = self.connections.sockets.get_mut(id)
        {
            let octets = tcp_octets(key, u32::try_from(mtu).unwrap_or(u32::MAX));
            socket.connection.on_path_mtu(octets, None, &mut self.account.tcp);
            self.settle(id);
        }
    }

    /// Sends a segment of somebody who need not know when it cannot be sent.
    pub(crate) fn send_quietly(
        &mut self,
        now: Instant,
        key: &FlowKey,
        mut transmit: Transmit,
        frame: &mut Frame,
    ) -> Option<LinkId> {
        let sender = Sender { key, id: None, marks: Marks::NONE };
        // The IP layer has noted why not.
        self.send_segment(now, sender, &mut transmit, frame).ok()?
    }

    /// Makes a frame of a segment, whose payload it takes, and finds the way to its next hop; says
    /// on which link it goes, if it goes at once.
    #[inline]
    fn send_segment(
        &mut self,
        now: Instant,
        sender: Sender<'_>,
        transmit: &mut Transmit,
        frame: &mut Frame,
    ) -> Result<Option<LinkId>, Unreachable> {
        let wrapped = self.wrap_segment(sender, transmit, frame);
        let link = wrapped.map(|wrapped| self.ip.submit(now, wrapped, frame));
        self.account.close_ip(&mut self.ip, Some(sender.key));
        link
    }

    #[inline]
    fn wrap_segment(
        &mut self,
        Sender { key, id, mut marks }: Sender<'_>,
        transmit: &mut Transmit,
        frame: &mut Frame,
    ) -> Result<Wrapped, Unreachable> {
        let Transmit { segment, short, payload, gso_size, ecn, dont_fragment, .. } = transmit;
        marks.tos = ecn.mark(marks.tos);
        if !*dont_fragment {
            marks.fragment = Fragment::Allowed;
        }
        let made;
        let kept = id.and_then(|id| self.envelopes.find(id, key, marks, &self.ip));
        let letterhead = match kept {
            Some(kept) => kept,
            None => {
                made = self.envelopes.make(key, marks, &mut self.ip)?;
                if let Some(id) = id {
                    self.envelopes.keep(id, key, marks, &made);
                }
                &made
            }
        };
        let header_len = tcp::HEADER_LEN + segment.options.len();
        let text = match &payload[..] {
            [] => short.len(),
            [chunk] => chunk.len(),
            chunks => chunks.iter().map(bytes::Bytes::len).sum::<usize>(),
        };
        let len = header_len + text;
        let wrapped = self.ip.enclose(&letterhead.envelope, len, frame)?;
        let header = tcp::Fixed {
            src_port: letterhead.ports.0,
            dst_port: letterhead.ports.1,
            seq: segment.seq,
            ack: segment.ack,
            flags: segment.flags,
            window: segment.window,
            urgent: segment.urgent,
        };
        header.emit(&segment.options, frame.head.grow(header_len));
        if payload.is_empty() {
            // A text so short that it lies behind the headers.
            frame.head.grow(short.len()).copy_from_slice(short.as_slice());
        } else {
            core::mem::swap(&mut frame.payload, payload);
        }
        if *gso_size > 0 {
            let header_len = frame.head.len() as u16;
            frame.offload.gso = Some(Gso { kind: letterhead.cut_as, size: *gso_size, header_len });
        }
        let pseudo = letterhead.pseudo.and_word(len as u32);
        self.finish(wrapped, frame, pseudo, Protocol::TCP);
        Ok(wrapped)
    }

    /// Makes a frame of a datagram.
    pub(crate) fn send_datagram(
        &mut self,
        now: Instant,
        packet: &ToSend,
        header: udp::Header,
        data: bytes::Bytes,
        frame: &mut Frame,
    ) -> Result<Option<LinkId>, Unreachable> {
        let wrapped = self.ip.wrap(now, packet, frame)?;
        header.emit(frame.head.grow(header.len()));
        if !data.is_empty() {
            frame.payload.push(data);
        }
        let pseudo = Sum::pseudo_header(packet.src, packet.dst, Protocol::UDP, packet.len);
        self.finish(wrapped, frame, pseudo, Protocol::UDP);
        Ok(self.ip.submit(now, wrapped, frame))
    }

    /// Fills the transport checksum, or leaves it to a device that offers it.
    #[inline]
    fn finish(&self, wrapped: Wrapped, frame: &mut Frame, pseudo: Sum, protocol: Protocol) {
        let start = usize::from(wrapped.transport_at);
        let offset = match protocol {
            Protocol::UDP => udp::CHECKSUM_OFFSET,
            _ => tcp::CHECKSUM_OFFSET,
        };
        let device = self.links.get(usize::from(wrapped.link.0));
        let cut = frame.offload.gso.is_some();
        let field = if cut || device.is_some_and(|link| link.offloads.checksum) {
            let (start, offset) = (wrapped.transport_at, offset as u16);
            frame.offload.checksum = Checksum::Partial { start, offset };
            pseudo.partial()
        } else {
            let header = pseudo.and(&frame.head.as_slice()[start..]);
            let sum = frame.payload.iter().fold(header, |sum, chunk| sum.and(chunk));
            match protocol {
                Protocol::UDP => sum.checksum_udp(),
                _ => sum.checksum(),
            }
        };
        let at = start + offset;
        frame.head.as_mut_slice()[at..at + 2].copy_from_slice(&field.to_be_bytes());
    }
}
