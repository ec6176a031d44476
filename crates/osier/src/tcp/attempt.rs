//! What does one call of the host mean to a program?
//!
//! Each function tries once, under the lock, and answers as a non-blocking call of the kernel
//! would: `WouldBlock`, an error with Linux's number, or a result. An error that ended the
//! connection is told to one call; after it reads find the end of the text and writes a broken
//! pipe, as on Linux.

use crate::error;
use crate::shared::Inner;
use crate::sockets::{Connection, Full, Key, Stage, Told};
use bytes::Bytes;
use osier_host::Error;
use osier_tcp::{Ending, Text, Trouble};
use osier_time::Instant;
use std::io::{self, IoSlice};

impl Inner {
    /// Whether the handshake is done.
    pub(super) fn try_connected(&mut self, key: Key) -> io::Result<()> {
        match self.connection(key)?.stage {
            Stage::Connected => Ok(()),
            Stage::Connecting => self.block(),
            Stage::Ended(ending) => Err(error::not_connected(ending)),
        }
    }

    /// Copies text into `into`; 0 is the end, or that `into` is empty.
    pub(super) fn try_read(
        &mut self,
        now: Instant,
        key: Key,
        into: &mut [u8],
    ) -> io::Result<usize> {
        self.connection(key)?;
        if into.is_empty() {
            return Ok(0);
        }
        let text = self.host.read(now, key.connection(), into);
        self.text(key, text, 0)
    }

    /// Takes text; `None` is the end.
    pub(super) fn try_read_chunk(
        &mut self,
        now: Instant,
        key: Key,
        max: usize,
    ) -> io::Result<Option<Bytes>> {
        self.connection(key)?;
        if max == 0 {
            return Ok(Some(Bytes::new()));
        }
        let text = match self.host.read_chunk(now, key.connection(), max) {
            Text::Got(bytes) => Text::Got(Some(bytes)),
            Text::NotYet => Text::NotYet,
            Text::End => Text::End,
            Text::Broken(ending) => Text::Broken(ending),
        };
        self.text(key, text, None)
    }

    /// Copies text and leaves it.
    pub(super) fn try_peek(&mut self, key: Key, into: &mut [u8]) -> io::Result<usize> {
        self.connection(key)?;
        if into.is_empty() {
            return Ok(0);
        }
        let text = self.host.peek(key.connection(), into);
        self.text(key, text, 0)
    }

    /// Whether a read would find something: text, the end or an error.
    pub(super) fn try_readable(&mut self, key: Key) -> io::Result<()> {
        self.connection(key)?;
        match self.host.peek(key.connection(), &mut [0]) {
            Text::NotYet => self.block(),
            Text::Got(_) | Text::End | Text::Broken(_) => Ok(()),
        }
    }

    /// Whether a write is worth trying: none has found the buffer full since it had room, and no
    /// more is unsent than the program wants.
    pub(super) fn try_writable(&mut self, key: Key) -> io::Result<()> {
        let wants_text = self.host.wants_text(key.connection());
        let connection = self.connection(key)?;
        match (connection.stage, connection.full) {
            (Stage::Connected, Full::No) if !wants_text => {
                connection.full = Full::Yes;
                // Writing nothing asks to be told.
                let _ = self.host.write(key.connection(), &[]);
                self.block()
            }
            (Stage::Connected, Full::No) | (Stage::Ended(_), _) => Ok(()),
            (Stage::Connected, Full::Yes) | (Stage::Connecting, _) => self.block(),
        }
    }

    /// Queues a copy of what fits.
    pub(super) fn try_write(&mut self, key: Key, text: &[u8]) -> io::Result<usize> {
        self.check_alive()?;
        self.connection(key)?;
        if text.is_empty() {
            return Ok(0);
        }
        let written = self.host.write(key.connection(), text);
        self.written(key, written)
    }

    /// Queues a copy of what fits, from one slice after the other.
    pub(super) fn try_write_slices(
        &mut self,
        key: Key,
        slices: &[IoSlice<'_>],
    ) -> io::Result<usize> {
        let mut total = 0;
        for slice in slices.iter().filter(|slice| !slice.is_empty()) {
            match self.try_write(key, slice) {
                Ok(written) => {
                    total += written;
                    if written < slice.len() {
                        break;
                    }
                }
                // What was taken counts; the error comes again with the next call.
                Err(_) if total > 0 => break,
                Err(error) => return Err(error),
            }
        }
        Ok(total)
    }

    /// Queues what fits without a copy.
    pub(super) fn try_write_chunks(&mut self, key: Key, chunks: &mut [Bytes]) -> io::Result<usize> {
        self.check_alive()?;
        self.connection(key)?;
        if chunks.iter().all(Bytes::is_empty) {
            return Ok(0);
        }
        let written = self.host.write_chunks(key.connection(), chunks);
        self.written(key, written)
    }

    /// We write no more.
    pub(super) fn try_shutdown(&mut self, now: Instant, key: Key) -> io::Result<()> {
        self.check_alive()?;
        self.connection(key)?;
        self.host.shutdown(now, key.connection()).map_err(error::refused)
    }

    /// The program lets go of the connection.
    pub(super) fn release(&mut self, now: Instant, key: Key) {
        let Some(connection) = self.sockets.connections.remove(key) else { return };
        if connection.linger.is_some_and(|linger| linger.is_zero()) {
            self.host.abort(now, key.connection());
        } else {
            self.host.release(now, key.connection());
        }
    }

    /// The program's entry for a connection.
    ///
    /// # Errors
    /// The stack has let go of it: it was shut down.
    pub(super) fn connection(&mut self, key: Key) -> io::Result<&mut Connection> {
        if self.sockets.connections.get(key).is_none() {
            self.check_alive()?;
        }
        let entry = self.sockets.connections.get(key);
        entry.ok_or_else(|| error::refused(Error::NotConnected))
    }

    /// Nothing now; but where frames no longer move nothing will ever come.
    pub(crate) fn block<T>(&self) -> io::Result<T> {
        self.check_alive()?;
        Err(error::would_block())
    }

    fn text<T>(&mut self, key: Key, text: Text<T>, end: T) -> io::Result<T> {
        match text {
            Text::Got(text) => Ok(text),
            Text::NotYet => self.block(),
            Text::End => Ok(end),
            Text::Broken(ending) => match self.tell(key, ending)? {
                Told::Yes => Ok(end),
                Told::No => Err(error::ended(ending)),
            },
        }
    }

    fn written(&mut self, key: Key, written: Result<usize, Error>) -> io::Result<usize> {
        match written {
            Ok(len) => Ok(len),
            Err(Error::WouldBlock) => {
                self.connection(key)?.full = Full::Yes;
                self.block()
            }
            Err(Error::Ended(ending)) => match self.tell(key, ending)? {
                Told::Yes => Err(error::refused(Error::BrokenPipe)),
                // As on Linux: who had closed and then resets will not read, that is all.
                Told::No if self.peer_has_closed(key) => Err(error::refused(Error::BrokenPipe)),
                Told::No => Err(error::ended(ending)),
            },
            Err(error) => Err(error::refused(error)),
        }
    }

    /// Whether everything was read, and the peer's FIN came after it.
    fn peer_has_closed(&mut self, key: Key) -> bool {
        self.host.peek(key.connection(), &mut [0]) == Text::End
    }

    /// How the connection ended is being told; was it before?
    fn tell(&mut self, key: Key, ending: Ending) -> io::Result<Told> {
        let connection = self.connection(key)?;
        connection.stage = Stage::Ended(ending);
        Ok(std::mem::replace(&mut connection.told, Told::Yes))
    }

    /// The trouble that nobody has asked for yet.
    pub(super) fn take_trouble(&mut self, key: Key) -> Option<Trouble> {
        self.connection(key).ok()?.trouble.take()
    }

    /// The error that no call has been told yet.
    pub(super) fn take_error(&mut self, key: Key) -> io::Result<Option<io::Error>> {
        let connection = self.connection(key)?;
        match (connection.stage, connection.told) {
            (Stage::Connecting | Stage::Connected | Stage::Ended(Ending::InOrder), _)
            | (_, Told::Yes) => Ok(None),
            (Stage::Ended(ending), Told::No) => {
                connection.told = Told::Yes;
                Ok(Some(error::ended(ending)))
            }
        }
    }
}
