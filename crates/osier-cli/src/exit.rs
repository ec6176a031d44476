//! With which exit code does the command end, and in which words does it say why?
//!
//! 0 done; 1 the thing asked about is not so; 2 wrong usage; 3 the system refused; 130 interrupted;
//! 70 a bug of ours. clap itself ends with 2 where it does not understand the command line. Every
//! failure is one sentence, with the remedy where there is one.

use std::fmt;
use std::io;
use std::process::ExitCode;

/// What a subcommand comes to.
pub(crate) type Outcome = Result<(), Failure>;

/// The exit codes other than 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Code {
    /// The thing asked about is not so: no reply, refused, reset, a verdict was found.
    NotSo,
    /// Wrong usage: a malformed address or link word, a form that is not built.
    Usage,
    /// The system refused: no permission, no device, an address or port in use.
    Refused,
    /// A bug of osier.
    Bug,
    /// Interrupted by Ctrl-C.
    Interrupted,
    /// That of a child of ours, which has said why.
    Child(u8),
}

impl Code {
    /// The number that the shell sees.
    pub(crate) const fn number(self) -> u8 {
        match self {
            Code::NotSo => 1,
            Code::Usage => 2,
            Code::Refused => 3,
            Code::Bug => 70,
            Code::Interrupted => 130,
            Code::Child(number) => number,
        }
    }
}

/// Why a subcommand did not do what it was asked for.
#[derive(Debug)]
pub(crate) struct Failure {
    code: Code,
    /// Empty where there is nothing to say.
    what: String,
    remedy: Option<String>,
}

impl Failure {
    fn new(code: Code, what: impl Into<String>) -> Self {
        Failure { code, what: what.into(), remedy: None }
    }

    /// The thing asked about is not so.
    pub(crate) fn not_so(what: impl Into<String>) -> Self {
        Failure::new(Code::NotSo, what)
    }

    /// The user asked for something that cannot be.
    pub(crate) fn usage(what: impl Into<String>) -> Self {
        Failure::new(Code::Usage, what)
    }

    /// The system refused.
    pub(crate) fn refused(what: impl Into<String>) -> Self {
        Failure::new(Code::Refused, what)
    }

    /// Something that can only be a mistake of ours.
    pub(crate) fn bug(what: impl Into<String>) -> Self {
        Failure::new(Code::Bug, what).remedy(report())
    }

    /// Ctrl-C: nothing to be said.
    pub(crate) fn interrupted() -> Self {
        Failure::new(Code::Interrupted, "")
    }

    /// A child of ours has ended with this code and has said why.
    pub(crate) fn silent(code: u8) -> Self {
        Failure::new(Code::Child(code), "")
    }

    /// Adds what the user can do.
    pub(crate) fn remedy(mut self, remedy: impl Into<String>) -> Self {
        self.remedy = Some(remedy.into());
        self
    }

    /// The exit code that it will be.
    pub(crate) fn code(&self) -> Code {
        self.code
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.what)?;
        match &self.remedy {
            Some(remedy) => write!(f, "; {remedy}"),
            None => Ok(()),
        }
    }
}

impl From<osier_device::Error> for Failure {
    fn from(error: osier_device::Error) -> Self {
        let code = match error.kind() {
            osier_device::ErrorKind::Malformed => Code::Usage,
            _ => Code::Refused,
        };
        let remedy = error.remedy_text().map(str::to_owned);
        Failure { code, what: error.what().to_owned(), remedy }
    }
}

/// An error of the system without a better sentence around it.
impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        let code = match error.kind() {
            io::ErrorKind::InvalidInput => Code::Usage,
            _ => Code::Refused,
        };
        Failure::new(code, error.to_string())
    }
}

impl From<rustix::io::Errno> for Failure {
    fn from(error: rustix::io::Errno) -> Self {
        Failure::from(io::Error::from(error))
    }
}

/// The exit code of an outcome; what went wrong is said on the standard error.
pub(crate) fn code(outcome: Outcome) -> ExitCode {
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            let text = failure.to_string();
            if !text.is_empty() {
                eprintln!("osier: {text}");
            }
            ExitCode::from(failure.code().number())
        }
    }
}

/// From now on a panic, on any thread, says how to report it and ends the process with 70.
pub(crate) fn report_panics() {
    std::panic::set_hook(Box::new(|panic| {
        let payload = panic.payload();
        let text = (payload.downcast_ref::<&str>().copied())
            .or_else(|| payload.downcast_ref::<String>().map(String::as_str))
            .unwrap_or("a panic without words");
        if let Some(why) = text.strip_prefix("failed printing to stdout: ") {
            std::process::exit(i32::from(unprintable(why)));
        }
        let place = panic.location().map(|at| format!(" ({}:{})", at.file(), at.line()));
        let place = place.unwrap_or_default();
        eprintln!("osier: internal error: {text}{place}; {}", report());
        std::process::exit(i32::from(Code::Bug.number()));
    }));
}

/// The exit code where the standard output takes no more, which is no bug of ours: a reader who
/// went away has seen what he wanted, anything else is said.
fn unprintable(why: &str) -> u8 {
    if why.starts_with("Broken pipe") {
        return 0;
    }
    eprintln!("osier: the standard output cannot be written: {why}");
    Code::Refused.number()
}

/// What to do about a bug.
fn report() -> String {
    format!(
        "this is a bug: please report it with the command line, this message and version {} at \
         {}/issues",
        env!("CARGO_PKG_VERSION"),
        env!("CARGO_PKG_REPOSITORY")
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failure_is_one_sentence_with_its_remedy() {
        let failure = Failure::refused("port 80 is in use").remedy("choose another: --http 8080");
        assert_eq!(failure.to_string(), "port 80 is in use; choose another: --http 8080");
        assert_eq!(failure.code().number(), 3);
    }

    #[test]
    fn the_codes_are_those_that_the_documentation_promises() {
        let codes = [Code::NotSo, Code::Usage, Code::Refused, Code::Bug, Code::Interrupted];
        assert_eq!(codes.map(Code::number), [1, 2, 3, 70, 130]);
    }

    #[test]
    fn a_bug_says_how_to_report_it() {
        assert!(Failure::bug("the hosts came to a halt").to_string().contains("/issues"));
    }

    #[test]
    fn a_malformed_name_is_wrong_usage_and_a_refusal_is_not() {
        let malformed = osier_device::process::pause(0).unwrap_err();
        assert_eq!(Failure::from(malformed).code(), Code::Usage);
        let missing = osier_device::interface::set_up("osier-none").unwrap_err();
        assert_eq!(Failure::from(missing).code(), Code::Refused);
    }
}
