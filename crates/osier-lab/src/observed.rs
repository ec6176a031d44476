//! In which state is a computer that nobody looks into?
//!
//! Who stands at its door sees every segment that it sends and every one that reaches it whole, and
//! so knows by which arrows of RFC 9293 figure 5 it must have gone. What a host decides without a
//! segment is not seen: the end of TIME-WAIT, giving up, and why it sends nothing.

use crate::sight::Sight;
use core::net::SocketAddr;
use osier_tcp::{Arrow, State};
use osier_wire::SeqNumber;
use osier_wire::tcp::Flags;
use std::collections::BTreeMap;

/// Connections that are followed at most; those that come later are not.
const FLOWS_MAX: usize = 4_096;

/// Pieces of text behind a hole that are remembered at most, for each connection.
const AHEAD_MAX: usize = 256;

/// The connections of a computer, by its own end and the peer's.
#[derive(Clone, Debug, Default)]
pub(crate) struct Observed {
    flows: BTreeMap<(SocketAddr, SocketAddr), Seen>,
}

/// What is known of one connection.
#[derive(Clone, Debug)]
struct Seen {
    state: State,
    /// The number behind its SYN.
    begun: SeqNumber,
    /// The number behind its FIN.
    fin: Option<SeqNumber>,
    /// The number that it waits for, since the peer's SYN has reached it.
    next: Option<SeqNumber>,
    /// What has reached it of what lies behind that.
    ahead: Vec<(SeqNumber, SeqNumber)>,
    /// The number behind the peer's FIN.
    theirs: Option<SeqNumber>,
}

impl Observed {
    /// It has sent a segment; the arrows that it must have taken.
    pub(crate) fn on_sent(&mut self, sent: &Sight) -> Vec<Arrow> {
        let flags = sent.header.flags;
        let key = (sent.src, sent.dst);
        if flags.contains(Flags::SYN) && !flags.contains(Flags::RST) {
            return self.on_syn_sent(key, sent);
        }
        let Some(seen) = self.flows.get_mut(&key) else { return Vec::new() };
        let mut arrows = Vec::new();
        if flags.contains(Flags::RST) {
            seen.end(&mut arrows);
        } else if flags.contains(Flags::FIN) && seen.fin.is_none() {
            seen.fin = Some(sent.header.seq + sent.len as u32 + 1);
            match seen.state {
                State::SynReceived => seen.take(Arrow::CloseInHandshake, &mut arrows),
                State::Established => seen.take(Arrow::CloseFirst, &mut arrows),
                State::CloseWait => seen.take(Arrow::CloseSecond, &mut arrows),
                State::Listen
                | State::SynSent
                | State::FinWait1
                | State::FinWait2
                | State::Closing
                | State::LastAck
                | State::TimeWait
                | State::Closed => {}
            }
        }
        arrows
    }

    fn on_syn_sent(&mut self, key: (SocketAddr, SocketAddr), sent: &Sight) -> Vec<Arrow> {
        let (begun, flags) = (sent.header.seq + 1, sent.header.flags);
        let state = self.flows.get(&key).map(|seen| seen.state);
        if state.is_none() && self.flows.len() >= FLOWS_MAX {
            return Vec::new();
        }
        let answers = flags.contains(Flags::ACK);
        let arrow = if matches!(state, None | Some(State::Closed | State::TimeWait)) {
            if answers { Arrow::SynArrived } else { Arrow::ActiveOpen }
        } else if answers && state == Some(State::SynSent) {
            Arrow::SynCrossed
        } else {
            return Vec::new();
        };
        let mut arrows = Vec::new();
        let mut seen = Seen {
            state: arrow.from(),
            begun,
            fin: None,
            next: flags.contains(Flags::ACK).then_some(sent.header.ack),
            ahead: Vec::new(),
            theirs: None,
        };
        seen.take(arrow, &mut arrows);
        self.flows.insert(key, seen);
        arrows
    }

    /// A segment has reached it whole.
    pub(crate) fn on_heard(&mut self, heard: &Sight) -> Vec<Arrow> {
        let mut arrows = Vec::new();
        let Some(seen) = self.flows.get_mut(&(heard.dst, heard.src)) else { return arrows };
        match seen.state {
            State::SynSent => seen.on_answer(heard, &mut arrows),
            State::SynReceived
            | State::Established
            | State::FinWait1
            | State::FinWait2
            | State::CloseWait
            | State::Closing
            | State::LastAck => seen.on_segment(heard, &mut arrows),
            State::Listen | State::TimeWait | State::Closed => {}
        }
        arrows
    }
}

impl Seen {
    fn take(&mut self, arrow: Arrow, arrows: &mut Vec<Arrow>) {
        self.state = arrow.to();
        arrows.push(arrow);
    }

    /// It is broken off, unless it was over before.
    fn end(&mut self, arrows: &mut Vec<Arrow>) {
        if let Some(arrow) = Arrow::end_of(self.state).filter(|_| self.state != State::TimeWait) {
            self.take(arrow, arrows);
        }
    }

    // RFC 9293 §3.10.7.3: in SYN-SENT, what acknowledges the SYN counts.
    fn on_answer(&mut self, heard: &Sight, arrows: &mut Vec<Arrow>) {
        let flags = heard.header.flags;
        if !flags.contains(Flags::ACK) || heard.header.ack != self.begun {
            return;
        }
        if flags.contains(Flags::RST) {
            self.end(arrows);
        } else if flags.contains(Flags::SYN) {
            self.next = Some(heard.header.seq + 1);
            self.take(Arrow::SynAcked, arrows);
        }
    }

    // RFC 9293 §3.10.7.4: second the RST, fifth the ACK, eighth the FIN.
    fn on_segment(&mut self, heard: &Sight, arrows: &mut Vec<Arrow>) {
        let (flags, seq) = (heard.header.flags, heard.header.seq);
        if flags.contains(Flags::RST) {
            // RFC 5961 §3.2: only exactly there.
            if self.next == Some(seq) {
                self.end(arrows);
            }
            return;
        }
        if flags.contains(Flags::SYN) || !flags.contains(Flags::ACK) {
            return;
        }
        self.on_ack(heard.header.ack, arrows);
        self.on_text(heard);
        let reached = |fin: SeqNumber| self.next.is_some_and(|next| !fin.after(next));
        if self.theirs.is_some_and(reached) {
            match self.state {
                State::Established => self.take(Arrow::FinArrived, arrows),
                State::FinWait1 => self.take(Arrow::FinCrossed, arrows),
                State::FinWait2 => self.take(Arrow::FinArrivedLast, arrows),
                State::Listen
                | State::SynSent
                | State::SynReceived
                | State::CloseWait
                | State::Closing
                | State::LastAck
                | State::TimeWait
                | State::Closed => {}
            }
        }
    }

    fn on_ack(&mut self, ack: SeqNumber, arrows: &mut Vec<Arrow>) {
        if self.state == State::SynReceived && !self.begun.after(ack) {
            self.take(Arrow::HandshakeDone, arrows);
        }
        if self.fin.is_none_or(|fin| fin.after(ack)) {
            return;
        }
        match self.state {
            State::FinWait1 => self.take(Arrow::FinAcked, arrows),
            State::Closing => self.take(Arrow::ClosingAcked, arrows),
            State::LastAck => self.take(Arrow::LastAcked, arrows),
            State::Listen
            | State::SynSent
            | State::SynReceived
            | State::Established
            | State::FinWait2
            | State::CloseWait
            | State::TimeWait
            | State::Closed => {}
        }
    }

    /// What is in order moves the number that it waits for; what lies behind a hole is kept.
    fn on_text(&mut self, heard: &Sight) {
        let Some(mut next) = self.next else { return };
        let fin = u32::from(heard.header.flags.contains(Flags::FIN));
        let (from, to) = (heard.header.seq, heard.header.seq + heard.len as u32 + fin);
        if fin == 1 {
            self.theirs = Some(to);
        }
        if to.after(next) && self.ahead.len() < AHEAD_MAX {
            self.ahead.push((from, to));
        }
        while let Some(at) = self.ahead.iter().position(|(from, _)| !from.after(next)) {
            let (_, to) = self.ahead.swap_remove(at);
            next = if to.after(next) { to } else { next };
        }
        self.next = Some(next);
    }
}

#[cfg(test)]
mod tests;
