//! What does proportional rate reduction promise, by RFC 9937?

extern crate std;

use super::{Good, Progress, Prr};
use proptest::prelude::*;
use std::vec::Vec;

const MSS: u32 = 1_000;

/// Acknowledgments one segment each; says what was sent for each.
fn run(prr: &mut Prr, in_flight: &mut u32, acks: u32, good: Good) -> Vec<u32> {
    let mut sent = Vec::new();
    for _ in 0..acks {
        *in_flight -= MSS.min(*in_flight);
        let progress = Progress { delivered: MSS, in_flight: *in_flight, good, mss: MSS };
        prr.on_ack(&progress);
        let whole = prr.allowance() / MSS * MSS;
        prr.on_sent(whole);
        *in_flight += whole;
        sent.push(whole / MSS);
    }
    sent
}

/// RFC 9937 §7: one of twenty is lost, and seven tenths are to stay. Seven segments go for ten
/// delivered, evenly, and in the end as much is in flight as shall be.
#[test]
fn the_flight_shrinks_in_proportion_to_what_is_delivered() {
    let mut prr = Prr::new(14 * MSS, 20 * MSS);
    // Two were reported and replaced (RFC 3042), the third report comes first, one is lost.
    let mut in_flight = (20 - 1) * MSS;
    let sent = run(&mut prr, &mut in_flight, 20, Good::No);
    assert_eq!(sent.iter().sum::<u32>(), 15, "{sent:?}");
    assert!(sent.iter().all(|n| *n <= 1), "no burst: {sent:?}");
    assert!(sent.windows(3).all(|three| three.iter().sum::<u32>() > 0), "no silence: {sent:?}");
    assert_eq!(in_flight, 14 * MSS);
}

/// RFC 9937 §6, PRR-CRB: losses alone have made the flight smaller than it shall be.
#[test]
fn after_heavy_losses_what_is_delivered_is_replaced() {
    let mut prr = Prr::new(14 * MSS, 20 * MSS);
    let mut in_flight = 5 * MSS;
    let sent = run(&mut prr, &mut in_flight, 8, Good::No);
    assert_eq!(sent, [1; 8]);
    assert_eq!(in_flight, 5 * MSS);
}

/// RFC 9937 §6, PRR-SSRB.
#[test]
fn in_good_progress_the_flight_grows_as_in_slow_start_up_to_ssthresh() {
    let mut prr = Prr::new(8 * MSS, 20 * MSS);
    let mut in_flight = 5 * MSS;
    let sent = run(&mut prr, &mut in_flight, 8, Good::Yes);
    assert_eq!(sent, [2, 2, 2, 1, 1, 1, 1, 1]);
    assert_eq!(in_flight, 8 * MSS);
}

#[test]
fn the_first_retransmission_goes_though_nothing_else_may() {
    let mut prr = Prr::new(2 * MSS, 100 * MSS);
    prr.on_ack(&Progress { delivered: 1, in_flight: 99 * MSS, good: Good::No, mss: MSS });
    assert_eq!(prr.allowance(), 1, "a fiftieth of an octet, rounded up");
    let mut silent = Prr::new(2 * MSS, 100 * MSS);
    silent.force_first(MSS);
    assert_eq!(silent.allowance(), MSS);
    silent.on_sent(MSS);
    silent.force_first(MSS);
    assert_eq!(silent.allowance(), 0);
}

#[test]
fn an_acknowledgment_that_delivers_nothing_lets_nothing_go() {
    let mut prr = Prr::new(5 * MSS, 10 * MSS);
    prr.force_first(MSS);
    prr.on_sent(MSS);
    prr.on_ack(&Progress { delivered: 0, in_flight: 0, good: Good::Yes, mss: MSS });
    assert_eq!(prr.allowance(), 0);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    /// RFC 9937 §8: whatever is delivered and lost, what is sent exceeds what is delivered by no
    /// more than a segment for each acknowledgment, and the flight does not grow beyond ssthresh.
    #[test]
    fn no_more_is_sent_than_is_delivered_and_a_little(
        ssthresh in 2..50u32,
        flight in 2..100u32,
        acks in prop::collection::vec((0..5u32, 0..5u32, any::<bool>()), 1..100),
    ) {
        let (ssthresh, mut in_flight) = (ssthresh * MSS, flight * MSS);
        let mut prr = Prr::new(ssthresh, in_flight);
        let (mut delivered_all, mut sent_all) = (0, 0);
        for (n, (delivered, lost, good)) in acks.into_iter().enumerate() {
            let delivered = (delivered * MSS).min(in_flight);
            in_flight -= delivered;
            in_flight -= (lost * MSS).min(in_flight);
            let good = if good { Good::Yes } else { Good::No };
            prr.on_ack(&Progress { delivered, in_flight, good, mss: MSS });
            let may = prr.allowance();
            if in_flight > ssthresh {
                prop_assert!(may <= delivered.max(delivered_all + delivered - sent_all).max(MSS));
            } else {
                prop_assert!(in_flight + may <= ssthresh.max(in_flight + MSS));
            }
            delivered_all += delivered;
            prr.on_sent(may);
            sent_all += may;
            in_flight += may;
            prop_assert!(sent_all <= delivered_all + (n as u32 + 1) * MSS);
        }
    }
}
