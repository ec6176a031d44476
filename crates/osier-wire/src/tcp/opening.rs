//! What do the options of nearly every SYN and SYN,ACK look like?
//!
//! Linux's: MSS, SACK-permitted, timestamps, NOP, window scale, twenty bytes, in this order. They
//! are read and written in one piece; all that looks otherwise goes the long way of `options.rs`,
//! which finds the same (tested there).

use super::options::{MSS, NOP, Options, SACK_PERMITTED, TIMESTAMPS, Timestamps, WINDOW_SCALE};

/// The four options.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Opening {
    mss: u16,
    stamps: Timestamps,
    shift: u8,
}

impl Opening {
    /// Bytes of them.
    pub(super) const LEN: usize = 20;

    /// These options, where they are those four and no others.
    #[inline]
    pub(super) fn of(options: &Options) -> Option<Opening> {
        match *options {
            Options {
                mss: Some(mss),
                window_scale: Some(shift),
                sack_permitted: true,
                timestamps: Some(stamps),
                ref sack,
                ref unknown,
            } if sack.is_empty() && unknown.is_empty() => Some(Opening { mss, stamps, shift }),
            _ => None,
        }
    }

    /// Reads them into options where there are none yet; says `false` where these are not they.
    #[inline(always)]
    pub(super) fn read(bytes: &[u8], into: &mut Options) -> bool {
        let &[
            MSS,
            4,
            m,
            n,
            SACK_PERMITTED,
            2,
            TIMESTAMPS,
            10,
            ref stamps @ ..,
            NOP,
            WINDOW_SCALE,
            3,
            s,
        ] = bytes
        else {
            return false;
        };
        let &[a, b, c, d, e, f, g, h] = stamps else { return false };
        into.mss = Some(u16::from_be_bytes([m, n]));
        into.sack_permitted = true;
        into.timestamps = Some(Timestamps {
            value: u32::from_be_bytes([a, b, c, d]),
            echo: u32::from_be_bytes([e, f, g, h]),
        });
        into.window_scale = Some(s);
        true
    }

    /// The bytes.
    #[inline]
    pub(super) fn bytes(self) -> [u8; Opening::LEN] {
        let Opening { mss, stamps: Timestamps { value, echo }, shift } = self;
        let ([m, n], [a, b, c, d]) = (mss.to_be_bytes(), value.to_be_bytes());
        let [e, f, g, h] = echo.to_be_bytes();
        let [k, p, t, w] = [MSS, SACK_PERMITTED, TIMESTAMPS, WINDOW_SCALE];
        [k, 4, m, n, p, 2, t, 10, a, b, c, d, e, f, g, h, NOP, w, 3, shift]
    }
}
