//! Who answers a SYN when the queue of handshakes is full? (RFC 4987 §3.6, SYN cookies)
//!
//! A SYN,ACK that says all there is to be remembered, and nothing is held. `osier-tcp` packs the
//! options; here is the MAC over the pair of sockets, the peer's ISN, the options and the time,
//! by which the ACK is believed. A cookie is good for the period in which it was sent and the next
//! one. Hosts that share a key (and what `now` counts from) finish each other's handshakes.
//!
//! A MAC of 29 bits can be guessed in some hundred million ACKs, so ACKs are looked at only where
//! a cookie was sent lately.

use crate::account::Flow;
use crate::config::{CookieKeys, Keys, SynCookies};
use crate::flow::FlowKey;
use crate::host::Host;
use crate::links::settings;
use crate::reason::HostReason;
use crate::secrets::{Key, Purpose, derive, hash};
use crate::tcp_input::Incoming;
use alloc::collections::VecDeque;
use osier_ip::LinkId;
use osier_tcp::{Cookie, Opening, Transmit};
use osier_time::{Duration, Instant};
use osier_wire::{Frame, SeqNumber};

/// A cookie is good for the rest of its period and for the next: one to two minutes, which is how
/// long SYN,ACKs are repeated elsewhere. Linux: 60 s.
const PERIOD: Duration = Duration::from_secs(64);

/// SYN,ACKs that wait for room on the device at most: some batches of frames. A SYN beyond is
/// dropped; its sender repeats it.
const OWED_MAX: usize = 256;

/// The keys, and what is to be sent.
#[derive(Clone)]
pub(crate) struct Cookies {
    keys: CookieKeys,
    /// Whether other hosts send cookies under these keys.
    senders: Senders,
    owed: VecDeque<(FlowKey, Transmit)>,
}

/// Who sends cookies that come back here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Senders {
    /// This host.
    Us,
    /// Other hosts too: we cannot know whether one was sent lately.
    Others,
}

impl Cookies {
    pub(crate) fn new(keys: &Keys) -> Self {
        let own = CookieKeys { current: derive(keys, Purpose::SynCookies), previous: None };
        let senders = if keys.cookies.is_some() { Senders::Others } else { Senders::Us };
        Cookies { keys: keys.cookies.unwrap_or(own), senders, owed: VecDeque::new() }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.owed.is_empty()
    }

    /// What a connection starts with whose SYN is answered with this cookie.
    fn seal(&self, now: Instant, key: &FlowKey, irs: SeqNumber, cookie: Cookie) -> Opening {
        opening(&self.keys.current, period(now), (key, irs), cookie)
    }

    /// The cookie that a segment brings back, and what its SYN,ACK was made with.
    fn open(&self, now: Instant, incoming: &Incoming) -> Option<(Cookie, Opening)> {
        let (key, segment) = (&incoming.key, &incoming.segment);
        let (irs, iss) = (segment.seq - 1, segment.ack - 1);
        let cookie = Cookie::returned_by(segment);
        let periods = [Some(period(now)), period(now).checked_sub(1)];
        let keys = [Some(self.keys.current), self.keys.previous];
        let tries = keys
            .iter()
            .flatten()
            .flat_map(|key| periods.iter().flatten().map(move |period| (key, *period)));
        let mut openings =
            tries.map(|(secret, period)| opening(secret, period, (key, irs), cookie));
        openings.find(|opening| opening.iss == iss).map(|opening| (cookie, opening))
    }

    /// Whether an ACK to a listener that sent a cookie last at this time may bring one back.
    fn may_return(&self, now: Instant, last_sent: Option<Instant>) -> bool {
        self.senders == Senders::Others || last_sent.is_some_and(|sent| now - sent < PERIOD * 2)
    }
}

fn period(now: Instant) -> u64 {
    now.as_nanos() / PERIOD.as_nanos()
}

/// ISS and timestamp offset under one key in one period. The offset hangs on the key too: whoever
/// believes the cookie goes on with the timestamps of whoever sent it.
fn opening(
    secret: &Key,
    period: u64,
    (key, irs): (&FlowKey, SeqNumber),
    cookie: Cookie,
) -> Opening {
    let mac = hash(
        secret,
        &[key.as_bytes(), &irs.0.to_be_bytes(), &period.to_be_bytes(), &cookie.octets()],
    );
    let ts_offset = hash(secret, &[key.addresses()]) as u32;
    Opening { iss: cookie.iss(mac as u32), ts_offset }
}

impl Host {
    /// Replaces the key of SYN cookies; those sent under the old one are believed until the next
    /// replacement.
    pub fn replace_cookie_key(&mut self, key: [u8; 16]) {
        let previous = Some(self.cookies.keys.current);
        self.cookies.keys = CookieKeys { current: key, previous };
    }

    /// Answers a SYN with a cookie.
    pub(crate) fn send_cookie(&mut self, now: Instant, listener: u32, incoming: &Incoming) {
        let (key, syn) = (&incoming.key, &incoming.segment);
        let flow = Some(Flow::tcp(key));
        if self.cookies.owed.len() >= OWED_MAX {
            let limit = OWED_MAX as u32;
            return self.account.push(flow, HostReason::SynQueueFull { limit });
        }
        let owner = self.listeners.slots.get(listener);
        let config = settings(&self.links, owner, (incoming.link, key));
        let cookie = Cookie::of(syn, &config);
        let opening = self.cookies.seal(now, key, syn.seq, cookie);
        let Some(syn_ack) = cookie.syn_ack(now, syn, &config, opening) else { return };
        self.cookies.owed.push_back((*key, syn_ack));
        if let Some(listener) = self.listeners.slots.get_mut(listener) {
            listener.cookie_sent = Some(now);
        }
        self.account.push(flow, HostReason::CookieSent);
    }

    /// Whether a segment that reached a listener brings a cookie back; if so, it is dealt with.
    pub(crate) fn take_cookie(&mut self, now: Instant, listener: u32, incoming: &Incoming) -> bool {
        let segment = &incoming.segment;
        let ends_handshake = segment.has_ack() && !segment.syn() && !segment.rst();
        let Some(found) = self.listeners.slots.get(listener) else { return false };
        if !ends_handshake
            || self.config.syn_cookies == SynCookies::Off
            || !self.cookies.may_return(now, found.cookie_sent)
        {
            return false;
        }
        let flow = Some(Flow::tcp(&incoming.key));
        let Some((cookie, opening)) = self.cookies.open(now, incoming) else {
            self.account.push(flow, HostReason::CookieRejected);
            return false;
        };
        let config = settings(&self.links, Some(found), (incoming.link, &incoming.key));
        let notes = &mut self.account.tcp;
        let half = cookie.half_open(now, segment, &config, opening, notes);
        if self.admit(now, listener, &half, incoming.clone()).is_some() {
            self.account.push(flow, HostReason::CookieAccepted);
        }
        true
    }

    /// The next SYN,ACK with a cookie.
    pub(crate) fn transmit_cookie(&mut self, now: Instant, frame: &mut Frame) -> Option<LinkId> {
        while let Some((key, mut syn_ack)) = self.cookies.owed.pop_front() {
            let link = self.send_quietly(now, &key, &mut syn_ack, frame);
            if link.is_some() {
                return link;
            }
        }
        None
    }
}

impl core::fmt::Debug for Cookies {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "Cookies({} owed)", self.owed.len())
    }
}
