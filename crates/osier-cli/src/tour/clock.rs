//! What time is it on the tour?
//!
//! The machine's monotonic time less what was spent in holds: while a frame is held, so that the
//! state of both ends can be read, printed and read by a human, time stands still. The engine is
//! given this time, and so are the ladder and the capture.

use osier_time::{Duration, Instant};
use std::time::{Instant as Monotonic, SystemTime, UNIX_EPOCH};

/// A clock that can be held.
#[derive(Debug)]
pub(crate) struct Clock {
    started: Monotonic,
    held: std::time::Duration,
    epoch: Duration,
}

/// A hold under way.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Hold(Monotonic);

impl Clock {
    /// A clock that starts at zero, now.
    pub(crate) fn start() -> Self {
        let epoch = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().into();
        Clock { started: Monotonic::now(), held: std::time::Duration::ZERO, epoch }
    }

    /// Time since the start, without holds.
    pub(crate) fn now(&self) -> Instant {
        Instant::ZERO + Duration::from(self.started.elapsed().saturating_sub(self.held))
    }

    /// The Unix time of zero.
    pub(crate) fn epoch(&self) -> Duration {
        self.epoch
    }

    /// Does something while time stands still.
    pub(crate) fn hold<T>(&mut self, during: impl FnOnce() -> T) -> T {
        let hold = Clock::hold_begins();
        let result = during();
        self.hold_ends(hold);
        result
    }

    /// Begins a hold whose end is told to [`Clock::hold_ends`].
    pub(crate) fn hold_begins() -> Hold {
        Hold(Monotonic::now())
    }

    /// Time goes on where the hold began.
    pub(crate) fn hold_ends(&mut self, hold: Hold) {
        self.held += hold.0.elapsed();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn time_stands_still_in_a_hold() {
        let mut clock = Clock::start();
        let before = clock.now();
        clock.hold(|| std::thread::sleep(std::time::Duration::from_millis(50)));
        let during = clock.now() - before;
        assert!(during < Duration::from_millis(50), "{during} of a hold were counted");
        std::thread::sleep(std::time::Duration::from_millis(5));
        assert!(clock.now() - before >= Duration::from_millis(5));
    }
}
