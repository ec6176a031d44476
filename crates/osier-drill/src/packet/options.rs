//! TCP options as octets, in the order and with the padding that the script has (RFC 9293 §3.1).
//!
//! A script tests options that no sane stack sends, so they are written here as they stand and not
//! by osier-wire, which writes them in one good order.

use crate::ast::packet::TcpOption;

const END: u8 = 0;
const NOP: u8 = 1;
const MSS: u8 = 2;
const WINDOW_SCALE: u8 = 3;
const SACK_PERMITTED: u8 = 4;
const SACK: u8 = 5;
const TIMESTAMPS: u8 = 8;
const MD5: u8 = 19;
const FAST_OPEN: u8 = 34;
const ACC_ECN: [u8; 2] = [172, 174];
const EXPERIMENT: u8 = 254;
/// What tells Fast Open from other experiments with kind 254 (RFC 7413 §4.1.1).
const FAST_OPEN_MAGIC: [u8; 2] = [0xf9, 0x89];

/// As many octets of options as a header can have.
pub const OPTIONS_MAX: usize = 40;

/// The octets of these options; a multiple of four only where they are.
pub fn write(options: &[TcpOption]) -> Vec<u8> {
    let mut out = Vec::with_capacity(OPTIONS_MAX);
    for option in options {
        write_one(option, &mut out);
    }
    out
}

fn write_one(option: &TcpOption, out: &mut Vec<u8>) {
    match option {
        TcpOption::End => out.push(END),
        TcpOption::Nop => out.push(NOP),
        TcpOption::Mss(mss) => put(out, MSS, &[&mss.to_be_bytes()]),
        TcpOption::WindowScale(shift) => put(out, WINDOW_SCALE, &[&[*shift]]),
        TcpOption::SackPermitted => put(out, SACK_PERMITTED, &[]),
        TcpOption::Sack(blocks) => {
            let edges = blocks.iter().flat_map(|(left, right)| [*left, *right]);
            let bytes: Vec<u8> = edges.flat_map(u32::to_be_bytes).collect();
            put(out, SACK, &[&bytes]);
        }
        TcpOption::Timestamps { value, echo } => {
            put(out, TIMESTAMPS, &[&value.to_be_bytes(), &echo.to_be_bytes()]);
        }
        TcpOption::FastOpen(cookie) => put(out, FAST_OPEN, &[cookie]),
        TcpOption::FastOpenExperimental(cookie) => {
            put(out, EXPERIMENT, &[&FAST_OPEN_MAGIC, cookie]);
        }
        TcpOption::Md5(digest) => put(out, MD5, &[digest]),
        TcpOption::AccEcn { kind, counters } => {
            let bytes: Vec<u8> =
                counters.iter().flat_map(|c| c.to_be_bytes().into_iter().skip(1)).collect();
            put(out, *kind, &[&bytes]);
        }
        TcpOption::Other { kind, data } => put(out, *kind, &[data]),
    }
}

/// A length that does not fit an octet is written as 255; the header is too long by then anyway.
fn put(out: &mut Vec<u8>, kind: u8, parts: &[&[u8]]) {
    let len: usize = 2 + parts.iter().map(|part| part.len()).sum::<usize>();
    out.extend([kind, u8::try_from(len).unwrap_or(u8::MAX)]);
    parts.iter().for_each(|part| out.extend_from_slice(part));
}

/// The options in these octets. Behind an end of the list only further ends are read; an option
/// whose length cannot be is kept as [`TcpOption::Other`] to the end.
pub fn read(mut bytes: &[u8]) -> Vec<TcpOption> {
    let mut options = Vec::new();
    while let Some((kind, rest)) = bytes.split_first() {
        match *kind {
            END => options.push(TcpOption::End),
            NOP => options.push(TcpOption::Nop),
            kind => {
                let len = rest.first().map_or(0, |len| usize::from(*len));
                if len < 2 || len > bytes.len() {
                    options.push(TcpOption::Other { kind, data: rest.to_vec() });
                    return options;
                }
                options.push(read_one(kind, &bytes[2..len]));
                bytes = &bytes[len..];
                continue;
            }
        }
        bytes = rest;
    }
    options
}

fn read_one(kind: u8, data: &[u8]) -> TcpOption {
    let word = |at: usize| u32::from_be_bytes([data[at], data[at + 1], data[at + 2], data[at + 3]]);
    match (kind, data.len()) {
        (MSS, 2) => TcpOption::Mss(u16::from_be_bytes([data[0], data[1]])),
        (WINDOW_SCALE, 1) => TcpOption::WindowScale(data[0]),
        (SACK_PERMITTED, 0) => TcpOption::SackPermitted,
        (SACK, 8 | 16 | 24 | 32) => {
            let blocks = (0..data.len()).step_by(8);
            TcpOption::Sack(blocks.map(|at| (word(at), word(at + 4))).collect())
        }
        (TIMESTAMPS, 8) => TcpOption::Timestamps { value: word(0), echo: word(4) },
        (MD5, 16) => TcpOption::Md5(data.to_vec()),
        (FAST_OPEN, _) => TcpOption::FastOpen(data.to_vec()),
        (EXPERIMENT, 2..) if data[..2] == FAST_OPEN_MAGIC => {
            TcpOption::FastOpenExperimental(data[2..].to_vec())
        }
        (kind, 3 | 6 | 9) if ACC_ECN.contains(&kind) => {
            let counters = data.chunks(3).map(|c| u32::from_be_bytes([0, c[0], c[1], c[2]]));
            TcpOption::AccEcn { kind, counters: counters.collect() }
        }
        _ => TcpOption::Other { kind, data: data.to_vec() },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_option_is_read_back_as_it_was_written() {
        let all = [
            vec![TcpOption::Mss(1460), TcpOption::SackPermitted, TcpOption::Nop],
            vec![TcpOption::WindowScale(7), TcpOption::Timestamps { value: 1, echo: 2 }],
            vec![TcpOption::Sack(vec![(1, 2), (3, 4)]), TcpOption::End],
            vec![TcpOption::FastOpen(vec![1, 2, 3]), TcpOption::FastOpen(vec![])],
            vec![TcpOption::FastOpenExperimental(vec![9; 8])],
            vec![TcpOption::AccEcn { kind: 174, counters: vec![1, 0xff_ffff] }],
            vec![TcpOption::Md5(vec![7; 16]), TcpOption::Other { kind: 77, data: vec![1] }],
        ];
        for options in all {
            assert_eq!(read(&write(&options)), options);
        }
    }

    #[test]
    fn octets_are_those_of_the_rfcs() {
        let options = [TcpOption::Mss(1460), TcpOption::Nop, TcpOption::WindowScale(7)];
        assert_eq!(write(&options), [2, 4, 5, 0xb4, 1, 3, 3, 7]);
        let options = [TcpOption::FastOpenExperimental(vec![0xab])];
        assert_eq!(write(&options), [254, 5, 0xf9, 0x89, 0xab]);
    }

    #[test]
    fn a_length_that_cannot_be_ends_the_reading() {
        for bytes in [&[2, 9, 1][..], &[2, 0, 1], &[2, 1], &[2]] {
            let other = TcpOption::Other { kind: 2, data: bytes[1..].to_vec() };
            assert_eq!(read(bytes), [other]);
        }
    }
}
