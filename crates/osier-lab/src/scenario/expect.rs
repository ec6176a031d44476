//! What is expected of a scenario?
//!
//! A sentence each: who, what, and how often or how long. `a stays in TIME-WAIT for 60s`. Whether
//! it holds is judged in `judge.rs`.

use super::Names;
use super::events::{needs, segment};
use super::mistake::{Mistake, did_you_mean};
use super::phrase::Phrase;
use super::programs::host;
use super::quantity::{self, Wrong};
use super::reader::Value;
use crate::dice::Chance;
use crate::rule::Match;
use core::fmt;
use osier_tcp::{Ending, State};

/// An expectation.
#[derive(Clone, Debug)]
pub(super) struct Expectation {
    /// As it is written.
    pub(super) sentence: String,
    pub(super) claim: Claim,
    /// In how many of all seeds it must hold; `None`: in every one.
    pub(super) seeds: Option<Chance>,
}

/// What is claimed.
#[derive(Clone, Debug)]
pub(super) enum Claim {
    Passes { who: usize, states: Vec<State>, connection: usize },
    Reaches { who: usize, state: State, times: Range },
    Stays { who: usize, state: State, nanos: Range },
    Sends { who: usize, what: Match, times: Range },
    Counts { who: usize, counter: String, times: Range },
    Holds { who: usize, thing: Thing, amount: Range },
    Left { who: usize, thing: Thing, amount: Range },
    RoundTrip { who: usize, nanos: Range },
    Ends { program: usize, outcome: Outcome, times: Option<Range> },
    Reads { program: usize, octets: Range },
    Takes { program: usize, nanos: Range },
    Refused { program: usize, times: Range },
    HearsWrong { program: usize },
}

/// How a connection ends for its program.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    /// Everything was said.
    Done,
    Failed(Ending),
}

/// What a host can hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Thing {
    HalfOpen,
    TimeWait,
    Connections,
    Memory,
    Sockets(State),
}

/// From the least to the most.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Range {
    pub(super) least: u64,
    pub(super) most: u64,
}

impl Range {
    pub(super) const fn has(self, n: u64) -> bool {
        self.least <= n && n <= self.most
    }

    const ONE_OR_MORE: Range = Range { least: 1, most: u64::MAX };
    const NONE: Range = Range { least: 0, most: 0 };
}

impl fmt::Display for Range {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.least, self.most) {
            (least, u64::MAX) => write!(f, "at least {least}"),
            (0, 0) => f.write_str("none"),
            (0, most) => write!(f, "at most {most}"),
            (least, most) if least == most => write!(f, "{least}"),
            (least, most) => write!(f, "{least} to {most}"),
        }
    }
}

pub(super) fn expectation(value: Value<'_>, names: &Names<'_>) -> Result<Expectation, Mistake> {
    let table = value.table("an expectation", &["that", "seeds"])?;
    let that = table.need("that", "\"a passes SYN-SENT, ESTABLISHED\"")?;
    let mut phrase = that.phrase()?;
    let sentence = phrase.whole().to_owned();
    let claim = claim(&mut phrase, names)?;
    phrase.finish()?;
    let seeds = table.read("seeds", |value| match value.text()? {
        "all" => Ok(None),
        _ => value.chance().map(Some),
    })?;
    Ok(Expectation { sentence, claim, seeds: seeds.flatten() })
}

fn claim(phrase: &mut Phrase<'_>, names: &Names<'_>) -> Result<Claim, Mistake> {
    if let Some(program) = phrase.peek().and_then(|word| names.program(word)) {
        phrase.word("a program")?;
        return of_program(phrase, names.has_connections(phrase, program)?);
    }
    let word = phrase.peek();
    let who = host(phrase, names.nodes).map_err(|mistake| {
        let programs: Vec<&str> = names.programs.iter().map(|p| p.name.as_str()).collect();
        let hosts = names.nodes.iter().map(|node| node.name.as_str());
        let all: Vec<&str> = hosts.chain(programs).collect();
        let says = format!("there is no host or program `{}`", word.unwrap_or_default());
        Mistake { says, remedy: did_you_mean(word.unwrap_or_default(), &all), ..mistake }
    })?;
    let sends = phrase.peek().is_some_and(|word| matches!(word, "sends" | "never"));
    of_host(phrase, if sends { who } else { names.has_stack(phrase, who)? })
}

#[derive(Clone, Copy)]
enum Verb {
    Passes,
    Reaches,
    NeverReaches,
    Stays,
    Sends,
    NeverSends,
    Counts,
    Holds,
    Left,
    RoundTrip,
}

const VERBS: [(&str, Verb); 10] = [
    ("passes", Verb::Passes),
    ("reaches", Verb::Reaches),
    ("never reaches", Verb::NeverReaches),
    ("stays in", Verb::Stays),
    ("sends", Verb::Sends),
    ("never sends", Verb::NeverSends),
    ("counts", Verb::Counts),
    ("holds", Verb::Holds),
    ("is left with", Verb::Left),
    ("measures a round trip of", Verb::RoundTrip),
];

fn of_host(phrase: &mut Phrase<'_>, who: usize) -> Result<Claim, Mistake> {
    Ok(match phrase.one_of("expectation of a host", &VERBS)? {
        Verb::Passes => {
            let mut states = vec![phrase.state()?];
            while phrase.peek().is_some_and(|word| word != "on") {
                states.push(phrase.state()?);
            }
            let connection = if phrase.take("on connection") { count(phrase)?.max(1) } else { 1 };
            Claim::Passes { who, states, connection: connection as usize }
        }
        Verb::Reaches => Claim::Reaches { who, state: phrase.state()?, times: times(phrase)? },
        Verb::NeverReaches => Claim::Reaches { who, state: phrase.state()?, times: Range::NONE },
        Verb::Stays => {
            let state = phrase.state()?;
            phrase.take("for");
            Claim::Stays { who, state, nanos: range(phrase, nanos)? }
        }
        Verb::Sends => Claim::Sends { who, what: segment(phrase)?, times: times(phrase)? },
        Verb::NeverSends => Claim::Sends { who, what: segment(phrase)?, times: Range::NONE },
        Verb::Counts => {
            let counter = counter(phrase)?;
            Claim::Counts { who, counter, times: times(phrase)? }
        }
        Verb::Holds => {
            let amount = range(phrase, quantity::octets)?;
            Claim::Holds { who, thing: thing(phrase)?, amount }
        }
        Verb::Left => {
            let amount = range(phrase, quantity::octets)?;
            Claim::Left { who, thing: thing(phrase)?, amount }
        }
        Verb::RoundTrip => Claim::RoundTrip { who, nanos: range(phrase, nanos)? },
    })
}

const OUTCOMES: [(&str, Outcome); 7] = [
    ("done", Outcome::Done),
    ("reset", Outcome::Failed(Ending::Reset)),
    ("refused", Outcome::Failed(Ending::Refused)),
    ("timed out", Outcome::Failed(Ending::TimedOut)),
    ("aborted", Outcome::Failed(Ending::Aborted)),
    ("unreachable", Outcome::Failed(Ending::Unreachable)),
    ("in order", Outcome::Failed(Ending::InOrder)),
];

#[derive(Clone, Copy)]
enum OfProgram {
    Ends,
    Reads,
    Takes,
    Refused,
    Wrong,
}

const PROGRAM_VERBS: [(&str, OfProgram); 5] = [
    ("ends", OfProgram::Ends),
    ("reads", OfProgram::Reads),
    ("takes", OfProgram::Takes),
    ("finds no port", OfProgram::Refused),
    ("hears what nobody said", OfProgram::Wrong),
];

fn of_program(phrase: &mut Phrase<'_>, program: usize) -> Result<Claim, Mistake> {
    Ok(match phrase.one_of("expectation of a program", &PROGRAM_VERBS)? {
        OfProgram::Ends => {
            let outcome = phrase.one_of("outcome", &OUTCOMES)?;
            let times = if phrase.peek().is_some() { Some(times(phrase)?) } else { None };
            Claim::Ends { program, outcome, times }
        }
        OfProgram::Reads => {
            let octets = range(phrase, quantity::octets)?;
            phrase.take("octets");
            Claim::Reads { program, octets }
        }
        OfProgram::Takes => Claim::Takes { program, nanos: range(phrase, nanos)? },
        OfProgram::Refused => Claim::Refused { program, times: times(phrase)? },
        OfProgram::Wrong => Claim::HearsWrong { program },
    })
}

fn nanos(text: &str) -> Result<u64, Wrong> {
    quantity::time(text).map(osier_time::Duration::as_nanos)
}

/// `half-open`, `TIME-WAIT`, `connections`, `memory`, or a state.
pub(super) fn thing(phrase: &mut Phrase<'_>) -> Result<Thing, Mistake> {
    if !phrase.take("octets of") {
        phrase.take("of");
    }
    let known = [
        ("half-open", Thing::HalfOpen),
        ("TIME-WAIT", Thing::TimeWait),
        ("connections", Thing::Connections),
        ("memory", Thing::Memory),
        ("ESTABLISHED", Thing::Sockets(State::Established)),
        ("FIN-WAIT-1", Thing::Sockets(State::FinWait1)),
        ("FIN-WAIT-2", Thing::Sockets(State::FinWait2)),
        ("CLOSE-WAIT", Thing::Sockets(State::CloseWait)),
        ("LAST-ACK", Thing::Sockets(State::LastAck)),
        ("CLOSING", Thing::Sockets(State::Closing)),
    ];
    phrase.one_of("thing that a host holds", &known)
}

/// The name of a counter of hosts.
fn counter(phrase: &mut Phrase<'_>) -> Result<String, Mistake> {
    let word = phrase.word("the name of a counter")?;
    let keys = osier_host::Keys::from_seed(0);
    let host = osier_host::Host::new(osier_host::Config::default(), keys);
    let counters = host.counters();
    if counters.iter().any(|(name, _)| *name == word) {
        return Ok(word.to_owned());
    }
    let names: Vec<&str> = counters.iter().map(|(name, _)| *name).collect();
    Err(phrase.wrong(format!("there is no counter `{word}`"), did_you_mean(word, &names)))
}

fn count(phrase: &mut Phrase<'_>) -> Result<u64, Mistake> {
    phrase.quantity("a number", quantity::octets)
}

/// How often: nothing said is at least once.
fn times(phrase: &mut Phrase<'_>) -> Result<Range, Mistake> {
    if phrase.peek().is_none() {
        return Ok(Range::ONE_OR_MORE);
    }
    let times = range(phrase, quantity::octets)?;
    if !phrase.take("times") {
        phrase.take("time");
    }
    Ok(times)
}

/// `once`, `never`, `5`, `exactly 5`, `at least 5`, `at most 5`, `5 to 9`.
fn range(phrase: &mut Phrase<'_>, read: fn(&str) -> Result<u64, Wrong>) -> Result<Range, Mistake> {
    for (word, n) in [("never", 0), ("no", 0), ("once", 1), ("twice", 2)] {
        if phrase.take(word) {
            return Ok(Range { least: n, most: n });
        }
    }
    let wanted = "how much: 5, at least 5, at most 5, 5 to 9";
    if phrase.take("at least") {
        let most = if phrase.take("once") { 1 } else { phrase.quantity(wanted, read)? };
        return Ok(Range { least: most, most: u64::MAX });
    }
    if phrase.take("at most") {
        let most = if phrase.take("once") { 1 } else { phrase.quantity(wanted, read)? };
        return Ok(Range { least: 0, most });
    }
    phrase.take("exactly");
    let least = phrase.quantity(wanted, read)?;
    let most = if phrase.peek() == Some("to") {
        needs(phrase, "to")?;
        phrase.quantity(wanted, read)?
    } else {
        least
    };
    if least > most {
        return Err(phrase.wrong("nothing is in that range", "write the smaller one first"));
    }
    Ok(Range { least, most })
}
