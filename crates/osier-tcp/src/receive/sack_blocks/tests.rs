//! Which blocks does an acknowledgment carry? The worked cases are those of the RFCs, with their
//! numbers.

extern crate std;

use super::{Range, Reassembly, SackHistory};
use crate::receive::reassembly::Inserted;
use bytes::Bytes;
use osier_wire::SeqNumber;
use std::vec;
use std::vec::Vec;

/// A receiver as the RFCs' examples have it.
struct Receiver {
    nxt: SeqNumber,
    text: Reassembly,
    history: SackHistory,
}

impl Receiver {
    fn at(nxt: u32) -> Self {
        Receiver {
            nxt: SeqNumber(nxt),
            text: Reassembly::new(1 << 20),
            history: SackHistory::new(),
        }
    }

    /// A segment `[from, to)` arrives: the acknowledgment, and its blocks.
    fn gets(&mut self, from: u32, to: u32) -> (u32, Vec<(u32, u32)>) {
        let text = Bytes::from(vec![0; (to - from) as usize]);
        match self.text.insert(self.nxt, SeqNumber(from), text) {
            Inserted::InOrder { advanced, duplicate, .. } => {
                self.nxt += advanced;
                self.duplicate(duplicate);
            }
            Inserted::OutOfOrder { left, right, duplicate } => {
                self.history.on_received(left, right);
                self.duplicate(duplicate);
            }
            Inserted::Duplicate { left, right } => self.duplicate(Some((left, right))),
            Inserted::NoRoom => panic!("there is room"),
        }
        (self.nxt.0, self.blocks(4))
    }

    fn duplicate(&mut self, range: Option<Range>) {
        if let Some((left, right)) = range {
            self.history.on_duplicate(left, right);
        }
    }

    fn blocks(&mut self, room: usize) -> Vec<(u32, u32)> {
        let blocks = self.history.blocks(self.nxt, &self.text, room);
        blocks.as_slice().iter().map(|(left, right)| (left.0, right.0)).collect()
    }
}

/// RFC 2018 §5, case 1: the first four of eight segments arrive.
#[test]
fn text_in_order_is_acknowledged_without_blocks() {
    let mut receiver = Receiver::at(5_000);
    for n in 0..4 {
        let (from, to) = (5_000 + n * 500, 5_500 + n * 500);
        assert_eq!(receiver.gets(from, to), (to, vec![]));
    }
}

/// RFC 2018 §5, case 2: the first of eight segments is lost.
#[test]
fn behind_one_loss_one_block_grows() {
    let mut receiver = Receiver::at(5_000);
    for n in 1..8 {
        let to = 5_500 + n * 500;
        assert_eq!(receiver.gets(to - 500, to), (5_000, vec![(5_500, to)]));
    }
}

/// RFC 2018 §5, case 3: the second, fourth, sixth and eighth of eight segments are lost.
#[test]
fn several_blocks_come_latest_first() {
    let mut receiver = Receiver::at(5_000);
    assert_eq!(receiver.gets(5_000, 5_500), (5_500, vec![]));
    assert_eq!(receiver.gets(6_000, 6_500), (5_500, vec![(6_000, 6_500)]));
    assert_eq!(receiver.gets(7_000, 7_500), (5_500, vec![(7_000, 7_500), (6_000, 6_500)]));
    let three = vec![(8_000, 8_500), (7_000, 7_500), (6_000, 6_500)];
    assert_eq!(receiver.gets(8_000, 8_500), (5_500, three));
    // The fourth arrives late: the block that it completes comes first.
    assert_eq!(receiver.gets(6_500, 7_000), (5_500, vec![(6_000, 7_500), (8_000, 8_500)]));
    // And the second.
    assert_eq!(receiver.gets(5_500, 6_000), (7_500, vec![(8_000, 8_500)]));
}

#[test]
fn no_more_blocks_are_reported_than_there_is_room_for() {
    let mut receiver = Receiver::at(0);
    for n in 1..=6 {
        receiver.gets(n * 1_000, n * 1_000 + 500);
    }
    assert_eq!(receiver.blocks(3), [(6_000, 6_500), (5_000, 5_500), (4_000, 4_500)]);
    assert_eq!(receiver.blocks(4).len(), 4);
    assert_eq!(receiver.blocks(0), []);
}

/// RFC 2018 §4: with three blocks each is reported at least three times.
#[test]
fn a_block_is_repeated_while_newer_ones_come() {
    let mut receiver = Receiver::at(0);
    receiver.gets(1_000, 1_500);
    for n in 2..=4 {
        let (_, blocks) = receiver.gets(n * 1_000, n * 1_000 + 500);
        assert!(blocks.contains(&(1_000, 1_500)), "after {n}");
    }
    let (_, blocks) = receiver.gets(9_000, 9_500);
    assert!(!blocks.contains(&(1_000, 1_500)));
}

#[test]
fn a_block_that_grows_does_not_push_the_earlier_ones_out_of_memory() {
    let mut receiver = Receiver::at(0);
    for n in 1..=6 {
        receiver.gets(n * 1_000, n * 1_000 + 100);
    }
    for n in 1..=4 {
        receiver.gets(6_000 + n * 100, 6_100 + n * 100);
    }
    let latest = [(6_000, 6_500), (5_000, 5_100), (4_000, 4_100), (3_000, 3_100)];
    assert_eq!(receiver.blocks(4), latest);
}

/// RFC 2883 §4.1.1: two acknowledgments are lost, and the sender sends again.
#[test]
fn a_duplicate_below_the_acknowledgment_is_reported_once() {
    let mut receiver = Receiver::at(3_000);
    receiver.gets(3_000, 3_500);
    assert_eq!(receiver.gets(3_500, 4_000), (4_000, vec![]));
    assert_eq!(receiver.gets(3_000, 3_500), (4_000, vec![(3_000, 3_500)]));
    assert_eq!(receiver.blocks(4), []);
}

/// RFC 2883 §4.1.2: segments out of order, acknowledgments lost, a duplicate.
#[test]
fn a_duplicate_is_reported_in_front_of_the_blocks() {
    let mut receiver = Receiver::at(3_000);
    receiver.gets(3_000, 3_500);
    receiver.gets(3_500, 4_000);
    assert_eq!(receiver.gets(4_500, 5_000), (4_000, vec![(4_500, 5_000)]));
    let (_, blocks) = receiver.gets(3_000, 3_500);
    assert_eq!(blocks, [(3_000, 3_500), (4_500, 5_000)]);
}

/// RFC 2883 §4.1.3: a duplicate of what waits out of order is followed by its block.
#[test]
fn a_duplicate_out_of_order_is_followed_by_the_block_it_lies_in() {
    let mut receiver = Receiver::at(4_000);
    receiver.gets(4_500, 5_000);
    assert_eq!(receiver.gets(5_000, 5_500), (4_000, vec![(4_500, 5_500)]));
    assert_eq!(receiver.gets(5_000, 5_500), (4_000, vec![(5_000, 5_500), (4_500, 5_500)]));
}

/// RFC 2883 §4.2.1: of a segment that brings old and new, the old part is reported.
#[test]
fn of_a_segment_partly_new_the_old_part_is_the_duplicate() {
    let mut receiver = Receiver::at(1_000);
    assert_eq!(receiver.gets(500, 1_500), (1_500, vec![(500, 1_000)]));
}

#[test]
fn a_duplicate_moves_its_block_in_front_of_newer_ones() {
    let mut receiver = Receiver::at(0);
    receiver.gets(1_000, 1_500);
    receiver.gets(2_000, 2_500);
    let (_, blocks) = receiver.gets(1_000, 1_500);
    assert_eq!(blocks, [(1_000, 1_500), (1_000, 1_500), (2_000, 2_500)]);
}

#[test]
fn blocks_are_right_across_the_wrap() {
    let mut receiver = Receiver::at(u32::MAX - 999);
    receiver.history.on_received(SeqNumber(5), SeqNumber(6));
    let text = Bytes::from(vec![0; 1_000]);
    let from = SeqNumber(u32::MAX - 499);
    assert!(matches!(receiver.text.insert(receiver.nxt, from, text), Inserted::OutOfOrder { .. }));
    receiver.history.on_received(from, from + 1_000);
    assert_eq!(receiver.blocks(4), [(u32::MAX - 499, 500)]);
}
