//! How long a segment does the path take? The search of RFC 4821 §7, as a record.
//!
//! Between what is known to arrive and what both ends would take lies what is not known yet; it is
//! halved by probes. Sizes are octets of text without options, as in the MSS option. When a probe
//! may be sent, and what becomes of one that is lost, is told by `path_mtu.rs`.

use crate::config::SEND_MSS_MIN;
use crate::config::{MtuProbing, ProbingMode};
use alloc::boxed::Box;
use osier_time::{Duration, Instant};
use osier_wire::SeqNumber;

/// The search of a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Search {
    /// search_low.
    low: u16,
    /// search_high: nothing longer is tried.
    high: u16,
    /// What both ends take at most.
    top: u16,
    step: Step,
    /// The probe that is out.
    probe: Option<Out>,
    /// No probe before this.
    not_before: Instant,
    /// When the search began, the last time.
    since: Instant,
    /// When full segments last went unanswered.
    hole: Option<Instant>,
}

/// Which size is tried next (RFC 4821 §7.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Step {
    /// search_high itself: it was good once, and may be again.
    High,
    /// The middle.
    Middle,
}

/// A probe.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Out {
    /// Behind its last octet.
    end: SeqNumber,
    mss: u16,
}

/// When a search is taken up again, and when it is over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Patience {
    /// After so long everything up to the top is tried again.
    pub(crate) interval: Duration,
    /// Fewer octets than this are not worth a probe.
    pub(crate) threshold: u16,
}

/// What segments carry at first where both ends take `mss`, and the search of a path of which
/// nothing is known (RFC 4821 §7.2).
#[inline(always)]
pub(crate) fn at_birth(now: Instant, how: &MtuProbing, mss: u16) -> (u16, Option<Box<Search>>) {
    let low = how.base_mss.max(SEND_MSS_MIN);
    let known = how.initial_mss.map(|first| first.max(SEND_MSS_MIN)).filter(|first| *first < mss);
    match (how.mode, known) {
        (ProbingMode::Always, _) if mss > low => {
            let search = Search::upwards(now, low, mss);
            (how.initial_mss.map_or(low, |first| first.clamp(low, mss)), Some(Box::new(search)))
        }
        (ProbingMode::OnBlackHole, Some(first)) => {
            (first, Some(Box::new(Search::reported(now, first, mss))))
        }
        (_, known) => (known.unwrap_or(mss), None),
    }
}

/// What a router's report says of the probe that is out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum OfProbe {
    /// Nothing, or there is none.
    Nothing,
    /// It did not pass.
    TooLong(u16),
}

impl Search {
    /// Of a path of which nothing is known: from `low` on.
    pub(crate) const fn upwards(now: Instant, low: u16, top: u16) -> Self {
        let step = Step::Middle;
        let (probe, hole) = (None, None);
        Search { low, high: top, top, step, probe, not_before: now, since: now, hole }
    }

    /// Of a path that is reported to take `mss`, where both ends would take `top`.
    pub(crate) const fn reported(now: Instant, mss: u16, top: u16) -> Self {
        Search { high: mss, ..Search::upwards(now, mss, top) }
    }

    /// Full segments of `mss` go unanswered, and `low` is to be sent instead. It may have been an
    /// outage, so `mss` is tried at once when text passes again; where that was done lately, only
    /// after `interval`.
    pub(crate) fn after_hole(
        before: Option<&Search>,
        now: Instant,
        (low, mss): (u16, u16),
        interval: Duration,
    ) -> Self {
        let again = before.and_then(|search| search.hole).is_some_and(|at| now < at + interval);
        Search {
            low,
            high: mss,
            top: before.map_or(mss, |search| search.top.max(mss)),
            step: Step::High,
            probe: None,
            not_before: if again { now + interval } else { now },
            since: now,
            hole: Some(now),
        }
    }

    /// Segments of search_low go unanswered, too, and still smaller ones are to be sent.
    pub(crate) fn lower(&mut self, low: u16) {
        self.low = self.low.min(low);
    }

    /// The size to be probed now, if any, where segments of `mss` are sent. After the interval the
    /// search begins anew.
    pub(crate) fn next(&mut self, now: Instant, mss: u16, patience: Patience) -> Option<u16> {
        if self.probe.is_some() || now < self.not_before {
            return None;
        }
        let next = self.candidate(mss, patience.threshold);
        // RFC 4821 §7.3 and RFC 8201 §4: the path may have changed.
        if next.is_none() && mss < self.top && now >= self.since + patience.interval {
            (self.low, self.high, self.since) = (mss, self.top, now);
            self.step = Step::High;
            return Some(self.top);
        }
        next
    }

    /// The next size of the search that is larger than `mss`; smaller ones are taken for granted.
    fn candidate(&self, mss: u16, threshold: u16) -> Option<u16> {
        let last = (self.high > mss).then_some(self.high);
        if self.step == Step::High {
            return last;
        }
        let mut low = self.low;
        loop {
            let width = self.high.saturating_sub(low);
            // Of two sizes next to each other none is in the middle.
            if width < threshold.max(2) {
                // What was not refuted by a probe yet, the top, is worth one more.
                return last.filter(|_| self.high == self.top);
            }
            let middle = low + width / 2;
            if middle > mss {
                return Some(middle);
            }
            low = middle;
        }
    }

    /// A probe of `mss`, whose last octet is before `end`, was sent.
    pub(crate) const fn on_sent(&mut self, end: SeqNumber, mss: u16) {
        self.probe = Some(Out { end, mss });
    }

    /// Whether a probe is out.
    #[cfg(test)]
    pub(crate) const fn is_out(&self) -> bool {
        self.probe.is_some()
    }

    /// SND.UNA is at `una`: the size of a probe that has arrived (RFC 4821 §7.6.1).
    pub(crate) fn on_una(&mut self, una: SeqNumber) -> Option<u16> {
        let arrived = self.probe.filter(|probe| una.at_or_after(probe.end))?.mss;
        self.probe = None;
        self.low = arrived;
        self.step = Step::Middle;
        Some(arrived)
    }

    /// The probe alone was lost (RFC 4821 §7.6.2). Says how long it was.
    pub(crate) fn on_lost(&mut self, not_before: Instant) -> Option<u16> {
        let Out { mss, .. } = self.probe.take()?;
        self.high = mss - 1;
        self.step = Step::Middle;
        self.not_before = not_before;
        Some(mss)
    }

    /// Other segments were lost too, or it was sent again in pieces: the probe has shown nothing
    /// (RFC 4821 §7.6.4). Says whether there was one.
    pub(crate) fn on_inconclusive(&mut self, not_before: Instant) -> bool {
        let was_out = self.probe.take().is_some();
        if was_out {
            self.not_before = not_before;
        }
        was_out
    }

    /// A router says at `now` that the path takes no more than `mss` (RFC 4821 §7.6.2, RFC 8201).
    pub(crate) fn on_report(&mut self, now: Instant, mss: u16) -> OfProbe {
        if mss < self.high {
            (self.high, self.since) = (mss, now);
            self.low = self.low.min(mss);
            self.step = Step::Middle;
        }
        match self.probe.filter(|probe| probe.mss > mss) {
            Some(probe) => {
                self.probe = None;
                OfProbe::TooLong(probe.mss)
            }
            None => OfProbe::Nothing,
        }
    }

    /// Whether segments of `mss` leave nothing to be found, and nothing to be remembered.
    pub(crate) fn is_done(&self, mss: u16) -> bool {
        mss >= self.top && self.hole.is_none() && self.probe.is_none()
    }
}

#[cfg(test)]
mod tests;
