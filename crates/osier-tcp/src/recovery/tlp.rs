//! When is the end of a flight to be asked after? RFC 8985 §7: the tail loss probe.
//!
//! Above the last segments nothing can be reported, so their loss would have to wait for the
//! retransmission timer. Two round trips after the last news one more segment is sent: new text,
//! or the last segment again; its acknowledgment tells what is missing before it.

use osier_time::{Duration, Instant};
use osier_wire::SeqNumber;

/// RFC 8985 §7.2: before a round trip is measured.
const WITHOUT_SRTT: Duration = Duration::from_secs(1);

/// On a path that takes no time, the peer still needs some to be scheduled. Linux: two ticks.
const INTERVAL_MIN: Duration = Duration::from_millis(2);

/// What a probe carries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ProbeOf {
    /// Text never sent before.
    NewText,
    /// The last segment again (TLP.is_retrans).
    LastSegment,
}

/// The probe of a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Tlp {
    /// PTO: when it is due.
    due: Option<Instant>,
    /// TLP.end_seq and TLP.is_retrans: it is out and unanswered.
    sent: Option<(SeqNumber, ProbeOf)>,
    rtt: Sampled,
}

/// Whether a round trip was measured since the last probe.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Sampled {
    No,
    Yes,
}

/// What an acknowledgment says of the probe.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Answer {
    /// Nothing, or nothing that matters.
    None,
    /// The probe repaired the loss of the last segment: congestion control must hear of it.
    LossRepaired,
}

/// An acknowledgment, as the probe sees it.
#[derive(Clone, Copy, Debug)]
pub(super) struct ForProbe {
    pub(super) ack: SeqNumber,
    /// Octets newly acknowledged.
    pub(super) acked: u32,
    /// Behind the duplicate that it reports.
    pub(super) duplicate: Option<SeqNumber>,
    /// Whether it reports anything else.
    pub(super) reports: bool,
}

impl Tlp {
    pub(super) const fn new() -> Self {
        Tlp { due: None, sent: None, rtt: Sampled::Yes }
    }

    /// RFC 8985 §7.1: recovery, of either kind, begins.
    pub(super) fn reset(&mut self) {
        self.due = None;
        self.sent = None;
    }

    /// A round trip was measured.
    pub(super) fn on_rtt(&mut self) {
        self.rtt = Sampled::Yes;
    }

    /// RFC 8985 §7.2: text was sent, or some was acknowledged, and more is in flight.
    /// `held_back`: how long the peer may hold the acknowledgment of what is in flight back, where
    /// that is a single segment.
    pub(super) fn schedule(&mut self, now: Instant, srtt: Option<Duration>, held_back: Duration) {
        // §7.3: one probe at a time, and none without a measurement since the last one.
        let may = self.sent.is_none() && self.rtt == Sampled::Yes;
        let interval = match srtt {
            Some(srtt) => (srtt * 2).max(INTERVAL_MIN) + held_back,
            None => WITHOUT_SRTT,
        };
        self.due = may.then(|| now + interval);
    }

    /// Whether a probe is out and unanswered.
    pub(super) const fn is_out(&self) -> bool {
        self.sent.is_some()
    }

    /// Nothing is to be asked after.
    pub(super) fn cancel(&mut self) {
        self.due = None;
    }

    /// When the probe is due; the caller may be earlier, for the retransmission timer.
    pub(super) fn due(&self) -> Option<Instant> {
        self.due
    }

    /// The probe was sent; its last octet is before `end`.
    pub(super) fn on_sent(&mut self, end: SeqNumber, of: ProbeOf) {
        self.due = None;
        self.sent = Some((end, of));
        self.rtt = Sampled::No;
    }

    /// Whether the probe was a repetition and ends where a reported duplicate does.
    pub(super) fn explains(&self, duplicate: Option<SeqNumber>) -> bool {
        matches!(self.sent, Some((end, ProbeOf::LastSegment)) if duplicate == Some(end))
    }

    /// RFC 8985 §7.4.2: what an acknowledgment says of the probe.
    pub(super) fn on_ack(&mut self, ack: &ForProbe) -> Answer {
        let Some((end, of)) = self.sent.filter(|(end, _)| ack.ack.at_or_after(*end)) else {
            return Answer::None;
        };
        let twice = ack.duplicate == Some(end);
        let beyond = ack.ack.after(end);
        // Arrived twice: both the segment and the probe did, as a duplicate report says, or a bare
        // repeated acknowledgment of a peer that does not report duplicates.
        let bare = ack.acked == 0 && ack.duplicate.is_none() && !ack.reports;
        if of == ProbeOf::NewText || twice || beyond || bare {
            self.sent = None;
        }
        match of {
            ProbeOf::LastSegment if beyond && !twice => Answer::LossRepaired,
            ProbeOf::LastSegment | ProbeOf::NewText => Answer::None,
        }
    }
}

#[cfg(test)]
mod tests;
