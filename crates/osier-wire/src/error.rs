//! Why could these bytes not be read?
//!
//! One small enum for all protocols; the caller knows which protocol it asked for. What a host
//! does about it (counts, answers, drops) is not decided here.

use core::fmt;

/// What is wrong with bytes that do not parse.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Error {
    /// There are fewer bytes than the header needs, or than a length field in it announces.
    Truncated,
    /// A length field contradicts the layout: shorter than its own header, or zero.
    BadLength,
    /// The checksum over the header is wrong.
    BadChecksum,
    /// The IP version is not the one that was asked for.
    BadVersion,
    /// The hardware or protocol type of an ARP packet is not Ethernet and IPv4, or its operation
    /// is neither a request nor a reply.
    Unsupported,
    /// An IPv6 extension header where none may be, or one that must be understood and is not.
    BadExtension,
    /// More extension headers or options than we are willing to walk.
    TooMany,
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Error::Truncated => "the packet ends before its header or announced length does",
            Error::BadLength => "a length field contradicts the layout",
            Error::BadChecksum => "the header checksum is wrong",
            Error::BadVersion => "the IP version is not the expected one",
            Error::Unsupported => "the ARP packet is not an Ethernet and IPv4 request or reply",
            Error::BadExtension => "an extension header is misplaced or not understood",
            Error::TooMany => "there are too many extension headers or options",
        })
    }
}

impl core::error::Error for Error {}
