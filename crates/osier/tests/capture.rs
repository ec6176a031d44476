//! Does a capture say of each frame what the stack made of it?

use osier::device::mem::pair;
use osier::device::{Medium, Properties};
use osier::wire::MacAddr;
use osier::{CaptureStatus, Stack};
use osier_pcap::{Direction, LinkType, Reader};
use std::io::{self, Write};
use std::sync::mpsc;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

/// A file in memory.
#[derive(Clone, Default)]
struct Memory(Arc<Mutex<Vec<u8>>>);

impl Write for Memory {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

struct Line {
    direction: Direction,
    len: usize,
    comment: String,
    ethernet: bool,
}

fn lines(file: &Memory) -> Vec<Line> {
    let bytes = file.0.lock().unwrap().clone();
    let packets = Reader::new(&bytes[..]).unwrap().map(Result::unwrap);
    packets
        .map(|packet| Line {
            direction: packet.direction.unwrap(),
            len: packet.data.len(),
            comment: packet.comments.join(" | "),
            ethernet: packet.link == LinkType::Ethernet,
        })
        .collect()
}

fn captured(file: &Memory) -> (Stack, Stack) {
    let mac = MacAddr([2, 0, 0, 0, 0, 1]);
    let (a, b) = pair(Properties::plain(Medium::Ethernet(mac), 1_500));
    let address = |text: &str| text.parse().unwrap();
    let a = Stack::builder().device(a).address(address("10.71.0.1/24")).seed(1);
    let b = Stack::builder().device(b).address(address("10.71.0.2/24")).seed(2);
    (a.capture_to(file.clone()).build().unwrap(), b.build().unwrap())
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
    accepted.write_all(&[7; 5_000]).await.unwrap();
    drop(accepted);
    called.read_to_end(&mut text).await.unwrap();
    assert_eq!(text.len(), 5_005);
}

#[tokio::test(start_paused = true)]
async fn each_step_of_a_life_is_told_on_its_frame() {
    let file = Memory::default();
    let (a, b) = captured(&file);
    life(&a, &b).await;
    a.shutdown(Duration::from_secs(1)).await;
    let lines = lines(&file);
    let story: Vec<String> = lines
        .iter()
        .filter(|line| !line.comment.is_empty())
        .map(|line| format!("{:?}: {}", line.direction, line.comment))
        .collect();
    let told = |direction: Direction, words: &str| {
        let found = lines
            .iter()
            .filter(|line| line.direction == direction && line.comment.contains(words))
            .count();
        assert_eq!(found, 1, "`{words}` on one {direction:?} frame, of {story:#?}");
    };
    told(Direction::Outbound, "CLOSED -> SYN-SENT: we send a SYN (step 1 of 3)");
    told(Direction::Inbound, "SYN-SENT -> ESTABLISHED: the peer acknowledged our SYN");
    told(Direction::Outbound, "ESTABLISHED -> FIN-WAIT-1: we close first");
    told(Direction::Inbound, "FIN-WAIT-1 -> FIN-WAIT-2");
    told(Direction::Inbound, "FIN-WAIT-2 -> TIME-WAIT");
    assert!(lines.iter().all(|line| line.ethernet), "loopback was silent");
    assert!(lines.iter().all(|line| line.len <= 1_514));
}

#[tokio::test(start_paused = true)]
async fn a_retransmission_is_called_one() {
    let file = Memory::default();
    let (a, _silent) = pair(Properties::plain(Medium::Ip, 1_500));
    let a = Stack::builder().device(a).address("10.71.0.1/24".parse().unwrap()).seed(1);
    let a = a.capture_to(file.clone()).build().unwrap();
    let to = "10.71.0.2:80".parse().unwrap();
    let attempt = tokio::time::timeout(Duration::from_secs(8), a.tcp_connect(to)).await;
    assert!(attempt.is_err());
    a.shutdown(Duration::ZERO).await;
    let lines = lines(&file);
    let again = lines.iter().filter(|l| l.comment.contains("retransmission: no answer to our SYN"));
    assert_eq!(again.count(), 3, "after 1, 3 and 7 seconds");
    assert_eq!(lines.len(), 4);
}

#[tokio::test(start_paused = true)]
async fn a_frame_over_loopback_is_written_once_with_what_both_ends_made_of_it() {
    let file = Memory::default();
    let stack = Stack::builder().seed(1).capture_to(file.clone()).build().unwrap();
    let listener = stack.tcp_listen("127.0.0.1:80".parse().unwrap()).unwrap();
    let to = listener.local_addr().unwrap();
    let (called, accepted) = tokio::join!(stack.tcp_connect(to), listener.accept());
    let (mut called, mut accepted) = (called.unwrap(), accepted.unwrap().0);
    called.write_all(&vec![7; 40_000]).await.unwrap();
    accepted.read_exact(&mut vec![0; 40_000]).await.unwrap();
    stack.shutdown(Duration::ZERO).await;
    let lines = lines(&file);
    assert!(!lines[0].ethernet);
    assert!(lines[0].comment.contains("we send a SYN"), "{}", lines[0].comment);
    assert!(lines[0].comment.contains("LISTEN -> SYN-RECEIVED"), "{}", lines[0].comment);
}

#[tokio::test(start_paused = true)]
async fn a_full_disk_ends_the_capture_and_not_the_traffic() {
    struct FullDisk(usize);
    impl Write for FullDisk {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0 += bytes.len();
            if self.0 > 1_000 { Err(io::ErrorKind::StorageFull.into()) } else { Ok(bytes.len()) }
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }
    let (a, b) = pair(Properties::plain(Medium::Ip, 1_500));
    let (warning, warned) = mpsc::channel();
    let a = Stack::builder()
        .device(a)
        .address("10.71.0.1/24".parse().unwrap())
        .capture_to(FullDisk(0))
        .on_capture_stopped(move |error| warning.send(error.kind()).unwrap())
        .build()
        .unwrap();
    let b = Stack::builder().device(b).address("10.71.0.2/24".parse().unwrap()).build().unwrap();
    assert_eq!(a.capture_status(), CaptureStatus::Writing);
    for _ in 0..20 {
        life(&a, &b).await;
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
    assert_eq!(warned.try_iter().collect::<Vec<_>>(), [io::ErrorKind::StorageFull]);
    assert!(matches!(a.capture_status(), CaptureStatus::Stopped(_)));
}

#[tokio::test]
async fn a_capture_that_cannot_be_created_says_where() {
    let error = Stack::builder().capture("/nowhere/at/all.pcapng").build().unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::NotFound);
    assert!(error.to_string().contains("/nowhere/at/all.pcapng"), "{error}");
}
