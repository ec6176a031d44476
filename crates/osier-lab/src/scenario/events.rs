//! What befalls a scenario, and when?
//!
//! A condition is who and what: `a sends the second FIN`, `b is in SYN-RECEIVED`. Several of them
//! are met one after another. An action is a verb: `drop`, `crash a`, `cut a-b`, `deliver old`.

use super::Names;
use super::mistake::{Mistake, did_you_mean};
use super::phrase::Phrase;
use super::programs::host;
use super::quantity;
use super::reader::Value;
use crate::rule::{Match, Text, Then};
use osier_tcp::State;
use osier_time::Duration;
use osier_wire::tcp::Flags;

/// Something that happens.
#[derive(Clone, Debug)]
pub(super) struct EventPlan {
    /// What has to happen first, one after another; none: nothing.
    pub(super) when: Vec<When>,
    /// So long after that, or at that time.
    pub(super) after: Duration,
    /// What becomes of the segment that the last condition names.
    pub(super) then: Option<Then>,
    pub(super) acts: Vec<Act>,
}

/// A condition.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum When {
    /// A node sends a segment, the `from`th to the `to`th that fits; with `over`: to that
    /// neighbour, counted there alone.
    Sends { who: usize, what: Match, over: Option<usize>, from: u32, to: u32 },
    /// A connection of a host enters a state.
    IsIn { who: usize, state: State },
}

/// An action.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Act {
    Crash(usize),
    Restart(usize),
    /// A link, by its number, carries nothing any more.
    Cut(usize),
    Heal(usize),
    /// The copy of that number arrives.
    Deliver(u8),
    /// A segment arrives at `to` that says it is from `from`.
    Forge {
        flags: Flags,
        from: usize,
        to: usize,
        ahead: i64,
    },
}

pub(super) fn event(value: Value<'_>, names: &mut Names<'_>) -> Result<EventPlan, Mistake> {
    let table = value.table("an event", &["at", "when", "after", "do"])?;
    let at = table.read("at", |value| names.in_time(value))?;
    let when = table.get("when");
    let after = table.read("after", Value::time)?;
    let when = match (at, when) {
        (Some(_), None) => Vec::new(),
        (None, Some(when)) => {
            let list = when.list();
            if list.is_empty() {
                return Err(when.wrong("there is no condition", "name one, or write `at = \"2s\"`"));
            }
            list.into_iter().map(|when| condition(when, names)).collect::<Result<_, _>>()?
        }
        (Some(_), Some(when)) => {
            return Err(when.wrong("an event has `at` or `when`", "leave one of them out"));
        }
        (None, None) => {
            let remedy = "add `at = \"2s\"` or `when = \"a sends the first FIN\"`";
            return Err(table.wrong("it is not said when this happens", remedy));
        }
    };
    let does = table.need("do", "\"drop\"")?;
    let after = at.or(after).unwrap_or(Duration::ZERO);
    let mut event = EventPlan { when, after, then: None, acts: Vec::new() };
    for act in does.list() {
        action(act, names, &mut event)?;
    }
    if event.then.is_none() && event.acts.is_empty() {
        return Err(does.wrong("nothing is done", "name an action, or leave the event out"));
    }
    Ok(event)
}

fn condition(value: Value<'_>, names: &Names<'_>) -> Result<When, Mistake> {
    let mut phrase = value.phrase()?;
    let subject = phrase.clone();
    let who = node(&mut phrase, names)?;
    let when = if phrase.take("is in") {
        // Only hosts have states.
        host(&mut subject.clone(), names.nodes)?;
        When::IsIn { who, state: phrase.state()? }
    } else if phrase.take("sends") {
        let (from, to) = ordinal(&mut phrase)?;
        let what = segment(&mut phrase)?;
        let over = if phrase.take("to") { Some(neighbour(&mut phrase, who, names)?) } else { None };
        When::Sends { who, what, over, from, to }
    } else {
        let word = phrase.word("`sends` or `is in`")?;
        let remedy = "write `sends the first FIN` or `is in ESTABLISHED`";
        return Err(phrase.wrong(format!("`{word}` is no condition"), remedy));
    };
    phrase.finish()?;
    Ok(when)
}

/// Any node: a router and a switch send, too.
fn node(phrase: &mut Phrase<'_>, names: &Names<'_>) -> Result<usize, Mistake> {
    let word = phrase.word("the name of a node")?;
    let known: Vec<&str> = names.nodes.iter().map(|node| node.name.as_str()).collect();
    let found = known.iter().position(|name| *name == word);
    found.ok_or_else(|| {
        phrase.wrong(format!("there is no host `{word}`"), did_you_mean(word, &known))
    })
}

/// The node at the other end of a link of `who`.
fn neighbour(phrase: &mut Phrase<'_>, who: usize, names: &Names<'_>) -> Result<usize, Mistake> {
    let other = node(phrase, names)?;
    let joined = |(a, b): (usize, usize)| [(a, b), (b, a)].contains(&(who, other));
    if names.links.iter().any(|link| joined(link.between)) {
        return Ok(other);
    }
    let (a, b) = (&names.nodes[who].name, &names.nodes[other].name);
    let remedy = "name who is at the other end of one of its links: `to` is the next node";
    Err(phrase.wrong(format!("`{a}` and `{b}` are not joined by a link"), remedy))
}

const ORDINALS: [&str; 10] =
    ["first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth", "tenth"];

/// `the third`, `every`, `the 12th`; nothing: the first.
fn ordinal(phrase: &mut Phrase<'_>) -> Result<(u32, u32), Mistake> {
    if phrase.take("every") {
        return Ok((1, u32::MAX));
    }
    if !phrase.take("the") {
        return Ok((1, 1));
    }
    if phrase.take("first") {
        if let Some(Ok(n)) = phrase.peek().map(str::parse::<u32>) {
            phrase.word("a number")?;
            return Ok((1, n.max(1)));
        }
        return Ok((1, 1));
    }
    let word = phrase.word("first, second, third …")?;
    let digits = word.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let named = ORDINALS.iter().position(|known| *known == word).map(|at| at as u32 + 1);
    match named.or_else(|| digits.parse().ok()).filter(|n| *n > 0) {
        Some(n) => Ok((n, n)),
        None => {
            Err(phrase.wrong(format!("`{word}` counts nothing"), did_you_mean(word, &ORDINALS)))
        }
    }
}

/// What a segment is like: `SYN`, `SYN+ACK`, `FIN`, `RST`, `ACK`, `text`, `segment`.
pub(super) fn segment(phrase: &mut Phrase<'_>) -> Result<Match, Mistake> {
    let is = |set, clear, text| Match { set, clear, text };
    let others = Flags::SYN | Flags::FIN | Flags::RST;
    phrase.one_of(
        "segment",
        &[
            ("SYN+ACK", is(Flags::SYN | Flags::ACK, Flags::NONE, None)),
            ("SYN", is(Flags::SYN, Flags::ACK, None)),
            ("FIN with text", is(Flags::FIN, Flags::NONE, Some(Text::Some))),
            ("FIN", is(Flags::FIN, Flags::NONE, None)),
            ("RST", is(Flags::RST, Flags::NONE, None)),
            ("ACK", is(Flags::ACK, others, Some(Text::None))),
            ("text", is(Flags::NONE, Flags::NONE, Some(Text::Some))),
            ("segment", is(Flags::NONE, Flags::NONE, None)),
        ],
    )
}

#[derive(Clone, Copy)]
enum Verb {
    Drop,
    Delay,
    Duplicate,
    Corrupt,
    Copy,
    Crash,
    Restart,
    Cut,
    Heal,
    Deliver,
    Forge,
}

const VERBS: [(&str, Verb); 11] = [
    ("drop", Verb::Drop),
    ("delay", Verb::Delay),
    ("duplicate", Verb::Duplicate),
    ("corrupt", Verb::Corrupt),
    ("copy as", Verb::Copy),
    ("crash", Verb::Crash),
    ("restart", Verb::Restart),
    ("cut", Verb::Cut),
    ("heal", Verb::Heal),
    ("deliver", Verb::Deliver),
    ("forge", Verb::Forge),
];

fn action(value: Value<'_>, names: &mut Names<'_>, event: &mut EventPlan) -> Result<(), Mistake> {
    let mut phrase = value.phrase()?;
    let verb = phrase.one_of("action", &VERBS)?;
    let then = match verb {
        Verb::Drop => Some(Then::Drop),
        Verb::Delay => Some(Then::Delay(phrase.quantity("a time", quantity::time)?)),
        Verb::Duplicate => Some(Then::Duplicate),
        Verb::Corrupt => Some(Then::Corrupt),
        Verb::Copy => Some(Then::Copy(names.new_copy(phrase.word("a name for the copy")?))),
        Verb::Crash | Verb::Restart | Verb::Cut | Verb::Heal | Verb::Deliver | Verb::Forge => None,
    };
    if then.is_some() {
        let of_segment = matches!(event.when.last(), Some(When::Sends { .. }));
        if !of_segment || event.after != Duration::ZERO || event.then.is_some() {
            let remedy = "use it alone, with `when = \"a sends …\"` and without `after`";
            return Err(phrase.wrong("there is no segment at hand for this", remedy));
        }
        event.then = then;
        return phrase.finish();
    }
    let act = match verb {
        Verb::Crash | Verb::Restart => {
            let who = host(&mut phrase, names.nodes)?;
            let who = names.is_ours(&phrase, who)?;
            names.has_stack(&phrase, who)?;
            if matches!(verb, Verb::Crash) { Act::Crash(who) } else { Act::Restart(who) }
        }
        Verb::Cut => Act::Cut(names.link(&mut phrase)?),
        Verb::Heal => Act::Heal(names.link(&mut phrase)?),
        Verb::Deliver => Act::Deliver(names.copy(&mut phrase)?),
        _ => forge(&mut phrase, names)?,
    };
    event.acts.push(act);
    phrase.finish()
}

/// `forge RST from a to b 1000 ahead`
fn forge(phrase: &mut Phrase<'_>, names: &Names<'_>) -> Result<Act, Mistake> {
    let known = [
        ("SYN", Flags::SYN),
        ("RST", Flags::RST),
        ("FIN", Flags::FIN | Flags::ACK),
        ("ACK", Flags::ACK),
    ];
    let flags = phrase.one_of("segment to forge", &known)?;
    needs(phrase, "from")?;
    let from = host(phrase, names.nodes)?;
    needs(phrase, "to")?;
    let to = host(phrase, names.nodes)?;
    if names.is_ethernet(to) {
        let says = format!("the link of `{}` is Ethernet", names.nodes[to].name);
        let remedy = "forge for a host that is at no switch; with a kernel, write --link tun:NAME";
        return Err(phrase.wrong(says, remedy));
    }
    let mut ahead = 0;
    if phrase.peek().is_some() {
        let octets = phrase.quantity("how far ahead", quantity::octets)?;
        let ways = [("ahead", 1), ("behind", -1)];
        ahead = octets.min(1 << 31) as i64 * phrase.one_of("direction", &ways)?;
    }
    Ok(Act::Forge { flags, from, to, ahead })
}

pub(super) fn needs(phrase: &mut Phrase<'_>, wanted: &str) -> Result<(), Mistake> {
    if phrase.take(wanted) {
        return Ok(());
    }
    let word = phrase.word(&format!("`{wanted}`"))?;
    Err(phrase.wrong(format!("`{word}` is not understood here"), format!("write `{wanted}`")))
}
