//! Where do connections live, from the handshake to the moment when nobody needs them?
//!
//! A connection has a socket from its first SYN (active) or the end of its handshake (passive) on.
//! Three things keep the socket: a flow that leads to it, an owner, and a segment still to be sent.
//! When none is left it is freed. After each door of a connection comes [`Host::settle`], which
//! takes what the connection wants: to be told of, to send, to be woken.

use crate::budget::Budget;
use crate::envelopes::{Envelopes, Marks};
use crate::fast_open::Gives;
use crate::flow::{FlowKey, Tenant};
use crate::host::Host;
use crate::ids::{ConnectionId, Event};
use crate::mapped::Shown;
use crate::queues::{Queues, Settled};
use crate::slots::Slots;
use crate::unaccepted::Held;
use osier_tcp::{Connection, Ending, Nagle, PathMtuChange, State, TimeWait, Transmit, Trouble};
use osier_time::Instant;

/// A connection and what the host knows of it.
#[derive(Clone, Debug)]
pub(crate) struct Socket {
    pub(crate) connection: Connection,
    pub(crate) key: FlowKey,
    pub(crate) owner: Owner,
    stage: Stage,
    pub(crate) shown: Shown,
    pub(crate) news: News,
    /// How it ended, to be told.
    ending: Option<Ending>,
    /// The latest trouble, to be told.
    trouble: Option<Trouble>,
    /// The largest that its segments may be since that changed last, and why, to be told.
    path_mtu: (u16, PathMtuChange),
    /// Whether its SYN,ACK gives the client a new Fast Open cookie.
    pub(crate) gives: Gives,
    /// Whether [`Host::release`] breaks the connection off instead of closing it.
    pub(crate) linger: Linger,
    pub(crate) nagle: Nagle,
    /// What its IP headers say.
    pub(crate) marks: Marks,
    /// The epoch of the path MTU cache that the connection has seen.
    pub(crate) paths_epoch: u32,
    /// Octets that the budget counts for it.
    pub(crate) held: u32,
}

/// Who holds a socket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Owner {
    /// It waits in the accept queue of a listener, and holds so much.
    Listener(Held),
    /// Whoever was given its id.
    User,
    /// The owner has let go.
    Nobody,
}

/// Whether the flow still leads to the socket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    Open,
    /// The connection has ended, or TIME-WAIT has taken its place.
    Over,
}

/// What becomes of a connection whose owner lets go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Linger {
    /// It closes in order by itself.
    Close,
    /// It is reset (SO_LINGER with a time of 0).
    Reset,
}

/// The events that wait to be told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct News(pub(crate) u8);

impl News {
    const NONE: News = News(0);
    const CONNECTED: u8 = 1;
    pub(crate) const READABLE: u8 = 2;
    const WRITABLE: u8 = 4;
    const TROUBLE: u8 = 8;
    const PATH_MTU: u8 = 16;
    const CLOSED: u8 = 32;
}

/// All sockets, and whose turn it is.
#[derive(Clone, Debug)]
pub(crate) struct Connections {
    pub(crate) sockets: Slots<Socket>,
    pub(crate) queues: Queues,
    /// How many connections are open that nobody holds.
    pub(crate) orphans: usize,
    pub(crate) budget: Budget,
    pub(crate) envelopes: Envelopes,
    /// The segment that is just being sent: too large to be made anew for each.
    pub(crate) outgoing: Transmit,
    /// What connections start with.
    nagle: Nagle,
}

impl Connections {
    pub(crate) fn new(nagle: Nagle, memory_max: u64) -> Self {
        Connections {
            sockets: Slots::new(),
            queues: Queues::new(),
            orphans: 0,
            budget: Budget::new(memory_max),
            envelopes: Envelopes::default(),
            outgoing: Transmit::default(),
            nagle,
        }
    }

    /// A socket for a new connection.
    pub(crate) fn insert(
        &mut self,
        connection: Connection,
        key: FlowKey,
        owner: Owner,
        shown: Shown,
    ) -> u32 {
        let nagle = self.nagle;
        self.budget.add_connection();
        self.sockets.insert(Socket {
            connection,
            key,
            owner,
            stage: Stage::Open,
            shown,
            news: News::NONE,
            ending: None,
            trouble: None,
            path_mtu: (0, PathMtuChange::Reported),
            gives: Gives::Nothing,
            linger: Linger::Close,
            nagle,
            marks: Marks::NONE,
            // Before any report: the first transmit looks whether there is one.
            paths_epoch: 0,
            held: 0,
        })
    }

    /// The socket, where it is the user's.
    pub(crate) fn of_user(&mut self, id: ConnectionId) -> Option<&mut Socket> {
        self.sockets.get_mut(id.0).filter(|socket| socket.owner == Owner::User)
    }

    /// The socket, where it is the user's.
    pub(crate) fn seen_by_user(&self, id: ConnectionId) -> Option<&Socket> {
        self.sockets.get(id.0).filter(|socket| socket.owner == Owner::User)
    }

    /// Gives a socket of the accept queue to the user.
    pub(crate) fn hand_over(&mut self, id: u32) -> Option<&Socket> {
        let socket = self.sockets.get_mut(id)?;
        socket.owner = Owner::User;
        if socket.news != News::NONE {
            self.queues.news.push_back(id);
        }
        Some(socket)
    }

    /// The next event of any connection.
    #[inline]
    pub(crate) fn poll_event(&mut self) -> Option<Event> {
        while let Some(id) = self.queues.news.front() {
            if let Some(socket) = self.sockets.get_mut(id)
                && let Some(event) = socket.next_event(ConnectionId(id))
            {
                if socket.news == News::NONE {
                    self.queues.news.remove(id);
                }
                return Some(event);
            }
            self.queues.news.remove(id);
        }
        None
    }

    /// Nobody is to be told of a socket any more.
    pub(crate) fn let_go(&mut self, id: u32) {
        self.queues.news.remove(id);
    }

    /// There is memory again: whoever found none for a write tries again.
    #[cold]
    pub(crate) fn feed_starved(&mut self) {
        while let Some(id) = self.budget.starved.pop_front() {
            if let Some(socket) = self.sockets.get_mut(id) {
                socket.news.0 |= News::WRITABLE;
                if socket.owner == Owner::User {
                    self.queues.news.push_back(id);
                }
            }
        }
    }

    fn free(&mut self, id: u32) {
        if let Some(socket) = self.sockets.remove(id) {
            self.budget.remove_connection(socket.held);
        }
        self.budget.starved.remove(id);
        self.queues.forget(id);
        self.envelopes.forget(id);
    }
}

impl Socket {
    /// Whether the flow leads to the socket.
    pub(crate) fn is_open(&self) -> bool {
        self.stage == Stage::Open
    }

    #[inline]
    fn next_event(&mut self, id: ConnectionId) -> Option<Event> {
        let first = self.news.0 & self.news.0.wrapping_neg();
        self.news.0 &= !first;
        match first {
            News::CONNECTED => Some(Event::Connected(id)),
            News::READABLE => Some(Event::Readable(id)),
            News::WRITABLE => Some(Event::Writable(id)),
            News::TROUBLE => self.trouble.map(|trouble| Event::Trouble(id, trouble)),
            News::PATH_MTU => Some(Event::PathMtu(id, self.path_mtu.1)),
            News::CLOSED => self.ending.map(|ending| Event::Closed(id, ending)),
            _ => None,
        }
    }

    /// Takes the events of the connection; says what ends the socket's stage.
    #[inline]
    fn take_events(&mut self, now: Instant) -> Option<Successor> {
        let mut successor = None;
        for event in self.connection.take_events() {
            match event {
                osier_tcp::Event::Established => self.news.0 |= News::CONNECTED,
                osier_tcp::Event::Readable | osier_tcp::Event::Urgent => {
                    self.news.0 |= News::READABLE;
                }
                osier_tcp::Event::Writable => self.news.0 |= News::WRITABLE,
                osier_tcp::Event::Trouble(trouble) => {
                    self.trouble = Some(trouble);
                    self.news.0 |= News::TROUBLE;
                }
                osier_tcp::Event::TimeWait => {
                    self.ending = Some(Ending::InOrder);
                    successor = self.connection.time_wait(now).map(Successor::TimeWait);
                }
                osier_tcp::Event::Closed(ending) => {
                    self.ending.get_or_insert(ending);
                    successor.get_or_insert(Successor::Nothing);
                }
                osier_tcp::Event::PathMtu(octets, why) => {
                    self.path_mtu = (octets, why);
                    self.news.0 |= News::PATH_MTU;
                }
            }
        }
        successor.filter(|_| self.is_open())
    }
}

/// What takes a connection's place in the flow table.
enum Successor {
    Nothing,
    TimeWait(TimeWait),
}

impl Host {
    /// Lets a connection send after a door that changes neither its deadline nor its state.
    #[inline]
    pub(crate) fn wake(&mut self, id: u32) {
        if self.connections.sockets.get(id).is_some_and(|s| s.connection.wants_transmit()) {
            self.connections.queues.transmit.push_back(id);
        }
    }

    /// Takes what a connection wants after a door of it was called.
    #[inline]
    pub(crate) fn settle(&mut self, id: u32) {
        let Connections { sockets, queues, budget, .. } = &mut self.connections;
        let Some(socket) = sockets.get_mut(id) else { return };
        match queues.settle(id, socket) {
            Settled::Yes => self.account.close(&socket.key),
            Settled::No => {
                budget.change(&mut socket.held, socket.connection.memory());
                self.connections.feed();
                self.settle_events(id);
            }
        }
    }

    /// [`Host::settle`] where there is something to tell, or the connection has ended; what it
    /// holds is counted.
    pub(crate) fn settle_events(&mut self, id: u32) {
        let Some(socket) = self.connections.sockets.get_mut(id) else { return };
        let told = socket.news.0 & News::CONNECTED;
        let successor = socket.take_events(self.account.now);
        if told == 0 && !self.connections.queues.connecting.contains(id) {
            // Of a connection that a peer opened `accept` tells.
            socket.news.0 &= !News::CONNECTED;
        }
        if let Some(shown) = socket.connection.take_fast_opened() {
            self.fast_opens.learn(socket.key.remote().ip(), &shown);
        }
        if socket.news.0 & News::PATH_MTU != 0 {
            self.paths.learn(self.account.now, &socket.key, socket.path_mtu);
        }
        self.account.close(&socket.key);
        if socket.news != News::NONE {
            if socket.owner == Owner::User {
                self.connections.queues.news.push_back(id);
            }
            if socket.news.0 & News::TROUBLE != 0 {
                let remote = socket.key.remote().ip();
                let stays = socket.connection.state() == State::SynSent;
                // RFC 9293 §3.8.3: negative advice to IP [MUST-20].
                self.ip.doubt(remote);
                if !stays {
                    self.connections.queues.connecting.remove(id);
                }
            } else {
                self.connections.queues.connecting.remove(id);
            }
        }
        let wants_transmit = socket.connection.wants_transmit();
        if wants_transmit {
            self.connections.queues.transmit.push_back(id);
        }
        let stays_open = socket.is_open() && successor.is_none();
        if let Some(successor) = successor {
            let key = socket.key;
            socket.stage = Stage::Over;
            socket.news.0 |= News::CLOSED;
            match socket.owner {
                Owner::User => self.connections.queues.news.push_back(id),
                Owner::Nobody => self.connections.orphans -= 1,
                Owner::Listener(_) => {}
            }
            self.connections.queues.wheel.clear(id);
            match successor {
                Successor::Nothing => self.forget_flow(&key, Tenant::Connection(id)),
                Successor::TimeWait(time_wait) => self.keep_time_wait(key, time_wait),
            }
        } else if stays_open && let Some(due) = socket.connection.next_deadline() {
            self.connections.queues.wheel.set_no_later(id, due);
        }
        if !wants_transmit && !stays_open {
            self.free_if_done(id);
        }
    }

    /// Frees a socket that nothing keeps.
    fn free_if_done(&mut self, id: u32) {
        let Some(socket) = self.connections.sockets.get(id) else { return };
        if socket.stage == Stage::Over
            && socket.owner == Owner::Nobody
            && !socket.connection.wants_transmit()
        {
            self.connections.free(id);
        }
    }

    /// The handshake told its listener by `accept`; the event is for those that we opened.
    pub(crate) fn forget_established(&mut self, id: u32) {
        if let Some(socket) = self.connections.sockets.get_mut(id) {
            socket.news.0 &= !News::CONNECTED;
        }
    }

    /// Time has reached what the wheel holds for a connection, which may have moved since.
    pub(crate) fn connection_deadline(&mut self, now: Instant, id: u32) {
        let Some(socket) = self.connections.sockets.get_mut(id) else { return };
        socket.connection.on_deadline(now, &mut self.account.tcp);
        self.settle(id);
    }
}
