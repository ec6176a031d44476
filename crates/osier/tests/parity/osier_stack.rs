//! The tests on sockets of osier, over its own loopback.

use osier::net;

#[path = "same.rs"]
mod same;

/// A stack of its own for each test.
fn enter() -> osier::Entered {
    osier::Stack::builder().seed(1).build().expect("a stack").enter()
}
