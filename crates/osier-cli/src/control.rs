//! How does `osier ss` find a stack of this command?
//!
//! By a Unix socket, unless none can be made: then a warning says so, and traffic goes on without.

use crate::exit::Failure;
use osier::Stack;
use osier::control::{Control, path_of};
use std::path::Path;

/// A stack that can be asked, until this is dropped.
#[derive(Debug)]
pub(crate) struct Served {
    _control: Option<Control>,
}

impl Served {
    /// Serves at `path`, or where `osier ss` looks first.
    ///
    /// # Errors
    /// `path` was asked for and cannot be served.
    pub(crate) fn start(stack: &Stack, link: &str, path: Option<&Path>) -> Result<Self, Failure> {
        let at = path.map_or_else(|| path_of(link), Path::to_owned);
        match Control::serve(stack, link, &at) {
            Ok(control) => Ok(Served { _control: Some(control) }),
            Err(error) if path.is_some() => {
                let what = format!("the control socket {} cannot be made: {error}", at.display());
                Err(Failure::refused(what).remedy("choose another place with --control"))
            }
            Err(error) => {
                eprintln!(
                    "osier: warning: `osier ss` will not find this: {} cannot be made: {error}; \
                     choose a place with --control",
                    at.display()
                );
                Ok(Served { _control: None })
            }
        }
    }
}
