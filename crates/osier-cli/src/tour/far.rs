//! Who is at the other end of the cable?
//!
//! The kernel with a program, or a second host of ours. Both are told of here in the same words: a
//! frame is delivered, a frame is taken together with the state that the end is in after it.

use super::Args;
use super::clock::Clock;
use super::kernel::{After, Hope, Kernel, Run};
use super::memory::Memory;
use super::story::Cast;
use crate::exit::Failure;
use osier_time::{Duration, Instant};
use osier_wire::{Frame, MacAddr, Received};
use std::net::SocketAddr;

/// No wait is longer than this: the program may end without a frame.
const LOOK_UP: Duration = Duration::from_millis(50);

/// Which far end is wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Sort {
    Kernel,
    Memory,
}

/// The other end.
#[derive(Debug)]
pub(crate) enum Far {
    Kernel(Box<Kernel>),
    Memory(Box<Memory>),
}

impl Far {
    /// The other end, which is about to ask `server` for a page.
    ///
    /// # Errors
    /// What the system refuses, with the remedy.
    pub(crate) fn new(
        sort: Sort,
        args: &Args,
        mac: MacAddr,
        server: SocketAddr,
    ) -> Result<Self, Failure> {
        Ok(match sort {
            Sort::Kernel => Far::Kernel(Box::new(Kernel::new(args, mac, server)?)),
            Sort::Memory => Far::Memory(Box::new(Memory::new(Instant::ZERO, args, server)?)),
        })
    }

    /// How the sentences call both ends.
    pub(crate) fn cast(&self) -> Cast {
        match self {
            Far::Kernel(_) => Cast { client: "the kernel", server: "osier" },
            Far::Memory(_) => Cast { client: "the client", server: "the server" },
        }
    }

    /// Its state, by the RFC's name.
    pub(crate) fn state(&self) -> String {
        match self {
            Far::Kernel(kernel) => kernel.state().to_string(),
            Far::Memory(memory) => memory.state().to_string(),
        }
    }

    /// Gives it a frame; its state is then that which the frame has brought.
    pub(crate) fn deliver(&mut self, clock: &mut Clock, frame: Frame) -> Result<(), Failure> {
        match self {
            Far::Kernel(kernel) => {
                kernel.deliver(frame)?;
                clock.hold(|| kernel.observe(After::Delivery))
            }
            Far::Memory(memory) => {
                memory.deliver(clock.now(), &frame);
                Ok(())
            }
        }
    }

    /// The next frame that it has sent, and its state after that.
    pub(crate) fn take(&mut self, now: Instant) -> Result<Option<(Received, String)>, Failure> {
        Ok(match self {
            Far::Kernel(kernel) => kernel.take().map(|(frame, state)| (frame, state.to_string())),
            Far::Memory(memory) => {
                let frame = memory.take(now)?;
                frame.map(|frame| (frame, memory.state().to_string()))
            }
        })
    }

    /// Waits for a frame, or until `deadline`; `program` says whether the program runs meanwhile.
    pub(crate) fn wait(
        &mut self,
        clock: &mut Clock,
        deadline: Option<Instant>,
        program: Run,
    ) -> Result<Hope, Failure> {
        let now = clock.now();
        let until = |deadline: Option<Instant>| deadline.map_or(LOOK_UP, |due| due - now);
        match self {
            Far::Kernel(kernel) => {
                kernel.wait(until(deadline).min(LOOK_UP), program)?;
                clock.hold(|| {
                    kernel.halt();
                    kernel.observe(After::Waiting)?;
                    kernel.look_after_program()
                })
            }
            Far::Memory(memory) => {
                let own = memory.next_deadline();
                let nap = until(deadline).min(until(own)).min(LOOK_UP);
                std::thread::sleep(nap.into());
                Ok(Hope::Yes)
            }
        }
    }

    /// How long it will stay in TIME-WAIT, where it is there.
    pub(crate) fn time_wait(&self, now: Instant) -> Option<Duration> {
        match self {
            Far::Kernel(kernel) => kernel.time_wait(),
            Far::Memory(memory) => Some(memory.time_wait(now)),
        }
    }
}
