//! How are both directions of a connection used by two tasks?
//!
//! Owned halves, as `tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf}`. The connection is released
//! when both are gone.

use super::stream::TcpStream;
use bytes::Bytes;
use std::error::Error;
use std::fmt;
use std::io::{self, IoSlice, IoSliceMut};
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use tokio::io::{AsyncRead, AsyncWrite, Interest, ReadBuf, Ready};

/// The reading half of a [`TcpStream`], by [`TcpStream::into_split`].
#[derive(Debug)]
pub struct OwnedReadHalf(Arc<TcpStream>);

/// The writing half of a [`TcpStream`], by [`TcpStream::into_split`]. Dropping it sends FIN.
#[derive(Debug)]
pub struct OwnedWriteHalf(Arc<TcpStream>, OnDrop);

/// What dropping the writing half does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum OnDrop {
    Shutdown,
    Nothing,
}

pub(super) fn split_owned(stream: TcpStream) -> (OwnedReadHalf, OwnedWriteHalf) {
    let stream = Arc::new(stream);
    (OwnedReadHalf(stream.clone()), OwnedWriteHalf(stream, OnDrop::Shutdown))
}

impl OwnedReadHalf {
    /// Puts both halves together again.
    ///
    /// # Errors
    /// They are of two connections; both come back in the error.
    pub fn reunite(self, other: OwnedWriteHalf) -> Result<TcpStream, ReuniteError> {
        reunite(self, other)
    }
}

impl OwnedWriteHalf {
    /// Puts both halves together again.
    ///
    /// # Errors
    /// They are of two connections; both come back in the error.
    pub fn reunite(self, other: OwnedReadHalf) -> Result<TcpStream, ReuniteError> {
        reunite(other, self)
    }

    /// Drops the half without sending FIN.
    pub fn forget(mut self) {
        self.1 = OnDrop::Nothing;
    }
}

impl Drop for OwnedWriteHalf {
    fn drop(&mut self) {
        if self.1 == OnDrop::Shutdown {
            self.0.half_close();
        }
    }
}

halves! { [] OwnedReadHalf, OwnedWriteHalf }

fn reunite(read: OwnedReadHalf, write: OwnedWriteHalf) -> Result<TcpStream, ReuniteError> {
    if !Arc::ptr_eq(&read.0, &write.0) {
        return Err(ReuniteError(read, write));
    }
    write.forget();
    // Both halves were here and nobody else can have one.
    Ok(Arc::into_inner(read.0).expect("two halves make one stream"))
}

/// The halves that were to be put together are of two connections.
#[derive(Debug)]
pub struct ReuniteError(pub OwnedReadHalf, pub OwnedWriteHalf);

impl fmt::Display for ReuniteError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the two halves are not of the same connection")
    }
}

impl Error for ReuniteError {}
