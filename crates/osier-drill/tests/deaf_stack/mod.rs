//! A stack that hears nothing, says nothing, and succeeds in every call but those that read.

use osier_drill::stack::{Given, Outcome, Refused, Stack, Syscall};
use osier_time::Instant;
use std::collections::BTreeMap;

/// Its time is what it was last told to wait for.
pub(crate) struct Deaf {
    now: Instant,
    next_fd: i32,
}

impl Deaf {
    pub(crate) fn new() -> Deaf {
        Deaf { now: Instant::from_secs(100), next_fd: 70 }
    }
}

impl Stack for Deaf {
    fn now(&self) -> Instant {
        self.now
    }

    fn wait(&mut self, until: Instant) {
        self.now = until;
    }

    fn packet_in(&mut self, _packet: &[u8]) {}

    fn packet_out(&mut self) -> Option<(Instant, Vec<u8>)> {
        None
    }

    fn call(&mut self, call: &Syscall) -> Outcome {
        match call {
            Syscall::Socket { .. } | Syscall::Accept(_) => {
                self.next_fd += 1;
                Outcome::Done(i64::from(self.next_fd), Given::Nothing)
            }
            Syscall::Receive { .. } => Outcome::Blocked,
            _ => Outcome::Done(0, Given::Nothing),
        }
    }

    fn set(&mut self, _name: &str, _value: &str) -> Result<(), Refused> {
        Ok(())
    }

    fn tcp_info(&mut self, _fd: i32) -> Result<BTreeMap<&'static str, i64>, i32> {
        Ok(BTreeMap::from([("snd_cwnd", 10)]))
    }
}
