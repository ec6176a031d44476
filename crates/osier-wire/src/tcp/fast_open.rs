//! Which cookie does a SYN show, or ask for? (RFC 7413 §4.1.1, the Fast Open option)
//!
//! Hardly any segment has it, so it lies among the options that are read only by who asks for
//! them. Before it had a kind of its own it was an experimental option, known by two octets
//! (RFC 7413 §4.1.1, RFC 6994 §3): some servers still know that form only.

use super::Options;

/// The kind of the option.
const FAST_OPEN: u8 = 34;
/// The kind of experiments, and what marks this one (RFC 6994 §2).
const EXPERIMENT: u8 = 254;
const MARK: [u8; 2] = [0xF9, 0x89];

/// How the option is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum FastOpenForm {
    /// Kind 34.
    #[default]
    Standard,
    /// Kind 254 with the mark of the experiment.
    Experimental,
}

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
    /// The last Fast Open option, if there is one of a length that it can have, and its form.
    pub fn fast_open(&self) -> Option<(FastOpen, FastOpenForm)> {
        let (form, cookie) = self.unknown.iter().filter_map(read).last()?;
        match cookie {
            [] => Some((FastOpen::Request, form)),
            octets => Some((FastOpen::Cookie(FastOpenCookie::new(octets)?), form)),
        }
    }

    /// Adds the Fast Open option; says `false` where there is no room for it.
    pub fn set_fast_open(&mut self, option: FastOpen, form: FastOpenForm) -> bool {
        let cookie = match &option {
            FastOpen::Request => &[],
            FastOpen::Cookie(cookie) => cookie.as_slice(),
        };
        match form {
            FastOpenForm::Standard => self.unknown.push(FAST_OPEN, cookie),
            FastOpenForm::Experimental => {
                let mut data = [0; MARK.len() + FastOpenCookie::MAX];
                data[..MARK.len()].copy_from_slice(&MARK);
                data[MARK.len()..][..cookie.len()].copy_from_slice(cookie);
                self.unknown.push(EXPERIMENT, &data[..MARK.len() + cookie.len()])
            }
        }
    }
}

/// The form of a Fast Open option, and its cookie.
fn read((kind, data): (u8, &[u8])) -> Option<(FastOpenForm, &[u8])> {
    match (kind, data.strip_prefix(&MARK)) {
        (FAST_OPEN, _) => Some((FastOpenForm::Standard, data)),
        (EXPERIMENT, Some(cookie)) => Some((FastOpenForm::Experimental, cookie)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::{FastOpen, FastOpenCookie, FastOpenForm};
    use crate::tcp::{Options, Timestamps};
    use alloc::vec;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn what_was_written_is_read_again_beside_the_options_of_a_syn(
            octets in proptest::collection::vec(any::<u8>(), 0..20), stamps in any::<bool>(),
            experimental in any::<bool>(),
        ) {
            let option = match &octets[..] {
                [] => Some(FastOpen::Request),
                octets => FastOpenCookie::new(octets).map(FastOpen::Cookie),
            };
            let possible = octets.is_empty()
                || (octets.len().is_multiple_of(2) && (4..=16).contains(&octets.len()));
            prop_assert_eq!(option.is_some(), possible);
            let form = match experimental {
                true => FastOpenForm::Experimental,
                false => FastOpenForm::Standard,
            };
            // With timestamps and an experiment only shorter ones fit.
            let fits = !(stamps && experimental && octets.len() > 8);
            if let Some(option) = option.filter(|_| fits) {
                let timestamps = stamps.then_some(Timestamps { value: 1, echo: 2 });
                let mut options = Options {
                    mss: Some(1_460),
                    window_scale: Some(7),
                    sack_permitted: true,
                    timestamps,
                    ..Options::default()
                };
                prop_assert!(options.set_fast_open(option, form));
                let mut bytes = vec![0; options.len()];
                options.emit(&mut bytes);
                let read = Options::parse(&bytes);
                prop_assert_eq!(read.fast_open(), Some((option, form)));
                prop_assert_eq!(read, options);
            }
        }

        #[test]
        fn no_bytes_are_too_strange_to_be_read(
            bytes in proptest::collection::vec(any::<u8>(), 0..40),
        ) {
            if let Some((FastOpen::Cookie(cookie), _)) = Options::parse(&bytes).fast_open() {
                prop_assert!((4..=16).contains(&cookie.as_slice().len()));
            }
        }
    }

    #[test]
    fn of_several_options_the_last_counts_and_another_experiment_is_none() {
        let read = |bytes: &[u8]| Options::parse(bytes).fast_open();
        let cookie = |octets: &[u8]| FastOpenCookie::new(octets).map(FastOpen::Cookie).unwrap();
        let both = [254, 8, 0xF9, 0x89, 1, 2, 3, 4, 34, 6, 5, 6, 7, 8, 1, 1];
        assert_eq!(read(&both), Some((cookie(&[5, 6, 7, 8]), FastOpenForm::Standard)));
        let asks = [254, 4, 0xF9, 0x89];
        assert_eq!(read(&asks), Some((FastOpen::Request, FastOpenForm::Experimental)));
        assert_eq!(read(&[254, 4, 0xF9, 0x8A]), None);
        assert_eq!(read(&[254, 2, 1, 1]), None);
    }
}
