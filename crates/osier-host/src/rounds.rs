//! Whose SYN,ACK is due again next?
//!
//! All handshakes wait equally long in a round, and each round waits twice as long as the one
//! before. So within a round the order of joining is the order in time, and a list for each round
//! does what a wheel would, with a third of the memory: there may be many handshakes.

use crate::ready::grow;
use alloc::vec::Vec;
use osier_time::Instant;

/// Rounds with a list of their own: by the last one the wait has reached its ceiling.
const ROUNDS: usize = 16;

/// Nobody stands there.
const NOBODY: u32 = u32::MAX;

/// Ids by round.
#[derive(Clone, Debug)]
pub(crate) struct Rounds {
    ends: [Ends; ROUNDS],
    /// Which rounds are occupied: a bit for each.
    occupied: u16,
    /// By id: who stands before and behind it.
    links: Vec<Ends>,
}

/// The first and the last of a list; before and behind somebody.
#[derive(Clone, Copy, Debug)]
struct Ends {
    first: u32,
    last: u32,
}

const NONE: Ends = Ends { first: NOBODY, last: NOBODY };

impl Rounds {
    pub(crate) const fn new() -> Self {
        Rounds { ends: [NONE; ROUNDS], occupied: 0, links: Vec::new() }
    }

    /// Puts an id that stands in no round at the end of this one.
    pub(crate) fn join(&mut self, id: u32, round: u8) {
        let (at, round) = (id as usize, usize::from(round).min(ROUNDS - 1));
        if at >= self.links.len() {
            grow(&mut self.links, at + 1, NONE);
        }
        let last = core::mem::replace(&mut self.ends[round].last, id);
        self.links[at] = Ends { first: last, last: NOBODY };
        match last {
            NOBODY => self.ends[round].first = id,
            last => self.links[last as usize].last = id,
        }
        self.occupied |= 1 << round;
    }

    /// Takes an id out of the round that it stands in.
    pub(crate) fn leave(&mut self, id: u32, round: u8) {
        let round = usize::from(round).min(ROUNDS - 1);
        let Some(link) = self.links.get_mut(id as usize) else { return };
        let Ends { first: before, last: behind } = core::mem::replace(link, NONE);
        match before {
            NOBODY => self.ends[round].first = behind,
            before => self.links[before as usize].last = behind,
        }
        match behind {
            NOBODY => self.ends[round].last = before,
            behind => self.links[behind as usize].first = before,
        }
        if self.ends[round].first == NOBODY {
            self.occupied &= !(1 << round);
        }
    }

    /// Who is due first, and when; `due` says when somebody is.
    pub(crate) fn first(&self, due: impl Fn(u32) -> Instant) -> Option<(Instant, u32)> {
        let mut rounds = self.occupied;
        let firsts = core::iter::from_fn(|| {
            let round = rounds.trailing_zeros() as usize;
            rounds &= rounds.wrapping_sub(1);
            self.ends.get(round).map(|ends| ends.first)
        });
        firsts.map(|id| (due(id), id)).min()
    }

    /// Octets that are allocated.
    pub(crate) const fn octets(&self) -> usize {
        self.links.capacity() * size_of::<Ends>()
    }
}

#[cfg(test)]
mod tests {
    use super::Rounds;
    use alloc::vec::Vec;
    use osier_time::Instant;

    #[test]
    fn the_first_of_all_rounds_is_the_one_that_is_due_first() {
        let mut rounds = Rounds::new();
        let due = |id: u32| Instant::from_secs([5, 6, 3, 9, 4][id as usize]);
        assert_eq!(rounds.first(due), None);
        for (id, round) in [(0, 0), (1, 0), (2, 1), (3, 1), (4, 200)] {
            rounds.join(id, round);
        }
        let mut order = Vec::new();
        for (id, round) in [(2, 1), (4, 200), (0, 0), (1, 0), (3, 1)] {
            let (at, first) = rounds.first(due).unwrap();
            assert_eq!((at, first), (due(id), id));
            order.push(first);
            rounds.leave(id, round);
        }
        assert_eq!(order, [2, 4, 0, 1, 3]);
        assert_eq!(rounds.first(due), None);
    }

    #[test]
    fn whoever_leaves_from_the_middle_leaves_the_others_in_order() {
        let mut rounds = Rounds::new();
        for id in 0..5 {
            rounds.join(id, 2);
        }
        for id in [2, 0, 4] {
            rounds.leave(id, 2);
        }
        rounds.join(0, 2);
        let due = |id: u32| Instant::from_secs(if id == 0 { 9 } else { u64::from(id) });
        for expected in [1, 3, 0] {
            let (_, id) = rounds.first(due).unwrap();
            assert_eq!(id, expected);
            rounds.leave(id, 2);
        }
    }
}
