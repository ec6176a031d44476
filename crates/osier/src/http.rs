//! How does `axum::serve` take a listener of osier? (feature `axum`)

use crate::tcp::{StreamHandle, TcpListener, TcpStream};
use axum::extract::connect_info::Connected;
use axum::serve::{IncomingStream, Listener};
use std::future::pending;
use std::io;
use std::net::SocketAddr;

/// ```no_run
/// # async fn serve(stack: osier::Stack) -> std::io::Result<()> {
/// let listener = stack.tcp_listen("10.71.0.2:80".parse().unwrap())?;
/// let app = axum::Router::new().route("/", axum::routing::get(|| async { "willow" }));
/// axum::serve(listener, app).await
/// # }
/// ```
impl Listener for TcpListener {
    type Io = TcpStream;
    type Addr = SocketAddr;

    /// Never returns once the stack has ended: no connection will come. Ask
    /// [`Stack::closed`](crate::Stack::closed) when to stop serving.
    async fn accept(&mut self) -> (TcpStream, SocketAddr) {
        match TcpListener::accept(self).await {
            Ok(accepted) => accepted,
            Err(_) => pending().await,
        }
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        TcpListener::local_addr(self)
    }
}

/// Lets a request look at its own connection: `ConnectInfo<StreamHandle>`.
impl Connected<IncomingStream<'_, TcpListener>> for StreamHandle {
    fn connect_info(stream: IncomingStream<'_, TcpListener>) -> Self {
        stream.io().handle()
    }
}
