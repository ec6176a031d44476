//! What does the unmodified packetdrill say of osier? `cargo xtask packetdrill`
//!
//! Runs google's scripts for TCP, those that the Linux kernel itself passes, in the three variants
//! of their own runner (IPv4, IPv6, IPv4 on an IPv6 socket), against osier through
//! `osier-packetdrill`, and compares with what is expected: `expected.txt`. A script that must fail
//! is part of every run, so that a broken runner cannot report success.
//!
//! | where is … | file |
//! | --- | --- |
//! | the expectations, and the table of what came of them | `packetdrill/expected.rs` |
//! | the runner in Rust beside the program: `--compare` | `packetdrill/compare.rs` |
//! | one run of one script | `packetdrill/run.rs` |
//! | what stands for `sysctl`, `tc`, `ip`, `nstat` and `ethtool` | `packetdrill/shims.rs` |

mod compare;
mod expected;
mod run;
mod shims;

use crate::arguments::{Judged, PacketdrillOptions};
use crate::{FAILED, REFUSED};
use expected::{Expectation, Script, Tally};
use run::{Bench, Verdict};
use shims::Shims;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::thread;

/// Runs the scripts and tells.
pub(crate) fn judge(options: &PacketdrillOptions) -> ExitCode {
    let (Some(bin), Some(scripts)) = (&options.bin, &options.scripts) else {
        println!("not run: packetdrill needs --bin and --scripts (docs/rfc/packetdrill.md)");
        return ExitCode::from(REFUSED);
    };
    match bench(bin.clone(), scripts.clone()) {
        Ok(bench) => match options.judged {
            Judged::Osier => run_all(&bench, options),
            Judged::Runner => compare_all(&bench, options),
        },
        Err(remedy) => {
            eprintln!("not run: {remedy}");
            ExitCode::from(REFUSED)
        }
    }
}

fn bench(bin: PathBuf, scripts: PathBuf) -> Result<Bench, String> {
    let absolute =
        |path: PathBuf| path.canonicalize().map_err(|error| format!("{}: {error}", path.display()));
    let library = run::build("osier-packetdrill", "libosier_packetdrill.so")?;
    let shims = Shims::new().map_err(|error| format!("no folder for the shims: {error}"))?;
    Ok(Bench { bin: absolute(bin)?, scripts: absolute(scripts)?, library, shims })
}

fn run_all(bench: &Bench, options: &PacketdrillOptions) -> ExitCode {
    if !matches!(bench.must_fail(), Verdict::Failed(_)) {
        eprintln!("FAILED: a script that must fail does not: no verdict of this run counts");
        return ExitCode::from(FAILED);
    }
    let all = expected::all();
    let chosen: Vec<Script> =
        all.into_iter().filter(|script| wanted(&script.name, options)).collect();
    let verdicts = each(&chosen, |script| judged(bench, script));
    let mut tally = Tally::default();
    for (script, verdict) in chosen.iter().zip(&verdicts) {
        tally.add(script, verdict);
    }
    println!("{tally}");
    if tally.is_as_expected() { ExitCode::SUCCESS } else { ExitCode::from(FAILED) }
}

/// The runner's verdicts beside the program's.
fn compare_all(bench: &Bench, options: &PacketdrillOptions) -> ExitCode {
    let osier = match run::build("osier-cli", "osier") {
        Ok(osier) => osier,
        Err(remedy) => {
            eprintln!("not run: {remedy}");
            return ExitCode::from(REFUSED);
        }
    };
    let mut scripts = compare::scripts(&bench.scripts);
    scripts.retain(|name| wanted(name, options));
    let pairs = each(&scripts, |name| compare::both(bench, &osier, name));
    let (table, agree) = compare::table(&pairs.concat());
    println!("{table}");
    if agree { ExitCode::SUCCESS } else { ExitCode::from(FAILED) }
}

fn wanted(name: &str, options: &PacketdrillOptions) -> bool {
    options.only.is_empty() || options.only.iter().any(|part| name.contains(part))
}

/// The verdict on a script, where it is run.
fn judged(bench: &Bench, script: &Script) -> Verdict {
    match script.expectation {
        Expectation::Unsupported => Verdict::NotRun,
        Expectation::Passes | Expectation::Differs => bench.variants(script),
    }
}

/// What comes of each of them, found by as many threads as there are processors.
fn each<T: Sync, R: Send>(of: &[T], work: impl Fn(&T) -> R + Sync) -> Vec<R> {
    let next = AtomicUsize::new(0);
    let found = Mutex::new(Vec::new());
    let work = || {
        loop {
            let at = next.fetch_add(1, Ordering::Relaxed);
            let Some(one) = of.get(at) else { return };
            let result = work(one);
            found.lock().unwrap_or_else(PoisonError::into_inner).push((at, result));
        }
    };
    let threads = thread::available_parallelism().map_or(1, usize::from);
    thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(work);
        }
    });
    let mut found = found.into_inner().unwrap_or_else(PoisonError::into_inner);
    found.sort_by_key(|(at, _)| *at);
    found.into_iter().map(|(_, result)| result).collect()
}
