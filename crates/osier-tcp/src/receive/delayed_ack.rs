//! Is text acknowledged now, or a little later? RFC 9293 §3.8.6.3, RFC 5681 §4.2.
//!
//! At once: at least every second full segment [SHLD-18, SHLD-19]; whatever tells the sender of a
//! hole, of a hole that closes or of a duplicate, and some segments after it; the first segments
//! of a connection, so that slow start is not slowed (as Linux does). Else within a time that the
//! user chooses. When the window has to be announced is `window.rs`'s question.

use crate::config::Acknowledgments;
use osier_time::Duration;

/// Segments at the start of a connection, and after a hole or a duplicate, that are acknowledged at
/// once.
/// Linux: TCP_MAX_QUICKACKS.
const QUICK_SEGMENTS: u8 = 16;

/// A peer whose largest segment is yet unknown is taken to send segments of at least this much
/// text (RFC 9293 §3.7.1: the default MSS).
const FULL_MIN: u32 = 536;

/// How text arrived.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Arrival {
    /// In order, and nothing waits behind a hole.
    InOrder,
    /// Beyond a hole (RFC 5681 §4.2: an immediate duplicate ACK).
    OutOfOrder,
    /// In order, while text waited behind a hole: it fills all of it or a part (RFC 5681 §4.2).
    FillsHole,
    /// All of it had been received before.
    Duplicate,
}

/// Text that arrived.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct TextArrived {
    /// Segments of the wire that it came in.
    pub(crate) segments: u32,
    /// Octets of it.
    pub(crate) octets: u32,
    /// The largest text that a segment of the peer can have.
    pub(crate) mss: u32,
    /// How it arrived.
    pub(crate) arrival: Arrival,
}

/// When the acknowledgment is due.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum AckWhen {
    /// At once.
    Now,
    /// After so long at the latest, counted from the first text that it acknowledges.
    Within(Duration),
}

/// What was received since the last acknowledgment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct DelayedAck {
    /// Octets in order that no acknowledgment sent has covered.
    unacked: u32,
    /// The largest segment that the peer has sent.
    full: u16,
    /// Segments still to be acknowledged at once.
    quick: u8,
}

impl DelayedAck {
    /// The connection has just opened.
    pub(crate) const fn new() -> Self {
        DelayedAck { unacked: 0, full: 0, quick: QUICK_SEGMENTS }
    }

    /// Text arrived; `delay` is how long an acknowledgment may be held back.
    #[inline]
    pub(crate) fn on_text(&mut self, text: &TextArrived, delay: Duration) -> AckWhen {
        let size = (text.octets / text.segments.max(1)).min(text.mss);
        self.full = self.full.max(u16::try_from(size).unwrap_or(u16::MAX));
        self.unacked = self.unacked.saturating_add(text.octets);
        let quick = self.quick > 0;
        self.quick = self.quick.saturating_sub(u8::try_from(text.segments).unwrap_or(u8::MAX));
        match text.arrival {
            Arrival::OutOfOrder | Arrival::FillsHole | Arrival::Duplicate => {
                // The sender repairs a loss with a small window, after a timeout with one of one
                // segment; what it may send next hangs on each acknowledgment.
                self.quick = QUICK_SEGMENTS;
                AckWhen::Now
            }
            Arrival::InOrder if quick || self.unacked >= self.two_full(text.mss) => AckWhen::Now,
            Arrival::InOrder => AckWhen::Within(delay),
        }
    }

    /// An acknowledgment of everything received was sent, alone or with text.
    #[inline]
    pub(crate) const fn on_ack_sent(&mut self) {
        self.unacked = 0;
    }

    /// We sent text of our own: the user answers, and an acknowledgment held back will travel
    /// with the answer (Linux: leaving quick mode for "ping-pong" mode).
    #[inline]
    pub(crate) const fn on_text_sent(&mut self) {
        self.quick = 0;
    }

    /// The user wants it so, for now.
    pub(crate) const fn set(&mut self, how: Acknowledgments) {
        self.quick = match how {
            Acknowledgments::Quick => QUICK_SEGMENTS,
            Acknowledgments::Delayed => 0,
        };
    }

    /// How the next segment will be acknowledged.
    pub(crate) const fn how(&self) -> Acknowledgments {
        if self.quick > 0 { Acknowledgments::Quick } else { Acknowledgments::Delayed }
    }

    /// The most text that a segment of the peer has had; 0 before the first.
    pub(crate) fn largest_segment(&self) -> u32 {
        u32::from(self.full)
    }

    /// Two full segments as the peer sends them: its path may be narrower than our MSS.
    #[inline]
    fn two_full(&self, mss: u32) -> u32 {
        u32::from(self.full).max(FULL_MIN.min(mss)).saturating_mul(2)
    }
}

#[cfg(test)]
mod tests {
    use super::{AckWhen, Arrival, DelayedAck, QUICK_SEGMENTS, TextArrived};
    use osier_time::Duration;

    const DELAY: Duration = Duration::from_millis(40);
    const LATER: AckWhen = AckWhen::Within(DELAY);
    const MSS: u32 = 1_460;

    fn text(segments: u32, octets: u32) -> TextArrived {
        TextArrived { segments, octets, mss: MSS, arrival: Arrival::InOrder }
    }

    /// Past the first segments.
    fn settled() -> DelayedAck {
        let mut ack = DelayedAck::new();
        for _ in 0..QUICK_SEGMENTS {
            assert_eq!(ack.on_text(&text(1, MSS), DELAY), AckWhen::Now);
            ack.on_ack_sent();
        }
        ack
    }

    /// RFC 9293 §3.8.6.3 [SHLD-18, SHLD-19].
    #[test]
    fn every_second_full_segment_is_acknowledged_at_once() {
        let mut ack = settled();
        for _ in 0..5 {
            assert_eq!(ack.on_text(&text(1, MSS), DELAY), LATER);
            assert_eq!(ack.on_text(&text(1, MSS), DELAY), AckWhen::Now);
            ack.on_ack_sent();
        }
    }

    #[test]
    fn text_that_a_device_merged_counts_by_its_segments() {
        let mut ack = settled();
        assert_eq!(ack.on_text(&text(44, 44 * MSS), DELAY), AckWhen::Now);
    }

    #[test]
    fn small_segments_wait_until_they_amount_to_two_full_ones() {
        let mut ack = settled();
        for _ in 0..29 {
            assert_eq!(ack.on_text(&text(1, 100), DELAY), LATER);
        }
        assert_eq!(ack.on_text(&text(1, 100), DELAY), AckWhen::Now);
    }

    #[test]
    fn the_segments_of_a_narrow_path_are_full_though_smaller_than_our_mss() {
        let mut ack = DelayedAck::new();
        for _ in 0..QUICK_SEGMENTS {
            ack.on_text(&text(1, 600), DELAY);
            ack.on_ack_sent();
        }
        assert_eq!(ack.on_text(&text(1, 600), DELAY), LATER);
        assert_eq!(ack.on_text(&text(1, 600), DELAY), AckWhen::Now);
    }

    /// RFC 5681 §4.2.
    #[test]
    fn a_hole_and_what_fills_it_and_a_duplicate_are_told_at_once() {
        for arrival in [Arrival::OutOfOrder, Arrival::FillsHole, Arrival::Duplicate] {
            let odd = TextArrived { arrival, ..text(1, 10) };
            assert_eq!(settled().on_text(&odd, DELAY), AckWhen::Now, "{arrival:?}");
        }
    }

    #[test]
    fn a_sender_that_repairs_a_loss_is_answered_quickly_for_a_while() {
        for arrival in [Arrival::OutOfOrder, Arrival::FillsHole, Arrival::Duplicate] {
            let mut ack = settled();
            ack.on_text(&TextArrived { arrival, ..text(1, MSS) }, DELAY);
            for _ in 0..QUICK_SEGMENTS {
                ack.on_ack_sent();
                assert_eq!(ack.on_text(&text(1, 10), DELAY), AckWhen::Now, "{arrival:?}");
            }
            ack.on_ack_sent();
            assert_eq!(ack.on_text(&text(1, 10), DELAY), LATER);
        }
    }

    #[test]
    fn who_answers_with_text_lets_the_acknowledgment_travel_with_it() {
        let mut ack = DelayedAck::new();
        assert_eq!(ack.on_text(&text(1, 100), DELAY), AckWhen::Now);
        ack.on_text_sent();
        ack.on_ack_sent();
        assert_eq!(ack.on_text(&text(1, 100), DELAY), LATER);
    }
}
