//! Does the tour keep its promises on a real system?
//!
//! The built command is run as a new user would run it: as root and as an ordinary user, with the
//! device node free, refused and missing, with namespaces refused; the ladder is read back and
//! the capture judged by tshark. Needs root, to become others; each test has a folder and a mount
//! namespace of its own, so that they may run side by side and leave nothing behind.

mod tour {
    pub(crate) mod ladder;
    pub(crate) mod run;
}

use std::process::Stdio;
use std::time::{Duration, Instant};
use tour::ladder::{Ladder, Side};
use tour::run::{Node, Stage, User};

/// The two ends' states where the left one closes second, and where it closes first.
const SECOND: &[&str] = &["CLOSED", "SYN-SENT", "ESTABLISHED", "CLOSE-WAIT", "LAST-ACK", "CLOSED"];
const FIRST: &[&str] = &["CLOSED", "SYN-SENT", "ESTABLISHED", "FIN-WAIT-1", "TIME-WAIT"];

/// And the right one's.
const SERVER_SECOND: &[&str] =
    &["LISTEN", "SYN-RECEIVED", "ESTABLISHED", "CLOSE-WAIT", "LAST-ACK", "CLOSED"];
const SERVER_FIRST: &[&str] = &["LISTEN", "SYN-RECEIVED", "ESTABLISHED", "FIN-WAIT-1", "TIME-WAIT"];

/// Runs the tour, and checks what holds for every tour.
fn tour(stage: &Stage, user: User, node: Node, words: &[&str]) -> String {
    let began = Instant::now();
    let output = stage.command(user, node, words).output().expect("the tour can be started");
    let out = String::from_utf8(output.stdout).expect("the tour prints UTF-8");
    let complaint = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(0), "{out}\n{complaint}");
    assert_eq!(complaint, "", "a tour has nothing to complain of");
    assert!(began.elapsed() < Duration::from_secs(20), "it took {:?}", began.elapsed());
    for line in out.lines() {
        assert!(line.chars().count() <= 80, "more than 80 columns: {line}");
        assert!(!line.contains('\x1b'), "colour without a terminal: {line}");
        assert!(!words.contains(&"--plain") || line.is_ascii(), "not ASCII: {line}");
    }
    let next = out.split("Try next:").nth(1).expect("it says what to try next");
    let command = |line: &&str| line.starts_with("  ") && !line.starts_with("    ");
    assert_eq!(next.lines().filter(command).count(), 3, "three commands: {next}");
    out
}

/// Whether this was said, wherever the lines were broken.
fn says(out: &str, words: &str) -> bool {
    out.split_whitespace().collect::<Vec<_>>().join(" ").contains(words)
}

/// The steps that every connection of the tour has, in their order.
fn check_ladder(out: &str, closer: Side) {
    let ladder = Ladder::read(out);
    let (client, server) = (Side::Left, Side::Right);
    let other = closer.other();
    let mut steps = vec![
        (client, "SYN"),
        (server, "SYN,ACK"),
        (client, "ACK"),
        (client, "PSH,ACK"),
        (server, "PSH,ACK"),
        (closer, "FIN,ACK"),
    ];
    let merged = out.contains("Steps 2 and 3 of 4 in one");
    if !merged {
        steps.push((other, "ACK"));
    }
    steps.extend([(other, "FIN,ACK"), (closer, "ACK")]);
    ladder.has_in_order(&steps);
    let (left, right) = match closer {
        Side::Left => (FIRST, SERVER_SECOND),
        Side::Right => (SECOND, SERVER_FIRST),
    };
    // Where steps 2 and 3 were merged there is no FIN-WAIT-2.
    let without = |states: &[String]| -> Vec<String> {
        states.iter().filter(|state| *state != "FIN-WAIT-2").cloned().collect()
    };
    assert_eq!(without(&ladder.left), left, "{out}");
    assert_eq!(without(&ladder.right), right, "{out}");
    assert!(says(out, "therefore TIME-WAIT is with"), "{out}");
}

/// tshark sees the whole of the connection, and nothing wrong with it.
fn check_capture(stage: &Stage) {
    let fields = "tcp.completeness tcp.checksum.status ip.checksum.status _ws.malformed";
    let rows = stage.tshark(&fields.split(' ').collect::<Vec<_>>());
    let segments: Vec<&Vec<String>> = rows.iter().filter(|row| !row[0].is_empty()).collect();
    assert!(segments.len() >= 9, "only {} segments: {rows:?}", segments.len());
    for row in segments {
        // 31: SYN, SYN,ACK, ACK, text and FIN were seen, and no RST. 1: the checksum is right.
        assert_eq!(row[..3], ["31", "1", "1"], "{rows:?}");
    }
    assert!(rows.iter().all(|row| row[3].is_empty()), "malformed: {rows:?}");
    let comments = stage.tshark(&["frame.comment"]);
    let said = |words: &str| comments.iter().any(|row| row[0].contains(words));
    assert!(said("LISTEN -> SYN-RECEIVED"), "{comments:?}");
    assert!(said("step 3 of 4"), "{comments:?}");
}

#[test]
#[ignore = "needs root and a Linux kernel"]
fn root_sees_the_kernel_and_osier_closes_first() {
    let Some(stage) = Stage::new("root") else { return };
    let out = tour(&stage, User::Root, Node::Free, &["--plain"]);
    assert!(says(&out, "the Linux kernel's"), "{out}");
    check_ladder(&out, Side::Right);
    assert!(waits(&out, "TIME-WAIT is with osier"), "{out}");
    assert!(says(&out, "The program printed the page"), "{out}");
    check_capture(&stage);
}

/// Nearly all of the minute is left, or, on a quick machine, all of it.
fn waits(out: &str, with_whom: &str) -> bool {
    ["59.", "60 s"].iter().any(|left| says(out, &format!("{with_whom}: for {left}")))
}

#[test]
#[ignore = "needs root and a Linux kernel"]
fn the_kernel_closes_first_where_that_is_asked_for() {
    let Some(stage) = Stage::new("client") else { return };
    let words = ["--plain", "--close", "client", "--svg", "it.svg", "--html", "it.html"];
    let out = tour(&stage, User::Root, Node::Free, &words);
    check_ladder(&out, Side::Left);
    assert!(waits(&out, "TIME-WAIT is with the kernel"), "{out}");
    check_capture(&stage);
    let (svg, html) = (stage.read("it.svg"), stage.read("it.html"));
    assert!(svg.starts_with("<svg") && html.contains(&svg), "the page holds the drawing");
    for state in FIRST.iter().chain(SERVER_SECOND) {
        assert!(svg.contains(&format!(">{state}<")), "{state} is not in the drawing");
    }
}

#[test]
#[ignore = "needs root and a Linux kernel"]
fn an_ordinary_user_sees_the_kernel_too() {
    let Some(stage) = Stage::new("user") else { return };
    let out = tour(&stage, User::Ordinary, Node::Free, &["--plain"]);
    assert!(says(&out, "the Linux kernel's"), "{out}");
    check_ladder(&out, Side::Right);
    check_capture(&stage);
}

#[test]
#[ignore = "needs root and a Linux kernel"]
fn without_curl_there_is_a_client_of_our_own() {
    let Some(stage) = Stage::new("no-curl") else { return };
    for closer in ["server", "client"] {
        let words = ["--plain", "--close", closer];
        let mut command = stage.command(User::Root, Node::Free, &words);
        let output = command.env("OSIER_TEST_PATH", "/nonexistent").output().unwrap();
        let out = String::from_utf8_lossy(&output.stdout);
        assert_eq!(output.status.code(), Some(0), "{out}");
        assert!(says(&out, "curl is not there"), "{out}");
        check_ladder(&out, if closer == "client" { Side::Left } else { Side::Right });
    }
}

#[test]
#[ignore = "needs root and a Linux kernel"]
fn a_refused_or_missing_device_node_is_told_with_the_remedy() {
    let Some(stage) = Stage::new("node") else { return };
    for (user, node, refusal, remedy) in [
        (User::Ordinary, Node::RootOnly, "permission denied", "sudo chmod 0666 /dev/net/tun"),
        (User::Ordinary, Node::Missing, "no such file", "sudo modprobe tun"),
        (User::Root, Node::Missing, "no such file", "sudo modprobe tun"),
    ] {
        for closer in [Side::Right, Side::Left] {
            let close = if closer == Side::Left { "--close=client" } else { "--close=server" };
            let out = tour(&stage, user, node, &["--plain", close]);
            let told = out.split("Here both ends are osier").next().unwrap();
            assert!(says(told, refusal) && says(told, remedy), "{told}");
            check_ladder(&out, closer);
            check_capture(&stage);
        }
    }
}

#[test]
#[ignore = "needs root and a Linux kernel"]
fn refused_namespaces_are_told_with_the_remedy() {
    let Some(stage) = Stage::new("namespaces") else { return };
    let out = tour(&stage, User::WithoutNamespaces, Node::Free, &["--plain"]);
    assert!(says(&out, "user namespace of our own was refused"), "{out}");
    assert!(says(&out, "user.max_user_namespaces"), "{out}");
    check_ladder(&out, Side::Right);
    check_capture(&stage);
}

#[test]
#[ignore = "needs root and a Linux kernel"]
fn a_folder_that_cannot_be_written_costs_only_the_capture() {
    let Some(stage) = Stage::new("folder") else { return };
    stage.forbid_writing();
    let out = tour(&stage, User::Ordinary, Node::Free, &["--plain"]);
    check_ladder(&out, Side::Right);
    assert!(says(&out, "cannot be written (permission denied)"), "{out}");
}

#[test]
#[ignore = "needs root and a Linux kernel"]
fn ctrl_c_is_130_and_leaves_nobody_behind() {
    let Some(stage) = Stage::new("ctrl-c") else { return };
    let mut command = stage.command(User::Root, Node::Free, &["--step"]);
    // An input that never ends: the tour waits for Enter after its first step.
    command.stdin(Stdio::piped()).stdout(Stdio::null());
    let mut child = command.spawn().unwrap();
    let deadline = Instant::now() + Duration::from_secs(20);
    while stage.processes().len() < 3 {
        assert!(Instant::now() < deadline, "no program was started");
        std::thread::sleep(Duration::from_millis(20));
    }
    stage.interrupt(child.id());
    assert_eq!(child.wait().unwrap().code(), Some(130));
    while !stage.processes().is_empty() {
        assert!(Instant::now() < deadline, "left behind: {:?}", stage.processes());
        std::thread::sleep(Duration::from_millis(20));
    }
}

#[test]
#[ignore = "needs root and a Linux kernel"]
fn a_reader_who_takes_his_time_sees_the_same_and_no_hold_in_the_times() {
    let Some(stage) = Stage::new("step") else { return };
    let mut command = stage.command(User::Root, Node::Free, &["--step", "--plain"]);
    command.stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut child = command.spawn().unwrap();
    let mut enter = child.stdin.take().unwrap();
    // Longer than the kernel waits before it sends a SYN or text again.
    let reader = std::thread::spawn(move || {
        use std::io::Write;
        while enter.write_all(b"\n").is_ok() {
            std::thread::sleep(Duration::from_millis(1200));
        }
    });
    let output = child.wait_with_output().unwrap();
    reader.join().unwrap();
    let out = String::from_utf8_lossy(&output.stdout);
    assert_eq!(output.status.code(), Some(0), "{out}");
    check_ladder(&out, Side::Right);
    assert!(says(&out, "While you were reading, the kernel's clock ran on"), "{out}");
    let last = Ladder::read(&out).last_time_in_ms();
    assert!(last < 1000, "the holds are in the times: {last} ms\n{out}");
    check_capture(&stage);
}
