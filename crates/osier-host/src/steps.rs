//! How does a table of a million entries grow without a stall?
//!
//! By a second table of twice the size, into which every insertion and removal moves a few entries
//! of the first, until that is empty. So the work that one packet can cause is bounded, however
//! many entries there are. An entry is four octets: what it stands for is kept elsewhere, once.
//! The same way a table shrinks again after a flood, and rids itself of the marks that removals
//! leave.

use alloc::vec::Vec;
use hashbrown::HashTable;

/// Places of the first table that one change moves: more than one, so that it is empty long
/// before the second is full.
const STEP: usize = 16;

/// A table with fewer places is not worth shrinking.
const SHRINK_ABOVE: usize = 1_024;

/// Numbers by hash. What hash a number has, and whether it is the one that is looked for, is the
/// owner's to say.
#[derive(Clone, Debug)]
pub(crate) struct StepTable {
    table: HashTable<u32>,
    /// Still to be moved, and from which place on.
    rest: HashTable<u32>,
    next: usize,
}

impl StepTable {
    pub(crate) const fn new() -> Self {
        StepTable { table: HashTable::new(), rest: HashTable::new(), next: 0 }
    }

    pub(crate) fn len(&self) -> usize {
        self.table.len() + self.rest.len()
    }

    /// The number with this hash of which `is` says that it is the one.
    #[inline]
    pub(crate) fn find(&self, hash: u64, is: impl Fn(u32) -> bool) -> Option<u32> {
        let found = self.table.find(hash, |value| is(*value));
        if found.is_none() && !self.rest.is_empty() {
            return self.rest.find(hash, |value| is(*value)).copied();
        }
        found.copied()
    }

    /// Puts `value` in the place of `before`, which has the same hash.
    pub(crate) fn replace(&mut self, hash: u64, before: u32, value: u32) {
        for table in [&mut self.table, &mut self.rest] {
            if let Some(found) = table.find_mut(hash, |other| *other == before) {
                *found = value;
                return;
            }
        }
    }

    /// Adds `value`, which is not there.
    pub(crate) fn add(&mut self, hash: u64, value: u32, hash_of: impl Fn(u32) -> Option<u64>) {
        if self.table.len() == self.table.capacity() {
            self.begin(2 * self.table.len());
        }
        self.table.insert_unique(hash, value, |value| hash_of(*value).unwrap_or_default());
        self.step(&hash_of);
    }

    /// Takes out `value`; says whether it was there.
    pub(crate) fn take(
        &mut self,
        hash: u64,
        value: u32,
        hash_of: impl Fn(u32) -> Option<u64>,
    ) -> bool {
        let found = take_from(&mut self.table, hash, value)
            || !self.rest.is_empty() && take_from(&mut self.rest, hash, value);
        let places = self.table.num_buckets();
        if self.rest.is_empty() && places > SHRINK_ABOVE && self.table.len() < places / 4 {
            self.begin(self.table.len());
        }
        self.step(&hash_of);
        found
    }

    /// Starts to move everything into a table for at least so many.
    fn begin(&mut self, room: usize) {
        // Never: a move ends long before the table that it fills is full. But if it were so,
        // nothing would be lost.
        let left: Vec<u32> = self.rest.drain().collect();
        debug_assert!(left.is_empty(), "{} entries were not moved in time", left.len());
        let during_the_move = self.table.num_buckets() / STEP + 1;
        let other = HashTable::with_capacity(room.max(self.table.len() + during_the_move));
        self.rest = core::mem::replace(&mut self.table, other);
        self.next = 0;
    }

    fn step(&mut self, hash_of: &impl Fn(u32) -> Option<u64>) {
        if self.rest.is_empty() {
            if self.next > 0 {
                (self.rest, self.next) = (HashTable::new(), 0);
            }
            return;
        }
        for _ in 0..STEP {
            let place = self.next;
            self.next += 1;
            let Ok(entry) = self.rest.get_bucket_entry(place) else { continue };
            let (value, _) = entry.remove();
            if let Some(hash) = hash_of(value) {
                self.table.insert_unique(hash, value, |v| hash_of(*v).unwrap_or_default());
            }
        }
    }

    /// Octets that are allocated.
    pub(crate) fn octets(&self) -> usize {
        self.table.allocation_size() + self.rest.allocation_size()
    }
}

#[inline]
fn take_from(table: &mut HashTable<u32>, hash: u64, value: u32) -> bool {
    table.find_entry(hash, |other| *other == value).map(|entry| entry.remove()).is_ok()
}

#[cfg(test)]
mod tests {
    use super::{STEP, StepTable};
    use core::cell::Cell;

    /// A hash that scatters.
    fn hash(value: u32) -> u64 {
        u64::from(value)
            .wrapping_mul(0x9e37_79b9_7f4a_7c15)
            .rotate_left(31)
            .wrapping_mul(0x2545_f491)
    }

    fn filled(count: u32) -> StepTable {
        let mut table = StepTable::new();
        for n in 0..count {
            table.add(hash(n), n, |value| Some(hash(value)));
        }
        table
    }

    #[test]
    fn every_entry_is_found_at_every_moment_of_growth() {
        let mut table = StepTable::new();
        for n in 0..3_000_u32 {
            table.add(hash(n), n, |value| Some(hash(value)));
            assert_eq!(table.len(), n as usize + 1);
            for known in (0..=n).step_by(7) {
                assert_eq!(table.find(hash(known), |value| value == known), Some(known));
            }
            assert_eq!(table.find(hash(n + 1), |value| value == n + 1), None);
        }
    }

    #[test]
    fn no_insertion_and_no_removal_moves_more_than_a_few_entries() {
        let mut table = StepTable::new();
        let count = 200_000;
        for n in 0..2 * count {
            let moved = Cell::new(0);
            let hash_of = |value| {
                moved.set(moved.get() + 1);
                Some(hash(value))
            };
            if n < count {
                table.add(hash(n), n, hash_of);
            } else {
                assert!(table.take(hash(n - count), n - count, hash_of));
            }
            assert!(moved.get() <= STEP, "{} entries moved at {n}", moved.get());
        }
        assert_eq!(table.len(), 0);
    }

    #[test]
    fn a_table_that_was_flooded_becomes_small_again() {
        let mut table = filled(100_000);
        let large = table.octets();
        for n in 100..100_000 {
            assert!(table.take(hash(n), n, |value| Some(hash(value))));
        }
        assert!(table.octets() < large / 20, "{} of {large}", table.octets());
        for n in 0..100 {
            assert_eq!(table.find(hash(n), |value| value == n), Some(n));
        }
    }

    #[test]
    fn an_entry_that_comes_and_goes_does_not_make_the_table_grow() {
        let mut table = filled(1_000);
        let before = table.octets();
        for n in 1_000..100_000 {
            table.add(hash(n), n, |value| Some(hash(value)));
            assert!(table.take(hash(n), n, |value| Some(hash(value))));
        }
        assert!(table.octets() <= 2 * before, "{} of {before}", table.octets());
        assert_eq!(table.len(), 1_000);
    }

    #[test]
    fn another_value_takes_the_place_of_the_first() {
        let mut table = filled(10);
        table.replace(hash(3), 3, 77);
        assert_eq!(table.len(), 10);
        assert_eq!(table.find(hash(3), |value| value == 77), Some(77));
        assert!(!table.take(hash(3), 3, |value| Some(hash(value))));
        assert!(table.take(hash(3), 77, |value| Some(hash(value))));
    }

    #[test]
    fn the_share_of_an_entry_is_at_most_eighteen_octets_at_any_fill() {
        let mut table = StepTable::new();
        for n in 0..100_000_u32 {
            table.add(hash(n), n, |value| Some(hash(value)));
            let share = table.octets() as f64 / f64::from(n + 1);
            assert!(n < 1_000 || share <= 18.0, "{share} octets at {n}");
        }
    }
}
