//! Who still answers for a connection that is over? (RFC 9293 §3.6.1, TIME-WAIT)
//!
//! A small entry in the connection's place. All last equally long, and one that starts anew goes
//! to the end, so the order of the queue is the order in time: it needs no wheel, and where the
//! table is full the oldest is at hand.

use crate::account::Flow;
use crate::flow::{FlowKey, Tenant};
use crate::host::Host;
use crate::ready::Ready;
use crate::reason::HostReason;
use crate::slots::Slots;
use crate::tcp_input::Incoming;
use osier_ip::LinkId;
use osier_tcp::{TimeWait, TimeWaitVerdict};
use osier_time::Instant;
use osier_wire::Frame;

/// The entries.
#[derive(Clone, Debug)]
pub(crate) struct TimeWaits {
    pub(crate) entries: Slots<Entry>,
    /// The one that ends first in front.
    order: Ready,
    /// Who owes an acknowledgment.
    pub(crate) transmit: Ready,
}

/// A connection in TIME-WAIT.
#[derive(Clone, Debug)]
pub(crate) struct Entry {
    pub(crate) time_wait: TimeWait,
    pub(crate) key: FlowKey,
}

impl TimeWaits {
    pub(crate) const fn new() -> Self {
        TimeWaits { entries: Slots::new(), order: Ready::new(), transmit: Ready::new() }
    }

    pub(crate) fn next_deadline(&self) -> Option<Instant> {
        let first = self.entries.get(self.order.front()?)?;
        Some(first.time_wait.deadline())
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
        self.flows.insert(key, Tenant::TimeWait(id));
        self.time_waits.order.push_back(id);
        self.time_waits.transmit.push_back(id);
    }

    /// A segment of a connection in TIME-WAIT.
    pub(crate) fn time_wait_input(&mut self, now: Instant, id: u32, incoming: &Incoming) {
        let Some(entry) = self.time_waits.entries.get_mut(id) else { return };
        let (key, before) = (entry.key, entry.time_wait.deadline());
        let (config, notes) = (&self.config.tcp, &mut self.account.tcp);
        let verdict = entry.time_wait.on_segment(now, &incoming.segment, config, notes);
        self.account.close(&key);
        match verdict {
            TimeWaitVerdict::Stays => {
                if entry.time_wait.deadline() != before {
                    self.time_waits.order.remove(id);
                    self.time_waits.order.push_back(id);
                }
                self.time_waits.transmit.push_back(id);
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
            entry.is_none_or(|entry| entry.time_wait.deadline() <= now)
        });
        first.map(|id| self.forget_time_wait(id)).is_some()
    }

    fn forget_time_wait(&mut self, id: u32) {
        self.time_waits.order.remove(id);
        self.time_waits.transmit.remove(id);
        if let Some(entry) = self.time_waits.entries.remove(id) {
            self.flows.remove(&entry.key, Tenant::TimeWait(id));
        }
    }

    /// The next acknowledgment of a repeated FIN.
    pub(crate) fn transmit_time_wait(&mut self, now: Instant, frame: &mut Frame) -> Option<LinkId> {
        while let Some(id) = self.time_waits.transmit.pop_front() {
            let Some(entry) = self.time_waits.entries.get_mut(id) else { continue };
            let Some(transmit) = entry.time_wait.poll_transmit(now) else { continue };
            let key = entry.key;
            let link = self.send_quietly(now, &key, transmit, frame);
            if link.is_some() {
                return link;
            }
        }
        None
    }
}
