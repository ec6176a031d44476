//! What becomes of text that arrives? The mechanisms of the receiving side.
//!
//! ```text
//! reassembly.rs    text in order for the user, text out of order   RFC 9293 §3.10.7.4, seventh
//! pieces.rs        a row of slices: the store of both
//! delayed_ack.rs   acknowledged now, or a little later?            RFC 9293 §3.8.6.3
//! autotune.rs      how large should the buffer be?               dynamic right-sizing
//! sack_blocks.rs   which blocks does an acknowledgment report?     RFC 2018 §4, RFC 2883
//! ```
//!
//! They know no state machine and build no segment.

pub(crate) mod autotune;
pub(crate) mod delayed_ack;
mod pieces;
pub(crate) mod reassembly;
pub(crate) mod sack_blocks;
pub(crate) mod window;
