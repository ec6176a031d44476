//! How fast is `osier serve` by one link and by another, each measured in turn?
//!
//! Only at full length, and worth something only in a release: the kernel's client and osier share
//! one core, so that no wake has to cross to another.

use crate::bench_lines::number_in;
use crate::netns::{Net, stdout};
use crate::packet::wired;
use crate::server::{Server, V4};
use crate::{MIB, long};
use std::time::Instant;

/// The core on which all runs.
const CORE: &str = "1";

/// Rounds of every link in turn.
const ROUNDS: usize = 7;

/// Where a link is served, and from where it is asked.
struct Side {
    name: &'static str,
    server: Server,
    client: Option<Net>,
    /// Octets of a stream: some seconds of it.
    stream: u64,
}

fn stream(offload: &str) -> u64 {
    if offload == "none" { 128 * MIB } else { 1_024 * MIB }
}

/// What is measured.
#[derive(Clone, Copy, Debug)]
enum Work {
    Requests,
    Down,
    Up,
}

impl Side {
    fn measure(&self, work: Work) -> f64 {
        match work {
            Work::Requests => self.requests(),
            Work::Down => self.down(),
            Work::Up => self.up(),
        }
    }

    fn client(&self) -> &Net {
        self.client.as_ref().unwrap_or(&self.server.net)
    }

    /// Requests of a page of 1 KiB in a second, on 16 connections.
    fn requests(&self) -> f64 {
        let mut wrk = self.client().command("taskset");
        wrk.args(["-c", CORE, "wrk", "-t1", "-c16", "-d2", &format!("http://{V4}/bytes/1024")]);
        number_in(&stdout(&mut wrk), "Requests/sec:")
    }

    /// Gbit/s to the kernel.
    fn down(&self) -> f64 {
        let count = self.stream;
        let mut curl = self.client().command("taskset");
        curl.args(["-c", CORE, "curl", "-s", "-o", "/dev/null", "-w", "%{speed_download}"]);
        let speed = stdout(curl.arg(format!("http://{V4}/bytes/{count}")));
        speed.parse::<f64>().expect("octets a second") * 8e-9
    }

    /// Gbit/s to osier.
    fn up(&self) -> f64 {
        let count = self.stream;
        let script = format!("head -c {count} /dev/zero | socat -u -b 65536 - TCP:{V4}:9");
        let start = Instant::now();
        stdout(self.client().command("taskset").args(["-c", CORE, "sh", "-ec", &script]));
        count as f64 * 8e-9 / start.elapsed().as_secs_f64()
    }

    fn pin(self) -> Side {
        let pid = self.server.process.pid().to_string();
        // Every thread of it, by name of the process that entered the network.
        self.server.net.sh(&format!("taskset -a -p -c {CORE} {pid} > /dev/null"));
        self
    }
}

fn median(mut all: Vec<f64>) -> f64 {
    all.sort_by(f64::total_cmp);
    all[all.len() / 2]
}

fn by_tap(offload: &str) -> Option<Side> {
    let net = Net::with(&["wrk", "curl", "socat", "taskset", "ethtool"])?;
    let server = Server::start(net, &["--discard", "9", "--offload", offload]);
    Some(Side { name: "tap", server, client: None, stream: stream(offload) }.pin())
}

fn by(link: &'static str, offload: &str) -> Option<Side> {
    let (net, far) = wired(&["wrk", "curl", "socat", "taskset", "ethtool"])?;
    if offload == "none" {
        net.sh("ethtool -K wire tx off tso off gso off gro off > /dev/null");
        far.sh("ethtool -K far tx off tso off gso off gro off > /dev/null");
    }
    let words = ["--addr", "10.71.0.2/24", "--discard", "9", "--offload", offload];
    let server = Server::start_at(net, &format!("{link}:wire"), &words);
    Some(Side { name: link, server, client: Some(far), stream: stream(offload) }.pin())
}

/// A line for each work: the medians, and the median of the ratios to the first link.
fn compare(offload: &str, sides: &[Side]) {
    for work in [Work::Requests, Work::Down, Work::Up] {
        let mut seen = vec![Vec::new(); sides.len()];
        for _ in 0..ROUNDS {
            for (side, all) in sides.iter().zip(&mut seen) {
                all.push(side.measure(work));
            }
        }
        for (side, all) in sides.iter().zip(&seen) {
            let ratios = all.iter().zip(&seen[0]).map(|(one, first)| one / first).collect();
            let (middle, ratio) = (median(all.clone()), median(ratios));
            println!("offload {offload}: {work:?}: {}: {middle:.2}, {ratio:.2} x tap", side.name);
        }
    }
}

#[test]
#[ignore = "wants root or user namespaces; measures, for a minute or two"]
fn links_are_compared() {
    if !long() {
        return;
    }
    for offload in ["segmentation", "none"] {
        let Some(tap) = by_tap(offload) else { return };
        let Some(packet) = by("packet", offload) else { return };
        let mut sides = vec![tap, packet];
        // It has no offloads.
        if offload == "none" {
            sides.extend(by("xdp", offload));
        }
        compare(offload, &sides);
        sides.into_iter().for_each(|side| drop(side.server.stop()));
    }
}
