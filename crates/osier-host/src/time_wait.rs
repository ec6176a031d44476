//! Who still answers for a connection that is over? (RFC 9293 §3.6.1, TIME-WAIT)
//!
//! A small entry in the connection's place. All last equally long, and one that starts anew goes
//! to the end, so the order of the queue is the order in time: it needs no wheel. Where the table
//! is full the oldest goes, which is the one whose old segments are the least likely to be still
//! about; it is counted. Linux refuses the youngest instead.

use crate::account::Flow;
use crate::flow::{FlowKey, Tenant};
use crate::host::Host;
use crate::ready::Ready;
use crate::reason::HostReason;
use crate::slots::Slots;
use crate::tcp_input::Incoming;
use alloc::collections::VecDeque;
use osier_ip::LinkId;
use osier_tcp::{Arrow, Reason, TimeWait, TimeWaitVerdict};
use osier_time::Instant;
use osier_wire::Frame;

/// The entries.
#[derive(Clone, Debug)]
pub(crate) struct TimeWaits {
    pub(crate) entries: Slots<Entry>,
    /// The one that ends first in front.
    order: Ready,
    /// Who owes an acknowledgment.
    pub(crate) transmit: VecDeque<u32>,
}

/// Acknowledgments of FINs that wait for room on the device at most: some batches of frames. One
/// beyond is not sent; the peer repeats its FIN.
const ACKS_OWED_MAX: usize = 1_024;

/// A connection in TIME-WAIT.
#[derive(Clone, Debug)]
pub(crate) struct Entry {
    pub(crate) time_wait: TimeWait,
    pub(crate) key: FlowKey,
}

impl TimeWaits {
    pub(crate) const fn new() -> Self {
        TimeWaits { entries: Slots::new(), order: Ready::new(), transmit: VecDeque::new() }
    }

    /// When [`Host::end_time_wait`] is due; `now` is the time of the last door.
    #[inline]
    pub(crate) fn next_deadline(&self, now: Instant) -> Option<Instant> {
        let first = self.entries.get(self.order.front()?)?;
        Some(first.time_wait.deadline(now))
    }

    fn owe(&mut self, id: u32) {
        let owes = self.entries.get(id).is_some_and(|entry| entry.time_wait.wants_transmit());
        if owes && self.transmit.len() < ACKS_OWED_MAX {
            self.transmit.push_back(id);
        }
    }
}

impl Host {
    /// Puts TIME-WAIT into a connection's place.
    pub(crate) fn keep_time_wait(&mut self, key: FlowKey, time_wait: TimeWait) {
        if self.time_waits.entries.len() >= self.config.time_wait_max.max(1)
            && let Some(oldest) = self.time_waits.order.front()
        {
            self.account.push(Some(Flow::tcp(&key)), HostReason::TimeWaitOverflow);
            self.forget_time_wait(oldest);
        }
        let id = self.time_waits.entries.insert(Entry { time_wait, key });
        self.lead_flow(&key, Tenant::TimeWait(id));
        self.time_waits.order.push_back(id);
        self.time_waits.owe(id);
    }

    /// A segment of a connection in TIME-WAIT.
    pub(crate) fn time_wait_input(&mut self, now: Instant, id: u32, incoming: &Incoming) {
        let Some(entry) = self.time_waits.entries.get_mut(id) else { return };
        let (key, before) = (entry.key, entry.time_wait.deadline(now));
        let (config, notes) = (&self.config.tcp, &mut self.account.tcp);
        let verdict = entry.time_wait.on_segment(now, &incoming.segment, config, notes);
        self.account.close(&key);
        match verdict {
            TimeWaitVerdict::Stays => {
                if entry.time_wait.deadline(now) != before {
                    self.time_waits.order.remove(id);
                    self.time_waits.order.push_back(id);
                }
                self.time_waits.owe(id);
            }
            TimeWaitVerdict::Reopen => {
                let beyond = entry.time_wait.snd_nxt();
                self.forget_time_wait(id);
                self.listener_input(now, incoming, Some(beyond));
            }
        }
    }

    /// Ends one that is due; says whether there was one.
    pub(crate) fn end_time_wait(&mut self, now: Instant) -> bool {
        let first = self.time_waits.order.front().filter(|id| {
            let entry = self.time_waits.entries.get(*id);
            entry.is_none_or(|entry| entry.time_wait.deadline(now) <= now)
        });
        let Some(id) = first else { return false };
        if let Some(entry) = self.time_waits.entries.get(id) {
            let key = entry.key;
            self.account.tcp.push(Reason::Moved { arrow: Arrow::TimeWaitOver });
            self.account.close(&key);
        }
        self.forget_time_wait(id);
        true
    }

    pub(crate) fn forget_time_wait(&mut self, id: u32) {
        self.time_waits.order.remove(id);
        if let Some(entry) = self.time_waits.entries.remove(id) {
            self.forget_flow(&entry.key, Tenant::TimeWait(id));
        }
    }

    /// The next acknowledgment of a repeated FIN.
    pub(crate) fn transmit_time_wait(&mut self, now: Instant, frame: &mut Frame) -> Option<LinkId> {
        while let Some(id) = self.time_waits.transmit.pop_front() {
            let Some(entry) = self.time_waits.entries.get_mut(id) else { continue };
            let Some(mut transmit) = entry.time_wait.poll_transmit(now) else { continue };
            let key = entry.key;
            let link = self.send_quietly(now, &key, &mut transmit, frame);
            if link.is_some() {
                return link;
            }
        }
        None
    }
}

impl TimeWaits {
    /// Octets that are allocated, but for the acknowledgments that are owed, which are bounded.
    pub(crate) fn octets(&self) -> usize {
        self.entries.octets() + self.order.octets()
    }
}
