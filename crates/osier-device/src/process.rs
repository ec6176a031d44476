//! How is another process halted and let go on, how does one end with its parent, and stay on one
//! core?
//!
//! The tour holds its peer still while the state of both ends is read, and leaves nobody behind.
//! Nothing here waits: who halts a process asks [`is_paused`] until it is.

use crate::error::{Error, ErrorKind};
use rustix::io::Errno;
use rustix::process::{Pid, Signal, kill_process, set_parent_process_death_signal};
use rustix::thread::{CpuSet, sched_getaffinity, sched_setaffinity};
use std::fs;

/// Asks the kernel to halt a process (SIGSTOP); soon after [`is_paused`] is true.
///
/// # Errors
/// There is no such process, or it is another user's.
pub fn pause(pid: u32) -> Result<(), Error> {
    signal(pid, Signal::STOP)
}

/// Lets a halted process go on (SIGCONT).
///
/// # Errors
/// As [`pause`].
pub fn resume(pid: u32) -> Result<(), Error> {
    signal(pid, Signal::CONT)
}

/// Whether a process is halted, by us or by a debugger.
///
/// # Errors
/// There is no such process.
pub fn is_paused(pid: u32) -> Result<bool, Error> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat"))
        .map_err(|e| Error::kernel(ErrorKind::NoSuchDevice, no_process(pid), e))?;
    // The name stands in brackets and may hold anything; the state is the word behind it.
    let state = stat.rsplit(") ").next().and_then(|rest| rest.chars().next());
    Ok(matches!(state, Some('T' | 't')))
}

/// From now on the kernel kills this process when the thread that started it ends, however that
/// comes about (`PR_SET_PDEATHSIG` of prctl(2)). It holds across exec, and is forgotten where
/// the process gets other rights: to be called again after [`crate::netns`].
///
/// # Errors
/// The kernel's refusal; none is known.
pub fn end_with_parent() -> Result<(), Error> {
    set_parent_process_death_signal(Some(Signal::KILL)).map_err(|errno| {
        let tried = "this process cannot be made to end with its parent";
        Error::kernel(ErrorKind::Unsupported, tried, errno.into())
    })
}

/// From now on this thread, and what it starts, runs on one core alone (sched_setaffinity(2)): the
/// last of those on which it may. For measurements of what one core can do.
///
/// # Errors
/// The kernel's refusal; none is known.
pub fn stay_on_one_core() -> Result<(), Error> {
    let refused = |errno: Errno| {
        let tried = "this process cannot be kept to one core";
        Error::kernel(ErrorKind::Unsupported, tried, errno.into())
    };
    let allowed = sched_getaffinity(None).map_err(refused)?;
    let last = (0..CpuSet::MAX_CPU).rev().find(|core| allowed.is_set(*core)).unwrap_or(0);
    let mut one = CpuSet::new();
    one.set(last);
    sched_setaffinity(None, &one).map_err(refused)
}

fn signal(pid: u32, signal: Signal) -> Result<(), Error> {
    let target = i32::try_from(pid).ok().and_then(Pid::from_raw);
    // Number 0 would mean our whole group.
    let target = target.ok_or_else(|| Error::new(ErrorKind::Malformed, no_process(pid)))?;
    kill_process(target, signal).map_err(|errno| match errno {
        Errno::SRCH => Error::kernel(ErrorKind::NoSuchDevice, no_process(pid), errno.into()),
        _ => {
            let tried = format!("the process {pid} cannot be sent a signal");
            Error::kernel(ErrorKind::NoPermission, tried, errno.into())
        }
    })
}

fn no_process(pid: u32) -> String {
    format!("there is no process {pid}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::process::Command;

    #[test]
    fn a_process_is_halted_and_goes_on() {
        let mut child = Command::new("sleep").arg("60").spawn().unwrap();
        let pid = child.id();
        assert!(!is_paused(pid).unwrap());
        pause(pid).unwrap();
        while !is_paused(pid).unwrap() {
            std::thread::yield_now();
        }
        resume(pid).unwrap();
        while is_paused(pid).unwrap() {
            std::thread::yield_now();
        }
        child.kill().unwrap();
        child.wait().unwrap();
    }

    #[test]
    fn a_process_may_ask_to_end_with_its_parent() {
        end_with_parent().unwrap();
        let asked = rustix::process::parent_process_death_signal().unwrap();
        assert_eq!(asked, Some(Signal::KILL));
        set_parent_process_death_signal(None).unwrap();
    }

    #[test]
    fn a_thread_may_be_kept_to_one_core() {
        let before = sched_getaffinity(None).unwrap();
        stay_on_one_core().unwrap();
        assert_eq!(sched_getaffinity(None).unwrap().count(), 1);
        sched_setaffinity(None, &before).unwrap();
    }

    #[test]
    fn number_zero_is_no_process() {
        assert_eq!(pause(0).unwrap_err().kind(), ErrorKind::Malformed);
        assert_eq!(is_paused(u32::MAX).unwrap_err().kind(), ErrorKind::NoSuchDevice);
    }
}
