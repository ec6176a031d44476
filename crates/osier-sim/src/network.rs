//! Who is on the network, and what happens to a packet between two hosts?
//!
//! Every pair of hosts has a link of its own, one [`Link`] of the lab for each direction. Packets
//! begin with the IP header, so there are no stations and nobody asks for neighbours. A packet for
//! an address that nobody has vanishes, as do broadcasts; there are no routers.

use crate::traffic::Traffic;
use bytes::Bytes;
use osier_lab::{Conditions, Counts, Dice, Link};
use osier_time::Instant;
use osier_wire::Received;
use osier_wire::ip::Header;
use osier_wire::link::Medium;
use std::io;
use std::net::{IpAddr, Ipv4Addr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::Waker;

/// Hosts at most: the addresses of 192.168.0.0/16 without its first and its last.
const HOSTS_MAX: usize = 65_534;

/// The network between the hosts of a simulation. Cheap to clone.
///
/// Each direction of each pair of hosts is a link of its own. A change holds for what is sent from
/// then on; what is under way arrives.
#[derive(Clone, Debug)]
pub struct Network(Arc<Mutex<Inner>>);

#[derive(Debug)]
struct Inner {
    /// Time zero.
    epoch: tokio::time::Instant,
    seed: u64,
    /// What a new link is like.
    conditions: Conditions,
    sockets: Vec<Socket>,
    /// By receiver, then by sender; a host's link to itself is never used.
    links: Vec<Vec<Link>>,
    traffic: Option<Traffic>,
}

/// The socket in the wall that a host is plugged into.
#[derive(Debug)]
struct Socket {
    name: String,
    power: Power,
    waker: Option<Waker>,
    reader: Reader,
}

/// Whether a host runs, and for which time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Power {
    Off,
    On(Boot),
}

/// How often a host had been started before. What it was before a crash has no say any more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Boot(pub(crate) u32);

/// Whether the driver of a host has to be woken for a packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Reader {
    /// It looks before it sleeps.
    Awake,
    /// It looks at that time, or when it is woken.
    Asleep(Option<Instant>),
}

/// What came of looking for packets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Taken {
    Packets(usize),
    /// None has arrived; the next one does then, as things stand.
    NoneBefore(Option<Instant>),
}

impl Network {
    pub(crate) fn new(seed: u64, conditions: Conditions, traffic: Option<Traffic>) -> Network {
        Network(Arc::new(Mutex::new(Inner {
            epoch: tokio::time::Instant::now(),
            seed,
            conditions,
            sockets: Vec::new(),
            links: Vec::new(),
            traffic,
        })))
    }

    /// The address of a host.
    ///
    /// # Panics
    /// Where no host has that name.
    pub fn lookup(&self, name: &str) -> IpAddr {
        let host = self.lock().find(name);
        address(host)
    }

    /// Cuts both directions between two hosts: what is sent from now on vanishes.
    ///
    /// # Panics
    /// Where no host has one of the names.
    pub fn partition(&self, a: &str, b: &str) {
        self.change(a, b, |conditions| conditions.traffic = osier_lab::Traffic::Cut);
    }

    /// Ends what [`partition`](Network::partition) began.
    ///
    /// # Panics
    /// Where no host has one of the names.
    pub fn repair(&self, a: &str, b: &str) {
        self.change(a, b, |conditions| conditions.traffic = osier_lab::Traffic::Flows);
    }

    /// Changes what both directions between two hosts are like.
    ///
    /// # Panics
    /// Where no host has one of the names.
    pub fn set_link(&self, a: &str, b: &str, conditions: &Conditions) {
        self.change(a, b, |of_link| of_link.clone_from(conditions));
    }

    /// Changes what one direction is like, from one host to another.
    ///
    /// # Panics
    /// Where no host has one of the names.
    pub fn set_direction(&self, from: &str, to: &str, conditions: &Conditions) {
        let mut inner = self.lock();
        let (from, to) = (inner.find(from), inner.find(to));
        inner.links[to][from].set(conditions.clone());
    }

    /// What became of the packets from one host to another.
    ///
    /// # Panics
    /// Where no host has one of the names.
    pub fn counts(&self, from: &str, to: &str) -> Counts {
        let inner = self.lock();
        inner.links[inner.find(to)][inner.find(from)].counts()
    }

    fn change(&self, a: &str, b: &str, how: impl Fn(&mut Conditions)) {
        let mut inner = self.lock();
        let (a, b) = (inner.find(a), inner.find(b));
        for (from, to) in [(a, b), (b, a)] {
            let link = &mut inner.links[to][from];
            let mut conditions = link.conditions().clone();
            how(&mut conditions);
            link.set(conditions);
        }
    }

    /// Adds a host, which is off. Its number is its place in the order of adding.
    ///
    /// # Panics
    /// Where the name is taken, or all addresses are.
    pub(crate) fn add(&self, name: &str) -> usize {
        let mut inner = self.lock();
        let host = inner.sockets.len();
        assert!(inner.sockets.iter().all(|s| s.name != name), "two hosts are called {name}");
        assert!(host < HOSTS_MAX, "there are no more than {HOSTS_MAX} addresses");
        for to in 0..host {
            let link = inner.new_link(host, to);
            inner.links[to].push(link);
        }
        let inward = (0..=host).map(|from| inner.new_link(from, host)).collect();
        inner.links.push(inward);
        let (power, reader) = (Power::Off, Reader::Awake);
        inner.sockets.push(Socket { name: name.to_owned(), power, waker: None, reader });
        if let Some(traffic) = &mut inner.traffic {
            traffic.add_host(name);
        }
        host
    }

    /// Starts a host. What arrived while it was off has vanished.
    pub(crate) fn power_on(&self, host: usize, boot: Boot) {
        let mut inner = self.lock();
        let now = inner.now();
        while inner.arrived(host, now).is_some() {}
        let socket = &mut inner.sockets[host];
        (socket.power, socket.waker, socket.reader) = (Power::On(boot), None, Reader::Awake);
    }

    /// Takes a host's power: it says nothing any more and hears nothing.
    pub(crate) fn power_off(&self, host: usize) {
        let socket = &mut self.lock().sockets[host];
        socket.power = Power::Off;
        let waker = socket.waker.take();
        waker.into_iter().for_each(Waker::wake);
    }

    /// Whom to wake when a packet arrives.
    pub(crate) fn set_waker(&self, (host, boot): (usize, Boot), waker: &Waker) {
        let socket = &mut self.lock().sockets[host];
        if socket.power == Power::On(boot) {
            match &mut socket.waker {
                Some(before) => before.clone_from(waker),
                none => *none = Some(waker.clone()),
            }
        }
    }

    /// Takes a packet from a host.
    pub(crate) fn send(&self, (from, boot): (usize, Boot), packet: &Bytes) {
        let mut inner = self.lock();
        if inner.sockets[from].power != Power::On(boot) {
            return;
        }
        let waker = inner.send(from, packet);
        drop(inner);
        waker.into_iter().for_each(Waker::wake);
    }

    /// Hands over up to `budget` packets that have arrived at a host, in the order of arrival.
    ///
    /// # Errors
    /// The host has crashed.
    pub(crate) fn take(
        &self,
        (host, boot): (usize, Boot),
        into: &mut Vec<Received>,
        budget: usize,
    ) -> io::Result<Taken> {
        let mut inner = self.lock();
        if inner.sockets[host].power != Power::On(boot) {
            return Err(io::Error::other("the host has crashed"));
        }
        let now = inner.now();
        let mut taken = 0;
        while taken < budget {
            let Some(packet) = inner.arrived(host, now) else { break };
            into.push(Received::from(packet));
            taken += 1;
        }
        if taken > 0 {
            inner.sockets[host].reader = Reader::Awake;
            return Ok(Taken::Packets(taken));
        }
        let next = inner.next_arrival(host).map(|(at, _)| at);
        inner.sockets[host].reader = Reader::Asleep(next);
        Ok(Taken::NoneBefore(next))
    }

    /// When that is on the runtime's clock.
    pub(crate) fn at(&self, instant: Instant) -> tokio::time::Instant {
        self.lock().epoch + instant.since(Instant::ZERO).into()
    }

    /// How long the simulation has lasted.
    pub(crate) fn now(&self) -> Instant {
        self.lock().now()
    }

    /// What the hosts have said so far is in the capture.
    ///
    /// # Errors
    /// Those of the sink, now or before.
    pub(crate) fn flush(&self) -> io::Result<()> {
        self.lock().traffic.as_mut().map_or(Ok(()), Traffic::flush)
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        // A test that panics may hold it; nothing is ever left half done.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Inner {
    fn now(&self) -> Instant {
        let passed = tokio::time::Instant::now().saturating_duration_since(self.epoch);
        Instant::ZERO + passed.into()
    }

    fn find(&self, name: &str) -> usize {
        let found = self.sockets.iter().position(|socket| socket.name == name);
        found.unwrap_or_else(|| panic!("no host is called {name}"))
    }

    /// With dice of its own: a further host does not change what befalls the others.
    fn new_link(&self, from: usize, to: usize) -> Link {
        let dice = Dice::of(self.seed, (from as u64) << 32 | to as u64);
        Link::new(self.conditions.clone(), Medium::Ip, dice)
    }

    /// Gives a packet to its link; says who is to be woken.
    fn send(&mut self, from: usize, packet: &Bytes) -> Option<Waker> {
        let now = self.now();
        let to = receiver(packet).filter(|to| *to < self.sockets.len() && *to != from);
        let fate = to.map(|to| self.links[to][from].on_frame(now, packet.clone()));
        if let Some(traffic) = &mut self.traffic {
            let told = to.zip(fate).map(|(to, fate)| (self.sockets[to].name.as_str(), fate));
            traffic.on_packet(now, from, packet, told);
        }
        let to = to?;
        let arrival = self.links[to][from].next_deadline()?;
        let socket = &mut self.sockets[to];
        let sooner = match socket.reader {
            Reader::Awake => false,
            Reader::Asleep(until) => until.is_none_or(|until| arrival < until),
        };
        if sooner {
            socket.reader = Reader::Awake;
        }
        socket.waker.clone().filter(|_| sooner)
    }

    /// When the next packet arrives at a host, and from whom: of two at once, from the host that
    /// was added first.
    fn next_arrival(&self, host: usize) -> Option<(Instant, usize)> {
        let links = self.links[host].iter().enumerate();
        links.filter_map(|(from, link)| Some((link.next_deadline()?, from))).min()
    }

    fn arrived(&mut self, host: usize, now: Instant) -> Option<Bytes> {
        let (_, from) = self.next_arrival(host)?;
        self.links[host][from].poll_transmit(now)
    }
}

/// The address of the host of that number: 192.168.0.1 for the first.
pub(crate) fn address(host: usize) -> IpAddr {
    let [.., high, low] = (host + 1).to_be_bytes();
    IpAddr::V4(Ipv4Addr::new(192, 168, high, low))
}

/// Whose address a packet is for, if anybody's.
fn receiver(packet: &[u8]) -> Option<usize> {
    let (header, _) = Header::parse(packet).ok()?;
    match header.dst() {
        IpAddr::V4(to) => match to.octets() {
            [192, 168, high, low] => usize::from(u16::from_be_bytes([high, low])).checked_sub(1),
            _ => None,
        },
        IpAddr::V6(_) => None,
    }
}
