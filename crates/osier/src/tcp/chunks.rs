//! How does text pass without being copied?
//!
//! As [`Bytes`]: received text is a slice of the frame it came in, and written chunks are handed
//! to the device as they are. These are the host's own doors; the slice forms copy.

use super::stream::{Side, TcpStream};
use bytes::Bytes;
use std::io;

impl TcpStream {
    /// Takes up to `max` bytes of text as they lie in memory: often the text of one frame. `None`
    /// is the end.
    ///
    /// # Errors
    /// Those of a read: `ConnectionReset`, `TimedOut`; `NetworkDown` where the stack has ended.
    ///
    /// # Cancel safety
    /// Text is taken only when the future is ready: if another branch of a `select!` wins, none
    /// is lost.
    pub async fn read_chunk(&self, max: usize) -> io::Result<Option<Bytes>> {
        self.wait_io(Side::Read, |inner, now, key| inner.try_read_chunk(now, key, max)).await
    }

    /// As [`TcpStream::read_chunk`], without waiting.
    ///
    /// # Errors
    /// `WouldBlock` where there is no text; else as [`TcpStream::read_chunk`].
    pub fn try_read_chunk(&self, max: usize) -> io::Result<Option<Bytes>> {
        self.stack.call(|inner, now| inner.try_read_chunk(now, self.key, max))
    }

    /// Queues all of `chunk` without a copy, waiting for room.
    ///
    /// # Errors
    /// Those of a write: `ConnectionReset`, `BrokenPipe`, `TimedOut`; `NetworkDown` where the
    /// stack has ended.
    ///
    /// # Cancel safety
    /// What was queued is taken off the front of `chunk`: call it again with the rest.
    pub async fn write_chunk(&self, chunk: &mut Bytes) -> io::Result<()> {
        while !chunk.is_empty() {
            self.write_chunks(std::slice::from_mut(chunk)).await?;
        }
        Ok(())
    }

    /// Queues what fits of `chunks` without a copy and says how many bytes that was; at least one,
    /// unless all are empty. What is queued is taken off their front: the first ones become
    /// empty.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> std::io::Result<()> {
    /// # let stack = osier::Stack::builder().build()?;
    /// # let listener = stack.tcp_listen("127.0.0.1:7".parse().unwrap())?;
    /// # let to = listener.local_addr()?;
    /// # let (accepted, stream) = tokio::join!(listener.accept(), stack.tcp_connect(to));
    /// # let (theirs, stream) = (accepted?.0, stream?);
    /// use bytes::Bytes;
    ///
    /// let mut chunks = [Bytes::from_static(b"wil"), Bytes::from_static(b"low")];
    /// while chunks.iter().any(|chunk| !chunk.is_empty()) {
    ///     stream.write_chunks(&mut chunks).await?;
    /// }
    /// # drop(stream);
    /// # let mut text = Vec::new();
    /// # while let Some(chunk) = theirs.read_chunk(usize::MAX).await? { text.extend(chunk) }
    /// # assert_eq!(text, b"willow");
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// As [`TcpStream::write_chunk`].
    ///
    /// # Cancel safety
    /// Chunks are taken only when the future is ready: if another branch of a `select!` wins,
    /// nothing was queued.
    pub async fn write_chunks(&self, chunks: &mut [Bytes]) -> io::Result<usize> {
        self.wait_io(Side::Write, |inner, _, key| inner.try_write_chunks(key, chunks)).await
    }

    /// As [`TcpStream::write_chunks`], without waiting.
    ///
    /// # Errors
    /// `WouldBlock` where there is no room; else as [`TcpStream::write_chunk`].
    pub fn try_write_chunks(&self, chunks: &mut [Bytes]) -> io::Result<usize> {
        self.stack.call(|inner, _| inner.try_write_chunks(self.key, chunks))
    }
}
