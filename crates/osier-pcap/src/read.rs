//! Which packets does a capture file hold?
//!
//! The kind of file and its byte order are told by the first four bytes: pcapng
//! (draft-ietf-opsawg-pcapng §4.1) or classic pcap (draft-ietf-opsawg-pcap §4). Any bytes may be
//! given: a file that is torn or lies gets an [`Error`] that says where, never a panic, and never
//! an allocation beyond [`MAX_BLOCK`].

mod classic;
mod error;
mod fields;
mod pcapng;
mod resolution;
mod source;

use crate::format::{Direction, InterfaceId, LinkType};
use osier_time::Duration;
use std::io::Read;

pub use error::Error;
pub use pcapng::{MAX_COMMENTS, MAX_INTERFACES};
pub use source::MAX_BLOCK;

/// A packet as a capture file holds it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Packet {
    /// Which interface of the section it passed; see [`Reader::interfaces`].
    pub interface: InterfaceId,
    /// What its first bytes are.
    pub link: LinkType,
    /// When it passed, since 1970-01-01 UTC, held to what 64 bits of nanoseconds can say. `None`
    /// where the file does not tell (a simple packet block).
    pub at: Option<Duration>,
    /// Which way it passed, where the file tells.
    pub direction: Option<Direction>,
    /// How long it was on the link, in bytes; `data` is shorter where the capture cut it.
    pub original_length: u32,
    /// What was captured of it.
    pub data: Vec<u8>,
    /// What was written about it: at most [`MAX_COMMENTS`], invalid UTF-8 replaced.
    pub comments: Vec<String>,
}

/// An interface as the file describes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Interface {
    /// Its name, where the file tells; at most 256 bytes of it.
    pub name: Option<String>,
    /// What the first bytes of its packets are.
    pub link: LinkType,
    /// The longest packet that was captured whole, in bytes; 0: no limit.
    pub snaplen: u32,
}

/// Reads a capture file packet by packet, as an iterator that ends after the first error.
///
/// It reads in small pieces: wrap a file in a [`BufReader`](std::io::BufReader). A `&[u8]` serves
/// as it is.
///
/// ```
/// use osier_pcap::{Direction, LinkType, Reader, Writer};
/// use osier_time::{Duration, Instant};
///
/// let mut writer = Writer::new(Vec::new(), Duration::ZERO)?;
/// let lan = writer.add_interface("osier0", LinkType::Ethernet)?;
/// let at = Instant::from_nanos(5);
/// writer.write_packet(lan, at, Direction::Inbound, &[b"header", b"text"], Some("why"))?;
///
/// let file = writer.into_inner();
/// for packet in Reader::new(&file[..])? {
///     let packet = packet?;
///     assert_eq!(packet.data, b"headertext");
///     assert_eq!(packet.comments, ["why"]);
/// }
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct Reader<R> {
    source: source::Source<R>,
    format: Format,
    progress: Progress,
}

#[derive(Debug)]
enum Format {
    Pcapng(pcapng::Section),
    Classic(classic::File),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Progress {
    Reading,
    Ended,
}

impl<R: Read> Reader<R> {
    /// Reads the head of a file and finds out what kind it is.
    ///
    /// # Errors
    /// [`Error::NotACapture`] if it is of neither kind, [`Error::Truncated`] if it ends within its
    /// head, [`Error::Malformed`] if its head contradicts itself, and errors of `source`.
    pub fn new(source: R) -> Result<Self, Error> {
        let mut source = source::Source::new(source);
        let Some(magic) = source.array_or_end::<4>()? else {
            return Err(Error::NotACapture);
        };
        let format = if u32::from_le_bytes(magic) == crate::format::block::SECTION_HEADER {
            Format::Pcapng(pcapng::Section::begin(&mut source)?)
        } else {
            Format::Classic(classic::File::begin(magic, &mut source)?)
        };
        Ok(Reader { source, format, progress: Progress::Reading })
    }

    /// The interfaces that the current section has described so far, in the order of their ids.
    pub fn interfaces(&self) -> &[Interface] {
        match &self.format {
            Format::Pcapng(section) => section.interfaces(),
            Format::Classic(file) => std::slice::from_ref(file.interface()),
        }
    }
}

impl<R: Read> Iterator for Reader<R> {
    type Item = Result<Packet, Error>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.progress == Progress::Ended {
            return None;
        }
        let next = match &mut self.format {
            Format::Pcapng(section) => section.next_packet(&mut self.source),
            Format::Classic(file) => file.next_packet(&mut self.source),
        };
        if !matches!(next, Ok(Some(_))) {
            self.progress = Progress::Ended;
        }
        next.transpose()
    }
}

#[cfg(test)]
mod tests;
