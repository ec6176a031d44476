//! Would the scenarios notice if it were otherwise?
//!
//! An expectation that holds whatever happens is worth nothing. So each shipped scenario is run
//! once more without what it is about: without its events, with another setting, with a program
//! that does something else. Then something that it expects must not hold.

use osier_lab::scenario::{Order, Run, SHIPPED, Scenario, shipped};

/// What is not so in the control: a text of the scenario's file, and another in its place.
const OTHERWISE: &[(&str, &str, &str)] = &[
    ("three-way-handshake", "server = 80", "server = 81"),
    ("simultaneous-open", "port = 2000", "port = 2000\nat = \"15ms\""),
    ("four-way-teardown", "\"await the end\", \"pause 100ms\"", "\"await the end\""),
    ("three-segment-teardown", "does = \"sink\"", "does = [\"await the end\", \"pause 100ms\"]"),
    ("simultaneous-close", "[\"until 100ms\", \"shutdown\"", "[\"until 300ms\", \"shutdown\""),
    ("half-close", "\"shutdown\", ", ""),
    ("rst-refused", "[[programs]]", "[[programs]]\non = \"server\"\nserver = 80\n\n[[programs]]"),
    ("rst-data-after-close", "does = \"await 100\"", "does = \"sink\""),
    ("rst-linger-0", "\"abort\"", "\"close\""),
    (
        "time-wait-kept",
        "address = \"10.0.0.1/24\"",
        "address = \"10.0.0.1/24\"\ntime-wait = \"5s\"",
    ),
    ("time-wait-poison", "time-wait = \"1ms\"", "time-wait = \"60s\""),
    ("time-wait-reuse", "time-wait-reuse = \"always\"", "time-wait-reuse = \"never\""),
    ("time-wait-reuse", "time-wait-reuse", "timestamps = \"off\"\ntime-wait-reuse"),
    ("time-wait-ports", "ports = [40000, 40009]", "ports = [40000, 40009]\ntime-wait = \"2s\""),
    ("syn-flood-no-defence", "syn-queue = 1000000", "syn-queue = 128"),
    ("syn-flood-bounded-queue", "syn-cookies = \"off\"", "syn-cookies = \"when full\""),
    ("syn-flood-bounded-queue", "syn-queue = 128", "syn-queue = 1000000"),
    ("syn-flood-cookies", "syn-cookies = \"when full\"", "syn-cookies = \"off\""),
    ("close-wait-leak", "[\"await the end\", \"hold\"]", "\"sink\""),
    ("nagle-delayed-ack", "name = \"patient\"", "name = \"patient\"\nnagle = \"off\""),
    ("nagle-delayed-ack", "nagle = \"off\"", "nagle = \"on\""),
    ("silly-window", "receive-buffer = \"3000\"", "receive-buffer = \"500\""),
    ("zero-window", "after = \"2s\"", "after = \"0s\""),
    ("bufferbloat-reno", "congestion = \"reno\"", "congestion = \"bbr\""),
    ("bufferbloat-cubic", "congestion = \"cubic\"", "congestion = \"bbr\""),
    ("bufferbloat-bbr", "congestion = \"bbr\"", "congestion = \"cubic\""),
    ("black-hole", "initial-window = 2", "initial-window = 2\nmtu-probing = \"off\""),
    ("black-hole", "carries = 1400", "carries = 1500"),
    ("black-hole-ignored", "mtu-probing = \"off\"", "mtu-probing = \"on black hole\""),
];

/// How many expectations of a scenario do not hold.
fn failures(name: &str, text: &str) -> usize {
    let scenario = Scenario::parse(name, text).unwrap_or_else(|mistake| panic!("{mistake}"));
    let run = Run::new(&scenario, 1, Order::Written);
    run.judge().iter().filter(|verdict| !verdict.holds).count()
}

/// The file without its `[[events]]`.
fn without_events(text: &str) -> String {
    let mut tables = text.split("\n[[");
    let first = tables.next().unwrap_or_default().to_owned();
    let kept = tables.filter(|table| !table.starts_with("events]]"));
    kept.fold(first, |text, table| format!("{text}\n[[{table}"))
}

#[test]
fn without_what_befalls_it_no_scenario_is_what_it_was() {
    let with_events = SHIPPED.iter().filter(|shipped| shipped.text.contains("\n[[events]]"));
    let silent: Vec<&str> = with_events
        .filter(|shipped| failures(shipped.name, &without_events(shipped.text)) == 0)
        .map(|shipped| shipped.name)
        .collect();
    assert!(silent.is_empty(), "these hold all the same: {silent:?}");
}

#[test]
fn with_something_otherwise_no_scenario_is_what_it_was() {
    let mut silent = Vec::new();
    for (name, of, instead) in OTHERWISE {
        let text = shipped(name).expect("it is shipped").text;
        assert!(text.contains(of), "{name} has no `{of}`");
        if failures(name, &text.replacen(of, instead, 1)) == 0 {
            silent.push(format!("{name} with `{instead}`"));
        }
    }
    assert!(silent.is_empty(), "these hold all the same: {silent:#?}");
}

#[test]
fn every_scenario_has_a_control() {
    let controlled = |name: &str| OTHERWISE.iter().any(|(of, ..)| *of == name);
    let without: Vec<&str> = SHIPPED
        .iter()
        .filter(|shipped| !shipped.text.contains("\n[[events]]") && !controlled(shipped.name))
        .map(|shipped| shipped.name)
        .collect();
    assert!(without.is_empty(), "nobody has seen these fail: {without:?}");
}
