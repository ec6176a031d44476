//! What does a scenario say: which hosts, which links, which programs, what befalls them, and what
//! is expected?
//!
//! One TOML file. It is read here, completely and with the place of every mistake; nothing of it
//! is guessed. Every key is described in `docs/lab/README.md`.
//!
//! | Question | Where |
//! | --- | --- |
//! | How is a mistake told? | `mistake.rs` |
//! | How is a tree of TOML read? | `reader.rs` |
//! | … a sentence? A quantity? | `phrase.rs`, `quantity.rs` |
//! | Hosts and their settings? Links? Programs? | `nodes.rs`, `links.rs`, `programs.rs` |
//! | Conditions and actions? | `events.rs` |
//! | Expectations? Do they hold? | `expect.rs`, `judge.rs`; not all is kept: `left_out.rs` |
//! | How does a scenario become a world? How does it run? | `stage.rs`, `run.rs` |
//! | A real computer takes part: what changes? | `guest.rs` |
//! | What is drawn of it, and where? | `draw.rs`, `words.rs`, `curves.rs`, `arrange.rs` |
//! | How does everything stand at this moment? | `moment.rs` |
//! | What is done to a segment meanwhile, and written down? | `deeds.rs`, `played.rs` |
//! | Which scenarios are there? | `shipped.rs` |

mod arrange;
mod curves;
mod deeds;
mod draw;
mod events;
mod expect;
mod guest;
mod judge;
mod left_out;
mod links;
mod mistake;
mod moment;
mod nodes;
mod phrase;
mod played;
mod programs;
mod quantity;
mod reader;
mod run;
mod shipped;
mod stage;
mod words;

pub use curves::Curve;
pub use deeds::{Deed, time};
pub use guest::Guest;
pub use judge::Verdict;
pub use mistake::Mistake;
pub use moment::{Connected, Moved, Role, Standing};
pub use played::played;
pub use run::{Run, Stepped};
pub use shipped::{SHIPPED, Shipped, nearest, shipped};
pub use stage::Order;

use crate::build::Framing;
use crate::conditions::Conditions;
use core::net::IpAddr;
use curves::CurvePlan;
use events::EventPlan;
use expect::Expectation;
use guest::GuestPlan;
use links::LinkPlan;
use mistake::{Source, did_you_mean};
use nodes::{Kind, NodePlan};
use osier_time::Duration;
use phrase::Phrase;
use programs::{Doing, ProgramPlan};
use reader::{Table, Value};
use toml::Spanned;
use toml::de::{DeTable, DeValue};

/// A scenario, as its file says.
#[derive(Clone, Debug)]
pub struct Scenario {
    name: String,
    title: String,
    question: String,
    length: Duration,
    /// How many turns a run takes at most.
    turns: u64,
    steps: usize,
    /// The host whose frames are captured.
    capture: usize,
    /// The host in whose place a real computer stands.
    guest: Option<GuestPlan>,
    nodes: Vec<NodePlan>,
    links: Vec<LinkPlan>,
    programs: Vec<ProgramPlan>,
    events: Vec<EventPlan>,
    expectations: Vec<Expectation>,
    curves: Vec<CurvePlan>,
}

const KEYS: [&str; 14] = [
    "title", "question", "length", "turns", "steps", "capture", "hosts", "routers", "switches",
    "links", "programs", "events", "expect", "curves",
];

/// Turns after which a run is stopped where the scenario does not say: the longest that is shipped
/// takes some 13,000, and whoever waits for a million waits for seconds, not hours.
const TURNS: u64 = 1_000_000;

/// What a scenario may say at most: more than a day of work.
const TURNS_MAX: u64 = 10_000_000_000;

/// Steps that a ladder has at most.
const STEPS: usize = 1_000;

/// A link that no node's name stands for.
const LINK_EXAMPLE: &str = "the two ends of a link, like a-b";

/// What is known by name when the rest of a scenario is read.
pub(crate) struct Names<'p> {
    nodes: &'p [NodePlan],
    links: &'p [LinkPlan],
    programs: &'p [ProgramPlan],
    copies: Vec<String>,
    length: Duration,
    guest: Option<GuestPlan>,
}

impl Scenario {
    /// Reads a scenario: `file` is what mistakes call it, and gives it its name.
    ///
    /// # Errors
    /// The first mistake.
    pub fn parse(file: &str, text: &str) -> Result<Scenario, Mistake> {
        Scenario::parse_for(file, text, None)
    }

    /// The same, where a real computer is to stand in the place of one of the hosts.
    ///
    /// # Errors
    /// The first mistake; it cannot stand there, or something would have to reach into it.
    pub fn parse_with_guest(file: &str, text: &str, guest: Guest<'_>) -> Result<Scenario, Mistake> {
        Scenario::parse_for(file, text, Some(guest))
    }

    fn parse_for(file: &str, text: &str, guest: Option<Guest<'_>>) -> Result<Scenario, Mistake> {
        let source = Source { file, text };
        let tree = DeTable::parse(text).map_err(|error| {
            let at = error.span().map_or(0, |span| span.start);
            source.mistake(at, format!("not TOML: {}", error.message()), "mend it there")
        })?;
        let span = tree.span();
        let tree = Spanned::new(span, DeValue::Table(tree.into_inner()));
        let table = Value::new(source, &tree).table("a scenario", &KEYS)?;
        let name = file.rsplit(['/', '\\']).next().unwrap_or(file);
        read(name.strip_suffix(".toml").unwrap_or(name), &table, guest)
    }

    /// Its name: that of its file.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What it is about.
    pub fn title(&self) -> &str {
        &self.title
    }

    /// The question that it answers.
    pub fn question(&self) -> &str {
        &self.question
    }

    /// How long it lasts.
    pub fn length(&self) -> Duration {
        self.length
    }

    /// The addresses of the host whose frames are captured.
    pub fn captures_at(&self) -> impl Iterator<Item = IpAddr> {
        self.nodes[self.capture].addresses.iter().map(|cidr| cidr.address)
    }

    /// Its expectations, as they are written, each with the share of seeds, in millionths, in
    /// which it must hold.
    pub fn expectations(&self) -> impl Iterator<Item = (&str, u32)> {
        self.expectations.iter().map(|expectation| {
            (expectation.sentence.as_str(), expectation.seeds.map_or(1_000_000, |share| share.0))
        })
    }
}

fn read(name: &str, table: &Table<'_>, guest: Option<Guest<'_>>) -> Result<Scenario, Mistake> {
    let title = table.need("title", "\"…\"")?.text()?.to_owned();
    let question = table.read("question", |value| Ok(value.text()?.to_owned()))?;
    let length = table.need("length", "\"10s\"")?;
    if length.time()?.is_zero() {
        return Err(length.wrong("nothing happens in no time", "write a longer one, like 10s"));
    }
    let length = length.time()?;
    let mut turns = TURNS;
    table.set("turns", &mut turns, |value| value.number(1, TURNS_MAX))?;
    let mut steps = STEPS;
    table.set("steps", &mut steps, |value| Ok(value.number(1, STEPS as u64)? as usize))?;
    let nodes = nodes_of(table)?;
    let links = all(table, "links", |value| links::link(value, &nodes))?;
    for node in &nodes {
        let at = |end| nodes.get::<usize>(end).is_some_and(|n: &NodePlan| n.name == node.name);
        if !links.iter().any(|link| at(link.between.0) || at(link.between.1)) {
            let says = format!("nothing is joined to `{}`", node.name);
            let remedy = "add a [[links]] with `between = […]`, or leave it out";
            return Err(table.wrong(says, remedy));
        }
    }
    let (copies, programs) = (Vec::new(), [].as_slice());
    let mut names = Names { nodes: &nodes, links: &links, programs, copies, length, guest: None };
    let programs = all(table, "programs", |value| programs::program(value, &names))?;
    names.programs = &programs;
    names.guest = guest.map(|guest| guest::stand(table, guest, &names)).transpose()?;
    programs_fit(table, &names)?;
    let capture = table.read("capture", |value| {
        let mut phrase = value.phrase()?;
        let host = programs::host(&mut phrase, &nodes)?;
        names.has_stack(&phrase, host)
    })?;
    let (capture, guest) = (names.captured(capture), names.guest);
    let events = all(table, "events", |value| events::event(value, &mut names))?;
    let expectations = all(table, "expect", |value| expect::expectation(value, &names))?;
    let curves = all(table, "curves", |value| curves::curve(value, &names))?;
    let (name, question) = (name.to_owned(), question.unwrap_or_default());
    Ok(Scenario {
        name,
        title,
        question,
        length,
        turns,
        steps,
        capture,
        guest,
        nodes: nodes.clone(),
        links: links.clone(),
        programs: programs.clone(),
        events,
        expectations,
        curves,
    })
}

/// The values of a list of tables.
fn all<'t, T>(
    table: &Table<'t>,
    key: &str,
    mut read: impl FnMut(Value<'t>) -> Result<T, Mistake>,
) -> Result<Vec<T>, Mistake> {
    let Some(list) = table.get(key) else { return Ok(Vec::new()) };
    if !list.is_list() {
        return Err(list.wrong(format!("`{key}` is a list"), format!("write [[{key}]]")));
    }
    list.list().into_iter().map(&mut read).collect()
}

fn nodes_of(table: &Table<'_>) -> Result<Vec<NodePlan>, Mistake> {
    let hosts = table.need("hosts", "… or a table [hosts.a]")?;
    let mut nodes: Vec<NodePlan> = Vec::new();
    type Read = fn(&str, Value<'_>) -> Result<NodePlan, Mistake>;
    let kinds: [(&str, Read); 3] =
        [("hosts", nodes::host), ("routers", nodes::router), ("switches", nodes::switch)];
    for (key, read) in kinds {
        let Some(named) = table.get(key) else { continue };
        for (name, at, value) in named.names(key)? {
            let taken = nodes.iter().any(|node| node.name == name);
            let fit = !name.contains(|c: char| c.is_whitespace() || "-,:".contains(c));
            if taken || !fit || name.is_empty() {
                let says = format!("`{name}` cannot be the name of this node");
                let remedy = "give it one of its own, without blanks, `-`, `,` and `:`";
                return Err(hosts.source.mistake(at, says, remedy));
            }
            let node = read(name, value)?;
            let own = |other: &NodePlan| {
                other
                    .addresses
                    .iter()
                    .any(|a| node.addresses.iter().any(|b| a.address == b.address))
            };
            if let Some(other) = nodes.iter().find(|other| own(other)) {
                let says = format!("`{}` has that address already", other.name);
                return Err(value.wrong(says, format!("give `{name}` another one")));
            }
            nodes.push(node);
        }
    }
    match nodes.is_empty() {
        true => Err(hosts.wrong("there is no host", "add a table [hosts.a]")),
        false => Ok(nodes),
    }
}

/// Programs do not get into each other's way: each has a name and a port of its own, and where
/// SYNs are flooded from nothing else runs.
fn programs_fit(table: &Table<'_>, names: &Names<'_>) -> Result<(), Mistake> {
    let Names { nodes, programs, .. } = names;
    for (n, program) in programs.iter().enumerate() {
        let (name, host) = (&program.name, &nodes[program.on].name);
        let called = |other: &str| other == name;
        if programs[..n].iter().any(|p| called(&p.name)) || nodes.iter().any(|n| called(&n.name)) {
            let says = format!("two are called `{name}`");
            return Err(table.wrong(says, "give the program a `name` of its own"));
        }
        let beside = || programs.iter().filter(|other| other.on == program.on);
        match program.kind {
            Doing::Serves { port, .. } => {
                let taken = |other: &ProgramPlan| match other.kind {
                    Doing::Serves { port, .. } => Some(port),
                    Doing::Calls(_) | Doing::Floods(_) => None,
                };
                if beside().filter(|other| taken(other) == Some(port)).count() > 1 {
                    let says = format!("two programs serve port {port} of `{host}`");
                    return Err(table.wrong(says, "give one of them another port"));
                }
            }
            Doing::Calls(_) => {}
            Doing::Floods(flood) => {
                if beside().count() > 1 {
                    let says = format!("`{host}` floods, and can do nothing else");
                    return Err(table.wrong(says, "put the other program on another host"));
                }
                if names.is_ethernet(program.on) || !nodes[flood.to.0].is_v4() {
                    let says = format!("`{host}` floods over Ethernet, or not IPv4");
                    return Err(table.wrong(says, "join it by a router or a host of IPv4"));
                }
            }
        }
    }
    Ok(())
}

impl Names<'_> {
    /// Whether the frames of a node are Ethernet's: at a switch, or where a guest's are.
    fn is_ethernet(&self, node: usize) -> bool {
        let guest = self.guest.filter(|guest| guest.framing == Framing::Ethernet);
        let is = |n: usize| guest.is_some_and(|guest| guest.node == n);
        let switch = |n: usize| matches!(self.nodes[n].kind, Kind::Switch);
        self.links.iter().any(|link| {
            let (a, b) = link.between;
            (a == node && switch(b)) || (b == node && switch(a)) || is(a) || is(b)
        })
    }

    /// A time within the scenario.
    fn in_time(&self, value: Value<'_>) -> Result<Duration, Mistake> {
        let time = value.time()?;
        if time <= self.length {
            return Ok(time);
        }
        let says = format!("the scenario is over by then: its length is {}", self.length);
        Err(value.wrong(says, "make it earlier, or `length` longer"))
    }

    fn program(&self, name: &str) -> Option<usize> {
        self.programs.iter().position(|program| program.name == name)
    }

    /// A link by the names of its ends, `a-b`.
    fn link(&self, phrase: &mut Phrase<'_>) -> Result<usize, Mistake> {
        let word = phrase.word(LINK_EXAMPLE)?;
        let name = |end: usize| self.nodes[end].name.as_str();
        let found = self.links.iter().position(|link| {
            let (a, b) = (name(link.between.0), name(link.between.1));
            word == format!("{a}-{b}") || word == format!("{b}-{a}")
        });
        found.ok_or_else(|| {
            let names = self.links.iter().map(|link| link.between);
            let names: Vec<String> =
                names.map(|(a, b)| format!("{}-{}", name(a), name(b))).collect();
            let names: Vec<&str> = names.iter().map(String::as_str).collect();
            phrase.wrong(format!("there is no link `{word}`"), did_you_mean(word, &names))
        })
    }

    /// The number of a copy that is made by that name.
    fn new_copy(&mut self, name: &str) -> u8 {
        let known = self.copies.iter().position(|known| known == name);
        let at = known.unwrap_or_else(|| {
            self.copies.push(name.to_owned());
            self.copies.len() - 1
        });
        u8::try_from(at).unwrap_or(u8::MAX)
    }

    /// The number of a copy that an event above makes.
    fn copy(&self, phrase: &mut Phrase<'_>) -> Result<u8, Mistake> {
        let word = phrase.word("the name of a copy")?;
        let known = self.copies.iter().position(|known| known == word);
        known.and_then(|at| u8::try_from(at).ok()).ok_or_else(|| {
            let names: Vec<&str> = self.copies.iter().map(String::as_str).collect();
            let says = format!("no event above makes a copy `{word}`");
            phrase.wrong(says, did_you_mean(word, &names))
        })
    }
}

/// A link that lets nothing pass.
fn cut(conditions: &Conditions) -> Conditions {
    Conditions { traffic: crate::conditions::Traffic::Cut, ..conditions.clone() }
}
