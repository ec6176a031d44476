//! Is this segment older than the last one, and how long did ours take? (RFC 7323)
//!
//! TS.Recent, PAWS and the timestamps that we send.

use crate::config::Profile;
use osier_time::{Duration, Instant};
use osier_wire::SeqNumber;
use osier_wire::tcp::Timestamps;

/// After so long without a segment TS.Recent is too old to judge by (RFC 7323 §5.5).
const RECENT_VALID: Duration = Duration::from_secs(24 * 24 * 3_600);

/// The timestamps of a connection that agreed to use them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Clock {
    /// Added to our clock in TSval, so that it tells nothing of our uptime.
    offset: u32,
    /// TS.Recent.
    recent: u32,
    /// When TS.Recent was set.
    recent_at: Instant,
    /// Last.ACK.sent.
    last_ack_sent: SeqNumber,
}

impl Clock {
    /// Starts from the peer's SYN, whose TSval was `recent`.
    pub(crate) fn new(now: Instant, offset: u32, recent: u32, last_ack_sent: SeqNumber) -> Self {
        Clock { offset, recent, recent_at: now, last_ack_sent }
    }

    /// The option for a segment sent now.
    pub(crate) fn stamp(&self, now: Instant) -> Timestamps {
        Timestamps { value: value_at(now, self.offset), echo: self.recent }
    }

    /// Whether the segment's timestamp is older than TS.Recent, where that is still believed.
    pub(crate) fn is_old(&self, now: Instant, theirs: Timestamps) -> bool {
        self.is_older_by_more(now, theirs, 0)
    }

    /// PAWS, RFC 7323 §5.3 R1: whether the segment is from the past.
    pub(crate) fn is_past(&self, now: Instant, theirs: Timestamps, profile: Profile) -> bool {
        let ticks = match profile {
            // Linux differs: by one tick it may be older. What was sent before a retransmission
            // and is overtaken by it is not from the past, and nobody wraps a sequence in a tick.
            Profile::Linux => 1,
            Profile::Rfc => 0,
        };
        self.is_older_by_more(now, theirs, ticks)
    }

    fn is_older_by_more(&self, now: Instant, theirs: Timestamps, ticks: i32) -> bool {
        let older = (self.recent.wrapping_sub(theirs.value) as i32) > ticks;
        older && now - self.recent_at < RECENT_VALID
    }

    /// RFC 7323 §4.3 (2): an acceptable segment that covers Last.ACK.sent sets TS.Recent.
    pub(crate) fn on_acceptable(&mut self, now: Instant, seq: SeqNumber, theirs: Timestamps) {
        if !self.is_old(now, theirs) && seq.at_or_before(self.last_ack_sent) {
            self.recent = theirs.value;
            self.recent_at = now;
        }
    }

    /// An acknowledgment up to `ack` was sent.
    pub(crate) fn on_ack_sent(&mut self, ack: SeqNumber) {
        self.last_ack_sent = ack;
    }

    /// How long ago we sent the stamp that the peer echoes (RFC 7323 §4.1), in steps of a
    /// millisecond; `None` where it echoes nothing of ours.
    pub(crate) fn round_trip(&self, now: Instant, theirs: Timestamps) -> Option<Duration> {
        let millis = value_at(now, self.offset).wrapping_sub(theirs.echo);
        // An echo from the future, or of zero in the first SYN, says nothing.
        (theirs.echo != 0 && millis < 1 << 31).then(|| Duration::from_millis(u64::from(millis)))
    }

    /// TS.Recent and our offset, for TIME-WAIT.
    pub(crate) fn remember(&self) -> (u32, u32) {
        (self.recent, self.offset)
    }
}

/// Whether a segment that is no RST must have the option, on a connection that agreed to it.
pub(crate) const fn required(profile: Profile) -> bool {
    match profile {
        // Linux differs: RFC 7323 §3.2 says that a segment without it should be dropped.
        Profile::Linux => false,
        Profile::Rfc => true,
    }
}

/// TSval at an instant: a clock of milliseconds (RFC 7323 §5.4 allows 1 ms to 1 s).
pub(crate) fn value_at(now: Instant, offset: u32) -> u32 {
    offset.wrapping_add(now.as_millis() as u32)
}

#[cfg(test)]
mod tests {
    use super::{Clock, value_at};
    use osier_time::{Duration, Instant};
    use osier_wire::SeqNumber;
    use osier_wire::tcp::Timestamps;

    const NOW: Instant = Instant::from_secs(10);

    fn clock() -> Clock {
        Clock::new(NOW, 500, u32::MAX - 1, SeqNumber(1000))
    }

    fn stamp(value: u32) -> Timestamps {
        Timestamps { value, echo: 0 }
    }

    #[test]
    fn an_older_timestamp_is_seen_as_old_across_the_wrap() {
        assert!(clock().is_old(NOW, stamp(u32::MAX - 2)));
        assert!(!clock().is_old(NOW, stamp(u32::MAX - 1)));
        assert!(!clock().is_old(NOW, stamp(3)));
    }

    #[test]
    fn after_24_days_of_silence_no_timestamp_is_too_old() {
        let later = NOW + Duration::from_secs(25 * 24 * 3_600);
        assert!(!clock().is_old(later, stamp(u32::MAX - 2)));
    }

    #[test]
    fn only_a_segment_that_covers_the_last_ack_sets_what_is_echoed() {
        let mut clock = clock();
        clock.on_acceptable(NOW, SeqNumber(1001), stamp(5));
        assert_eq!(clock.stamp(NOW).echo, u32::MAX - 1);
        clock.on_acceptable(NOW, SeqNumber(1000), stamp(5));
        assert_eq!(clock.stamp(NOW).echo, 5);
    }

    #[test]
    fn an_echo_of_our_own_stamp_measures_the_round_trip() {
        let sent = value_at(NOW, 500);
        let echoed = Timestamps { value: 0, echo: sent };
        let later = NOW + Duration::from_millis(30);
        assert_eq!(clock().round_trip(later, echoed), Some(Duration::from_millis(30)));
        let nonsense = Timestamps { value: 0, echo: sent.wrapping_add(1 << 20) };
        assert_eq!(clock().round_trip(later, nonsense), None);
    }
}
