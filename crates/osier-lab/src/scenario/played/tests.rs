//! Is what was played written so that it happens again?

use super::super::{Order, Run, SHIPPED, Scenario, shipped};
use super::played;
use crate::rule::Then;
use osier_time::Duration;

fn capture(run: &Run) -> Vec<u8> {
    let mut octets = Vec::new();
    run.write_capture(&mut octets).expect("memory takes everything");
    octets
}

/// The number of the first passage that is fit, and the run up to it.
fn until(scenario: &Scenario, seed: u64, passages: usize) -> Run {
    let mut run = Run::begin(scenario, seed, Order::Written);
    while run.world().passages().len() < passages && run.step() {}
    run
}

#[test]
fn every_shipped_scenario_with_a_deed_is_written_and_happens_again_octet_by_octet() {
    for shipped in SHIPPED.iter().filter(|shipped| !shipped.name.starts_with("bufferbloat")) {
        let scenario = shipped.scenario();
        let run = until(&scenario, 3, 2);
        let deeds: Vec<_> = [
            run.deed(0, Then::Delay(Duration::from_nanos(7_000_001))),
            run.deed(1, Then::Duplicate),
        ]
        .into_iter()
        .flatten()
        .collect();
        assert!(!deeds.is_empty(), "{}", shipped.name);
        let text = played(shipped.name, shipped.text, 3, &deeds).expect("it can be written");
        let again = Scenario::parse("again.toml", &text).unwrap_or_else(|why| panic!("{why}"));
        let played = Run::new(&scenario.with_deeds(&deeds), 3, Order::Written);
        let again = Run::new(&again, 3, Order::Written);
        assert_eq!(capture(&played), capture(&again), "{}", shipped.name);
        assert!(again.judge().iter().all(|verdict| verdict.holds), "{}\n{text}", shipped.name);
    }
}

#[test]
fn a_deed_goes_before_the_events_of_the_file_and_decides() {
    let scenario = shipped("third-ack-lost").expect("it is shipped").scenario();
    let run = until(&scenario, 1, 3);
    // The third segment is the ACK that the scenario drops.
    let deeds = [run.deed(2, Then::Duplicate).expect("a segment of the client")];
    let changed = Run::new(&scenario.with_deeds(&deeds), 1, Order::Written);
    let lost = |run: &Run| {
        let passages = run.world().passages().iter();
        passages.filter(|p| matches!(p.fate, crate::Fate::Lost(_))).count()
    };
    assert_eq!(lost(&changed), 0, "it is doubled, not dropped");
    assert_eq!(lost(&Run::new(&scenario, 1, Order::Written)), 1);
}

const INLINE: &str = "title = 'x'
length = '2s'
events = [ { at = '1s', do = 'crash b' } ] # inline
[hosts.a]
address = '10.0.0.1/24'
[hosts.b]
address = '10.0.0.2/24'
[routers.r]
[[links]]
between = ['a', 'r']
delay = '10ms'
[[links]]
between = ['r', 'b']
delay = '10ms'
[[programs]]
on = 'b'
server = 80
[[programs]]
on = 'a'
client = 'b:80'
[[expect]] # it will not
that = 'a-client ends done'
";

#[test]
fn an_inline_list_takes_deeds_too_and_a_router_is_a_sender() {
    let scenario = Scenario::parse("x.toml", INLINE).expect("it is well formed");
    let run = until(&scenario, 1, 2);
    // The second passage is the SYN on its way from the router to b.
    let deeds = [run.deed(1, Then::Drop).expect("the router has sent it")];
    let words = scenario.words(&deeds[0]);
    assert_eq!(words, ("r sends the 1st segment to b".to_owned(), "drop".to_owned()));
    let text = played("x.toml", INLINE, 1, &deeds).expect("it can be written");
    let again = Scenario::parse("x.toml", &text).expect("it is well formed");
    let again = Run::new(&again, 1, Order::Written);
    assert_eq!(
        capture(&again),
        capture(&Run::new(&scenario.with_deeds(&deeds), 1, Order::Written))
    );
    assert!(text.contains("# that = 'a-client ends done'"), "{text}");
}

#[test]
fn what_is_not_touched_is_saved_as_it_was() {
    let shipped = shipped("fin-lost").expect("it is shipped");
    let text = played("fin-lost.toml", shipped.text, 5, &[]).expect("it can be written");
    assert!(text.ends_with(shipped.text) && text.contains("--seed 5"), "{text}");
}
