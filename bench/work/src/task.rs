//! Which work, on which link, beside how many idle connections?

use std::str::FromStr;

/// A kind of work, as of `osier bench`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Work {
    /// A stream of bytes in one direction, over one connection.
    Bulk,
    /// The same in the other direction: the server sends. Over tokio's streams only.
    Out,
    /// A request of one byte and a response of one byte, over one connection.
    Rr,
    /// A connection for each request: connect, one byte each way, close by both.
    Crr,
}

impl Work {
    /// Units with which the warm-up begins.
    pub(crate) const fn first_units(self) -> u64 {
        match self {
            Work::Bulk | Work::Out => 1 << 20,
            Work::Rr => 16,
            Work::Crr => 16,
        }
    }
}

/// Who computes and verifies TCP's and IP's checksums.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Checksums {
    /// The stack, in software.
    On,
    /// The link vouches for what crosses it.
    Off,
}

/// What crosses the link.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Link {
    /// Packets no longer than the MTU.
    Plain,
    /// Super-segments of up to 64 KiB, whole.
    Whole,
}

/// How a program hands the text of a stream over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Copies {
    /// One copy in and one copy out.
    Both,
    /// It lends what it sends, and looks at what came where that lies.
    None,
}

/// Between which ends the link lies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Between {
    /// Two ends of the same stack, in memory.
    Memory,
    /// The stack and the kernel's TCP, by a device of the kernel's, on one core: `bulk` comes from
    /// the kernel, `out` goes to it. A link that takes super-segments is a vnet header's offload.
    Device,
}

/// By which sockets the work is done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sockets {
    /// The stack's own interface.
    Own,
    /// Streams of tokio's shape, in its runtime.
    Tokio,
}

/// What becomes of the client's end of a connection in `crr`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TimeWait {
    /// It stays for its full time; some 4,000 are there while others come and go.
    Kept,
    /// It is thrown away at once, against RFC 9293.
    Dropped,
}

/// All that a peer has to know.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Task {
    /// What is done.
    pub work: Work,
    /// The longest IP packet of the link, in octets.
    pub mtu: u16,
    /// Who sums.
    pub checksums: Checksums,
    /// What crosses.
    pub link: Link,
    /// Who copies.
    pub copies: Copies,
    /// Between which ends.
    pub between: Between,
    /// So many more connections are established and say nothing.
    pub idle: u32,
    /// Which interface.
    pub sockets: Sockets,
    /// For `crr`.
    pub time_wait: TimeWait,
    /// Octets of the window, if not the one that is best for the peer.
    pub window: Option<usize>,
}

/// What a peer's program is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Run {
    /// One line on the peer.
    Describe,
    /// One timed round.
    Round(Task),
    /// So many units, and nothing printed.
    Units(Task, u64),
    /// A pass of bulk that looks at every byte.
    Verify(Task),
}

pub(crate) fn parse(mut words: impl Iterator<Item = String>) -> Result<Run, String> {
    let mut task = Task {
        work: Work::Bulk,
        mtu: 1500,
        checksums: Checksums::On,
        link: Link::Plain,
        copies: Copies::Both,
        between: Between::Memory,
        idle: 0,
        sockets: Sockets::Own,
        time_wait: TimeWait::Kept,
        window: None,
    };
    let (mut units, mut verify) = (None, false);
    while let Some(word) = words.next() {
        match word.as_str() {
            "--describe" => return Ok(Run::Describe),
            "--verify" => verify = true,
            option => {
                let value = words.next().ok_or(format!("{option} needs a value"))?;
                match option {
                    "--units" => units = Some(number(&value)?),
                    _ => set(&mut task, option, &value)?,
                }
            }
        }
    }
    Ok(match units {
        Some(units) => Run::Units(task, units),
        None if verify => Run::Verify(task),
        None => Run::Round(task),
    })
}

fn set(task: &mut Task, option: &str, value: &str) -> Result<(), String> {
    let unknown = || format!("{option} cannot be `{value}`");
    match option {
        "--work" => {
            task.work = match value {
                "bulk" => Work::Bulk,
                "out" => Work::Out,
                "rr" => Work::Rr,
                "crr" => Work::Crr,
                _ => return Err(unknown()),
            };
        }
        "--checksums" => task.checksums = choose(value, Checksums::On, Checksums::Off, "off")?,
        "--sockets" => task.sockets = choose(value, Sockets::Own, Sockets::Tokio, "tokio")?,
        "--between" => {
            task.between = choose(value, Between::Memory, Between::Device, "device")?;
        }
        "--link" => task.link = choose(value, Link::Plain, Link::Whole, "whole")?,
        "--copies" => task.copies = choose(value, Copies::Both, Copies::None, "none")?,
        "--time-wait" => {
            task.time_wait = choose(value, TimeWait::Kept, TimeWait::Dropped, "dropped")?;
        }
        "--mtu" => task.mtu = number(value)?,
        "--idle" => task.idle = number(value)?,
        "--window" => task.window = Some(number(value)?),
        _ => return Err(format!("there is no option {option}")),
    }
    Ok(())
}

/// The usual one of two, or the other, by its word.
fn choose<T>(value: &str, usual: T, other: T, word: &str) -> Result<T, String> {
    match value {
        "on" | "plain" | "kept" | "own" | "both" | "memory" => Ok(usual),
        value if value == word => Ok(other),
        value => Err(format!("`{value}` is neither the usual nor `{word}`")),
    }
}

fn number<T: FromStr>(value: &str) -> Result<T, String> {
    value.parse().map_err(|_| format!("`{value}` is no number that fits"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(line: &str) -> Result<Run, String> {
        parse(line.split_whitespace().map(str::to_owned))
    }

    #[test]
    fn a_task_is_read_word_by_word() {
        let line = "--work crr --mtu 9000 --checksums off --idle 12 --time-wait dropped --units 7";
        let Ok(Run::Units(task, 7)) = parsed(line) else { panic!("{line}") };
        assert_eq!((task.work, task.mtu, task.idle), (Work::Crr, 9000, 12));
        assert_eq!((task.checksums, task.time_wait), (Checksums::Off, TimeWait::Dropped));
        let Ok(Run::Round(task)) = parsed("--work bulk --copies none") else { panic!() };
        assert_eq!(task.copies, Copies::None);
    }

    #[test]
    fn what_means_nothing_is_refused() {
        for line in ["--work", "--work run", "--mtu 65536", "--idle x", "--fast 1", "--link off"] {
            assert!(parsed(line).is_err(), "{line}");
        }
    }
}
