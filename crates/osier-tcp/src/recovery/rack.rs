//! What is lost, judged by time? RFC 8985 §6: RACK.
//!
//! A segment is lost when one that was sent later has arrived, and the time for which the network
//! may have reordered the two has passed. Retransmissions are judged alike, so that one that is
//! lost again is found again. The tail loss probe (§7) is in `tlp.rs`; the marking itself is
//! `records/by_time.rs`.

use super::ack::Found;
use super::records::{Delivered, Order, Overdue};
use super::{DUP_THRESH, Phase};
use osier_time::{Duration, Instant};
use osier_wire::SeqNumber;

/// RFC 8985 §6.2, step 4: a window that duplicates have widened stays so for 16 recoveries.
const PERSIST: u8 = 16;

/// What is known of reordering on the path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Reordering {
    /// None was ever seen (RACK.reordering_seen = FALSE).
    NotSeen,
    /// Some was.
    Seen,
}

/// RACK's record of the connection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Rack {
    /// RACK.xmit_ts and RACK.end_seq: of all that has arrived, what was sent last.
    newest: Option<(Order, SeqNumber)>,
    /// RACK.rtt: how long the newest took.
    rtt: Duration,
    /// RACK.fack: behind the highest octet that has arrived.
    fack: Option<SeqNumber>,
    reordering: Reordering,
    /// How often, and whether the acknowledgment in hand has shown some.
    seen: u32,
    shown: Reordering,
    /// By how many octets at most, behind its own end, something was overtaken.
    distance: u32,
    /// RACK.reo_wnd_mult.
    mult: u8,
    /// RACK.reo_wnd_persist.
    persist: u8,
    /// RACK.dsack_round.
    dsack_round: Option<SeqNumber>,
    /// When what is suspicious now will be lost: the reordering timer of §6.3.
    deadline: Option<Instant>,
}

/// An acknowledgment, as far as it helps to judge what it delivers.
#[derive(Clone, Copy, Debug)]
pub(super) struct Arrival {
    pub(super) now: Instant,
    /// RACK.min_RTT.
    pub(super) min_rtt: Option<Duration>,
    /// How old the stamp is that it echoes.
    pub(super) echoed: Option<Duration>,
}

/// What the width of the reordering window depends on.
#[derive(Clone, Copy, Debug)]
pub(super) struct Circumstances {
    pub(super) phase: Phase,
    /// RACK.segs_sacked.
    pub(super) segments_sacked: u32,
    pub(super) min_rtt: Option<Duration>,
    pub(super) srtt: Option<Duration>,
}

impl Rack {
    /// Nothing has arrived yet.
    pub(super) fn new() -> Self {
        Rack {
            newest: None,
            rtt: Duration::ZERO,
            fack: None,
            reordering: Reordering::NotSeen,
            seen: 0,
            shown: Reordering::NotSeen,
            distance: 0,
            mult: 1,
            persist: 0,
            dsack_round: None,
            deadline: None,
        }
    }

    /// RFC 8985 §6.2, steps 2 and 3, for a segment newly acknowledged or reported.
    pub(super) fn on_delivered(&mut self, arrival: &Arrival, delivered: &Delivered) {
        self.look_for_reordering(delivered);
        if delivered.resent == 0 || !arrival.may_be_of_the_original(delivered) {
            self.consider(arrival.now, delivered);
        }
    }

    /// [`Rack::on_delivered`] of what was sent once.
    #[inline]
    pub(super) fn on_delivered_at_once(&mut self, now: Instant, delivered: &Delivered) {
        self.look_for_reordering(delivered);
        self.consider(now, delivered);
    }

    /// Step 2: is it the newest that has arrived?
    #[inline]
    fn consider(&mut self, now: Instant, delivered: &Delivered) {
        let (order, end) = (delivered.order, delivered.end);
        let newer =
            |old: (Order, SeqNumber)| order.after(old.0) || (order == old.0 && end.after(old.1));
        // Linux differs: of all that this acknowledgment delivers, what is last in sequence, not
        // what was sent last (RFC 8985 §6.2, step 2). With a retransmission in front, text that
        // was sent before it gets more time.
        self.rtt = now - delivered.sent_at;
        if self.newest.is_none_or(newer) {
            self.newest = Some((order, end));
        }
    }

    /// Step 3: what was sent once and arrives below what has arrived was overtaken.
    #[inline]
    fn look_for_reordering(&mut self, delivered: &Delivered) {
        match self.fack.filter(|fack| delivered.end.at_or_before(*fack)) {
            None => self.fack = Some(delivered.end),
            Some(fack) if delivered.end != fack && delivered.resent == 0 => {
                (self.reordering, self.shown) = (Reordering::Seen, Reordering::Seen);
                self.distance = self.distance.max(fack.since(delivered.end));
            }
            Some(_) => {}
        }
    }

    /// All that SND.UNA has passed, or all that was reported, is taken in: however much of it was
    /// overtaken, that counts once (Linux: tcp_check_sack_reordering).
    pub(super) fn count_reordering(&mut self) {
        if self.shown == Reordering::Seen {
            self.shown = Reordering::NotSeen;
            self.seen = self.seen.saturating_add(1);
        }
    }

    /// A retransmission was needless. What it was taken for, the newest that has arrived, may have
    /// been the first transmission; and where reports had called for it, there was reordering,
    /// which step 3 cannot see in what was sent twice.
    pub(super) fn on_spurious(&mut self, found: Found) {
        self.newest = None;
        self.deadline = None;
        match found {
            Found::Reports => {
                self.reordering = Reordering::Seen;
                self.seen = self.seen.saturating_add(1);
            }
            Found::Timeout => {}
        }
    }

    /// SND.UNA is at `una`.
    pub(super) fn on_una(&mut self, una: SeqNumber) {
        // A number that is far behind would seem to be ahead.
        self.fack = self.fack.filter(|fack| fack.after(una)).or(Some(una));
        // RFC 8985 §6.2, step 4: the round in which a duplicate was seen is over.
        self.dsack_round = self.dsack_round.filter(|round| una.before(*round));
    }

    /// Step 4: a duplicate was reported, which says that a retransmission was needless; the window
    /// grows once in a round.
    pub(super) fn on_duplicate_reported(&mut self, nxt: SeqNumber) {
        if self.dsack_round.is_none() {
            self.dsack_round = Some(nxt);
            self.mult = self.mult.saturating_add(1);
            self.persist = PERSIST;
        }
    }

    /// Step 4: a recovery is over.
    pub(super) fn on_recovery_over(&mut self) {
        self.persist = self.persist.saturating_sub(1);
        if self.persist == 0 {
            self.mult = 1;
        }
    }

    /// Step 5: what is to be marked as lost, if anything can be.
    pub(super) fn overdue(&self, now: Instant, given: &Circumstances) -> Option<Overdue> {
        let wait = self.rtt + self.reordering_window(given);
        Some(Overdue { now, newest: self.newest?, wait })
    }

    /// §6.3: what was sent before this is lost when the retransmission timer expires.
    pub(super) fn lost_on_timeout(&self, now: Instant, given: &Circumstances) -> Instant {
        match self.newest {
            Some(_) => now - (self.rtt + self.reordering_window(given)),
            // Nothing has ever arrived by which an age could be judged.
            None => now,
        }
    }

    /// How often reordering was seen.
    pub(super) const fn reordering_seen(&self) -> u32 {
        self.seen
    }

    /// By how many octets at most something was overtaken, its own not counted.
    pub(super) const fn reordering_distance(&self) -> u32 {
        self.distance
    }

    /// The reordering timer.
    pub(super) fn deadline(&self) -> Option<Instant> {
        self.deadline
    }

    /// Sets or stops the reordering timer.
    pub(super) fn set_deadline(&mut self, deadline: Option<Instant>) {
        self.deadline = deadline;
    }

    /// RACK.reo_wnd (§6.2, step 4).
    fn reordering_window(&self, given: &Circumstances) -> Duration {
        if self.reordering == Reordering::NotSeen {
            // As long as the path keeps order, DupThresh segments are as good as time.
            let in_recovery = given.phase != Phase::Open;
            if in_recovery || given.segments_sacked >= DUP_THRESH {
                return Duration::ZERO;
            }
        }
        let quarter = given.min_rtt.unwrap_or_default() / 4;
        let window = quarter.saturating_mul(u64::from(self.mult));
        window.min(given.srtt.unwrap_or(window))
    }
}

impl Arrival {
    /// RFC 8985 §6.2, step 2: whether what arrived may be the first transmission of something
    /// sent twice: the stamp echoed is older than the second, or it was too quick. An echo tells
    /// only where SND.UNA moves (RFC 7323 §4.3): otherwise it is of the last text in order.
    fn may_be_of_the_original(&self, delivered: &Delivered) -> bool {
        let took = self.now - delivered.sent_at;
        self.min_rtt.is_some_and(|min| took < min)
            || self.echoed.is_some_and(|age| sent_after_stamp(self.now, delivered.sent_at, age))
    }
}

/// Whether something sent at `sent_at` left after the stamp whose age is `age`, by a clock of
/// milliseconds.
pub(super) fn sent_after_stamp(now: Instant, sent_at: Instant, age: Duration) -> bool {
    sent_at.as_millis() + age.as_millis() > now.as_millis()
}

#[cfg(test)]
mod tests;
