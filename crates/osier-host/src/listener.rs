//! Who listens, and what becomes of a SYN? (RFC 9293 §3.10.7.2; the accept queue)
//!
//! The queues that listening needs: handshakes are counted here and kept in `half_open.rs`;
//! connections that nobody has accepted wait in their listener's accept queue. A full queue drops
//! what would make it longer and never resets, so that the peer tries again.

use crate::account::Flow;
use crate::bindings::{Bindings, Reach, Wanted};
use crate::config::SynCookies;
use crate::connections::{Linger, Owner};
use crate::fast_open::Pending;
use crate::flow::{FlowKey, Keyed, Tenant};
use crate::half_open::Handshake;
use crate::host::Host;
use crate::ids::{Event, ListenerId};
use crate::links::settings;
use crate::listen::Answers;
use crate::mapped::Shown;
use crate::ready::Ready;
use crate::reason::HostReason;
use crate::slots::Slots;
use crate::tcp_input::Incoming;
use crate::unaccepted::{Amount, Held};
use alloc::collections::VecDeque;
use alloc::vec::Vec;
use core::net::SocketAddr;
use osier_tcp::{Admission, Connection, HalfOpen, Progress, examine};
use osier_time::Instant;
use osier_wire::SeqNumber;

/// The longest accept queue that may be asked for; Linux: `net.core.somaxconn`, 4096.
pub(crate) const BACKLOG_MAX: usize = 4_096;

/// The listeners.
#[derive(Clone, Debug)]
pub(crate) struct Listeners {
    pub(crate) slots: Slots<Listener>,
    pub(crate) bindings: Bindings,
    /// What the connections of their accept queues hold.
    /// Whose owner is to be told that there is a connection to accept.
    news: Ready,
    /// Whose owner is to be told that a handshake which it accepted has failed.
    failed: Ready,
}

/// A listener.
#[derive(Clone, Debug)]
pub(crate) struct Listener {
    pub(crate) at: SocketAddr,
    pub(crate) shown: Shown,
    pub(crate) backlog: usize,
    answers: Answers,
    /// Connections that nobody has accepted, the oldest first.
    pub(crate) accept_queue: VecDeque<u32>,
    /// How many handshakes are under way.
    handshakes: usize,
    /// What the connections of the accept queue hold.
    pub(crate) held: Amount,
    /// Fast Open, where it is on.
    pub(crate) pending: Option<Pending>,
    /// The longest segments of its connections, where that was set (TCP_MAXSEG).
    pub(crate) max_segment: Option<u16>,
    /// When a SYN was last answered with a cookie.
    pub(crate) cookie_sent: Option<Instant>,
}

/// What becomes of a SYN.
enum Room {
    /// A handshake is kept.
    Kept,
    /// A cookie is sent.
    Cookie,
    /// The owner is asked.
    Asked,
    /// It is dropped.
    No(HostReason),
}

impl Listener {
    pub(crate) fn is_full(&self) -> bool {
        self.accept_queue.len() >= self.backlog
    }
}

impl Listeners {
    pub(crate) fn new(keyed: Keyed) -> Self {
        Listeners {
            slots: Slots::new(),
            bindings: Bindings::new(keyed),
            news: Ready::new(),
            failed: Ready::new(),
        }
    }

    pub(crate) fn insert(
        &mut self,
        wanted: Wanted,
        shown: Shown,
        backlog: usize,
        answers: Answers,
    ) -> ListenerId {
        let listener = Listener {
            at: wanted.at,
            shown,
            backlog: bounded_backlog(backlog),
            answers,
            accept_queue: VecDeque::new(),
            handshakes: 0,
            held: Amount::default(),
            pending: None,
            max_segment: None,
            cookie_sent: None,
        };
        let id = self.slots.insert(listener);
        self.bindings.insert(wanted, id);
        ListenerId(id)
    }

    pub(crate) fn remove(&mut self, id: u32) -> Option<Listener> {
        let listener = self.slots.remove(id)?;
        self.bindings.remove(listener.at, id);
        self.news.remove(id);
        self.failed.remove(id);
        Some(listener)
    }

    /// Whether an owner may have to be told something.
    #[inline]
    pub(crate) const fn has_news(&self) -> bool {
        self.news.front().is_some() || self.failed.front().is_some()
    }

    pub(crate) fn poll_event(&mut self) -> Option<Event> {
        if let Some(id) = self.news.pop_front() {
            return Some(Event::Acceptable(ListenerId(id)));
        }
        self.failed.pop_front().map(|id| Event::HandshakeFailed(ListenerId(id)))
    }

    /// A handshake has come to nothing: of interest to those who decided that it began.
    pub(crate) fn tell_failed(&mut self, id: u32) {
        if self.slots.get(id).is_some_and(|listener| listener.answers == Answers::Deferred) {
            self.failed.push_back(id);
        }
    }

    pub(crate) fn count_handshake(&mut self, id: u32) {
        if let Some(listener) = self.slots.get_mut(id) {
            listener.handshakes += 1;
        }
    }

    pub(crate) fn discount_handshake(&mut self, id: u32) {
        if let Some(listener) = self.slots.get_mut(id) {
            listener.handshakes = listener.handshakes.saturating_sub(1);
        }
    }
}

impl Host {
    /// A segment that belongs to no flow. `beyond`: it reopens a connection from TIME-WAIT whose
    /// next sequence number was this.
    pub(crate) fn listener_input(
        &mut self,
        now: Instant,
        incoming: &Incoming,
        beyond: Option<SeqNumber>,
    ) {
        let (key, segment) = (&incoming.key, &incoming.segment);
        let Some(reach) = self.reach_of(key) else {
            return self.account.push(Some(Flow::tcp(key)), HostReason::NotUnicast);
        };
        let Some(listener) = self.listeners.bindings.find_for(key, reach) else {
            return self.stray_input(now, key, segment);
        };
        if self.take_cookie(now, listener, incoming) {
            return;
        }
        let admission = examine(segment, &mut self.account.tcp);
        self.account.close(key);
        match admission {
            Admission::Ignore => {}
            Admission::Reset(reset) => self.owe_reset(now, key, &reset),
            Admission::Syn => match self.room_for_handshake(listener) {
                Room::No(reason) => self.account.push(Some(Flow::tcp(key)), reason),
                Room::Cookie => self.send_cookie(now, listener, incoming),
                Room::Asked => self.defer(now, listener, incoming, beyond),
                Room::Kept => self.greet(now, listener, incoming, beyond),
            },
        }
    }

    /// There is room: usually a handshake begins.
    pub(crate) fn greet(
        &mut self,
        now: Instant,
        listener: u32,
        incoming: &Incoming,
        beyond: Option<SeqNumber>,
    ) {
        let plain = incoming.segment.options.unknown.is_empty() && incoming.segment.text.is_empty();
        if plain || beyond.is_some() {
            return self.begin_handshake(now, listener, incoming, beyond);
        }
        if let Err(gives) = self.try_fast_open(now, listener, incoming) {
            self.begin_handshake(now, listener, incoming, beyond);
            self.gives(&incoming.key, gives);
        }
    }

    pub(crate) fn begin_handshake(
        &mut self,
        now: Instant,
        listener: u32,
        incoming: &Incoming,
        beyond: Option<SeqNumber>,
    ) {
        let (key, link) = (incoming.key, incoming.link);
        let opening = match beyond {
            None => self.openings.opening(now, &key),
            Some(beyond) => self.openings.reopening(now, &key, beyond),
        };
        let owner = self.listeners.slots.get(listener);
        let config = settings(&self.links, owner, (link, &key));
        let notes = &mut self.account.tcp;
        let half = HalfOpen::new(now, &incoming.segment, &config, opening, notes);
        self.keep_handshake(Handshake::new(half, listener, key, link));
    }

    /// What a listener does with a SYN now.
    fn room_for_handshake(&self, listener: u32) -> Room {
        let Some(listener) = self.listeners.slots.get(listener) else { return Room::Kept };
        if listener.is_full() {
            let backlog = listener.backlog as u32;
            return Room::No(HostReason::AcceptQueueFull { backlog });
        }
        if !self.connections.budget.admits() {
            return Room::No(self.memory_full());
        }
        if listener.answers == Answers::Deferred {
            return Room::Asked;
        }
        let limit = self.config.syn_queue;
        match self.config.syn_cookies {
            SynCookies::Always => Room::Cookie,
            SynCookies::WhenFull | SynCookies::Off if listener.handshakes < limit => Room::Kept,
            SynCookies::WhenFull => Room::Cookie,
            SynCookies::Off => Room::No(HostReason::SynQueueFull { limit: limit as u32 }),
        }
    }

    /// Why a listener takes no handshake that its owner wants, if it does not.
    pub(crate) fn refusal(&self, listener: u32) -> Option<HostReason> {
        let listener = self.listeners.slots.get(listener)?;
        if listener.is_full() {
            return Some(HostReason::AcceptQueueFull { backlog: listener.backlog as u32 });
        }
        if !self.connections.budget.admits() {
            return Some(self.memory_full());
        }
        let limit = self.config.syn_queue;
        (listener.handshakes >= limit).then_some(HostReason::SynQueueFull { limit: limit as u32 })
    }

    fn memory_full(&self) -> HostReason {
        let (used, _) = self.connections.budget.usage();
        HostReason::MemoryFull { used: u32::try_from(used >> 10).unwrap_or(u32::MAX) }
    }

    /// A segment of a handshake.
    pub(crate) fn handshake_input(&mut self, now: Instant, id: u32, incoming: Incoming) {
        let Some(handshake) = self.handshakes.entries.get_mut(id) else { return };
        let progress = handshake.half.on_segment(&incoming.segment, &mut self.account.tcp);
        self.account.close(&incoming.key);
        match progress {
            Progress::Waiting => self.settle_handshake(id),
            Progress::Stray => self.stray_input(now, &incoming.key, &incoming.segment),
            Progress::Over => self.fail_handshake(id),
            Progress::Complete => self.complete(now, id, incoming),
        }
    }

    /// The handshake is done: a connection takes its place.
    fn complete(&mut self, now: Instant, id: u32, mut incoming: Incoming) {
        let Some(handshake) = self.handshakes.entries.get(id) else { return };
        let (half, listener) = (handshake.half.clone(), handshake.listener);
        // The settings are those of the link of the SYN.
        incoming.link = handshake.link;
        if self.admit(now, listener, &half, incoming).is_some() {
            self.forget_handshake(id);
        }
    }

    /// A handshake has ended well: a connection waits to be accepted, if there is room for it.
    pub(crate) fn admit(
        &mut self,
        now: Instant,
        listener: u32,
        half: &HalfOpen,
        incoming: Incoming,
    ) -> Option<u32> {
        let waiting = self.listeners.slots.get_mut(listener)?;
        let flow = Some(Flow::tcp(&incoming.key));
        if waiting.is_full() {
            // Linux drops the final ACK too, and lets the SYN,ACK be sent again.
            let backlog = waiting.backlog as u32;
            self.account.push(flow, HostReason::AcceptQueueFull { backlog });
            return None;
        }
        let limit = self.config.connections_max;
        if self.connections.sockets.len() >= limit {
            let limit = limit as u32;
            self.account.push(flow, HostReason::ConnectionsFull { limit });
            return None;
        }
        if !self.connections.budget.admits() {
            let reason = self.memory_full();
            self.account.push(flow, reason);
            return None;
        }
        let Incoming { key, segment, arrived, link } = incoming;
        let config = settings(&self.links, Some(waiting), (link, &key));
        let amount = Amount::of(&segment);
        let connection = half.complete(now, segment, arrived, &config, &mut self.account.tcp);
        self.enqueue(listener, key, connection, amount)
    }

    /// A connection waits to be accepted; `amount`: the text that came with the segment that made
    /// it.
    pub(crate) fn enqueue(
        &mut self,
        listener: u32,
        key: FlowKey,
        connection: Connection,
        amount: Amount,
    ) -> Option<u32> {
        let waiting = self.listeners.slots.get_mut(listener)?;
        waiting.held = waiting.held.plus(amount);
        let owner = Owner::Listener(Held { listener, amount });
        let socket = self.connections.insert(connection, key, owner, waiting.shown);
        waiting.accept_queue.push_back(socket);
        self.listeners.news.push_back(listener);
        self.lead_flow(&key, Tenant::Connection(socket));
        self.settle(socket);
        self.forget_established(socket);
        Some(socket)
    }

    /// Stops listening: handshakes are forgotten, connections that nobody accepted are reset.
    pub(crate) fn end_listener(&mut self, now: Instant, id: u32) {
        let Some(listener) = self.listeners.remove(id) else { return };
        self.forget_undecided(id);
        for socket in listener.accept_queue {
            self.end_waiting(socket);
            self.let_go(now, socket, Linger::Reset);
        }
        let under_way = self.handshakes.entries.iter().filter(|(_, h)| h.listener == id);
        for handshake in under_way.map(|(id, _)| id).collect::<Vec<u32>>() {
            self.forget_handshake(handshake);
        }
    }

    /// Which listeners may take a flow, by whose address it is to; `None` where not both of its
    /// ends are single hosts.
    fn reach_of(&self, key: &FlowKey) -> Option<Reach> {
        let (local, remote) = key.ends();
        let from = remote.ip();
        // RFC 9293 §3.9.2.3 [MUST-57] and §3.10.7.2 [MUST-63]: never from or to a group.
        let single = !from.is_multicast() && !from.is_unspecified() && !is_broadcast(remote);
        match single {
            true if self.ip.is_ours(local.ip()) => Some(Reach::Own),
            true if self.ip.may_speak_as(local.ip()) => Some(Reach::Everybody),
            true | false => None,
        }
    }
}

/// How many connections may wait where that many were asked for.
pub(crate) fn bounded_backlog(asked: usize) -> usize {
    asked.clamp(1, BACKLOG_MAX)
}

fn is_broadcast(address: SocketAddr) -> bool {
    matches!(address, SocketAddr::V4(address) if address.ip().is_broadcast())
}
