//! What does a host do with UDP? (RFC 768, RFC 1122 §4.1)
//!
//! Sockets with a queue each way, bounded in datagrams and in octets. A datagram for nobody is
//! answered with port unreachable. Datagrams longer than the MTU are refused: fragments come later.

use crate::account::Flow;
use crate::bindings::{Bindings, V6Binding, Wanted};
use crate::flow::Keyed;
use crate::host::Host;
use crate::ids::{Error, Event, UdpId};
use crate::mapped::Shown;
use crate::ready::Ready;
use crate::reason::HostReason;
use crate::slots::Slots;
use crate::tcp_input::is_intact;
use alloc::collections::VecDeque;
use bytes::Bytes;
use core::net::{IpAddr, SocketAddr};
use osier_ip::{Fragment, LinkId, Packet, ToSend};
use osier_time::Instant;
use osier_wire::{Frame, Protocol, udp};

/// Octets that wait in either direction of a socket at most, each datagram counted with
/// [`OVERHEAD`]; Linux: `net.core.rmem_default`.
const QUEUE_OCTETS_MAX: usize = 212_992;

/// What an empty datagram counts in a queue, so that the number of datagrams is bounded too.
const OVERHEAD: usize = 256;

/// A datagram shorter than this is copied, so as not to pin the frame it came in.
const COPY_BELOW: usize = 512;

/// The sockets.
#[derive(Clone, Debug)]
pub(crate) struct UdpSockets {
    pub(crate) slots: Slots<UdpSocket>,
    pub(crate) bindings: Bindings,
    /// Who has a datagram to send.
    pub(crate) transmit: Ready,
    news: Ready,
}

/// A socket.
#[derive(Clone, Debug)]
pub(crate) struct UdpSocket {
    pub(crate) at: SocketAddr,
    pub(crate) shown: Shown,
    /// The one peer that a connected socket speaks with.
    pub(crate) peer: Option<SocketAddr>,
    received: Queue,
    sending: Queue,
    error: Option<Error>,
    readable: bool,
    /// The owner was told [`Error::WouldBlock`] and waits for room.
    room: Room,
}

/// Whether the owner waits for room to send.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Room {
    NotAsked,
    Awaited,
    Appeared,
}

/// Datagrams with the address they came from or go to.
#[derive(Clone, Debug, Default)]
struct Queue {
    datagrams: VecDeque<(Bytes, SocketAddr)>,
    octets: usize,
}

impl Queue {
    /// Says `false`, and takes nothing, where there is no room.
    fn push(&mut self, data: Bytes, address: SocketAddr) -> bool {
        let octets = self.octets + data.len() + OVERHEAD;
        // An empty queue takes any datagram.
        let fits = octets <= QUEUE_OCTETS_MAX || self.datagrams.is_empty();
        if fits {
            self.octets = octets;
            self.datagrams.push_back((data, address));
        }
        fits
    }

    fn pop(&mut self) -> Option<(Bytes, SocketAddr)> {
        let (data, address) = self.datagrams.pop_front()?;
        self.octets -= data.len() + OVERHEAD;
        Some((data, address))
    }
}

impl UdpSockets {
    pub(crate) fn new(keyed: Keyed) -> Self {
        UdpSockets {
            slots: Slots::new(),
            bindings: Bindings::new(keyed),
            transmit: Ready::new(),
            news: Ready::new(),
        }
    }

    pub(crate) fn insert(&mut self, at: SocketAddr, shown: Shown, v6: V6Binding) -> UdpId {
        let id = self.slots.insert(UdpSocket {
            at,
            shown,
            peer: None,
            received: Queue::default(),
            sending: Queue::default(),
            error: None,
            readable: false,
            room: Room::NotAsked,
        });
        self.bindings.insert(Wanted::alone(at, v6), id);
        UdpId(id)
    }

    pub(crate) fn remove(&mut self, id: u32) {
        let Some(socket) = self.slots.remove(id) else { return };
        self.bindings.remove(socket.at, id);
        self.transmit.remove(id);
        self.news.remove(id);
    }

    /// Tells the owner of a socket that is connected to `peer` of an error; says whether it is.
    pub(crate) fn set_error(&mut self, id: u32, peer: SocketAddr, error: Error) -> bool {
        let connected = self.slots.get_mut(id).filter(|socket| socket.peer == Some(peer));
        let Some(socket) = connected else { return false };
        socket.error = Some(error);
        socket.readable = true;
        self.news.push_back(id);
        true
    }

    /// Whether an owner may have to be told something.
    #[inline]
    pub(crate) const fn has_news(&self) -> bool {
        self.news.front().is_some()
    }

    pub(crate) fn poll_event(&mut self) -> Option<Event> {
        while let Some(id) = self.news.front() {
            if let Some(socket) = self.slots.get_mut(id) {
                if core::mem::take(&mut socket.readable) {
                    return Some(Event::UdpReadable(UdpId(id)));
                }
                if socket.room == Room::Appeared {
                    socket.room = Room::NotAsked;
                    return Some(Event::UdpWritable(UdpId(id)));
                }
            }
            self.news.remove(id);
        }
        None
    }

    /// Puts a datagram into a socket's receive queue; says how full that is where it does not fit.
    fn deliver(&mut self, id: u32, data: Bytes, from: SocketAddr) -> Result<(), usize> {
        let Some(socket) = self.slots.get_mut(id) else { return Ok(()) };
        let data = if data.len() < COPY_BELOW { Bytes::copy_from_slice(&data) } else { data };
        if !socket.received.push(data, from) {
            return Err(socket.received.octets);
        }
        socket.readable = true;
        self.news.push_back(id);
        Ok(())
    }
}

impl UdpSocket {
    /// Octets that wait to be read.
    pub(crate) fn receive_queue(&self) -> usize {
        self.received.octets
    }

    /// Octets that wait to be sent.
    pub(crate) fn send_queue(&self) -> usize {
        self.sending.octets
    }

    pub(crate) fn pending_error(&self) -> Option<Error> {
        self.error
    }

    pub(crate) fn take_error(&mut self) -> Option<Error> {
        self.error.take()
    }

    pub(crate) fn receive(&mut self) -> Option<(Bytes, SocketAddr)> {
        let shown = self.shown;
        self.received.pop().map(|(data, from)| (data, shown.show(from)))
    }

    pub(crate) fn peek(&self) -> Option<(&Bytes, SocketAddr)> {
        self.received.datagrams.front().map(|(data, from)| (data, self.shown.show(*from)))
    }

    /// Queues a datagram.
    pub(crate) fn send(&mut self, data: Bytes, to: SocketAddr) -> Result<(), Error> {
        if self.sending.push(data, to) {
            return Ok(());
        }
        self.room = Room::Awaited;
        Err(Error::WouldBlock)
    }
}

impl Host {
    /// A packet for UDP.
    #[inline(never)]
    pub(crate) fn udp_input(&mut self, now: Instant, packet: &Packet, datagram: &Bytes) {
        let payload = packet.payload(datagram);
        let Ok((header, data)) = udp::Header::parse(payload) else {
            return self.account.push(None, HostReason::Malformed);
        };
        let local = SocketAddr::new(packet.dst, header.dst_port);
        let remote = SocketAddr::new(packet.src, header.src_port);
        let flow = Some(Flow { protocol: Protocol::UDP, local, remote });
        let len = udp::HEADER_LEN + usize::from(header.payload_len);
        if udp::has_checksum(payload) {
            if !payload.get(..len).is_some_and(|all| is_intact(packet, Protocol::UDP, all)) {
                return self.account.push(flow, HostReason::BadChecksum);
            }
        } else if packet.dst.is_ipv6() {
            // RFC 8200 §8.1: a datagram without a checksum is dropped.
            return self.account.push(flow, HostReason::NoChecksum);
        }
        let takes = |id: &u32| {
            let socket = self.udp.slots.get(*id);
            socket.is_some_and(|socket| socket.peer.is_none_or(|peer| peer == remote))
        };
        let Some(id) = self.udp.bindings.find(local).filter(takes) else {
            self.account.push(flow, HostReason::NoUdpSocket { port: header.dst_port });
            return self.answer_unreachable(now, datagram);
        };
        let mut kept = packet.payload_from(datagram, data.start);
        kept.truncate(data.len());
        let data = kept;
        if let Err(octets) = self.udp.deliver(id, data, remote) {
            let queued = octets as u32;
            self.account.push(flow, HostReason::UdpReceiveFull { queued });
        }
    }

    /// One datagram of the next socket that has one.
    pub(crate) fn transmit_udp(&mut self, now: Instant, frame: &mut Frame) -> Option<LinkId> {
        while let Some(id) = self.udp.transmit.pop_front() {
            let Some(socket) = self.udp.slots.get_mut(id) else { continue };
            let Some((data, to)) = socket.sending.pop() else { continue };
            let at = socket.at;
            if !socket.sending.datagrams.is_empty() {
                self.udp.transmit.push_back(id);
            }
            if socket.room == Room::Awaited {
                socket.room = Room::Appeared;
                self.udp.news.push_back(id);
            }
            let link = self.transmit_datagram(now, (at, to), data, frame);
            if link.is_some() {
                return link;
            }
        }
        None
    }

    fn transmit_datagram(
        &mut self,
        now: Instant,
        (at, to): (SocketAddr, SocketAddr),
        data: Bytes,
        frame: &mut Frame,
    ) -> Option<LinkId> {
        let src = self.source_of(at.ip(), to.ip());
        let header = udp::Header {
            src_port: at.port(),
            dst_port: to.port(),
            payload_len: data.len() as u16,
        };
        let sent = src.and_then(|src| {
            let packet = ToSend {
                src,
                dst: to.ip(),
                protocol: Protocol::UDP,
                tos: 0,
                hop_limit: None,
                fragment: Fragment::Allowed,
                len: header.len() + data.len(),
            };
            self.send_datagram(now, &packet, header, data, frame)
        });
        let flow = Flow { protocol: Protocol::UDP, local: at, remote: to };
        self.account.take_from_ip(&mut self.ip, Some(flow));
        // The IP layer has noted why not.
        sent.ok().flatten()
    }

    /// The source address of a socket bound to `at` for packets to `to`.
    pub(crate) fn source_of(
        &self,
        at: IpAddr,
        to: IpAddr,
    ) -> Result<IpAddr, osier_ip::Unreachable> {
        if at.is_unspecified() { self.ip.source_for(to) } else { Ok(at) }
    }
}
