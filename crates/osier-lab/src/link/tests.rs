//! Is a link what its conditions say?

use super::{Cause, Fate, Link};
use crate::conditions::{Conditions, Loss, Queue, Traffic};
use crate::dice::{Chance, Dice};
use bytes::Bytes;
use osier_time::{Duration, Instant};
use osier_wire::link::Medium;

const START: Instant = Instant::from_secs(1);

fn link(conditions: Conditions) -> Link {
    Link::new(conditions, Medium::Ip, Dice::of(1, 2))
}

fn frame(n: u8) -> Bytes {
    vec![n; 1_000].into()
}

fn millis(n: u64) -> Duration {
    Duration::from_millis(n)
}

/// What has arrived by then, by first octets.
fn arrived(link: &mut Link, by: Instant) -> Vec<u8> {
    std::iter::from_fn(|| link.poll_transmit(by)).map(|frame| frame[0]).collect()
}

#[test]
fn a_frame_arrives_after_its_delay_and_not_before() {
    let mut link = link(Conditions::delayed(millis(10)));
    assert_eq!(link.on_frame(START, frame(1)), Fate::Arrives(START + millis(10)));
    assert_eq!(link.next_deadline(), Some(START + millis(10)));
    assert!(arrived(&mut link, START + millis(9)).is_empty());
    assert_eq!(arrived(&mut link, START + millis(10)), [1]);
    assert_eq!(link.next_deadline(), None);
}

#[test]
fn a_rate_spreads_frames_and_a_full_queue_loses_the_next() {
    let queue = Queue { octets: 2_500, frames: 100 };
    // 1,000 octets at 8 Mbit/s: one millisecond each.
    let mut link = link(Conditions { rate: Some(8_000_000), queue, ..Conditions::default() });
    assert_eq!(link.on_frame(START, frame(1)), Fate::Arrives(START + millis(1)));
    assert_eq!(link.on_frame(START, frame(2)), Fate::Arrives(START + millis(2)));
    assert_eq!(link.on_frame(START, frame(3)), Fate::Lost(Cause::QueueFull));
    let later = START + millis(1);
    assert_eq!(link.on_frame(later, frame(4)), Fate::Arrives(START + millis(3)));
    assert_eq!(arrived(&mut link, START + millis(9)), [1, 2, 4]);
    assert_eq!((link.counts().overflowed, link.counts().delivered), (1, 3));
}

#[test]
fn jitter_keeps_the_order_and_reordering_does_not() {
    let jitter = Conditions { delay: millis(5), jitter: millis(20), ..Conditions::default() };
    let mut jittery = link(jitter);
    (0..50).for_each(|n| _ = jittery.on_frame(START, frame(n)));
    assert_eq!(arrived(&mut jittery, START + millis(25)), (0..50).collect::<Vec<_>>());

    let (reorder, reorder_by) = (Chance::percent(20), millis(4));
    let mut reordering = link(Conditions { reorder, reorder_by, ..Conditions::default() });
    let at = |n: u8| START + millis(u64::from(n));
    (0..50).for_each(|n| _ = reordering.on_frame(at(n), frame(n)));
    let order = arrived(&mut reordering, START + millis(99));
    assert!(!order.is_sorted() && order.len() == 50, "{order:?}");
    assert!(reordering.counts().reordered > 3);
}

#[test]
fn losses_are_as_frequent_as_they_are_said_to_be_alone_and_in_bursts() {
    let mut random =
        link(Conditions { loss: Loss::Random(Chance::percent(5)), ..Conditions::default() });
    (0..20_000).for_each(|_| _ = random.on_frame(START, Bytes::new()));
    assert!((850..1_150).contains(&random.counts().lost), "{:?}", random.counts());

    // A burst begins at 1 % and ends at 25 % of the frames: bad for 1/26 of the time.
    let loss = Loss::Bursts {
        begin: Chance::percent(1),
        end: Chance::percent(25),
        within: Chance::percent(100),
    };
    let mut bursty = link(Conditions { loss, ..Conditions::default() });
    let fates: Vec<bool> = (0..20_000)
        .map(|_| bursty.on_frame(START, Bytes::new()) != Fate::Lost(Cause::Chance))
        .collect();
    let lost = bursty.counts().lost;
    assert!((500..1_050).contains(&lost), "{lost}");
    let bursts = fates.windows(2).filter(|two| two[0] && !two[1]).count() as u64;
    assert!(lost > 3 * bursts, "{lost} in {bursts} bursts");
}

#[test]
fn what_is_longer_than_the_mtu_and_what_meets_a_cut_vanishes() {
    let mut narrow = link(Conditions { mtu: Some(999), ..Conditions::default() });
    assert_eq!(narrow.on_frame(START, frame(1)), Fate::Lost(Cause::TooLong));
    narrow.set(Conditions { traffic: Traffic::Cut, ..Conditions::default() });
    assert_eq!(narrow.on_frame(START, Bytes::new()), Fate::Lost(Cause::Cut));
    narrow.set(Conditions::default());
    assert_eq!(narrow.on_frame(START, frame(1)), Fate::Arrives(START));
}

#[test]
fn a_doubled_frame_arrives_twice_and_a_damaged_one_is_not_what_it_was() {
    let duplicate = Chance::percent(100);
    let mut double = link(Conditions { duplicate, ..Conditions::default() });
    double.on_frame(START, frame(7));
    assert_eq!(arrived(&mut double, START), [7, 7]);
}
