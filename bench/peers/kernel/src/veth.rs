//! The kernel to the kernel over a veth pair, in two networks on one core: for orientation.
//!
//! No frame passes through user space. A link that takes super-segments is a veth as it is made; a
//! plain one is told to take one segment at a time. Its ends are made by the program `ip`.

use bench_devices::{Far, Gauge, address, enter, wrong};
use bench_work::{Link, Payload, Stop, Task};
use std::process::Command;

const SINK: [u8; 4] = [10, 71, 0, 1];
const SOURCE: [u8; 4] = [10, 71, 0, 2];
const NEAR: &str = "veth0";
const FAR: &str = "veth1";

/// Both programs.
pub(crate) struct Veth {
    gauge: Gauge,
    source: Far,
}

impl Veth {
    pub(crate) fn new(task: &Task, payload: Payload, octets: u64) -> Result<Veth, Stop> {
        enter()?;
        ip(&["link", "add", NEAR, "type", "veth", "peer", "name", FAR])?;
        for end in [NEAR, FAR] {
            ip(&["link", "set", end, "mtu", &task.mtu.to_string()])?;
            if task.link == Link::Plain {
                ip(&["link", "set", end, "gso_max_segs", "1"])?;
            }
        }
        address(NEAR, SINK)?;
        let gauge = Gauge::of(Far::listen(&Gauge::part(payload, octets), SINK)?);
        let source = Far::elsewhere(FAR, SOURCE, "source", SINK)?;
        ip(&["link", "set", FAR, "netns", &source.id().to_string()])?;
        Ok(Veth { gauge, source })
    }

    pub(crate) fn advance(&mut self, octets: u64) -> Result<(), Stop> {
        self.gauge.want_from_now(octets)?;
        self.gauge.fill()
    }

    pub(crate) fn processes(&self) -> Vec<u32> {
        vec![self.gauge.id(), self.source.id()]
    }
}

fn ip(words: &[&str]) -> Result<(), Stop> {
    let run = Command::new("ip").args(words).output();
    let run = run.map_err(|error| Stop::Cannot(format!("the program ip is missing: {error}")))?;
    match run.status.success() {
        true => Ok(()),
        false => {
            let why = String::from_utf8_lossy(&run.stderr).trim().to_owned();
            Err(wrong(format!("ip {}: {why}", words.join(" "))))
        }
    }
}
