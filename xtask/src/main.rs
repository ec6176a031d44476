//! The project's own chores: `cargo xtask test`.
#![forbid(unsafe_code)]

fn main() {}
