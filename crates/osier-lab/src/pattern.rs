//! Which octets are sent, so that one in the wrong place is seen?
//!
//! A stream without a short period, made once: what is sent is a slice of it, and what arrives is
//! compared with a slice of it. Its length is prime: neither segments nor buffers divide it.

use crate::dice::Dice;
use bytes::Bytes;

/// After so many octets the stream begins anew.
const PERIOD: usize = 65_521;

/// The longest piece that [`Pattern::at`] gives.
pub(crate) const PIECE_MAX: usize = PERIOD;

/// The stream of octets that every program of a world sends, from a place of its own on.
#[derive(Clone, Debug)]
pub struct Pattern(Bytes);

impl Default for Pattern {
    /// The stream, which is the same everywhere.
    fn default() -> Pattern {
        let mut dice = Dice::new(71);
        let mut octets: Vec<u8> =
            std::iter::repeat_with(|| dice.next_u64() as u8).take(PERIOD).collect();
        octets.extend_from_within(..);
        Pattern(octets.into())
    }
}

impl Pattern {
    /// `len` octets, at most 65,521, from that place of the stream on.
    pub fn at(&self, place: u64, len: usize) -> Bytes {
        let from = (place % PERIOD as u64) as usize;
        self.0.slice(from..from + len.min(PIECE_MAX))
    }

    /// Whether these octets are those of the stream from that place on; if not, where the first
    /// wrong one is.
    pub fn differs(&self, place: u64, octets: &[u8]) -> Option<usize> {
        let mut done = 0;
        for piece in octets.chunks(PIECE_MAX) {
            let from = ((place + done as u64) % PERIOD as u64) as usize;
            let wanted = &self.0[from..from + piece.len()];
            if wanted != piece {
                return wanted.iter().zip(piece).position(|(a, b)| a != b).map(|at| done + at);
            }
            done += piece.len();
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::{PERIOD, Pattern};

    #[test]
    fn a_piece_is_itself_and_shifted_or_damaged_it_is_not() {
        let pattern = Pattern::default();
        let mut piece = pattern.at(PERIOD as u64 * 3 - 10, 5_000).to_vec();
        assert_eq!(pattern.differs(PERIOD as u64 * 3 - 10, &piece), None);
        assert!(pattern.differs(PERIOD as u64 * 3 - 9, &piece).is_some());
        piece[4_321] ^= 1;
        assert_eq!(pattern.differs(PERIOD as u64 - 10, &piece), Some(4_321));
    }
}
