//! Was the loss none? RFC 3522 (Eifel, by timestamps) and RFC 5682 (F-RTO, without).
//!
//! A segment that was only late is sent again needlessly, and the window is cut for nothing. The
//! first acknowledgment that moves SND.UNA after a retransmission echoes the stamp of what drew
//! it: older than the retransmission, and the first transmission had arrived. Where there are no
//! timestamps, and only after a timeout, new text is sent in place of more retransmissions, and
//! the next acknowledgment tells. (Linux asks F-RTO even where a stamp has answered.)
//! What is undone then is `loss.rs`'s and `congestion/`'s affair (RFC 4015, RFC 9438 §4.9).

use super::ack::Found;
use super::rack::sent_after_stamp;
use super::records::Delivered;
use osier_time::{Duration, Instant};
use osier_wire::SeqNumber;

/// The doubt about one recovery.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Doubt {
    found: Found,
    /// SND.NXT when the loss was found.
    recover: SeqNumber,
    /// RetransmitTS: when the first retransmission was sent.
    resent_at: Option<Instant>,
    stage: Stage,
    /// Whether this acknowledgment delivers something of before that was never sent again.
    original: Original,
}

/// How far the inquiry has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    /// The retransmission is unanswered.
    Open,
    /// F-RTO step 2b: SND.UNA has moved; new text asks.
    Asking,
    /// It was a loss.
    Settled,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Original {
    NotSeen,
    Delivered,
}

/// An acknowledgment, as evidence.
#[derive(Clone, Copy, Debug)]
pub(super) struct Evidence {
    pub(super) now: Instant,
    pub(super) ack: SeqNumber,
    /// Octets newly acknowledged, and octets that arrived at all.
    pub(super) acked: u32,
    pub(super) delivered: u32,
    /// The age of the stamp echoed, where SND.UNA moves.
    pub(super) echoed: Option<Duration>,
    /// Octets in flight that were sent again.
    pub(super) resent_in_flight: u32,
}

/// The finding.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Finding {
    /// A loss, or not known yet.
    Loss,
    /// Nothing was lost.
    Spurious,
}

impl Doubt {
    /// A loss is found.
    pub(super) const fn new(found: Found, recover: SeqNumber) -> Self {
        Doubt { found, recover, resent_at: None, stage: Stage::Open, original: Original::NotSeen }
    }

    /// The timer expired again for the same flight: the first retransmission is still the one in
    /// question for the stamps, and F-RTO does not ask twice (RFC 5682 §2.1, step 1).
    pub(super) fn on_timeout_again(&mut self, recover: SeqNumber) {
        self.recover = recover;
        if self.stage == Stage::Asking {
            self.stage = Stage::Settled;
        }
    }

    /// By what the loss was found.
    pub(super) const fn found(&self) -> Found {
        self.found
    }

    /// Something was sent again.
    pub(super) fn on_retransmitted(&mut self, now: Instant) {
        self.resent_at = self.resent_at.or(Some(now));
    }

    /// Something is newly known to have arrived.
    pub(super) fn on_delivered(&mut self, delivered: &Delivered) {
        if delivered.resent == 0 && delivered.end.at_or_before(self.recover) {
            self.original = Original::Delivered;
        }
    }

    /// Whether new text is to be sent before anything more is sent again.
    pub(super) fn asks(&self) -> bool {
        self.stage == Stage::Asking
    }

    /// There is no new text to ask with, or no room for it (RFC 5682 §2.1, step 2b).
    pub(super) fn cannot_ask(&mut self) {
        self.stage = Stage::Settled;
    }

    /// An acknowledgment arrived.
    pub(super) fn on_ack(&mut self, evidence: &Evidence) -> Finding {
        let original = core::mem::replace(&mut self.original, Original::NotSeen);
        let Some(resent_at) = self.resent_at else { return Finding::Loss };
        match (self.stage, evidence.echoed) {
            (Stage::Settled, _) => Finding::Loss,
            (Stage::Open | Stage::Asking, Some(age)) => {
                self.ask_stamp(evidence, sent_after_stamp(evidence.now, resent_at, age))
            }
            (Stage::Open | Stage::Asking, None) if self.found == Found::Reports => Finding::Loss,
            (Stage::Open, None) => self.begin_to_ask(evidence),
            (Stage::Asking, None) => self.hear_answer(evidence, original),
        }
    }

    /// RFC 3522 §3.2, step 5. Of several retransmissions, others may have been needed: as long as
    /// one is unanswered, nothing is decided in their favour.
    fn ask_stamp(&mut self, evidence: &Evidence, older: bool) -> Finding {
        match older {
            false => self.stage = Stage::Settled,
            true if self.found == Found::Timeout || evidence.resent_in_flight == 0 => {
                return Finding::Spurious;
            }
            true => {}
        }
        Finding::Loss
    }

    /// RFC 5682 §2.1 and §3.1, step 2.
    fn begin_to_ask(&mut self, evidence: &Evidence) -> Finding {
        if evidence.acked > 0 && evidence.ack.before(self.recover) {
            self.stage = Stage::Asking;
        } else if evidence.acked > 0 || evidence.delivered > 0 {
            self.stage = Stage::Settled;
        }
        Finding::Loss
    }

    /// RFC 5682 §2.1 and §3.1, step 3: something of before arrived that was never sent again, or
    /// only what was sent since.
    fn hear_answer(&mut self, evidence: &Evidence, original: Original) -> Finding {
        if original == Original::Delivered {
            return Finding::Spurious;
        }
        if evidence.acked > 0 || evidence.delivered > 0 {
            self.stage = Stage::Settled;
        }
        Finding::Loss
    }
}

#[cfg(test)]
mod tests;
