//! They call: what happens from their SYN to ESTABLISHED? (RFC 9293 §3.10.7.2 LISTEN, §3.10.7.4
//! SYN-RECEIVED)
//!
//! Step 1 arrives at [`examine`] and becomes a [`HalfOpen`]; step 2 is
//! [`HalfOpen::poll_transmit`]; step 3 arrives at [`HalfOpen::on_segment`], and
//! `HalfOpen::complete` (a door, in `connection.rs`) makes the connection. Listening itself is
//! pure: the queues of half-open and of accepted connections are the host's.

use crate::config::{self, Config, Offer, Opening, Profile};
use crate::options::{self, Agreed, Scales, agree, scale_of};
use crate::reason::{Notes, Reason};
use crate::segment::{Arrived, Segment, Transmit};
use crate::segment_arrives;
use crate::state::{Arrow, State};
use crate::stray::reset_for;
use crate::tcb::ecn::{self, Ecn};
use crate::tcb::{Birth, Tcb, first_window};
use crate::timestamps::{required, value_at};
use alloc::boxed::Box;
use osier_time::Instant;
use osier_wire::SeqNumber;
use osier_wire::tcp::{Flags, Timestamps};

/// What a listener makes of a segment (RFC 9293 §3.10.7.2).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Admission {
    /// A SYN: make a [`HalfOpen`] of it.
    Syn,
    /// Answer with this RST.
    Reset(Box<Transmit>),
    /// Do nothing.
    Ignore,
}

/// LISTEN: looks at a segment that reached a listener and belongs to no connection.
pub fn examine(segment: &Segment, notes: &mut Notes) -> Admission {
    // First: check for a RST. It can be for nothing that was sent from here.
    if segment.rst() {
        notes.push(Reason::StrayIgnored);
        return Admission::Ignore;
    }
    // Second: check for an ACK. Nothing was sent that could be acknowledged.
    if segment.has_ack() {
        notes.push(Reason::StrayReset);
        return Admission::Reset(Box::new(reset_for(segment)));
    }
    // Third: check for a SYN. A FIN beside it is the mark of a scan; Linux drops it too.
    if segment.syn() && !segment.fin() {
        return Admission::Syn;
    }
    // Fourth: anything else should not be here.
    notes.push(Reason::NotOfHandshake { seq: segment.seq });
    Admission::Ignore
}

/// Where a half-open connection stands after an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Progress {
    /// Still half open; `poll_transmit` may have an answer.
    Waiting,
    /// The segment ends the handshake: make a connection with [`HalfOpen::complete`].
    Complete,
    /// Still half open; the segment acknowledges what was never sent: answer it as a stray.
    Stray,
    /// Over: forget it (reset by the peer or given up).
    Over,
}

/// A passive SYN-RECEIVED: small, since there may be many.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HalfOpen {
    opening: Opening,
    irs: SeqNumber,
    ts_recent: u32,
    /// When the SYN,ACK was last sent, or [`UNKNOWN`].
    sent_at: Instant,
    deadline: Instant,
    mss: u16,
    /// The window of the SYN: never scaled.
    window: u16,
    /// The promise of our SYN,ACK.
    promised: u16,
    /// The peer's shift; meaningful where scaling is agreed on.
    snd_scale: u8,
    offer: Offer,
    attempts: u8,
    owed: Owed,
    profile: Profile,
    /// Whether the peer asked for ECN and gets it.
    pub(super) ecn: bool,
}

/// Where a cookie stood for the handshake.
const UNKNOWN: Instant = Instant::MAX;

/// What a half-open connection has to send.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Owed {
    Nothing,
    SynAck,
    Ack,
}

impl HalfOpen {
    /// Step 1: a SYN met a listener; the next transmit is the SYN,ACK.
    pub fn new(
        now: Instant,
        syn: &Segment,
        config: &Config,
        opening: Opening,
        notes: &mut Notes,
    ) -> Self {
        notes.push(Reason::Moved { arrow: Arrow::SynArrived });
        HalfOpen::of(now, syn, &agree(config, &syn.options), config, opening)
    }

    /// A SYN, and what was agreed on with it.
    pub(crate) fn of(
        now: Instant,
        syn: &Segment,
        agreed: &Agreed,
        config: &Config,
        opening: Opening,
    ) -> Self {
        HalfOpen {
            opening,
            irs: syn.seq,
            ts_recent: syn.options.timestamps.map_or(0, |stamp| stamp.value),
            sent_at: now,
            deadline: now + config.rto.initial,
            mss: agreed.mss,
            window: syn.window,
            promised: first_window(config) as u16,
            snd_scale: agreed.scales.map_or(0, |scales| scales.snd),
            offer: agreed.offer,
            attempts: 0,
            owed: Owed::SynAck,
            profile: config.profile,
            ecn: config.sending.ecn != config::Ecn::Off && ecn::asks(syn.flags),
        }
    }

    /// Nobody remembers when the SYN,ACK was sent.
    pub(crate) fn without_round_trip(mut self) -> Self {
        self.sent_at = UNKNOWN;
        self
    }

    /// Step 3, or something else that reached SYN-RECEIVED (RFC 9293 §3.10.7.4).
    pub fn on_segment(&mut self, segment: &Segment, notes: &mut Notes) -> Progress {
        let expected = self.irs + 1;
        // The peer's SYN again: our SYN,ACK was lost or late.
        if segment.syn() && !segment.has_ack() && segment.seq == self.irs {
            // Karn: which of two SYN,ACKs the answer will be for cannot be told.
            self.attempts = self.attempts.max(1);
            self.owed = Owed::SynAck;
            // RFC 3168 §6.1.1.1: it has stopped asking.
            self.ecn &= ecn::asks(segment.flags);
            return Progress::Waiting;
        }
        // RFC 7323 §3.2 [SHOULD].
        let unstamped = self.offer.timestamps && segment.options.timestamps.is_none();
        if unstamped && !segment.rst() && required(self.profile) {
            notes.push(Reason::NoTimestamp);
            return Progress::Waiting;
        }
        // First: check the sequence number.
        let in_window = segment.seq.in_window(expected, u32::from(self.promised).max(1));
        if !in_window || self.is_old(segment) {
            notes.push(Reason::OutsideWindow { seq: segment.seq, len: segment.len() });
            // RFC 9293 §3.10.7.4: an acknowledgment, unless it is a RST.
            self.owed = if segment.rst() { self.owed } else { Owed::Ack };
            return Progress::Waiting;
        }
        // Second: check the RST bit (RFC 5961 §3: only the exact number resets).
        if segment.rst() && segment.seq == expected {
            notes.push(Reason::ResetByPeer);
            notes.push(Reason::Moved { arrow: Arrow::EndSynReceived });
            return Progress::Over;
        }
        // Fourth: check the SYN bit (RFC 5961 §4).
        if segment.rst() || segment.syn() {
            notes.push(Reason::ChallengeAck);
            self.owed = Owed::Ack;
            return Progress::Waiting;
        }
        // Fifth: check the ACK field.
        if !segment.has_ack() {
            notes.push(Reason::NoAck);
            return Progress::Waiting;
        }
        if segment.ack != self.opening.iss + 1 {
            return Progress::Stray;
        }
        Progress::Complete
    }

    /// PAWS (RFC 7323 §5.3), so that what passes here passes the record's checks too.
    fn is_old(&self, segment: &Segment) -> bool {
        let theirs = segment.options.timestamps.filter(|_| self.offer.timestamps);
        theirs.is_some_and(|stamp| (stamp.value.wrapping_sub(self.ts_recent) as i32) < 0)
    }

    /// The record of the connection, after the segment that ended the handshake.
    pub(crate) fn record(
        &self,
        now: Instant,
        mut segment: Segment,
        arrived: Arrived,
        config: &Config,
        notes: &mut Notes,
    ) -> Box<Tcb> {
        let mut tcb = self.begun(now, config);
        segment_arrives::segment_arrives(&mut tcb, now, &mut segment, arrived, notes);
        tcb
    }

    /// The record before that segment.
    pub(crate) fn begun(&self, now: Instant, config: &Config) -> Box<Tcb> {
        let mut tcb = Tcb::new(&Birth {
            now,
            state: State::SynReceived,
            opening: self.opening,
            irs: self.irs,
            ts_recent: self.ts_recent,
            agreed: self.agreed(config),
            syn_sent_at: Some(self.sent_at).filter(|at| *at != UNKNOWN),
            syn_attempts: self.attempts,
            config,
        });
        tcb.snd.set_from_syn(self.irs, self.opening.iss + 1, self.window);
        tcb.owed.ecn = Ecn::new(self.ecn);
        tcb
    }

    fn agreed(&self, config: &Config) -> Agreed {
        let scales =
            self.offer.window_scale.then(|| Scales { snd: self.snd_scale, rcv: scale_of(config) });
        Agreed { mss: self.mss, scales, offer: self.offer }
    }

    /// Time has reached `next_deadline`: the SYN,ACK goes out again with twice the patience, or it
    /// is over.
    pub fn on_deadline(&mut self, now: Instant, config: &Config, notes: &mut Notes) -> Progress {
        if now < self.deadline {
            return Progress::Waiting;
        }
        if self.attempts >= config.syn_ack_retries {
            notes.push(Reason::TimedOut);
            notes.push(Reason::Moved { arrow: Arrow::EndSynReceived });
            return Progress::Over;
        }
        let waited = config.rto.initial * (1 << self.attempts.min(16));
        self.attempts += 1;
        notes.push(Reason::SynAgain { attempt: self.attempts, waited });
        self.deadline = now + (waited * 2).min(config.rto.max);
        self.owed = Owed::SynAck;
        Progress::Waiting
    }

    /// Step 2: the SYN,ACK, or an acknowledgment, if one is owed.
    pub fn poll_transmit(&mut self, now: Instant, config: &Config) -> Option<Transmit> {
        let stamps =
            Timestamps { value: value_at(now, self.opening.ts_offset), echo: self.ts_recent };
        let mut segment = Segment {
            ack: self.irs + 1,
            window: self.promised,
            flags: Flags::ACK,
            ..Segment::default()
        };
        match core::mem::replace(&mut self.owed, Owed::Nothing) {
            Owed::Nothing => return None,
            Owed::SynAck => {
                self.sent_at = now;
                segment.seq = self.opening.iss;
                segment.flags |= Flags::SYN;
                segment.flags |= if self.ecn { Flags::ECE } else { Flags::NONE };
                segment.options = options::of_syn_ack(config, &self.agreed(config), stamps);
            }
            Owed::Ack => {
                segment.seq = self.opening.iss + 1;
                segment.options.timestamps = self.offer.timestamps.then_some(stamps);
                if self.offer.window_scale {
                    segment.window >>= scale_of(config);
                }
            }
        }
        Some(Transmit { segment, dont_fragment: true, ..Transmit::default() })
    }

    /// When the SYN,ACK is due again.
    pub fn next_deadline(&self) -> Instant {
        self.deadline
    }

    /// Whether [`HalfOpen::poll_transmit`] has something.
    pub fn wants_transmit(&self) -> bool {
        self.owed != Owed::Nothing
    }
}
