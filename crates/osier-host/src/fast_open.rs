//! Whose SYN may bring text, and which cookie do we show? (RFC 7413, TCP Fast Open)
//!
//! As a server: a cookie is a MAC over the addresses, so nothing is kept for it, and how many
//! connections may be open whose client has not answered yet is bounded for each listener (§5.1).
//! Off unless a listener asks for it. As a client: the cookies that servers gave (`known.rs`). What
//! is allowed at all: `policy.rs`.

mod known;
mod policy;

pub(crate) use known::FastOpens;
pub use policy::{FastOpenListeners, FastOpenPolicy, FastOpenUse};

use crate::account::Flow;
use crate::config::CookieKeys;
use crate::connections::Socket;
use crate::flow::FlowKey;
use crate::host::Host;
use crate::ids::{Error, ListenerId};
use crate::links::settings;
use crate::reason::HostReason;
use crate::secrets::{Key, hash};
use crate::tcp_input::Incoming;
use crate::unaccepted::Amount;
use alloc::vec::Vec;
use core::net::IpAddr;
use osier_tcp::{HalfOpen, Notes, Recording, State};
use osier_time::Instant;
use osier_wire::tcp::{FastOpen, FastOpenCookie, FastOpenForm, Options};

/// Whether a SYN,ACK gives the client its cookie, in the form in which it was asked for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Gives {
    #[default]
    Nothing,
    Cookie(FastOpenForm),
}

/// What a SYN is worth to a listener.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Worth {
    /// Its text is taken; a cookie of the key before is renewed.
    Text(Gives),
    /// A handshake.
    Handshake(Gives),
    /// A handshake, as its cookie is not ours.
    Bad(FastOpenForm),
}

/// Fast Open of a listener.
#[derive(Clone, Debug)]
pub(crate) struct Pending {
    limit: usize,
    /// Keys of its own.
    keys: Option<CookieKeys>,
    /// Whether it wants cookies where the host does.
    cookies: FastOpenUse,
    /// The connections whose text came with a SYN that nothing has confirmed yet.
    sockets: Vec<u32>,
}

impl Pending {
    pub(crate) const fn new(limit: usize) -> Self {
        Pending { limit, keys: None, cookies: FastOpenUse::WithCookie, sockets: Vec::new() }
    }
}

/// Octets that the options of a SYN may take.
const OPTIONS_MAX: u16 = 40;

/// Settings.
impl Host {
    /// Changes what Fast Open may do. Listeners that are there keep what they have.
    pub fn set_fast_open_policy(&mut self, policy: FastOpenPolicy) {
        self.config.fast_open = policy;
    }

    /// Replaces the keys of our Fast Open cookies (RFC 7413 §4.1.2: change them from time to time;
    /// Linux: `tcp_fastopen_key`). Cookies of the current key are given; one of the previous key is
    /// still believed, and its client is given another. Hosts that share an address share the keys.
    pub fn set_fast_open_keys(&mut self, keys: CookieKeys) {
        self.fast_opens.keys = keys;
        self.config.fast_open.keys = None;
    }

    /// Forgets what servers have shown of Fast Open (Linux: `ip tcp_metrics flush`).
    pub fn forget_fast_open(&mut self) {
        self.fast_opens.forget_all();
    }

    /// How much text [`Host::connect_with_text`] would send with its SYN; `None`: none, as the
    /// server has given us no cookie yet, or the host does not use Fast Open.
    pub fn fast_open_room(&self, server: IpAddr) -> Option<usize> {
        self.fast_open_room_as(server, self.config.fast_open.client)
    }

    /// How much text [`Host::connect_fast`] would send with its SYN.
    pub fn fast_open_room_as(&self, server: IpAddr, how: FastOpenUse) -> Option<usize> {
        let server = server.to_canonical();
        let theirs = self.fast_opens.mss(server, how)?;
        let (link, _) = self.ip.link_towards(server).ok()?;
        let ours = self.links.get(usize::from(link.0))?.mss_towards(server);
        Some(usize::from(theirs.min(ours).saturating_sub(OPTIONS_MAX)))
    }

    /// How many connections of a listener may be open whose text came with a SYN that nothing has
    /// confirmed yet; 0 turns Fast Open off. Those that are open count no more.
    ///
    /// # Errors
    /// [`Error::NoSuchSocket`].
    pub fn set_fast_open(&mut self, listener: ListenerId, limit: usize) -> Result<(), Error> {
        let found = self.listeners.slots.get_mut(listener.0).ok_or(Error::NoSuchSocket)?;
        found.pending = (limit > 0).then(|| {
            let pending = found.pending.take().unwrap_or(Pending::new(limit));
            Pending { limit, ..pending }
        });
        Ok(())
    }

    /// Whether a listener with Fast Open wants cookies, and with which keys it makes them; `None`:
    /// those of the host (Linux: TCP_FASTOPEN_NO_COOKIE, TCP_FASTOPEN_KEY).
    ///
    /// # Errors
    /// [`Error::NoSuchSocket`], [`Error::InvalidInput`] of a listener without Fast Open.
    pub fn set_fast_open_cookies(
        &mut self,
        listener: ListenerId,
        cookies: FastOpenUse,
        keys: Option<CookieKeys>,
    ) -> Result<(), Error> {
        let found = self.listeners.slots.get_mut(listener.0).ok_or(Error::NoSuchSocket)?;
        let pending = found.pending.as_mut().ok_or(Error::InvalidInput)?;
        (pending.cookies, pending.keys) = (cookies, keys);
        Ok(())
    }

    /// How many pending connections a new listener may have that asks for `wished`.
    pub(crate) fn fast_open_limit(&self, wished: usize, backlog: usize) -> usize {
        match self.config.fast_open.listeners {
            FastOpenListeners::All if wished == 0 => backlog,
            FastOpenListeners::All | FastOpenListeners::Asking => wished,
        }
    }
}

/// A SYN of a client.
impl Host {
    /// A SYN with options that are not usual or with text met a listener that has room: whether it
    /// was dealt with, and if not, what its SYN,ACK gives.
    pub(crate) fn try_fast_open(
        &mut self,
        now: Instant,
        listener: u32,
        incoming: &Incoming,
    ) -> Result<(), Gives> {
        let flow = Some(Flow::tcp(&incoming.key));
        let gives = match self.weigh(listener, incoming) {
            Worth::Text(gives) => gives,
            Worth::Handshake(gives) => return Err(gives),
            Worth::Bad(form) => {
                self.account.push(flow, HostReason::FastOpenRejected);
                return Err(Gives::Cookie(form));
            }
        };
        if !self.may_be_pending(listener) {
            self.account.push(flow, HostReason::FastOpensFull);
            return Err(Gives::Nothing);
        }
        self.open_fast(now, listener, incoming, gives);
        Ok(())
    }

    /// What a SYN is worth to a listener.
    fn weigh(&self, listener: u32, incoming: &Incoming) -> Worth {
        let pending = self.listeners.slots.get(listener).and_then(|l| l.pending.as_ref());
        let Some(pending) = pending else { return Worth::Handshake(Gives::Nothing) };
        let wants_none = match self.config.fast_open.server {
            FastOpenUse::Off => return Worth::Handshake(Gives::Nothing),
            FastOpenUse::WithCookie => pending.cookies == FastOpenUse::WithoutCookie,
            FastOpenUse::WithoutCookie => true,
        };
        match incoming.segment.options.fast_open() {
            None if wants_none && !incoming.segment.text.is_empty() => Worth::Text(Gives::Nothing),
            None => Worth::Handshake(Gives::Nothing),
            Some(_) if wants_none => Worth::Text(Gives::Nothing),
            Some((FastOpen::Request, form)) => Worth::Handshake(Gives::Cookie(form)),
            Some((FastOpen::Cookie(shown), form)) => {
                let keys = self.fast_open_keys(Some(listener));
                let is_made_with = |key: &Key| cookie(key, &incoming.key) == Some(shown);
                match keys.previous {
                    _ if is_made_with(&keys.current) => Worth::Text(Gives::Nothing),
                    // A listener's own keys are not known any more where its cookie is renewed.
                    Some(old) if is_made_with(&old) && pending.keys.is_some() => {
                        Worth::Text(Gives::Nothing)
                    }
                    Some(old) if is_made_with(&old) => Worth::Text(Gives::Cookie(form)),
                    Some(_) | None => Worth::Bad(form),
                }
            }
        }
    }

    /// Whether the text of a SYN would be taken.
    pub(crate) fn takes_text(&self, listener: u32, incoming: &Incoming) -> bool {
        matches!(self.weigh(listener, incoming), Worth::Text(_))
    }

    /// The keys of a listener's cookies; without one, the host's.
    fn fast_open_keys(&self, listener: Option<u32>) -> CookieKeys {
        let listener = listener.and_then(|id| self.listeners.slots.get(id));
        let own = listener.and_then(|l| l.pending.as_ref()).and_then(|pending| pending.keys);
        own.or(self.config.fast_open.keys).unwrap_or(self.fast_opens.keys)
    }

    /// Makes the connection at once.
    fn open_fast(&mut self, now: Instant, listener: u32, incoming: &Incoming, gives: Gives) {
        let (key, syn) = (incoming.key, &incoming.segment);
        let opening = self.openings.opening(now, &key);
        let owner = self.listeners.slots.get(listener);
        let config = settings(&self.links, owner, (incoming.link, &key));
        // What the record notes is told; that it was half open for a moment is not.
        let mut quiet = Notes::new(Recording::Off);
        let half = HalfOpen::new(now, syn, &config, opening, &mut quiet);
        let notes = &mut self.account.tcp;
        let connection = half.complete_early(now, syn.clone(), incoming.arrived, &config, notes);
        let Some(socket) = self.enqueue(listener, key, connection, Amount::of(syn)) else { return };
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

    /// Adds the cookie to a SYN,ACK of a listener, or of the host.
    pub(crate) fn give_cookie(
        &self,
        (listener, key): (Option<u32>, &FlowKey),
        options: &mut Options,
        form: FastOpenForm,
    ) {
        if let Some(cookie) = cookie(&self.fast_open_keys(listener).current, key) {
            options.set_fast_open(FastOpen::Cookie(cookie), form);
        }
    }
}

/// A connection that was opened with a cookie of the key before says SYN,ACK: with a new one.
#[cold]
pub(crate) fn renew_cookie(keys: &CookieKeys, socket: &Socket, options: &mut Options) {
    if let Gives::Cookie(form) = socket.gives
        && let Some(cookie) = cookie(&keys.current, &socket.key)
    {
        options.set_fast_open(FastOpen::Cookie(cookie), form);
    }
}

/// The cookie of the client of a flow, for the address that it knows us by: as Linux makes it, so
/// that hosts that share a key understand each other's.
fn cookie(key: &Key, flow: &FlowKey) -> Option<FastOpenCookie> {
    let mac = match (flow.remote().ip(), flow.local().ip()) {
        (IpAddr::V4(client), IpAddr::V4(server)) => {
            hash(key, &[&client.octets(), &server.octets()])
        }
        (IpAddr::V6(client), IpAddr::V6(server)) => {
            hash(key, &[&client.octets(), &server.octets()])
        }
        (IpAddr::V4(_), IpAddr::V6(_)) | (IpAddr::V6(_), IpAddr::V4(_)) => return None,
    };
    FastOpenCookie::new(&mac.to_le_bytes())
}

#[cfg(test)]
mod tests {
    use super::cookie;
    use crate::flow::FlowKey;
    use crate::secrets::Key;
    use alloc::vec::Vec;

    /// `a1a1a1a1-b2b2b2b2-c3c3c3c3-d4d4d4d4` as Linux writes it.
    const KEY: Key = [
        0xa1, 0xa1, 0xa1, 0xa1, 0xb2, 0xb2, 0xb2, 0xb2, 0xc3, 0xc3, 0xc3, 0xc3, 0xd4, 0xd4, 0xd4,
        0xd4,
    ];

    fn of(local: &str, remote: &str) -> Vec<u8> {
        let flow = FlowKey::new(local.parse().unwrap(), remote.parse().unwrap()).unwrap();
        cookie(&KEY, &flow).unwrap().as_slice().to_vec()
    }

    #[test]
    fn a_linux_host_with_the_same_key_gives_the_same_cookie() {
        let v4 = [0x30, 0x21, 0xb9, 0xd8, 0x89, 0x01, 0x7e, 0xeb];
        assert_eq!(of("192.168.0.1:8080", "192.0.2.1:40001"), v4);
        let v6 = [0xc1, 0xd1, 0xe9, 0x74, 0x2a, 0x47, 0xa9, 0xbc];
        assert_eq!(of("[fd3d:0a0b:17d6::1]:80", "[fd3d:fa7b:d17d::1]:40001"), v6);
    }
}
