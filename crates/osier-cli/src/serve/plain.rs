//! What are echo and discard? (RFC 862, RFC 863)
//!
//! Over TCP echo sends back what it receives until the peer closes, and discard throws it away.
//! Over UDP each datagram is answered or not. Text passes without being copied.

use osier::{TcpListener, TcpStream, UdpSocket};
use std::io;
use tokio::io::AsyncWriteExt;

/// The most text that is taken at once.
const CHUNK: usize = 256 * 1024;

/// The longest datagram.
const DATAGRAM: usize = 65_535;

pub(super) async fn echo(listener: TcpListener) {
    while let Ok((stream, _)) = listener.accept().await {
        // A connection that breaks off concerns nobody but its peer.
        tokio::spawn(async { drop(echo_one(stream).await) });
    }
}

/// Reads no further than it can write: a peer that does not take its echo is not heard either.
async fn echo_one(mut stream: TcpStream) -> io::Result<()> {
    while let Some(mut chunk) = stream.read_chunk(CHUNK).await? {
        stream.write_chunk(&mut chunk).await?;
    }
    stream.shutdown().await
}

pub(super) async fn discard(listener: TcpListener) {
    while let Ok((stream, _)) = listener.accept().await {
        tokio::spawn(async { drop(discard_one(stream).await) });
    }
}

async fn discard_one(mut stream: TcpStream) -> io::Result<()> {
    while stream.read_chunk(CHUNK).await?.is_some() {}
    stream.shutdown().await
}

pub(super) async fn echo_datagrams(socket: UdpSocket) {
    let here = socket.local_addr().map_or(0, |at| at.port());
    let mut datagram = vec![0; DATAGRAM];
    while let Ok((len, from)) = socket.recv_from(&mut datagram).await {
        // Two echo services that are set on each other would never come to rest.
        if from.port() != here {
            // Lost, as any datagram may be.
            let _ = socket.send_to(&datagram[..len], from).await;
        }
    }
}

pub(super) async fn discard_datagrams(socket: UdpSocket) {
    let mut datagram = vec![0; DATAGRAM];
    while socket.recv_from(&mut datagram).await.is_ok() {}
}
