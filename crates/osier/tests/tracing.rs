//! Is every decision an event? (feature `tracing`)
#![cfg(feature = "tracing")]

use osier::device::mem::pair;
use osier::device::{Medium, Properties};
use osier::wire::MacAddr;
use osier::{CaptureStatus, Stack};
use osier_pcap::Reader;
use std::fmt::Debug;
use std::io::{self, ErrorKind, Write};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::subscriber::set_default;
use tracing::{Event, Level, Metadata, Subscriber};

/// An event as the subscriber saw it.
#[derive(Clone, Debug, Default)]
struct Told {
    target: &'static str,
    level: Option<Level>,
    message: String,
    reason: String,
    local: Option<String>,
    remote: Option<String>,
}

impl Visit for Told {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        let text = format!("{value:?}");
        match field.name() {
            "message" => self.message = text,
            "reason" => self.reason = text.trim_matches('"').to_owned(),
            "local" => self.local = Some(text),
            "remote" => self.remote = Some(text),
            other => panic!("nobody spoke of a field `{other}`"),
        }
    }
}

/// Keeps the events of targets that begin with a word, up to a level.
#[derive(Clone)]
struct Ear {
    target: &'static str,
    level: Level,
    told: Arc<Mutex<Vec<Told>>>,
}

impl Ear {
    fn for_all_of(target: &'static str, level: Level) -> Self {
        Ear { target, level, told: Arc::default() }
    }

    fn told(&self) -> Vec<Told> {
        self.told.lock().unwrap().clone()
    }

    /// The only event of that reason with that local end.
    fn only(&self, reason: &str, local: &str) -> Told {
        let here = |told: &&Told| told.local.as_deref().is_some_and(|at| at.starts_with(local));
        let told = self.told();
        let found: Vec<&Told> =
            told.iter().filter(|told| told.reason == reason).filter(here).collect();
        assert_eq!(found.len(), 1, "{reason} at {local}: {found:#?}, of {told:#?}");
        found[0].clone()
    }
}

impl Subscriber for Ear {
    fn enabled(&self, about: &Metadata<'_>) -> bool {
        about.target().starts_with(self.target) && *about.level() <= self.level
    }

    fn new_span(&self, _: &Attributes<'_>) -> Id {
        Id::from_u64(1)
    }

    fn record(&self, _: &Id, _: &Record<'_>) {}

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn event(&self, event: &Event<'_>) {
        let about = event.metadata();
        let mut told =
            Told { target: about.target(), level: Some(*about.level()), ..Told::default() };
        event.record(&mut told);
        self.told.lock().unwrap().push(told);
    }

    fn enter(&self, _: &Id) {}

    fn exit(&self, _: &Id) {}
}

/// A file in memory, which may be full.
#[derive(Clone, Default)]
struct Memory(Arc<Mutex<Vec<u8>>>, Arc<AtomicBool>);

impl Write for Memory {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.1.load(Ordering::Relaxed) {
            return Err(ErrorKind::StorageFull.into());
        }
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// `10.71.0.1`, which writes a capture if there is a file, and `10.71.0.2`.
fn stacks(file: Option<Memory>) -> (Stack, Stack) {
    let mac = MacAddr([2, 0, 0, 0, 0, 1]);
    let (a, b) = pair(Properties::plain(Medium::Ethernet(mac), 1_500));
    let address = |text: &str| text.parse().unwrap();
    let a = Stack::builder().device(a).address(address("10.71.0.1/24")).seed(1);
    let b = Stack::builder().device(b).address(address("10.71.0.2/24")).seed(2);
    let a = match file {
        Some(file) => a.capture_to(file),
        None => a,
    };
    (a.build().unwrap(), b.build().unwrap())
}

/// A whole life of a connection that `a` opens and closes first.
async fn life(a: &Stack, b: &Stack) {
    let listener = b.tcp_listen("10.71.0.2:80".parse().unwrap()).unwrap();
    let to = listener.local_addr().unwrap();
    let (called, accepted) = tokio::join!(a.tcp_connect(to), listener.accept());
    let (mut called, (mut accepted, _)) = (called.unwrap(), accepted.unwrap());
    called.write_all(b"GET /").await.unwrap();
    called.shutdown().await.unwrap();
    let mut text = Vec::new();
    accepted.read_to_end(&mut text).await.unwrap();
    drop(accepted);
    called.read_to_end(&mut text).await.unwrap();
    tokio::time::sleep(Duration::from_secs(1)).await;
}

#[tokio::test(start_paused = true)]
async fn the_life_of_a_connection_is_told_with_both_its_ends() {
    let ear = Ear::for_all_of("osier", Level::INFO);
    let _listening = set_default(ear.clone());
    let (a, b) = stacks(None);
    life(&a, &b).await;
    let told = ear.told();
    let of = |local: &str| -> Vec<String> {
        let here = |told: &&Told| told.local.as_deref().is_some_and(|at| at.starts_with(local));
        let moves = told.iter().filter(here).filter(|told| told.reason == "state_changes");
        moves.map(|told| told.message.split(": ").next().unwrap().to_owned()).collect()
    };
    let caller = [
        "CLOSED -> SYN-SENT",
        "SYN-SENT -> ESTABLISHED",
        "ESTABLISHED -> FIN-WAIT-1",
        "FIN-WAIT-1 -> FIN-WAIT-2",
        "FIN-WAIT-2 -> TIME-WAIT",
    ];
    assert_eq!(of("10.71.0.1:"), caller);
    // That it went from LISTEN to SYN-RECEIVED is of a lower level: a SYN may be forged.
    let called = [
        "SYN-RECEIVED -> ESTABLISHED",
        "ESTABLISHED -> CLOSE-WAIT",
        "CLOSE-WAIT -> LAST-ACK",
        "LAST-ACK -> CLOSED",
    ];
    assert_eq!(of("10.71.0.2:80"), called);
    for told in told {
        assert_eq!((told.target, told.level), ("osier::tcp", Some(Level::INFO)), "{told:?}");
        assert!([told.local, told.remote].contains(&Some("10.71.0.2:80".to_owned())));
    }
}

#[tokio::test(start_paused = true)]
async fn each_layer_has_its_target_and_a_drop_is_quieter_than_a_refusal() {
    let ear = Ear::for_all_of("osier", Level::TRACE);
    let _listening = set_default(ear.clone());
    let (a, b) = stacks(None);
    let refused = a.tcp_connect("10.71.0.2:9".parse().unwrap()).await.unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::ConnectionRefused);
    let socket = a.udp_bind("10.71.0.1:7".parse().unwrap()).unwrap();
    socket.send_to(b"willow", "10.71.0.2:53").await.unwrap();
    tokio::time::sleep(Duration::from_secs(1)).await;

    let refusal = ear.only("refused", "10.71.0.1:");
    assert_eq!((refusal.target, refusal.level), ("osier::tcp", Some(Level::WARN)));
    assert_eq!(refusal.message, "the peer refused the connection");
    assert_eq!(refusal.remote.as_deref(), Some("10.71.0.2:9"));
    let stray = ear.only("stray_resets", "10.71.0.2:9");
    assert_eq!((stray.target, stray.level), ("osier::tcp", Some(Level::DEBUG)));
    let closed = ear.only("udp_no_socket", "10.71.0.2:53");
    assert_eq!((closed.target, closed.level), ("osier::host", Some(Level::DEBUG)));
    assert_eq!(closed.message, "no UDP socket at port 53: port unreachable");
    let asked = ear.told().into_iter().find(|told| told.reason == "neighbours_asked").unwrap();
    assert_eq!((asked.target, asked.level), ("osier::ip", Some(Level::TRACE)));
    let answered = ear.told().into_iter().find(|told| told.reason == "neighbours_answered");
    assert_eq!(answered.unwrap().local, None, "ARP has no flow");
    drop(b);
}

#[tokio::test(start_paused = true)]
async fn every_decision_is_told_once_as_often_as_it_was_counted() {
    let ear = Ear::for_all_of("osier::", Level::TRACE);
    let _listening = set_default(ear.clone());
    let stack = Stack::builder().build().unwrap();
    let listener = stack.tcp_listen("127.0.0.1:80".parse().unwrap()).unwrap();
    let to = listener.local_addr().unwrap();
    let (called, accepted) = tokio::join!(stack.tcp_connect(to), listener.accept());
    drop((called.unwrap(), accepted.unwrap()));
    let refused = stack.tcp_connect("127.0.0.1:9".parse().unwrap()).await;
    assert!(refused.is_err());
    tokio::time::sleep(Duration::from_secs(100)).await;
    let told = ear.told();
    assert!(told.len() > 5, "{told:#?}");
    for (counter, count) in stack.counters() {
        let events = told.iter().filter(|told| told.reason == counter).count();
        assert_eq!(events as u64, count, "{counter}");
    }
}

#[tokio::test(start_paused = true)]
async fn what_a_capture_says_the_events_say_too() {
    let file = Memory::default();
    let ear = Ear::for_all_of("osier::", Level::TRACE);
    let _listening = set_default(ear.clone());
    let (a, b) = stacks(Some(file.clone()));
    life(&a, &b).await;
    a.shutdown(Duration::ZERO).await;
    let bytes = file.0.lock().unwrap().clone();
    let packets = Reader::new(&bytes[..]).unwrap().map(Result::unwrap);
    let comments: Vec<String> = packets.flat_map(|packet| packet.comments).collect();
    let said: Vec<&str> = comments.iter().flat_map(|comment| comment.split("; ")).collect();
    assert!(said.iter().any(|words| words.starts_with("SYN-SENT -> ESTABLISHED")), "{said:#?}");
    let told = ear.told();
    for words in said {
        assert!(told.iter().any(|told| told.message == words), "`{words}`: {told:#?}");
    }
}

#[tokio::test(start_paused = true)]
async fn who_begins_to_listen_hears_what_comes_and_a_capture_outlives_who_ceases() {
    let file = Memory::default();
    let (a, b) = stacks(Some(file.clone()));
    life(&a, &b).await;
    let ear = Ear::for_all_of("osier::", Level::TRACE);
    let listening = set_default(ear.clone());
    life(&a, &b).await;
    assert!(ear.told().iter().any(|told| told.message.starts_with("SYN-SENT -> ESTABLISHED")));
    drop(listening);
    let heard = ear.told().len();
    life(&a, &b).await;
    assert_eq!(ear.told().len(), heard);
    a.shutdown(Duration::ZERO).await;
    let bytes = file.0.lock().unwrap().clone();
    let packets = Reader::new(&bytes[..]).unwrap().map(Result::unwrap);
    let comments = packets.flat_map(|packet| packet.comments);
    let opened = comments.filter(|comment| comment.contains("SYN-SENT -> ESTABLISHED"));
    assert_eq!(opened.count(), 3, "once for each life");
}

#[tokio::test(start_paused = true)]
async fn a_capture_that_ends_for_want_of_room_does_not_end_the_events() {
    let file = Memory::default();
    let ear = Ear::for_all_of("osier::tcp", Level::INFO);
    let _listening = set_default(ear.clone());
    let (a, b) = stacks(Some(file.clone()));
    file.1.store(true, Ordering::Relaxed);
    life(&a, &b).await;
    assert!(matches!(a.capture_status(), CaptureStatus::Stopped(_)));
    let before = ear.told().len();
    life(&a, &b).await;
    let later = &ear.told()[before..];
    let here = |told: &&Told| told.local.as_deref().is_some_and(|at| at.starts_with("10.71.0.1:"));
    assert_eq!(later.iter().filter(here).count(), 5, "{later:#?}");
}
