//! How are the records held, so that a connection with one of them in flight allocates nothing?
//!
//! A queue whose first record lies in line and whose others, where there are any, lie in a ring:
//! who asks and waits for the answer has never more than one. The names are those of a `VecDeque`.

use super::Record;
use alloc::collections::VecDeque;
use core::ops::{Index, IndexMut};
use osier_wire::SeqNumber;

/// Records in the order of their numbers.
#[derive(Clone, Debug, Default)]
pub(super) struct Queue {
    first: Option<Record>,
    /// Those behind it; empty where there is no first.
    rest: VecDeque<Record>,
}

impl Queue {
    #[inline]
    pub(super) fn is_empty(&self) -> bool {
        self.first.is_none()
    }

    pub(super) fn len(&self) -> usize {
        usize::from(self.first.is_some()) + self.rest.len()
    }

    #[inline]
    pub(super) fn front(&self) -> Option<&Record> {
        self.first.as_ref()
    }

    #[inline]
    pub(super) fn front_mut(&mut self) -> Option<&mut Record> {
        self.first.as_mut()
    }

    #[inline]
    pub(super) fn back(&self) -> Option<&Record> {
        self.rest.back().or(self.first.as_ref())
    }

    #[inline]
    pub(super) fn push_back(&mut self, record: Record) {
        match self.first {
            None => self.first = Some(record),
            Some(_) => self.rest.push_back(record),
        }
    }

    /// Takes the only record out, if it ends there.
    #[inline]
    pub(super) fn take_only(&mut self, to: SeqNumber) -> Option<Record> {
        if !self.rest.is_empty() || self.first.is_none_or(|record| record.to != to) {
            return None;
        }
        if self.rest.capacity() > 0 {
            self.rest = VecDeque::new();
        }
        self.first.take()
    }

    /// Takes the first record out. With the last one goes the memory.
    #[inline]
    pub(super) fn pop_front(&mut self) -> Option<Record> {
        let next = self.rest.pop_front();
        if next.is_none() && self.rest.capacity() > 0 {
            self.rest = VecDeque::new();
        }
        core::mem::replace(&mut self.first, next)
    }

    /// Whether more is allocated than an empty queue needs.
    #[cfg(test)]
    pub(super) fn holds_memory(&self) -> bool {
        self.rest.capacity() > 0
    }

    pub(super) fn get(&self, index: usize) -> Option<&Record> {
        match index.checked_sub(1) {
            None => self.first.as_ref(),
            Some(behind) => self.rest.get(behind),
        }
    }

    pub(super) fn get_mut(&mut self, index: usize) -> Option<&mut Record> {
        match index.checked_sub(1) {
            None => self.first.as_mut(),
            Some(behind) => self.rest.get_mut(behind),
        }
    }

    /// Puts a record behind one that is there: `index` is at least 1.
    pub(super) fn insert(&mut self, index: usize, record: Record) {
        self.rest.insert(index - 1, record);
    }

    /// All records from `index` on.
    pub(super) fn from(&self, index: usize) -> impl Iterator<Item = &Record> + Clone {
        let behind = index.saturating_sub(1).min(self.rest.len());
        self.first.iter().skip(index).chain(self.rest.range(behind..))
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &Record> + Clone {
        self.from(0)
    }

    /// How many records at the front have a property that all behind them lack.
    pub(super) fn partition_point(&self, has: impl FnMut(&Record) -> bool) -> usize {
        let mut has = has;
        match &self.first {
            Some(first) if has(first) => 1 + self.rest.partition_point(has),
            Some(_) | None => 0,
        }
    }
}

impl Index<usize> for Queue {
    type Output = Record;

    fn index(&self, index: usize) -> &Record {
        self.get(index).expect("an index of ours is below the number of records")
    }
}

impl IndexMut<usize> for Queue {
    fn index_mut(&mut self, index: usize) -> &mut Record {
        self.get_mut(index).expect("an index of ours is below the number of records")
    }
}
