//! How does everything stand at this moment of a run?
//!
//! Nodes, the connections of hosts with the arrow that each has taken last and why, the alarms that
//! are set, and what is under way. For whoever shows a run while it goes on; nothing is changed.

use super::nodes::Kind;
use super::programs::{Doing, ZERO};
use super::run::{Run, enters};
use super::words;
use crate::frames::Launch;
use crate::link::Fate;
use crate::record::Told;
use crate::world::NodeId;
use core::net::{IpAddr, SocketAddr};
use osier_host::{Flow, Host, Reason, SocketInfo};
use osier_tcp::{Arrow, State, Timer};
use osier_time::{Duration, Instant};
use std::collections::HashMap;

/// Connections of a host that are told at most: those that moved last.
const CONNECTIONS_MAX: usize = 64;

/// How a node stands.
#[derive(Clone, Debug)]
pub struct Standing {
    /// Its number in the world.
    pub node: NodeId,
    /// Its name.
    pub name: String,
    /// Its addresses.
    pub addresses: Vec<IpAddr>,
    /// What it is.
    pub role: Role,
    /// Its connections, the one that has moved last first, at most 64; those that are over stay.
    pub connections: Vec<Connected>,
}

/// What a node is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// A host that has power; it listens, or it does not.
    Host {
        /// In which state it waits for connections: LISTEN, or CLOSED.
        waits: State,
    },
    /// A host without power.
    Dark,
    /// A router.
    Router,
    /// A switch.
    Switch,
    /// It sends nothing but SYNs.
    Flood,
}

/// A connection of a host.
#[derive(Clone, Debug)]
pub struct Connected {
    /// Its own end.
    pub local: SocketAddr,
    /// The other end.
    pub remote: SocketAddr,
    /// In which state it is.
    pub state: State,
    /// The arrow that it has taken last.
    pub last: Option<Moved>,
    /// What `ss` tells of it, while it lives.
    pub info: Option<SocketInfo>,
    /// The alarms that are set, the nearest first, and how long it takes until they are due.
    pub alarms: Vec<(Timer, Duration)>,
}

/// An arrow that was taken.
#[derive(Clone, Debug)]
pub struct Moved {
    /// When, since the beginning.
    pub at: Duration,
    /// Which.
    pub arrow: Arrow,
    /// Where it is written.
    pub section: String,
    /// The passage whose arrival it answers, by its number.
    pub answers: Option<usize>,
}

impl Run {
    /// The time since the beginning.
    pub fn elapsed(&self) -> Duration {
        self.stage.world.now() - ZERO
    }

    /// A moment of the world as time since the beginning.
    pub fn since_start(&self, at: Instant) -> Duration {
        at.since(ZERO)
    }

    /// That time of the scenario as a moment of the world.
    pub fn moment(&self, since_start: Duration) -> Instant {
        ZERO + since_start
    }

    /// How much was decided by hosts and done to them so far.
    pub fn decisions(&self) -> usize {
        self.stage.world.told().len() + self.acts.len()
    }

    /// The name of a node.
    pub fn name(&self, node: NodeId) -> &str {
        self.stage.world.name(node)
    }

    /// The nodes at the ends of each link, in the order of the file.
    pub fn links(&self) -> impl Iterator<Item = (NodeId, NodeId)> {
        let nodes = &self.stage.nodes;
        self.scenario.links.iter().map(|link| (nodes[link.between.0], nodes[link.between.1]))
    }

    /// How every node stands, in the order of the file.
    pub fn standing(&self) -> Vec<Standing> {
        let mut moved: HashMap<(NodeId, Flow), Told> = HashMap::new();
        for told in self.stage.world.told().iter().filter(|told| enters(told).is_some()) {
            if let Some(flow) = told.flow {
                moved.insert((told.node, flow), *told);
            }
        }
        let nodes = self.stage.nodes.iter().copied().enumerate();
        nodes.map(|(n, node)| self.of_node(n, node, &moved)).collect()
    }

    fn of_node(&self, n: usize, node: NodeId, moved: &HashMap<(NodeId, Flow), Told>) -> Standing {
        let plan = &self.scenario.nodes[n];
        let mut own = self.scenario.programs.iter().filter(|program| program.on == n);
        let floods = own.any(|program| matches!(program.kind, Doing::Floods(_)));
        let (role, connections) = match plan.kind {
            Kind::Router => (Role::Router, Vec::new()),
            Kind::Switch => (Role::Switch, Vec::new()),
            Kind::Host(_) if floods => (Role::Flood, Vec::new()),
            Kind::Host(_) => {
                let computer = self.stage.world.computer(node);
                let listens = computer.host().usage().listeners > 0;
                let waits = if listens { State::Listen } else { State::Closed };
                let is_on = computer.is_on();
                let role = if is_on { Role::Host { waits } } else { Role::Dark };
                let host = is_on.then(|| computer.host());
                (role, self.connections(node, host, moved))
            }
        };
        let addresses = plan.addresses.iter().map(|cidr| cidr.address).collect();
        Standing { node, name: plan.name.clone(), addresses, role, connections }
    }

    fn connections(
        &self,
        node: NodeId,
        host: Option<&Host>,
        moved: &HashMap<(NodeId, Flow), Told>,
    ) -> Vec<Connected> {
        let sockets = host.map(Host::sockets).unwrap_or_default();
        let mut flows: Vec<(&Flow, &Told)> = moved
            .iter()
            .filter(|((of, _), _)| *of == node)
            .map(|((_, flow), told)| (flow, told))
            .collect();
        flows.sort_by_key(|(flow, told)| (std::cmp::Reverse((told.at, told.before)), flow.local));
        flows.truncate(CONNECTIONS_MAX);
        let of = |(flow, told): (&Flow, &Told)| {
            let ends = (flow.local, Some(flow.remote));
            let info = sockets.iter().find(|socket| (socket.local, socket.remote) == ends);
            let now = self.stage.world.now();
            let alarms = host.map(|host| host.alarms(flow.local, flow.remote)).unwrap_or_default();
            let mut alarms: Vec<(Timer, Duration)> =
                alarms.into_iter().map(|(timer, at)| (timer, at.since(now))).collect();
            alarms.sort_by_key(|(_, left)| *left);
            Connected {
                local: flow.local,
                remote: flow.remote,
                state: info.and_then(|info| info.state).unwrap_or(State::Closed),
                last: self.moved(told),
                info: info.cloned(),
                alarms,
            }
        };
        flows.into_iter().map(of).collect()
    }

    fn moved(&self, told: &Told) -> Option<Moved> {
        let Reason::Tcp(osier_tcp::Reason::Moved { arrow }) = told.reason else { return None };
        let section = words::section(&told.reason);
        Some(Moved { at: self.since_start(told.at), arrow, section, answers: told.answers })
    }

    /// The frames that are under way, by their numbers among [`crate::World::frames`], in the order
    /// in which they were sent.
    pub fn under_way(&self) -> Vec<usize> {
        let world = &self.stage.world;
        let now = world.now();
        let arrives = |launch: &Launch| match launch.fate {
            Fate::Arrives(at) => Some(at),
            Fate::Lost(_) => None,
        };
        let mut left: HashMap<(NodeId, NodeId), usize> = HashMap::new();
        for from in &self.stage.nodes {
            for wire in world.wires_from(*from) {
                let arriving = world.link(*wire).arriving(now);
                *left.entry((*from, world.leads_to(*wire))).or_default() += arriving;
            }
        }
        // Of those that arrive at this moment the last ones have not been handed over.
        let mut numbers: Vec<usize> = Vec::new();
        for (n, launch) in world.frames().iter().enumerate().rev() {
            match arrives(launch) {
                Some(at) if at > now => numbers.push(n),
                Some(at) if at == now => {
                    if let Some(rest) = left.get_mut(&launch.between).filter(|rest| **rest > 0) {
                        *rest -= 1;
                        numbers.push(n);
                    }
                }
                Some(_) | None => {}
            }
        }
        numbers.reverse();
        numbers
    }
}
