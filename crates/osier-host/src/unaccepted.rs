//! How much may connections hold that nobody has accepted?
//!
//! Connections are bounded by the backlog; what their peers send meanwhile is bounded here, for
//! each listener, in segments and in octets: a program that is slow to accept would else hold a
//! receive buffer for each of thousands of strangers. Beyond the bound text is dropped, not
//! acknowledged; its sender repeats it.

use crate::account::Flow;
use crate::connections::{Owner, Socket};
use crate::host::Host;
use crate::ids::ListenerId;
use crate::reason::HostReason;
use osier_tcp::{Arrived, Segment};
use osier_time::Instant;

/// Segments of text that the unaccepted connections of a listener may hold: two for each
/// connection of the longest backlog.
pub(crate) const SEGMENTS_MAX: u32 = 8_192;

/// Octets of text that they may hold: sixteen receive buffers' worth.
pub(crate) const OCTETS_MAX: u32 = 16 << 20;

/// What one of them holds. Nobody reads before it is accepted, so all that came is held; what
/// came twice counts twice.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Held {
    pub(crate) listener: u32,
    pub(crate) amount: Amount,
}

/// Text.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Amount {
    pub(crate) segments: u32,
    pub(crate) octets: u32,
}

impl Amount {
    pub(crate) fn of(segment: &Segment) -> Amount {
        let octets = segment.text.len() as u32;
        Amount { segments: u32::from(octets > 0), octets }
    }

    pub(crate) const fn plus(self, other: Amount) -> Amount {
        let Amount { segments, octets } = other;
        Amount { segments: self.segments + segments, octets: self.octets + octets }
    }

    const fn minus(self, other: Amount) -> Amount {
        Amount {
            segments: self.segments.saturating_sub(other.segments),
            octets: self.octets.saturating_sub(other.octets),
        }
    }

    const fn is_within_bounds(self) -> bool {
        self.segments <= SEGMENTS_MAX && self.octets <= OCTETS_MAX
    }
}

impl Host {
    /// A connection leaves the accept queue.
    pub(crate) fn end_waiting(&mut self, socket: u32) {
        let Some(&Socket { owner: Owner::Listener(Held { listener, amount }), .. }) =
            self.connections.sockets.get(socket)
        else {
            return;
        };
        if let Some(listener) = self.listeners.slots.get_mut(listener) {
            listener.held = listener.held.minus(amount);
        }
    }

    /// A segment of a connection that nobody has accepted.
    #[cold]
    pub(crate) fn unaccepted_input(
        &mut self,
        now: Instant,
        socket: u32,
        mut segment: Segment,
        arrived: Arrived,
    ) {
        if !self.may_hold(socket, &segment) {
            return;
        }
        if let Some(found) = self.connections.sockets.get_mut(socket) {
            found.connection.on_segment(now, &mut segment, arrived, &mut self.account.tcp);
            self.connections.count(socket);
            self.settle(socket);
        }
    }

    /// Whether it may be taken; if so, it counts.
    fn may_hold(&mut self, socket: u32, segment: &Segment) -> bool {
        let amount = Amount::of(segment);
        if amount == Amount::default() {
            return true;
        }
        let Some(found) = self.connections.sockets.get_mut(socket) else { return true };
        let Owner::Listener(held) = &mut found.owner else { return true };
        let Some(listener) = self.listeners.slots.get_mut(held.listener) else { return true };
        let after = listener.held.plus(amount);
        if after.is_within_bounds() {
            listener.held = after;
            held.amount = held.amount.plus(amount);
            return true;
        }
        let flow = Some(Flow::tcp(&found.key));
        let Amount { segments, octets } = listener.held;
        self.account.push(flow, HostReason::UnacceptedFull { segments, octets });
        false
    }

    /// Segments and octets of text that the unaccepted connections of a listener hold.
    pub fn unaccepted(&self, listener: ListenerId) -> Option<(u32, u32)> {
        let Amount { segments, octets } = self.listeners.slots.get(listener.0)?.held;
        Some((segments, octets))
    }
}
