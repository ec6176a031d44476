//! What does the rule of BBR alone leave of a path that loses? draft-ietf-ccwg-bbr, without TCP.
//!
//! A check on the figures of the table that shares nothing with the engine: whole packets that
//! leave by the millisecond, a line, dice, and an acknowledgment for every other packet, or for
//! each while one is missing. Of BBR it has what decides once Startup is over: the bounds that
//! loss sets, the cycle of ProbeBW, and ProbeRTT. The shortest round trip is given; a loss is known
//! when three later packets have arrived; a packet sent again is a packet like any other.

mod bbr;
mod flow;

use bbr::Bbr;
use flow::{Flow, Net};

/// What leaves at a time: a millisecond's worth, at least two packets.
const QUANTUM: f64 = 0.001;

/// The path. Packets and seconds.
#[derive(Clone, Copy)]
pub(super) struct Path {
    pub(super) packets_per_s: f64,
    pub(super) round_trip: f64,
    pub(super) loss: f64,
}

/// What of the rule is followed.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Rule {
    /// All of it.
    Draft,
    /// But the pace is the bandwidth itself, not 1 % below.
    NoMargin,
}

/// The part of the path's rate that is delivered in `seconds`.
pub(super) fn share(path: Path, rule: Rule, seconds: f64, seed: u64) -> f64 {
    let mut bbr = Bbr::new(path, rule, seed);
    let mut net = Net::new(path, seed);
    let mut flow = Flow::default();
    while flow.now < seconds {
        match net.acks.front() {
            Some((at, _)) if *at <= flow.paid_at || !flow.may_send(bbr.cwnd) => {
                let (at, packets) = net.acks.pop_front().expect("there is one");
                flow.now = at.max(flow.now);
                if let Some(sample) = flow.on_ack(&packets, &mut bbr) {
                    bbr.on_ack(&flow, &sample);
                }
                if bbr.holds_back() {
                    flow.limited_until = flow.delivered + flow.in_flight as u64;
                }
            }
            _ => flow.now = flow.now.max(flow.paid_at),
        }
        flow.send(&mut net, &bbr);
        if net.acks.is_empty() {
            net.acknowledge(flow.now);
        }
    }
    flow.delivered as f64 / seconds / path.packets_per_s
}

/// Numbers below 1 that are as good as random (a multiplication modulo 2^64, upper bits).
struct Dice(u64);

impl Dice {
    fn next(&mut self) -> f64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963);
        (self.0 >> 33) as f64 / f64::from(1u32 << 31)
    }
}

#[cfg(test)]
mod tests {
    use super::{Path, Rule, share};

    fn of(loss: f64, rule: Rule) -> f64 {
        share(Path { packets_per_s: 8_333.0, round_trip: 0.02, loss }, rule, 20.0, 1)
    }

    #[test]
    fn without_loss_nearly_all_of_the_path_is_used() {
        assert!((0.9..1.0).contains(&of(0.0, Rule::Draft)));
    }

    #[test]
    fn each_lossy_round_costs_what_it_lost_and_the_margin() {
        let draft = of(0.01, Rule::Draft);
        assert!((0.75..0.86).contains(&draft), "{draft}");
        assert!(of(0.01, Rule::NoMargin) > draft + 0.03);
    }

    #[test]
    fn beyond_the_threshold_little_is_left() {
        assert!(of(0.05, Rule::Draft) < 0.2);
    }

    #[test]
    fn the_same_seed_gives_the_same() {
        assert!(of(0.01, Rule::Draft).to_bits() == of(0.01, Rule::Draft).to_bits());
    }
}
