//! Which hosts, routers and switches does a scenario have, and how is each set?
//!
//! A host starts with the settings of its profile; each key changes one of them.

use super::mistake::Mistake;
use super::reader::{Table, Value};
use core::net::IpAddr;
use osier_host::{Config, SynCookies, TimeWaitReuse};
use osier_ip::Cidr;
use osier_tcp::{Algorithm, Buffer, Ecn, KeepAlive, Nagle, ProbingMode, Profile};
use osier_time::Duration;

/// Something with links.
#[derive(Clone, Debug)]
pub(super) struct NodePlan {
    pub(super) name: String,
    pub(super) addresses: Vec<Cidr>,
    /// The MSS that a host announces at the most; what its links leave is less, or more.
    pub(super) mss: Option<u16>,
    pub(super) kind: Kind,
}

impl NodePlan {
    /// Whether its first address is one of IPv4.
    pub(super) fn is_v4(&self) -> bool {
        self.addresses.first().is_some_and(|cidr| cidr.address.is_ipv4())
    }
}

#[derive(Clone, Debug)]
pub(super) enum Kind {
    Host(Box<Config>),
    Router,
    Switch,
}

const HOST_KEYS: [&str; 25] = [
    "address",
    "profile",
    "time-wait",
    "time-wait-reuse",
    "time-wait-max",
    "syn-cookies",
    "syn-queue",
    "ports",
    "connections-max",
    "memory",
    "congestion",
    "keep-alive",
    "nagle",
    "delayed-ack",
    "mss",
    "receive-buffer",
    "send-buffer",
    "timestamps",
    "sack",
    "window-scale",
    "syn-retries",
    "syn-ack-retries",
    "retries",
    "fin-wait-2",
    "user-timeout",
];

/// Keys that are not about one connection.
const MORE_KEYS: [&str; 3] = ["initial-window", "ecn", "mtu-probing"];

const YES_NO: [(&str, Switch); 2] = [("on", Switch::On), ("off", Switch::Off)];

/// What `Config::memory_max` asks for.
const MEMORY_MIN: u64 = 1 << 20;

#[derive(Clone, Copy, PartialEq, Eq)]
enum Switch {
    On,
    Off,
}

pub(super) fn host(name: &str, value: Value<'_>) -> Result<NodePlan, Mistake> {
    let keys = [HOST_KEYS.as_slice(), &MORE_KEYS].concat();
    let table = value.table("a host", &keys)?;
    let value = table.need("address", "\"10.0.0.1/24\"")?;
    let addresses = addresses(value)?;
    if addresses.is_empty() {
        return Err(value.wrong("a host has an address", "write 10.0.0.1/24"));
    }
    let profiles = [("linux", Profile::Linux), ("rfc", Profile::Rfc)];
    let profile = table.read("profile", |value| value.one_of(&profiles))?;
    let mut config = Config::of(profile.unwrap_or_default());
    host_wide(&table, &mut config)?;
    of_connections(&table, &mut config.tcp)?;
    options(&table, &mut config.tcp)?;
    let mss = table.read("mss", |value| Ok(value.number(88, 65_495)? as u16))?;
    let kind = Kind::Host(Box::new(config));
    Ok(NodePlan { name: name.to_owned(), addresses, mss, kind })
}

pub(super) fn router(name: &str, value: Value<'_>) -> Result<NodePlan, Mistake> {
    let table = value.table("a router", &["address"])?;
    let addresses = table.read("address", addresses)?.unwrap_or_default();
    Ok(NodePlan { name: name.to_owned(), addresses, mss: None, kind: Kind::Router })
}

pub(super) fn switch(name: &str, value: Value<'_>) -> Result<NodePlan, Mistake> {
    value.table("a switch", &[])?;
    let name = name.to_owned();
    Ok(NodePlan { name, addresses: Vec::new(), mss: None, kind: Kind::Switch })
}

fn addresses(value: Value<'_>) -> Result<Vec<Cidr>, Mistake> {
    value.list().into_iter().map(address).collect()
}

fn address(value: Value<'_>) -> Result<Cidr, Mistake> {
    let text = value.text()?;
    let cidr: Cidr = text.parse().map_err(|error| {
        value.wrong(format!("`{text}` is no address: {error}"), "write it like 10.0.0.1/24")
    })?;
    let single = match cidr.address {
        IpAddr::V4(v4) => {
            let all = v4.is_broadcast() || v4.is_multicast();
            !all && !v4.is_unspecified() && !v4.is_loopback()
        }
        IpAddr::V6(v6) => !v6.is_unspecified() && !v6.is_multicast() && !v6.is_loopback(),
    };
    let remedy = "give the host an address of its own, like 10.0.0.1/24";
    if single { Ok(cidr) } else { Err(value.wrong(format!("{text} is no host's address"), remedy)) }
}

/// What the host as a whole does.
fn host_wide(table: &Table<'_>, config: &mut Config) -> Result<(), Mistake> {
    let reuse = [
        ("never", TimeWaitReuse::Never),
        ("loopback", TimeWaitReuse::Loopback),
        ("always", TimeWaitReuse::Always),
    ];
    let cookies = [
        ("off", SynCookies::Off),
        ("when full", SynCookies::WhenFull),
        ("always", SynCookies::Always),
    ];
    let count = |value: Value<'_>| Ok(value.number(1, 1 << 24)? as usize);
    table.set("time-wait-reuse", &mut config.time_wait_reuse, |v| v.one_of(&reuse))?;
    table.set("syn-cookies", &mut config.syn_cookies, |v| v.one_of(&cookies))?;
    table.set("syn-queue", &mut config.syn_queue, count)?;
    table.set("time-wait-max", &mut config.time_wait_max, count)?;
    table.set("connections-max", &mut config.connections_max, count)?;
    table.set("memory", &mut config.memory_max, |value| match value.octets()? {
        octets @ MEMORY_MIN.. => Ok(octets),
        _ => Err(value.wrong("a host needs 1MiB at least", "write more")),
    })?;
    table.set("ports", &mut config.ephemeral_ports, ports)
}

fn ports(value: Value<'_>) -> Result<(u16, u16), Mistake> {
    let list = value.list();
    let [first, last] = list[..] else {
        return Err(value.wrong("two ports are wanted", "write [32768, 60999]"));
    };
    let (first, last) = (first.number(1, 65_535)? as u16, last.number(1, 65_535)? as u16);
    if first > last {
        return Err(value.wrong(format!("{first} is above {last}"), "write the lower one first"));
    }
    Ok((first, last))
}

/// How its connections behave.
fn of_connections(table: &Table<'_>, tcp: &mut osier_tcp::Config) -> Result<(), Mistake> {
    let congestion = Algorithm::ALL.map(|algorithm| (algorithm.name(), algorithm));
    let times = |value: Value<'_>| Ok(value.number(0, 255)? as u8);
    table.set("time-wait", &mut tcp.time_wait, Value::time)?;
    table.set("fin-wait-2", &mut tcp.fin_wait_2, Value::time)?;
    table.set("delayed-ack", &mut tcp.delayed_ack, delayed_ack)?;
    table.set("user-timeout", &mut tcp.user_timeout, |value| Ok(Some(value.time()?)))?;
    table.set("congestion", &mut tcp.congestion, |value| value.one_of(&congestion))?;
    table.set("keep-alive", &mut tcp.keep_alive, |value| Ok(Some(keep_alive(value)?)))?;
    table.set("nagle", &mut tcp.nagle, nagle)?;
    table.set("syn-retries", &mut tcp.syn_retries, times)?;
    table.set("syn-ack-retries", &mut tcp.syn_ack_retries, times)?;
    table.set("retries", &mut tcp.retries, times)?;
    table.set("receive-buffer", &mut tcp.receive_buffer, buffer)?;
    table.set("send-buffer", &mut tcp.send_buffer, buffer)
}

fn options(table: &Table<'_>, tcp: &mut osier_tcp::Config) -> Result<(), Mistake> {
    let switch = |value: Value<'_>| Ok(value.one_of(&YES_NO)? == Switch::On);
    let ecn = [("off", Ecn::Off), ("when asked", Ecn::WhenAsked), ("on", Ecn::On)];
    let probing = [
        ("off", ProbingMode::Off),
        ("on black hole", ProbingMode::OnBlackHole),
        ("always", ProbingMode::Always),
    ];
    table.set("timestamps", &mut tcp.offer.timestamps, switch)?;
    table.set("sack", &mut tcp.offer.sack, switch)?;
    table.set("window-scale", &mut tcp.offer.window_scale, switch)?;
    table.set("ecn", &mut tcp.sending.ecn, |value| value.one_of(&ecn))?;
    table.set("mtu-probing", &mut tcp.sending.mtu_probing.mode, |v| v.one_of(&probing))?;
    table.set("initial-window", &mut tcp.initial_window, |v| Ok(v.number(1, 255)? as u8))
}

fn buffer(value: Value<'_>) -> Result<Buffer, Mistake> {
    match value.octets()? {
        octets @ 1..=0x4000_0000 => Ok(Buffer::Fixed(octets as u32)),
        _ => Err(value.wrong("no buffer is so large or so small", "write 1 to 1GiB")),
    }
}

/// RFC 9293 §3.8.6.3 [MUST-40]: less than half a second.
fn delayed_ack(value: Value<'_>) -> Result<Duration, Mistake> {
    let time = value.time()?;
    if time < Duration::from_millis(500) {
        return Ok(time);
    }
    let says = "an acknowledgment may be held back for less than 500ms (RFC 9293 §3.8.6.3)";
    Err(value.wrong(says, "write 40ms"))
}

pub(super) fn nagle(value: Value<'_>) -> Result<Nagle, Mistake> {
    value.one_of(&[("on", Nagle::On), ("off", Nagle::Off)])
}

pub(super) fn keep_alive(value: Value<'_>) -> Result<KeepAlive, Mistake> {
    let table = value.table("keep-alive", &["idle", "interval", "probes"])?;
    let mut keep_alive = KeepAlive::default();
    table.set("idle", &mut keep_alive.idle, Value::time)?;
    table.set("interval", &mut keep_alive.interval, Value::time)?;
    table.set("probes", &mut keep_alive.probes, |value| Ok(value.number(1, 255)? as u8))?;
    Ok(keep_alive)
}
