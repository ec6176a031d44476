//! What runs on a host, and how does it end?
//!
//! A stack, and a set of tasks in which that stack is the current one: the program, and what it
//! spawns with `tokio::task::spawn_local`. A crash takes all of it at once.

use crate::error::Result;
use osier::Stack;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};
use tokio::sync::oneshot;
use tokio::task::{JoinHandle, LocalSet};

/// A program that runs.
pub(crate) type Program = Pin<Box<dyn Future<Output = Result>>>;

/// A host or a client.
pub(crate) struct Machine {
    pub(crate) name: String,
    pub(crate) role: Role,
    /// How often it was started.
    pub(crate) boots: u32,
    pub(crate) running: Option<Running>,
}

/// What a machine is for.
pub(crate) enum Role {
    /// Its program can be started again.
    Host(Rc<dyn Fn() -> Program>),
    /// The simulation lasts until it is done.
    Client,
}

/// A machine that was started and has not crashed.
pub(crate) struct Running {
    verdict: Verdict,
    task: JoinHandle<()>,
    /// The stack outlives the program: it has still to say goodbye.
    _stack: Stack,
}

/// How the program has ended.
enum Verdict {
    Awaited(oneshot::Receiver<Result>),
    /// By a panic, which its task will tell.
    Panicked,
    Told,
}

impl Machine {
    /// Whether the program of a client goes on.
    pub(crate) fn is_unfinished_client(&self) -> bool {
        matches!(self.role, Role::Client)
            && self
                .running
                .as_ref()
                .is_some_and(|running| !matches!(running.verdict, Verdict::Told))
    }

    /// What the program has returned, once.
    pub(crate) fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Result> {
        match &mut self.running {
            Some(running) => running.poll(cx),
            None => Poll::Pending,
        }
    }

    /// Ends everything that runs, without a word.
    pub(crate) fn stop(&mut self) {
        if let Some(running) = self.running.take() {
            running.task.abort();
        }
    }
}

impl Running {
    /// Starts a program on a stack.
    pub(crate) fn start(
        tasks: &LocalSet,
        stack: Stack,
        program: impl FnOnce() -> Program + 'static,
    ) -> Running {
        let (tell, verdict) = oneshot::channel();
        let task = tasks.spawn_local(live(stack.clone(), program, tell));
        Running { verdict: Verdict::Awaited(verdict), task, _stack: stack }
    }

    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Result> {
        if let Verdict::Awaited(verdict) = &mut self.verdict {
            match Pin::new(verdict).poll(cx) {
                Poll::Pending => return Poll::Pending,
                Poll::Ready(Ok(result)) => {
                    self.verdict = Verdict::Told;
                    return Poll::Ready(result);
                }
                Poll::Ready(Err(_)) => self.verdict = Verdict::Panicked,
            }
        }
        if matches!(self.verdict, Verdict::Panicked)
            && let Poll::Ready(Err(error)) = Pin::new(&mut self.task).poll(cx)
        {
            self.verdict = Verdict::Told;
            // So does the test.
            std::panic::resume_unwind(error.into_panic());
        }
        Poll::Pending
    }
}

/// The life of a machine: the program, then what it has spawned.
async fn live(stack: Stack, program: impl FnOnce() -> Program, verdict: oneshot::Sender<Result>) {
    let life = async {
        let tasks = LocalSet::new();
        let result = tasks.run_until(async { program().await }).await;
        // Nobody listens where the simulation is being dropped.
        let _ = verdict.send(result);
        tasks.await;
    };
    stack.scope(life).await;
}
