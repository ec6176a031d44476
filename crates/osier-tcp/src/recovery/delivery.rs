//! How fast does the network deliver? (draft-ietf-ccwg-bbr, "Detailed Delivery Rate Sampling
//! Algorithm")
//!
//! Beside the records, and only where somebody asks: what was known when each transmission left,
//! in the order of sending. A transmission is kept until nothing of it is in flight, or lost and
//! not sent again.

use super::Recovery;
use super::ack::Measure;
use super::records::Order;
use crate::rate::{Limited, Lost, Sample};
use alloc::collections::VecDeque;
use alloc::vec::Vec;
use osier_time::{Duration, Instant};
use osier_wire::SeqNumber;

/// So many transmissions are kept at most: a window of 1 GiB in super-segments, twice. Of older
/// ones that come to light no sample is taken.
const KEPT_MAX: usize = 1 << 15;

/// A transmission.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Sent {
    /// Octets of it whose fate is open.
    open: u32,
    /// P.send_time.
    at: Instant,
    /// P.delivered, P.delivered_time, P.first_send_time, P.lost: the account as it was.
    account: Account,
    /// P.tx_in_flight.
    in_flight: u32,
    /// P.is_app_limited.
    limited: Limited,
    turn: Turn,
}

/// Whether it was sent before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Turn {
    First,
    Again,
}

/// C.delivered and its kin.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Account {
    delivered: u64,
    delivered_at: Instant,
    /// When what was delivered latest had been sent.
    first_sent_at: Instant,
    lost: u64,
}

/// The measurement of one connection.
#[derive(Clone, Debug)]
pub(super) struct Sampler {
    sent: VecDeque<Sent>,
    /// The transmission that `sent` begins with.
    first: Order,
    account: Account,
    /// C.app_limited: until so much is delivered; 0: not limited.
    limited_until: u64,
    /// Of all that this acknowledgment delivers, what was sent last.
    newest: Option<(Order, Sent)>,
    newly_acked: u32,
    newly_lost: u32,
    pieces_lost: u32,
    /// Behind what was lost last.
    lost_end: SeqNumber,
    /// What was lost since the last [`Sampler::take_losses`]: never more than there are records.
    losses: Vec<Lost>,
    /// What is shown of the rate, and by what it was limited.
    shown: Option<(u64, Limited)>,
}

impl Sampler {
    /// Nothing sent yet.
    pub(super) fn new(now: Instant) -> Self {
        let account = Account { delivered: 0, delivered_at: now, first_sent_at: now, lost: 0 };
        Sampler {
            sent: VecDeque::new(),
            first: Order::default(),
            account,
            limited_until: 0,
            newest: None,
            newly_acked: 0,
            newly_lost: 0,
            pieces_lost: 0,
            lost_end: SeqNumber(0),
            losses: Vec::new(),
            shown: None,
        }
    }

    /// `octets` were sent as the transmission `order`; with them, `in_flight` are in flight.
    pub(super) fn on_sent(
        &mut self,
        now: Instant,
        order: Order,
        octets: u32,
        in_flight: u32,
        turn: Turn,
    ) {
        if in_flight <= octets {
            self.account.first_sent_at = now;
            self.account.delivered_at = now;
        }
        if self.sent.is_empty() {
            self.first = order;
        }
        let limited = if self.limited_until > 0 { Limited::ByUser } else { Limited::ByNetwork };
        let account = self.account;
        self.sent.push_back(Sent { open: octets, at: now, account, in_flight, limited, turn });
        if self.sent.len() > KEPT_MAX {
            self.sent.pop_front();
            self.first.advance();
        }
    }

    /// `octets` of a transmission are sent again: their fate is another's.
    pub(super) fn on_resent(&mut self, order: Order, octets: u32) {
        self.close(order, octets);
    }

    /// `octets` of a transmission were delivered.
    pub(super) fn on_delivered(&mut self, order: Order, octets: u32) {
        self.account.delivered += u64::from(octets);
        self.newly_acked = self.newly_acked.saturating_add(octets);
        let Some(sent) = self.get(order).copied() else { return };
        if self.newest.is_none_or(|(newest, _)| order.after(newest)) {
            self.newest = Some((order, sent));
        }
        self.close(order, octets);
    }

    /// `[from, from + octets)` of a transmission are lost.
    pub(super) fn on_lost(&mut self, order: Order, from: SeqNumber, octets: u32) {
        self.account.lost += u64::from(octets);
        self.newly_lost = self.newly_lost.saturating_add(octets);
        self.pieces_lost += u32::from(self.newly_lost == octets || from != self.lost_end);
        self.lost_end = from + octets;
        if let Some(sent) = self.get(order).copied() {
            let lost = self.lost_since(&sent);
            let Sent { in_flight, limited, .. } = sent;
            let delivered = self.account.delivered;
            self.losses.push(Lost { octets, in_flight_then: in_flight, lost, delivered, limited });
        }
    }

    /// What was just lost was not: it was too long for the path, or never lost.
    pub(super) fn forgive(&mut self) {
        self.account.lost -= u64::from(self.newly_lost);
        (self.newly_lost, self.pieces_lost) = (0, 0);
        self.losses.clear();
    }

    /// There is nothing to send, and the windows would let something go: CheckIfApplicationLimited
    /// of the draft. `in_flight` octets are.
    pub(super) fn on_nothing_to_send(&mut self, in_flight: u32) {
        self.limited_until = (self.account.delivered + u64::from(in_flight)).max(1);
    }

    /// Whether what is sent now is limited by what there is to send.
    pub(super) const fn is_limited(&self) -> bool {
        self.limited_until > 0
    }

    /// Takes what was lost since the last time.
    pub(super) fn take_losses(&mut self) -> Vec<Lost> {
        core::mem::take(&mut self.losses)
    }

    /// GenerateRateSample: what the acknowledgment that has just been taken in tells; `None` where
    /// it delivers nothing.
    pub(super) fn take_sample(&mut self, now: Instant, min_rtt: Duration) -> Option<Sample> {
        if self.newly_acked > 0 {
            self.account.delivered_at = now;
        }
        if self.account.delivered > self.limited_until {
            self.limited_until = 0;
        }
        let (newly_lost, pieces_lost) = (self.newly_lost, self.pieces_lost);
        (self.newly_lost, self.pieces_lost) = (0, 0);
        let newly_acked = core::mem::take(&mut self.newly_acked);
        let (_, sent) = self.newest.take()?;
        self.account.first_sent_at = sent.at;
        let delivered = self.account.delivered - sent.account.delivered;
        let delivered = u32::try_from(delivered).unwrap_or(u32::MAX);
        let sending = sent.at - sent.account.first_sent_at;
        let interval = sending.max(now - sent.account.delivered_at);
        // Shorter than any round trip: of what was sent twice, the first has arrived.
        let reliable = interval >= min_rtt && !interval.is_zero();
        if reliable {
            self.show(rate(delivered, interval), sent.limited);
        }
        Some(Sample {
            total: self.account.delivered,
            newly_acked,
            prior: sent.account.delivered,
            delivered,
            rate: if reliable { rate(delivered, interval) } else { 0 },
            limited: sent.limited,
            in_flight_then: sent.in_flight,
            lost: self.lost_since(&sent),
            newly_lost,
            pieces_lost,
            rtt: (sent.turn == Turn::First).then(|| now - sent.at),
        })
    }

    /// Where its user was the limit, a lower rate says nothing of the path (Linux: tcp_rate_gen).
    fn show(&mut self, rate: u64, limited: Limited) {
        if limited == Limited::ByNetwork || self.shown.is_none_or(|(shown, _)| rate >= shown) {
            self.shown = Some((rate, limited));
        }
    }

    /// The latest rate of delivery, octets in a second, and by what it was limited.
    pub(super) const fn shown(&self) -> Option<(u64, Limited)> {
        self.shown
    }

    fn lost_since(&self, sent: &Sent) -> u32 {
        u32::try_from(self.account.lost.saturating_sub(sent.account.lost)).unwrap_or(u32::MAX)
    }

    fn get(&self, order: Order) -> Option<&Sent> {
        self.sent.get(self.place(order)?)
    }

    /// Where a transmission is kept, if it is not older than all that are.
    fn place(&self, order: Order) -> Option<usize> {
        let older = self.first.after(order);
        (!older).then(|| order.since(self.first) as usize)
    }

    /// The fate of `octets` of a transmission is known.
    fn close(&mut self, order: Order, octets: u32) {
        let Some(sent) = self.place(order).and_then(|place| self.sent.get_mut(place)) else {
            return;
        };
        sent.open = sent.open.saturating_sub(octets);
        while self.sent.front().is_some_and(|sent| sent.open == 0) {
            self.sent.pop_front();
            self.first.advance();
        }
        if self.sent.is_empty() {
            self.sent = VecDeque::new();
        }
    }
}

/// The rate of delivery, for a congestion control that models the path.
impl Recovery {
    /// Measures from now on, or no longer.
    pub(crate) fn measure(&mut self, now: Instant, whether: Measure) {
        match whether {
            Measure::Yes => self.records.measure(now),
            Measure::No => self.records.stop_measuring(),
        }
        // Such a control says itself how much may be sent in a recovery.
        self.prr = None;
    }

    /// There is nothing to send, though the windows would let something go.
    pub(crate) fn on_nothing_to_send(&mut self) {
        let in_flight = self.in_flight();
        if let Some(sampler) = self.records.sampler() {
            sampler.on_nothing_to_send(in_flight);
        }
    }

    /// Whether there was nothing to send at times; `None`: nobody asks.
    pub(crate) fn is_limited(&self) -> Option<bool> {
        self.records.is_limited()
    }

    /// The latest rate of delivery, octets in a second, and by what it was limited; `None`: nobody
    /// asks, or nothing was delivered yet.
    pub(crate) fn delivery_rate(&self) -> Option<(u64, Limited)> {
        self.records.delivery_rate()
    }

    /// What was lost since the last time.
    pub(crate) fn take_losses(&mut self) -> Vec<Lost> {
        self.records.sampler().map(Sampler::take_losses).unwrap_or_default()
    }

    /// What the acknowledgment just taken in tells.
    pub(crate) fn take_sample(&mut self, now: Instant) -> Option<Sample> {
        let min_rtt = self.rtt.min().unwrap_or_default();
        self.records.sampler()?.take_sample(now, min_rtt)
    }
}

/// Octets in a second.
fn rate(octets: u32, time: Duration) -> u64 {
    u64::from(octets) * 1_000_000_000 / time.as_nanos().max(1)
}

#[cfg(test)]
mod tests;
