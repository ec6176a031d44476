//! How much may be in flight? RFC 5681 and the algorithms that take its place.
//!
//! ```text
//! window.rs   the window, slow start, and whether the window is used   RFC 5681, RFC 3465
//! cubic.rs    growth over time, the cut to seven tenths                RFC 9438
//! hystart.rs  the end of the first slow start                          RFC 9406
//! reno.rs     growth by acknowledgments, the cut by a half             RFC 5681, RFC 6582
//! pacing.rs   how soon may the next segments leave?
//! ```
//!
//! A closed enum behind a few methods. It is told octets and durations; which segments were lost
//! is found elsewhere (`recovery/`), and what is in flight there is compared with
//! [`Congestion::window`]: the window is not inflated during recovery.

mod cubic;
mod hystart;
mod pacing;
mod reno;
mod window;

use crate::config::Algorithm;
use alloc::boxed::Box;
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
}

/// An acknowledgment of new octets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Acked {
    /// When it arrived.
    pub(crate) now: Instant,
    /// Octets that SND.UNA moved by.
    pub(crate) acked: u32,
    /// Octets in flight just before.
    pub(crate) in_flight_before: u32,
    /// Octets sent and unacknowledged just after.
    pub(crate) outstanding: u32,
    /// The round-trip time that it measured, if it did.
    pub(crate) rtt: Option<Duration>,
    /// Octets of text in a full segment.
    pub(crate) mss: u32,
}

impl Congestion {
    /// The window of a connection that has just opened. Where the SYN or the SYN,ACK was lost,
    /// RFC 5681 §3.1 wants an initial window of one segment.
    pub(crate) fn new(algorithm: Algorithm, initial_window_segments: u8, mss: u32) -> Self {
        let control = match algorithm {
            Algorithm::Cubic => Control::Cubic(Cubic::new(initial_window_segments, mss)),
            Algorithm::Reno => Control::Reno(Reno::new(initial_window_segments, mss)),
        };
        Congestion { control, before: None, pacer: None }
    }

    /// Its name, as Linux writes it.
    pub(crate) const fn name(&self) -> &'static str {
        match self.control {
            Control::Cubic(_) => "cubic",
            Control::Reno(_) => "reno",
        }
    }

    /// Keeps to L, the segments by which the RFCs let one acknowledgment open the window in slow
    /// start: RFC 5681 §3.1 one, RFC 9406 §4.2 eight where nothing paces them. And a loss cuts from
    /// what was in flight, not from a window that was not used.
    pub(crate) fn keep_to_rfcs(&mut self) {
        let limit = match &self.control {
            Control::Cubic(_) => 8,
            Control::Reno(_) => 1,
        };
        self.common_mut().limit = limit;
        self.common_mut().cut_from = CutFrom::Flight;
    }

    /// cwnd in octets: so much may be in flight.
    pub(crate) fn window(&self) -> u32 {
        self.common().cwnd
    }

    /// ssthresh in octets: below it, slow start. `u32::MAX` until the first loss.
    pub(crate) fn ssthresh(&self) -> u32 {
        self.common().ssthresh
    }

    /// An acknowledgment of new octets arrived.
    pub(crate) fn on_ack(&mut self, ack: &Acked) {
        match &mut self.control {
            Control::Cubic(cubic) => cubic.on_ack(ack),
            Control::Reno(reno) => reno.on_ack(ack),
        }
    }

    /// Fast recovery begins. `in_flight`: octets in flight before the acknowledgment that showed
    /// the loss.
    pub(crate) fn on_loss(&mut self, in_flight: u32, mss: u32) {
        self.before = Some(Box::new(self.control.clone()));
        match &mut self.control {
            Control::Cubic(cubic) => cubic.on_loss(in_flight, mss),
            Control::Reno(reno) => reno.on_loss(in_flight, mss),
        }
    }

    /// The retransmission timer expired with `in_flight` octets in flight.
    pub(crate) fn on_timeout(&mut self, in_flight: u32, mss: u32) {
        // A second timeout for the same flight is undone with the first.
        if self.common().repair != Repair::Timeout {
            self.before = Some(Box::new(self.control.clone()));
        }
        match &mut self.control {
            Control::Cubic(cubic) => cubic.on_timeout(in_flight, mss),
            Control::Reno(reno) => reno.on_timeout(in_flight, mss),
        }
    }

    /// Everything in flight when the loss was found is acknowledged.
    pub(crate) fn on_recovery_over(&mut self) {
        self.before = None;
        self.common_mut().on_recovery_over();
    }

    /// The loss was none (RFC 9438 §4.9.2): everything is as it was before the cut.
    pub(crate) fn on_spurious_loss(&mut self) {
        if let Some(before) = self.before.take() {
            self.control = *before;
        }
    }

    /// The timeout was for nothing. RFC 4015 §3.2: as much may be sent as has just arrived, at
    /// most an initial window, so that no burst follows; and slow start leads back to the window of
    /// before.
    pub(crate) fn on_spurious_timeout(&mut self, in_flight: u32, acked: u32) {
        let Some(before) = self.before.take() else { return };
        self.control = *before;
        let window = self.common_mut();
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
        }
    }

    /// The path takes segments of another size.
    pub(crate) fn set_mss(&mut self, mss: u32) {
        self.common_mut().set_mss(mss);
    }

    /// Sends at most at `rate` octets in a second, in segments of `mss`; `None`: as fast as the
    /// windows allow.
    pub(crate) fn pace(&mut self, rate: Option<u64>, mss: u32) {
        self.pacer = rate.map(|rate| Box::new(Pacer::new(rate, mss)));
    }

    /// The pace, where one is kept.
    pub(crate) fn pacer_mut(&mut self) -> Option<&mut Pacer> {
        self.pacer.as_deref_mut()
    }

    fn common(&self) -> &Window {
        match &self.control {
            Control::Cubic(cubic) => &cubic.window,
            Control::Reno(reno) => &reno.window,
        }
    }

    fn common_mut(&mut self) -> &mut Window {
        match &mut self.control {
            Control::Cubic(cubic) => &mut cubic.window,
            Control::Reno(reno) => &mut reno.window,
        }
    }
}
