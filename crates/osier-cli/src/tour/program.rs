//! Which program fetches the page, and how is it halted?
//!
//! curl if it is installed, else a client of ours on std's sockets; either is a child process,
//! halted by SIGSTOP while a frame is held: what the kernel's socket does in a hold, it does by
//! itself. The child starts as this program again, asks the kernel to be killed together with its
//! parent, and then becomes curl: so that no way in which the tour can end leaves it behind.

use super::supervise::{PART, part};
use super::web;
use super::{Args, Closer};
use crate::exit::{Failure, Outcome};
use osier_device::process;
use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

/// Names of the part that the re-executed process plays.
const CURL: &str = "curl";
const OWN: &str = "own-client";

/// What would send curl elsewhere than straight to the page.
const PROXIES: [&str; 6] =
    ["http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY", "CURL_HOME", "CURL_SSL_BACKEND"];

/// A program that has sent nothing after so long will not: on slow machines curl takes a second.
const LATE: Duration = Duration::from_secs(5);

/// The most of what the program prints that is kept: many times the page.
const PRINTED_MAX: u64 = 64 * 1024;

/// Which program it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Which {
    Curl,
    Own,
}

impl Which {
    /// curl, if there is one to be found.
    pub(crate) fn installed() -> Which {
        let path = std::env::var_os("PATH").unwrap_or_default();
        let found = std::env::split_paths(&path).any(|folder| is_program(&folder.join("curl")));
        if found { Which::Curl } else { Which::Own }
    }

    /// The command, as one would type it.
    pub(crate) fn words(self, server: SocketAddr) -> String {
        match self {
            Which::Curl => curl(server).join(" "),
            Which::Own => {
                format!("a small client of ours (curl is not there) for http://{}/", server.ip())
            }
        }
    }
}

fn is_program(path: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt;
    path.metadata().is_ok_and(|meta| meta.is_file() && meta.permissions().mode() & 0o111 != 0)
}

fn curl(server: SocketAddr) -> Vec<String> {
    let url = format!("http://{}/", server.ip());
    // -q: no file of the user's changes what it does.
    vec!["curl".into(), "-q".into(), "-sS".into(), url]
}

/// The program, running or halted.
#[derive(Debug)]
pub(crate) struct Program {
    child: Child,
    started: Instant,
}

/// How the program ended.
#[derive(Debug)]
pub(crate) struct Ended {
    pub(crate) status: Option<ExitStatus>,
    pub(crate) printed: Vec<u8>,
    pub(crate) complaint: String,
}

impl Program {
    /// Starts it.
    pub(crate) fn start(which: Which, closer: Closer) -> io::Result<Self> {
        let name = match which {
            Which::Curl => CURL,
            Which::Own => OWN,
        };
        let close = match closer {
            Closer::Client => "--close=client",
            Closer::Server => "--close=server",
        };
        let child = part(name)
            .arg(close)
            // Out of our group: Ctrl-C ends the tour, and the tour's end ends it.
            .process_group(0)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()?;
        Ok(Program { child, started: Instant::now() })
    }

    /// Halts it, and waits until it has halted or ended.
    pub(crate) fn halt(&mut self) {
        let pid = self.child.id();
        if self.ended() || process::pause(pid).is_err() {
            return;
        }
        while !process::is_paused(pid).unwrap_or(true) && !self.ended() {
            std::thread::yield_now();
        }
    }

    /// Lets it go on.
    pub(crate) fn go_on(&mut self) {
        if !self.ended() {
            // It may have ended just now, which is no matter.
            let _ = process::resume(self.child.id());
        }
    }

    /// Whether it has ended.
    pub(crate) fn ended(&mut self) -> bool {
        !matches!(self.child.try_wait(), Ok(None))
    }

    /// Whether it has had so much time that a frame of it would have come.
    pub(crate) fn is_late(&self) -> bool {
        self.started.elapsed() > LATE
    }

    /// Waits for its end, but not longer than `patience`, and says how it ended.
    pub(crate) fn finish(mut self, patience: Duration) -> Ended {
        let began = Instant::now();
        self.go_on();
        while !self.ended() && began.elapsed() < patience {
            std::thread::sleep(Duration::from_millis(1));
        }
        let status = self.child.try_wait().ok().flatten();
        let mut result = Ended { status, printed: Vec::new(), complaint: String::new() };
        if status.is_none() {
            return result;
        }
        if let Some(out) = self.child.stdout.take() {
            // What could be read of it counts; more than a count of it is not told.
            let _ = out.take(PRINTED_MAX).read_to_end(&mut result.printed);
        }
        if let Some(err) = self.child.stderr.take() {
            let _ = err.take(PRINTED_MAX).read_to_string(&mut result.complaint);
        }
        result
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        // Both fail only where it has ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// If this process was started to be the program, is it, and does not come back.
pub(crate) fn be(args: &Args, server: SocketAddr) -> Option<Outcome> {
    let role = std::env::var(PART).ok()?;
    if role != CURL && role != OWN {
        return None;
    }
    if let Err(e) = process::end_with_parent() {
        return Some(Err(e.into()));
    }
    if role == CURL {
        let words = curl(server);
        let mut command = Command::new(&words[0]);
        command.args(&words[1..]).env_remove(PART);
        for name in PROXIES {
            command.env_remove(name);
        }
        return Some(Err(Failure::from(command.exec())));
    }
    Some(fetch(server, args.close).map_err(Failure::from))
}

/// A client of one page.
fn fetch(server: SocketAddr, closer: Closer) -> io::Result<()> {
    let mut stream = TcpStream::connect(server)?;
    stream.write_all(web::request(server).as_bytes())?;
    let (mut answer, mut piece) = (Vec::new(), [0; 2048]);
    loop {
        let n = stream.read(&mut piece)?;
        answer.extend_from_slice(&piece[..n]);
        let whole = web::body(&answer).is_some_and(|(at, len)| answer.len() >= at + len);
        if n == 0 || (whole && closer == Closer::Client) {
            break;
        }
    }
    drop(stream);
    let at = web::body(&answer).map_or(0, |(at, _)| at);
    io::stdout().write_all(&answer[at..])
}
