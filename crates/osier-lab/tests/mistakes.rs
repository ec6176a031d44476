//! Is a mistake in a scenario told with its place and a remedy?

use osier_lab::Framing;
use osier_lab::scenario::{Guest, Order, Run, SHIPPED, Scenario};

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

/// One text of the good one, another in its place, and what is said of that.
const MISTAKES: &[(&str, &str, &str)] = &[
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
    ("'drop'", "'deliver old'", "x.toml:20:15: no event above makes a copy `old`; there is none"),
    ("when = 'a sends the first FIN'", "at = '2s'", "x.toml:19:6: the scenario is over by then"),
    ("SYN-SENT", "SYN-SEND", "x.toml:22:18: `SYN-SEND` is no state; did you mean `SYN-SENT`?"),
    ("10.0.0.2/24", "10.0.0.1/24", "x.toml:5:1: `a` has that address already; give `b` another"),
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
    ("10ms", "-10ms", "x.toml:9:9: `-10ms` is no time; write it like 10ms, 1.5s or 2min"),
    ("10ms", "10 mss", "x.toml:9:9: `mss` is no unit of a time; write it like 10ms"),
    ("length = '1s'", "length = '0s'", "x.toml:2:10: nothing happens in no time; write a longer"),
    (
        "10.0.0.2/24",
        "fd00::2/64",
        "x.toml:16:10: `a` and `b` have no version of IP in common; give one of them",
    ),
    (
        "10.0.0.2/24",
        "255.255.255.255/24",
        "x.toml:6:11: 255.255.255.255/24 is no host's address; give the host an address of",
    ),
    ("'drop'", "[]", "x.toml:20:6: nothing is done; name an action, or leave the event out"),
    ("when = 'a sends the first FIN'", "when = []", "x.toml:19:8: there is no condition; name one"),
    (
        "delay = '10ms'",
        "queue = '5 packets'",
        "x.toml:7:1: nothing waits in a queue where frames leave at once; add `rate",
    ),
    ("'drop'", "['drop', 'drop']", "x.toml:20:16: there is no segment at hand for this"),
    ("title = 'x'", "title = x", "x.toml:1:9: not TOML: "),
];

#[test]
fn a_mistake_names_line_column_and_remedy() {
    for (of, instead, told) in MISTAKES {
        let said = said(of, instead);
        assert!(said.starts_with(told), "`{instead}`:\n  told {said}\n  not  {told}");
    }
}

/// A host that floods has no stack to be asked, and that is said: nothing panics.
#[test]
fn what_a_host_that_floods_cannot_be_asked_is_told() {
    let flood = "title = 'x'
length = '1s'
[hosts.m]
address = '10.0.0.1/24'
[hosts.b]
address = '10.0.0.2/24'
[[links]]
between = ['m', 'b']
[[programs]]
on = 'm'
flood = 'b:80'
rate = '10/s'
";
    let asked = |rest: &str| Scenario::parse("x.toml", &format!("{flood}{rest}"));
    for that in ["m holds 3 half-open", "m counts stray_reset", "m is left with 0 TIME-WAIT"] {
        let mistake = asked(&format!("[[expect]]\nthat = '{that}'\n")).expect_err(that).to_string();
        assert!(mistake.starts_with("x.toml:14:9: `m` floods: it has no connections"), "{mistake}");
    }
    for rest in [
        "[[expect]]\nthat = 'm-flood ends done'\n",
        "[[curves]]\nof = 'm half-open'\nevery = '1s'\n",
        "[[events]]\nat = '0s'\ndo = 'crash m'\n",
    ] {
        let mistake = asked(rest).expect_err(rest).to_string();
        assert!(mistake.contains("`m` floods"), "{mistake}");
    }
    let sends = asked("[[expect]]\nthat = 'm sends SYN 10 to 11 times'\n").expect("it does");
    assert!(Run::new(&sends, 1, Order::Written).judge().iter().all(|verdict| verdict.holds));
}

#[test]
fn a_unit_may_stand_apart() {
    let text = GOOD.replace("10KB", "10 KB").replace("10ms", "10 ms");
    let run = Run::new(&Scenario::parse("x.toml", &text).expect("it is read"), 1, Order::Written);
    let sent = run.world().computers().flat_map(|(_, c)| c.tallies().map(|tally| tally.sent));
    assert_eq!(sent.max(), Some(10_000));
}

#[test]
fn what_the_kernel_cannot_be_asked_for_is_a_mistake_with_its_place() {
    let tap = |host| Guest { host, framing: Framing::Ethernet };
    for (of, instead, host, told) in [
        ("'drop'", "'crash a'", None, "x.toml:20:13: `a` is the kernel, which has no switch"),
        ("'drop'", "'restart b'", Some("b"), "x.toml:20:15: `b` is the kernel"),
        ("'drop'", "'forge RST from a to b'", None, "x.toml:20:27: the link of `b` is Ethernet"),
        ("x", "x", Some("c"), "x.toml:3:2: there is no host `c`; did you mean"),
    ] {
        let text = GOOD.replacen(of, instead, 1);
        let mistake = Scenario::parse_with_guest("x.toml", &text, tap(host)).expect_err(instead);
        assert!(mistake.to_string().starts_with(told), "{mistake}");
    }
    let good = Scenario::parse_with_guest("x.toml", GOOD, tap(None)).expect("it can stand there");
    assert_eq!(good.guest(), Some("a"), "the first that connects");
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
