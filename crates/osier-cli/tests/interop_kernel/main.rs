//! Does osier get along with the Linux kernel, and with the programs that people use on it?
//!
//! Every test has a network of its own (`netns.rs`), so that all may run side by side, and leaves
//! nothing behind. They want root or user namespaces, `/dev/net/tun`, and programs of Debian's
//! packages; what is missing is said loudly, and fails where CI=true. `OSIER_LONG=1` runs them at
//! full length. Run by `cargo xtask test`.

mod bench_lines;
mod capture;
mod http;
mod lab;
mod lab_kernel;
mod leaving;
mod links;
mod loss;
mod nc;
mod netns;
mod packet;
mod refusals;
mod server;
mod tshark;

/// Whether to run at full length.
fn long() -> bool {
    std::env::var_os("OSIER_LONG").is_some_and(|value| value == "1")
}

/// `full` at full length, else `short`.
fn size(short: u64, full: u64) -> u64 {
    if long() { full } else { short }
}

/// Bytes of a MiB.
const MIB: u64 = 1 << 20;
