//! What does reassembly promise, whatever arrives?

extern crate std;

use super::{COPY_BELOW, Gap, ISLANDS_MAX, Inserted, PIECE_OCTETS, PIECES_MIN, Range, Reassembly};
use bytes::Bytes;
use osier_wire::SeqNumber;
use proptest::prelude::*;
use std::collections::BTreeMap;
use std::vec;
use std::vec::Vec;

const START: SeqNumber = SeqNumber(u32::MAX - 2_000);
const LIMIT: u32 = 100_000;

/// The octet at a position of the stream.
fn octet(position: u32) -> u8 {
    (position % 251) as u8
}

fn text(from: u32, to: u32) -> Bytes {
    (from..to).map(octet).collect::<Vec<_>>().into()
}

/// Inserts `[from, to)` of the stream, where `nxt` was reached.
fn put(reassembly: &mut Reassembly, nxt: u32, from: u32, to: u32) -> Inserted {
    reassembly.insert(START + nxt, START + from, text(from, to))
}

fn range(from: u32, to: u32) -> Range {
    (START + from, START + to)
}

fn read_all(reassembly: &mut Reassembly) -> Vec<u8> {
    let mut all = vec![];
    while let Some(chunk) = reassembly.read_chunk(usize::MAX) {
        all.extend_from_slice(&chunk);
    }
    all
}

#[test]
fn text_in_order_is_the_very_slice_that_arrived() {
    let mut reassembly = Reassembly::new(LIMIT);
    let frame = text(0, 1_000);
    let inserted = reassembly.insert(START, START, frame.clone());
    assert_eq!(inserted, Inserted::InOrder { advanced: 1_000, gap: Gap::None, duplicate: None });
    assert_eq!(reassembly.ready(), 1_000);
    let chunk = reassembly.read_chunk(600).unwrap();
    assert_eq!((chunk.as_ptr(), chunk.len()), (frame.as_ptr(), 600));
    assert_eq!(reassembly.read_chunk(600).unwrap(), text(600, 1_000));
    assert_eq!(reassembly.read_chunk(600), None);
    assert_eq!(reassembly.ready(), 0);
}

#[test]
fn text_behind_a_hole_waits_and_comes_along_when_the_hole_is_filled() {
    let mut reassembly = Reassembly::new(LIMIT);
    let (left, right) = range(1_000, 2_000);
    let waits = Inserted::OutOfOrder { left, right, duplicate: None };
    assert_eq!(put(&mut reassembly, 0, 1_000, 2_000), waits);
    assert_eq!((reassembly.ready(), reassembly.out_of_order(), reassembly.holes()), (0, 1_000, 1));
    let narrowed = Inserted::InOrder { advanced: 400, gap: Gap::Narrowed, duplicate: None };
    assert_eq!(put(&mut reassembly, 0, 0, 400), narrowed);
    let filled = Inserted::InOrder { advanced: 1_600, gap: Gap::Filled, duplicate: None };
    assert_eq!(put(&mut reassembly, 400, 400, 1_000), filled);
    assert_eq!((reassembly.out_of_order(), reassembly.holes()), (0, 0));
    assert_eq!(read_all(&mut reassembly), text(0, 2_000));
}

#[test]
fn a_segment_that_continues_a_block_tells_the_whole_block() {
    let mut reassembly = Reassembly::new(LIMIT);
    put(&mut reassembly, 0, 1_000, 2_000);
    let (left, right) = range(1_000, 3_000);
    let longer = Inserted::OutOfOrder { left, right, duplicate: None };
    assert_eq!(put(&mut reassembly, 0, 2_000, 3_000), longer);
    // And at the front.
    let (left, right) = range(500, 3_000);
    let longer = Inserted::OutOfOrder { left, right, duplicate: None };
    assert_eq!(put(&mut reassembly, 0, 500, 1_000), longer);
    assert_eq!(reassembly.holes(), 1);
}

#[test]
fn a_segment_between_two_blocks_joins_them() {
    let mut reassembly = Reassembly::new(LIMIT);
    put(&mut reassembly, 0, 1_000, 2_000);
    put(&mut reassembly, 0, 3_000, 4_000);
    assert_eq!(reassembly.blocks().collect::<Vec<_>>(), [range(1_000, 2_000), range(3_000, 4_000)]);
    let (left, right) = range(1_000, 4_000);
    let joined = Inserted::OutOfOrder { left, right, duplicate: None };
    assert_eq!(put(&mut reassembly, 0, 2_000, 3_000), joined);
    assert_eq!(reassembly.blocks().collect::<Vec<_>>(), [range(1_000, 4_000)]);
    assert_eq!(reassembly.out_of_order(), 3_000);
}

/// RFC 2883 §4: the first part that was received before is reported.
#[test]
fn what_was_received_before_is_told() {
    let mut reassembly = Reassembly::new(LIMIT);
    put(&mut reassembly, 0, 1_000, 2_000);
    let (left, right) = range(1_200, 1_800);
    assert_eq!(put(&mut reassembly, 0, 1_200, 1_800), Inserted::Duplicate { left, right });
    let (left, right) = range(500, 2_500);
    let overlapping = Inserted::OutOfOrder { left, right, duplicate: Some(range(1_000, 2_000)) };
    assert_eq!(put(&mut reassembly, 0, 500, 2_500), overlapping);
    let in_order =
        Inserted::InOrder { advanced: 2_500, gap: Gap::Filled, duplicate: Some(range(500, 700)) };
    assert_eq!(put(&mut reassembly, 0, 0, 700), in_order);
    let (left, right) = range(100, 2_500);
    assert_eq!(put(&mut reassembly, 2_500, 100, 2_500), Inserted::Duplicate { left, right });
    let beyond =
        Inserted::InOrder { advanced: 500, gap: Gap::None, duplicate: Some(range(2_000, 2_500)) };
    assert_eq!(put(&mut reassembly, 2_500, 2_000, 3_000), beyond);
    assert_eq!(read_all(&mut reassembly), text(0, 3_000));
}

#[test]
fn what_was_received_first_stays_when_a_later_text_contradicts_it() {
    let mut reassembly = Reassembly::new(LIMIT);
    reassembly.insert(START, START + 2, Bytes::from_static(b"CD"));
    reassembly.insert(START, START + 6, Bytes::from_static(b"GH"));
    reassembly.insert(START, START + 1, Bytes::from_static(b"bcdefghi"));
    reassembly.insert(START, START, Bytes::from_static(b"axxxxxxxxxx"));
    assert_eq!(read_all(&mut reassembly), b"abCDefGHixx");
}

#[test]
fn a_read_copies_across_slices_and_a_peek_leaves_them() {
    let mut reassembly = Reassembly::new(LIMIT);
    put(&mut reassembly, 0, 0, 1_000);
    put(&mut reassembly, 1_000, 1_000, 2_000);
    put(&mut reassembly, 2_000, 2_000, 2_010);
    let mut into = [0; 1_500];
    assert_eq!(reassembly.peek(&mut into), 1_500);
    assert_eq!(&into[..], &text(0, 1_500)[..]);
    assert_eq!((reassembly.read(&mut into), reassembly.ready()), (1_500, 510));
    assert_eq!(reassembly.read(&mut into), 510);
    assert_eq!(&into[..510], &text(1_500, 2_010)[..]);
    assert_eq!((reassembly.read(&mut into), reassembly.peek(&mut into)), (0, 0));
    assert_eq!(reassembly.read(&mut []), 0);
}

#[test]
fn small_texts_that_nobody_reads_are_gathered_and_pin_no_frames() {
    let mut reassembly = Reassembly::new(LIMIT);
    for n in 0..50_000 {
        put(&mut reassembly, n, n, n + 1);
    }
    assert!(reassembly.ready.count() <= 20, "{} slices", reassembly.ready.count());
    assert_eq!(read_all(&mut reassembly), text(0, 50_000));
}

#[test]
fn small_text_out_of_order_is_copied_and_full_text_is_not() {
    let mut reassembly = Reassembly::new(LIMIT);
    let frame = text(0, 2_000);
    reassembly.insert(START, START + 1, frame.slice(1..COPY_BELOW));
    reassembly.insert(START, START + 600, frame.slice(600..600 + COPY_BELOW));
    reassembly.insert(START, START, frame.slice(..1));
    let small = reassembly.ready.count();
    assert_eq!(small, 2);
    assert_eq!(reassembly.read(&mut [0]), 1);
    assert_ne!(reassembly.read_chunk(9_999).unwrap().as_ptr(), frame[1..].as_ptr());
    reassembly.insert(START + 512, START + 512, frame.slice(512..600));
    assert_eq!(reassembly.read(&mut [0; 88]), 88);
    assert_eq!(reassembly.read_chunk(9_999).unwrap().as_ptr(), frame[600..].as_ptr());
}

#[test]
fn a_peer_that_makes_holes_on_purpose_meets_a_bound() {
    let mut reassembly = Reassembly::new(1 << 30);
    let holes = 2 * ISLANDS_MAX as u32;
    let full = (1..holes).filter(|n| put(&mut reassembly, 0, 2 * n, 2 * n + 1) == Inserted::NoRoom);
    assert_eq!(full.count(), holes as usize - 1 - ISLANDS_MAX);
    assert_eq!(reassembly.holes(), ISLANDS_MAX);
    // A hole that is there already can still be filled.
    assert!(matches!(put(&mut reassembly, 0, 3, 4), Inserted::OutOfOrder { .. }));
}

#[test]
fn a_peer_that_sends_crumbs_backwards_meets_a_bound() {
    let mut reassembly = Reassembly::new(LIMIT);
    let most = PIECES_MIN + LIMIT as usize / PIECE_OCTETS;
    for n in (1..50_000).rev() {
        put(&mut reassembly, 0, n, n + 1);
    }
    assert!(reassembly.waiting_pieces as usize <= most);
    let pieces: usize = reassembly.islands.iter().map(|island| island.pieces.count()).sum();
    assert_eq!(pieces, reassembly.waiting_pieces as usize);
}

#[test]
fn no_more_than_the_limit_is_kept_in_order_and_as_much_out_of_order() {
    let mut reassembly = Reassembly::new(1_000);
    assert!(matches!(put(&mut reassembly, 0, 100, 900), Inserted::OutOfOrder { .. }));
    assert_eq!(put(&mut reassembly, 0, 950, 1_151), Inserted::NoRoom);
    let cut =
        Inserted::InOrder { advanced: 1_000, gap: Gap::Filled, duplicate: Some(range(100, 900)) };
    assert_eq!(put(&mut reassembly, 0, 0, 1_500), cut);
    assert_eq!((reassembly.out_of_order(), reassembly.holes()), (0, 0));
    assert_eq!(put(&mut reassembly, 1_000, 1_000, 1_100), Inserted::NoRoom);
    reassembly.read(&mut [0; 50]);
    let more = Inserted::InOrder { advanced: 50, gap: Gap::None, duplicate: None };
    assert_eq!(put(&mut reassembly, 1_000, 1_000, 1_100), more);
}

#[test]
fn an_idle_connection_holds_no_memory() {
    let mut reassembly = Reassembly::new(LIMIT);
    for n in (0..20).rev() {
        put(&mut reassembly, 0, n * 1_000, n * 1_000 + 1_000);
    }
    assert_eq!(read_all(&mut reassembly).len(), 20_000);
    assert_eq!(reassembly.islands.capacity() + reassembly.ready.capacity(), 0);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    /// Against a map from position to octet, in which the first writer wins. Each text carries
    /// octets of its own, so that a wrong overlap shows.
    #[test]
    fn it_behaves_as_a_map_of_bytes(
        texts in prop::collection::vec((0..3_000u32, 1..700u32, 0..4u32), 1..40),
    ) {
        let mut reassembly = Reassembly::new(LIMIT);
        let mut model: BTreeMap<u32, u8> = BTreeMap::new();
        let (mut nxt, mut user) = (0, 0);
        for (n, (from, len, reads)) in texts.into_iter().enumerate() {
            let known = (from..from + len).filter(|at| *at < nxt || model.contains_key(at));
            let known: Vec<u32> = known.collect();
            let bytes: Vec<u8> = (0..len).map(|at| (at * 7 + n as u32 * 31) as u8).collect();
            for (at, byte) in (from..).zip(&bytes) {
                if at >= nxt {
                    model.entry(at).or_insert(*byte);
                }
            }
            let inserted = reassembly.insert(START + nxt, START + from, bytes.into());
            let before = nxt;
            while model.contains_key(&nxt) {
                nxt += 1;
            }
            let duplicate = match inserted {
                Inserted::InOrder { advanced, gap, duplicate } => {
                    prop_assert_eq!(advanced, nxt - before);
                    prop_assert_eq!(gap == Gap::Filled, nxt > (from + len).max(before)
                        || known.iter().any(|at| *at >= before));
                    duplicate
                }
                Inserted::OutOfOrder { left, right, duplicate } => {
                    prop_assert!(from > before && nxt == before);
                    prop_assert!(reassembly.blocks().any(|block| block == (left, right)));
                    let block = reassembly.block_of(START + nxt, START + from);
                    prop_assert_eq!(block, Some((left, right)));
                    duplicate
                }
                Inserted::Duplicate { left, right } => {
                    prop_assert_eq!((left, right), (START + from, START + from + len));
                    prop_assert_eq!(known.len() as u32, len);
                    None
                }
                Inserted::NoRoom => panic!("there is room"),
            };
            let all_known = matches!(inserted, Inserted::Duplicate { .. });
            prop_assert_eq!(duplicate.is_some() || all_known, !known.is_empty());
            if let Some((left, right)) = duplicate {
                prop_assert_eq!(left, START + known[0]);
                prop_assert!((0..right.since(left)).all(|at| known.contains(&(known[0] + at))));
            }
            check(&reassembly, &model, nxt)?;
            let mut into = vec![0; 211 * reads as usize];
            let got = reassembly.read(&mut into);
            prop_assert_eq!(got, into.len().min((nxt - user) as usize));
            for byte in &into[..got] {
                prop_assert_eq!(Some(byte), model.get(&user));
                user += 1;
            }
        }
        let rest: Vec<u8> = (user..nxt).map(|at| model[&at]).collect();
        prop_assert_eq!(read_all(&mut reassembly), rest);
    }
}

/// The blocks are the runs of the map beyond `nxt`, and the counts agree.
fn check(
    reassembly: &Reassembly,
    model: &BTreeMap<u32, u8>,
    nxt: u32,
) -> Result<(), TestCaseError> {
    let mut runs: Vec<Range> = vec![];
    for at in model.range(nxt..).map(|(at, _)| START + *at) {
        match runs.last_mut().filter(|run| run.1 == at) {
            Some(run) => run.1 = at + 1,
            None => runs.push((at, at + 1)),
        }
    }
    prop_assert_eq!(reassembly.blocks().collect::<Vec<_>>(), runs);
    prop_assert_eq!(reassembly.out_of_order() as usize, model.range(nxt..).count());
    let pieces: usize = reassembly.islands.iter().map(|island| island.pieces.count()).sum();
    prop_assert_eq!(reassembly.waiting_pieces as usize, pieces);
    for island in &reassembly.islands {
        prop_assert_eq!(island.pieces.len(), island.right.since(island.left));
    }
    Ok(())
}
