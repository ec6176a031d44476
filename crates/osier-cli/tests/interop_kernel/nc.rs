//! `osier nc` and `osier ping` against `socat` and the kernel.

use crate::netns::{Folder, Net, OSIER, text};
use crate::server::NETWORK;
use crate::{MIB, size};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// osier's words for link and addresses, in a shell.
fn osier(subcommand: &str, folder: &Folder) -> String {
    let control = folder.path("control");
    format!("{OSIER} {subcommand} {} --control {}", NETWORK.join(" "), control.display())
}

fn nc(net: &Net, folder: &Folder, words: &[&str]) -> Command {
    let mut nc = net.command(OSIER);
    nc.args(["nc", "--control"]).arg(folder.path("control")).args(NETWORK).args(words);
    nc.current_dir(folder.itself());
    nc
}

/// Which side comes to the end of its input first.
#[derive(Clone, Copy, Debug)]
enum First {
    Osier,
    Kernel,
}

impl First {
    /// For how many seconds osier's side and the kernel's side wait before they write.
    fn delays(self) -> (u32, u32) {
        match self {
            First::Osier => (0, 2),
            First::Kernel => (2, 0),
        }
    }
}

/// Both sides send a file and half-close; both must receive all of the other's, although the
/// other direction was closed long before.
fn exchange(osier: &str, kernel: &str, first: First) {
    let Some(net) = Net::with(&["socat", "cmp"]) else { return };
    let folder = Folder::new();
    let count = size(32 * MIB, 100 * MIB);
    let (ours, theirs) = first.delays();
    let osier = osier.replace("NC", &self::osier("nc", &folder));
    let script = format!(
        "head -c {count} /dev/urandom > ours; head -c {count} /dev/urandom > theirs
         (sleep {theirs}; cat theirs) | socat -t 60 - {kernel} > from-osier & kernel=$!
         sleep 0.3
         (sleep {ours}; cat ours) | {osier} > from-kernel
         wait $kernel
         cmp ours from-osier; cmp theirs from-kernel"
    );
    let start = Instant::now();
    let mut sh = net.command("timeout");
    let output = sh.args(["120", "sh", "-ec", &script]).current_dir(folder.itself());
    let output = output.output().expect("sh");
    assert!(output.status.success(), "{first:?} {:?}: {}", output.status, text(&output));
    println!("{first:?} first: {} MiB each way in {:?}", count / MIB, start.elapsed());
}

/// Waits until a command says something.
fn wait_for(net: &Net, command: &str) {
    let end = Instant::now() + Duration::from_secs(10);
    while net.sh(command).is_empty() {
        assert!(Instant::now() < end, "`{command}` says nothing");
        std::thread::sleep(Duration::from_millis(50));
    }
}

#[test]
#[ignore = "wants root or user namespaces"]
fn nc_calls_socat_and_each_hears_the_other_to_the_end() {
    let kernel = "TCP6-LISTEN:9000,reuseaddr";
    exchange("NC 10.71.0.1 9000", kernel, First::Osier);
    exchange("NC fd71::1 9000", kernel, First::Kernel);
}

#[test]
#[ignore = "wants root or user namespaces"]
fn socat_calls_nc_and_each_hears_the_other_to_the_end() {
    exchange("NC -l 9000", "TCP:10.71.0.2:9000,retry=100,interval=0.05", First::Kernel);
    exchange("NC -l fd71::2 9000", "TCP:[fd71::2]:9000,retry=100,interval=0.05", First::Osier);
}

#[test]
#[ignore = "wants root or user namespaces"]
fn nc_says_that_nobody_listens() {
    let Some(net) = Net::with(&[]) else { return };
    let folder = Folder::new();
    for peer in ["10.71.0.1", "fd71::1"] {
        let output = nc(&net, &folder, &[peer, "9000"]).output().expect("osier");
        assert_eq!(output.status.code(), Some(1), "{}", text(&output));
        let said = text(&output);
        assert!(said.contains("was refused: nobody listens there"), "{said}");
        assert_eq!(said.lines().count(), 1, "{said}");
    }
}

#[test]
#[ignore = "wants root or user namespaces"]
fn nc_says_that_nobody_answers() {
    let Some(net) = Net::with(&["nft"]) else { return };
    let folder = Folder::new();
    net.sh("nft add table inet deaf
         nft 'add chain inet deaf in { type filter hook input priority 0; }'
         nft add rule inet deaf in tcp dport 9000 drop");
    let output = nc(&net, &folder, &["-w", "1", "10.71.0.1", "9000"]).output().expect("osier");
    assert_eq!(output.status.code(), Some(1), "{}", text(&output));
    assert!(text(&output).contains("was timed out: nobody answers"), "{}", text(&output));
    let output = nc(&net, &folder, &["10.71.0.77", "9000"]).output().expect("osier");
    assert_eq!(output.status.code(), Some(1), "{}", text(&output));
    assert!(text(&output).contains("unreachable: nobody on the link"), "{}", text(&output));
    let output = nc(&net, &folder, &["192.0.2.1", "9000"]).output().expect("osier");
    assert_eq!(output.status.code(), Some(1), "{}", text(&output));
    assert!(text(&output).contains("--gateway"), "{}", text(&output));
}

#[test]
#[ignore = "wants root or user namespaces"]
fn nc_says_that_the_peer_reset() {
    let Some(net) = Net::with(&["socat"]) else { return };
    let folder = Folder::new();
    // It never reads, so that its death leaves text unread: the kernel resets.
    let mut socat = net.command("socat");
    socat.args(["-u", "UDP-RECV:9999", "TCP-LISTEN:9000"]);
    let socat = net.start(&mut socat, &folder, "socat");
    wait_for(&net, "ss -Hltn sport = :9000");
    let mut nc = nc(&net, &folder, &["10.71.0.1", "9000"]);
    let mut nc = net.start(nc.stdin(Stdio::piped()), &folder, "nc");
    nc.write(b"willow");
    wait_for(&net, "ss -Htn sport = :9000 | awk '$1 == \"ESTAB\" && $2 > 0'");
    socat.signal("KILL");
    assert_eq!(nc.exit_code(Duration::from_secs(5)), 1, "{}", nc.said());
    assert!(nc.said().contains("broke off: the peer reset it"), "{}", nc.said());
}

#[test]
#[ignore = "wants root or user namespaces"]
fn ping_answers_as_iputils_does() {
    let Some(net) = Net::with(&[]) else { return };
    for peer in ["10.71.0.1", "fd71::1"] {
        let mut ping = net.command(OSIER);
        ping.arg("ping").args(NETWORK).args(["-c", "20", "-i", "0.01", peer]);
        let output = ping.output().expect("osier");
        let said = text(&output);
        assert_eq!(output.status.code(), Some(0), "{said}");
        assert!(said.starts_with(&format!("PING {peer} ({peer}) 56")), "{said}");
        assert!(said.contains(&format!("64 bytes from {peer}: icmp_seq=20 ttl=64 time=")));
        assert!(said.contains("20 packets transmitted, 20 received, 0% packet loss"), "{said}");
        assert!(said.contains("rtt min/avg/max/mdev = "), "{said}");
    }
    let mut ping = net.command(OSIER);
    ping.arg("ping").args(NETWORK).args(["-c", "1", "10.71.0.77"]);
    let output = ping.output().expect("osier");
    assert_eq!(output.status.code(), Some(1), "{}", text(&output));
    assert!(text(&output).contains("0 received"), "{}", text(&output));
}
