//! We call: what happens from our SYN to ESTABLISHED? (RFC 9293 §3.10.1 OPEN, §3.10.7.3 SYN-SENT)
//!
//! Step 1 is [`SynSent::poll_transmit`]; step 2 arrives at [`SynSent::on_segment`]; step 3 is the
//! acknowledgment that the new record owes.

use crate::config::{self, Config, Opening, Profile};
use crate::event::{Ending, Event, Trouble};
use crate::handshake::fast_open::{FastOpened, FastOpening};
use crate::info::TcpInfo;
use crate::keepalive::R1;
use crate::options::{self, agree};
use crate::pace;
use crate::reason::{Notes, Reason};
use crate::segment::{Arrived, Segment, Transmit};
use crate::segment_arrives;
use crate::state::{Arrow, State};
use crate::stray::reset_for;
use crate::tcb::ecn::{self, Ecn};
use crate::tcb::{Birth, Due, Tcb, first_window};
use crate::timers::Timer;
use crate::timestamps::value_at;
use alloc::boxed::Box;
use osier_time::{Duration, Instant};
use osier_wire::SeqNumber;
use osier_wire::tcp::Flags;

/// SYN-SENT: our SYN is out, or about to be.
#[derive(Clone, Debug)]
pub(crate) struct SynSent {
    config: Config,
    opening: Opening,
    /// When the SYN was last sent; `None`: it is owed.
    sent_at: Option<Instant>,
    /// When it was sent first.
    first_sent: Instant,
    /// How often it was sent again.
    attempts: u8,
    /// How long this attempt waits.
    wait: Duration,
    /// When the user gives up, where it said so.
    give_up_at: Instant,
    /// What goes with the SYN (RFC 7413).
    fast: Option<Box<FastOpening>>,
    /// The pace that the user wants.
    pub(crate) pacing_rate: Option<u64>,
    /// A RST owed to a segment that cannot be for this attempt.
    reset: Option<Box<Transmit>>,
    /// Whether ICMP has said that the peer cannot be reached for the time being.
    hope: Hope,
    /// What the owner has not been told yet.
    trouble: Option<Trouble>,
}

/// What the network says of the peer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Hope {
    /// Nothing.
    Unshaken,
    /// A soft error: it may pass.
    Faint,
}

/// What SYN-SENT turns into.
#[derive(Debug)]
pub(crate) enum Outcome {
    /// Nothing: it stays.
    Stays,
    /// Both SYNs are known: a record, in ESTABLISHED or (both called) SYN-RECEIVED.
    Opened(Box<Tcb>),
    /// Over.
    Ended(Ending),
}

impl SynSent {
    /// Active OPEN. The SYN leaves with the next `poll_transmit`.
    pub(crate) fn new(now: Instant, config: &Config, opening: Opening, notes: &mut Notes) -> Self {
        notes.push(Reason::Moved { arrow: Arrow::ActiveOpen });
        SynSent {
            config: config.clone(),
            opening,
            sent_at: None,
            first_sent: now,
            attempts: 0,
            wait: config.rto.initial,
            give_up_at: config.user_timeout.map_or(Instant::MAX, |limit| now + limit),
            fast: None,
            pacing_rate: None,
            reset: None,
            hope: Hope::Unshaken,
            trouble: None,
        }
    }

    /// The same with text that may go with the SYN (RFC 7413).
    pub(crate) fn with_text(mut self, fast: FastOpening) -> Self {
        self.fast = Some(Box::new(fast));
        self
    }

    /// What the answer to our SYN shows of Fast Open, where we tried it.
    pub(crate) fn fast_opened(&self, syn_ack: &Segment) -> Option<FastOpened> {
        Some(FastOpened {
            said: self.fast.as_ref()?.said(),
            cookie: syn_ack.options.fast_open(),
            mss: syn_ack.options.mss,
            // Text that is acknowledged shows that the first one got through.
            repeated: self.attempts > 0 && syn_ack.ack == self.opening.iss + 1,
        })
    }

    /// Step 2: a segment arrived in SYN-SENT (RFC 9293 §3.10.7.3).
    pub(crate) fn on_segment(
        &mut self,
        now: Instant,
        segment: Segment,
        arrived: Arrived,
        notes: &mut Notes,
    ) -> Outcome {
        // First: check the ACK bit. A number that is not ours: the segment answers an older
        // attempt, and RST makes its sender forget it.
        let text_sent = self.fast.as_ref().map_or(0, |fast| fast.sent);
        let acks_our_syn =
            segment.has_ack() && segment.ack.in_window(self.opening.iss + 1, text_sent + 1);
        if segment.has_ack() && !acks_our_syn {
            if !segment.rst() {
                notes.push(Reason::StrayReset);
                self.reset = Some(Box::new(reset_for(&segment)));
            }
            return Outcome::Stays;
        }
        if acks_our_syn && self.echoes_another(now, &segment) {
            notes.push(Reason::StrayReset);
            self.reset = (!segment.rst()).then(|| Box::new(reset_for(&segment)));
            return Outcome::Stays;
        }
        // Second: check the RST bit. Without ACK it could be anybody's (RFC 5961 §3).
        if segment.rst() {
            return if acks_our_syn { self.refused(notes) } else { Outcome::Stays };
        }
        // Third: security is not ours to check. Fourth: check the SYN bit.
        let sent_nothing = self.sent_at.is_none() && self.attempts == 0;
        if !segment.syn() || sent_nothing {
            // Fifth: neither SYN nor RST.
            notes.push(Reason::NotOfHandshake { seq: segment.seq });
            return Outcome::Stays;
        }
        match acks_our_syn {
            true => Outcome::Opened(self.established(now, segment, arrived, notes)),
            false => Outcome::Opened(self.crossed(now, &segment, notes)),
        }
    }

    /// Whether the segment echoes a TSval that no SYN of this attempt had: it answers an older one.
    fn echoes_another(&self, now: Instant, segment: &Segment) -> bool {
        let echo = segment.options.timestamps.map_or(0, |stamps| stamps.echo);
        if echo == 0 || !self.config.offer.timestamps {
            return false;
        }
        match self.config.profile {
            // Linux differs: RFC 9293 §3.10.7.3 looks at the acknowledgment alone.
            Profile::Linux => {
                let offset = self.opening.ts_offset;
                let first = value_at(self.first_sent, offset);
                echo.wrapping_sub(first) > value_at(now, offset).wrapping_sub(first)
            }
            Profile::Rfc => false,
        }
    }

    /// Our SYN is acknowledged: ESTABLISHED, and step 3 is owed.
    fn established(
        &self,
        now: Instant,
        mut segment: Segment,
        arrived: Arrived,
        notes: &mut Notes,
    ) -> Box<Tcb> {
        let mut tcb = self.record(now, &segment);
        tcb.enter(Arrow::SynAcked, notes);
        if let Some(fast) = &self.fast {
            let acked = segment.ack.since(self.opening.iss + 1);
            fast.queue(&mut tcb, self.sent_at.unwrap_or(now));
            fast.on_answer(&mut tcb, acked, notes);
        }
        tcb.owe_ack();
        // RFC 3168 §6.1.1: a host that has sent a SYN without asking must not use it [MUST NOT].
        tcb.owed.ecn = Ecn::new(self.asks_for_ecn() && ecn::agrees(segment.flags));
        segment.flags = Flags(segment.flags.0 & !Flags::ECE.0);
        segment_arrives::rest_of_syn(&mut tcb, now, segment, arrived, notes);
        if let Some(fast) = &self.fast {
            fast.repair(&mut tcb, notes);
        }
        tcb.events.push(Event::Established);
        if let Some(at) = tcb.liveness.first_alarm() {
            tcb.timers.set(Timer::KeepAlive, at);
        }
        tcb
    }

    /// A SYN without ACK: both called (RFC 9293 §3.5 figure 8). SYN-RECEIVED, and SYN,ACK is owed.
    fn crossed(&self, now: Instant, segment: &Segment, notes: &mut Notes) -> Box<Tcb> {
        let mut tcb = self.record(now, segment);
        tcb.enter(Arrow::SynCrossed, notes);
        if let Some(fast) = &self.fast {
            fast.queue(&mut tcb, self.sent_at.unwrap_or(now));
        }
        tcb.owed.syn_ack = Due::Now;
        tcb.timers.set(Timer::Retransmit, now + self.config.rto.initial);
        tcb.look_again();
        tcb
    }

    fn record(&self, now: Instant, syn: &Segment) -> Box<Tcb> {
        let mut tcb = Tcb::new(&Birth {
            now,
            state: State::SynSent,
            opening: self.opening,
            irs: syn.seq,
            ts_recent: syn.options.timestamps.map_or(0, |stamp| stamp.value),
            agreed: agree(&self.config, &syn.options),
            syn_sent_at: self.sent_at,
            syn_attempts: self.attempts,
            config: &self.config,
        });
        tcb.snd.set_from_syn(syn.seq, syn.ack, syn.window);
        if self.pacing_rate.is_some() {
            pace::set_rate(&mut tcb, self.pacing_rate);
        }
        tcb
    }

    fn refused(&self, notes: &mut Notes) -> Outcome {
        notes.push(Reason::RefusedByPeer);
        self.ended(Ending::Refused, notes)
    }

    fn ended(&self, ending: Ending, notes: &mut Notes) -> Outcome {
        notes.push(Reason::Moved { arrow: Arrow::EndSynSent });
        Outcome::Ended(ending)
    }

    /// The user breaks the attempt off.
    pub(crate) fn abort(&self, notes: &mut Notes) -> Outcome {
        self.ended(Ending::Aborted, notes)
    }

    /// An ICMP error says that the peer's host has nobody for our SYN (RFC 5461 §4): as good as a
    /// RST, and told as Linux tells it.
    pub(crate) fn on_refusal(&self, notes: &mut Notes) -> Outcome {
        notes.push(Reason::Unreachable);
        self.ended(Ending::Refused, notes)
    }

    /// Nobody on the link answers for the peer.
    pub(crate) fn on_unreachable(&self, notes: &mut Notes) -> Outcome {
        notes.push(Reason::Unreachable);
        self.ended(Ending::Unreachable, notes)
    }

    /// A soft one is no reason to stop (RFC 9293 §3.9.2.2 [MUST-56]); the owner is told [SHLD-25].
    pub(crate) fn on_soft_error(&mut self, notes: &mut Notes) {
        notes.push(Reason::SoftError);
        self.hope = Hope::Faint;
        self.trouble = Some(Trouble::Unreachable);
    }

    /// What the owner has not been told yet.
    pub(crate) const fn is_troubled(&self) -> bool {
        self.trouble.is_some()
    }

    /// Takes it.
    pub(crate) const fn take_trouble(&mut self) -> Option<Trouble> {
        self.trouble.take()
    }

    /// The SYN went unanswered: again with twice the patience, or never (RFC 9293 §3.8.3, R2 for
    /// SYN [MUST-23]).
    pub(crate) fn on_deadline(&mut self, now: Instant, notes: &mut Notes) -> Outcome {
        if self.next_deadline().is_none_or(|at| now < at) {
            return Outcome::Stays;
        }
        if self.attempts >= self.config.syn_retries || now >= self.give_up_at {
            notes.push(Reason::TimedOut);
            // What the network said is more than that nobody answered; Linux reports it, too.
            return match self.hope {
                Hope::Unshaken => self.ended(Ending::TimedOut, notes),
                Hope::Faint => self.ended(Ending::Unreachable, notes),
            };
        }
        self.attempts += 1;
        // RFC 9293 §3.8.3: R1, for a SYN too [MUST-22].
        if self.attempts == R1 {
            self.trouble = Some(Trouble::Unanswered);
        }
        notes.push(Reason::SynAgain { attempt: self.attempts, waited: self.wait });
        self.wait = (self.wait * 2).min(self.config.rto.max);
        self.sent_at = None;
        Outcome::Stays
    }

    /// Step 1: writes the SYN into `transmit`, which is empty, if it is owed; says whether it is.
    pub(crate) fn poll_transmit(&mut self, now: Instant, transmit: &mut Transmit) -> bool {
        if let Some(reset) = self.reset.take() {
            *transmit = *reset;
            return true;
        }
        if self.sent_at.is_some() {
            return false;
        }
        if self.attempts == 0 {
            self.first_sent = now;
        }
        self.sent_at = Some(now);
        let ecn = if self.asks_for_ecn() { ecn::asking() } else { Flags::NONE };
        transmit.dont_fragment = true;
        transmit.segment = Segment {
            seq: self.opening.iss,
            flags: Flags::SYN | ecn,
            window: first_window(&self.config) as u16,
            options: options::of_syn(&self.config, value_at(now, self.opening.ts_offset)),
            ..Segment::default()
        };
        // RFC 7413 §4.1.3: repeated without cookie and text.
        if let Some(fast) = self.fast.as_mut().filter(|_| self.attempts == 0) {
            let text = fast.ride(&mut transmit.segment.options, &self.config);
            if !text.is_empty() {
                transmit.payload.push(text);
            }
        }
        true
    }

    /// RFC 3168 §6.1.1.1: where an ECN-setup SYN stays unanswered, the next ones do not ask, lest
    /// somebody on the way drops it for that [MAY].
    fn asks_for_ecn(&self) -> bool {
        self.config.sending.ecn == config::Ecn::On && self.attempts == 0
    }

    /// Whether [`SynSent::poll_transmit`] has something.
    pub(crate) fn wants_transmit(&self) -> bool {
        self.sent_at.is_none() || self.reset.is_some()
    }

    /// When the SYN is due again.
    pub(crate) fn next_deadline(&self) -> Option<Instant> {
        self.sent_at.map(|at| (at + self.wait).min(self.give_up_at))
    }

    /// The numbers that there are.
    pub(crate) fn info(&self) -> TcpInfo {
        TcpInfo::of_syn_sent(&self.config, self.attempts, self.wait)
    }

    /// ISS.
    pub(crate) fn iss(&self) -> SeqNumber {
        self.opening.iss
    }

    /// How long the user wants to wait, from now on.
    pub(crate) fn set_user_timeout(&mut self, now: Instant, limit: Option<Duration>) {
        self.config.user_timeout = limit;
        self.give_up_at = limit.map_or(Instant::MAX, |limit| now + limit);
    }

    /// The settings.
    pub(crate) const fn config(&self) -> &Config {
        &self.config
    }

    /// The settings, to be changed before they are used.
    pub(crate) fn config_mut(&mut self) -> &mut Config {
        &mut self.config
    }
}

/// The SYN,ACK of a simultaneous open: our SYN again, with the peer's acknowledged.
pub(crate) fn syn_ack_of(tcb: &mut Tcb, now: Instant) -> Transmit {
    let (rcv_mss, rcv_scale) = (tcb.settings.rcv_mss, tcb.rcv.scale());
    let stamps = tcb.clock.as_ref().map(|clock| clock.stamp(now));
    let mut transmit = Transmit { dont_fragment: true, ..Transmit::default() };
    transmit.segment = Segment {
        seq: tcb.snd.iss,
        ack: tcb.rcv.nxt,
        flags: Flags::SYN | Flags::ACK,
        window: tcb.rcv.wnd().min(0xFFFF) as u16,
        ..Segment::default()
    };
    transmit.segment.options.mss = Some(rcv_mss);
    transmit.segment.options.window_scale = tcb.settings.agreed.window_scale.then_some(rcv_scale);
    transmit.segment.options.sack_permitted = tcb.sack.is_some();
    transmit.segment.options.timestamps = stamps;
    transmit
}
