//! What is a point in time, and what is a span of it?
//!
//! Two numbers of nanoseconds. Nothing in this crate can read a clock: whoever owns a clock turns
//! it into an [`Instant`] and hands it down as an argument, which is what lets the same engine run
//! in production, in tests and in a simulation. It knows no calendar and no time zone.
#![no_std]
#![forbid(unsafe_code)]

mod duration;
mod instant;

pub use duration::Duration;
pub use instant::Instant;
