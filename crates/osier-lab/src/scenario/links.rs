//! What joins the nodes of a scenario, and what is each direction of it like?

use super::mistake::{Mistake, did_you_mean};
use super::nodes::{Kind, NodePlan};
use super::reader::{Table, Value};
use crate::conditions::{Conditions, Loss, Queue};

/// A link between two nodes, by their numbers.
#[derive(Clone, Debug)]
pub(super) struct LinkPlan {
    pub(super) between: (usize, usize),
    pub(super) mtu: usize,
    pub(super) there: Conditions,
    pub(super) back: Conditions,
}

/// What a direction of a link can be like.
const CONDITIONS: [&str; 11] = [
    "delay",
    "jitter",
    "rate",
    "queue",
    "carries",
    "loss",
    "reorder",
    "reorder-by",
    "duplicate",
    "corrupt",
    "shrink-window",
];

pub(super) fn link(value: Value<'_>, nodes: &[NodePlan]) -> Result<LinkPlan, Mistake> {
    let keys = [CONDITIONS.as_slice(), &["between", "mtu", "there", "back"]].concat();
    let table = value.table("a link", &keys)?;
    let ends = table.need("between", "[\"a\", \"b\"]")?;
    let list = ends.list();
    let [a, b] = list[..] else {
        return Err(ends.wrong("a link has two ends", "write [\"a\", \"b\"]"));
    };
    let between = (node(a, nodes)?, node(b, nodes)?);
    if between.0 == between.1 {
        return Err(ends.wrong("a link joins two nodes", "name another one"));
    }
    let is = |end: usize, kind: fn(&Kind) -> bool| kind(&nodes[end].kind);
    let router = |kind: &Kind| matches!(kind, Kind::Router);
    let switch = |kind: &Kind| matches!(kind, Kind::Switch);
    if [between, (between.1, between.0)].iter().any(|(a, b)| is(*a, router) && is(*b, switch)) {
        return Err(ends.wrong("routers here have no Ethernet", "put a host, or a router, there"));
    }
    let mut mtu = 1_500;
    table.set("mtu", &mut mtu, |value| Ok(value.number(68, 65_535)? as usize))?;
    let mut both = Conditions::default();
    conditions(&table, &mut both)?;
    let (mut there, mut back) = (both.clone(), both);
    for (key, place) in [("there", &mut there), ("back", &mut back)] {
        if let Some(value) = table.get(key) {
            conditions(&value.table("a direction of a link", &CONDITIONS)?, place)?;
        }
    }
    let queue = |of: &Conditions| of.queue != Conditions::default().queue;
    if (queue(&there) || queue(&back)) && there.rate.is_none() && back.rate.is_none() {
        let says = "nothing waits in a queue where frames leave at once";
        return Err(table.wrong(says, "add `rate = \"10Mbit/s\"`, or leave `queue` out"));
    }
    Ok(LinkPlan { between, mtu, there, back })
}

fn node(value: Value<'_>, nodes: &[NodePlan]) -> Result<usize, Mistake> {
    let name = value.text()?;
    let names: Vec<&str> = nodes.iter().map(|node| node.name.as_str()).collect();
    names
        .iter()
        .position(|known| *known == name)
        .ok_or_else(|| value.wrong(format!("there is no `{name}`"), did_you_mean(name, &names)))
}

fn conditions(table: &Table<'_>, place: &mut Conditions) -> Result<(), Mistake> {
    table.set("delay", &mut place.delay, Value::time)?;
    table.set("jitter", &mut place.jitter, Value::time)?;
    table.set("rate", &mut place.rate, |value| Ok(Some(value.rate()?)))?;
    table.set("queue", &mut place.queue, queue)?;
    table.set("carries", &mut place.mtu, |value| Ok(Some(value.number(68, 65_535)? as usize)))?;
    table.set("loss", &mut place.loss, loss)?;
    table.set("reorder", &mut place.reorder, Value::chance)?;
    table.set("reorder-by", &mut place.reorder_by, Value::time)?;
    table.set("duplicate", &mut place.duplicate, Value::chance)?;
    table.set("corrupt", &mut place.corrupt, Value::chance)?;
    table.set("shrink-window", &mut place.shrink_window, Value::chance)
}

/// So many packets, or so many octets.
fn queue(value: Value<'_>) -> Result<Queue, Mistake> {
    let remedy = "write \"50 packets\" or \"64KB\"";
    if let Some(frames) = value.text()?.strip_suffix(" packets") {
        let frames: usize = frames.parse().map_err(|_| value.wrong("that is no number", remedy))?;
        let frames = frames.max(1);
        return Ok(Queue { octets: usize::MAX, frames });
    }
    let octets = value.octets()?;
    Ok(Queue { octets: octets as usize, frames: usize::MAX })
}

fn loss(value: Value<'_>) -> Result<Loss, Mistake> {
    if !value.is_table() {
        return value.chance().map(Loss::Random);
    }
    let table = value.table("a loss in bursts", &["begin", "end", "within"])?;
    Ok(Loss::Bursts {
        begin: table.need("begin", "\"1%\"")?.chance()?,
        end: table.need("end", "\"25%\"")?.chance()?,
        within: table.need("within", "\"50%\"")?.chance()?,
    })
}
