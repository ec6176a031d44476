//! Which network, which settings, which faults does a seed draw?

mod liar;

use super::works::{self, Manners};
use super::{Case, Drawn, Must};
use crate::build::{Cable, Framing, Merging, Offloading};
use crate::conditions::{Conditions, Loss, Queue, Traffic};
use crate::dice::{Chance, Dice};
use crate::program::{Client, Program, Server};
use crate::world::{Change, NodeId, WireId, World};
use core::net::{IpAddr, SocketAddr};
use osier_host::{Config, SynCookies, TimeWaitReuse};
use osier_ip::Cidr;
use osier_tcp::{Algorithm, Buffer, KeepAlive, Nagle, Profile};
use osier_time::{Duration, Instant};

/// Connections that a client of the swarm opens at most, and how many at a time.
const CONNECTIONS: u64 = 5;
const AT_ONCE: u64 = 3;

/// Sockets that a host of the swarm may hold: what its programs open, what lingers of a minute, and
/// what a liar leaves half-open.
pub(super) const SOCKETS_MAX: usize = 2_000;

/// The port of the first server.
const PORT: u16 = 80;

const START: Instant = Instant::from_secs(1);

/// A case in the making.
struct Draft {
    dice: Dice,
    world: World,
    family: Family,
    hosts: Vec<(NodeId, IpAddr)>,
    calm: Vec<(WireId, Conditions)>,
    crashed: Vec<NodeId>,
    buffers: Vec<(NodeId, u32, u32)>,
    deceived: Vec<(NodeId, usize)>,
    heal_at: Instant,
    keep_alive: Option<KeepAlive>,
    must: Must,
    octets: u64,
    title: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Family {
    V4,
    V6,
}

/// The case of a seed.
pub(super) fn case(seed: u64) -> Case {
    let mut dice = Dice::of(seed, 0x5EED);
    let family = if dice.one_in(2) { Family::V4 } else { Family::V6 };
    let heal_at = START + Duration::from_millis(dice.between(200, 40_000));
    let octets = dice.pick(&[100, 3_000, 20_000, 100_000, 300_000]);
    let mut draft = Draft {
        dice,
        world: World::new(seed),
        family,
        hosts: Vec::new(),
        calm: Vec::new(),
        crashed: Vec::new(),
        buffers: Vec::new(),
        deceived: Vec::new(),
        heal_at,
        keep_alive: None,
        must: Must::Succeed,
        octets,
        title: format!("{family:?}, {octets} octets at most, healed at {heal_at}"),
    };
    draft.topology();
    draft.changes();
    draft.programs();
    if draft.dice.one_in(5) {
        draft.liar();
    }
    let slow = Duration::from_secs(draft.octets / 50);
    Case {
        seed,
        world: draft.world,
        title: draft.title,
        heal_at,
        calm: draft.calm,
        crashed: draft.crashed,
        must: draft.must,
        deceived: draft.deceived,
        patience: Duration::from_secs(1_200).max(slow),
        buffers: draft.buffers,
    }
}

impl Draft {
    fn say(&mut self, what: &str) {
        self.title += "; ";
        self.title += what;
    }

    /// Two hosts on a cable, three on a switch, or two with routers between them.
    fn topology(&mut self) {
        match self.dice.below(6) {
            0 => self.on_a_switch(),
            1 => self.behind_routers(),
            _ => self.on_a_cable(),
        }
    }

    fn on_a_cable(&mut self) {
        let framing = self.dice.pick(&[Framing::Ip, Framing::Ip, Framing::Ethernet]);
        let (a, b) = (self.host("a"), self.host("b"));
        let drawn = self.cable(framing);
        self.say(&format!("{framing:?} cable, {:?}, {:?}", drawn.cable.there, drawn.cable.back));
        self.lay(a, b, &drawn);
        for (n, host) in [(1, a), (2, b)] {
            self.address(host, 0, (1, n));
        }
    }

    fn on_a_switch(&mut self) {
        self.say("on a switch");
        let switch = self.world.add_switch("switch");
        let mtu = self.mtu();
        for n in 1..=3 {
            let host = self.host(&format!("h{n}"));
            let mut drawn = self.cable(Framing::Ethernet);
            // A switch tells nobody that a frame is too long: one MTU for all.
            drawn.cable.mtu = mtu;
            self.lay(host, switch, &drawn);
            self.address(host, 0, (1, n));
        }
    }

    fn behind_routers(&mut self) {
        self.say("behind routers");
        let (a, b) = (self.host("a"), self.host("b"));
        let (r, s) = (self.world.add_router("r"), self.world.add_router("s"));
        for (from, to) in [(a, r), (r, s), (s, b)] {
            let mut drawn = self.cable(Framing::Ip);
            // A host does not believe in paths narrower than 552 (osier-host/pmtu.rs), and no
            // router here makes fragments.
            drawn.cable.mtu = drawn.cable.mtu.max(576);
            self.lay(from, to, &drawn);
        }
        let places = [(a, 0, 1, 1), (r, 0, 1, 254), (r, 1, 2, 1), (s, 0, 2, 2), (s, 1, 3, 254)];
        for (node, port, net, host) in places {
            self.address(node, port, (net, host));
        }
        self.address(b, 0, (3, 1));
        self.hosts = vec![(a, self.ip((1, 1))), (b, self.ip((3, 1)))];
        let anywhere = Cidr { address: self.ip((0, 0)), prefix_len: 8 };
        let (to_r, to_s) = (self.ip((1, 254)), self.ip((3, 254)));
        for (node, port, gateway) in [(a, 0, Some(to_r)), (b, 0, Some(to_s)), (r, 1, None)] {
            self.world.add_route(node, port, anywhere, gateway);
        }
        self.world.add_route(s, 0, anywhere, None);
    }

    fn host(&mut self, name: &str) -> NodeId {
        let config = self.config();
        let (receive, send) = (config.tcp.receive_buffer.max(), config.tcp.send_buffer.max());
        let id = self.world.add_host(name, config);
        self.buffers.push((id, receive, send));
        id
    }

    fn config(&mut self) -> Config {
        let dice = &mut self.dice;
        let mut config = Config::of(dice.pick(&[Profile::Linux, Profile::Linux, Profile::Rfc]));
        config.syn_cookies = dice.pick(&[
            SynCookies::Off,
            SynCookies::Off,
            SynCookies::WhenFull,
            SynCookies::Always,
        ]);
        if config.syn_cookies != SynCookies::Off {
            config.syn_queue = dice.pick(&[1, 2, 1_024]);
        }
        config.time_wait_reuse = dice.pick(&[TimeWaitReuse::Never, TimeWaitReuse::Always]);
        let tcp = &mut config.tcp;
        tcp.offer.window_scale = !dice.one_in(4);
        tcp.offer.timestamps = !dice.one_in(4);
        tcp.offer.sack = !dice.one_in(4);
        let sizes = [2_048, 8_192, 32_768, 65_535, 262_144, 1 << 20];
        for buffer in [&mut tcp.receive_buffer, &mut tcp.send_buffer] {
            let (one, other) = (dice.pick(&sizes), dice.pick(&sizes));
            *buffer = match dice.below(3) {
                0 => Buffer::Tuned { first: one.min(other), max: one.max(other) },
                _ => Buffer::Fixed(one),
            };
        }
        tcp.congestion = dice.pick(&[Algorithm::Cubic, Algorithm::Reno, Algorithm::Bbr]);
        tcp.nagle = dice.pick(&[Nagle::On, Nagle::Off]);
        tcp.initial_window = dice.pick(&[1, 2, 10, 10, 40]);
        tcp.delayed_ack = Duration::from_millis(dice.pick(&[1, 40, 200]));
        if dice.one_in(8) {
            tcp.retries = 5;
        }
        // What overtakes the last step of a handshake by cookie draws a RST, as on Linux, and the
        // step that comes after it opens a connection which nobody at the other end knows.
        if tcp.retries == 5 || config.syn_cookies != SynCookies::Off {
            self.may_be_left_alone();
        }
        config
    }

    fn mtu(&mut self) -> usize {
        let least = if self.family == Family::V4 { 296 } else { 1_280 };
        self.dice.pick(&[least, 576, 1_280, 1_500, 1_500, 9_000]).max(least)
    }

    /// A cable, and what it will be like once the faults are over.
    fn cable(&mut self, framing: Framing) -> Drawn {
        if framing == Framing::Ethernet {
            // Three questions for a neighbour's address that all get lost end a connection.
            self.must = Must::MayFail;
        }
        let mtu = self.mtu();
        let calm = [self.calm_direction(), self.calm_direction()];
        let wire = self.calm.len();
        let (there, back) = (self.weather(wire, &calm[0]), self.weather(wire, &calm[1]));
        let offloading = self.dice.pick(&[Offloading::All, Offloading::None]);
        let merging = self.dice.pick(&[Merging::Off, Merging::On]);
        Drawn { cable: Cable { framing, mtu, offloading, merging, there, back }, calm }
    }

    /// What lasts: distance and rate.
    fn calm_direction(&mut self) -> Conditions {
        let dice = &mut self.dice;
        let micros = dice.pick(&[0, 50, 1_000, 10_000, 40_000, 150_000]);
        let rate = match dice.below(3) {
            0 => Some(dice.pick(&[128_000, 1_000_000, 10_000_000, 100_000_000])),
            _ => None,
        };
        // What takes an hour teaches no more than what takes a minute.
        if let Some(rate) = rate {
            self.octets = self.octets.min(rate / 8 * 10);
        }
        let frames = dice.pick(&[4, 20, 100, 1_000]);
        // Where others keep a short queue full, every SYN of one connection may find it so.
        if rate.is_some() && frames == 4 {
            self.must = Must::MayFail;
        }
        let queue = Queue { octets: frames * 9_014, frames };
        Conditions { delay: Duration::from_micros(micros), rate, queue, ..Conditions::default() }
    }

    /// What passes: faults of all kinds, half of them absent.
    fn weather(&mut self, wire: usize, calm: &Conditions) -> Conditions {
        let dice = &mut self.dice;
        let mut chance = |most: u32| match dice.one_in(2) {
            true => Chance::NONE,
            false => Chance(dice.below(u64::from(most) * 10_000) as u32),
        };
        let [loss, reorder, duplicate, corrupt] = [25, 20, 10, 5].map(&mut chance);
        let (begin, end, within) = (chance(5), Chance::percent(20), Chance::percent(80));
        let shrink_window = chance(20);
        let loss = match dice.below(3) {
            0 => Loss::None,
            1 => Loss::Random(loss),
            _ => Loss::Bursts { begin, end, within },
        };
        Conditions {
            jitter: Duration::from_micros(dice.pick(&[0, 0, 500, 20_000])),
            loss,
            reorder,
            reorder_by: Duration::from_micros(dice.pick(&[100, 4_000, 60_000])),
            duplicate,
            // Two bits, each inverted on a link of its own, can cancel in the checksum.
            corrupt: if wire < 2 { corrupt } else { Chance::NONE },
            shrink_window: if dice.one_in(4) { shrink_window } else { Chance::NONE },
            ..calm.clone()
        }
    }

    fn lay(&mut self, a: NodeId, b: NodeId, drawn: &Drawn) {
        let wire = self.world.join(a, b, &drawn.cable);
        let [there, back] = drawn.calm.clone();
        self.calm.extend([(wire, there), (wire.back(), back)]);
    }

    fn ip(&self, (net, host): (u8, u8)) -> IpAddr {
        match self.family {
            Family::V4 => IpAddr::from([10, 0, net, host]),
            Family::V6 => IpAddr::from([0xfd00, 0, 0, u16::from(net), 0, 0, 0, u16::from(host)]),
        }
    }

    fn address(&mut self, id: NodeId, port: usize, at: (u8, u8)) {
        let prefix_len = if self.family == Family::V4 { 24 } else { 64 };
        let address = self.ip(at);
        self.world.add_address(id, port, address, prefix_len);
        self.hosts.push((id, address));
    }

    /// Partitions, crashes and worse weather, each at a moment before the healing.
    fn changes(&mut self) {
        for _ in 0..self.dice.below(3) {
            let n = self.dice.below(self.calm.len() as u64) as usize;
            let (wire, calm) = self.calm[n].clone();
            let at = self.moment();
            let cut = Conditions { traffic: Traffic::Cut, ..calm.clone() };
            let mended = self.weather(n, &calm);
            let length = Duration::from_millis(self.dice.between(100, 12_000));
            self.say(&format!("{wire:?} cut at {at} for {length}"));
            self.world.at(at, Change::Conditions(wire, cut));
            self.world.at((at + length).min(self.heal_at), Change::Conditions(wire, mended));
        }
        if self.dice.one_in(6) {
            let hosts: Vec<NodeId> = self.world.computers().map(|(id, _)| id).collect();
            let host = self.dice.pick(&hosts);
            let at = self.moment();
            self.say(&format!("{host:?} crashes at {at}"));
            self.world.at(at, Change::Crash(host));
            let back = at + Duration::from_millis(self.dice.between(10, 10_000));
            self.world.at(back.min(self.heal_at), Change::Restart(host));
            self.crashed.push(host);
            self.must = Must::MayFail;
        }
        if !self.crashed.is_empty() || self.dice.one_in(6) {
            self.may_be_left_alone();
        }
    }

    /// A connection may lose its other end and not hear of it: keep-alive finds out.
    fn may_be_left_alone(&mut self) {
        let idle = Duration::from_secs(self.dice.between(5, 60));
        let interval = Duration::from_secs(self.dice.between(1, 20));
        self.keep_alive = Some(KeepAlive { idle, interval, probes: 5 });
        self.must = Must::MayFail;
    }

    fn moment(&mut self) -> Instant {
        let storm = self.heal_at.since(START).as_nanos();
        START + Duration::from_nanos(self.dice.below(storm))
    }

    /// A server on the last host, clients on the others, and sometimes the other way round, too.
    fn programs(&mut self) {
        let hosts: Vec<(NodeId, IpAddr)> = {
            let computers: Vec<NodeId> = self.world.computers().map(|(id, _)| id).collect();
            self.hosts.iter().copied().filter(|(id, _)| computers.contains(id)).collect()
        };
        let (first, last) = (hosts[0], hosts[hosts.len() - 1]);
        for client in &hosts[..hosts.len() - 1] {
            let port = PORT + client.0.0 as u16;
            self.pair_of_programs(client.0, last, port);
        }
        if self.dice.one_in(3) {
            self.pair_of_programs(last.0, first, PORT - 1);
        }
    }

    fn pair_of_programs(&mut self, from: NodeId, to: (NodeId, IpAddr), port: u16) {
        let work = works::draw(&mut self.dice, self.octets, self.keep_alive);
        if work.manners == Manners::BrokenOff {
            self.must = Must::MayFail;
        }
        let at = SocketAddr::new(to.1, port);
        let connections = self.dice.between(1, CONNECTIONS);
        let client = Client {
            to: at,
            connections,
            at_once: self.dice.between(1, AT_ONCE) as u32,
            start: self.moment(),
            gap: Duration::from_millis(self.dice.pick(&[0, 1, 700])),
            port: None,
            script: work.client,
        };
        self.say(&format!("{connections} times {}", work.name));
        let server = Server { at, backlog: 16, script: work.server };
        self.world.run_program(to.0, Program::Server(server));
        self.world.run_program(from, Program::Client(client));
    }
}
