//! What is refused, with which exit code, and whether the sentence says what to do.

use crate::netns::{Folder, Net, OSIER, is_root, missing, text};
use crate::server::Server;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::process::Command;

/// Runs osier, which must end with that code and one sentence that has these words in it.
pub(crate) fn refused(command: &mut Command, code: i32, words: &[&str]) {
    let output = command.output().expect("osier");
    let said = text(&output);
    assert_eq!(output.status.code(), Some(code), "{command:?}: {said}");
    let complaint = String::from_utf8_lossy(&output.stderr);
    let sentences = complaint.lines().filter(|line| line.starts_with("osier: ")).count();
    assert!(sentences == 1 || complaint.starts_with("error: "), "{complaint}");
    for word in words {
        assert!(complaint.contains(word), "no `{word}` in: {complaint}");
    }
}

pub(crate) fn words(line: &str) -> Vec<&str> {
    line.split_whitespace().collect()
}

#[test]
fn a_malformed_word_is_wrong_usage() {
    for (line, said) in [
        ("serve --link tap:o0 --addr 10.71.0.2", "write 10.71.0.2/24"),
        ("serve --link tap:o0 --addr 10.71.0.300/24", "is no address"),
        ("serve --link tap:o0 --addr 10.71.0.2/33", "/0 to /32"),
        ("serve --link tap:o0 --addr fd71::2/129", "/0 to /128"),
        ("serve --link hub:nope0 --addr 10.71.0.2/24", "is not built yet"),
        ("serve --link osier0 --addr 10.71.0.2/24", "a link is written tap:NAME"),
        ("serve --link tap:o0 --addr 10.71.0.2/24 --http 99999", "99999"),
        ("serve --link tap:o0 --addr 10.71.0.2/24 --peer 10.71.0.2/24", "is given twice"),
        ("serve --link mem --addr 10.71.0.2/24", "--link tap:osier0"),
        ("nc --link tap:o0 --addr 10.71.0.2/24 10.71.0.1 http", "`http` is no port"),
        ("ping --link tap:o0 --addr 10.71.0.2/24 -i 0 10.71.0.1", "is no time to wait"),
    ] {
        refused(Command::new(OSIER).args(words(line)), 2, &[said]);
    }
}

#[test]
fn ss_says_that_nobody_is_there_and_what_to_do() {
    let folder = Folder::new();
    let mut ss = Command::new(OSIER);
    ss.arg("ss").env("XDG_RUNTIME_DIR", folder.itself());
    refused(&mut ss, 1, &["no osier is running here", "; start one: osier serve"]);
    let mut ss = Command::new(OSIER);
    ss.args(["ss", "--control"]).arg(folder.path("nobody"));
    refused(&mut ss, 1, &["no osier serves at"]);
}

#[test]
#[ignore = "wants root or user namespaces"]
fn a_tap_that_another_process_holds_is_refused() {
    let Some(server) = Server::with(&[], &[]) else { return };
    for line in ["serve", "nc 10.71.0.1 80", "ping 10.71.0.1"] {
        let mut osier = server.net.command(OSIER);
        osier.args(words(line)).args(["--link", "tap:osier0", "--addr", "10.71.0.3/24"]);
        refused(&mut osier, 3, &["another process holds osier0", "; end that process"]);
    }
    server.stop();
}

#[test]
#[ignore = "wants root or user namespaces"]
fn an_address_that_somebody_answers_for_is_refused() {
    let Some(net) = Net::with(&[]) else { return };
    net.sh("ip tuntap add dev osier0 mode tap
         ip address add 10.71.0.9/24 dev osier0
         ip address add fd71::9/64 dev osier0 nodad
         ip link set osier0 up");
    for (line, address) in [
        ("serve --addr 10.71.0.9/24", "10.71.0.9"),
        ("serve --addr 10.71.0.2/24 --addr fd71::9/64", "fd71::9"),
        ("nc --addr 10.71.0.9/24 10.71.0.1 80", "10.71.0.9"),
        ("ping --addr fd71::9/64 fd71::1", "fd71::9"),
    ] {
        let mut osier = net.command(OSIER);
        osier.args(words(line)).args(["--link", "tap:osier0"]);
        let said = format!("{address} is in use: ");
        refused(&mut osier, 3, &[&said, "; choose another address"]);
    }
}

#[test]
#[ignore = "wants root or user namespaces"]
fn a_port_that_is_given_twice_is_refused() {
    let Some(net) = Net::with(&[]) else { return };
    let mut osier = net.command(OSIER);
    osier.args(words("serve --link tap:osier0 --addr 10.71.0.2/24 --http 80 --echo 80"));
    refused(&mut osier, 3, &["--echo 80", "is in use", "; give each service"]);
}

#[test]
#[ignore = "wants root or user namespaces"]
fn a_capture_that_cannot_be_made_is_refused() {
    let Some(net) = Net::with(&[]) else { return };
    let mut osier = net.command(OSIER);
    osier.args(words("serve --link tap:osier0 --addr 10.71.0.2/24 --capture /nowhere/f.pcapng"));
    refused(&mut osier, 3, &["/nowhere/f.pcapng"]);
}

#[test]
#[ignore = "wants root or user namespaces"]
fn what_an_ordinary_user_may_not_is_refused_with_the_remedy() {
    if !is_root() {
        missing::<()>("only root can become another user");
        return;
    }
    let folder = Folder::new();
    // Where the build lies nobody else may look.
    let osier = folder.path("osier");
    fs::copy(OSIER, &osier).expect("a copy");
    for path in [folder.itself(), &osier] {
        fs::set_permissions(path, fs::Permissions::from_mode(0o755)).expect("readable");
    }
    for line in [
        "serve --link tap:nope0 --addr 10.71.0.2/24",
        "nc --link tun:nope0 --addr 10.71.0.2/24 10.71.0.1 80",
        "ping --link tap:nope0 --addr 10.71.0.2/24 10.71.0.1",
    ] {
        let mut user = Command::new("setpriv");
        user.args(["--reuid=65534", "--regid=65534", "--clear-groups", "--"]).arg(&osier);
        refused(user.args(words(line)), 3, &["; run as root, or", "sudo"]);
    }
}
