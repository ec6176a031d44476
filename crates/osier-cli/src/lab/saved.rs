//! Which run was it? A line from which the very same run is made again.
//!
//! `third-ack-lost seed 7 sha256 0123…`: the scenario, the seed, and the hash of the capture, by
//! which a run that is not the same is noticed.

use crate::exit::Failure;
use osier_lab::scenario::Run;
use sha2::{Digest, Sha256};
use std::fmt;
use std::str::FromStr;

/// A run that can be made again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Saved {
    /// A name or a file.
    pub(super) scenario: String,
    pub(super) seed: u64,
    /// Of the capture.
    pub(super) sha256: Option<String>,
}

impl Saved {
    /// A run of the scenario of that name or file.
    pub(super) fn of(scenario: &str, run: &Run) -> Result<Saved, Failure> {
        let mut octets = Vec::new();
        run.write_capture(&mut octets)
            .map_err(|error| Failure::bug(format!("a capture cannot be made: {error}")))?;
        let hash = Sha256::digest(&octets);
        let sha256 = Some(hash.iter().map(|octet| format!("{octet:02x}")).collect());
        Ok(Saved { scenario: scenario.to_owned(), seed: run.seed(), sha256 })
    }
}

impl fmt::Display for Saved {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} seed {}", self.scenario, self.seed)?;
        match &self.sha256 {
            Some(hash) => write!(f, " sha256 {hash}"),
            None => Ok(()),
        }
    }
}

impl FromStr for Saved {
    type Err = Failure;

    fn from_str(line: &str) -> Result<Saved, Failure> {
        let wrong = || {
            Failure::usage(format!("`{}` is no saved run", line.trim()))
                .remedy("write it like `third-ack-lost seed 7`, or name a file that --save made")
        };
        let (scenario, rest) = line.trim().rsplit_once(" seed ").ok_or_else(wrong)?;
        let (seed, hash) = match rest.split_once(" sha256 ") {
            Some((seed, hash)) => (seed, Some(hash.trim().to_owned())),
            None => (rest, None),
        };
        let seed = seed.trim().parse().map_err(|_| wrong())?;
        Ok(Saved { scenario: scenario.trim().to_owned(), seed, sha256: hash })
    }
}

#[cfg(test)]
mod tests {
    use super::Saved;

    #[test]
    fn a_saved_run_is_read_as_it_was_written() {
        for line in ["third-ack-lost seed 7", "my own/x.toml seed 0 sha256 abc"] {
            assert_eq!(line.parse::<Saved>().unwrap().to_string(), line);
        }
        for line in ["", "x", "x seed", "x seed -1", "x seed 1 sha512 y"] {
            assert!(line.parse::<Saved>().is_err(), "{line}");
        }
    }
}
