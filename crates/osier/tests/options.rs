//! Do the options of a connection reach the wire, set before it is opened, accepted, or later?
//!
//! Two stacks over a link in memory; what each sends is written down. All time is virtual.

use osier::device::mem::{Mem, pair};
use osier::device::{Device, Medium, Properties, Readiness};
use osier::wire::{Frame, Received};
use osier::{Algorithm, KeepAlive, Stack, TcpStream};
use std::io::{self, ErrorKind};
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::task::Waker;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::time::{Instant, sleep};

/// The headers of all frames that a stack sent.
type Sent = Arc<Mutex<Vec<Vec<u8>>>>;

/// A device that writes down what it sends, or drops it.
struct Witness {
    device: Mem,
    sent: Sent,
    cut: Arc<Mutex<bool>>,
}

impl Device for Witness {
    fn properties(&self) -> Properties {
        self.device.properties()
    }

    fn receive(&mut self, into: &mut Vec<Received>, budget: usize) -> io::Result<usize> {
        self.device.receive(into, budget)
    }

    fn room(&mut self) -> usize {
        self.device.room()
    }

    fn transmit(&mut self, frame: Frame) -> io::Result<()> {
        self.sent.lock().unwrap().push(frame.head.as_slice().to_vec());
        if *self.cut.lock().unwrap() { Ok(()) } else { self.device.transmit(frame) }
    }

    fn flush(&mut self) -> io::Result<()> {
        self.device.flush()
    }

    fn readiness(&self) -> Readiness<'_> {
        self.device.readiness()
    }

    fn set_waker(&mut self, waker: &Waker) {
        self.device.set_waker(waker);
    }
}

struct Two {
    a: Stack,
    b: Stack,
    sent_by_a: Sent,
    sent_by_b: Sent,
    cut: Arc<Mutex<bool>>,
}

const AT: &str = "10.71.0.2:80";

fn two() -> Two {
    let (a, b) = pair(Properties::plain(Medium::Ip, 1_500));
    let cut = Arc::new(Mutex::new(false));
    let (sent_by_a, sent_by_b) = (Sent::default(), Sent::default());
    let stack = |device: Mem, sent: &Sent, address: &str| {
        let device = Witness { device, sent: sent.clone(), cut: cut.clone() };
        let builder = Stack::builder().device(device).address(address.parse().unwrap());
        builder.seed(7).build().unwrap()
    };
    let (a, b) = (stack(a, &sent_by_a, "10.71.0.1/24"), stack(b, &sent_by_b, "10.71.0.2/24"));
    Two { a, b, sent_by_a, sent_by_b, cut }
}

impl Two {
    async fn open(&self) -> (TcpStream, TcpStream) {
        let at: SocketAddr = AT.parse().unwrap();
        let listener = self.b.tcp_listen(at).unwrap();
        let (called, accepted) = tokio::join!(self.a.tcp_connect(at), listener.accept());
        (called.unwrap(), accepted.unwrap().0)
    }
}

/// TOS and time to live of each packet.
fn marks(sent: &Sent) -> Vec<(u8, u8)> {
    sent.lock().unwrap().drain(..).map(|head| (head[1], head[8])).collect()
}

#[tokio::test(start_paused = true)]
async fn the_syn_itself_leaves_with_what_was_set_before_connecting() {
    let two = two();
    let _listener = two.b.tcp_listen(AT.parse().unwrap()).unwrap();
    let socket = two.a.tcp_socket();
    socket.set_tos(0xb8).unwrap();
    socket.set_ttl(3).unwrap();
    socket.set_recv_buffer_size(4_000).unwrap();
    socket.set_nodelay(true).unwrap();
    socket.set_congestion(Algorithm::Bbr);
    socket.set_tcp_user_timeout(Some(Duration::from_secs(5)));
    let stream = socket.connect(AT.parse().unwrap()).await.unwrap();
    sleep(Duration::from_millis(1)).await;
    // The window of the SYN: at the fourteenth octet of the TCP header.
    let window = two.sent_by_a.lock().unwrap()[0][34..36].to_vec();
    assert_eq!(window, 4_000u16.to_be_bytes());
    assert_eq!(marks(&two.sent_by_a), [(0xb8, 3), (0xb8, 3)]);
    assert_eq!((stream.tos().unwrap(), stream.ttl().unwrap()), (0xb8, 3));
    assert!(stream.nodelay().unwrap());
    assert_eq!(stream.congestion().unwrap(), Algorithm::Bbr);
    assert_eq!(stream.recv_buffer_size().unwrap(), 4_000);
    assert_eq!(stream.tcp_user_timeout().unwrap(), Some(Duration::from_secs(5)));
}

#[tokio::test(start_paused = true)]
async fn options_of_an_open_connection_hold_from_its_next_segment_on() {
    let two = two();
    let (mut stream, _peer) = two.open().await;
    sleep(Duration::from_millis(1)).await;
    assert!(marks(&two.sent_by_a).iter().all(|marks| *marks == (0, 64)));
    stream.set_tos(0x28).unwrap();
    stream.set_ttl(255).unwrap();
    stream.write_all(b"marked").await.unwrap();
    sleep(Duration::from_millis(1)).await;
    assert_eq!(marks(&two.sent_by_a), [(0x28, 255)]);
    assert_eq!(stream.congestion().unwrap().to_string(), "cubic");
    stream.set_congestion("reno".parse().unwrap()).unwrap();
    assert_eq!(stream.congestion().unwrap(), Algorithm::Reno);
    for wrong in [0, 256] {
        assert_eq!(stream.set_ttl(wrong).unwrap_err().kind(), ErrorKind::InvalidInput);
    }
    assert_eq!(stream.set_tos(256).unwrap_err().kind(), ErrorKind::InvalidInput);
}

#[tokio::test(start_paused = true)]
async fn what_a_listener_was_given_holds_for_all_that_it_accepts() {
    let two = two();
    let socket = two.b.tcp_socket();
    socket.bind(AT.parse().unwrap()).unwrap();
    socket.set_tos(0x48).unwrap();
    socket.set_keepalive(true).unwrap();
    socket.set_send_buffer_size(10_000).unwrap();
    let listener = socket.listen(4).unwrap();
    for _ in 0..2 {
        let connect = two.a.tcp_connect(AT.parse().unwrap());
        let (_called, accepted) = tokio::join!(connect, listener.accept());
        let mut stream = accepted.unwrap().0;
        assert_eq!(stream.tcp_keepalive().unwrap(), Some(KeepAlive::default()));
        assert_eq!(stream.send_buffer_size().unwrap(), 10_000);
        marks(&two.sent_by_b);
        stream.write_all(b"marked").await.unwrap();
        sleep(Duration::from_millis(1)).await;
        assert_eq!(marks(&two.sent_by_b)[0].0, 0x48);
    }
}

#[tokio::test(start_paused = true)]
async fn keep_alive_finds_out_that_the_peer_is_gone() {
    let two = two();
    let (mut stream, _peer) = two.open().await;
    let seconds = |n| osier::time::Duration::from_secs(n);
    let setting = KeepAlive { idle: seconds(30), interval: seconds(5), probes: 3 };
    stream.set_tcp_keepalive(Some(setting)).unwrap();
    assert_eq!(stream.tcp_keepalive().unwrap(), Some(setting));
    // An answered probe each half minute does no harm.
    sleep(Duration::from_secs(300)).await;
    *two.cut.lock().unwrap() = true;
    let start = Instant::now();
    let error = stream.read(&mut [0; 8]).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::TimedOut);
    let waited = start.elapsed().as_secs();
    assert!((15..=46).contains(&waited), "{waited} s");
}

#[tokio::test(start_paused = true)]
async fn a_user_timeout_ends_an_attempt_to_connect_as_well_as_a_connection() {
    let two = two();
    let (mut stream, _peer) = two.open().await;
    stream.set_tcp_user_timeout(Some(Duration::from_secs(7))).unwrap();
    *two.cut.lock().unwrap() = true;
    let start = Instant::now();
    stream.write_all(b"nobody hears").await.unwrap();
    assert_eq!(stream.read(&mut [0; 8]).await.unwrap_err().kind(), ErrorKind::TimedOut);
    assert_eq!(start.elapsed().as_secs(), 7);
    let socket = two.a.tcp_socket();
    socket.set_tcp_user_timeout(Some(Duration::from_secs(4)));
    let start = Instant::now();
    let error = socket.connect(AT.parse().unwrap()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::TimedOut);
    assert_eq!(start.elapsed().as_secs(), 4);
}

#[tokio::test(start_paused = true)]
async fn quick_acknowledgments_are_sent_at_once_and_others_wait_a_little() {
    let two = two();
    let (mut stream, mut peer) = two.open().await;
    peer.set_quickack(false).unwrap();
    assert!(!peer.quickack().unwrap());
    marks(&two.sent_by_b);
    stream.write_all(b"x").await.unwrap();
    sleep(Duration::from_millis(30)).await;
    assert_eq!(marks(&two.sent_by_b).len(), 0, "held back");
    peer.set_quickack(true).unwrap();
    sleep(Duration::from_millis(1)).await;
    assert_eq!(marks(&two.sent_by_b).len(), 1, "what was held back goes");
    stream.write_all(b"y").await.unwrap();
    sleep(Duration::from_millis(1)).await;
    assert_eq!(marks(&two.sent_by_b).len(), 1);
    assert_eq!(peer.read(&mut [0; 8]).await.unwrap(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_send_buffer_takes_no_more_than_its_size() {
    let two = two();
    let (stream, _peer) = two.open().await;
    stream.set_send_buffer_size(3_000).unwrap();
    *two.cut.lock().unwrap() = true;
    stream.writable().await.unwrap();
    assert_eq!(stream.try_write(&[0; 10_000]).unwrap(), 3_000);
    assert_eq!(stream.try_write(&[0]).unwrap_err().kind(), ErrorKind::WouldBlock);
}

#[tokio::test]
async fn listeners_that_both_say_so_share_a_port_and_others_do_not() {
    let stack = osier::Stack::builder().build().unwrap();
    let at = "127.0.0.1:80".parse().unwrap();
    let listen = |shared: bool| {
        let socket = stack.tcp_socket();
        socket.set_reuseport(shared).unwrap();
        assert_eq!(socket.reuseport().unwrap(), shared);
        socket.bind(at).unwrap();
        socket.listen(64)
    };
    let (one, other) = (listen(true).unwrap(), listen(true).unwrap());
    assert_eq!(listen(false).unwrap_err().kind(), std::io::ErrorKind::AddrInUse);
    let mut counts = (0, 0);
    for _ in 0..40 {
        let client = stack.tcp_connect(at);
        tokio::select! {
            (client, accepted) = async { tokio::join!(client, one.accept()) } => {
                client.unwrap();
                accepted.unwrap();
                counts.0 += 1;
            }
            accepted = other.accept() => {
                accepted.unwrap();
                counts.1 += 1;
            }
        }
    }
    assert!(counts.0 > 5 && counts.1 > 5, "{counts:?}");
}

/// The MSS option that a SYN or SYN,ACK begins with.
fn announced(sent: &Sent) -> u16 {
    let head = sent.lock().unwrap()[0].clone();
    assert_eq!(head[40..42], [2, 4], "MSS is the first option");
    u16::from_be_bytes([head[42], head[43]])
}

#[tokio::test(start_paused = true)]
async fn shorter_segments_are_announced_and_kept_to_by_both_ends() {
    let two = two();
    let listening = two.b.tcp_socket();
    listening.bind(AT.parse().unwrap()).unwrap();
    listening.set_tcp_mss(1_000).unwrap();
    let listener = listening.listen(4).unwrap();
    let calling = two.a.tcp_socket();
    calling.set_tcp_mss(1_200).unwrap();
    for wrong in [87, 32_768, 65_536] {
        assert_eq!(calling.set_tcp_mss(wrong).unwrap_err().kind(), ErrorKind::InvalidInput);
    }
    let (called, accepted) = tokio::join!(calling.connect(AT.parse().unwrap()), listener.accept());
    let (called, (accepted, _)) = (called.unwrap(), accepted.unwrap());
    assert_eq!((announced(&two.sent_by_a), announced(&two.sent_by_b)), (1_200, 1_000));
    // Timestamps take twelve octets.
    assert_eq!((called.tcp_mss().unwrap(), accepted.tcp_mss().unwrap()), (988, 988));
}

#[tokio::test(start_paused = true)]
async fn a_stream_that_keeps_little_unsent_is_writable_when_it_was_sent() {
    let two = two();
    let (stream, mut peer) = two.open().await;
    assert_eq!(stream.tcp_notsent_lowat().unwrap(), u32::MAX);
    stream.set_send_buffer_size(1 << 20).unwrap();
    stream.set_tcp_notsent_lowat(20_000).unwrap();
    // Ten segments go at once; what is left over does not count before it is 20000 octets.
    let text = vec![7; 100_000];
    let first = stream.try_write(&text).unwrap();
    assert_eq!(first, 10 * 1_448 + 14 * 1_448, "the 14th segment is begun below 20000 octets");
    assert_eq!(stream.try_write(&text).unwrap_err().kind(), ErrorKind::WouldBlock);
    stream.writable().await.unwrap();
    let unsent = stream.tcp_info().unwrap().notsent_bytes;
    assert!(unsent < 10_000, "{unsent}");
    let second = stream.try_write(&text).unwrap();
    assert!(second < 60_000, "{second}");

    // Who never found it full waits, too; and is told when there is no mark any more.
    let waits = async { stream.writable().await.unwrap() };
    let clears = async { stream.set_tcp_notsent_lowat(0).unwrap() };
    *two.cut.lock().unwrap() = true;
    tokio::join!(waits, clears);
    *two.cut.lock().unwrap() = false;
    assert_eq!(stream.tcp_notsent_lowat().unwrap(), u32::MAX);
    drop(stream);
    let mut all = Vec::new();
    peer.read_to_end(&mut all).await.unwrap();
    assert!(all.len() > first);
}
