//! Does a link in memory deliver what was sent, bounded, and wake who sleeps?

#![allow(clippy::disallowed_methods, reason = "a test may have a second thread")]

use super::*;
use bytes::Bytes;
use osier_wire::{
    MacAddr,
    offload::{Checksum, Gso, GsoKind, Offload},
};
use std::sync::atomic::AtomicUsize;
use std::task::Wake;

const MAC: MacAddr = MacAddr([2, 0, 0, 0, 0, 10]);

fn plain() -> Properties {
    Properties::plain(Medium::Ethernet(MAC), 1500)
}

fn frame(payload: &[u8]) -> Frame {
    let mut frame = Frame::default();
    frame.head.grow(14).fill(0xee);
    frame.payload.push(Bytes::copy_from_slice(payload));
    frame
}

fn received(device: &mut Mem) -> Vec<Received> {
    let mut into = Vec::new();
    device.receive(&mut into, usize::MAX).unwrap();
    into
}

/// Counts its wakes.
#[derive(Default)]
struct Bell(AtomicUsize);

impl Wake for Bell {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}

#[test]
fn what_one_end_sends_the_other_receives_contiguous_and_in_order() {
    let (mut a, mut b) = pair(plain());
    let mut first = frame(b"willow ");
    first.payload.push(Bytes::from_static(b"basket"));
    a.transmit(first).unwrap();
    a.transmit(frame(&[7; 1000])).unwrap();
    let got = received(&mut b);
    assert_eq!(&got[0].bytes[14..], b"willow basket");
    assert_eq!(&got[1].bytes[14..], &[7; 1000]);
    assert_eq!(got.len(), 2);
    assert!(received(&mut a).is_empty());
}

#[test]
fn the_two_ends_of_an_ethernet_have_different_addresses() {
    let (a, b) = pair(plain());
    assert_eq!(a.properties().medium, Medium::Ethernet(MAC));
    assert_eq!(b.properties().medium, Medium::Ethernet(MacAddr([2, 0, 0, 0, 0, 11])));
}

#[test]
fn a_receive_takes_no_more_than_its_budget() {
    let (mut a, mut b) = pair(plain());
    (0..5).for_each(|_| a.transmit(frame(b"x")).unwrap());
    let mut into = Vec::new();
    assert_eq!(b.receive(&mut into, 2).unwrap(), 2);
    assert_eq!(b.receive(&mut into, 9).unwrap(), 3);
    assert_eq!(b.receive(&mut into, 9).unwrap(), 0);
    assert_eq!(into.len(), 5);
}

#[test]
fn the_ring_is_bounded_and_room_comes_back_with_a_wake() {
    let (mut a, mut b) = pair(plain());
    let bell = Arc::new(Bell::default());
    a.set_waker(&bell.clone().into());
    (0..RING).for_each(|_| a.transmit(frame(b"x")).unwrap());
    assert_eq!(a.room(), 0);
    assert_eq!(a.transmit(frame(b"x")).unwrap_err().kind(), io::ErrorKind::WouldBlock);
    assert_eq!(bell.0.load(Ordering::SeqCst), 0);
    b.receive(&mut Vec::new(), 1).unwrap();
    assert_eq!(bell.0.load(Ordering::SeqCst), 1);
    assert_eq!(a.room(), 1);
}

#[test]
fn an_arriving_frame_wakes_the_receiver() {
    let (mut a, mut b) = pair(plain());
    let bell = Arc::new(Bell::default());
    b.set_waker(&bell.clone().into());
    a.transmit(frame(b"x")).unwrap();
    assert_eq!(bell.0.load(Ordering::SeqCst), 1);
}

#[test]
fn a_loose_end_swallows_frames_and_never_fills() {
    let (mut a, b) = pair(plain());
    (0..RING).for_each(|_| a.transmit(frame(b"x")).unwrap());
    drop(b);
    (0..2 * RING).for_each(|_| a.transmit(frame(b"x")).unwrap());
    assert_eq!(a.room(), RING);
    assert!(received(&mut a).is_empty());
}

#[test]
fn two_threads_lose_nothing_and_no_wake() {
    const FRAMES: usize = 20_000;
    let (mut a, mut b) = pair(plain());
    let sender = std::thread::spawn(move || {
        a.set_waker(&unpark_me());
        for n in 0..FRAMES {
            while a.room() == 0 {
                std::thread::park();
                a.set_waker(&unpark_me());
            }
            a.transmit(frame(&n.to_be_bytes())).unwrap();
        }
    });
    let mut got = Vec::new();
    while got.len() < FRAMES {
        b.set_waker(&unpark_me());
        if b.receive(&mut got, 64).unwrap() == 0 {
            std::thread::park();
        }
    }
    sender.join().unwrap();
    let in_order = got.iter().enumerate().all(|(n, r)| r.bytes[14..] == n.to_be_bytes());
    assert!(in_order);
}

/// Wakes this thread when it is parked.
fn unpark_me() -> Waker {
    struct Unpark(std::thread::Thread);
    impl Wake for Unpark {
        fn wake(self: Arc<Self>) {
            self.0.unpark();
        }
    }
    Arc::new(Unpark(std::thread::current())).into()
}

/// A TCP super-frame over IPv4 of three segments, its checksum left to the device.
fn super_frame() -> Frame {
    let mut frame = Frame::default();
    frame.head.grow(54)[12..14].copy_from_slice(&[0x08, 0x00]);
    let head = frame.head.as_mut_slice();
    (head[14], head[23], head[46]) = (0x45, 6, 5 << 4);
    frame.payload.push(Bytes::from(vec![7; 2500]));
    let gso = Gso { kind: GsoKind::TcpV4, size: 1000, header_len: 54 };
    frame.offload =
        Offload { checksum: Checksum::Partial { start: 34, offset: 16 }, gso: Some(gso) };
    frame
}

#[test]
fn a_super_frame_passes_whole_where_the_link_offers_it() {
    let (mut a, mut b) = pair(Properties::offloaded(Medium::Ethernet(MAC), 1500));
    a.transmit(super_frame()).unwrap();
    let got = received(&mut b);
    assert_eq!(got.len(), 1);
    assert_eq!(got[0].bytes.len(), 2554);
    assert_eq!(got[0].offload, super_frame().offload);
}

#[test]
fn a_super_frame_is_cut_and_finished_on_a_plain_link() {
    let (mut a, mut b) = pair(plain());
    a.transmit(super_frame()).unwrap();
    let got = received(&mut b);
    let lens: Vec<_> = got.iter().map(|r| r.bytes.len()).collect();
    assert_eq!(lens, [1054, 1054, 554]);
    for frame in got {
        assert_eq!(frame.offload, Offload::NONE);
        assert_ne!(frame.bytes[50..52], [0, 0], "the checksum is filled");
    }
}

#[test]
fn a_super_frame_is_cut_and_not_summed_on_a_link_that_vouches_for_checksums() {
    let properties = plain();
    let offloads = Offloads { checksum: true, ..properties.offloads };
    let (mut a, mut b) = pair(Properties { offloads, ..properties });
    a.transmit(super_frame()).unwrap();
    let got = received(&mut b);
    let lens: Vec<_> = got.iter().map(|r| r.bytes.len()).collect();
    assert_eq!(lens, [1054, 1054, 554]);
    let left = super_frame().offload.checksum;
    assert!(got.iter().all(|frame| frame.offload == Offload { checksum: left, gso: None }));
}

#[test]
fn segments_that_find_the_ring_full_wait_and_hold_back_the_next_frame() {
    let (mut a, mut b) = pair(plain());
    (0..RING - 1).for_each(|_| a.transmit(frame(b"x")).unwrap());
    a.transmit(super_frame()).unwrap();
    assert_eq!(a.room(), 0);
    b.receive(&mut Vec::new(), 2).unwrap();
    assert_eq!(a.room(), 0);
    b.receive(&mut Vec::new(), 1).unwrap();
    assert_eq!(a.room(), 1);
    assert_eq!(received(&mut b).len(), RING + 2 - 3);
}
