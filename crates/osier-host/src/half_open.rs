//! Who remembers a handshake that the peer has begun? (RFC 9293 §3.10.7.2, the SYN queue)
//!
//! One small entry for each SYN that met a listener, until its ACK comes or patience ends. How
//! many a listener may have is bounded; beyond, `cookies.rs` answers without an entry.

use crate::flow::{FlowKey, Tenant};
use crate::host::Host;
use crate::ready::Ready;
use crate::slots::Slots;
use crate::timers::Wheel;
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
    pub(crate) wheel: Wheel,
}

/// A handshake.
#[derive(Clone, Debug)]
pub(crate) struct Handshake {
    pub(crate) half: HalfOpen,
    pub(crate) listener: u32,
    pub(crate) key: FlowKey,
    /// Where the SYN came in, which decides the settings.
    pub(crate) link: LinkId,
}

impl Handshakes {
    pub(crate) fn new() -> Self {
        Handshakes { entries: Slots::new(), transmit: Ready::new(), wheel: Wheel::new() }
    }
}

impl Host {
    /// Remembers a handshake.
    pub(crate) fn keep_handshake(&mut self, handshake: Handshake) {
        let (key, listener) = (handshake.key, handshake.listener);
        let id = self.handshakes.entries.insert(handshake);
        self.flows.insert(key, Tenant::HalfOpen(id));
        self.listeners.count_handshake(listener);
        self.settle_handshake(id);
    }

    /// Takes what a handshake wants after a door of it was called.
    pub(crate) fn settle_handshake(&mut self, id: u32) {
        let Some(handshake) = self.handshakes.entries.get(id) else { return };
        self.account.close(&handshake.key);
        if handshake.half.wants_transmit() {
            self.handshakes.transmit.push_back(id);
        }
        self.handshakes.wheel.set_no_later(id, handshake.half.next_deadline());
    }

    /// Forgets a handshake that is done or over.
    pub(crate) fn forget_handshake(&mut self, id: u32) {
        self.handshakes.transmit.remove(id);
        self.handshakes.wheel.clear(id);
        if let Some(handshake) = self.handshakes.entries.remove(id) {
            self.flows.remove(&handshake.key, Tenant::HalfOpen(id));
            self.listeners.discount_handshake(handshake.listener);
        }
    }

    /// Time has reached what the wheel holds for a handshake.
    pub(crate) fn handshake_deadline(&mut self, now: Instant, id: u32) {
        let Some(handshake) = self.handshakes.entries.get_mut(id) else { return };
        let key = handshake.key;
        let config = self.links[usize::from(handshake.link.0)].tcp(&key);
        let progress = handshake.half.on_deadline(now, config, &mut self.account.tcp);
        self.account.close(&key);
        match progress {
            Progress::Over => self.forget_handshake(id),
            Progress::Waiting | Progress::Complete | Progress::Stray => self.settle_handshake(id),
        }
    }

    /// The next SYN,ACK, with a cookie or without, or ACK of a handshake.
    pub(crate) fn transmit_handshake(&mut self, now: Instant, frame: &mut Frame) -> Option<LinkId> {
        while let Some(id) = self.handshakes.transmit.pop_front() {
            let Some(handshake) = self.handshakes.entries.get_mut(id) else { continue };
            let key = handshake.key;
            let config = self.links[usize::from(handshake.link.0)].tcp(&key);
            let Some(transmit) = handshake.half.poll_transmit(now, config) else { continue };
            self.settle_handshake(id);
            let link = self.send_quietly(now, &key, transmit, frame);
            if link.is_some() {
                return link;
            }
        }
        self.transmit_cookie(now, frame)
    }
}
