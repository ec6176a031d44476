//! How do two connections share a bottleneck?
//!
//! 100 Mbit/s, 10 ms each way, a queue of one bandwidth-delay product that drops what it cannot
//! hold. The second connection begins a second after the first. Each loses one segment of ten
//! thousand besides, by a seed: without any chance two senders can fall into step for ever.
//! `OSIER_SECONDS=45 cargo test -p osier-tcp --test fairness -- --nocapture` prints longer runs.

mod pair;

use osier_tcp::{Algorithm, Config};
use osier_time::{Duration, Instant};
use pair::{Dice, Fate, Pair, Who};
use std::cell::Cell;
use std::rc::Rc;

/// What each of two connections delivers in a second, in Mbit/s, from the fifth second on.
fn share(algorithms: [Algorithm; 2]) -> [f64; 2] {
    let seconds = std::env::var("OSIER_SECONDS").ok().and_then(|n| n.parse().ok()).unwrap_or(15);
    let link = Rc::new(Cell::new(Instant::ZERO));
    let start = Instant::from_secs(2);
    let mut pairs: Vec<Pair> = Vec::new();
    for (seed, congestion) in (1..).zip(algorithms) {
        let config = Config { congestion, ..Config::default() };
        let mut pair = Pair::connected_with(config.clone(), config);
        pair.shared = Some(link.clone());
        pair.serialization = Duration::from_micros(120);
        pair.queue = Duration::from_millis(20);
        let mut dice = Dice::new(seed);
        pair.rule = Box::new(move |_, _| match dice.below(10_000) {
            0 => Fate::Drop,
            _ => Fate::Deliver,
        });
        pair.now = start + Duration::from_secs(seed - 1);
        pairs.push(pair);
    }
    let (from, until) = (start + Duration::from_secs(5), start + Duration::from_secs(seconds));
    let mut delivered = [0u64; 2];
    let text = [7; 1 << 16];
    pairs.iter_mut().for_each(|pair| _ = pair.write(Who::A, &text));
    loop {
        let next = |pair: &Pair| pair.next_at().unwrap_or(Instant::MAX).max(pair.now);
        let turn = usize::from(next(&pairs[1]) < next(&pairs[0]));
        let pair = &mut pairs[turn];
        let at = next(pair);
        if at > until || !pair.step(at) {
            break;
        }
        while pair.write(Who::A, &text) > 0 {}
        pair.log.clear();
        let octets = std::mem::take(&mut pair.b.received).len() as u64;
        delivered[turn] += if pair.now >= from { octets } else { 0 };
    }
    delivered.map(|octets| octets as f64 * 8e-6 / (seconds - 5) as f64)
}

/// Jain's index: 1 where both have the same, a half where one has all.
fn jain([a, b]: [f64; 2]) -> f64 {
    (a + b) * (a + b) / (2.0 * (a * a + b * b))
}

#[test]
fn two_cubic_connections_share_fairly() {
    let shares = share([Algorithm::Cubic; 2]);
    println!("CUBIC and CUBIC: {shares:?} Mbit/s, Jain {}", jain(shares));
    assert!(jain(shares) >= 0.95, "{shares:?}");
    assert!(shares[0] + shares[1] >= 85.0, "{shares:?}");
}

/// They come together with the next search for the round trip; in 45 s the index is 0.99.
#[test]
fn two_bbr_connections_share() {
    let shares = share([Algorithm::Bbr; 2]);
    println!("BBR and BBR: {shares:?} Mbit/s, Jain {}", jain(shares));
    assert!(jain(shares) >= 0.7, "{shares:?}");
}
