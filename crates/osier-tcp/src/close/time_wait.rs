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
use osier_time::Instant;
use osier_wire::SeqNumber;
use osier_wire::tcp::{Flags, Timestamps};

/// TIME-WAIT as a value of its own: small, since there may be many.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TimeWait {
    deadline: Instant,
    snd_nxt: SeqNumber,
    rcv_nxt: SeqNumber,
    /// The window field of our acknowledgments.
    window: u16,
    /// TS.Recent and our offset, where timestamps were agreed on.
    clock: Option<(u32, u32)>,
    ack: Due,
}

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
        Some(TimeWait {
            deadline: now + tcb.settings.time_wait,
            snd_nxt: tcb.snd.nxt,
            rcv_nxt: tcb.rcv.nxt,
            window: window.min(0xFFFF) as u16,
            clock: tcb.clock.as_ref().map(|clock| clock.remember()),
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
            self.deadline = now + config.time_wait;
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
        let newer_stamp = match (self.clock, segment.options.timestamps) {
            (Some((recent, _)), Some(theirs)) => {
                let ahead = theirs.value.wrapping_sub(recent) as i32;
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
        segment.options.timestamps = self
            .clock
            .map(|(recent, offset)| Timestamps { value: value_at(now, offset), echo: recent });
        Some(Transmit { segment, dont_fragment: true, ..Transmit::default() })
    }

    /// Whether [`TimeWait::poll_transmit`] has something.
    pub fn wants_transmit(&self) -> bool {
        self.ack == Due::Now
    }

    /// When it is over.
    pub fn deadline(&self) -> Instant {
        self.deadline
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
