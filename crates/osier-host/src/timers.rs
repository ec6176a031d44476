//! Whose deadline is next?
//!
//! A hierarchical timing wheel with one entry for each socket: setting, moving and clearing cost
//! the same for one socket as for a million, and an idle socket costs nothing. Deadlines are kept
//! exactly; an entry is never reported early. [`Wheel::next_deadline`] may be early where the
//! earliest entry is far away: then [`Wheel::pop_due`] finds nothing and knows better afterwards.
//! The entries of one slot are spread in one go.

use alloc::vec;
use alloc::vec::Vec;
use osier_time::Instant;

/// A tick is 2^16 ns, about 66 µs: with it, few entries share a slot of the finest level.
const TICK_BITS: u32 = 16;

/// Slots of a level: as many as a `u64` has bits to say which are occupied.
const SLOT_BITS: u32 = 6;
const SLOTS: usize = 1 << SLOT_BITS;

/// Levels that cover all of a `u64` of nanoseconds: (64 - 16) / 6.
const LEVELS: usize = 8;

/// No entry.
const NOBODY: u32 = u32::MAX;

/// The place of an entry that is not set.
const IDLE: u16 = u16::MAX;

/// Deadlines by id, at most one each.
#[derive(Clone, Debug)]
pub(crate) struct Wheel {
    entries: Vec<Entry>,
    /// The first entry of each slot, level by level.
    heads: Vec<u32>,
    /// For each level, which of its slots are occupied.
    occupied: [u64; LEVELS],
    /// Which levels have an occupied slot.
    levels: u8,
    /// No entry's tick is before this one; an overdue entry counts as due now.
    tick: u64,
}

#[derive(Clone, Copy, Debug)]
struct Entry {
    due: Instant,
    before: u32,
    behind: u32,
    /// Level and slot, or [`IDLE`].
    place: u16,
}

impl Wheel {
    /// No deadline.
    pub(crate) fn new() -> Self {
        let heads = vec![NOBODY; LEVELS * SLOTS];
        Wheel { entries: Vec::new(), heads, occupied: [0; LEVELS], levels: 0, tick: 0 }
    }

    /// Sets the deadline of `id`, or moves it to an earlier time. A later one is ignored: the
    /// owner is asked once too early and sets it then, which is much rarer than a deadline that
    /// moves away with each segment.
    #[inline(always)]
    pub(crate) fn set_no_later(&mut self, id: u32, due: Instant) {
        if !self.entries.get(id as usize).is_some_and(|e| e.place != IDLE && e.due <= due) {
            self.set_earlier(id, due);
        }
    }

    #[inline(never)]
    fn set_earlier(&mut self, id: u32, due: Instant) {
        let at = id as usize;
        if at >= self.entries.len() {
            let idle = Entry { due: Instant::MAX, before: NOBODY, behind: NOBODY, place: IDLE };
            self.entries.resize(at + 1, idle);
        }
        self.clear(id);
        self.entries[at].due = due;
        self.link(id);
    }

    /// Clears the deadline of `id`.
    #[inline(always)]
    pub(crate) fn clear(&mut self, id: u32) {
        if self.entries.get(id as usize).is_some_and(|entry| entry.place != IDLE) {
            self.unlink(id);
        }
    }

    #[inline(never)]
    fn unlink(&mut self, id: u32) {
        let Some(entry) = self.entries.get_mut(id as usize) else { return };
        let Entry { before, behind, place, .. } = *entry;
        entry.place = IDLE;
        if behind != NOBODY {
            self.entries[behind as usize].before = before;
        }
        if before != NOBODY {
            self.entries[before as usize].behind = behind;
            return;
        }
        self.heads[usize::from(place)] = behind;
        if behind == NOBODY {
            self.vacate(usize::from(place));
        }
    }

    /// Takes out an entry whose deadline has come, if there is one.
    pub(crate) fn pop_due(&mut self, now: Instant) -> Option<u32> {
        let now_tick = tick_of(now);
        while let Some((level, slot)) = self.first() {
            let start = self.start(level, slot);
            if start > now_tick {
                break;
            }
            self.tick = start;
            if level > 0 {
                self.spread(level * SLOTS + slot);
                continue;
            }
            let (id, _) = self.chain(slot).find(|(_, entry)| entry.due <= now)?;
            self.clear(id);
            return Some(id);
        }
        self.tick = self.tick.max(now_tick);
        None
    }

    /// When to call [`Wheel::pop_due`]; never later than the earliest deadline.
    pub(crate) fn next_deadline(&self) -> Option<Instant> {
        let (level, slot) = self.first()?;
        match level {
            0 => self.chain(slot).map(|(_, entry)| entry.due).min(),
            _ => Some(Instant::from_nanos(self.start(level, slot) << TICK_BITS)),
        }
    }

    /// Puts the entries of a slot where they belong now that their time is nearer.
    fn spread(&mut self, place: usize) {
        let mut id = core::mem::replace(&mut self.heads[place], NOBODY);
        self.vacate(place);
        while id != NOBODY {
            let behind = self.entries[id as usize].behind;
            self.link(id);
            id = behind;
        }
    }

    /// Nobody stands in a slot any more.
    fn vacate(&mut self, place: usize) {
        let (level, slot) = (place / SLOTS, place % SLOTS);
        self.occupied[level] &= !(1 << slot);
        if self.occupied[level] == 0 {
            self.levels &= !(1 << level);
        }
    }

    fn link(&mut self, id: u32) {
        let tick = tick_of(self.entries[id as usize].due).max(self.tick);
        // The highest group of bits in which the two ticks differ names the level.
        let level = match tick ^ self.tick {
            0 => 0,
            differ => (63 - differ.leading_zeros()) / SLOT_BITS,
        };
        let slot = (tick >> (SLOT_BITS * level)) as usize % SLOTS;
        let place = level as usize * SLOTS + slot;
        let first = core::mem::replace(&mut self.heads[place], id);
        if first != NOBODY {
            self.entries[first as usize].before = id;
        }
        let entry = &mut self.entries[id as usize];
        (entry.before, entry.behind, entry.place) = (NOBODY, first, place as u16);
        self.occupied[level as usize] |= 1 << slot;
        self.levels |= 1 << level;
    }

    /// The slot whose time comes first. All slots of a level lie after all of a finer one.
    #[inline]
    fn first(&self) -> Option<(usize, usize)> {
        if self.levels == 0 {
            return None;
        }
        let level = self.levels.trailing_zeros() as usize;
        Some((level, self.occupied[level].trailing_zeros() as usize))
    }

    /// The first tick of a slot.
    const fn start(&self, level: usize, slot: usize) -> u64 {
        let shift = SLOT_BITS * level as u32;
        let above = self.tick >> shift >> SLOT_BITS << SLOT_BITS;
        (above | slot as u64) << shift
    }

    fn chain(&self, place: usize) -> impl Iterator<Item = (u32, &Entry)> {
        let mut id = self.heads[place];
        core::iter::from_fn(move || {
            let entry = self.entries.get(id as usize)?;
            let found = (id, entry);
            id = entry.behind;
            Some(found)
        })
    }
}

const fn tick_of(at: Instant) -> u64 {
    at.as_nanos() >> TICK_BITS
}

#[cfg(test)]
mod tests {
    use super::Wheel;
    use alloc::collections::BTreeMap;
    use alloc::vec::Vec;
    use osier_time::{Duration, Instant};

    fn due(wheel: &mut Wheel, now: Instant) -> Vec<u32> {
        let mut ids: Vec<u32> = core::iter::from_fn(|| wheel.pop_due(now)).collect();
        ids.sort_unstable();
        ids
    }

    #[test]
    fn an_entry_is_due_at_its_deadline_and_not_a_nanosecond_before() {
        for exponent in 0..63 {
            let at = Instant::from_nanos(1 << exponent) + Duration::from_nanos(12_345);
            let mut wheel = Wheel::new();
            wheel.set_no_later(3, at);
            assert!(wheel.next_deadline().unwrap() <= at);
            assert_eq!(wheel.pop_due(at - Duration::from_nanos(1)), None, "2^{exponent}");
            assert_eq!(wheel.pop_due(at), Some(3), "2^{exponent}");
            assert_eq!(wheel.pop_due(Instant::MAX), None);
        }
    }

    #[test]
    fn a_deadline_moves_earlier_and_not_later() {
        let mut wheel = Wheel::new();
        wheel.set_no_later(0, Instant::from_secs(5));
        wheel.set_no_later(0, Instant::from_secs(9));
        wheel.set_no_later(0, Instant::from_millis(2_500));
        assert_eq!(due(&mut wheel, Instant::from_millis(2_499)), []);
        assert_eq!(due(&mut wheel, Instant::from_millis(2_500)), [0]);
        assert_eq!(wheel.next_deadline(), None);
    }

    #[test]
    fn a_cleared_entry_is_never_due_and_its_neighbours_are() {
        let mut wheel = Wheel::new();
        for id in 0..5 {
            wheel.set_no_later(id, Instant::from_millis(7));
        }
        for id in [1, 4, 0, 0, 900] {
            wheel.clear(id);
        }
        assert_eq!(due(&mut wheel, Instant::from_millis(7)), [2, 3]);
    }

    #[test]
    fn waking_whenever_asked_finds_every_entry_at_its_own_time() {
        let mut wheel = Wheel::new();
        let mut expected = BTreeMap::new();
        let mut seed = 1_u64;
        for id in 0..2_000 {
            seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            // Spans from microseconds to days.
            let at = Instant::from_nanos((seed >> 16) >> (id % 32));
            wheel.set_no_later(id, at);
            expected.insert(id, at);
        }
        let mut wakes = 0;
        while let Some(now) = wheel.next_deadline() {
            wakes += 1;
            while let Some(id) = wheel.pop_due(now) {
                assert_eq!(expected.remove(&id), Some(now), "entry {id}");
            }
        }
        assert!(expected.is_empty(), "{} never came", expected.len());
        assert!(wakes < 2_000 * 8, "{wakes} wakes");
    }

    #[test]
    fn an_overdue_entry_is_due_at_once() {
        let mut wheel = Wheel::new();
        assert_eq!(wheel.pop_due(Instant::from_secs(100)), None);
        wheel.set_no_later(1, Instant::from_secs(3));
        assert!(wheel.next_deadline().unwrap() <= Instant::from_secs(100));
        assert_eq!(wheel.pop_due(Instant::from_secs(100)), Some(1));
    }
}
