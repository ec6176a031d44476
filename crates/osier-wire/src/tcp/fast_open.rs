//! Which cookie does a SYN show, or ask for? (RFC 7413 §4.1.1, the Fast Open option)
//!
//! Hardly any segment has it, so it lies among the options that are read only by who asks for
//! them. The experimental form of the option (kind 254) is not read.

use super::Options;

/// The kind of the option.
const FAST_OPEN: u8 = 34;

/// What the option says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FastOpen {
    /// A client asks for a cookie.
    Request,
    /// A client shows the cookie that it was given, or a server gives it.
    Cookie(FastOpenCookie),
}

/// A cookie: 4 to 16 octets, an even number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FastOpenCookie {
    len: u8,
    octets: [u8; FastOpenCookie::MAX],
}

impl FastOpenCookie {
    /// The shortest.
    pub const MIN: usize = 4;
    /// The longest.
    pub const MAX: usize = 16;

    /// A cookie of these octets; `None` where a cookie cannot be so long.
    pub fn new(octets: &[u8]) -> Option<Self> {
        let len = octets.len();
        if !(Self::MIN..=Self::MAX).contains(&len) || !len.is_multiple_of(2) {
            return None;
        }
        let mut cookie = FastOpenCookie { len: len as u8, octets: [0; Self::MAX] };
        cookie.octets[..len].copy_from_slice(octets);
        Some(cookie)
    }

    /// Its octets.
    pub fn as_slice(&self) -> &[u8] {
        &self.octets[..usize::from(self.len)]
    }
}

impl Options {
    /// The Fast Open option, if there is one of a length that it can have.
    pub fn fast_open(&self) -> Option<FastOpen> {
        let (_, data) = self.unknown.iter().find(|(kind, _)| *kind == FAST_OPEN)?;
        match data {
            [] => Some(FastOpen::Request),
            octets => FastOpenCookie::new(octets).map(FastOpen::Cookie),
        }
    }

    /// Adds the Fast Open option; says `false` where there is no room for it.
    pub fn set_fast_open(&mut self, option: FastOpen) -> bool {
        match option {
            FastOpen::Request => self.unknown.push(FAST_OPEN, &[]),
            FastOpen::Cookie(cookie) => self.unknown.push(FAST_OPEN, cookie.as_slice()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{FastOpen, FastOpenCookie};
    use crate::tcp::{Options, Timestamps};
    use alloc::vec;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn what_was_written_is_read_again_beside_the_options_of_a_syn(
            octets in proptest::collection::vec(any::<u8>(), 0..20), stamps in any::<bool>(),
        ) {
            let option = match &octets[..] {
                [] => Some(FastOpen::Request),
                octets => FastOpenCookie::new(octets).map(FastOpen::Cookie),
            };
            let possible = octets.is_empty()
                || (octets.len().is_multiple_of(2) && (4..=16).contains(&octets.len()));
            prop_assert_eq!(option.is_some(), possible);
            if let Some(option) = option {
                let timestamps = stamps.then_some(Timestamps { value: 1, echo: 2 });
                let mut options = Options {
                    mss: Some(1_460),
                    window_scale: Some(7),
                    sack_permitted: true,
                    timestamps,
                    ..Options::default()
                };
                prop_assert!(options.set_fast_open(option));
                let mut bytes = vec![0; options.len()];
                options.emit(&mut bytes);
                let read = Options::parse(&bytes);
                prop_assert_eq!(read.fast_open(), Some(option));
                prop_assert_eq!(read, options);
            }
        }

        #[test]
        fn no_bytes_are_too_strange_to_be_read(
            bytes in proptest::collection::vec(any::<u8>(), 0..40),
        ) {
            if let Some(FastOpen::Cookie(cookie)) = Options::parse(&bytes).fast_open() {
                prop_assert!((4..=16).contains(&cookie.as_slice().len()));
            }
        }
    }
}
