//! Two thousand seeds: whatever is drawn, what was said arrives once and in order or the connection
//! fails with a reason, everything ends once the faults are over, and nothing grows without bound.
//!
//! A failure says which seed and how to replay it. More seeds, faster:
//! `cargo run --profile swarm -p osier-lab --example swarm -- --seeds 100000`.

use osier_lab::swarm::Case;

/// Runs the seeds of one part of sixteen; a test each, so that they run side by side.
fn part(n: u64) {
    let failures: Vec<String> = (n * 125..(n + 1) * 125)
        .filter_map(|seed| {
            let mut case = Case::draw(seed);
            let failure = case.run().err()?;
            Some(format!("seed {seed} ({}): {failure}", case.title))
        })
        .collect();
    assert!(
        failures.is_empty(),
        "{}\nreplay: cargo run --profile swarm -p osier-lab --example swarm -- --seed N",
        failures.join("\n")
    );
}

#[test]
fn seeds_0_to_124_hold() {
    part(0);
}

#[test]
fn seeds_125_to_249_hold() {
    part(1);
}

#[test]
fn seeds_250_to_374_hold() {
    part(2);
}

#[test]
fn seeds_375_to_499_hold() {
    part(3);
}

#[test]
fn seeds_500_to_624_hold() {
    part(4);
}

#[test]
fn seeds_625_to_749_hold() {
    part(5);
}

#[test]
fn seeds_750_to_874_hold() {
    part(6);
}

#[test]
fn seeds_875_to_999_hold() {
    part(7);
}

#[test]
fn seeds_1000_to_1124_hold() {
    part(8);
}

#[test]
fn seeds_1125_to_1249_hold() {
    part(9);
}

#[test]
fn seeds_1250_to_1374_hold() {
    part(10);
}

#[test]
fn seeds_1375_to_1499_hold() {
    part(11);
}

#[test]
fn seeds_1500_to_1624_hold() {
    part(12);
}

#[test]
fn seeds_1625_to_1749_hold() {
    part(13);
}

#[test]
fn seeds_1750_to_1874_hold() {
    part(14);
}

#[test]
fn seeds_1875_to_1999_hold() {
    part(15);
}
