//! `osier serve` on a TAP in a network of its own, and its sockets as `osier ss` shows them.

use crate::netns::{Folder, Net, OSIER, Running, stdout};
use std::process::Command;
use std::time::{Duration, Instant};

/// Where osier is.
pub(crate) const V4: &str = "10.71.0.2";
/// The same over IPv6, as it stands in a URL.
pub(crate) const V6: &str = "[fd71::2]";
/// Both, for what is to be shown over each.
pub(crate) const BOTH: [&str; 2] = [V4, V6];

/// The last line of what `osier serve` says when it starts.
const READY: &str = "Ctrl-C closes connections in order.";

/// A running `osier serve`.
#[derive(Debug)]
pub(crate) struct Server {
    pub(crate) process: Running,
    pub(crate) folder: Folder,
    pub(crate) net: Net,
}

impl Server {
    /// Starts it with HTTP on port 80, and more as the words say.
    pub(crate) fn start(net: Net, words: &[&str]) -> Server {
        Server::start_on(net, "tap:osier0", words)
    }

    /// As `start`, on another link.
    pub(crate) fn start_on(net: Net, link: &str, words: &[&str]) -> Server {
        Server::start_at(net, link, &[&NETWORK[2..], words].concat())
    }

    /// As `start_on`, with addresses among the words.
    pub(crate) fn start_at(net: Net, link: &str, words: &[&str]) -> Server {
        let folder = Folder::new();
        let mut command = net.command(OSIER);
        command.args(["serve", "--http", "80", "--control"]).arg(folder.path("control"));
        command.args(["--link", link]).args(words).current_dir(folder.itself());
        let mut process = net.start(&mut command, &folder, "serve");
        process.wait_for(READY);
        Server { process, folder, net }
    }

    /// Starts it where the programs are installed.
    pub(crate) fn with(programs: &[&str], words: &[&str]) -> Option<Server> {
        Net::with(programs).map(|net| Server::start(net, words))
    }

    /// `curl` that fails where the server says no, with a limit of time.
    pub(crate) fn curl(&self) -> Command {
        let mut curl = self.net.command("curl");
        curl.args(["--silent", "--show-error", "--fail", "--globoff", "--max-time", "300"]);
        curl
    }

    /// What `osier ss` shows.
    pub(crate) fn ss(&self, words: &[&str]) -> String {
        let mut ss = Command::new(OSIER);
        stdout(ss.arg("ss").args(words).arg("--control").arg(self.folder.path("control")))
    }

    /// The connections that are not in TIME-WAIT, a line each.
    pub(crate) fn connections(&self) -> Vec<String> {
        let ss = self.ss(&["--tcp"]);
        let alive = |line: &&str| line.starts_with("tcp ") && !line.contains("TIME-WAIT");
        ss.lines().filter(alive).map(str::to_owned).collect()
    }

    /// Waits until all connections have ended; how long that took.
    pub(crate) fn wait_until_alone(&self, within: Duration) -> Duration {
        let start = Instant::now();
        loop {
            let left = self.connections();
            if left.is_empty() {
                return start.elapsed();
            }
            assert!(start.elapsed() < within, "left after {within:?}: {left:#?}");
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// Ctrl-C; it must end well.
    pub(crate) fn stop(mut self) -> Folder {
        self.process.signal("INT");
        let code = self.process.exit_code(Duration::from_secs(10));
        assert_eq!(code, 0, "{}", self.process.said());
        let said = self.process.said();
        assert!(!said.contains("internal error"), "{said}");
        self.folder
    }
}

/// Link and addresses of both sides.
pub(crate) const NETWORK: [&str; 10] = [
    "--link",
    "tap:osier0",
    "--addr",
    "10.71.0.2/24",
    "--addr",
    "fd71::2/64",
    "--peer",
    "10.71.0.1/24",
    "--peer",
    "fd71::1/64",
];
