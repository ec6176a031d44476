//! How is one script run, and how did it end?
//!
//! With the words that packetdrill's own runner (`run_all.py`) gives it, in its three variants, and
//! our library in place of the kernel: in front of the system's (`LD_PRELOAD`) too, since scripts
//! that look at `tcp_info` ask the system.

use super::expected::Script;
use super::shims::{SETTINGS, Shims};
use crate::command;
use std::fs;
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

/// How long one script may take: time is virtual, so it is done long before.
const LIMIT: Duration = Duration::from_secs(60);

/// How often it is looked at.
const GLANCE: Duration = Duration::from_millis(5);

/// What is said of a failure at most, in lines.
const LINES: usize = 4;

/// A script that a right TCP fails: nobody answers a SYN so.
const MUST_FAIL: &str = "0 socket(..., SOCK_STREAM, IPPROTO_TCP) = 3
+0 bind(3, ..., ...) = 0
+0 listen(3, 1) = 0
+0 < S 0:0(0) win 32792 <mss 1000>
+0 > S. 0:0(0) ack 2 <mss 1460>
";

const V4: &str = "--local_ip=192.168.0.1 --gateway_ip=192.168.0.1 --netmask_ip=255.255.0.0 \
    --remote_ip=192.0.2.1 -D TFO_COOKIE=3021b9d889017eeb -D CODE=host_unreachable";
const V6: &str = "--mtu=1520 --local_ip=fd3d:0a0b:17d6::1 \
    --gateway_ip=fd3d:0a0b:17d6:8888::1 --remote_ip=fd3d:fa7b:d17d::1 \
    -D TFO_COOKIE=c1d1e9742a47a9bc";
const ERRORS_V4: &str = "-D CMSG_LEVEL_IP=SOL_IP -D CMSG_TYPE_RECVERR=IP_RECVERR";
const ERRORS_V6: &str = "-D CMSG_LEVEL_IP=SOL_IPV6 -D CMSG_TYPE_RECVERR=IPV6_RECVERR";

/// A variant: `--ip_version`, its addresses, its names.
pub(crate) const VARIANTS: [(&str, [&str; 2]); 3] =
    [("ipv4", [V4, ERRORS_V4]), ("ipv4-mapped-ipv6", [V4, ERRORS_V6]), ("ipv6", [V6, ERRORS_V6])];

/// How a script ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// In every variant as it should.
    Passed,
    /// Not so, and what was said.
    Failed(String),
    /// It was not run.
    NotRun,
}

/// What scripts are run with.
#[derive(Debug)]
pub(crate) struct Bench {
    pub(crate) bin: PathBuf,
    pub(crate) scripts: PathBuf,
    pub(crate) library: PathBuf,
    pub(crate) shims: Shims,
}

impl Bench {
    /// A script in every variant that its name allows.
    pub(crate) fn variants(&self, script: &Script) -> Verdict {
        let path = self.scripts.join(&script.name);
        for (version, words) in VARIANTS {
            let v6 = version == "ipv6";
            let skipped = if v6 { "v4.pkt" } else { "v6.pkt" };
            if script.name.ends_with(skipped) {
                continue;
            }
            if let Err(said) = self.run(&path, version, words) {
                return Verdict::Failed(format!("    {version}: {said}"));
            }
        }
        Verdict::Passed
    }

    /// The script that must fail.
    pub(crate) fn must_fail(&self) -> Verdict {
        let path = self.shims.folder().join("must-fail.pkt");
        if let Err(error) = fs::write(&path, MUST_FAIL) {
            eprintln!("{}: {error}", path.display());
            return Verdict::NotRun;
        }
        let (version, words) = VARIANTS[0];
        match self.run(&path, version, words) {
            Ok(()) => Verdict::Passed,
            Err(said) => Verdict::Failed(said),
        }
    }

    /// A script in one variant: what was said where it did not pass.
    pub(crate) fn run(&self, path: &Path, version: &str, words: [&str; 2]) -> Result<(), String> {
        let text = fs::read_to_string(path).map_err(|e| format!("{}: {e}", path.display()))?;
        let name = path.file_name().unwrap_or_default();
        let folder = path.parent().unwrap_or(Path::new("."));
        let settings = self.settings(version, path).map_err(|error| error.to_string())?;
        let child = Command::new(&self.bin)
            .arg(format!("--so_filename={}", self.library.display()))
            .arg(format!("--so_flags={}", flags(version, &text, &settings)))
            .args(["--send_omit_free", &format!("--ip_version={version}")])
            .args(words.iter().flat_map(|words| words.split_whitespace()))
            .arg(name)
            .current_dir(folder)
            .env("PATH", self.shims.path())
            .env("LD_PRELOAD", &self.library)
            .env(SETTINGS, &settings)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn();
        let child = child.map_err(|error| format!("{}: {error}", self.bin.display()))?;
        let ended = wait(child);
        let _ = fs::remove_file(&settings);
        ended
    }

    /// An empty file of settings of this script's own.
    fn settings(&self, version: &str, path: &Path) -> std::io::Result<PathBuf> {
        let name: String = format!("{}-{version}", path.display())
            .chars()
            .map(|c| if c.is_ascii_alphanumeric() { c } else { '-' })
            .collect();
        let file = self.shims.folder().join(name);
        fs::write(&file, "")?;
        Ok(file)
    }
}

/// What the library is told: every address that the script may call its own, and the MTU.
fn flags(version: &str, text: &str, settings: &Path) -> String {
    let own = text.split_whitespace().filter_map(|word| word.strip_prefix("--local_ip="));
    let addresses = ["192.168.0.1", "fd3d:0a0b:17d6::1"].into_iter().chain(own);
    let mtu = if version == "ipv6" { 1_520 } else { 1_500 };
    let addresses: String = addresses.map(|address| format!("addr={address},")).collect();
    format!("{addresses}mtu={mtu},settings={}", settings.display())
}

/// Waits for the end, and says what was said where it was a bad one.
fn wait(mut child: Child) -> Result<(), String> {
    let start = Instant::now();
    let said = child.stderr.take().map(|mut pipe| {
        thread::spawn(move || {
            let mut said = String::new();
            // What cannot be read is not told.
            let _ = pipe.read_to_string(&mut said);
            said
        })
    });
    let ended = loop {
        match child.try_wait() {
            Ok(Some(status)) => break Ok(status),
            Ok(None) if start.elapsed() < LIMIT => thread::sleep(GLANCE),
            Ok(None) => {
                let _ = child.kill();
                let _ = child.wait();
                break Err("it does not end".to_owned());
            }
            Err(error) => break Err(error.to_string()),
        }
    };
    let said = said.and_then(|said| said.join().ok()).unwrap_or_default();
    let lines: Vec<&str> = said.lines().filter(|line| !line.trim().is_empty()).collect();
    match ended? {
        status if status.success() => Ok(()),
        _ => Err(lines[..lines.len().min(LINES)].join("\n      ")),
    }
}

/// Builds a package and says where a file that came of it lies.
pub(crate) fn build(package: &str, file: &str) -> Result<PathBuf, String> {
    let words = ["build", "-p", package, "--message-format=json-render-diagnostics"];
    let output = command::cargo(&words).stderr(Stdio::inherit()).output();
    let output = output.map_err(|error| format!("cargo build: {error}"))?;
    let text = String::from_utf8_lossy(&output.stdout);
    let name = format!("/{file}\"");
    let found = text.lines().filter(|_| output.status.success()).find_map(|line| {
        let end = line.find(&name)? + name.len() - 1;
        let start = line[..end].rfind('"')? + 1;
        Some(PathBuf::from(&line[start..end]))
    });
    found.ok_or_else(|| format!("{package} was not built"))
}

#[cfg(test)]
mod tests {
    use super::flags;
    use std::path::Path;

    #[test]
    fn the_library_is_told_of_the_addresses_that_a_script_names() {
        let said = flags("ipv6", "--mss=1\n--local_ip=10.0.0.9\n", Path::new("/s"));
        assert_eq!(
            said,
            "addr=192.168.0.1,addr=fd3d:0a0b:17d6::1,addr=10.0.0.9,mtu=1520,settings=/s"
        );
    }
}
