//! How is a packet, with the reason for it, written to a capture file?
//!
//! draft-ietf-opsawg-pcapng §4.1 (section header), §4.2 (interface), §4.3 (enhanced packet); always
//! little-endian, nanoseconds, one section. The same calls give the same bytes on every machine,
//! so neither hardware nor operating system is named in the header. Nothing is buffered here
//! beyond one block: wrap a file in a [`BufWriter`](std::io::BufWriter).

mod block;

use crate::format::{
    BYTE_ORDER_MAGIC, Direction, InterfaceId, LinkType, MAX_COMMENT, MAX_PACKET, NANOSECONDS,
    block as kind, option,
};
use block::Block;
use osier_time::{Duration, Instant};
use std::io::{self, Write};

/// The name of the writing application in the section header.
const APPLICATION: &str = "osier";

/// The longest interface name that is written, in bytes; Linux allows 15.
const MAX_NAME: usize = 256;

/// Writes a pcapng file, block by block.
///
/// An error of the sink may leave half a block behind, after which nothing that follows could be
/// read; therefore every later call is refused with [`io::ErrorKind::BrokenPipe`]. What was
/// written before stays readable up to the cut.
#[derive(Debug)]
pub struct Writer<W: Write> {
    sink: W,
    /// The Unix time of `Instant` zero.
    epoch: Duration,
    interfaces: u32,
    health: Health,
    /// Room for the block being laid out, kept from one packet to the next.
    scratch: Vec<u8>,
}

/// Whether the file still ends where a block ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Health {
    Whole,
    Torn,
}

impl<W: Write> Writer<W> {
    /// Begins a file with its section header. `epoch` is the Unix time of `Instant` zero: it is
    /// added to the time of every packet.
    ///
    /// # Errors
    /// Those of the sink.
    pub fn new(sink: W, epoch: Duration) -> io::Result<Self> {
        let scratch = Vec::new();
        let mut writer = Writer { sink, epoch, interfaces: 0, health: Health::Whole, scratch };
        writer.write_block(kind::SECTION_HEADER, |block| {
            block.u32(BYTE_ORDER_MAGIC);
            block.u16(1); // major version
            block.u16(0); // minor version
            block.u64(u64::MAX); // -1: the length of the section is not known while it is written
            block.option(option::SHB_USERAPPL, APPLICATION.as_bytes());
            block.end_of_options();
        })?;
        Ok(writer)
    }

    /// Describes an interface; packets name it by the id that is returned.
    ///
    /// # Errors
    /// Those of the sink, and of a sink that failed before.
    pub fn add_interface(&mut self, name: &str, link: LinkType) -> io::Result<InterfaceId> {
        let name = written_text(name, MAX_NAME);
        self.write_block(kind::INTERFACE, |block| {
            block.u16(link.code());
            block.u16(0); // reserved
            block.u32(0); // snaplen: no limit
            block.option(option::IF_NAME, name.as_bytes());
            block.option(option::IF_TSRESOL, &[NANOSECONDS]);
            block.end_of_options();
        })?;
        let id = InterfaceId(self.interfaces);
        self.interfaces += 1;
        Ok(id)
    }

    /// Writes one packet, gathered from `parts`, that passed `interface` at `at`. A packet longer
    /// than [`MAX_PACKET`] is cut, its true length kept; a comment longer than [`MAX_COMMENT`] is
    /// cut and ends in `…`.
    ///
    /// # Errors
    /// [`io::ErrorKind::InvalidInput`] if no such interface was added (the file stays whole), else
    /// those of the sink, and of a sink that failed before.
    pub fn write_packet(
        &mut self,
        interface: InterfaceId,
        at: Instant,
        direction: Direction,
        parts: &[&[u8]],
        comment: Option<&str>,
    ) -> io::Result<()> {
        if interface.0 >= self.interfaces {
            return Err(io::Error::new(
                io::ErrorKind::InvalidInput,
                format!("interface {} was not described in this capture", interface.0),
            ));
        }
        let since_1970 = self.epoch.as_nanos().saturating_add(at.as_nanos());
        let original: usize = parts.iter().map(|part| part.len()).sum();
        let captured = original.min(MAX_PACKET);
        let comment = comment.map(|text| written_text(text, MAX_COMMENT));
        self.write_block(kind::ENHANCED_PACKET, |block| {
            block.u32(interface.0);
            block.u32((since_1970 >> 32) as u32);
            block.u32(since_1970 as u32);
            block.u32(captured as u32);
            block.u32(u32::try_from(original).unwrap_or(u32::MAX));
            block.padded(parts, captured);
            block.option(option::EPB_FLAGS, &direction.flags().to_le_bytes());
            if let Some(text) = &comment {
                block.option(option::COMMENT, text.as_bytes());
            }
            block.end_of_options();
        })
    }

    /// Hands what the sink has buffered to whom it writes to.
    ///
    /// # Errors
    /// Those of the sink, and of a sink that failed before.
    pub fn flush(&mut self) -> io::Result<()> {
        self.check_whole()?;
        let result = self.sink.flush();
        self.note_health(&result);
        result
    }

    /// The sink. Unflushed bytes of a buffered sink are the caller's to flush.
    pub fn into_inner(self) -> W {
        self.sink
    }

    /// Lays a block out and writes it in one piece, so that a reader who follows the file meets
    /// whole blocks.
    fn write_block(&mut self, kind: u32, body: impl FnOnce(&mut Block<'_>)) -> io::Result<()> {
        self.check_whole()?;
        let mut block = Block::begin(&mut self.scratch, kind);
        body(&mut block);
        block.finish();
        let result = self.sink.write_all(&self.scratch);
        self.note_health(&result);
        result
    }

    fn check_whole(&self) -> io::Result<()> {
        match self.health {
            Health::Whole => Ok(()),
            Health::Torn => Err(io::Error::new(
                io::ErrorKind::BrokenPipe,
                "the capture ended at an earlier write error",
            )),
        }
    }

    fn note_health(&mut self, result: &io::Result<()>) {
        if result.is_err() {
            self.health = Health::Torn;
        }
    }
}

/// `text` as an option can hold it: within `limit` bytes, and without NUL, which a reader takes
/// for the end (draft-ietf-opsawg-pcapng §3.5).
fn written_text(text: &str, limit: usize) -> String {
    let mut text = text.replace('\0', "\u{2400}");
    if text.len() > limit {
        const CUT: char = '…';
        let mut end = limit - CUT.len_utf8();
        while !text.is_char_boundary(end) {
            end -= 1;
        }
        text.truncate(end);
        text.push(CUT);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(comment: Option<&str>, parts: &[&[u8]]) -> Vec<u8> {
        let mut writer = Writer::new(Vec::new(), Duration::from_secs(1)).unwrap();
        let lan = writer.add_interface("tap0", LinkType::Ethernet).unwrap();
        let at = Instant::from_nanos(2);
        writer.write_packet(lan, at, Direction::Outbound, parts, comment).unwrap();
        writer.into_inner()
    }

    /// Laid out by hand from the figures of draft-ietf-opsawg-pcapng §4.1, §4.2 and §4.3.
    #[test]
    fn a_file_of_one_packet_is_laid_out_as_the_draft_draws_it() {
        let mut expected: Vec<u8> = Vec::new();
        for words in [
            // Section header: type, length 44, magic, version 1.0, section length -1,
            // option 4 of 5 bytes "osier" padded to 8, end of options, length.
            &[0x0a0d_0d0a, 44, 0x1a2b_3c4d, 1, u32::MAX, u32::MAX, 0x0005_0004][..],
            &[u32::from_le_bytes(*b"osie"), u32::from_le_bytes(*b"r\0\0\0"), 0, 44],
            // Interface: type, length 40, Ethernet, snaplen 0, option 2 "tap0", option 9 = 9, end.
            &[1, 40, 1, 0, 0x0004_0002, u32::from_le_bytes(*b"tap0"), 0x0001_0009, 9, 0, 40],
            // Packet: type, length 60, interface 0, 1 s + 2 ns, 5 of 5 bytes padded to 8,
            // option 2 (flags) outbound; option 1 (comment) "why?", end.
            &[6, 60, 0, 0, 1_000_000_002, 5, 5, 0x0403_0201, 0x0000_0005, 0x0004_0002, 2],
            &[0x0004_0001, u32::from_le_bytes(*b"why?"), 0, 60],
        ] {
            expected.extend(words.iter().flat_map(|word| word.to_le_bytes()));
        }
        assert_eq!(written(Some("why?"), &[&[1, 2], &[3, 4, 5]]), expected);
    }

    #[test]
    fn every_block_is_a_multiple_of_four_bytes_whatever_the_lengths() {
        for length in 0..9 {
            let packet = vec![0xff; length];
            let comment = "x".repeat(length);
            assert_eq!(written(Some(&comment), &[&packet]).len() % 4, 0, "length {length}");
        }
    }

    #[test]
    fn a_long_comment_is_cut_between_characters() {
        let text = written_text(&"é".repeat(10), 10);
        assert_eq!(text, "ééé…"); // 6 + 3 bytes; a fourth é would make 11
        assert_eq!(written_text("short", 10), "short");
        assert_eq!(written_text("a\0b", 10), "a␀b");
    }

    #[test]
    fn a_packet_on_an_interface_that_was_not_described_is_refused() {
        let mut writer = Writer::new(Vec::new(), Duration::ZERO).unwrap();
        let error = writer
            .write_packet(InterfaceId(0), Instant::from_nanos(0), Direction::Inbound, &[], None)
            .unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::InvalidInput);
        assert!(writer.flush().is_ok(), "the file is still whole");
    }

    /// A disk with room for so many bytes more.
    struct Full(usize);

    impl Write for Full {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            let taken = bytes.len().min(self.0);
            self.0 -= taken;
            if taken == 0 { Err(io::ErrorKind::StorageFull.into()) } else { Ok(taken) }
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn after_a_full_disk_nothing_more_is_written_behind_the_torn_block() {
        let mut writer = Writer::new(Full(50), Duration::ZERO).unwrap();
        let torn = writer.add_interface("tap0", LinkType::Ethernet).unwrap_err();
        assert_eq!(torn.kind(), io::ErrorKind::StorageFull);
        writer.sink.0 = 1_000; // room again, too late
        let refused = writer.add_interface("tap0", LinkType::Ethernet).unwrap_err();
        assert_eq!(refused.kind(), io::ErrorKind::BrokenPipe);
        assert_eq!(writer.sink.0, 1_000);
    }
}
