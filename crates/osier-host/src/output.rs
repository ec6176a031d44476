//! How does a segment become a frame?
//!
//! The host adds what a connection does not know: addresses, ports, the pseudo-header's sum, TOS
//! and time to live. The IP layer writes the headers in front. One frame for each call, in turn
//! among those who have something, so that nobody's wait depends on another's appetite.

use crate::flow::FlowKey;
use crate::host::Host;
use crate::links::tcp_octets;
use osier_ip::{Fragment, LinkId, ToSend, Unreachable, Wrapped};
use osier_tcp::{State, Transmit};
use osier_time::Instant;
use osier_wire::checksum::Sum;
use osier_wire::offload::{Checksum, Gso, GsoKind};
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

/// TOS, and time to live where it is not the default.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Marks {
    pub(crate) tos: u8,
    pub(crate) hop_limit: Option<u8>,
}

impl Host {
    /// The next frame of anybody.
    #[inline]
    pub(crate) fn next_frame(&mut self, now: Instant) -> Option<(LinkId, Frame)> {
        if let Some(frame) = self.ip.poll_transmit(now) {
            return Some(frame);
        }
        // One frame, written in place by all who add to it: it is too large to be handed around.
        let mut frame = Frame::default();
        for _ in 0..Turn::COUNT {
            let turn = self.turn;
            self.turn = turn.next();
            let link = match turn {
                Turn::Connections => self.transmit_connection(now, &mut frame),
                Turn::Handshakes => self.transmit_handshake(now, &mut frame),
                Turn::TimeWaits => self.transmit_time_wait(now, &mut frame),
                Turn::Strays => self.transmit_stray(now, &mut frame),
                Turn::Udp => self.transmit_udp(now, &mut frame),
            };
            if let Some(link) = link {
                return Some((link, frame));
            }
        }
        // What was submitted may have made the layer ask for a neighbour.
        self.ip.poll_transmit(now)
    }

    /// Whether anybody may have a frame.
    pub(crate) fn may_transmit(&self) -> bool {
        self.connections.transmit.front().is_some()
            || self.handshakes.transmit.front().is_some()
            || self.time_waits.transmit.front().is_some()
            || !self.strays.is_empty()
            || !self.cookies.is_empty()
            || self.udp.transmit.front().is_some()
    }

    /// One segment of the next connection that has one.
    #[inline]
    fn transmit_connection(&mut self, now: Instant, frame: &mut Frame) -> Option<LinkId> {
        while let Some(id) = self.connections.transmit.pop_front() {
            let Some(socket) = self.connections.sockets.get_mut(id) else { continue };
            let key = socket.key;
            let epoch = self.paths.epoch();
            if socket.paths_epoch != epoch && socket.connection.state() != State::SynSent {
                socket.paths_epoch = epoch;
                if let Some(mtu) = self.paths.get(now, key.remote().ip()) {
                    let octets = tcp_octets(&key, mtu);
                    socket.connection.on_path_mtu(octets, &mut self.account.tcp);
                }
            }
            let marks = Marks { tos: socket.tos, hop_limit: socket.hop_limit };
            let transmit = socket.connection.poll_transmit(now, &mut self.account.tcp);
            let Some(mut transmit) = transmit else {
                self.settle(id);
                // It said "maybe" and meant no: its next event puts it back.
                self.connections.transmit.remove(id);
                continue;
            };
            self.settle(id);
            match self.wrap_segment(now, &key, marks, &mut transmit, frame) {
                Ok(wrapped) => {
                    let link = self.ip.submit(now, wrapped, frame);
                    self.account.close_ip(&mut self.ip, Some(&key));
                    if link.is_some() {
                        return link;
                    }
                }
                Err(unreachable) => self.tell_unsent(id, &key, unreachable),
            }
        }
        None
    }

    /// A segment could not be sent. TCP takes it for a loss; of a smaller link it must know.
    fn tell_unsent(&mut self, id: u32, key: &FlowKey, why: Unreachable) {
        if let Unreachable::TooBig { mtu } = why
            && let Some(socket) = self.connections.sockets.get_mut(id)
        {
            let octets = tcp_octets(key, u32::try_from(mtu).unwrap_or(u32::MAX));
            socket.connection.on_path_mtu(octets, &mut self.account.tcp);
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
        let marks = Marks::default();
        // The IP layer has noted why not.
        let wrapped = self.wrap_segment(now, key, marks, &mut transmit, frame).ok()?;
        let link = self.ip.submit(now, wrapped, frame);
        self.account.close_ip(&mut self.ip, Some(key));
        link
    }

    /// Makes a frame of a segment, whose options and payload it takes.
    #[inline]
    fn wrap_segment(
        &mut self,
        now: Instant,
        key: &FlowKey,
        marks: Marks,
        transmit: &mut Transmit,
        frame: &mut Frame,
    ) -> Result<Wrapped, Unreachable> {
        let (local, remote) = key.ends();
        let Transmit { segment, payload, gso_size, ecn, dont_fragment, .. } = transmit;
        let gso_size = *gso_size;
        let header = tcp::Header {
            src_port: local.port(),
            dst_port: remote.port(),
            seq: segment.seq,
            ack: segment.ack,
            flags: segment.flags,
            window: segment.window,
            urgent: segment.urgent,
            options: core::mem::take(&mut segment.options),
        };
        let header_len = header.len();
        let len = header_len + payload.iter().map(bytes::Bytes::len).sum::<usize>();
        let packet = ToSend {
            src: local.ip(),
            dst: remote.ip(),
            protocol: Protocol::TCP,
            tos: ecn.mark(marks.tos),
            hop_limit: marks.hop_limit,
            fragment: if *dont_fragment { Fragment::Never } else { Fragment::Allowed },
            len,
        };
        let wrapped = match self.ip.wrap(now, &packet, frame) {
            Ok(wrapped) => wrapped,
            Err(unreachable) => {
                self.account.close_ip(&mut self.ip, Some(key));
                return Err(unreachable);
            }
        };
        header.emit(frame.head.grow(header_len));
        frame.payload = core::mem::take(payload);
        if gso_size > 0 {
            let kind = match key {
                FlowKey::V4(_) => GsoKind::TcpV4,
                FlowKey::V6(_) => GsoKind::TcpV6,
            };
            let header_len = frame.head.len() as u16;
            frame.offload.gso = Some(Gso { kind, size: gso_size, header_len });
        }
        self.finish(wrapped, frame, &packet, tcp::CHECKSUM_OFFSET);
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
        self.finish(wrapped, frame, packet, udp::CHECKSUM_OFFSET);
        Ok(self.ip.submit(now, wrapped, frame))
    }

    /// Fills the transport checksum, or leaves it to a device that offers it.
    fn finish(&self, wrapped: Wrapped, frame: &mut Frame, packet: &ToSend, offset: usize) {
        let start = usize::from(wrapped.transport_at);
        let device = self.links.get(usize::from(wrapped.link.0));
        let pseudo = Sum::pseudo_header(packet.src, packet.dst, packet.protocol, packet.len);
        let cut = frame.offload.gso.is_some();
        let field = if cut || device.is_some_and(|link| link.offloads.checksum) {
            let (start, offset) = (wrapped.transport_at, offset as u16);
            frame.offload.checksum = Checksum::Partial { start, offset };
            pseudo.partial()
        } else {
            let header = pseudo.and(&frame.head.as_slice()[start..]);
            let sum = frame.payload.iter().fold(header, |sum, chunk| sum.and(chunk));
            match packet.protocol {
                Protocol::UDP => sum.checksum_udp(),
                _ => sum.checksum(),
            }
        };
        let at = start + offset;
        frame.head.as_mut_slice()[at..at + 2].copy_from_slice(&field.to_be_bytes());
    }
}
