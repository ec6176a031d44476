//! `osier lab run --link`: the kernel in the place of one host of a scenario.

use crate::netns::{Folder, Net, OSIER, text};
use crate::tshark;
use std::fs;
use std::process::Output;

/// Two hosts that greet and part, so that a test waits for one second or two.
const PAIR: &str = "title = 'two hosts'
length = '1500ms'
[hosts.client]
address = '10.0.0.1/24'
[hosts.server]
address = '10.0.0.2/24'
[[links]]
between = ['client', 'server']
delay = '10ms'
[[programs]]
on = 'server'
server = 80
does = 'echo'
[[programs]]
on = 'client'
client = 'server:80'
does = ['send 20KB', 'await 20KB', 'shutdown', 'await the end']
";

/// The states of who closes first and of who closes second.
const TEARDOWN: &str = "[[expect]]
that = 'client passes SYN-SENT, ESTABLISHED, FIN-WAIT-1, FIN-WAIT-2, TIME-WAIT'
[[expect]]
that = 'server passes SYN-RECEIVED, ESTABLISHED, CLOSE-WAIT, LAST-ACK, CLOSED'
[[expect]]
that = 'client-client reads 20KB'
[[expect]]
that = 'server-server reads 20KB'
[[expect]]
that = 'client-client ends done'
[[expect]]
that = 'server-server ends done'
[[expect]]
that = 'client sends FIN once'
[[expect]]
that = 'server sends FIN once'
";

/// Runs a scenario in that network.
fn run(net: &Net, folder: &Folder, scenario: &str, words: &[&str]) -> Output {
    let file = folder.path("it.toml");
    fs::write(&file, scenario).expect("the folder is ours");
    let mut osier = net.command(OSIER);
    osier.args(["lab", "run"]).arg(&file).args(words).current_dir(folder.itself());
    osier.output().expect("osier")
}

fn assert_holds(output: &Output, of: &str) {
    let said = text(output);
    assert_eq!(output.status.code(), Some(0), "{of}: {said}");
    assert!(said.contains("holds:") && !said.contains("does not hold"), "{of}: {said}");
}

#[test]
#[ignore = "wants root or user namespaces, and tshark"]
fn handshake_and_teardown_hold_with_the_kernel_at_either_end() {
    let Some(net) = Net::with(&["tshark"]) else { return };
    let folder = Folder::new();
    for link in ["tap:lab0", "tun:lab1"] {
        for kernel in ["client", "server"] {
            let words = ["--link", link, "--kernel", kernel, "--capture", "it.pcapng", "--plain"];
            let output = run(&net, &folder, &format!("{PAIR}{TEARDOWN}"), &words);
            assert_holds(&output, &format!("{link} {kernel}"));
            let frames = tshark::read(&folder.path("it.pcapng"));
            tshark::assert_sound(&frames);
            let ours = if kernel == "client" { "10.0.0.2" } else { "10.0.0.1" };
            let account = tshark::retransmissions(&frames, ours);
            assert!(account.unexplained.is_empty(), "{:?}", account.unexplained);
        }
    }
    assert!(!net.sh("ip link").contains("lab0"), "the interface is gone");
}

#[test]
#[ignore = "wants root or user namespaces, and tshark"]
fn the_third_ack_of_the_kernel_is_lost_and_sent_again_when_it_is_asked_again() {
    let Some(net) = Net::with(&["tshark"]) else { return };
    let folder = Folder::new();
    let scenario = PAIR.replace("'send 20KB', 'await 20KB', 'shutdown', 'await the end'", "'hold'");
    let scenario = format!(
        "{scenario}[[events]]
when = 'client sends the first ACK'
do = 'drop'
[[expect]]
that = 'server passes SYN-RECEIVED, ESTABLISHED'
[[expect]]
that = 'server sends SYN+ACK twice'
[[expect]]
that = 'client sends ACK twice'
[[expect]]
that = 'client sends SYN once'
"
    );
    let words = ["--link", "tap:lab0", "--capture", "it.pcapng", "--plain"];
    let output = run(&net, &folder, &scenario, &words);
    assert_holds(&output, "the kernel is the client");
    let drawn = text(&output);
    assert!(drawn.contains("X lost") && drawn.contains(" again"), "{drawn}");
    let frames = tshark::read(&folder.path("it.pcapng"));
    tshark::assert_sound(&frames);
    let account = tshark::retransmissions(&frames, "10.0.0.2");
    assert!(account.unexplained.is_empty(), "{:?}", account.unexplained);
}

#[test]
#[ignore = "wants root or user namespaces, and curl"]
fn what_is_left_to_the_user_is_said_and_what_it_does_is_judged() {
    let Some(net) = Net::with(&["curl"]) else { return };
    let folder = Folder::new();
    let scenario = PAIR.replace("'echo'", "['await 10', 'send 5000']").replace("1500ms", "3s");
    let scenario = format!("{scenario}{TEARDOWN}").replace("20KB", "5000");
    let scenario = scenario
        .replace("CLOSE-WAIT, LAST-ACK, CLOSED", "FIN-WAIT-1, FIN-WAIT-2, TIME-WAIT")
        .replace(
            "client passes SYN-SENT, ESTABLISHED, FIN-WAIT-1, FIN-WAIT-2, TIME-WAIT",
            "client passes SYN-SENT, ESTABLISHED, CLOSE-WAIT, LAST-ACK, CLOSED",
        )
        .replace("server-server reads 5000", "server-server reads at least 10");
    fs::write(folder.path("it.toml"), scenario).expect("the folder is ours");
    let mut osier = net.command(OSIER);
    let words = ["lab", "run", "it.toml", "--link", "tap:lab0", "--by-hand", "--plain"];
    osier.args(words).current_dir(folder.itself());
    let mut lab = net.start(&mut osier, &folder, "lab");
    lab.wait_for("connect to 10.0.0.2:80");
    let mut curl = net.command("curl");
    curl.args(["--silent", "--http0.9", "--max-time", "5", "--output", "-", "10.0.0.2"]);
    let got = curl.output().expect("curl").stdout;
    assert_eq!(got.len(), 5_000);
    assert_eq!(lab.exit_code(std::time::Duration::from_secs(20)), 0, "{}", lab.said());
    assert!(lab.said().contains("not judged:    client-client reads 5000"), "{}", lab.said());
}

#[test]
#[ignore = "wants root or user namespaces"]
fn what_the_kernel_cannot_be_asked_for_is_refused_with_its_place() {
    let Some(net) = Net::with(&[]) else { return };
    let folder = Folder::new();
    let crash = "[[events]]\nat = '1s'\ndo = 'crash client'\n";
    let routed = PAIR.replace(
        "[[links]]\nbetween = ['client', 'server']",
        "[routers.r]
[[links]]
between = ['client', 'r']
[[links]]
between = ['r', 'server']",
    );
    let forged = "[[events]]\nat = '1s'\ndo = 'forge RST from client to server'\n";
    for (scenario, words, said) in [
        (
            format!("{PAIR}{crash}"),
            vec!["--link", "tap:l0"],
            "it.toml:20:13: `client` is the kernel",
        ),
        (routed, vec!["--link", "tap:l0"], "it.toml:8:1: `r` is a router"),
        (format!("{PAIR}{forged}"), vec!["--link", "tap:l0"], "write --link tun:NAME"),
        (PAIR.to_owned(), vec!["--link", "tap:l0", "--kernel", "clinet"], "did you mean `client`?"),
        (PAIR.to_owned(), vec!["--link", "mem"], "write --link tap:osier0"),
        (PAIR.to_owned(), vec!["--link", "tap:l0", "--save", "x"], "cannot be used with"),
        (PAIR.to_owned(), vec!["--kernel", "client"], "--link"),
    ] {
        let output = run(&net, &folder, &scenario, &words);
        let complaint = text(&output);
        assert_eq!(output.status.code(), Some(2), "{words:?}: {complaint}");
        assert!(complaint.contains(said), "no `{said}` in: {complaint}");
    }
    // The same with the other host in its place is no mistake.
    let output =
        run(&net, &folder, &format!("{PAIR}{crash}"), &["--link", "tap:l0", "--kernel", "server"]);
    assert_eq!(output.status.code(), Some(0), "{}", text(&output));
}

#[test]
#[ignore = "wants root or user namespaces"]
fn a_network_that_the_machine_is_in_already_is_left_alone() {
    let Some(net) = Net::with(&[]) else { return };
    let folder = Folder::new();
    net.sh("ip tuntap add other mode tap; ip address add 10.0.0.77/16 dev other");
    let output = run(&net, &folder, PAIR, &["--link", "tap:lab0"]);
    let said = text(&output);
    assert_eq!(output.status.code(), Some(3), "{said}");
    assert!(said.contains("10.0.0.77/16 on other") && said.contains("unshare -rn"), "{said}");
    assert!(!net.sh("ip link").contains("lab0"), "nothing was made");
}
