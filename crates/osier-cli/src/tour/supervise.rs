//! Who looks after the tour while it runs?
//!
//! This process, which the user started, keeps its network and runs the tour in a child: itself
//! again, told by an environment variable which part to play. Where the system refuses the child a
//! network of its own, a second child gives the tour in memory. Ctrl-C ends all of them with 130.

use super::far::Sort;
use super::{Args, program, walk};
use crate::exit::{Code, Failure, Outcome};
use osier_device::process;
use std::io;
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::path::Path;
use std::process::{Command, ExitStatus};
use tokio::signal::unix::{SignalKind, signal};

/// The environment variable that names the part of a child.
pub(crate) const PART: &str = "OSIER_TOUR_PART";

const KERNEL: &str = "kernel";
const MEMORY: &str = "memory";

/// The numbers of signals on Linux.
const SIGINT: i32 = 2;
const SIGSYS: i32 = 31;

/// By this exit code the child says that it was refused a network of its own, and has said so.
const NO_NETWORK: u8 = 75;

/// The tour, or the part of it that this process was started for.
pub(crate) fn run(args: &Args) -> Outcome {
    if let Some(outcome) = program::be(args, walk::server()) {
        return outcome;
    }
    match std::env::var(PART).as_deref() {
        Ok(KERNEL) => over_the_kernel(args),
        Ok(MEMORY) => in_memory(args),
        _ => look_after_children(args),
    }
}

/// This program once more, to play a part. To be called before or after the process has moved to
/// another namespace, and also where its file has been removed.
pub(crate) fn part(name: &str) -> Command {
    let own = Path::new("/proc/self/exe");
    let file = if own.exists() { Ok(own.to_owned()) } else { std::env::current_exe() };
    let mut command = Command::new(file.unwrap_or_else(|_| own.to_owned()));
    if let Some(called) = std::env::args_os().next() {
        command.arg0(called);
    }
    command.env(PART, name);
    command
}

/// The child: no thread exists yet, and no namespace has been left.
fn over_the_kernel(args: &Args) -> Outcome {
    process::end_with_parent()?;
    match walk::tour(Sort::Kernel, args) {
        Err(walk::Stop::NotGranted(failure)) => {
            walk::tell_refusal(args, &failure);
            Err(Failure::silent(NO_NETWORK))
        }
        Err(walk::Stop::Failed(failure)) => Err(failure),
        Ok(()) => Ok(()),
    }
}

fn in_memory(args: &Args) -> Outcome {
    process::end_with_parent()?;
    walk::tour(Sort::Memory, args).map_err(walk::Stop::into_failure)
}

/// The parent: it stays where it is and passes on what the children come to.
fn look_after_children(args: &Args) -> Outcome {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let status = match runtime.block_on(child(KERNEL)) {
        Ok(status) if status.code() == Some(NO_NETWORK.into()) => runtime.block_on(child(MEMORY)),
        Ok(status) if status.signal() == Some(SIGSYS) => {
            let what = "a policy (seccomp) kills whoever asks for a network of its own";
            walk::tell_refusal(args, &Failure::refused(what).remedy("run it without that policy"));
            runtime.block_on(child(MEMORY))
        }
        other => other,
    };
    match status {
        Ok(status) => ended(status),
        Err(Trouble::Interrupted) => Err(Failure::interrupted()),
        // Not even a child is granted: then the tour is given right here.
        Err(Trouble::NotStarted(e)) => {
            let failure = Failure::refused(format!("a second process cannot be started: {e}"));
            walk::tell_refusal(args, &failure);
            walk::tour(Sort::Memory, args).map_err(walk::Stop::into_failure)
        }
    }
}

/// Why there is no exit status of a child.
enum Trouble {
    Interrupted,
    NotStarted(io::Error),
}

/// Runs a child with our arguments, our terminal and our folder.
async fn child(name: &str) -> Result<ExitStatus, Trouble> {
    let mut command = tokio::process::Command::from(part(name));
    command.args(std::env::args_os().skip(1)).kill_on_drop(true);
    // Before the child is there: a Ctrl-C that comes early shall find us ready.
    let mut ctrl_c = signal(SignalKind::interrupt()).map_err(Trouble::NotStarted)?;
    let mut child = command.spawn().map_err(Trouble::NotStarted)?;
    tokio::select! {
        status = child.wait() => status.map_err(Trouble::NotStarted),
        _ = ctrl_c.recv() => {
            // It is killed with its program, and has no file half written.
            let _ = child.kill().await;
            Err(Trouble::Interrupted)
        }
    }
}

/// What the end of the child means for us.
fn ended(status: ExitStatus) -> Outcome {
    match (status.code(), status.signal()) {
        (Some(0), _) => Ok(()),
        (Some(code), _) => {
            // It has said why itself.
            Err(Failure::silent(u8::try_from(code).unwrap_or(Code::Bug.number())))
        }
        (None, Some(SIGINT)) => Err(Failure::interrupted()),
        (None, signal) => {
            let signal = signal.map_or_else(String::new, |n| format!(" by signal {n}"));
            Err(Failure::bug(format!("the tour was ended{signal}")))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_childs_exit_code_is_passed_on_and_ctrl_c_is_130() {
        let code =
            |raw| ended(ExitStatus::from_raw(raw)).map_err(|failure| failure.code().number());
        assert_eq!(code(0), Ok(()));
        assert_eq!(code(3 << 8), Err(3));
        assert_eq!(code(2), Err(130));
        assert_eq!(code(9), Err(70));
    }
}
