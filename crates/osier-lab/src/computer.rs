//! What runs on a host of the lab, and what becomes of it when the host crashes?
//!
//! A host, the programs on it and their connections. The world gives frames and turns, takes
//! frames and asks when the next turn is due. A crash forgets everything but how the host was made.

use crate::pattern::Pattern;
use crate::program::{Client, Program, Report, Tally};
use crate::socket::OfHost;
use crate::talk::{Progress, Surroundings, Talk, Why};
use core::net::SocketAddr;
use osier_host::{Config, ConnectionId, Event, Host, Keys, ListenerId, Metrics};
use osier_ip::{Cidr, LinkConfig, LinkId, Route};
use osier_tcp::{Ending, Recording};
use osier_time::Instant;
use std::collections::BTreeSet;

/// A host and its programs.
#[derive(Clone, Debug)]
pub struct Computer {
    pub(crate) host: Host,
    plan: Plan,
    power: Power,
    runs: Vec<Run>,
    /// By connection id.
    talks: Vec<Option<Talk>>,
    alarms: BTreeSet<(Instant, u32)>,
    /// When a client opens its next connection; never: [`Instant::MAX`].
    opening: Instant,
    /// When the host wanted to be woken when it was asked last.
    host_due: Instant,
    pattern: Pattern,
    reports: Reports,
}

/// How the host was made, to make it again.
#[derive(Clone, Debug)]
struct Plan {
    config: Config,
    seed: u64,
    links: Vec<LinkConfig>,
    addresses: Vec<(LinkId, Cidr)>,
    routes: Vec<Route>,
    metrics: Metrics,
    recording: Recording,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Power {
    On,
    Off,
}

/// Whether each connection that is over is kept in the tally of its program.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Reports {
    /// They are counted only.
    Counted,
    /// They are kept.
    Kept,
}

/// A program that runs.
#[derive(Clone, Debug)]
struct Run {
    program: Program,
    listener: Option<ListenerId>,
    opened: u64,
    open: u32,
    next_open: Option<Instant>,
    tally: Tally,
}

impl Computer {
    pub(crate) fn new(config: Config, seed: u64, pattern: Pattern) -> Computer {
        let host = Host::new(config.clone(), Keys::from_seed(seed));
        let (links, addresses, routes) = (Vec::new(), Vec::new(), Vec::new());
        let (metrics, recording) = (Metrics::default(), Recording::Off);
        Computer {
            host,
            plan: Plan { config, seed, links, addresses, routes, metrics, recording },
            power: Power::On,
            runs: Vec::new(),
            talks: Vec::new(),
            alarms: BTreeSet::new(),
            opening: Instant::MAX,
            host_due: Instant::ZERO,
            pattern,
            reports: Reports::Counted,
        }
    }

    /// The host.
    pub fn host(&self) -> &Host {
        &self.host
    }

    /// What a program has done, in the order in which they were started.
    pub fn tally(&self, program: usize) -> &Tally {
        &self.runs[program].tally
    }

    /// What every program has done.
    pub fn tallies(&self) -> impl Iterator<Item = &Tally> {
        self.runs.iter().map(|run| &run.tally)
    }

    /// Connections on which a program is still at work, and attempts to connect.
    pub fn at_work(&self) -> usize {
        self.talks.iter().flatten().count()
    }

    /// Ids of the connections on which a program is at work.
    pub fn connections(&self) -> impl Iterator<Item = ConnectionId> {
        (0..).zip(&self.talks).filter(|(_, talk)| talk.is_some()).map(|(id, _)| ConnectionId(id))
    }

    /// Whether a client has connections still to open.
    pub fn has_more_to_open(&self) -> bool {
        self.runs.iter().any(|run| run.next_open.is_some())
    }

    pub(crate) fn keep_reports(&mut self) {
        self.reports = Reports::Kept;
    }

    pub(crate) fn set_recording(&mut self, recording: Recording) {
        self.plan.recording = recording;
        self.host.set_recording(recording);
    }

    pub(crate) fn add_link(&mut self, config: LinkConfig) -> LinkId {
        self.plan.links.push(config.clone());
        self.host.add_link(config)
    }

    /// The MSS that is announced at the most, on the links that there are.
    pub(crate) fn announce_at_most(&mut self, mss: u16) {
        self.plan.metrics.advmss = Some(mss);
        self.host.set_metrics(self.plan.metrics);
    }

    pub(crate) fn add_address(&mut self, now: Instant, link: LinkId, cidr: Cidr) {
        self.plan.addresses.push((link, cidr));
        self.host.add_address(now, link, cidr);
    }

    pub(crate) fn add_route(&mut self, route: Route) {
        self.plan.routes.push(route);
        self.host.add_route(route);
    }

    /// Starts a program.
    pub(crate) fn run(&mut self, now: Instant, program: Program) -> usize {
        let tally = Tally::default();
        self.runs.push(Run { program, listener: None, opened: 0, open: 0, next_open: None, tally });
        self.start(now, self.runs.len() - 1);
        self.runs.len() - 1
    }

    fn start(&mut self, now: Instant, program: usize) {
        let run = &mut self.runs[program];
        match &run.program {
            Program::Server(server) => {
                run.listener = self.host.listen(server.at, server.backlog).ok();
                assert!(run.listener.is_some(), "nobody else listens at {}", server.at);
            }
            Program::Client(client) => {
                run.open = 0;
                let more = run.opened < client.connections;
                run.next_open = more.then_some(client.start.max(now));
                self.opening = self.opening.min(client.start.max(now));
            }
        }
    }

    /// The power goes: everything but the plan is forgotten.
    pub(crate) fn crash(&mut self) {
        self.power = Power::Off;
        for talk in self.talks.drain(..).flatten() {
            self.runs[talk.program].tally.failed += 1;
        }
        self.alarms.clear();
        self.runs.iter_mut().for_each(|run| run.next_open = None);
        self.opening = Instant::MAX;
    }

    /// It comes back, with secrets of its own and the same programs.
    pub(crate) fn restart(&mut self, now: Instant) {
        self.power = Power::On;
        self.host_due = Instant::ZERO;
        let plan = &mut self.plan;
        plan.seed = plan.seed.wrapping_add(0x5DEE_CE66);
        self.host = Host::new(plan.config.clone(), Keys::from_seed(plan.seed));
        for link in &plan.links {
            self.host.add_link(link.clone());
        }
        self.host.set_metrics(plan.metrics);
        for (link, cidr) in &plan.addresses {
            self.host.add_address(now, *link, *cidr);
        }
        plan.routes.iter().for_each(|route| self.host.add_route(*route));
        self.host.set_recording(plan.recording);
        (0..self.runs.len()).for_each(|program| self.start(now, program));
    }

    /// Whether it has power.
    pub fn is_on(&self) -> bool {
        self.power == Power::On
    }

    /// Breaks off what programs are still at work on.
    pub(crate) fn abort_all(&mut self, now: Instant) {
        for id in (0..).map(ConnectionId).take(self.talks.len()) {
            if self.talks[id.0 as usize].is_some() {
                self.host.abort(now, id);
                self.end(now, id, Some(Ending::Aborted));
            }
        }
    }

    /// Serves the alarms that are due, the host's and the programs'.
    pub(crate) fn on_deadline(&mut self, now: Instant) {
        if self.host_due <= now {
            self.host.on_deadline(now);
        }
        while let Some((_, id)) = self.alarms.first().copied().filter(|(due, _)| *due <= now) {
            self.alarms.pop_first();
            self.go_on(now, ConnectionId(id), Why::Any);
        }
        if self.opening <= now {
            (0..self.runs.len()).for_each(|program| self.open_more(now, program));
            let openings = self.runs.iter().filter_map(|run| run.next_open);
            self.opening = openings.min().unwrap_or(Instant::MAX);
        }
    }

    /// Gives the host's events to the programs; says whether there was one.
    pub(crate) fn drain_events(&mut self, now: Instant) -> bool {
        let mut any = false;
        while let Some(event) = self.host.poll_event() {
            any = true;
            match event {
                Event::Acceptable(listener) => self.accept(now, listener),
                Event::Connected(id) | Event::Writable(id) => self.go_on(now, id, Why::Room),
                Event::Readable(id) | Event::Closed(id, Ending::InOrder) => {
                    self.go_on(now, id, Why::Any);
                }
                Event::Closed(id, ending) => {
                    self.host.release(now, id);
                    self.end(now, id, Some(ending));
                }
                Event::Trouble(..)
                | Event::PathMtu(..)
                | Event::Incoming(..)
                | Event::HandshakeFailed(..)
                | Event::UdpReadable(_)
                | Event::UdpWritable(_)
                | Event::EchoReply { .. }
                | Event::NeighbourUnreachable(_)
                | Event::AddressConflict { .. } => {}
            }
        }
        any
    }

    /// When its next turn is due: a timer of the host, or of a program.
    pub fn next_deadline(&self) -> Option<Instant> {
        self.first(self.host.next_deadline().unwrap_or(Instant::MAX))
    }

    /// The same; the host is not asked again before that turn.
    pub(crate) fn await_turn(&mut self) -> Option<Instant> {
        self.host_due = self.host.next_deadline().unwrap_or(Instant::MAX);
        self.first(self.host_due)
    }

    fn first(&self, host_due: Instant) -> Option<Instant> {
        if self.power == Power::Off {
            return None;
        }
        let alarm = self.alarms.first().map_or(Instant::MAX, |(at, _)| *at);
        let first = host_due.min(alarm).min(self.opening);
        Some(first).filter(|at| *at != Instant::MAX)
    }

    fn accept(&mut self, now: Instant, listener: ListenerId) {
        let is_it = |run: &Run| run.listener == Some(listener);
        let Some(program) = self.runs.iter().position(is_it) else { return };
        while let Some((id, _)) = self.host.accept(listener) {
            self.begin(now, id, program);
            self.go_on(now, id, Why::Any);
        }
    }

    fn open_more(&mut self, now: Instant, program: usize) {
        loop {
            let run = &self.runs[program];
            let Program::Client(Client { to, gap, connections, at_once, port, .. }) = run.program
            else {
                return;
            };
            if run.next_open.is_none_or(|at| at > now) {
                return;
            }
            let local = port.and_then(|port| self.local(to, port));
            let run = &mut self.runs[program];
            run.opened += 1;
            let more = run.opened < connections && run.open + 1 < at_once;
            run.next_open = more.then_some(now + gap);
            match self.host.connect(now, to, local) {
                Ok(id) => {
                    run.open += 1;
                    self.begin(now, id, program);
                }
                Err(_) => {
                    run.tally.refused += 1;
                    if run.opened < connections && run.open < at_once {
                        run.next_open = Some(now + gap);
                    }
                }
            }
        }
    }

    /// An address of ours of the version of `to`, with a port.
    fn local(&self, to: SocketAddr, port: u16) -> Option<SocketAddr> {
        let mut own = self.plan.addresses.iter().map(|(_, cidr)| cidr.address);
        let fits = own.find(|address| address.is_ipv4() == to.is_ipv4())?;
        Some(SocketAddr::new(fits, port))
    }

    fn begin(&mut self, now: Instant, id: ConnectionId, program: usize) {
        let run = &mut self.runs[program];
        run.tally.begun += 1;
        let script = match &run.program {
            Program::Server(server) => &server.script,
            Program::Client(client) => &client.script,
        };
        // Where the connection is over already, its event says so.
        let _ = self.host.set_nagle(id, script.nagle);
        if script.keep_alive.is_some() {
            let _ = self.host.set_keep_alive(now, id, script.keep_alive);
        }
        let slot = id.0 as usize;
        if self.talks.len() <= slot {
            self.talks.resize(slot + 1, None);
        }
        self.talks[slot] = Some(Talk::begin(now, program, script));
    }

    fn go_on(&mut self, now: Instant, id: ConnectionId, why: Why) {
        let Some(Some(talk)) = self.talks.get_mut(id.0 as usize) else { return };
        let Run { program, tally, .. } = &mut self.runs[talk.program];
        let script = match program {
            Program::Server(server) => &server.script,
            Program::Client(client) => &client.script,
        };
        let socket = &mut OfHost { host: &mut self.host, id };
        let pattern = &self.pattern;
        let mut around = Surroundings { now, socket, script, pattern, tally };
        match talk.go_on(why, &mut around) {
            Progress::Waits(None) => {}
            Progress::Waits(Some(at)) => _ = self.alarms.insert((at, id.0)),
            Progress::Done => self.end(now, id, None),
            Progress::Failed(ending) => {
                self.host.release(now, id);
                self.end(now, id, Some(ending));
            }
        }
    }

    /// A connection is over for its program.
    fn end(&mut self, now: Instant, id: ConnectionId, failure: Option<Ending>) {
        let Some(talk) = self.talks.get_mut(id.0 as usize).and_then(Option::take) else { return };
        let run = &mut self.runs[talk.program];
        match failure {
            None => run.tally.done += 1,
            Some(_) => run.tally.failed += 1,
        }
        if self.reports == Reports::Kept {
            let (times, octets) = ((talk.began, now), (talk.sent, talk.received));
            run.tally.reports.push(Report { times, octets, failure });
        }
        if let Program::Client(client) = &run.program {
            run.open -= 1;
            if run.opened < client.connections && run.next_open.is_none() {
                run.next_open = Some(now + client.gap);
                self.opening = self.opening.min(now + client.gap);
            }
        }
    }
}
