//! Clients that leave without a word, or with the kernel's last word for them; and our own leave.

use crate::netns::{Net, stdout};
use crate::server::{BOTH, Server};
use std::process::Command;
use std::time::{Duration, Instant};

/// Cuts this network off from osier: nothing passes either way, and nobody is told.
fn cut_off(net: &Net) {
    net.sh("nft add table inet cut
         nft 'add chain inet cut in { type filter hook input priority 0; policy drop; }'
         nft 'add chain inet cut out { type filter hook output priority 0; policy drop; }'");
}

fn wait_for_connections(server: &Server, count: usize) {
    let end = Instant::now() + Duration::from_secs(10);
    while server.connections().len() != count {
        assert!(Instant::now() < end, "{:#?}", server.connections());
        std::thread::sleep(Duration::from_millis(20));
    }
}

#[test]
#[ignore = "wants root or user namespaces"]
fn two_seconds_after_a_client_was_killed_none_of_its_connections_is_left() {
    let Some(server) = Server::with(&["curl", "socat"], &["--echo", "7"]) else { return };
    for at in BOTH {
        // One reads slowly from a sender that has much more, one is idle.
        let mut curl = server.curl();
        curl.args(["--limit-rate", "100k", "-o", "/dev/null"]);
        curl.arg(format!("http://{at}/bytes/100000000"));
        let mut socat = server.net.command("socat");
        socat.args(["-u", &format!("TCP:{at}:7"), "STDOUT"]);
        let curl = server.net.start(&mut curl, &server.folder, "curl");
        let socat = server.net.start(&mut socat, &server.folder, "socat");
        wait_for_connections(&server, 2);
        std::thread::sleep(Duration::from_millis(300));
        curl.signal("KILL");
        socat.signal("KILL");
        let took = server.wait_until_alone(Duration::from_secs(2));
        println!("{at}: gone after {took:?}");
    }
    server.stop();
}

#[test]
#[ignore = "wants root or user namespaces; takes 65 s"]
fn time_wait_is_gone_in_time() {
    if !crate::long() {
        return;
    }
    let Some(server) = Server::with(&["curl"], &[]) else { return };
    // HTTP/1.0: the server closes first.
    stdout(server.curl().args(["--http1.0", "http://10.71.0.2/"]));
    let start = Instant::now();
    let held = server.ss(&["--tcp"]);
    assert!(held.contains("TIME-WAIT"), "{held}");
    while server.ss(&["--tcp"]).contains("TIME-WAIT") {
        assert!(start.elapsed() < Duration::from_secs(63), "still there");
        std::thread::sleep(Duration::from_millis(200));
    }
    assert!(start.elapsed() > Duration::from_secs(57), "gone after {:?}", start.elapsed());
    server.stop();
}

#[test]
#[ignore = "wants root or user namespaces"]
fn who_closes_first_holds_time_wait() {
    let Some(server) = Server::with(&["curl"], &[]) else { return };
    stdout(server.curl().args(["--http1.0", "http://10.71.0.2/"]));
    let held = server.ss(&["--tcp"]);
    assert!(held.contains("TIME-WAIT") && held.contains("timer:(timewait,"), "{held}");
    server.stop();
}

#[test]
#[ignore = "wants root or user namespaces"]
fn a_client_that_vanishes_without_a_packet_is_ended_by_the_send_timeout() {
    let words = ["--send-timeout", "3", "--echo", "7"];
    let Some(server) = Server::with(&["curl", "nft"], &words) else { return };
    let mut curl = server.curl();
    curl.args(["--limit-rate", "100k", "-o", "/dev/null", "http://10.71.0.2/bytes/100000000"]);
    let curl = server.net.start(&mut curl, &server.folder, "curl");
    wait_for_connections(&server, 1);
    std::thread::sleep(Duration::from_millis(500));
    cut_off(&server.net);
    // A slow reader's window may be closed: the first probe may be a moment away.
    let took = server.wait_until_alone(Duration::from_secs(9));
    assert!(took > Duration::from_millis(2_000), "ended after {took:?} already");
    println!("ended after {took:?}");
    drop(curl);
    server.stop();
}

#[test]
#[ignore = "wants root or user namespaces"]
fn an_idle_client_that_vanishes_is_asked_for_a_sign_of_life_and_ended() {
    let words = ["--send-timeout", "3", "--echo", "7"];
    let Some(server) = Server::with(&["socat", "nft"], &words) else { return };
    let mut socat = server.net.command("socat");
    socat.args(["-u", "TCP:10.71.0.2:7", "STDOUT"]);
    let socat = server.net.start(&mut socat, &server.folder, "socat");
    wait_for_connections(&server, 1);
    std::thread::sleep(Duration::from_secs(4));
    assert_eq!(server.connections().len(), 1, "an idle client that lives stays");
    cut_off(&server.net);
    let took = server.wait_until_alone(Duration::from_secs(10));
    println!("ended after {took:?}");
    drop(socat);
    server.stop();
}

#[test]
#[ignore = "wants root or user namespaces"]
fn ctrl_c_closes_connections_in_order() {
    let Some(server) = Server::with(&["socat", "ip"], &["--echo", "7"]) else { return };
    let mut socat = server.net.command("socat");
    // It ends when the server closes, with an error if it was reset.
    socat.args(["-u", "TCP:10.71.0.2:7", "STDOUT"]);
    let mut socat = server.net.start(&mut socat, &server.folder, "socat");
    wait_for_connections(&server, 1);
    let start = Instant::now();
    let folder = server.stop();
    assert!(start.elapsed() < Duration::from_secs(4), "{:?}", start.elapsed());
    assert_eq!(socat.exit_code(Duration::from_secs(5)), 0, "{}", socat.said());
    assert!(!folder.path("control").exists(), "the control socket is removed");
    let mut ss = Command::new(crate::netns::OSIER);
    ss.args(["ss", "--control"]).arg(folder.path("control"));
    assert_eq!(ss.output().expect("osier").status.code(), Some(1));
}
