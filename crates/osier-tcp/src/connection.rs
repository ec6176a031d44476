//! Through which doors does the world reach a connection?
//!
//! Four kinds, as everywhere in osier: `on_*` says that something happened; plain verbs are the
//! user's calls (RFC 9293 §3.9.1), in `calls.rs`; `poll_*` and `next_deadline` hand out what is to
//! be done; the
//! rest are getters.
//!
//! Feed a batch of inputs, drain [`Connection::poll_event`], then take
//! [`Connection::poll_transmit`] only while the device has room; then wait for the next input or
//! for [`Connection::next_deadline`]. An input never sends: it records what is owed, and
//! `transmit.rs` alone turns that into segments.

mod calls;
mod completed;
mod look;
mod options;
mod texts;

pub use calls::{End, Text, WriteError};

use crate::close::time_wait::TimeWait;
use crate::event::{Ending, Event, Events, Trouble};
use crate::handshake::active::{Outcome, SynSent};
use crate::handshake::fast_open::FastOpened;
use crate::info::TcpInfo;
use crate::reason::{Notes, Reason};
use crate::segment::{Arrived, Belief, IcmpKind, Segment, Transmit};
use crate::segment_arrives;
use crate::state::State;
use crate::tcb::{Look, Tcb};
use crate::timers::Timer;
use crate::{path_mtu, room, timeout, transmit};
use alloc::boxed::Box;
use osier_time::Instant;
use osier_wire::SeqNumber;

/// One TCP connection, from the first SYN that we send or the end of a passive handshake on.
#[derive(Clone, Debug)]
pub struct Connection {
    phase: Phase,
    /// What the handshake has shown of Fast Open, until it is taken.
    fast_opened: Option<Box<FastOpened>>,
}

/// A type where the data differ. They lie apart: they are large, and of the different sizes only
/// one is needed at a time.
#[derive(Clone, Debug)]
enum Phase {
    /// Our SYN is unanswered.
    SynSent(Box<SynSent>),
    /// Both SYNs are known.
    Synchronized(Box<Tcb>),
    /// The attempt failed.
    Failed(Ending, Events),
}

/// What a connection wants of its owner: see the doors of these names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Wants {
    /// Whether [`Connection::poll_event`] has something.
    pub events: bool,
    /// [`Connection::wants_transmit`].
    pub transmit: bool,
    /// [`Connection::next_deadline`], or earlier.
    pub deadline: Option<Instant>,
}

/// Events.
impl Connection {
    /// A segment arrived (RFC 9293 §3.10.7); its checksum is good and it belongs here. Takes what
    /// it needs out of it, in the first place the text.
    #[inline]
    pub fn on_segment(
        &mut self,
        now: Instant,
        segment: &mut Segment,
        arrived: Arrived,
        notes: &mut Notes,
    ) {
        match &mut self.phase {
            Phase::SynSent(syn_sent) => {
                let segment = core::mem::take(segment);
                let fast_opened = syn_sent.fast_opened(&segment);
                let outcome = syn_sent.on_segment(now, segment, arrived, notes);
                if matches!(outcome, Outcome::Opened(_)) {
                    self.fast_opened = fast_opened.map(Box::new);
                }
                self.become_(outcome);
            }
            Phase::Synchronized(tcb) if tcb.ending.is_none() => {
                segment_arrives::segment_arrives(tcb, now, segment, arrived, notes);
            }
            Phase::Synchronized(_) | Phase::Failed(..) => {}
        }
        self.check();
    }

    /// An ICMP error quotes a segment of ours whose SEG.SEQ was `quoted_seq`. It counts only if
    /// that segment is in flight, and ends only an attempt to connect (RFC 5927 §4, RFC 5461 §4).
    pub fn on_icmp(&mut self, kind: IcmpKind, quoted_seq: SeqNumber, notes: &mut Notes) {
        match &mut self.phase {
            Phase::SynSent(syn_sent) if quoted_seq == syn_sent.iss() => match kind {
                IcmpKind::Hard => {
                    let outcome = syn_sent.on_refusal(notes);
                    self.become_(outcome);
                }
                IcmpKind::Soft => syn_sent.on_soft_error(notes),
            },
            Phase::Synchronized(tcb)
                if quoted_seq.in_window(tcb.snd.una, tcb.snd.outstanding()) =>
            {
                tcb.events.push(Event::Trouble(Trouble::Unreachable));
                notes.push(Reason::SoftError);
            }
            Phase::SynSent(_) | Phase::Synchronized(_) | Phase::Failed(..) => {
                notes.push(Reason::IcmpOutsideFlight);
            }
        }
    }

    /// The host knows that the peer cannot be reached: nobody on the link answers for the next
    /// hop. Ends an attempt to connect; an open connection goes on hoping.
    pub fn on_unreachable(&mut self, notes: &mut Notes) {
        if let Phase::SynSent(syn_sent) = &self.phase {
            let outcome = syn_sent.on_unreachable(notes);
            self.become_(outcome);
        }
    }

    /// The path takes TCP segments of at most `octets`, header included (RFC 1191, RFC 8201). A
    /// router says so and quotes a segment of ours whose SEG.SEQ was `quoted_seq`: it is believed
    /// only if that is in flight (RFC 5927 §4.1). `None`: the host knows it.
    pub fn on_path_mtu(
        &mut self,
        octets: u16,
        quoted_seq: Option<SeqNumber>,
        notes: &mut Notes,
    ) -> Belief {
        let in_flight = match (&self.phase, quoted_seq) {
            (Phase::Failed(..), _) => false,
            (_, None) => true,
            (Phase::SynSent(syn_sent), Some(seq)) => seq == syn_sent.iss(),
            (Phase::Synchronized(tcb), Some(seq)) => {
                seq.in_window(tcb.snd.una, tcb.snd.outstanding())
            }
        };
        if !in_flight {
            notes.push(Reason::IcmpOutsideFlight);
            return Belief::Ignored;
        }
        if let Phase::Synchronized(tcb) = &mut self.phase {
            path_mtu::on_path_mtu(tcb, octets, notes);
        }
        self.check();
        Belief::Believed
    }

    /// Time has reached [`Connection::next_deadline`], or [`Wants::deadline`].
    pub fn on_deadline(&mut self, now: Instant, notes: &mut Notes) {
        match &mut self.phase {
            Phase::SynSent(syn_sent) => {
                let outcome = syn_sent.on_deadline(now, notes);
                self.become_(outcome);
            }
            Phase::Synchronized(tcb) => timeout::on_deadline(tcb, now, notes),
            Phase::Failed(..) => {}
        }
        self.check();
    }

    /// The connection that a handshake has made.
    fn synchronized(record: Box<Tcb>) -> Connection {
        let connection = Connection { phase: Phase::Synchronized(record), fast_opened: None };
        connection.check();
        connection
    }

    fn become_(&mut self, outcome: Outcome) {
        match outcome {
            Outcome::Stays => {}
            Outcome::Opened(tcb) => self.phase = Phase::Synchronized(tcb),
            Outcome::Ended(ending) => {
                let mut events = Events::default();
                events.push(Event::Closed(ending));
                self.phase = Phase::Failed(ending, events);
            }
        }
    }

    /// The invariants of the record, after every door (debug builds).
    fn check(&self) {
        if let Phase::Synchronized(tcb) = &self.phase {
            tcb.check();
        }
    }
}

/// Actions.
impl Connection {
    /// The next segment to send, if any.
    pub fn poll_transmit(&mut self, now: Instant, notes: &mut Notes) -> Option<Transmit> {
        let mut out = Transmit::default();
        self.poll_transmit_into(now, &mut out, notes).then_some(out)
    }

    /// [`Connection::poll_transmit`] in place: writes the segment into `out`, which must be empty,
    /// and says whether there is one. For whoever sends many: a transmit is too large to be handed
    /// around.
    #[inline]
    pub fn poll_transmit_into(
        &mut self,
        now: Instant,
        out: &mut Transmit,
        notes: &mut Notes,
    ) -> bool {
        let found = match &mut self.phase {
            Phase::SynSent(syn_sent) => syn_sent.poll_transmit(now, out),
            Phase::Synchronized(tcb) => transmit::next(tcb, now, out, notes),
            Phase::Failed(..) => false,
        };
        self.check();
        found
    }

    /// All that the owner looks at after each door, in one go.
    #[inline(always)]
    pub fn wants(&self) -> Wants {
        match &self.phase {
            Phase::Synchronized(tcb) => Wants {
                events: tcb.events.any(),
                transmit: tcb.owed.look == Look::Again,
                deadline: tcb.timers.soonest(),
            },
            Phase::SynSent(syn_sent) => Wants {
                events: syn_sent.is_troubled(),
                transmit: self.wants_transmit(),
                deadline: self.next_deadline(),
            },
            Phase::Failed(_, events) => {
                Wants { events: events.any(), transmit: self.wants_transmit(), deadline: None }
            }
        }
    }

    /// Whether [`Connection::poll_transmit`] may have something: cheap, and `false` is certain.
    pub fn wants_transmit(&self) -> bool {
        match &self.phase {
            Phase::SynSent(syn_sent) => syn_sent.wants_transmit(),
            Phase::Synchronized(tcb) => tcb.owed.look == Look::Again,
            Phase::Failed(..) => false,
        }
    }

    /// The next event, if any.
    #[inline]
    pub fn poll_event(&mut self) -> Option<Event> {
        match &mut self.phase {
            Phase::SynSent(syn_sent) => syn_sent.take_trouble().map(Event::Trouble),
            Phase::Synchronized(tcb) => tcb.events.pop(),
            Phase::Failed(_, events) => events.pop(),
        }
    }

    /// Takes all events that wait.
    #[inline]
    pub fn take_events(&mut self) -> Events {
        match &mut self.phase {
            Phase::Synchronized(tcb) => tcb.events.take_all(),
            Phase::Failed(_, events) => events.take_all(),
            Phase::SynSent(syn_sent) => syn_sent.take_trouble().into_iter().collect(),
        }
    }

    /// Takes [`Event::Readable`] where it is all that waits, which it nearly always is; says
    /// whether it did.
    #[inline]
    pub fn take_readable(&mut self) -> bool {
        match &mut self.phase {
            Phase::Synchronized(tcb) => tcb.events.take_readable(),
            Phase::SynSent(_) | Phase::Failed(..) => false,
        }
    }

    /// When [`Connection::on_deadline`] is to be called, if ever.
    pub fn next_deadline(&self) -> Option<Instant> {
        match &self.phase {
            Phase::SynSent(syn_sent) => syn_sent.next_deadline(),
            Phase::Synchronized(tcb) => tcb.timers.next_deadline(),
            Phase::Failed(..) => None,
        }
    }

    /// After [`Event::TimeWait`]: what the owner keeps in the connection's place, with the
    /// acknowledgment that is still owed.
    pub fn time_wait(&mut self, now: Instant) -> Option<TimeWait> {
        match &mut self.phase {
            Phase::Synchronized(tcb) => TimeWait::of(tcb, now),
            Phase::SynSent(_) | Phase::Failed(..) => None,
        }
    }
}

/// Getters.
impl Connection {
    /// The state (RFC 9293 §3.3.2).
    pub fn state(&self) -> State {
        match &self.phase {
            Phase::SynSent(_) => State::SynSent,
            Phase::Synchronized(tcb) => tcb.state(),
            Phase::Failed(..) => State::Closed,
        }
    }

    /// How the connection ended, once it has.
    pub fn ending(&self) -> Option<Ending> {
        match &self.phase {
            Phase::SynSent(_) => None,
            Phase::Synchronized(tcb) => tcb.ending,
            Phase::Failed(ending, _) => Some(*ending),
        }
    }

    /// The numbers of the connection, as `ss -i` shows them (TCP_INFO); `None` where the attempt
    /// to connect has failed.
    pub fn info(&self, now: Instant) -> Option<TcpInfo> {
        match &self.phase {
            Phase::Synchronized(tcb) => Some(TcpInfo::of(tcb, now)),
            Phase::SynSent(syn_sent) => Some(syn_sent.info()),
            Phase::Failed(..) => None,
        }
    }

    /// The name of its congestion control, as Linux writes it.
    pub fn congestion_name(&self) -> &'static str {
        match &self.phase {
            Phase::Synchronized(tcb) => tcb.congestion.name(),
            Phase::SynSent(_) | Phase::Failed(..) => "",
        }
    }

    /// Octets that wait to be read.
    pub fn readable(&self) -> u32 {
        match &self.phase {
            Phase::Synchronized(tcb) => tcb.text.ready(),
            Phase::SynSent(_) | Phase::Failed(..) => 0,
        }
    }

    /// Octets that were written and are not acknowledged.
    pub fn unacknowledged(&self) -> u32 {
        match &self.phase {
            Phase::Synchronized(tcb) => tcb.out.len(),
            Phase::SynSent(_) | Phase::Failed(..) => 0,
        }
    }

    /// Octets that [`Connection::write`] would take now.
    pub fn room(&self) -> u32 {
        match &self.phase {
            Phase::Synchronized(tcb) if tcb.ending.is_none() && tcb.state().may_send() => {
                room::to_write(tcb)
            }
            Phase::Synchronized(_) | Phase::SynSent(_) | Phase::Failed(..) => 0,
        }
    }

    /// Whether so little waits to be sent that the user may be asked for more
    /// (TCP_NOTSENT_LOWAT).
    pub fn wants_text(&self) -> bool {
        match &self.phase {
            Phase::Synchronized(tcb) => room::is_low(tcb),
            Phase::SynSent(_) | Phase::Failed(..) => true,
        }
    }

    /// The alarm that is due first, and when.
    pub fn next_timer(&self) -> Option<(Timer, Instant)> {
        match &self.phase {
            Phase::SynSent(syn_sent) => syn_sent.next_deadline().map(|at| (Timer::Retransmit, at)),
            Phase::Synchronized(tcb) => tcb.timers.first(),
            Phase::Failed(..) => None,
        }
    }
    /// When an alarm is due, where it is set.
    pub fn alarm(&self, timer: Timer) -> Option<Instant> {
        match &self.phase {
            Phase::SynSent(_) => {
                self.next_timer().filter(|next| next.0 == timer).map(|next| next.1)
            }
            Phase::Synchronized(tcb) => tcb.timers.get(timer),
            Phase::Failed(..) => None,
        }
    }
}
