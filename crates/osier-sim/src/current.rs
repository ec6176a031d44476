//! Which simulation does a program mean by `lookup("server")`?
//!
//! The one that runs on this thread.

use crate::network::Network;
use std::cell::RefCell;
use std::net::IpAddr;

thread_local! {
    static RUNNING: RefCell<Vec<Network>> = const { RefCell::new(Vec::new()) };
}

/// The address of a host, for the programs of a simulation.
///
/// # Panics
/// Where no host has that name, or outside a simulation.
pub fn lookup(name: &str) -> IpAddr {
    network().lookup(name)
}

/// Cuts both directions between two hosts: what is sent from now on vanishes.
///
/// # Panics
/// Where no host has one of the names, or outside a simulation.
pub fn partition(a: &str, b: &str) {
    network().partition(a, b);
}

/// Ends what [`partition`] began.
///
/// # Panics
/// Where no host has one of the names, or outside a simulation.
pub fn repair(a: &str, b: &str) {
    network().repair(a, b);
}

/// The network of the simulation that runs on this thread.
///
/// # Panics
/// Outside a simulation.
pub fn network() -> Network {
    let running = RUNNING.with_borrow(|running| running.last().cloned());
    running.expect("no simulation runs on this thread: this is for the programs of its hosts")
}

/// Makes this the network of this thread until the guard is dropped.
pub(crate) fn enter(network: Network) -> Entered {
    RUNNING.with_borrow_mut(|running| running.push(network));
    Entered
}

#[must_use]
pub(crate) struct Entered;

impl Drop for Entered {
    fn drop(&mut self) {
        RUNNING.with_borrow_mut(|running| _ = running.pop());
    }
}
