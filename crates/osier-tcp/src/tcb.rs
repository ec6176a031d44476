//! What is there to know of a synchronized connection? (RFC 9293 §3.3.1, the Transmission Control
//! Block)
//!
//! A record made of parts, each with its own file and its own rules. It makes no decisions; the
//! one thing it guards is the state, which [`Tcb::enter`] alone changes, along a legal arrow.
//! [`Tcb::check`] states the invariants that hold after every door.

pub(crate) mod ecn;
mod owed;
mod settings;

pub(crate) use owed::{Due, Fin, Look, Owed, Probe, Reset};
pub(crate) use settings::{OpenedBy, Settings};

use crate::config::{Buffer, Config, Opening, Profile};
use crate::congestion::{Congestion, Start};
use crate::event::{Ending, Event, Events};
use crate::keepalive::Liveness;
use crate::options::{Agreed, TIMESTAMPS_LEN};
use crate::reason::{Notes, Reason};
use crate::receive;
use crate::receive::delayed_ack::DelayedAck;
use crate::receive::reassembly::Reassembly;
use crate::receive::sack_blocks::SackHistory;
use crate::recovery::{Measure, Recovery, SackUse};
use crate::segment::Memory;
use crate::send;
use crate::send::nagle::SmallSegment;
use crate::send::persist::Persist;
use crate::send::search;
use crate::state::{Arrow, State};
use crate::tally::{Caller, Tally};
use crate::timers::Timers;
use crate::timestamps::Clock;
use alloc::boxed::Box;
use osier_time::Instant;
use osier_wire::SeqNumber;

/// RFC 6928 §2: octets of the initial window at most, where two segments are not more.
const INITIAL_WINDOW_OCTETS: u32 = 14_600;

/// The receive buffer of a host that is short of memory: a few segments, so that all may go on.
const SHORT_BUFFER: u32 = 16 << 10;

/// The record of a connection.
#[derive(Clone, Debug)]
pub(crate) struct Tcb {
    state: State,
    /// SND.UNA and its kin.
    pub(crate) snd: send::window::Window,
    /// RCV.NXT and its kin.
    pub(crate) rcv: receive::window::Window,
    /// What the user wrote and the peer has not acknowledged.
    pub(crate) out: send::buffer::Buffer,
    /// What the peer sent and the user has not read.
    pub(crate) text: Reassembly,
    /// When the next acknowledgment is due.
    pub(crate) delayed_ack: DelayedAck,
    /// What was received out of order, most recent first; `None`: SACK was not agreed on.
    pub(crate) sack: Option<SackHistory>,
    /// What is in flight, what of it is lost, and how long an answer takes.
    pub(crate) recovery: Recovery,
    /// How much may be in flight.
    pub(crate) congestion: Congestion,
    /// The latest segment that was not full (Nagle in Minshall's form).
    pub(crate) small: SmallSegment,
    /// Probing of a closed window.
    pub(crate) persist: Persist,
    /// Probing of a silent peer, and when to stop hoping.
    pub(crate) liveness: Liveness,
    /// Timestamps, where agreed on.
    pub(crate) clock: Option<Clock>,
    /// The alarms.
    pub(crate) timers: Timers,
    /// What the owner has not been told yet.
    pub(crate) events: Events,
    /// What is to be sent.
    pub(crate) owed: Owed,
    /// How the user stands to the connection.
    pub(crate) user: User,
    /// How it ended, once it has.
    pub(crate) ending: Option<Ending>,
    /// The settings that outlive the handshake.
    pub(crate) settings: Settings,
    /// What was sent and received, all told.
    pub(crate) tally: Tally,
}

/// How the user stands to the connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum User {
    /// Holds it.
    Present,
    /// Holds it and waits for room to write.
    WaitsForRoom,
    /// Has let go of it.
    Gone,
}

/// What a handshake, of either kind, leaves behind.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Birth<'a> {
    /// Now.
    pub(crate) now: Instant,
    /// The arrow by which the record comes to be.
    pub(crate) state: State,
    /// ISS and timestamp offset.
    pub(crate) opening: Opening,
    /// IRS.
    pub(crate) irs: SeqNumber,
    /// TSval of the peer's SYN.
    pub(crate) ts_recent: u32,
    /// What the SYNs agreed on.
    pub(crate) agreed: Agreed,
    /// When our SYN or SYN,ACK was last sent; `None`: nobody remembers (a cookie).
    pub(crate) syn_sent_at: Option<Instant>,
    /// How often it was sent again.
    pub(crate) syn_attempts: u8,
    /// The settings.
    pub(crate) config: &'a Config,
}

impl Tcb {
    /// A record after both SYNs have been seen; ours is sent and unacknowledged.
    pub(crate) fn new(birth: &Birth<'_>) -> Box<Tcb> {
        let Birth { now, state, opening, irs, ts_recent, agreed, config, .. } = *birth;
        let scales = agreed.scales;
        let (mss, search) = search::at_birth(now, &config.sending.mtu_probing, agreed.mss);
        let scale = scales.map_or(0, |scales| scales.snd);
        let mut snd = send::window::Window::new(opening.iss, scale, mss, now);
        (snd.nxt, snd.search) = (opening.iss + 1, search);
        let rcv_scale = scales.map_or(0, |scales| scales.rcv);
        let promised = first_window(config);
        let stamps = if agreed.offer.timestamps { TIMESTAMPS_LEN } else { 0 };
        let sack = if agreed.offer.sack { SackUse::On } else { SackUse::Off };
        let text_mss = u32::from(mss) - stamps;
        let clock =
            agreed.offer.timestamps.then(|| Clock::new(now, opening.ts_offset, ts_recent, irs + 1));
        // Memory first: what is written is written where it stays.
        let place = Box::new_uninit();
        let record = Tcb {
            state,
            snd,
            rcv: receive::window::Window::new(irs, promised, rcv_scale),
            out: send::buffer::Buffer::new(first_send_buffer(config, text_mss)),
            // What the rounding of a scaled window promises beyond the buffer is kept, too.
            text: Reassembly::new(config.receive_buffer.first() + ((1 << rcv_scale) - 1)),
            delayed_ack: DelayedAck::new(),
            sack: agreed.offer.sack.then(SackHistory::new),
            recovery: Recovery::new(config.rto, sack),
            congestion: Congestion::new(config.congestion, start_of(birth, text_mss)),
            small: SmallSegment::default(),
            persist: Persist::new(),
            liveness: Liveness::new(now, config.keep_alive, config.user_timeout),
            clock,
            timers: Timers::new(),
            events: Events::default(),
            owed: Owed::default(),
            user: User::Present,
            ending: None,
            settings: Settings::of(config, agreed.offer, opened_by(state)),
            tally: Tally::new(now, caller_of(birth)),
        };
        let mut tcb = Box::write(place, record);
        tcb.begin(birth);
        tcb
    }

    /// What is already under way at birth is written down in place: a record is large to move.
    fn begin(&mut self, birth: &Birth<'_>) {
        if birth.config.profile == Profile::Rfc {
            self.congestion.keep_to_rfcs();
        }
        send_syn(&mut self.recovery, birth);
        if self.congestion.models_path() {
            self.recovery.measure(birth.now, Measure::Yes);
        }
    }

    /// The state.
    pub(crate) fn state(&self) -> State {
        self.state
    }

    /// Takes an arrow of figure 5: the only place where a state is stored.
    pub(crate) fn enter(&mut self, arrow: Arrow, notes: &mut Notes) {
        assert_eq!(self.state, arrow.from(), "{arrow} does not start here");
        self.state = arrow.to();
        notes.push(Reason::Moved { arrow });
    }

    /// Octets of text that fit into a segment with the options that every segment carries.
    pub(crate) fn text_mss(&self) -> u32 {
        u32::from(self.snd.mss) - if self.clock.is_some() { TIMESTAMPS_LEN } else { 0 }
    }

    /// Octets of the receive buffer that are free from RCV.NXT on. Text behind a hole lies there:
    /// it takes nothing off.
    pub(crate) fn free(&self) -> u32 {
        let buffer = match self.settings.memory {
            Memory::Plenty => self.settings.receive_buffer,
            Memory::Short | Memory::Tight => self.settings.receive_buffer.min(SHORT_BUFFER),
            Memory::Full => 0,
        };
        buffer.saturating_sub(self.text.ready())
    }

    /// The receive buffer is to have so many octets, where it may.
    pub(crate) fn grow_receive_buffer(&mut self, octets: u32) {
        let octets = octets.min(self.settings.receive_max);
        if octets > self.settings.receive_buffer {
            self.settings.receive_buffer = octets;
            self.text.set_limit(octets + ((1 << self.rcv.scale()) - 1));
        }
    }

    /// The sequence number of the next octet that the user reads.
    pub(crate) fn read_up_to(&self) -> SeqNumber {
        let fin = u32::from(self.rcv.fin.is_some_and(|fin| self.rcv.nxt.after(fin)));
        self.rcv.nxt - self.text.ready() - fin
    }

    /// Octets of memory that the connection holds for what it sends and receives.
    #[inline(always)]
    pub(crate) fn memory(&self) -> u32 {
        self.text.pinned() + self.out.len() + self.recovery.memory()
    }

    /// Text that is queued and has never been sent.
    #[inline]
    pub(crate) fn unsent(&self) -> u32 {
        self.out.unsent()
    }

    /// Whether the peer has acknowledged our FIN.
    pub(crate) fn fin_is_acked(&self) -> bool {
        matches!(self.owed.fin, Fin::Sent(at) if self.snd.una.after(at))
    }

    /// Records that text, FIN or acknowledgments may have to be sent.
    pub(crate) fn look_again(&mut self) {
        self.owed.look = Look::Again;
    }

    /// Records that what waits, if anything does, may now go.
    #[inline(always)]
    pub(crate) fn look_if_waiting(&mut self) {
        if self.has_work() {
            self.look_again();
        }
    }

    /// Whether anything is owed, lost or unsent, whether or not it may go now.
    #[inline]
    pub(crate) fn has_work(&self) -> bool {
        let owed = &self.owed;
        owed.ack == Due::Now
            || owed.fin == Fin::Queued
            || self.unsent() > 0
            || self.recovery.has_lost()
            || owed.syn_ack == Due::Now
            || owed.probe.is_some()
            || owed.reset.is_some()
    }

    /// Records that an acknowledgment is due at once.
    pub(crate) fn owe_ack(&mut self) {
        self.owed.ack = Due::Now;
        self.look_again();
    }

    /// Ends the connection here and now: nothing is sent any more but a RST that is owed.
    pub(crate) fn end(&mut self, ending: Ending, notes: &mut Notes) {
        if let Some(arrow) = Arrow::end_of(self.state) {
            self.enter(arrow, notes);
        }
        self.settle(ending);
    }

    /// Records how it ended, and lets go of all that is no longer needed. Text that arrived stays
    /// to be read.
    pub(crate) fn settle(&mut self, ending: Ending) {
        self.ending = Some(ending);
        self.timers.stop_all();
        self.out = send::buffer::Buffer::new(0);
        self.owed.ack = Due::No;
        self.owed.probe = None;
        self.events.push(Event::Readable);
        self.events.push(Event::Closed(ending));
    }

    /// What must hold after every door. Constant time.
    pub(crate) fn check(&self) {
        let snd = &self.snd;
        debug_assert!(snd.una.at_or_before(snd.nxt), "SND.UNA beyond SND.NXT");
        debug_assert!(self.state != State::Listen, "a record does not listen");
        debug_assert!(
            self.ending.is_none() || matches!(self.state, State::Closed | State::TimeWait),
            "ended in {}",
            self.state
        );
        if self.ending.is_some() {
            return;
        }
        let outstanding = snd.outstanding();
        let syn = u32::from(snd.syn_is_unacknowledged());
        debug_assert!(syn == 0 || snd.una == snd.iss, "SND.UNA beyond an unacknowledged SYN");
        let fin = u32::from(matches!(self.owed.fin, Fin::Sent(_)) && !self.fin_is_acked());
        debug_assert!(
            outstanding <= self.out.len() + syn + fin,
            "{outstanding} outstanding but only {} octets held",
            self.out.len()
        );
        debug_assert_eq!(
            self.out.len(),
            outstanding - syn - fin + self.out.unsent(),
            "what is held is not what is in flight and what waits"
        );
        debug_assert!(
            self.recovery.is_empty() == (outstanding == 0),
            "the records do not cover what is outstanding"
        );
        debug_assert!(
            self.state.may_send() == (self.owed.fin == Fin::No) || self.state == State::SynSent,
            "FIN {:?} in {}",
            self.owed.fin,
            self.state
        );
    }
}

/// Congestion control at birth: how much may be in flight before the first acknowledgment.
fn start_of(birth: &Birth<'_>, text_mss: u32) -> Start {
    let config = birth.config;
    let bound = match config.profile {
        // Linux differs: RFC 6928 §2 has a bound in octets, too.
        Profile::Linux => u32::MAX,
        Profile::Rfc => (INITIAL_WINDOW_OCTETS / text_mss).max(2),
    };
    // RFC 5681 §3.1: one segment where the SYN or the SYN,ACK was lost [MUST].
    let segments = if birth.syn_attempts > 0 { 1 } else { config.initial_window };
    let segments = u32::from(segments).min(bound) as u8;
    Start { now: birth.now, segments, mss: text_mss, seed: birth.opening.iss.0 }
}

/// What is in flight at birth: our SYN, which the first acknowledgment will measure, unless it was
/// sent more than once (Karn, RFC 6298 §3).
fn send_syn(recovery: &mut Recovery, birth: &Birth<'_>) {
    let iss = birth.opening.iss;
    let sent_at = birth.syn_sent_at.unwrap_or(birth.now);
    recovery.on_sent(sent_at, iss, iss + 1, u32::from(birth.agreed.mss));
    if birth.syn_sent_at.is_none() || birth.syn_attempts > 0 {
        recovery.on_retransmitted(sent_at, iss, iss + 1);
    }
    if birth.syn_attempts > 0 {
        recovery.on_syn_timeout();
    }
}

/// Who called: only who was called comes to be in SYN-RECEIVED.
fn opened_by(state: State) -> OpenedBy {
    if state == State::SynReceived { OpenedBy::Them } else { OpenedBy::Us }
}

fn caller_of(birth: &Birth<'_>) -> Caller {
    match opened_by(birth.state) {
        OpenedBy::Them => Caller::Them,
        OpenedBy::Us => Caller::Us(u32::from(birth.syn_attempts) + 1),
    }
}

/// The window of our SYN or SYN,ACK, which cannot be scaled.
pub(crate) fn first_window(config: &Config) -> u32 {
    config.receive_buffer.first().min(0xFFFF)
}

/// The send buffer at the start: one that is tuned has room for two congestion windows.
fn first_send_buffer(config: &Config, mss: u32) -> u32 {
    let two_windows = u32::from(config.initial_window) * mss * 2;
    match config.send_buffer {
        Buffer::Fixed(octets) => octets,
        Buffer::Tuned { first, .. } => first.max(two_windows).min(config.send_buffer.max()),
    }
}
