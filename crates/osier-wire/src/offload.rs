//! What of a frame's checksums and segmentation is left to do, and by whom?
//!
//! The descriptor is the one that virtio and the kernel's TUN, TAP and packet sockets speak:
//! checksum start and offset, segment kind and size, header length. A device that can, takes it
//! as it is; for all others [`split`] cuts a super-frame into the frames that a wire would carry
//! and fills their checksums, and [`split_unsummed`] cuts and leaves them. [`coalesce`] is the
//! reverse. All are pure.

mod coalesce;
mod finish;
mod middle;
mod split;

pub use coalesce::coalesce;
pub use finish::finish;
pub(crate) use finish::outgoing;
pub use split::{Split, append_whole, split, split_unsummed};

/// What is left to do to a frame that goes out, or what is known of one that came in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Offload {
    /// The state of the transport checksum.
    pub checksum: Checksum,
    /// How the frame is to be cut into segments (out), or was merged from them (in).
    pub gso: Option<Gso>,
}

impl Offload {
    /// A frame as a plain wire carries it: one segment, its checksums filled and to be verified.
    pub const NONE: Offload = Offload { checksum: Checksum::Filled, gso: None };
}

/// Where the transport checksum stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Checksum {
    /// The field is filled. Who receives the frame must verify it.
    #[default]
    Filled,
    /// The field holds the sum of the pseudo-header only. Going out: sum the bytes from `start` to
    /// the end of the frame and store the complement at `start + offset`. Coming in: the frame
    /// never crossed a wire and there is nothing to verify.
    Partial {
        /// Where the transport header starts, from the first byte of the frame.
        start: u16,
        /// Where the field is, from `start`.
        offset: u16,
    },
    /// Coming in: the device has verified the field.
    Verified,
}

/// How a super-frame is cut: generic segmentation offload.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Gso {
    /// What is cut.
    pub kind: GsoKind,
    /// Bytes of transport payload in each segment but the last.
    pub size: u16,
    /// Bytes of headers in front of the payload, link header included.
    pub header_len: u16,
}

/// The protocols whose payload can be cut.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum GsoKind {
    /// TCP over IPv4.
    TcpV4,
    /// TCP over IPv6.
    TcpV6,
    /// UDP over either.
    Udp,
}

#[cfg(test)]
mod tests;
