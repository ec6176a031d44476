//! How does a scenario become a world?
//!
//! Nodes in the order of the file or in the reverse of it, which must not matter; links, addresses,
//! routes by the shortest way, rules, programs. Every node knows the way to every host.

use super::Scenario;
use super::events::{EventPlan, When};
use super::links::LinkPlan;
use super::nodes::{Kind, NodePlan};
use super::programs::{Calling, Doing, Flooding, ZERO};
use crate::build::Cable;
use crate::dice::Dice;
use crate::flooder::Flooder;
use crate::program::{Client, Program, Server};
use crate::rule::Rule;
use crate::world::{NodeId, WireId, World};
use core::net::{IpAddr, Ipv4Addr, SocketAddr};
use osier_ip::Cidr;
use std::collections::VecDeque;

/// In which order nodes are made, and so served.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
    /// That of the file.
    Written,
    /// The reverse of it.
    Reversed,
}

/// What is kept of what passes over links.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Keeping {
    /// TCP segments, without their octets.
    Passages,
    /// Every frame, with its octets, too.
    Frames,
}

/// A scenario's world, and what its numbers became.
#[derive(Clone, Debug)]
pub(super) struct Stage {
    pub(super) world: World,
    /// By the number of the node in the scenario.
    pub(super) nodes: Vec<NodeId>,
    /// By the number of the link: the direction from its first end to its second.
    pub(super) wires: Vec<WireId>,
    /// By the number of the program; `None`: a flood, or one that runs elsewhere.
    pub(super) programs: Vec<Option<(NodeId, usize)>>,
    /// The programs of a real computer, with their numbers.
    pub(super) outside: Vec<(usize, Program)>,
}

impl Stage {
    pub(super) fn set(scenario: &Scenario, (seed, order): (u64, Order), keep: Keeping) -> Stage {
        let mut world = World::new(seed);
        world.limit_turns(scenario.turns);
        let mut nodes = vec![NodeId(0); scenario.nodes.len()];
        let mut numbers: Vec<usize> = (0..scenario.nodes.len()).collect();
        if order == Order::Reversed {
            numbers.reverse();
        }
        for n in numbers.iter().copied() {
            nodes[n] = node(scenario, n, seed, &mut world);
        }
        let (wires, programs, outside) = (Vec::new(), Vec::new(), Vec::new());
        let mut stage = Stage { world, nodes, wires, programs, outside };
        stage.join(scenario);
        for (n, plan) in scenario.nodes.iter().enumerate() {
            if let Some(mss) = plan.mss {
                stage.world.announce_at_most(stage.nodes[n], mss);
            }
        }
        stage.address(scenario);
        stage.route(scenario);
        match keep {
            Keeping::Passages => stage.world.keep_passages(),
            Keeping::Frames => stage.world.keep_frames(),
        }
        stage.world.keep_reports();
        for (n, plan) in scenario.nodes.iter().enumerate() {
            if is_host(scenario, n) && matches!(plan.kind, Kind::Host(_)) && !is_guest(scenario, n)
            {
                stage.world.capture(stage.nodes[n]);
            }
        }
        for event in &scenario.events {
            if event.when.len() == 1 {
                stage.arm(event);
            }
        }
        stage.programs = vec![None; scenario.programs.len()];
        for n in 0..scenario.programs.len() {
            stage.start(scenario, n);
        }
        stage
    }

    fn join(&mut self, scenario: &Scenario) {
        for link in &scenario.links {
            let LinkPlan { between: (a, b), mtu, there, back } = link;
            let framing = Stage::framing(scenario, (*a, *b));
            let (there, back) = (there.clone(), back.clone());
            let cable = Cable { framing, mtu: *mtu, there, back, ..Cable::default() };
            self.wires.push(self.world.join(self.nodes[*a], self.nodes[*b], &cable));
        }
    }

    /// With several links the first address is on the first link, and so on.
    fn address(&mut self, scenario: &Scenario) {
        for (n, node) in scenario.nodes.iter().enumerate() {
            if !is_host(scenario, n) {
                continue;
            }
            let ports = ports(&scenario.links, n).count();
            for (at, cidr) in node.addresses.iter().enumerate() {
                let (port, prefix_len) = match node.kind {
                    Kind::Host(_) => (at.min(ports - 1), cidr.prefix_len),
                    Kind::Router | Kind::Switch => (0, max_prefix(cidr.address)),
                };
                self.world.add_address(self.nodes[n], port, cidr.address, prefix_len);
                if matches!(node.kind, Kind::Router) {
                    for port in 1..ports {
                        self.world.add_address(self.nodes[n], port, cidr.address, prefix_len);
                    }
                }
            }
        }
    }

    fn route(&mut self, scenario: &Scenario) {
        for from in 0..scenario.nodes.len() {
            if !is_host(scenario, from) {
                continue;
            }
            for (to, node) in scenario.nodes.iter().enumerate().filter(|(to, _)| *to != from) {
                let Some(port) = way(&scenario.links, from, to) else { continue };
                for cidr in &node.addresses {
                    let prefix_len = max_prefix(cidr.address);
                    let network = Cidr { address: cidr.address, prefix_len };
                    self.world.add_route(self.nodes[from], port, network, None);
                }
            }
            let floods = scenario.programs.iter().filter(|p| matches!(p.kind, Doing::Floods(_)));
            for flood in floods.filter(|flood| flood.on != from) {
                // Where forged addresses seem to be.
                let Some(port) = way(&scenario.links, from, flood.on) else { continue };
                let network = Cidr { address: Ipv4Addr::UNSPECIFIED.into(), prefix_len: 0 };
                self.world.add_route(self.nodes[from], port, network, None);
            }
        }
    }

    /// Puts the rule of an event on every wire away from whoever it is about, or on those to the
    /// neighbour that it names.
    pub(super) fn arm(&mut self, event: &EventPlan) {
        let (Some(then), Some(When::Sends { who, what, over, from, to })) =
            (event.then, event.when.last())
        else {
            return;
        };
        let rule = Rule { matches: *what, from: *from, to: *to, then, met: 0 };
        let own = self.nodes[*who];
        let wires: Vec<WireId> = self.world.wires_from(own).to_vec();
        let far = over.map(|node| self.nodes[node]);
        for wire in wires {
            if far.is_none_or(|far| self.world.leads_to(wire) == far) {
                self.world.add_rule(wire, rule.clone());
            }
        }
    }

    fn start(&mut self, scenario: &Scenario, n: usize) {
        let plan = &scenario.programs[n];
        let place = |(host, port): (usize, u16), like: Option<IpAddr>| {
            let own = scenario.nodes[host].addresses.iter().map(|cidr| cidr.address);
            let fits = |ip: &IpAddr| like.is_none_or(|like| ip.is_ipv4() == like.is_ipv4());
            let address = own.clone().find(fits).or_else(|| own.clone().next());
            SocketAddr::new(address.unwrap_or(Ipv4Addr::UNSPECIFIED.into()), port)
        };
        let own = place((plan.on, 0), None).ip();
        let program = match &plan.kind {
            Doing::Serves { port, backlog, script } => Program::Server(Server {
                at: place((plan.on, *port), None),
                backlog: *backlog,
                script: script.clone(),
            }),
            Doing::Calls(calling) => Program::Client(client(calling, place(calling.to, Some(own)))),
            Doing::Floods(_) => return,
        };
        if is_guest(scenario, plan.on) {
            return self.outside.push((n, program));
        }
        let node = self.nodes[plan.on];
        self.programs[n] = Some((node, self.world.run_program(node, program)));
    }
}

fn client(calling: &Calling, to: SocketAddr) -> Client {
    let Calling { connections, at_once, start, gap, port, script, .. } = calling;
    Client {
        to,
        connections: *connections,
        at_once: *at_once,
        start: ZERO + *start,
        gap: *gap,
        port: *port,
        script: script.clone(),
    }
}

fn node(scenario: &Scenario, n: usize, seed: u64, world: &mut World) -> NodeId {
    let plan = &scenario.nodes[n];
    let name = plan.name.as_str();
    if is_guest(scenario, n) {
        return world.add_guest(name);
    }
    let flood = scenario.programs.iter().find(|program| program.on == n);
    if let Some(Doing::Floods(flooding)) = flood.map(|program| &program.kind) {
        return world.add_flooder(name, flooder(&scenario.nodes, *flooding, seed));
    }
    match &plan.kind {
        Kind::Host(config) => world.add_host(name, (**config).clone()),
        Kind::Router => world.add_router(name),
        Kind::Switch => world.add_switch(name),
    }
}

fn flooder(nodes: &[NodePlan], flooding: Flooding, seed: u64) -> Flooder {
    let Flooding { to: (host, port), rate, start, end, from } = flooding;
    let address = nodes[host].addresses[0].address;
    let (start, end) = (ZERO + start, ZERO + end);
    let victim = SocketAddr::new(address, port);
    Flooder { victim, from, rate, start, end, dice: Dice::of(seed, 2_000_000), sent: 0 }
}

/// Whether the node has a stack or forwards packets: a switch and a flood have no address.
fn is_host(scenario: &Scenario, n: usize) -> bool {
    let floods = |p: &super::ProgramPlan| p.on == n && matches!(p.kind, Doing::Floods(_));
    !matches!(scenario.nodes[n].kind, Kind::Switch) && !scenario.programs.iter().any(floods)
}

/// Whether a real computer stands there.
fn is_guest(scenario: &Scenario, n: usize) -> bool {
    scenario.guest.is_some_and(|guest| guest.node == n)
}

/// The links at a node, in the order of its ports: the node at the other end of each.
fn ports(links: &[LinkPlan], node: usize) -> impl Iterator<Item = usize> {
    links.iter().filter_map(move |link| match link.between {
        (a, b) if a == node => Some(b),
        (a, b) if b == node => Some(a),
        _ => None,
    })
}

/// By which port the shortest way leads from one node to another.
fn way(links: &[LinkPlan], from: usize, to: usize) -> Option<usize> {
    let mut seen = vec![from];
    let mut queue: VecDeque<(usize, usize)> = ports(links, from).enumerate().collect();
    while let Some((port, at)) = queue.pop_front() {
        if at == to {
            return Some(port);
        }
        if !seen.contains(&at) {
            seen.push(at);
            queue.extend(ports(links, at).map(|next| (port, next)));
        }
    }
    None
}

const fn max_prefix(address: IpAddr) -> u8 {
    if address.is_ipv4() { 32 } else { 128 }
}
