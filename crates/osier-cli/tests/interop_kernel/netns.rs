//! How does a test get a network of its own, and leave nothing behind?
//!
//! A process that only waits holds the network namespace; it ends when its standard input does,
//! which is when the test ends, in whatever way. Programs enter by `nsenter`, and are killed when
//! the test's thread ends. No namespace has a name, so nothing can collide or be left over.

use std::ffi::OsStr;
use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

/// The command under test.
pub(crate) const OSIER: &str = env!("CARGO_BIN_EXE_osier");

/// A network namespace, until it is dropped.
#[derive(Debug)]
pub(crate) struct Net {
    holder: Child,
    rights: Rights,
}

/// By whose rights it was made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Rights {
    Root,
    UserNamespace,
}

impl Net {
    /// A network with a loopback interface, or `None` where that, `/dev/net/tun` or one of the
    /// programs is missing: said loudly, and a failure where CI=true.
    pub(crate) fn with(programs: &[&str]) -> Option<Net> {
        let common = ["unshare", "nsenter", "setpriv", "ip"];
        for program in common.iter().chain(programs) {
            if !is_installed(program) {
                return missing(&format!("{program} is not installed"));
            }
        }
        let tun = fs::OpenOptions::new().read(true).write(true).open("/dev/net/tun");
        if let Err(error) = tun {
            return missing(&format!("/dev/net/tun cannot be opened: {error}"));
        }
        let rights = if is_root() { Rights::Root } else { Rights::UserNamespace };
        let mut unshare = Command::new("unshare");
        if rights == Rights::UserNamespace {
            unshare.args(["--user", "--map-root-user"]);
        }
        match hold(unshare.arg("--net")) {
            Ok(holder) => Some(Net { holder, rights }.up()),
            Err(why) => missing(&format!("no network of one's own: {why}")),
        }
    }

    /// Another network, by the same rights.
    pub(crate) fn beside(&self) -> Net {
        let mut enter = Command::new("nsenter");
        enter.args(self.entry(&[])).args(["unshare", "--net"]);
        let holder = hold(&mut enter).expect("a second network");
        Net { holder, rights: self.rights }.up()
    }

    fn up(self) -> Net {
        self.sh("ip link set lo up");
        self
    }

    fn entry(&self, more: &[&str]) -> Vec<String> {
        let mut words = vec![format!("--target={}", self.pid())];
        if self.rights == Rights::UserNamespace {
            words.extend(["--user", "--preserve-credentials"].map(str::to_owned));
        }
        words.extend(more.iter().map(|word| (*word).to_owned()));
        words
    }

    /// The process that holds it, for `ip link set … netns PID`.
    pub(crate) fn pid(&self) -> u32 {
        self.holder.id()
    }

    /// A program in this network; killed when the calling thread ends.
    pub(crate) fn command(&self, program: impl AsRef<OsStr>) -> Command {
        let mut command = Command::new("nsenter");
        command.args(self.entry(&["--net"]));
        command.args(["setpriv", "--pdeathsig", "KILL", "--"]).arg(program);
        command.stdin(Stdio::null());
        command
    }

    /// Runs a script here, which must succeed; its output.
    pub(crate) fn sh(&self, script: &str) -> String {
        let output = self.command("sh").args(["-ec", script]).output().expect("sh");
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        let complained = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "`{script}` failed: {said}{complained}");
        said
    }

    /// Starts a program whose output is kept in a file of `folder`.
    pub(crate) fn start(&self, command: &mut Command, folder: &Folder, name: &str) -> Running {
        let log = folder.path(&format!("{name}.log"));
        let file = fs::File::create(&log).expect("a log");
        command.stdout(file.try_clone().expect("the same log")).stderr(file);
        Running { child: command.spawn().expect(name), log }
    }
}

impl Drop for Net {
    fn drop(&mut self) {
        end(&mut self.holder);
    }
}

fn end(child: &mut Child) {
    // Either may find that it has ended already.
    let _ = child.kill();
    let _ = child.wait();
}

/// Starts a process that waits in the namespaces that `unshare` makes.
fn hold(unshare: &mut Command) -> Result<Child, String> {
    let mut holder = unshare
        .args(["sh", "-c", "echo ready; exec cat"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(|error| error.to_string())?;
    let mut line = String::new();
    let stdout = holder.stdout.take().expect("piped");
    let read = BufReader::new(stdout).read_line(&mut line);
    if read.is_ok() && line == "ready\n" {
        return Ok(holder);
    }
    let output = holder.wait_with_output().map_err(|error| error.to_string())?;
    Err(String::from_utf8_lossy(&output.stderr).trim().to_owned())
}

/// A program that runs until it is dropped.
#[derive(Debug)]
pub(crate) struct Running {
    child: Child,
    log: PathBuf,
}

impl Running {
    /// What it has said so far.
    pub(crate) fn said(&self) -> String {
        fs::read_to_string(&self.log).expect("its log")
    }

    /// Waits until it has said something.
    pub(crate) fn wait_for(&mut self, words: &str) {
        let end = Instant::now() + Duration::from_secs(20);
        while !self.said().contains(words) {
            let ended = self.child.try_wait().expect("its state");
            assert!(ended.is_none(), "it ended without `{words}`: {}", self.said());
            assert!(Instant::now() < end, "it has not said `{words}`: {}", self.said());
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    /// Writes to its standard input, which was made a pipe.
    pub(crate) fn write(&mut self, text: &[u8]) {
        self.child.stdin.as_mut().expect("a pipe").write_all(text).expect("it reads");
    }

    /// Its process.
    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Sends a signal: `INT`, `TERM`, `KILL`.
    pub(crate) fn signal(&self, name: &str) {
        let kill = Command::new("kill").args(["-s", name, &self.pid().to_string()]).status();
        assert!(kill.expect("kill").success());
    }

    /// Waits until it ends by itself; its exit code.
    pub(crate) fn exit_code(&mut self, within: Duration) -> i32 {
        let end = Instant::now() + within;
        loop {
            if let Some(status) = self.child.try_wait().expect("its state") {
                return status.code().unwrap_or(-1);
            }
            assert!(Instant::now() < end, "it has not ended within {within:?}: {}", self.said());
            std::thread::sleep(Duration::from_millis(10));
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        end(&mut self.child);
    }
}

/// A folder for the files of a test, until it is dropped.
#[derive(Debug)]
pub(crate) struct Folder(PathBuf);

impl Folder {
    pub(crate) fn new() -> Folder {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let name = format!("osier-interop-{}-{number}", std::process::id());
        let path = std::env::temp_dir().join(name);
        fs::create_dir(&path).expect("a folder of one's own");
        Folder(path)
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }

    pub(crate) fn itself(&self) -> &Path {
        &self.0
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        // What is left lies in the folder for temporary files.
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// Says loudly that a test could not run; where CI=true that is a failure.
pub(crate) fn missing<T>(why: &str) -> Option<T> {
    assert!(std::env::var_os("CI").is_none_or(|ci| ci != "true"), "CI must not skip this: {why}");
    let test = std::thread::current().name().unwrap_or("a test").to_owned();
    // Not by `eprintln!`, which the test harness would swallow.
    let _ = writeln!(std::io::stderr(), "\nNOT TESTED: {test}: {why}\n");
    None
}

pub(crate) fn is_root() -> bool {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let uid = status.lines().find_map(|line| line.strip_prefix("Uid:"));
    uid.is_some_and(|uid| uid.split_whitespace().nth(1) == Some("0"))
}

fn is_installed(program: &str) -> bool {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let places = std::env::split_paths(&path).chain(["/usr/sbin".into(), "/sbin".into()]);
    places.into_iter().any(|place: PathBuf| place.join(program).is_file())
}

/// The output of a program that must succeed.
pub(crate) fn stdout(command: &mut Command) -> String {
    let output = command.output().expect("it starts");
    let said = text(&output);
    assert!(output.status.success(), "{command:?}: {:?}: {said}", output.status.code());
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// Both outputs as text.
pub(crate) fn text(output: &Output) -> String {
    let (out, err) = (&output.stdout, &output.stderr);
    format!("{}{}", String::from_utf8_lossy(out), String::from_utf8_lossy(err))
}
