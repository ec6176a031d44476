//! What happens on a simulated network, and does it happen as expected?
//!
//! Scenarios are files (`docs/lab/README.md`) that osier brings along or that a user has written;
//! the world, the language and the verdicts are osier-lab's. Here they are found, run, shown and
//! saved. The same scenario and seed give the same capture, which `replay` verifies.

mod door;
mod files;
mod kernel_socket;
mod players;
mod real;
mod saved;
mod window;

use crate::exit::{Failure, Outcome};
use files::write;
use osier_lab::scenario::{Order, Run, SHIPPED, Scenario, Verdict};
use osier_ladder::{Caption, Glyphs, Look, Style};
use real::Real;
use saved::Saved;
use serde_json::{Value, json};
use std::io::{IsTerminal, Write};
use std::path::{Path, PathBuf};

/// Columns of a ladder.
const WIDTH: usize = 96;

/// What may follow `osier lab`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    /// List the scenarios that osier brings along
    List {
        /// One JSON object a line
        #[arg(long)]
        json: bool,
    },
    /// Run a scenario and draw what happens
    Run(RunArgs),
    /// Watch a run in the terminal: step, go back, look into packets, meddle with them
    Watch(window::Args),
    /// Run a saved run again, and verify that it is the same to the last octet
    Replay {
        /// A file that `--save` has written, or the line that a run prints
        #[arg(value_name = "FILE|LINE")]
        saved: String,
        #[command(flatten)]
        show: Show,
    },
}

#[derive(Debug, clap::Args)]
struct RunArgs {
    /// One that `osier lab list` names, or a TOML file
    #[arg(value_name = "NAME|FILE")]
    scenario: String,
    /// What chance follows from [default: 1; with --link another one in every run]
    #[arg(long, value_name = "N")]
    seed: Option<u64>,
    #[command(flatten)]
    real: Real,
    #[command(flatten)]
    show: Show,
}

/// What is shown of a run, and written.
#[derive(Debug, clap::Args)]
struct Show {
    /// Write every frame with its reasons as its comment
    #[arg(long, value_name = "FILE.pcapng")]
    capture: Option<PathBuf>,
    /// Write the drawing as an SVG
    #[arg(long, value_name = "FILE.svg")]
    svg: Option<PathBuf>,
    /// Write one HTML file: the drawing, its steps, the verdicts
    #[arg(long, value_name = "FILE.html")]
    html: Option<PathBuf>,
    /// Write the line that replays it
    #[arg(long, value_name = "FILE")]
    save: Option<PathBuf>,
    /// One JSON object instead of a drawing
    #[arg(long)]
    json: bool,
    /// ASCII without colour
    #[arg(long)]
    plain: bool,
}

pub(crate) fn run(args: &Args) -> Outcome {
    match &args.command {
        Command::List { json } => list(*json),
        Command::Run(args) => {
            files::are_apart(&args.scenario, &args.show)?;
            let run = one_run(args)?;
            let saved = Saved::of(&args.scenario, &run)?;
            show(&saved, &run, &args.show)
        }
        Command::Watch(args) => window::run(args),
        Command::Replay { saved, show } => replay(saved, show),
    }
}

fn one_run(args: &RunArgs) -> Result<Run, Failure> {
    let RunArgs { scenario, seed, real, .. } = args;
    let Some(link) = &real.link else {
        return Ok(Run::new(&files::scenario(scenario)?, seed.unwrap_or(1), Order::Written));
    };
    let (file, text) = files::source(scenario)?;
    let scenario = Scenario::parse_with_guest(&file, &text, real.guest(link)?)
        .map_err(|mistake| Failure::usage(mistake.to_string()))?;
    real::run(&scenario, seed.unwrap_or_else(real::fresh_seed), link, real)
}

fn list(as_json: bool) -> Outcome {
    let widest = SHIPPED.iter().map(|shipped| shipped.name.len()).max().unwrap_or(0);
    for shipped in SHIPPED {
        let scenario = shipped.scenario();
        if as_json {
            let (title, question) = (scenario.title(), scenario.question());
            print(&format!(
                "{}\n",
                json!({ "name": shipped.name, "title": title, "question": question })
            ))?;
        } else {
            print(&format!("{:widest$}  {}\n", shipped.name, scenario.question()))?;
        }
    }
    Ok(())
}

fn replay(what: &str, how: &Show) -> Outcome {
    let line = match Path::new(what).is_file() {
        true => std::fs::read_to_string(what)
            .map_err(|error| Failure::refused(format!("{what} cannot be read: {error}")))?,
        false => what.to_owned(),
    };
    let saved: Saved = line.parse()?;
    files::are_apart(&saved.scenario, how)?;
    let run = Run::new(&files::scenario(&saved.scenario)?, saved.seed, Order::Written);
    let now = Saved::of(&saved.scenario, &run)?;
    show(&now, &run, how)?;
    match saved.sha256.is_none() || saved.sha256 == now.sha256 {
        true => Ok(()),
        false => Err(Failure::not_so("this run is another one than the one that was saved")
            .remedy(
                "the scenario or osier has changed since; the same of both give the same octets",
            )),
    }
}

fn show(saved: &Saved, run: &Run, how: &Show) -> Outcome {
    if let Some(path) = &how.capture {
        write(path, |file| run.write_capture(file))?;
    }
    if let Some(path) = &how.save {
        write(path, |file| writeln!(file, "{saved}"))?;
    }
    let verdicts = run.judge();
    let caption = caption(saved, run, &verdicts);
    if let Some(path) = &how.svg {
        write(path, |file| file.write_all(run.ladder().to_svg(&caption).as_bytes()))?;
    }
    if let Some(path) = &how.html {
        write(path, |file| file.write_all(run.ladder().to_html(&caption).as_bytes()))?;
    }
    let text = match how.json {
        true => format!("{}\n", as_json(saved, run, &verdicts)),
        false => as_text(saved, run, &verdicts, look(how)),
    };
    print(&text)?;
    let failed = verdicts.iter().filter(|verdict| !verdict.holds).count();
    match failed {
        0 => Ok(()),
        _ if how.json => Err(Failure::silent(1)),
        _ => {
            let all = verdicts.len();
            let failure = Failure::not_so(format!("{failed} of {all} expectations do not hold"));
            Err(match run.scenario().guest() {
                Some(_) => failure,
                None => failure.remedy(format!("`osier lab replay \"{saved}\"` shows it again")),
            })
        }
    }
}

fn look(how: &Show) -> Look {
    let asked_not_to = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
    let colour = std::io::stdout().is_terminal() && !asked_not_to && !how.plain;
    Look {
        width: WIDTH,
        glyphs: if how.plain { Glyphs::Ascii } else { Glyphs::Unicode },
        style: if colour { Style::Colour } else { Style::Plain },
    }
}

/// The words above a picture.
fn caption(saved: &Saved, run: &Run, verdicts: &[Verdict]) -> Caption {
    let scenario = run.scenario();
    let held = verdicts.iter().filter(|verdict| verdict.holds).count();
    let (Saved { scenario: name, seed, .. }, all) = (saved, verdicts.len());
    let kernel = scenario.guest().map_or(String::new(), |host| format!(", the kernel is {host}"));
    let caption = Caption::new(scenario.title()).text(scenario.question()).text(format!(
        "osier lab run {name} --seed {seed}{kernel}: {held} of {all} expectations hold"
    ));
    let left_out = run.left_out().into_iter();
    let caption = left_out.fold(caption, |c, said| c.text(format!("Left out: {said}")));
    run.curves().iter().fold(caption, |caption, curve| caption.curve(curve.figure()))
}

fn as_text(saved: &Saved, run: &Run, verdicts: &[Verdict], look: Look) -> String {
    let scenario = run.scenario();
    let mut text = format!("{}\n{}\n\n", scenario.title(), scenario.question());
    text += &run.ladder().draw(look);
    for curve in run.curves() {
        text += &format!("\n{}", curve.draw());
    }
    text.push('\n');
    for verdict in verdicts {
        text += &match verdict.holds {
            true => format!("holds:         {}\n", verdict.expected),
            false => format!(
                "does not hold: {}\n  expected:    {}\n  actual:      {}\n",
                verdict.expected, verdict.expected, verdict.actual
            ),
        };
    }
    for sentence in run.left_out() {
        text += &format!("left out:      {sentence}\n");
    }
    for (what, why) in run.untold() {
        text += &format!("not judged:    {what}\n  for:         {why}\n");
    }
    text + &match scenario.guest() {
        Some(_) => {
            format!("seed:          {}; no two runs in real time are the same\n", saved.seed)
        }
        None => format!("replay:        {saved}\n"),
    }
}

fn as_json(saved: &Saved, run: &Run, verdicts: &[Verdict]) -> Value {
    let ladder: Value = serde_json::from_str(&run.ladder().to_json()).unwrap_or(Value::Null);
    let verdicts: Vec<Value> = verdicts
        .iter()
        .map(|verdict| {
            let Verdict { expected, actual, holds, share } = verdict;
            json!({ "expected": expected, "actual": actual, "holds": holds,
                    "share_of_seeds_ppm": share })
        })
        .collect();
    let curves: Vec<Value> = run
        .curves()
        .iter()
        .map(|curve| {
            let every = curve.every().as_nanos();
            json!({ "of": curve.title(), "every_ns": every, "values": curve.values() })
        })
        .collect();
    let untold: Vec<Value> = run
        .untold()
        .into_iter()
        .map(|(what, why)| json!({ "expected": what, "why": why }))
        .collect();
    json!({
        "kernel": run.scenario().guest(),
        "not_judged": untold,
        "left_out": run.left_out(),
        "scenario": saved.scenario,
        "seed": saved.seed,
        "sha256": saved.sha256,
        "title": run.scenario().title(),
        "question": run.scenario().question(),
        "expectations": verdicts,
        "curves": curves,
        "ladder": ladder,
    })
}

/// To standard output; a reader that has gone wants no more.
fn print(text: &str) -> Outcome {
    let mut out = std::io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => {
            Err(Failure::refused(format!("standard output cannot be written: {error}")))
        }
        _ => Ok(()),
    }
}
