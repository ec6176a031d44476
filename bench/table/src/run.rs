//! What did a program say of a round, and how many instructions did it take?

use crate::rows::{Row, Sockets, Unit};
use serde_json::Value;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// From how many bytes on the C library may copy with `rep movsb`: none. Callgrind counts each turn
/// of one as an instruction, which no processor does.
const NO_REP_MOVSB: &str = "glibc.cpu.x86_rep_movsb_threshold=0x7fffffff";

/// How long a round, or a count, may take.
const LIMIT: Duration = Duration::from_secs(120);

/// How often a program that runs is looked at.
const GLANCE: Duration = Duration::from_millis(5);

/// The stack that stands in the table for orientation.
pub(crate) const KERNEL: &str = "kernel";

/// Who is measured.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Stack {
    pub(crate) name: String,
    pub(crate) program: PathBuf,
    /// Its program for tokio's streams, where that is another.
    pub(crate) streams: PathBuf,
}

/// One timed round, in units of work a second.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Round {
    /// By the clock on the wall.
    pub(crate) wall: f64,
    /// In processor time of the thread, where the kernel tells it.
    pub(crate) cpu: Option<f64>,
}

/// Why there is no figure.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum No {
    /// The stack has no such thing.
    Cannot(String),
    /// Something broke.
    Failed(String),
}

impl Stack {
    fn is_osier(&self) -> bool {
        self.name == "osier"
    }

    /// What runs for a row: the command `osier`, but for its tokio sockets a program that is made
    /// as the peers' are.
    fn command(&self, row: &Row) -> Vec<String> {
        let own = self.is_osier() && row.sockets == Sockets::Own;
        let program = if own || !self.is_osier() { &self.program } else { &self.streams };
        let words = if own { row.for_osier() } else { row.for_peer() };
        std::iter::once(program.display().to_string()).chain(words).collect()
    }

    /// Its configuration, in a line.
    pub(crate) fn describe(&self) -> String {
        if self.is_osier() {
            return "osier: this tree, `osier bench` over the doors of its hosts; CUBIC, SACK, \
                    RACK-TLP, timestamps and window scaling on, as always; streams with a window \
                    and send buffer of 256 KiB, its best here, all else 1 MiB; over a TUN driven \
                    by one thread without a runtime; release as shipped"
                .to_owned();
        }
        let said = output(Command::new(&self.program).arg("--describe"));
        said.map_or_else(|no| format!("{}: {no:?}", self.name), |text| text.trim().to_owned())
    }

    /// Looks once at every byte that arrives; osier does so by itself.
    pub(crate) fn verify(&self, row: &Row) -> Result<(), No> {
        let by_itself = self.is_osier() && row.sockets == Sockets::Own;
        if row.unit() != Unit::Gbit || by_itself {
            return Ok(());
        }
        let words = self.command(row);
        let said = output(Command::new(&words[0]).args(&words[1..]).arg("--verify"))?;
        answer(&said).map(|_| ())
    }

    /// One warm-up and one timed round, in a process of their own.
    pub(crate) fn round(&self, row: &Row) -> Result<Round, No> {
        let words = self.command(row);
        let mut command = Command::new(&words[0]);
        command.args(&words[1..]);
        if self.is_osier() && row.sockets == Sockets::Own {
            command.args(["--json", "--rounds", "1"]);
        }
        let said = answer(&output(&mut command)?)?;
        let number = |key: &str| said[key].as_f64();
        let wall = number("units_per_second_median");
        let wall = wall.ok_or_else(|| No::Failed(format!("no rate in {said}")))?;
        Ok(Round { wall, cpu: number("units_per_cpu_second_median") })
    }

    /// Instructions of one unit: the difference of a long and a short run, by callgrind.
    pub(crate) fn instructions(&self, row: &Row) -> Result<Option<f64>, No> {
        // What the kernel does callgrind does not see.
        let counted = row.under_callgrind(&self.name).filter(|_| self.name != KERNEL);
        let Some((short, long)) = counted else { return Ok(None) };
        let difference = self.count(row, long)?.saturating_sub(self.count(row, short)?);
        Ok(Some(difference as f64 / (long - short) as f64))
    }

    fn count(&self, row: &Row, units: u64) -> Result<u64, No> {
        let file = std::env::temp_dir().join(format!("bench-{}.callgrind", std::process::id()));
        let mut command = Command::new("valgrind");
        command.args(["-q", "--tool=callgrind"]);
        command.arg(format!("--callgrind-out-file={}", file.display()));
        command.args(self.command(row)).args(["--units", &units.to_string()]);
        let said = output(command.env("GLIBC_TUNABLES", NO_REP_MOVSB));
        let total = said.and_then(|said| {
            if !said.is_empty() {
                answer(&said)?;
            }
            total(&file)
        });
        // Where it was never written there is nothing to remove.
        let _ = std::fs::remove_file(&file);
        total
    }
}

/// The line `totals: N` of callgrind's file.
fn total(file: &Path) -> Result<u64, No> {
    let text = std::fs::read_to_string(file).unwrap_or_default();
    let total = text.lines().find_map(|line| line.strip_prefix("totals:"));
    let total = total.and_then(|number| number.trim().parse().ok());
    total.ok_or_else(|| No::Failed("callgrind wrote no total".to_owned()))
}

fn output(command: &mut Command) -> Result<String, No> {
    let name = command.get_program().to_string_lossy().into_owned();
    let child = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn();
    let mut child = child.map_err(|error| No::Failed(format!("{name} does not start: {error}")))?;
    let start = Instant::now();
    // What they print is a line or two, which the pipes hold until it is read.
    while child.try_wait().is_ok_and(|ended| ended.is_none()) {
        if start.elapsed() > LIMIT {
            let _ = child.kill();
            let _ = child.wait();
            return Err(No::Failed(format!("no answer within {} s", LIMIT.as_secs())));
        }
        std::thread::sleep(GLANCE);
    }
    let run = child.wait_with_output().map_err(|error| No::Failed(error.to_string()))?;
    if !run.status.success() {
        let said = String::from_utf8_lossy(&run.stderr);
        let said = said.trim().lines().next_back().unwrap_or("no reason given");
        return Err(No::Failed(format!("{name} ended with {}: {said}", run.status)));
    }
    Ok(String::from_utf8_lossy(&run.stdout).into_owned())
}

/// The object that a program printed, unless it says that it cannot.
fn answer(said: &str) -> Result<Value, No> {
    let value: Value = serde_json::from_str(said.trim())
        .map_err(|error| No::Failed(format!("no JSON in `{}`: {error}", said.trim())))?;
    match value["cannot"].as_str() {
        Some(why) => Err(No::Cannot(why.to_owned())),
        None => Ok(value),
    }
}
