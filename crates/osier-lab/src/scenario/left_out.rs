//! What of a run is not kept, not drawn, and so not known?
//!
//! A run keeps so much and no more: whoever waits for a million connections has no use for a
//! million arrows. What was left out is said, and what is judged by it does not hold by silence.

use super::expect::{Claim, Range};
use super::programs::ZERO;
use super::run::Run;
use crate::record::{KEPT_MAX, Unkept};

impl Run {
    /// What was left out, a sentence each.
    pub fn left_out(&self) -> Vec<String> {
        let mut all = Vec::new();
        let Unkept { since, passages, told, frames } = self.world().unkept();
        if let Some(since) = since {
            let at = since.since(ZERO);
            let mut parts = Vec::new();
            for (n, what) in [
                (passages, "frames on the links"),
                (told, "decisions of the hosts"),
                (frames, "frames of the captures"),
            ] {
                if n > 0 {
                    parts.push(format!("{n} {what}"));
                }
            }
            all.push(format!(
                "from {at} on {} are not kept (a run keeps {KEPT_MAX} of each): drawing, capture \
                 and what is said of segments and states know nothing of them",
                parts.join(", ")
            ));
        }
        let (steps, passages) = (self.scenario.steps, self.world().passages().len());
        if passages > steps {
            all.push(format!(
                "{steps} steps are drawn of a story with {passages} segments: `steps` in the \
                 scenario says how many, and a capture has them all"
            ));
        }
        all
    }

    /// What a claim comes to where it is judged by segments or states and not all were kept: it
    /// holds only where more of them would not change that.
    pub(super) fn as_far_as_known(
        &self,
        claim: &Claim,
        (holds, actual): (bool, String),
    ) -> (bool, String) {
        let Unkept { passages, told, .. } = self.world().unkept();
        let open = |times: &Range| times.most == u64::MAX;
        let (missing, sure) = match claim {
            Claim::Sends { times, .. } => (passages, open(times)),
            Claim::Reaches { times, .. } => (told, open(times)),
            Claim::Passes { .. } | Claim::Stays { .. } => (told, false),
            _ => (0, true),
        };
        if missing == 0 || (sure && holds) {
            return (holds, actual);
        }
        (false, format!("{actual}, among what was kept; {missing} that came later are not known"))
    }
}
