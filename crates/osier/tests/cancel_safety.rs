//! Is nothing lost when a future is dropped, as a `select!` does?

use bytes::Bytes;
use osier::{Stack, TcpListener, TcpStream, UdpSocket};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::time::timeout;

async fn pair(stack: &Stack) -> (TcpStream, TcpStream) {
    let listener: TcpListener = stack.tcp_listen("127.0.0.1:0".parse().unwrap()).unwrap();
    let to = listener.local_addr().unwrap();
    let (called, accepted) = tokio::join!(stack.tcp_connect(to), listener.accept());
    (called.unwrap(), accepted.unwrap().0)
}

fn stack() -> Stack {
    Stack::builder().seed(3).build().unwrap()
}

#[tokio::test(start_paused = true)]
async fn reads_that_lose_a_race_lose_no_text() {
    let (ours, theirs) = pair(&stack()).await;
    let write = async {
        for n in 0..200_u32 {
            tokio::time::sleep(Duration::from_millis(u64::from(n % 7))).await;
            let mut number = Bytes::copy_from_slice(&n.to_be_bytes());
            ours.write_chunk(&mut number).await.unwrap();
        }
        drop(ours);
    };
    let read = async {
        let (mut text, mut given_up) = (Vec::new(), 0);
        loop {
            tokio::select! {
                biased;
                () = tokio::time::sleep(Duration::from_millis(2)) => given_up += 1,
                chunk = theirs.read_chunk(3) => match chunk.unwrap() {
                    Some(chunk) => text.extend(chunk),
                    None => break (text, given_up),
                },
            }
        }
    };
    let ((), (text, given_up)) = tokio::join!(write, read);
    assert!(given_up > 50, "{given_up} reads were given up");
    let numbers: Vec<u32> =
        text.chunks(4).map(|c| u32::from_be_bytes(c.try_into().unwrap())).collect();
    assert_eq!(numbers, (0..200).collect::<Vec<_>>());
}

#[tokio::test(start_paused = true)]
async fn writes_that_lose_a_race_write_nothing_twice() {
    let (ours, mut theirs) = pair(&stack()).await;
    let mut left: Vec<Bytes> = (0..64_u8).map(|n| Bytes::from(vec![n; 100_000])).collect();
    let write = async {
        while left.iter().any(|chunk| !chunk.is_empty()) {
            let _ = timeout(Duration::from_micros(300), ours.write_chunks(&mut left)).await;
        }
        drop(ours);
    };
    let read = async {
        let (mut text, mut buf) = (Vec::new(), vec![0; 10_000]);
        loop {
            tokio::time::sleep(Duration::from_millis(1)).await;
            match theirs.read(&mut buf).await.unwrap() {
                0 => break text,
                len => text.extend_from_slice(&buf[..len]),
            }
        }
    };
    let ((), text) = tokio::join!(write, read);
    let wanted: Vec<u8> = (0..64_u8).flat_map(|n| vec![n; 100_000]).collect();
    assert!(text == wanted, "{} octets arrived", text.len());
}

#[tokio::test(start_paused = true)]
async fn a_dropped_peek_or_readiness_leaves_the_text() {
    let (mut ours, mut theirs) = pair(&stack()).await;
    let mut buf = [0; 8];
    assert!(timeout(Duration::from_millis(1), theirs.peek(&mut buf)).await.is_err());
    assert!(timeout(Duration::from_millis(1), theirs.readable()).await.is_err());
    ours.write_all(b"willow").await.unwrap();
    theirs.readable().await.unwrap();
    assert_eq!(theirs.read(&mut buf).await.unwrap(), 6);
}

#[tokio::test(start_paused = true)]
async fn all_tasks_that_wait_for_the_same_text_look() {
    let (mut ours, theirs) = pair(&stack()).await;
    let theirs = std::sync::Arc::new(theirs);
    let tasks: Vec<_> = (0..100)
        .map(|_| {
            let theirs = theirs.clone();
            tokio::spawn(async move { theirs.readable().await })
        })
        .collect();
    tokio::time::sleep(Duration::from_millis(1)).await;
    ours.write_all(b"willow").await.unwrap();
    for task in tasks {
        timeout(Duration::from_secs(1), task).await.unwrap().unwrap().unwrap();
    }
}

#[tokio::test(start_paused = true)]
async fn a_dropped_receive_loses_no_datagram() {
    let stack = stack();
    let a: UdpSocket = stack.udp_bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let b = stack.udp_bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let mut buf = [0; 8];
    assert!(timeout(Duration::from_millis(1), b.recv_from(&mut buf)).await.is_err());
    a.send_to(b"one", b.local_addr().unwrap()).await.unwrap();
    tokio::time::sleep(Duration::from_millis(1)).await;
    assert_eq!(b.recv_from(&mut buf).await.unwrap().0, 3);
}
