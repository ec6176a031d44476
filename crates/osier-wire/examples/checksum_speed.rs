//! How fast is the internet checksum on this machine?
//!
//! Prints nanoseconds and GB/s for a few sizes, over buffers that stay in the second-level cache
//! (256 KiB together), so that the sum and not the memory is measured.
//! `cargo run --release -p osier-wire --example checksum_speed`

#![allow(clippy::disallowed_methods)] // A benchmark reads the clock.

use osier_wire::checksum::Sum;
use std::hint::black_box;
use std::time::{Duration, Instant};

const CACHE: usize = 256 * 1024;

fn main() {
    println!("{:>8} {:>10} {:>8}", "bytes", "ns each", "GB/s");
    for size in [20, 40, 64, 576, 1460, 1500, 9000, 65_535] {
        let buffers = vec![0x5a; CACHE];
        // The best of many short rounds: what else runs here only makes a round slower.
        let best = (0..200).map(|_| round(&buffers, size)).min().unwrap_or_default();
        let sums = buffers.len() / size;
        let ns = best.as_secs_f64() * 1e9 / sums as f64;
        println!("{size:>8} {ns:>10.1} {:>8.1}", size as f64 / ns);
    }
}

fn round(buffers: &[u8], size: usize) -> Duration {
    let start = Instant::now();
    for buffer in buffers.chunks_exact(size) {
        black_box(Sum::of(black_box(buffer)).checksum());
    }
    start.elapsed()
}
