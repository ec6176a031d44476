//! How is a world put together?
//!
//! Nodes first, then links between them, then addresses, routes and programs. Ports are numbered
//! in the order in which links are joined to a node; on a host port n is link n + 1, behind
//! loopback.

use crate::computer::Computer;
use crate::conditions::Conditions;
use crate::dice::Dice;
use crate::flooder::Flooder;
use crate::link::Link;
use crate::node::Node;
use crate::program::Program;
use crate::rogue::Rogue;
use crate::router::Router;
use crate::rule::Rule;
use crate::switch::Switch;
use crate::world::{NodeId, Place, Wire, WireId, World};
use core::net::IpAddr;
use osier_host::Config;
use osier_ip::{Cidr, LinkConfig, LinkId, Route};
use osier_wire::MacAddr;
use osier_wire::link::{Medium, Offloads};

/// A link to be made.
#[derive(Clone, Debug)]
pub struct Cable {
    /// What its frames begin with.
    pub framing: Framing,
    /// The longest IP packet, as both ends know it.
    pub mtu: usize,
    /// What the hosts at its ends leave to their devices.
    pub offloading: Offloading,
    /// Whether those devices merge what arrives.
    pub merging: Merging,
    /// From the first end to the second.
    pub there: Conditions,
    /// From the second end to the first.
    pub back: Conditions,
}

/// What a link's frames begin with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Framing {
    /// The IP header: no neighbours to ask for.
    Ip,
    /// An Ethernet header.
    Ethernet,
}

/// What a host leaves to its device. Either way what crosses the link is the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Offloading {
    /// Segmentation and checksums.
    All,
    /// Nothing.
    None,
}

/// Whether a device makes one super-frame of segments that arrive at the same moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Merging {
    /// The host gets every frame by itself.
    Off,
    /// It gets super-frames, checksums verified.
    On,
}

impl Default for Cable {
    /// MTU 1500, frames that begin with the IP header, devices that do everything but merge,
    /// perfect.
    fn default() -> Self {
        let (there, back) = (Conditions::default(), Conditions::default());
        let (framing, offloading) = (Framing::Ip, Offloading::All);
        Cable { framing, mtu: 1_500, offloading, merging: Merging::Off, there, back }
    }
}

impl Cable {
    /// The same in both directions.
    pub fn both_ways(conditions: &Conditions) -> Cable {
        Cable { there: conditions.clone(), back: conditions.clone(), ..Cable::default() }
    }
}

/// Making it.
impl World {
    /// Adds a host.
    pub fn add_host(&mut self, name: &str, config: Config) -> NodeId {
        let secrets = Dice::of(self.seed, 1_000_000 + self.nodes.len() as u64).next_u64();
        let computer = Computer::new(config, secrets, self.pattern.clone());
        self.add(name, Node::Computer(Box::new(computer)))
    }

    /// Adds an Ethernet switch.
    pub fn add_switch(&mut self, name: &str) -> NodeId {
        self.add(name, Node::Switch(Switch::default()))
    }

    /// Adds a router.
    pub fn add_router(&mut self, name: &str) -> NodeId {
        self.add(name, Node::Router(Router::default()))
    }

    /// Adds a peer that follows no rules; it has one port.
    pub fn add_rogue(&mut self, name: &str, rogue: Rogue) -> NodeId {
        self.add(name, Node::Rogue(Box::new(rogue)))
    }

    /// Adds a source of SYNs; it has one port.
    pub fn add_flooder(&mut self, name: &str, flooder: Flooder) -> NodeId {
        let id = self.add(name, Node::Flooder(Box::new(flooder)));
        self.ask_node(id);
        id
    }

    /// Adds a place for a real computer, at which frames leave the world and come into it; it has
    /// one port ([`World::hand_in`], [`World::poll_out`]).
    pub fn add_guest(&mut self, name: &str) -> NodeId {
        self.add(name, Node::Guest(Box::default()))
    }

    fn add(&mut self, name: &str, node: Node) -> NodeId {
        let (name, ports) = (name.to_owned(), Vec::new());
        self.nodes.push(Place { name, node, ports, asked: None });
        NodeId(self.nodes.len() as u32 - 1)
    }

    /// Joins two nodes. The wire that is returned leads from `a` to `b`.
    pub fn join(&mut self, a: NodeId, b: NodeId, cable: &Cable) -> WireId {
        let there = WireId(self.wires.len() as u32);
        let port_a = self.attach(a, there, cable);
        let port_b = self.attach(b, there.back(), cable);
        for (conditions, to) in [(&cable.there, (b, port_b)), (&cable.back, (a, port_a))] {
            let dice = Dice::of(self.seed, self.wires.len() as u64);
            let medium = medium(cable.framing, MacAddr::UNSPECIFIED);
            let link = Link::new(conditions.clone(), medium, dice);
            self.wires.push(Wire { link, to, merging: cable.merging, asked: None });
        }
        there
    }

    /// Gives a node a port with this wire behind it.
    fn attach(&mut self, id: NodeId, wire: WireId, cable: &Cable) -> usize {
        let place = &mut self.nodes[id.0 as usize];
        place.ports.push(wire);
        let port = place.ports.len() - 1;
        match &mut place.node {
            Node::Computer(computer) => {
                let medium = medium(cable.framing, mac(id, port));
                let offloads = match cable.offloading {
                    Offloading::All => Offloads::all(medium),
                    Offloading::None => Offloads::none(medium, cable.mtu),
                };
                let link = computer.add_link(LinkConfig { medium, mtu: cable.mtu, offloads });
                debug_assert_eq!(usize::from(link.0), port + 1);
                self.record.on_link(id, link, medium);
            }
            Node::Router(router) => {
                let number = router.add_port(cable.mtu);
                debug_assert_eq!(number, port);
            }
            Node::Switch(_) | Node::Rogue(_) | Node::Flooder(_) | Node::Guest(_) => {}
        }
        port
    }

    /// Lets a host announce this MSS at the most, for what its links are joined already; what the
    /// MTU of a link leaves is announced where that is less.
    pub fn announce_at_most(&mut self, id: NodeId, mss: u16) {
        if let Some(computer) = self.computer_mut(id) {
            computer.announce_at_most(mss);
        }
    }

    /// Takes so many turns at most. Without it there is no bound, and where links take no time
    /// two hosts can go on for ever without its ever being later.
    pub fn limit_turns(&mut self, most: u64) {
        self.turns_max = most;
    }

    /// Gives a port of a host or router an address.
    pub fn add_address(&mut self, id: NodeId, port: usize, address: IpAddr, prefix_len: u8) {
        let now = self.now;
        let cidr = Cidr { address, prefix_len };
        match &mut self.nodes[id.0 as usize].node {
            Node::Computer(computer) => computer.add_address(now, LinkId(port as u8 + 1), cidr),
            Node::Router(router) => router.add_address(port, cidr),
            Node::Switch(_) | Node::Rogue(_) | Node::Flooder(_) | Node::Guest(_) => {}
        }
        self.serve(id);
    }

    /// Packets for a network leave a host or router by this port; of a host, to this gateway.
    pub fn add_route(&mut self, id: NodeId, port: usize, network: Cidr, gateway: Option<IpAddr>) {
        match &mut self.nodes[id.0 as usize].node {
            Node::Computer(computer) => {
                computer.add_route(Route { network, gateway, link: LinkId(port as u8 + 1) });
            }
            Node::Router(router) => router.add_route(network, port),
            Node::Switch(_) | Node::Rogue(_) | Node::Flooder(_) | Node::Guest(_) => {}
        }
    }

    /// Starts a program on a host; says which number it has there.
    ///
    /// # Panics
    /// Where the node is no host, or somebody listens there already.
    pub fn run_program(&mut self, id: NodeId, program: Program) -> usize {
        let now = self.now;
        let computer = self.computer_mut(id).expect("programs run on hosts");
        let number = computer.run(now, program);
        self.serve(id);
        number
    }

    /// Adds a rule to one direction of a link.
    pub fn add_rule(&mut self, wire: WireId, rule: Rule) {
        self.wires[wire.0 as usize].link.add_rule(rule);
    }

    /// Keeps a report of every connection that is over, on every host.
    pub fn keep_reports(&mut self) {
        for place in &mut self.nodes {
            if let Node::Computer(computer) = &mut place.node {
                computer.keep_reports();
            }
        }
    }
}

/// Looking at it, and reaching into it.
impl World {
    /// A host with its programs.
    ///
    /// # Panics
    /// Where the node is no host.
    pub fn computer(&self, id: NodeId) -> &Computer {
        match &self.nodes[id.0 as usize].node {
            Node::Computer(computer) => computer,
            _ => panic!("{} is no host", self.nodes[id.0 as usize].name),
        }
    }

    /// The hosts.
    pub fn computers(&self) -> impl Iterator<Item = (NodeId, &Computer)> {
        (0..).zip(&self.nodes).filter_map(|(n, place)| match &place.node {
            Node::Computer(computer) => Some((NodeId(n), &**computer)),
            _ => None,
        })
    }

    /// The name of a node.
    pub fn name(&self, id: NodeId) -> &str {
        &self.nodes[id.0 as usize].name
    }

    /// The directions of links that lead away from a node, by its ports.
    pub fn wires_from(&self, id: NodeId) -> &[WireId] {
        &self.nodes[id.0 as usize].ports
    }

    /// The node at the far end of one direction of a link.
    pub fn leads_to(&self, wire: WireId) -> NodeId {
        self.wires[wire.0 as usize].to.0
    }

    /// One direction of a link.
    pub fn link(&self, wire: WireId) -> &Link {
        &self.wires[wire.0 as usize].link
    }

    /// Every direction of every link.
    pub fn links(&self) -> impl Iterator<Item = (WireId, &Link)> {
        (0..).zip(&self.wires).map(|(n, wire)| (WireId(n), &wire.link))
    }

    /// Breaks off every connection that a program is still at work on.
    pub fn abort_all(&mut self) {
        let now = self.now;
        for n in 0..self.nodes.len() as u32 {
            if let Some(computer) = self.computer_mut(NodeId(n)).filter(|c| c.is_on()) {
                computer.abort_all(now);
                self.serve(NodeId(n));
            }
        }
    }
}

fn medium(framing: Framing, mac: MacAddr) -> Medium {
    match framing {
        Framing::Ip => Medium::Ip,
        Framing::Ethernet => Medium::Ethernet(mac),
    }
}

/// Locally administered, from the numbers of node and port.
fn mac(id: NodeId, port: usize) -> MacAddr {
    let [_, a, b, c] = id.0.to_be_bytes();
    MacAddr([2, 0, a, b, c, port as u8])
}
