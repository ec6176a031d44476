//! The tests on the kernel's sockets.

use tokio::net;

#[path = "same.rs"]
mod same;

/// Nothing is to be entered: there is one kernel.
fn enter() -> Kernel {
    Kernel
}

struct Kernel;
