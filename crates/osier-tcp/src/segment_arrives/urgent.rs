//! Sixth: is there urgent text? (RFC 9293 §3.10.7.4 sixth, §3.8.5; RFC 6093)
//!
//! Urgent text is delivered in line, as RFC 6093 §6 recommends: the pointer is looked at and
//! changes nothing. Telling the user about it comes with urgent sockets.

use crate::segment::Segment;
use osier_wire::tcp::Flags;

/// Looks at the URG bit.
pub(crate) fn process(segment: &Segment) {
    debug_assert!(!segment.flags.contains(Flags::SYN), "a SYN was stopped at the fourth check");
}
