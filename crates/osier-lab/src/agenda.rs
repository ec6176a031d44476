//! Whose turn is it next, and when?
//!
//! One heap for the whole world, ordered by time and then by the order of asking: no tie is left
//! to chance. Each node and each direction of a link has at most one entry that counts; entries
//! that a nearer one has replaced stay behind and are skipped. Who comes next may lie in front of
//! the heap: of a burst of frames each is asked for when the one before it has come, and does not
//! go through the heap.

use osier_time::Instant;
use std::cmp::{Ordering, Reverse};
use std::collections::BinaryHeap;

/// Who asks for a turn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Turn {
    /// A frame arrives on this direction of a link.
    Wire(u32),
    /// This node has something to do.
    Node(u32),
    /// A change of the world that somebody asked for.
    Change(u32),
}

/// Who comes next.
#[derive(Clone, Debug, Default)]
pub(crate) struct Agenda {
    /// Before all others, where it is there.
    first: Option<Entry>,
    heap: BinaryHeap<Reverse<Entry>>,
    asked: u64,
}

/// A turn that was asked for.
#[derive(Clone, Copy, Debug)]
struct Entry {
    at: Instant,
    /// How many asked before.
    asked: u64,
    turn: Turn,
}

impl Entry {
    /// Time and order in one number: one comparison.
    #[inline]
    fn key(&self) -> u128 {
        u128::from(self.at.as_nanos()) << 64 | u128::from(self.asked)
    }
}

impl Agenda {
    /// A turn at that time.
    pub(crate) fn ask(&mut self, at: Instant, turn: Turn) {
        let entry = Entry { at, asked: self.asked, turn };
        self.asked += 1;
        match &mut self.first {
            Some(first) if entry < *first => {
                let behind = std::mem::replace(first, entry);
                self.heap.push(Reverse(behind));
            }
            None if self.heap.peek().is_none_or(|Reverse(next)| entry < *next) => {
                self.first = Some(entry);
            }
            Some(_) | None => self.heap.push(Reverse(entry)),
        }
    }

    /// When the next turn is, skipped ones included.
    pub(crate) fn next_at(&self) -> Option<Instant> {
        self.first.as_ref().or_else(|| self.heap.peek().map(|Reverse(next)| next)).map(|e| e.at)
    }

    /// Takes the next turn, unless it is later than `until`.
    pub(crate) fn pop(&mut self, until: Instant) -> Option<(Instant, Turn)> {
        if self.next_at()? > until {
            return None;
        }
        let next = self.first.take().or_else(|| self.heap.pop().map(|Reverse(next)| next))?;
        Some((next.at, next.turn))
    }
}

impl Ord for Entry {
    fn cmp(&self, other: &Entry) -> Ordering {
        self.key().cmp(&other.key())
    }
}

impl PartialOrd for Entry {
    fn partial_cmp(&self, other: &Entry) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Entry {
    fn eq(&self, other: &Entry) -> bool {
        self.key() == other.key()
    }
}

impl Eq for Entry {}

#[cfg(test)]
mod tests {
    use super::{Agenda, Turn};
    use osier_time::Instant;

    fn drain(agenda: &mut Agenda) -> Vec<Turn> {
        std::iter::from_fn(|| agenda.pop(Instant::MAX)).map(|(_, turn)| turn).collect()
    }

    #[test]
    fn the_nearest_comes_first_and_of_equals_who_asked_first() {
        let mut agenda = Agenda::default();
        agenda.ask(Instant::from_secs(2), Turn::Wire(1));
        agenda.ask(Instant::from_secs(1), Turn::Node(9));
        agenda.ask(Instant::from_secs(1), Turn::Wire(3));
        assert_eq!(drain(&mut agenda), [Turn::Node(9), Turn::Wire(3), Turn::Wire(1)]);
    }

    #[test]
    fn whoever_asks_while_others_are_served_comes_behind_those_of_the_same_time() {
        let mut agenda = Agenda::default();
        let at = Instant::from_secs(1);
        for wire in 0..3 {
            agenda.ask(at, Turn::Wire(wire));
        }
        assert_eq!(agenda.pop(at), Some((at, Turn::Wire(0))));
        agenda.ask(at, Turn::Wire(7));
        agenda.ask(Instant::ZERO, Turn::Node(8));
        let order = [Turn::Node(8), Turn::Wire(1), Turn::Wire(2), Turn::Wire(7)];
        assert_eq!(drain(&mut agenda), order);
    }

    #[test]
    fn nobody_comes_before_his_time() {
        let mut agenda = Agenda::default();
        agenda.ask(Instant::from_secs(2), Turn::Change(1));
        assert_eq!(agenda.pop(Instant::from_secs(1)), None);
        assert_eq!(agenda.next_at(), Some(Instant::from_secs(2)));
        assert!(agenda.pop(Instant::from_secs(2)).is_some());
        assert_eq!(agenda.next_at(), None);
    }
}
