//! Who remembers a handshake that the peer has begun? (RFC 9293 §3.10.7.2, the SYN queue)
//!
//! One small entry for each SYN that met a listener, until its ACK comes or patience ends. How
//! many a listener may have is bounded; beyond, `cookies.rs` answers without an entry.

use crate::fast_open::Gives;
use crate::flow::{FlowKey, Tenant};
use crate::host::Host;
use crate::links::settings;
use crate::ready::Ready;
use crate::rounds::Rounds;
use crate::slots::Slots;
use osier_ip::LinkId;
use osier_tcp::{HalfOpen, Progress};
use osier_time::Instant;
use osier_wire::Frame;

/// The handshakes.
#[derive(Clone, Debug)]
pub(crate) struct Handshakes {
    pub(crate) entries: Slots<Handshake>,
    /// Who has a SYN,ACK to send.
    pub(crate) transmit: Ready,
    /// Whose SYN,ACK is due again.
    rounds: Rounds,
}

/// A handshake.
#[derive(Clone, Debug)]
pub(crate) struct Handshake {
    pub(crate) half: HalfOpen,
    pub(crate) listener: u32,
    pub(crate) key: FlowKey,
    /// Where the SYN came in, which decides the settings.
    pub(crate) link: LinkId,
    /// How often its SYN,ACK was due again.
    round: u8,
    /// What its SYN,ACK gives.
    gives: Gives,
}

impl Handshake {
    pub(crate) const fn new(half: HalfOpen, listener: u32, key: FlowKey, link: LinkId) -> Self {
        Handshake { half, listener, key, link, round: 0, gives: Gives::Nothing }
    }
}

impl Handshakes {
    pub(crate) const fn new() -> Self {
        Handshakes { entries: Slots::new(), transmit: Ready::new(), rounds: Rounds::new() }
    }

    #[inline]
    pub(crate) const fn is_empty(&self) -> bool {
        self.entries.len() == 0
    }

    /// When [`Host::end_round`] is due.
    pub(crate) fn next_deadline(&self) -> Option<Instant> {
        self.first().map(|(at, _)| at)
    }

    fn first(&self) -> Option<(Instant, u32)> {
        let due = |id| self.entries.get(id).map_or(Instant::ZERO, |h| h.half.next_deadline());
        self.rounds.first(due)
    }
}

impl Host {
    /// Remembers a handshake.
    pub(crate) fn keep_handshake(&mut self, handshake: Handshake) {
        let (key, listener) = (handshake.key, handshake.listener);
        let id = self.handshakes.entries.insert(handshake);
        self.lead_flow(&key, Tenant::HalfOpen(id));
        self.handshakes.rounds.join(id, 0);
        self.listeners.count_handshake(listener);
        self.settle_handshake(id);
    }

    /// Says what the SYN,ACK of a handshake gives.
    pub(crate) fn gives(&mut self, key: &FlowKey, gives: Gives) {
        if let Some(Tenant::HalfOpen(id)) = self.flow(key)
            && let Some(handshake) = self.handshakes.entries.get_mut(id)
        {
            handshake.gives = gives;
        }
    }

    /// Takes what a handshake wants after a door of it was called.
    pub(crate) fn settle_handshake(&mut self, id: u32) {
        let Some(handshake) = self.handshakes.entries.get(id) else { return };
        self.account.close(&handshake.key);
        if handshake.half.wants_transmit() {
            self.handshakes.transmit.push_back(id);
        }
    }

    /// A handshake has come to nothing.
    pub(crate) fn fail_handshake(&mut self, id: u32) {
        if let Some(handshake) = self.handshakes.entries.get(id) {
            self.listeners.tell_failed(handshake.listener);
        }
        self.forget_handshake(id);
    }

    /// Forgets a handshake that is done or over.
    pub(crate) fn forget_handshake(&mut self, id: u32) {
        self.handshakes.transmit.remove(id);
        if let Some(handshake) = self.handshakes.entries.remove(id) {
            self.handshakes.rounds.leave(id, handshake.round);
            self.forget_flow(&handshake.key, Tenant::HalfOpen(id));
            self.listeners.discount_handshake(handshake.listener);
        }
    }

    /// Serves the handshake that is due first, if one is; says whether there was one.
    pub(crate) fn end_round(&mut self, now: Instant) -> bool {
        let Some((_, id)) = self.handshakes.first().filter(|(at, _)| *at <= now) else {
            return false;
        };
        self.handshake_deadline(now, id);
        true
    }

    fn handshake_deadline(&mut self, now: Instant, id: u32) {
        let Some(handshake) = self.handshakes.entries.get_mut(id) else { return };
        self.handshakes.rounds.leave(id, handshake.round);
        handshake.round = handshake.round.saturating_add(1);
        self.handshakes.rounds.join(id, handshake.round);
        let key = handshake.key;
        let owner = self.listeners.slots.get(handshake.listener);
        let config = settings(&self.links, owner, (handshake.link, &key));
        let progress = handshake.half.on_deadline(now, &config, &mut self.account.tcp);
        self.account.close(&key);
        match progress {
            Progress::Over => self.fail_handshake(id),
            Progress::Waiting | Progress::Complete | Progress::Stray => self.settle_handshake(id),
        }
    }

    /// The next SYN,ACK, with a cookie or without, or ACK of a handshake.
    pub(crate) fn transmit_handshake(&mut self, now: Instant, frame: &mut Frame) -> Option<LinkId> {
        while let Some(id) = self.handshakes.transmit.pop_front() {
            let Some(handshake) = self.handshakes.entries.get_mut(id) else { continue };
            let key = handshake.key;
            let owner = self.listeners.slots.get(handshake.listener);
            let config = settings(&self.links, owner, (handshake.link, &key));
            let Some(mut transmit) = handshake.half.poll_transmit(now, &config) else { continue };
            if let (Gives::Cookie(form), true) = (handshake.gives, transmit.segment.syn()) {
                let listener = Some(handshake.listener);
                self.give_cookie((listener, &key), &mut transmit.segment.options, form);
            }
            self.settle_handshake(id);
            let link = self.send_quietly(now, &key, &mut transmit, frame);
            if link.is_some() {
                return link;
            }
        }
        self.transmit_cookie(now, frame)
    }
}

impl Handshakes {
    /// Octets that are allocated.
    pub(crate) fn octets(&self) -> usize {
        self.entries.octets() + self.transmit.octets() + self.rounds.octets()
    }
}
