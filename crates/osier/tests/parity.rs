//! Does the same source text mean the same on `tokio::net` and on osier?
//!
//! `parity/same.rs` is compiled and run twice: once on the kernel's loopback, once on a stack of
//! ours. What only one of them can do is not in it.
#![allow(clippy::duplicate_mod, reason = "that the module is compiled twice is the test")]

#[path = "parity/kernel.rs"]
mod kernel;
#[path = "parity/osier_stack.rs"]
mod osier_stack;
