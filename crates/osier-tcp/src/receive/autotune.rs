//! How large should the receive buffer be? (dynamic right-sizing: Fisk and Feng, 2001)
//!
//! Twice what the user reads in a round trip, so that a sender that doubles its window finds it
//! open; and more while that grows, so that the buffer is not a round behind. A round trip is what
//! the sender's echoes of our timestamps tell, else how long a whole window takes to arrive: who
//! only receives measures none of its own. The buffer only grows: what a user reads slowly stays
//! small from the start. How large it may be is the caller's.

use osier_time::{Duration, Instant};
use osier_wire::SeqNumber;

/// Segments that a window of a connection's first round holds (RFC 6928).
const FIRST_SEGMENTS: u32 = 10;

/// Segments of the buffer beyond the double, for what arrives out of step. Linux has as many.
const SPARE_SEGMENTS: u64 = 16;

/// The estimate follows a sample by an eighth (as RFC 6298 §2.3 does for the sender's).
const GAIN: u32 = 8;

/// No round trip is longer than four minutes, or the scaled figure would overflow.
const RTT_MAX: u32 = 1 << 28;

/// What is known of the sender's rate. Exists once text has arrived.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Autotune {
    /// Eight times the round trip in microseconds; 0: not known.
    rtt: u32,
    /// When this round began, and what the user had read then.
    since: Instant,
    read: SeqNumber,
    /// What was read in the best round so far.
    space: u32,
    /// The echo that was last seen: a second one says nothing new.
    echo: u32,
    /// Without timestamps: once `edge` has arrived, a round trip has passed since.
    edge: SeqNumber,
    edge_since: Instant,
}

/// Text that arrived.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Came {
    /// When.
    pub(crate) now: Instant,
    /// RCV.NXT.
    pub(crate) nxt: SeqNumber,
    /// Up to where the user has read.
    pub(crate) read: SeqNumber,
    /// RCV.WND.
    pub(crate) wnd: u32,
    /// The timestamp of ours that the sender echoes, and how old it is.
    pub(crate) echo: Option<(u32, Duration)>,
    /// Text in a full segment.
    pub(crate) mss: u32,
}

impl Autotune {
    /// The first text arrives. `rtt`: as the handshake measured it.
    pub(crate) fn new(came: &Came, rtt: Option<Duration>, buffer: u32) -> Self {
        Autotune {
            rtt: rtt.map_or(0, scaled),
            since: came.now,
            read: came.read,
            space: buffer.min(came.mss.saturating_mul(FIRST_SEGMENTS)),
            echo: came.echo.map_or(0, |(echo, _)| echo),
            edge: came.nxt + came.wnd,
            edge_since: came.now,
        }
    }

    /// Text arrived: how large should the buffer be, if that is to be decided now?
    pub(crate) fn on_text(&mut self, came: &Came) -> Option<u32> {
        self.measure(came);
        let round = Duration::from_micros(u64::from(self.rtt / GAIN));
        if self.rtt == 0 || came.now.since(self.since) < round {
            return None;
        }
        let read = came.read.since(self.read);
        (self.since, self.read) = (came.now, came.read);
        if read <= self.space {
            return None;
        }
        let target = target(read, self.space, came.mss);
        self.space = read;
        Some(target)
    }

    /// The round trip, once known.
    pub(crate) fn rtt(&self) -> Option<Duration> {
        (self.rtt > 0).then(|| Duration::from_micros(u64::from(self.rtt / GAIN)))
    }

    /// What the user reads in a round trip.
    pub(crate) const fn space(&self) -> u32 {
        self.space
    }

    fn measure(&mut self, came: &Came) {
        match came.echo {
            Some((echo, _)) if echo == self.echo => {}
            Some((echo, age)) => {
                self.echo = echo;
                // By a clock of milliseconds: less than one counts as one.
                let sample = scaled(age.max(Duration::from_millis(1)));
                self.rtt = match self.rtt {
                    0 => sample,
                    rtt => rtt - rtt / GAIN + sample / GAIN,
                };
            }
            None if came.nxt.before(self.edge) => {}
            None => {
                // At least a round trip has passed: the sender may have paused.
                let sample = scaled(came.now.since(self.edge_since));
                self.rtt = if self.rtt == 0 { sample } else { self.rtt.min(sample) };
                (self.edge, self.edge_since) = (came.nxt + came.wnd, came.now);
            }
        }
    }
}

/// Twice what was read; and as much more as the rate grows, twice, since the sender is already a
/// round ahead of what was read.
fn target(read: u32, before: u32, mss: u32) -> u32 {
    let double = u64::from(read) * 2 + u64::from(mss) * SPARE_SEGMENTS;
    let growth = double * u64::from(read - before) / u64::from(before.max(1));
    u32::try_from(double + growth * 2).unwrap_or(u32::MAX)
}

fn scaled(rtt: Duration) -> u32 {
    u32::try_from(rtt.as_micros()).unwrap_or(RTT_MAX).clamp(1, RTT_MAX) * GAIN
}

#[cfg(test)]
mod tests {
    use super::{Autotune, Came};
    use osier_time::{Duration, Instant};
    use osier_wire::SeqNumber;

    const MSS: u32 = 1_000;
    const START: SeqNumber = SeqNumber(u32::MAX - 5_000);

    fn came(ms: u64, read: u32, echo: Option<(u32, u64)>) -> Came {
        Came {
            now: Instant::from_millis(1_000 + ms),
            nxt: START + read,
            read: START + read,
            wnd: 60_000,
            echo: echo.map(|(echo, age)| (echo, Duration::from_millis(age))),
            mss: MSS,
        }
    }

    fn with_rtt(ms: u64) -> Autotune {
        Autotune::new(&came(0, 0, None), Some(Duration::from_millis(ms)), 60_000)
    }

    /// 30,000 in a round, where ten segments were expected: 2 * 30,000 + 16,000 for the rate, and
    /// as it has tripled, four times as much again for the growth.
    #[test]
    fn the_buffer_is_twice_what_was_read_in_a_round_trip_and_more_while_that_grows() {
        let mut tuning = with_rtt(100);
        assert_eq!(tuning.on_text(&came(99, 29_000, None)), None, "the round is not over");
        assert_eq!(tuning.on_text(&came(100, 30_000, None)), Some(76_000 + 2 * 152_000));
        assert_eq!(tuning.space(), 30_000);
        assert_eq!(tuning.on_text(&came(200, 60_000, None)), None, "as much as before");
        let more = tuning.on_text(&came(300, 93_000, None));
        assert_eq!(more, Some(82_000 + 2 * 8_200), "a tenth more");
    }

    #[test]
    fn a_user_who_reads_slowly_gets_no_larger_buffer() {
        let mut tuning = with_rtt(10);
        for n in 1..100 {
            assert_eq!(tuning.on_text(&came(n * 10, n as u32 * 10_000, None)), None);
        }
    }

    #[test]
    fn echoes_tell_the_round_trip_and_a_second_of_the_same_stamp_does_not() {
        let mut tuning = Autotune::new(&came(0, 0, Some((7, 20))), None, 60_000);
        assert_eq!(tuning.rtt(), None);
        tuning.on_text(&came(20, 1_000, Some((8, 20))));
        assert_eq!(tuning.rtt(), Some(Duration::from_millis(20)));
        tuning.on_text(&came(30, 2_000, Some((8, 90))));
        assert_eq!(tuning.rtt(), Some(Duration::from_millis(20)));
        tuning.on_text(&came(40, 3_000, Some((9, 100))));
        assert_eq!(tuning.rtt(), Some(Duration::from_millis(30)));
    }

    #[test]
    fn without_timestamps_a_whole_window_takes_a_round_trip() {
        let mut tuning = Autotune::new(&came(0, 0, None), None, 60_000);
        tuning.on_text(&came(39, 59_000, None));
        assert_eq!(tuning.rtt(), None);
        tuning.on_text(&came(40, 60_000, None));
        assert_eq!(tuning.rtt(), Some(Duration::from_millis(40)));
        tuning.on_text(&came(90, 130_000, None));
        assert_eq!(tuning.rtt(), Some(Duration::from_millis(40)), "the shortest counts");
        tuning.on_text(&came(110, 190_000, None));
        assert_eq!(tuning.rtt(), Some(Duration::from_millis(20)));
    }
}
