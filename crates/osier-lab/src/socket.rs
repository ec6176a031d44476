//! What does a program do with its end of a connection?
//!
//! The same program ([`crate::Talk`]) speaks by a socket of a host of the lab and by one of a real
//! computer, which takes part from outside.

use bytes::Bytes;
use osier_host::{ConnectionId, Error, Host};
use osier_tcp::Text;
use osier_time::Instant;

/// One end of a connection, as a program holds it.
pub trait Socket {
    /// At most so many octets of what has come.
    fn read(&mut self, now: Instant, octets: usize) -> Text<Bytes>;
    /// Takes of a text what there is room for; says how much that was.
    ///
    /// # Errors
    /// [`Error::WouldBlock`]: there is no room now. [`Error::Ended`]: the connection is over.
    fn write_copied(&mut self, text: &[u8]) -> Result<usize, Error>;
    /// The same of a text that is shared, which is shorter by that afterwards.
    ///
    /// # Errors
    /// As [`Socket::write_copied`].
    fn write_shared(&mut self, text: &mut Bytes) -> Result<usize, Error>;
    /// No more will be written.
    ///
    /// # Errors
    /// [`Error::Ended`]: the connection is over.
    fn shutdown(&mut self, now: Instant) -> Result<(), Error>;
    /// The connection is broken off.
    fn abort(&mut self, now: Instant);
    /// The program lets it go.
    fn release(&mut self, now: Instant);
}

/// A connection of a host of the lab.
#[derive(Debug)]
pub(crate) struct OfHost<'h> {
    pub(crate) host: &'h mut Host,
    pub(crate) id: ConnectionId,
}

impl Socket for OfHost<'_> {
    fn read(&mut self, now: Instant, octets: usize) -> Text<Bytes> {
        self.host.read_chunk(now, self.id, octets)
    }

    fn write_copied(&mut self, text: &[u8]) -> Result<usize, Error> {
        self.host.write(self.id, text)
    }

    fn write_shared(&mut self, text: &mut Bytes) -> Result<usize, Error> {
        self.host.write_chunks(self.id, std::slice::from_mut(text))
    }

    fn shutdown(&mut self, now: Instant) -> Result<(), Error> {
        self.host.shutdown(now, self.id)
    }

    fn abort(&mut self, now: Instant) {
        self.host.abort(now, self.id);
    }

    fn release(&mut self, now: Instant) {
        self.host.release(now, self.id);
    }
}
