//! Which rows has the table, and what is each program told to do for one?

use std::fmt::Write as _;

/// A row: the same work for all.
pub(crate) struct Row {
    /// Its word on the command line.
    pub(crate) name: &'static str,
    /// What it is, for people.
    pub(crate) title: &'static str,
    /// The work's word.
    pub(crate) work: &'static str,
    /// The longest IP packet of the link, in octets.
    pub(crate) mtu: u16,
    pub(crate) checksums: Checksums,
    pub(crate) link: Link,
    pub(crate) copies: Copies,
    /// So many more connections say nothing.
    pub(crate) idle: u32,
    pub(crate) time_wait: TimeWait,
    pub(crate) sockets: Sockets,
    pub(crate) between: Between,
    /// How many times a peer is aimed at, where it is not the best of the others: by name.
    pub(crate) goals: &'static [(&'static str, f64)],
    /// How many times the best of the others is aimed at, by the clock.
    pub(crate) goal: Option<f64>,
    /// What gVisor did elsewhere, in units of the table ([`Unit`]); never in the same run.
    pub(crate) gvisor: Option<f64>,
}

/// Who sums.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Checksums {
    On,
    Off,
}

/// What crosses.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Link {
    Plain,
    Whole,
}

/// Who copies the text of a stream.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Copies {
    /// The interface: in and out.
    Both,
    /// Nobody but the link.
    None,
}

/// What becomes of TIME-WAIT.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum TimeWait {
    Kept,
    /// By peers that can; osier keeps it.
    Dropped,
}

/// By which sockets.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Sockets {
    /// The stack's own interface.
    Own,
    /// Streams of tokio's shape, in its runtime.
    Tokio,
}

/// Between which ends the link lies.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Between {
    /// Two of the same stack, in memory.
    Memory,
    /// The stack and the kernel's TCP: a TUN.
    Device,
}

/// In which unit a rate is printed.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Unit {
    Gbit,
    Thousands,
}

impl Unit {
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Unit::Gbit => "Gbit/s",
            Unit::Thousands => "k/s",
        }
    }

    /// Of so many units of work a second.
    pub(crate) fn of(self, per_second: f64) -> f64 {
        match self {
            Unit::Gbit => per_second * 8.0 / 1e9,
            Unit::Thousands => per_second / 1e3,
        }
    }
}

/// What most rows share.
const PLAIN: Row = Row {
    name: "",
    title: "",
    work: "bulk",
    mtu: 1500,
    checksums: Checksums::On,
    link: Link::Plain,
    copies: Copies::Both,
    idle: 0,
    time_wait: TimeWait::Kept,
    sockets: Sockets::Own,
    between: Between::Memory,
    goals: &[],
    goal: None,
    gvisor: None,
};

const fn bulk(name: &'static str, title: &'static str, mtu: u16, checksums: Checksums) -> Row {
    Row { name, title, mtu, checksums, ..PLAIN }
}

const fn idle(name: &'static str, title: &'static str, idle: u32) -> Row {
    Row { name, title, work: "rr", idle, ..PLAIN }
}

const fn tokio(name: &'static str, title: &'static str, work: &'static str) -> Row {
    Row { name, title, work, sockets: Sockets::Tokio, ..PLAIN }
}

const fn tun(name: &'static str, title: &'static str, work: &'static str) -> Row {
    Row { name, title, work, between: Between::Device, goals: &[("relay", 1.5)], ..PLAIN }
}

/// Octets of osier's window for streams, of 64 KiB to 1 MiB the best here over all rows: what is in
/// flight then lies in the cache. The peers have their own.
const OSIERS_BEST_WINDOW: u32 = 256 << 10;

/// All rows, in the order in which they are printed.
pub(crate) const ROWS: [Row; 24] = [
    Row {
        goal: Some(2.0),
        gvisor: Some(2.85),
        ..bulk("bulk-1500", "a stream, MTU 1500", 1500, Checksums::On)
    },
    bulk("bulk-1500-off", "a stream, MTU 1500, link vouches for checksums", 1500, Checksums::Off),
    Row {
        goal: Some(1.5),
        gvisor: Some(13.4),
        ..bulk("bulk-9000", "a stream, MTU 9000", 9000, Checksums::On)
    },
    bulk("bulk-9000-off", "a stream, MTU 9000, link vouches for checksums", 9000, Checksums::Off),
    Row {
        goal: Some(1.2),
        gvisor: Some(27.5),
        ..bulk("bulk-65535", "a stream, MTU 65535", 65_535, Checksums::On)
    },
    bulk(
        "bulk-65535-off",
        "a stream, MTU 65535, link vouches for checksums",
        65_535,
        Checksums::Off,
    ),
    Row {
        copies: Copies::None,
        goal: Some(1.2),
        ..bulk(
            "bulk-65535-lent",
            "a stream, MTU 65535, that nobody but the link copies",
            65_535,
            Checksums::On,
        )
    },
    Row {
        link: Link::Whole,
        goal: Some(2.5),
        gvisor: Some(41.8),
        ..bulk(
            "bulk-whole",
            "a stream, MTU 1500, super-segments of 64 KiB cross whole, link vouches",
            1500,
            Checksums::Off,
        )
    },
    Row {
        goal: Some(1.2),
        gvisor: Some(64.0),
        ..idle("rr", "a request of one byte and its response", 0)
    },
    idle("rr-100", "the same beside 100 idle connections", 100),
    idle("rr-1000", "the same beside 1,000 idle connections", 1_000),
    idle("rr-10000", "the same beside 10,000 idle connections", 10_000),
    Row {
        name: "crr",
        title: "connect, a byte each way, close by both; 4,000 in TIME-WAIT",
        work: "crr",
        gvisor: Some(11.6),
        ..PLAIN
    },
    Row {
        name: "crr-dropped",
        title: "the same, TIME-WAIT thrown away by the others (osier keeps it)",
        work: "crr",
        time_wait: TimeWait::Dropped,
        ..PLAIN
    },
    Row {
        name: "crr-1000",
        title: "crr beside 1,000 idle connections",
        work: "crr",
        idle: 1_000,
        ..PLAIN
    },
    Row {
        name: "crr-10000",
        title: "crr beside 10,000 idle connections",
        work: "crr",
        idle: 10_000,
        gvisor: Some(11.3),
        ..PLAIN
    },
    tokio("tokio-in", "tokio's streams: a stream from osier's client to the server", "bulk"),
    tokio("tokio-out", "tokio's streams: a stream from the server to osier's client", "out"),
    tokio("tokio-rr", "tokio's streams: a byte from osier's client, and one back", "rr"),
    tokio("tokio-crr", "tokio's streams: connect, a byte each way, close by both", "crr"),
    Row {
        link: Link::Whole,
        goals: &[("relay", 1.5), ("smoltcp", 5.0)],
        ..tun("tun-in", "over a TUN with its vnet header's offload, from the kernel", "bulk")
    },
    Row {
        link: Link::Whole,
        goals: &[("relay", 1.5), ("smoltcp", 5.0)],
        ..tun("tun-out", "over a TUN with its vnet header's offload, to the kernel", "out")
    },
    tun("tun-1500-in", "over a TUN of MTU 1500 without offload, from the kernel", "bulk"),
    tun("tun-1500-out", "over a TUN of MTU 1500 without offload, to the kernel", "out"),
];

impl Row {
    pub(crate) fn unit(&self) -> Unit {
        if ["bulk", "out"].contains(&self.work) { Unit::Gbit } else { Unit::Thousands }
    }

    /// What a unit of work is called.
    pub(crate) fn counted(&self) -> &'static str {
        match self.work {
            "bulk" | "out" => "byte",
            "rr" => "exchange",
            _ => "connection",
        }
    }

    /// What `osier bench` is told.
    pub(crate) fn for_osier(&self) -> Vec<String> {
        if self.between == Between::Device {
            let direction = if self.work == "out" { "out" } else { "in" };
            let offload = if self.link == Link::Whole { "on" } else { "off" };
            let line = format!("bench tun --direction {direction} --offload {offload}");
            return words(&format!("{line} --mtu {}", self.mtu));
        }
        let mut line = format!("bench {} --mtu {} --idle {}", self.work, self.mtu, self.idle);
        if self.work == "bulk" {
            let _ = write!(line, " --window {OSIERS_BEST_WINDOW}");
        }
        if self.link == Link::Whole {
            line.push_str(" --segments whole");
        } else if self.checksums == Checksums::Off {
            line.push_str(" --checksums off");
        }
        if self.copies == Copies::None {
            line.push_str(" --copies none");
        }
        words(&line)
    }

    /// What a peer is told.
    pub(crate) fn for_peer(&self) -> Vec<String> {
        let mut line = format!("--work {} --mtu {} --idle {}", self.work, self.mtu, self.idle);
        if self.checksums == Checksums::Off {
            line.push_str(" --checksums off");
        }
        if self.link == Link::Whole {
            line.push_str(" --link whole");
        }
        if self.copies == Copies::None {
            line.push_str(" --copies none");
        }
        if self.sockets == Sockets::Tokio {
            line.push_str(" --sockets tokio");
        }
        if self.between == Between::Device {
            line.push_str(" --between device");
        }
        if self.time_wait == TimeWait::Dropped {
            let _ = write!(line, " --time-wait dropped");
        }
        words(&line)
    }

    /// Units of a short and a long run under callgrind: the short one reaches the state in which
    /// things stay. `None` where that would take too long.
    pub(crate) fn under_callgrind(&self, stack: &str) -> Option<(u64, u64)> {
        // Work that grows with the number of sockets, and thousands of them.
        let kept = self.work == "crr" && self.time_wait == TimeWait::Kept;
        let walks = stack == "smoltcp" && (kept || self.idle >= 1_000);
        match (self.work, self.sockets) {
            // `osier bench tun --instructions` counts what the kernel and its program do not.
            _ if self.between == Between::Device => None,
            _ if walks || self.idle > 1_000 => None,
            ("bulk" | "out", _) => Some((8 << 20, 40 << 20)),
            ("rr", _) => Some((1_000, 6_000)),
            (_, Sockets::Tokio) => Some((500, 1_500)),
            _ if kept => Some((5_000, 7_000)),
            _ => Some((1_000, 3_000)),
        }
    }
}

fn words(line: &str) -> Vec<String> {
    line.split(' ').map(str::to_owned).collect()
}

/// The rows that a word of the command line means: one by its whole name, or all that begin with it
/// and a dash.
pub(crate) fn chosen(words: &[String]) -> Result<Vec<&'static Row>, String> {
    let means = |word: &str, row: &Row| {
        let rest = row.name.strip_prefix(word);
        rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('-'))
    };
    if let Some(word) = words.iter().find(|word| !ROWS.iter().any(|row| means(word, row))) {
        return Err(format!("there is no row `{word}`"));
    }
    let wanted = |row: &&Row| words.is_empty() || words.iter().any(|word| means(word, row));
    Ok(ROWS.iter().filter(wanted).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_means_a_row_or_all_that_begin_with_it() {
        let names = |line: &str| -> Vec<&str> {
            chosen(&words(line)).unwrap().iter().map(|row| row.name).collect()
        };
        assert_eq!(names("rr"), ["rr", "rr-100", "rr-1000", "rr-10000"]);
        assert_eq!(names("rr-100 bulk-9000-off"), ["bulk-9000-off", "rr-100"]);
        assert_eq!(chosen(&[]).unwrap().len(), ROWS.len());
        assert!(chosen(&words("bul")).is_err());
    }
}
