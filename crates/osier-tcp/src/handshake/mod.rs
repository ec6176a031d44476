//! Where is each step of the three-way handshake? (RFC 9293 §3.5, figures 6 to 8)
//!
//! ```text
//!       active end                                                passive end
//!                                                                 LISTEN
//! 1     active.rs: SynSent::new ───────────── SYN ──────────────▶ passive.rs: examine
//!       SYN-SENT                                                  passive.rs: HalfOpen::new
//!                                                                 SYN-RECEIVED
//! 2     active.rs: SynSent::on_segment ◀──── SYN,ACK ──────────── HalfOpen::poll_transmit
//!       ESTABLISHED
//! 3     transmit.rs: acknowledgment ────────── ACK ─────────────▶ HalfOpen::on_segment
//!                                                                 HalfOpen::complete
//!                                                                 ESTABLISHED
//! ```
//!
//! Why three: each end must hear its own number acknowledged. A stale SYN makes the passive end
//! answer at a number that the other end never sent; that end resets it (active.rs, "a number that
//! is not ours"), and nothing was opened (figure 9).
//!
//! Where both call at once (figure 8), `active.rs` meets a SYN without ACK and enters SYN-RECEIVED
//! with a full record, since it may already hold text to send.
//!
//! Where the host has no room for a `HalfOpen`, `cookie.rs` puts it into the SYN,ACK, and step 3
//! brings it back. Text may travel with the SYN: `fast_open.rs`.

pub(crate) mod active;
pub(crate) mod cookie;
pub(crate) mod fast_open;
pub(crate) mod passive;
