//! How does a frame come together with the reasons for it?
//!
//! A frame is judged by the host first and then shown, with the notes of that call, stamped with
//! the time at which it arrived or was made. A note of a verb or of an alarm waits for the next
//! frame that its flow sends. What waits is bounded, and forgotten after a second: a note that no
//! frame followed shall not turn up on a later connection between the same ports. Stands here,
//! below everybody who writes captures, and writes none: it knows no file format.

mod ends;

use crate::account::{Flow, Note};
use crate::host::Host;
use crate::reason::Reason;
use alloc::collections::VecDeque;
use alloc::string::String;
use alloc::vec::Vec;
use core::fmt::Write as _;
use ends::flow_of;
use osier_ip::LinkId;
use osier_time::{Duration, Instant};
use osier_wire::link::Medium;
use osier_wire::offload::split;
use osier_wire::{Frame, Received};

/// So many notes may wait for a frame of their flow; the oldest goes.
const WAITING_MAX: usize = 256;

/// How long a note waits for a frame of its flow. The frame that a verb or an alarm causes is sent
/// at once unless the device is full.
const WAITING_TIME: Duration = Duration::from_secs(1);

/// Joins the frames of one host with its notes. The host must be recording
/// ([`Host::set_recording`]).
#[derive(Clone, Debug, Default)]
pub struct Joiner {
    /// What frames of each link begin with, by [`LinkId`]; beyond the end: the IP header.
    mediums: Vec<Medium>,
    /// Notes that wait for a frame of their flow.
    waiting: VecDeque<Waiting>,
    /// What the sender noted of a frame that is on its way over loopback.
    looped: Vec<Reason>,
    /// Frames since they were last taken.
    judged: Vec<Judged>,
}

#[derive(Clone, Debug)]
struct Waiting {
    since: Instant,
    flow: Flow,
    reason: Reason,
}

/// A frame, and what was made of it.
#[derive(Clone, Debug)]
pub struct Judged {
    /// When it arrived or was made.
    pub at: Instant,
    /// On which link.
    pub link: LinkId,
    /// Which way it went.
    pub way: Way,
    /// The frame, perhaps a super-frame.
    pub frame: Frame,
    /// Why, and what followed.
    pub reasons: Vec<Reason>,
}

/// Which way a frame went, seen from the host.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// It arrived. What a host says to itself is told once, as arriving.
    In,
    /// It was sent.
    Out,
}

impl Joiner {
    /// Says what the frames of a link begin with.
    pub fn add_link(&mut self, link: LinkId, medium: Medium) {
        let at = usize::from(link.0);
        if self.mediums.len() <= at {
            self.mediums.resize(at + 1, Medium::Ip);
        }
        self.mediums[at] = medium;
    }

    /// The host has judged a frame that arrived.
    pub fn on_frame(&mut self, now: Instant, link: LinkId, frame: &Received, host: &mut Host) {
        let medium = self.medium(link);
        let mut reasons = core::mem::take(&mut self.looped);
        let flow = flow_of(&frame.bytes, medium, Way::In);
        while let Some(note) = host.take_note() {
            // A frame without ports of its own (an ICMP error, an ARP reply) may be the reason for
            // what is noted of any flow.
            if flow.is_none() || note.flow.is_none() || canonical(note.flow) == flow {
                reasons.push(note.reason);
            } else {
                self.wait(now, note);
            }
        }
        let frame = frame.to_frame(medium);
        self.judged.push(Judged { at: now, link, way: Way::In, frame, reasons });
    }

    /// The host has made a frame.
    pub fn on_transmit(&mut self, now: Instant, link: LinkId, frame: &Frame, host: &mut Host) {
        self.collect(now, host);
        let flow = flow_of(frame.head.as_slice(), self.medium(link), Way::Out);
        let reasons = self.waiting_for(flow, now);
        if link == Host::LOOPBACK {
            // It arrives at once and is written then: one line, with what both ends made of it.
            self.looped = reasons;
        } else {
            let frame = frame.clone();
            self.judged.push(Judged { at: now, link, way: Way::Out, frame, reasons });
        }
    }

    /// Takes the notes that belong to no frame yet.
    pub fn collect(&mut self, now: Instant, host: &mut Host) {
        while let Some(note) = host.take_note() {
            self.wait(now, note);
        }
    }

    /// Takes the frames that were judged since the last call, in their order.
    pub fn take(&mut self) -> Vec<Judged> {
        core::mem::take(&mut self.judged)
    }

    fn medium(&self, link: LinkId) -> Medium {
        self.mediums.get(usize::from(link.0)).copied().unwrap_or(Medium::Ip)
    }

    fn wait(&mut self, now: Instant, note: Note) {
        let Some(flow) = canonical(note.flow) else { return };
        if self.waiting.len() == WAITING_MAX {
            self.waiting.pop_front();
        }
        self.waiting.push_back(Waiting { since: now, flow, reason: note.reason });
    }

    /// Takes what waits for a frame of that flow.
    fn waiting_for(&mut self, flow: Option<Flow>, now: Instant) -> Vec<Reason> {
        let mut reasons = Vec::new();
        self.waiting.retain(|waiting| {
            let old = now.since(waiting.since) > WAITING_TIME;
            let here = Some(waiting.flow) == flow && !old;
            if here {
                reasons.push(waiting.reason);
            }
            !here && !old
        });
        reasons
    }
}

/// A flow by the addresses that its frames carry.
fn canonical(flow: Option<Flow>) -> Option<Flow> {
    flow.map(|mut flow| {
        flow.local.set_ip(flow.local.ip().to_canonical());
        flow.remote.set_ip(flow.remote.ip().to_canonical());
        flow
    })
}

impl Judged {
    /// Shows each frame that a wire would carry, cut and with its checksums filled, with what is
    /// said of it. That it is sent again is said of each piece; all else is said of the last,
    /// where FIN and the newest acknowledgment are.
    ///
    /// # Errors
    /// The first of `show`, after which nothing more is shown.
    pub fn pieces<E>(
        &self,
        mut show: impl FnMut(&Frame, Option<&str>) -> Result<(), E>,
    ) -> Result<(), E> {
        let pieces = split(&self.frame);
        let count = pieces.len();
        for (number, piece) in (1..).zip(pieces) {
            let last = number == count;
            let said = self.reasons.iter().filter(|reason| last || is_sent_again(reason));
            let comment = said.fold(String::new(), |mut text, reason| {
                let separator = if text.is_empty() { "" } else { "; " };
                // Writing to a String cannot fail.
                let _ = write!(text, "{separator}{reason}");
                text
            });
            show(&piece, (!comment.is_empty()).then_some(comment.as_str()))?;
        }
        Ok(())
    }
}

/// Whether a reason says that the frame repeats what was sent before.
fn is_sent_again(reason: &Reason) -> bool {
    use osier_tcp::Reason as Tcp;
    matches!(
        reason,
        Reason::Tcp(
            Tcp::SynAgain { .. }
                | Tcp::RtoExpired { .. }
                | Tcp::AfterTimeout { .. }
                | Tcp::FastRetransmit { .. }
                | Tcp::OvertakenRetransmit { .. }
                | Tcp::RecoveryRetransmit { .. }
                | Tcp::TailProbeAgain { .. }
                | Tcp::ZeroWindowProbe { .. }
                | Tcp::KeepAliveProbe { .. }
        )
    )
}
