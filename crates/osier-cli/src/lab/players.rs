//! Who plays the programs of the host in whose place the kernel stands?
//!
//! We do, by sockets of the kernel, as the scenario says: servers listen before the scenario
//! begins, clients connect in their time. With `--by-hand` nobody does, and what there is to do is
//! said.

use super::kernel_socket::{KernelSocket, ending, std_time};
use super::real::watch;
use crate::exit::Failure;
use osier_lab::{Client, Pattern, Program, Progress, Report, Script, Server, Surroundings, Tally};
use osier_lab::{Talk, Why};
use osier_tcp::{Ending, Nagle};
use osier_time::{Duration, Instant};
use rustix::event::epoll::EventFlags;
use rustix::io::Errno;
use rustix::net::{AddressFamily, SocketFlags, SocketType, sockopt};
use std::collections::{BTreeMap, BTreeSet};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::os::fd::OwnedFd;

/// Connections at a time, at most: a process may have 1024 files, as a rule.
const OPEN_MAX: u32 = 512;

/// The programs that run on the kernel's side.
#[derive(Debug)]
pub(super) struct Players {
    ready: OwnedFd,
    runs: Vec<Run>,
    talks: BTreeMap<u64, (Talk, KernelSocket, Stage)>,
    listeners: BTreeMap<u64, (usize, TcpListener)>,
    alarms: BTreeSet<(Instant, u64)>,
    /// What is ready, by its number.
    stirred: Vec<u64>,
    next: u64,
    pattern: Pattern,
    hand: Hand,
}

/// Who plays.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Hand {
    Ours,
    Yours,
}

/// Whether a connection is open already.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    Connecting,
    Open,
}

/// A program that runs.
#[derive(Debug)]
struct Run {
    number: usize,
    program: Program,
    opened: u64,
    open: u32,
    next_open: Option<Instant>,
    tally: Tally,
}

impl Run {
    fn script(&self) -> &Script {
        match &self.program {
            Program::Server(server) => &server.script,
            Program::Client(client) => &client.script,
        }
    }
}

impl Players {
    /// Readies the programs; what is ready is told by `ready`.
    ///
    /// # Errors
    /// A port is in use.
    pub(super) fn new(
        programs: &[(usize, Program)],
        ready: OwnedFd,
        by_hand: bool,
    ) -> Result<Players, Failure> {
        let runs = programs.iter().map(|(number, program)| Run {
            number: *number,
            program: program.clone(),
            opened: 0,
            open: 0,
            next_open: None,
            tally: Tally::default(),
        });
        let mut players = Players {
            ready,
            runs: runs.collect(),
            talks: BTreeMap::new(),
            listeners: BTreeMap::new(),
            alarms: BTreeSet::new(),
            stirred: Vec::new(),
            next: super::real::DEVICE + 1,
            pattern: Pattern::default(),
            hand: if by_hand { Hand::Yours } else { Hand::Ours },
        };
        if players.hand == Hand::Ours {
            for n in 0..players.runs.len() {
                players.start(n)?;
            }
        }
        Ok(players)
    }

    fn start(&mut self, n: usize) -> Result<(), Failure> {
        let run = &mut self.runs[n];
        match &run.program {
            Program::Client(client) => run.next_open = Some(client.start),
            Program::Server(Server { at, backlog, .. }) => {
                let in_use = |error: Errno| {
                    Failure::refused(format!("the kernel cannot listen at {at}: {error}"))
                        .remedy("end what listens there, or take --by-hand and let it serve")
                };
                let listener = listen(*at, *backlog).map_err(in_use)?;
                watch(&self.ready, &listener, self.next, EventFlags::IN | EventFlags::ET)?;
                self.listeners.insert(self.next, (n, listener));
                self.next += 1;
            }
        }
        Ok(())
    }

    /// What tells that something is ready.
    pub(super) fn ready(&self) -> &OwnedFd {
        &self.ready
    }

    /// Something happened to the thing of this number.
    pub(super) fn stir(&mut self, number: u64) {
        self.stirred.push(number);
    }

    /// What somebody else has to do, where nobody plays.
    pub(super) fn to_do(&self) -> Vec<String> {
        if self.hand == Hand::Ours {
            return Vec::new();
        }
        let sentence = |run: &Run| match &run.program {
            Program::Server(server) => {
                let at = server.at;
                format!("by hand      serve at {at}: nc -l {} {}", at.ip(), at.port())
            }
            Program::Client(Client { to, port, .. }) => {
                let from = port.map_or(String::new(), |port| format!(" -p {port}"));
                format!("by hand      connect to {to}: nc{from} {} {}", to.ip(), to.port())
            }
        };
        self.runs.iter().map(sentence).collect()
    }

    /// When a program has something to do next.
    pub(super) fn next_at(&self) -> Option<Duration> {
        let alarm = self.alarms.first().map(|(at, _)| *at);
        let opening = self.runs.iter().filter_map(|run| run.next_open).min();
        let next = [alarm, opening].into_iter().flatten().min();
        next.map(|at| at.since(osier_lab::scenario::Run::beginning()))
    }

    /// Does what there is to do now.
    pub(super) fn go_on(&mut self, now: Instant) -> Result<(), Failure> {
        for number in std::mem::take(&mut self.stirred) {
            match self.listeners.contains_key(&number) {
                true => self.accept(now, number)?,
                false => self.hear(now, number),
            }
        }
        while let Some((_, number)) = self.alarms.first().copied().filter(|(at, _)| *at <= now) {
            self.alarms.pop_first();
            self.speak(now, number);
        }
        (0..self.runs.len()).try_for_each(|n| self.open_more(now, n))
    }

    fn accept(&mut self, now: Instant, number: u64) -> Result<(), Failure> {
        while let Some((n, listener)) = self.listeners.get(&number) {
            let n = *n;
            // What goes wrong with one that waits is over before it has begun.
            let Ok((stream, _)) = listener.accept() else { break };
            if self.runs[n].open >= OPEN_MAX {
                continue;
            }
            stream.set_nonblocking(true)?;
            let number = self.begin(now, n, stream, Stage::Open)?;
            self.speak(now, number);
        }
        Ok(())
    }

    fn open_more(&mut self, now: Instant, n: usize) -> Result<(), Failure> {
        loop {
            let run = &mut self.runs[n];
            let Program::Client(Client { to, gap, connections, at_once, port, .. }) = run.program
            else {
                return Ok(());
            };
            if run.next_open.is_none_or(|at| at > now) {
                return Ok(());
            }
            let most = at_once.min(OPEN_MAX);
            run.opened += 1;
            let more = run.opened < connections;
            run.next_open = (more && run.open + 1 < most).then_some(now + gap);
            match connect(to, port) {
                Ok(stream) => {
                    self.begin(now, n, stream, Stage::Connecting)?;
                }
                Err(_) => {
                    run.tally.refused += 1;
                    run.next_open = (more && run.open < most).then_some(now + gap);
                }
            }
        }
    }

    fn begin(
        &mut self,
        now: Instant,
        n: usize,
        stream: TcpStream,
        stage: Stage,
    ) -> Result<u64, Failure> {
        let (run, number) = (&mut self.runs[n], self.next);
        self.next += 1;
        run.open += 1;
        run.tally.begun += 1;
        settings(&stream, run.script())?;
        watch(&self.ready, &stream, number, EventFlags::IN | EventFlags::OUT | EventFlags::ET)?;
        let talk = Talk::begin(now, n, run.script());
        self.talks.insert(number, (talk, KernelSocket::new(stream), stage));
        Ok(number)
    }

    /// Something happened to a connection.
    fn hear(&mut self, now: Instant, number: u64) {
        let Some((_, socket, stage)) = self.talks.get_mut(&number) else { return };
        if *stage == Stage::Connecting {
            match socket.stream().take_error() {
                Ok(None) if socket.stream().peer_addr().is_err() => return,
                Ok(None) => *stage = Stage::Open,
                Ok(Some(error)) | Err(error) => {
                    return self.end(now, number, Some(ending(&error)));
                }
            }
        }
        self.speak(now, number);
        // What was read to its end is not read again, and may be broken off all the same.
        let broken = self.talks.get(&number).map(|(_, socket, _)| socket.stream().take_error());
        if let Some(Ok(Some(error)) | Err(error)) = broken {
            self.end(now, number, Some(ending(&error)));
        }
    }

    fn speak(&mut self, now: Instant, number: u64) {
        let Some((talk, socket, Stage::Open)) = self.talks.get_mut(&number) else { return };
        let Run { program, tally, .. } = &mut self.runs[talk.program];
        let script = match program {
            Program::Server(server) => &server.script,
            Program::Client(client) => &client.script,
        };
        let pattern = &self.pattern;
        match talk.go_on(Why::Any, &mut Surroundings { now, socket, script, pattern, tally }) {
            Progress::Waits(None) => {}
            Progress::Waits(Some(at)) => _ = self.alarms.insert((at, number)),
            Progress::Done => self.end(now, number, None),
            Progress::Failed(ending) => self.end(now, number, Some(ending)),
        }
    }

    fn end(&mut self, now: Instant, number: u64, failure: Option<Ending>) {
        let Some((talk, ..)) = self.talks.remove(&number) else { return };
        let run = &mut self.runs[talk.program];
        match failure {
            None => run.tally.done += 1,
            Some(_) => run.tally.failed += 1,
        }
        let (times, octets) = ((talk.began, now), (talk.sent, talk.received));
        run.tally.reports.push(Report { times, octets, failure });
        run.open -= 1;
        if let Program::Client(client) = &run.program
            && run.opened < client.connections
            && run.next_open.is_none()
        {
            run.next_open = Some(now + client.gap);
        }
    }

    /// The scenario is over: what every program has done, by its number; nothing of one that was
    /// played by hand.
    pub(super) fn finish(self) -> Vec<(usize, Tally)> {
        self.talks.values().for_each(|(_, socket, _)| socket.drop_at_once());
        match self.hand {
            Hand::Yours => Vec::new(),
            Hand::Ours => self.runs.into_iter().map(|run| (run.number, run.tally)).collect(),
        }
    }
}

fn tcp(like: SocketAddr) -> Result<OwnedFd, Errno> {
    let family = if like.is_ipv4() { AddressFamily::INET } else { AddressFamily::INET6 };
    let flags = SocketFlags::NONBLOCK | SocketFlags::CLOEXEC;
    let socket = rustix::net::socket_with(family, SocketType::STREAM, flags, None)?;
    sockopt::set_socket_reuseaddr(&socket, true)?;
    Ok(socket)
}

fn listen(at: SocketAddr, backlog: usize) -> Result<TcpListener, Errno> {
    let socket = tcp(at)?;
    rustix::net::bind(&socket, &at)?;
    rustix::net::listen(&socket, i32::try_from(backlog).unwrap_or(i32::MAX))?;
    Ok(TcpListener::from(socket))
}

fn connect(to: SocketAddr, port: Option<u16>) -> Result<TcpStream, Errno> {
    let socket = tcp(to)?;
    if let Some(port) = port {
        let any: SocketAddr = match to {
            SocketAddr::V4(_) => ([0; 4], port).into(),
            SocketAddr::V6(_) => ([0_u16; 8], port).into(),
        };
        rustix::net::bind(&socket, &any)?;
    }
    match rustix::net::connect(&socket, &to) {
        Ok(()) | Err(Errno::INPROGRESS) => Ok(TcpStream::from(socket)),
        Err(error) => Err(error),
    }
}

/// What a script asks of its connection.
fn settings(stream: &TcpStream, script: &Script) -> Result<(), Failure> {
    stream.set_nodelay(script.nagle == Nagle::Off)?;
    if let Some(keep_alive) = script.keep_alive {
        sockopt::set_socket_keepalive(stream, true)?;
        sockopt::set_tcp_keepidle(stream, std_time(keep_alive.idle))?;
        sockopt::set_tcp_keepintvl(stream, std_time(keep_alive.interval))?;
        sockopt::set_tcp_keepcnt(stream, u32::from(keep_alive.probes))?;
    }
    Ok(())
}
