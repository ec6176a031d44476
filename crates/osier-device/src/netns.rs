//! How does a process get a network of its own, without being root?
//!
//! It leaves its user namespace and its network namespace (user_namespaces(7),
//! network_namespaces(7)). In the new ones it is root over an empty network: it may make a TAP,
//! give it addresses, and everything is gone when the process and its children are. Where user
//! namespaces are refused and the process is root anyway, the network alone is left.

use crate::error::{Error, ErrorKind};
use crate::interface;
use crate::sys::namespace::{Leave, unshare};
use rustix::io::Errno;
use std::fs;
use std::io;

/// Which namespaces were entered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Entered {
    /// A user namespace, in which this user is root, and a network.
    UserAndNetwork,
    /// A network; user namespaces were refused to root.
    Network,
}

/// Moves this process into a new network whose loopback interface is up.
///
/// To be called before the process has a second thread, and refused afterwards: threads do not
/// move with it. There is no way back; a program that still needs its old network does
/// this in a child. The child's files stay as they were.
///
/// # Errors
/// What was refused and the remedy. After a failure in a later step the process may be in half a
/// namespace and should end.
pub fn enter_private_network() -> Result<Entered, Error> {
    alone()?;
    let (uid, gid) = (rustix::process::geteuid(), rustix::process::getegid());
    let entered = match unshare(Leave::UserAndNetwork) {
        Ok(()) => {
            map_to_root(uid.as_raw(), gid.as_raw())?;
            Entered::UserAndNetwork
        }
        Err(refusal) if uid.is_root() && unshare(Leave::Network).is_err() => {
            return Err(user_namespace_refused(refusal));
        }
        Err(_) if uid.is_root() => Entered::Network,
        Err(refusal) => return Err(user_namespace_refused(refusal)),
    };
    interface::set_up("lo").map_err(|e| {
        let what = format!("the new network cannot be used: {}", e.what());
        Error::new(e.kind(), what).remedy(POLICY)
    })?;
    Ok(entered)
}

/// Moves the calling thread on into another new network, whose loopback interface is up, and whose
/// settings nobody has touched. For a process that [`enter_private_network`] has moved before.
///
/// # Errors
/// What was refused.
pub fn renew_private_network() -> Result<(), Error> {
    alone()?;
    unshare(Leave::Network).map_err(user_namespace_refused)?;
    interface::set_up("lo")
}

/// The kernel would refuse the user namespace to a process with threads, but not the network
/// alone: that would move this thread and leave the others behind.
fn alone() -> Result<(), Error> {
    let threads = fs::read_dir("/proc/self/task").map_or(1, Iterator::count);
    if threads <= 1 {
        return Ok(());
    }
    let what = format!("a process with {threads} threads cannot move to a network of its own");
    Err(Error::new(ErrorKind::Unsupported, what)
        .remedy("this is a bug of osier: it should have been done before the first thread"))
}

/// What to do where a security policy hands out namespaces without rights in them.
const POLICY: &str = "a security policy limits user namespaces (on Ubuntu: sudo sysctl \
                      kernel.apparmor_restrict_unprivileged_userns=0), or run as root";

/// Makes this user root in the new user namespace.
fn map_to_root(uid: u32, gid: u32) -> Result<(), Error> {
    let write = |file: &str, text: &str| {
        let path = format!("/proc/self/{file}");
        fs::write(&path, text).map_err(|e| {
            let kind = match e.kind() {
                io::ErrorKind::PermissionDenied => ErrorKind::NoPermission,
                io::ErrorKind::NotFound => ErrorKind::Unsupported,
                _ => ErrorKind::Io,
            };
            Error::kernel(kind, format!("{path} cannot be written"), e).remedy(POLICY)
        })
    };
    // Without giving up setgroups first an ordinary user may not map its group.
    write("setgroups", "deny")?;
    write("uid_map", &format!("0 {uid} 1"))?;
    write("gid_map", &format!("0 {gid} 1"))
}

fn user_namespace_refused(e: io::Error) -> Error {
    let tried = "a user namespace of our own was refused";
    match e.raw_os_error().map(Errno::from_raw_os_error) {
        Some(Errno::PERM | Errno::ACCESS) => Error::kernel(ErrorKind::NoPermission, tried, e)
            .remedy(
                "run as root, or allow user namespaces: sudo sysctl \
                 kernel.unprivileged_userns_clone=1; in a container its policy must allow unshare",
            ),
        Some(Errno::NOSPC | Errno::USERS) => Error::kernel(ErrorKind::NoPermission, tried, e)
            .remedy(
                "allow more of them: sudo sysctl user.max_user_namespaces=10000 \
                 user.max_net_namespaces=10000",
            ),
        Some(Errno::INVAL) => Error::kernel(ErrorKind::Unsupported, tried, e)
            .remedy("this kernel may be built without user namespaces: run as root"),
        Some(Errno::NOENT | Errno::NOSYS) => Error::kernel(ErrorKind::Unsupported, tried, e)
            .remedy("this system has no user namespaces: run as root"),
        _ => Error::kernel(ErrorKind::Io, tried, e).remedy("run as root"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_refusal_comes_with_a_remedy() {
        for errno in [Errno::PERM, Errno::NOSPC, Errno::INVAL, Errno::NOSYS, Errno::IO] {
            let error = user_namespace_refused(errno.into());
            assert!(error.what().starts_with("a user namespace of our own was refused: "));
            assert!(error.remedy_text().is_some_and(
                |remedy| remedy.contains("root") || remedy.contains("max_user_namespaces")
            ));
        }
    }
}
