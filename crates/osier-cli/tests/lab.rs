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
