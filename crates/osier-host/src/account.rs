//! What does a host tell of itself: to `ss`, to a capture, to whoever asks why?
//!
//! The plain values, and the one record of decisions from which captures, ladders and counters are
//! made. Notes go to one bounded ring, off by default; when it is full the oldest goes.

use crate::flow::FlowKey;
use crate::reason::{HostReason, Reason};
use alloc::collections::VecDeque;
use core::net::SocketAddr;
use osier_ip::Layer;
use osier_tcp::{Notes, Recording, State, Timer};
use osier_time::{Duration, Instant};
use osier_wire::ip::Protocol;

/// Notes that wait to be taken at most: as many as a batch of frames can give, with room to spare.
const NOTES_MAX: usize = 4_096;

/// A decision of the host or of a layer below it, and whom it concerns.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Note {
    /// When.
    pub at: Instant,
    /// The flow; `None` where the decision concerns none (ARP, a frame that cannot be parsed).
    pub flow: Option<Flow>,
    /// The decision.
    pub reason: Reason,
}

/// Both ends of what was decided about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Flow {
    /// Which transport.
    pub protocol: Protocol,
    /// Our end.
    pub local: SocketAddr,
    /// Their end.
    pub remote: SocketAddr,
}

impl Flow {
    /// The flow of a TCP connection.
    pub(crate) fn tcp(key: &FlowKey) -> Flow {
        let (local, remote) = key.ends();
        Flow { protocol: Protocol::TCP, local, remote }
    }
}

/// A socket as `ss` shows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SocketInfo {
    /// TCP or UDP.
    pub protocol: Protocol,
    /// The state; `None` for UDP.
    pub state: Option<State>,
    /// Our end.
    pub local: SocketAddr,
    /// Their end, if there is one.
    pub remote: Option<SocketAddr>,
    /// Octets to be read; of a listener: connections to be accepted.
    pub receive_queue: u32,
    /// Octets not yet acknowledged; of a listener: its backlog.
    pub send_queue: u32,
    /// The alarm that is due next, and when.
    pub timer: Option<(Timer, Instant)>,
    /// Expiries of the retransmission timer in a row.
    pub retransmits: u8,
    /// Smoothed round-trip time, once measured.
    pub srtt: Option<Duration>,
    /// Congestion window in octets.
    pub cwnd: u32,
    /// The largest segment that may be sent, in octets of text.
    pub mss: u16,
}

impl SocketInfo {
    /// A socket of which only this much is known.
    pub(crate) const fn of(protocol: Protocol, local: SocketAddr) -> Self {
        SocketInfo {
            protocol,
            state: None,
            local,
            remote: None,
            receive_queue: 0,
            send_queue: 0,
            timer: None,
            retransmits: 0,
            srtt: None,
            cwnd: 0,
            mss: 0,
        }
    }
}

/// The host's record of decisions: counters always, notes while somebody listens.
#[derive(Clone, Debug)]
pub(crate) struct Account {
    /// Lent to each door of a connection.
    pub(crate) tcp: Notes,
    /// The time of the door that is being called.
    pub(crate) now: Instant,
    counters: [u64; HostReason::NAMES.len()],
    recording: Recording,
    notes: VecDeque<Note>,
}

impl Account {
    pub(crate) const fn new() -> Self {
        Account {
            tcp: Notes::new(Recording::Off),
            now: Instant::ZERO,
            counters: [0; HostReason::NAMES.len()],
            recording: Recording::Off,
            notes: VecDeque::new(),
        }
    }

    pub(crate) fn set_recording(&mut self, recording: Recording) {
        self.recording = recording;
        self.tcp.set_recording(recording);
        if recording == Recording::Off {
            self.notes = VecDeque::new();
        }
    }

    /// Counts a decision of the host, and keeps it where somebody listens.
    pub(crate) fn push(&mut self, flow: Option<Flow>, reason: HostReason) {
        self.counters[reason.index()] += 1;
        if self.recording == Recording::On {
            self.keep(flow, Reason::Host(reason));
        }
    }

    /// The same for a decision that was made several times before anybody heard of it.
    pub(crate) fn push_times(&mut self, reason: HostReason, times: u64) {
        self.counters[reason.index()] += times.saturating_sub(1);
        self.push(None, reason);
    }

    /// Ends a call of a connection's door: what it noted concerns this flow.
    #[inline]
    pub(crate) fn close(&mut self, key: &FlowKey) {
        if !self.tcp.is_empty() {
            self.take_from_tcp(key);
        }
    }

    #[cold]
    fn take_from_tcp(&mut self, key: &FlowKey) {
        let (flow, at) = (Some(Flow::tcp(key)), self.now);
        for reason in self.tcp.drain() {
            make_room(&mut self.notes);
            self.notes.push_back(Note { at, flow, reason: Reason::Tcp(reason) });
        }
    }

    /// Ends a call of a door of the IP layer: what it noted concerns this flow, if any.
    #[inline]
    pub(crate) fn close_ip(&mut self, ip: &mut Layer, key: Option<&FlowKey>) {
        if !ip.notes_mut().is_empty() {
            self.take_from_ip(ip, key.map(Flow::tcp));
        }
    }

    /// The same, for a flow of any transport.
    #[cold]
    pub(crate) fn take_from_ip(&mut self, ip: &mut Layer, flow: Option<Flow>) {
        for reason in ip.notes_mut().drain() {
            self.keep(flow, Reason::Ip(reason));
        }
    }

    fn keep(&mut self, flow: Option<Flow>, reason: Reason) {
        make_room(&mut self.notes);
        self.notes.push_back(Note { at: self.now, flow, reason });
    }

    pub(crate) fn notes(&self) -> impl Iterator<Item = &Note> {
        self.notes.iter()
    }

    pub(crate) fn take_note(&mut self) -> Option<Note> {
        self.notes.pop_front()
    }

    pub(crate) fn counters(&self) -> impl Iterator<Item = (&'static str, u64)> + '_ {
        let own = HostReason::NAMES.iter().copied().zip(self.counters.iter().copied());
        self.tcp.counters().chain(own)
    }

    #[cfg(test)]
    pub(crate) fn count(&self, like: &HostReason) -> u64 {
        self.counters[like.index()]
    }
}

fn make_room(notes: &mut VecDeque<Note>) {
    if notes.len() == NOTES_MAX {
        notes.pop_front();
    }
}

#[cfg(test)]
mod tests {
    extern crate std;
    use super::{Account, Flow, NOTES_MAX};
    use crate::flow::FlowKey;
    use crate::reason::{HostReason, Reason};
    use osier_tcp::Recording;
    use std::string::ToString;

    #[test]
    fn notes_of_a_connection_carry_its_flow_and_the_oldest_goes_when_the_ring_is_full() {
        let mut account = Account::new();
        account.push(None, HostReason::Malformed);
        assert!(account.take_note().is_none());
        account.set_recording(Recording::On);
        let key = FlowKey::new(([10, 0, 0, 1], 80).into(), ([10, 0, 0, 2], 5).into()).unwrap();
        account.tcp.push(osier_tcp::Reason::ChallengeAck);
        account.close(&key);
        assert_eq!(account.notes().count(), 1, "to look is not to take");
        let note = account.take_note().unwrap();
        assert_eq!(note.flow, Some(Flow::tcp(&key)));
        assert_eq!(note.reason, Reason::Tcp(osier_tcp::Reason::ChallengeAck));
        for _ in 0..2 * NOTES_MAX {
            account.push(None, HostReason::BadChecksum);
        }
        assert_eq!(core::iter::from_fn(|| account.take_note()).count(), NOTES_MAX);
        assert_eq!(account.count(&HostReason::BadChecksum), 2 * NOTES_MAX as u64);
        assert_eq!(account.count(&HostReason::Malformed), 1);
    }

    #[test]
    fn frames_that_were_lost_together_are_counted_each_and_noted_once() {
        let mut account = Account::new();
        account.set_recording(Recording::On);
        let reason = HostReason::LostByDevice { frames: 7 };
        account.push_times(reason, 7);
        account.push_times(reason, 7);
        assert_eq!(account.count(&reason), 14);
        assert_eq!(account.notes().count(), 2);
        assert!(account.take_note().unwrap().reason.to_string().contains("7 frames"));
    }
}
