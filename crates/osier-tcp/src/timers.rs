//! When is what due? One table of alarms for each connection.
//!
//! RFC 9293 §3.10.8 and the RFCs that add alarms. Setting one twice replaces it; the owner asks
//! only for the earliest.

use osier_time::Instant;

/// The alarms of a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Timer {
    /// Retransmission timeout (RFC 6298).
    Retransmit,
    /// A loss that reordering can no longer explain (RFC 8985 §6.3); tail loss probe (§7).
    Recovery,
    /// Zero-window probe (RFC 9293 §3.8.6.1).
    Persist,
    /// An acknowledgment held back (RFC 9293 §3.8.6.3).
    DelayedAck,
    /// Keep-alive (RFC 9293 §3.8.4).
    KeepAlive,
    /// FIN-WAIT-2 of a connection that no user holds any more (Linux: tcp_fin_timeout).
    FinWait2,
    /// The next paced segment may leave.
    Pace,
    /// User timeout (RFC 5482) and R2 (RFC 9293 §3.8.3).
    GiveUp,
}

impl Timer {
    /// All alarms, in the order in which simultaneous ones are served.
    pub const ALL: [Timer; 8] = [
        Timer::GiveUp,
        Timer::Recovery,
        Timer::Retransmit,
        Timer::Persist,
        Timer::DelayedAck,
        Timer::KeepAlive,
        Timer::FinWait2,
        Timer::Pace,
    ];

    /// The short name, as `osier ss` prints it.
    pub const fn name(self) -> &'static str {
        match self {
            Timer::Retransmit => "on",
            Timer::Recovery => "rack",
            Timer::Persist => "persist",
            Timer::DelayedAck => "ack",
            Timer::KeepAlive => "keepalive",
            Timer::FinWait2 => "finwait2",
            Timer::Pace => "pace",
            Timer::GiveUp => "giveup",
        }
    }
}

/// The table: for each alarm, when it is due.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Timers {
    due: [Instant; Timer::ALL.len()],
    /// No alarm is due before: where one was moved or cleared since, none may be due then either.
    soonest: Instant,
}

impl Timers {
    /// No alarm set.
    pub const fn new() -> Self {
        Timers { due: [Instant::MAX; Timer::ALL.len()], soonest: Instant::MAX }
    }

    /// Sets an alarm, or moves it.
    pub fn set(&mut self, timer: Timer, at: Instant) {
        self.due[timer as usize] = at;
        self.soonest = self.soonest.min(at);
    }

    /// Sets an alarm unless it is set already.
    pub fn set_if_idle(&mut self, timer: Timer, at: Instant) {
        if !self.is_set(timer) {
            self.set(timer, at);
        }
    }

    /// Clears an alarm.
    pub fn stop(&mut self, timer: Timer) {
        self.due[timer as usize] = Instant::MAX;
    }

    /// Clears all alarms.
    pub fn stop_all(&mut self) {
        *self = Timers::new();
    }

    /// Whether an alarm is set.
    pub fn is_set(&self, timer: Timer) -> bool {
        self.due[timer as usize] != Instant::MAX
    }

    /// When an alarm is due, where it is set.
    pub fn get(&self, timer: Timer) -> Option<Instant> {
        Some(self.due[timer as usize]).filter(|at| *at != Instant::MAX)
    }

    /// Whether an alarm is set and due; where it is, clears it.
    pub fn take_due(&mut self, timer: Timer, now: Instant) -> bool {
        let due = self.due[timer as usize] <= now && self.is_set(timer);
        if due {
            self.stop(timer);
        }
        due
    }

    /// Which alarm is due first, and when.
    pub fn first(&self) -> Option<(Timer, Instant)> {
        Timer::ALL
            .into_iter()
            .filter_map(|timer| Some((timer, self.get(timer)?)))
            .min_by_key(|t| t.1)
    }

    /// The earliest alarm.
    pub fn next_deadline(&self) -> Option<Instant> {
        Some(self.earliest()).filter(|at| *at != Instant::MAX)
    }

    /// No later than [`Timers::next_deadline`], and exact after [`Timers::look`]: cheap.
    #[inline]
    pub fn soonest(&self) -> Option<Instant> {
        Some(self.soonest).filter(|at| *at != Instant::MAX)
    }

    /// Finds out which alarm is the earliest.
    pub fn look(&mut self) {
        self.soonest = self.earliest();
    }

    fn earliest(&self) -> Instant {
        self.due.iter().copied().fold(Instant::MAX, Instant::min)
    }
}

impl Default for Timers {
    fn default() -> Self {
        Timers::new()
    }
}

#[cfg(test)]
mod tests {
    use super::{Timer, Timers};
    use osier_time::Instant;

    #[test]
    fn the_earliest_alarm_is_the_deadline_and_a_due_one_fires_once() {
        let mut timers = Timers::new();
        assert_eq!(timers.next_deadline(), None);
        timers.set(Timer::Retransmit, Instant::from_millis(200));
        timers.set(Timer::DelayedAck, Instant::from_millis(40));
        assert_eq!(timers.next_deadline(), Some(Instant::from_millis(40)));
        assert!(!timers.take_due(Timer::DelayedAck, Instant::from_millis(39)));
        assert!(timers.take_due(Timer::DelayedAck, Instant::from_millis(40)));
        assert!(!timers.take_due(Timer::DelayedAck, Instant::from_millis(41)));
        assert_eq!(timers.next_deadline(), Some(Instant::from_millis(200)));
    }

    #[test]
    fn every_alarm_has_a_place_of_its_own() {
        let mut timers = Timers::new();
        for (n, timer) in Timer::ALL.into_iter().enumerate() {
            timers.set(timer, Instant::from_secs(n as u64));
        }
        for (n, timer) in Timer::ALL.into_iter().enumerate() {
            assert_eq!(timers.get(timer), Some(Instant::from_secs(n as u64)));
        }
    }
}
