//! Which chore is asked for, with which options?

use std::fmt::Write as _;
use std::path::PathBuf;
use std::time::Duration;

use crate::bench;
use crate::steps::STEPS;

/// How long each fuzz target runs unless told otherwise: enough to find what a change broke, and
/// a dozen targets stay within a minute.
const FUZZ_SECONDS: u64 = 5;

/// What `cargo xtask` is to do.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Chore {
    /// Print the help.
    Help,
    /// Check the project.
    Test(TestOptions),
    /// Let the unmodified packetdrill judge osier.
    Packetdrill(PacketdrillOptions),
    /// Measure osier beside other stacks.
    Bench(BenchOptions),
    /// Print the help of that.
    BenchHelp,
}

/// The options of `cargo xtask bench`.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct BenchOptions {
    /// Rows by their names or the first part of them; empty means all.
    pub(crate) rows: Vec<String>,
    /// The peers, in the order of the table.
    pub(crate) against: Vec<String>,
    /// How often each is run in a row.
    pub(crate) rounds: Option<u32>,
    /// JSON lines in place of the table.
    pub(crate) json: bool,
    /// The table once more, in Markdown, behind it.
    pub(crate) markdown: bool,
    /// Count instructions, too.
    pub(crate) instructions: bool,
    /// Where to draw cost against connections.
    pub(crate) svg: Option<PathBuf>,
}

/// The options of `cargo xtask packetdrill`.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct PacketdrillOptions {
    /// The program, built outside this project.
    pub(crate) bin: Option<PathBuf>,
    /// Its scripts: the folder `gtests/net/tcp` of its sources.
    pub(crate) scripts: Option<PathBuf>,
    /// Only scripts whose names contain one of these; empty means all.
    pub(crate) only: Vec<String>,
    /// Whom the program judges.
    pub(crate) judged: Judged,
}

/// Whom the unmodified packetdrill judges.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum Judged {
    /// osier, by the scripts that Linux passes.
    #[default]
    Osier,
    /// The runner in Rust, by all scripts: `--compare`.
    Runner,
}

/// May missing tools be installed without asking?
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Permission {
    /// `--install`, or `CI=true`.
    Given,
    /// Ask, if there is a terminal to ask on.
    Ask,
}

/// The options of `cargo xtask test`.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct TestOptions {
    /// For tools that are missing.
    pub(crate) install: Permission,
    /// How long each fuzz target runs; `None` runs none.
    pub(crate) fuzz: Option<Duration>,
    /// The steps to run; empty means all.
    pub(crate) only: Vec<String>,
    /// `CI=true`: a test that cannot run is a failure, and nobody is there to be asked.
    pub(crate) in_ci: bool,
}

impl TestOptions {
    /// Is this step one of those to run?
    pub(crate) fn runs(&self, step: &str) -> bool {
        self.only.is_empty() || self.only.iter().any(|name| name == step)
    }
}

/// The words after `cargo xtask`, or what is wrong with them.
pub(crate) fn parse(words: impl Iterator<Item = String>) -> Result<Chore, String> {
    parse_in(words, std::env::var("CI").is_ok_and(|value| value == "true"))
}

fn parse_in(mut words: impl Iterator<Item = String>, in_ci: bool) -> Result<Chore, String> {
    match words.next().as_deref() {
        None | Some("help" | "--help" | "-h") => return Ok(Chore::Help),
        Some("test") => {}
        Some("packetdrill") => return packetdrill(words),
        Some("bench") => return bench(words),
        Some(other) => return Err(format!("there is no chore `{other}`")),
    }
    let install = if in_ci { Permission::Given } else { Permission::Ask };
    let fuzz = Some(Duration::from_secs(FUZZ_SECONDS));
    let mut options = TestOptions { install, fuzz, only: Vec::new(), in_ci };
    while let Some(word) = words.next() {
        match word.as_str() {
            "--install" => options.install = Permission::Given,
            "--skip-fuzz" => options.fuzz = None,
            "--fuzz-seconds" => options.fuzz = Some(seconds(words.next().as_deref())?),
            "--only" => options.only.push(step(words.next().as_deref())?),
            "--help" | "-h" => return Ok(Chore::Help),
            other => return Err(format!("`test` has no option `{other}`")),
        }
    }
    Ok(Chore::Test(options))
}

fn packetdrill(mut words: impl Iterator<Item = String>) -> Result<Chore, String> {
    let mut options = PacketdrillOptions::default();
    while let Some(word) = words.next() {
        let mut value = || words.next().ok_or(format!("{word} needs a value"));
        match word.as_str() {
            "--bin" => options.bin = Some(PathBuf::from(value()?)),
            "--scripts" => options.scripts = Some(PathBuf::from(value()?)),
            "--only" => options.only.push(value()?),
            "--compare" => options.judged = Judged::Runner,
            "--help" | "-h" => return Ok(Chore::Help),
            other => return Err(format!("`packetdrill` has no option `{other}`")),
        }
    }
    Ok(Chore::Packetdrill(options))
}

fn bench(mut words: impl Iterator<Item = String>) -> Result<Chore, String> {
    let mut options = BenchOptions { against: peers("all")?, ..BenchOptions::default() };
    while let Some(word) = words.next() {
        let mut value = || words.next().ok_or(format!("{word} needs a value"));
        match word.as_str() {
            "--against" => options.against = peers(&value()?)?,
            "--rounds" => {
                let rounds = value()?.parse().ok().filter(|&rounds| rounds > 0);
                options.rounds = Some(rounds.ok_or("--rounds needs a number above 0")?);
            }
            "--json" => options.json = true,
            "--markdown" => options.markdown = true,
            "--instructions" => options.instructions = true,
            // The table runs in the project's root, the caller may be elsewhere.
            "--svg" => options.svg = Some(PathBuf::from(value()?)),
            "--help" | "-h" => return Ok(Chore::BenchHelp),
            row if bench::is_row(row) => options.rows.push(word),
            option if option.starts_with('-') => {
                return Err(format!("`bench` has no option `{option}`"));
            }
            other => {
                let rows = bench::ROWS.join(", ");
                return Err(format!("there is no row `{other}`; the rows are {rows}"));
            }
        }
    }
    Ok(Chore::Bench(options))
}

/// The peers that a list names, in the order of the table.
fn peers(list: &str) -> Result<Vec<String>, String> {
    let words: Vec<&str> = list.split(',').map(str::trim).collect();
    let known = |word: &str| word == "all" || bench::PEERS.contains(&word);
    if let Some(unknown) = words.iter().find(|word| !known(word)) {
        let peers = bench::PEERS.join(", ");
        return Err(format!("there is no peer `{unknown}`; the peers are {peers}, or all"));
    }
    let wanted = |peer: &&&str| words.contains(&"all") || words.contains(*peer);
    Ok(bench::PEERS.iter().filter(wanted).map(|peer| (*peer).to_owned()).collect())
}

fn seconds(word: Option<&str>) -> Result<Duration, String> {
    let number = word.and_then(|word| word.parse::<u64>().ok());
    let seconds = number.filter(|seconds| *seconds > 0);
    // libFuzzer takes 0 for "for ever".
    seconds.map(Duration::from_secs).ok_or("--fuzz-seconds needs a number above 0".to_owned())
}

fn step(word: Option<&str>) -> Result<String, String> {
    let name = word.ok_or("--only needs the name of a step")?;
    let known = STEPS.iter().any(|step| step.name == name);
    known.then(|| name.to_owned()).ok_or(format!("there is no step `{name}`"))
}

/// What `cargo xtask --help` prints.
pub(crate) fn help() -> String {
    let mut text = String::from(
        "cargo xtask test [--install] [--skip-fuzz] [--fuzz-seconds N] [--only STEP]…\n\
         \n\
         Checks the whole project, as CI does. Missing tools are installed from Debian's packages\n\
         and with cargo install, after a question, or without one given --install or CI=true.\n\
         \n\
         \x20 --install         install what is missing without asking\n\
         \x20 --skip-fuzz       leave the fuzz step out\n\
         \x20 --fuzz-seconds N  fuzz each target for N seconds (default 5)\n\
         \x20 --only STEP       run this step alone; may be repeated\n\
         \n\
         Steps, in this order:\n",
    );
    for step in &STEPS {
        let _ = writeln!(text, "  {:<9} {}", step.name, step.does);
    }
    text.push_str(
        "\ncargo xtask packetdrill --bin PATH --scripts DIR [--compare] [--only PART]…\n\
         \n\
         Lets the unmodified packetdrill judge osier (docs/rfc/packetdrill.md).\n\
         \n\
         \x20 --bin PATH        the program, built from google/packetdrill 2c4001c4\n\
         \x20 --scripts DIR     the folder gtests/net/tcp of its sources\n\
         \x20 --compare         all scripts, by `osier drill` too: are the verdicts the same?\n\
         \x20 --only PART       only scripts whose names contain this; may be repeated\n",
    );
    text.push('\n');
    text.push_str(&bench_help());
    text.push_str(
        "\nEnds with 0 if all is well, 1 if a step failed, 2 if called wrongly, 3 if the system\n\
         refused something (the remedy is printed).\n",
    );
    text
}

/// What `cargo xtask bench --help` prints.
pub(crate) fn bench_help() -> String {
    format!(
        "cargo xtask bench [ROW]… [--against PEER,…] [--instructions] [--json] [--svg FILE]\n\
         \n\
         Builds other stacks, runs them and osier in turn, and prints one table\n\
         (docs/performance.md). A peer that cannot be built here is named, and the others go on.\n\
         \n\
         \x20 ROW               a row, or the first part of its name: bulk, rr, crr, tokio, tun;\n\
         \x20                   default all. Those of tun go over devices in a network of their\n\
         \x20                   own (/dev/net/tun, no other right; `ip` for the kernel's).\n\
         \x20                   http, if asked for, is axum loaded by `wrk`. The rows:\n\
         {}\
         \x20 --against PEER,…  of {}, all (the default)\n\
         \x20 --instructions    count instructions, too, under valgrind's callgrind\n\
         \x20 --rounds N        timed rounds of each, taken in turn (default 5)\n\
         \x20 --json            one JSON object a line\n\
         \x20 --markdown        the table once more, as docs/performance.md has it\n\
         \x20 --svg FILE        draw the cost of rr against the number of connections\n",
        bench::ROWS
            .chunks(5)
            .map(|rows| format!("                    {}\n", rows.join(" ")))
            .collect::<String>(),
        bench::PEERS.join(", "),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(line: &str, in_ci: bool) -> Result<Chore, String> {
        parse_in(line.split_whitespace().map(str::to_owned), in_ci)
    }

    fn options(line: &str, in_ci: bool) -> TestOptions {
        match parsed(line, in_ci) {
            Ok(Chore::Test(options)) => options,
            other => panic!("`{line}` gave {other:?}"),
        }
    }

    #[test]
    fn no_word_and_help_print_the_help_which_names_every_step() {
        assert_eq!(parsed("", false), Ok(Chore::Help));
        assert_eq!(parsed("test --help", false), Ok(Chore::Help));
        assert!(STEPS.iter().all(|step| help().contains(step.name)));
    }

    #[test]
    fn ci_gives_the_permission_that_a_contributor_is_asked_for() {
        assert_eq!(options("test", false).install, Permission::Ask);
        assert_eq!(options("test", true).install, Permission::Given);
        assert_eq!(options("test --install", false).install, Permission::Given);
    }

    #[test]
    fn only_the_named_steps_run() {
        let options = options("test --only fmt --only deny", false);
        assert!(options.runs("fmt") && options.runs("deny") && !options.runs("tests"));
    }

    #[test]
    fn packetdrill_takes_the_program_and_its_scripts() {
        let line = "packetdrill --bin /b --scripts /s --only close/ --only sack/ --compare";
        let Ok(Chore::Packetdrill(options)) = parsed(line, false) else { panic!("{line}") };
        assert_eq!(options.bin, Some(PathBuf::from("/b")));
        assert_eq!(options.only, ["close/", "sack/"]);
        assert_eq!(options.judged, Judged::Runner);
        assert!(parsed("packetdrill --bin", false).is_err());
    }

    #[test]
    fn bench_takes_rows_by_their_first_part_and_peers_in_the_order_of_the_table() {
        let line = "bench rr bulk-9000 --against all --rounds 3 --json --svg cost.svg";
        let Ok(Chore::Bench(options)) = parsed(line, false) else { panic!("{line}") };
        assert_eq!(options.rows, ["rr", "bulk-9000"]);
        assert_eq!(options.against, bench::PEERS);
        assert_eq!((options.rounds, options.json, options.instructions), (Some(3), true, false));
        assert_eq!(parsed("bench rr --help", false), Ok(Chore::BenchHelp));
        assert!(help().contains(&bench_help()));
    }

    #[test]
    fn a_row_or_a_peer_that_is_not_there_is_named_with_those_that_are() {
        let refused = |line: &str| parsed(line, false).unwrap_err();
        assert!(refused("bench bul").contains("no row `bul`; the rows are bulk-1500, "));
        assert!(refused("bench --against smoltcp,novell").contains("no peer `novell`; the peers"));
        for line in ["bench --rounds 0", "bench --against", "bench --fast", "bench bulk-"] {
            assert!(parsed(line, false).is_err(), "{line}");
        }
    }

    #[test]
    fn a_word_that_means_nothing_is_refused() {
        for line in ["tset", "test --fast", "test --only nothing", "test --fuzz-seconds 0"] {
            assert!(parsed(line, false).is_err(), "{line}");
        }
    }
}
