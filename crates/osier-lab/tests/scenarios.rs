//! Do the shipped scenarios show what their pages say?
//!
//! Each is run at 20 seeds, its nodes made in the order of the file and in the reverse, and held
//! against its own expectations; its capture at seed 1 has a hash that is written down; its page
//! shows the ladder of seed 1. `OSIER_LAB_UPDATE=1 cargo test -p osier-lab --test scenarios` writes
//! hashes and ladders anew, to be judged in the diff.

use osier_lab::scenario::{Order, Run, SHIPPED, Scenario, Shipped, Verdict};
use osier_ladder::{Caption, Look};
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::num::NonZero;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};

const SEEDS: u64 = 20;

/// What stands around the generated part of a page.
const MARKS: [&str; 2] = ["<!-- made by the test -->\n", "<!-- made by the test, end -->"];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn update() -> bool {
    std::env::var_os("OSIER_LAB_UPDATE").is_some()
}

/// One run: the number of the scenario, the seed, the order of the nodes.
type Job = (usize, u64, Order);

/// Runs them on as many threads as there are cores; each thread takes the next one. What comes of
/// a job does not depend on who takes it, nor when.
#[allow(clippy::disallowed_methods, reason = "each thread has worlds of its own")]
fn run_all<T: Send>(jobs: &[Job], run: impl Fn(&Job) -> T + Sync) -> Vec<T> {
    let threads = std::thread::available_parallelism().map_or(1, NonZero::get);
    let next = AtomicUsize::new(0);
    let work = || {
        let taken = std::iter::from_fn(|| {
            let n = next.fetch_add(1, Ordering::Relaxed);
            jobs.get(n).map(|job| (n, run(job)))
        });
        taken.collect::<Vec<_>>()
    };
    let mut done: Vec<(usize, T)> = std::thread::scope(|scope| {
        let workers: Vec<_> = (0..threads).map(|_| scope.spawn(work)).collect();
        workers.into_iter().flat_map(|worker| worker.join().expect("no run panics")).collect()
    });
    done.sort_by_key(|(n, _)| *n);
    assert!(done.iter().map(|(n, _)| *n).eq(0..jobs.len()), "every job is done, once");
    done.into_iter().map(|(_, result)| result).collect()
}

#[test]
fn every_scenario_does_what_it_expects_at_every_seed_and_in_both_orders() {
    let orders = [Order::Written, Order::Reversed];
    let seeds = || (1..=SEEDS).flat_map(|seed| orders.map(|order| (seed, order)));
    let jobs = (0..SHIPPED.len()).flat_map(|n| seeds().map(move |(seed, order)| (n, seed, order)));
    let jobs: Vec<Job> = jobs.collect();
    let scenarios: Vec<Scenario> = SHIPPED.iter().map(Shipped::scenario).collect();
    let judged = run_all(&jobs, |(n, seed, order)| Run::new(&scenarios[*n], *seed, *order).judge());

    let mut failures = String::new();
    let mut held: BTreeMap<(usize, String, u32), u32> = BTreeMap::new();
    for ((n, seed, order), verdicts) in jobs.iter().zip(judged) {
        for Verdict { expected, actual, holds, share } in verdicts {
            *held.entry((*n, expected.clone(), share)).or_default() += u32::from(holds);
            if !holds && share == 1_000_000 {
                let name = SHIPPED[*n].name;
                let _ = writeln!(
                    failures,
                    "{name} seed {seed}, {order:?}: expected `{expected}`, actual: {actual}"
                );
            }
        }
    }
    for ((n, expected, share), times) in held {
        if u64::from(times) * 1_000_000 < u64::from(share) * SEEDS * 2 {
            let name = SHIPPED[n].name;
            let _ = writeln!(failures, "{name}: `{expected}` held {times} of {}", SEEDS * 2);
        }
    }
    assert!(failures.is_empty(), "\n{failures}");
}

fn capture(shipped: &Shipped, seed: u64) -> Vec<u8> {
    let mut octets = Vec::new();
    let run = Run::new(&shipped.scenario(), seed, Order::Written);
    run.write_capture(&mut octets).expect("a vector takes all");
    octets
}

#[test]
fn the_capture_of_seed_1_is_the_same_on_every_machine() {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("scenarios/SHA256SUMS");
    let mut sums = String::new();
    for shipped in SHIPPED {
        let hash = Sha256::digest(capture(shipped, 1));
        let hex: String = hash.iter().map(|octet| format!("{octet:02x}")).collect();
        let _ = writeln!(sums, "{hex}  {}.pcapng", shipped.name);
    }
    if update() {
        std::fs::write(&file, &sums).expect("the folder is ours");
    }
    let written = std::fs::read_to_string(&file).expect("the sums are written down");
    assert_eq!(written, sums, "OSIER_LAB_UPDATE=1 writes them anew; say why they changed");
}

#[test]
fn the_same_seed_gives_the_same_octets_and_another_order_the_same_verdicts() {
    let shipped = &SHIPPED[0];
    assert_eq!(capture(shipped, 7), capture(shipped, 7));
    assert_ne!(capture(shipped, 7), capture(shipped, 8));
}

/// What a page shows of its scenario: the ladder, the curves and what the test holds.
fn shown(shipped: &Shipped) -> String {
    let scenario = shipped.scenario();
    let run = Run::new(&scenario, 1, Order::Written);
    let mut text = String::new();
    if picture(shipped).is_some() {
        let (title, name) = (scenario.title(), shipped.name);
        let _ = write!(text, "\n![{title}]({name}.svg)\n");
    }
    let ladder = run.ladder().draw(Look { width: 96, ..Look::default() });
    let _ = write!(text, "\n```text\n{ladder}```\n");
    for curve in run.curves() {
        let _ = write!(text, "\n```text\n{}```\n", curve.draw());
    }
    text += "\nWhat the test holds:\n\n";
    for (sentence, share) in scenario.expectations() {
        let seeds = match share {
            1_000_000 => "at every seed".to_owned(),
            share => format!("at {} % of the seeds", share / 10_000),
        };
        let _ = writeln!(text, "- `{sentence}`, {seeds}");
    }
    text + "\n"
}

/// The picture beside a page: of those with curves, and of the one that docs/lab/README.md shows.
fn picture(shipped: &Shipped) -> Option<String> {
    let scenario = shipped.scenario();
    let run = Run::new(&scenario, 1, Order::Written);
    if run.curves().is_empty() && shipped.name != "third-ack-lost" {
        return None;
    }
    let caption = Caption::new(scenario.title()).text(scenario.question());
    let curves = run.curves().iter();
    let caption = curves.fold(caption, |caption, curve| caption.curve(curve.figure()));
    Some(run.ladder().to_svg(&caption))
}

#[test]
fn every_picture_is_that_of_its_scenario() {
    for shipped in SHIPPED {
        let Some(wanted) = picture(shipped) else { continue };
        let path = root().join(format!("docs/lab/{}.svg", shipped.name));
        if update() {
            std::fs::write(&path, &wanted).expect("the folder is ours");
        }
        let drawn = std::fs::read_to_string(&path).unwrap_or_default();
        assert!(drawn == wanted, "{} is stale: OSIER_LAB_UPDATE=1 draws it anew", path.display());
    }
}

#[test]
fn every_page_shows_the_ladder_of_its_scenario() {
    let mut stale = Vec::new();
    for shipped in SHIPPED {
        let path = root().join(format!("docs/lab/{}.md", shipped.name));
        let page = std::fs::read_to_string(&path).unwrap_or_default();
        let [begin, end] = MARKS;
        let parts = page.split_once(begin).and_then(|(before, rest)| {
            let (_, after) = rest.split_once(end)?;
            Some((before, after))
        });
        let Some((before, after)) = parts else {
            stale.push(format!("{} has no place for the ladder", path.display()));
            continue;
        };
        let wanted = format!("{before}{begin}{}{end}{after}", shown(shipped));
        if update() && wanted != page {
            std::fs::write(&path, wanted).expect("the folder is ours");
        } else if wanted != page {
            stale.push(format!("{} is stale: OSIER_LAB_UPDATE=1 writes it anew", path.display()));
        }
        let scenario = shipped.scenario();
        if !page.contains(scenario.title()) || !page.contains(scenario.question()) {
            stale.push(format!("{} does not ask the question", path.display()));
        }
    }
    assert!(stale.is_empty(), "{stale:#?}");
}
