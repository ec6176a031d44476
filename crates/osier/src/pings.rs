//! Which echo requests wait for their reply? (RFC 792, RFC 4443 §4.1)
//!
//! One entry for each future that waits; a reply that nobody waits for is dropped.

use osier_host::Event;
use osier_time::{Duration, Instant};
use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::net::IpAddr;
use std::task::Waker;

/// An answer to an echo request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EchoReply {
    /// Who answered.
    pub from: IpAddr,
    /// The sequence number of the request.
    pub seq: u16,
    /// Time to live or hop limit on arrival.
    pub hop_limit: u8,
    /// Bytes of data that came back.
    pub len: u16,
    /// How long it took.
    pub rtt: Duration,
}

/// The requests of a stack that wait for their reply.
#[derive(Debug, Default)]
pub(crate) struct Pings {
    waiting: HashMap<(u16, u16), Request>,
    next_id: u16,
}

/// One request.
#[derive(Debug)]
pub(crate) struct Request {
    to: IpAddr,
    sent: Instant,
    pub(crate) outcome: Outcome,
    pub(crate) waiter: Option<Waker>,
}

/// What became of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    Waiting,
    Replied(EchoReply),
    Unreachable,
}

impl Pings {
    /// A new request: the identifier with which no other waits for that sequence number.
    pub(crate) fn begin(&mut self, now: Instant, to: IpAddr, seq: u16) -> Option<u16> {
        let to = to.to_canonical();
        for _ in 0..=u16::MAX {
            self.next_id = self.next_id.wrapping_add(1);
            if let Entry::Vacant(free) = self.waiting.entry((self.next_id, seq)) {
                free.insert(Request { to, sent: now, outcome: Outcome::Waiting, waiter: None });
                return Some(self.next_id);
            }
        }
        None
    }

    pub(crate) fn get(&mut self, key: (u16, u16)) -> Option<&mut Request> {
        self.waiting.get_mut(&key)
    }

    pub(crate) fn end(&mut self, key: (u16, u16)) {
        self.waiting.remove(&key);
    }

    pub(crate) fn on_event(&mut self, now: Instant, event: Event, woken: &mut Vec<Waker>) {
        match event {
            Event::EchoReply { from, id, seq, hop_limit, len } => {
                let Some(request) = self.waiting.get_mut(&(id, seq)) else { return };
                let rtt = now.since(request.sent);
                // The first reply counts; a duplicate or one by somebody else does not.
                if request.to == from && request.outcome == Outcome::Waiting {
                    request.outcome =
                        Outcome::Replied(EchoReply { from, seq, hop_limit, len, rtt });
                    woken.extend(request.waiter.take());
                }
            }
            Event::NeighbourUnreachable(who) => {
                for request in self.waiting.values_mut().filter(|request| request.to == who) {
                    if request.outcome == Outcome::Waiting {
                        request.outcome = Outcome::Unreachable;
                        woken.extend(request.waiter.take());
                    }
                }
            }
            _ => {}
        }
    }

    pub(crate) fn wake_all(&mut self, woken: &mut Vec<Waker>) {
        woken.extend(self.waiting.values_mut().filter_map(|request| request.waiter.take()));
    }
}
