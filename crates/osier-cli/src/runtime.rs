//! On what does a subcommand with sockets run, and how does it hear Ctrl-C?
//!
//! On one thread: a wake across cores costs many times one on the same core.

use crate::exit::{Failure, Outcome};
use std::future::Future;
use tokio::signal::unix::{Signal, SignalKind, signal};

/// Runs a future to its end. What still waits then, a read of the terminal included, is left.
pub(crate) fn block_on(future: impl Future<Output = Outcome>) -> Outcome {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let outcome = runtime.block_on(future);
    runtime.shutdown_background();
    outcome
}

/// Ctrl-C and SIGTERM.
#[derive(Debug)]
pub(crate) struct Interrupts {
    interrupt: Signal,
    terminate: Signal,
}

impl Interrupts {
    /// From here on they no longer end the process.
    ///
    /// # Errors
    /// The system has no handler left.
    pub(crate) fn new() -> Result<Self, Failure> {
        let interrupt = signal(SignalKind::interrupt())?;
        let terminate = signal(SignalKind::terminate())?;
        Ok(Interrupts { interrupt, terminate })
    }

    /// Waits for the next one.
    pub(crate) async fn next(&mut self) {
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
        }
    }
}
