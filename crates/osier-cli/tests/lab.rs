//! Does `osier lab` run scenarios, say what does not hold, and name a mistake with its remedy?

use std::path::PathBuf;
use std::process::{Command, Output};

fn osier(words: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_osier")).args(words).output().expect("the command runs")
}

fn said(output: &Output) -> (Option<i32>, String) {
    let both = [&output.stdout[..], &output.stderr].concat();
    (output.status.code(), String::from_utf8_lossy(&both).into_owned())
}

/// A file of this test alone.
fn file(name: &str, text: &str) -> String {
    let path = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(name);
    std::fs::write(&path, text).expect("the folder is ours");
    path.to_str().expect("a path of letters").to_owned()
}

const PAIR: &str = "title = 'x'
length = '1s'
[hosts.a]
address = '10.0.0.1/24'
[hosts.b]
address = '10.0.0.2/24'
[[links]]
between = ['a', 'b']
delay = '10ms'
[[programs]]
on = 'a'
client = 'b:80'
[[expect]]
that = 'a-client ends done'
";

#[test]
fn every_scenario_is_listed_and_one_is_drawn() {
    let (code, list) = said(&osier(&["lab", "list"]));
    assert!(code == Some(0) && list.contains("third-ack-lost  "), "{list}");
    let (code, drawn) = said(&osier(&["lab", "run", "third-ack-lost", "--plain"]));
    assert_eq!(code, Some(0), "{drawn}");
    assert!(drawn.is_ascii() && drawn.contains("SYN-RECEIVED") && drawn.contains("X lost"));
}

#[test]
fn an_expectation_that_does_not_hold_is_told_with_what_happened() {
    let path = file("refused.toml", PAIR);
    let (code, said) = said(&osier(&["lab", "run", &path]));
    assert_eq!(code, Some(1), "{said}");
    assert!(said.contains("actual:      0 of 1 (Refused)"), "{said}");
}

#[test]
fn a_mistake_ends_with_2_and_names_its_place() {
    let path = file("mistake.toml", &PAIR.replace("delay", "delai"));
    let (code, said) = said(&osier(&["lab", "run", &path]));
    assert_eq!(code, Some(2), "{said}");
    assert!(
        said.contains("mistake.toml:9:1: a link has no `delai`; did you mean `delay`?"),
        "{said}"
    );
    let output = osier(&["lab", "run", "no-such-scenario"]);
    assert_eq!(output.status.code(), Some(2));
}

#[test]
fn a_saved_run_is_the_same_again_and_another_one_is_noticed() {
    let saved = file("saved", "");
    assert_eq!(
        osier(&["lab", "run", "syn-lost", "--seed", "7", "--save", &saved]).status.code(),
        Some(0)
    );
    assert_eq!(osier(&["lab", "replay", &saved]).status.code(), Some(0));
    let line = std::fs::read_to_string(&saved).expect("it was written");
    let other = line.replace("seed 7", "seed 8");
    let (code, said) = said(&osier(&["lab", "replay", &other]));
    assert!(code == Some(1) && said.contains("another one"), "{said}");
}

#[test]
fn json_svg_and_html_tell_the_same_run() {
    let (svg, html) = (file("x.svg", ""), file("x.html", ""));
    let output = osier(&["lab", "run", "syn-lost", "--json", "--svg", &svg, "--html", &html]);
    let value: serde_json::Value = serde_json::from_slice(&output.stdout).expect("one object");
    assert_eq!(value["seed"], 1);
    assert!(value["ladder"]["steps"].as_array().is_some_and(|steps| steps.len() > 3));
    assert!(std::fs::read_to_string(&svg).expect("written").starts_with("<svg"));
    assert!(std::fs::read_to_string(&html).expect("written").contains("The SYN is lost"));
}

/// Two programs that talk without an end, over a link that takes no time.
const ENDLESS: &str = "title = 'x'
length = '1s'
turns = 6_000
[hosts.a]
address = '10.0.0.1/24'
[hosts.b]
address = '10.0.0.2/24'
[[links]]
between = ['a', 'b']
[[programs]]
on = 'b'
server = 80
does = 'sink'
[[programs]]
on = 'a'
client = 'b:80'
does = 'bulk'
[[expect]]
that = 'a passes SYN-SENT, ESTABLISHED'
";

#[test]
fn a_run_that_was_stopped_fails_and_says_why() {
    let path = file("endless.toml", ENDLESS);
    let (code, said) = said(&osier(&["lab", "run", &path]));
    assert_eq!(code, Some(1), "{said}");
    assert!(said.contains("stopped after 6000 turns, at 0 ns: there may be no more"), "{said}");
    assert!(said.contains("allow more `turns`"), "{said}");
    assert!(said.contains("left out:      1000 steps are drawn of a story with"), "{said}");
}

/// 200,000 SYNs, none of which arrives.
const MUCH: &str = "title = 'x'
length = '1s'
[hosts.m]
address = '10.0.0.1/24'
[hosts.b]
address = '10.0.0.2/24'
[[links]]
between = ['m', 'b']
loss = '100%'
[[programs]]
on = 'm'
flood = 'b:80'
rate = '200000/s'
[[expect]]
that = 'm sends SYN at most 150000 times'
[[expect]]
that = 'm sends SYN at least 1000 times'
";

#[test]
fn what_a_run_does_not_keep_is_said_and_what_would_need_it_does_not_hold() {
    let (path, html) = (file("much.toml", MUCH), file("much.html", ""));
    let output = osier(&["lab", "run", &path, "--json", "--html", &html]);
    assert_eq!(output.status.code(), Some(1));
    let value: serde_json::Value = serde_json::from_slice(&output.stdout).expect("one object");
    let holds: Vec<_> = (0..2).map(|n| value["expectations"][n]["holds"].as_bool()).collect();
    assert_eq!(holds, [Some(false), Some(true)], "what is certain holds");
    let actual = value["expectations"][0]["actual"].as_str().expect("a sentence");
    assert!(actual.contains("that came later are not known"), "{actual}");
    let said = value["left_out"][0].as_str().expect("a sentence");
    assert!(said.contains("are not kept (a run keeps 131072 of each)"), "{said}");
    let page = std::fs::read_to_string(&html).expect("written");
    assert!(page.contains("are not kept (a run keeps 131072 of each)"), "it is on the page, too");
}

#[test]
fn a_mistake_of_a_stranger_ends_with_2_and_names_line_and_remedy() {
    for (of, instead, told) in [
        ("on = 'a'", "on = 'aa'", ":11:7: there is no host `aa`; did you mean `a`?"),
        ("client = 'b:80'", "client = 'c:80'", ":12:11: there is no host `c`; did you mean"),
        ("'a', 'b'", "'a', 'router'", ":8:17: there is no `router`; there is a, b"),
        ("10ms", "10 mss", ":9:9: `mss` is no unit of a time; write it like 10ms, 1.5s or 2min"),
        ("10ms", "-10ms", ":9:9: `-10ms` is no time; write it like 10ms"),
        ("10ms", "3 days", ":9:9: `days` is no unit of a time; write it like"),
        ("length = '1s'", "length = '48h'", ":2:10: 48h is longer than a day"),
        ("length = '1s'", "lenght = '1s'", ":2:1: a scenario has no `lenght`; did you mean"),
        ("delay = '10ms'", "loss = '1'", ":9:8: `1` has no unit; write it like 1%"),
        ("delay = '10ms'", "rate = '10MB'", ":9:8: `MB` is no unit of a rate; write it like"),
        ("ends done", "ends well", ":14:23: `well` is no outcome; "),
        ("a-client", "a-clinet", ":14:9: there is no host or program `a-clinet`; did you mean"),
    ] {
        assert!(PAIR.contains(of), "{of}");
        let path = file("stranger.toml", &PAIR.replacen(of, instead, 1));
        let (code, said) = said(&osier(&["lab", "run", &path]));
        assert_eq!(code, Some(2), "{instead}: {said}");
        assert!(said.contains(told), "`{instead}`: no `{told}` in {said}");
    }
}

#[test]
fn a_scenario_that_is_not_there_is_told_with_the_nearest_and_files_by_what_they_are() {
    let folder = env!("CARGO_TARGET_TMPDIR");
    let binary = file("binary.toml", "");
    std::fs::write(&binary, [0xFF, 0xFE]).expect("the folder is ours");
    for (name, told) in [
        ("third-ack-lots", "did you mean `third-ack-lost`?"),
        ("handshake", "did you mean `three-way-handshake`?"),
        ("flood", "`syn-flood-bounded-queue` or `syn-flood-cookies`?"),
        ("no-such-thing", "`osier lab list` names those that there are"),
        ("none/of.toml", "there is no file none/of.toml"),
        (folder, "is a folder; name the file of a scenario"),
        (&binary, "is no text; a scenario is TOML, in UTF-8"),
    ] {
        let (code, said) = said(&osier(&["lab", "run", name]));
        assert_eq!(code, Some(2), "{name}: {said}");
        assert!(said.contains(told), "{name}: no `{told}` in {said}");
    }
}

#[test]
fn an_output_that_cannot_be_written_is_told_and_none_overwrites_another() {
    let scenario = file("own.toml", PAIR);
    let (a, b) = (file("out-a", ""), file("out-b", ""));
    let folder = env!("CARGO_TARGET_TMPDIR");
    for (words, wanted, told) in [
        (["--svg", "/none/x.svg", "--html", &b], 3, "make its folder first"),
        (["--svg", folder, "--html", &b], 3, "that is a folder: name a file in it"),
        (["--svg", "/dev/full", "--html", &b], 3, "make room there"),
        (["--save", "/dev/full", "--html", &b], 3, "make room there"),
        (["--svg", &a, "--html", &a], 2, "--html would overwrite --svg"),
        (["--capture", &a, "--save", &a], 2, "--save would overwrite --capture"),
        (["--html", &b, "--capture", &scenario], 2, "--capture would overwrite the scenario"),
    ] {
        let (code, said) = said(&osier(&[&["lab", "run", &scenario][..], &words].concat()));
        assert_eq!(code, Some(wanted), "{words:?}: {said}");
        assert!(said.contains(told), "{words:?}: no `{told}` in {said}");
    }
    assert_eq!(std::fs::read_to_string(&scenario).expect("it is there"), PAIR);
}
