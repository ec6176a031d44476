//! Through which doors does the world reach a connection?
//!
//! Four kinds, as everywhere in osier: `on_*` says that something happened; plain verbs are the
//! user's calls (RFC 9293 §3.9.1); `poll_*` and `next_deadline` hand out what is to be done; the
//! rest are getters. Feed a batch of inputs, drain [`Connection::poll_event`], then take
//! [`Connection::poll_transmit`] only while the device has room; then wait for the next input or
//! for [`Connection::next_deadline`]. An input never sends: it records what is owed, and
//! `transmit.rs` alone turns that into segments.

use crate::close::time_wait::TimeWait;
use crate::close::{self, abort};
use crate::config::{Config, KeepAlive, Nagle, Opening};
use crate::event::{Ending, Event, Events};
use crate::handshake::active::{Outcome, SynSent};
use crate::info::Info;
use crate::reason::{Notes, Reason};
use crate::segment::{Arrived, IcmpKind, Segment, Transmit};
use crate::segment_arrives;
use crate::state::State;
use crate::tcb::{Look, Tcb, User};
use crate::timers::Timer;
use crate::{path_mtu, timeout, transmit};
use bytes::Bytes;
use osier_time::{Duration, Instant};
use osier_wire::SeqNumber;

/// One TCP connection, from the first SYN that we send or the end of a passive handshake on.
#[derive(Clone, Debug)]
pub struct Connection {
    phase: Phase,
}

/// A type where the data differ.
#[derive(Clone, Debug)]
#[expect(clippy::large_enum_variant, reason = "nearly all connections are synchronized")]
enum Phase {
    /// Our SYN is unanswered.
    SynSent(SynSent),
    /// Both SYNs are known.
    Synchronized(Tcb),
    /// The attempt failed.
    Failed(Ending, Events),
}

/// What a read finds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Text<T> {
    /// Text.
    Got(T),
    /// Nothing now; [`Event::Readable`] will follow.
    NotYet,
    /// The end: the peer has closed and everything was read.
    End,
    /// There will be no more: the connection was broken off.
    Broken(Ending),
}

/// Why a write is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WriteError {
    /// We have closed: a FIN is queued or sent.
    Closing,
    /// The connection was broken off or has ended.
    Broken(Ending),
}

/// Events.
impl Connection {
    /// A segment arrived (RFC 9293 §3.10.7); its checksum is good and it belongs here.
    pub fn on_segment(
        &mut self,
        now: Instant,
        segment: Segment,
        arrived: Arrived,
        notes: &mut Notes,
    ) {
        match &mut self.phase {
            Phase::SynSent(syn_sent) => {
                let outcome = syn_sent.on_segment(now, segment, arrived, notes);
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
                    let outcome = syn_sent.on_unreachable(notes);
                    self.become_(outcome);
                }
                IcmpKind::Soft => notes.push(Reason::SoftError),
            },
            Phase::Synchronized(tcb)
                if quoted_seq.in_window(tcb.snd.una, tcb.snd.outstanding()) =>
            {
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

    /// The path takes TCP segments of at most `octets`, header included (RFC 1191, RFC 8201).
    pub fn on_path_mtu(&mut self, octets: u16, notes: &mut Notes) {
        match &mut self.phase {
            Phase::Synchronized(tcb) => path_mtu::on_path_mtu(tcb, octets, notes),
            Phase::SynSent(_) | Phase::Failed(..) => {}
        }
        self.check();
    }

    /// Time has reached [`Connection::next_deadline`].
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

/// Verbs.
impl Connection {
    /// Opens actively (RFC 9293 §3.9.1.1): the next transmit is a SYN.
    pub fn connect(now: Instant, config: &Config, opening: Opening, notes: &mut Notes) -> Self {
        Connection { phase: Phase::SynSent(SynSent::new(now, config, opening, notes)) }
    }

    pub(crate) fn from_handshake(tcb: Tcb) -> Self {
        let connection = Connection { phase: Phase::Synchronized(tcb) };
        connection.check();
        connection
    }

    /// Queues a copy of `text` and says how much was taken; 0 where the buffer is full, and
    /// [`Event::Writable`] will follow.
    ///
    /// # Errors
    /// [`WriteError`] once we have closed or the connection has ended.
    pub fn write(&mut self, text: &[u8]) -> Result<usize, WriteError> {
        let Some(tcb) = self.writable()? else { return Ok(0) };
        let taken = tcb.out.push_copy(text);
        took(tcb, taken);
        Ok(taken)
    }

    /// Queues `chunk` without a copy. Takes what fits from its front and says how much that was.
    ///
    /// # Errors
    /// As [`Connection::write`].
    pub fn write_chunk(&mut self, chunk: &mut Bytes) -> Result<usize, WriteError> {
        let Some(tcb) = self.writable()? else { return Ok(0) };
        let taken = tcb.out.push_chunk(chunk);
        took(tcb, taken);
        Ok(taken)
    }

    /// The record, where it takes text; `None` before the handshake is done.
    fn writable(&mut self) -> Result<Option<&mut Tcb>, WriteError> {
        match &mut self.phase {
            Phase::SynSent(_) => Ok(None),
            Phase::Failed(ending, _) => Err(WriteError::Broken(*ending)),
            Phase::Synchronized(tcb) => match tcb.ending {
                Some(Ending::InOrder) => Err(WriteError::Closing),
                Some(ending) => Err(WriteError::Broken(ending)),
                None if tcb.state().may_send() => Ok(Some(tcb)),
                None => Err(WriteError::Closing),
            },
        }
    }

    /// Copies text into `into`.
    pub fn read(&mut self, into: &mut [u8]) -> Text<usize> {
        self.take(|tcb| Some(tcb.text.read(into)))
    }

    /// Takes up to `max` octets of text, without a copy: a slice of the frame they came in.
    pub fn read_chunk(&mut self, max: usize) -> Text<Bytes> {
        self.take(|tcb| tcb.text.read_chunk(max))
    }

    /// Copies text into `into` and leaves it to be read again.
    pub fn peek(&self, into: &mut [u8]) -> Text<usize> {
        match &self.phase {
            Phase::Synchronized(tcb) if tcb.text.ready() > 0 => Text::Got(tcb.text.peek(into)),
            Phase::Synchronized(tcb) => nothing_to_read(tcb),
            Phase::SynSent(_) => Text::NotYet,
            Phase::Failed(ending, _) => Text::Broken(*ending),
        }
    }

    fn take<T>(&mut self, how: impl FnOnce(&mut Tcb) -> Option<T>) -> Text<T> {
        let tcb = match &mut self.phase {
            Phase::Synchronized(tcb) => tcb,
            Phase::SynSent(_) => return Text::NotYet,
            Phase::Failed(ending, _) => return Text::Broken(*ending),
        };
        if tcb.text.ready() == 0 {
            return nothing_to_read(tcb);
        }
        let taken = how(tcb);
        tell_of_room(tcb);
        taken.map_or(Text::NotYet, Text::Got)
    }

    /// We will write no more: queues a FIN behind what was written (RFC 9293 §3.9.1.4, CLOSE).
    pub fn close(&mut self, notes: &mut Notes) {
        match &mut self.phase {
            Phase::SynSent(syn_sent) => {
                let outcome = syn_sent.abort(notes);
                self.become_(outcome);
            }
            Phase::Synchronized(tcb) => close::close(tcb, notes),
            Phase::Failed(..) => {}
        }
        self.check();
    }

    /// The user is gone: closes, and resets where text is or will be left unread (RFC 1122
    /// §4.2.2.13). The connection ends by itself from here.
    pub fn release(&mut self, now: Instant, notes: &mut Notes) {
        match &mut self.phase {
            Phase::Synchronized(tcb) => close::release(tcb, now, notes),
            Phase::SynSent(_) | Phase::Failed(..) => self.close(notes),
        }
        self.check();
    }

    /// Breaks the connection off with a RST (RFC 9293 §3.9.1.5, ABORT).
    pub fn abort(&mut self, notes: &mut Notes) {
        match &mut self.phase {
            Phase::Synchronized(tcb) => abort::abort(tcb, notes),
            Phase::SynSent(_) | Phase::Failed(..) => self.close(notes),
        }
        self.check();
    }

    /// Turns Nagle's algorithm on or off (RFC 9293 §3.7.4 [MUST-17]).
    pub fn set_nagle(&mut self, nagle: Nagle) {
        match &mut self.phase {
            Phase::SynSent(syn_sent) => syn_sent.config_mut().nagle = nagle,
            Phase::Synchronized(tcb) => {
                tcb.settings.nagle = nagle;
                tcb.look_again();
            }
            Phase::Failed(..) => {}
        }
    }

    /// Turns keep-alive on or off (RFC 9293 §3.8.4 [MUST-24]).
    pub fn set_keep_alive(&mut self, now: Instant, setting: Option<KeepAlive>) {
        match &mut self.phase {
            Phase::SynSent(syn_sent) => syn_sent.config_mut().keep_alive = setting,
            Phase::Synchronized(tcb) => {
                tcb.liveness.keep_alive = setting;
                match tcb.liveness.first_alarm().filter(|_| tcb.ending.is_none()) {
                    Some(at) => tcb.timers.set(Timer::KeepAlive, at.max(now)),
                    None => tcb.timers.stop(Timer::KeepAlive),
                }
            }
            Phase::Failed(..) => {}
        }
    }

    /// How long sent text may stay unacknowledged before the connection is given up (RFC 5482);
    /// `None`: until R2.
    pub fn set_user_timeout(&mut self, now: Instant, limit: Option<Duration>) {
        match &mut self.phase {
            Phase::SynSent(syn_sent) => syn_sent.config_mut().user_timeout = limit,
            Phase::Synchronized(tcb) => {
                tcb.liveness.user_timeout = limit;
                match limit.filter(|_| tcb.snd.outstanding() > 0 && tcb.ending.is_none()) {
                    Some(limit) => tcb.timers.set(Timer::GiveUp, now + limit),
                    None => tcb.timers.stop(Timer::GiveUp),
                }
            }
            Phase::Failed(..) => {}
        }
    }
}

/// After a write: more to send, and perhaps a user who waits for room.
fn took(tcb: &mut Tcb, taken: usize) {
    if taken == 0 {
        tcb.user = User::WaitsForRoom;
    } else {
        tcb.look_again();
    }
    tcb.check();
}

fn nothing_to_read<T>(tcb: &Tcb) -> Text<T> {
    let peer_closed = tcb.rcv.fin.is_some_and(|fin| tcb.rcv.nxt.after(fin));
    match tcb.ending {
        _ if peer_closed => Text::End,
        Some(Ending::InOrder) => Text::End,
        Some(ending) => Text::Broken(ending),
        None => Text::NotYet,
    }
}

/// After a read: the peer should know of the room, where it is worth a segment [MUST-39].
fn tell_of_room(tcb: &mut Tcb) {
    let (free, limit) = (tcb.free(), tcb.settings.receive_buffer);
    let open = tcb.state().may_receive() && tcb.ending.is_none();
    if open && tcb.rcv.worth_telling(free, limit, u32::from(tcb.settings.rcv_mss)) {
        tcb.owe_ack();
    }
    tcb.check();
}

/// Actions.
impl Connection {
    /// The next segment to send, if any.
    pub fn poll_transmit(&mut self, now: Instant, notes: &mut Notes) -> Option<Transmit> {
        let transmit = match &mut self.phase {
            Phase::SynSent(syn_sent) => syn_sent.poll_transmit(now),
            Phase::Synchronized(tcb) => transmit::next(tcb, now, notes),
            Phase::Failed(..) => None,
        };
        self.check();
        transmit
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
    pub fn poll_event(&mut self) -> Option<Event> {
        match &mut self.phase {
            Phase::SynSent(_) => None,
            Phase::Synchronized(tcb) => tcb.events.pop(),
            Phase::Failed(_, events) => events.pop(),
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

    /// The numbers of the connection, as `ss -i` shows them; `None` before the handshake is done.
    pub fn info(&self) -> Option<Info> {
        match &self.phase {
            Phase::Synchronized(tcb) => Some(Info::of(tcb)),
            Phase::SynSent(_) | Phase::Failed(..) => None,
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

    /// The alarm that is due first, and when.
    pub fn next_timer(&self) -> Option<(Timer, Instant)> {
        match &self.phase {
            Phase::SynSent(syn_sent) => syn_sent.next_deadline().map(|at| (Timer::Retransmit, at)),
            Phase::Synchronized(tcb) => tcb.timers.first(),
            Phase::Failed(..) => None,
        }
    }
}
