//! How many segments that belong to nobody are answered? (RFC 9293 §3.10.7.1)
//!
//! Each with a RST, as far as a rate limit and a small ring allow: whoever sends us segments with
//! forged sources would else make us send as many. What the RST looks like is osier-tcp's business.

use crate::account::Flow;
use crate::flow::FlowKey;
use crate::host::Host;
use crate::reason::HostReason;
use alloc::collections::VecDeque;
use osier_ip::LinkId;
use osier_tcp::{Segment, Transmit, answer_stray};
use osier_time::{Duration, Instant};
use osier_wire::tcp::Flags;
use osier_wire::{Frame, SeqNumber};

/// RSTs to strays in a second at most; a host that is used, not attacked, sends a few.
const RESETS_PER_SECOND: u32 = 1_000;

/// RSTs that wait for room on the device at most: one batch of frames.
const RESETS_OWED_MAX: usize = 64;

/// The RSTs that are owed, and how many were in this second.
#[derive(Clone, Debug)]
pub(crate) struct Strays {
    owed: VecDeque<Reset>,
    second: Instant,
    count: u32,
}

/// What differs between one such RST and another.
#[derive(Clone, Copy, Debug)]
struct Reset {
    key: FlowKey,
    seq: SeqNumber,
    ack: SeqNumber,
    flags: Flags,
}

impl Strays {
    pub(crate) const fn new() -> Self {
        Strays { owed: VecDeque::new(), second: Instant::ZERO, count: 0 }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.owed.is_empty()
    }

    /// Whether one more RST may go out; counts it.
    fn allow(&mut self, now: Instant) -> bool {
        if now.since(self.second) >= Duration::from_secs(1) {
            (self.second, self.count) = (now, 0);
        }
        let allowed = self.count < RESETS_PER_SECOND && self.owed.len() < RESETS_OWED_MAX;
        self.count += u32::from(allowed);
        allowed
    }
}

impl Host {
    /// A segment that belongs to nobody.
    pub(crate) fn stray_input(&mut self, now: Instant, key: &FlowKey, segment: &Segment) {
        let answer = answer_stray(segment, &mut self.account.tcp);
        self.account.close(key);
        if let Some(reset) = answer {
            self.owe_reset(now, key, &reset);
        }
    }

    /// Owes a RST.
    pub(crate) fn owe_reset(&mut self, now: Instant, key: &FlowKey, reset: &Transmit) {
        if !self.strays.allow(now) {
            return self.account.push(Some(Flow::tcp(key)), HostReason::StrayLimited);
        }
        let Segment { seq, ack, flags, .. } = reset.segment;
        self.strays.owed.push_back(Reset { key: *key, seq, ack, flags });
    }

    /// The next RST that is owed.
    pub(crate) fn transmit_stray(&mut self, now: Instant, frame: &mut Frame) -> Option<LinkId> {
        while let Some(Reset { key, seq, ack, flags }) = self.strays.owed.pop_front() {
            let segment = Segment { seq, ack, flags, ..Segment::default() };
            let mut reset = Transmit { segment, dont_fragment: true, ..Transmit::default() };
            let link = self.send_quietly(now, &key, &mut reset, frame);
            if link.is_some() {
                return link;
            }
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::{RESETS_OWED_MAX, RESETS_PER_SECOND, Strays};
    use osier_time::Instant;

    #[test]
    fn resets_are_limited_in_each_second() {
        let mut strays = Strays::new();
        let allowed = |strays: &mut Strays, at| {
            (0..10_000).filter(|_| strays.allow(Instant::from_millis(at))).count()
        };
        assert_eq!(allowed(&mut strays, 5_000), RESETS_PER_SECOND as usize);
        assert_eq!(allowed(&mut strays, 5_999), 0);
        assert_eq!(allowed(&mut strays, 6_000), RESETS_PER_SECOND as usize);
        assert!(RESETS_OWED_MAX < RESETS_PER_SECOND as usize);
    }
}
