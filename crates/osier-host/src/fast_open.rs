//! Whose SYN may bring text, and which cookie do we show? (RFC 7413, TCP Fast Open)
//!
//! As a server: a cookie is a MAC over the client's address, so nothing is kept for it, and how
//! many connections may be open whose client has not answered yet is bounded for each listener
//! (§5.1). Off unless a listener asks for it, as on Linux. As a client: the cookies that servers
//! gave, a bounded number; one whose SYN had to be repeated is forgotten, since something on the
//! way may mind it (§7.1).

use crate::account::Flow;
use crate::config::{CookieKeys, Keys};
use crate::flow::{FlowKey, Keyed};
use crate::host::Host;
use crate::ids::{Error, ListenerId};
use crate::ready::Ready;
use crate::reason::HostReason;
use crate::secrets::{Key, Purpose, derive, hash};
use crate::slots::Slots;
use crate::tcp_input::Incoming;
use alloc::vec::Vec;
use bytes::Bytes;
use core::net::IpAddr;
use hashbrown::HashMap;
use osier_tcp::{FastOpened, FastOpening, HalfOpen, Notes, Recording, State};
use osier_time::Instant;
use osier_wire::tcp::{FastOpen, FastOpenCookie, Options};

/// Servers whose cookie is remembered at most; the oldest goes.
const COOKIES_MAX: usize = 1_024;

/// What a server is taken to accept in a segment that has named no MSS (RFC 9293 §3.7.1).
const MSS_UNKNOWN: u16 = 536;

/// The key of our cookies, and the cookies of others.
#[derive(Clone)]
pub(crate) struct FastOpens {
    keys: CookieKeys,
    by_server: HashMap<IpAddr, u32, Keyed>,
    known: Slots<Known>,
    /// The oldest first.
    order: Ready,
}

/// What a server has shown.
#[derive(Clone, Copy, Debug)]
struct Known {
    server: IpAddr,
    cookie: FastOpen,
    mss: u16,
}

impl FastOpens {
    pub(crate) fn new(keys: &Keys, keyed: Keyed) -> Self {
        FastOpens {
            keys: keys.fast_open.unwrap_or_else(|| CookieKeys {
                current: derive(keys, Purpose::FastOpen),
                previous: None,
            }),
            by_server: HashMap::with_hasher(keyed),
            known: Slots::new(),
            order: Ready::new(),
        }
    }

    /// The cookie of the client of this flow, for the address that it knows us by.
    fn cookie(&self, key: &FlowKey) -> Option<FastOpenCookie> {
        made_with(&self.keys.current, key)
    }

    /// What a cookie is worth.
    fn judge(&self, key: &FlowKey, shown: FastOpen) -> Worth {
        let is_made_with =
            |secret: &Key| made_with(secret, key).map(FastOpen::Cookie) == Some(shown);
        if is_made_with(&self.keys.current) {
            return Worth::Good;
        }
        match &self.keys.previous {
            Some(previous) if is_made_with(previous) => Worth::Old,
            Some(_) | None => Worth::Nothing,
        }
    }

    /// What goes with the SYN to a server.
    pub(crate) fn opening(&self, server: IpAddr, text: Bytes) -> FastOpening {
        let known = self.by_server.get(&server).and_then(|id| self.known.get(*id));
        match known {
            Some(known) => FastOpening::new(known.cookie, known.mss, text),
            None => FastOpening::new(FastOpen::Request, MSS_UNKNOWN, text),
        }
    }

    /// How many cookies are remembered.
    pub(crate) fn len(&self) -> usize {
        self.known.len()
    }

    /// A server has answered an attempt that tried Fast Open.
    #[cold]
    pub(crate) fn learn(&mut self, server: IpAddr, shown: &FastOpened) {
        let Some(cookie @ FastOpen::Cookie(_)) = shown.cookie else {
            // RFC 7413 §7.1: where only the plain SYN got through, the other may have been minded.
            if shown.repeated {
                return self.forget(server);
            }
            if let Some(mss) = shown.mss
                && let Some(known) = self.by_server.get(&server).copied()
                && let Some(known) = self.known.get_mut(known)
            {
                known.mss = mss;
            }
            return;
        };
        self.forget(server);
        if self.known.len() >= COOKIES_MAX
            && let Some(oldest) = self.order.front().and_then(|id| self.known.get(id))
        {
            self.forget(oldest.server);
        }
        let mss = shown.mss.unwrap_or(MSS_UNKNOWN);
        let id = self.known.insert(Known { server, cookie, mss });
        self.by_server.insert(server, id);
        self.order.push_back(id);
    }

    fn forget(&mut self, server: IpAddr) {
        if let Some(id) = self.by_server.remove(&server) {
            self.known.remove(id);
            self.order.remove(id);
        }
    }
}

fn made_with(secret: &Key, key: &FlowKey) -> Option<FastOpenCookie> {
    FastOpenCookie::new(&hash(secret, &[key.addresses()]).to_be_bytes())
}

/// What a cookie that a client shows is worth.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Worth {
    /// It is the one that we would give.
    Good,
    /// It is good, but made with the key before: the client is given another.
    Old,
    Nothing,
}

/// Whether a SYN,ACK gives the client its cookie.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Gives {
    #[default]
    Nothing,
    Cookie,
}

/// The connections of a listener whose text came with a SYN that nothing has confirmed yet.
#[derive(Clone, Debug)]
pub(crate) struct Pending {
    limit: usize,
    sockets: Vec<u32>,
}

impl Pending {
    pub(crate) const fn new(limit: usize) -> Self {
        Pending { limit, sockets: Vec::new() }
    }
}

/// Octets that the options of a SYN may take.
const OPTIONS_MAX: u16 = 40;

impl Host {
    /// How much text [`Host::connect_with_text`] would send with its SYN; `None`: the server has
    /// given us no cookie yet.
    pub fn fast_open_room(&self, server: IpAddr) -> Option<usize> {
        let server = server.to_canonical();
        let id = *self.fast_opens.by_server.get(&server)?;
        let known = self.fast_opens.known.get(id)?;
        let (link, _) = self.ip.link_towards(server).ok()?;
        let ours = self.links.get(usize::from(link.0))?.mss_towards(server);
        Some(usize::from(known.mss.min(ours).saturating_sub(OPTIONS_MAX)))
    }

    /// Replaces the keys of our Fast Open cookies (RFC 7413 §4.1.2: change them from time to time;
    /// Linux: TCP_FASTOPEN_KEY). Cookies of the current key are given; one of the previous key is
    /// still believed, and its client is given another. Hosts that share an address share the keys.
    pub fn set_fast_open_keys(&mut self, keys: CookieKeys) {
        self.fast_opens.keys = keys;
    }

    /// How many connections of a listener may be open whose text came with a SYN that nothing has
    /// confirmed yet; 0 turns Fast Open off. Those that are open count no more.
    ///
    /// # Errors
    /// [`Error::NoSuchSocket`].
    pub fn set_fast_open(&mut self, listener: ListenerId, limit: usize) -> Result<(), Error> {
        let found = self.listeners.slots.get_mut(listener.0).ok_or(Error::NoSuchSocket)?;
        found.pending = (limit > 0).then(|| Pending::new(limit));
        Ok(())
    }

    /// A SYN with options that are not usual met a listener that has room: whether it was dealt
    /// with, and if not, what its SYN,ACK gives.
    pub(crate) fn try_fast_open(
        &mut self,
        now: Instant,
        listener: u32,
        incoming: &Incoming,
    ) -> Result<(), Gives> {
        let option = incoming.segment.options.fast_open();
        let offers = self.listeners.slots.get(listener).is_some_and(|l| l.pending.is_some());
        let (Some(option), true) = (option, offers) else { return Err(Gives::Nothing) };
        let flow = Some(Flow::tcp(&incoming.key));
        if option == FastOpen::Request {
            return Err(Gives::Cookie);
        }
        let gives = match self.fast_opens.judge(&incoming.key, option) {
            Worth::Good => Gives::Nothing,
            Worth::Old => Gives::Cookie,
            Worth::Nothing => {
                self.account.push(flow, HostReason::FastOpenRejected);
                return Err(Gives::Cookie);
            }
        };
        if !self.may_be_pending(listener) {
            self.account.push(flow, HostReason::FastOpensFull);
            return Err(Gives::Nothing);
        }
        self.open_fast(now, listener, incoming, gives);
        Ok(())
    }

    /// Makes the connection at once.
    fn open_fast(&mut self, now: Instant, listener: u32, incoming: &Incoming, gives: Gives) {
        let (key, syn) = (incoming.key, &incoming.segment);
        let opening = self.openings.opening(now, &key);
        let config = self.links[usize::from(incoming.link.0)].tcp(&key);
        // What the record notes is told; that it was half open for a moment is not.
        let mut quiet = Notes::new(Recording::Off);
        let half = HalfOpen::new(now, syn, config, opening, &mut quiet);
        let notes = &mut self.account.tcp;
        let connection = half.complete_early(now, syn.clone(), incoming.arrived, config, notes);
        let Some(socket) = self.enqueue(listener, key, connection, syn) else { return };
        if let Some(found) = self.listeners.slots.get_mut(listener)
            && let Some(pending) = &mut found.pending
        {
            pending.sockets.push(socket);
        }
        if let Some(opened) = self.connections.sockets.get_mut(socket) {
            opened.gives = gives;
        }
        self.account.push(Some(Flow::tcp(&key)), HostReason::FastOpenAccepted);
    }

    /// Whether one more connection may be open whose client has confirmed nothing.
    fn may_be_pending(&mut self, listener: u32) -> bool {
        let sockets = &self.connections.sockets;
        let Some(listener) = self.listeners.slots.get_mut(listener) else { return false };
        let Some(pending) = &mut listener.pending else { return false };
        pending.sockets.retain(|id| {
            let socket = sockets.get(*id);
            socket.is_some_and(|socket| socket.connection.state() == State::SynReceived)
        });
        pending.sockets.len() < pending.limit
    }

    /// Whether a SYN shows a listener that offers Fast Open a cookie that is good.
    pub(crate) fn shows_cookie(&self, listener: u32, incoming: &Incoming) -> bool {
        let offers = self.listeners.slots.get(listener).is_some_and(|l| l.pending.is_some());
        let shown = incoming.segment.options.fast_open().filter(|_| offers);
        shown.is_some_and(|it| self.fast_opens.judge(&incoming.key, it) != Worth::Nothing)
    }

    /// A connection that was opened with a cookie of the key before says SYN,ACK: with a new one.
    #[cold]
    pub(crate) fn renew_cookie(&self, id: u32, key: &FlowKey, options: &mut Options) {
        if self.connections.sockets.get(id).is_some_and(|socket| socket.gives == Gives::Cookie) {
            self.give_cookie(key, options);
        }
    }

    /// Adds the cookie to a SYN,ACK.
    pub(crate) fn give_cookie(&self, key: &FlowKey, options: &mut Options) {
        if let Some(cookie) = self.fast_opens.cookie(key) {
            options.set_fast_open(FastOpen::Cookie(cookie));
        }
    }
}

impl core::fmt::Debug for FastOpens {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "FastOpens({} known)", self.known.len())
    }
}
