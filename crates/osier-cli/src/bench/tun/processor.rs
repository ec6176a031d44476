//! How much processor time have the processes of a measurement had?
//!
//! Linux's count in nanoseconds (`/proc/PID/schedstat`, the first number). Where interrupts are not
//! accounted apart, which is the common build, what the kernel does for a process when a frame of
//! another reaches it is in there, too.

/// Nanoseconds that this process's first thread and those of the others have been on a processor,
/// where the kernel tells.
pub(crate) fn nanoseconds(others: &[u32]) -> Option<u64> {
    let own = of("self");
    others.iter().map(|pid| of(&pid.to_string())).fold(own, |sum, one| Some(sum? + one?))
}

fn of(process: &str) -> Option<u64> {
    let text = std::fs::read_to_string(format!("/proc/{process}/schedstat")).ok()?;
    text.split(' ').next()?.parse().ok()
}
