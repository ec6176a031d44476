//! How are bytes taken from a file so that it can neither surprise us by its end nor by its length?
//!
//! Offsets are counted for the error messages. A claimed length is never allocated in advance: the
//! buffer grows with the bytes that really come, and not beyond [`MAX_BLOCK`].

use super::Error;
use std::io::{self, Read};

/// The longest block that is taken into memory, in bytes: the longest packet and room for its
/// options four times over. Blocks that we only skip may be longer.
pub const MAX_BLOCK: usize = 1 << 20;

#[derive(Debug)]
pub(super) struct Source<R> {
    inner: R,
    /// Where the next byte comes from.
    offset: u64,
    /// Where the block begins that is being read, for errors.
    block_start: u64,
    body: Vec<u8>,
}

impl<R: Read> Source<R> {
    pub(super) fn new(inner: R) -> Self {
        Source { inner, offset: 0, block_start: 0, body: Vec::new() }
    }

    pub(super) fn malformed(&self, what: &'static str) -> Error {
        Error::Malformed { at: self.block_start, what }
    }

    pub(super) fn too_long(&self, length: u32, limit: usize) -> Error {
        Error::TooLong { at: self.block_start, length, limit }
    }

    /// Begins a block or record with its first `N` bytes; `None` where the file ends in order.
    pub(super) fn array_or_end<const N: usize>(&mut self) -> Result<Option<[u8; N]>, Error> {
        self.block_start = self.offset;
        let mut bytes = [0; N];
        match self.fill(&mut bytes)? {
            0 => Ok(None),
            n if n == N => Ok(Some(bytes)),
            _ => Err(self.truncated()),
        }
    }

    /// The next `N` bytes of the block.
    pub(super) fn array<const N: usize>(&mut self) -> Result<[u8; N], Error> {
        let mut bytes = [0; N];
        if self.fill(&mut bytes)? == N { Ok(bytes) } else { Err(self.truncated()) }
    }

    /// The next `length` bytes of the block, which must be at most [`MAX_BLOCK`].
    pub(super) fn body(&mut self, length: u32) -> Result<&[u8], Error> {
        if length as usize > MAX_BLOCK {
            return Err(self.too_long(length, MAX_BLOCK));
        }
        self.body.clear();
        let got = self.inner.by_ref().take(u64::from(length)).read_to_end(&mut self.body)?;
        self.offset += got as u64;
        if got == length as usize { Ok(&self.body) } else { Err(self.truncated()) }
    }

    /// Passes over the next `length` bytes of the block.
    pub(super) fn skip(&mut self, length: u32) -> Result<(), Error> {
        let mut rest = self.inner.by_ref().take(u64::from(length));
        let got = io::copy(&mut rest, &mut io::sink())?;
        self.offset += got;
        if got == u64::from(length) { Ok(()) } else { Err(self.truncated()) }
    }

    #[cfg(test)]
    pub(super) fn body_capacity(&self) -> usize {
        self.body.capacity()
    }

    fn truncated(&self) -> Error {
        Error::Truncated { at: self.block_start }
    }

    fn fill(&mut self, bytes: &mut [u8]) -> Result<usize, Error> {
        let mut filled = 0;
        while filled < bytes.len() {
            match self.inner.read(&mut bytes[filled..]) {
                Ok(0) => break,
                Ok(n) => filled += n,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error.into()),
            }
        }
        self.offset += filled as u64;
        Ok(filled)
    }
}
