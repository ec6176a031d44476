//! Do thousands of connections live side by side?

use osier::Stack;
use std::collections::HashSet;
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
