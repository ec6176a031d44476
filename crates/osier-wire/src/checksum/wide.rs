//! How are many bytes summed with wider vectors than every processor has?
//!
//! An x86-64 has vectors of 16 bytes for certain; nearly all since 2013 have some of 32. Whether
//! this one has is asked of the operating system once, so this file is compiled where there is
//! one; elsewhere, and on other processors, the plain form does the same with what is there. The
//! sum is the same number either way.

use fearless_simd::prelude::Bytes as _;
use fearless_simd::x86::Avx2;
use fearless_simd::{Level, Simd, SimdBase, u8x32, u32x8};

/// Bytes of a vector, and of a block: two vectors, each added to sums of its own, so that no
/// addition waits for the one before it.
const VECTOR: usize = 32;
const BLOCK: usize = 2 * VECTOR;

/// The sum of the 16-bit words of so many bytes fits into 32 bits.
const MOST: usize = 1 << 16;

/// The sum of all whole blocks, and what follows them; `None` where the processor has no such
/// vectors.
#[inline]
pub(super) fn add_most(bytes: &[u8]) -> Option<(u64, &[u8])> {
    let simd = Level::new().as_avx2()?;
    let (mut blocks, rest) = bytes.split_at(bytes.len() / BLOCK * BLOCK);
    let mut sum = 0;
    // A frame is rarely longer.
    while blocks.len() > MOST {
        let (most, left) = blocks.split_at(MOST);
        sum += add(simd, most);
        blocks = left;
    }
    Some((sum + add(simd, blocks), rest))
}

#[inline]
fn add(simd: Avx2, blocks: &[u8]) -> u64 {
    u64::from(simd.vectorize(
        #[inline(always)]
        || add_blocks(simd, blocks),
    ))
}

/// The sum of at most [`MOST`] bytes, by the same trick as the plain form's: `all` adds up the
/// 32-bit words and loses what overflows, `high` their upper halves, which do not overflow.
#[inline(always)]
fn add_blocks(simd: Avx2, bytes: &[u8]) -> u32 {
    let zero = u32x8::splat(simd, 0);
    let (mut all, mut high) = ([zero; 2], [zero; 2]);
    for block in bytes.as_chunks::<BLOCK>().0 {
        let (first, second) = block.split_at(VECTOR);
        let words: [u32x8<Avx2>; 2] =
            [u8x32::from_slice(simd, first).bitcast(), u8x32::from_slice(simd, second).bitcast()];
        for i in 0..2 {
            all[i] += words[i];
            high[i] += words[i] >> 16;
        }
    }
    let high = high[0] + high[1];
    let lanes = all[0] + all[1] - (high << 16) + high;
    lanes.as_slice().iter().fold(0, |sum, lane| sum.wrapping_add(*lane))
}

#[cfg(test)]
mod tests {
    extern crate std;

    use super::{MOST, add_most};
    use proptest::prelude::*;
    use std::vec::Vec;

    fn plainly(bytes: &[u8]) -> u64 {
        let words = bytes.as_chunks::<2>().0;
        words.iter().map(|word| u64::from(u16::from_le_bytes(*word))).sum()
    }

    #[test]
    fn all_ones_lose_no_carry_however_many_there_are() {
        for len in [MOST - 64, MOST, MOST + 64, 5 * MOST] {
            let bytes = std::vec![0xff; len];
            let Some((sum, rest)) = add_most(&bytes) else { return };
            assert_eq!((sum, rest.len()), (plainly(&bytes), 0), "{len}");
        }
    }

    proptest! {
        #[test]
        fn blocks_sum_to_what_their_words_do_one_by_one(bytes: Vec<u8>, times in 1..40usize) {
            let bytes = bytes.repeat(times);
            if let Some((sum, rest)) = add_most(&bytes) {
                prop_assert!(rest.len() < 64);
                prop_assert_eq!(sum, plainly(&bytes[..bytes.len() - rest.len()]));
            }
        }
    }
}
