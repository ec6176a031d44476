//! What does an acknowledgment mean while nothing is missing? The answer of `verdict.rs` for nearly
//! all acknowledgments, found by a shorter way.
//!
//! Nothing is lost, reported, sent again or suspicious, and no probe is out. Then all that an
//! acknowledgment covers has just arrived, in the order in which it was sent; nothing that is still
//! in flight was sent before it (RFC 8985 §6.2), so nothing can be overdue. A property test holds
//! this way against the long one.

use super::ack::{AckOutcome, Phase, Turn};
use super::{NewReno, Recovery, SackUse};
use osier_time::Instant;
use osier_wire::SeqNumber;

impl Recovery {
    /// Whether nothing is, or is suspected to be, missing.
    #[inline(always)]
    pub(crate) fn is_undisturbed(&self) -> bool {
        self.phase == Phase::Open
            && self.recover.is_none()
            && self.rack.deadline().is_none()
            && !self.tlp.is_out()
            && self.records.are_plain()
            && self.newreno == NewReno::default()
            && self.scoreboard.is_empty()
            && self.doubt.is_none()
    }

    /// What an acknowledgment of something new, which reports nothing, means then. `mss`: text in a
    /// full segment.
    #[inline(always)]
    pub(crate) fn on_undisturbed_ack(
        &mut self,
        now: Instant,
        ack: SeqNumber,
        mss: u32,
    ) -> AckOutcome {
        let in_flight_before = self.records.in_flight();
        let rack = &mut self.rack;
        let covered = self.records.on_una_in_order(now, ack, |delivered| {
            rack.on_delivered_at_once(now, delivered);
        });
        self.rack.count_reordering();
        self.rto.on_progress();
        self.rack.on_una(ack);
        // Sent once, all of it: its own time is known, and need not be told by an echo.
        let rtt = covered.rtt;
        if let Some(rtt) = rtt {
            self.on_rtt(rtt);
        }
        if self.records.is_empty() || self.sack == SackUse::Off {
            self.tlp.cancel();
        } else {
            self.schedule_probe(now, mss);
        }
        let acked = covered.octets;
        let turn = Turn::None;
        AckOutcome { acked, sacked: 0, delivered: acked, lost: 0, rtt, in_flight_before, turn }
    }
}
