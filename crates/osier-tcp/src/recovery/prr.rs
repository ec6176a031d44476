//! How fast may be sent while a loss is being repaired? RFC 9937: proportional rate reduction.
//!
//! In fast recovery the flight shrinks to ssthresh in step with what is delivered, neither by a
//! silence nor in a burst, and where losses alone have made it smaller, it grows back with what is
//! delivered. So a recovery ends with about ssthresh in flight, and the end is no burst either.

/// One reduction: from the discovery of a loss to its repair. Octets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Prr {
    ssthresh: u32,
    /// RecoverFS: in flight when the loss was found.
    recover_fs: u32,
    /// prr_delivered and prr_out.
    delivered: u32,
    out: u32,
    /// SndCnt, less what was sent of it.
    allowance: u32,
}

/// What an acknowledgment in recovery brings.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Progress {
    /// DeliveredData.
    pub(super) delivered: u32,
    /// Octets in flight after it.
    pub(super) in_flight: u32,
    pub(super) good: Good,
    pub(super) mss: u32,
}

/// Whether the recovery is in good progress (safeACK).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Good {
    /// SND.UNA moves and nothing more is lost.
    Yes,
    /// One of the two is not so.
    No,
}

impl Prr {
    /// A loss is found, and the window is to be `ssthresh`. `recover_fs`: octets in flight before,
    /// what is lost included.
    pub(super) fn new(ssthresh: u32, recover_fs: u32) -> Self {
        Prr { ssthresh, recover_fs: recover_fs.max(1), delivered: 0, out: 0, allowance: 0 }
    }

    /// RFC 9937 §6: an acknowledgment arrived. The one that shows the loss is the first.
    pub(super) fn on_ack(&mut self, progress: &Progress) {
        let Progress { delivered, in_flight, good, mss } = *progress;
        if delivered == 0 {
            return;
        }
        self.delivered = self.delivered.saturating_add(delivered);
        self.allowance = if in_flight > self.ssthresh {
            // Proportional rate reduction.
            self.proportion().saturating_sub(self.out)
        } else {
            // Conservative by default, as in slow start when all goes well: never more than up to
            // ssthresh.
            let conservative = self.delivered.saturating_sub(self.out).max(delivered);
            let more = if good == Good::Yes { mss } else { 0 };
            conservative.saturating_add(more).min(self.ssthresh - in_flight)
        };
        self.force_first(mss);
    }

    /// RFC 9937 §6: the first retransmission goes in any case.
    pub(super) fn force_first(&mut self, mss: u32) {
        if self.out == 0 && self.allowance == 0 {
            self.allowance = mss;
        }
    }

    /// Something was sent, for the first time or again.
    pub(super) fn on_sent(&mut self, octets: u32) {
        self.out = self.out.saturating_add(octets);
        self.allowance = self.allowance.saturating_sub(octets);
    }

    /// Octets that may be sent now.
    pub(super) const fn allowance(&self) -> u32 {
        self.allowance
    }

    /// CEIL(prr_delivered * ssthresh / RecoverFS).
    fn proportion(&self) -> u32 {
        let sent = u64::from(self.delivered) * u64::from(self.ssthresh);
        u32::try_from(sent.div_ceil(u64::from(self.recover_fs))).unwrap_or(u32::MAX)
    }
}

#[cfg(test)]
mod tests;
