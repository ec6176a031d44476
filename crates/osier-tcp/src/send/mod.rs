//! What may be sent, and when? The mechanisms of the sending side.
//!
//! ```text
//! buffer.rs   what the user wrote and the peer has not acknowledged
//! burst.rs    how long may a super-segment be?
//! nagle.rs    is what waits worth a segment?   RFC 9293 §3.8.6.2.1, §3.7.4
//! search.rs   how long a segment does the path take?   RFC 4821 §7
//! tail.rs     where small writes wait
//! persist.rs  when is a zero window probed?    RFC 9293 §3.8.6.1
//! ```
//!
//! They know no state machine and build no segment.

pub(crate) mod buffer;
pub(crate) mod burst;
pub(crate) mod nagle;
pub(crate) mod persist;
pub(crate) mod search;
mod tail;
pub(crate) mod window;
