//! Which sockets have something to do, and whose turn is it?
//!
//! A list of ids in which each stands at most once, so that it cannot grow beyond the sockets that
//! exist, however often they ask. Joining, leaving and taking the first cost the same whatever the
//! length. What a socket has to do is not kept here: that is the socket's own obligation.

use alloc::vec::Vec;

/// A queue of ids; each stands in it at most once.
#[derive(Clone, Debug)]
pub(crate) struct Ready {
    head: u32,
    tail: u32,
    /// By id: who stands before and behind it.
    links: Vec<Links>,
}

#[derive(Clone, Copy, Debug)]
struct Links {
    before: u32,
    behind: u32,
}

/// Nobody stands there.
const NOBODY: u32 = u32::MAX;

/// The id stands in no queue.
const OUT: Links = Links { before: u32::MAX - 1, behind: u32::MAX - 1 };

impl Ready {
    /// Nobody waits.
    pub(crate) const fn new() -> Self {
        Ready { head: NOBODY, tail: NOBODY, links: Vec::new() }
    }

    /// Puts an id at the end, unless it stands in the queue already.
    #[inline(always)]
    pub(crate) fn push_back(&mut self, id: u32) {
        if !self.contains(id) {
            self.append(id);
        }
    }

    #[inline(never)]
    fn append(&mut self, id: u32) {
        let at = id as usize;
        if at >= self.links.len() {
            grow(&mut self.links, at + 1, OUT);
        }
        self.links[at] = Links { before: self.tail, behind: NOBODY };
        match self.tail {
            NOBODY => self.head = id,
            tail => self.links[tail as usize].behind = id,
        }
        self.tail = id;
    }

    /// Takes the first id out.
    #[inline]
    pub(crate) fn pop_front(&mut self) -> Option<u32> {
        let first = self.front()?;
        self.remove(first);
        Some(first)
    }

    /// The first id.
    #[inline]
    pub(crate) const fn front(&self) -> Option<u32> {
        match self.head {
            NOBODY => None,
            head => Some(head),
        }
    }

    /// Takes an id out, wherever it stands.
    #[inline]
    pub(crate) fn remove(&mut self, id: u32) {
        if !self.contains(id) {
            return;
        }
        let Links { before, behind } = core::mem::replace(&mut self.links[id as usize], OUT);
        match before {
            NOBODY => self.head = behind,
            before => self.links[before as usize].behind = behind,
        }
        match behind {
            NOBODY => self.tail = before,
            behind => self.links[behind as usize].before = before,
        }
    }

    /// All ids, the first one first.
    pub(crate) fn iter(&self) -> impl Iterator<Item = u32> + '_ {
        core::iter::successors(self.front(), |id| {
            Some(self.links[*id as usize].behind).filter(|behind| *behind != NOBODY)
        })
    }

    /// Whether an id stands in the queue.
    #[inline]
    pub(crate) fn contains(&self, id: u32) -> bool {
        self.links.get(id as usize).is_some_and(|links| links.before != OUT.before)
    }
}

/// Makes a list longer, by a quarter: its share of an entry is small at any fill, and what is
/// copied is little.
#[cold]
pub(crate) fn grow<T: Copy>(list: &mut Vec<T>, len: usize, with: T) {
    if len > list.capacity() {
        list.reserve_exact((len - list.len()).max(list.len() / 4).max(16));
    }
    list.resize(len, with);
}

impl Ready {
    /// Octets that are allocated.
    pub(crate) const fn octets(&self) -> usize {
        self.links.capacity() * size_of::<Links>()
    }
}

#[cfg(test)]
mod tests {
    use super::Ready;

    #[test]
    fn each_stands_in_the_queue_once_and_comes_out_in_order() {
        let mut ready = Ready::new();
        for id in [5, 2, 5, 9, 2] {
            ready.push_back(id);
        }
        assert_eq!(ready.front(), Some(5));
        let order = core::iter::from_fn(|| ready.pop_front());
        assert!(order.eq([5, 2, 9]));
        assert!(!ready.contains(5));
    }

    #[test]
    fn one_who_leaves_from_the_middle_or_an_end_leaves_the_others_in_order() {
        let mut ready = Ready::new();
        for id in 0..5 {
            ready.push_back(id);
        }
        for id in [2, 0, 4, 4, 77] {
            ready.remove(id);
        }
        ready.push_back(0);
        assert!(core::iter::from_fn(|| ready.pop_front()).eq([1, 3, 0]));
        assert_eq!(ready.front(), None);
        ready.push_back(3);
        assert_eq!(ready.pop_front(), Some(3));
    }
}
