//! smoltcp at the work of `osier bench`: its own sockets, polled, without an async runtime.
//!
//! | where is … | file |
//! | --- | --- |
//! | the link in memory, as a device of smoltcp's | `link.rs` |
//! | an interface with its sockets; both ends of a link | `ends.rs` |
//! | bulk, rr and crr | `work.rs` |
//! | streams over a TUN, to the kernel | `tun.rs` |
#![forbid(unsafe_code)]

mod ends;
mod link;
mod tun;
mod work;

fn main() -> std::process::ExitCode {
    bench_devices::be_far().unwrap_or_else(bench_work::main::<work::Either>)
}
