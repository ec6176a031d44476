//! Which sockets does the host hold, and how are they? (RFC 9293 §3.9.1.6, STATUS)
//!
//! Snapshots for `ss`. TIME-WAIT and half-open entries are listed too; nothing is decided here.

use crate::account::SocketInfo;
use crate::connections::Socket;
use crate::host::Host;
use crate::ids::ConnectionId;
use crate::links::tcp_octets;
use alloc::vec::Vec;
use core::net::SocketAddr;
use osier_tcp::{State, TcpInfo, Timer};
use osier_time::{Duration, Instant};
use osier_wire::Protocol;

/// How many entries each table of a host holds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Usage {
    /// Flows in the table: connections, handshakes and TIME-WAIT.
    pub flows: usize,
    /// Connections, with those that have ended and whose owner has not let go.
    pub connections: usize,
    /// Handshakes that a peer has begun.
    pub handshakes: usize,
    /// Open connections that no user holds.
    pub orphans: usize,
    /// Connections in TIME-WAIT.
    pub time_waits: usize,
    /// Servers whose Fast Open cookie is remembered.
    pub fast_open_cookies: usize,
    /// SYNs about which an owner has not decided.
    pub undecided: usize,
    /// Listeners.
    pub listeners: usize,
    /// UDP sockets.
    pub udp: usize,
    /// Paths with a known MTU.
    pub paths: usize,
    /// Octets of memory that connections hold, of `Config::memory_max`.
    pub memory: u64,
    /// Octets that are allocated for handshakes, TIME-WAIT and the table in which every flow is
    /// found. They are bounded by the number of entries, and no part of that budget.
    pub tables: u64,
}

impl Host {
    /// How many entries each table holds.
    pub fn usage(&self) -> Usage {
        Usage {
            flows: self.flows.len(),
            connections: self.connections.sockets.len(),
            handshakes: self.handshakes.entries.len(),
            orphans: self.connections.orphans,
            time_waits: self.time_waits.entries.len(),
            fast_open_cookies: self.fast_opens.len(),
            undecided: self.undecided.len(),
            listeners: self.listeners.slots.len(),
            udp: self.udp.slots.len(),
            paths: self.paths.len(),
            memory: self.connections.budget.usage().0,
            tables: (self.handshakes.octets() + self.time_waits.octets() + self.flows.octets())
                as u64,
        }
    }

    /// A connection as `ss` shows it.
    pub fn info(&self, id: ConnectionId) -> Option<SocketInfo> {
        let now = self.account.now;
        self.connections.seen_by_user(id).map(|socket| of_connection(socket, now))
    }

    /// The numbers of a connection as `ss -i` shows them (TCP_INFO).
    pub fn tcp_info(&self, id: ConnectionId, now: Instant) -> Option<TcpInfo> {
        self.connections.seen_by_user(id).and_then(|socket| tcp_info_of(socket, now))
    }

    /// Every socket as `ss -i` shows it: with the numbers of those that are connections.
    pub fn sockets_with_info(&self, now: Instant) -> Vec<(SocketInfo, Option<PathInfo>)> {
        let info = |socket: &Socket| {
            let tcp = tcp_info_of(socket, now)?;
            Some(PathInfo { tcp, congestion: socket.connection.congestion_name() })
        };
        self.all(now).map(|(shown, socket)| (shown, socket.and_then(info))).collect()
    }

    /// Every alarm of the sockets between these two ends, and when it is due.
    pub fn alarms(&self, local: SocketAddr, remote: SocketAddr) -> Vec<(Timer, Instant)> {
        let own = self.all(self.account.now);
        let own = own.filter(|(shown, _)| (shown.local, shown.remote) == (local, Some(remote)));
        let of = |(shown, socket): (SocketInfo, Option<&Socket>)| match socket {
            None => shown.timer.into_iter().collect::<Vec<_>>(),
            Some(socket) => {
                let due = |timer| Some((timer, socket.connection.alarm(timer)?));
                Timer::ALL.into_iter().filter_map(due).collect()
            }
        };
        own.flat_map(of).collect()
    }

    pub(crate) fn all_sockets(&self) -> Vec<SocketInfo> {
        self.all(self.account.now).map(|(shown, _)| shown).collect()
    }

    fn all(&self, now: Instant) -> impl Iterator<Item = (SocketInfo, Option<&Socket>)> {
        let listeners = self.listeners.slots.iter().map(|(_, listener)| SocketInfo {
            state: Some(State::Listen),
            receive_queue: listener.accept_queue.len() as u32,
            send_queue: listener.backlog as u32,
            ..SocketInfo::of(Protocol::TCP, listener.shown.show(listener.at))
        });
        let handshakes = self.handshakes.entries.iter().map(|(_, handshake)| SocketInfo {
            state: Some(State::SynReceived),
            remote: Some(handshake.key.remote()),
            timer: Some((Timer::Retransmit, handshake.half.next_deadline())),
            ..SocketInfo::of(Protocol::TCP, handshake.key.local())
        });
        let open = self.connections.sockets.iter().filter(|(_, socket)| socket.is_open());
        let connections = open.map(move |(_, socket)| (of_connection(socket, now), Some(socket)));
        let time_waits = self.time_waits.entries.iter().map(|(_, entry)| SocketInfo {
            state: Some(State::TimeWait),
            remote: Some(entry.key.remote()),
            timer: Some((Timer::GiveUp, entry.time_wait.deadline(self.account.now))),
            ..SocketInfo::of(Protocol::TCP, entry.key.local())
        });
        let udp = self.udp.slots.iter().map(|(_, socket)| SocketInfo {
            remote: socket.peer.map(|peer| socket.shown.show(peer)),
            receive_queue: socket.receive_queue() as u32,
            send_queue: socket.send_queue() as u32,
            ..SocketInfo::of(Protocol::UDP, socket.shown.show(socket.at))
        });
        let embryos = listeners.chain(handshakes).map(|shown| (shown, None));
        let others = time_waits.chain(udp).map(|shown| (shown, None));
        embryos.chain(connections).chain(others)
    }
}

/// What a connection knows of its path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PathInfo {
    /// Its numbers.
    pub tcp: TcpInfo,
    /// The name of its congestion control.
    pub congestion: &'static str,
}

/// A connection does not know how long the IP header in front of its segments is.
fn tcp_info_of(socket: &Socket, now: Instant) -> Option<TcpInfo> {
    let mut info = socket.connection.info(now)?;
    info.pmtu += u32::from(u16::MAX - tcp_octets(&socket.key, u32::from(u16::MAX)));
    Some(info)
}

fn of_connection(socket: &Socket, now: Instant) -> SocketInfo {
    let connection = &socket.connection;
    let info = connection.info(now).unwrap_or_default();
    SocketInfo {
        state: Some(connection.state()),
        remote: Some(socket.shown.show(socket.key.remote())),
        receive_queue: connection.readable(),
        send_queue: connection.unacknowledged(),
        timer: connection.next_timer(),
        retransmits: info.retransmits,
        srtt: (info.rtt > 0).then(|| Duration::from_micros(info.rtt.into())),
        cwnd: info.snd_cwnd.saturating_mul(info.snd_mss),
        mss: info.snd_mss as u16,
        ..SocketInfo::of(Protocol::TCP, socket.shown.show(socket.key.local()))
    }
}
