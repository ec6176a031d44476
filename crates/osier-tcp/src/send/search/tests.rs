//! Which sizes does the search try, in which order, and when is it over?

extern crate std;
use super::{OfProbe, Patience, Search};
use osier_time::{Duration, Instant};
use osier_wire::SeqNumber;
use proptest::prelude::{prop_assert, proptest};
use std::vec::Vec;

const PATIENCE: Patience = Patience { interval: Duration::from_secs(600), threshold: 8 };
const NOW: Instant = Instant::from_secs(1);
const END: SeqNumber = SeqNumber(9);

/// Searches a path that takes `takes` until the search is over; says which sizes were tried and
/// which one is sent in the end.
fn run(search: &mut Search, now: Instant, mut mss: u16, takes: u16) -> (Vec<u16>, u16) {
    let mut tried = Vec::new();
    while let Some(size) = search.next(now, mss, PATIENCE) {
        assert!(size > mss, "a probe is longer than what is sent anyway");
        tried.push(size);
        search.on_sent(END, size);
        assert_eq!(search.next(now, mss, PATIENCE), None, "one probe at a time");
        if size <= takes {
            assert_eq!(search.on_una(END - 1), None, "not all of it has arrived");
            assert_eq!(search.on_una(END), Some(size));
            mss = size;
        } else {
            assert_eq!(search.on_lost(now), Some(size));
        }
    }
    (tried, mss)
}

/// The first sizes are those of Linux with the same base and the same top.
#[test]
fn the_middle_is_tried_first_and_the_top_itself_in_the_end() {
    let mut search = Search::upwards(NOW, 512, 1_460);
    let (tried, mss) = run(&mut search, NOW, 512, 9_000);
    assert_eq!(tried, [986, 1_223, 1_341, 1_400, 1_430, 1_445, 1_452, 1_456, 1_460]);
    assert_eq!(mss, 1_460);
    assert!(search.is_done(mss));
}

#[test]
fn what_is_sent_anyway_is_taken_for_granted() {
    let mut search = Search::upwards(NOW, 512, 1_460);
    assert_eq!(search.next(NOW, 600, PATIENCE), Some(986));
    assert_eq!(search.next(NOW, 1_000, PATIENCE), Some(1_223));
    assert_eq!(search.next(NOW, 1_460, PATIENCE), None);
}

#[test]
fn after_an_outage_the_former_size_is_tried_first() {
    let mut search = Search::after_hole(None, NOW, (1_024, 1_460), PATIENCE.interval);
    assert_eq!(run(&mut search, NOW, 1_024, 9_000), ([1_460].to_vec(), 1_460));
    assert!(!search.is_done(1_460), "the hole is remembered");
}

#[test]
fn a_path_that_opens_a_second_hole_is_left_alone_for_ten_minutes() {
    let first = Search::after_hole(None, NOW, (1_024, 1_460), PATIENCE.interval);
    let later = NOW + Duration::from_secs(20);
    let mut second = Search::after_hole(Some(&first), later, (512, 1_024), PATIENCE.interval);
    assert_eq!(second.next(later + Duration::from_secs(599), 512, PATIENCE), None);
    let after = later + Duration::from_secs(600);
    assert_eq!(second.next(after, 512, PATIENCE), Some(1_024));
}

#[test]
fn ten_minutes_after_a_report_everything_is_tried_again_and_not_before() {
    let mut search = Search::reported(NOW, 1_200, 1_460);
    assert_eq!(search.next(NOW + Duration::from_secs(599), 1_200, PATIENCE), None);
    let later = NOW + Duration::from_secs(600);
    let (tried, mss) = run(&mut search, later, 1_200, 1_250);
    assert_eq!(tried[0], 1_460);
    assert!((1_243..=1_250).contains(&mss), "{mss}");
    assert_eq!(search.next(later + Duration::from_secs(599), mss, PATIENCE), None);
    assert_eq!(search.next(later + Duration::from_secs(600), mss, PATIENCE), Some(1_460));
}

#[test]
fn a_report_ends_a_probe_that_is_longer_and_bounds_the_search() {
    let mut search = Search::upwards(NOW, 512, 1_460);
    search.on_sent(END, 986);
    assert_eq!(search.on_report(NOW, 1_000), OfProbe::Nothing);
    assert_eq!(search.on_report(NOW, 900), OfProbe::TooLong(986));
    assert!(!search.is_out());
    let (tried, mss) = run(&mut search, NOW, 512, 900);
    assert!(tried.iter().all(|size| *size <= 900), "{tried:?}");
    assert!(mss > 892, "{mss}");
}

#[test]
fn an_inconclusive_probe_is_tried_again_at_the_same_size() {
    let mut search = Search::upwards(NOW, 512, 1_460);
    search.on_sent(END, 986);
    let later = NOW + Duration::from_secs(1);
    assert!(search.on_inconclusive(later));
    assert!(!search.on_inconclusive(later), "there is none any more");
    assert_eq!(search.on_una(END), None);
    assert_eq!(search.next(NOW, 512, PATIENCE), None, "not at once");
    assert_eq!(search.next(later, 512, PATIENCE), Some(986));
}

proptest! {
    /// Whatever the path takes, the search finds it but for less than the threshold, with as many
    /// probes as halving needs.
    #[test]
    fn the_search_ends_near_what_the_path_takes(
        low in 48_u16..2_000,
        width in 0_u16..60_000,
        takes in 48_u16..65_000,
        threshold in 0_u16..100,
    ) {
        let top = low + width;
        let patience = Patience { threshold, ..PATIENCE };
        let mut search = Search::upwards(NOW, low, top);
        let (mut mss, mut probes) = (low, 0);
        while let Some(size) = search.next(NOW, mss, patience) {
            probes += 1;
            prop_assert!(size > mss && size <= top && probes < 20);
            search.on_sent(END, size);
            if size <= takes {
                mss = search.on_una(END).unwrap();
            } else {
                search.on_lost(NOW);
            }
        }
        let best = takes.min(top).max(low);
        prop_assert!(mss <= best && best - mss < threshold.max(2), "{mss} of {best}");
    }
}
