//! curl, ab and ping against `osier serve`.

use crate::bench_lines::number_in;
use crate::netns::{Net, stdout};
use crate::server::{BOTH, Server, V4, V6};
use crate::{MIB, size};
use sha2::{Digest, Sha256};
use std::io::{Read, Write};
use std::process::Stdio;
use std::time::{Duration, Instant};

/// The hash of so many bytes of the pattern that `/bytes/N` is documented to send.
pub(crate) fn pattern_hash(count: u64) -> String {
    let piece: Vec<u8> = (0..251 * 1024).map(|n| (n % 251) as u8).collect();
    let mut hash = Sha256::new();
    let mut left = count;
    while left > 0 {
        let len = left.min(piece.len() as u64);
        hash.update(&piece[..len as usize]);
        left -= len;
    }
    hex(&hash.finalize())
}

pub(crate) fn hex(octets: &[u8]) -> String {
    octets.iter().map(|octet| format!("{octet:02x}")).collect()
}

/// Downloads `/bytes/N` and checks number and hash of what comes.
pub(crate) fn download(server: &Server, client: &Net, at: &str, count: u64) -> Duration {
    let start = Instant::now();
    let mut curl = server.curl();
    if client.pid() != server.net.pid() {
        curl = client.command("curl");
        curl.args(["--silent", "--show-error", "--fail", "--globoff", "--max-time", "300"]);
    }
    curl.arg(format!("http://{at}/bytes/{count}")).stdout(Stdio::piped());
    let mut child = curl.spawn().expect("curl");
    let mut from = child.stdout.take().expect("piped");
    let (mut hash, mut total, mut buffer) = (Sha256::new(), 0, vec![0; 1 << 16]);
    loop {
        let len = from.read(&mut buffer).expect("a pipe");
        if len == 0 {
            break;
        }
        total += len as u64;
        hash.update(&buffer[..len]);
    }
    assert!(child.wait().expect("curl").success(), "{total} bytes: {}", server.process.said());
    assert_eq!(total, count);
    assert_eq!(hex(&hash.finalize()), pattern_hash(count));
    start.elapsed()
}

/// Uploads so many bytes of the pattern; the answer must be their hash.
pub(crate) fn upload(server: &Server, client: &Net, at: &str, count: u64) -> Duration {
    let start = Instant::now();
    let mut curl = client.command("curl");
    curl.args(["--silent", "--show-error", "--fail", "--globoff", "--max-time", "300"]);
    curl.args(["--request", "POST", "--upload-file", "-"]).arg(format!("http://{at}/sha256"));
    curl.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = curl.spawn().expect("curl");
    let mut to = child.stdin.take().expect("piped");
    let piece: Vec<u8> = (0..251 * 1024).map(|n| (n % 251) as u8).collect();
    let mut left = count;
    while left > 0 {
        let len = left.min(piece.len() as u64);
        if to.write_all(&piece[..len as usize]).is_err() {
            break;
        }
        left -= len;
    }
    drop(to);
    let output = child.wait_with_output().expect("curl");
    let said = crate::netns::text(&output);
    assert!(output.status.success(), "{said}{}", server.process.said());
    assert_eq!(said.trim(), pattern_hash(count));
    start.elapsed()
}

#[test]
#[ignore = "wants root or user namespaces"]
fn curl_gets_a_page_about_its_own_connection() {
    let Some(server) = Server::with(&["curl"], &[]) else { return };
    for at in BOTH {
        let page = stdout(server.curl().args(["--include", &format!("http://{at}/")]));
        assert!(page.starts_with("HTTP/1.1 200 OK"), "{page}");
        for words in ["ESTABLISHED", "cwnd", "round trip", "options", &format!("{at}:80")] {
            assert!(page.contains(words), "no `{words}` in {page}");
        }
        let html =
            stdout(server.curl().args(["-H", "Accept: text/html"]).arg(format!("http://{at}/")));
        assert!(html.contains("<table>"), "{html}");
    }
    server.stop();
}

#[test]
#[ignore = "wants root or user namespaces"]
fn what_is_not_there_is_not_found_and_no_number_is_a_bad_request() {
    let Some(server) = Server::with(&["curl"], &[]) else { return };
    for (path, code) in [("/nothing", "404"), ("/bytes/many", "400"), ("/bytes/-1", "400")] {
        let mut curl = server.net.command("curl");
        curl.args(["-s", "-o", "/dev/null", "-w", "%{http_code}"]);
        let answer = stdout(curl.arg(format!("http://{V4}{path}")));
        assert_eq!(answer, code, "{path}");
    }
    server.stop();
}

#[test]
#[ignore = "wants root or user namespaces"]
fn downloads_and_uploads_have_the_right_hash() {
    let Some(server) = Server::with(&["curl"], &[]) else { return };
    let count = size(64 * MIB, 1_024 * MIB);
    for at in BOTH {
        let down = download(&server, &server.net, at, count);
        let up = upload(&server, &server.net, at, count);
        println!("{at}: {} MiB down in {down:?}, up in {up:?}", count / MIB);
        for odd in [0, 1, 1_447, 1_449, 65_537] {
            download(&server, &server.net, at, odd);
            upload(&server, &server.net, at, odd);
        }
    }
    server.stop();
}

#[test]
#[ignore = "wants root or user namespaces"]
fn frames_without_offloads_carry_the_same() {
    let Some(server) = Server::with(&["curl"], &["--offload", "none"]) else { return };
    for at in BOTH {
        download(&server, &server.net, at, 16 * MIB);
        upload(&server, &server.net, at, 16 * MIB);
    }
    server.stop();
}

#[test]
#[ignore = "wants root or user namespaces"]
fn a_tun_serves_as_a_tap_does() {
    let Some(net) = Net::with(&["curl"]) else { return };
    let server = Server::start_on(net, "tun:osier1", &["--mtu", "9000"]);
    for at in BOTH {
        download(&server, &server.net, at, 4 * MIB);
        upload(&server, &server.net, at, 4 * MIB);
        let page = stdout(server.curl().arg(format!("http://{at}/")));
        assert!(page.contains("at most 89"), "an MTU of 9000 was asked for: {page}");
    }
    server.stop();
}

#[test]
#[ignore = "wants root or user namespaces"]
fn a_link_that_was_down_for_a_while_comes_back() {
    let Some(server) = Server::with(&["curl"], &[]) else { return };
    let mut curl = server.curl();
    curl.args(["--limit-rate", "4M", "-o", "/dev/null"]).arg(format!("http://{V4}/bytes/8000000"));
    let mut curl = server.net.start(&mut curl, &server.folder, "curl");
    std::thread::sleep(Duration::from_millis(500));
    server.net.sh("ip link set osier0 down; sleep 0.5; ip link set osier0 up");
    assert_eq!(curl.exit_code(Duration::from_secs(30)), 0, "{}", curl.said());
    download(&server, &server.net, V4, MIB);
    server.stop();
}

#[test]
#[ignore = "wants root or user namespaces"]
fn ab_sees_no_failed_request() {
    let Some(server) = Server::with(&["ab"], &[]) else { return };
    for at in BOTH {
        let url = format!("http://{at}/bytes/1024");
        for (words, requests) in [
            (&["-c", "100"][..], size(10_000, 20_000)),
            (&["-k", "-c", "50"][..], size(40_000, 200_000)),
        ] {
            let mut ab = server.net.command("ab");
            let said = stdout(ab.args(["-q", "-n", &requests.to_string()]).args(words).arg(&url));
            assert_eq!(number_in(&said, "Complete requests:"), requests as f64, "{said}");
            assert_eq!(number_in(&said, "Failed requests:"), 0.0, "{said}");
            assert!(!said.contains("Non-2xx"), "{said}");
            let rate = number_in(&said, "Requests per second:");
            println!("{at}: ab {} -n {requests}: {rate} requests a second", words.join(" "));
        }
    }
    server.stop();
}

#[test]
#[ignore = "wants root or user namespaces"]
fn ping_loses_nothing() {
    let Some(server) = Server::with(&["ping"], &[]) else { return };
    for at in [V4, "fd71::2"] {
        let said = stdout(server.net.command("ping").args(["-c", "100", "-i", "0.01", at]));
        assert!(said.contains("100 packets transmitted, 100 received, 0% packet loss"), "{said}");
    }
    server.stop();
}

#[test]
#[ignore = "wants root or user namespaces"]
fn a_closed_port_is_refused_at_once() {
    let Some(server) = Server::with(&["curl"], &[]) else { return };
    for at in BOTH {
        let start = Instant::now();
        let mut curl = server.net.command("curl");
        let refused = curl.args(["-sg", &format!("http://{at}:81/")]).status().expect("curl");
        assert_eq!(refused.code(), Some(7), "curl calls that: could not connect");
        assert!(start.elapsed() < Duration::from_secs(1), "{:?}", start.elapsed());
    }
    server.stop();
}

#[test]
#[ignore = "wants root or user namespaces"]
fn echo_echoes_and_discard_discards() {
    let words = ["--echo", "7", "--discard", "9"];
    let Some(server) = Server::with(&["socat", "sha256sum"], &words) else { return };
    for at in BOTH {
        let script = format!(
            "head -c 3000000 /dev/urandom > up; socat -t 10 - TCP:{at}:7 < up > down; \
             cmp up down; echo willow | socat -t 1 - UDP:{at}:7; \
             socat -t 10 - TCP:{at}:9 < up"
        );
        let mut sh = server.net.command("sh");
        let said = stdout(sh.args(["-ec", &script]).current_dir(server.folder.itself()));
        assert_eq!(said, "willow\n");
    }
    assert!(V6.starts_with('['));
    server.stop();
}
