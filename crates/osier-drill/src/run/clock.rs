//! When is an event due, and was it in time?
//!
//! Times of a script count from its first event. A relative time counts from now; where packets
//! come in one behind the other, from the time of the one before. A tolerance lies around each
//! time: some milliseconds, or a part of the time since the event before, whichever is more.

use super::{Checked, Failure, Runner, is_inbound};
use crate::ast::Time;
use crate::plan::Step;
use crate::span::Span;
use crate::stack::Stack;
use osier_time::{Duration, Instant};

/// So often the stack may wake without a reason while one event is waited for. A stack that does
/// not let time pass is ended by it.
const WAKES_MAX: u32 = 1_000_000;

/// When an event is due.
#[derive(Clone, Copy, Debug)]
pub(super) struct Due {
    /// The earliest time, or the time.
    pub(super) from: Duration,
    /// The latest.
    pub(super) to: Duration,
    /// Whether it may be at any time.
    pub(super) kind: Kind,
    /// From where a relative time counts.
    pub(super) origin: Duration,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Exact,
    Range,
    Any,
}

impl<S: Stack> Runner<'_, S> {
    /// The time of the script.
    pub(super) fn now(&self) -> Duration {
        self.stack.now().since(self.start)
    }

    pub(super) fn script_time(&self, instant: Instant) -> Duration {
        instant.since(self.start)
    }

    pub(super) fn due(&self, step: &Step) -> Due {
        let origin = match self.last {
            Some(before) if before.inbound && is_inbound(&step.deed) => before.at,
            _ => self.now(),
        };
        let (from, to, kind, origin) = match step.time {
            Time::At(at) => (at, at, Kind::Exact, Duration::ZERO),
            Time::After(after) => (origin + after, origin + after, Kind::Exact, origin),
            Time::Within(from, to) => (from, to, Kind::Range, Duration::ZERO),
            Time::AfterWithin(from, to) => (origin + from, origin + to, Kind::Range, origin),
            Time::Any => (origin, Duration::MAX, Kind::Any, origin),
        };
        Due { from, to, kind, origin }
    }

    /// Lets time pass until the event is due.
    pub(super) fn wait_for(&mut self, at: Span, due: Due) -> Checked {
        self.wait_until(due.from)?;
        self.check_time(at, due, self.now(), "this event")
    }

    pub(super) fn wait_until(&mut self, until: Duration) -> Checked {
        let until = self.start + until;
        let mut idle = 0;
        while idle < WAKES_MAX {
            self.go_on_waiting()?;
            let now = self.stack.now();
            if now >= until {
                return Ok(());
            }
            self.stack.wait(until);
            idle = if self.stack.now() > now { 0 } else { idle + 1 };
        }
        let at = self.waiting.as_ref().map_or(Span::default(), |waiting| waiting.at);
        Err(Failure::differs(at, "the stack wakes without end and lets no time pass"))
    }

    /// Whether something happened in time.
    pub(super) fn check_time(&self, at: Span, due: Due, found: Duration, what: &str) -> Checked {
        if due.kind == Kind::Any {
            return Ok(());
        }
        let since = match self.last {
            Some(before) => due.from.saturating_sub(before.at),
            None => Duration::ZERO,
        };
        let tolerance = self.tolerance(since);
        // What happens at once is no later than now, even where the tolerance reaches back to it.
        let early = found < due.from && found + tolerance <= due.from;
        if !early && found <= due.to + tolerance {
            return Ok(());
        }
        let expected = match due.kind {
            Kind::Exact | Kind::Any => seconds(due.from),
            Kind::Range => format!("{}~{}", seconds(due.from), seconds(due.to)),
        };
        let (tolerance, found) = (seconds(tolerance), seconds(found));
        let says =
            format!("{what} was expected at {expected}, and is at {found} (tolerance {tolerance})");
        Err(Failure::differs(at, says))
    }

    /// The tolerance so long after the event before.
    pub(super) fn tolerance(&self, since: Duration) -> Duration {
        let part = since.as_nanos() / 1000 * self.config.tolerance_permille;
        self.config.tolerance.max(Duration::from_nanos(part))
    }
}

/// Seconds with six decimals.
pub(crate) fn seconds(time: Duration) -> String {
    let micros = time.as_micros();
    format!("{}.{:06}", micros / 1_000_000, micros % 1_000_000)
}
