//! Which of two sequence numbers is the earlier? (RFC 9293 §3.4)
//!
//! Sequence numbers live on a circle of 2^32; "earlier" means less than half the circle behind.
//! That comparison is not an order (it is not transitive), so there is no `Ord` here, only words.

use core::fmt;
use core::ops::{Add, AddAssign, Sub};

/// A sequence number (RFC 9293 §3.4): 32 bits on a circle.
#[derive(Clone, Copy, Default, PartialEq, Eq, Hash)]
pub struct SeqNumber(pub u32);

impl SeqNumber {
    /// Whether this comes strictly before `other`.
    pub const fn before(self, other: SeqNumber) -> bool {
        (self.0.wrapping_sub(other.0) as i32) < 0
    }

    /// Whether this comes before `other` or is it.
    pub const fn at_or_before(self, other: SeqNumber) -> bool {
        !other.before(self)
    }

    /// Whether this comes strictly after `other`.
    pub const fn after(self, other: SeqNumber) -> bool {
        other.before(self)
    }

    /// Whether this comes after `other` or is it.
    pub const fn at_or_after(self, other: SeqNumber) -> bool {
        !self.before(other)
    }

    /// How many octets lie from `earlier` up to here, on the circle.
    pub const fn since(self, earlier: SeqNumber) -> u32 {
        self.0.wrapping_sub(earlier.0)
    }

    /// Whether this lies in the window `[start, start + size)`.
    pub const fn in_window(self, start: SeqNumber, size: u32) -> bool {
        self.since(start) < size
    }

    /// The later of the two.
    pub const fn max(self, other: SeqNumber) -> SeqNumber {
        if self.before(other) { other } else { self }
    }

    /// The earlier of the two.
    pub const fn min(self, other: SeqNumber) -> SeqNumber {
        if self.before(other) { self } else { other }
    }
}

impl Add<u32> for SeqNumber {
    type Output = SeqNumber;
    fn add(self, n: u32) -> SeqNumber {
        SeqNumber(self.0.wrapping_add(n))
    }
}

impl AddAssign<u32> for SeqNumber {
    fn add_assign(&mut self, n: u32) {
        *self = *self + n;
    }
}

impl Sub<u32> for SeqNumber {
    type Output = SeqNumber;
    fn sub(self, n: u32) -> SeqNumber {
        SeqNumber(self.0.wrapping_sub(n))
    }
}

impl fmt::Display for SeqNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

impl fmt::Debug for SeqNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

#[cfg(test)]
mod tests {
    use super::SeqNumber;

    #[test]
    fn a_number_just_past_the_wrap_is_after_one_just_before_it() {
        let (old, new) = (SeqNumber(u32::MAX - 1), SeqNumber(3));
        assert!(old.before(new) && new.after(old));
        assert_eq!(new.since(old), 5);
        assert_eq!(old + 5, new);
        assert_eq!(old.max(new), new);
        assert_eq!(old.min(new), old);
    }

    #[test]
    fn a_window_includes_its_start_and_excludes_its_end() {
        let start = SeqNumber(u32::MAX);
        assert!(start.in_window(start, 1));
        assert!(!(start + 1).in_window(start, 1));
        assert!(!start.in_window(start, 0));
    }
}
