//! Which pair of sockets does a connection of ours get? (RFC 9293 §3.9.1.1, RFC 6056)
//!
//! The local address is the one by which the peer is reached, the port an ephemeral one, unless
//! the owner says otherwise. A pair in TIME-WAIT is taken only where timestamps keep the segments
//! of both connections apart (RFC 6191 §2) and the settings allow it.

use crate::account::Flow;
use crate::config::TimeWaitReuse;
use crate::connections::Owner;
use crate::fast_open::FastOpenUse;
use crate::flow::{FlowKey, Tenant};
use crate::host::Host;
use crate::ids::{ConnectionId, Error};
use crate::mapped::{Shown, plain};
use crate::reason::HostReason;
use alloc::vec::Vec;
use bytes::Bytes;
use core::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use osier_ip::LinkId;
use osier_tcp::Connection;
use osier_time::Instant;
use osier_wire::SeqNumber;

/// The most text that `connect` takes: less than any send buffer starts with.
const TEXT_MAX: usize = 8_192;

/// A pair of sockets for a new connection.
struct Pair {
    key: FlowKey,
    /// The TIME-WAIT whose place it takes, and what comes after all that was sent there.
    after: Option<(u32, SeqNumber)>,
}

impl Host {
    /// Opens a connection. [`Event::Connected`](crate::Event::Connected) or
    /// [`Event::Closed`](crate::Event::Closed) follows. An unspecified address is the host itself.
    ///
    /// # Errors
    /// [`Error::InvalidInput`] where the peer cannot be one, [`Error::NetworkUnreachable`],
    /// [`Error::AddrNotAvailable`] where `local` is neither ours nor claimed
    /// ([`Host::set_claim`]) or no ephemeral port is free,
    /// [`Error::AddrInUse`] where this very pair of sockets exists, [`Error::LimitReached`].
    pub fn connect(
        &mut self,
        now: Instant,
        remote: SocketAddr,
        local: Option<SocketAddr>,
    ) -> Result<ConnectionId, Error> {
        self.open(now, remote, local, None)
    }

    /// Opens a connection with Fast Open (RFC 7413): `text` is the first that is sent, with the
    /// SYN if the peer gave us a cookie before, else behind the handshake. A SYN that the network
    /// repeats may make the peer read it twice: it should be such that this does no harm (§6.1).
    ///
    /// # Errors
    /// As [`Host::connect`], and [`Error::MessageTooLong`] for more than 8 KiB of text.
    pub fn connect_with_text(
        &mut self,
        now: Instant,
        remote: SocketAddr,
        local: Option<SocketAddr>,
        text: Bytes,
    ) -> Result<ConnectionId, Error> {
        self.connect_fast(now, remote, local, (text, self.config.fast_open.client))
    }

    /// The same, with or without a cookie as the owner says, whatever the host's settings are
    /// (Linux: TCP_FASTOPEN_NO_COOKIE).
    ///
    /// # Errors
    /// As [`Host::connect_with_text`].
    pub fn connect_fast(
        &mut self,
        now: Instant,
        remote: SocketAddr,
        local: Option<SocketAddr>,
        (text, how): (Bytes, FastOpenUse),
    ) -> Result<ConnectionId, Error> {
        if text.len() > TEXT_MAX {
            return Err(Error::MessageTooLong);
        }
        self.open(now, remote, local, Some((text, how)))
    }

    fn open(
        &mut self,
        now: Instant,
        remote: SocketAddr,
        local: Option<SocketAddr>,
        text: Option<(Bytes, FastOpenUse)>,
    ) -> Result<ConnectionId, Error> {
        self.account.now = now;
        let shown = Shown::by(remote);
        let remote = someone(plain(remote))?;
        // RFC 9293 §3.9.1.1 [MUST-46]: the broadcast address of a link is nobody, either.
        if self.ip.is_group(remote.ip()) {
            return Err(Error::InvalidInput);
        }
        let (local, link) = self.local_for(remote, local.map(plain))?;
        if self.connections.sockets.len() >= self.config.connections_max
            || !self.connections.budget.admits()
        {
            return Err(Error::LimitReached);
        }
        let pair = self.free_pair(now, local, remote)?;
        let key = pair.key;
        let link = self.links.get(usize::from(link.0)).ok_or(Error::NetworkUnreachable)?;
        let opening = match pair.after {
            None => self.openings.opening(now, &key),
            Some((_, beyond)) => self.openings.reopening(now, &key, beyond),
        };
        let notes = &mut self.account.tcp;
        let config = link.tcp(&key);
        let connection = match text {
            None => Connection::connect(now, config, opening, notes),
            Some((text, how)) => {
                let fast = self.fast_opens.opening(remote.ip(), text, how);
                Connection::connect_with_text(now, config, opening, fast, notes)
            }
        };
        if let Some((time_wait, _)) = pair.after {
            self.account.push(Some(Flow::tcp(&key)), HostReason::TimeWaitReplaced);
            self.forget_time_wait(time_wait);
        }
        let id = self.connections.insert(connection, key, Owner::User, shown);
        self.lead_flow(&key, Tenant::Connection(id));
        self.connections.queues.connecting.push_back(id);
        self.settle(id);
        Ok(ConnectionId(id))
    }

    /// The local end of a connection to `remote`, and the link; the port may still be 0.
    fn local_for(
        &mut self,
        remote: SocketAddr,
        wished: Option<SocketAddr>,
    ) -> Result<(SocketAddr, LinkId), Error> {
        let port = wished.map_or(0, |wished| wished.port());
        match wished.filter(|wished| !wished.ip().is_unspecified()) {
            None => {
                let (source, link) = self.ip.reach(remote.ip())?;
                Ok((SocketAddr::new(source, port), link))
            }
            Some(wished) if wished.is_ipv4() != remote.is_ipv4() => Err(Error::InvalidInput),
            Some(wished) if !self.ip.may_speak_as(wished.ip()) => Err(Error::AddrNotAvailable),
            Some(wished) => Ok((wished, self.ip.link_towards(remote.ip())?.0)),
        }
    }

    /// A pair of sockets that no flow has: with an ephemeral port where `local` has none.
    fn free_pair(
        &mut self,
        now: Instant,
        local: SocketAddr,
        remote: SocketAddr,
    ) -> Result<Pair, Error> {
        let name = |port| FlowKey::new(SocketAddr::new(local.ip(), port), remote);
        if local.port() != 0 {
            let key = name(local.port()).ok_or(Error::InvalidInput)?;
            return self.free(now, key).ok_or(Error::AddrInUse);
        }
        // The search asks the host: it goes on with a copy, which is small.
        let mut ports = self.ports.clone();
        let unused = |port| {
            let is_unused = name(port).is_some_and(|key| self.find_flow(&key).is_none());
            is_unused && !self.listeners.bindings.holds_port(port)
        };
        if let Some(key) = ports.towards(local.ip(), remote, unused).and_then(name) {
            self.ports = ports;
            return Ok(Pair { key, after: None });
        }
        let listeners = &self.listeners.bindings;
        let free = |port| name(port).is_some_and(|key| self.free(now, key).is_some());
        let free = |port| free(port) && !listeners.holds_port(port);
        let port = ports.towards(local.ip(), remote, free);
        self.ports = ports;
        let pair = port.and_then(name).and_then(|key| self.free(now, key));
        pair.ok_or(Error::AddrNotAvailable)
    }

    /// This pair, if no flow has it, or one in TIME-WAIT whose place may be taken.
    fn free(&self, now: Instant, key: FlowKey) -> Option<Pair> {
        match self.flow(&key) {
            None => Some(Pair { key, after: None }),
            Some(Tenant::TimeWait(id)) => {
                let (local, remote) = key.ends();
                let allowed = match self.config.time_wait_reuse {
                    TimeWaitReuse::Never => false,
                    TimeWaitReuse::Loopback => {
                        local.ip().is_loopback() && remote.ip().is_loopback()
                    }
                    TimeWaitReuse::Always => true,
                };
                let time_wait = &self.time_waits.entries.get(id).filter(|_| allowed)?.time_wait;
                let old = time_wait.may_be_replaced(now, &self.config.tcp);
                old.then(|| Pair { key, after: Some((id, time_wait.snd_nxt())) })
            }
            Some(Tenant::Connection(_) | Tenant::HalfOpen(_)) => None,
        }
    }
}

impl Host {
    /// Nobody on the link answers for a next hop: attempts to connect through it or to it
    /// have failed.
    pub(crate) fn peer_unreachable(&mut self, hop: IpAddr) {
        let concerned: Vec<u32> = self.connections.queues.connecting.iter().collect();
        for id in concerned {
            let Some(socket) = self.connections.sockets.get_mut(id) else { continue };
            let way = self.ip.next_hop(socket.key.remote().ip());
            if way.is_ok_and(|(_, next)| next == hop) {
                socket.connection.on_unreachable(&mut self.account.tcp);
                self.settle(id);
            }
        }
    }
}

/// The peer, where it can be one: an unspecified address is this host, as on Linux.
pub(crate) fn someone(mut peer: SocketAddr) -> Result<SocketAddr, Error> {
    match peer.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => peer.set_ip(Ipv4Addr::LOCALHOST.into()),
        IpAddr::V6(ip) if ip.is_unspecified() => peer.set_ip(Ipv6Addr::LOCALHOST.into()),
        // RFC 9293 §3.9.2.3 [MUST-46]: no connection to a group.
        IpAddr::V4(ip) if ip.is_broadcast() => return Err(Error::InvalidInput),
        ip if ip.is_multicast() => return Err(Error::InvalidInput),
        _ => {}
    }
    if peer.port() == 0 { Err(Error::InvalidInput) } else { Ok(peer) }
}
