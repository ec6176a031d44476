//! Who watches what a stack does?
//!
//! A capture; with the features of those names, `tracing` events and `metrics` counters. Notes are
//! heard by all of them at the moment at which the host is rid of them, under the lock; what is
//! made of them is shown at the end of a turn, outside it, so that a listener may use the stack
//! that it listens to. Does not decide what is noted: that is the host's.

use crate::capture::Capture;
#[cfg(feature = "metrics")]
use crate::counts::Counts;
#[cfg(feature = "tracing")]
use crate::events::Events;
use osier_host::Host;
use osier_ip::LinkId;
use osier_tcp::Recording;
use osier_time::Instant;
use osier_wire::{Frame, Received};
use std::io;

/// What the counters of a host are asked with.
type Counters = Vec<(&'static str, u64)>;

/// Everybody who watches one stack.
pub(crate) struct Watchers {
    capture: Option<Capture>,
    #[cfg(feature = "tracing")]
    events: Events,
    #[cfg(feature = "metrics")]
    counts: Counts,
}

impl Watchers {
    pub(crate) fn new(capture: Option<Capture>) -> Self {
        Watchers {
            capture,
            #[cfg(feature = "tracing")]
            events: Events::new(),
            #[cfg(feature = "metrics")]
            counts: Counts::new(None),
        }
    }

    /// Gives the counters the label `host`.
    #[cfg(feature = "metrics")]
    pub(crate) fn with_label(mut self, host: Option<String>) -> Self {
        self.counts = Counts::new(host);
        self
    }

    /// Whether the host must keep notes.
    pub(crate) fn recording(&self) -> Recording {
        #[cfg(feature = "tracing")]
        if self.events.are_wanted() {
            return Recording::On;
        }
        if self.capture.is_some() { Recording::On } else { Recording::Off }
    }

    /// Whether somebody began or ceased to listen, so that [`Watchers::recording`] may have
    /// changed.
    pub(crate) fn listeners_changed(&mut self) -> bool {
        #[cfg(feature = "tracing")]
        return self.events.look();
        #[cfg(not(feature = "tracing"))]
        false
    }

    /// Has the host judge frames that arrived together, which are taken out.
    pub(crate) fn on_frames(
        &mut self,
        now: Instant,
        link: LinkId,
        frames: &mut Vec<Received>,
        host: &mut Host,
    ) {
        if self.recording() == Recording::Off {
            host.on_frames(now, link, frames);
            return self.collect(now, host);
        }
        // What the host says of a frame is asked for before the next one.
        frames.drain(..).for_each(|frame| self.on_frame(now, link, frame, host));
    }

    /// Has the host judge a frame.
    fn on_frame(&mut self, now: Instant, link: LinkId, frame: Received, host: &mut Host) {
        if self.capture.is_none() {
            host.on_frame(now, link, frame);
            return self.collect(now, host);
        }
        host.on_frame(now, link, frame.clone());
        self.hear(host);
        if let Some(capture) = &mut self.capture {
            capture.on_frame(now, link, &frame, host);
        }
    }

    /// The host has made a frame.
    pub(crate) fn on_transmit(
        &mut self,
        now: Instant,
        link: LinkId,
        frame: &Frame,
        host: &mut Host,
    ) {
        self.hear(host);
        match &mut self.capture {
            Some(capture) => capture.on_transmit(now, link, frame, host),
            None => self.forget(host),
        }
    }

    /// Takes the notes of verbs and alarms: in a capture they wait for a frame of their flow.
    pub(crate) fn collect(&mut self, now: Instant, host: &mut Host) {
        self.hear(host);
        match &mut self.capture {
            Some(capture) => capture.collect(now, host),
            None => self.forget(host),
        }
    }

    /// Shows what was heard since the last call.
    ///
    /// # Errors
    /// Those of the capture's sink; it is over.
    #[cfg_attr(not(feature = "metrics"), expect(unused_variables, reason = "for `metrics`"))]
    pub(crate) fn show(
        &mut self,
        now: Instant,
        counters: impl FnOnce() -> Counters,
    ) -> io::Result<()> {
        #[cfg(feature = "tracing")]
        self.events.tell();
        #[cfg(feature = "metrics")]
        if self.counts.are_due(now) {
            self.counts.tell(&counters());
        }
        self.capture.as_mut().map_or(Ok(()), |capture| capture.write(now))
    }

    /// When [`Watchers::show`] is to be called, frames or not.
    pub(crate) fn show_at(&self) -> Option<Instant> {
        let flush = self.capture.as_ref().and_then(Capture::flush_at);
        #[cfg(feature = "metrics")]
        let flush = [flush, self.counts.tell_at()].into_iter().flatten().min();
        flush
    }

    /// Shows the rest.
    ///
    /// # Errors
    /// Those of the capture's sink.
    #[cfg_attr(not(feature = "metrics"), expect(unused_variables, reason = "for `metrics`"))]
    pub(crate) fn end(&mut self, counters: impl FnOnce() -> Counters) -> io::Result<()> {
        #[cfg(feature = "tracing")]
        self.events.tell();
        #[cfg(feature = "metrics")]
        self.counts.tell(&counters());
        self.capture.as_mut().map_or(Ok(()), Capture::flush)
    }

    /// The capture is over.
    pub(crate) fn drop_capture(&mut self) {
        self.capture = None;
    }

    /// What the host has noted, before it is rid of it.
    #[cfg_attr(not(feature = "tracing"), expect(unused_variables, reason = "for `tracing`"))]
    fn hear(&mut self, host: &Host) {
        #[cfg(feature = "tracing")]
        self.events.hear(host);
    }

    /// Rids the host of notes that only events were made of.
    #[cfg_attr(not(feature = "tracing"), expect(unused_variables, reason = "for `tracing`"))]
    fn forget(&self, host: &mut Host) {
        #[cfg(feature = "tracing")]
        if self.events.are_wanted() {
            while host.take_note().is_some() {}
        }
    }
}
