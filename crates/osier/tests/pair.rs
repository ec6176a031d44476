//! Do two stacks in one runtime get along, and does a paused clock pause them?
//!
//! Joined by a link in memory; all time is virtual.

use bytes::Bytes;
use osier::Stack;
use osier::device::mem::{Mem, pair};
use osier::device::{Device, Medium, Properties, Readiness};
use osier::wire::{Frame, MacAddr, Received};
use std::io::{self, ErrorKind};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::task::Waker;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::time::{Instant, timeout};

const MAC: MacAddr = MacAddr([2, 0, 0, 0, 0, 1]);

fn ethernet() -> Properties {
    Properties::plain(Medium::Ethernet(MAC), 1_500)
}

fn stack(device: impl Device + 'static, address: &str) -> Stack {
    let builder = Stack::builder().device(device).address(address.parse().unwrap());
    builder.seed(7).build().unwrap()
}

fn two(properties: Properties) -> (Stack, Stack) {
    let (a, b) = pair(properties);
    (stack(a, "10.71.0.1/24"), stack(b, "10.71.0.2/24"))
}

async fn ten_megabytes(properties: Properties) {
    let (a, b) = two(properties);
    let listener = b.tcp_listen("10.71.0.2:9".parse().unwrap()).unwrap();
    let text: Vec<u8> = (0..10_000_000_u32).map(|n| (n / 7 % 251) as u8).collect();
    let send = async {
        let mut stream = a.tcp_connect("10.71.0.2:9".parse().unwrap()).await.unwrap();
        stream.write_all(&text).await.unwrap();
        stream.shutdown().await.unwrap();
        assert_eq!(stream.read(&mut [0; 8]).await.unwrap(), 0);
    };
    let mut got = Vec::new();
    let receive = async {
        let (mut stream, _) = listener.accept().await.unwrap();
        stream.read_to_end(&mut got).await.unwrap();
    };
    tokio::join!(send, receive);
    assert!(got == text, "{} octets arrived", got.len());
}

#[tokio::test(start_paused = true)]
async fn ten_megabytes_cross_an_ethernet_link() {
    ten_megabytes(ethernet()).await;
}

#[tokio::test(start_paused = true)]
async fn ten_megabytes_cross_a_link_that_takes_super_frames() {
    ten_megabytes(Properties::offloaded(Medium::Ip, 1_500)).await;
}

#[tokio::test(start_paused = true)]
async fn a_ping_is_answered_and_one_to_nobody_is_not() {
    let (a, _b) = two(ethernet());
    let data = Bytes::from_static(&[7; 56]);
    let reply = a.ping("10.71.0.2".parse().unwrap(), 3, data.clone()).await.unwrap();
    assert_eq!((reply.from, reply.seq, reply.len), ("10.71.0.2".parse().unwrap(), 3, 56));
    let nobody = a.ping("10.71.0.77".parse().unwrap(), 0, data.clone());
    let error = timeout(Duration::from_secs(10), nobody).await.unwrap().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::HostUnreachable);
    let error = a.ping("192.0.2.1".parse().unwrap(), 0, data).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NetworkUnreachable);
}

#[tokio::test(start_paused = true)]
async fn a_peer_that_says_nothing_times_out_as_on_linux() {
    let (a, b) = pair(Properties::plain(Medium::Ip, 1_500));
    let a = stack(a, "10.71.0.1/24");
    let started = Instant::now();
    let error = a.tcp_connect("10.71.0.2:9".parse().unwrap()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::TimedOut);
    assert!((120..135).contains(&started.elapsed().as_secs()), "{:?}", started.elapsed());
    drop(b);
}

/// RFC 9293 §3.8.3 [MUST-23]: the profile is the stack's.
#[tokio::test(start_paused = true)]
async fn by_the_profile_of_the_rfcs_an_attempt_lasts_more_than_three_minutes() {
    let (a, _silent) = pair(Properties::plain(Medium::Ip, 1_500));
    let builder = Stack::builder().device(a).address("10.71.0.1/24".parse().unwrap());
    let a = builder.profile(osier::engine::Profile::Rfc).seed(7).build().unwrap();
    let started = Instant::now();
    let error = a.tcp_connect("10.71.0.2:9".parse().unwrap()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::TimedOut);
    assert!(started.elapsed() > Duration::from_secs(180), "{:?}", started.elapsed());
}

/// RFC 9293 §3.8.3 [SHLD-9]: between the third timeout and the last the program can know.
#[tokio::test(start_paused = true)]
async fn a_peer_that_falls_silent_is_trouble_before_it_is_an_error() {
    let (device, b) = pair(Properties::plain(Medium::Ip, 1_500));
    let mute = Arc::new(AtomicBool::new(false));
    let a = stack(Mute { device, mute: mute.clone() }, "10.71.0.1/24");
    let b = stack(b, "10.71.0.2/24");
    let listener = b.tcp_listen("10.71.0.2:9".parse().unwrap()).unwrap();
    let to = listener.local_addr().unwrap();
    let (called, accepted) = tokio::join!(a.tcp_connect(to), listener.accept());
    let (called, _accepted) = (called.unwrap(), accepted.unwrap());
    assert_eq!(called.trouble(), None);
    mute.store(true, Ordering::SeqCst);
    called.try_write(b"anybody?").unwrap();
    tokio::time::sleep(Duration::from_secs(10)).await;
    assert_eq!(called.trouble(), Some(osier::engine::Trouble::Unanswered));
    assert_eq!(called.trouble(), None, "told once");
    assert!(called.take_error().unwrap().is_none(), "and no error yet");
}

#[tokio::test(start_paused = true)]
async fn an_attempt_that_was_given_up_leaves_nothing_behind() {
    let (a, _silent) = pair(Properties::plain(Medium::Ip, 1_500));
    let a = stack(a, "10.71.0.1/24");
    let to = "10.71.0.2:9".parse().unwrap();
    assert!(timeout(Duration::from_millis(1), a.tcp_connect(to)).await.is_err());
    assert_eq!(a.sockets(), []);
}

#[tokio::test(start_paused = true)]
async fn shutdown_closes_in_order_and_ends_the_stack() {
    let (a, b) = two(ethernet());
    let listener = b.tcp_listen("10.71.0.2:9".parse().unwrap()).unwrap();
    let to = listener.local_addr().unwrap();
    let (called, accepted) = tokio::join!(a.tcp_connect(to), listener.accept());
    let (called, (mut accepted, _)) = (called.unwrap(), accepted.unwrap());
    called.try_write(b"the last words").unwrap();
    let listen = {
        let b = b.clone();
        tokio::spawn(async move {
            let mut words = String::new();
            accepted.read_to_string(&mut words).await.unwrap();
            drop((accepted, b));
            words
        })
    };
    let started = Instant::now();
    a.shutdown(Duration::from_secs(5)).await;
    assert!(started.elapsed() < Duration::from_secs(1), "{:?}", started.elapsed());
    assert_eq!(listen.await.unwrap(), "the last words");
    a.closed().await.unwrap();
    assert_eq!(called.try_write(b"x").unwrap_err().kind(), ErrorKind::NetworkDown);
    assert_eq!(a.tcp_connect(to).await.unwrap_err().kind(), ErrorKind::NetworkDown);
}

#[tokio::test(start_paused = true)]
async fn shutdown_resets_what_does_not_end_in_time() {
    let (a, b) = two(ethernet());
    let listener = b.tcp_listen("10.71.0.2:9".parse().unwrap()).unwrap();
    let to = listener.local_addr().unwrap();
    let (called, accepted) = tokio::join!(a.tcp_connect(to), listener.accept());
    let (_called, (mut accepted, _)) = (called.unwrap(), accepted.unwrap());
    let started = Instant::now();
    a.shutdown(Duration::from_secs(5)).await;
    assert_eq!(started.elapsed().as_secs(), 5);
    assert_eq!(accepted.read(&mut [0; 8]).await.unwrap(), 0, "FIN came first");
    tokio::time::sleep(Duration::from_millis(1)).await;
    let state = accepted.info().and_then(|info| info.state);
    assert_eq!(state, Some(osier::engine::State::Closed), "then the reset");
    let error = accepted.write(b"x").await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::BrokenPipe);
}

#[tokio::test(start_paused = true)]
async fn a_stack_that_nobody_holds_says_goodbye_and_ends() {
    let (a, b) = pair(ethernet());
    let ended = Arc::new(AtomicBool::new(false));
    let a = stack(
        Watched { device: a, dropped: Dropped(ended.clone()), ..Watched::none() },
        "10.71.0.1/24",
    );
    let b = stack(b, "10.71.0.2/24");
    let listener = b.tcp_listen("10.71.0.2:9".parse().unwrap()).unwrap();
    let to = listener.local_addr().unwrap();
    let (called, accepted) = tokio::join!(a.tcp_connect(to), listener.accept());
    let (called, (mut accepted, _)) = (called.unwrap(), accepted.unwrap());
    called.try_write(b"goodbye").unwrap();
    drop((a, called));
    let mut words = String::new();
    accepted.read_to_string(&mut words).await.unwrap();
    assert_eq!(words, "goodbye");
    assert!(!ended.load(Ordering::SeqCst), "the peer has not closed yet");
    drop(accepted);
    tokio::time::sleep(Duration::from_millis(100)).await;
    assert!(ended.load(Ordering::SeqCst));
}

#[tokio::test(start_paused = true)]
async fn a_device_that_fails_is_told_to_everybody() {
    let (a, b) = pair(ethernet());
    let broken = Arc::new(AtomicBool::new(false));
    let a = stack(Watched { device: a, broken: broken.clone(), ..Watched::none() }, "10.71.0.1/24");
    let b = stack(b, "10.71.0.2/24");
    let listener = b.tcp_listen("10.71.0.2:9".parse().unwrap()).unwrap();
    let to = listener.local_addr().unwrap();
    let (called, _accepted) = tokio::join!(a.tcp_connect(to), listener.accept());
    let mut called = called.unwrap();
    let pull_the_plug = async {
        tokio::time::sleep(Duration::from_millis(5)).await;
        broken.store(true, Ordering::SeqCst);
        b.ping("10.71.0.1".parse().unwrap(), 0, Bytes::new()).await
    };
    let plug = timeout(Duration::from_secs(1), pull_the_plug);
    let mut buf = [0; 8];
    let (read, _) = tokio::join!(called.read(&mut buf), plug);
    let error = read.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NetworkDown);
    assert!(error.to_string().contains("the plug was pulled"), "{error}");
    assert_eq!(a.closed().await.unwrap_err().kind(), ErrorKind::NetworkDown);
}

#[tokio::test(start_paused = true)]
async fn an_idle_stack_does_nothing() {
    let (a, b) = pair(ethernet());
    let turns = Arc::new(AtomicUsize::new(0));
    let a = stack(Watched { device: a, turns: turns.clone(), ..Watched::none() }, "10.71.0.1/24");
    let b = stack(b, "10.71.0.2/24");
    let listener = b.tcp_listen("10.71.0.2:9".parse().unwrap()).unwrap();
    let to = listener.local_addr().unwrap();
    let (called, _accepted) = tokio::join!(a.tcp_connect(to), listener.accept());
    let _called = called.unwrap();
    // ARP entries are confirmed and forgotten meanwhile; that is not idle yet.
    tokio::time::sleep(Duration::from_secs(600)).await;
    let before = turns.load(Ordering::SeqCst);
    tokio::time::sleep(Duration::from_secs(3_600)).await;
    let turns = turns.load(Ordering::SeqCst) - before;
    assert!(turns <= 10, "{turns} turns in an idle hour");
}

#[tokio::test]
async fn a_runtime_that_ends_leaves_nobody_waiting() {
    let mut elsewhere = tokio::runtime::Builder::new_multi_thread();
    let elsewhere = elsewhere.worker_threads(1).enable_all().build().unwrap();
    let stack = elsewhere.spawn(async { Stack::builder().build().unwrap() }).await.unwrap();
    let listener = stack.tcp_listen("127.0.0.1:0".parse().unwrap()).unwrap();
    elsewhere.shutdown_background();
    let accepted = timeout(Duration::from_secs(10), listener.accept()).await.unwrap();
    assert_eq!(accepted.unwrap_err().kind(), ErrorKind::NetworkDown);
}

/// A device that counts how often it is looked at, and fails on demand.
struct Watched {
    device: Mem,
    turns: Arc<AtomicUsize>,
    broken: Arc<AtomicBool>,
    #[expect(dead_code, reason = "its drop is what is watched")]
    dropped: Dropped,
}

/// Tells that the device is gone.
#[derive(Default)]
struct Dropped(Arc<AtomicBool>);

impl Watched {
    fn none() -> Self {
        let (device, _) = pair(ethernet());
        let (turns, broken) = (Arc::default(), Arc::default());
        Watched { device, turns, broken, dropped: Dropped::default() }
    }
}

impl Device for Watched {
    fn properties(&self) -> Properties {
        self.device.properties()
    }

    fn receive(&mut self, into: &mut Vec<Received>, budget: usize) -> io::Result<usize> {
        self.turns.fetch_add(1, Ordering::SeqCst);
        if self.broken.load(Ordering::SeqCst) {
            return Err(io::Error::other("the plug was pulled"));
        }
        self.device.receive(into, budget)
    }

    fn room(&mut self) -> usize {
        self.device.room()
    }

    fn transmit(&mut self, frame: Frame) -> io::Result<()> {
        self.device.transmit(frame)
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

/// A device that swallows what it is to send, once it is told to.
struct Mute {
    device: Mem,
    mute: Arc<AtomicBool>,
}

impl Device for Mute {
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
        match self.mute.load(Ordering::SeqCst) {
            true => Ok(()),
            false => self.device.transmit(frame),
        }
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

impl Drop for Dropped {
    fn drop(&mut self) {
        self.0.store(true, Ordering::SeqCst);
    }
}
