//! How does text travel with a SYN? (RFC 7413, TCP Fast Open)
//!
//! The client shows a cookie that the server gave it before, and its first text with it. A server
//! that knows the cookie hands the text to its user at once, in SYN-RECEIVED, and acknowledges it
//! with the SYN,ACK; one that does not goes through the usual handshake, and the text is sent
//! again behind it. So it is where the SYN has to be repeated: then without cookie and text, since
//! something on the path may have minded them (§4.1.3).
//!
//! Who makes, checks and remembers cookies is the host. A SYN that is repeated by the network may
//! open two connections with the same text: that is the price, and for the user to judge (§6.1).

use super::passive::HalfOpen;
use crate::config::Config;
use crate::reason::{Notes, Reason};
use crate::segment::{Arrived, Segment};
use crate::segment_arrives::text;
use crate::tcb::{Due, Tcb};
use crate::timers::Timer;
use alloc::boxed::Box;
use bytes::Bytes;
use osier_time::{Duration, Instant};
use osier_wire::tcp::{FastOpen, FastOpenForm, Options};

/// Octets that options may take (RFC 9293 §3.1).
const OPTIONS_MAX: usize = 40;

/// What a client wants to send with its SYN.
#[derive(Clone, Debug)]
pub struct FastOpening {
    /// The cookie, or that we ask for one: then no text goes with the SYN. `None`: text goes
    /// without a cookie, since the owner knows that the server wants none.
    pub option: Option<FastOpen>,
    /// How it is written.
    pub form: FastOpenForm,
    /// The MSS that the server named before; 536 where it is not known.
    pub mss: u16,
    /// The first text, all of which is sent behind the handshake if not with it.
    pub text: Bytes,
    /// Octets of it that went with the SYN.
    pub(crate) sent: u32,
}

/// What a handshake that tried Fast Open has shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FastOpened {
    /// What our SYN said; `None`: nothing, and a cookie was not asked for.
    pub said: Option<(FastOpen, FastOpenForm)>,
    /// The cookie that the server gave.
    pub cookie: Option<(FastOpen, FastOpenForm)>,
    /// The MSS that it named.
    pub mss: Option<u16>,
    /// Whether the SYN had to be repeated: cookie or text may be what got lost on the way.
    pub repeated: bool,
}

impl FastOpening {
    /// `text` to be sent with the SYN, unless `option` asks for a cookie.
    pub const fn new(option: Option<FastOpen>, mss: u16, text: Bytes) -> Self {
        FastOpening { option, form: FastOpenForm::Standard, mss, text, sent: 0 }
    }

    /// What the SYN says.
    pub(crate) fn said(&self) -> Option<(FastOpen, FastOpenForm)> {
        self.option.map(|option| (option, self.form))
    }

    /// Adds the option to the first SYN, and says which text goes with it.
    pub(crate) fn ride(&mut self, options: &mut Options, config: &Config) -> Bytes {
        if let Some(option) = self.option
            && (!options.set_fast_open(option, self.form) || option == FastOpen::Request)
        {
            return Bytes::new();
        }
        // The MSS leaves options out (RFC 9293 §3.7.1), and here are many; as many as there can be,
        // so that what fits does not depend on the cookie (as in Linux).
        let room = usize::from(self.mss.min(config.mss)).saturating_sub(OPTIONS_MAX);
        let text = self.text.slice(..room.min(self.text.len()));
        self.sent = self.sent.max(text.len() as u32);
        text
    }

    /// Queues the text in the record. What of it went with the SYN, at `sent_at`, is in flight.
    pub(crate) fn queue(&self, tcb: &mut Tcb, sent_at: Instant) {
        let mut text = self.text.clone();
        if self.sent > 0 {
            // It is kept even where the buffer was made smaller since.
            tcb.out.set_limit(tcb.out.limit().max(self.sent));
            // What goes again goes as it went: apart from what follows, and pushed.
            let mut first = text.split_to((self.sent as usize).min(text.len()));
            tcb.out.push_chunk(&mut first);
            tcb.out.end_record();
            let from = tcb.snd.nxt;
            tcb.snd.nxt = from + self.sent;
            tcb.out.on_sent(self.sent);
            let mss = tcb.text_mss();
            tcb.recovery.on_sent(sent_at, from, tcb.snd.nxt, mss);
        }
        tcb.out.push_chunk(&mut text);
        tcb.look_again();
    }

    /// The SYN,ACK acknowledges `acked` octets of the text.
    pub(crate) fn on_answer(&self, tcb: &mut Tcb, acked: u32, notes: &mut Notes) {
        if acked > 0 && self.text.len() > acked as usize {
            // What goes now takes the acknowledgment along: we answer, and will again.
            tcb.delayed_ack.on_text_sent();
        }
        if acked > 0 {
            notes.push(Reason::FastOpened { octets: acked });
        }
        if acked == self.sent && acked > 0 {
            tcb.tally.syn_text = acked;
        }
    }

    /// The SYN,ACK has been dealt with: what of the text it has not acknowledged is sent again at
    /// once (RFC 7413 §4.2). It tells nothing of congestion: the server did not take it.
    pub(crate) fn repair(&self, tcb: &mut Tcb, notes: &mut Notes) {
        if tcb.recovery.is_empty() {
            return;
        }
        notes.push(Reason::FastOpenUnheard { octets: tcb.snd.outstanding() });
        // Text that is taken with the SYN is one with it; this will arrive by itself.
        let segments = tcb.recovery.census().segments;
        tcb.tally.sent_once = tcb.tally.sent_once.wrapping_add(segments);
        tcb.recovery.on_unheard();
        tcb.look_again();
    }
}

/// A SYN whose cookie is good: a record in SYN-RECEIVED whose user can read the text already.
pub(crate) fn received(
    half: &HalfOpen,
    now: Instant,
    syn: Segment,
    arrived: Arrived,
    config: &Config,
    notes: &mut Notes,
) -> Box<Tcb> {
    let mut tcb = half.begun(now, config);
    notes.push(Reason::FastOpened { octets: syn.text.len() as u32 });
    tcb.tally.syn_text = syn.text.len() as u32;
    let mut rest = Segment { seq: syn.seq + 1, text: syn.text, ..Segment::default() };
    rest.text.truncate(tcb.rcv.wnd() as usize);
    // There is nothing that could stop it: it starts at RCV.NXT and its user is there.
    let _ = text::process(&mut tcb, now, &mut rest, arrived, notes);
    tcb.owed.ack = Due::No;
    tcb.timers.stop(Timer::DelayedAck);
    tcb.owed.syn_ack = Due::Now;
    tcb.timers.set(Timer::Retransmit, now + config.rto.initial);
    tcb.timers.set(Timer::GiveUp, now + patience(config));
    tcb.look_again();
    tcb
}

/// How long a SYN,ACK is repeated: as long as that of a half-open connection.
fn patience(config: &Config) -> Duration {
    config.rto.initial * ((1 << (config.syn_ack_retries.min(16) + 1)) - 1)
}
