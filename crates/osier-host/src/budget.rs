//! How much memory may the connections of a host hold, and what happens near the limit?
//!
//! Every octet that a connection keeps, and the connection itself, is counted; the count follows by
//! difference, wherever text comes or goes. Near the limit, in this order: windows shrink and what
//! is kept is copied out of the frames it came in; text out of order is dropped; new connections
//! are refused and writers wait; text in order is dropped too. A peer that is dropped for it sends
//! again. Not counted, since each has a bound of its own: handshakes (`Config::syn_queue`),
//! TIME-WAIT (`Config::time_wait_max`), the queues of UDP sockets (`udp.rs`), packets that wait for
//! a neighbour (`osier-ip/neighbours/waiting.rs`), stray resets, notes.

use crate::connections::{Connections, Owner, Socket};
use crate::ids::ConnectionId;
use crate::ready::Ready;
use osier_tcp::{Connection, Memory};

/// The smallest limit that makes sense: below it there is no room between the thresholds.
pub(crate) const MEMORY_MIN: u64 = 1 << 20;

/// What one call may add beyond the last threshold: a super-segment of 64 KiB, and what it pins.
const MARGIN: u64 = 128 << 10;

/// What a connection takes besides its text: its slot, its share of the flow table at the fill at
/// which it has just grown, its timer.
const CONNECTION: u64 = size_of::<Socket>() as u64 + 128;

/// What a connection holds is counted in steps: a few octets more or less change nothing.
const STEP: u32 = 4 << 10;

/// The account.
#[derive(Clone, Debug)]
pub(crate) struct Budget {
    max: u64,
    used: u64,
    /// Below so many octets there is plenty.
    plenty: u64,
    /// From so many octets on no more is written and nobody new comes. Of sixteen parts, twelve
    /// are free for all, two go to text in order and in small windows only, one to what is on its
    /// way.
    refusing: u64,
    /// How much is left, in words.
    level: Memory,
    /// Whose write found no memory.
    pub(crate) starved: Ready,
}

impl Budget {
    pub(crate) fn new(max: u64) -> Self {
        let max = max.max(MEMORY_MIN);
        Budget {
            max,
            used: 0,
            plenty: max / 16 * 12,
            refusing: max / 16 * 15 - MARGIN,
            level: Memory::Plenty,
            starved: Ready::new(),
        }
    }

    /// What arriving text is told.
    #[inline]
    pub(crate) const fn level(&self) -> Memory {
        self.level
    }

    /// Octets in use, of how many.
    pub(crate) const fn usage(&self) -> (u64, u64) {
        (self.used, self.max)
    }

    /// A connection holds `now` octets, and held `before`.
    #[inline(always)]
    pub(crate) fn change(&mut self, before: &mut u32, now: u32) {
        let now = now.next_multiple_of(STEP);
        if *before != now {
            self.used = self.used + u64::from(now) - u64::from(*before);
            *before = now;
            if self.used >= self.plenty || self.level != Memory::Plenty {
                self.look();
            }
        }
    }

    /// A connection comes.
    pub(crate) fn add_connection(&mut self) {
        self.used += CONNECTION;
        self.look();
    }

    /// A connection goes, with what it held.
    pub(crate) fn remove_connection(&mut self, held: u32) {
        self.used -= CONNECTION + u64::from(held);
        self.look();
    }

    /// Whether a new connection may come.
    pub(crate) const fn admits(&self) -> bool {
        self.used + CONNECTION < self.refusing
    }

    /// How many octets may be written.
    pub(crate) fn room_to_write(&self) -> usize {
        usize::try_from(self.refusing.saturating_sub(self.used)).unwrap_or(usize::MAX)
    }

    fn look(&mut self) {
        self.level = match self.used {
            used if used < self.plenty => Memory::Plenty,
            used if used < self.max / 16 * 14 => Memory::Short,
            used if used < self.max - MARGIN => Memory::Tight,
            _ => Memory::Full,
        };
    }
}

impl Connections {
    /// A call of the user that reads or writes text; then counts, and lets the connection send.
    /// `None` where the connection is not the user's.
    #[inline]
    pub(crate) fn text_call<R>(
        &mut self,
        id: ConnectionId,
        call: impl FnOnce(&mut Connection) -> R,
    ) -> Option<R> {
        let socket = self.sockets.get_mut(id.0).filter(|socket| socket.owner == Owner::User)?;
        let result = call(&mut socket.connection);
        self.budget.change(&mut socket.held, socket.connection.memory());
        if socket.connection.wants_transmit() {
            self.queues.transmit.push_back(id.0);
        }
        self.feed();
        Some(result)
    }

    /// Counts what a connection holds after a door through which text comes or goes.
    #[inline]
    pub(crate) fn count(&mut self, id: u32) {
        let Some(socket) = self.sockets.get_mut(id) else { return };
        self.budget.change(&mut socket.held, socket.connection.memory());
        self.feed();
    }

    /// Tells those whose write found no memory that there is some again.
    #[inline]
    pub(crate) fn feed(&mut self) {
        if self.budget.starved.front().is_some() && self.budget.level < Memory::Tight {
            self.feed_starved();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Budget, CONNECTION, STEP};
    use osier_tcp::Memory;

    const MAX: u64 = 16 << 20;

    #[test]
    fn the_nearer_the_limit_the_less_is_taken() {
        let mut budget = Budget::new(MAX);
        let mut held = 0;
        let mut at = |octets: u32| {
            budget.change(&mut held, octets);
            (budget.level(), budget.admits(), budget.room_to_write() > 0)
        };
        assert_eq!(at(11 << 20), (Memory::Plenty, true, true));
        assert_eq!(at(12 << 20), (Memory::Short, true, true));
        assert_eq!(at(14 << 20), (Memory::Tight, true, true));
        assert_eq!(at(15 << 20), (Memory::Tight, false, false));
        assert_eq!(at(16 << 20), (Memory::Full, false, false));
        assert_eq!(at(0), (Memory::Plenty, true, true));
    }

    #[test]
    fn what_came_and_went_leaves_nothing() {
        let mut budget = Budget::new(MAX);
        let mut held = [0; 3];
        for (n, held) in held.iter_mut().enumerate() {
            budget.add_connection();
            budget.change(held, 10_000 * n as u32);
        }
        // 0, 10,000 and 20,000 octets, each in whole steps.
        assert_eq!(budget.usage(), (3 * CONNECTION + u64::from((3 + 5) * STEP), MAX));
        held.iter().for_each(|held| budget.remove_connection(*held));
        assert_eq!(budget.usage(), (0, MAX));
    }
}
