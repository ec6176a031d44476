//! What can be wrong with a capture file, and where?

use std::{fmt, io};

/// Why a capture file could not be read any further. Offsets are in bytes from its start.
#[derive(Debug)]
pub enum Error {
    /// The file could not be read.
    Io(io::Error),
    /// Its first bytes are those of neither pcapng nor pcap.
    NotACapture,
    /// It ends in the middle of the block or record that begins at `at`.
    Truncated {
        /// Where the block or record begins.
        at: u64,
    },
    /// The block or record that begins at `at` says of itself that it is longer than `limit`.
    TooLong {
        /// Where the block or record begins.
        at: u64,
        /// The length that it claims, in bytes.
        length: u32,
        /// The longest that is accepted, in bytes.
        limit: usize,
    },
    /// The block or record that begins at `at` contradicts itself.
    Malformed {
        /// Where the block or record begins.
        at: u64,
        /// How.
        what: &'static str,
    },
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Error::Io(error) => write!(f, "the capture could not be read: {error}"),
            Error::NotACapture => {
                f.write_str("not a capture file: it begins neither as pcapng nor as pcap")
            }
            Error::Truncated { at } => {
                write!(f, "the capture is cut off within the block at byte {at}")
            }
            Error::TooLong { at, length, limit } => write!(
                f,
                "the block at byte {at} of the capture claims {length} bytes, more than {limit}"
            ),
            Error::Malformed { at, what } => {
                write!(f, "the block at byte {at} of the capture is malformed: {what}")
            }
        }
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Error::Io(error) => Some(error),
            Error::NotACapture
            | Error::Truncated { .. }
            | Error::TooLong { .. }
            | Error::Malformed { .. } => None,
        }
    }
}

impl From<io::Error> for Error {
    fn from(error: io::Error) -> Self {
        Error::Io(error)
    }
}
