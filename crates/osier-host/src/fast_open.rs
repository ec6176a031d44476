//! Whose SYN may bring text, and which cookie do we show? (RFC 7413, TCP Fast Open)
//!
//! As a server: a cookie is a MAC over the client's address, so nothing is kept for it, and how
//! many connections may be open whose client has not answered yet is bounded for each listener
//! (§5.1). Off unless a listener asks for it, as on Linux. As a client: the cookies that servers
//! gave, a bounded number; one whose SYN had to be repeated is forgotten, since something on the
//! way may mind it (§7.1).

use crate::account::Flow;
use crate::config::Keys;
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
    key: Key,
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
            key: derive(keys, Purpose::FastOpen),
            by_server: HashMap::with_hasher(keyed),
            known: Slots::new(),
            order: Ready::new(),
        }
    }

    /// The cookie of the client of this flow, for the address that it knows us by.
    fn cookie(&self, key: &FlowKey) -> Option<FastOpenCookie> {
        let mac = hash(&self.key, &[key.addresses()]);
        FastOpenCookie::new(&mac.to_be_bytes())
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
        let good = self.fast_opens.cookie(&incoming.key).map(FastOpen::Cookie);
        if option == FastOpen::Request {
            return Err(Gives::Cookie);
        }
        if Some(option) != good {
            self.account.push(flow, HostReason::FastOpenRejected);
            return Err(Gives::Cookie);
        }
        if !self.may_be_pending(listener) {
            self.account.push(flow, HostReason::FastOpensFull);
            return Err(Gives::Nothing);
        }
        self.open_fast(now, listener, incoming);
        Ok(())
    }

    /// Makes the connection at once.
    fn open_fast(&mut self, now: Instant, listener: u32, incoming: &Incoming) {
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
