//! How much may be in flight? RFC 5681 and the algorithms that take its place.
//!
//! ```text
//! window.rs   the window, slow start, and whether the window is used   RFC 5681, RFC 3465
//! cubic.rs    growth over time, the cut to seven tenths                RFC 9438
//! hystart.rs  the end of the first slow start                          RFC 9406
//! bbr/        a model of the path: bandwidth, round trip, bounds          draft-ietf-ccwg-bbr
//! reno.rs     growth by acknowledgments, the cut by a half             RFC 5681, RFC 6582
//! heard.rs    the words: what congestion control hears
//! pacing.rs   how soon may the next segments leave?
//! ```
//!
//! A closed enum behind a few methods. It is told octets, durations and, where it models the path,
//! samples of what was delivered (`crate::rate`); which segments were lost
//! is found elsewhere (`recovery/`), and what is in flight there is compared with
//! [`Congestion::window`]: the window is not inflated during recovery.

mod bbr;
mod cubic;
mod heard;
mod hystart;
mod pacing;
mod reno;
mod window;

pub(crate) use heard::{Acked, Delivery, Detection, Start};

use crate::config::Algorithm;
use crate::rate::{Limited, Lost};
use alloc::boxed::Box;
use bbr::Bbr;
use cubic::Cubic;
use osier_time::{Duration, Instant};
use pacing::Pacer;
use reno::Reno;
use window::{CutFrom, Repair, Window};

/// The congestion control of one connection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Congestion {
    control: Control,
    /// As it was before the latest cut, while that may prove to have been for nothing.
    before: Option<Box<Control>>,
    /// Where a rate is kept.
    pacer: Option<Box<Pacer>>,
}

/// The algorithms.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Control {
    /// RFC 9438.
    Cubic(Cubic),
    /// RFC 5681.
    Reno(Reno),
    /// draft-ietf-ccwg-bbr.
    Bbr(Box<Bbr>),
}

impl Congestion {
    /// The window of a connection that has just opened.
    #[inline(always)]
    pub(crate) fn new(algorithm: Algorithm, start: Start) -> Self {
        let Start { now, segments, mss, seed } = start;
        let window = u32::from(segments.max(1)).saturating_mul(mss);
        let control = match algorithm {
            Algorithm::Cubic => Control::Cubic(Cubic::new(segments, mss)),
            Algorithm::Reno => Control::Reno(Reno::new(segments, mss)),
            Algorithm::Bbr => Control::Bbr(Box::new(Bbr::new(now, window, mss, None, seed))),
        };
        let mut congestion = Congestion { control, before: None, pacer: None };
        congestion.follow_pace(mss);
        congestion
    }

    /// Another algorithm goes on from here, with the window that this one has found. `rtt`: the
    /// round trip, where one was measured.
    pub(crate) fn switch(&mut self, algorithm: Algorithm, start: Start, rtt: Option<Duration>) {
        let Start { now, segments, mss, seed } = start;
        let (window, ssthresh) = (self.window(), self.ssthresh());
        let modelled = self.models_path();
        self.control = match algorithm {
            Algorithm::Cubic => Control::Cubic(Cubic::new(segments, mss)),
            Algorithm::Reno => Control::Reno(Reno::new(segments, mss)),
            Algorithm::Bbr => {
                let initial = u32::from(segments).saturating_mul(mss);
                let mut bbr = Bbr::new(now, initial, mss, rtt, seed);
                bbr.take_over(window);
                Control::Bbr(Box::new(bbr))
            }
        };
        if let Some(loss_based) = self.common_mut() {
            loss_based.cwnd = window;
            // What a model has found is where slow start would have ended.
            loss_based.ssthresh = if modelled { window } else { ssthresh };
        }
        self.before = None;
        if modelled && !self.models_path() && self.pacer.as_ref().is_some_and(|p| !p.is_limited()) {
            self.pacer = None;
        }
        self.follow_pace(mss);
    }

    /// Its name, as Linux writes it.
    pub(crate) const fn name(&self) -> &'static str {
        self.algorithm().name()
    }

    /// The initial window in segments.
    pub(crate) fn initial_segments(&self) -> u8 {
        let octets_and_mss = match &self.control {
            Control::Cubic(cubic) => (cubic.window.initial(), cubic.window.mss),
            Control::Reno(reno) => (reno.window.initial(), reno.window.mss),
            Control::Bbr(bbr) => bbr.initial(),
        };
        u8::try_from(octets_and_mss.0 / octets_and_mss.1.max(1)).unwrap_or(u8::MAX)
    }

    /// Which algorithm it is.
    pub(crate) const fn algorithm(&self) -> Algorithm {
        match self.control {
            Control::Cubic(_) => Algorithm::Cubic,
            Control::Reno(_) => Algorithm::Reno,
            Control::Bbr(_) => Algorithm::Bbr,
        }
    }

    /// Keeps to L, the segments by which the RFCs let one acknowledgment open the window in slow
    /// start: RFC 5681 §3.1 one, RFC 9406 §4.2 eight where nothing paces them. And a loss cuts from
    /// what was in flight, not from a window that was not used.
    pub(crate) fn keep_to_rfcs(&mut self) {
        let limit = match &self.control {
            Control::Cubic(_) => 8,
            Control::Reno(_) => 1,
            // It is paced.
            Control::Bbr(_) => return,
        };
        if let Some(window) = self.common_mut() {
            (window.limit, window.cut_from) = (limit, CutFrom::Flight);
        }
    }

    /// cwnd in octets: so much may be in flight.
    pub(crate) fn window(&self) -> u32 {
        match &self.control {
            Control::Cubic(cubic) => cubic.window.cwnd,
            Control::Reno(reno) => reno.window.cwnd,
            Control::Bbr(bbr) => bbr.window(),
        }
    }

    /// ssthresh in octets: below it, slow start. `u32::MAX` until the first loss. Of a control that
    /// models the path, the window that a recovery leads back to.
    pub(crate) fn ssthresh(&self) -> u32 {
        match &self.control {
            Control::Cubic(cubic) => cubic.window.ssthresh,
            Control::Reno(reno) => reno.window.ssthresh,
            Control::Bbr(bbr) => bbr.good_window(),
        }
    }

    /// To what the flight is to shrink in step with what is delivered (RFC 9937) in the recovery
    /// that has just begun, if it is.
    pub(crate) fn reduction(&self) -> Option<u32> {
        (!self.models_path()).then(|| self.ssthresh())
    }

    /// An acknowledgment of new octets arrived.
    #[inline]
    pub(crate) fn on_ack(&mut self, ack: &Acked) {
        match &mut self.control {
            Control::Cubic(cubic) => cubic.on_ack(ack),
            Control::Reno(reno) => reno.on_ack(ack),
            // It hears of what was delivered.
            Control::Bbr(_) => {}
        }
    }

    /// Fast recovery begins. `in_flight`: octets in flight before the acknowledgment that showed
    /// the loss.
    pub(crate) fn on_loss(&mut self, in_flight: u32, mss: u32) {
        self.keep_for_undo();
        match &mut self.control {
            Control::Cubic(cubic) => cubic.on_loss(in_flight, mss),
            Control::Reno(reno) => reno.on_loss(in_flight, mss),
            Control::Bbr(bbr) => bbr.on_fast_recovery(),
        }
    }

    /// The retransmission timer expired with `before` octets in flight, of which `in_flight` may
    /// still be.
    pub(crate) fn on_timeout(&mut self, before: u32, in_flight: u32, mss: u32) {
        // A second timeout for the same flight is undone with the first.
        if self.common().is_some_and(|window| window.repair != Repair::Timeout) {
            self.keep_for_undo();
        }
        match &mut self.control {
            Control::Cubic(cubic) => cubic.on_timeout(before, mss),
            Control::Reno(reno) => reno.on_timeout(before, mss),
            Control::Bbr(bbr) => bbr.on_timeout(in_flight, mss),
        }
    }

    /// The network marks congestion where it would have dropped a packet (RFC 3168): as for a loss,
    /// without one to repair. `before`, `in_flight`: octets in flight before and after the
    /// acknowledgment that says so. Until [`Congestion::on_mark_answered`] the window does not
    /// grow.
    pub(crate) fn on_mark(&mut self, now: Instant, (before, in_flight): (u32, u32), mss: u32) {
        match &mut self.control {
            Control::Cubic(cubic) => cubic.on_loss(before, mss),
            Control::Reno(reno) => reno.on_loss(reno.window.flight(before), mss),
            Control::Bbr(bbr) => bbr.on_mark(now, in_flight),
        }
    }

    /// Everything in flight when the mark was heard of is acknowledged.
    pub(crate) fn on_mark_answered(&mut self) {
        if let Some(window) = self.common_mut() {
            window.on_recovery_over();
        }
    }

    /// Everything in flight when the loss was found is acknowledged.
    pub(crate) fn on_recovery_over(&mut self) {
        self.before = None;
        match &mut self.control {
            Control::Cubic(cubic) => cubic.window.on_recovery_over(),
            Control::Reno(reno) => reno.window.on_recovery_over(),
            Control::Bbr(bbr) => bbr.on_recovery_over(),
        }
    }

    /// The loss was none (RFC 9438 §4.9.2): everything is as it was before the cut.
    pub(crate) fn on_spurious_loss(&mut self) {
        if let Control::Bbr(bbr) = &mut self.control {
            bbr.on_spurious();
        } else if let Some(before) = self.before.take() {
            self.control = *before;
        }
        // Neither is what the window may have been cut for before.
        if let Some(window) = self.common_mut() {
            window.repair = Repair::None;
        }
    }

    /// The timeout was for nothing. RFC 4015 §3.2: as much may be sent as has just arrived, at
    /// most an initial window, so that no burst follows; and slow start leads back to the window of
    /// before.
    pub(crate) fn on_spurious_timeout(&mut self, in_flight: u32, acked: u32) {
        self.on_spurious_loss();
        // What is paced is no burst.
        let Some(window) = self.common_mut() else { return };
        window.ssthresh = window.ssthresh.max(window.cwnd);
        let burst = acked.min(window.initial()).max(window.mss);
        window.cwnd = window.cwnd.min(in_flight.saturating_add(burst));
    }

    /// Nothing was sent for longer than the retransmission timeout, and text is to be sent now
    /// (RFC 5681 §4.1).
    pub(crate) fn on_idle(&mut self) {
        match &mut self.control {
            Control::Cubic(cubic) => cubic.on_idle(),
            Control::Reno(reno) => reno.window.on_idle(),
            // It keeps its window and paces what leaves.
            Control::Bbr(_) => {}
        }
    }

    /// The path takes segments of another size.
    pub(crate) fn set_mss(&mut self, mss: u32) {
        match &mut self.control {
            Control::Cubic(cubic) => cubic.window.set_mss(mss),
            Control::Reno(reno) => reno.window.set_mss(mss),
            Control::Bbr(bbr) => bbr.set_mss(mss),
        }
    }

    fn keep_for_undo(&mut self) {
        // A model knows what to keep of itself.
        if !self.models_path() {
            self.before = Some(Box::new(self.control.clone()));
        }
    }

    fn common(&self) -> Option<&Window> {
        match &self.control {
            Control::Cubic(cubic) => Some(&cubic.window),
            Control::Reno(reno) => Some(&reno.window),
            Control::Bbr(_) => None,
        }
    }

    fn common_mut(&mut self) -> Option<&mut Window> {
        match &mut self.control {
            Control::Cubic(cubic) => Some(&mut cubic.window),
            Control::Reno(reno) => Some(&mut reno.window),
            Control::Bbr(_) => None,
        }
    }
}

/// What only a control that models the path needs to hear.
impl Congestion {
    /// Whether it models the path: then the rate of delivery is to be measured for it.
    pub(crate) fn models_path(&self) -> bool {
        matches!(self.control, Control::Bbr(_))
    }

    /// An acknowledgment delivered something. Says whether what is sent from now on is to count as
    /// limited by its user.
    pub(crate) fn on_delivery(&mut self, delivery: &Delivery) -> Limited {
        let Control::Bbr(bbr) = &mut self.control else { return Limited::ByNetwork };
        let limited = bbr.on_delivery(delivery);
        self.follow_pace(delivery.mss);
        limited
    }

    /// A round trip was measured by what delivered nothing new.
    pub(crate) fn on_round_trip(&mut self, rtt: Duration, mss: u32) {
        if let Control::Bbr(bbr) = &mut self.control {
            bbr.on_round_trip(rtt);
            self.follow_pace(mss);
        }
    }

    /// Something is lost.
    pub(crate) fn on_lost(&mut self, now: Instant, lost: &Lost) {
        if let Control::Bbr(bbr) = &mut self.control {
            bbr.on_lost(now, lost);
        }
    }

    /// Text is to be sent after there was none, and nothing is in flight.
    pub(crate) fn on_restart(&mut self, now: Instant, mss: u32) {
        if let Control::Bbr(bbr) = &mut self.control {
            bbr.on_restart(now);
            self.follow_pace(mss);
        }
    }
}

/// Pacing.
impl Congestion {
    /// Sends at most at `rate` octets in a second, in segments of `mss`; `None`: as fast as the
    /// control and the windows allow.
    pub(crate) fn pace(&mut self, rate: Option<u64>, mss: u32) {
        match (rate, self.models_path()) {
            (None, false) => self.pacer = None,
            (limit, _) => self.pacer_or_new(mss).limit(limit),
        }
        self.follow_pace(mss);
    }

    /// Octets in a second at which text leaves; [`u64::MAX`]: as it comes.
    pub(crate) fn pacing_rate(&self) -> u64 {
        self.pacer.as_ref().map_or(u64::MAX, |pacer| pacer.rate())
    }

    /// The most that the user allows, octets in a second; [`u64::MAX`]: no limit.
    pub(crate) fn max_pacing_rate(&self) -> u64 {
        self.pacer.as_ref().map_or(u64::MAX, |pacer| pacer.limit_rate())
    }

    /// Whether a pace is kept.
    #[inline]
    pub(crate) const fn is_paced(&self) -> bool {
        self.pacer.is_some()
    }

    /// The pace, where one is kept.
    pub(crate) fn pacer_mut(&mut self) -> Option<&mut Pacer> {
        self.pacer.as_deref_mut()
    }

    /// Takes over the rate that the control wants.
    fn follow_pace(&mut self, mss: u32) {
        let wanted = match &self.control {
            Control::Cubic(_) | Control::Reno(_) if self.pacer.is_none() => return,
            Control::Cubic(_) | Control::Reno(_) => u64::MAX,
            Control::Bbr(bbr) => bbr.pacing_rate(),
        };
        self.pacer_or_new(mss).set_rate(wanted, mss);
    }

    fn pacer_or_new(&mut self, mss: u32) -> &mut Pacer {
        self.pacer.get_or_insert_with(|| Box::new(Pacer::new(u64::MAX, mss)))
    }
}
