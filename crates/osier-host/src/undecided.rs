//! Who waits for the owner of a listener to decide? (RFC 9293 §3.10.7.2)
//!
//! A deferred listener does not answer a SYN: it asks its owner, once for each flow, and keeps the
//! SYN until the owner accepts, refuses or ignores it, or until patience ends. How many wait is
//! bounded. A peer that repeats its SYN meanwhile changes nothing.

use crate::account::Flow;
use crate::flow::{FlowKey, Keyed, Tenant};
use crate::host::Host;
use crate::ids::{Error, Event, ListenerId};
use crate::ready::Ready;
use crate::reason::HostReason;
use crate::slots::Slots;
use crate::tcp_input::Incoming;
use alloc::vec::Vec;
use bytes::Bytes;
use hashbrown::HashMap;
use osier_time::{Duration, Instant};
use osier_wire::SeqNumber;

/// SYNs of a host that may wait: as many as a listener's queue of handshakes holds.
const UNDECIDED_MAX: usize = 1_024;

/// How long one waits: about as long as a peer repeats its SYN (Linux: 127 s).
const PATIENCE: Duration = Duration::from_secs(120);

/// The SYNs that wait.
#[derive(Clone, Debug)]
pub(crate) struct Undecided {
    syns: Slots<Waiting>,
    by_key: HashMap<FlowKey, u32, Keyed>,
    /// The oldest first.
    order: Ready,
    /// Of whom the owner has not been told.
    news: Ready,
}

#[derive(Clone, Debug)]
struct Waiting {
    listener: u32,
    incoming: Incoming,
    /// It reopens a connection from TIME-WAIT whose next number was this.
    beyond: Option<SeqNumber>,
    until: Instant,
}

/// What becomes of a connection that somebody wants to open.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decision {
    /// The handshake goes on.
    Accept,
    /// The peer is told that nobody listens (RST).
    Refuse,
    /// Nothing is sent. If the peer asks again, so does the event.
    Ignore,
}

impl Undecided {
    pub(crate) fn new(keyed: Keyed) -> Self {
        let by_key = HashMap::with_hasher(keyed);
        Undecided { syns: Slots::new(), by_key, order: Ready::new(), news: Ready::new() }
    }

    pub(crate) fn len(&self) -> usize {
        self.syns.len()
    }

    #[inline]
    pub(crate) const fn is_empty(&self) -> bool {
        self.syns.len() == 0
    }

    /// Whether an owner may have to be told of one.
    #[inline]
    pub(crate) const fn has_news(&self) -> bool {
        self.news.front().is_some()
    }

    /// When [`Host::end_undecided`] is due.
    pub(crate) fn next_deadline(&self) -> Option<Instant> {
        Some(self.syns.get(self.order.front()?)?.until)
    }

    pub(crate) fn poll_event(&mut self) -> Option<Event> {
        let id = self.news.pop_front()?;
        let waiting = self.syns.get(id)?;
        Some(Event::Incoming(ListenerId(waiting.listener), Flow::tcp(&waiting.incoming.key)))
    }

    fn insert(&mut self, waiting: Waiting) {
        let key = waiting.incoming.key;
        let id = self.syns.insert(waiting);
        self.by_key.insert(key, id);
        self.order.push_back(id);
        self.news.push_back(id);
    }

    fn take(&mut self, id: u32) -> Option<Waiting> {
        let waiting = self.syns.remove(id)?;
        self.by_key.remove(&waiting.incoming.key);
        self.order.remove(id);
        self.news.remove(id);
        Some(waiting)
    }
}

impl Host {
    /// Says what becomes of the connection that [`Event::Incoming`] told of.
    ///
    /// # Errors
    /// [`Error::NoSuchSocket`] where nobody waits under that name, [`Error::LimitReached`] where
    /// the queue of handshakes or the accept queue is full: the peer will ask again.
    pub fn decide(&mut self, now: Instant, flow: Flow, decision: Decision) -> Result<(), Error> {
        self.account.now = now;
        let key = FlowKey::new(flow.local, flow.remote).ok_or(Error::NoSuchSocket)?;
        let id = *self.undecided.by_key.get(&key).ok_or(Error::NoSuchSocket)?;
        let waiting = self.undecided.take(id).ok_or(Error::NoSuchSocket)?;
        let Waiting { listener, incoming, beyond, .. } = waiting;
        match decision {
            Decision::Accept => {
                if let Some(reason) = self.refusal(listener) {
                    self.account.push(Some(flow), reason);
                    return Err(Error::LimitReached);
                }
                self.greet(now, listener, &incoming, beyond);
            }
            Decision::Refuse => self.stray_input(now, &key, &incoming.segment),
            Decision::Ignore => self.account.push(Some(flow), HostReason::IncomingIgnored),
        }
        Ok(())
    }

    /// Whether somebody waits for a decision under that name.
    pub fn is_undecided(&self, flow: Flow) -> bool {
        let key = FlowKey::new(flow.local, flow.remote);
        key.is_some_and(|key| self.undecided.by_key.contains_key(&key))
    }

    /// Whether a handshake that somebody else began is under way under that name.
    pub fn is_half_open(&self, flow: Flow) -> bool {
        let key = FlowKey::new(flow.local, flow.remote);
        key.is_some_and(|key| matches!(self.flow(&key), Some(Tenant::HalfOpen(_))))
    }

    /// A SYN met a deferred listener.
    pub(crate) fn defer(
        &mut self,
        now: Instant,
        listener: u32,
        incoming: &Incoming,
        beyond: Option<SeqNumber>,
    ) {
        if self.undecided.by_key.contains_key(&incoming.key) {
            return;
        }
        let flow = Some(Flow::tcp(&incoming.key));
        if self.undecided.len() >= UNDECIDED_MAX {
            let limit = UNDECIDED_MAX as u32;
            return self.account.push(flow, HostReason::UndecidedFull { limit });
        }
        let mut incoming = incoming.clone();
        // RFC 7413 §4.2.2: with a good cookie its text is taken when the owner accepts. Other text
        // the peer sends again (RFC 9293 §3.10.7.2).
        let text =
            if self.takes_text(listener, &incoming) { &incoming.segment.text[..] } else { &[] };
        incoming.segment.text = Bytes::copy_from_slice(text);
        let until = now + PATIENCE;
        self.undecided.insert(Waiting { listener, incoming, beyond, until });
        self.account.push(flow, HostReason::IncomingDeferred);
    }

    /// Ends the patience with one that is due; says whether there was one.
    pub(crate) fn end_undecided(&mut self, now: Instant) -> bool {
        if self.undecided.next_deadline().is_none_or(|due| now < due) {
            return false;
        }
        let oldest = self.undecided.order.front().and_then(|id| self.undecided.take(id));
        if let Some(waiting) = oldest {
            let flow = Some(Flow::tcp(&waiting.incoming.key));
            self.account.push(flow, HostReason::UndecidedExpired);
        }
        true
    }

    /// A listener is gone, and so are those who waited for it.
    pub(crate) fn forget_undecided(&mut self, listener: u32) {
        let its = self.undecided.syns.iter().filter(|(_, waiting)| waiting.listener == listener);
        for id in its.map(|(id, _)| id).collect::<Vec<u32>>() {
            self.undecided.take(id);
        }
    }
}
