//! Which bytes are sent, and did they arrive?

/// What is written in one call. Prime, so that neither segments nor buffers divide it and a piece
/// in the wrong place shows.
pub const WRITTEN: usize = 65_521;

/// What is read in one call at most.
pub const READ: usize = 65_536;

/// Bytes without a short period, the same in every run.
pub fn pattern() -> Vec<u8> {
    let step = |state: &u32| Some(state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223));
    let states = std::iter::successors(Some(71), step);
    states.map(|state| (state >> 24) as u8).take(WRITTEN).collect()
}

/// Holds what arrives against the pattern, again and again from its start.
#[derive(Debug)]
pub struct Checker {
    text: Vec<u8>,
    read: u64,
}

impl Default for Checker {
    fn default() -> Self {
        Checker { text: pattern(), read: 0 }
    }
}

impl Checker {
    /// Are these the next bytes?
    pub fn take(&mut self, bytes: &[u8]) -> Result<(), String> {
        let from = (self.read % WRITTEN as u64) as usize;
        let written = self.text[from..].iter().chain(self.text.iter().cycle());
        if !bytes.iter().eq(written.take(bytes.len())) {
            return Err(format!("wrong bytes after {} octets", self.read));
        }
        self.read += bytes.len() as u64;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_byte_that_is_wrong_missing_or_twice_there_is_found() {
        let text = pattern();
        let mut checker = Checker::default();
        checker.take(&text[..70]).unwrap();
        checker.take(&text[70..]).unwrap();
        checker.take(&text[..1]).unwrap();
        assert!(checker.take(&text[2..9]).is_err(), "one is missing");
        assert!(checker.take(&text[..9]).is_err(), "one is there twice");
        let mut wrong = text[1..9].to_vec();
        wrong[3] ^= 1;
        assert!(checker.take(&wrong).is_err(), "one is another");
        checker.take(&text[1..9]).unwrap();
    }
}
