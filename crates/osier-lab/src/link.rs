//! What happens to a frame between one end of a link and the other?
//!
//! One direction of a link, with the doors of the design: `on_frame`, `poll_transmit`,
//! `next_deadline`. A frame waits for the line, is sent at its rate, may get lost, damaged, doubled
//! or overtaken on the way, and arrives. Super-frames never come here: who sends cuts them first.
//! What is drawn depends on the link's own dice and on the frames before, nothing else.

use crate::conditions::{Conditions, Loss, Traffic};
use crate::dice::{Chance, Dice};
use crate::mangle;
use crate::rule::{Rule, Then};
use crate::sight;
use bytes::Bytes;
use osier_time::{Duration, Instant};
use osier_wire::link::Medium;
use std::collections::VecDeque;

/// Nanoseconds in a second, for rates.
const NANOS: u128 = 1_000_000_000;

/// Frames in flight at most, whatever the delay: 1 GiB of full frames is more than any window.
const IN_FLIGHT_MAX: usize = 1 << 19;

/// One direction of a link.
#[derive(Clone, Debug)]
pub struct Link {
    conditions: Conditions,
    rules: Vec<Rule>,
    medium: Medium,
    dice: Dice,
    /// Whether a burst of losses is on.
    burst: Burst,
    /// Until when the line is busy.
    busy: Instant,
    /// When the frames that wait for the line will have left, the first first.
    leaving: VecDeque<Instant>,
    /// When the last frame arrives that nothing overtook.
    latest: Instant,
    /// What is under way, by arrival.
    in_flight: VecDeque<(Instant, Bytes)>,
    /// Copies that rules have made, the newest of a number first.
    copies: Vec<(u8, Bytes)>,
    counts: Counts,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Burst {
    Off,
    On,
}

/// What became of a frame that was given to a link.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// It arrives then (and perhaps once more).
    Arrives(Instant),
    /// It never does.
    Lost(Cause),
}

/// Why a frame never arrives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cause {
    /// By chance.
    Chance,
    /// A rule said so.
    Rule,
    /// The queue was full.
    QueueFull,
    /// It was longer than what the link carries (`Conditions::mtu`).
    TooLong,
    /// The link is cut.
    Cut,
}

/// How many frames met what.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Given to the link.
    pub sent: u64,
    /// Handed over at the other end, second copies included.
    pub delivered: u64,
    /// Lost by chance, by a rule, or to a cut.
    pub lost: u64,
    /// Lost to a full queue.
    pub overflowed: u64,
    /// Longer than what the link carries.
    pub too_long: u64,
    /// Overtaken on purpose.
    pub reordered: u64,
    /// Doubled.
    pub duplicated: u64,
    /// Damaged.
    pub corrupted: u64,
}

impl Link {
    /// A link in this state, for frames of this medium.
    pub fn new(conditions: Conditions, medium: Medium, dice: Dice) -> Link {
        Link {
            conditions,
            rules: Vec::new(),
            medium,
            dice,
            burst: Burst::Off,
            busy: Instant::ZERO,
            leaving: VecDeque::new(),
            latest: Instant::ZERO,
            in_flight: VecDeque::new(),
            copies: Vec::new(),
            counts: Counts::default(),
        }
    }

    /// Changes what the link is like. What is under way stays so.
    pub fn set(&mut self, conditions: Conditions) {
        self.conditions = conditions;
    }

    /// What the link is like.
    pub fn conditions(&self) -> &Conditions {
        &self.conditions
    }

    /// Adds a rule; the first that acts on a segment decides.
    pub fn add_rule(&mut self, rule: Rule) {
        self.rules.push(rule);
    }

    /// The rules, with how often each was met.
    pub fn rules(&self) -> &[Rule] {
        &self.rules
    }

    /// What became of the frames so far.
    pub fn counts(&self) -> Counts {
        self.counts
    }

    /// What lies in front of the IP header.
    pub fn medium(&self) -> Medium {
        self.medium
    }

    /// Frames under way.
    pub fn in_flight(&self) -> usize {
        self.in_flight.len()
    }

    /// Frames that arrive at that moment and were not handed over yet.
    pub fn arriving(&self, at: Instant) -> usize {
        self.in_flight.iter().filter(|(arrival, _)| *arrival == at).count()
    }

    /// Takes a frame of the wire: one segment, its checksums filled.
    pub fn on_frame(&mut self, now: Instant, frame: Bytes) -> Fate {
        self.counts.sent += 1;
        let then = self.ruling(&frame);
        if let Some(cause) = self.refuses(now, &frame, then) {
            return self.lose(cause);
        }
        let departure = self.send(now, frame.len());
        if self.is_lost() {
            return self.lose(Cause::Chance);
        }
        if let Some(Then::Copy(number)) = then {
            self.copies.retain(|(other, _)| *other != number);
            self.copies.push((number, frame.clone()));
        }
        let frame = self.mangle(frame, then);
        let arrival = self.arrival(departure, then);
        if then == Some(Then::Duplicate) || self.dice.happens(self.conditions.duplicate) {
            self.counts.duplicated += 1;
            let again = self.latest.max(arrival);
            self.launch(arrival, frame.clone());
            self.launch(again, frame);
        } else {
            self.launch(arrival, frame);
        }
        Fate::Arrives(arrival)
    }

    /// The copy that a rule made by this number.
    pub(crate) fn copy(&self, number: u8) -> Option<Bytes> {
        self.copies.iter().find(|(other, _)| *other == number).map(|(_, frame)| frame.clone())
    }

    /// A frame that was somewhere in the network arrives now, whatever the link is like.
    pub(crate) fn hand_over(&mut self, now: Instant, frame: Bytes) {
        self.counts.sent += 1;
        self.launch(now, frame);
    }

    /// The next frame that has arrived.
    pub fn poll_transmit(&mut self, now: Instant) -> Option<Bytes> {
        if self.in_flight.front()?.0 > now {
            return None;
        }
        let (_, frame) = self.in_flight.pop_front()?;
        self.counts.delivered += 1;
        Some(frame)
    }

    /// When the next frame arrives.
    pub fn next_deadline(&self) -> Option<Instant> {
        self.in_flight.front().map(|(at, _)| *at)
    }

    fn ruling(&mut self, frame: &Bytes) -> Option<Then> {
        if self.rules.is_empty() {
            return None;
        }
        let segment = sight::look(frame, self.medium)?;
        // Every rule counts, whichever decides.
        self.rules.iter_mut().fold(None, |first, rule| {
            let then = rule.meet(&segment);
            first.or(then)
        })
    }

    fn refuses(&mut self, now: Instant, frame: &Bytes, then: Option<Then>) -> Option<Cause> {
        let packet = frame.len().saturating_sub(self.medium.header_len());
        if self.conditions.traffic == Traffic::Cut {
            Some(Cause::Cut)
        } else if self.conditions.mtu.is_some_and(|mtu| packet > mtu) {
            Some(Cause::TooLong)
        } else if then == Some(Then::Drop) {
            Some(Cause::Rule)
        } else if self.is_full(now, frame.len()) {
            Some(Cause::QueueFull)
        } else {
            None
        }
    }

    fn is_full(&mut self, now: Instant, len: usize) -> bool {
        let Some(rate) = self.conditions.rate else {
            return self.in_flight.len() >= IN_FLIGHT_MAX;
        };
        while self.leaving.front().is_some_and(|at| *at <= now) {
            self.leaving.pop_front();
        }
        let queue = self.conditions.queue;
        let waits = u128::from(self.busy.since(now).as_nanos()) * u128::from(rate) / (8 * NANOS);
        let full = waits + len as u128 > queue.octets as u128;
        // One frame always finds room, however short the queue.
        !self.leaving.is_empty() && (full || self.leaving.len() >= queue.frames)
    }

    /// Sends a frame over the line; says when its last bit has left.
    fn send(&mut self, now: Instant, len: usize) -> Instant {
        let Some(rate) = self.conditions.rate else { return now };
        let nanos = len as u128 * 8 * NANOS / u128::from(rate.max(1));
        let nanos = Duration::from_nanos(u64::try_from(nanos).unwrap_or(u64::MAX));
        self.busy = self.busy.max(now) + nanos;
        self.leaving.push_back(self.busy);
        self.busy
    }

    fn is_lost(&mut self) -> bool {
        match self.conditions.loss {
            Loss::None => false,
            Loss::Random(chance) => self.dice.happens(chance),
            Loss::Bursts { begin, end, within } => {
                self.burst = match self.burst {
                    Burst::Off if self.dice.happens(begin) => Burst::On,
                    Burst::On if self.dice.happens(end) => Burst::Off,
                    as_before => as_before,
                };
                self.burst == Burst::On && self.dice.happens(within)
            }
        }
    }

    #[inline]
    fn mangle(&mut self, frame: Bytes, then: Option<Then>) -> Bytes {
        let Conditions { corrupt, shrink_window, .. } = self.conditions;
        match (corrupt, shrink_window, then) {
            (Chance::NONE, Chance::NONE, None) => frame,
            _ => self.mangle_by_chance(frame, then),
        }
    }

    fn mangle_by_chance(&mut self, frame: Bytes, then: Option<Then>) -> Bytes {
        let corrupt = self.dice.happens(self.conditions.corrupt) || then == Some(Then::Corrupt);
        let shrink = self.dice.happens(self.conditions.shrink_window);
        if corrupt {
            self.counts.corrupted += 1;
            mangle::flip_a_bit(&frame, self.medium, &mut self.dice)
        } else if shrink {
            mangle::shrink_window(frame, self.medium, &mut self.dice)
        } else {
            frame
        }
    }

    fn arrival(&mut self, departure: Instant, then: Option<Then>) -> Instant {
        let Conditions { delay, jitter, reorder, reorder_by, .. } = self.conditions;
        let aside = match then {
            Some(Then::Delay(by)) => Some(by),
            _ => self.dice.happens(reorder).then_some(reorder_by),
        };
        if let Some(by) = aside {
            self.counts.reordered += 1;
            return departure + delay + by;
        }
        let more = if jitter.is_zero() { 0 } else { self.dice.between(0, jitter.as_nanos()) };
        let arrival = departure + delay + Duration::from_nanos(more);
        self.latest = self.latest.max(arrival);
        self.latest
    }

    /// Nearly always the last to arrive, so the place is looked for from the back.
    #[inline]
    fn launch(&mut self, at: Instant, frame: Bytes) {
        if self.in_flight.back().is_none_or(|(last, _)| *last <= at) {
            return self.in_flight.push_back((at, frame));
        }
        self.overtake(at, frame);
    }

    /// Some arrive later.
    #[cold]
    fn overtake(&mut self, at: Instant, frame: Bytes) {
        let later = self.in_flight.iter().rev().take_while(|(other, _)| *other > at).count();
        let place = self.in_flight.len() - later;
        self.in_flight.insert(place, (at, frame));
    }

    fn lose(&mut self, cause: Cause) -> Fate {
        match cause {
            Cause::Chance | Cause::Rule | Cause::Cut => self.counts.lost += 1,
            Cause::QueueFull => self.counts.overflowed += 1,
            Cause::TooLong => self.counts.too_long += 1,
        }
        Fate::Lost(cause)
    }
}

#[cfg(test)]
mod tests;
