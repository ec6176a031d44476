//! Why does the end that closed first wait, and what does it do meanwhile? (RFC 9293 §3.6.1,
//! §3.10.7.4; RFC 6191, RFC 1337)
//!
//! Two reasons. Our last acknowledgment may be lost: then the peer's FIN comes again and somebody
//! must answer. And segments of this connection may still wander about: while we hold the pair of
//! sockets, none of them can be taken for one of a new connection. RFC 9293 says 2 MSL, four
//! minutes; Linux waits 60 s, and that is our default.
//!
//! A RST does not end the wait (RFC 1337, "assassination"). // Linux differs: it does, unless
//! net.ipv4.tcp_rfc1337 is set.

use crate::config::Config;
use crate::event::{Ending, Event};
use crate::reason::{Notes, Reason};
use crate::segment::{Segment, Transmit};
use crate::state::{Arrow, State};
use crate::tcb::{Due, Tcb};
use crate::timestamps::value_at;
use osier_time::{Duration, Instant};
use osier_wire::SeqNumber;
use osier_wire::tcp::{Flags, Timestamps};

/// TIME-WAIT as a value of its own: 24 octets, since there may be many.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TimeWait {
    /// In milliseconds, rounded up, on a circle of 49 days.
    deadline: u32,
    snd_nxt: SeqNumber,
    rcv_nxt: SeqNumber,
    /// TS.Recent and our offset, where timestamps were agreed on.
    ts_recent: u32,
    ts_offset: u32,
    /// The window field of our acknowledgments.
    window: u16,
    stamps: Stamps,
    ack: Due,
}

/// Whether timestamps were agreed on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stamps {
    Agreed,
    None,
}

/// No TIME-WAIT lasts longer: half of the circle on which its end is kept.
const LONGEST: Duration = Duration::from_secs(24 * 24 * 3_600);

/// What a connection in TIME-WAIT makes of a segment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TimeWaitVerdict {
    /// It stays; `poll_transmit` may have an answer, and the deadline may have moved.
    Stays,
    /// A new SYN beyond everything that the old connection used (RFC 9293 §3.10.7.4 [MAY-2], RFC
    /// 6191): forget this and give the segment to the listener, with an ISS above
    /// [`TimeWait::snd_nxt`].
    Reopen,
}

/// The record enters TIME-WAIT: it has ended for its user, and its owner keeps a [`TimeWait`].
pub(crate) fn enter(tcb: &mut Tcb) {
    let ack = tcb.owed.ack;
    tcb.settle(Ending::InOrder);
    tcb.owed.ack = ack;
    tcb.events.push(Event::TimeWait);
}

impl TimeWait {
    /// What is to be kept of a record in TIME-WAIT; `None` in any other state.
    pub(crate) fn of(tcb: &mut Tcb, now: Instant) -> Option<TimeWait> {
        if tcb.state() != State::TimeWait {
            return None;
        }
        let window = tcb.rcv.wnd() >> tcb.rcv.scale();
        let (ts_recent, ts_offset) = tcb.clock.as_ref().map_or((0, 0), |clock| clock.remember());
        Some(TimeWait {
            deadline: end_of(now, tcb.settings.time_wait),
            snd_nxt: tcb.snd.nxt,
            rcv_nxt: tcb.rcv.nxt,
            ts_recent,
            ts_offset,
            window: window.min(0xFFFF) as u16,
            stamps: if tcb.clock.is_some() { Stamps::Agreed } else { Stamps::None },
            ack: core::mem::take(&mut tcb.owed.ack),
        })
    }

    /// A segment of the old connection arrived, or a SYN for a new one.
    pub fn on_segment(
        &mut self,
        now: Instant,
        segment: &Segment,
        config: &Config,
        notes: &mut Notes,
    ) -> TimeWaitVerdict {
        if segment.rst() {
            notes.push(Reason::StrayIgnored);
            return TimeWaitVerdict::Stays;
        }
        if self.may_reopen(segment) {
            notes.push(Reason::Moved { arrow: Arrow::TimeWaitOver });
            return TimeWaitVerdict::Reopen;
        }
        let (seq, len) = (segment.seq, segment.len());
        if segment.fin() && segment.end() == self.rcv_nxt {
            // RFC 9293 §3.10.7.4 eighth, TIME-WAIT: the FIN again. Restart the 2 MSL.
            notes.push(Reason::OldDuplicate { seq, len });
            self.deadline = end_of(now, config.time_wait);
            self.ack = Due::Now;
        } else if len > 0 || seq != self.rcv_nxt {
            notes.push(Reason::OutsideWindow { seq, len });
            self.ack = Due::Now;
        }
        TimeWaitVerdict::Stays
    }

    /// Whether a SYN is surely newer than the old connection: by its sequence number, or by its
    /// timestamp (RFC 6191 §2).
    fn may_reopen(&self, segment: &Segment) -> bool {
        let newer_stamp = match (self.stamps, segment.options.timestamps) {
            (Stamps::Agreed, Some(theirs)) => {
                let ahead = theirs.value.wrapping_sub(self.ts_recent) as i32;
                if ahead < 0 {
                    return false;
                }
                ahead > 0
            }
            _ => false,
        };
        segment.flags.contains(Flags::SYN)
            && !segment.has_ack()
            && (newer_stamp || segment.seq.after(self.rcv_nxt))
    }

    /// The acknowledgment of a FIN, first or repeated, if one is owed.
    pub fn poll_transmit(&mut self, now: Instant) -> Option<Transmit> {
        if core::mem::take(&mut self.ack) == Due::No {
            return None;
        }
        let mut segment = Segment {
            seq: self.snd_nxt,
            ack: self.rcv_nxt,
            flags: Flags::ACK,
            window: self.window,
            ..Segment::default()
        };
        if self.stamps == Stamps::Agreed {
            let (value, echo) = (value_at(now, self.ts_offset), self.ts_recent);
            segment.options.timestamps = Some(Timestamps { value, echo });
        }
        Some(Transmit { segment, dont_fragment: true, ..Transmit::default() })
    }

    /// Whether [`TimeWait::poll_transmit`] has something.
    pub fn wants_transmit(&self) -> bool {
        self.ack == Due::Now
    }

    /// When it is over, in whole milliseconds; `now` is any time within 24 days of that.
    pub fn deadline(&self, now: Instant) -> Instant {
        let now = now.as_millis();
        let ahead = self.deadline.wrapping_sub(now as u32) as i32;
        Instant::from_millis(now.saturating_add_signed(i64::from(ahead)))
    }

    /// Whether a connection of ours may take the place of this one (Linux: `tcp_tw_reuse`): by
    /// their timestamps the peer tells the segments of the two apart, where more than a second
    /// lies between them (RFC 6191 §2).
    pub fn may_be_replaced(&self, now: Instant, config: &Config) -> bool {
        let began = self.deadline(now) - config.time_wait.min(LONGEST);
        self.stamps == Stamps::Agreed && now - began > Duration::from_secs(1)
    }

    /// SND.NXT of the old connection: the ISS of its successor must lie beyond it.
    pub fn snd_nxt(&self) -> SeqNumber {
        self.snd_nxt
    }

    /// RCV.NXT of the old connection.
    pub fn rcv_nxt(&self) -> SeqNumber {
        self.rcv_nxt
    }
}

fn end_of(now: Instant, lasts: Duration) -> u32 {
    let end = now + lasts.min(LONGEST);
    (end.as_nanos().div_ceil(1_000_000)) as u32
}

#[cfg(test)]
mod tests {
    use super::{LONGEST, Stamps, TimeWait, end_of};
    use crate::config::Config;
    use crate::tcb::Due;
    use osier_time::{Duration, Instant};
    use osier_wire::SeqNumber;

    fn at(now: Instant, lasts: Duration, stamps: Stamps) -> TimeWait {
        TimeWait {
            deadline: end_of(now, lasts),
            snd_nxt: SeqNumber(1),
            rcv_nxt: SeqNumber(2),
            ts_recent: 0,
            ts_offset: 0,
            window: 0,
            stamps,
            ack: Due::No,
        }
    }

    #[test]
    fn it_takes_24_octets() {
        assert_eq!(size_of::<TimeWait>(), 24);
    }

    #[test]
    fn the_end_is_kept_across_the_wrap_of_its_circle_and_never_early() {
        let wrap = u64::from(u32::MAX) * 1_000_000;
        for nanos in [0, 1, 999_999, wrap - 1, wrap, wrap + 5, 7 * wrap - 30_000_000_000] {
            let now = Instant::from_nanos(nanos);
            for lasts in [Duration::from_secs(60), Duration::from_millis(1), LONGEST / 2] {
                let wait = at(now, lasts, Stamps::None);
                let late = wait.deadline(now) - (now + lasts);
                assert!(wait.deadline(now) >= now + lasts, "{now} {lasts}");
                assert!(late < Duration::from_millis(1), "{late}");
                assert_eq!(wait.deadline(now + lasts), wait.deadline(now));
            }
        }
    }

    #[test]
    fn only_timestamps_and_a_second_make_it_replaceable() {
        let (now, config) = (Instant::from_secs(100), Config::default());
        let with = at(now, config.time_wait, Stamps::Agreed);
        let without = at(now, config.time_wait, Stamps::None);
        for (millis, expected) in [(0, false), (1_000, false), (1_002, true), (59_000, true)] {
            let later = now + Duration::from_millis(millis);
            assert_eq!(with.may_be_replaced(later, &config), expected, "after {millis} ms");
            assert!(!without.may_be_replaced(later, &config));
        }
    }
}
