//! How does text get into a buffer of tokio's, and out of one?
//!
//! A buffer that is not initialized is not zeroed first: chunks are taken from the host and
//! appended to it.

use super::stream::{Side, TcpStream};
use crate::shared::Inner;
use crate::sockets::Key;
use osier_time::Instant;
use std::io::{self, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

impl TcpStream {
    pub(super) fn poll_read_into(
        &self,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        self.poll_io(cx, Side::Read, |inner, now, key| fill(inner, now, key, buf))
    }

    pub(super) fn poll_write_from(
        &self,
        cx: &mut Context<'_>,
        text: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.poll_io(cx, Side::Write, |inner, _, key| inner.try_write(key, text))
    }

    pub(super) fn poll_write_slices(
        &self,
        cx: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.poll_io(cx, Side::Write, |inner, _, key| inner.try_write_slices(key, slices))
    }

    /// FIN, as far as one can still be sent.
    pub(super) fn half_close(&self) {
        // Whoever has closed already, or was reset, has nothing to close.
        let _ = self.stack.call(|inner, now| inner.try_shutdown(now, self.key));
    }

    pub(super) fn poll_half_close(&self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.poll_io(cx, Side::Write, |inner, now, key| inner.try_shutdown(now, key))
    }
}

/// Fills `buf` with what is there.
fn fill(inner: &mut Inner, now: Instant, key: Key, buf: &mut ReadBuf<'_>) -> io::Result<()> {
    if buf.initialized().len() == buf.capacity() {
        let len = inner.try_read(now, key, buf.initialize_unfilled())?;
        buf.advance(len);
        return Ok(());
    }
    let before = buf.filled().len();
    while buf.remaining() > 0 {
        match inner.try_read_chunk(now, key, buf.remaining()) {
            Ok(Some(chunk)) => buf.put_slice(&chunk),
            Ok(None) => break,
            // The end or the error comes again; `WouldBlock` only says that this was all.
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                if buf.filled().len() == before {
                    return Err(error);
                }
                break;
            }
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

impl AsyncRead for TcpStream {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        self.poll_read_into(cx, buf)
    }
}

impl AsyncWrite for TcpStream {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.poll_write_from(cx, buf)
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.poll_write_slices(cx, bufs)
    }

    fn is_write_vectored(&self) -> bool {
        true
    }

    /// Nothing is held back here: the driver sends what was written as soon as it may.
    fn poll_flush(self: Pin<&mut Self>, _cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    /// FIN: we write no more. The other direction stays open.
    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.poll_half_close(cx)
    }
}
