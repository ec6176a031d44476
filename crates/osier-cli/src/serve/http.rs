//! What does HTTP give here?
//!
//! `/` a page about this very connection; `/bytes/N` N bytes of a pattern (`serve/pattern.rs`);
//! `POST /sha256` the hash of what was uploaded, of any size and never held in memory.

use super::page;
use super::pattern::Pattern;
use axum::body::{Body, HttpBody};
use axum::extract::{ConnectInfo, Path};
use axum::http::header::{ACCEPT, CONTENT_TYPE};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Router, serve as serve_on};
use osier::{StreamHandle, TcpListener};
use sha2::{Digest, Sha256};
use std::fmt::Write as _;
use std::future::{Future, poll_fn};
use std::pin::Pin;

/// Serves until `stopped`, and then what is being answered.
pub(super) async fn serve(
    listener: TcpListener,
    stopped: impl Future<Output = ()> + Send + 'static,
) {
    let app = Router::new()
        .route("/", get(about))
        .route("/bytes/{count}", get(bytes))
        .route("/sha256", post(sha256))
        .fallback(nothing);
    let app = app.into_make_service_with_connect_info::<StreamHandle>();
    // It cannot fail: accept waits until there is a connection.
    let _ = serve_on(listener, app).with_graceful_shutdown(stopped).await;
}

/// For people with a browser in HTML, for those with curl in plain text.
async fn about(ConnectInfo(stream): ConnectInfo<StreamHandle>, headers: HeaderMap) -> Response {
    let lines = page::lines(&stream);
    let wanted = headers.get(ACCEPT).and_then(|value| value.to_str().ok()).unwrap_or_default();
    if wanted.contains("text/html") {
        ([(CONTENT_TYPE, "text/html; charset=utf-8")], page::html(&lines)).into_response()
    } else {
        ([(CONTENT_TYPE, "text/plain; charset=utf-8")], page::text(&lines)).into_response()
    }
}

async fn bytes(Path(count): Path<String>) -> Response {
    match count.parse::<u64>() {
        Ok(count) => {
            let kind = [(CONTENT_TYPE, "application/octet-stream")];
            (kind, Body::new(Pattern::of(count))).into_response()
        }
        Err(_) => {
            let text = format!("`{count}` is no number of bytes: try /bytes/1000000\n");
            (StatusCode::BAD_REQUEST, text).into_response()
        }
    }
}

async fn sha256(mut body: Body) -> Response {
    let mut hash = Sha256::new();
    while let Some(frame) = poll_fn(|cx| Pin::new(&mut body).poll_frame(cx)).await {
        match frame.map(http_body::Frame::into_data) {
            Ok(Ok(data)) => hash.update(&data),
            // Trailers.
            Ok(Err(_)) => {}
            Err(error) => {
                let text = format!("the upload broke off: {error}\n");
                return (StatusCode::BAD_REQUEST, text).into_response();
            }
        }
    }
    let mut text = hash.finalize().iter().fold(String::new(), |mut text, octet| {
        // Writing to a String cannot fail.
        let _ = write!(text, "{octet:02x}");
        text
    });
    text.push('\n');
    text.into_response()
}

async fn nothing() -> Response {
    let text = "nothing here: there are /, /bytes/N and POST /sha256\n";
    (StatusCode::NOT_FOUND, text).into_response()
}
