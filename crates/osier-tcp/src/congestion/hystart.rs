//! When has slow start gone far enough? RFC 9406: HyStart++.
//!
//! A queue that builds up lengthens the round trip before it overflows. When it does, slow start
//! goes on at a quarter of its pace for five rounds (conservative slow start, CSS), and ends then,
//! or goes back to its full pace if the queue was a mirage.

use super::Acked;

/// RFC 9406 §4.3.
const MIN_RTT_THRESH: u32 = 4_000;
const MAX_RTT_THRESH: u32 = 16_000;
const MIN_RTT_DIVISOR: u32 = 8;
const N_RTT_SAMPLE: u8 = 8;
const CSS_GROWTH_DIVISOR: u32 = 4;
const CSS_ROUNDS: u8 = 5;

/// Slow start's watch. All times in microseconds; `u32::MAX`: none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct HyStart {
    /// lastRoundMinRTT and currentRoundMinRTT.
    last_min: u32,
    current_min: u32,
    /// rttSampleCount.
    samples: u8,
    /// Octets until this round is over (windowEnd - SND.UNA).
    left: u32,
    stage: Stage,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    SlowStart,
    /// cssBaselineMinRtt, and rounds in this stage, the first one in part.
    Conservative {
        baseline: u32,
        rounds: u8,
    },
}

/// How slow start goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Pace {
    /// By so many octets.
    Grow(u32),
    /// No further: congestion avoidance begins.
    Enough,
}

impl HyStart {
    pub(super) const fn new() -> Self {
        HyStart {
            last_min: u32::MAX,
            current_min: u32::MAX,
            samples: 0,
            left: 0,
            stage: Stage::SlowStart,
        }
    }

    /// An acknowledgment in the first slow start, by which the window would grow by `octets`.
    pub(super) fn on_ack(&mut self, ack: &Acked, octets: u32) -> Pace {
        if self.round_is_over(ack) == Pace::Enough {
            return Pace::Enough;
        }
        if let Some(rtt) = ack.rtt {
            let rtt = u32::try_from(rtt.as_micros()).unwrap_or(u32::MAX - 1);
            self.current_min = self.current_min.min(rtt);
            self.samples = self.samples.saturating_add(1);
        }
        if self.samples >= N_RTT_SAMPLE {
            self.judge();
        }
        match self.stage {
            Stage::SlowStart => Pace::Grow(octets),
            Stage::Conservative { .. } => Pace::Grow(octets / CSS_GROWTH_DIVISOR),
        }
    }

    /// RFC 9406 §4.2: a round ends when what was outstanding at its start is acknowledged.
    fn round_is_over(&mut self, ack: &Acked) -> Pace {
        self.left = self.left.saturating_sub(ack.acked);
        if self.left > 0 {
            return Pace::Grow(0);
        }
        self.left = ack.outstanding.max(1);
        self.last_min = core::mem::replace(&mut self.current_min, u32::MAX);
        self.samples = 0;
        if let Stage::Conservative { rounds, .. } = &mut self.stage {
            *rounds += 1;
            if *rounds >= CSS_ROUNDS {
                return Pace::Enough;
            }
        }
        Pace::Grow(0)
    }

    fn judge(&mut self) {
        match self.stage {
            Stage::SlowStart if self.last_min != u32::MAX => {
                let allowed =
                    (self.last_min / MIN_RTT_DIVISOR).clamp(MIN_RTT_THRESH, MAX_RTT_THRESH);
                if self.current_min >= self.last_min.saturating_add(allowed) {
                    let baseline = self.current_min;
                    self.stage = Stage::Conservative { baseline, rounds: 0 };
                }
            }
            Stage::Conservative { baseline, .. } if self.current_min < baseline => {
                self.stage = Stage::SlowStart;
            }
            Stage::SlowStart | Stage::Conservative { .. } => {}
        }
    }
}

#[cfg(test)]
mod tests;
