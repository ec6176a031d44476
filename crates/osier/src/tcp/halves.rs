//! What can each half of a connection do? The same, whether it is borrowed or owned.
//!
//! A macro writes the methods of `tokio::net::tcp::{ReadHalf, WriteHalf}` for both pairs.

macro_rules! halves {
    ([$($life:lifetime)?] $read:ty, $write:ty) => {
        impl $(<$life>)? $read {
            /// Copies text into `buf` and leaves it to be read again; see [`TcpStream::peek`].
            ///
            /// # Errors
            /// Those of a read.
            ///
            /// # Cancel safety
            /// Nothing is read, so nothing is lost.
            pub async fn peek(&mut self, buf: &mut [u8]) -> io::Result<usize> {
                self.0.peek(buf).await
            }

            /// As [`TcpStream::poll_peek`].
            ///
            /// # Errors
            /// Those of a read.
            pub fn poll_peek(
                &mut self,
                cx: &mut Context<'_>,
                buf: &mut ReadBuf<'_>,
            ) -> Poll<io::Result<usize>> {
                self.0.poll_peek(cx, buf)
            }

            /// Waits until a read can be tried; see [`TcpStream::ready`].
            ///
            /// # Errors
            /// `NetworkDown` where the stack has ended.
            ///
            /// # Cancel safety
            /// Readiness stays until a read finds none.
            pub async fn ready(&self, interest: Interest) -> io::Result<Ready> {
                self.0.ready(interest).await
            }

            /// Waits until there is text, its end, or an error.
            ///
            /// # Errors
            /// `NetworkDown` where the stack has ended.
            ///
            /// # Cancel safety
            /// Nothing is read, so nothing is lost.
            pub async fn readable(&self) -> io::Result<()> {
                self.0.readable().await
            }

            /// As [`TcpStream::try_read`].
            ///
            /// # Errors
            /// `WouldBlock`, and those of a read.
            pub fn try_read(&self, buf: &mut [u8]) -> io::Result<usize> {
                self.0.try_read(buf)
            }

            /// As [`TcpStream::try_read_vectored`].
            ///
            /// # Errors
            /// `WouldBlock`, and those of a read.
            pub fn try_read_vectored(&self, bufs: &mut [IoSliceMut<'_>]) -> io::Result<usize> {
                self.0.try_read_vectored(bufs)
            }

            /// Takes text without a copy; see [`TcpStream::read_chunk`].
            ///
            /// # Errors
            /// Those of a read.
            ///
            /// # Cancel safety
            /// Text is taken only when the future is ready: none is lost.
            pub async fn read_chunk(&mut self, max: usize) -> io::Result<Option<Bytes>> {
                self.0.read_chunk(max).await
            }

            /// Their end.
            ///
            /// # Errors
            /// None; the signature is that of `tokio::net`.
            pub fn peer_addr(&self) -> io::Result<SocketAddr> {
                self.0.peer_addr()
            }

            /// Our end.
            ///
            /// # Errors
            /// None; the signature is that of `tokio::net`.
            pub fn local_addr(&self) -> io::Result<SocketAddr> {
                self.0.local_addr()
            }
        }

        impl $(<$life>)? $write {
            /// Waits until a write can be tried; see [`TcpStream::ready`].
            ///
            /// # Errors
            /// `NetworkDown` where the stack has ended.
            ///
            /// # Cancel safety
            /// Readiness stays until a write finds no room.
            pub async fn ready(&self, interest: Interest) -> io::Result<Ready> {
                self.0.ready(interest).await
            }

            /// Waits until a write can be tried.
            ///
            /// # Errors
            /// `NetworkDown` where the stack has ended.
            ///
            /// # Cancel safety
            /// Nothing is written.
            pub async fn writable(&self) -> io::Result<()> {
                self.0.writable().await
            }

            /// As [`TcpStream::try_write`].
            ///
            /// # Errors
            /// `WouldBlock`, and those of a write.
            pub fn try_write(&self, buf: &[u8]) -> io::Result<usize> {
                self.0.try_write(buf)
            }

            /// As [`TcpStream::try_write_vectored`].
            ///
            /// # Errors
            /// `WouldBlock`, and those of a write.
            pub fn try_write_vectored(&self, bufs: &[IoSlice<'_>]) -> io::Result<usize> {
                self.0.try_write_vectored(bufs)
            }

            /// Queues all of `chunk` without a copy; see [`TcpStream::write_chunk`].
            ///
            /// # Errors
            /// Those of a write.
            ///
            /// # Cancel safety
            /// What was queued is taken off the front of `chunk`.
            pub async fn write_chunk(&mut self, chunk: &mut Bytes) -> io::Result<()> {
                self.0.write_chunk(chunk).await
            }

            /// Queues what fits of `chunks` without a copy; see [`TcpStream::write_chunks`].
            ///
            /// # Errors
            /// Those of a write.
            ///
            /// # Cancel safety
            /// Chunks are taken only when the future is ready.
            pub async fn write_chunks(&mut self, chunks: &mut [Bytes]) -> io::Result<usize> {
                self.0.write_chunks(chunks).await
            }

            /// Their end.
            ///
            /// # Errors
            /// None; the signature is that of `tokio::net`.
            pub fn peer_addr(&self) -> io::Result<SocketAddr> {
                self.0.peer_addr()
            }

            /// Our end.
            ///
            /// # Errors
            /// None; the signature is that of `tokio::net`.
            pub fn local_addr(&self) -> io::Result<SocketAddr> {
                self.0.local_addr()
            }
        }

        impl $(<$life>)? AsRef<TcpStream> for $read {
            fn as_ref(&self) -> &TcpStream {
                &self.0
            }
        }

        impl $(<$life>)? AsRef<TcpStream> for $write {
            fn as_ref(&self) -> &TcpStream {
                &self.0
            }
        }

        impl $(<$life>)? AsyncRead for $read {
            fn poll_read(
                self: Pin<&mut Self>,
                cx: &mut Context<'_>,
                buf: &mut ReadBuf<'_>,
            ) -> Poll<io::Result<()>> {
                self.0.poll_read_into(cx, buf)
            }
        }

        impl $(<$life>)? AsyncWrite for $write {
            fn poll_write(
                self: Pin<&mut Self>,
                cx: &mut Context<'_>,
                buf: &[u8],
            ) -> Poll<io::Result<usize>> {
                self.0.poll_write_from(cx, buf)
            }

            fn poll_write_vectored(
                self: Pin<&mut Self>,
                cx: &mut Context<'_>,
                bufs: &[IoSlice<'_>],
            ) -> Poll<io::Result<usize>> {
                self.0.poll_write_slices(cx, bufs)
            }

            fn is_write_vectored(&self) -> bool {
                true
            }

            fn poll_flush(self: Pin<&mut Self>, _cx: &mut Context<'_>) -> Poll<io::Result<()>> {
                Poll::Ready(Ok(()))
            }

            fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
                self.0.poll_half_close(cx)
            }
        }
    };
}
