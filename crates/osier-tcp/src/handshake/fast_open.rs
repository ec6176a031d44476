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
use osier_wire::tcp::{FastOpen, Options};

/// Octets that options may take (RFC 9293 §3.1).
const OPTIONS_MAX: usize = 40;

/// What a client wants to send with its SYN.
#[derive(Clone, Debug)]
pub struct FastOpening {
    /// The cookie, or that we ask for one: then no text goes with the SYN.
    pub option: FastOpen,
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
    /// The cookie that the server gave.
    pub cookie: Option<FastOpen>,
    /// The MSS that it named.
    pub mss: Option<u16>,
    /// Whether the SYN had to be repeated: cookie or text may be what got lost on the way.
    pub repeated: bool,
}

impl FastOpening {
    /// `text` to be sent with the SYN, if `option` is a cookie.
    pub const fn new(option: FastOpen, mss: u16, text: Bytes) -> Self {
        FastOpening { option, mss, text, sent: 0 }
    }

    /// Adds the option to the first SYN, and says which text goes with it.
    pub(crate) fn ride(&mut self, options: &mut Options, config: &Config) -> Bytes {
        if !options.set_fast_open(self.option) || self.option == FastOpen::Request {
            return Bytes::new();
        }
        // The MSS leaves options out (RFC 9293 §3.7.1), and here are many; as many as there can be,
        // so that what fits does not depend on the cookie (as in Linux).
        let room = usize::from(self.mss.min(config.mss)).saturating_sub(OPTIONS_MAX);
        let text = self.text.slice(..room.min(self.text.len()));
        self.sent = self.sent.max(text.len() as u32);
        text
    }

    /// Queues the text in the record; `acked` octets of it have arrived with the SYN, which was
    /// sent at `sent_at`.
    pub(crate) fn queue(&self, tcb: &mut Tcb, acked: u32, sent_at: Instant, notes: &mut Notes) {
        tcb.out.push_chunk(&mut self.text.clone());
        if acked > 0 && self.text.len() > acked as usize {
            // What goes now takes the acknowledgment along: we answer, and will again.
            tcb.delayed_ack.on_text_sent();
        }
        if acked > 0 {
            let from = tcb.snd.nxt;
            tcb.snd.nxt = from + acked;
            tcb.out.on_sent(acked);
            let mss = tcb.text_mss();
            tcb.recovery.on_sent(sent_at, from, from + acked, mss);
            notes.push(Reason::FastOpened { octets: acked });
            tcb.tally.syn_text = acked;
        } else if self.sent > 0 {
            notes.push(Reason::FastOpenUnheard { octets: self.sent });
        }
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
