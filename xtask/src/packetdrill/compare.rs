//! Does the runner in Rust give the verdict that the program gives? `--compare`
//!
//! Every script of the folder, in every variant that it is for, by both: `osier drill`, and the
//! unmodified program with `osier-packetdrill`. Both ask the same stack, so a difference is a bug
//! of one of the two. Scripts that look at counters of a kernel, change its routes or its queues,
//! or call `sendfile`, are shown and not counted: the runner has no kernel to ask.
//!
//! Both are asked the same question: what a script says of its addresses counts. To the program,
//! words of the command line count more than those of the script, so such a word is left out.

use super::run::{Bench, VARIANTS};
use std::fmt::Write as _;
use std::fs;
use std::net::IpAddr;
use std::path::Path;
use std::process::Command;

/// Words of a script that only a kernel can answer.
const OF_A_KERNEL: [&str; 5] = ["nstat", "sendfile(", "tc qdisc replace", "ip route", "ip link"];

/// What both said of one script in one variant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Pair {
    pub(crate) script: String,
    pub(crate) version: &'static str,
    /// What the program says against it, if it does.
    program: Result<(), String>,
    /// What the runner says against it.
    runner: Result<(), String>,
    counts: Counts,
}

/// Whether a difference is a bug.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Counts {
    Yes,
    /// The script asks a kernel.
    No,
}

impl Pair {
    fn agrees(&self) -> bool {
        self.program.is_ok() == self.runner.is_ok()
    }
}

/// Both, of a script in all its variants; `osier` is the command.
pub(crate) fn both(bench: &Bench, osier: &Path, script: &str) -> Vec<Pair> {
    let path = bench.scripts.join(script);
    let text = fs::read_to_string(&path).unwrap_or_default();
    let asks = OF_A_KERNEL.iter().any(|word| text.contains(word));
    let counts = if asks { Counts::No } else { Counts::Yes };
    let mut pairs = Vec::new();
    for (version, words) in VARIANTS {
        let Some(runner) = by_runner(osier, &path, version) else { continue };
        let words = words.map(|words| left_to(&text, words));
        let program = bench.run(&path, version, [&words[0], &words[1]]);
        pairs.push(Pair { script: script.to_owned(), version, program, runner, counts });
    }
    pairs
}

/// Words of the command line without the addresses that a script names itself. One of the other
/// version of IP is not for this variant: the command line's counts.
fn left_to(text: &str, words: &str) -> String {
    let is_named = |word: &&str| {
        let Some((name, Ok(ours))) = word.split_once('=').map(|(n, a)| (n, a.parse::<IpAddr>()))
        else {
            return false;
        };
        let said = text.lines().filter_map(|line| line.trim_start().split_once('='));
        said.filter(|(option, _)| *option == name).any(|(_, value)| {
            let word = value.split_whitespace().next().unwrap_or_default();
            let address = word.split('/').next().unwrap_or_default().parse::<IpAddr>();
            address.is_ok_and(|address| address.is_ipv4() == ours.is_ipv4())
        })
    };
    words.split_whitespace().filter(|word| !is_named(word)).collect::<Vec<_>>().join(" ")
}

/// The verdict of `osier drill`; nothing where the script is not for this version.
fn by_runner(osier: &Path, script: &Path, version: &str) -> Option<Result<(), String>> {
    let output = Command::new(osier).args(["drill", "--ip-version", version]).arg(script).output();
    let said = match output {
        Ok(output) => String::from_utf8_lossy(&output.stdout).into_owned(),
        Err(error) => return Some(Err(error.to_string())),
    };
    verdict(&said, version)
}

fn verdict(said: &str, version: &str) -> Option<Result<(), String>> {
    let mark = format!(" [{version}] ");
    let line = said.lines().find(|line| line.contains(&mark))?;
    Some(match line.starts_with("passed ") {
        true => Ok(()),
        false => Err(line.to_owned()),
    })
}

/// The table, and whether they agree.
pub(crate) fn table(pairs: &[Pair]) -> (String, bool) {
    let mut text = String::new();
    let count = |wanted: &dyn Fn(&&Pair) -> bool| pairs.iter().filter(wanted).count();
    let differ = count(&|pair| !pair.agrees() && pair.counts == Counts::Yes);
    for pair in pairs.iter().filter(|pair| !pair.agrees()) {
        let shown = |verdict: &Result<(), String>| match verdict {
            Ok(()) => "passed".to_owned(),
            Err(says) => says.lines().next().unwrap_or("failed").trim().to_owned(),
        };
        let note = if pair.counts == Counts::Yes { "" } else { " (asks a kernel: not counted)" };
        let _ = writeln!(text, "{} {}{note}", pair.script, pair.version);
        let _ = writeln!(text, "    program: {}", shown(&pair.program));
        let _ = writeln!(text, "    runner:  {}", shown(&pair.runner));
    }
    let passed = count(&|pair| pair.program.is_ok() && pair.runner.is_ok());
    let failed = count(&|pair| pair.program.is_err() && pair.runner.is_err());
    let apart = count(&|pair| !pair.agrees()) - differ;
    let _ = write!(
        text,
        "{} runs: both pass {passed}, neither {failed}; they differ in {differ}, and in {apart} \
         that ask a kernel",
        pairs.len()
    );
    (text, differ == 0)
}

/// Every script below a folder, by its name there.
pub(crate) fn scripts(folder: &Path) -> Vec<String> {
    let mut found = Vec::new();
    search(folder, folder, &mut found);
    found.sort();
    found
}

fn search(top: &Path, folder: &Path, found: &mut Vec<String>) {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    for path in entries.map(|entry| entry.path()) {
        if path.is_dir() && !path.is_symlink() {
            search(top, &path, found);
        } else if path.extension().is_some_and(|extension| extension == "pkt")
            && let Ok(name) = path.strip_prefix(top)
        {
            found.push(name.display().to_string());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Counts, Pair, left_to, table, verdict};

    fn pair(program: Result<(), String>, runner: Result<(), String>, counts: Counts) -> Pair {
        Pair { script: "a/b.pkt".to_owned(), version: "ipv4", program, runner, counts }
    }

    #[test]
    fn a_script_that_only_one_passes_is_a_difference_unless_it_asks_a_kernel() {
        let no = || Err("no".to_owned());
        let same = [pair(Ok(()), Ok(()), Counts::Yes), pair(no(), no(), Counts::Yes)];
        assert!(table(&same).1);
        assert!(table(&[pair(Ok(()), no(), Counts::No)]).1);
        let (text, agree) = table(&[pair(no(), Ok(()), Counts::Yes)]);
        assert!(!agree && text.contains("a/b.pkt ipv4") && text.contains("differ in 1"));
    }

    #[test]
    fn addresses_that_a_script_names_are_not_said_on_the_command_line_too() {
        let script = "// words\n--local_ip=192.168.0.2\n--remote_ip=10.0.0.1/24 // here\n0 socket";
        let words = "--local_ip=192.168.0.1 --gateway_ip=192.168.0.1 --remote_ip=192.0.2.1 -D X=1";
        assert_eq!(left_to(script, words), "--gateway_ip=192.168.0.1 -D X=1");
        assert_eq!(left_to("0 socket", words), words);
        let other = "--mtu=1520 --local_ip=fd00::1 --remote_ip=fd00::2";
        assert_eq!(left_to(script, other), other);
    }

    #[test]
    fn the_runners_words_are_a_verdict_or_that_the_script_is_not_for_this_version() {
        let said = "passed [ipv4] a.pkt\n1 passed";
        assert_eq!(verdict(said, "ipv4"), Some(Ok(())));
        assert_eq!(verdict(said, "ipv6"), None);
        assert!(verdict("unsupported [ipv6] a.pkt:1:1: x", "ipv6").is_some_and(|v| v.is_err()));
    }
}
