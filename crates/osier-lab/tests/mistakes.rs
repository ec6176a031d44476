//! Is a mistake in a scenario told with its place and a remedy?

use osier_lab::scenario::{Order, Run, SHIPPED, Scenario};

/// A scenario without a mistake, line by line.
const GOOD: &str = "title = 'x'
length = '1s'
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
does = 'echo'
[[programs]]
on = 'a'
client = 'b:80'
does = ['send 10KB', 'shutdown', 'await the end']
[[events]]
when = 'a sends the first FIN'
do = 'drop'
[[expect]]
that = 'a passes SYN-SENT, ESTABLISHED'
";

/// What is said of the good one with one text in place of another.
fn said(of: &str, instead: &str) -> String {
    assert!(GOOD.contains(of), "{of}");
    let text = GOOD.replacen(of, instead, 1);
    match Scenario::parse("x.toml", &text) {
        Ok(_) => format!("`{instead}` was taken for good"),
        Err(mistake) => mistake.to_string(),
    }
}

#[test]
fn a_good_scenario_is_read() {
    assert_eq!(Scenario::parse("dir/x.toml", GOOD).expect("it is good").name(), "x");
}

#[test]
fn a_mistake_names_line_column_and_remedy() {
    for (of, instead, told) in [
        ("delay", "delai", "x.toml:9:1: a link has no `delai`; did you mean `delay`?"),
        ("10ms", "10", "x.toml:9:9: `10` has no unit; write it like 10ms, 1.5s or 2min"),
        ("10ms", "10 metres", "x.toml:9:9: `metres` is no unit of a time; write it like 10ms"),
        ("10ms", "25h", "x.toml:9:9: 25h is longer than a day; no scenario lasts so long"),
        ("'a', 'b'", "'a', 'bb'", "x.toml:8:17: there is no `bb`; did you mean `b`?"),
        ("'a', 'b'", "'a', 'a'", "x.toml:8:11: a link joins two nodes; name another one"),
        ("on = 'b'", "on = 'c'", "x.toml:11:7: there is no host `c`; did you mean"),
        ("b:80", "b", "x.toml:16:11: `b` is no host with a port; write b:80"),
        ("send 10KB", "sned 10KB", "x.toml:17:10: `sned` is no step; did you mean `send`?"),
        ("send 10KB", "send much", "x.toml:17:15: `much` is no size; write it like 100, 10KB"),
        (
            "the first FIN",
            "the thrid FIN",
            "x.toml:19:21: `thrid` counts nothing; did you mean `third`?",
        ),
        ("a sends", "z sends", "x.toml:19:9: there is no host `z`; did you mean"),
        ("first FIN", "first FIM", "x.toml:19:27: `FIM` is no segment; did you mean `FIN`?"),
        (
            "the first FIN'",
            "the first FIN to a'",
            "x.toml:19:34: `a` and `a` are not joined by a link; name who is at the other end",
        ),
        ("'drop'", "'crash z'", "x.toml:20:13: there is no host `z`; did you mean"),
        (
            "'drop'",
            "'deliver old'",
            "x.toml:20:15: no event above makes a copy `old`; there is none",
        ),
        (
            "when = 'a sends the first FIN'",
            "at = '2s'",
            "x.toml:19:6: the scenario is over by then",
        ),
        ("SYN-SENT", "SYN-SEND", "x.toml:22:18: `SYN-SEND` is no state; did you mean `SYN-SENT`?"),
        (
            "10.0.0.2/24",
            "10.0.0.1/24",
            "x.toml:5:1: `a` has that address already; give `b` another",
        ),
        ("10.0.0.2/24", "10.0.0.2", "x.toml:6:11: `10.0.0.2` is no address: no prefix length"),
        ("server = 80", "server = 0", "x.toml:12:10: 0 cannot be; write a number from 1 to 65535"),
        ("server = 80", "", "x.toml:10:1: a program serves, calls or floods; add `server = 80`"),
        ("length = '1s'", "", "x.toml:1:1: a scenario needs `length`; add `length = \"10s\"`"),
        ("address = '10.0.0.2/24'", "address = []", "x.toml:6:11: a host has an address"),
        ("client = 'b:80'", "client = 'b:80'\nname = 'a'", "x.toml:1:1: two are called `a`"),
        (
            "on = 'a'\nclient = 'b:80'",
            "on = 'b'\nname = 'other'\nserver = 80",
            "x.toml:1:1: two programs serve port 80 of `b`; give one of them another port",
        ),
        ("delay = '10ms'", "loss = '101%'", "x.toml:9:8: 101% is more than always"),
        ("'drop'", "['drop', 'drop']", "x.toml:20:16: there is no segment at hand for this"),
        ("title = 'x'", "title = x", "x.toml:1:9: not TOML: "),
    ] {
        let said = said(of, instead);
        assert!(said.starts_with(told), "`{instead}`:\n  told {said}\n  not  {told}");
    }
}

/// What a rule sees and an expectation counts is what hosts send, not what the network delivers:
/// else a copy that is delivered for every segment would never come to an end.
#[test]
fn a_copy_that_is_delivered_is_not_sent_again() {
    let event = "[[events]]
when = 'a sends the first SYN'
do = 'copy as old'
[[events]]
when = 'a sends every segment'
do = 'deliver old'
[[expect]]
that = 'a sends SYN once'
";
    let text = format!("{GOOD}{event}");
    let scenario = Scenario::parse("x.toml", &text).expect("it is good");
    let run = Run::new(&scenario, 1, Order::Written);
    let verdicts = run.judge();
    assert!(verdicts.last().is_some_and(|verdict| verdict.holds), "{verdicts:?}");
}

/// Whatever is cut out of a good scenario, the rest is read or refused, in finite time.
#[test]
fn half_a_scenario_makes_no_panic() {
    for shipped in SHIPPED {
        let starts = (0..shipped.text.len()).filter(|at| shipped.text.is_char_boundary(*at));
        for at in starts.step_by(7) {
            let _ = Scenario::parse("x", &shipped.text[..at]);
            let _ = Scenario::parse("x", &shipped.text[at..]);
        }
    }
}
