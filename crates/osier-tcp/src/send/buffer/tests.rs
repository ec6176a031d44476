//! What does the send buffer promise to its user?

extern crate std;

use super::{Buffer, COPY_BELOW, FREEZE_FROM, TAIL_MAX, TAIL_MIN};
use crate::segment::Transmit;
use bytes::Bytes;
use osier_wire::Chunks;
use proptest::prelude::*;
use std::vec;
use std::vec::Vec;

fn flat(chunks: &Chunks) -> Vec<u8> {
    chunks.iter().flat_map(|chunk| chunk.iter().copied()).collect()
}

fn gathered(buffer: &mut Buffer, offset: u32, max: u32) -> Chunks {
    let mut transmit = Transmit::default();
    buffer.gather(offset, max, &mut transmit);
    if !transmit.short.is_empty() {
        transmit.payload.insert(0, Bytes::copy_from_slice(transmit.short.as_slice()));
    }
    transmit.payload
}

fn pattern(from: usize, len: usize) -> Vec<u8> {
    (from..from + len).map(|n| (n % 251) as u8).collect()
}

fn allocated(buffer: &Buffer) -> usize {
    buffer.chunks.capacity() + buffer.tail.allocated()
}

#[test]
fn an_empty_buffer_holds_no_memory_before_and_after_use() {
    let mut buffer = Buffer::new(1 << 20);
    assert_eq!(allocated(&buffer), 0);
    buffer.push_copy(&pattern(0, 5_000));
    buffer.push_chunk(&mut Bytes::from(pattern(0, 5_000)));
    assert!(allocated(&buffer) > 0);
    buffer.acked(10_000);
    assert!(buffer.is_empty());
    assert_eq!(allocated(&buffer), 0);
}

#[test]
fn a_tiny_write_allocates_little_and_many_allocate_about_what_they_hold() {
    let mut buffer = Buffer::new(1 << 20);
    buffer.push_copy(b"x");
    assert_eq!(allocated(&buffer), 0);
    buffer.push_copy(b"too long to lie in line");
    assert_eq!(allocated(&buffer), TAIL_MIN);
    assert_eq!(flat(&gathered(&mut buffer, 0, 99)), b"xtoo long to lie in line");
    buffer.acked(24);
    for _ in 0..20_000 {
        buffer.push_copy(b"0123456789");
    }
    let held = buffer.tail.allocated();
    assert!(held <= TAIL_MAX, "{held}");
    let chunks = buffer.chunks.len();
    assert!(chunks <= 12, "{chunks} chunks for 200 kB in crumbs");
}

#[test]
fn tiny_writes_that_leave_one_by_one_do_not_become_a_chunk_each() {
    let mut buffer = Buffer::new(1 << 20);
    for n in 0..10_000 {
        buffer.push_copy(&[n as u8]);
        assert_eq!(flat(&gathered(&mut buffer, n, 1)), [n as u8]);
    }
    assert!(buffer.chunks.len() <= 10_000 / TAIL_MIN, "{}", buffer.chunks.len());
}

#[test]
fn a_large_chunk_is_neither_copied_when_written_nor_when_sent() {
    let mut buffer = Buffer::new(1 << 20);
    let mut written = Bytes::from(pattern(0, 100_000));
    let at = written.as_ptr();
    assert_eq!(buffer.push_chunk(&mut written), 100_000);
    let sent = gathered(&mut buffer, 1_000, 3_000);
    assert_eq!(sent.len(), 1);
    assert_eq!(sent[0].as_ptr(), at.wrapping_add(1_000));
}

#[test]
fn a_small_slice_of_a_large_buffer_is_copied_and_does_not_pin_it() {
    let mut buffer = Buffer::new(1 << 20);
    let large = Bytes::from(pattern(0, 100_000));
    let mut small = large.slice(10..10 + COPY_BELOW - 1);
    let at = small.as_ptr();
    buffer.push_chunk(&mut small);
    assert!(small.is_empty());
    assert_ne!(gathered(&mut buffer, 0, 1)[0].as_ptr(), at);
    assert_eq!(flat(&gathered(&mut buffer, 0, 9_999)), pattern(10, COPY_BELOW - 1));
}

#[test]
fn gathered_small_writes_leave_without_another_copy_once_they_are_worth_it() {
    let mut buffer = Buffer::new(1 << 20);
    buffer.push_copy(&pattern(0, 3 * FREEZE_FROM));
    let first = gathered(&mut buffer, 0, FREEZE_FROM as u32)[0].as_ptr();
    let again = gathered(&mut buffer, 0, FREEZE_FROM as u32)[0].as_ptr();
    assert_eq!(first, again);
}

#[test]
fn a_full_buffer_takes_the_front_of_a_write_and_leaves_the_rest() {
    let mut buffer = Buffer::new(1_000);
    assert_eq!(buffer.push_copy(&pattern(0, 400)), 400);
    let mut chunk = Bytes::from(pattern(400, 900));
    assert_eq!(buffer.push_chunk(&mut chunk), 600);
    assert_eq!(chunk.len(), 300);
    assert_eq!((buffer.room(), buffer.push_copy(b"more")), (0, 0));
    assert_eq!(flat(&gathered(&mut buffer, 0, 2_000)), pattern(0, 1_000));
    buffer.acked(250);
    assert_eq!((buffer.len(), buffer.room()), (750, 250));
    buffer.set_limit(500);
    assert_eq!((buffer.len(), buffer.room(), buffer.limit()), (750, 0, 500));
}

#[test]
fn positions_survive_the_wrap_of_their_counter() {
    let mut buffer = Buffer::new(10_000);
    buffer.front = u32::MAX - 2_000;
    buffer.tail_at = u32::MAX - 2_000;
    for n in 0..10 {
        buffer.push_copy(&pattern(n * 700, 300));
        buffer.push_chunk(&mut Bytes::from(pattern(n * 700 + 300, 400)));
        buffer.push_chunk(&mut Bytes::new());
    }
    assert_eq!(flat(&gathered(&mut buffer, 0, 7_000)), pattern(0, 7_000));
    buffer.acked(3_333);
    assert_eq!(flat(&gathered(&mut buffer, 100, 2_000)), pattern(3_433, 2_000));
}

#[test]
fn beyond_the_end_there_is_nothing() {
    let mut buffer = Buffer::new(10_000);
    assert!(gathered(&mut buffer, 0, 100).is_empty());
    buffer.push_copy(b"abc");
    assert!(gathered(&mut buffer, 3, 100).is_empty());
    assert!(gathered(&mut buffer, u32::MAX, 100).is_empty());
    assert!(gathered(&mut buffer, 1, 0).is_empty());
    buffer.acked(u32::MAX);
    assert!(buffer.is_empty());
}

#[derive(Clone, Debug)]
enum Step {
    Copy(usize),
    Chunk(usize),
    Gather(u32, u32),
    Acked(u32),
    Limit(u32),
}

fn step() -> impl Strategy<Value = Step> {
    let len = prop_oneof![0..4usize, 0..600usize, 0..5_000usize, 60_000..70_000usize];
    let part = prop_oneof![0..3u32, 0..2_000u32, 0..100_000u32];
    prop_oneof![
        len.clone().prop_map(Step::Copy),
        len.prop_map(Step::Chunk),
        (part.clone(), part.clone()).prop_map(|(at, n)| Step::Gather(at, n)),
        part.prop_map(Step::Acked),
        (10_000..200_000u32).prop_map(Step::Limit),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    /// Against the plainest buffer there is.
    #[test]
    fn it_behaves_as_a_vector_of_bytes(steps in prop::collection::vec(step(), 1..60)) {
        let mut buffer = Buffer::new(100_000);
        let mut model: Vec<u8> = vec![];
        let mut written = 0;
        for step in steps {
            match step {
                Step::Copy(n) => {
                    let text = pattern(written, n);
                    let taken = buffer.push_copy(&text);
                    model.extend(&text[..taken]);
                    written += taken;
                }
                Step::Chunk(n) => {
                    let mut chunk = Bytes::from(pattern(written, n));
                    let text = chunk.clone();
                    let taken = buffer.push_chunk(&mut chunk);
                    prop_assert_eq!(&chunk[..], &text[taken..]);
                    model.extend(&text[..taken]);
                    written += taken;
                }
                Step::Gather(at, n) => {
                    let from = model.len().min(at as usize);
                    let to = model.len().min(from + n as usize);
                    prop_assert_eq!(&flat(&gathered(&mut buffer, at, n))[..], &model[from..to]);
                }
                Step::Acked(n) => {
                    buffer.acked(n);
                    model.drain(..model.len().min(n as usize));
                }
                Step::Limit(n) => buffer.set_limit(n),
            }
            prop_assert_eq!(buffer.len() as usize, model.len());
            prop_assert_eq!(buffer.room(), buffer.limit().saturating_sub(model.len() as u32));
        }
        prop_assert_eq!(flat(&gathered(&mut buffer, 0, u32::MAX)), model);
    }
}
