//! How may a program listen? (RFC 9293 §3.9.1.1, passive OPEN)
//!
//! At one address and port, or for every address and every port; alone or sharing a port with
//! other listeners; answering each SYN at once or asking its owner first. What becomes of a SYN is
//! in `listener.rs`, of one that waits for an answer in `undecided.rs`.

use crate::bindings::{Reach, Share, Wanted};
use crate::fast_open::Pending;
use crate::flow::FlowKey;
use crate::host::Host;
use crate::ids::{ConnectionId, Error, ListenerId};
use crate::listener::bounded_backlog;
use crate::mapped::{Shown, plain};
use core::net::SocketAddr;
use osier_ip::Claim;
use osier_time::Instant;

/// How to listen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Listening {
    /// The address, and the port; port 0: see `ports`. An unspecified IPv6 address also takes IPv4
    /// (v4-mapped).
    pub at: SocketAddr,
    /// What port 0 means.
    pub ports: ZeroPort,
    /// Whose addresses an unspecified one stands for.
    pub reach: Reach,
    /// How many connections may wait to be accepted; a full queue drops, never resets.
    pub backlog: usize,
    /// When a SYN is answered.
    pub answers: Answers,
    /// Whether others may listen at the same place (SO_REUSEPORT).
    pub share: Share,
    /// How many connections may be open whose text came with a SYN that nothing has confirmed
    /// yet (RFC 7413); 0: Fast Open is off, which is the default.
    pub fast_open: usize,
    /// Whether the place may be taken while connections of an earlier listener live on there.
    pub reuse: Reuse,
    /// The longest segments of its connections, both ways, where that is less than the link takes
    /// (TCP_MAXSEG).
    pub max_segment: Option<u16>,
}

/// What port 0 means.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ZeroPort {
    /// An ephemeral port.
    #[default]
    Ephemeral,
    /// Every port that no other listener takes.
    Every,
}

/// When a listener answers a SYN.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Answers {
    /// At once.
    #[default]
    AtOnce,
    /// When its owner has decided: [`Event::Incoming`](crate::Event::Incoming) asks, and
    /// [`Host::decide`] answers.
    Deferred,
}

/// Whether a listener may take the place of an earlier one whose connections, in TIME-WAIT or
/// not, live on (SO_REUSEADDR). Two that listen at one place is another matter: [`Share`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Reuse {
    /// It may: what every server wants after a restart. // Linux differs: it may not unless told.
    #[default]
    Allowed,
    /// It may not.
    Refused,
}

impl Listening {
    /// Listening as most servers do.
    pub fn at(at: SocketAddr, backlog: usize) -> Self {
        Listening {
            at,
            backlog,
            ports: ZeroPort::default(),
            reach: Reach::default(),
            answers: Answers::default(),
            share: Share::default(),
            fast_open: 0,
            reuse: Reuse::default(),
            max_segment: None,
        }
    }
}

impl Host {
    /// Listens. An unspecified IPv6 address also accepts IPv4 (v4-mapped). Port 0: an ephemeral
    /// one. `backlog` bounds the accept queue; a full one drops, never resets.
    ///
    /// # Errors
    /// [`Error::AddrNotAvailable`], [`Error::AddrInUse`].
    pub fn listen(&mut self, at: SocketAddr, backlog: usize) -> Result<ListenerId, Error> {
        self.listen_as(&Listening::at(at, backlog))
    }

    /// Listens in any of the ways that there are.
    ///
    /// # Errors
    /// [`Error::AddrNotAvailable`] where the address is not ours, [`Error::AddrInUse`] where
    /// another listener is there, or, with [`Reuse::Refused`], a connection.
    pub fn listen_as(&mut self, how: &Listening) -> Result<ListenerId, Error> {
        let shown = Shown::by(how.at);
        let mut at = plain(how.at);
        let ours = at.ip().is_unspecified() || self.ip.is_ours(at.ip());
        let others = how.reach == Reach::Everybody && self.ip.may_speak_as(at.ip());
        if !ours && !others {
            return Err(Error::AddrNotAvailable);
        }
        let v6 = self.config.v6_binding;
        let wanted = |at| Wanted { at, v6, reach: how.reach, share: how.share };
        let bindings = &self.listeners.bindings;
        if at.port() == 0 && how.ports == ZeroPort::Ephemeral {
            let is_free = |port| bindings.is_free(wanted(SocketAddr::new(at.ip(), port)));
            at.set_port(self.ports.anywhere(is_free).ok_or(Error::AddrInUse)?);
        } else if !bindings.is_free(wanted(at)) {
            return Err(Error::AddrInUse);
        }
        if how.reuse == Reuse::Refused && self.flows_at(at) {
            return Err(Error::AddrInUse);
        }
        let fast_open = self.fast_open_limit(how.fast_open, how.backlog);
        let id = self.listeners.insert(wanted(at), shown, how.backlog, how.answers);
        if let Some(listener) = self.listeners.slots.get_mut(id.0) {
            listener.pending = (fast_open > 0).then(|| Pending::new(fast_open));
            listener.max_segment = how.max_segment;
        }
        Ok(id)
    }

    /// Whether a connection, or one in TIME-WAIT, has this local address and port.
    fn flows_at(&self, at: SocketAddr) -> bool {
        let there = |key: &FlowKey| {
            let local = key.local();
            let same = at.ip().is_unspecified() || at.ip() == local.ip();
            same && local.port() == at.port()
        };
        let mut open = self.connections.sockets.iter().filter(|(_, socket)| socket.is_open());
        open.any(|(_, socket)| there(&socket.key))
            || self.time_waits.entries.iter().any(|(_, entry)| there(&entry.key))
    }

    /// Changes how many connections may wait to be accepted. Those that wait already stay, also
    /// where they are more.
    ///
    /// # Errors
    /// [`Error::NoSuchSocket`].
    pub fn set_backlog(&mut self, listener: ListenerId, backlog: usize) -> Result<(), Error> {
        let found = self.listeners.slots.get_mut(listener.0).ok_or(Error::NoSuchSocket)?;
        found.backlog = bounded_backlog(backlog);
        Ok(())
    }

    /// Announces segments of at most so much text in each SYN,ACK from now on, and sends no larger
    /// ones to those who called (TCP_MAXSEG); `None`: what the link takes.
    ///
    /// # Errors
    /// [`Error::NoSuchSocket`].
    pub fn set_max_segment_of(
        &mut self,
        listener: ListenerId,
        octets: Option<u16>,
    ) -> Result<(), Error> {
        let found = self.listeners.slots.get_mut(listener.0).ok_or(Error::NoSuchSocket)?;
        found.max_segment = octets;
        Ok(())
    }

    /// Takes the next connection whose handshake is done: with whom, too.
    pub fn accept(&mut self, listener: ListenerId) -> Option<(ConnectionId, SocketAddr)> {
        let id = self.listeners.slots.get_mut(listener.0)?.accept_queue.pop_front()?;
        self.end_waiting(id);
        let socket = self.connections.hand_over(id)?;
        Some((ConnectionId(id), socket.shown.show(socket.key.remote())))
    }

    /// How many connections `accept` would find.
    pub fn acceptable(&self, listener: ListenerId) -> usize {
        self.listeners.slots.get(listener.0).map_or(0, |listener| listener.accept_queue.len())
    }

    /// Stops listening; connections that nobody accepted are reset.
    pub fn close_listener(&mut self, now: Instant, listener: ListenerId) {
        self.account.now = now;
        self.end_listener(now, listener.0);
    }

    /// Where a listener listens.
    pub fn listener_addr(&self, listener: ListenerId) -> Option<SocketAddr> {
        let listener = self.listeners.slots.get(listener.0)?;
        Some(listener.shown.show(listener.at))
    }

    /// Says for whom the host takes packets, and as whom its sockets may send, besides its own
    /// addresses. [`Reach::Everybody`] and a local address of somebody else in [`Host::connect`]
    /// need [`Claim::Everybody`].
    pub fn set_claim(&mut self, claim: Claim) {
        self.ip.set_claim(claim);
    }
}
