//! What went wrong between us and the kernel, and what can be done about it?
//!
//! Every [`Error`] is one sentence for a newcomer: what was refused, and the remedy. The kind is
//! for programs (the command line makes an exit code of it).

use std::fmt;
use std::io;

/// What kind of thing went wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ErrorKind {
    /// The name of an interface, or another argument, cannot be right.
    Malformed,
    /// The kernel or the file system refuses it to this user.
    NoPermission,
    /// There is no such interface, device node or process.
    NoSuchDevice,
    /// Another process holds the device.
    Busy,
    /// The address is taken.
    AddressInUse,
    /// This kernel, or this kind of device, cannot do it.
    Unsupported,
    /// Anything else that the kernel answered.
    Io,
}

/// What went wrong, in one sentence, and the remedy.
#[derive(Debug)]
pub struct Error {
    kind: ErrorKind,
    what: String,
    remedy: Option<String>,
    source: Option<io::Error>,
}

impl Error {
    /// An error of our own finding.
    pub(crate) fn new(kind: ErrorKind, what: impl Into<String>) -> Self {
        Error { kind, what: what.into(), remedy: None, source: None }
    }

    /// An error that the kernel gave as the answer to what was tried.
    pub(crate) fn kernel(kind: ErrorKind, tried: impl fmt::Display, source: io::Error) -> Self {
        let what = format!("{tried}: {}", sentence(&source));
        Error { kind, what, remedy: None, source: Some(source) }
    }

    /// Adds what the user can do.
    pub(crate) fn remedy(mut self, remedy: impl Into<String>) -> Self {
        self.remedy = Some(remedy.into());
        self
    }

    /// For programs: what kind of thing went wrong.
    pub fn kind(&self) -> ErrorKind {
        self.kind
    }

    /// What was refused, without the remedy.
    pub fn what(&self) -> &str {
        &self.what
    }

    /// What the user can do, where we know something.
    pub fn remedy_text(&self) -> Option<&str> {
        self.remedy.as_deref()
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.what)?;
        match &self.remedy {
            Some(remedy) => write!(f, "; {remedy}"),
            None => Ok(()),
        }
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.source.as_ref().map(|e| e as _)
    }
}

impl From<Error> for io::Error {
    fn from(error: Error) -> Self {
        let kind = match error.kind {
            ErrorKind::Malformed => io::ErrorKind::InvalidInput,
            ErrorKind::NoPermission => io::ErrorKind::PermissionDenied,
            ErrorKind::NoSuchDevice => io::ErrorKind::NotFound,
            ErrorKind::Busy => io::ErrorKind::ResourceBusy,
            ErrorKind::AddressInUse => io::ErrorKind::AddrInUse,
            ErrorKind::Unsupported => io::ErrorKind::Unsupported,
            ErrorKind::Io => error.source.as_ref().map_or(io::ErrorKind::Other, io::Error::kind),
        };
        io::Error::new(kind, error)
    }
}

/// The kernel's answer in small letters and without the number: "permission denied".
fn sentence(error: &io::Error) -> String {
    let text = error.to_string();
    let text = text.split(" (os error").next().unwrap_or_default();
    text.chars().take(1).flat_map(char::to_lowercase).chain(text.chars().skip(1)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_is_one_sentence_with_its_remedy() {
        let refused = io::Error::from_raw_os_error(13);
        let error =
            Error::kernel(ErrorKind::NoPermission, "/dev/net/tun cannot be opened", refused)
                .remedy("run as root");
        let text = "/dev/net/tun cannot be opened: permission denied; run as root";
        assert_eq!(error.to_string(), text);
        let io = io::Error::from(error);
        assert_eq!(io.kind(), io::ErrorKind::PermissionDenied);
        assert_eq!(io.to_string(), text);
    }
}
