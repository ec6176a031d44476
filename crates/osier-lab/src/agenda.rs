//! Whose turn is it next, and when?
//!
//! One heap for the whole world, ordered by time and then by the order of asking: no tie is left
//! to chance. Each node and each direction of a link has at most one entry that counts; entries
//! that a nearer one has replaced stay behind and are skipped.

use osier_time::Instant;
use std::cmp::Reverse;
use std::collections::BinaryHeap;

/// Who asks for a turn.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
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
    heap: BinaryHeap<Reverse<(Instant, u64, Turn)>>,
    asked: u64,
}

impl Agenda {
    /// A turn at that time.
    pub(crate) fn ask(&mut self, at: Instant, turn: Turn) {
        self.heap.push(Reverse((at, self.asked, turn)));
        self.asked += 1;
    }

    /// When the next turn is, skipped ones included.
    pub(crate) fn next_at(&self) -> Option<Instant> {
        self.heap.peek().map(|Reverse((at, ..))| *at)
    }

    /// Takes the next turn.
    pub(crate) fn pop(&mut self) -> Option<(Instant, Turn)> {
        self.heap.pop().map(|Reverse((at, _, turn))| (at, turn))
    }
}

#[cfg(test)]
mod tests {
    use super::{Agenda, Turn};
    use osier_time::Instant;

    #[test]
    fn the_nearest_comes_first_and_of_equals_who_asked_first() {
        let mut agenda = Agenda::default();
        agenda.ask(Instant::from_secs(2), Turn::Wire(1));
        agenda.ask(Instant::from_secs(1), Turn::Node(9));
        agenda.ask(Instant::from_secs(1), Turn::Wire(3));
        let order = std::iter::from_fn(|| agenda.pop()).map(|(_, turn)| turn);
        assert_eq!(order.collect::<Vec<_>>(), [Turn::Node(9), Turn::Wire(3), Turn::Wire(1)]);
    }
}
