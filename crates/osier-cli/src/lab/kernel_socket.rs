//! How does a program of the lab speak by a socket of the kernel?
//!
//! The steps are those that it takes on a host of the lab; errors of the system are told in the
//! same words.

use bytes::{Buf, Bytes};
use osier_host::Error;
use osier_lab::Socket;
use osier_tcp::{Ending, Text};
use osier_time::{Duration, Instant};
use rustix::net::sockopt;
use std::io::{self, ErrorKind, Read, Write};
use std::net::{Shutdown, TcpStream};

/// Octets that are read at once.
const READ_MAX: usize = 1 << 16;

/// One connection, which does not block.
#[derive(Debug)]
pub(super) struct KernelSocket {
    stream: TcpStream,
    buffer: Vec<u8>,
}

impl KernelSocket {
    pub(super) fn new(stream: TcpStream) -> KernelSocket {
        KernelSocket { stream, buffer: vec![0; READ_MAX] }
    }

    pub(super) fn stream(&self) -> &TcpStream {
        &self.stream
    }

    /// Lets it go without a word to wait for: what is over is over.
    pub(super) fn drop_at_once(&self) {
        // Where that is refused the kernel closes it in order, which is as good.
        let _ = sockopt::set_socket_linger(&self.stream, Some(std::time::Duration::ZERO));
    }
}

impl Socket for KernelSocket {
    fn read(&mut self, _: Instant, octets: usize) -> Text<Bytes> {
        let most = octets.clamp(1, READ_MAX);
        loop {
            return match self.stream.read(&mut self.buffer[..most]) {
                Ok(0) => Text::End,
                Ok(n) => Text::Got(Bytes::copy_from_slice(&self.buffer[..n])),
                Err(error) if error.kind() == ErrorKind::Interrupted => continue,
                Err(error) if error.kind() == ErrorKind::WouldBlock => Text::NotYet,
                Err(error) => Text::Broken(ending(&error)),
            };
        }
    }

    fn write_copied(&mut self, text: &[u8]) -> Result<usize, Error> {
        self.stream.write(text).map_err(|error| match error.kind() {
            ErrorKind::WouldBlock | ErrorKind::Interrupted => Error::WouldBlock,
            _ => Error::Ended(ending(&error)),
        })
    }

    fn write_shared(&mut self, text: &mut Bytes) -> Result<usize, Error> {
        let taken = self.write_copied(text)?;
        text.advance(taken);
        Ok(taken)
    }

    fn shutdown(&mut self, _: Instant) -> Result<(), Error> {
        self.stream.shutdown(Shutdown::Write).map_err(|error| Error::Ended(ending(&error)))
    }

    fn abort(&mut self, _: Instant) {
        self.drop_at_once();
    }

    /// It is closed when it is dropped, which is at once.
    fn release(&mut self, _: Instant) {}
}

/// How a connection ended, as the system tells it.
pub(super) fn ending(error: &io::Error) -> Ending {
    match error.kind() {
        ErrorKind::ConnectionRefused => Ending::Refused,
        ErrorKind::TimedOut => Ending::TimedOut,
        ErrorKind::HostUnreachable | ErrorKind::NetworkUnreachable => Ending::Unreachable,
        _ => Ending::Reset,
    }
}

/// A time for the system.
pub(super) fn std_time(time: Duration) -> std::time::Duration {
    std::time::Duration::from_nanos(time.as_nanos())
}
