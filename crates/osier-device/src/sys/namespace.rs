//! How does a process leave its namespaces? See unshare(2).

use rustix::thread::{UnshareFlags, unshare_unsafe};
use std::io;

/// Which namespaces to leave for new ones.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Leave {
    /// The user namespace and the network.
    UserAndNetwork,
    /// The network alone, which needs `CAP_SYS_ADMIN`.
    Network,
}

/// Leaves them. A new user namespace is refused (EINVAL) to a process with several threads.
pub(crate) fn unshare(leave: Leave) -> io::Result<()> {
    let flags = match leave {
        Leave::UserAndNetwork => UnshareFlags::NEWUSER | UnshareFlags::NEWNET,
        Leave::Network => UnshareFlags::NEWNET,
    };
    // SAFETY: what makes unshare unsafe is CLONE_FILES, by which file descriptors of one thread
    // would stop being those of another. Neither flag set touches them.
    unsafe { unshare_unsafe(flags) }.map_err(io::Error::from)
}
