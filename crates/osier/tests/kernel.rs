//! Do our sockets and the kernel's talk to each other over TAP and TUN?
//!
//! Each check runs in a child of its own, which enters a private network before anything else: so
//! no root is needed and nothing is left behind. Where that is refused the checks say so, and fail
//! if `CI=true`. An argument selects checks by a part of their name.

use osier::device::{TunTap, interface, netns, tuntap};
use osier::wire::MacAddr;
use osier::{Builder, Stack};
use std::io::{ErrorKind, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream, UdpSocket};
use std::process::{Command, ExitCode};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::task::spawn_blocking;

/// Set for the child to the name of its check.
const CHILD: &str = "OSIER_SOCKETS_KERNEL_TEST";

/// The child's exit code where a privilege is missing.
const REFUSED: u8 = 77;

/// Octets of a long transfer.
const LONG: usize = 16 << 20;

const CHECKS: [(&str, fn()); 8] = [
    ("the_kernel_calls_over_tap", || run(tap, called_by_the_kernel("10.71.0.2:7"))),
    ("the_kernel_calls_over_tun_and_ipv6", || run(tun, called_by_the_kernel("[fd71::2]:7"))),
    ("we_call_the_kernel_over_tap_and_ipv6", || run(tap, calling_the_kernel("[fd71::1]:0"))),
    ("we_call_the_kernel_over_tun", || run(tun, calling_the_kernel("10.71.0.1:0"))),
    ("we_call_the_kernel_in_super_frames", || {
        run(tap_with_offloads, calling_the_kernel("[fd71::1]:0"));
    }),
    ("what_the_kernel_refuses_is_refused", || run(tap, refused)),
    ("an_idle_stack_takes_no_time_of_the_processor", || run(tap, idle)),
    ("a_capture_of_super_frames_is_clean_to_tshark", a_clean_capture),
];

fn main() -> ExitCode {
    if let Ok(name) = std::env::var(CHILD) {
        return child(&name);
    }
    let words: Vec<String> = std::env::args().skip(1).filter(|a| !a.starts_with('-')).collect();
    let list = std::env::args().any(|a| a == "--list");
    let wanted = |name: &str| words.is_empty() || words.iter().any(|w| name.contains(w.as_str()));
    let mut failed = false;
    for (name, _) in CHECKS.iter().filter(|(name, _)| wanted(name)) {
        if list {
            println!("{name}: test");
            continue;
        }
        let me = std::env::current_exe().expect("a process knows its own file");
        let output = Command::new(me).env(CHILD, name).output().expect("we can run ourselves");
        let said = String::from_utf8_lossy(&output.stderr);
        if output.status.success() {
            println!("test {name} ... ok");
        } else if output.status.code() == Some(i32::from(REFUSED)) {
            println!("test {name} ... NOT RUN for want of a privilege: {}", said.trim());
            // A build server must not mistake this for a success.
            failed |= std::env::var("CI").is_ok_and(|ci| ci == "true");
        } else {
            println!("test {name} ... FAILED ({})\n{said}", output.status);
            failed = true;
        }
    }
    if failed { ExitCode::FAILURE } else { ExitCode::SUCCESS }
}

fn child(name: &str) -> ExitCode {
    if let Err(error) = netns::enter_private_network() {
        eprintln!("{error}");
        return ExitCode::from(REFUSED);
    }
    if let Err(error) = std::fs::OpenOptions::new().read(true).write(true).open("/dev/net/tun") {
        eprintln!("/dev/net/tun cannot be opened: {error}");
        return ExitCode::from(REFUSED);
    }
    let (_, check) = CHECKS.iter().find(|(known, _)| *known == name).expect("a check");
    check();
    ExitCode::SUCCESS
}

fn tap() -> TunTap {
    TunTap::open(&tuntap::Config::tap("osier0", MacAddr([2, 0, 0, 0, 0, 7]))).unwrap()
}

/// Both sides leave checksums and segmentation to each other.
fn tap_with_offloads() -> TunTap {
    let mut config = tuntap::Config::tap("osier0", MacAddr([2, 0, 0, 0, 0, 7]));
    config.offload = tuntap::OffloadMode::Segmentation;
    TunTap::open(&config).unwrap()
}

fn tun() -> TunTap {
    TunTap::open(&tuntap::Config::tun("osier0")).unwrap()
}

/// Runs a check with a stack on one side of a link and the kernel on the other.
fn run(open: fn() -> TunTap, check: impl AsyncFnOnce(&Stack)) {
    run_with(|builder| builder, open, check);
}

fn run_with(
    settings: impl FnOnce(Builder<TunTap>) -> Builder<TunTap>,
    open: fn() -> TunTap,
    check: impl AsyncFnOnce(&Stack),
) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let device = open();
        interface::set_up("osier0").unwrap();
        interface::add_address("osier0", "10.71.0.1".parse().unwrap(), 24).unwrap();
        interface::add_address("osier0", "fd71::1".parse().unwrap(), 64).unwrap();
        let stack = Stack::builder()
            .device(device)
            .address("10.71.0.2/24".parse().unwrap())
            .address("fd71::2/64".parse().unwrap());
        let stack = settings(stack).build().unwrap();
        let done = tokio::time::timeout(Duration::from_secs(60), check(&stack));
        done.await.expect("a check takes less than a minute");
        stack.shutdown(Duration::from_secs(5)).await;
        stack.closed().await.unwrap();
    });
}

fn pattern() -> Vec<u8> {
    (0..LONG).map(|n| (n / 3 % 251) as u8).collect()
}

/// The kernel's end of an echo: sends all of it, says that this was all, and reads it back.
fn talk(mut stream: TcpStream) {
    let text = pattern();
    let mut writer = stream.try_clone().unwrap();
    let writing = std::thread::spawn(move || {
        writer.write_all(&pattern()).unwrap();
        writer.shutdown(Shutdown::Write).unwrap();
    });
    let mut back = Vec::new();
    stream.read_to_end(&mut back).unwrap();
    writing.join().unwrap();
    assert!(back == text, "{} octets came back", back.len());
}

/// The kernel's end of an echo, the other way round.
fn echo(mut stream: TcpStream) {
    let mut buf = vec![0; 65_536];
    loop {
        match stream.read(&mut buf).unwrap() {
            0 => return stream.shutdown(Shutdown::Write).unwrap(),
            len => stream.write_all(&buf[..len]).unwrap(),
        }
    }
}

fn called_by_the_kernel(at: &'static str) -> impl AsyncFnOnce(&Stack) {
    async move |stack: &Stack| {
        let at: SocketAddr = at.parse().unwrap();
        let listener = stack.tcp_listen(at).unwrap();
        let kernel = spawn_blocking(move || talk(TcpStream::connect(at).unwrap()));
        let (mut stream, peer) = listener.accept().await.unwrap();
        assert_eq!(peer.is_ipv4(), at.is_ipv4());
        let (mut read, mut write) = stream.split();
        tokio::io::copy(&mut read, &mut write).await.unwrap();
        stream.shutdown().await.unwrap();
        kernel.await.unwrap();
    }
}

fn calling_the_kernel(at: &'static str) -> impl AsyncFnOnce(&Stack) {
    async move |stack: &Stack| {
        let listener = TcpListener::bind(at).unwrap();
        let to = listener.local_addr().unwrap();
        let kernel = spawn_blocking(move || echo(listener.accept().unwrap().0));
        let mut stream = stack.tcp_connect(to).await.unwrap();
        let text = pattern();
        let mut back = Vec::new();
        let (mut read, mut write) = stream.split();
        let writing = async {
            write.write_all(&text).await.unwrap();
            write.shutdown().await.unwrap();
        };
        let ((), len) = tokio::join!(writing, read.read_to_end(&mut back));
        assert!(len.unwrap() == text.len() && back == text, "{} octets came back", back.len());
        kernel.await.unwrap();
    }
}

async fn refused(stack: &Stack) {
    for host in ["10.71.0.1", "fd71::1"] {
        let nobody = SocketAddr::new(host.parse().unwrap(), 9);
        let error = stack.tcp_connect(nobody).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::ConnectionRefused);
        let socket = stack.udp_bind("[::]:0".parse().unwrap()).unwrap();
        socket.connect(nobody).await.unwrap();
        socket.send(b"anybody?").await.unwrap();
        let error = socket.recv(&mut [0; 8]).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::ConnectionRefused);
    }
    let kernel = UdpSocket::bind("10.71.0.1:0").unwrap();
    let ours = stack.udp_bind("10.71.0.2:0".parse().unwrap()).unwrap();
    ours.send_to(b"willow", kernel.local_addr().unwrap()).await.unwrap();
    let mut buf = [0; 8];
    let (len, from) = spawn_blocking(move || {
        let received = kernel.recv_from(&mut buf).unwrap();
        kernel.send_to(&buf[..received.0], received.1).unwrap();
        received
    })
    .await
    .unwrap();
    assert_eq!((len, from), (6, ours.local_addr().unwrap()));
    assert_eq!(ours.recv(&mut [0; 8]).await.unwrap(), 6);
    let reply = stack.ping("10.71.0.1".parse().unwrap(), 1, bytes::Bytes::new()).await.unwrap();
    assert_eq!(reply.from, kernel_address());
}

async fn idle(stack: &Stack) {
    let listener = stack.tcp_listen("10.71.0.2:7".parse().unwrap()).unwrap();
    let to = listener.local_addr().unwrap();
    let kernel = spawn_blocking(move || TcpStream::connect(to).unwrap());
    let (_stream, _) = listener.accept().await.unwrap();
    let _theirs = kernel.await.unwrap();
    tokio::time::sleep(Duration::from_secs(1)).await;
    let before = nanoseconds_run();
    tokio::time::sleep(Duration::from_secs(2)).await;
    let run = nanoseconds_run() - before;
    assert!(before > 0, "the kernel counts");
    assert!(run < 10_000_000, "{run} ns in two idle seconds");
}

/// How long the main thread, which runs everything here, has been on a processor.
fn nanoseconds_run() -> u64 {
    let text = std::fs::read_to_string("/proc/self/schedstat").unwrap();
    text.split(' ').next().unwrap().parse().unwrap()
}

/// The file shows what a wire would carry, whatever the two sides leave undone.
fn a_clean_capture() {
    let file = std::env::temp_dir().join(format!("osier-capture-{}.pcapng", std::process::id()));
    let settings = |builder: Builder<TunTap>| builder.capture(&file);
    run_with(settings, tap_with_offloads, called_by_the_kernel("10.71.0.2:7"));
    let checks = ["ip", "tcp", "udp"].map(|p| format!("{p}.check_checksum:TRUE"));
    let mut tshark = Command::new("tshark");
    tshark.args(["-2", "-n", "-r"]).arg(&file).args(checks.iter().flat_map(|c| ["-o", c]));
    tshark.args(["-T", "fields", "-e", "frame.len", "-e", "_ws.malformed"]);
    tshark.args([
        "-e",
        "tcp.checksum.status",
        "-e",
        "ip.checksum.status",
        "-e",
        "udp.checksum.status",
    ]);
    let output = tshark.output();
    std::fs::remove_file(&file).unwrap();
    let Ok(output) = output else {
        eprintln!("tshark is not installed");
        std::process::exit(i32::from(REFUSED));
    };
    let mut full = 0;
    for line in String::from_utf8(output.stdout).unwrap().lines() {
        let fields: Vec<&str> = line.split('\t').collect();
        let len: usize = fields[0].parse().unwrap();
        assert!(len <= 1_514, "a super-frame in the file: {line}");
        assert_eq!(fields[1], "", "malformed: {line}");
        let good = |status: &str| matches!(status, "" | "1" | "Good");
        assert!(fields[2..].iter().all(|status| good(status)), "a bad checksum: {line}");
        assert!(len < 1_514 || !fields[2].is_empty(), "tshark has not looked: {line}");
        full += usize::from(len == 1_514);
    }
    assert!(full > 2 * LONG / 1_500, "{full} full frames");
}

fn kernel_address() -> std::net::IpAddr {
    "10.71.0.1".parse().unwrap()
}
