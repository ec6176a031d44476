//! Do osier's answers satisfy packetdrill's scripts?
//!
//! Finds the scripts, runs each over the versions of IP that it is for, in virtual time and without
//! any right, and tells what came of it. The language and the runner are osier-drill's. Nothing in
//! a script is run as a command.

mod ladder;

use crate::exit::{Failure, Outcome};
use osier_device::netns::enter_private_network;
use osier_drill::config::{Config, Over};
use osier_drill::drill::{self, Verdict, differs_from_linux};
use osier_drill::kernel::Kernel;
use osier_drill::osier::Osier;
use osier_drill::report;
use osier_drill::span::{Error, Fault};
use serde_json::json;
use std::path::{Path, PathBuf};

/// What may follow `osier drill`.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct Args {
    /// Scripts, or directories to search for `*.pkt`
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    /// Run over this only: ipv4, ipv6, ipv4-mapped-ipv6 (repeatable; else all that a script is for)
    #[arg(long, visible_alias = "ip_version", value_name = "VERSION", value_parser = over)]
    ip_version: Vec<Over>,
    /// Whom the scripts judge: osier, or kernel, over a TUN in a network of its own, in real time
    #[arg(long, value_name = "STACK", default_value = "osier")]
    against: Against,
    /// Print packets and calls with their times, as packetdrill does
    #[arg(short, long)]
    verbose: bool,
    /// Draw each run as a ladder
    #[arg(long)]
    ladder: bool,
    /// One JSON object a line for each run
    #[arg(long)]
    json: bool,
    /// What a word stands for in scripts (repeatable)
    #[arg(short = 'D', long = "define", value_name = "NAME=VALUE", value_parser = define)]
    defines: Vec<(String, String)>,
    /// How far an event may be from its time, in microseconds
    #[arg(long, visible_alias = "tolerance_usecs", value_name = "N")]
    tolerance_usecs: Option<u32>,
}

/// Whom the scripts judge.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum Against {
    /// osier, in virtual time.
    Osier,
    /// The kernel of this machine, in real time.
    Kernel,
}

fn over(name: &str) -> Result<Over, String> {
    Over::of_name(name).ok_or_else(|| "ipv4, ipv6 or ipv4-mapped-ipv6 was expected".to_owned())
}

fn define(text: &str) -> Result<(String, String), String> {
    let pair = text.split_once('=').ok_or_else(|| "NAME=VALUE was expected".to_owned())?;
    Ok((pair.0.to_owned(), pair.1.to_owned()))
}

/// How many runs came to what.
#[derive(Default)]
struct Tally {
    passed: usize,
    failed: usize,
    malformed: usize,
    unsupported: usize,
    /// Failed against the kernel, where the script says why.
    explained: usize,
}

pub(crate) fn run(args: &Args) -> Outcome {
    let scripts = scripts(&args.files)?;
    if args.against == Against::Kernel {
        enter_private_network().map_err(Failure::from)?;
    }
    runner_can_fail(args.against)?;
    let mut tally = Tally::default();
    for file in scripts {
        // What is no text is told with its place, as any other fault of a script.
        let octets = std::fs::read(&file).map_err(|error| unread(&file, &error))?;
        let source = String::from_utf8_lossy(&octets).into_owned();
        let name = file.display().to_string();
        for over in overs(args, &name, &source) {
            let verdict = one(args, &file, &source, over)?;
            let excuse = differs_from_linux(&source).filter(|_| args.against == Against::Kernel);
            tell(args, (&name, over), (&verdict, excuse), &mut tally);
        }
    }
    finish(args, &tally)
}

/// A runner that sees nothing must not report success.
fn runner_can_fail(against: Against) -> Outcome {
    let can_fail = match against {
        Against::Osier => Over::ALL.into_iter().all(|over| drill::can_fail(over, Osier::new)),
        // One IP is enough in real time; each must fail for what the script says, not for the
        // network.
        Against::Kernel => {
            Kernel::new(&Config::new(Over::V4)).map_err(Failure::from)?;
            drill::can_fail(Over::V4, |config| Kernel::new(config).expect("it was made before"))
        }
    };
    match can_fail {
        true => Ok(()),
        false => Err(Failure::bug("a script that must fail does not: the runner sees nothing")),
    }
}

fn unread(path: &Path, error: &std::io::Error) -> Failure {
    Failure::refused(format!("{} cannot be read: {error}", path.display()))
}

/// The files that were named, and the scripts in the directories that were, in their order.
fn scripts(named: &[PathBuf]) -> Result<Vec<PathBuf>, Failure> {
    let mut found = Vec::new();
    for path in named {
        match path.is_dir() {
            true => search(path, &mut found)?,
            false => found.push(path.clone()),
        }
    }
    match found.is_empty() {
        true => Err(Failure::usage("there is no `*.pkt` in what was named")),
        false => Ok(found),
    }
}

fn search(directory: &Path, found: &mut Vec<PathBuf>) -> Outcome {
    let entries = std::fs::read_dir(directory).map_err(|error| unread(directory, &error))?;
    let mut paths: Vec<_> = entries.filter_map(|entry| Some(entry.ok()?.path())).collect();
    paths.sort();
    for path in paths {
        // A link to a directory may lead in a circle.
        if path.is_dir() && !path.is_symlink() {
            search(&path, found)?;
        } else if path.extension().is_some_and(|extension| extension == "pkt") {
            found.push(path);
        }
    }
    Ok(())
}

/// Over what a script is run: what it is for, and of that what was asked for.
fn overs(args: &Args, name: &str, source: &str) -> Vec<Over> {
    let fits = drill::versions(name, drill::said_over(source));
    match args.ip_version.is_empty() {
        true => fits,
        false => fits.into_iter().filter(|over| args.ip_version.contains(over)).collect(),
    }
}

fn one(args: &Args, file: &Path, source: &str, over: Over) -> Result<Verdict, Failure> {
    let mut config = Config::new(over);
    config.defines.extend(args.defines.iter().cloned());
    if let Some(micros) = args.tolerance_usecs {
        config.tolerance = osier_time::Duration::from_micros(micros.into());
    }
    let directory = file.parent().unwrap_or(Path::new("."));
    let mut read = |path: &str| std::fs::read_to_string(directory.join(path)).ok();
    match args.against {
        Against::Osier => Ok(drill::against_osier(source, config, &mut read)),
        Against::Kernel => {
            drill::against_made(source, config, &mut read, Kernel::new).map_err(Failure::from)
        }
    }
}

fn tell(
    args: &Args,
    (name, over): (&str, Over),
    (verdict, excuse): (&Verdict, Option<String>),
    tally: &mut Tally,
) {
    let (word, count) = match verdict {
        Verdict::Passed(_) => ("passed", &mut tally.passed),
        Verdict::Failed(..) if excuse.is_some() => ("differs", &mut tally.explained),
        Verdict::Failed(..) => ("failed", &mut tally.failed),
        Verdict::Refused(Error { fault: Fault::Malformed, .. }) => {
            ("malformed", &mut tally.malformed)
        }
        Verdict::Refused(Error { fault: Fault::Unsupported, .. }) => {
            ("unsupported", &mut tally.unsupported)
        }
    };
    *count += 1;
    if args.json {
        println!("{}", json_line((name, over), word, verdict));
        return;
    }
    if let (true, Verdict::Passed(run) | Verdict::Failed(run, _)) = (args.verbose, verdict) {
        print!("{}", report::verbose(&run.trace));
    }
    if let (true, Verdict::Passed(run) | Verdict::Failed(run, _)) = (args.ladder, verdict) {
        print!("{}", ladder::draw(&run.trace));
    }
    match verdict {
        Verdict::Passed(_) => println!("{word} [{}] {name}", over.name()),
        Verdict::Failed(_, failure) => {
            println!("{word} [{}] {}", over.name(), report::failure(name, failure).trim_end());
            if let Some(excuse) = excuse {
                println!("because: {excuse}");
            }
        }
        Verdict::Refused(error) => println!("{word} [{}] {name}:{error}", over.name()),
    }
}

fn json_line((name, over): (&str, Over), word: &str, verdict: &Verdict) -> serde_json::Value {
    let (at, says) = match verdict {
        Verdict::Passed(_) => (None, None),
        Verdict::Failed(_, failure) => (Some(failure.at), Some(failure.says.as_str())),
        Verdict::Refused(error) => (Some(error.at), Some(error.says.as_str())),
    };
    json!({
        "file": name,
        "ip_version": over.name(),
        "verdict": word,
        "line": at.map(|at| at.line),
        "column": at.map(|at| at.column),
        "says": says,
    })
}

fn finish(args: &Args, tally: &Tally) -> Outcome {
    let Tally { passed, failed, malformed, unsupported, explained } = tally;
    let mut sum = format!(
        "{passed} passed, {failed} failed, {malformed} malformed, {unsupported} not supported"
    );
    if args.against == Against::Kernel {
        sum += &format!(", {explained} differ as they say");
    }
    if !args.json {
        println!("{sum}");
    }
    match (failed, malformed + unsupported) {
        (0, 0) => Ok(()),
        (0, _) => Err(Failure::silent(2)),
        _ => Err(Failure::silent(1)),
    }
}
