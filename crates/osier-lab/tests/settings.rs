//! Does what a scenario sets have the effect that `docs/lab/README.md` promises?

use osier_lab::scenario::{Order, Run, Scenario, Verdict};
use osier_wire::tcp::Flags;

/// A server that sends 10,000 octets to whoever asks.
const GOOD: &str = "title = 'x'
length = '10s'
[hosts.a]
address = '10.0.0.1/24'
[hosts.b]
address = '10.0.0.2/24'
[[links]]
between = ['a', 'b']
delay = '10ms'
[[programs]]
on = 'b'
server = 80
does = ['await 1', 'send 10KB']
[[programs]]
on = 'a'
client = 'b:80'
does = ['send 1', 'await 10KB']
[[expect]]
that = 'a-client ends done'
";

/// The good one with some texts in place of others, run.
fn run_with(changes: &[(&str, &str)]) -> Run {
    let mut text = GOOD.to_owned();
    for (of, instead) in changes {
        assert!(text.contains(of), "{of}");
        text = text.replacen(of, instead, 1);
    }
    let scenario = Scenario::parse("x.toml", &text).unwrap_or_else(|mistake| panic!("{mistake}"));
    Run::new(&scenario, 1, Order::Written)
}

fn failed(run: &Run) -> Vec<Verdict> {
    run.judge().into_iter().filter(|verdict| !verdict.holds).collect()
}

/// What the SYNs of the run announce, and the longest text of a segment.
fn sizes(run: &Run) -> (Vec<Option<u16>>, usize) {
    let segments = || run.world().passages().iter().map(|passage| &passage.segment);
    let syns = segments().filter(|segment| segment.header.flags.contains(Flags::SYN));
    let longest = segments().map(|segment| segment.len).max();
    (syns.map(|syn| syn.header.options.mss).collect(), longest.unwrap_or(0))
}

/// The octets of the timestamps option, padded: a segment has so many fewer of text.
const TIMESTAMPS: usize = 12;

#[test]
fn a_host_announces_the_mss_of_the_scenario_and_its_peer_keeps_to_it() {
    let run = run_with(&[("10.0.0.1/24'", "10.0.0.1/24'\nmss = 500")]);
    assert_eq!(failed(&run), []);
    assert_eq!(sizes(&run), (vec![Some(500), Some(1_460)], 500 - TIMESTAMPS));
}

#[test]
fn a_host_announces_no_more_than_its_link_leaves() {
    let run = run_with(&[("10.0.0.1/24'", "10.0.0.1/24'\nmss = 9000")]);
    assert_eq!(sizes(&run), (vec![Some(1_460), Some(1_460)], 1_460 - TIMESTAMPS));
    let jumbo = [("10.0.0.1/24'", "10.0.0.1/24'\nmss = 2000"), ("delay", "mtu = 9000\ndelay")];
    assert_eq!(sizes(&run_with(&jumbo)).0, [Some(2_000), Some(8_960)]);
}

#[test]
fn a_host_that_comes_back_announces_the_same_mss() {
    let events = "[[events]]
at = '1s'
do = ['crash a', 'restart a']
[[expect]]";
    let twice = "connections = 2\ngap = '5s'\ndoes = ['send 1";
    let changes = [
        ("10.0.0.1/24'", "10.0.0.1/24'\nmss = 500"),
        ("does = ['send 1", twice),
        ("[[expect]]", events),
    ];
    let announced = sizes(&run_with(&changes)).0;
    assert!(announced.len() >= 4 && announced.chunks(2).all(|pair| pair[0] == Some(500)));
}

/// Text without end over a link that takes no time: it is never later than 0 s.
#[test]
fn a_run_that_never_ends_is_stopped_and_says_so() {
    let endless = [
        ("delay = '10ms'\n", ""),
        ("length = '10s'", "length = '10s'\nturns = 5000"),
        ("['await 1', 'send 10KB']", "'sink'"),
        ("['send 1', 'await 10KB']", "'bulk'"),
    ];
    let run = run_with(&endless);
    let failed = failed(&run);
    let told = failed.iter().find(|verdict| verdict.expected.contains("comes to its end"));
    let told = told.expect("it has not come to its end");
    assert_eq!(told.expected, "the scenario comes to its end, after 10 s");
    assert!(told.actual.starts_with("stopped after 5000 turns, at 0 "), "{}", told.actual);
}

/// A host that talks to itself needs no turn of anybody else.
#[test]
fn a_host_that_talks_to_itself_without_end_is_stopped() {
    let endless = [
        ("length = '10s'", "length = '10s'\nturns = 5000"),
        ("['await 1', 'send 10KB']", "'sink'"),
        ("on = 'a'", "on = 'b'"),
        ("['send 1', 'await 10KB']", "'bulk'"),
        ("a-client", "b-client"),
    ];
    let run = run_with(&endless);
    assert!(run.world().turns() <= 5_000);
    assert!(failed(&run).iter().any(|verdict| verdict.actual.starts_with("stopped after 5000")));
}

#[test]
fn a_run_that_ends_within_its_turns_does_not_mention_them() {
    let run = run_with(&[]);
    let turns = run.world().turns();
    assert!(failed(&run).is_empty() && run.judge().len() == 1);
    let enough = format!("length = '10s'\nturns = {}", turns + 1);
    assert_eq!(failed(&run_with(&[("length = '10s'", &enough)])), []);
}
