//! How fast is one connection where the path loses or reorders, and how fair are two?
//!
//! Hosts of osier-lab in virtual time: 10 ms each way, MTU 1500, a window of 1 MiB, loss on data
//! and acknowledgments alike. What limits is congestion control and recovery alone; the machine's
//! speed does not enter. Rows that lose are the mean of 20 seeds of a minute each, the others of
//! three of 20 seconds. The table is in `table.rs`; what the rule of BBR alone would leave is told
//! beside what BBR does (`rule.rs`).

mod rule;
mod table;

use crate::exit::Outcome;
use core::net::{IpAddr, SocketAddr};
use osier_host::{Config, ConnectionId};
use osier_lab::{
    Cable, Chance, Client, Conditions, Loss, NodeId, Program, Queue, Script, Server, WireId, World,
};
use osier_tcp::{Algorithm, Buffer};
use osier_time::{Duration, Instant};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc;

/// One way. Twice that and the window give the limit of 419 Mbit/s.
const DELAY: Duration = Duration::from_millis(10);

/// The receive buffer, and so the window.
const WINDOW: u32 = 1 << 20;

/// More than the window, so that the sender always has something to send.
const SEND_BUFFER: u32 = 4 << 20;

/// How much later a segment arrives that others overtake, or earlier one that goes ahead.
const OVERTAKEN_BY: Duration = Duration::from_millis(4);

/// The bottleneck of rows that have one, and its queue: one product of rate and round trip.
const BOTTLENECK: u64 = 100_000_000;
const BDP: usize = 250_000;

/// Octets of a frame beside its text: IPv4, TCP and timestamps.
const HEADERS: u64 = 20 + 32;

/// Twice what CUBIC is to reach on a path that loses 5 %.
const BBR_AT_FIVE_PERCENT: f64 = 5.6;

/// Seeds for the rule alone: they differ by a hundredth.
const RULE_SEEDS: u64 = 5;

/// Two flows are compared once both have found their rate.
const SETTLED: Duration = Duration::from_secs(20);

const START: Instant = Instant::from_secs(1);

/// A row of the table: what is drawn, and what is aimed at.
struct Row {
    name: &'static str,
    algorithm: Algorithm,
    path: Path,
    flows: u8,
    seeds: u64,
    seconds: u64,
    goals: Goals,
    /// What others did on the same path, Mbit/s: the best in Rust, and gVisor with the same
    /// algorithm where it has it (README, "Beside others").
    peers: [Option<f64>; 2],
}

/// What a path does to frames.
#[derive(Clone, Copy, Default)]
struct Path {
    loss: Chance,
    reordered: Reordered,
    rate: Option<u64>,
}

/// Which frames arrive out of their order.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
enum Reordered {
    #[default]
    None,
    /// So many are late, and others overtake them: each holds up all that is behind it.
    Late(Chance),
    /// So many are early, as netem's `reorder` makes them: each waits for those it has overtaken.
    Early(Chance),
}

impl Path {
    /// Whether all that is sent arrives in its order.
    fn is_faultless(&self) -> bool {
        self.loss == Chance::NONE && self.reordered == Reordered::None
    }
}

/// What a row is to reach.
#[derive(Clone, Copy, Default)]
struct Goals {
    mbit_per_s: Option<f64>,
    sent_per_delivered: Option<f64>,
    /// Of the rate of the last row before without a fault, of the same path.
    of_the_row_before: Option<f64>,
    /// Segments sent again, of those sent, beyond those that were lost.
    sent_again: Option<f64>,
    fairness: Option<f64>,
}

/// What a row has shown.
#[derive(Clone, Copy, Default)]
struct Figures {
    mbit_per_s: f64,
    sent_per_delivered: f64,
    sent_again: f64,
    fairness: Option<f64>,
    /// What the rule alone would leave, with and without its margin, Mbit/s.
    by_the_rule: Option<[f64; 2]>,
}

pub(super) fn run(json: bool) -> Outcome {
    let rows = rows();
    let mut table = table::Table::new(json);
    let mut before = None;
    measure(&rows, |row, figures| {
        let figures = Figures { by_the_rule: by_the_rule(row), ..figures };
        table.row(row, &figures, before);
        if row.path.is_faultless() {
            before = Some(figures);
        }
    });
    table.end();
    Ok(())
}

fn rows() -> Vec<Row> {
    let lossy = |algorithm, percent, goals, peers| Row {
        name: if percent == 1 { "1 % loss" } else { "5 % loss" },
        algorithm,
        path: Path { loss: Chance::percent(percent), ..Path::default() },
        flows: 1,
        seeds: 20,
        seconds: 60,
        goals,
        peers,
    };
    let goals = |mbit: f64, sent: f64| Goals {
        mbit_per_s: Some(mbit),
        sent_per_delivered: Some(sent),
        ..Goals::default()
    };
    let short = |name, path, goals| Row {
        name,
        algorithm: Algorithm::Cubic,
        path,
        flows: 1,
        seeds: 3,
        seconds: 20,
        goals,
        peers: [None, None],
    };
    let no_loss = Goals { mbit_per_s: Some(400.0), sent_again: Some(0.0), ..Goals::default() };
    let no_loss_bbr = Goals { mbit_per_s: Some(390.0), ..no_loss };
    let reordering =
        Goals { of_the_row_before: Some(0.9), sent_again: Some(0.01), ..Goals::default() };
    let bbr = |name, percent, goal| Row {
        name,
        path: Path { loss: Chance::percent(percent), rate: Some(BOTTLENECK), ..Path::default() },
        goals: Goals { mbit_per_s: Some(goal), ..Goals::default() },
        peers: [None, None],
        ..lossy(Algorithm::Bbr, percent, Goals::default(), [None, None])
    };
    let reordered = Reordered::Late(Chance::percent(5));
    let early = Path { reordered: Reordered::Early(Chance::percent(5)), ..Path::default() };
    let bottleneck = Path { rate: Some(BOTTLENECK), ..Path::default() };
    let fair = Goals { fairness: Some(0.95), ..Goals::default() };
    vec![
        lossy(Algorithm::Cubic, 1, goals(7.0, 1.03), [Some(6.1), Some(5.4)]),
        lossy(Algorithm::Cubic, 5, goals(2.8, 1.08), [Some(1.7), Some(1.5)]),
        lossy(Algorithm::Reno, 1, Goals::default(), [Some(6.1), Some(6.8)]),
        lossy(Algorithm::Reno, 5, Goals::default(), [Some(1.7), Some(2.8)]),
        bbr("100 Mbit/s, 1 % loss", 1, 85.0),
        bbr("100 Mbit/s, 5 % loss", 5, BBR_AT_FIVE_PERCENT),
        Row { algorithm: Algorithm::Bbr, ..short("no loss", Path::default(), no_loss_bbr) },
        short("no loss", Path::default(), no_loss),
        short("5 % overtaken by 4 ms", Path { reordered, ..Path::default() }, reordering),
        short("5 % ahead by 4 ms", early, reordering),
        short("100 Mbit/s, no loss", bottleneck, Goals::default()),
        short("100 Mbit/s, 5 % overtaken", Path { reordered, ..bottleneck }, reordering),
        Row { flows: 2, seconds: 60, ..short("100 Mbit/s, two flows", bottleneck, fair) },
    ]
}

/// Runs the seeds of all rows side by side, and tells each row in its turn once all of its seeds
/// are done. A seed draws the same whichever thread runs it.
fn measure(rows: &[Row], mut tell: impl FnMut(&Row, Figures)) {
    let seeds = rows.iter().enumerate().flat_map(|(row, of)| (0..of.seeds).map(move |s| (row, s)));
    let jobs: Vec<(usize, u64)> = seeds.collect();
    let next = AtomicUsize::new(0);
    let (done, results) = mpsc::channel();
    let work = |done: mpsc::Sender<_>| {
        while let Some(&(row, seed)) = jobs.get(next.fetch_add(1, Ordering::Relaxed)) {
            let figures = once(&rows[row], seed);
            done.send((row, seed, figures)).expect("the table waits for every seed");
        }
    };
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    std::thread::scope(|scope| {
        for _ in 0..threads {
            let done = done.clone();
            scope.spawn(|| work(done));
        }
        drop(done);
        let mut of_rows: Vec<Vec<(u64, Figures)>> = vec![Vec::new(); rows.len()];
        let mut told = 0;
        for (row, seed, figures) in results {
            of_rows[row].push((seed, figures));
            while told < rows.len() && of_rows[told].len() as u64 == rows[told].seeds {
                tell(&rows[told], mean(&mut of_rows[told]));
                told += 1;
            }
        }
    });
}

/// The mean of a row's seeds. They are added in their order: sums of fractions depend on it.
fn mean(seeds: &mut [(u64, Figures)]) -> Figures {
    seeds.sort_by_key(|(seed, _)| *seed);
    let mean = |of: fn(&Figures) -> f64| {
        seeds.iter().map(|(_, f)| of(f)).sum::<f64>() / seeds.len() as f64
    };
    let fair = seeds.iter().all(|(_, figures)| figures.fairness.is_some());
    Figures {
        mbit_per_s: mean(|figures| figures.mbit_per_s),
        sent_per_delivered: mean(|figures| figures.sent_per_delivered),
        sent_again: mean(|figures| figures.sent_again),
        fairness: fair.then(|| mean(|figures| figures.fairness.unwrap_or_default())),
        by_the_rule: None,
    }
}

/// What the rule of BBR alone leaves of a path that loses, Mbit/s; and what it would leave if it
/// did not pace 1 % below the bandwidth (`rule.rs`).
fn by_the_rule(row: &Row) -> Option<[f64; 2]> {
    let lossy = row.algorithm == Algorithm::Bbr && row.path.loss != Chance::NONE;
    let rate = row.path.rate.filter(|_| lossy)? as f64;
    let path = rule::Path {
        packets_per_s: rate / 8.0 / 1_500.0,
        round_trip: 2.0 * DELAY.as_micros() as f64 / 1e6,
        loss: f64::from(row.path.loss.0) / 1e6,
    };
    let of = |rule| {
        let share = |seed| rule::share(path, rule, row.seconds as f64, seed);
        let mean = (1..=RULE_SEEDS).map(share).sum::<f64>() / RULE_SEEDS as f64;
        mean * rate / 1e6 * (1_500 - HEADERS) as f64 / 1_500.0
    };
    Some([of(rule::Rule::Draft), of(rule::Rule::NoMargin)])
}

/// One seed of a row.
fn once(row: &Row, seed: u64) -> Figures {
    let (mut world, sender, receiver) = world(row, seed);
    let seconds = Duration::from_secs(row.seconds);
    let received = |world: &World| -> Vec<u64> {
        world.computer(receiver).tallies().map(|tally| tally.received).collect()
    };
    let settled = if row.flows > 1 {
        world.run_until(START + SETTLED);
        received(&world)
    } else {
        vec![0; usize::from(row.flows)]
    };
    world.run_until(START + seconds);
    let octets = received(&world);
    let shares: Vec<f64> =
        octets.iter().zip(&settled).map(|(now, then)| (now - then) as f64).collect();
    let all: u64 = octets.iter().sum();
    let text = 1_500 - HEADERS;
    // All that the sender sends is full segments but the handshake.
    let counts = world.link(WireId(0)).counts();
    let sent = counts.sent.saturating_sub(2 * u64::from(row.flows));
    let host = world.computer(sender).host();
    let again = |id: u32| host.tcp_info(ConnectionId(id), world.now());
    let again: u32 = (0..u32::from(row.flows)).filter_map(again).map(|i| i.total_retrans).sum();
    Figures {
        mbit_per_s: all as f64 * 8.0 / row.seconds as f64 / 1e6,
        sent_per_delivered: (sent * text) as f64 / all as f64,
        sent_again: u64::from(again).saturating_sub(counts.lost + counts.overflowed) as f64
            / sent as f64,
        fairness: (row.flows > 1).then(|| jain(&shares)),
        by_the_rule: None,
    }
}

/// Jain's index: 1 where all have the same.
fn jain(shares: &[f64]) -> f64 {
    let sum: f64 = shares.iter().sum();
    let squares: f64 = shares.iter().map(|share| share * share).sum();
    sum * sum / (shares.len() as f64 * squares)
}

/// A sender, a receiver, and as many flows between them as the row has.
fn world(row: &Row, seed: u64) -> (World, NodeId, NodeId) {
    let Path { loss, reordered, rate } = row.path;
    let (late, delay) = match reordered {
        Reordered::None => (Chance::NONE, DELAY),
        Reordered::Late(share) => (share, DELAY),
        // All others are late.
        Reordered::Early(Chance(share)) => {
            (Chance(Chance::percent(100).0 - share), DELAY - OVERTAKEN_BY)
        }
    };
    let there = Conditions {
        delay,
        rate,
        queue: Queue { octets: BDP, frames: usize::MAX },
        loss: if loss == Chance::NONE { Loss::None } else { Loss::Random(loss) },
        reorder: late,
        reorder_by: OVERTAKEN_BY,
        ..Conditions::default()
    };
    let back = Conditions { delay: DELAY, reorder: Chance::NONE, ..there };
    let cable = Cable { there, back, ..Cable::default() };
    let mut config = Config::default();
    config.tcp.congestion = row.algorithm;
    config.tcp.receive_buffer = Buffer::Fixed(WINDOW);
    config.tcp.send_buffer = Buffer::Fixed(SEND_BUFFER);
    let mut world = World::new(seed);
    let sender = world.add_host("sender", config.clone());
    let receiver = world.add_host("receiver", config);
    world.join(sender, receiver, &cable);
    for (node, last) in [(sender, 1), (receiver, 2)] {
        world.add_address(node, 0, IpAddr::from([10, 71, 0, last]), 24);
    }
    for flow in 0..row.flows {
        let to = SocketAddr::from(([10, 71, 0, 2], 9 + u16::from(flow)));
        let script = Script::sink();
        world.run_program(receiver, Program::Server(Server { at: to, backlog: 8, script }));
        let start = START + Duration::from_millis(700 * u64::from(flow));
        let (connections, at_once, gap) = (1, 1, Duration::ZERO);
        let script = Script::bulk();
        let client = Client { to, connections, at_once, start, gap, port: None, script };
        world.run_program(sender, Program::Client(client));
    }
    (world, sender, receiver)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A short run of each row: what the long ones show belongs to the table.
    #[test]
    fn each_row_moves_octets_and_a_lossless_one_sends_nothing_again() {
        for row in rows() {
            let short = Row { seconds: if row.flows > 1 { 25 } else { 2 }, ..row };
            let figures = once(&short, 1);
            assert!(figures.mbit_per_s > 0.5, "{}: {}", short.name, figures.mbit_per_s);
            if short.name == "no loss" {
                assert!(figures.sent_again == 0.0, "{}", figures.sent_again);
            }
        }
    }

    /// Rows of few seconds, each told as `tell` is called.
    fn told(seconds: u64) -> Vec<(&'static str, f64)> {
        let short = |row| Row { seconds, seeds: 3, flows: 1, ..row };
        let rows: Vec<Row> = rows().into_iter().take(3).map(short).collect();
        let mut told = Vec::new();
        measure(&rows, |row, figures| told.push((row.name, figures.mbit_per_s)));
        told
    }

    #[test]
    fn rows_are_told_in_their_order_and_do_not_depend_on_who_runs_first() {
        let first = told(2);
        let names: Vec<&str> = first.iter().map(|(name, _)| *name).collect();
        assert_eq!(names, ["1 % loss", "5 % loss", "1 % loss"]);
        assert_eq!(first, told(2));
    }

    #[test]
    fn equal_shares_are_fair_and_unequal_ones_are_not() {
        assert!((jain(&[3.0, 3.0]) - 1.0).abs() < 1e-9);
        assert!((jain(&[1.0, 0.0]) - 0.5).abs() < 1e-9);
    }
}
