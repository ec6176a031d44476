//! How does a frame, with the reasons for it, come into a file?
//!
//! `osier_host::Joiner` puts the two together; here they are written, super-frames as a wire would
//! carry them, split and with checksums filled. What is buffered is handed on soon. Knows neither
//! clock nor runtime.

use crate::builder::Warn;
use osier_host::{Host, Joiner, Way};
use osier_ip::LinkId;
use osier_pcap::{Direction, InterfaceId, LinkType, Writer};
use osier_time::{Duration, Instant};
use osier_wire::link::Medium;
use osier_wire::{Frame, Received};
use std::io::{self, BufWriter, Write};

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
    joiner: Joiner,
    /// Since when the buffer holds something.
    dirty: Option<Instant>,
    warn: Option<Warn>,
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
        let mut joiner = Joiner::default();
        joiner.add_link(links.device, links.medium);
        Ok(Capture { writer, links: *links, device, loopback, joiner, dirty: None, warn })
    }

    /// The host has judged a frame that arrived.
    pub(crate) fn on_frame(
        &mut self,
        now: Instant,
        link: LinkId,
        frame: &Received,
        host: &mut Host,
    ) {
        self.joiner.on_frame(now, link, frame, host);
    }

    /// The host has made a frame.
    pub(crate) fn on_transmit(
        &mut self,
        now: Instant,
        link: LinkId,
        frame: &Frame,
        host: &mut Host,
    ) {
        self.joiner.on_transmit(now, link, frame, host);
    }

    /// Takes the notes that belong to no frame yet.
    pub(crate) fn collect(&mut self, now: Instant, host: &mut Host) {
        self.joiner.collect(now, host);
    }

    /// Writes what was judged since the last call.
    ///
    /// # Errors
    /// Those of the sink; the capture is over.
    pub(crate) fn write(&mut self, now: Instant) -> io::Result<()> {
        for judged in self.joiner.take() {
            self.dirty.get_or_insert(now);
            let interface = self.interface(judged.link);
            let direction = match judged.way {
                Way::In => Direction::Inbound,
                Way::Out => Direction::Outbound,
            };
            let writer = &mut self.writer;
            let written = judged.pieces(|piece, comment| {
                let parts: Vec<&[u8]> = piece.parts().collect();
                writer.write_packet(interface, judged.at, direction, &parts, comment)
            });
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

    fn interface(&self, link: LinkId) -> InterfaceId {
        if link == self.links.device { self.device } else { self.loopback }
    }
}
