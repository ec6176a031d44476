//! How many instructions is a unit of work?
//!
//! This very program runs again under `valgrind --tool=callgrind`, once for a little of the work
//! and once for more of it; start and end cancel in the difference. Valgrind runs the program on a
//! processor of its own making (AVX2, no AVX-512), so the C library's copy is the one for AVX2.
//! It counts each turn of a `rep movsb` as an instruction, which no processor does: the C library
//! is asked to do without, and copies with vectors.

use super::Work;
use super::setup::Setup;
use crate::exit::Failure;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// From how many bytes on the C library may copy with `rep movsb`: none.
const NO_REP_MOVSB: &str = "glibc.cpu.x86_rep_movsb_threshold=0x7fffffff";

/// Instructions of one unit.
pub(super) fn instructions(work: Work, setup: &Setup) -> Result<f64, Failure> {
    let (short, long) = work.counted();
    let of = |units: u64| -> Result<u64, Failure> {
        let mut words: Vec<String> =
            ["bench", work.name(), "--units", &units.to_string()].map(str::to_owned).into();
        words.extend(setup.words());
        Ok(count(&words)?.0)
    };
    let difference = of(long)?.saturating_sub(of(short)?);
    Ok(difference as f64 / (long - short) as f64)
}

/// Instructions of this program with these words, and what it printed. Its children are not
/// counted, nor is what the kernel does.
pub(super) fn count(words: &[String]) -> Result<(u64, String), Failure> {
    let out = Out::new();
    let program = std::env::current_exe()?;
    let run = Command::new("valgrind")
        .args(["-q", "--tool=callgrind"])
        .arg(format!("--callgrind-out-file={}", out.0.display()))
        .arg(program)
        .args(words)
        .env("GLIBC_TUNABLES", NO_REP_MOVSB)
        .stdin(Stdio::null())
        .output()
        .map_err(|error| absent(&error))?;
    let said =
        String::from_utf8_lossy(if run.status.success() { &run.stdout } else { &run.stderr });
    if !run.status.success() {
        let said = said.trim().lines().next_back().unwrap_or("no reason given");
        return Err(Failure::refused(format!("valgrind ended with {}: {said}", run.status)));
    }
    Ok((total(&out.0)?, said.into_owned()))
}

fn absent(error: &io::Error) -> Failure {
    let what = match error.kind() {
        io::ErrorKind::NotFound => "instructions are counted by valgrind, which is not installed",
        _ => return Failure::refused(format!("valgrind does not start: {error}")),
    };
    Failure::refused(what).remedy("install it (Debian: apt-get install valgrind)")
}

/// The line `totals: N` of callgrind's file.
fn total(file: &Path) -> Result<u64, Failure> {
    let text = std::fs::read_to_string(file)?;
    let total = text.lines().find_map(|line| line.strip_prefix("totals:"));
    total.and_then(|n| n.trim().parse().ok()).ok_or_else(|| {
        Failure::refused(format!("callgrind wrote no total into {}", file.display()))
    })
}

/// Callgrind's file, which goes when it is no longer needed.
struct Out(PathBuf);

impl Out {
    fn new() -> Out {
        Out(std::env::temp_dir().join(format!("osier-bench-{}.callgrind", std::process::id())))
    }
}

impl Drop for Out {
    fn drop(&mut self) {
        // Where it was never written there is nothing to remove.
        let _ = std::fs::remove_file(&self.0);
    }
}
