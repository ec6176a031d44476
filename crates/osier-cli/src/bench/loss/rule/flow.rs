//! What is sent, what of it is lost, and what an acknowledgment tells: the line, the receiver, and
//! the sender's account (draft-ietf-ccwg-bbr, "Delivery Rate Samples").

use super::bbr::Bbr;
use super::{Dice, Path, QUANTUM};
use std::collections::VecDeque;

/// The line, and the receiver behind it.
pub(super) struct Net {
    path: Path,
    dice: Dice,
    /// When the line is free.
    busy: f64,
    /// Acknowledgments under way: when they arrive, and for what.
    pub(super) acks: VecDeque<(f64, Vec<usize>)>,
    waiting: Vec<usize>,
    /// Packets before this one find the receiver missing something.
    hole: usize,
}

impl Net {
    pub(super) fn new(path: Path, seed: u64) -> Net {
        let (acks, waiting) = (VecDeque::new(), Vec::new());
        Net { path, dice: Dice(seed), busy: 0.0, acks, waiting, hole: 0 }
    }

    /// A packet goes over the line. (No queue overflows: what is in flight is bounded before.)
    fn send(&mut self, now: f64, packet: usize, in_flight: f64) {
        self.busy = self.busy.max(now) + 1.0 / self.path.packets_per_s;
        if self.dice.next() < self.path.loss {
            self.hole = packet + in_flight as usize;
            return;
        }
        self.waiting.push(packet);
        if self.waiting.len() >= 2 && self.dice.next() >= self.path.loss
            || packet < self.hole && self.dice.next() >= self.path.loss
        {
            self.acknowledge(now);
        }
    }

    pub(super) fn acknowledge(&mut self, now: f64) {
        let packets = std::mem::take(&mut self.waiting);
        self.acks.push_back((self.busy.max(now) + self.path.round_trip, packets));
    }
}

/// A packet that was sent, with the account as it was then.
#[derive(Clone, Copy)]
pub(super) struct Sent {
    at: f64,
    first_at: f64,
    delivered_at: f64,
    delivered: u64,
    pub(super) lost: u64,
    pub(super) in_flight: f64,
    pub(super) limited: bool,
    fate: Fate,
}

#[derive(Clone, Copy, PartialEq)]
enum Fate {
    Open,
    Delivered,
    Lost,
}

/// What an acknowledgment tells (RS of the draft).
pub(super) struct Sample {
    pub(super) newly: f64,
    pub(super) rate: f64,
    pub(super) delivered: f64,
    pub(super) prior: u64,
    pub(super) in_flight_then: f64,
    pub(super) lost: f64,
    pub(super) limited: bool,
    pub(super) full: bool,
}

/// The sender's account.
#[derive(Default)]
pub(super) struct Flow {
    pub(super) now: f64,
    sent: Vec<Sent>,
    /// The first packet whose fate is open.
    oldest: usize,
    pub(super) in_flight: f64,
    pub(super) delivered: u64,
    delivered_at: f64,
    first_at: f64,
    pub(super) lost: u64,
    /// Until so much is delivered, samples count as limited by the user.
    pub(super) limited_until: u64,
    /// When what has left is paid for, and what may still leave before.
    pub(super) paid_at: f64,
    left: f64,
}

impl Flow {
    pub(super) fn may_send(&self, cwnd: f64) -> bool {
        self.in_flight + 1.0 <= cwnd
    }

    pub(super) fn send(&mut self, net: &mut Net, bbr: &Bbr) {
        let (now, pace) = (self.now, bbr.pace());
        if now >= self.paid_at {
            let quantum = (pace * QUANTUM).max(2.0);
            let late = ((now - self.paid_at) * pace).min(quantum);
            self.left = quantum + late;
            self.paid_at = now - late / pace;
        }
        while self.left > 0.0 && self.may_send(bbr.cwnd) {
            if self.in_flight == 0.0 {
                (self.first_at, self.delivered_at) = (now, now);
            }
            self.in_flight += 1.0;
            self.left -= 1.0;
            self.paid_at += 1.0 / pace;
            self.sent.push(Sent {
                at: now,
                first_at: self.first_at,
                delivered_at: self.delivered_at,
                delivered: self.delivered,
                lost: self.lost,
                in_flight: self.in_flight,
                limited: self.limited_until > 0,
                fate: Fate::Open,
            });
            net.send(now, self.sent.len() - 1, self.in_flight);
        }
    }

    pub(super) fn on_ack(&mut self, packets: &[usize], bbr: &mut Bbr) -> Option<Sample> {
        let full = self.in_flight + 1.0 > bbr.cwnd;
        for packet in packets {
            self.sent[*packet].fate = Fate::Delivered;
            self.delivered += 1;
            self.in_flight -= 1.0;
        }
        let newest = *packets.last()?;
        self.delivered_at = self.now;
        self.lose_before(newest.saturating_sub(2), bbr);
        if self.delivered > self.limited_until {
            self.limited_until = 0;
        }
        let sent = self.sent[newest];
        self.first_at = sent.at;
        let interval = (sent.at - sent.first_at).max(self.now - sent.delivered_at);
        let delivered = (self.delivered - sent.delivered) as f64;
        Some(Sample {
            newly: packets.len() as f64,
            rate: delivered / interval,
            delivered,
            prior: sent.delivered,
            in_flight_then: sent.in_flight,
            lost: (self.lost - sent.lost) as f64,
            limited: sent.limited,
            full,
        })
    }

    fn lose_before(&mut self, packet: usize, bbr: &mut Bbr) {
        while self.oldest < packet {
            let sent = &mut self.sent[self.oldest];
            if sent.fate == Fate::Open {
                sent.fate = Fate::Lost;
                self.lost += 1;
                self.in_flight -= 1.0;
                let sent = *sent;
                bbr.on_lost(self, &sent);
            }
            self.oldest += 1;
        }
    }
}
