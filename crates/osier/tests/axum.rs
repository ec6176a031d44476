//! Does `axum::serve` work on a listener of ours? (feature `axum`)
#![cfg(feature = "axum")]

use axum::Router;
use axum::extract::ConnectInfo;
use axum::routing::{get, post};
use osier::{Stack, StreamHandle};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::sync::oneshot;

async fn request(stack: &Stack, text: &str) -> String {
    let mut stream = stack.tcp_connect("127.0.0.1:80".parse().unwrap()).await.unwrap();
    stream.write_all(text.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    answer
}

#[tokio::test]
async fn requests_are_served_and_see_their_own_connection() {
    let stack = Stack::builder().build().unwrap();
    let listener = stack.tcp_listen("127.0.0.1:80".parse().unwrap()).unwrap();
    let look = |ConnectInfo(stream): ConnectInfo<StreamHandle>| async move {
        let info = stream.info().expect("it is open");
        format!("{} {}", info.state.unwrap(), stream.peer_addr())
    };
    let app = Router::new()
        .route("/", get(look))
        .route("/len", post(|body: axum::body::Bytes| async move { body.len().to_string() }));
    let (stop, stopped) = oneshot::channel::<()>();
    let service = app.into_make_service_with_connect_info::<StreamHandle>();
    let serve = axum::serve(listener, service).with_graceful_shutdown(async {
        let _ = stopped.await;
    });
    let serving = tokio::spawn(async move { serve.await });

    let answer = request(&stack, "GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").await;
    assert!(answer.starts_with("HTTP/1.1 200 OK"), "{answer}");
    assert!(answer.contains("ESTABLISHED 127.0.0.1:"), "{answer}");
    let body = "w".repeat(300_000);
    let post = format!(
        "POST /len HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    );
    let answer = request(&stack, &post).await;
    assert!(answer.ends_with("\r\n\r\n300000"), "{answer}");
    stop.send(()).unwrap();
    serving.await.unwrap().unwrap();
}
