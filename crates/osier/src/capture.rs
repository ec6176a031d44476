//! How does a frame come together with the reasons for it, and into a file?
//!
//! A frame is written after the host has judged it, with the notes of that call as its comment,
//! stamped with the time at which it arrived or was made. A note of a verb or of an alarm waits
//! for the next frame that its flow sends. What waits is bounded, and forgotten after a second: a
//! note that no frame followed shall not turn up on a later connection between the same ports.
//! Super-frames are written as a wire would carry them, split and with checksums filled. Knows
//! neither clock nor runtime.

mod flow;

use crate::builder::Warn;
use flow::flow_of;
use osier_host::{Flow, Host, Note, Reason};
use osier_ip::LinkId;
use osier_pcap::{Direction, InterfaceId, LinkType, Writer};
use osier_time::{Duration, Instant};
use osier_wire::link::Medium;
use osier_wire::offload::split;
use osier_wire::{Frame, Received};
use std::collections::VecDeque;
use std::fmt::Write as _;
use std::io::{self, BufWriter, Write};

/// So many notes may wait for a frame of their flow; the oldest goes.
const WAITING_MAX: usize = 256;

/// How long a note waits for a frame of its flow. The frame that a verb or an alarm causes is sent
/// at once unless the device is full.
const WAITING_TIME: Duration = Duration::from_secs(1);

/// How long a frame may stay in the buffer: who follows the file sees it soon.
const FLUSH_AFTER: Duration = Duration::from_millis(200);

/// What a capture must know of the links of a stack.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Interfaces {
    /// The link of the device.
    pub(crate) device: LinkId,
    /// What its frames begin with. Loopback's begin with the IP header.
    pub(crate) medium: Medium,
}

/// Where the frames go.
pub(crate) type Sink = BufWriter<Box<dyn Write + Send>>;

/// Writes the capture of one stack.
pub(crate) struct Capture {
    writer: Writer<Sink>,
    links: Interfaces,
    device: InterfaceId,
    loopback: InterfaceId,
    /// Notes that wait for a frame of their flow.
    waiting: VecDeque<Waiting>,
    /// What the sender noted of a frame that is on its way over loopback.
    looped: Vec<Reason>,
    /// Frames of this turn.
    judged: Vec<Judged>,
    /// Since when the buffer holds something.
    dirty: Option<Instant>,
    warn: Option<Warn>,
}

struct Waiting {
    since: Instant,
    flow: Flow,
    reason: Reason,
}

/// A frame, and what was made of it.
struct Judged {
    at: Instant,
    interface: InterfaceId,
    direction: Direction,
    frame: Frame,
    reasons: Vec<Reason>,
}

impl Capture {
    /// Begins a capture; `epoch` is the Unix time of `Instant` zero.
    ///
    /// # Errors
    /// Those of the sink.
    pub(crate) fn new(
        sink: Sink,
        epoch: Duration,
        links: &Interfaces,
        warn: Option<Warn>,
    ) -> io::Result<Self> {
        let mut writer = Writer::new(sink, epoch)?;
        let link_type = match links.medium {
            Medium::Ethernet(_) => LinkType::Ethernet,
            Medium::Ip => LinkType::RawIp,
        };
        let device = writer.add_interface("link", link_type)?;
        let loopback = writer.add_interface("lo", LinkType::RawIp)?;
        writer.flush()?;
        Ok(Capture {
            writer,
            links: *links,
            device,
            loopback,
            waiting: VecDeque::new(),
            looped: Vec::new(),
            judged: Vec::new(),
            dirty: None,
            warn,
        })
    }

    /// The host has judged a frame that arrived.
    pub(crate) fn on_frame(
        &mut self,
        now: Instant,
        link: LinkId,
        frame: &Received,
        host: &mut Host,
    ) {
        let medium = self.medium(link);
        let mut reasons = std::mem::take(&mut self.looped);
        let flow = flow_of(&frame.bytes, medium, Direction::Inbound);
        while let Some(note) = host.take_note() {
            // A frame without ports of its own (an ICMP error, an ARP reply) may be the reason for
            // what is noted of any flow.
            if flow.is_none() || note.flow.is_none() || canonical(note.flow) == flow {
                reasons.push(note.reason);
            } else {
                self.wait(now, note);
            }
        }
        self.judge(now, link, Direction::Inbound, frame.to_frame(medium), reasons);
    }

    /// The host has made a frame.
    pub(crate) fn on_transmit(
        &mut self,
        now: Instant,
        link: LinkId,
        frame: &Frame,
        host: &mut Host,
    ) {
        self.collect(now, host);
        let flow = flow_of(frame.head.as_slice(), self.medium(link), Direction::Outbound);
        let reasons = self.waiting_for(flow, now);
        if link == Host::LOOPBACK {
            // It arrives at once and is written then: one line, with what both ends made of it.
            self.looped = reasons;
        } else {
            self.judge(now, link, Direction::Outbound, frame.clone(), reasons);
        }
    }

    /// Takes the notes that belong to no frame yet.
    pub(crate) fn collect(&mut self, now: Instant, host: &mut Host) {
        while let Some(note) = host.take_note() {
            self.wait(now, note);
        }
    }

    /// Writes what was judged since the last call.
    ///
    /// # Errors
    /// Those of the sink; the capture is over.
    pub(crate) fn write(&mut self, now: Instant) -> io::Result<()> {
        for judged in std::mem::take(&mut self.judged) {
            self.dirty.get_or_insert(now);
            let written = write_frame(&mut self.writer, &judged);
            self.warn_of(written)?;
        }
        if self.flush_at().is_some_and(|at| at <= now) { self.flush() } else { Ok(()) }
    }

    /// When [`Capture::write`] is to be called, frames or not.
    pub(crate) fn flush_at(&self) -> Option<Instant> {
        self.dirty.map(|since| since + FLUSH_AFTER)
    }

    /// Hands the buffer on.
    ///
    /// # Errors
    /// Those of the sink; the capture is over.
    pub(crate) fn flush(&mut self) -> io::Result<()> {
        self.dirty = None;
        let flushed = self.writer.flush();
        self.warn_of(flushed)
    }

    fn warn_of(&mut self, written: io::Result<()>) -> io::Result<()> {
        if let Err(error) = &written
            && let Some(Warn(warn)) = self.warn.take()
        {
            warn(error);
        }
        written
    }

    fn medium(&self, link: LinkId) -> Medium {
        if link == self.links.device { self.links.medium } else { Medium::Ip }
    }

    fn judge(
        &mut self,
        at: Instant,
        link: LinkId,
        direction: Direction,
        frame: Frame,
        reasons: Vec<Reason>,
    ) {
        let interface = if link == self.links.device { self.device } else { self.loopback };
        self.judged.push(Judged { at, interface, direction, frame, reasons });
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

/// Writes a frame as the wire carries it. That it is sent again is said of each piece; all else is
/// said of the last, where FIN and the newest acknowledgment are.
fn write_frame(writer: &mut Writer<Sink>, judged: &Judged) -> io::Result<()> {
    let pieces = split(&judged.frame);
    let count = pieces.len();
    for (number, piece) in (1..).zip(pieces) {
        let last = number == count;
        let said = judged.reasons.iter().filter(|reason| last || is_sent_again(reason));
        let comment = said.fold(String::new(), |mut text, reason| {
            let separator = if text.is_empty() { "" } else { "; " };
            // Writing to a String cannot fail.
            let _ = write!(text, "{separator}{reason}");
            text
        });
        let comment = (!comment.is_empty()).then_some(comment.as_str());
        let parts: Vec<&[u8]> = piece.parts().collect();
        writer.write_packet(judged.interface, judged.at, judged.direction, &parts, comment)?;
    }
    Ok(())
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
