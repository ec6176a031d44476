//! Which words and numbers do the writer and the reader share?
//!
//! The codes of draft-ietf-opsawg-pcapng §4 and §10.1, and the link types of
//! draft-ietf-opsawg-pcaplinktype. Nothing here reads or writes.

/// The longest packet that is written or accepted, in bytes: the limit of libpcap and Wireshark,
/// four times the largest IP packet. The writer cuts a longer one and keeps its true length.
pub const MAX_PACKET: usize = 262_144;

/// The longest comment that is written, in bytes of UTF-8; a longer one is cut and ends in `…`.
/// An option could hold 65,535, but a comment is a few sentences, and a capture has many.
pub const MAX_COMMENT: usize = 4_096;

/// What the first bytes of a packet are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum LinkType {
    /// An Ethernet II frame without its frame check sequence (LINKTYPE_ETHERNET, 1).
    Ethernet,
    /// An IPv4 or IPv6 packet, told apart by its first four bits (LINKTYPE_RAW, 101).
    RawIp,
    /// Any other number of the registry: carried, not understood.
    Other(u16),
}

impl LinkType {
    /// The number in the file.
    pub const fn code(self) -> u16 {
        match self {
            LinkType::Ethernet => 1,
            LinkType::RawIp => 101,
            LinkType::Other(code) => code,
        }
    }

    /// What the number in a file means.
    pub const fn from_code(code: u16) -> Self {
        match code {
            1 => LinkType::Ethernet,
            101 => LinkType::RawIp,
            other => LinkType::Other(other),
        }
    }
}

/// Which way a packet passed the interface (draft-ietf-opsawg-pcapng §4.3.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Direction {
    /// It was received.
    Inbound,
    /// It was sent.
    Outbound,
}

impl Direction {
    pub(crate) const fn flags(self) -> u32 {
        match self {
            Direction::Inbound => 0b01,
            Direction::Outbound => 0b10,
        }
    }

    /// `None` for 0 (not known) and for 3 (not defined).
    pub(crate) const fn from_flags(flags: u32) -> Option<Self> {
        match flags & 0b11 {
            0b01 => Some(Direction::Inbound),
            0b10 => Some(Direction::Outbound),
            _ => None,
        }
    }
}

/// Which interface of the file, in the order of their descriptions; counted from 0 per section.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct InterfaceId(pub u32);

/// Block types (draft-ietf-opsawg-pcapng §10.1).
pub(crate) mod block {
    pub(crate) const SECTION_HEADER: u32 = 0x0a0d_0d0a;
    pub(crate) const INTERFACE: u32 = 1;
    pub(crate) const OBSOLETE_PACKET: u32 = 2;
    pub(crate) const SIMPLE_PACKET: u32 = 3;
    pub(crate) const ENHANCED_PACKET: u32 = 6;
}

/// Option codes (draft-ietf-opsawg-pcapng §3.5, §4.1 to §4.3).
pub(crate) mod option {
    pub(crate) const END: u16 = 0;
    pub(crate) const COMMENT: u16 = 1;
    pub(crate) const SHB_USERAPPL: u16 = 4;
    pub(crate) const IF_NAME: u16 = 2;
    pub(crate) const IF_TSRESOL: u16 = 9;
    pub(crate) const IF_TSOFFSET: u16 = 14;
    pub(crate) const EPB_FLAGS: u16 = 2;
}

/// Tells the byte order of a section (draft-ietf-opsawg-pcapng §4.1).
pub(crate) const BYTE_ORDER_MAGIC: u32 = 0x1a2b_3c4d;

/// The resolution that the writer declares: 10^-9 s (draft-ietf-opsawg-pcapng §4.2, if_tsresol).
pub(crate) const NANOSECONDS: u8 = 9;

/// How many bytes fill `length` up to a multiple of four (draft-ietf-opsawg-pcapng §3.6.2).
pub(crate) const fn padding(length: usize) -> usize {
    length.wrapping_neg() & 3
}
