//! Is the peer still there, and when do we stop hoping? (RFC 9293 §3.8.3, §3.8.4, RFC 5482)
//!
//! Keep-alive is off by default [MUST-25] and waits two hours where it is on [MUST-28]. One
//! unanswered probe proves nothing [MUST-29].

use crate::config::KeepAlive;
use osier_time::{Duration, Instant};

/// After so many expiries of the retransmission timer in a row something is wrong that the owner
/// and the IP layer should know of (RFC 9293 §3.8.3 [SHLD-10]: at least 3; Linux: 3).
pub(crate) const R1: u8 = 3;

/// What is known of the peer's being alive.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Liveness {
    /// When the peer was last heard.
    heard: Instant,
    /// Probes since then.
    probes: u8,
    /// The setting of keep-alive.
    pub(crate) keep_alive: Option<KeepAlive>,
    /// How long sent text may stay unacknowledged.
    pub(crate) user_timeout: Option<Duration>,
}

/// What the keep-alive alarm finds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Alarm {
    /// Off, or the peer has been heard meanwhile: look again then.
    Wait(Option<Instant>),
    /// Send a probe, and look again then.
    Probe(Instant),
    /// Too many probes without an answer.
    Dead,
}

impl Liveness {
    pub(crate) fn new(
        now: Instant,
        keep_alive: Option<KeepAlive>,
        user_timeout: Option<Duration>,
    ) -> Self {
        Liveness { heard: now, probes: 0, keep_alive, user_timeout }
    }

    /// The peer said something.
    pub(crate) fn on_heard(&mut self, now: Instant) {
        self.heard = now;
        self.probes = 0;
    }

    /// When the peer was last heard.
    pub(crate) fn heard(&self) -> Instant {
        self.heard
    }

    /// How many probes have gone unanswered.
    pub(crate) fn probes(&self) -> u8 {
        self.probes
    }

    /// When the keep-alive alarm is due next, where it is on.
    pub(crate) fn first_alarm(&self) -> Option<Instant> {
        self.keep_alive.map(|setting| self.heard + setting.idle)
    }

    /// The alarm went off. The alarm is not moved with each segment that arrives; it finds out
    /// here that it came too early.
    pub(crate) fn on_alarm(&mut self, now: Instant) -> Alarm {
        let Some(setting) = self.keep_alive else { return Alarm::Wait(None) };
        let due = self.heard + setting.idle + setting.interval * u64::from(self.probes);
        if now < due {
            return Alarm::Wait(Some(due));
        }
        if self.probes >= setting.probes {
            return Alarm::Dead;
        }
        self.probes += 1;
        Alarm::Probe(now + setting.interval)
    }
}

#[cfg(test)]
mod tests {
    use super::{Alarm, Liveness};
    use crate::config::KeepAlive;
    use osier_time::{Duration, Instant};

    const SETTING: KeepAlive =
        KeepAlive { idle: Duration::from_secs(10), interval: Duration::from_secs(2), probes: 2 };

    #[test]
    fn a_peer_that_was_heard_meanwhile_moves_the_alarm() {
        let mut live = Liveness::new(Instant::ZERO, Some(SETTING), None);
        live.on_heard(Instant::from_secs(4));
        let due = Alarm::Wait(Some(Instant::from_secs(14)));
        assert_eq!(live.on_alarm(Instant::from_secs(10)), due);
    }

    #[test]
    fn only_after_all_probes_is_the_peer_dead() {
        let mut live = Liveness::new(Instant::ZERO, Some(SETTING), None);
        assert_eq!(live.on_alarm(Instant::from_secs(10)), Alarm::Probe(Instant::from_secs(12)));
        assert_eq!(live.on_alarm(Instant::from_secs(12)), Alarm::Probe(Instant::from_secs(14)));
        assert_eq!(live.on_alarm(Instant::from_secs(14)), Alarm::Dead);
    }

    #[test]
    fn keep_alive_that_is_off_never_probes() {
        let mut live = Liveness::new(Instant::ZERO, None, None);
        assert_eq!(live.first_alarm(), None);
        assert_eq!(live.on_alarm(Instant::from_secs(99)), Alarm::Wait(None));
    }
}
