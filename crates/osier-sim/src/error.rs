//! How can a simulation end otherwise than well?

use std::fmt;
use std::io;
use std::time::Duration;

/// What a program of a simulation returns.
pub type Result<T = (), E = Box<dyn std::error::Error>> = std::result::Result<T, E>;

/// Why a simulation did not end well.
#[derive(Debug)]
#[non_exhaustive]
pub enum Error {
    /// The program of a host or client returned an error.
    Program {
        /// Where it ran.
        host: String,
        /// What it returned.
        source: Box<dyn std::error::Error>,
    },
    /// Clients were not done when the time was up.
    TimeLimit {
        /// The limit, since the beginning of the simulation.
        limit: Duration,
        /// The clients.
        unfinished: Vec<String>,
    },
    /// The capture could not be written.
    Capture(io::Error),
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Error::Program { host, source } => write!(f, "{host}: {source}"),
            Error::TimeLimit { limit, unfinished } => {
                write!(f, "not done after {limit:?}: {}", unfinished.join(", "))
            }
            Error::Capture(error) => write!(f, "the capture cannot be written: {error}"),
        }
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Error::Program { source, .. } => Some(&**source),
            Error::TimeLimit { .. } => None,
            Error::Capture(error) => Some(error),
        }
    }
}
