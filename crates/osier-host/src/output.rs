//! How does a segment become a frame?
//!
//! `envelopes.rs` writes the headers. Here is decided whose turn it is: one frame for each call, in
//! turn among those who have something, so that nobody's wait depends on another's appetite.

use crate::checksums;
use crate::connections::Connections;
use crate::envelopes::{Marks, Sender};
use crate::fast_open::renew_cookie;
use crate::flow::FlowKey;
use crate::host::Host;
use crate::links::tcp_octets;
use crate::queues::Settled;
use osier_ip::{LinkId, ToSend, Unreachable};
use osier_tcp::{State, Transmit};
use osier_time::Instant;
use osier_wire::checksum::Sum;
use osier_wire::{Frame, Protocol, udp};

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

impl Host {
    /// The next frame of anybody.
    #[inline(always)]
    pub(crate) fn next_frame(&mut self, now: Instant, frame: &mut Frame) -> Option<LinkId> {
        if self.ip.wants_transmit() || self.others_wait() {
            return self.next_in_turn(now, frame);
        }
        self.connections.queues.transmit.front()?;
        self.frame_of_connection(now, frame)
    }

    /// [`Host::next_frame`] of a connection.
    #[inline(never)]
    fn frame_of_connection(&mut self, now: Instant, frame: &mut Frame) -> Option<LinkId> {
        frame.clear();
        let link = self.transmit_connection(now, frame);
        // What was submitted may have made the layer ask for a neighbour.
        link.or_else(|| self.frame_of_ip(now, frame))
    }

    /// [`Host::next_frame`] where others than connections wait.
    #[inline(never)]
    fn next_in_turn(&mut self, now: Instant, frame: &mut Frame) -> Option<LinkId> {
        if let Some(link) = self.frame_of_ip(now, frame) {
            return Some(link);
        }
        frame.clear();
        for _ in 0..Turn::COUNT {
            let turn = self.turn;
            self.turn = turn.next();
            let link = match turn {
                Turn::Connections => self.frame_of_connection(now, frame),
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
    #[inline(always)]
    fn transmit_connection(&mut self, now: Instant, frame: &mut Frame) -> Option<LinkId> {
        while let Some(id) = self.connections.queues.transmit.pop_front() {
            let Connections { sockets, queues, envelopes, outgoing, .. } = &mut self.connections;
            let Some(socket) = sockets.get_mut(id) else { continue };
            let epoch = self.paths.epoch();
            if socket.paths_epoch != epoch && socket.connection.state() != State::SynSent {
                socket.paths_epoch = epoch;
                if let Some(mtu) = self.paths.get(now, socket.key.remote().ip()) {
                    let octets = tcp_octets(&socket.key, mtu);
                    socket.connection.on_path_mtu(octets, None, &mut self.account.tcp);
                }
            }
            outgoing.clear();
            let notes = &mut self.account.tcp;
            let found = socket.connection.poll_transmit_into(now, outgoing, notes);
            self.account.close(&socket.key);
            let mut sent = Ok(None);
            if found {
                if outgoing.segment.syn() {
                    let keys = self.config.fast_open.keys.unwrap_or(self.fast_opens.keys);
                    renew_cookie(&keys, socket, &mut outgoing.segment.options);
                }
                let sender = Sender { key: &socket.key, id: Some(id), marks: socket.marks };
                sent = envelopes.send(now, &sender, outgoing, &mut self.ip, frame);
                self.account.close_ip(&mut self.ip, Some(&socket.key));
            }
            if queues.settle(id, socket) == Settled::No {
                self.settle_events(id);
            }
            if !found {
                // It said "maybe" and meant no: its next event puts it back.
                self.connections.queues.transmit.remove(id);
                continue;
            }
            match sent {
                Ok(None) => {}
                Ok(link) => return link,
                Err(unreachable) => self.tell_unsent(id, unreachable),
            }
        }
        None
    }

    /// A segment could not be sent. TCP takes it for a loss; of a smaller link it must know.
    #[cold]
    fn tell_unsent(&mut self, id: u32, why: Unreachable) {
        if let Unreachable::TooBig { mtu } = why
            && let Some(socket) = self.connections.sockets.get_mut(id)
        {
            let octets = tcp_octets(&socket.key, u32::try_from(mtu).unwrap_or(u32::MAX));
            socket.connection.on_path_mtu(octets, None, &mut self.account.tcp);
            self.settle(id);
        }
    }

    /// Sends a segment of somebody who need not know when it cannot be sent.
    pub(crate) fn send_quietly(
        &mut self,
        now: Instant,
        key: &FlowKey,
        transmit: &mut Transmit,
        frame: &mut Frame,
    ) -> Option<LinkId> {
        let sender = Sender { key, id: None, marks: Marks::NONE };
        let envelopes = &mut self.connections.envelopes;
        let link = envelopes.send(now, &sender, transmit, &mut self.ip, frame);
        self.account.close_ip(&mut self.ip, Some(key));
        // The IP layer has noted why not.
        link.ok()?
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
        let (start, offset) = (wrapped.enclosed.transport_at, udp::CHECKSUM_OFFSET);
        let device = self.links.get(usize::from(wrapped.link.0));
        if device.is_some_and(|link| link.offloads.checksum) {
            checksums::leave(frame, start, offset, pseudo);
        } else {
            let field = checksums::sum(frame, start, pseudo).checksum_udp();
            checksums::put(frame, usize::from(start) + offset, field);
        }
        Ok(self.ip.submit(now, wrapped, frame))
    }
}
