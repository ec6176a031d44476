//! How long did a round take: by the clock on the wall, and in processor time of this thread?
//!
//! Others may be at work on the same machine. What they take away shows in the first and not in the
//! second.

use std::time::Instant;

/// When a round began.
pub(super) struct Start {
    wall: Instant,
    cpu: Option<u64>,
}

impl Start {
    pub(super) fn now() -> Start {
        Start { wall: Instant::now(), cpu: on_processor() }
    }

    /// Units a second of each, where so many were done since.
    pub(super) fn per_second(self, units: u64) -> (f64, Option<f64>) {
        let nanoseconds = on_processor().zip(self.cpu).map(|(now, then)| now - then);
        let cpu = nanoseconds.filter(|&n| n > 0).map(|n| units as f64 * 1e9 / n as f64);
        (units as f64 / self.wall.elapsed().as_secs_f64(), cpu)
    }
}

/// Nanoseconds that this thread has been on a processor, where the kernel tells.
fn on_processor() -> Option<u64> {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").ok()?;
    text.split(' ').next()?.parse().ok()
}
