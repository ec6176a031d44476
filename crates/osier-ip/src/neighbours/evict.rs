//! Who is forgotten when the neighbour cache is full?
//!
//! Those who asked for us and of whom we never made use go first, then those who never answered,
//! then the one that was not used for the longest time. A neighbour in use and the gateway of a
//! route are never forgotten to make room: a flood of senders that do not exist costs only itself.

use super::{Acquaintance, Entry, Key, Neighbours, State};
use crate::reason::{Notes, Reason};
use osier_time::{Duration, Instant};

/// Entries in the cache, over all links (Linux: gc_thresh3 is 1024).
pub(super) const ENTRIES_MAX: usize = 1024;

/// Of these, entries that were learned and never used.
pub(super) const STRANGERS_MAX: usize = 256;

/// Of these, entries that nobody has answered for.
pub(super) const ASKING_MAX: usize = 256;

/// An entry that was used within this time is in use.
const IN_USE: Duration = Duration::from_secs(60);

impl Neighbours {
    /// Makes room for one more entry, or says that there is none.
    pub(super) fn make_room(&mut self, now: Instant, notes: &mut Notes) -> bool {
        while self.entries.len() >= ENTRIES_MAX {
            let stranger = self.oldest_stranger();
            let victim = stranger.or_else(|| self.oldest_asked()).or_else(|| self.idlest(now));
            let Some(victim) = victim else { return false };
            self.evict(victim, notes);
        }
        true
    }

    /// Remembers that we began to ask for this one, and gives up on the oldest of too many.
    pub(super) fn now_asking(&mut self, key: Key, notes: &mut Notes) {
        self.asking.push_back(key);
        while self.asking.len() > ASKING_MAX {
            let Some(oldest) = self.asking.pop_front() else { return };
            if self.entries.get(&oldest).is_some_and(Entry::is_incomplete) {
                self.evict(oldest, notes);
            }
        }
    }

    /// Remembers that we learned this one, and forgets the oldest of too many.
    pub(super) fn now_stranger(&mut self, key: Key, notes: &mut Notes) {
        self.strangers.push_back(key);
        while self.strangers.len() > STRANGERS_MAX {
            let Some(oldest) = self.strangers.pop_front() else { return };
            if self.entries.get(&oldest).is_some_and(Entry::is_stranger) {
                self.evict(oldest, notes);
            }
        }
    }

    fn evict(&mut self, key: Key, notes: &mut Notes) {
        self.forget(key, notes);
        notes.push(Reason::NeighbourEvicted);
    }

    fn oldest_stranger(&mut self) -> Option<Key> {
        while let Some(key) = self.strangers.pop_front() {
            if self.entries.get(&key).is_some_and(Entry::is_stranger) {
                return Some(key);
            }
        }
        None
    }

    fn oldest_asked(&mut self) -> Option<Key> {
        while let Some(key) = self.asking.pop_front() {
            if self.entries.get(&key).is_some_and(Entry::is_incomplete) {
                return Some(key);
            }
        }
        None
    }

    /// Walks the whole cache: only where so many neighbours really answered us. Equal ages are
    /// told apart by the key, so that the order of the table does not show.
    fn idlest(&self, now: Instant) -> Option<Key> {
        let idle = |(key, entry): &(&Key, &Entry)| {
            let settled = matches!(entry.state, State::Reachable { .. } | State::Stale);
            settled && now.since(entry.last_use()) >= IN_USE && !self.gateways.contains(key)
        };
        let entries = self.entries.iter().filter(idle);
        entries.min_by_key(|(key, entry)| (entry.last_use(), **key)).map(|(key, _)| *key)
    }
}

impl Entry {
    fn is_stranger(&self) -> bool {
        self.acquaintance == Acquaintance::Stranger
    }

    fn is_incomplete(&self) -> bool {
        matches!(self.state, State::Incomplete { .. })
    }

    /// While reachable an entry is used without being touched.
    fn last_use(&self) -> Instant {
        match self.state {
            State::Reachable { until } => until.max(self.used),
            State::Incomplete { .. } | State::Stale | State::Delay | State::Probe { .. } => {
                self.used
            }
        }
    }
}
