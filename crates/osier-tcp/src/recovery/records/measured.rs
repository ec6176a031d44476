//! Who hears what becomes of the records, where the rate of delivery is measured?
//!
//! The account of it is `../delivery.rs`. Where nobody asks for it, each of these is one branch.

use super::super::delivery::{Sampler, Turn};
use super::{Order, Record, Records};
use crate::rate::Limited;
use alloc::boxed::Box;
use osier_time::Instant;

impl Records {
    /// Starts to measure, with what is sent from now on.
    pub(in crate::recovery) fn measure(&mut self, now: Instant) {
        self.sampler = Some(Box::new(Sampler::new(now)));
    }

    /// Stops.
    pub(in crate::recovery) fn stop_measuring(&mut self) {
        self.sampler = None;
    }

    /// The measurement, where there is one.
    pub(in crate::recovery) fn sampler(&mut self) -> Option<&mut Sampler> {
        self.sampler.as_deref_mut()
    }

    /// Whether there was nothing to send at times; `None`: nobody asks.
    pub(in crate::recovery) fn is_limited(&self) -> Option<bool> {
        self.sampler.as_deref().map(Sampler::is_limited)
    }

    /// The latest rate of delivery; `None`: nobody asks.
    pub(in crate::recovery) fn delivery_rate(&self) -> Option<(u64, Limited)> {
        self.sampler.as_deref().and_then(Sampler::shown)
    }

    /// `octets` were sent as the latest transmission.
    #[inline]
    pub(super) fn note_sent(&mut self, now: Instant, octets: u32, turn: Turn) {
        if self.sampler.is_some() {
            self.sample_sent(now, octets, turn);
        }
    }

    fn sample_sent(&mut self, now: Instant, octets: u32, turn: Turn) {
        let (order, in_flight) = (self.order, self.in_flight());
        let Some(sampler) = &mut self.sampler else { return };
        sampler.on_sent(now, order, octets, in_flight, turn);
    }

    pub(super) fn note_resent(&mut self, order: Order, octets: u32) {
        if let Some(sampler) = &mut self.sampler {
            sampler.on_resent(order, octets);
        }
    }

    pub(super) fn note_delivered(&mut self, record: &Record, octets: u32) {
        if let Some(sampler) = &mut self.sampler {
            sampler.on_delivered(record.order, octets);
        }
    }

    pub(super) fn note_lost(&mut self, record: &Record) {
        if let Some(sampler) = &mut self.sampler {
            sampler.on_lost(record.order, record.from, record.len());
        }
    }

    /// What was lost just now tells nothing of the path.
    pub(super) fn forgive(&mut self) {
        if let Some(sampler) = &mut self.sampler {
            sampler.forgive();
        }
    }
}
