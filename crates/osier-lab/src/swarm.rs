//! Does everything hold, whatever is drawn?
//!
//! A seed draws a network, settings, programs and faults ([`draw`](self)), and the case is run
//! against two oracles. Safety, at every moment: what arrives is what was sent, once and in order;
//! nothing grows beyond its bound; the engine's own checks hold. Liveness: once the faults are
//! over, everything ends within a bounded time, and nothing is left behind. Connections may fail,
//! with a reason, but only where something was drawn that may break them.

mod draw;
mod works;

use crate::build::Cable;
use crate::conditions::Conditions;
use crate::program::{Tally, Wrong};
use crate::world::{Change, NodeId, WireId, World};
use core::fmt;
use osier_time::{Duration, Instant};

/// Turns that a case may take. A hundred times what the longest case needs: two ends that answer
/// each other for ever are found by it.
const TURNS_MAX: u64 = 20_000_000;

/// How many turns pass between two looks at what hosts hold.
const LOOK_EVERY: u64 = 512;

/// How long after the last program the last connection may last: an orphan is given up after 15
/// retransmissions, some 15 minutes, and whoever it spoke to may be silent.
const AFTERMATH: Duration = Duration::from_secs(2_400);

/// A network, its programs and what befalls it, all drawn from one seed.
#[derive(Clone, Debug)]
pub struct Case {
    /// The seed.
    pub seed: u64,
    /// The world, at its beginning.
    pub world: World,
    /// What was drawn, for people.
    pub title: String,
    /// When the faults are over.
    heal_at: Instant,
    /// What each direction of a link is like from then on.
    calm: Vec<(WireId, Conditions)>,
    /// Hosts that may be down by then.
    crashed: Vec<NodeId>,
    /// Whether every connection must come to its end.
    must: Must,
    /// Programs that hear rubbish.
    deceived: Vec<(NodeId, usize)>,
    /// How long after the healing programs may still be at work.
    patience: Duration,
    /// What a connection of each host may hold, received and sent.
    buffers: Vec<(NodeId, u32, u32)>,
}

/// Whether connections may fail.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Must {
    Succeed,
    MayFail,
}

/// What a case that held has seen.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Seen {
    /// Connections whose script came to its end, at both ends.
    pub done: u64,
    /// Those that failed.
    pub failed: u64,
    /// Octets that were read.
    pub octets: u64,
    /// Frames that were sent.
    pub frames: u64,
    /// Virtual milliseconds that it took.
    pub millis: u64,
}

/// What did not hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Failure {
    /// A program heard what nobody said.
    Wrong(String, Wrong),
    /// A connection failed that nothing could have broken.
    NeedlesslyFailed(String),
    /// Programs are still at work, long after the faults are over.
    NeverEnds(String),
    /// A host holds something, long after its programs have let go.
    LeftBehind(String),
    /// A host holds more than it may.
    TooMuch(String),
    /// It goes on and on.
    TooManyTurns,
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Failure::Wrong(who, what) => write!(f, "{who} heard what nobody said: {what:?}"),
            Failure::NeedlesslyFailed(what) => write!(f, "failed without a cause: {what}"),
            Failure::NeverEnds(what) => write!(f, "at work long after the faults: {what}"),
            Failure::LeftBehind(what) => write!(f, "left behind: {what}"),
            Failure::TooMuch(what) => write!(f, "held beyond its bound: {what}"),
            Failure::TooManyTurns => write!(f, "{TURNS_MAX} turns and no end"),
        }
    }
}

impl Case {
    /// What this seed draws.
    pub fn draw(seed: u64) -> Case {
        draw::case(seed)
    }

    /// Runs it against the oracles.
    ///
    /// # Errors
    /// The first thing that does not hold; the world stays as it was at that moment.
    pub fn run(&mut self) -> Result<Seen, Failure> {
        let heal_at = self.heal_at;
        self.run_while(heal_at, |_| true)?;
        self.heal();
        let limit = self.world.now() + self.patience;
        if !self.run_while(limit, is_at_work)? {
            return Err(Failure::NeverEnds(self.at_work()));
        }
        self.judge_ends()?;
        let limit = self.world.now() + AFTERMATH;
        if !self.run_while(limit, holds_connections)? {
            return Err(Failure::LeftBehind(self.held()));
        }
        Ok(self.seen())
    }

    /// Lets time pass until `limit`, or `go_on` says no; `false`: it never did.
    fn run_while(&mut self, limit: Instant, go_on: fn(&World) -> bool) -> Result<bool, Failure> {
        loop {
            let mut busy = true;
            for _ in 0..LOOK_EVERY {
                busy = self.world.step(limit);
                if !busy {
                    break;
                }
            }
            self.judge()?;
            if !go_on(&self.world) {
                return Ok(true);
            }
            if !busy {
                return Ok(false);
            }
        }
    }

    /// The faults are over.
    fn heal(&mut self) {
        for (wire, conditions) in std::mem::take(&mut self.calm) {
            self.world.change(Change::Conditions(wire, conditions));
        }
        for host in std::mem::take(&mut self.crashed) {
            self.world.change(Change::Restart(host));
        }
    }

    /// The safety oracle.
    fn judge(&self) -> Result<(), Failure> {
        if self.world.turns() > TURNS_MAX {
            return Err(Failure::TooManyTurns);
        }
        for (id, computer) in self.world.computers() {
            for (number, tally) in computer.tallies().enumerate() {
                if let Some(wrong) = tally.wrong.filter(|_| !self.is_deceived(id, number)) {
                    let who = format!("program {number} of {}", self.world.name(id));
                    return Err(Failure::Wrong(who, wrong));
                }
            }
        }
        self.judge_sizes()
    }

    /// What hosts hold is bounded: for each connection by its buffers, and in number.
    fn judge_sizes(&self) -> Result<(), Failure> {
        for (id, receive, send) in &self.buffers {
            let sockets = self.world.computer(*id).host().sockets();
            let connections = sockets.iter().filter(|socket| socket.remote.is_some());
            // A window is rounded up to its unit, at most one part in 2^14 of the buffer
            // (osier-tcp/receive/window.rs). A FIN counts among what is not acknowledged.
            let rounded_up = *receive + receive / (1 << 14);
            let too_much = |(r, s): (u32, u32)| r > rounded_up || s > *send + 1;
            for socket in connections {
                if too_much((socket.receive_queue, socket.send_queue)) {
                    return Err(Failure::TooMuch(format!("{}: {socket:?}", self.world.name(*id))));
                }
            }
            if sockets.len() > draw::SOCKETS_MAX {
                let held = format!("{}: {} sockets", self.world.name(*id), sockets.len());
                return Err(Failure::TooMuch(held));
            }
        }
        Ok(())
    }

    /// Once all programs are done: did any fail that must not?
    fn judge_ends(&self) -> Result<(), Failure> {
        if self.must == Must::MayFail {
            return Ok(());
        }
        for (id, computer) in self.world.computers() {
            for (number, tally) in computer.tallies().enumerate() {
                if tally.failed + tally.refused > 0 && !self.is_deceived(id, number) {
                    let name = self.world.name(id);
                    let what = format!("program {number} of {name}: {}", of_tally(tally));
                    return Err(Failure::NeedlesslyFailed(what));
                }
            }
        }
        Ok(())
    }

    fn is_deceived(&self, id: NodeId, program: usize) -> bool {
        self.deceived.contains(&(id, program))
    }

    fn at_work(&self) -> String {
        let mut text = String::new();
        for (id, computer) in self.world.computers() {
            for connection in computer.connections() {
                let info = computer.host().info(connection);
                text += &format!("[{} {connection:?} {info:?}] ", self.world.name(id));
            }
        }
        text
    }

    fn held(&self) -> String {
        let mut text = String::new();
        for (id, computer) in self.world.computers() {
            let (name, host) = (self.world.name(id), computer.host());
            text += &format!("[{name}: {:?} {:?}] ", host.usage(), host.sockets());
        }
        text
    }

    fn seen(&self) -> Seen {
        let mut seen = Seen::default();
        for (_, computer) in self.world.computers() {
            for tally in computer.tallies() {
                seen.done += tally.done;
                seen.failed += tally.failed + tally.refused;
                seen.octets += tally.received;
            }
        }
        seen.frames = self.world.links().map(|(_, link)| link.counts().sent).sum();
        seen.millis = self.world.now().since(Instant::from_secs(1)).as_millis();
        seen
    }

    /// Records what happens from now on, for a capture of every host and a ladder.
    pub fn record(&mut self) {
        let hosts: Vec<NodeId> = self.world.computers().map(|(id, _)| id).collect();
        hosts.into_iter().for_each(|id| self.world.capture(id));
        self.world.keep_passages();
        self.world.keep_reports();
    }
}

fn of_tally(tally: &Tally) -> String {
    let Tally { begun, done, failed, refused, reports, .. } = tally;
    format!("{begun} begun, {done} done, {failed} failed, {refused} refused {reports:?}")
}

fn is_at_work(world: &World) -> bool {
    world.computers().any(|(_, computer)| computer.at_work() > 0 || computer.has_more_to_open())
}

fn holds_connections(world: &World) -> bool {
    world.computers().any(|(_, computer)| {
        let usage = computer.host().usage();
        usage.connections + usage.handshakes + usage.time_waits > 0
    })
}

/// The cable of a link as it is drawn, and what its directions are like once all is over.
pub(crate) struct Drawn {
    pub(crate) cable: Cable,
    pub(crate) calm: [Conditions; 2],
}
