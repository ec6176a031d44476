//! Calls: those of the script on the stack, and their results beside the script's.
//!
//! One call may wait while events go on, as in packetdrill: it is made again whenever something has
//! happened, until it returns. Descriptors of the script stand for the stack's.

use super::clock::{Due, seconds};
use super::flow::{Flow, Speaks, Stage};
use super::given::difference;
use super::{Checked, Failure, FailureKind, Happened, Runner};
use crate::names::errno_name;
use crate::numbers::{MSG_FASTOPEN, SOCK_DGRAM};
use crate::plan::{Planned, Step, Wanted};
use crate::span::Span;
use crate::stack::{Given, Outcome, Stack, Syscall};
use osier_time::{Duration, Instant};

/// So long a call is waited for when the next one is due, or the script ends.
const IDLE_WAIT: Duration = Duration::from_secs(1);

/// So long a call may take that the script does not expect to wait.
const SURPRISE_MAX: Duration = Duration::from_secs(10);

/// The bits of a socket's kind that are no flags.
const KIND_MASK: i32 = 0xf;

/// A call that has not returned.
#[derive(Clone, Debug)]
pub(super) struct Waiting {
    pub(super) at: Span,
    call: Planned,
    /// With the stack's descriptors.
    live: Syscall,
    /// When it was made.
    since: Duration,
    /// When it must return.
    until: Option<Duration>,
    /// When it gives up waiting of its own accord.
    timeout: Option<Instant>,
}

impl<S: Stack> Runner<'_, S> {
    pub(super) fn make_call(&mut self, call: &Planned, step: &Step, due: Due) -> Checked {
        self.finish_waiting()?;
        self.wait_for(step.at, due)?;
        let live = self.live(&call.syscall, step.at)?;
        self.before(&call.syscall);
        let mut waiting = Waiting {
            at: step.at,
            call: call.clone(),
            timeout: self.timeout(&live),
            live,
            since: self.now(),
            until: call.until.map(|until| due.origin + until),
        };
        if self.attempt(&mut waiting)? {
            return Ok(());
        }
        let expected = waiting.until.is_some();
        self.waiting = Some(waiting);
        if expected {
            return Ok(());
        }
        self.wait_out(SURPRISE_MAX)
    }

    /// Makes the call that waits again; it may return now.
    pub(super) fn go_on_waiting(&mut self) -> Checked {
        let Some(mut waiting) = self.waiting.take() else { return Ok(()) };
        if !self.attempt(&mut waiting)? {
            self.waiting = Some(waiting);
        }
        Ok(())
    }

    /// Lets time pass until no call waits.
    pub(super) fn finish_waiting(&mut self) -> Checked {
        self.wait_out(IDLE_WAIT)
    }

    fn wait_out(&mut self, longest: Duration) -> Checked {
        let end = self.stack.now() + longest;
        loop {
            self.go_on_waiting()?;
            let Some(waiting) = &self.waiting else { return Ok(()) };
            if self.stack.now() >= end {
                let says = format!("`{}` has not returned", waiting.call.name);
                return Err(Failure::differs(waiting.at, says));
            }
            let end = waiting.timeout.map_or(end, |timeout| timeout.min(end));
            self.stack.wait(end);
        }
    }

    /// Makes a call; whether it has returned.
    fn attempt(&mut self, waiting: &mut Waiting) -> Result<bool, Box<Failure>> {
        if waiting.timeout.is_some_and(|timeout| self.stack.now() >= timeout) {
            without_waiting(&mut waiting.live);
        }
        let (result, given) = match self.stack.call(&waiting.live) {
            Outcome::Blocked => return Ok(false),
            Outcome::Unsupported => {
                let says = format!("not supported: `{}` on this stack", waiting.call.name);
                return Err(Failure::new(FailureKind::Unsupported, waiting.at, says));
            }
            Outcome::Failed(errno) => (-i64::from(errno), Given::Nothing),
            Outcome::Done(result, given) => (result, given),
        };
        let at = self.now();
        let name = waiting.call.name.clone();
        self.trace.push(Happened::Call { at, name, result });
        self.check_result(&waiting.call, result, waiting.at)?;
        if result >= 0 {
            self.check_given(&waiting.call, &given, waiting.at)?;
            self.after(&waiting.call, (result, &given));
        }
        if let Some(until) = waiting.until {
            self.check_return(waiting, until, at)?;
        }
        Ok(true)
    }

    /// A call that waits must return when the script says.
    fn check_return(&self, waiting: &Waiting, until: Duration, found: Duration) -> Checked {
        let tolerance = self.tolerance(until.saturating_sub(waiting.since));
        if found + tolerance >= until && found <= until + tolerance {
            return Ok(());
        }
        let (until, found) = (seconds(until), seconds(found));
        let says = format!("`{}` was expected to return at {until}, and has at {found}", {
            &waiting.call.name
        });
        Err(Failure::differs(waiting.at, says))
    }

    fn check_result(&self, call: &Planned, result: i64, at: Span) -> Checked {
        let shown = |result: i64, errno: Option<i32>| match errno {
            Some(errno) => format!("{result} {}", errno_name(errno)),
            None => result.to_string(),
        };
        let (found, errno) = match result {
            0.. => (result, None),
            _ => (-1, Some(-result as i32)),
        };
        let fits = match call.wanted {
            Wanted::Descriptor if call.result >= 0 => found >= 0,
            _ => found == call.result,
        };
        if fits && (errno == call.errno || call.errno.is_none()) {
            return Ok(());
        }
        let (expected, found) = (shown(call.result, call.errno), shown(found, errno));
        let says =
            format!("`{}` was expected to return {expected}, and returns {found}", call.name);
        Err(Failure::differs(at, says))
    }

    fn check_given(&self, call: &Planned, given: &Given, at: Span) -> Checked {
        let Some((expected, found)) = difference(&call.wanted, given) else { return Ok(()) };
        let says = format!("`{}` was expected to give {expected}, and gives {found}", call.name);
        Err(Failure::differs(at, says))
    }

    /// What a call means for the packets that follow, known before it is made.
    fn before(&mut self, call: &Syscall) {
        let (fd, to) = match call {
            Syscall::Connect(fd, to) => (*fd, *to),
            Syscall::Send { fd, to: Some(to), .. } => (*fd, Some(*to)),
            Syscall::Send { fd, flags, .. } if flags & MSG_FASTOPEN != 0 => {
                (*fd, Some(self.config.connect_to()))
            }
            _ => return,
        };
        let remote = self.wire_remote();
        let Some(flow) = self.flow_of(fd) else { return };
        match to {
            None => flow.stage = Stage::New,
            Some(_) if flow.stage == Stage::New => {
                flow.stage = Stage::Connecting;
                flow.remote = Some(remote);
            }
            Some(_) => {}
        }
    }

    /// What a call means for those that follow, once it has succeeded.
    fn after(&mut self, call: &Planned, (result, given): (i64, &Given)) {
        let live = result as i32;
        match &call.syscall {
            Syscall::Socket { kind, .. } => {
                let speaks = match kind & KIND_MASK {
                    SOCK_DGRAM => Speaks::Udp,
                    _ => Speaks::Tcp,
                };
                let mut flow = Flow::new(speaks);
                flow.fd = Some((call.result as i32, live));
                self.flows.push(flow);
                self.under_test = Some(self.flows.len() - 1);
                self.fds.insert(call.result as i32, live);
            }
            Syscall::Listen(fd, _) => {
                if let Some(flow) = self.flow_of(*fd) {
                    flow.stage = Stage::Listening;
                }
            }
            Syscall::Accept(_) => {
                self.fds.insert(call.result as i32, live);
                let waits = |flow: &&mut Flow| flow.stage == Stage::SynAckSent;
                if let Some(flow) = self.flows.iter_mut().rev().find(waits) {
                    flow.stage = Stage::Open;
                    flow.fd = Some((call.result as i32, live));
                }
            }
            Syscall::EpollCreate(_) => {
                self.fds.insert(call.result as i32, live);
            }
            Syscall::Pipe => {
                if let (Wanted::Ends(from, to), Given::Ends(live_from, live_to)) =
                    (&call.wanted, given)
                {
                    self.fds.insert(*from, *live_from);
                    self.fds.insert(*to, *live_to);
                }
            }
            Syscall::Close(fd) => {
                self.fds.remove(fd);
            }
            _ => {}
        }
    }

    fn flow_of(&mut self, fd: i32) -> Option<&mut Flow> {
        self.flows.iter_mut().rev().find(|flow| flow.fd.is_some_and(|(script, _)| script == fd))
    }

    /// When a call with a timeout of its own gives up.
    fn timeout(&self, call: &Syscall) -> Option<Instant> {
        let (Syscall::Poll(_, milliseconds) | Syscall::EpollWait(_, _, milliseconds)) = call else {
            return None;
        };
        let milliseconds = u64::try_from(*milliseconds).ok()?;
        Some(self.stack.now() + Duration::from_millis(milliseconds))
    }

    /// The call with the stack's descriptors in place of the script's.
    fn live(&self, call: &Syscall, at: Span) -> Result<Syscall, Box<Failure>> {
        let fd = |script: i32| {
            self.fds.get(&script).copied().ok_or_else(|| {
                Failure::malformed(
                    at,
                    format!("a descriptor that is open was expected, not {script}"),
                )
            })
        };
        let mut call = call.clone();
        match &mut call {
            Syscall::Socket { .. } | Syscall::EpollCreate(_) | Syscall::Pipe => {}
            Syscall::Bind(at, _)
            | Syscall::Listen(at, _)
            | Syscall::Accept(at)
            | Syscall::Connect(at, _)
            | Syscall::Receive { fd: at, .. }
            | Syscall::Send { fd: at, .. }
            | Syscall::Shutdown(at, _)
            | Syscall::Close(at)
            | Syscall::Fcntl(at, _, _)
            | Syscall::Ioctl(at, _)
            | Syscall::SetOption { fd: at, .. }
            | Syscall::GetOption { fd: at, .. }
            | Syscall::EpollWait(at, _, _) => *at = fd(*at)?,
            Syscall::Poll(entries, _) => {
                for (at, _) in entries {
                    *at = fd(*at)?;
                }
            }
            Syscall::EpollControl { epoll, fd: at, .. } => {
                (*epoll, *at) = (fd(*epoll)?, fd(*at)?);
            }
            Syscall::Splice { from, to, .. } => (*from, *to) = (fd(*from)?, fd(*to)?),
        }
        Ok(call)
    }
}

/// A call whose timeout has come returns at once.
fn without_waiting(call: &mut Syscall) {
    if let Syscall::Poll(_, timeout) | Syscall::EpollWait(_, _, timeout) = call {
        *timeout = 0;
    }
}
