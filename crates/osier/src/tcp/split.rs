//! How are both directions of a connection used at once by one task?
//!
//! Borrowed halves, as `tokio::net::tcp::{ReadHalf, WriteHalf}`: no allocation, no lock beyond the
//! stack's. Neither closes anything when dropped.

use super::stream::TcpStream;
use bytes::Bytes;
use std::io::{self, IoSlice, IoSliceMut};
use std::net::SocketAddr;
use std::pin::Pin;
use std::task::{Context, Poll};
use tokio::io::{AsyncRead, AsyncWrite, Interest, ReadBuf, Ready};

/// The reading half of a borrowed [`TcpStream`], by [`TcpStream::split`].
#[derive(Debug)]
pub struct ReadHalf<'a>(&'a TcpStream);

/// The writing half of a borrowed [`TcpStream`], by [`TcpStream::split`].
#[derive(Debug)]
pub struct WriteHalf<'a>(&'a TcpStream);

pub(super) fn split(stream: &mut TcpStream) -> (ReadHalf<'_>, WriteHalf<'_>) {
    (ReadHalf(stream), WriteHalf(stream))
}

halves! { ['a] ReadHalf<'a>, WriteHalf<'a> }
