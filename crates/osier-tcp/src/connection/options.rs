//! What may the user change while a connection lives? (RFC 9293 §3.7.4, §3.8.3, §3.8.4, RFC 5482)
//!
//! Set before the SYN leaves, an option holds for the handshake too.

use super::{Connection, Phase};
use crate::config::{Acknowledgments, Algorithm, Buffer, Cork, KeepAlive, Nagle};
use crate::send::nagle::Hold;
use crate::timers::Timer;
use crate::{model, pace, room};
use osier_time::{Duration, Instant};

impl Connection {
    /// Turns Nagle's algorithm on or off (RFC 9293 §3.7.4 [MUST-17]).
    pub fn set_nagle(&mut self, nagle: Nagle) {
        match &mut self.phase {
            Phase::SynSent(syn_sent) => syn_sent.config_mut().nagle = nagle,
            Phase::Synchronized(tcb) => {
                tcb.settings.nagle = nagle;
                // Linux: who turns it off wants what waits to go now, corked or not.
                if nagle == Nagle::Off {
                    tcb.small.hold = Hold::No;
                }
                tcb.look_again();
            }
            Phase::Failed(..) => {}
        }
    }

    /// Announces segments of at most so much text, and sends no larger ones (TCP_MAXSEG): before
    /// the SYN has left; afterwards it is too late.
    pub fn set_max_segment(&mut self, octets: u16) {
        if let Phase::SynSent(syn_sent) = &mut self.phase {
            syn_sent.config_mut().limit_segments(octets);
        }
    }

    /// How much may wait to be sent for the first time before the user is asked for more
    /// (TCP_NOTSENT_LOWAT); `u32::MAX`: what the send buffer takes.
    pub fn set_not_sent_low(&mut self, octets: u32) {
        match &mut self.phase {
            Phase::SynSent(syn_sent) => syn_sent.config_mut().sending.not_sent_low = octets,
            Phase::Synchronized(tcb) => {
                tcb.settings.sending.not_sent_low = octets;
                room::tell(tcb);
            }
            Phase::Failed(..) => {}
        }
    }

    /// How often the SYN is sent again before the attempt fails (TCP_SYNCNT).
    pub fn set_syn_retries(&mut self, retries: u8) {
        if let Phase::SynSent(syn_sent) = &mut self.phase {
            syn_sent.config_mut().syn_retries = retries;
        }
    }

    /// Holds back what does not fill a segment, or lets it go (TCP_CORK). What is held goes in any
    /// case after a retransmission timeout.
    pub fn set_cork(&mut self, cork: Cork) {
        if let Phase::Synchronized(tcb) = &mut self.phase {
            tcb.small.hold = match cork {
                Cork::In => Hold::Corked,
                Cork::Out => Hold::No,
            };
            tcb.look_again();
        }
    }

    /// Another congestion control goes on from here, with the window found so far
    /// (TCP_CONGESTION).
    pub fn set_congestion(&mut self, now: Instant, algorithm: Algorithm) {
        match &mut self.phase {
            Phase::SynSent(syn_sent) => syn_sent.config_mut().congestion = algorithm,
            Phase::Synchronized(tcb) => model::switch(tcb, now, algorithm),
            Phase::Failed(..) => {}
        }
    }

    /// Its congestion control; `None` where the attempt to connect has failed.
    pub fn congestion(&self) -> Option<Algorithm> {
        match &self.phase {
            Phase::SynSent(syn_sent) => Some(syn_sent.config().congestion),
            Phase::Synchronized(tcb) => Some(tcb.congestion.algorithm()),
            Phase::Failed(..) => None,
        }
    }

    /// Sends at most at `rate` octets in a second, a millisecond's worth at a time; `None`: as fast
    /// as the windows allow (Linux: SO_MAX_PACING_RATE).
    pub fn set_pacing_rate(&mut self, rate: Option<u64>) {
        match &mut self.phase {
            Phase::SynSent(syn_sent) => syn_sent.pacing_rate = rate,
            Phase::Synchronized(tcb) => pace::set_rate(tcb, rate),
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
            Phase::SynSent(syn_sent) => syn_sent.set_user_timeout(now, limit),
            Phase::Synchronized(tcb) => {
                tcb.liveness.user_timeout = limit;
                let waits = tcb.snd.outstanding() > 0 || tcb.timers.is_set(Timer::Persist);
                match limit.filter(|_| waits && tcb.ending.is_none()) {
                    Some(limit) => tcb.timers.set(Timer::GiveUp, now + limit),
                    None => tcb.timers.stop(Timer::GiveUp),
                }
            }
            Phase::Failed(..) => {}
        }
    }

    /// How many octets are kept for the user to read (SO_RCVBUF), from now on without
    /// tuning. A window that was promised is not taken back, and the window scale stays that of the
    /// SYN.
    pub fn set_receive_buffer(&mut self, octets: u32) {
        match &mut self.phase {
            Phase::SynSent(syn_sent) => {
                syn_sent.config_mut().receive_buffer = Buffer::Fixed(octets);
            }
            Phase::Synchronized(tcb) => {
                (tcb.settings.receive_buffer, tcb.settings.receive_max) = (octets, octets);
                let promised = tcb.text.ready() + tcb.rcv.wnd();
                tcb.text.set_limit(promised.max(octets + ((1 << tcb.rcv.scale()) - 1)));
            }
            Phase::Failed(..) => {}
        }
    }

    /// How many octets are kept until the peer has acknowledged them (SO_SNDBUF), from now on
    /// without tuning. What was written stays, even where it is more.
    pub fn set_send_buffer(&mut self, octets: u32) {
        match &mut self.phase {
            Phase::SynSent(syn_sent) => {
                syn_sent.config_mut().send_buffer = Buffer::Fixed(octets);
            }
            Phase::Synchronized(tcb) => {
                tcb.settings.send_max = octets;
                tcb.out.set_limit(octets);
            }
            Phase::Failed(..) => {}
        }
    }

    /// Acknowledges the next segments at once, or lets acknowledgments wait for text of ours to
    /// travel with (TCP_QUICKACK). For now only: what arrives and is sent decides afterwards.
    pub fn set_acknowledgments(&mut self, how: Acknowledgments) {
        if let Phase::Synchronized(tcb) = &mut self.phase {
            tcb.delayed_ack.set(how);
            if how == Acknowledgments::Quick && tcb.timers.is_set(Timer::DelayedAck) {
                tcb.owe_ack();
            }
        }
    }
}

/// What the options are.
impl Connection {
    /// The setting of keep-alive; `None`: off.
    pub fn keep_alive(&self) -> Option<KeepAlive> {
        match &self.phase {
            Phase::SynSent(syn_sent) => syn_sent.config().keep_alive,
            Phase::Synchronized(tcb) => tcb.liveness.keep_alive,
            Phase::Failed(..) => None,
        }
    }

    /// How long sent text may stay unacknowledged; `None`: until R2.
    pub fn user_timeout(&self) -> Option<Duration> {
        match &self.phase {
            Phase::SynSent(syn_sent) => syn_sent.config().user_timeout,
            Phase::Synchronized(tcb) => tcb.liveness.user_timeout,
            Phase::Failed(..) => None,
        }
    }

    /// How many octets are kept for the user to read.
    pub fn receive_buffer(&self) -> u32 {
        match &self.phase {
            Phase::SynSent(syn_sent) => syn_sent.config().receive_buffer.first(),
            Phase::Synchronized(tcb) => tcb.settings.receive_buffer,
            Phase::Failed(..) => 0,
        }
    }

    /// How many octets are kept until they are acknowledged.
    pub fn send_buffer(&self) -> u32 {
        match &self.phase {
            Phase::SynSent(syn_sent) => syn_sent.config().send_buffer.first(),
            Phase::Synchronized(tcb) => tcb.out.limit(),
            Phase::Failed(..) => 0,
        }
    }

    /// How much may wait to be sent before the user is asked for more; `u32::MAX`: what the send
    /// buffer takes.
    pub fn not_sent_low(&self) -> u32 {
        match &self.phase {
            Phase::SynSent(syn_sent) => syn_sent.config().sending.not_sent_low,
            Phase::Synchronized(tcb) => tcb.settings.sending.not_sent_low,
            Phase::Failed(..) => u32::MAX,
        }
    }

    /// Whether the next segment will be acknowledged at once.
    pub fn acknowledgments(&self) -> Acknowledgments {
        match &self.phase {
            Phase::Synchronized(tcb) => tcb.delayed_ack.how(),
            Phase::SynSent(_) | Phase::Failed(..) => Acknowledgments::Quick,
        }
    }
}
