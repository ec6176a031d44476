//! How is a block's body taken apart, in the byte order of its section, without leaving its bounds?
//!
//! draft-ietf-opsawg-pcapng §3.5 (options) and §3.6.1 (byte order).

use crate::format::{option, padding};

/// The byte order of a section or file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Order {
    Little,
    Big,
}

impl Order {
    pub(super) fn u16(self, bytes: [u8; 2]) -> u16 {
        match self {
            Order::Little => u16::from_le_bytes(bytes),
            Order::Big => u16::from_be_bytes(bytes),
        }
    }

    pub(super) fn u32(self, bytes: [u8; 4]) -> u32 {
        match self {
            Order::Little => u32::from_le_bytes(bytes),
            Order::Big => u32::from_be_bytes(bytes),
        }
    }

    pub(super) fn u64(self, bytes: [u8; 8]) -> u64 {
        match self {
            Order::Little => u64::from_le_bytes(bytes),
            Order::Big => u64::from_be_bytes(bytes),
        }
    }
}

/// What is left of a body. Every method gives `None` where the body is too short.
#[derive(Clone, Copy, Debug)]
pub(super) struct Fields<'a> {
    rest: &'a [u8],
    order: Order,
}

impl<'a> Fields<'a> {
    pub(super) fn new(rest: &'a [u8], order: Order) -> Self {
        Fields { rest, order }
    }

    pub(super) fn order(&self) -> Order {
        self.order
    }

    pub(super) fn remaining(&self) -> usize {
        self.rest.len()
    }

    pub(super) fn u16(&mut self) -> Option<u16> {
        self.array().map(|bytes| self.order.u16(bytes))
    }

    pub(super) fn u32(&mut self) -> Option<u32> {
        self.array().map(|bytes| self.order.u32(bytes))
    }

    pub(super) fn bytes(&mut self, length: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.rest.split_at_checked(length)?;
        self.rest = rest;
        Some(taken)
    }

    /// `length` bytes and what pads them to a multiple of four, which the end of a body may lack.
    pub(super) fn padded(&mut self, length: usize) -> Option<&'a [u8]> {
        let taken = self.bytes(length)?;
        self.rest = self.rest.get(padding(length)..).unwrap_or_default();
        Some(taken)
    }

    /// The next option's code and value; `None` after the last. An option that reaches beyond the
    /// body ends the list: the packet before it is worth more than a complaint.
    pub(super) fn option(&mut self) -> Option<(u16, &'a [u8])> {
        let code = self.u16()?;
        let length = self.u16()?;
        if code == option::END {
            return None;
        }
        Some((code, self.padded(usize::from(length))?))
    }

    fn array<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (taken, rest) = self.rest.split_first_chunk()?;
        self.rest = rest;
        Some(*taken)
    }
}
