//! Whom does an ICMP error concern? (RFC 9293 §3.9.2.2, RFC 5927; UDP: RFC 1122 §4.1.3.3)
//!
//! The socket whose packet it quotes: TCP judges by the quoted sequence number whether it sent
//! that, UDP believes it on a connected socket. What answers an echo is kept until it is fetched.

use crate::account::Flow;
use crate::flow::{FlowKey, Tenant};
use crate::host::Host;
use crate::ids::{Error, Event};
use crate::links::tcp_octets;
use crate::reason::HostReason;
use bytes::Bytes;
use core::net::SocketAddr;
use osier_ip::{EchoReply, ErrorToSend, IcmpError, IcmpErrorKind, Packet};
use osier_tcp::{Belief, IcmpKind};
use osier_time::Instant;
use osier_wire::{Protocol, SeqNumber};

/// Echo replies that wait to be fetched at most.
const ECHO_REPLIES_MAX: usize = 64;

impl Host {
    /// An ICMP error about a packet of ours.
    #[inline(never)]
    pub(crate) fn icmp_input(&mut self, now: Instant, error: &IcmpError) {
        // At least 8 octets are quoted: the ports, and of TCP the sequence number.
        let &[a, b, c, d, e, f, g, h, ..] = &error.quoted[..] else {
            return self.account.push(None, HostReason::IcmpShort);
        };
        let local = SocketAddr::new(error.src, u16::from_be_bytes([a, b]));
        let remote = SocketAddr::new(error.dst, u16::from_be_bytes([c, d]));
        let flow = Some(Flow { protocol: error.protocol, local, remote });
        let matched = match error.protocol {
            Protocol::TCP => {
                let quoted_seq = SeqNumber(u32::from_be_bytes([e, f, g, h]));
                self.icmp_to_tcp(now, error.kind, (local, remote), quoted_seq)
            }
            Protocol::UDP => self.icmp_to_udp(error.kind, (local, remote)),
            _ => false,
        };
        if !matched {
            self.account.push(flow, HostReason::IcmpUnmatched);
        }
    }

    fn icmp_to_tcp(
        &mut self,
        now: Instant,
        kind: IcmpErrorKind,
        (local, remote): (SocketAddr, SocketAddr),
        quoted_seq: SeqNumber,
    ) -> bool {
        let Some(key) = FlowKey::new(local, remote) else { return false };
        let Some(Tenant::Connection(id)) = self.flow(&key) else { return false };
        let Some(socket) = self.connections.sockets.get_mut(id) else { return false };
        let notes = &mut self.account.tcp;
        match kind {
            IcmpErrorKind::PacketTooBig { mtu } => {
                let octets = tcp_octets(&key, mtu);
                // RFC 5927 §4.1: what others towards the same address will go by is learned only
                // from a report that the connection itself believes.
                let belief = socket.connection.on_path_mtu(octets, Some(quoted_seq), notes);
                if belief == Belief::Believed {
                    self.paths.report(now, remote.ip(), mtu);
                    let reason = HostReason::PathMtu { mtu };
                    self.account.push(Some(Flow::tcp(&key)), reason);
                }
            }
            IcmpErrorKind::PortUnreachable => {
                socket.connection.on_icmp(IcmpKind::Hard, quoted_seq, notes);
            }
            IcmpErrorKind::Unreachable
            | IcmpErrorKind::TimeExceeded
            | IcmpErrorKind::ParameterProblem => {
                socket.connection.on_icmp(IcmpKind::Soft, quoted_seq, notes);
            }
        }
        self.settle(id);
        true
    }

    fn icmp_to_udp(
        &mut self,
        kind: IcmpErrorKind,
        (local, remote): (SocketAddr, SocketAddr),
    ) -> bool {
        let Some(id) = self.udp.bindings.find(local) else { return false };
        match kind {
            // Nothing in a datagram proves that the report is about one of ours, and nobody but TCP
            // asks the cache: nothing is learned.
            IcmpErrorKind::PacketTooBig { .. } => true,
            // Linux tells a connected socket only, and only of what will not pass.
            IcmpErrorKind::PortUnreachable => {
                self.udp.set_error(id, remote, Error::ConnectionRefused)
            }
            IcmpErrorKind::Unreachable
            | IcmpErrorKind::TimeExceeded
            | IcmpErrorKind::ParameterProblem => true,
        }
    }

    /// An answer to an echo request of ours.
    #[inline(never)]
    pub(crate) fn echo_input(&mut self, reply: &EchoReply) {
        if self.echo_replies.len() >= ECHO_REPLIES_MAX {
            return self.account.push(None, HostReason::EchoReplyDropped);
        }
        self.echo_replies.push_back(Event::EchoReply {
            from: reply.from,
            id: reply.id,
            seq: reply.seq,
            hop_limit: reply.hop_limit,
            len: u16::try_from(reply.data.len()).unwrap_or(u16::MAX),
        });
    }
}

impl Host {
    /// What the IP layer tells, as the host tells it; connections learn of it too.
    pub(crate) fn on_ip_event(&mut self, event: osier_ip::Event) -> Event {
        match event {
            osier_ip::Event::NeighbourUnreachable(address) => {
                self.peer_unreachable(address);
                Event::NeighbourUnreachable(address)
            }
            osier_ip::Event::AddressConflict { address, mac } => {
                Event::AddressConflict { address, mac }
            }
        }
    }

    /// Nobody holds the port of this datagram (RFC 1122 §4.1.3.1).
    pub(crate) fn answer_unreachable(&mut self, now: Instant, datagram: &Bytes) {
        self.ip.send_error(now, datagram, ErrorToSend::PortUnreachable);
    }

    /// Nobody speaks the protocol of this packet (RFC 1122 §3.2.2.1).
    #[cold]
    pub(crate) fn answer_no_transport(&mut self, now: Instant, packet: &Packet, datagram: &Bytes) {
        let protocol = packet.protocol.0;
        self.account.push(None, HostReason::NoTransport { protocol });
        self.ip.send_error(now, datagram, ErrorToSend::ProtocolUnreachable);
    }
}
