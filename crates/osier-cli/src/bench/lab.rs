//! How fast is the lab: how many connections does it live through in a second of ours, and how much
//! faster than time is it?
//!
//! Figures of one core, through the full world: both hosts, links that delay and lose, programs
//! that hold every octet against the one that must come. The networks are the same each time; what
//! swings is the machine. The goals are in time of the wall; beside it stands processor time, which
//! others who are at work on the machine do not take away from.

use super::clock::Start;
use crate::exit::{Failure, Outcome};
use core::net::{IpAddr, SocketAddr};
use osier_host::Config;
use osier_lab::{
    Cable, Chance, Client, Conditions, Loss, NodeId, Program, Queue, Script, Server, World,
};
use osier_time::{Duration, Instant};
use serde_json::json;

/// Connections of one round, over so many servers, so many at a time of each.
const CONNECTIONS: u64 = 40_000;
const SERVERS: u16 = 8;
const AT_ONCE: u32 = 64;

/// What is sent on each.
const OCTETS: u64 = 10_000;

/// One way.
const DELAY: Duration = Duration::from_millis(5);

/// How much virtual time passes between two looks at whether all is done: a look walks over all.
const LOOK_EVERY: Duration = Duration::from_millis(50);

/// How long the one flow lasts.
const FLOW: Duration = Duration::from_secs(5);

/// Its rate, in bits a second.
const GIGABIT: u64 = 1_000_000_000;

/// Connections a second, and seconds a second, that are aimed at.
const GOALS: (f64, f64) = (50_000.0, 5.0);

/// Rounds, of which the best is told.
const ROUNDS: usize = 5;

const START: Instant = Instant::from_secs(1);

/// What a round has shown.
struct Figure {
    /// Connections, or virtual seconds, a second of wall clock.
    rate: f64,
    /// The same a second of processor time, where the kernel tells it.
    cpu: Option<f64>,
    /// Frames a second of wall clock.
    frames: f64,
}

impl Figure {
    /// Of so many units, the unit being a part of what is told, and of frames since `start`.
    fn of(start: Start, units: u64, per: f64, frames: u64) -> Figure {
        let (wall, cpu) = start.per_second(units);
        let frames = frames as f64 * wall / units as f64;
        Figure { rate: wall / per, cpu: cpu.map(|rate| rate / per), frames }
    }
}

pub(super) fn run(json: bool) -> Outcome {
    let connections = best(|| connections(CONNECTIONS))?;
    let flow = best(flow)?;
    if json {
        for (name, figure, goal) in
            [("connections_per_s", &connections, GOALS.0), ("speed_of_1_gbit", &flow, GOALS.1)]
        {
            let Figure { rate, cpu, frames } = figure;
            let line = json!({ "work": "lab", "figure": name, "rate": rate, "goal": goal,
                               "rate_of_processor_time": cpu, "frames_per_s": frames });
            println!("{line}");
        }
        return Ok(());
    }
    println!("The lab on one core, best of {ROUNDS} rounds; the figures are of this machine.\n");
    for (what, figure, goal) in [
        ("connections/s: opened, 10 KB, closed; 5 ms each way, 1 % loss", &connections, GOALS.0),
        ("virtual s/s: one flow of 1 Gbit/s, 5 ms each way", &flow, GOALS.1),
    ] {
        let verdict = if figure.rate >= goal { "reached" } else { "missed" };
        let cpu =
            figure.cpu.map_or(String::new(), |rate| format!(" ({rate:.1} of processor time)"));
        let frames = figure.frames / 1e6;
        println!("{what}:");
        println!("  {:.1}{cpu}, goal {goal} {verdict}; {frames:.2} M frames/s", figure.rate);
    }
    Ok(())
}

/// Lives through so many connections and tells nothing: what callgrind watches.
pub(super) fn live(count: u64) -> Outcome {
    connections(count).map(|_| ())
}

/// The best of some rounds, by either clock.
fn best(round: impl Fn() -> Result<Figure, Failure>) -> Result<Figure, Failure> {
    let mut best = round()?;
    for _ in 1..ROUNDS {
        let figure = round()?;
        let cpu = best.cpu.zip(figure.cpu).map(|(one, other)| one.max(other));
        best = if figure.rate > best.rate { figure } else { best };
        best.cpu = cpu;
    }
    Ok(best)
}

/// Every connection is opened, used and closed, by a client that closes first.
fn connections(count: u64) -> Result<Figure, Failure> {
    let lossy = Conditions { loss: Loss::Random(Chance::percent(1)), ..Conditions::delayed(DELAY) };
    let (mut world, client, server) = pair(&Cable::both_ways(&lossy));
    for port in 1..=SERVERS {
        let at = SocketAddr::new(address(2), port);
        let script = Script::sink();
        world.run_program(server, Program::Server(Server { at, backlog: 1_024, script }));
        let script = Script { hears: Some(0), ..upload() };
        world.run_program(client, calls(at, count / u64::from(SERVERS), AT_ONCE, script));
    }
    let begun = Start::now();
    let limit = START + Duration::from_secs(3_600);
    let at_work = |world: &World| {
        let computer = world.computer(NodeId(0));
        computer.at_work() > 0 || computer.has_more_to_open()
    };
    while at_work(&world) && world.now() < limit {
        world.run_for(LOOK_EVERY);
    }
    let done: u64 = world.computer(client).tallies().map(|tally| tally.done).sum();
    let wrong = world.computers().flat_map(|(_, c)| c.tallies()).any(|t| t.wrong.is_some());
    if done < count * 99 / 100 || wrong {
        return Err(Failure::bug(format!("{done} of {count} connections were made")));
    }
    Ok(Figure::of(begun, done, 1.0, frames(&world)))
}

/// One flow that fills a line.
fn flow() -> Result<Figure, Failure> {
    let line = Conditions {
        rate: Some(GIGABIT),
        queue: Queue { octets: 2_500_000, frames: usize::MAX },
        ..Conditions::delayed(DELAY)
    };
    let (mut world, client, server) = pair(&Cable::both_ways(&line));
    let at = SocketAddr::new(address(2), 9);
    let script = Script::sink();
    world.run_program(server, Program::Server(Server { at, backlog: 8, script }));
    world.run_program(client, calls(at, 1, 1, Script::bulk()));
    world.run_until(START + Duration::from_secs(2));
    let (before, sent) = (world.computer(server).tally(0).received, frames(&world));
    let begun = Start::now();
    world.run_for(FLOW);
    let figure = Figure::of(begun, FLOW.as_millis(), 1e3, frames(&world) - sent);
    let octets = world.computer(server).tally(0).received - before;
    let bits = octets * 8 / FLOW.as_secs();
    if bits < GIGABIT * 9 / 10 {
        return Err(Failure::bug(format!("the flow reached {bits} bit/s only")));
    }
    Ok(figure)
}

fn upload() -> Script {
    use osier_lab::Say;
    Script::of(&[Say::Send(OCTETS), Say::Shutdown, Say::AwaitEnd])
}

fn calls(to: SocketAddr, connections: u64, at_once: u32, script: Script) -> Program {
    let (start, gap, port) = (START, Duration::ZERO, None);
    Program::Client(Client { to, connections, at_once, start, gap, port, script })
}

fn pair(cable: &Cable) -> (World, NodeId, NodeId) {
    let mut world = World::new(1);
    let client = world.add_host("client", Config::default());
    let server = world.add_host("server", Config::default());
    world.join(client, server, cable);
    world.add_address(client, 0, address(1), 24);
    world.add_address(server, 0, address(2), 24);
    (world, client, server)
}

fn address(host: u8) -> IpAddr {
    IpAddr::from([10, 71, 0, host])
}

fn frames(world: &World) -> u64 {
    world.links().map(|(_, link)| link.counts().sent).sum()
}
