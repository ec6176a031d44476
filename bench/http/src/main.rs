//! How many requests a second does axum answer on osier's listener over a TAP, and on the kernel's
//! over a veth pair?
//!
//! A page of 1 KB, connections that are kept, loaded by `wrk` (Debian: `apt-get install wrk`).
//! Server and load share one core, in networks of their own. Rounds of both are taken in turn, each
//! in a process of its own; the ratio is the median of those of rounds taken side by side.
#![forbid(unsafe_code)]

use axum::{Router, routing::get};
use bench_devices::{Far, address, enter, tap, wrong};
use bench_work::Stop;
use std::process::{Command, ExitCode, Stdio};

const SERVER: [u8; 4] = [10, 71, 0, 2];
const CLIENT: [u8; 4] = [10, 71, 0, 1];
const URL: &str = "http://10.71.0.2:80/";
const PORT: u16 = 80;

/// What is served.
const PAGE: usize = 1_024;

/// Connections, and seconds of a round.
const CONNECTIONS: &str = "-c32";
const SECONDS: &str = "-d2s";
const ROUNDS: usize = 5;

/// The ratio that is aimed at.
const GOAL: f64 = 0.7;

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let done = match words[..] {
        ["--serve", who] => serve(who),
        ["--load-elsewhere", device] => bench_devices::settle(device, "10.71.0.1")
            .map_err(wrong)
            .and_then(|()| load())
            .map(|rate| println!("{rate}")),
        _ => compare(),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(Stop::Cannot(why) | Stop::Wrong(why)) => {
            eprintln!("bench-http: {why}");
            ExitCode::FAILURE
        }
    }
}

fn compare() -> Result<(), Stop> {
    let mut ratios = Vec::new();
    println!(
        "axum, {PAGE} octets, wrk -t1 {CONNECTIONS} {SECONDS}, all on one core; requests a second"
    );
    for _ in 0..ROUNDS {
        let (osier, kernel) = (round("osier")?, round("kernel")?);
        println!("osier over a TAP {osier:.0}, kernel over a veth pair {kernel:.0}");
        ratios.push(osier / kernel);
    }
    ratios.sort_by(f64::total_cmp);
    let ratio = ratios[ROUNDS / 2];
    let word = if ratio >= GOAL { "reached" } else { "MISSED" };
    println!("http: osier is {ratio:.2} times kernel; the goal of {GOAL} is {word}");
    Ok(())
}

fn round(who: &str) -> Result<f64, Stop> {
    let mut command = Command::new(std::env::current_exe().map_err(wrong)?);
    let run = command.args(["--serve", who]).stderr(Stdio::inherit()).output().map_err(wrong)?;
    String::from_utf8_lossy(&run.stdout).trim().parse().map_err(wrong)
}

/// Serves until the load has had its time, and prints its figure.
fn serve(who: &str) -> Result<(), Stop> {
    enter()?;
    let app = Router::new().route("/", get(|| async { "o".repeat(PAGE) }));
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let rate = runtime.map_err(wrong)?.block_on(async {
        match who {
            "osier" => {
                let cidr = "10.71.0.2/24".parse().map_err(|_| wrong("an address"))?;
                let device = tap("osier0", CLIENT)?;
                let stack = osier::Stack::builder().device(device).address(cidr).build();
                let stack = stack.map_err(wrong)?;
                let listener = stack.tcp_listen((SERVER, PORT).into()).map_err(wrong)?;
                tokio::select! {
                    _ = axum::serve(listener, app).into_future() => Err(wrong("serving ended")),
                    rate = tokio::task::spawn_blocking(load) => rate.map_err(wrong)?,
                }
            }
            _ => {
                // It listens before the load begins, which is when the pair is there.
                let at = (std::net::Ipv4Addr::UNSPECIFIED, PORT);
                let listener = tokio::net::TcpListener::bind(at).await.map_err(wrong)?;
                let mut far = veth()?;
                tokio::select! {
                    _ = axum::serve(listener, app).into_future() => Err(wrong("serving ended")),
                    said = tokio::task::spawn_blocking(move || far.word()) => {
                        said.map_err(wrong)??.parse().map_err(wrong)
                    }
                }
            }
        }
    })?;
    println!("{rate}");
    Ok(())
}

/// A veth pair, and the load at its far end.
fn veth() -> Result<Far, Stop> {
    let ip = |words: &str| {
        let run = Command::new("ip").args(words.split(' ')).status().map_err(wrong)?;
        if run.success() { Ok(()) } else { Err(wrong(format!("ip {words}"))) }
    };
    ip("link add veth0 type veth peer name veth1")?;
    address("veth0", SERVER)?;
    let far = Far::moved(&["--load-elsewhere", "veth1"])?;
    ip(&format!("link set veth1 netns {}", far.id()))?;
    Ok(far)
}

/// Requests a second, by wrk.
fn load() -> Result<f64, Stop> {
    let run = Command::new("wrk").args(["-t1", CONNECTIONS, SECONDS, URL]).output();
    let run = run.map_err(|error| wrong(format!("wrk does not start: {error}")))?;
    let said = String::from_utf8_lossy(&run.stdout);
    let trouble = said
        .lines()
        .find(|line| line.trim_start().starts_with("Socket errors") || line.contains("Non-2xx"));
    if let Some(trouble) = trouble {
        return Err(wrong(trouble.trim()));
    }
    let line = said.lines().find_map(|line| line.strip_prefix("Requests/sec:"));
    line.and_then(|rate| rate.trim().parse().ok()).ok_or_else(|| {
        let why = String::from_utf8_lossy(&run.stderr);
        wrong(format!("wrk told no rate: {said} {why}"))
    })
}
