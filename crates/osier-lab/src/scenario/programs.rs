//! Which programs run in a scenario, where, and what does each do?
//!
//! A server, a client, or a flood of SYNs from forged addresses. What a program does on each
//! connection is a list of steps, or the name of a role.

use super::Names;
use super::mistake::{Mistake, did_you_mean};
use super::nodes::{self, Kind, NodePlan};
use super::phrase::Phrase;
use super::quantity;
use super::reader::{Table, Value};
use crate::program::{Reading, Say, Script, Writing};
use core::net::{IpAddr, Ipv4Addr};
use osier_time::{Duration, Instant};

/// A program on a host.
#[derive(Clone, Debug)]
pub(super) struct ProgramPlan {
    pub(super) name: String,
    /// Which node.
    pub(super) on: usize,
    pub(super) kind: Doing,
}

#[derive(Clone, Debug)]
pub(super) enum Doing {
    Serves { port: u16, backlog: usize, script: Script },
    Calls(Box<Calling>),
    Floods(Flooding),
}

#[derive(Clone, Debug)]
pub(super) struct Calling {
    pub(super) to: (usize, u16),
    pub(super) connections: u64,
    pub(super) at_once: u32,
    pub(super) start: Duration,
    pub(super) gap: Duration,
    pub(super) port: Option<u16>,
    pub(super) script: Script,
}

/// SYNs from addresses of others.
#[derive(Clone, Copy, Debug)]
pub(super) struct Flooding {
    pub(super) to: (usize, u16),
    /// SYNs a second.
    pub(super) rate: u64,
    pub(super) start: Duration,
    pub(super) end: Duration,
    /// The first of the addresses that are written into them, and how many there are.
    pub(super) from: (Ipv4Addr, u32),
}

const COMMON: [&str; 7] = ["on", "name", "does", "reads", "writes", "nagle", "keep-alive"];
const SERVER: [&str; 2] = ["server", "backlog"];
const CLIENT: [&str; 6] = ["client", "connections", "at-once", "at", "gap", "port"];
const FLOOD: [&str; 4] = ["flood", "rate", "from", "until"];

/// Instant zero of a scenario in a world.
pub(super) const ZERO: Instant = Instant::from_secs(1);

pub(super) fn program(value: Value<'_>, names: &Names<'_>) -> Result<ProgramPlan, Mistake> {
    let nodes = names.nodes;
    let keys = [COMMON.as_slice(), &SERVER, &CLIENT, &FLOOD].concat();
    let table = value.table("a program", &keys)?;
    for key in ["at", "until"] {
        if let Some(value) = table.get(key) {
            names.in_time(value)?;
        }
    }
    let on = table.need("on", "\"a\"")?;
    let mut phrase = on.phrase()?;
    let host = host(&mut phrase, nodes)?;
    phrase.finish()?;
    let (word, kind) = if table.get("server").is_some() {
        ("server", serves(&table)?)
    } else if table.get("client").is_some() {
        let kind = calls(&table, nodes)?;
        speak_alike(&table, &kind, (host, nodes))?;
        ("client", kind)
    } else if table.get("flood").is_some() {
        ("flood", floods(&table, nodes)?)
    } else {
        let remedy = "add `server = 80`, `client = \"b:80\"` or `flood = \"b:80\"`";
        return Err(table.wrong("a program serves, calls or floods", remedy));
    };
    let name = table.read("name", |value| Ok(value.text()?.to_owned()))?;
    let name = name.unwrap_or_else(|| format!("{}-{word}", nodes[host].name));
    Ok(ProgramPlan { name, on: host, kind })
}

impl Names<'_> {
    /// That the host of the word just taken has connections, which one that floods has not.
    pub(super) fn has_stack(&self, phrase: &Phrase<'_>, node: usize) -> Result<usize, Mistake> {
        let floods = |p: &ProgramPlan| p.on == node && matches!(p.kind, Doing::Floods(_));
        if !self.programs.iter().any(floods) {
            return Ok(node);
        }
        let says =
            format!("`{}` floods: it has no connections and keeps nothing", self.nodes[node].name);
        Err(phrase.wrong(says, "say how often it `sends` something, or ask the host it floods"))
    }

    /// That the program of the word just taken has connections.
    pub(super) fn has_connections(
        &self,
        phrase: &Phrase<'_>,
        program: usize,
    ) -> Result<usize, Mistake> {
        self.has_stack(phrase, self.programs[program].on).map(|_| program)
    }
}

/// That a client and its server have addresses of one version of IP.
fn speak_alike(
    table: &Table<'_>,
    kind: &Doing,
    (from, nodes): (usize, &[NodePlan]),
) -> Result<(), Mistake> {
    let (Doing::Calls(calling), Some(value)) = (kind, table.get("client")) else { return Ok(()) };
    let (own, other) = (&nodes[from], &nodes[calling.to.0]);
    let alike = own
        .addresses
        .iter()
        .any(|a| other.addresses.iter().any(|b| a.address.is_ipv4() == b.address.is_ipv4()));
    if alike {
        return Ok(());
    }
    let says = format!("`{}` and `{}` have no version of IP in common", own.name, other.name);
    Err(value.wrong(says, "give one of them an address like the other's"))
}

/// A host by its name.
pub(super) fn host(phrase: &mut Phrase<'_>, nodes: &[NodePlan]) -> Result<usize, Mistake> {
    let name = phrase.word("the name of a host")?;
    known_host(phrase, name, nodes)
}

fn known_host(phrase: &Phrase<'_>, name: &str, nodes: &[NodePlan]) -> Result<usize, Mistake> {
    let is_host = |node: &&NodePlan| matches!(node.kind, Kind::Host(_));
    let names: Vec<&str> = nodes.iter().filter(is_host).map(|n| n.name.as_str()).collect();
    if !names.contains(&name) {
        let says = format!("there is no host `{name}`");
        return Err(phrase.wrong(says, did_you_mean(name, &names)));
    }
    Ok(nodes.iter().position(|node| node.name == name).unwrap_or_default())
}

/// `b:80`
fn place(value: Value<'_>, nodes: &[NodePlan]) -> Result<(usize, u16), Mistake> {
    let mut phrase = value.phrase()?;
    let word = phrase.word("a host and a port, like b:80")?;
    let place = word.rsplit_once(':').and_then(|(name, port)| Some((name, port.parse().ok()?)));
    let Some((name, port)) = place.filter(|(_, port)| *port != 0) else {
        return Err(phrase.wrong(format!("`{word}` is no host with a port"), "write b:80"));
    };
    let host = known_host(&phrase, name, nodes)?;
    phrase.finish()?;
    Ok((host, port))
}

fn port(value: Value<'_>) -> Result<u16, Mistake> {
    Ok(value.number(1, 65_535)? as u16)
}

fn unknown(table: &Table<'_>, word: &str, keys: &[&str]) -> Result<(), Mistake> {
    match keys.iter().find_map(|key| Some((key, table.get(key)?))) {
        None => Ok(()),
        Some((key, value)) => {
            Err(value.wrong(format!("`{key}` is not of a {word}"), "leave it out"))
        }
    }
}

fn serves(table: &Table<'_>) -> Result<Doing, Mistake> {
    unknown(table, "server", &[CLIENT.as_slice(), &FLOOD].concat())?;
    let port = port(table.need("server", "80")?)?;
    let mut backlog = 128;
    table.set("backlog", &mut backlog, |value| Ok(value.number(1, 65_535)? as usize))?;
    Ok(Doing::Serves { port, backlog, script: script(table)? })
}

fn calls(table: &Table<'_>, nodes: &[NodePlan]) -> Result<Doing, Mistake> {
    unknown(table, "client", &[SERVER.as_slice(), &FLOOD].concat())?;
    let mut calling = Calling {
        to: place(table.need("client", "\"b:80\"")?, nodes)?,
        connections: 1,
        at_once: 1,
        start: Duration::ZERO,
        gap: Duration::ZERO,
        port: None,
        script: script(table)?,
    };
    table.set("connections", &mut calling.connections, |value| value.number(1, 10_000_000))?;
    table.set("at-once", &mut calling.at_once, |v| Ok(v.number(1, 1_000_000)? as u32))?;
    table.set("at", &mut calling.start, Value::time)?;
    table.set("gap", &mut calling.gap, Value::time)?;
    table.set("port", &mut calling.port, |value| Ok(Some(port(value)?)))?;
    Ok(Doing::Calls(Box::new(calling)))
}

fn floods(table: &Table<'_>, nodes: &[NodePlan]) -> Result<Doing, Mistake> {
    let not = [SERVER.as_slice(), &["client", "connections", "at-once", "gap", "port"]].concat();
    unknown(table, "flood", &not)?;
    unknown(table, "flood", &["does", "reads", "writes", "nagle", "keep-alive"])?;
    let mut flooding = Flooding {
        to: place(table.need("flood", "\"b:80\"")?, nodes)?,
        rate: table.need("rate", "\"1000/s\"")?.often()?,
        start: Duration::ZERO,
        end: Duration::from_secs(86_400),
        from: (Ipv4Addr::new(198, 18, 0, 0), 1 << 17),
    };
    table.set("at", &mut flooding.start, Value::time)?;
    table.set("until", &mut flooding.end, Value::time)?;
    table.set("from", &mut flooding.from, network)?;
    Ok(Doing::Floods(flooding))
}

fn network(value: Value<'_>) -> Result<(Ipv4Addr, u32), Mistake> {
    let text = value.text()?;
    let cidr = text.parse::<osier_ip::Cidr>().ok();
    match cidr.map(|cidr| (cidr.address, cidr.prefix_len)) {
        Some((IpAddr::V4(first), prefix @ 1..=32)) => {
            Ok((first, u32::try_from(1_u64 << (32 - prefix)).unwrap_or(u32::MAX)))
        }
        _ => Err(value.wrong(format!("`{text}` is no network"), "write it like 198.18.0.0/15")),
    }
}

fn script(table: &Table<'_>) -> Result<Script, Mistake> {
    let mut script = Script::default();
    if let Some(does) = table.get("does") {
        for step in does.list() {
            steps(step, &mut script)?;
        }
    }
    table.set("nagle", &mut script.nagle, nodes::nagle)?;
    table.set("keep-alive", &mut script.keep_alive, |v| Ok(Some(nodes::keep_alive(v)?)))?;
    table.set("reads", &mut script.reading, reading)?;
    table.set("writes", &mut script.writing, |value| {
        Ok(Writing::Copied(value.octets()?.max(1) as usize))
    })?;
    Ok(script)
}

fn reading(value: Value<'_>) -> Result<Reading, Mistake> {
    let table = value.table("reading", &["at-most", "every", "after"])?;
    let mut reading = Script::default().reading;
    table.set("at-most", &mut reading.octets, |value| Ok(value.octets()?.max(1) as usize))?;
    table.set("every", &mut reading.every, Value::time)?;
    table.set("after", &mut reading.after, Value::time)?;
    Ok(reading)
}

/// One step of a script, or a role, which is several.
fn steps(value: Value<'_>, script: &mut Script) -> Result<(), Mistake> {
    let mut phrase = value.phrase()?;
    let verbs = [
        ("send", Verb::Send),
        ("await the end", Verb::AwaitEnd),
        ("await", Verb::Await),
        ("echo", Verb::Echo),
        ("pause", Verb::Pause),
        ("until", Verb::Until),
        ("shutdown", Verb::Shutdown),
        ("abort", Verb::Abort),
        ("hold", Verb::Hold),
        ("close", Verb::Close),
        ("sink", Verb::AwaitEnd),
        ("bulk", Verb::Bulk),
        ("ask", Verb::Ask),
        ("answer", Verb::Answer),
    ];
    let says = &mut script.says;
    match phrase.one_of("step", &verbs)? {
        Verb::Send => says.push(Say::Send(size(&mut phrase)?)),
        Verb::Await => says.push(Say::AwaitOctets(size(&mut phrase)?)),
        Verb::AwaitEnd => says.push(Say::AwaitEnd),
        Verb::Echo => says.push(Say::Echo),
        Verb::Pause => says.push(Say::Pause(phrase.quantity("a time", quantity::time)?)),
        Verb::Until => says.push(Say::Until(ZERO + phrase.quantity("a time", quantity::time)?)),
        Verb::Shutdown => says.push(Say::Shutdown),
        Verb::Abort => says.push(Say::Abort),
        Verb::Hold => says.push(Say::Hold),
        Verb::Close => {}
        Verb::Bulk => says.push(Say::Send(u64::MAX)),
        Verb::Ask => {
            let request = size(&mut phrase)?;
            let answer = if phrase.take("for") { size(&mut phrase)? } else { request };
            let ask = Script::ask(request, answer);
            says.extend(ask.says);
            script.hears = ask.hears;
        }
        Verb::Answer => {
            let request = size(&mut phrase)?;
            let answer = if phrase.take("with") { size(&mut phrase)? } else { request };
            let ask = Script::answer(request, answer);
            says.extend(ask.says);
            script.hears = ask.hears;
        }
    }
    phrase.finish()
}

#[derive(Clone, Copy)]
enum Verb {
    Send,
    Await,
    AwaitEnd,
    Echo,
    Pause,
    Until,
    Shutdown,
    Abort,
    Hold,
    Close,
    Bulk,
    Ask,
    Answer,
}

fn size(phrase: &mut Phrase<'_>) -> Result<u64, Mistake> {
    phrase.quantity("a size, like 10KB", quantity::octets)
}
