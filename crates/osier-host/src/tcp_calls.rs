//! What may the owner of TCP sockets ask for? (RFC 9293 §3.9.1, the user's calls)
//!
//! OPEN is `listen` and `connect`, SEND `write`, RECEIVE `read`, CLOSE `shutdown` and `release`,
//! ABORT `abort`, STATUS the getters. Nothing blocks; events say when to try again.

use crate::config::Config;
use crate::connections::Linger;
use crate::host::Host;
use crate::ids::{ConnectionId, Error};
use bytes::{Buf, Bytes};
use core::net::{IpAddr, SocketAddr};
use osier_tcp::{Connection, End, Ending, Text, WriteError};
use osier_time::Instant;

/// Connections.
impl Host {
    /// Copies received text into `into`.
    pub fn read(&mut self, now: Instant, id: ConnectionId, into: &mut [u8]) -> Text<usize> {
        self.reading(now, id, |connection| connection.read(into))
    }

    /// Takes received text without a copy.
    pub fn read_chunk(&mut self, now: Instant, id: ConnectionId, max: usize) -> Text<Bytes> {
        self.reading(now, id, |connection| connection.read_chunk(max))
    }

    /// Copies received text into `into` and leaves it.
    pub fn peek(&mut self, id: ConnectionId, into: &mut [u8]) -> Text<usize> {
        let socket = self.connections.seen_by_user(id);
        socket.map_or(Text::Broken(Ending::Aborted), |socket| socket.connection.peek(into))
    }

    /// Whether the peer has closed and nothing that it said is missing, read or not; also where the
    /// connection was reset since.
    pub fn has_heard_all(&self, id: ConnectionId) -> bool {
        let socket = self.connections.seen_by_user(id);
        socket.is_some_and(|socket| socket.connection.has_heard_all())
    }

    fn reading<T>(
        &mut self,
        now: Instant,
        id: ConnectionId,
        how: impl FnOnce(&mut Connection) -> Text<T>,
    ) -> Text<T> {
        self.account.now = now;
        self.connections.text_call(id, how).unwrap_or(Text::Broken(Ending::Aborted))
    }

    /// Queues a copy of `text`; says how much was taken.
    ///
    /// # Errors
    /// [`Error::WouldBlock`] where nothing was, [`Error::BrokenPipe`], [`Error::Ended`].
    pub fn write(&mut self, id: ConnectionId, text: &[u8]) -> Result<usize, Error> {
        self.writing(id, text.len(), |to, room| to.write(&text[..room]))
    }

    /// As [`Host::write`], and says what is to become of the end of it.
    ///
    /// # Errors
    /// As [`Host::write`].
    pub fn write_ending(
        &mut self,
        id: ConnectionId,
        text: &[u8],
        end: End,
    ) -> Result<usize, Error> {
        self.writing(id, text.len(), |to, room| match room {
            0 if !text.is_empty() => to.write(&[]),
            _ if room == text.len() => to.write_ending(text, end),
            // What is not taken will be offered again: then comes its end.
            _ => to.write_ending(&text[..room], End::More),
        })
    }

    /// Queues `chunks` without a copy, as far as there is room; takes what it queues off their
    /// front and says how many bytes that was.
    ///
    /// # Errors
    /// As [`Host::write`].
    pub fn write_chunks(&mut self, id: ConnectionId, chunks: &mut [Bytes]) -> Result<usize, Error> {
        let len = chunks.iter().map(Bytes::len).sum();
        self.writing(id, len, |to, mut room| {
            let mut taken = 0;
            for chunk in chunks.iter_mut().filter(|chunk| !chunk.is_empty()) {
                let now = write_within(to, chunk, room)?;
                (taken, room) = (taken + now, room - now);
                if !chunk.is_empty() {
                    break;
                }
            }
            Ok(taken)
        })
    }

    /// Queues a copy of `text` as urgent (RFC 9293 §3.8.5, MSG_OOB with SO_OOBINLINE at the peer).
    ///
    /// # Errors
    /// As [`Host::write`].
    pub fn write_urgent(&mut self, id: ConnectionId, text: &[u8]) -> Result<usize, Error> {
        self.writing(id, text.len(), |to, room| to.write_urgent(&text[..room]))
    }

    /// Queues what `how` makes of as many of `len` octets as the budget has room for.
    #[inline]
    fn writing(
        &mut self,
        id: ConnectionId,
        len: usize,
        how: impl FnOnce(&mut Connection, usize) -> Result<usize, WriteError>,
    ) -> Result<usize, Error> {
        let room = len.min(self.memory_to_write(id));
        let taken = self.connections.text_call(id, |to| how(to, room));
        let taken = taken.ok_or(Error::NoSuchSocket)??;
        if taken == 0 && len > 0 { Err(Error::WouldBlock) } else { Ok(taken) }
    }

    /// How many octets from here on end the urgent text that is still to be read, if any.
    pub fn urgent_mark(&self, id: ConnectionId) -> Option<u32> {
        self.connections.seen_by_user(id)?.connection.urgent_mark()
    }

    /// How many octets the budget lets a connection write. Where there are none it will be told
    /// when there are.
    fn memory_to_write(&mut self, id: ConnectionId) -> usize {
        let room = self.connections.budget.room_to_write();
        if room == 0 && self.connections.of_user(id).is_some() {
            self.connections.budget.starved.push_back(id.0);
        }
        room
    }

    /// We write no more: FIN (half-close).
    ///
    /// # Errors
    /// [`Error::NotConnected`] once the connection has ended.
    pub fn shutdown(&mut self, now: Instant, id: ConnectionId) -> Result<(), Error> {
        self.account.now = now;
        let socket = self.connections.of_user(id).ok_or(Error::NoSuchSocket)?;
        if !matches!(socket.connection.ending(), None | Some(Ending::InOrder)) {
            return Err(Error::NotConnected);
        }
        socket.connection.close(&mut self.account.tcp);
        self.settle(id.0);
        Ok(())
    }

    /// We read nothing that is yet to come: text that arrives behind our FIN draws a RST.
    pub fn shut_reading(&mut self, id: ConnectionId) {
        if let Some(socket) = self.connections.of_user(id) {
            socket.connection.shut_reading();
        }
    }

    /// The owner lets go of the id; the connection ends by itself.
    pub fn release(&mut self, now: Instant, id: ConnectionId) {
        self.account.now = now;
        if let Some(linger) = self.connections.of_user(id).map(|socket| socket.linger) {
            self.let_go(now, id.0, linger);
        }
    }

    /// Breaks the connection off with a RST; the id is let go.
    pub fn abort(&mut self, now: Instant, id: ConnectionId) {
        self.account.now = now;
        if self.connections.of_user(id).is_some() {
            self.let_go(now, id.0, Linger::Reset);
        }
    }
}

/// Getters.
impl Host {
    /// The settings that the host was made with.
    pub const fn config(&self) -> &Config {
        &self.config
    }

    /// Whether an address is ours.
    pub fn has_address(&self, address: IpAddr) -> bool {
        self.ip.is_ours(address.to_canonical())
    }

    /// How many octets [`Host::write`] would take now.
    pub fn room(&self, id: ConnectionId) -> u32 {
        self.connections.seen_by_user(id).map_or(0, |socket| socket.connection.room())
    }

    /// Our end.
    pub fn local_addr(&self, id: ConnectionId) -> Option<SocketAddr> {
        let socket = self.connections.seen_by_user(id)?;
        Some(socket.shown.show(socket.key.local()))
    }

    /// Their end.
    pub fn peer_addr(&self, id: ConnectionId) -> Option<SocketAddr> {
        let socket = self.connections.seen_by_user(id)?;
        Some(socket.shown.show(socket.key.remote()))
    }
}

/// Writes at most `room` octets of a chunk, without a copy.
fn write_within(
    connection: &mut Connection,
    chunk: &mut Bytes,
    room: usize,
) -> Result<usize, WriteError> {
    if chunk.len() <= room {
        return connection.write_chunk(chunk);
    }
    let taken = connection.write_chunk(&mut chunk.slice(..room))?;
    chunk.advance(taken);
    Ok(taken)
}

impl From<osier_ip::Unreachable> for Error {
    fn from(why: osier_ip::Unreachable) -> Self {
        match why {
            osier_ip::Unreachable::NoRoute => Error::NetworkUnreachable,
            osier_ip::Unreachable::TooBig { .. } => Error::MessageTooLong,
            osier_ip::Unreachable::BadAddress => Error::AddrNotAvailable,
        }
    }
}

impl From<WriteError> for Error {
    fn from(why: WriteError) -> Self {
        match why {
            WriteError::Closing => Error::BrokenPipe,
            WriteError::Broken(ending) => Error::Ended(ending),
        }
    }
}
