//! How is one block laid out: its length in front and behind, its options, its padding?
//!
//! draft-ietf-opsawg-pcapng §3.1 and §3.5, little-endian. It does not know what the fields mean.

use crate::format::{option, padding};

/// A block being laid out in a buffer.
pub(super) struct Block<'a> {
    bytes: &'a mut Vec<u8>,
}

impl<'a> Block<'a> {
    pub(super) fn begin(bytes: &'a mut Vec<u8>, kind: u32) -> Self {
        bytes.clear();
        let mut block = Block { bytes };
        block.u32(kind);
        block.u32(0); // the length, filled in by `finish`
        block
    }

    pub(super) fn finish(mut self) {
        debug_assert_eq!(padding(self.bytes.len()), 0);
        let length = self.bytes.len() as u32 + 4;
        self.u32(length);
        self.bytes[4..8].copy_from_slice(&length.to_le_bytes());
    }

    pub(super) fn u16(&mut self, value: u16) {
        self.bytes.extend_from_slice(&value.to_le_bytes());
    }

    pub(super) fn u32(&mut self, value: u32) {
        self.bytes.extend_from_slice(&value.to_le_bytes());
    }

    pub(super) fn u64(&mut self, value: u64) {
        self.bytes.extend_from_slice(&value.to_le_bytes());
    }

    /// The first `length` bytes of the `parts` together.
    pub(super) fn padded(&mut self, parts: &[&[u8]], length: usize) {
        let mut room = length;
        for part in parts {
            let taken = part.len().min(room);
            self.bytes.extend_from_slice(&part[..taken]);
            room -= taken;
        }
        self.pad(length);
    }

    pub(super) fn option(&mut self, code: u16, value: &[u8]) {
        self.u16(code);
        self.u16(u16::try_from(value.len()).expect("options are bounded by their writers"));
        self.bytes.extend_from_slice(value);
        self.pad(value.len());
    }

    pub(super) fn end_of_options(&mut self) {
        self.u16(option::END);
        self.u16(0);
    }

    fn pad(&mut self, length: usize) {
        self.bytes.extend_from_slice(&[0; 3][..padding(length)]);
    }
}
