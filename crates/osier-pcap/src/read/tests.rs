//! Files built by hand from the drafts, in both byte orders, and files that lie.

use super::*;
use proptest::prelude::*;

/// Lays blocks out word by word, in either byte order.
struct Laid {
    bytes: Vec<u8>,
    word: fn(u32) -> [u8; 4],
}

impl Laid {
    fn new(word: fn(u32) -> [u8; 4]) -> Self {
        Laid { bytes: Vec::new(), word }
    }

    fn words(mut self, words: &[u32]) -> Self {
        self.bytes.extend(words.iter().flat_map(|&word| (self.word)(word)));
        self
    }

    /// Two 16-bit fields in the order of the file.
    fn halves(self, first: u16, second: u16) -> Self {
        let little = (self.word)(1)[0] == 1;
        let (low, high) = if little { (first, second) } else { (second, first) };
        self.words(&[u32::from(high) << 16 | u32::from(low)])
    }

    fn raw(mut self, bytes: &[u8]) -> Self {
        self.bytes.extend_from_slice(bytes);
        self
    }

    fn section(self, major: u16) -> Self {
        self.words(&[0x0a0d_0d0a, 28, 0x1a2b_3c4d]).halves(major, 0).words(&[
            u32::MAX,
            u32::MAX,
            28,
        ])
    }

    /// An interface of raw IP with a time resolution and an offset of 10 s.
    fn interface(self, resolution: u8) -> Self {
        let laid = self.words(&[1, 44]).halves(101, 0).words(&[96]);
        let laid = laid.halves(9, 1).raw(&[resolution, 0, 0, 0]);
        let offset = if (laid.word)(1)[0] == 1 { [10, 0] } else { [0, 10] };
        laid.halves(14, 8).words(&offset).halves(0, 0).words(&[44])
    }

    /// An enhanced packet `abcde` at tick 3 of interface 0, sent, with two comments.
    fn enhanced(self) -> Self {
        self.words(&[6, 72, 0, 0, 3, 5, 50])
            .raw(b"abcde\0\0\0")
            .halves(1, 3)
            .raw(b"one\0")
            .halves(2, 4)
            .words(&[0b10])
            .halves(1, 5)
            .raw(b"two\0x\0\0\0")
            .halves(0, 0)
            .words(&[72])
    }

    fn packets(&self) -> Vec<Packet> {
        Reader::new(&self.bytes[..]).unwrap().collect::<Result<_, _>>().unwrap()
    }

    fn error(&self) -> Error {
        match Reader::new(&self.bytes[..]) {
            Err(error) => error,
            Ok(reader) => reader.filter_map(Result::err).next().expect("an error"),
        }
    }
}

const ORDERS: [fn(u32) -> [u8; 4]; 2] = [u32::to_le_bytes, u32::to_be_bytes];

fn expected() -> Packet {
    Packet {
        interface: InterfaceId(0),
        link: LinkType::RawIp,
        at: Some(Duration::from_secs(13)),
        direction: Some(Direction::Outbound),
        original_length: 50,
        data: b"abcde".to_vec(),
        comments: vec!["one".into(), "two".into()], // a NUL ends a string
    }
}

#[test]
fn an_enhanced_packet_is_read_in_both_byte_orders() {
    for order in ORDERS {
        let file = Laid::new(order).section(1).interface(0).enhanced();
        assert_eq!(file.packets(), [expected()]);
    }
}

#[test]
fn a_section_of_the_other_byte_order_may_follow() {
    let first = Laid::new(u32::to_be_bytes).section(1).interface(0).enhanced();
    let second = Laid::new(u32::to_le_bytes).section(1).interface(0x80).enhanced();
    let both = Laid::new(u32::to_le_bytes).raw(&first.bytes).raw(&second.bytes);
    assert_eq!(both.packets(), [expected(), expected()]);
}

#[test]
fn a_section_of_another_version_is_passed_over() {
    let file = Laid::new(u32::to_le_bytes).section(2).words(&[6, 16, 99, 16]).section(1);
    assert_eq!(file.interface(0).enhanced().packets(), [expected()]);
}

#[test]
fn blocks_of_unknown_type_are_passed_over_even_where_they_are_long() {
    let long = MAX_BLOCK as u32 + 12;
    let file = Laid::new(u32::to_le_bytes).section(1).interface(0).words(&[0x8000_0001, long]);
    let file = file.raw(&vec![7; MAX_BLOCK]).words(&[long]).enhanced();
    assert_eq!(file.packets(), [expected()]);
}

#[test]
fn a_simple_packet_is_cut_by_the_snaplen_and_has_no_time() {
    let file = Laid::new(u32::to_be_bytes).section(1).interface(9).words(&[3, 112, 100]);
    let packets = file.raw(&[1; 96]).words(&[112]).packets();
    assert_eq!((packets[0].at, packets[0].data.len()), (None, 96));
    assert_eq!(packets[0].original_length, 100);
}

#[test]
fn the_obsolete_packet_block_is_read() {
    for order in ORDERS {
        let file = Laid::new(order).section(1).interface(0).words(&[2, 40]).halves(0, 7);
        let packets = file.words(&[0, 3, 5, 5]).raw(b"abcde\0\0\0").words(&[40]).packets();
        assert_eq!((packets[0].at, &packets[0].data[..]), (expected().at, &b"abcde"[..]));
    }
}

#[test]
fn a_classic_file_is_read_in_both_orders_and_both_resolutions() {
    for order in ORDERS {
        for (magic, nanos) in [(0xa1b2_c3d4, 5_000), (0xa1b2_3c4d, 5)] {
            let file = Laid::new(order).words(&[magic]).halves(2, 4).words(&[0, 0, 65_535, 1]);
            let file = file.words(&[2, 5, 3, 60]).raw(b"abc").words(&[3, 0, 0, 0]);
            let packets = file.packets();
            assert_eq!(packets[0].at, Some(Duration::from_nanos(2_000_000_000 + nanos)));
            assert_eq!((packets[0].link, packets[0].original_length), (LinkType::Ethernet, 60));
            assert_eq!(packets[0].data, b"abc"); // not padded
            assert_eq!(packets[1].at, Some(Duration::from_secs(3)));
        }
    }
}

#[test]
fn a_file_that_is_cut_anywhere_yields_its_whole_packets_and_says_that_it_is_cut() {
    let whole = Laid::new(u32::to_le_bytes).section(1).interface(0).enhanced();
    let start = whole.bytes.len() as u64;
    let two = whole.enhanced().bytes;
    for end in start as usize + 1..two.len() {
        let mut reader = Reader::new(&two[..end]).unwrap();
        assert_eq!(reader.next().unwrap().unwrap(), expected());
        let error = reader.next().unwrap().unwrap_err();
        assert!(matches!(error, Error::Truncated { at } if at == start), "{end}: {error}");
        assert!(reader.next().is_none(), "the iterator ends after an error");
    }
}

#[test]
fn every_lie_is_named_with_its_place() {
    let head = || Laid::new(u32::to_le_bytes).section(1).interface(0);
    let packet = |captured| head().words(&[6, 32, 0, 0, 0, captured, 0, 32]).error();
    let cases = [
        (packet(4), "byte 72 of the capture is malformed: its packet is longer than the block"),
        (packet(262_145), "longer than we keep"),
        (head().words(&[6, 36, 1, 0, 0, 0, 0, 0, 36]).error(), "was not described"),
        (head().words(&[6, 13, 0, 0]).error(), "not a multiple of 4"),
        (head().words(&[6, 8, 0, 0]).error(), "less than that of an empty block"),
        (head().words(&[6, 12, 12]).error(), "too short for a packet"),
        (head().words(&[9, 12, 16]).error(), "differ"),
        (head().words(&[6, 0xffff_fff0]).error(), "claims 4294967268 bytes, more than 1048576"),
        (Laid::new(u32::to_le_bytes).words(&[0x0a0d_0d0a, 28, 1]).error(), "byte-order magic"),
        (Laid::new(u32::to_le_bytes).raw(b"GIF89a").error(), "not a capture file"),
        (Laid::new(u32::to_le_bytes).error(), "not a capture file"),
        (Laid::new(u32::to_le_bytes).words(&[0xa1b2_c3d4, 1, 0, 0, 0, 0]).error(), "version"),
    ];
    for (error, part) in cases {
        assert!(error.to_string().contains(part), "{error} does not say {part}");
    }
}

#[test]
fn a_claimed_length_is_not_allocated_before_its_bytes_come() {
    let file = Laid::new(u32::to_le_bytes).section(1).words(&[1, 1_000_000, 0, 0]);
    let mut source = source::Source::new(&file.bytes[28 + 8..]);
    assert!(source.body(1_000_000 - 12).is_err());
    assert!(source.body_capacity() < 4_096, "{}", source.body_capacity());
}

#[test]
fn interfaces_are_bounded() {
    let mut file = Laid::new(u32::to_le_bytes).section(1);
    for _ in 0..=MAX_INTERFACES {
        file = file.interface(6);
    }
    assert!(file.error().to_string().contains("more interfaces than we keep"));
}

proptest! {
    #[test]
    fn no_bytes_make_the_reader_panic(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        if let Ok(reader) = Reader::new(&bytes[..]) {
            reader.for_each(drop);
        }
    }

    /// Random bytes hardly ever pass for a capture; a spoilt capture goes deeper.
    #[test]
    fn no_spoilt_capture_makes_the_reader_panic(
        big_endian in 0..2_usize,
        resolution in any::<u8>(),
        spoils in prop::collection::vec((0..216_usize, any::<u8>()), 1..6),
    ) {
        let file = Laid::new(ORDERS[big_endian]).section(1).interface(resolution);
        let mut bytes = file.enhanced().enhanced().bytes;
        for (place, value) in spoils {
            let last = bytes.len() - 1;
            bytes[place.min(last)] = value;
        }
        if let Ok(reader) = Reader::new(&bytes[..]) {
            reader.for_each(drop);
        }
    }
}
