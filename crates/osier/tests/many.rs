//! Do thousands of connections live side by side?

use osier::{Stack, TcpStream};
use std::collections::HashSet;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

const CONNECTIONS: u32 = 5_000;

#[tokio::test(start_paused = true)]
async fn thousands_of_connections_each_echo_their_own_number() {
    let stack = Stack::builder().seed(5).build().unwrap();
    let listener = stack.tcp_listen("127.0.0.1:7".parse().unwrap()).unwrap();
    let to = listener.local_addr().unwrap();
    let serve = tokio::spawn(async move {
        let mut echoes = Vec::new();
        for _ in 0..CONNECTIONS {
            let (mut stream, _) = listener.accept().await.unwrap();
            echoes.push(tokio::spawn(async move {
                let (mut read, mut write) = stream.split();
                tokio::io::copy(&mut read, &mut write).await.unwrap()
            }));
        }
        let mut octets = 0;
        for echo in echoes {
            octets += echo.await.unwrap();
        }
        octets
    });
    let mut calls = Vec::new();
    for number in 0..CONNECTIONS {
        let stack = stack.clone();
        calls.push(tokio::spawn(async move {
            let mut stream = stack.tcp_connect(to).await.unwrap();
            stream.write_all(&number.to_be_bytes()).await.unwrap();
            let mut back = [0; 4];
            stream.read_exact(&mut back).await.unwrap();
            (u32::from_be_bytes(back), stream)
        }));
    }
    let mut streams = Vec::new();
    for (number, call) in (0..).zip(calls) {
        let (back, stream) = call.await.unwrap();
        assert_eq!(back, number);
        streams.push(stream);
    }
    let ports: HashSet<u16> =
        streams.iter().map(|stream| stream.local_addr().unwrap().port()).collect();
    assert_eq!(ports.len(), CONNECTIONS as usize);
    drop(streams);
    assert_eq!(serve.await.unwrap(), u64::from(CONNECTIONS) * 4);
}

/// A wake that is lost shows as a hang.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn no_wake_is_lost_between_threads() {
    let stack = Stack::builder().seed(6).build().unwrap();
    let listener = stack.tcp_listen("[::1]:7".parse().unwrap()).unwrap();
    let to = listener.local_addr().unwrap();
    let serve = tokio::spawn(async move {
        loop {
            let (stream, _) = listener.accept().await.unwrap();
            tokio::spawn(async move {
                let (mut read, mut write) = stream.into_split();
                tokio::io::copy(&mut read, &mut write).await.unwrap();
            });
        }
    });
    let talks: Vec<_> = (0..32)
        .map(|_| {
            let stack = stack.clone();
            tokio::spawn(async move { talk(stack.tcp_connect(to).await.unwrap()).await })
        })
        .collect();
    for talk in talks {
        tokio::time::timeout(Duration::from_secs(60), talk).await.unwrap().unwrap();
    }
    serve.abort();
}

/// Texts of many lengths, each answered before the next.
async fn talk(mut stream: TcpStream) {
    stream.set_nodelay(true).unwrap();
    for round in 0..100_usize {
        let text = vec![round as u8; 1 + round * 137 % 5_000];
        stream.write_all(&text).await.unwrap();
        let mut back = vec![0; text.len()];
        stream.read_exact(&mut back).await.unwrap();
        assert!(back == text);
    }
}
