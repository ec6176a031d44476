//! Header and options as known bytes, and as a property over all values and all bytes.

extern crate std;

use super::{Flags, HEADER_LEN, Header, Options, Quoted, SackBlocks, Timestamps, UnknownOptions};
use crate::{Error, SeqNumber};
use proptest::prelude::*;
use std::string::ToString;
use std::vec::Vec;

/// A SYN as Linux sends it on Ethernet with its defaults: port 45678 -> 80, MSS 1460,
/// SACK-permitted, timestamps, NOP, window scale 7.
const SYN: [u8; 40] = [
    0xb2, 0x6e, 0x00, 0x50, 0x12, 0x34, 0x56, 0x78, 0x00, 0x00, 0x00, 0x00, 0xa0, 0x02, 0xfa, 0xf0,
    0x00, 0x00, 0x00, 0x00, 0x02, 0x04, 0x05, 0xb4, 0x04, 0x02, 0x08, 0x0a, 0xca, 0xfe, 0xba, 0xbe,
    0x00, 0x00, 0x00, 0x00, 0x01, 0x03, 0x03, 0x07,
];

fn emitted(header: &Header) -> Vec<u8> {
    let mut out = std::vec![0xee; header.len()];
    header.emit(&mut out);
    out
}

fn options_of(options: &Options) -> Vec<u8> {
    let mut out = std::vec![0xee; options.len()];
    options.emit(&mut out);
    out
}

fn stamps(value: u32, echo: u32) -> Option<Timestamps> {
    Some(Timestamps { value, echo })
}

fn blocks(n: u32) -> SackBlocks {
    let mut blocks = SackBlocks::NONE;
    for i in 0..n {
        blocks.push(SeqNumber(0x100 * i), SeqNumber(0x100 * i + 0x80));
    }
    blocks
}

#[test]
fn a_syn_of_linux_reads_and_is_written_back_byte_for_byte() {
    let (header, len) = Header::parse(&SYN).unwrap();
    assert_eq!(len, 40);
    let expected = Header {
        src_port: 45_678,
        dst_port: 80,
        seq: SeqNumber(0x1234_5678),
        ack: SeqNumber(0),
        flags: Flags::SYN,
        window: 64_240,
        urgent: 0,
        options: Options {
            mss: Some(1460),
            window_scale: Some(7),
            sack_permitted: true,
            timestamps: stamps(0xcafe_babe, 0),
            ..Options::default()
        },
    };
    assert_eq!(header, expected);
    assert_eq!(emitted(&header), SYN);
}

#[test]
fn each_option_is_aligned_as_linux_aligns_it() {
    let mss = Some(0x0218);
    let cases: [(Options, &[u8]); 6] = [
        (Options::default(), &[]),
        (Options { mss, sack_permitted: true, ..Options::default() }, &[2, 4, 2, 0x18, 1, 1, 4, 2]),
        (Options { window_scale: Some(9), ..Options::default() }, &[1, 3, 3, 9]),
        (
            Options { mss, timestamps: stamps(1, 2), ..Options::default() },
            &[2, 4, 2, 0x18, 1, 1, 8, 10, 0, 0, 0, 1, 0, 0, 0, 2],
        ),
        (
            Options { timestamps: stamps(1, 2), sack: blocks(1), ..Options::default() },
            &[1, 1, 8, 10, 0, 0, 0, 1, 0, 0, 0, 2, 1, 1, 5, 10, 0, 0, 0, 0, 0, 0, 0, 0x80],
        ),
        (
            Options { sack: blocks(2), ..Options::default() },
            &[1, 1, 5, 18, 0, 0, 0, 0, 0, 0, 0, 0x80, 0, 0, 1, 0, 0, 0, 1, 0x80],
        ),
    ];
    for (options, bytes) in cases {
        assert_eq!(options_of(&options), bytes);
        assert_eq!(Options::parse(bytes), options);
    }
}

#[test]
fn unknown_options_are_kept_as_they_came_and_come_last() {
    // Fast Open (34), an experiment (253), and a known kind with a length that is not its own.
    let bytes = [34, 4, 0xaa, 0xbb, 253, 3, 7, 2, 3, 9, 2, 4, 5, 0xb4, 1, 0];
    let options = Options::parse(&bytes);
    assert_eq!(options.mss, Some(1460));
    let kept: Vec<(u8, &[u8])> = options.unknown.iter().collect();
    assert_eq!(kept, [(34, &[0xaa, 0xbb][..]), (253, &[7]), (2, &[9])]);
    let out = options_of(&options);
    assert_eq!(out, [2, 4, 5, 0xb4, 34, 4, 0xaa, 0xbb, 253, 3, 7, 2, 3, 9, 1, 1]);
}

#[test]
fn an_illegal_option_length_ends_the_options_and_not_the_segment() {
    // RFC 9293 §3.1 [MUST-7]: a length of zero, of one, beyond the header, and none at all.
    for bad in [[254, 0, 1, 3, 3, 7], [254, 1, 3, 3, 7, 0], [254, 9, 3, 3, 7, 0]] {
        let mut options = std::vec![2, 4, 5, 0xb4];
        options.extend(bad);
        let read = Options::parse(&options);
        assert_eq!(read, Options { mss: Some(1460), ..Options::default() }, "{bad:?}");
    }
    let lone_kind = Options::parse(&[2, 4, 5, 0xb4, 1, 1, 1, 8]);
    assert_eq!(lone_kind, Options { mss: Some(1460), ..Options::default() });
    let mut segment = SYN;
    segment[21] = 0;
    let (header, len) = Header::parse(&segment).unwrap();
    assert_eq!((header.flags, header.options, len), (Flags::SYN, Options::default(), 40));
}

#[test]
fn what_follows_the_end_of_the_list_is_not_read() {
    let options = Options::parse(&[1, 0, 2, 4, 5, 0xb4, 3, 3]);
    assert_eq!(options, Options::default());
}

#[test]
fn of_two_options_of_one_kind_the_last_counts() {
    let options = Options::parse(&[2, 4, 0, 1, 2, 4, 0, 2]);
    assert_eq!(options, Options { mss: Some(2), ..Options::default() });
}

#[test]
fn no_more_sack_blocks_are_written_than_fit() {
    // RFC 2018 §3: four without timestamps, three with them.
    let alone = Options { sack: blocks(4), ..Options::default() };
    assert_eq!(Options::parse(&options_of(&alone)), alone);
    let with = Options { timestamps: stamps(1, 2), sack: blocks(4), ..Options::default() };
    let out = options_of(&with);
    assert_eq!(out.len(), 40);
    assert_eq!(Options::parse(&out), Options { sack: blocks(3), ..with });
}

#[test]
fn options_that_were_packed_without_nops_still_fit_when_written_again() {
    // MSS 4, timestamps 10, three SACK blocks 26: 40 bytes, 44 with NOPs.
    let options =
        Options { mss: Some(1), timestamps: stamps(1, 2), sack: blocks(3), ..Options::default() };
    let out = options_of(&options);
    assert_eq!((out.len(), Options::parse(&out)), (40, options));
}

#[test]
fn unknown_options_that_do_not_fit_are_left_out_whole() {
    let mut unknown = UnknownOptions::NONE;
    assert!(
        unknown.push(200, &[1; 34]) && !unknown.push(200, &[1; 3]) && unknown.push(201, &[2; 2])
    );
    let options = Options { mss: Some(1), unknown, ..Options::default() };
    assert_eq!(options_of(&options), [2, 4, 0, 1]);
    assert!(!UnknownOptions::NONE.clone().push(2, &[0; 2]), "that is an MSS");
}

#[test]
fn a_header_length_that_is_a_lie_is_refused() {
    let mut bytes = SYN;
    bytes[12] = 0x40;
    assert_eq!(Header::parse(&bytes), Err(Error::BadLength));
    bytes[12] = 0xb0;
    assert_eq!(Header::parse(&bytes), Err(Error::Truncated));
    assert_eq!(Header::parse(&SYN[..39]), Err(Error::Truncated));
    assert_eq!(Header::parse(&SYN[..19]), Err(Error::Truncated));
}

#[test]
fn eight_quoted_bytes_name_the_connection_and_the_sequence_number() {
    let quoted = Quoted { src_port: 45_678, dst_port: 80, seq: SeqNumber(0x1234_5678) };
    assert_eq!(Quoted::parse(&SYN[..8]), Ok(quoted));
    assert_eq!(Quoted::parse(&SYN[..7]), Err(Error::Truncated));
}

#[test]
fn flags_print_their_names() {
    assert_eq!((Flags::SYN | Flags::ACK).to_string(), "SYN,ACK");
    assert_eq!(Flags::NONE.to_string(), "");
}

prop_compose! {
    /// Options that a segment can carry: as they are read from any 40 bytes that look like some.
    fn options()(choices in proptest::collection::vec(
        (0..9u8, any::<u32>(), any::<u32>(), 0..12usize), 0..8,
    )) -> Options {
        let mut bytes = Vec::new();
        for (kind, a, b, n) in choices {
            let option = option(kind, a, b, n);
            if bytes.len() + option.len() <= Options::MAX_LEN {
                bytes.extend(option);
            }
        }
        Options::parse(&bytes)
    }
}

fn option(kind: u8, a: u32, b: u32, n: usize) -> Vec<u8> {
    let (a, b) = (a.to_be_bytes(), b.to_be_bytes());
    match kind {
        0 => std::vec![1],
        1 => [&[2, 4], &a[..2]].concat(),
        2 => std::vec![3, 3, a[0]],
        3 => std::vec![4, 2],
        4 | 5 => [&[8, 10], &a[..], &b[..]].concat(),
        6 | 7 => {
            let n = n % 4 + 1;
            let block = [a, b].concat();
            [&[5, 2 + 8 * n as u8][..], &block.repeat(n)].concat()
        }
        _ => [&[a[0], 2 + n as u8][..], &std::vec![b[0]; n]].concat(),
    }
}

prop_compose! {
    fn headers()(
        ports: (u16, u16), numbers: (u32, u32), flags in 0..0x1000u16, rest: (u16, u16),
        options in options(),
    ) -> Header {
        Header {
            src_port: ports.0, dst_port: ports.1, seq: SeqNumber(numbers.0),
            ack: SeqNumber(numbers.1), flags: Flags(flags), window: rest.0, urgent: rest.1, options,
        }
    }
}

/// The long way: what lies behind a NOP is not taken for the usual twenty bytes.
fn read_long_way(bytes: &[u8]) -> Options {
    Options::parse(&[&[1], bytes].concat())
}

#[test]
fn the_options_of_a_syn_are_read_and_written_as_by_the_long_way() {
    let usual = &SYN[20..];
    let options = Options::parse(usual);
    assert_eq!(options, read_long_way(usual));
    assert_eq!(
        (options_of(&options), options.shape() == super::Shape::Many),
        (usual.to_vec(), false)
    );
    let mut with_an_unknown_one = options;
    with_an_unknown_one.unknown.push(30, &[1, 2]);
    assert_eq!(with_an_unknown_one.shape(), super::Shape::Many);
    assert_eq!(options_of(&with_an_unknown_one)[..20], *usual);
    for at in 0..usual.len() {
        for value in [0, 1, 2, 3, 4, 5, 8, 10, 11, 255] {
            let mut changed = usual.to_vec();
            changed[at] = value;
            assert_eq!(Options::parse(&changed), read_long_way(&changed), "{value} at {at}");
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn what_is_emitted_reads_back(header in headers()) {
        let out = emitted(&header);
        prop_assert_eq!(Header::parse(&out), Ok((header, out.len())));
    }

    #[test]
    fn no_bytes_make_it_panic_and_what_is_read_survives_a_round_trip(
        mut bytes in proptest::collection::vec(any::<u8>(), 0..70), offset in 5..16u8,
    ) {
        let _ = Header::parse(&bytes);
        if bytes.len() >= HEADER_LEN {
            bytes[12] = offset << 4 | bytes[12] & 15;
        }
        // Small numbers are kinds and lengths.
        for byte in bytes.iter_mut().skip(HEADER_LEN) {
            *byte = if *byte < 200 { *byte % 12 } else { *byte };
        }
        if let Ok((header, len)) = Header::parse(&bytes) {
            prop_assert!(len <= bytes.len());
            let out = emitted(&header);
            prop_assert!(out.len() <= HEADER_LEN + Options::MAX_LEN);
            prop_assert_eq!(Header::parse(&out), Ok((header, out.len())));
        }
    }
}
