//! Where does chance come from?
//!
//! SplitMix64 (Steele, Lea and Flood 2014): a counter and a mix, the same on every machine. Each
//! link and each host has dice of its own, derived from the one seed of the world, so that a
//! further link does not change what befalls the others.

/// A source of numbers, all of which follow from its seed.
#[derive(Clone, Debug)]
pub struct Dice(u64);

/// How likely something is, in parts of a million.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Chance(pub u32);

impl Chance {
    /// Never.
    pub const NONE: Chance = Chance(0);

    /// So many of a hundred.
    pub const fn percent(n: u32) -> Chance {
        Chance(n * 10_000)
    }
}

impl Dice {
    /// Dice of this seed.
    pub const fn new(seed: u64) -> Dice {
        Dice(seed)
    }

    /// Dice of this seed for one of many uses.
    pub fn of(seed: u64, which: u64) -> Dice {
        let mut dice = Dice(seed ^ which.wrapping_mul(0xD1B5_4A32_D192_ED03));
        Dice(dice.next_u64())
    }

    /// The next number.
    pub const fn next_u64(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    /// A number below `n`; 0 where `n` is 0.
    pub const fn below(&mut self, n: u64) -> u64 {
        // The high half of the product: no division, and a bias of n in 2^64.
        ((self.next_u64() as u128 * n as u128) >> 64) as u64
    }

    /// A number from `from` up to and with `to`.
    pub const fn between(&mut self, from: u64, to: u64) -> u64 {
        from + self.below(to.saturating_sub(from).saturating_add(1))
    }

    /// Whether it happens. What never happens costs no throw.
    pub const fn happens(&mut self, chance: Chance) -> bool {
        chance.0 > 0 && self.below(1_000_000) < chance.0 as u64
    }

    /// Once in `n` throws.
    pub const fn one_in(&mut self, n: u64) -> bool {
        self.below(n) == 0
    }

    /// One of some.
    ///
    /// # Panics
    /// Where there is none.
    pub const fn pick<T: Copy>(&mut self, of: &[T]) -> T {
        of[self.below(of.len() as u64) as usize]
    }
}

#[cfg(test)]
mod tests {
    use super::{Chance, Dice};

    /// The first numbers of seed 1234567, as the published reference gives them.
    #[test]
    fn the_numbers_are_those_of_splitmix64() {
        let mut dice = Dice::new(1_234_567);
        let numbers = [dice.next_u64(), dice.next_u64(), dice.next_u64()];
        let published =
            [6_457_827_717_110_365_317, 3_203_168_211_198_807_973, 9_817_491_932_198_370_423];
        assert_eq!(numbers, published);
    }

    #[test]
    fn a_chance_is_met_as_often_as_it_says() {
        let mut dice = Dice::of(1, 7);
        let met = (0..100_000).filter(|_| dice.happens(Chance::percent(5))).count();
        assert!((4_700..5_300).contains(&met), "{met}");
        assert!(!dice.happens(Chance::NONE));
        assert!((0..1_000).all(|_| (3..=5).contains(&dice.between(3, 5))));
    }
}
