//! Where in a script is something, and what is wrong there?
//!
//! An error names a line and a column and says what was expected. It does not know the file's name:
//! who opened the file puts that in front.

use std::fmt;

/// A place in a script, both counted from 1.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Span {
    /// The line.
    pub line: u32,
    /// The column, in characters.
    pub column: u32,
}

impl fmt::Display for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.line, self.column)
    }
}

/// Why a script cannot be run at all.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// It is not in the language, or says what cannot be meant.
    Malformed,
    /// It is in the language, and asks for what is not built here.
    Unsupported,
}

/// What is wrong with a script, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Error {
    /// Which of the two kinds.
    pub fault: Fault,
    /// Where.
    pub at: Span,
    /// What was expected or is not supported, in words.
    pub says: String,
}

impl Error {
    /// The script is wrong at this place.
    pub fn malformed(at: Span, says: impl Into<String>) -> Error {
        Error { fault: Fault::Malformed, at, says: says.into() }
    }

    /// The script asks for something that is not built.
    pub fn unsupported(at: Span, says: impl Into<String>) -> Error {
        let says = format!("not supported: {}", says.into());
        Error { fault: Fault::Unsupported, at, says }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.at, self.says)
    }
}

impl std::error::Error for Error {}
