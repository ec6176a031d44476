//! Where does a host keep its sockets, so that their ids are small and never move?
//!
//! An arena in pieces of equal size: it grows a piece at a time and never moves what it holds, so
//! a host with many sockets does not stall to make room for one more. Ids of what was removed are
//! used again, the last one first.

use alloc::boxed::Box;
use alloc::vec::Vec;

/// Values in one piece: few enough that the first socket is cheap, enough that a piece is rare.
const PIECE: usize = 64;

/// Values by id.
#[derive(Clone, Debug)]
pub(crate) struct Slots<T> {
    pieces: Vec<Box<[Slot<T>; PIECE]>>,
    /// The vacant slot to be used next.
    free: Option<u32>,
    /// Ids from here on were never used.
    fresh: u32,
    len: usize,
}

#[derive(Clone, Debug)]
enum Slot<T> {
    Full(T),
    /// Vacant; the vacant one to be used after this.
    Vacant(Option<u32>),
}

impl<T> Slots<T> {
    /// Nothing.
    pub(crate) const fn new() -> Self {
        Slots { pieces: Vec::new(), free: None, fresh: 0, len: 0 }
    }

    /// How many values there are.
    pub(crate) const fn len(&self) -> usize {
        self.len
    }

    /// Keeps a value and says under which id.
    pub(crate) fn insert(&mut self, value: T) -> u32 {
        self.len += 1;
        let id = self.free.unwrap_or(self.fresh);
        if id as usize / PIECE == self.pieces.len() {
            self.add_piece();
        }
        let slot = &mut self.pieces[id as usize / PIECE][id as usize % PIECE];
        if let Slot::Vacant(after) = *slot {
            self.free = after;
        }
        *slot = Slot::Full(value);
        self.fresh = self.fresh.max(id + 1);
        id
    }

    #[cold]
    fn add_piece(&mut self) {
        self.pieces.push(Box::new(core::array::from_fn(|_| Slot::Vacant(None))));
    }

    /// Takes a value out; its id may be given to another.
    pub(crate) fn remove(&mut self, id: u32) -> Option<T> {
        let free = self.free;
        let slot = self.slot(id).filter(|slot| matches!(slot, Slot::Full(_)))?;
        let Slot::Full(value) = core::mem::replace(slot, Slot::Vacant(free)) else { return None };
        self.free = Some(id);
        self.len -= 1;
        Some(value)
    }

    /// The value with this id.
    #[inline]
    pub(crate) fn get(&self, id: u32) -> Option<&T> {
        match &self.pieces.get(id as usize / PIECE)?[id as usize % PIECE] {
            Slot::Full(value) => Some(value),
            Slot::Vacant(_) => None,
        }
    }

    /// The value with this id, to be changed.
    #[inline]
    pub(crate) fn get_mut(&mut self, id: u32) -> Option<&mut T> {
        match self.slot(id)? {
            Slot::Full(value) => Some(value),
            Slot::Vacant(_) => None,
        }
    }

    /// All values, by rising id.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (u32, &T)> {
        (0..).zip(self.pieces.iter().flat_map(|piece| piece.iter())).filter_map(|(id, slot)| {
            match slot {
                Slot::Full(value) => Some((id, value)),
                Slot::Vacant(_) => None,
            }
        })
    }

    #[inline]
    fn slot(&mut self, id: u32) -> Option<&mut Slot<T>> {
        Some(&mut self.pieces.get_mut(id as usize / PIECE)?[id as usize % PIECE])
    }
}

impl<T> Slots<T> {
    /// Octets that are allocated.
    pub(crate) fn octets(&self) -> usize {
        let values = self.pieces.len() * PIECE;
        values * size_of::<Slot<T>>() + self.pieces.capacity() * size_of::<Box<[Slot<T>; PIECE]>>()
    }

    /// Octets of a value in its place.
    #[cfg(test)]
    pub(crate) const fn place() -> usize {
        size_of::<Slot<T>>()
    }
}

#[cfg(test)]
mod tests {
    use super::{PIECE, Slots};
    use alloc::vec::Vec;

    #[test]
    fn an_id_is_used_again_and_others_stay() {
        let mut slots = Slots::new();
        let ids: Vec<u32> = (0..200).map(|n| slots.insert(n)).collect();
        assert_eq!(ids, (0..200).collect::<Vec<u32>>());
        assert_eq!(slots.remove(70), Some(70));
        assert_eq!(slots.remove(70), None);
        assert_eq!(slots.get(70), None);
        assert_eq!(slots.remove(3), Some(3));
        assert_eq!((slots.insert(1_003), slots.insert(1_070)), (3, 70));
        assert_eq!(slots.insert(1_200), 200);
        assert_eq!((slots.get(3), slots.get(199)), (Some(&1_003), Some(&199)));
        assert_eq!(slots.len(), 201);
        assert_eq!(slots.iter().count(), 201);
    }

    #[test]
    fn what_is_held_does_not_move_when_more_comes() {
        let mut slots = Slots::new();
        let first = slots.insert(7_u64);
        let before: *const u64 = slots.get(first).unwrap();
        for n in 0..10 * PIECE as u64 {
            slots.insert(n);
        }
        assert_eq!(before, core::ptr::from_ref(slots.get(first).unwrap()));
    }

    #[test]
    fn an_id_that_was_never_given_finds_nothing() {
        let mut slots = Slots::new();
        slots.insert(1);
        assert_eq!(slots.get(63), None);
        assert_eq!(slots.get_mut(64), None);
        assert_eq!(slots.remove(u32::MAX), None);
    }
}
